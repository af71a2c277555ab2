"""Colleagues, the sweep and the young person at the same moment: they wait for one another, and never in a circle."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from cases import actions, queue
from cases.models import Case, QueueItem
from cases.states import CaseStatus, Outcome
from cases.takedowns import actions as takedowns
from cases.todo import undo
from helpline.accounts.models import Staff
from reports import actions as reports
from reports.actions import LinkFacts
from reports.models import Report
from tests.at_once import at_once

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("chatter")]
OpenCase = Callable[..., Case]


def slowed(monkeypatch: pytest.MonkeyPatch, where: Any, name: str) -> None:
    """From now on `where.name` waits a moment before it does what it does."""
    real = getattr(where, name)

    def slow(*args: Any, **given: Any) -> Any:
        time.sleep(0.5)
        return real(*args, **given)

    monkeypatch.setattr(where, name, slow)


def after_a_moment(call: Callable[[], Any]) -> Callable[[], Any]:
    """The same, once the other has begun."""
    return lambda: (time.sleep(0.15), call())[1]


def test_closing_a_case_while_the_sweep_reads_what_was_added(
    open_case: OpenCase, nour: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = open_case()
    Report.objects.update(is_retold=True)
    slowed(monkeypatch, reports, "set_status")

    closed, read = at_once(
        lambda: actions.close_case(case=case, outcome=Outcome.ADVICE, by=nour, at=timezone.now()),
        after_a_moment(lambda: queue.refresh_retold(at=timezone.now())),
    )

    assert (closed, read) == (None, 1)
    case.refresh_from_db()
    assert case.status == CaseStatus.CLOSED


@pytest.mark.parametrize("how", ["erase", "withdraw"])
def test_a_young_person_decides_while_a_removal_is_requested(
    open_case: OpenCase, nour: Staff, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    case = open_case()
    links = list(case.report.links.all())
    slowed(monkeypatch, takedowns, "_request_on")

    def decide() -> None:
        if how == "erase":
            reports.erase_report(report=case.report, by="young-person", at=timezone.now())
        else:
            reports.withdraw(report=case.report, links=links, at=timezone.now())

    _asked, decided = at_once(
        lambda: takedowns.request_takedown(case=case, links=links, by=nour, at=timezone.now()),
        after_a_moment(decide),
    )

    assert decided is None
    assert {link.status for link in case.report.links.all()} == {"withdrawn"}


@pytest.mark.parametrize("what", ["message", "links", "take back"])
def test_a_colleague_acts_while_another_closes_the_case(
    open_case: OpenCase, nour: Staff, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    """Given a case that one page writes in, when another closes it, then both take the case before its report."""
    case = open_case()
    mine, theirs = Case.objects.get(pk=case.pk), Case.objects.get(pk=case.pk)
    said = actions.write_to_young_person(case=mine, text="First", by=nour, at=timezone.now())
    # Between the report and the line in the timeline.
    slowed(monkeypatch, undo if what == "take back" else actions, "happened")

    def act() -> object:
        now = timezone.now()
        if what == "message":
            return actions.write_to_young_person(case=mine, text="We are on it.", by=nour, at=now)
        if what == "links":
            more = [LinkFacts(url="https://chatter.example/p/2")]
            return actions.add_links(case=mine, facts=more, by=nour, at=now)
        return undo.take_back_message(case=mine, message_id=said.pk, by=nour, at=now)

    done, closed = at_once(
        act,
        after_a_moment(
            lambda: actions.close_case(case=theirs, outcome=Outcome.ADVICE, by=nour, at=timezone.now())
        ),
    )

    assert not isinstance(done, Exception), repr(done)
    assert closed is None, repr(closed)
    case.refresh_from_db()
    assert case.status == CaseStatus.CLOSED


@pytest.mark.parametrize("how", ["sweep", "by hand"])
def test_a_closed_case_comes_back_while_it_is_given_to_whoever_had_it(
    open_case: OpenCase, nour: Staff, maud: Staff, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    """Whoever gives it holds the colleague's account and is about to take the case: the account comes first for both."""
    case = open_case()
    actions.close_case(case=case, outcome=Outcome.ADVICE, by=nour, at=timezone.now())
    QueueItem.objects.filter(case=case).update(unread=True)
    given, back = Case.objects.get(pk=case.pk), Case.objects.get(pk=case.pk)
    slowed(monkeypatch, actions, "lock_case")

    def come_back() -> object:
        if how == "sweep":
            return actions.bring_back(at=timezone.now())
        return actions.reopen_case(case=back, by=maud, at=timezone.now())

    assigned, returned = at_once(
        lambda: actions.assign(case=given, to=nour, by=maud, at=timezone.now()), after_a_moment(come_back)
    )

    assert assigned is None, repr(assigned)
    assert returned in (1, None), repr(returned)
    case.refresh_from_db()
    assert (case.status, case.assignee) == (CaseStatus.OPEN, nour)
