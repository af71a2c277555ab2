"""What a look takes from a site, what it makes of what it gets, and that nothing a site does holds it up."""

import asyncio
import gzip
import socket
import time
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cases.takedowns import looks
from cases.takedowns.guard import Guard
from cases.takedowns.looks import MAX_HOPS, MOST_TEXT, look, meaning, says_gone, shown
from cases.takedowns.seeing import Look, Seen, Why
from tests.cases.takedowns.hostile import PUBLIC, Internet, Listener, Site, certificate, resolver, trusting
from tests.platforms.simulator import RunningSimulator

URL = "http://site.test/p/1"
GONE_WORDS = ("Sorry, this page isn't available",)
OK = b"HTTP/1.1 200 OK\r\n"
HTML = OK + b"Content-Type: text/html; charset=utf-8\r\n"
# What one connection's two kernel buffers may hold before anybody reads: measured on Linux, with room to spare.
BUFFERS = 128 * 1024


def see(site: Listener, *, url: str = URL, **more: Any) -> Look:
    async def once() -> Look:
        async with Internet(lookup=resolver(PUBLIC), site=site.port, trap=9) as guard:
            return await look(url, guard, **more)

    return asyncio.run(once())


# --- what is taken


@pytest.mark.parametrize("kind", [b"image/jpeg", b"video/mp4", b"application/octet-stream", b"text/html"])
def test_nothing_behind_the_headers_is_taken(kind: bytes) -> None:
    """Whatever the type: a site that pours 50 MB once its headers are out finds that nobody is there any more."""
    head = OK + b"Content-Type: " + kind + b"\r\nContent-Length: 52428800\r\n\r\n"
    with Site(head, pours=52_428_800, waits=0.2) as site:
        found = see(site)
    assert found == Look(Seen.THERE, 200)
    assert site.asked[0].startswith(b"HEAD ")
    assert site.taken == 0


@pytest.mark.parametrize("kind", [b"image/png", b"video/mp4", b"", b"application/json", b"text/plain"])
@pytest.mark.parametrize("words", [(), GONE_WORDS])
def test_media_is_not_read_where_head_is_refused(kind: bytes, words: tuple[str, ...]) -> None:
    """A site that knows no HEAD is asked by GET, and left as soon as its headers say what it is."""

    class NoHead(Site):
        def _say(self, line: socket.socket) -> None:
            if self.asked_for(line) == "HEAD":
                line.sendall(b"HTTP/1.1 405 Method Not Allowed\r\nContent-Length: 0\r\n\r\n")
                return
            line.sendall(self._head)
            time.sleep(0.2)
            self.pour(line, most=1_000_000)

    with NoHead(OK + b"Content-Type: " + kind + b"\r\n\r\n") as site:
        found = see(site, words=words)
    assert found == Look(Seen.THERE, 200)
    assert site.taken == 0


def test_a_type_that_changes_between_two_questions_is_not_read() -> None:
    """HEAD says it is a page, GET sends a film: nobody reads the film."""

    class Lying(Site):
        def _say(self, line: socket.socket) -> None:
            if self.asked_for(line) == "HEAD":
                line.sendall(HTML + b"\r\n")
                return
            line.sendall(OK + b"Content-Type: video/mp4\r\n\r\n")
            time.sleep(0.2)
            self.pour(line, most=1_000_000)

    with Lying(b"") as site:
        found = see(site, words=GONE_WORDS)
    assert found == Look(Seen.UNCLEAR, 200, why=Why.UNREADABLE)
    assert site.taken == 0


def test_a_flood_in_one_breath_stops_at_the_window() -> None:
    """Headers and film in one breath: no more goes out than the kernels' own buffers hold, and none of it is looked at."""
    with Site(OK + b"Content-Type: video/mp4\r\n\r\n", pours=52_428_800) as site:
        assert see(site) == Look(Seen.THERE, 200)
    assert site.taken <= BUFFERS


def test_no_more_than_the_bound_is_read_of_a_page(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[int] = []
    opened = looks._opened

    def measured(answer: looks.Answer) -> str | None:
        read.append(len(answer.text or b""))
        return opened(answer)

    monkeypatch.setattr(looks, "_opened", measured)

    class Endless(Site):
        def _say(self, line: socket.socket) -> None:
            method = self.asked_for(line)
            line.sendall(self._head)
            if method == "GET":
                self.pour(line, most=52_428_800)

    with Endless(HTML + b"\r\n") as site:
        assert see(site, words=GONE_WORDS).seen == Seen.THERE
    assert read == [MOST_TEXT]
    assert site.taken <= MOST_TEXT + BUFFERS


# --- what holds it up, and what ends it


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(looks, "ANSWER_WITHIN", 0.3)


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize(
    "site",
    [
        lambda: Site(OK + b"X: " + b"y" * 4000, drips=True),
        lambda: Site(b"", waits=0.7),
        lambda: Site(b"HTTP/1.1 200 OK\r\nX-One: 1\r\n", waits=0.7),
    ],
)
def test_slowness_ends(site: Callable[[], Site]) -> None:
    began = time.monotonic()
    with site() as slow:
        assert see(slow) == Look(Seen.UNCLEAR, why=Why.TOO_SLOW)
        assert time.monotonic() - began < 2


@pytest.mark.usefixtures("hasty")
def test_a_page_that_never_ends_its_text_ends() -> None:
    with Site(HTML + b"Content-Length: 999\r\n\r\n", waits=0.7) as site:
        assert see(site, words=GONE_WORDS) == Look(Seen.UNCLEAR, why=Why.TOO_SLOW)


def test_all_the_redirects_together_have_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(looks, "LONGEST_LOOK", 0.3)
    with Site(b"", waits=0.7) as site:
        assert see(site) == Look(Seen.UNCLEAR, why=Why.TOO_SLOW)


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.6\r\n\r\n",
        b"220 mail.test ESMTP\r\n\r\n",
        b"HTTP/2 200\r\n\r\n",
        b"HTTP/1.1 abc OK\r\n\r\n",
        b"HTTP/1.1 20 OK\r\n\r\n",
        b"HTTP/1.1 2000 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\n\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100_000 + b"\r\n\r\n",
        OK + b"".join(b"X-%d: y\r\n" % n for n in range(10_000)) + b"\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n" * 50,
        b"\x16\x03\x01\x02\x00" * 10,
        b"<html>no headers</html>",
        b"\xff" * 100_000,
    ],
)
def test_what_is_no_answer_is_said_so(head: bytes) -> None:
    with Site(head) as site:
        assert see(site) in (
            Look(Seen.UNCLEAR, why=Why.NOT_HTTP),
            Look(Seen.UNCLEAR, why=Why.NO_CONNECTION),  # it hung up with words of ours unread
        )


def test_an_announcement_comes_before_an_answer() -> None:
    with Site(b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 410 Gone\r\n\r\n") as site:
        assert see(site) == Look(Seen.GONE, 410)


def to(where: bytes, code: int = 302) -> bytes:
    return b"HTTP/1.1 %d Found\r\nLocation: " % code + where + b"\r\nContent-Length: 0\r\n\r\n"


def test_a_redirect_to_itself_is_a_circle() -> None:
    with Site(to(b"/p/1")) as site:
        assert see(site) == Look(Seen.UNCLEAR, 302, 1, Why.LOOP)
    assert site.connections == 1


def test_a_circle_of_three_is_one() -> None:
    class Circle(Site):
        def _say(self, line: socket.socket) -> None:
            self.asked_for(line)
            here = int(self.asked[-1].split(b" ")[1].rpartition(b"/")[2])
            line.sendall(to(b"/p/%d" % (here % 3 + 1)))

    with Circle(b"") as site:
        assert see(site) == Look(Seen.UNCLEAR, 302, 3, Why.LOOP)


def test_a_chain_without_end_has_one() -> None:
    class Chain(Site):
        def _say(self, line: socket.socket) -> None:
            self.asked_for(line)
            line.sendall(to(b"/p/%d" % (self.connections + 1), 308))

    with Chain(b"") as site:
        assert see(site) == Look(Seen.UNCLEAR, 308, MAX_HOPS, Why.TOO_MANY)
    assert site.connections == MAX_HOPS + 1


@pytest.mark.parametrize(
    "where", [b"\xff\xfe", b"http://[", b"mailto:x@y.test", b"", b"/\x00", "/été".encode()]
)
def test_odd_places_to_go_to(where: bytes) -> None:
    with Site(to(where)) as site:
        assert see(site).seen == Seen.UNCLEAR


def test_a_redirect_without_a_place_proves_nothing() -> None:
    with Site(b"HTTP/1.1 302 Found\r\n\r\n") as site:
        assert see(site) == Look(Seen.UNCLEAR, 302, why=Why.ODD)


def test_nobody_answers() -> None:
    with Site(b"") as site:
        pass
    assert see(site) == Look(Seen.UNCLEAR, why=Why.NO_CONNECTION)


def test_a_name_that_nobody_has() -> None:
    async def once() -> Look:
        async with Internet(lookup=resolver([]), site=9, trap=9) as guard:
            return await look(URL, guard)

    assert asyncio.run(once()) == Look(Seen.UNCLEAR, why=Why.NO_NAME)


# --- certificates


@pytest.mark.parametrize("name", ["site.test", "other.test"])
def test_a_certificate_that_nobody_vouches_for(name: str, tmp_path: Path) -> None:
    with Site(HTML + b"\r\n", tls=certificate(tmp_path, name)) as site:
        assert see(site, url="https://site.test/p/1") == Look(Seen.UNCLEAR, why=Why.CERTIFICATE)
    assert site.asked == []  # not a word was said to it


def secure(site: Site, folder: Path, name: str) -> Look:
    async def once() -> Look:
        make = Internet(lookup=resolver(PUBLIC), site=site.port, trap=9, tls=trusting(folder, name))
        async with make as guard:
            return await look("https://site.test/p/1", guard)

    return asyncio.run(once())


def test_the_certificate_is_of_the_name_although_the_address_is_pinned(tmp_path: Path) -> None:
    with Site(HTML + b"\r\n", tls=certificate(tmp_path, "site.test")) as site:
        assert secure(site, tmp_path, "site.test") == Look(Seen.THERE, 200)
    with Site(HTML + b"\r\n", tls=certificate(tmp_path, "other.test")) as site:
        assert secure(site, tmp_path, "other.test") == Look(Seen.UNCLEAR, why=Why.CERTIFICATE)


def test_a_site_that_speaks_no_tls(tmp_path: Path) -> None:
    with Listener(lambda line: line.sendall(HTML + b"\r\n")) as site:
        assert see(site, url="https://site.test/p/1").why == Why.NO_CONNECTION


# --- the words of a page

GONE_PAGE = (
    b"<html><head><title>x</title></head><body><h1>Sorry, this page isn&#39;t\n available</h1></body></html>"
)


def page(body: bytes, *headers: bytes) -> Site:
    head = b"".join(one + b"\r\n" for one in headers) or b"Content-Length: %d\r\n" % len(body)
    return Site(HTML + head + b"\r\n", body=body)


def chunked(body: bytes, size: int = 7) -> bytes:
    pieces = [body[at : at + size] for at in range(0, len(body), size)]
    return b"".join(b"%x;ext=1\r\n%s\r\n" % (len(one), one) for one in pieces) + b"0\r\n\r\n"


@pytest.mark.parametrize(
    "site",
    [
        lambda: page(GONE_PAGE),
        lambda: page(GONE_PAGE, b"X-No-Length: 1"),
        lambda: page(chunked(GONE_PAGE), b"Transfer-Encoding: chunked"),
        lambda: page(chunked(GONE_PAGE, 10_000), b"Transfer-Encoding: Chunked"),
        lambda: page(gzip.compress(GONE_PAGE), b"Content-Encoding: gzip"),
        lambda: page(zlib.compress(GONE_PAGE), b"Content-Encoding: deflate"),
    ],
)
def test_a_page_that_says_gone_is_gone(site: Callable[[], Site]) -> None:
    with site() as here:
        assert see(here, words=GONE_WORDS) == Look(Seen.GONE, 200)


def test_without_words_no_page_is_asked_for() -> None:
    with page(GONE_PAGE) as site:
        assert see(site) == Look(Seen.THERE, 200)
    assert [one.split(b" ")[0] for one in site.asked] == [b"HEAD"]


def test_words_behind_the_bound_are_not_seen() -> None:
    with page(b"<p>" + b"x" * MOST_TEXT + b"</p>" + GONE_PAGE) as site:
        assert see(site, words=GONE_WORDS) == Look(Seen.THERE, 200)


def test_a_bomb_opens_to_the_bound_and_no_further() -> None:
    bomb = gzip.compress(b"<p>" + b"x" * 50_000_000)
    with page(bomb, b"Content-Encoding: gzip", b"Content-Length: %d" % len(bomb)) as site:
        began = time.process_time()
        assert see(site, words=GONE_WORDS) == Look(Seen.THERE, 200)
        assert time.process_time() - began < 1


@pytest.mark.parametrize(
    "site",
    [
        lambda: page(b"\x00\x01 not gzip", b"Content-Encoding: gzip"),
        lambda: page(b"x", b"Content-Encoding: br"),
        lambda: page(b"x", b"Content-Encoding: gzip, gzip"),
    ],
)
def test_what_can_not_be_opened_tells_nothing(site: Callable[[], Site]) -> None:
    with site() as here:
        assert see(here, words=GONE_WORDS) == Look(Seen.UNCLEAR, 200, why=Why.UNREADABLE)


@pytest.mark.parametrize("body", [b"zz\r\nx", b"-5\r\nx", b"fffffffff\r\nx", b"", b"5\r\nab"])
def test_chunks_that_are_none(body: bytes) -> None:
    with page(body, b"Transfer-Encoding: chunked") as site:
        assert see(site, words=GONE_WORDS) == Look(Seen.UNCLEAR, why=Why.NOT_HTTP)


@pytest.mark.parametrize(
    ("text", "is_gone"),
    [
        ("<h1>Sorry, this page isn’t available</h1>", True),
        ("<h1>SORRY,\n\tthis&nbsp;page isn't <b>available</b></h1>", True),
        ('<script>var t = "Sorry, this page isn\'t available"</script><p>A post</p>', False),
        ("<STYLE>/* Sorry, this page isn't available */</STYLE><p>A post</p>", False),
        ("<!-- Sorry, this page isn't available --><p>A post</p>", False),
        ('<p title="Sorry, this page isn\'t available">A post</p>', False),
        ("<script>x</script><h1>Sorry, this page isn't available</h1>", True),
        ("<script>never closed <h1>Sorry, this page isn't available</h1>", False),
        ("İ<script>İİİ</script><h1>Sorry, this page isn't available</h1>", True),
        ("", False),
    ],
)
def test_what_a_reader_of_the_page_sees_counts(text: str, is_gone: bool) -> None:
    assert says_gone(text, GONE_WORDS) is is_gone


def test_empty_words_say_nothing() -> None:
    assert not says_gone("<p>A post</p>", ("", "  "))


@given(st.text(alphabet="<>!-/scriptyle aİ", max_size=300))
def test_no_page_is_too_odd_to_read(text: str) -> None:
    assert "<script" not in shown(text).lower() or "&lt" in text


@pytest.mark.parametrize("piece", ["<script", "<!--", "<", "<style>", "</", "&", "<a "])
def test_reading_takes_no_longer_for_odd_pages(piece: str) -> None:
    began = time.process_time()
    shown(piece * (MOST_TEXT // len(piece)))
    assert time.process_time() - began < 0.5


# --- what an answer means


@pytest.mark.parametrize(
    ("status", "seen"),
    [
        *((code, (Seen.THERE, None)) for code in (200, 204, 206)),
        *((code, (Seen.GONE, None)) for code in (404, 410, 451)),
        *((code, (Seen.UNCLEAR, Why.TURNED_AWAY)) for code in (401, 403, 429)),
        *((code, (Seen.UNCLEAR, Why.TROUBLE)) for code in (500, 502, 503)),
        *((code, (Seen.UNCLEAR, Why.ODD)) for code in (304, 400, 418)),
    ],
)
def test_statuses_mean(status: int, seen: tuple[Seen, Why | None]) -> None:
    assert meaning(status, "https://a.test/p", "https://a.test/p") == seen


@pytest.mark.parametrize(
    "last", ["https://a.test/", "https://a.test/login?next=x", "https://a.test/accounts/x"]
)
def test_a_redirect_to_the_front_page_or_a_login_proves_nothing(last: str) -> None:
    assert meaning(200, "https://a.test/p/1", last) == (Seen.UNCLEAR, Why.ASKS_TO_LOG_IN)


def simulated(url: str, **more: Any) -> Look:
    async def once() -> Look:
        async with Guard() as guard:
            return await look(url, guard, **more)

    return asyncio.run(once())


def test_a_page_of_the_simulator_is_seen_and_seen_gone(simulator: RunningSimulator) -> None:
    url = "https://chatter.example/look/1"
    assert simulated(url).seen == Seen.THERE
    simulator.put_page(url, gone=True)
    assert simulated(url) == Look(Seen.GONE, 404)


def test_a_platform_that_answers_200_says_it_in_words(simulator: RunningSimulator) -> None:
    simulator.control("chatter", soft_404=True)
    url = "https://chatter.example/look/2"
    simulator.put_page(url, gone=True)
    assert simulated(url) == Look(Seen.THERE, 200)
    assert simulated(url, words=GONE_WORDS) == Look(Seen.GONE, 200)
    assert simulated("https://chatter.example/look/3", words=GONE_WORDS) == Look(Seen.THERE, 200)
    simulator.control("chatter", soft_404=False)
