"""What every connector is: compose the bytes, send them, and, where the wire allows, ask whether they arrived."""

import asyncio
import smtplib
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from queue import SimpleQueue
from types import TracebackType
from typing import Any, ClassVar, Self

import aiohttp
from django.conf import settings

from cases.takedowns.notices import NoticeContent
from cases.takedowns.states import Result
from helpline import mail
from helpline.crypto.box import Box
from helpline.platforms.models import Channel


def storable(text: Any, most: int) -> str:
    """What a platform wrote, fit for the database: '' for what is no text, without what no column takes."""
    if not isinstance(text, str):
        return ""
    return text.encode(errors="ignore").decode().replace("\0", "")[:most]


async def beginning(answer: aiohttp.ClientResponse, most: int) -> bytes:
    """The whole body, in however many packets it comes, but never more than `most` bytes of it."""
    try:
        return await answer.content.readexactly(most)
    except asyncio.IncompleteReadError as whole:
        return whole.partial


@dataclass(frozen=True, slots=True)
class Route:
    """A channel as a connector needs it: where to, and the secrets, opened once a batch."""

    channel_id: int
    slug: str
    kind: str
    address: str
    token: str = field(default="", repr=False)
    secret: str = field(default="", repr=False)
    callback_url: str = ""


def route_of(channel: Channel, box: Box) -> Route:
    """Open a channel's secrets with the operator's settings box."""
    return Route(
        channel_id=channel.pk,
        slug=channel.slug,
        kind=channel.kind,
        address=channel.address,
        token=box.open(channel, "token_sealed"),
        secret=box.open(channel, "outbound_secret_sealed"),
        callback_url=f"{settings.PUBLIC_URL}/api/v1/inbound/{channel.slug}/",
    )


@dataclass(frozen=True, slots=True)
class Sent:
    """How one try ended. `detail` is short and holds no content. `retry_after` only with RETRY."""

    result: Result
    http_status: int | None = None
    reference: str = ""
    detail: str = ""
    retry_after: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What a status query learned: whether the notice arrived (None: not known now), and what was decided of its items."""

    arrived: bool | None
    reference: str = ""
    items: tuple[dict[str, Any], ...] = ()


class Lines:
    """The connections that stay open while a worker sends: one HTTP pool, a few kept SMTP connections."""

    MAIL_THREADS = 8

    def __init__(self, *, in_flight: int) -> None:
        self._in_flight = in_flight
        self._mail = MailThreads(self.MAIL_THREADS)
        self._kept = threading.local()
        self._mail_open: list[smtplib.SMTP] = []
        self.http: aiohttp.ClientSession

    async def __aenter__(self) -> Self:
        self.http = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=self._in_flight, ttl_dns_cache=60),
            timeout=aiohttp.ClientTimeout(total=30, sock_connect=10),
            auto_decompress=False,
            cookie_jar=aiohttp.DummyCookieJar(),
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.http.close()
        await asyncio.to_thread(self._mail.close)
        for line in self._mail_open:
            line.close()

    async def in_mail_thread(self, work: Callable[[], Sent]) -> Sent:
        """Run a blocking SMTP conversation beside the loop."""
        return await self._mail.submit(work)

    def mail_line(self) -> smtplib.SMTP:
        """This thread's kept SMTP connection. Raises smtplib.SMTPException or OSError when there is none to be had."""
        line: smtplib.SMTP | None = getattr(self._kept, "line", None)
        if line is None:
            line = self._kept.line = mail.open_line()
            self._mail_open.append(line)
        return line

    def drop_mail_line(self) -> None:
        """Forget this thread's connection; the next message opens another."""
        line: smtplib.SMTP | None = getattr(self._kept, "line", None)
        self._kept.line = None
        if line is not None:
            self._mail_open.remove(line)
            line.close()


class MailThreads:
    """Threads for what blocks. What ended while the loop was busy is handed back to it in one go.

    An executor would wake the loop for each letter, and lock a future of its own besides.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._threads: list[threading.Thread] = []
        self._under_way = 0
        self._asked: SimpleQueue[tuple[asyncio.Future[Sent], Callable[[], Sent]] | None] = SimpleQueue()
        self._ended: deque[tuple[asyncio.Future[Sent], Sent | BaseException]] = deque()
        self._will_hand_back = False

    def submit(self, work: Callable[[], Sent]) -> asyncio.Future[Sent]:
        """To be called from the loop, always the same one."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Sent] = loop.create_future()
        self._under_way += 1
        if len(self._threads) < min(self._under_way, self._most):
            thread = threading.Thread(target=self._work, args=[loop], name=f"mail_{len(self._threads)}")
            self._threads.append(thread)
            thread.start()
        self._asked.put((future, work))
        return future

    def close(self) -> None:
        """Wait for what is under way."""
        for _thread in self._threads:
            self._asked.put(None)
        for thread in self._threads:
            thread.join()

    def _work(self, loop: asyncio.AbstractEventLoop) -> None:
        while (asked := self._asked.get()) is not None:
            future, work = asked
            try:
                self._ended.append((future, work()))
            except BaseException as error:  # it belongs to whoever awaits
                self._ended.append((future, error))
            if not self._will_hand_back:
                self._will_hand_back = True
                loop.call_soon_threadsafe(self._hand_back)

    def _hand_back(self) -> None:
        self._will_hand_back = False  # first: what ends from here on asks for another time
        while self._ended:
            future, end = self._ended.popleft()
            self._under_way -= 1
            if future.done():
                continue  # nobody waits for it any more
            if isinstance(end, BaseException):
                future.set_exception(end)
            else:
                future.set_result(end)


class Connector:
    """Base of all connectors.

    `by_hand` kinds are never claimed by a worker; `needs_url` ones take no account name alone; `can_ask` ones answer
    status queries.
    """

    by_hand: ClassVar[bool] = False
    needs_url: ClassVar[bool] = False
    can_ask: ClassVar[bool] = False

    def compose(self, content: NoticeContent, route: Route, *, at: datetime) -> bytes:
        """The exact bytes that will leave."""
        raise LookupError(f"{type(self).__name__} is filed by hand.")

    async def send(
        self, body: bytes, content: NoticeContent, route: Route, lines: Lines, *, at: datetime
    ) -> Sent:
        """Send them. Never raises for what a network or a platform can do: that is what `Sent` says."""
        raise LookupError(f"{type(self).__name__} is filed by hand.")

    async def ask(self, notice_id: str, route: Route, lines: Lines, *, at: datetime) -> Answer:
        """Did it arrive, and what was decided?"""
        return Answer(arrived=None)
