"""A new or changed channel: what was proposed stands in the approval, and takes effect with the yes."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from helpline.accounts.models import Staff
from helpline.accounts.permissions import Permission
from helpline.approvals import actions as approvals
from helpline.approvals.handlers import CannotBeDone, Change, Handler
from helpline.approvals.models import Approval
from helpline.platforms import actions
from helpline.platforms.actions import ChannelRefused, MergeRefused
from helpline.platforms.layout import BadLayout
from helpline.platforms.models import Channel, ChannelKind, Platform, Regime

CHANGE, WORDS, MERGE = "change-channel", "gone-words", "merge-platform"
# What is proposed, by the name of the layout, in the order it is shown.
FIELDS: Mapping[str, str | Promise] = {
    "kind": gettext_lazy("How a notice travels"),
    "address": gettext_lazy("Address"),
    "regimes": gettext_lazy("Laws it takes notices under"),
    "languages": gettext_lazy("Languages it reads"),
    "max_items": gettext_lazy("Items in one notice"),
    "promised_hours": gettext_lazy("Promises an answer within, hours"),
    "office_country": gettext_lazy("Keeps the office hours of"),
    "max_in_flight": gettext_lazy("Notices on their way at once"),
    "evidence_required": gettext_lazy("What it wants to see"),
}


def standing(channel: Channel) -> dict[str, Any]:
    """The channel as a proposal says it."""
    values = {name: getattr(channel, name) for name in FIELDS}
    return values | {"domains": list(channel.platform.domains)}


@transaction.atomic
def propose(*, channel: Channel, values: Mapping[str, Any], reason: str, by: Staff, at: datetime) -> Approval:
    """Ask for this channel to become `values` (see `standing`). Raises PermissionDenied, CannotBeDone."""
    proposal = {"before": standing(channel), "after": dict(values)}
    return approvals.ask(what=CHANGE, obj=channel, by=by, reason=reason, proposal=proposal, at=at)


class ChangeChannel(Handler[Channel]):
    """Whoever holds the directory, or sends by it, proposes; one of the two holds the directory."""

    title: ClassVar[str | Promise] = gettext_lazy("Change how a platform is reached")
    does: ClassVar[str | Promise] = gettext_lazy(
        "Notices go this way from now on. Check the address yourself, on the platform’s own pages, before you say yes."
    )
    undone: ClassVar[str | Promise] = gettext_lazy("Everything stays as it is.")
    life = timedelta(days=30)

    def find(self, ids: Collection[str]) -> Mapping[str, Channel]:
        rows = Channel.objects.select_related("platform").filter(pk__in=[int(one) for one in ids])
        return {str(row.pk): row for row in rows}

    def check_can_ask(self, obj: Channel, *, by: Staff) -> None:
        if not (by.can(Permission.PLATFORMS) or by.can(Permission.TAKEDOWNS)):
            raise PermissionDenied

    def check_can_decide(self, obj: Channel, *, by: Staff) -> None:
        """Any holder of APPROVE; that one of the two keeps the platforms is looked at when it is granted."""

    def name(self, obj: Channel) -> str:
        return f"{obj.platform.name} · {obj.slug}"

    def url(self, obj: Channel) -> str:
        return reverse("channels:platform", args=[obj.platform.slug])

    def changes(self, approval: Approval, obj: Channel) -> Sequence[Change]:
        before, after = approval.proposal["before"], approval.proposal["after"]
        names = {**FIELDS, "domains": _("Hosts of the platform")}
        return [
            Change(label, in_words(name, before.get(name)), in_words(name, after.get(name)))
            for name, label in names.items()
            if name in before or name in after
        ]

    def granted(self, approval: Approval, obj: Channel, *, by: Staff, at: datetime) -> None:
        asker = approval.asked_by
        if not (asker.can(Permission.PLATFORMS) or by.can(Permission.PLATFORMS)):
            raise CannotBeDone(_("One of the two has to be somebody who keeps the platforms."))
        obj.refresh_from_db(from_queryset=Channel.objects.select_for_update(of=("self",)))
        # What was proposed before a field came up does not speak of it.
        now = standing(obj)
        if {name: now.get(name) for name in approval.proposal["before"]} != approval.proposal["before"]:
            raise CannotBeDone(_("It was changed since it was proposed. It has to be proposed again."))
        after = dict(approval.proposal["after"])
        domains = after.pop("domains")
        try:
            actions.set_domains(platform=obj.platform, domains=domains, by=by, at=at)
            actions.change_channel(channel=obj, values=after, by=asker, at=at)
            actions.approve_channel(channel=obj, by=by, at=at)
        except BadLayout as bad:
            raise CannotBeDone(_("It can’t be taken: %(why)s") % {"why": bad}) from bad
        except ChannelRefused as refused:
            raise CannotBeDone(refused.sentence) from refused


@transaction.atomic
def propose_words(
    *, platform: Platform, words: Sequence[str], reason: str, by: Staff, at: datetime
) -> Approval:
    """Ask for these words to mean "gone" on the platform's pages. Raises PermissionDenied, CannotBeDone."""
    proposal = {"before": list(platform.gone_words), "after": list(words)}
    return approvals.ask(what=WORDS, obj=platform, by=by, reason=reason, proposal=proposal, at=at)


class ChangeGoneWords(Handler[Platform]):
    """Wrong words would tell young people that something is gone while it is there: two people look at them."""

    title: ClassVar[str | Promise] = gettext_lazy("Change by which words a page says that it is gone")
    does: ClassVar[str | Promise] = gettext_lazy(
        "A page of this platform that answers and holds one of these words counts as gone, at the third look. "
        "Open a page that is there and one that is not before you say yes."
    )
    undone: ClassVar[str | Promise] = gettext_lazy("Everything stays as it is.")
    life = timedelta(days=30)

    def find(self, ids: Collection[str]) -> Mapping[str, Platform]:
        return {str(row.pk): row for row in Platform.objects.filter(pk__in=[int(one) for one in ids])}

    def check_can_ask(self, obj: Platform, *, by: Staff) -> None:
        if not by.can(Permission.PLATFORMS):
            raise PermissionDenied

    def check_can_decide(self, obj: Platform, *, by: Staff) -> None:
        """Any holder of APPROVE."""

    def name(self, obj: Platform) -> str:
        return obj.name

    def url(self, obj: Platform) -> str:
        return reverse("channels:platform", args=[obj.slug])

    def changes(self, approval: Approval, obj: Platform) -> Sequence[Change]:
        before, after = (" · ".join(approval.proposal[name]) for name in ("before", "after"))
        return [Change(_("Words that mean gone"), before, after)]

    def granted(self, approval: Approval, obj: Platform, *, by: Staff, at: datetime) -> None:
        obj.refresh_from_db(from_queryset=Platform.objects.select_for_update())
        if list(obj.gone_words) != approval.proposal["before"]:
            raise CannotBeDone(_("It was changed since it was proposed. It has to be proposed again."))
        try:
            actions.set_gone_words(
                platform=obj, words=approval.proposal["after"], by=approval.asked_by, at=at
            )
        except BadLayout as bad:
            raise CannotBeDone(_("It can’t be taken: %(why)s") % {"why": bad}) from bad


@transaction.atomic
def propose_merge(*, platform: Platform, into: Platform, reason: str, by: Staff, at: datetime) -> Approval:
    """Ask for this platform to become part of another one. Raises PermissionDenied, CannotBeDone."""
    proposal = {"into": into.slug, "name": into.name}
    return approvals.ask(what=MERGE, obj=platform, by=by, reason=reason, proposal=proposal, at=at)


class MergePlatform(ChangeGoneWords):
    """Where the next notices go, and whose figures they are: two people look at it."""

    title: ClassVar[str | Promise] = gettext_lazy("Make a platform part of another one")
    does: ClassVar[str | Promise] = gettext_lazy(
        "Its hosts and every new link are the other platform’s from now on, and its figures count there. "
        "What is under way keeps the channel it left by. It can be parted again."
    )

    def changes(self, approval: Approval, obj: Platform) -> Sequence[Change]:
        now = obj.merged_into.name if obj.merged_into is not None else ""
        return [
            Change(_("Is part of"), now, approval.proposal["name"]),
            Change(_("Hosts that go with it"), "", " · ".join(obj.domains)),
        ]

    def granted(self, approval: Approval, obj: Platform, *, by: Staff, at: datetime) -> None:
        into = Platform.objects.filter(slug=approval.proposal["into"]).first()
        if into is None:
            raise CannotBeDone(_("The other platform is not there any more."))
        try:
            actions.merge_platform(platform=obj, into=into, by=approval.asked_by, at=at)
        except MergeRefused as refused:
            raise CannotBeDone(refused.sentence) from refused


def in_words(name: str, value: Any) -> str:
    """A proposed value, for people."""
    if value in (None, "", []):
        return (
            _("any notice") if name == "regimes" else _("day and night") if name == "office_country" else ""
        )
    if name == "kind":
        return str(ChannelKind(value).label)
    if name == "regimes":
        return ", ".join(str(Regime(one).label) for one in value)
    return ", ".join(value) if isinstance(value, list) else str(value)


def new_channel(*, platform: Platform, kind: str, by: Staff, at: datetime) -> Channel:
    """A channel to propose about: without an address nothing leaves by it. One that nobody finished is taken again."""
    bare = Channel.objects.filter(platform=platform, kind=kind, address="", approved_at=None)
    waiting = Approval.objects.filter(what=CHANGE, status="waiting").values_list("object_id", flat=True)
    found = bare.exclude(pk__in=[int(one) for one in waiting]).order_by("id").first()
    return found or actions.add_channel(platform=platform, kind=kind, by=by, at=at)
