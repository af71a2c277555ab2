"""The guard reaches nothing private: some 300 hostile addresses, redirects to each, and names that change their mind."""

import asyncio
import socket
from collections.abc import Callable, Iterator
from typing import Any
from unittest import mock

import pytest

from cases.takedowns import guard as guards
from cases.takedowns.guard import Guard, Refused, check_address, is_public
from cases.takedowns.looks import look
from cases.takedowns.seeing import Look, Seen, Why
from tests.cases.takedowns.hostile import HOSTILE, PRIVATE, PUBLIC, Internet, Listener, Site, resolver

THERE = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


def see(url: str, make: Callable[[], Guard], **more: Any) -> Look:
    async def once() -> Look:
        async with make() as guard:
            return await look(url, guard, **more)

    return asyncio.run(once())


@pytest.fixture
def trap(monkeypatch: pytest.MonkeyPatch) -> Iterator[Listener]:
    """Listens on every private address this machine has; whoever connects is counted."""
    with Listener() as trap:
        yield trap


def test_there_are_at_least_two_hundred() -> None:
    assert len(HOSTILE) >= 200


@pytest.mark.parametrize("address", PRIVATE)
def test_private_addresses_are_refused(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    "address", [PUBLIC, "2606:4700::1111", "8.8.8.8", "2002:808:808::1", "64:ff9b::808:808"]
)
def test_public_addresses_pass(address: str) -> None:
    assert is_public(address)


def test_the_trap_counts(trap: Listener) -> None:
    """The proof that the next tests can fail: without its judgement, the guard would go there."""
    with mock.patch.object(guards, "is_public", return_value=True):
        see("http://127.0.0.1/x", lambda: Internet(lookup=resolver("127.0.0.1"), site=9, trap=trap.port))
        see("http://[::1]/x", lambda: Internet(lookup=resolver("::1"), site=9, trap=trap.port))
    assert trap.connections == 2


def test_no_hostile_address_is_connected_to(trap: Listener) -> None:
    """With this machine's own resolver where it has an answer, and a resolver that says 127.0.0.1 for every name beside."""
    asked: list[str] = []

    def loopback(host: Any, port: Any, *args: Any, **kwargs: Any) -> list[Any]:
        asked.append(host)
        return resolver("127.0.0.1")(host, port)

    async def all_of_them() -> list[Look]:
        async with Internet(lookup=loopback, site=9, trap=trap.port) as guard:
            return [await look(url, guard) for url in HOSTILE]

    found = asyncio.run(all_of_them())
    wrong = [url for url, seen in zip(HOSTILE, found, strict=True) if seen.seen != Seen.UNCLEAR]
    assert wrong == []
    assert {seen.why for seen in found} <= {Why.NOT_WEB, Why.PORT, Why.NOT_PUBLIC}
    assert trap.connections == 0


@pytest.mark.parametrize("url", [one for one in HOSTILE if "site.test" not in one and "a" * 99 not in one])
def test_a_spelling_is_refused_before_anything_is_looked_up(url: str) -> None:
    with pytest.raises(Refused):
        check_address(url)


def test_no_redirect_leads_to_a_hostile_address(trap: Listener) -> None:
    """A public site redirects to each of them: the guard stands at every hop."""
    line_breaks = {"\r", "\n"}
    targets = [one for one in HOSTILE if one.strip() and "://" in one and not line_breaks & set(one)]

    class Redirecting(Site):
        def _say(self, line: socket.socket) -> None:
            self.asked_for(line)
            number = self.asked[-1].split(b" ")[1].removeprefix(b"/")
            if not number.isdigit():  # "http:///x" is a path of this very site to some
                line.sendall(b"HTTP/1.1 400 No\r\n\r\n")
                return
            target = targets[int(number)].encode()
            line.sendall(b"HTTP/1.1 302 Found\r\nLocation: " + target + b"\r\nContent-Length: 0\r\n\r\n")

    def lookup(host: Any, port: Any, *args: Any, **kwargs: Any) -> list[Any]:
        return resolver(PUBLIC if host == "public.test" else "127.0.0.1")(host, port)

    asked: list[int] = []

    async def all_of_them() -> list[Look]:
        with Redirecting(b"") as site:
            async with Internet(lookup=lookup, site=site.port, trap=trap.port) as guard:
                seen = [await look(f"http://public.test/{n}", guard) for n in range(len(targets))]
            asked.append(len(site.asked))
        return seen

    found = asyncio.run(all_of_them())
    assert len(targets) >= 200
    assert asked[0] >= len(targets)
    assert [url for url, seen in zip(targets, found, strict=True) if seen.seen != Seen.UNCLEAR] == []
    assert trap.connections == 0


def test_a_name_that_changes_its_mind_gains_nothing(trap: Listener) -> None:
    """Rebinding: public at the first question, private at the second. Each connection goes to what was judged for it."""
    with Site(THERE) as site:
        guard = Internet(lookup=resolver(PUBLIC, "127.0.0.1"), site=site.port, trap=trap.port)

        async def twice() -> list[Look]:
            async with guard:
                return [await look("http://rebind.test/x", guard) for _ in range(2)]

        first, second = asyncio.run(twice())
    assert first == Look(Seen.THERE, 200)
    assert second == Look(Seen.UNCLEAR, why=Why.NOT_PUBLIC)
    assert guard.reached == [PUBLIC]
    assert trap.connections == 0


def test_a_name_is_asked_for_once_a_connection() -> None:
    """Between the judgement and the connection nobody asks the resolver again."""
    asked: list[str] = []

    def lookup(host: Any, port: Any, *args: Any, **kwargs: Any) -> list[Any]:
        asked.append(host)
        return resolver(PUBLIC)(host, port)

    with Site(THERE) as site:
        see("http://one.test/x", lambda: Internet(lookup=lookup, site=site.port, trap=9))
    assert asked == ["one.test"]


@pytest.mark.parametrize("address", PRIVATE)
def test_one_private_address_among_public_ones_is_enough(address: str, trap: Listener) -> None:
    found = see(
        "https://mixed.test/x",
        lambda: Internet(lookup=resolver([PUBLIC, address]), site=9, trap=trap.port),
    )
    assert found == Look(Seen.UNCLEAR, why=Why.NOT_PUBLIC)
    assert trap.connections == 0


def test_the_demo_does_not_leave_this_machine(settings: Any) -> None:
    settings.DEMO = True
    assert see("http://site.test/", Guard) == Look(Seen.UNCLEAR, why=Why.NOT_PUBLIC)


# --- through a proxy


class Proxy(Listener):
    """Takes CONNECT, and plays the site behind itself."""

    def __init__(self, answer: bytes = b"HTTP/1.1 200 Connection established\r\n\r\n") -> None:
        super().__init__(self._tunnel)
        self._answer_line = answer

    def _tunnel(self, line: socket.socket) -> None:
        self.asked_for(line)
        line.sendall(self._answer_line)
        if b" 200 " in self._answer_line:
            self.asked_for(line)
            line.sendall(THERE)


def behind(proxy: Proxy, *answers: str) -> Callable[[], Guard]:
    def lookup(host: Any, port: Any, *args: Any, **kwargs: Any) -> list[Any]:
        return (
            resolver("127.0.0.1")(host, port) if host == "proxy.internal" else resolver(*answers)(host, port)
        )

    return lambda: Guard(lookup=lookup, proxy=f"http://looker:s%3Acret@proxy.internal:{proxy.port}")


def test_the_proxy_is_asked_for_the_address_that_was_judged_never_for_the_name() -> None:
    with Proxy() as proxy:
        assert see("http://site.test/p/1", behind(proxy, PUBLIC)) == Look(Seen.THERE, 200)
    connect, asked = proxy.asked
    assert connect.startswith(f"CONNECT {PUBLIC}:80 HTTP/1.1\r\n".encode())
    assert b"site.test" not in connect
    assert b"Proxy-Authorization: Basic bG9va2VyOnM6Y3JldA==\r\n" in connect
    assert asked.startswith(b"HEAD /p/1 HTTP/1.1\r\nHost: site.test\r\n")


def test_behind_a_proxy_private_names_are_refused_here() -> None:
    with Proxy() as proxy:
        assert see("https://site.test/", behind(proxy, "10.0.0.1")).why == Why.NOT_PUBLIC
        assert see("https://10.0.0.1/", behind(proxy, "10.0.0.1")).why == Why.NOT_PUBLIC
    assert proxy.connections == 0


@pytest.mark.parametrize(
    "answer", [b"HTTP/1.1 403 Forbidden\r\n\r\n", b"HTTP/1.1 407 No\r\n\r\n", b"SSH-2.0-x\r\n\r\n", b""]
)
def test_a_proxy_that_refuses_is_no_connection(answer: bytes) -> None:
    with Proxy(answer) as proxy:
        assert see("http://site.test/", behind(proxy, PUBLIC)) == Look(Seen.UNCLEAR, why=Why.NO_CONNECTION)


def test_the_setting_names_the_proxy(settings: Any) -> None:
    with Proxy() as proxy:
        settings.EGRESS_PROXY = f"http://127.0.0.1:{proxy.port}"
        lookup = resolver(PUBLIC)

        def both(host: Any, port: Any, *args: Any, **kwargs: Any) -> list[Any]:
            return resolver(host)(host, port) if host == "127.0.0.1" else lookup(host, port)

        assert see("http://site.test/", lambda: Guard(lookup=both)).seen == Seen.THERE
    assert proxy.connections == 1
