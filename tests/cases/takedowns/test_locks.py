"""Requests, answers and closings at the same moment: each waits for the other, and never in a circle."""

import time
from collections.abc import Callable
from functools import partial

import pytest
from django.db import transaction
from django.utils import timezone

from cases import actions as casework
from cases.models import Case
from cases.states import Outcome as CaseOutcome
from cases.takedowns import actions, asking, dispatch, together
from cases.takedowns.connectors import Sent
from cases.takedowns.models import Notice, Takedown
from cases.takedowns.states import Outcome, Result, Source
from helpline.accounts.models import Staff
from helpline.platforms.models import Platform
from reports import actions as reports
from reports.actions import LinkFacts
from reports.models import Link
from tests.at_once import at_once
from tests.cases.test_locks import after_a_moment, slowed
from tests.cast import NOON

OpenCase = Callable[..., Case]
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("chatter")]
WALL = LinkFacts(url="https://chatter.example/p/wall")
OWN = LinkFacts(url="https://chatter.example/p/own")


def links_of(case: Case) -> list[Link]:
    return list(case.report.links.order_by("position"))


def leave() -> None:
    """As the worker does, without a platform."""
    claims = dispatch.claim(dispatch.routes(["http_api"], now=NOON), limit=10, now=NOON)
    dispatch.finish([(claim, Sent(Result.ACCEPTED)) for claim in claims], now=NOON)


def answered(row: Takedown, source: Source, by: Staff | None = None) -> bool:
    now = timezone.now()
    return actions.record_outcome(
        takedown=row, outcome=Outcome.REMOVED, source=source, at=now, recorded_at=now, by=by
    )


def statuses() -> set[str]:
    index = Link.objects.filter(position=1).values("url_index")
    return set(Takedown.objects.filter(link__url_index__in=index).values_list("status", flat=True))


@pytest.mark.parametrize("source", [Source.CALLBACK, Source.PERSON])
def test_an_answer_comes_while_others_join_the_request(
    open_case: OpenCase, nour: Staff, monkeypatch: pytest.MonkeyPatch, source: Source
) -> None:
    first, second = open_case(links=(WALL, OWN)), open_case(links=(WALL,))
    [row] = actions.request_takedown(case=first, links=links_of(first)[:1], by=nour, at=NOON)
    leave()
    more = together.askable([first, second])
    slowed(monkeypatch, together, "contents")
    slowed(monkeypatch, actions, "_learn")

    asked, known = at_once(
        lambda: together.request_for_all(
            cases=[first, second], links=more, channel=None, by=nour, at=timezone.now()
        ),
        after_a_moment(lambda: answered(row, source, nour if source == Source.PERSON else None)),
    )

    assert isinstance(asked, together.Asked), asked
    assert known is True
    assert (len(asked.made), len(asked.shared)) == (1, 1)
    assert statuses() == {"removed"}


def test_an_answer_for_two_comes_while_one_of_them_asks_for_more(
    open_case: OpenCase, nour: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    cases = [open_case(links=(WALL,)), open_case(links=(WALL, OWN))]
    walls = [links_of(case)[0] for case in cases]
    asked = together.request_for_all(cases=cases, links=walls, channel=None, by=nour, at=NOON)
    leave()
    # The answer is written down for the later case first, and the request for more locks the earlier one first.
    last = next(row for row in asked.made if row.case_id == cases[1].pk)
    slowed(monkeypatch, actions, "_sharing")

    known, made = at_once(
        lambda: answered(last, Source.CALLBACK),
        after_a_moment(
            lambda: together.request_for_all(
                cases=cases, links=together.askable(cases), channel=None, by=nour, at=timezone.now()
            )
        ),
    )

    assert known is True
    assert isinstance(made, together.Asked), made
    assert statuses() == {"removed"}


def test_a_case_is_closed_while_a_removal_is_requested(
    open_case: OpenCase, nour: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = open_case()
    links = links_of(case)
    slowed(monkeypatch, reports, "post_updates")

    made, closed = at_once(
        lambda: actions.request_takedown(
            case=Case.objects.get(pk=case.pk), links=links, by=nour, at=timezone.now()
        ),
        after_a_moment(
            lambda: casework.close_case(
                case=Case.objects.get(pk=case.pk), outcome=CaseOutcome.ADVICE, by=nour, at=timezone.now()
            )
        ),
    )

    assert isinstance(made, list), made
    assert closed is None
    case.refresh_from_db()
    assert case.status == "closed"


def test_two_ask_two_platforms_for_the_same_in_another_order(
    open_case: OpenCase, pixboard: Platform, nour: Staff, sacha: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    both = (WALL, LinkFacts(url="https://pixboard.example/p/wall"))
    asked: list[Callable[[], object]] = []
    for by, links in ((nour, both), (sacha, both[::-1])):
        case = open_case(links=links, by=by)
        drafted = asking.drafts(case=case, links=links_of(case), channels={}, at=NOON)
        asked.append(partial(asking.ask, case=case, drafted=drafted, by=by, at=NOON))
    slowed(monkeypatch, actions, "_request_on")

    answers = at_once(*asked)

    assert all(isinstance(one, list) and len(one) == 2 for one in answers), answers
    assert Takedown.objects.values("notice").distinct().count() == 2  # asked once, shared once


def test_trying_again_what_another_case_asks_for_locks_both_notices_in_the_one_order(
    open_case: OpenCase, nour: Staff, sacha: Staff
) -> None:
    rows: list[Takedown] = []
    for by in (nour, sacha):
        case = open_case(links=(WALL,), by=by)
        rows += actions.request_takedown(case=case, links=links_of(case), by=by, at=NOON)
        claims = dispatch.claim(dispatch.routes(["http_api"], now=NOON), limit=10, now=NOON)
        dispatch.finish([(claim, Sent(Result.REFUSED)) for claim in claims], now=NOON)
    failed, running = sorted(rows, key=lambda row: row.notice_id)
    whose = {rows[0].pk: nour, rows[1].pk: sacha}
    actions.retry(takedown=running, by=whose[running.pk], at=NOON)

    @transaction.atomic
    def lock_one_after_the_other() -> None:
        notices = Notice.objects.select_for_update(no_key=True)
        notices.get(pk=failed.notice_id)
        time.sleep(0.5)
        notices.get(pk=running.notice_id)

    answers = at_once(
        lock_one_after_the_other,
        after_a_moment(lambda: actions.retry(takedown=failed, by=whose[failed.pk], at=NOON)),
    )

    assert answers == [None, None]
    assert sorted(Takedown.objects.values_list("status", flat=True)) == ["cancelled", "queued", "queued"]
