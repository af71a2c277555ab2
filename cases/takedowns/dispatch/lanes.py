"""Lanes: one process keeps hundreds of sends on their way, each kind of channel in a lane of its own."""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from typing import Any

from django.conf import settings
from django.db import OperationalError, close_old_connections, connections
from django.utils import timezone

from cases.takedowns import places
from cases.takedowns.connectors import Lines, Route, Sent, connector
from cases.takedowns.dispatch.claiming import BATCH, Claim, routes
from cases.takedowns.dispatch.finishing import Done, finish
from cases.takedowns.dispatch.preparing import claim
from cases.takedowns.dispatch.reaping import try_suspects
from cases.takedowns.states import Result
from helpline.platforms.models import ChannelKind

log = logging.getLogger(__name__)

FLUSH_EVERY = 0.05  # seconds between two writings of results, when they come slowly
# Between two tries to write the same results: what the database could not do now, it may do after a moment.
WRITE_AGAIN = (0.1, 1.0)
TICK = 0.005  # seconds between two looks at whether there is something to do
ROUTES_FOR = 5.0  # seconds until the channels are looked up again: one may be mended or switched on meanwhile
AHEAD = (
    64  # claimed ahead at least, so that a lane of few lines does not claim and write a few rows at a time
)
# A send takes half a minute at worst; whatever waited longer than this for a line would outlive its lease.
LONGEST_IN_STOCK: timedelta = settings.LEASE / 4

# Each kind of channel has a lane of its own, so that slow mail holds up no API: how many sends at once.
LANES: dict[str, int] = {
    ChannelKind.HTTP_API: settings.SENDS_IN_FLIGHT,
    ChannelKind.EMAIL: Lines.MAIL_THREADS * 2,
    ChannelKind.XARF: Lines.MAIL_THREADS * 2,
}


class Desk:
    """A thread with a database connection of its own, so that the loop never waits for the database."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="desk")

    async def __call__(self, work: Callable[[], Any]) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    async def close(self) -> None:
        await self(connections.close_all)
        self._thread.shutdown()


def run(
    *, kinds: Collection[str] = tuple(LANES), max_seconds: float = 240.0, senders: int | None = None
) -> int:
    """Send everything that is due, and stop when nothing is or the time is over. Returns how many sends ended.

    With `senders`, no more than so many claim at once over the whole installation; whoever comes then does nothing.
    """
    close_old_connections()
    return asyncio.run(_run(kinds, max_seconds, senders))


async def _run(kinds: Collection[str], max_seconds: float, senders: int | None) -> int:
    # While one claims, the other writes what came back. The place among the senders hangs on the first one's connection.
    claims, results = Desk(), Desk()
    try:
        if senders is not None and await claims(partial(places.take, places.SENDING, places=senders)) is None:
            return 0
        await claims(partial(try_suspects, kinds))
        async with Lines(in_flight=settings.SENDS_IN_FLIGHT) as lines:
            lanes = [_Lane(kind, LANES[kind], lines, max_seconds) for kind in kinds]
            _, *counts = await _all_of(_claim_all(lanes, claims), *(lane.write(results) for lane in lanes))
            return sum(counts)
    finally:
        await claims.close()
        await results.close()


async def _claim_all(lanes: Sequence["_Lane"], desk: Desk) -> None:
    """Whoever claims no more leaves their place: a platform that stands still may hold the last sends for half a minute,
    and all the others' wait for somebody who claims."""

    async def claim(one: "_Lane") -> None:
        try:
            await one.claim(desk)
        except BaseException:
            for other in lanes:  # the place went with the connection
                other.stop_claiming()
            raise

    try:
        await _all_of(*(claim(lane) for lane in lanes))
    finally:
        await desk(connections.close_all)


async def _all_of(*works: Awaitable[Any]) -> list[Any]:
    """What each returned. Where one fails, the others go on to their own end; then it is raised."""
    ends = await asyncio.gather(*works, return_exceptions=True)
    for end in ends:
        if isinstance(end, BaseException):
            raise end
    return ends


class _Lane:
    """Keeps up to `in_flight` sends of one kind on their way, with a few more claimed so that no line waits for one."""

    def __init__(self, kind: str, in_flight: int, lines: Lines, max_seconds: float) -> None:
        self._kind, self._in_flight, self._lines = kind, in_flight, lines
        self._ahead = max(AHEAD, min(BATCH, in_flight) // 2)
        self._loop = asyncio.get_running_loop()
        self._until = self._loop.time() + max_seconds
        self._stock: deque[Claim] = deque()
        self._sending: set[asyncio.Task[Done]] = set()
        self._ended: list[Done] = []
        self._claiming = True

    async def claim(self, desk: Desk) -> None:
        """Until nothing is due or the time is over."""
        try:
            open_routes: dict[int, Route] = await desk(partial(_routes_now, self._kind))
            looked = self._loop.time()
            while open_routes and self._loop.time() < self._until:
                if self._loop.time() - looked > ROUTES_FOR:
                    open_routes, looked = await desk(partial(_routes_now, self._kind)), self._loop.time()
                room = self._room()
                if room < self._ahead:
                    await asyncio.sleep(TICK)
                    continue
                claimed: list[Claim] = await desk(partial(_claim_now, open_routes, min(room, BATCH)))
                self._stock.extend(claimed)
                self._fill()
                if not claimed and not self._sending:
                    return
                if not claimed:
                    await asyncio.sleep(FLUSH_EVERY)  # what was turned away may come due again meanwhile
        finally:
            self._claiming = False

    def stop_claiming(self) -> None:
        """What is on its way ends; nothing more is begun."""
        self._until = self._loop.time()

    def _room(self) -> int:
        """How many more to claim: fewer when results pile up, or they would be written after their leases."""
        piled = max(0, len(self._ended) - BATCH)
        return self._in_flight + self._ahead - len(self._sending) - len(self._stock) - piled

    def _fill(self) -> None:
        """Put the stock on lines that are free."""
        while self._stock and len(self._sending) < self._in_flight:
            task = self._loop.create_task(_send(self._stock.popleft(), self._lines))
            self._sending.add(task)
            task.add_done_callback(self._end)

    def _end(self, task: asyncio.Task[Done]) -> None:
        self._sending.discard(task)
        if not task.cancelled():
            self._ended.append(task.result())
            self._fill()

    async def write(self, desk: Desk) -> int:
        """Until the last one is back. Returns how many sends were written down."""
        count, last = 0, self._loop.time()
        failed: Exception | None = None
        while self._claiming or self._sending or self._ended:
            waited = self._loop.time() - last
            is_late = waited >= FLUSH_EVERY or not self._sending
            if len(self._ended) >= self._ahead or (self._ended and is_late):
                done, self._ended = self._ended, []
                try:
                    count += await desk(partial(_finish_now, done))
                except Exception as error:
                    # Their leases run out, and then they are asked about. What else is on its way is written all the same;
                    # nothing more is begun.
                    log.exception("%s results could not be written.", len(done))
                    failed = error
                    self.stop_claiming()
                last = self._loop.time()
            else:
                await asyncio.sleep(TICK)
        if failed is not None:
            raise failed
        return count


def _routes_now(kind: str) -> dict[int, Route]:
    return routes([kind], now=timezone.now())


def _claim_now(open_routes: dict[int, Route], limit: int) -> list[Claim]:
    return claim(open_routes, limit=limit, now=timezone.now())


def _finish_now(done: Sequence[Done]) -> int:
    for wait in WRITE_AGAIN:
        try:
            return finish(done, now=timezone.now())
        except OperationalError:
            log.warning("Results could not be written; once more.", exc_info=True)
            time.sleep(wait)
            close_old_connections()
    return finish(done, now=timezone.now())


async def _send(one: Claim, lines: Lines) -> Done:
    if timezone.now() - one.started_at > LONGEST_IN_STOCK:
        return one, Sent(Result.NOT_SENT, detail="no line was free in time")
    try:
        sent = await connector(one.route.kind).send(
            one.body, one.content, one.route, lines, at=timezone.now()
        )
    except Exception as error:  # a fault of ours must not lose the row: nobody knows whether it left
        log.exception("A connector failed.")
        sent = Sent(Result.UNKNOWN, detail=f"our fault: {type(error).__name__}")
    return one, sent
