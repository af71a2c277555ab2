"""When a link is looked at, what a look changes, and what becomes of a look whose worker dies."""

import asyncio
from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from cases import actions as cases
from cases.models import Case
from cases.states import CaseStatus
from cases.states import Outcome as CaseOutcome
from cases.takedowns import actions, desk, recheck
from cases.takedowns.guard import Guard
from cases.takedowns.models import Event, Takedown
from cases.takedowns.recheck import Due, claim, record_looks
from cases.takedowns.seeing import WENT, Look, Seen, Why
from cases.takedowns.states import STAYED, Outcome, Source, Status
from cases.takedowns.timeline import line
from helpline.accounts.models import Staff
from helpline.platforms.models import Platform
from reports.actions import LinkFacts
from reports.models import Link, Update
from reports.states import LinkStatus, News
from tests.at_once import at_once
from tests.platforms.simulator import RunningSimulator

URL = "https://chatter.example/p/1"


@pytest.fixture
def send(open_case: Callable[..., Any], nour: Staff) -> Callable[..., list[Takedown]]:
    """`send(url, …)`: a case whose requests for these links left a moment ago."""

    def sent_off(*urls: str) -> list[Takedown]:
        now = timezone.now()
        case = open_case(at=now, links=tuple(LinkFacts(url=one) for one in urls))
        rows = actions.request_takedown(case=case, links=list(case.report.links.all()), by=nour, at=now)
        for row in rows:
            row.status = Status.SENDING
            actions.mark_sent(row, at=now, started_at=now)
            row.save()
        return rows

    return sent_off


@pytest.fixture
def sent(live: Any, send: Callable[..., list[Takedown]]) -> Takedown:
    """A post on Chatter whose request left a moment ago."""
    live("chatter")
    [takedown] = send(URL)
    return takedown


def all_due() -> datetime:
    """Every look that is planned is due now."""
    now = timezone.now()
    Takedown.objects.exclude(next_look_at=None).update(next_look_at=now - timedelta(seconds=1))
    return now


def again(takedown: Takedown) -> None:
    Takedown.objects.filter(pk=takedown.pk).update(next_look_at=timezone.now())
    assert recheck.run(now=timezone.now()) == 1
    takedown.refresh_from_db()


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


@pytest.mark.parametrize(("gone_after", "looks"), [(0.5, [1, 3, 7, 30, 30.5, 90, 180]), (30, [60, 90, 180])])
def test_what_is_gone_is_looked_at_when_it_will_have_stayed_so(gone_after: float, looks: list[float]) -> None:
    sent_at = timezone.now()
    at = gone_at = sent_at + timedelta(days=gone_after)
    takedown = Takedown(sent_at=sent_at, requested_at=sent_at, status=Status.GONE, gone_at=gone_at)
    moments = []
    for _ in looks:
        at = actions.look_after(takedown, at=at) or at
        moments.append((at - sent_at) / timedelta(days=1))
    assert moments == looks


@pytest.mark.django_db(transaction=True)
def test_the_miss_that_is_believed_plans_that_look(sent: Takedown) -> None:
    assert sent.sent_at is not None
    at = sent.sent_at + timedelta(days=31)
    for _ in range(3):
        recheck.record_look(takedown_id=sent.pk, seen=Look(Seen.GONE, 404), at=at)
    sent.refresh_from_db()
    assert (sent.gone_at, sent.next_look_at) == (at, at + STAYED)


@pytest.mark.django_db(transaction=True)
def test_a_platform_can_be_left_alone(sent: Takedown, simulator: RunningSimulator) -> None:
    """Switched off, its links wait; switched on again, they are looked at."""
    Platform.objects.update(recheck=False)
    assert recheck.run(now=all_due()) == 0
    Platform.objects.update(recheck=True)
    assert recheck.run(now=timezone.now()) == 1
    sent.refresh_from_db()
    assert sent.looks == 1


@pytest.mark.django_db(transaction=True)
def test_a_platform_that_answers_200_is_read_where_the_operator_named_words(
    sent: Takedown, simulator: RunningSimulator
) -> None:
    simulator.control("chatter", soft_404=True)
    simulator.put_page(URL, gone=True)
    again(sent)
    assert (sent.observed, sent.misses) == (Outcome.SEEN_THERE, 0)
    Platform.objects.update(gone_words=["this page isn’t available"])
    for _ in range(3):
        again(sent)
    assert sent.status == Status.GONE
    simulator.control("chatter", soft_404=False)


@pytest.mark.django_db(transaction=True)
def test_what_comes_back_is_told_to_both_and_counts(sent: Takedown, simulator: RunningSimulator) -> None:
    simulator.put_page(URL, gone=True)
    for _ in range(3):
        again(sent)
    simulator.put_page(URL, gone=False)
    again(sent)
    assert (sent.status, sent.gone_at, sent.reappeared_at is not None) == (Status.REAPPEARED, None, True)
    assert Update.objects.filter(link=sent.link_id, what=News.REAPPEARED).count() == 1
    assert Link.objects.get(pk=sent.link_id).status == LinkStatus.REAPPEARED
    last = sent.case.events.order_by("-at", "-id").first()
    assert last is not None and last.data["status"] == Status.REAPPEARED


@pytest.mark.django_db(transaction=True)
def test_a_closed_case_returns_when_its_content_does(sent: Takedown, nour: Staff) -> None:
    """Given a case closed as done, when its post comes back, then it stands on its holder's desk again, once."""
    for seen in [Look(Seen.GONE, 404)] * 3:
        recheck.record_look(takedown_id=sent.pk, seen=seen, at=timezone.now())
    cases.close_case(case=sent.case, outcome=CaseOutcome.PARTLY, by=nour, at=timezone.now())
    assert recheck.bring_back(at=timezone.now()) == 0
    recheck.record_look(takedown_id=sent.pk, seen=Look(Seen.THERE, 200), at=timezone.now())
    assert recheck.bring_back(at=timezone.now()) == 1
    case = Case.objects.get(pk=sent.case_id)
    assert (case.status, case.assignee) == (CaseStatus.OPEN, nour)
    assert desk.needing_a_person(nour).get() == sent
    # Closed again by somebody who knows of it, it stays so.
    cases.close_case(case=case, outcome=CaseOutcome.PARTLY, by=nour, at=timezone.now())
    assert recheck.bring_back(at=timezone.now()) == 0


# --- one address, many people; one host, few looks


class Counting(Guard):
    """Counts how many connections are open at once, and for which path."""

    open_now = most = 0

    async def open(self, parts: Any) -> Any:
        cls = type(self)
        cls.open_now += 1
        cls.most = max(cls.most, cls.open_now)
        try:
            found = await super().open(parts)
            await asyncio.sleep(0.02)
            return found
        finally:
            cls.open_now -= 1


@pytest.mark.django_db(transaction=True)
def test_what_harms_several_is_looked_at_once(
    live: Any, send: Callable[..., list[Takedown]], simulator: RunningSimulator
) -> None:
    live("chatter")
    rows = [row for _ in range(3) for row in send(URL)]
    asked: list[str] = []

    class Listening(Guard):
        async def open(self, parts: Any) -> Any:
            asked.append(parts.path)
            return await super().open(parts)

    # One of them is due; the others come along.
    Takedown.objects.update(next_look_at=None)
    now = timezone.now()
    Takedown.objects.filter(pk__in=[row.pk for row in rows]).update(next_look_at=now)
    assert recheck.run(now=now, guard=Listening) == 3
    assert asked == ["/p/1"]
    assert set(Takedown.objects.values_list("looks", flat=True)) == {1}


@pytest.mark.django_db(transaction=True)
def test_a_claim_takes_the_others_of_a_link_along(live: Any, send: Callable[..., list[Takedown]]) -> None:
    live("chatter")
    for _ in range(3):
        send(URL)
    count, due = claim(now=all_due(), limit=1)
    assert (count, len(due), len({one.url for one in due})) == (2, 2, 1)


@pytest.mark.django_db(transaction=True)
def test_one_host_gets_few_looks_at_once(
    live: Any, send: Callable[..., list[Takedown]], simulator: RunningSimulator
) -> None:
    live("chatter")
    send(*(f"https://chatter.example/p/{n}" for n in range(20)))
    Counting.most = 0
    assert recheck.run(now=all_due(), guard=Counting) == 20
    assert 1 < Counting.most <= recheck.AT_ONE_HOST
    assert set(Takedown.objects.values_list("looks", flat=True)) == {1}


@pytest.mark.django_db(transaction=True)
def test_what_gets_no_turn_is_due_again(
    live: Any, send: Callable[..., list[Takedown]], monkeypatch: pytest.MonkeyPatch
) -> None:
    live("chatter")
    send(*(f"https://chatter.example/p/{n}" for n in range(3)))
    monkeypatch.setattr(recheck, "AT_ONE_HOST", 1)
    monkeypatch.setattr(recheck, "TURN_WITHIN", 0.05)

    class Slow(Guard):
        async def open(self, parts: Any) -> Any:
            await asyncio.sleep(0.3)
            return await super().open(parts)

    now = all_due()
    assert recheck.run(now=now, guard=Slow) == 3
    waiting = Takedown.objects.filter(looks=0)
    assert waiting.count() == 2
    assert set(waiting.values_list("next_look_at", flat=True)) == {now + recheck.HANDS_OFF}


# --- two workers, and dead ones


@pytest.mark.django_db(transaction=True)
def test_two_workers_look_once_at_each(live: Any, send: Callable[..., list[Takedown]]) -> None:
    live("chatter")
    send(*(f"https://chatter.example/p/{n}" for n in range(30)))
    now = all_due()
    found = at_once(lambda: recheck.run(now=now), lambda: recheck.run(now=now))
    assert sum(found) == 30
    assert set(Takedown.objects.values_list("looks", flat=True)) == {1}


@pytest.mark.django_db(transaction=True)
def test_a_worker_that_dies_between_claim_and_record_loses_nothing(
    sent: Takedown, simulator: RunningSimulator
) -> None:
    now = all_due()
    assert claim(now=now, limit=10)[0] == 1  # and dies
    assert recheck.run(now=now) == 0
    assert recheck.run(now=now + recheck.HANDS_OFF) == 1
    sent.refresh_from_db()
    assert (sent.looks, sent.observed) == (1, Outcome.SEEN_THERE)


@pytest.mark.django_db(transaction=True)
def test_a_worker_that_comes_back_too_late_is_not_counted(sent: Takedown) -> None:
    now = all_due()
    _, [mine] = claim(now=now, limit=10)
    _, [theirs] = claim(now=now + recheck.HANDS_OFF, limit=10)
    assert record_looks([(theirs, Look(Seen.GONE, 404))], at=now) == 1
    assert record_looks([(mine, Look(Seen.GONE, 404))], at=now) == 0
    assert record_looks([(theirs, Look(Seen.GONE, 404))], at=now) == 0  # nor twice
    sent.refresh_from_db()
    assert (sent.looks, sent.misses) == (1, 1)


@pytest.mark.django_db(transaction=True)
def test_what_was_withdrawn_meanwhile_is_not_counted(sent: Takedown) -> None:
    now = all_due()
    _, due = claim(now=now, limit=10)
    Takedown.objects.update(status=Status.WITHDRAWN)
    assert record_looks([(one, Look(Seen.THERE, 200)) for one in due], at=now) == 0


# --- recording many


def cost(done: Collection[tuple[Due, Look]]) -> int:
    with CaptureQueriesContext(connection) as asked:
        record_looks(list(done), at=timezone.now())
    return len(asked)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "seen", [Look(Seen.THERE, 200), Look(Seen.UNCLEAR, why=Why.TOO_SLOW), Look(Seen.GONE, 404)]
)
def test_what_is_nothing_new_costs_the_same_for_few_and_for_many(
    seen: Look, live: Any, send: Callable[..., list[Takedown]]
) -> None:
    live("chatter")
    send(*(f"https://chatter.example/p/{n}" for n in range(12)))
    now = timezone.now()
    Takedown.objects.update(observed=Outcome.SEEN_THERE, observed_at=now)
    Takedown.objects.update(next_look_at=now)
    _, few = claim(now=now, limit=2)
    _, many = claim(now=now, limit=10)
    assert (len(few), len(many)) == (2, 10)
    spent = cost([(one, seen) for one in few])
    assert cost([(one, seen) for one in many]) == spent <= 7
    assert set(Takedown.objects.values_list("looks", flat=True)) == {1}


@pytest.mark.django_db(transaction=True)
def test_a_reason_stands_in_the_timeline_once(sent: Takedown) -> None:
    """Given looks that tell nothing, then each new reason leaves a line in words, and the same one again does not."""
    for why in (Why.TOO_SLOW, Why.TOO_SLOW, Why.CERTIFICATE, Why.TOO_SLOW):
        recheck.record_look(takedown_id=sent.pk, seen=Look(Seen.UNCLEAR, why=why), at=timezone.now())
    lines = [
        line(one, platform="Chatter", box=None)
        for one in Event.objects.filter(source=Source.RECHECK).order_by("at")
    ]
    assert [one.detail for one in lines] == [
        str(one.label) for one in (Why.TOO_SLOW, Why.CERTIFICATE, Why.TOO_SLOW)
    ]
    assert {one.text for one in lines} == {"We looked, and could not tell"}
    sent.refresh_from_db()
    assert (sent.looks, sent.misses, sent.observed) == (4, 0, "")


@pytest.mark.parametrize("why", list(Why))
def test_every_reason_has_its_sentence(why: Why) -> None:
    said = line(
        Event(source=Source.RECHECK, what=Seen.UNCLEAR, detail={"why": why}, at=timezone.now()),
        platform="x",
        box=None,
    )
    assert said.detail == str(why.label)
    assert said.text == (
        "We looked, and could not tell" if why in WENT else "We may not look at this address"
    )


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("behaviour", "why"),
    [
        ({"page_status": 503}, Why.TROUBLE),
        ({"page_status": 403}, Why.TURNED_AWAY),
        ({"redirect_hops": 9}, Why.TOO_MANY),
    ],
)
def test_a_platform_that_can_not_be_looked_at_says_so_on_the_page(
    behaviour: dict[str, Any], why: Why, sent: Takedown, simulator: RunningSimulator, log_in: Any, nour: Staff
) -> None:
    simulator.control("chatter", **behaviour)
    again(sent)
    simulator.control("chatter", page_status=200, redirect_hops=0)
    client = log_in(nour)
    client.cookies["lang"] = "en"
    page = client.get(f"/staff/takedowns/{sent.pk}/").content.decode()
    assert str(why.label) in page
    event = Event.objects.get(source=Source.RECHECK)
    assert set(event.detail) <= {"why", "http_status"}
    assert "chatter.example" not in str(event.detail)


@pytest.mark.django_db(transaction=True)
def test_a_run_goes_on_with_what_comes_due(
    live: Any, send: Callable[..., list[Takedown]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With few lines, many links: the run claims again and again until nothing is due."""
    live("chatter")
    send(*(f"https://chatter.example/p/{n}" for n in range(12)))
    monkeypatch.setattr(recheck, "IN_FLIGHT", 2)
    monkeypatch.setattr(recheck, "AHEAD", 2)
    assert recheck.run(now=all_due(), max_seconds=30) == 12
    assert set(Takedown.objects.values_list("looks", flat=True)) == {1}


def test_the_wait_for_a_dead_worker_is_longer_than_any_look() -> None:
    from cases.takedowns import looks

    assert recheck.HANDS_OFF.total_seconds() > recheck.TURN_WITHIN + looks.LONGEST_LOOK
