"""Is it still there? Which links are looked at when, and what a look changes. How one looks: `looks.py`, through `guard.py`.

A claim moves a row's next look out of the way for HANDS_OFF and remembers that moment: a worker that dies loses nothing,
since the row comes due again; one that stalls finds another moment there, and what it saw is not counted. One look serves
everybody whom the same address harms. A site gets few looks at once; what does not get its turn is due again.
"""

import asyncio
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypeVar
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from django.db import close_old_connections, connection, connections, transaction
from django.db.models import F
from django.utils import timezone

from cases.actions import bring_these_back
from cases.models import Case
from cases.states import CaseStatus
from cases.takedowns import actions
from cases.takedowns.guard import Guard
from cases.takedowns.looks import look
from cases.takedowns.models import Event, Takedown
from cases.takedowns.seeing import Look, Seen
from cases.takedowns.states import ENDED, TRANSITIONS, Outcome, Source, Status
from helpline.crypto.wrapping import WrongKey
from reports.states import Status as ReportStatus

IN_FLIGHT = 400
AHEAD = IN_FLIGHT // 2  # claimed beyond that, so that no look waits for the database
AT_ONE_HOST = 4
TURN_WITHIN = 25.0  # seconds that a look waits for its turn at a host
HANDS_OFF = timedelta(minutes=2)  # longer than a turn and the longest look together
TICK = 0.05  # seconds between two writings of what was seen

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Due:
    """A takedown in this worker's hands until `held`, and where to look."""

    takedown_id: UUID
    held: datetime
    url: str = field(repr=False)
    words: tuple[str, ...] = ()


# --- claiming -----------------------------------------------------------------------------------------


@transaction.atomic
def claim(*, now: datetime, limit: int) -> tuple[int, list[Due]]:
    """Take up to `limit` looks that are due, and those of the same links for others: how many rows, and where to look."""
    waiting = (
        Takedown.objects.select_for_update(no_key=True, skip_locked=True, of=("self",))
        .select_related("case", "link", "platform")
        .filter(next_look_at__lte=now, platform__recheck=True)
    )
    rows = list(waiting.order_by("next_look_at", "id")[:limit])
    if not rows:
        return 0, []
    same = {row.link.url_index for row in rows} - {None}
    rows += waiting.filter(link__url_index__in=same).exclude(pk__in=[row.pk for row in rows])[:limit]
    held = now + HANDS_OFF
    due = []
    for row in rows:
        try:
            url = row.case.box().open(row.link, "url")
        except WrongKey:
            url = ""
        if url:
            due.append(Due(row.pk, held, url, tuple(row.platform.gone_words)))
    ours = {one.takedown_id for one in due}
    Takedown.objects.filter(pk__in=ours).update(next_look_at=held)
    # Erased, or an account without an address: there is nothing to look at, ever.
    Takedown.objects.filter(pk__in=[row.pk for row in rows if row.pk not in ours]).update(next_look_at=None)
    return len(rows), due


# --- looking ------------------------------------------------------------------------------------------


def run(*, now: datetime, max_seconds: float = 0.0, guard: Callable[[], Guard] = Guard) -> int:
    """Look at the links that are due, and go on with what comes due for `max_seconds`. Returns how many were claimed."""
    if not settings.RECHECK_ENABLED:
        return 0
    close_old_connections()
    return asyncio.run(_run(now, max_seconds, guard))


async def _run(now: datetime, max_seconds: float, make_guard: Callable[[], Guard]) -> int:
    desk = ThreadPoolExecutor(max_workers=1, thread_name_prefix="desk")
    loop = asyncio.get_running_loop()

    async def at_desk(work: Callable[[], T]) -> T:
        return await loop.run_in_executor(desk, work)

    until, claimed, more = loop.time() + max_seconds, 0, True
    try:
        async with make_guard() as guard:
            lookers = Lookers(guard)
            while more or lookers.busy:
                if more and (room := IN_FLIGHT + AHEAD - lookers.busy) > AHEAD // 2:
                    count, due = await at_desk(partial(claim, now=now, limit=room))
                    claimed += count
                    lookers.take(due)
                    more = count > 0 and loop.time() < until
                await asyncio.sleep(TICK if lookers.busy else 0)
                if done := lookers.ended():
                    await at_desk(partial(record_looks, done, at=timezone.now()))
                now = timezone.now()
    finally:
        await at_desk(connections.close_all)
        desk.shutdown()
    return claimed


class Lookers:
    """The looks under way: IN_FLIGHT at once, AT_ONE_HOST at one host, one for an address that several wait for."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        self._lines = asyncio.Semaphore(IN_FLIGHT)
        self._turns: dict[str, asyncio.Semaphore] = {}
        self._asking: dict[str, list[Due]] = {}
        self._tasks: dict[str, asyncio.Task[Look | None]] = {}

    @property
    def busy(self) -> int:
        """How many looks are under way or wait for their turn."""
        return len(self._tasks)

    def take(self, due: Collection[Due]) -> None:
        """Look at these."""
        for one in due:
            if one.url in self._tasks:
                self._asking[one.url].append(one)
                continue
            self._asking[one.url] = [one]
            self._tasks[one.url] = asyncio.create_task(self._look(one))

    async def _look(self, one: Due) -> Look | None:
        """None when the host gave no turn: the row is due again when it is let go of."""
        host = (urlsplit(one.url).hostname or "").removeprefix("www.")
        turn = self._turns.setdefault(host, asyncio.Semaphore(AT_ONE_HOST))
        try:
            await asyncio.wait_for(turn.acquire(), TURN_WITHIN)
        except TimeoutError:
            return None
        try:
            async with self._lines:
                return await look(one.url, self._guard, words=one.words)
        finally:
            turn.release()

    def ended(self) -> list[tuple[Due, Look]]:
        """What was seen since the last question, for everybody who waits for it."""
        found: list[tuple[Due, Look]] = []
        for url in [url for url, task in self._tasks.items() if task.done()]:
            seen, waiting = self._tasks.pop(url).result(), self._asking.pop(url)
            if seen is not None:
                found += [(one, seen) for one in waiting]
        return found


def bring_back(*, at: datetime, limit: int = 200) -> int:
    """Cases that were closed, and whose content came back since, return to the desk they were on. Returns how many."""
    returned = Takedown.objects.filter(status=Status.REAPPEARED, reappeared_at__gt=F("case__closed_at"))
    closed = Case.objects.filter(status=CaseStatus.CLOSED, pk__in=returned.values("case"))
    return bring_these_back(closed.exclude(report__status=ReportStatus.ERASED), at=at, limit=limit)


# --- recording ----------------------------------------------------------------------------------------

COUNT = """
UPDATE takedowns_takedown AS takedown
SET looks = mine.looks, misses = mine.misses, next_look_at = mine.next_look_at,
    observed_at = CASE WHEN mine.seen_again THEN %s ELSE takedown.observed_at END
FROM unnest(%s::uuid[], %s::int[], %s::int[], %s::timestamptz[], %s::boolean[])
    AS mine(id, looks, misses, next_look_at, seen_again)
WHERE takedown.id = mine.id
"""


def record_looks(done: Sequence[tuple[Due, Look]], *, at: datetime) -> int:
    """Count these looks, set the next ones, and pass on what changed. Returns how many still were this worker's.

    What tells nothing new is written in a few statements, for any number; what changes goes through `record_outcome`, each
    by itself.
    """
    by_id = {one.takedown_id: (one, seen) for one, seen in done}
    changed: list[tuple[Due, Look]] = []
    with transaction.atomic():
        rows = Takedown.objects.select_for_update(no_key=True).filter(pk__in=by_id).order_by("pk")
        ours = [row for row in rows if row.next_look_at == by_id[row.pk][0].held and row.status not in ENDED]
        quiet: list[tuple[Takedown, Look]] = []
        for row in ours:
            due, seen = by_id[row.pk]
            _count(row, seen, at=at)
            if _change(row, seen) is None:
                quiet.append((row, seen))
            else:
                changed.append((due, seen))
        _write(quiet, at=at)
    for due, seen in changed:
        record_look(takedown_id=due.takedown_id, seen=seen, at=at, held=due.held)
    return len(ours)


def _write(quiet: Sequence[tuple[Takedown, Look]], *, at: datetime) -> None:
    if not quiet:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            COUNT,
            [
                at,
                [row.pk for row, _seen in quiet],
                [row.looks for row, _seen in quiet],
                [row.misses for row, _seen in quiet],
                [row.next_look_at for row, _seen in quiet],
                [bool(row.observed) and _agrees(row, seen) for row, seen in quiet],
            ],
        )
    unclear = [(row, seen) for row, seen in quiet if seen.why is not None]
    last = _last_words([row.pk for row, _seen in unclear])
    # The same reason again is no news.
    Event.objects.bulk_create(
        _unclear(row, seen, at=at) for row, seen in unclear if last.get(row.pk) != seen.why
    )


def _last_words(ids: Sequence[UUID]) -> dict[UUID, Any]:
    """What the last look that left a line said, where that was unclear."""
    if not ids:
        return {}
    lines = Event.objects.filter(takedown__in=ids, source=Source.RECHECK)
    newest = lines.order_by("takedown", "-at", "-recorded_at").distinct("takedown")
    return {pk: detail.get("why") for pk, detail in newest.values_list("takedown", "detail")}


def _unclear(row: Takedown, seen: Look, *, at: datetime) -> Event:
    detail: dict[str, Any] = {"why": seen.why}
    if seen.http_status is not None:
        detail["http_status"] = seen.http_status
    return Event(takedown=row, at=at, recorded_at=at, source=Source.RECHECK, what=Seen.UNCLEAR, detail=detail)


@transaction.atomic
def record_look(*, takedown_id: UUID, seen: Look, at: datetime, held: datetime | None = None) -> None:
    """The same for one. With `held`, only while the row is still in the hands of whoever claimed it until then."""
    row = actions.lock(takedown_id)
    if row.status in ENDED or (held is not None and row.next_look_at != held):
        return
    _count(row, seen, at=at)
    outcome = _change(row, seen)
    if outcome is None:
        _write([(row, seen)], at=at)
        return
    row.save(update_fields=["looks", "misses", "next_look_at"])
    actions.record_outcome(
        takedown=row,
        outcome=outcome,
        source=Source.RECHECK,
        at=at,
        recorded_at=at,
        detail={"http_status": seen.http_status, "hops": seen.hops, "looks": row.looks},
    )


def _count(row: Takedown, seen: Look, *, at: datetime) -> None:
    """In memory. Gone is believed at the third miss in a row; until then the looks come quickly."""
    row.looks = min(row.looks + 1, 32_000)
    if seen.seen == Seen.GONE:
        row.misses = min(row.misses + 1, 32_000)
    elif seen.seen == Seen.THERE:
        row.misses = 0
    unsure = 0 < row.misses < settings.MISSES_BEFORE_GONE
    row.next_look_at = at + settings.RECHECK_AFTER[0] if unsure else actions.look_after(row, at=at)


def _agrees(row: Takedown, seen: Look) -> bool:
    """Is it seen again as it was seen before?"""
    return seen.seen == (Seen.GONE if row.observed == Outcome.SEEN_GONE else Seen.THERE)


def _change(row: Takedown, seen: Look) -> Outcome | None:
    """What this look adds to what is known; None for nothing new."""
    if seen.seen == Seen.GONE and row.misses >= settings.MISSES_BEFORE_GONE:
        known = row.observed == Outcome.SEEN_GONE and Status.GONE not in TRANSITIONS[Status(row.status)]
        return None if known else Outcome.SEEN_GONE
    if seen.seen == Seen.THERE and (row.observed != Outcome.SEEN_THERE or row.status == Status.GONE):
        return Outcome.SEEN_THERE
    return None
