"""Sending to a platform that behaves, and to one that does not. Every send here is a real one, over a real connection."""

import json
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.utils import timezone

from cases.takedowns import actions, dispatch
from cases.takedowns.connectors.base import Sent
from cases.takedowns.dispatch import lanes
from cases.takedowns.models import Attempt, Notice, Takedown
from cases.takedowns.states import Outcome, Result, Source, Status
from helpline.accounts.models import Staff
from helpline.platforms.models import Channel, ChannelKind, Platform
from reports import actions as reports
from reports.actions import LinkFacts
from reports.models import Update
from reports.states import News
from tests.platforms import receipts
from tests.platforms.simulator import RunningSimulator
from tests.platforms_simulator.helplines import Listener

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

Ask = Callable[..., Takedown]


@pytest.fixture
def ask(open_case: Any, nour: Staff) -> Ask:
    """Ask for the removal of one new link on a platform."""

    def make(slug: str = "chatter", path: str = "p/1", **facts: Any) -> Takedown:
        now = timezone.now()
        case = open_case(at=now, links=(LinkFacts(url=f"https://{slug}.example/{path}"),), **facts)
        [takedown] = actions.request_takedown(case=case, links=list(case.report.links.all()), by=nour, at=now)
        return takedown

    return make


def run() -> int:
    return dispatch.run(max_seconds=20)


def deliveries(simulator: RunningSimulator, takedown: Takedown) -> int:
    """How often the platform received this notice, by its own receipts."""
    found = [n for n in receipts.notices(simulator.receipts) if n["notice_id"] == str(takedown.notice_id)]
    return len(found)


def test_sent_means_sent(live: Any, simulator: RunningSimulator, ask: Ask) -> None:
    live("chatter")
    takedown = ask()
    assert run() == 1
    takedown.refresh_from_db()
    [attempt] = takedown.notice.attempts.all()
    assert (takedown.status, takedown.transport, attempt.result) == (
        Status.SENT,
        Result.ACCEPTED,
        Result.ACCEPTED,
    )
    assert takedown.sent_at == attempt.started_at
    assert Notice.objects.get().reference
    assert Update.objects.filter(link=takedown.link_id, what=News.SENT).exists()
    assert deliveries(simulator, takedown) == 1
    assert run() == 0


def test_the_attempt_is_written_before_anything_leaves(
    live: Any, simulator: RunningSimulator, ask: Ask
) -> None:
    live("chatter")
    takedown = ask()
    now = timezone.now()
    [claim] = dispatch.claim(dispatch.routes([ChannelKind.HTTP_API], now=now), limit=10, now=now)
    attempt = Attempt.objects.get()
    assert (attempt.result, attempt.finished_at) == ("", None)
    assert bytes(attempt.digest) == dispatch.proof_of(claim.body)
    takedown.refresh_from_db()
    assert takedown.status == Status.SENDING
    assert deliveries(simulator, takedown) == 0


@pytest.mark.parametrize(
    ("answer", "status", "result"),
    [
        ("422", Status.FAILED, Result.REFUSED),
        ("403", Status.FAILED, Result.REFUSED),
        ("429", Status.QUEUED, Result.RETRY),
        ("503", Status.QUEUED, Result.RETRY),
        ("500", Status.UNKNOWN, Result.UNKNOWN),
        ("accept_then_500", Status.UNKNOWN, Result.UNKNOWN),
        ("accept_then_html", Status.UNKNOWN, Result.UNKNOWN),
        ("accept_then_drop", Status.UNKNOWN, Result.UNKNOWN),
        ("drop", Status.UNKNOWN, Result.UNKNOWN),
    ],
)
def test_each_answer_means_what_the_wire_says(
    live: Any, ask: Ask, answer: str, status: Status, result: Result
) -> None:
    live("chatter", answers={answer: 1.0}, retry_after=60)
    takedown = ask()
    assert run() == 1
    takedown.refresh_from_db()
    notice = takedown.notice
    assert (takedown.status, takedown.transport) == (status, result)
    assert notice.lease_until is None
    if status == Status.QUEUED:
        assert notice.due_at is not None and notice.due_at > timezone.now() + timedelta(seconds=50)
    if status == Status.UNKNOWN:
        assert notice.ask_at is not None
        assert run() == 0  # never resent blindly


@pytest.mark.parametrize(("answer", "was_there"), [("accept_then_drop", True), ("drop", False)])
def test_an_unknown_send_is_settled_by_asking_and_delivered_once(
    live: Any, simulator: RunningSimulator, ask: Ask, answer: str, was_there: bool
) -> None:
    live("chatter", answers={answer: 1.0}, outcomes={"never": 1.0})
    takedown = ask()
    run()
    simulator.control("chatter", answers={})
    Notice.objects.update(ask_at=timezone.now())
    assert dispatch.settle(now=timezone.now()) == 1
    takedown.refresh_from_db()
    assert takedown.status in ((Status.SENT, Status.ACKNOWLEDGED) if was_there else (Status.QUEUED,))
    run()
    takedown.refresh_from_db()
    assert takedown.status in (Status.SENT, Status.ACKNOWLEDGED)
    assert deliveries(simulator, takedown) == 1
    assert takedown.notice.attempts.count() == (1 if was_there else 2)


@pytest.mark.parametrize("was_there", [True, False])
def test_an_unknown_send_to_an_older_address_is_never_sent_again_by_a_machine(
    live: Any, simulator: RunningSimulator, ask: Ask, nour: Staff, was_there: bool
) -> None:
    live("chatter", answers={"accept_then_drop" if was_there else "drop": 1.0}, outcomes={"never": 1.0})
    takedown = ask()
    run()
    simulator.control("chatter", answers={})
    Channel.objects.update(changed_at=timezone.now(), changed_by=nour)
    Notice.objects.update(ask_at=timezone.now())
    assert dispatch.settle(now=timezone.now()) == was_there  # who has it, has it
    takedown.refresh_from_db()
    assert takedown.status in ((Status.SENT, Status.ACKNOWLEDGED) if was_there else (Status.UNKNOWN,))
    assert (takedown.notice.ask_at, takedown.notice.due_at) == (None, None)  # a person decides


def test_an_address_nobody_approved_is_not_even_asked(
    live: Any, simulator: RunningSimulator, ask: Ask
) -> None:
    live("chatter", answers={"accept_then_drop": 1.0})
    takedown = ask()
    run()
    simulator.control("chatter", answers={})
    Channel.objects.update(enabled=False, approved_at=None, approved_by=None)
    Notice.objects.update(ask_at=timezone.now(), poll_at=timezone.now())
    assert (dispatch.settle(now=timezone.now()), dispatch.poll(now=timezone.now())) == (0, 0)
    takedown.refresh_from_db()
    assert (takedown.status, takedown.notice.asks) == (Status.UNKNOWN, 0)


def test_a_callback_that_was_lost_is_made_good_by_asking(
    live: Any, simulator: RunningSimulator, ask: Ask
) -> None:
    """Given a platform that removes and whose callback never comes, then it is asked, until it has decided."""
    live("chatter", callbacks=False, outcomes={"never": 1.0})
    takedown = ask()
    now = timezone.now()
    first = Notice.objects.get().poll_at
    assert first == takedown.requested_at + actions.FIRST_POLL
    run()
    assert dispatch.poll(now=now) == 0  # its time has not come
    assert dispatch.poll(now=first) == 1
    takedown.refresh_from_db()
    assert takedown.status in (Status.SENT, Status.ACKNOWLEDGED)  # nothing is decided
    again = Notice.objects.get().poll_at
    assert again > first

    live("snaproom", callbacks=False, decide_after=[0.0, 0.0], outcomes={"removed": 1.0})
    other = ask("snaproom")
    run()
    time.sleep(0.3)
    assert dispatch.poll(now=again) == 2
    other.refresh_from_db()
    assert (other.status, other.platform_says) == (Status.REMOVED, Outcome.REMOVED)
    assert other.events.filter(source=Source.QUERY, what=Outcome.REMOVED).count() == 1
    dispatch.poll(now=again + timedelta(days=2))
    other.notice.refresh_from_db()
    assert other.notice.poll_at is None  # decided: nothing to ask any more
    assert other.events.filter(what=Outcome.REMOVED).count() == 1


def test_a_platform_nobody_reaches_is_tried_again_later_and_given_up_at_last(
    ask: Ask, chatter: Platform
) -> None:
    takedown = ask()  # its channel leads to a port where nobody listens
    for _ in range(dispatch.MAX_TRIES):
        Notice.objects.update(due_at=timezone.now())
        Channel.objects.update(paused_until=None)
        assert run() == 1
    takedown.refresh_from_db()
    assert (takedown.status, takedown.transport) == (Status.FAILED, Result.RETRY)
    assert Notice.objects.get().due_at is None
    assert Attempt.objects.count() == dispatch.MAX_TRIES


def test_a_worker_that_dies_leaves_an_unknown(live: Any, ask: Ask) -> None:
    live("chatter")
    takedown = ask()
    now = timezone.now()
    [claim] = dispatch.claim(dispatch.routes([ChannelKind.HTTP_API], now=now), limit=10, now=now)
    assert dispatch.reap(now=now) == 0  # its lease still holds
    Notice.objects.update(lease_until=now - timedelta(seconds=1))
    assert dispatch.reap(now=now) == 1
    takedown.refresh_from_db()
    assert (takedown.status, Attempt.objects.get().result) == (Status.UNKNOWN, Result.UNKNOWN)
    assert Notice.objects.get().ask_at == now
    # The stalled one comes back and speaks: its fence is old, nothing is written.
    assert dispatch.finish([(claim, Sent(Result.ACCEPTED, reference="late"))], now=now) == 0
    takedown.refresh_from_db()
    assert (takedown.status, Notice.objects.get().reference) == (Status.UNKNOWN, "")


def test_two_workers_never_take_the_same_row(live: Any, ask: Ask) -> None:
    live("chatter")
    for number in range(6):
        ask(path=f"p/{number}")
    now = timezone.now()
    open_routes = dispatch.routes([ChannelKind.HTTP_API], now=now)
    first = dispatch.claim(open_routes, limit=4, now=now)
    second = dispatch.claim(open_routes, limit=4, now=now)
    assert (len(first), len(second)) == (4, 2)
    assert not {claim.notice_id for claim in first} & {claim.notice_id for claim in second}


def test_a_callback_quicker_than_our_own_writing_is_not_lost(live: Any, ask: Ask) -> None:
    live("chatter")
    takedown = ask()
    now = timezone.now()
    [claim] = dispatch.claim(dispatch.routes([ChannelKind.HTTP_API], now=now), limit=10, now=now)
    actions.record_outcome(
        takedown=takedown, outcome=Outcome.REMOVED, source=Source.CALLBACK, at=now, recorded_at=now
    )
    dispatch.finish([(claim, Sent(Result.ACCEPTED, reference="r"))], now=now + timedelta(seconds=1))
    takedown.refresh_from_db()
    assert (takedown.status, takedown.acted_at) == (Status.REMOVED, now)


def test_what_was_withdrawn_before_it_left_stays_here(
    live: Any, simulator: RunningSimulator, ask: Ask
) -> None:
    live("chatter")
    takedown = ask()
    reports.withdraw(report=takedown.case.report, links=[takedown.link], at=timezone.now())
    assert run() == 0
    actions.follow_withdrawals(at=timezone.now())
    takedown.refresh_from_db()
    assert takedown.status == Status.WITHDRAWN
    assert deliveries(simulator, takedown) == 0


@pytest.mark.parametrize("how", ["cancelled", "withdrawn"])
def test_of_several_items_only_the_wanted_ones_leave(
    live: Any, open_case: Any, nour: Staff, how: str
) -> None:
    live("chatter").channels.update(max_items=10)
    now = timezone.now()
    case = open_case(at=now, links=tuple(LinkFacts(url=f"https://chatter.example/p/{n}") for n in range(3)))
    takedowns = actions.request_takedown(case=case, links=list(case.report.links.all()), by=nour, at=now)
    unwanted = takedowns[1]
    if how == "cancelled":
        actions.cancel(takedown=unwanted, by=nour, at=now)
    else:
        reports.withdraw(report=case.report, links=[unwanted.link], at=now)
    [claim] = dispatch.claim(dispatch.routes([ChannelKind.HTTP_API], now=now), limit=10, now=now)
    kept = {str(one.pk) for one in takedowns} - {str(unwanted.pk)}
    assert {item.item_id for item in claim.content.items} == kept
    assert str(unwanted.pk).encode() not in claim.body


def test_a_reference_told_by_a_callback_is_kept(live: Any, ask: Ask) -> None:
    live("chatter")
    ask()
    now = timezone.now()
    [claim] = dispatch.claim(dispatch.routes([ChannelKind.HTTP_API], now=now), limit=10, now=now)
    Notice.objects.update(reference="told before")
    dispatch.finish([(claim, Sent(Result.UNKNOWN, detail="no answer"))], now=now)
    assert Notice.objects.get().reference == "told before"


@pytest.mark.parametrize(
    "change", [{"enabled": False}, {"paused_until": timezone.now() + timedelta(hours=1)}]
)
def test_a_channel_switched_off_or_paused_is_not_used(live: Any, ask: Ask, change: dict[str, Any]) -> None:
    live("chatter")
    takedown = ask()
    Channel.objects.update(**change)
    assert run() == 0
    takedown.refresh_from_db()
    assert (takedown.status, takedown.notice.due_at is not None) == (Status.QUEUED, True)


def test_mail_is_a_real_conversation_with_an_id_of_its_own(
    live: Any, simulator: RunningSimulator, ask: Ask
) -> None:
    live("pixboard", ChannelKind.EMAIL)
    takedown = ask("pixboard", "i/7")
    assert run() == 1
    takedown.refresh_from_db()
    assert (takedown.status, takedown.transport) == (Status.SENT, Result.ACCEPTED)
    [mail] = [one for one in receipts.mails(simulator.receipts) if str(takedown.notice_id) in str(one)]
    assert mail["slug"] == "pixboard"


def test_an_xarf_report_leaves_by_mail(live: Any, simulator: RunningSimulator, ask: Ask) -> None:
    live("pixboard", ChannelKind.EMAIL).channels.update(kind=ChannelKind.XARF)
    takedown = ask("pixboard", "i/7")
    assert run() == 1
    takedown.refresh_from_db()
    assert (takedown.status, takedown.transport) == (Status.SENT, Result.ACCEPTED)
    [mail] = [one for one in receipts.mails(simulator.receipts) if str(takedown.notice_id) in str(one)]
    assert mail["slug"] == "pixboard"
    [number] = [one["number"] for one in simulator.ask("mails") if str(takedown.notice_id) in str(one)]
    assert b"feedback-report" in simulator.get(f"/mail/{number}?raw")


def test_an_xarf_report_leaves_over_the_web(live: Any, ask: Ask) -> None:
    host = Listener(answers=[202])
    try:
        live("pixboard").channels.update(kind=ChannelKind.XARF, address=f"{host.url}/xarf", max_items=1)
        takedown = ask("pixboard", "i/7")
        assert run() == 1
    finally:
        host.close()
    takedown.refresh_from_db()
    [report] = [json.loads(one.body) for one in host.told]
    assert (takedown.status, takedown.transport) == (Status.SENT, Result.ACCEPTED)
    assert "https://pixboard.example/i/7" in json.dumps(report)


def test_no_mail_server_means_later_not_lost(settings: Any, ask: Ask, pixboard: Platform) -> None:
    settings.EMAIL_PORT = 9
    takedown = ask("pixboard", "i/8")
    assert run() == 1
    takedown.refresh_from_db()
    assert (takedown.status, takedown.transport) == (Status.QUEUED, Result.RETRY)


def test_a_fault_of_ours_is_an_unknown_not_a_loss(
    live: Any, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    live("chatter")
    takedown = ask()

    async def explode(*args: Any, **kwargs: Any) -> Sent:
        raise RuntimeError("boom")

    from cases.takedowns.connectors.http_api.connector import HttpApiConnector

    monkeypatch.setattr(HttpApiConnector, "send", explode)
    assert run() == 1
    takedown.refresh_from_db()
    assert takedown.status == Status.UNKNOWN


def test_many_at_once_all_leave_once(
    live: Any, simulator: RunningSimulator, ask: Ask, open_case: Any, nour: Staff
) -> None:
    live("chatter", answers={"503": 0.1}, retry_after=1, latency=[0.01, 0.05], outcomes={"never": 1.0})
    now = timezone.now()
    urls = tuple(LinkFacts(url=f"https://chatter.example/many/{n}") for n in range(60))
    case = open_case(at=now, links=urls)
    actions.request_takedown(case=case, links=list(case.report.links.all()), by=nour, at=now)
    for _ in range(10):
        run()
        Notice.objects.exclude(due_at=None).update(due_at=timezone.now())
        if not Takedown.objects.exclude(status=Status.SENT).exists():
            break
    assert Takedown.objects.filter(status=Status.SENT).count() == 60
    assert receipts.delivered_more_than_once(simulator.receipts) in ([], {}, set())


def test_an_old_and_a_new_holder_in_one_batch(live: Any, ask: Ask) -> None:
    live("chatter")
    takedown = ask()
    now = timezone.now()
    open_routes = dispatch.routes([ChannelKind.HTTP_API], now=now)
    [stalled] = dispatch.claim(open_routes, limit=10, now=now)
    Notice.objects.update(lease_until=now - timedelta(seconds=1))
    dispatch.reap(now=now)
    actions.resolve_unknown(takedown=takedown, was_sent=False, by=None, at=now)
    [fresh] = dispatch.claim(open_routes, limit=10, now=now)
    both = [(fresh, Sent(Result.ACCEPTED, reference="r")), (stalled, Sent(Result.REFUSED, detail="no"))]
    assert dispatch.finish(both, now=now) == 1
    takedown.refresh_from_db()
    assert (takedown.status, takedown.notice.reference) == (Status.SENT, "r")
    results = Attempt.objects.order_by("number").values_list("result", flat=True)
    assert list(results) == [Result.UNKNOWN, Result.ACCEPTED]


def test_what_found_no_free_line_in_time_does_not_leave(
    live: Any, simulator: RunningSimulator, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    live("chatter")
    takedown = ask()
    monkeypatch.setattr(lanes, "LONGEST_IN_STOCK", timedelta(seconds=-1))
    run()
    takedown.refresh_from_db()
    assert (takedown.status, takedown.transport) == (Status.QUEUED, Result.NOT_SENT)
    assert takedown.notice.due_at is not None
    assert deliveries(simulator, takedown) == 0


@pytest.mark.parametrize("lines", [1, 3])
def test_more_than_there_are_lines_all_leave(
    live: Any,
    simulator: RunningSimulator,
    open_case: Any,
    nour: Staff,
    monkeypatch: pytest.MonkeyPatch,
    lines: int,
) -> None:
    live("chatter", latency=[0.01, 0.02], outcomes={"never": 1.0})
    monkeypatch.setitem(dispatch.LANES, ChannelKind.HTTP_API, lines)
    now = timezone.now()
    case = open_case(
        at=now, links=tuple(LinkFacts(url=f"https://chatter.example/few/{n}") for n in range(20))
    )
    actions.request_takedown(case=case, links=list(case.report.links.all()), by=nour, at=now)
    assert run() == 20
    assert Takedown.objects.filter(status=Status.SENT).count() == 20
    assert not receipts.delivered_more_than_once(simulator.receipts)


@pytest.mark.parametrize("tries", [1, 2, 5, 30])
def test_the_pause_grows_and_has_a_ceiling(tries: int) -> None:
    assert dispatch.pause(tries, 0.0) == timedelta(0)
    longest = dispatch.pause(tries, 1.0)
    assert longest == min(dispatch.LONGEST_PAUSE, dispatch.FIRST_PAUSE * 2 ** (tries - 1))


def test_a_claim_costs_the_same_queries_for_one_and_for_many(
    live: Any, ask: Ask, django_assert_max_num_queries: Any
) -> None:
    live("chatter")
    for number in range(20):
        ask(path=f"q/{number}")
    now = timezone.now()
    open_routes = dispatch.routes([ChannelKind.HTTP_API], now=now)
    with django_assert_max_num_queries(8):
        claims = dispatch.claim(open_routes, limit=20, now=now)
    ends = [
        Sent(Result.ACCEPTED, reference="r"),
        Sent(Result.RETRY),
        Sent(Result.REFUSED),
        Sent(Result.UNKNOWN),
    ]
    with django_assert_max_num_queries(16):
        dispatch.finish([(claim, ends[place % 4]) for place, claim in enumerate(claims)], now=now)
    assert connection.in_atomic_block is False
    assert {UUID(str(claim.notice_id)) for claim in claims} == set(
        Notice.objects.values_list("pk", flat=True)
    )
    assert isinstance(now, datetime)
