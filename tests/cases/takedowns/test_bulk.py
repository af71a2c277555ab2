"""Many that did not leave for one reason: tried again, or given up, with one press. And the rule for the unknown."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from cases.models import Case
from cases.takedowns import actions, bulk, dispatch
from cases.takedowns import desk as lists
from cases.takedowns.connectors import CONNECTORS, Sent
from cases.takedowns.models import Notice, Takedown
from cases.takedowns.reasons import ADVICE, TRANSIENT, Why, coded, reason
from cases.takedowns.states import Result, Status
from cases.takedowns.unknowns import POLICIES
from helpline.accounts.models import Staff
from helpline.platforms.models import Channel
from reports.actions import LinkFacts
from tests.cast import NOON

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("chatter")]
Desk = Callable[[Staff], Client]
ADDRESS = "/staff/takedowns/bulk/"


@pytest.fixture
def failed(open_case: Callable[..., Case], nour: Staff) -> Callable[..., list[Takedown]]:
    """So many requests, each a notice of its own, that did not leave for a reason."""

    def make(count: int, why: Why = Why.GIVEN_UP, *, by: Staff = nour, word: str = "p") -> list[Takedown]:
        links = tuple(LinkFacts(url=f"https://chatter.example/{word}/{n}") for n in range(count))
        case = open_case(links=links, by=by)
        rows = actions.request_takedown(case=case, links=list(case.report.links.all()), by=by, at=NOON)
        claims = dispatch.claim(dispatch.routes(["http_api"], now=NOON), limit=50, now=NOON)
        dispatch.finish([(one, Sent(Result.REFUSED, detail="x")) for one in claims], now=NOON)
        Notice.objects.filter(takedowns__in=rows).update(failure=coded(why, "HTTP 503"))
        return rows

    return make


def statuses(rows: list[Takedown]) -> set[str]:
    return set(Takedown.objects.filter(pk__in=[row.pk for row in rows]).values_list("status", flat=True))


def test_every_reason_has_words_and_is_read_back() -> None:
    for why in Why:
        assert reason(coded(why, "HTTP 503")).why == why
        assert reason(coded(why)).text == str(why.label)
        assert reason(coded(why, "HTTP 503")).more == "HTTP 503"
    assert reason("HTTP 403").said == "HTTP 403"
    assert set(ADVICE) | TRANSIENT <= set(Why)
    assert set(POLICIES) == set(CONNECTORS)


def test_they_are_counted_by_reason_and_channel(failed: Callable[..., list[Takedown]], nour: Staff) -> None:
    failed(3)
    failed(2, Why.REFUSED, word="q")
    failed(1, Why.OUR_FAULT, word="r")
    found = bulk.groups(lists.under_tab(nour, "failed"))
    assert [(one.reason.why, one.count, one.may_retry) for one in found] == [
        (Why.GIVEN_UP, 3, True),
        (Why.REFUSED, 2, False),
    ]
    Channel.objects.update(enabled=False)
    assert not any(one.may_retry for one in bulk.groups(lists.under_tab(nour, "failed")))


def test_one_press_tries_all_of_one_reason_again(
    failed: Callable[..., list[Takedown]], desk: Desk, nour: Staff, sacha: Staff
) -> None:
    mine, others = failed(3), failed(2, Why.REFUSED, word="q")
    theirs = failed(2, by=sacha, word="t")
    client = desk(nour)
    page = client.get("/staff/takedowns/?tab=failed").content.decode()
    assert "Try all again" in page and "For the same reason" in page
    only = client.get("/staff/takedowns/?tab=failed&channel=chatter&why=given_up").context["rows"]
    assert {view.takedown for view in only} == set(mine)
    typed = {"what": "retry", "channel": "chatter", "why": "given_up"}
    assert "3 go out again now." in client.post(ADDRESS, typed, follow=True).content.decode()
    assert (statuses(mine), statuses(others), statuses(theirs)) == (
        {Status.QUEUED},
        {Status.FAILED},
        {Status.FAILED},
    )
    assert "Somebody was quicker" in client.post(ADDRESS, typed, follow=True).content.decode()


def test_a_reason_that_does_not_pass_is_not_tried_again_in_bulk(
    failed: Callable[..., list[Takedown]], desk: Desk, nour: Staff
) -> None:
    rows = failed(2, Why.REFUSED)
    desk(nour).post(ADDRESS, {"what": "retry", "channel": "chatter", "why": "refused"})
    assert statuses(rows) == {Status.FAILED}


def test_cancelling_all_is_said_before_it_is_done(
    failed: Callable[..., list[Takedown]], desk: Desk, nour: Staff
) -> None:
    rows = failed(3)
    client, typed = desk(nour), {"what": "cancel", "channel": "chatter", "why": "given_up"}
    page = client.post(ADDRESS, typed).content.decode()
    assert "Cancel 3 requests" in page
    assert statuses(rows) == {Status.FAILED}
    assert "3 are cancelled." in client.post(ADDRESS, typed | {"sure": "yes"}, follow=True).content.decode()
    assert statuses(rows) == {Status.CANCELLED}


@pytest.mark.parametrize(
    ("failure", "why"), [("bounced: 5.1.1", "bounced"), ("HTTP 418", "other"), ("", "other")]
)
def test_what_an_older_version_wrote_is_found_by_its_button(
    failed: Callable[..., list[Takedown]], desk: Desk, nour: Staff, failure: str, why: str
) -> None:
    rows = failed(2)
    Notice.objects.update(failure=failure)
    [group] = bulk.groups(lists.under_tab(nour, "failed"))
    assert group.reason.why == why
    typed = {"what": "cancel", "channel": "chatter", "why": group.reason.why.value, "sure": "yes"}
    desk(nour).post(ADDRESS, typed)
    assert statuses(rows) == {Status.CANCELLED}


def test_a_failed_one_says_why_and_what_to_do(
    failed: Callable[..., list[Takedown]], desk: Desk, nour: Staff
) -> None:
    [row] = failed(1, Why.CHANNEL_OFF)
    client = desk(nour)
    for address in ("/staff/takedowns/?tab=failed", f"/staff/takedowns/{row.pk}/"):
        page = client.get(address).content.decode()
        assert "The channel it was asked on is not in use any more." in page
        assert "Send another way" in page
    Channel.objects.update(enabled=False)
    said = client.post(f"/staff/takedowns/{row.pk}/retry/", follow=True).content.decode()
    assert "The channel is not in use now." in said
    assert statuses([row]) == {Status.FAILED}


def test_the_rule_for_the_unknown_stands_where_they_stand(desk: Desk, nour: Staff) -> None:
    page = desk(nour).get("/staff/takedowns/?tab=unknown").content.decode()
    for policy in POLICIES.values():
        assert policy.label in page
    assert "A mailbox can’t be asked" in page


def test_the_tab_costs_the_same_however_many_failed(
    failed: Callable[..., list[Takedown]], desk: Desk, nour: Staff, django_assert_max_num_queries: Any
) -> None:
    client = desk(nour)
    failed(2)
    with django_assert_max_num_queries(20) as few:
        client.get("/staff/takedowns/?tab=failed")
    failed(8, word="more")
    with django_assert_max_num_queries(len(few)):
        client.get("/staff/takedowns/?tab=failed")
