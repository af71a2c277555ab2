"""What of a year may stand on the public page: previewed, agreed by a second person, taken down at once.

The numbers lie inside each other: all that was sent, of it what was acted on, of that what was seen gone, and so on. Who
reads two of them knows their difference. So a number stands there only when every difference between neighbours is nothing
or at least `settings.SMALL_CELLS`, in what is published now and in what changed since each time before; else some are left
out, as few as it takes.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import date, datetime
from itertools import combinations, pairwise
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils.formats import date_format
from django.utils.module_loading import import_string
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cases.dashboards import metrics
from cases.dashboards.figures import Counts
from cases.dashboards.periods import Period
from cases.dashboards.suppression import suppress
from helpline.accounts.models import Staff
from helpline.accounts.permissions import Permission
from helpline.approvals import actions as approvals
from helpline.approvals.handlers import CannotBeDone, Change
from helpline.approvals.models import Approval
from reports.statistics import actions as page
from reports.statistics.models import PublishedYear
from reports.statistics.words import NUMBERS

LAYOUT = "statistics/1"
PUBLISH = "publish-statistics"
# What each number is a share of; and which are left out last, of as many.
OF = {"acted_on": "sent", "seen_gone": "sent", "stayed_gone": "gone_long_ago", "said_removed": "sent"}
# Each lies in the one before it. A share of something smaller than all publishes that, too.
CHAINS = (
    ("sent", "acted_on", "seen_gone", "gone_long_ago", "stayed_gone"),
    ("sent", "acted_on", "said_removed"),
)
Facts = Mapping[str, Any]


# --- what may be shown ------------------------------------------------------------------------------------


def publishable(
    counts: Mapping[str, int],
    *,
    threshold: int,
    earlier: Sequence[Facts] = (),
    completes: Callable[[Mapping[str, int]], bool] = lambda told: False,
) -> list[str] | None:
    """Which of the four numbers may be shown beside `sent`: as many as possible. None where not even `sent` may be.

    `completes`: would these numbers tell what another table of the year hides?
    """
    known = [numbers_in(facts) for facts in earlier]
    for names in _choices():
        shown = _shown(names)
        told = {name: counts[name] for name in shown}
        if (
            is_safe(told, threshold=threshold)
            and all(_is_safe_after(told, before, threshold=threshold) for before in known)
            and not completes(told)
        ):
            return names
    return None


def _choices() -> Iterator[list[str]]:
    """Every selection of the numbers: more before fewer, and those named first before the others."""
    for size in range(len(OF), -1, -1):
        yield from (list(names) for names in combinations(OF, size))


def _shown(names: Collection[str]) -> set[str]:
    return {"sent", *names, *(OF[name] for name in names)}


def is_safe(told: Mapping[str, int], *, threshold: int) -> bool:
    """Can nobody work out a small count from these? All that is told, and the differences inside each chain."""
    for chain in CHAINS:
        parts = _parts(told, chain)
        if min(parts) < 0 or suppress(_cells(parts), threshold=threshold).hides:
            return False
    if {"acted_on", "said_removed", "seen_gone"} <= told.keys():
        # Nearly everything that was acted on was said to be, or was seen: what is in both can be reckoned.
        both = told["said_removed"] + told["seen_gone"] - told["acted_on"]
        return not 0 < both < threshold
    return True


def _is_safe_after(told: Mapping[str, int], before: Mapping[str, int], *, threshold: int) -> bool:
    """Can nobody work one out from what changed since `before`?"""
    changed = {name: told[name] - before[name] for name in told.keys() & before.keys()}
    # What changed goes up here and down there, so not only neighbours can differ by a little.
    apart = (
        changed[more] - changed[fewer]
        for chain in CHAINS
        for more, fewer in combinations([name for name in chain if name in changed], 2)
    )
    return not any(0 < abs(part) < threshold for part in (*changed.values(), *apart))


def _parts(told: Mapping[str, int], chain: Sequence[str]) -> list[int]:
    """The chain cut where something is told: how many lie between one number and the next."""
    numbers = [told[name] for name in chain if name in told]
    return [*(more - fewer for more, fewer in pairwise(numbers)), *numbers[-1:]] or [0]


def _cells(parts: Sequence[int]) -> dict[tuple[str | None, ...], int]:
    return {(str(number),): count for number, count in enumerate(parts)}


def numbers_in(facts: Facts) -> dict[str, int]:
    """Every count that published facts tell."""
    found: dict[str, int] = {"sent": facts["sent"]}
    for name, one in facts["numbers"].items():
        found |= {name: one["count"], OF[name]: one["of"]}
    return found


BESIDE_THE_REPORT = gettext_lazy(
    "The yearly report of this year is frozen. Beside it these figures would tell a small number that it hides."
)


# --- the preview ------------------------------------------------------------------------------------------


class TooFew(CannotBeDone):
    """Nothing of this year can be shown yet."""


def row_of(year: int) -> PublishedYear:
    """The place of a year on the page; an empty one that nobody has published yet is made."""
    return PublishedYear.objects.get_or_create(pk=year)[0]


def preview(year: PublishedYear) -> dict[str, Any]:
    """What would stand on the page if it were published now. Raises TooFew."""
    period = Period(date(year.year, 1, 1), date(year.year, 12, 1))
    figures = metrics.figures(since=period.since, until=period.until)
    counts = _plain(figures.overall)
    if not counts["sent"] or figures.as_of is None:
        raise TooFew(gettext_lazy("Nothing was sent in this year yet, so there is nothing to show."))
    completes = import_string(settings.COMPLETED_BY)(year.year)
    names = publishable(counts, threshold=settings.SMALL_CELLS, earlier=year.earlier, completes=completes)
    if names is None and completes({"sent": counts["sent"]}):
        raise TooFew(BESIDE_THE_REPORT)
    if names is None:
        raise TooFew(
            gettext_lazy(
                "Too little was sent in this year, or changed since it was published, to be shown without pointing at "
                "somebody. Wait until there is more."
            )
        )
    return {
        "layout": LAYOUT,
        "year": year.year,
        "as_of": localtime(figures.as_of).date().isoformat(),
        "sent": counts["sent"],
        "numbers": {name: {"count": counts[name], "of": counts[OF[name]]} for name in names},
    }


def _plain(counts: Counts) -> dict[str, int]:
    return {name: getattr(counts, name) for name in {*OF, *OF.values()}}


def changes(before: Facts, after: Facts) -> list[Change]:
    """Each number of the page, as it is and as it would be, for whoever decides."""
    found = [
        Change(_("Counted on"), _day(before), _day(after)),
        Change(_("Sent"), str(before.get("sent", "")), str(after["sent"])),
    ]
    for name, words in NUMBERS.items():
        found.append(Change(words.title, _number(before, name), _number(after, name)))
    return found


def _day(facts: Facts) -> str:
    return date_format(date.fromisoformat(facts["as_of"]), "j F Y") if facts else ""


def _number(facts: Facts, name: str) -> str:
    if not facts:
        return ""
    one = facts["numbers"].get(name)
    return _("%(count)s of %(of)s") % one if one else _("left out: too few")


# --- changing ---------------------------------------------------------------------------------------------


def check_can_publish(by: Staff) -> None:
    """Raises PermissionDenied for whoever does not steer: who sees the figures and is trusted as a second person."""
    if not by.can(Permission.FIGURES) or not by.can(Permission.APPROVE):
        raise PermissionDenied


def can_publish(by: Staff) -> bool:
    """May this person ask for it?"""
    try:
        check_can_publish(by)
    except PermissionDenied:
        return False
    return True


def ask(*, year: PublishedYear, facts: Facts, reason: str, by: Staff, at: datetime) -> Approval:
    """Ask a second person to publish `facts`, which were previewed. Raises PermissionDenied, CannotBeDone."""
    return approvals.ask(what=PUBLISH, obj=year, by=by, reason=reason, proposal=facts, at=at)


@transaction.atomic
def put_up(year: PublishedYear, *, facts: Facts, by: Staff, at: datetime) -> None:
    """Two people want it: it stands on the page. Raises CannotBeDone where something else was published meanwhile that
    makes these figures tell too much."""
    locked = PublishedYear.objects.select_for_update().get(pk=year.pk)
    told = numbers_in(facts)
    known = [numbers_in(one) for one in locked.earlier]
    if not is_safe(told, threshold=settings.SMALL_CELLS) or not all(
        _is_safe_after(told, before, threshold=settings.SMALL_CELLS) for before in known
    ):
        raise CannotBeDone(
            gettext_lazy("These figures would tell too much beside what was published before. Ask anew.")
        )
    if import_string(settings.COMPLETED_BY)(year.pk)(told):
        raise CannotBeDone(BESIDE_THE_REPORT)
    page.publish(year=locked, facts=facts, by=by, at=at)


def take_down(*, year: PublishedYear, by: Staff, at: datetime) -> bool:
    """At once and alone. False when it was not up. Raises PermissionDenied."""
    check_can_publish(by)
    return page.take_down(year=year, by=by, at=at)
