"""The figures again, from the rows themselves and without a tally: slow, and plain enough to be believed."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from cases.dashboards.figures import Counts
from cases.dashboards.metrics import STAYED
from cases.ladder.models import Redress, Step
from cases.takedowns.models import Takedown
from cases.takedowns.states import SAID_REMOVED
from helpline.platforms.models import Platform
from reports.models import Report

PARIS = ZoneInfo("Europe/Paris")
SAYS_REMOVED = {status.value for status in SAID_REMOVED}
SETTLED = {"refused", "not_found", "more_information"}


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
    def is_sent(self) -> bool:
        return self.row.sent_at is not None and self.row.transport == "accepted"

    @property
    def is_acted(self) -> bool:
        return self.is_sent and self.row.acted_at is not None

    @property
    def fate(self) -> str:
        if not self.is_sent:
            return "not_sent"
        if self.is_acted:
            return "acted_on"
        if self.row.status == "withdrawn":
            return "withdrawn"
        said = self.row.platform_says
        return "no_answer" if not said else said if said in SETTLED else "under_way"

    @property
    def action(self) -> str:
        if not self.is_sent:
            return "not_sent"
        if self.row.platform_says:
            return self.row.platform_says
        if self.first_gone:
            return "seen_gone"
        return "withdrawn" if self.row.status == "withdrawn" else "no_answer"

    @property
    def seconds(self) -> float | None:
        if not self.is_acted:
            return None
        return max(0.0, (self.row.acted_at - self.row.sent_at).total_seconds())  # type: ignore[operator]

    @property
    def is_old(self) -> bool:
        long_enough = self.first_gone is not None and self.first_gone + STAYED <= self.now
        return self.stayed or (self.came_back and long_enough)

    @property
    def came_back(self) -> bool:
        if not self.is_sent or self.first_gone is None or self.row.reappeared_at is None:
            return False
        return bool(self.row.reappeared_at >= self.first_gone)

    @property
    def stayed(self) -> bool:
        if not self.is_sent or self.row.gone_at is None or self.row.observed != "seen_gone":
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


def counts(found: Sequence[Plain], stand_for: tuple[set[UUID], set[UUID]]) -> Counts:
    """Without the times."""
    fates = Counter(one.fate for one in found)
    items, notices = stand_for
    return Counts(
        total=len(found),
        items=sum(one.row.pk in items for one in found),
        notices=sum(one.row.pk in notices for one in found),
        sent=sum(one.is_sent for one in found),
        said_removed=sum(one.is_sent and one.row.platform_says in SAYS_REMOVED for one in found),
        seen_gone=sum(one.is_sent and one.first_gone is not None for one in found),
        gone_long_ago=sum(one.is_old for one in found),
        stayed_gone=sum(one.stayed for one in found),
        reappeared=sum(one.came_back for one in found),
        **{
            fate: fates[fate]
            for fate in (
                *("acted_on", "refused", "not_found", "more_information", "under_way", "no_answer"),
                "withdrawn",
            )
        },
    )


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
