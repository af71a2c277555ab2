"""The figures again, from the rows themselves and without a tally: slow, and plain enough to be believed."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Protocol
from uuid import UUID
from zoneinfo import ZoneInfo

from cases.dashboards.figures import Counts, Some
from cases.dashboards.metrics import STAYED
from cases.ladder.models import Redress, Step
from cases.takedowns.models import Takedown
from cases.takedowns.states import SAID_REMOVED
from helpline.platforms.models import Platform
from reports.models import Report

PARIS = ZoneInfo("Europe/Paris")
SAYS_REMOVED = {status.value for status in SAID_REMOVED}
SETTLED = {"refused", "not_found", "more_information"}

# What a step and a complaint must say to be counted: its state and outcome, its state.
STEPS = {
    "steps": {("done", outcome) for outcome in ("", "acted", "taken-up", "declined", "silent")},
    "steps_acted": {("done", "acted"), ("done", "taken-up")},
    "steps_declined": {("done", "declined")},
    "steps_silent": {("done", "silent")},
    "steps_open": {("proposed", ""), ("taken", "")},
}
REDRESS = {
    "redress": {"filed", "upheld", "overturned", "partly"},
    "redress_overturned": {"overturned", "partly"},
    "redress_upheld": {"upheld"},
    "redress_pending": {"filed"},
}


class Told(Protocol):
    """One takedown, however it is known: by its rows, or by its story. What follows from that is said once, below."""

    @property
    def key(self) -> Any:
        """Of those that stand for their item and for their notice."""

    @property
    def now(self) -> datetime:
        """By when it is judged."""

    @property
    def sent_at(self) -> datetime | None:
        """None of what did not leave, or came back."""

    @property
    def acted_at(self) -> datetime | None: ...

    @property
    def says(self) -> str:
        """The platform's last word."""

    @property
    def is_withdrawn(self) -> bool: ...

    @property
    def first_gone(self) -> datetime | None: ...

    @property
    def stayed(self) -> bool: ...

    @property
    def came_back(self) -> bool: ...


def seconds(one: Told) -> float | None:
    """From sending to the first sign that it was acted on."""
    if one.sent_at is None or one.acted_at is None:
        return None
    return max(0.0, (one.acted_at - one.sent_at).total_seconds())


def fate(one: Told) -> str:
    """The one line it stands in."""
    if one.sent_at is None:
        return "not_sent"
    if one.acted_at is not None:
        return "acted_on"
    if one.is_withdrawn:
        return "withdrawn"
    return "no_answer" if not one.says else one.says if one.says in SETTLED else "under_way"


def is_judged(one: Told) -> bool:
    """Can it be said whether it stayed gone?"""
    is_old = one.first_gone is not None and one.first_gone + STAYED <= one.now
    return one.stayed or (one.came_back and is_old)


def percentile(values: Sequence[float], share: float) -> float | None:
    """As percentile_cont: between two neighbours in proportion."""
    ordered = sorted(values)
    if not ordered:
        return None
    place = share * (len(ordered) - 1)
    low, high = math.floor(place), math.ceil(place)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def counts(found: Sequence[Told], stand_for: tuple[set[Any], set[Any]]) -> Counts:
    """The figures, one by one. `stand_for`: the keys of the first of each item, and of each notice."""
    fates = Counter(fate(one) for one in found)
    times = [time for one in found if (time := seconds(one)) is not None]
    items, notices = stand_for
    sent = [one for one in found if one.sent_at is not None]
    return Counts(
        total=len(found),
        items=sum(one.key in items for one in found),
        notices=sum(one.key in notices for one in found),
        sent=len(sent),
        said_removed=sum(one.says in SAYS_REMOVED for one in sent),
        seen_gone=sum(one.first_gone is not None for one in sent),
        gone_long_ago=sum(is_judged(one) for one in sent),
        stayed_gone=sum(one.stayed for one in sent),
        reappeared=sum(one.came_back for one in sent),
        **{
            name: fates[name]
            for name in (
                *("acted_on", "refused", "not_found", "more_information", "under_way", "no_answer"),
                "withdrawn",
            )
        },
        p50_s=percentile(times, 0.5),
        p90_s=percentile(times, 0.9),
    )


def some(found: Iterable[Told]) -> Some:
    """What was said removed, and is not all of it."""
    says = Counter(one.says for one in found if one.sent_at is not None)
    return Some(blocked=says["disabled"], partly=says["partly_removed"])


def approximately(counts: Counts) -> Any:
    """Equal in every count, and in times as near as bins can be."""

    class Near:
        def __eq__(self, other: object) -> bool:
            assert isinstance(other, Counts)
            for name in Counts.__dataclass_fields__:
                mine, theirs = getattr(counts, name), getattr(other, name)
                if name.endswith("_s") and None not in (mine, theirs):
                    assert abs(theirs - mine) < 1 + 0.025 * mine, (name, theirs, mine)
                else:
                    assert theirs == mine, (name, theirs, mine)
            return True

    return Near()


@dataclass(frozen=True)
class Plain:
    """One takedown, as whoever reads its rows would tell it."""

    row: Takedown
    platform: str
    first_gone: datetime | None
    first_back: datetime | None
    now: datetime
    item: UUID  # as it was before anything was erased

    @property
    def key(self) -> Any:
        return self.row.pk

    @property
    def sent_at(self) -> datetime | None:
        return self.row.sent_at if self.row.transport == "accepted" else None

    @property
    def acted_at(self) -> datetime | None:
        return self.row.acted_at

    @property
    def says(self) -> str:
        return self.row.platform_says

    @property
    def is_withdrawn(self) -> bool:
        return self.row.status == "withdrawn"

    @property
    def action(self) -> str:
        if self.sent_at is None:
            return "not_sent"
        if self.says:
            return self.says
        if self.first_gone:
            return "seen_gone"
        return "withdrawn" if self.is_withdrawn else "no_answer"

    @property
    def seconds(self) -> float | None:
        return seconds(self)

    @property
    def came_back(self) -> bool:
        if self.sent_at is None or self.first_gone is None or self.row.reappeared_at is None:
            return False
        return bool(self.row.reappeared_at >= self.first_gone)

    @property
    def stayed(self) -> bool:
        if self.sent_at is None or self.row.gone_at is None or self.row.observed != "seen_gone":
            return False
        return bool(self.row.observed_at >= self.row.gone_at + STAYED)  # type: ignore[operator]

    @property
    def age(self) -> str:
        said = self.row.case.report.age_range
        return {"18+": "adult", "unknown": "unknown"}.get(said, "minor")

    @property
    def content(self) -> str:
        return f"{self.row.case.report.kind}/{self.age}"

    @property
    def month(self) -> date:
        return self.row.requested_at.astimezone(PARIS).date().replace(day=1)


def root(one: Platform) -> Platform:
    """The platform its figures stand under."""
    while one.merged_into is not None:
        one = one.merged_into
    return one


def everything(now: datetime, *, items: Mapping[UUID, UUID]) -> list[Plain]:
    """All that counts: what was asked further of the same content does not. `items`: what was erased was one of these."""
    found = []
    rows = Takedown.objects.select_related("platform", "notice__channel", "case__report")
    for row in rows.prefetch_related("events").order_by("requested_at", "pk"):
        gone = [event.at for event in row.events.all() if event.what == "seen_gone"]
        first = min(gone, default=None)
        back = [
            event.at
            for event in row.events.all()
            if event.what == "seen_there" and first and event.at > first
        ]
        if row.escalates_id is None:
            item = row.item_id or items.get(row.pk, row.pk)
            found.append(Plain(row, root(row.platform).slug, first, min(back, default=None), now, item))
    return found


def between(found: Iterable[Plain], since: datetime, until: datetime) -> list[Plain]:
    return [one for one in found if since <= one.row.requested_at < until]


def firsts(found: Sequence[Plain]) -> tuple[set[UUID], set[UUID]]:
    """Which takedowns stand for their item and for their notice. Of everything, not of a period."""
    items: dict[Any, UUID] = {}
    notices: dict[Any, UUID] = {}
    for one in found:
        items.setdefault(one.item, one.row.pk)
        notices.setdefault(one.row.notice_id, one.row.pk)
    return set(items.values()), set(notices.values())


def ladder(since: datetime, until: datetime, platform: str | None) -> Counter[tuple[Any, ...]]:
    found = Step.objects.filter(state_at__gte=since, state_at__lt=until).select_related("takedown__platform")
    return Counter(
        (step.state_at.astimezone(PARIS).date().replace(day=1), step.rung, step.state, step.outcome)
        for step in found
        if platform in (None, root(step.takedown.platform).slug)
    )


def redress(since: datetime, until: datetime, platform: str | None) -> Counter[tuple[Any, ...]]:
    found = Redress.objects.filter(state_at__gte=since, state_at__lt=until).select_related(
        "takedown__platform"
    )
    return Counter(
        (one.state_at.astimezone(PARIS).date().replace(day=1), one.kind, one.state)
        for one in found
        if platform in (None, root(one.takedown.platform).slug)
    )


def reports(since: datetime, until: datetime) -> list[Report]:
    return list(Report.objects.filter(submitted_at__gte=since, submitted_at__lt=until))
