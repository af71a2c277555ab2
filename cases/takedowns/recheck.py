"""Is it still there? A look at a link's status line and headers – never at its content – through a guard.

The guard resolves a name once, refuses every address that is not public, connects to what it checked, and does so again
at every redirect; only ports 80 and 443. Nothing of a body is read: HEAD, and where a site refuses HEAD, a GET whose
answer is closed when its headers are in.
"""

import asyncio
import ipaddress
import socket
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from urllib.parse import urljoin, urlsplit
from uuid import UUID

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from django.conf import settings
from django.db import transaction
from django.utils import timezone
from yarl import URL

from cases.takedowns import actions
from cases.takedowns.models import Event, Takedown
from cases.takedowns.states import ENDED, Outcome, Source, Status
from helpline.crypto.wrapping import WrongKey

BATCH = IN_FLIGHT = 100  # the same, so that no look waits for a connection while its time runs
MAX_HOPS = 5
PORTS = {"http": 80, "https": 443}
LONGEST_LOOK = 60.0  # seconds, with all its redirects; well within HANDS_OFF
HANDS_OFF = timedelta(minutes=2)  # how long a claimed look is left alone by other workers
AGENT = "Helpline link check (status and headers only)"


class Seen(StrEnum):
    """What a look can tell."""

    THERE = "there"
    GONE = "gone"
    UNCLEAR = "unclear"


@dataclass(frozen=True, slots=True)
class Look:
    """One look. `detail` is a coded word; no part of the address is kept."""

    seen: Seen
    http_status: int | None = None
    hops: int = 0
    detail: str = ""


class Refused(OSError):
    """The guard does not go there."""


# --- the guard ----------------------------------------------------------------------------------------


def is_public(address: str) -> bool:
    """May the guard connect to this IP address? Addresses that carry another one inside are judged by both."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    inner: list[Any] = []
    if isinstance(ip, ipaddress.IPv6Address):
        inner = [ip.ipv4_mapped, ip.sixtofour, *(ip.teredo or ())]
        if ip in ipaddress.ip_network("64:ff9b::/96"):
            inner.append(ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF))
    return all(one.is_global and not one.is_multicast for one in [ip, *inner] if one is not None)


class Guard(AbstractResolver):
    """Resolves a name to the addresses aiohttp then connects to: pinned, and public every one."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM, family=family)
        if not found or not all(is_public(str(entry[4][0])) for entry in found):
            raise Refused("not a public address")
        return [
            ResolveResult(
                hostname=host,
                host=str(entry[4][0]),
                port=port,
                family=entry[0],
                proto=entry[2],
                flags=socket.AI_NUMERICHOST,
            )
            for entry in found
        ]

    async def close(self) -> None:
        """Nothing is kept open."""


def check_address(url: str) -> URL:
    """The address as it will be asked for, when the guard may follow it. Raises Refused.

    It is read by the same parser that connects, so that no spelling of a host means one thing here and another there.
    """
    try:
        parts = URL(url)
        port, host = parts.explicit_port, parts.raw_host
    except ValueError as error:
        raise Refused("malformed") from error
    if parts.scheme not in PORTS or not host or parts.user or parts.password:
        raise Refused("not a plain web address")
    if port not in (None, PORTS[parts.scheme]):
        raise Refused("port")
    try:
        literal = ipaddress.ip_address(host)
    except ValueError:
        # 127.1, 0x7f000001, 2130706433: other spellings of an IPv4 address, which a resolver would accept.
        if host.replace(".", "").isdigit() or host.lower().startswith("0x") or "." not in host:
            raise Refused("not a name") from None
        return parts
    if not is_public(str(literal)):
        raise Refused("not a public address")
    return parts


def _simulated(parts: URL) -> URL | None:
    """In the demo and in tests, names under .example lead to the simulator on this machine."""
    if settings.SIMULATOR and (parts.raw_host or "").endswith(".example"):
        return URL(f"http://{settings.SIMULATOR}{parts.raw_path_qs}", encoded=True)
    if settings.DEMO:
        raise Refused("the demo does not leave this machine")
    return None


# --- one look -----------------------------------------------------------------------------------------


async def look(url: str, http: aiohttp.ClientSession) -> Look:
    """Follow `url` and say what its status tells. Never raises for what a network or a site can do."""
    first, hops = url, 0
    try:
        async with asyncio.timeout(LONGEST_LOOK):
            while True:
                status, target = await _head(url, http)
                if target is None:
                    return Look(_meaning(status, first, url), http_status=status, hops=hops)
                if hops == MAX_HOPS:
                    return Look(Seen.UNCLEAR, http_status=status, hops=hops, detail="too many redirects")
                url, hops = urljoin(url, target), hops + 1
    except Refused as error:
        return Look(Seen.UNCLEAR, hops=hops, detail=f"refused: {error}")
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
        # The guard's refusal of a resolved name comes wrapped by aiohttp.
        inner = getattr(error, "os_error", None)
        detail = f"refused: {inner}" if isinstance(inner, Refused) else type(error).__name__
        return Look(Seen.UNCLEAR, hops=hops, detail=detail)


async def _head(url: str, http: aiohttp.ClientSession) -> tuple[int, str | None]:
    """The status of one address, and where it redirects to."""
    parts = check_address(url)
    simulated = _simulated(parts)
    headers = {"Host": parts.raw_host or ""} if simulated else {}
    for method in ("HEAD", "GET"):
        async with http.request(method, simulated or parts, headers=headers, allow_redirects=False) as answer:
            status, target = answer.status, answer.headers.get("Location")
            answer.close()  # whatever follows the headers is not read
        if status not in (405, 501):
            break
    return status, target if 300 <= status < 400 and status != 304 else None


def _meaning(status: int, first: str, last: str) -> Seen:
    """404, 410 and 451 mean gone. A page that asks to log in, or a redirect to the front page, means nothing for sure."""
    if status in (404, 410, 451):
        return Seen.GONE
    if 200 <= status < 300:
        path = urlsplit(last).path.lower()
        moved = first != last
        if moved and (path in ("", "/") or any(word in path for word in ("login", "signin", "accounts"))):
            return Seen.UNCLEAR
        return Seen.THERE
    return Seen.UNCLEAR


# --- all that are due ---------------------------------------------------------------------------------


def session() -> aiohttp.ClientSession:
    """A session that goes through the guard and keeps no cookies."""
    resolver = Guard()
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=IN_FLIGHT, resolver=resolver, use_dns_cache=False),
        timeout=aiohttp.ClientTimeout(total=20, sock_connect=5),
        cookie_jar=aiohttp.DummyCookieJar(),
        headers={"User-Agent": AGENT, "Accept": "text/html"},
        auto_decompress=False,
    )


def run(*, now: datetime, limit: int = BATCH) -> int:
    """Look at the links that are due, once each. Returns how many were claimed."""
    if not settings.RECHECK_ENABLED:
        return 0
    claimed, due = _claim(now=now, limit=limit)
    looked = asyncio.run(_look_at([url for _pk, url in due]))
    at = timezone.now()
    for (pk, _url), seen in zip(due, looked, strict=True):
        record_look(takedown_id=pk, seen=seen, at=at)
    return claimed


@transaction.atomic
def _claim(*, now: datetime, limit: int) -> tuple[int, list[tuple[UUID, str]]]:
    rows = list(
        Takedown.objects.select_for_update(no_key=True, skip_locked=True, of=("self",))
        .select_related("case", "link")
        .filter(next_look_at__lte=now)
        .order_by("next_look_at")[:limit]
    )
    due = []
    for row in rows:
        try:
            url = row.case.box().open(row.link, "url")
        except WrongKey:
            url = ""
        row.next_look_at = now + HANDS_OFF if url else None
        if url:
            due.append((row.pk, url))
    Takedown.objects.bulk_update(rows, ["next_look_at"])
    return len(rows), due


async def _look_at(urls: list[str]) -> list[Look]:
    if not urls:
        return []
    # What harms several people is looked at once for them all.
    distinct = list(dict.fromkeys(urls))
    async with session() as http:
        looked = await asyncio.gather(*(look(url, http) for url in distinct))
    seen = dict(zip(distinct, looked, strict=True))
    return [seen[url] for url in urls]


@transaction.atomic
def record_look(*, takedown_id: UUID, seen: Look, at: datetime) -> None:
    """Count a look, set the next one, and pass on what changed. Gone is believed at the third miss in a row."""
    row = actions.lock(takedown_id)
    if row.status in ENDED:
        return
    row.looks = min(row.looks + 1, 32_000)
    if seen.seen == Seen.GONE:
        row.misses = min(row.misses + 1, 32_000)
    elif seen.seen == Seen.THERE:
        row.misses = 0
    unsure = 0 < row.misses < settings.MISSES_BEFORE_GONE
    row.next_look_at = at + settings.RECHECK_AFTER[0] if unsure else actions.look_after(row, at=at)
    row.save(update_fields=["looks", "misses", "next_look_at"])
    outcome = _change(row, seen)
    if outcome is not None:
        actions.record_outcome(
            takedown=row,
            outcome=outcome,
            source=Source.RECHECK,
            at=at,
            recorded_at=at,
            detail={"http_status": seen.http_status, "hops": seen.hops, "looks": row.looks},
        )
    elif seen.seen != Seen.UNCLEAR and row.observed:
        Takedown.objects.filter(pk=row.pk).update(observed_at=at)
    elif seen.detail.startswith("refused") and row.looks == 1:
        Event.objects.create(
            takedown=row,
            at=at,
            recorded_at=at,
            source=Source.RECHECK,
            what=Seen.UNCLEAR,
            detail={"why": seen.detail},
        )


def _change(row: Takedown, seen: Look) -> Outcome | None:
    """What this look adds to what is known; None for nothing new."""
    if seen.seen == Seen.GONE and row.misses >= settings.MISSES_BEFORE_GONE:
        return None if row.status == Status.GONE else Outcome.SEEN_GONE
    if seen.seen == Seen.THERE and (row.observed != Outcome.SEEN_THERE or row.status == Status.GONE):
        return Outcome.SEEN_THERE
    return None
