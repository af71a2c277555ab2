"""One look at a link: its status line and headers, through the guard; never a picture, never a film.

HEAD, and where a site refuses HEAD, a GET that is closed when its headers are in. Only where the operator named the
words by which a platform says "not found" on a page that answers 200, up to 64 KiB of that page's text are read, searched
and dropped; and only of what calls itself text/html, in an encoding that can be opened within the same bound.
"""

import asyncio
import html
import re
import socket
import ssl
import string
import zlib
from collections.abc import Collection
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

from cases.takedowns.guard import Guard, Refused, check_address
from cases.takedowns.seeing import Look, Seen, Why

MAX_HOPS = 5
ANSWER_WITHIN = 20.0  # seconds, for one address
LONGEST_LOOK = 60.0  # seconds, with all its redirects
MOST_TEXT = 64 * 1024  # bytes of a page's text, at most and only where the operator wants it
MOST_INTERIM = 5  # of answers that announce another one
AGENT = "Helpline link check (status and headers only)"
SMALL = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)  # lower() can change a text's length
STATUS_LINE = re.compile(rb"HTTP/1\.[01] ([1-5]\d\d)(?: [^\r\n]*)?\r\n")


class NotHttp(ValueError):
    """What came back is no answer."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A status line, the headers by lower-case name (the first of each), and the text when it was asked for."""

    status: int
    headers: dict[str, str]
    text: bytes | None = None

    @property
    def is_html(self) -> bool:
        """Does it call itself a page?"""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower() == "text/html"


async def look(url: str, guard: Guard, *, words: Collection[str] = ()) -> Look:
    """Follow `url` and say what its status tells. Never raises for what a network or a site can do.

    `words`: by which a page that answers 200 says that nothing is there.
    """
    first, hops, seen = url, 0, {url}
    try:
        async with asyncio.timeout(LONGEST_LOOK):
            while True:
                answer = await _ask(url, guard)
                target = answer.headers.get("location") if _redirects(answer.status) else None
                if target is None:
                    break
                if hops == MAX_HOPS:
                    return Look(Seen.UNCLEAR, answer.status, hops, Why.TOO_MANY)
                url, hops = urljoin(url, target), hops + 1
                if url in seen:
                    return Look(Seen.UNCLEAR, answer.status, hops, Why.LOOP)
                seen.add(url)
            found, why = meaning(answer.status, first, url)
            if words and found == Seen.THERE and answer.is_html:
                return await _read(url, guard, words, hops=hops)
            return Look(found, answer.status, hops, why)
    except Refused as refused:
        return Look(Seen.UNCLEAR, hops=hops, why=refused.why)
    except Exception as error:
        why_not = _reason(error)
        if why_not is None:
            raise
        return Look(Seen.UNCLEAR, hops=hops, why=why_not)


def _reason(error: Exception) -> Why | None:
    """What went wrong on the way, as a word; None for what is our own mistake."""
    if isinstance(error, TimeoutError):
        return Why.TOO_SLOW
    if isinstance(error, ssl.SSLCertVerificationError):
        return Why.CERTIFICATE
    if isinstance(error, (NotHttp, asyncio.IncompleteReadError, asyncio.LimitOverrunError)):
        return Why.NOT_HTTP
    if isinstance(error, socket.gaierror):
        return Why.NO_NAME
    if isinstance(error, OSError):
        return Why.NO_CONNECTION
    return Why.NOT_WEB if isinstance(error, ValueError) else None


async def _ask(url: str, guard: Guard) -> Answer:
    """The status and headers of one address."""
    answer = await exchange("HEAD", url, guard)
    return await exchange("GET", url, guard) if answer.status in (405, 501) else answer


async def _read(url: str, guard: Guard, words: Collection[str], *, hops: int) -> Look:
    """A page that answers 200 may say in words that nothing is there."""
    answer = await exchange("GET", url, guard, text=True)
    found, why = meaning(answer.status, url, url)
    if found != Seen.THERE or _redirects(answer.status):
        return Look(found, answer.status, hops, why)
    text = _opened(answer) if answer.text is not None else None
    if text is None:
        return Look(Seen.UNCLEAR, answer.status, hops, Why.UNREADABLE)
    return Look(Seen.GONE if says_gone(text, words) else Seen.THERE, answer.status, hops)


async def exchange(method: str, url: str, guard: Guard, *, text: bool = False) -> Answer:
    """Ask one address once. `text`: read the bounded part of a page. The connection is closed whatever was still to come."""
    parts = check_address(url)
    asked = (
        f"{method} {parts.raw_path_qs or '/'} HTTP/1.1\r\nHost: {parts.host_subcomponent}\r\nUser-Agent: {AGENT}\r\n"
        "Accept: text/html, */*;q=0.1\r\nAccept-Encoding: identity\r\nConnection: close\r\n\r\n"
    )
    async with asyncio.timeout(ANSWER_WITHIN):
        reader, writer = await guard.open(parts)
        try:
            writer.write(asked.encode("ascii"))
            answer = await _head(reader)
            if text and answer.is_html:
                answer = Answer(answer.status, answer.headers, await _text(reader, answer))
            return answer
        finally:
            writer.transport.abort()  # at once: nothing of what follows is waited for, or read


async def _head(reader: asyncio.StreamReader) -> Answer:
    for _ in range(MOST_INTERIM):
        head = await reader.readuntil(b"\r\n\r\n")
        line = STATUS_LINE.match(head)
        if line is None:
            raise NotHttp("no status line")
        status = int(line[1])
        if status >= 200:
            return Answer(status, _headers(head[line.end() : -4]))
    raise NotHttp("it announces and announces")


def _headers(block: bytes) -> dict[str, str]:
    found: dict[str, str] = {}
    for one in block.split(b"\r\n"):
        name, colon, value = one.partition(b":")
        if colon:
            found.setdefault(name.decode("latin-1").strip().lower(), _spoken(value).strip())
    return found


def _spoken(value: bytes) -> str:
    """Headers are ASCII by the rule and UTF-8 by habit."""
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")


# --- the words of a page ------------------------------------------------------------------------------


async def _text(reader: asyncio.StreamReader, answer: Answer) -> bytes:
    """The beginning of the page as it comes over the wire, MOST_TEXT bytes at most."""
    if answer.headers.get("transfer-encoding", "").lower() == "chunked":
        return await _chunks(reader)
    length = answer.headers.get("content-length", "")
    most = min(int(length), MOST_TEXT) if length.isascii() and length.isdigit() else MOST_TEXT
    found = b""
    while len(found) < most and (piece := await reader.read(most - len(found))):
        found += piece
    return found


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    found, taken = b"", 0
    while taken < MOST_TEXT:
        line = await reader.readuntil(b"\r\n")
        number = line.partition(b";")[0].strip()
        if not re.fullmatch(rb"[0-9a-fA-F]{1,8}", number):
            raise NotHttp("no chunk")
        size = int(number, 16)
        if size == 0:
            break
        piece = await reader.readexactly(min(size, MOST_TEXT - len(found)))
        found += piece
        taken += len(line) + len(piece) + 2
        if len(piece) < size or len(found) >= MOST_TEXT:
            break
        await reader.readexactly(2)
    return found


def _opened(answer: Answer) -> str | None:
    """Its text, within the same bound; None for an encoding that was not asked for and can't be opened."""
    raw, encoding = answer.text or b"", answer.headers.get("content-encoding", "identity").strip().lower()
    if encoding in {"gzip", "x-gzip", "deflate"}:
        try:
            raw = zlib.decompressobj(wbits=47).decompress(raw, MOST_TEXT)
        except zlib.error:
            return None
    elif encoding not in {"", "identity"}:
        return None
    charset = re.search(r"charset=\"?([\w-]+)", answer.headers.get("content-type", ""), re.IGNORECASE)
    western = charset is not None and charset[1].lower() in {"iso-8859-1", "latin1", "windows-1252"}
    return raw.decode("cp1252" if western else "utf-8", "replace")


def says_gone(page: str, words: Collection[str]) -> bool:
    """Does the page say one of these, to whoever reads it? Scripts and styles hold all sorts of words, and do not count."""
    said = plain(shown(page))
    return any(one in said for one in map(plain, words) if one)


def plain(text: str) -> str:
    """As it is compared: small letters, one kind of apostrophe, single spaces."""
    return " ".join(text.casefold().replace("\u2019", "'").replace("\u00a0", " ").split())


def shown(page: str) -> str:
    """A page's text without its tags. Linear in its length, whatever it holds."""
    low, at, kept = page.translate(SMALL), 0, []
    while (start := low.find("<", at)) >= 0:
        kept.append(page[at:start])
        closing = ">"
        for opening, end in (("<!--", "-->"), ("<script", "</script"), ("<style", "</style")):
            if low.startswith(opening, start):
                closing = end
        stop = low.find(closing, start + 1)
        if stop < 0:
            return html.unescape(" ".join(kept))
        # A closing tag is a tag like another one; the end of a comment is passed over.
        at = stop if closing.startswith("</") else stop + len(closing)
    kept.append(page[at:])
    return html.unescape(" ".join(kept))


# --- what an answer means -----------------------------------------------------------------------------


def _redirects(status: int) -> bool:
    return status in (301, 302, 303, 307, 308)


def meaning(status: int, first: str, last: str) -> tuple[Seen, Why | None]:
    """404, 410 and 451 mean gone. A page that asks to log in, or a redirect to the front page, means nothing for sure."""
    if status in (404, 410, 451):
        return Seen.GONE, None
    if 200 <= status < 300:
        path = urlsplit(last).path.lower()
        moved = first != last
        if moved and (path in ("", "/") or any(word in path for word in ("login", "signin", "accounts"))):
            return Seen.UNCLEAR, Why.ASKS_TO_LOG_IN
        return Seen.THERE, None
    if status in (401, 402, 403, 407, 429):
        return Seen.UNCLEAR, Why.TURNED_AWAY
    return Seen.UNCLEAR, Why.TROUBLE if status >= 500 else Why.ODD
