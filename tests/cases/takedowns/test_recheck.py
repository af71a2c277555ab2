"""Looking without seeing: what a look may reach, what it means, and what it changes."""

import asyncio
import threading
from collections.abc import Callable
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from django.utils import timezone

from cases.takedowns import actions, recheck
from cases.takedowns.models import Takedown
from cases.takedowns.recheck import Look, Refused, Seen
from cases.takedowns.states import Outcome, Status
from helpline.accounts.models import Staff
from reports.models import Link, Update
from reports.states import LinkStatus, News
from tests.platforms.simulator import RunningSimulator


def look(url: str) -> Look:
    async def once() -> Look:
        async with recheck.session() as http:
            return await recheck.look(url, http)

    return asyncio.run(once())


# --- the guard

PRIVATE = [
    "127.0.0.1",
    "10.0.0.1",
    "172.16.5.4",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "0.0.0.0",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "198.18.0.1",
    "192.0.2.1",
    "::1",
    "::",
    "fe80::1",
    "fc00::1",
    "ff02::1",
    "2001:db8::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "64:ff9b::7f00:1",
    "2002:7f00:1::",
    "2002:c0a8:101::1",
]


@pytest.mark.parametrize("address", PRIVATE)
def test_private_addresses_are_refused(address: str) -> None:
    assert not recheck.is_public(address)
    host = f"[{address}]" if ":" in address else address
    with pytest.raises(Refused):
        recheck.check_address(f"https://{host}/x")


@pytest.mark.parametrize("address", ["93.184.215.14", "2606:4700::1111", "8.8.8.8"])
def test_public_addresses_pass(address: str) -> None:
    assert recheck.is_public(address)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.1/",
        "http://2130706433/",
        "http://0x7f000001/",
        "http://0177.0.0.1/",
        "http://localhost/",
        "http://intranet/",
        "http://user:pass@site.test/",
        "http://user@site.test/",
        "http://site.test:8080/",
        "https://site.test:80/",
        "http://site.test:22/",
        "ftp://site.test/",
        "file:///etc/passwd",
        "gopher://site.test/",
        "javascript:alert(1)",
        "//site.test/",
        "http://",
        "http://[::1]/",
        "http://127.0。0.1/",
        "http://127．0．0．1/",
        "http://127.0｡0.1/",
        "http://0。0。0。0/",
        "http://[::ffff:7f00:1]/",
        "http://[",
        "http://site.test:99999/",
        "",
    ],
)
def test_addresses_that_are_not_plain_web_addresses_are_refused(url: str) -> None:
    with pytest.raises(Refused):
        recheck.check_address(url)
    assert look(url).seen == Seen.UNCLEAR


def test_a_name_that_resolves_to_a_private_address_is_never_connected_to(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A rebinding name: public when it was typed, private when it is looked up."""
    touched = threading.Event()

    class Trap(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            touched.set()

    server = HTTPServer(("127.0.0.1", 0), Trap)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    monkeypatch.setitem(recheck.PORTS, "http", server.server_port)

    async def resolve(loop: Any, host: str, port: int, **kwargs: Any) -> list[Any]:
        return [(2, 1, 6, "", ("127.0.0.1", server.server_port))]

    monkeypatch.setattr(asyncio.base_events.BaseEventLoop, "getaddrinfo", resolve)
    try:
        found = look(f"http://rebind.test:{server.server_port}/x")
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
    assert found.seen == Seen.UNCLEAR
    assert found.detail.startswith("refused")
    assert not touched.is_set()


# --- what an answer means


@pytest.mark.parametrize(
    ("status", "seen"),
    [
        (200, Seen.THERE),
        (204, Seen.THERE),
        (404, Seen.GONE),
        (410, Seen.GONE),
        (451, Seen.GONE),
        (401, Seen.UNCLEAR),
        (403, Seen.UNCLEAR),
        (429, Seen.UNCLEAR),
        (500, Seen.UNCLEAR),
        (503, Seen.UNCLEAR),
    ],
)
def test_statuses_mean(status: int, seen: Seen) -> None:
    assert recheck._meaning(status, "https://a.test/p", "https://a.test/p") == seen


@pytest.mark.parametrize(
    "last", ["https://a.test/", "https://a.test/login?next=x", "https://a.test/accounts/x"]
)
def test_a_redirect_to_the_front_page_or_a_login_proves_nothing(last: str) -> None:
    assert recheck._meaning(200, "https://a.test/p/1", last) == Seen.UNCLEAR


def test_a_page_of_the_simulator_is_seen_and_seen_gone(simulator: RunningSimulator) -> None:
    url = "https://chatter.example/look/1"
    assert look(url).seen == Seen.THERE
    simulator.put_page(url, gone=True)
    assert look(url) == Look(Seen.GONE, http_status=404)


# --- what a look changes


@pytest.fixture
def sent(open_case: Callable[..., Any], live: Any, nour: Staff) -> Takedown:
    """A post on Chatter whose request left a moment ago."""
    live("chatter")
    now = timezone.now()
    case = open_case(at=now)
    [takedown] = actions.request_takedown(case=case, links=list(case.report.links.all()), by=nour, at=now)
    takedown.status = Status.SENDING
    actions.mark_sent(takedown, at=now, started_at=now)
    takedown.save()
    return takedown


def again(takedown: Takedown) -> None:
    Takedown.objects.filter(pk=takedown.pk).update(next_look_at=timezone.now())
    assert recheck.run(now=timezone.now()) == 1
    takedown.refresh_from_db()


URL = "https://chatter.example/p/1"


@pytest.mark.django_db(transaction=True)
def test_gone_is_believed_at_the_third_miss(sent: Takedown, simulator: RunningSimulator) -> None:
    again(sent)
    assert (sent.observed, sent.status) == (Outcome.SEEN_THERE, Status.SENT)
    simulator.put_page(URL, gone=True)
    for misses in (1, 2):
        again(sent)
        assert (sent.misses, sent.status) == (misses, Status.SENT)
        assert sent.next_look_at is not None and sent.next_look_at < timezone.now() + timedelta(hours=1)
    again(sent)
    assert (sent.status, sent.observed) == (Status.GONE, Outcome.SEEN_GONE)
    assert Link.objects.get(pk=sent.link_id).status == LinkStatus.GONE
    assert Update.objects.filter(link=sent.link_id, what=News.GONE).count() == 1
    again(sent)
    assert Update.objects.filter(link=sent.link_id, what=News.GONE).count() == 1


@pytest.mark.django_db(transaction=True)
def test_one_page_there_again_starts_the_count_anew(sent: Takedown, simulator: RunningSimulator) -> None:
    simulator.put_page(URL, gone=True)
    again(sent)
    again(sent)
    simulator.put_page(URL, gone=False)
    again(sent)
    assert (sent.misses, sent.status) == (0, Status.SENT)


@pytest.mark.django_db(transaction=True)
def test_what_comes_back_is_noticed_and_may_go_again(sent: Takedown, simulator: RunningSimulator) -> None:
    simulator.put_page(URL, gone=True)
    for _ in range(3):
        again(sent)
    simulator.put_page(URL, gone=False)
    again(sent)
    assert sent.status == Status.REAPPEARED
    simulator.put_page(URL, gone=True)
    for _ in range(3):
        again(sent)
    assert sent.status == Status.GONE


@pytest.mark.django_db(transaction=True)
def test_an_erased_link_is_never_looked_at(sent: Takedown) -> None:
    sent.case.key = None
    sent.case.save()
    Takedown.objects.update(next_look_at=timezone.now())
    assert recheck.run(now=timezone.now()) == 1
    sent.refresh_from_db()
    assert (sent.next_look_at, sent.looks) == (None, 0)


@pytest.mark.django_db(transaction=True)
def test_looking_can_be_switched_off(sent: Takedown, settings: Any) -> None:
    settings.RECHECK_ENABLED = False
    Takedown.objects.update(next_look_at=timezone.now())
    assert recheck.run(now=timezone.now()) == 0


def test_the_schedule_counts_from_the_sending() -> None:
    sent_at = timezone.now()
    takedown = Takedown(sent_at=sent_at, requested_at=sent_at, status=Status.SENT)
    moments = []
    at = sent_at
    for _ in range(8):
        at = actions.look_after(takedown, at=at) or at
        moments.append((at - sent_at).total_seconds())
    assert moments == [900, 3600, 21_600, 86_400, 259_200, 604_800, 2_592_000, 7_776_000]
