"""Tells the helpline what became of a notice: signed, repeated until taken, twice or late where wanted."""

import asyncio
import logging
from urllib.parse import urlsplit

import aiohttp

from tests.platforms import addresses, dice, outcomes, signatures
from tests.platforms.behaviour import Behaviour
from tests.platforms.ledger import Notice
from tests.platforms.world import World

log = logging.getLogger(__name__)
LONGEST_WAIT = 60.0
TRY_AGAIN = frozenset({408, 425, 429})


class Caller:
    """Timers and deliveries of the callbacks of all notices."""

    def __init__(self, world: World, base: str | None) -> None:
        self._world = world
        self._base = base.rstrip("/") if base else None
        self._timers: dict[str, list[asyncio.TimerHandle]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._under_way: set[tuple[str, str]] = set()
        self._session: aiohttp.ClientSession | None = None

    async def start(self) -> None:
        """Take up every notice that was not told to its end."""
        self._session = aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=10),
            connector=aiohttp.TCPConnector(limit=50),
            headers={"User-Agent": "platform-simulator"},
        )
        self._world.took = self.schedule
        for notice in self._world.ledger.notices.values():
            self.schedule(notice)

    async def stop(self) -> None:
        """Drop what is under way; a restart takes it up again."""
        for timers in self._timers.values():
            for timer in timers:
                timer.cancel()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._session is not None:
            await self._session.close()

    def schedule(self, notice: Notice) -> None:
        """Set the timers of the events that this notice has still to tell, in place of any set before."""
        for timer in self._timers.pop(notice.key, ()):
            timer.cancel()
        behaviour = self._world.directory.of(notice.slug)
        if not behaviour.callbacks or not notice.callback_url:
            return
        now = self._world.clock()
        loop = asyncio.get_running_loop()
        timers = [
            loop.call_later(max(0.0, due - now), self._begin, notice, name, about)
            for name, about, due in self._events(notice, behaviour)
            if name not in notice.told and (notice.key, name) not in self._under_way
        ]
        if timers:
            self._timers[notice.key] = timers

    def _events(self, notice: Notice, behaviour: Behaviour) -> list[tuple[str, float, float]]:
        """Name, the moment it is about, and when it is told."""
        seed = self._world.seed
        received = notice.accepted_at + behaviour.callback_after
        decided = notice.decide_at
        if decided is None:
            return [("received", notice.accepted_at, received)]
        if dice.fraction(seed, "disorder", notice.key) < behaviour.callback_disorder:
            received = decided + 0.2
        events = [("received", notice.accepted_at, received)]
        if notice.review_at is not None:
            events.append(("under_review", notice.review_at, notice.review_at))
        number = f"-{notice.decisions}" if notice.decisions > 1 else ""
        return [*events, (f"decision{number}", decided, decided)]

    def _begin(self, notice: Notice, name: str, about: float) -> None:
        self._under_way.add((notice.key, name))
        task = asyncio.get_running_loop().create_task(self._tell(notice, name, about))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        task.add_done_callback(lambda _: self._under_way.discard((notice.key, name)))

    async def _tell(self, notice: Notice, name: str, about: float) -> None:
        """Deliver one event until it is taken, and once more where duplicates are wanted."""
        behaviour = self._world.directory.of(notice.slug)
        body = outcomes.event(notice, name, about, self._world.clock())
        url = self.destination(notice.callback_url or "")
        if url is None:
            log.warning("callback of %s not sent: %s leaves this machine", notice.key, notice.callback_url)
            return
        if await self._deliver(notice, behaviour, name, url, body):
            notice.told.append(name)
            self._world.changed()
            drawn = dice.fraction(self._world.seed, "duplicate", notice.key, name)
            if drawn < behaviour.callback_duplicates:
                await asyncio.sleep(0.05 + drawn / 2)
                await self._deliver(notice, behaviour, name, url, body)

    async def _deliver(self, notice: Notice, behaviour: Behaviour, name: str, url: str, body: bytes) -> bool:
        """Try until the helpline takes it or says that it never will."""
        for number in range(1, behaviour.callback_tries + 1):
            status, retry_after = await self._post(behaviour, url, body)
            self._world.note(
                "callback",
                notice.slug,
                notice_id=notice.notice_id,
                event_id=outcomes.event_id(notice, name),
                event=name,
                number=number,
                status=status,
            )
            if status is not None and status < 500 and status not in TRY_AGAIN:
                return status < 300
            wait = min(behaviour.callback_backoff * 2 ** (number - 1), LONGEST_WAIT)
            await asyncio.sleep(max(wait, min(retry_after, LONGEST_WAIT)))
        return False

    async def _post(self, behaviour: Behaviour, url: str, body: bytes) -> tuple[int | None, float]:
        if self._session is None:
            raise RuntimeError("the caller was not started")
        signature = signatures.sign(behaviour.callback_secret, body, int(self._world.clock()))
        headers = {signatures.HEADER: signature, "Content-Type": "application/json"}
        try:
            async with self._session.post(url, data=body, headers=headers, allow_redirects=False) as answer:
                after = answer.headers.get("Retry-After", "")
                return answer.status, float(after) if after.isascii() and after.isdigit() else 0.0
        except (aiohttp.ClientError, TimeoutError, ValueError):
            return None, 0.0

    def destination(self, callback_url: str) -> str | None:
        """Where a callback really goes: only ever to this machine."""
        if addresses.is_loopback(callback_url):
            return callback_url
        if self._base is None or not addresses.is_loopback(self._base):
            return None
        parts = urlsplit(callback_url)
        return self._base + parts.path + (f"?{parts.query}" if parts.query else "")
