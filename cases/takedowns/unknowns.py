"""What happens with a send whose outcome nobody knows: the rule for each kind of channel, in writing."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from helpline.platforms.models import ChannelKind


@dataclass(frozen=True, slots=True)
class Policy:
    """What the machine does, why, and what a person does with the rest."""

    kind: str
    does: Promise | str
    why: Promise | str
    then: Promise | str

    @property
    def label(self) -> str:
        """The kind of channel, in words."""
        return str(ChannelKind(self.kind).label)


POLICIES: Mapping[str, Policy] = {
    ChannelKind.HTTP_API: Policy(
        ChannelKind.HTTP_API,
        _(
            "The machine asks the platform by the notice’s number, after seconds, then ever less often, ten times."
        ),
        _(
            "The platform can say whether it has the notice. It goes out again only when the platform says no."
        ),
        _("If ten questions bring nothing, look at the platform’s portal, then say what you found."),
    ),
    ChannelKind.EMAIL: Policy(
        ChannelKind.EMAIL,
        _("The machine does not send it again. A receipt, an answer or a bounce settles it."),
        _("A mailbox can’t be asked, and a second copy of a notice looks careless."),
        _("After a day without a word, look in the mailbox. If nothing came back, you may send it again."),
    ),
    ChannelKind.XARF: Policy(
        ChannelKind.XARF,
        _("The machine does not send it again. An answer, a bounce or a look at the link settles it."),
        _("A host’s abuse desk opens a case for every report; two for one thing slow both down."),
        _("Ask the abuse desk with our number, then say what you found."),
    ),
    ChannelKind.WEB_FORM: Policy(
        ChannelKind.WEB_FORM,
        _("Nothing: a person files the form, and knows."),
        _("Without the platform’s reference nobody can prove it, so we ask for it when you file."),
        _("If the form broke off, file it again: the platform shows no receipt for half a form."),
    ),
}


def policy(kind: str) -> Policy | None:
    """The rule for a kind of channel."""
    return POLICIES.get(kind)
