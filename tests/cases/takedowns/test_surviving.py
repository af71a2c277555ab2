"""Channels that fail, rows that kill, things that change between asking and sending: each ends where somebody sees it."""

import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import OperationalError
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from cases.models import Case
from cases.takedowns import actions, dispatch, linting, notices
from cases.takedowns.connectors.base import Sent
from cases.takedowns.connectors.http_api.connector import HttpApiConnector
from cases.takedowns.dispatch import breaker, finishing, lanes
from cases.takedowns.dispatch.breaker import LONGEST_BREAK, LONGEST_PAUSE, THRESHOLD, Tally
from cases.takedowns.models import Attempt, Event, Notice, Takedown
from cases.takedowns.reasons import MAX_CRASHES, SILENT, Why, reason
from cases.takedowns.states import Result, Source, Status
from helpline.accounts.models import Staff
from helpline.audit.models import AuditRow
from helpline.platforms.models import Channel, ChannelKind, Platform
from reports.actions import LinkFacts
from reports.models import Link
from reports.states import LinkStatus
from tests.platforms import receipts
from tests.platforms.simulator import RunningSimulator
from tests.processes import ROOT, environment

OpenCase = Callable[..., Case]
REFUSED = Sent(Result.REFUSED, http_status=403, detail="HTTP 403")
FAULT = Sent(Result.UNKNOWN, detail="no answer: TimeoutError")
GOOD = Sent(Result.ACCEPTED, http_status=202, reference="r")
BUSY = Sent(Result.RETRY, http_status=429, detail="HTTP 429", retry_after=timedelta(seconds=90))
NOT_NOW = Sent(Result.RETRY, http_status=503, detail="HTTP 503")
AT_HOME = Sent(Result.NOT_SENT, detail="no line was free in time")


@pytest.fixture
def ask(open_case: OpenCase, nour: Staff) -> Callable[..., list[Takedown]]:
    """Ask for so many contents of one platform, a notice each."""

    def make(count: int = 1, *, slug: str = "chatter", word: str = "p") -> list[Takedown]:
        now = timezone.now() - timedelta(hours=1)  # a test's transaction began a while ago, too
        links = tuple(LinkFacts(url=f"https://{slug}.example/{word}/{n}") for n in range(count))
        case = open_case(at=now, links=links)
        return actions.request_takedown(case=case, links=list(case.report.links.all()), by=nour, at=now)

    return make


def claim(limit: int = 200) -> list[dispatch.Claim]:
    now = timezone.now()
    return dispatch.claim(dispatch.routes(list(dispatch.LANES), now=now), limit=limit, now=now)


def end(claims: list[dispatch.Claim], sent: Sent, *, jitter: float = 1.0) -> None:
    dispatch.finish([(one, sent) for one in claims], now=timezone.now(), jitter=lambda: jitter)


# --- the breaker, as arithmetic ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ended", "answered", "faults"),
    [
        ([GOOD], True, 0),
        ([REFUSED], True, 0),
        ([FAULT, FAULT], False, 2),
        ([NOT_NOW], False, 1),
        ([FAULT, GOOD, FAULT], True, 1),
        ([FAULT, REFUSED], True, 0),
        ([AT_HOME, AT_HOME], False, 0),
        ([FAULT, BUSY], True, 0),
    ],
)
def test_what_counts_as_a_fault(ended: list[Sent], answered: bool, faults: int) -> None:
    [tally] = breaker.tallies((1, sent) for sent in ended).values()
    assert (tally.answered, tally.faults) == (answered, faults)


@given(st.integers(0, 32_000), st.builds(Tally, st.booleans(), st.integers(0, 500)), st.booleans())
def test_faults_in_a_row_never_jump_past_one_opening(before: int, tally: Tally, is_paused: bool) -> None:
    after = breaker.faults_after(before, tally, is_paused=is_paused)
    assert 0 <= after <= max(THRESHOLD, before + 1)
    if tally.answered and not tally.faults:
        assert after == 0
    if is_paused and before >= THRESHOLD and not tally.answered:
        assert after == before


@given(st.integers(0, 32_000), st.floats(0, 1))
def test_a_break_grows_and_is_bounded(faults: int, jitter: float) -> None:
    assert timedelta(0) <= breaker.break_for(faults, jitter) <= LONGEST_BREAK
    assert breaker.break_for(faults, 1.0) <= breaker.break_for(faults + 1, 1.0)


@given(st.integers(0, 32_000), st.floats(0, 1))
def test_a_pause_grows_and_is_bounded(tries: int, jitter: float) -> None:
    assert timedelta(0) <= breaker.pause(tries, jitter) <= LONGEST_PAUSE
    assert breaker.pause(tries, 1.0) <= breaker.pause(tries + 1, 1.0)


# --- the breaker, as it works -----------------------------------------------------------------------------


@pytest.mark.django_db
def test_faults_in_a_row_open_the_breaker_one_trial_closes_it(
    chatter: Platform, ask: Callable[..., list[Takedown]]
) -> None:
    ask(THRESHOLD + 3)
    for number in range(THRESHOLD):
        assert not Channel.objects.get().is_paused(timezone.now()), number
        end(claim(1), FAULT)
    channel = Channel.objects.get()
    assert channel.faults == THRESHOLD
    assert channel.is_paused(timezone.now())
    assert claim() == []  # nothing leaves while it is open, and nothing is lost
    assert AuditRow.objects.filter(verb="channel.paused").count() == 1
    # half open: one trial, over all workers
    Channel.objects.update(paused_until=timezone.now() - timedelta(hours=1))
    [trial] = claim()
    assert claim() == []
    # it fails: open for longer
    before = breaker.break_for(THRESHOLD, 1.0)
    end([trial], FAULT)
    until = Channel.objects.get().paused_until
    assert until is not None and until - timezone.now() > before
    # it succeeds: closed
    Channel.objects.update(paused_until=timezone.now() - timedelta(hours=1))
    end(claim(), GOOD)
    channel.refresh_from_db()
    assert channel.faults == 0
    assert AuditRow.objects.filter(verb="channel.recovered").count() == 1
    assert len(claim()) == 1


@pytest.mark.django_db
def test_clean_refusals_open_nothing(chatter: Platform, ask: Callable[..., list[Takedown]]) -> None:
    ask(THRESHOLD * 2)
    end(claim(), REFUSED)
    assert (Channel.objects.get().faults, Channel.objects.get().paused_until) == (0, None)


@pytest.mark.django_db
def test_hundreds_that_broke_at_once_are_one_opening(
    chatter: Platform, ask: Callable[..., list[Takedown]]
) -> None:
    ask(50)
    end(claim(), FAULT)
    channel = Channel.objects.get()
    assert channel.faults == THRESHOLD
    assert channel.paused_until is not None
    assert channel.paused_until <= timezone.now() + breaker.FIRST_BREAK


@pytest.mark.django_db
def test_who_asks_to_wait_is_left_alone_so_long(
    chatter: Platform, ask: Callable[..., list[Takedown]]
) -> None:
    ask(3)
    end(claim(1), BUSY)
    channel = Channel.objects.get()
    assert channel.faults == 0
    assert channel.paused_until is not None
    assert timedelta(seconds=80) < channel.paused_until - timezone.now() <= timedelta(seconds=90)
    assert claim() == []


# --- the cap, and everybody's share -----------------------------------------------------------------------


@pytest.mark.django_db
def test_a_channel_carries_no_more_than_it_may_over_all_workers(
    chatter: Platform, ask: Callable[..., list[Takedown]]
) -> None:
    ask(10)
    Channel.objects.update(max_in_flight=4)
    first = claim()
    assert (len(first), claim()) == (4, [])
    end(first[:3], GOOD)
    assert len(claim()) == 3


@pytest.mark.django_db
def test_a_crowd_for_one_platform_leaves_room_for_the_others(
    chatter: Platform, pixboard: Platform, ask: Callable[..., list[Takedown]]
) -> None:
    Channel.objects.update(kind=ChannelKind.HTTP_API)
    ask(40)
    late = ask(5, slug="pixboard")
    taken = claim(20)
    assert len(taken) <= 20
    assert {one.pk for one in late} <= {
        pk
        for claimed in taken
        for pk in Takedown.objects.filter(notice=claimed.notice_id).values_list("pk", flat=True)
    }


@pytest.mark.django_db(transaction=True)
@pytest.mark.slow
def test_a_silent_platform_does_not_hold_up_another(
    live: Any,
    simulator: RunningSimulator,
    ask: Callable[..., list[Takedown]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    live("chatter", answers={"accept_then_timeout": 1.0}, hold=6)
    live("pixboard", outcomes={"never": 1.0})
    Channel.objects.update(max_in_flight=5)
    monkeypatch.setitem(dispatch.LANES, ChannelKind.HTTP_API, 10)
    ask(30)
    swift = ask(30, slug="pixboard")
    dispatch.run(max_seconds=4)
    assert Takedown.objects.filter(pk__in=[one.pk for one in swift], status=Status.SENT).count() == 30
    last = max(Attempt.objects.filter(result=Result.ACCEPTED).values_list("finished_at", flat=True))
    silent = Attempt.objects.filter(notice__channel__slug="chatter")
    assert last < min(silent.values_list("finished_at", flat=True))
    assert silent.count() <= 5 + THRESHOLD


@pytest.mark.django_db
def test_the_trail_names_every_content_and_what_became_of_it(
    chatter: Platform, ask: Callable[..., list[Takedown]]
) -> None:
    ask(5)
    claims = claim()
    ends = [GOOD, GOOD, REFUSED, FAULT, NOT_NOW]
    dispatch.finish(list(zip(claims, ends, strict=True)), now=timezone.now())
    lines = AuditRow.objects.filter(object_type="takedown", actor="system")
    told = {line.object_id: (line.verb, line.detail) for line in lines}
    by_notice = {row.notice_id: str(row.pk) for row in Takedown.objects.all()}
    assert [told[by_notice[one.notice_id]] for one in claims] == [
        ("takedown.sent", {}),
        ("takedown.sent", {}),
        ("takedown.failed", {"result": "refused"}),
        ("takedown.unknown", {"result": "unknown"}),
        ("takedown.queued", {"result": "retry"}),
    ]


# --- what changed between asking and sending --------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize(
    "change",
    [{"enabled": False}, {"enabled": False, "approved_at": None, "approved_by": None}, {"kind": "web_form"}],
)
def test_what_is_due_on_a_channel_that_is_over_is_put_before_a_person(
    chatter: Platform, ask: Callable[..., list[Takedown]], change: dict[str, Any]
) -> None:
    [takedown] = ask()
    Channel.objects.update(**change)
    assert dispatch.strand(now=timezone.now()) == 1
    takedown.refresh_from_db()
    notice = takedown.notice
    assert (takedown.status, notice.due_at) == (Status.FAILED, None)
    assert reason(notice.failure).why == Why.CHANNEL_OFF
    assert takedown.events.filter(source=Source.WORKER, what=Status.FAILED).exists()
    assert dispatch.strand(now=timezone.now()) == 0


@pytest.mark.django_db
def test_a_paused_channel_only_waits(chatter: Platform, ask: Callable[..., list[Takedown]]) -> None:
    [takedown] = ask()
    Channel.objects.update(paused_until=timezone.now() + timedelta(hours=1))
    assert dispatch.strand(now=timezone.now()) == 0
    takedown.refresh_from_db()
    assert takedown.status == Status.QUEUED


@pytest.mark.django_db
def test_a_channel_switched_off_in_the_claim_s_own_moment(
    chatter: Platform, ask: Callable[..., list[Takedown]]
) -> None:
    [takedown] = ask()
    taken = dispatch.take([Channel.objects.get().pk], limit=10)
    Channel.objects.update(enabled=False)
    assert dispatch.prepare(taken, now=timezone.now()) == []
    takedown.refresh_from_db()
    assert reason(takedown.notice.failure).why == Why.CHANNEL_OFF
    assert not Attempt.objects.exists()


@pytest.mark.django_db
def test_what_was_seen_gone_meanwhile_is_not_sent_and_says_so(
    chatter: Platform, ask: Callable[..., list[Takedown]]
) -> None:
    [takedown] = ask()
    Link.objects.update(status=LinkStatus.GONE)
    assert claim() == []
    takedown.refresh_from_db()
    assert (takedown.status, takedown.notice.due_at, takedown.notice.lease_until) == (
        Status.CANCELLED,
        None,
        None,
    )
    assert Event.objects.get(what=Status.CANCELLED).detail == {"why": "seen_gone"}
    assert not Attempt.objects.exists()


@pytest.mark.django_db
def test_a_new_contact_is_used_and_said(
    chatter: Platform, ask: Callable[..., list[Takedown]], nour: Staff
) -> None:
    [takedown] = ask()
    Channel.objects.update(address="http://127.0.0.1:9/new", changed_at=timezone.now(), changed_by=nour)
    [claimed] = claim()
    assert claimed.route.address == "http://127.0.0.1:9/new"
    assert takedown.events.filter(what="new_contact").exists()


@pytest.mark.django_db
def test_what_is_found_weak_just_before_it_leaves_is_to_be_mended(
    chatter: Platform, ask: Callable[..., list[Takedown]]
) -> None:
    [takedown] = ask()
    notice = Notice.objects.get()
    weak = json.loads(notice.box().open(notice, "content")) | {"good_faith": ""}
    notice.content = notice.box().seal(notice, "content", json.dumps(weak))
    notice.save()
    assert claim() == []
    takedown.refresh_from_db()
    assert (takedown.status, takedown.notice.due_at) == (Status.DRAFT, None)
    [found] = takedown.events.get(what=Status.DRAFT).detail["findings"]
    assert found["code"] == "no_good_faith"


@pytest.mark.django_db
def test_a_worker_that_stalls_between_taking_and_preparing_changes_nothing(
    chatter: Platform, ask: Callable[..., list[Takedown]]
) -> None:
    [takedown] = ask()
    taken = dispatch.take([Channel.objects.get().pk], limit=10)
    Notice.objects.update(lease_until=timezone.now() - timedelta(hours=1))
    dispatch.reap(now=timezone.now())
    assert dispatch.prepare(taken, now=timezone.now()) == []
    takedown.refresh_from_db()
    assert takedown.status == Status.QUEUED
    assert not Attempt.objects.exists()


# --- writing what came back -------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_breaker_that_can_not_be_written_loses_no_result(
    chatter: Platform, ask: Callable[..., list[Takedown]], monkeypatch: pytest.MonkeyPatch
) -> None:
    [takedown] = ask()

    def broken(*args: Any, **given: Any) -> None:
        raise OverflowError

    monkeypatch.setattr(breaker, "note", broken)
    end(claim(), GOOD)
    takedown.refresh_from_db()
    assert takedown.status == Status.SENT


def failing(monkeypatch: pytest.MonkeyPatch, *, times: int, only: str = "") -> list[int]:
    """The next writings of results, of one platform or of all, fail as a deadlock does. Returns how many each had."""
    tried: list[int] = []
    real = lanes.finish

    def finish(done: Sequence[finishing.Done], *, now: datetime) -> int:
        if not only or any(only in claimed.route.address for claimed, _sent in done):
            tried.append(len(done))
            if len(tried) <= times:
                raise OperationalError("deadlock detected")
        return real(done, now=now)

    monkeypatch.setattr(lanes, "finish", finish)
    monkeypatch.setattr(lanes, "WRITE_AGAIN", (0.0, 0.0))
    return tried


@pytest.mark.django_db(transaction=True)
@pytest.mark.slow
def test_results_the_database_refuses_twice_are_written_the_third_time(
    live: Any, ask: Callable[..., list[Takedown]], monkeypatch: pytest.MonkeyPatch
) -> None:
    live("chatter", outcomes={"never": 1.0})
    [takedown] = ask()
    tried = failing(monkeypatch, times=2)
    assert dispatch.run(max_seconds=10) == 1
    takedown.refresh_from_db()
    assert (tried, takedown.status) == ([1, 1, 1], Status.SENT)


@pytest.mark.django_db(transaction=True)
@pytest.mark.slow
def test_a_lane_whose_results_can_not_be_written_stops_no_other(
    live: Any, pixboard: Platform, ask: Callable[..., list[Takedown]], monkeypatch: pytest.MonkeyPatch
) -> None:
    live("chatter", outcomes={"never": 1.0})
    mail = Channel.objects.get(platform=pixboard)
    assert mail.kind == ChannelKind.EMAIL
    [lost], many = ask(), ask(20, slug="pixboard")
    failing(monkeypatch, times=3, only=Channel.objects.get(platform__slug="chatter").address)
    with pytest.raises(OperationalError):
        dispatch.run(max_seconds=10)
    lost.refresh_from_db()
    assert lost.status == Status.SENDING  # until its lease runs out; then the platform is asked
    assert set(Takedown.objects.filter(pk__in=[one.pk for one in many]).values_list("status", flat=True)) == {
        Status.SENT
    }


# --- rows that kill ---------------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize("step", [(linting, "findings"), (notices, "content_of"), (notices, "unallowed")])
def test_whatever_killed_a_worker_is_tried_before_its_deaths_are_forgotten(
    chatter: Platform,
    ask: Callable[..., list[Takedown]],
    monkeypatch: pytest.MonkeyPatch,
    step: tuple[Any, str],
) -> None:
    class Killed(BaseException):
        """Nothing catches a kill -9."""

    def deadly(*args: Any, **given: Any) -> None:
        raise Killed

    ask()
    Notice.objects.update(crashes=2, due_at=timezone.now() - timedelta(hours=1))
    with monkeypatch.context() as here:
        here.setattr(*step, deadly)
        with pytest.raises(Killed):
            dispatch.try_suspects(dispatch.LANES)
    assert Notice.objects.get().crashes == 2
    Notice.objects.update(lease_until=None, due_at=timezone.now() - timedelta(hours=1))
    assert dispatch.try_suspects(dispatch.LANES) == 1
    assert Notice.objects.get().crashes == 0


@pytest.mark.django_db
def test_one_that_can_not_be_composed_stops_no_other(
    chatter: Platform, ask: Callable[..., list[Takedown]], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = ask(3)
    compose = HttpApiConnector.compose

    def choosy(self: HttpApiConnector, content: notices.NoticeContent, *args: Any, **kwargs: Any) -> bytes:
        if content.items[0].url.endswith("/1"):
            raise KeyError("a word of the content")
        return compose(self, content, *args, **kwargs)

    monkeypatch.setattr(HttpApiConnector, "compose", choosy)
    assert len(claim()) == 2
    bad = Takedown.objects.get(status=Status.FAILED)
    assert bad.notice.failure == "our_fault: KeyError"  # its kind, never its words
    assert {one.pk for one in asked} - {bad.pk} == set(
        Takedown.objects.filter(status=Status.SENDING).values_list("pk", flat=True)
    )


@pytest.mark.django_db
def test_a_worker_that_dies_before_anything_left_is_no_unknown(
    chatter: Platform, ask: Callable[..., list[Takedown]]
) -> None:
    ask(3)
    for crashes in range(1, MAX_CRASHES + 1):
        Notice.objects.exclude(due_at=None).update(due_at=timezone.now() - timedelta(seconds=1))
        Notice.objects.update(crashes=0) if crashes == 1 else None
        taken = dispatch.take([Channel.objects.get().pk], limit=10)
        # a suspect is never claimed with others again
        assert len(taken) == (3 if crashes == 1 else 0)
        Notice.objects.update(due_at=None, lease_until=timezone.now() - timedelta(hours=1))
        assert dispatch.reap(now=timezone.now()) == 3
        assert set(Notice.objects.values_list("crashes", flat=True)) == {crashes}
    assert set(Takedown.objects.values_list("status", flat=True)) == {Status.FAILED}
    assert {reason(one.failure).why for one in Notice.objects.all()} == {Why.CRASHED}
    assert not Attempt.objects.exists()


@pytest.mark.django_db
def test_what_loses_its_worker_again_and_again_while_sending_is_given_up(
    chatter: Platform, ask: Callable[..., list[Takedown]]
) -> None:
    [takedown] = ask()
    for _ in range(MAX_CRASHES):
        claim()
        Notice.objects.update(lease_until=timezone.now() - timedelta(hours=1))
        dispatch.reap(now=timezone.now())
        takedown.refresh_from_db()
        assert takedown.status == Status.UNKNOWN
        earlier = timezone.now() - timedelta(hours=1)
        actions.resolve_unknown(takedown=takedown, was_sent=False, by=None, at=earlier)
    takedown.refresh_from_db()
    assert Attempt.objects.filter(detail=SILENT).count() == MAX_CRASHES
    assert (takedown.status, takedown.notice.due_at) == (Status.FAILED, None)
    assert reason(takedown.notice.failure).why == Why.CRASHED


@pytest.mark.django_db(transaction=True)
@pytest.mark.slow
def test_a_row_that_kills_its_worker_ends_before_a_person_and_all_others_leave(
    live: Any, simulator: RunningSimulator, ask: Callable[..., list[Takedown]]
) -> None:
    live("chatter", outcomes={"never": 1.0})
    good, [poison] = ask(6), ask(word="poison")
    words = [sys.executable, "-m", "tests.cases.takedowns.poisoned", "poison", str(MAX_CRASHES + 1)]
    done = subprocess.run(
        words,
        cwd=ROOT,
        env=environment(HELPLINE_SIMULATOR=simulator.address, HELPLINE_RECHECK="0"),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    ends = json.loads(done.stdout.splitlines()[-1])
    poison.refresh_from_db()
    assert (poison.status, reason(poison.notice.failure).why) == (Status.FAILED, Why.CRASHED)
    assert ends == [9] * MAX_CRASHES + [0]
    assert not poison.notice.attempts.exists()
    assert set(Takedown.objects.filter(pk__in=[one.pk for one in good]).values_list("status", flat=True)) == {
        Status.SENT
    }
    assert not receipts.delivered_more_than_once(simulator.receipts)
