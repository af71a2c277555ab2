"""The four numbers in plain words. The desk's own definitions are longer: see docs/figures.md."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True, slots=True)
class Words:
    """What stands above a number, and what it means."""

    title: str | Promise
    says: str | Promise


# In the order of the page.
NUMBERS: Mapping[str, Words] = {
    "acted_on": Words(
        _("The site did something"),
        _(
            "We asked, and the site took it down, blocked it or closed the account. Or we saw that it was gone. "
            "Some of it may have come back."
        ),
    ),
    "said_removed": Words(
        _("The site says it is gone"),
        _("That is the last thing the site told us. It is their word. We look for ourselves, too."),
    ),
    "seen_gone": Words(
        _("We saw that it was gone"),
        _("We looked three times, and it was not there. Once gone is enough to count here."),
    ),
    "stayed_gone": Words(
        _("It stayed gone for 30 days"),
        _(
            "We kept looking for 30 days, and it did not come back. What is gone for less time does not count yet."
        ),
    ),
}
