"""One link, many people, whichever way they ask: requested once, answered to each, and nobody sees another's case."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.test import Client

from cases import actions as casework
from cases.models import Case
from cases.takedowns import actions, connectors, dispatch, notices, together
from cases.takedowns.connectors import Sent
from cases.takedowns.models import Notice, Takedown
from cases.takedowns.states import Outcome, Result, Source, Status
from helpline.accounts.models import Staff
from helpline.platforms.models import Channel, Platform
from reports import actions as reports
from reports.actions import FingerprintFacts, LinkFacts
from reports.models import Report
from reports.states import LinkStatus, News
from tests.at_once import at_once
from tests.cast import NOON

OpenCase = Callable[..., Case]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("chatter")]
WALL = LinkFacts(url="https://chatter.example/p/wall")
OWN = LinkFacts(url="https://chatter.example/p/of-nour-only")


def ask(case: Case, *, by: Staff, at: datetime | None = None) -> list[Takedown]:
    """Nour asks at noon, whoever comes later a minute later."""
    at = at or (NOON if by.username == "nour" else NOON + timedelta(minutes=1))
    links = list(case.report.links.order_by("position"))
    return actions.request_takedown(case=Case.objects.get(pk=case.pk), links=links, by=by, at=at)


def leave() -> None:
    claims = dispatch.claim(dispatch.routes(["http_api"], now=NOON), limit=10, now=NOON)
    dispatch.finish([(one, Sent(Result.ACCEPTED, reference="r")) for one in claims], now=NOON)


@pytest.fixture
def mine(open_case: OpenCase, nour: Staff) -> Case:
    """Nour's: the wall, and something of its own."""
    Channel.objects.update(max_items=10)
    return open_case(links=(WALL, OWN))


@pytest.fixture
def theirs(open_case: OpenCase, sacha: Staff) -> Case:
    """Sacha's, whom Nour's case is no business of: the wall too."""
    return open_case(links=(WALL,), by=sacha)


def test_a_colleague_who_asks_for_the_same_shares_the_request(
    mine: Case, theirs: Case, nour: Staff, sacha: Staff
) -> None:
    first, _own = ask(mine, by=nour)
    [second] = ask(theirs, by=sacha)
    assert Notice.objects.count() == 1
    first.refresh_from_db()
    assert (second.notice_id, second.item, second.status) == (first.notice_id, first.item, Status.QUEUED)
    assert second.asked_by is None
    assert theirs.events.filter(what="requested").count() == 1
    leave()
    for row in (first, second):
        row.refresh_from_db()
        assert row.status == Status.SENT
    actions.record_outcome(
        takedown=first, outcome=Outcome.REMOVED, source=Source.CALLBACK, at=NOON, recorded_at=NOON
    )
    second.refresh_from_db()
    assert second.status == Status.REMOVED
    assert theirs.report.links.get().status == LinkStatus.SAID_REMOVED


@pytest.mark.parametrize("at_stage", [Status.QUEUED, Status.SENDING, Status.SENT, Status.REMOVED])
def test_it_is_shared_from_where_it_stands(
    mine: Case, theirs: Case, nour: Staff, sacha: Staff, at_stage: Status
) -> None:
    first, _own = ask(mine, by=nour)
    if at_stage == Status.SENDING:
        dispatch.claim(dispatch.routes(["http_api"], now=NOON), limit=10, now=NOON)
    elif at_stage != Status.QUEUED:
        leave()
    if at_stage == Status.REMOVED:
        actions.record_outcome(
            takedown=first, outcome=Outcome.REMOVED, source=Source.CALLBACK, at=NOON, recorded_at=NOON
        )
    [second] = ask(theirs, by=sacha)
    assert second.status == at_stage
    told = list(theirs.report.updates.values_list("what", flat=True))
    assert (News.SENT in told) is (at_stage in {Status.SENT, Status.REMOVED})
    assert (News.SAID_REMOVED in told) is (at_stage == Status.REMOVED)


def test_what_ended_is_asked_for_anew(mine: Case, theirs: Case, nour: Staff, sacha: Staff) -> None:
    for row in ask(mine, by=nour):
        actions.cancel(takedown=row, by=nour, at=NOON)
    [second] = ask(theirs, by=sacha)
    assert Notice.objects.count() == 2
    assert second.asked_by == sacha


@pytest.mark.parametrize("who", ["first", "second"])
@pytest.mark.parametrize("how", ["withdrawn", "cancelled"])
def test_one_who_stops_stops_nobody_else(
    mine: Case, theirs: Case, nour: Staff, sacha: Staff, who: str, how: str
) -> None:
    first = ask(mine, by=nour)[0]
    [second] = ask(theirs, by=sacha)
    row, by, other = (first, nour, second) if who == "first" else (second, sacha, first)
    if how == "cancelled":
        actions.cancel(takedown=row, by=by, at=NOON)
    else:
        reports.withdraw(report=row.case.report, links=[row.link], at=NOON)
        actions.follow_withdrawals(at=NOON)
    leave()
    other.refresh_from_db()
    row.refresh_from_db()
    assert other.status == Status.SENT
    assert row.status in {Status.CANCELLED, Status.WITHDRAWN}


def test_nothing_of_the_other_case_is_shown(
    mine: Case, theirs: Case, nour: Staff, sacha: Staff, desk: Callable[[Staff], Client]
) -> None:
    ask(mine, by=nour)
    [second] = ask(theirs, by=sacha)
    client = desk(sacha)
    for address in (
        f"/staff/takedowns/{second.pk}/",
        f"/staff/cases/{theirs.ref}/",
        "/staff/takedowns/?tab=all",
    ):
        page = client.get(address).content.decode()
        assert mine.ref not in page
        assert "of-nour-only" not in page
        assert str(nour) not in page
    assert (
        "shares a request that was under way" in client.get(f"/staff/takedowns/{second.pk}/").content.decode()
    )


def test_whoever_files_a_shared_form_reads_and_files_only_their_own(
    open_case: OpenCase, snaproom: Platform, nour: Staff, sacha: Staff
) -> None:
    Channel.objects.filter(platform=snaproom).update(max_items=10)
    wall, own = (LinkFacts(url=f"https://snaproom.example/p/{name}") for name in ("wall", "own"))
    first, other = ask(open_case(links=(wall, own)), by=nour)
    [second] = ask(open_case(links=(wall,), by=sacha), by=sacha)
    paste = connectors.text_to_paste(second.notice, case_id=second.case_id)
    assert "wall" in str(paste) and "/p/own" not in str(paste)
    actions.mark_filed(takedown=second, reference="S-1", by=sacha, at=NOON)
    found = [Takedown.objects.get(pk=row.pk).status for row in (first, other, second)]
    assert found == [Status.SENT, Status.TO_FILE, Status.SENT]


def test_what_failed_and_is_asked_for_elsewhere_by_now_is_shared_instead(
    mine: Case, theirs: Case, nour: Staff, sacha: Staff
) -> None:
    first, own = ask(mine, by=nour)
    claims = dispatch.claim(dispatch.routes(["http_api"], now=NOON), limit=10, now=NOON)
    dispatch.finish([(one, Sent(Result.REFUSED, detail="HTTP 403")) for one in claims], now=NOON)
    ask(theirs, by=sacha)
    actions.retry(takedown=own, by=nour, at=NOON)
    first.refresh_from_db()
    own.refresh_from_db()
    assert (first.status, own.status) == (Status.CANCELLED, Status.QUEUED)
    now = mine.takedowns.filter(link=first.link).order_by("-requested_at", "-id").exclude(pk=first.pk).get()
    assert now.notice.takedowns.filter(case=theirs).exists()


@pytest.mark.django_db(transaction=True)
def test_two_colleagues_at_once_ask_once(mine: Case, theirs: Case, nour: Staff, sacha: Staff) -> None:
    answers = at_once(lambda: ask(mine, by=nour), lambda: ask(theirs, by=sacha))
    assert all(isinstance(one, list) for one in answers), answers
    wall = mine.report.links.order_by("position")[0].url_index
    rows = Takedown.objects.filter(link__url_index=wall)
    assert rows.count() == 2
    assert len({(row.notice_id, row.item) for row in rows}) == 1


def test_an_incident_shares_what_a_case_asked_for_and_the_other_way_round(
    mine: Case, theirs: Case, open_case: OpenCase, nour: Staff, sacha: Staff, maud: Staff
) -> None:
    third = open_case(links=(WALL,))
    together.request_for_all(
        cases=[mine, third], links=together.askable([mine, third]), channel=None, by=nour, at=NOON
    )
    [row] = ask(theirs, by=sacha)
    assert Takedown.objects.filter(item_id=row.item).count() == 3


# --- one withdraws, by every way there is -----------------------------------------------------------------


WITHDRAWALS = ("code", "colleague", "erase")


def stop(case: Case, code: str, *, way: str, client: Client) -> None:
    """The young person of this case wants the wall not asked for any more."""
    link = case.report.links.order_by("position").first()
    assert link is not None
    if way == "code":
        answer = Client().post(
            "/api/v1/follow/withdraw/",
            {"links": [str(link.pk)]},
            content_type="application/json",
            headers={"Receipt-Code": code},
        )
        assert answer.status_code < 300, answer.content
    elif way == "colleague":
        row = case.takedowns.get(link=link)
        answer = client.post(f"/staff/takedowns/{row.pk}/cancel/", {"from": "case"})
        assert answer.status_code == 302
    else:
        reports.erase_report(report=case.report, by="young-person", at=NOON)
    actions.follow_withdrawals(at=NOON)
    actions.follow_withdrawals(at=NOON)  # words are forgotten once nobody holds them


@pytest.mark.parametrize("asked", ["case", "incident"])
@pytest.mark.parametrize("way", WITHDRAWALS)
def test_the_others_go_on_with_their_own_words_and_fingerprints(
    tell: Callable[..., tuple[Report, str]],
    nour: Staff,
    desk: Callable[[Staff], Client],
    way: str,
    asked: str,
) -> None:
    Channel.objects.update(max_items=10)
    told = []
    for number in range(2):
        prints = (FingerprintFacts(algorithm="sha256", value=f"{number}" * 64),)
        own = LinkFacts(url=f"https://chatter.example/p/own-{number}")
        report, code = tell(at=NOON, links=(WALL, own), fingerprints=prints)
        told.append((casework.open_case(report=report, by=nour, at=NOON), code))
    cases = [case for case, _code in told]
    if asked == "incident":
        links = together.askable(cases)
        together.request_for_all(cases=cases, links=links, channel=None, facts="At 0:42.", by=nour, at=NOON)
    else:
        for case in cases:
            links = list(case.report.links.order_by("position"))
            actions.request_takedown(case=case, links=links, facts="At 0:42.", by=nour, at=NOON)
    stop(*told[0], way=way, client=desk(nour))
    assert set(cases[1].takedowns.values_list("status", flat=True)) == {Status.QUEUED}
    claims = dispatch.claim(dispatch.routes(["http_api"], now=NOON), limit=10, now=NOON)
    leaving = {item.url: item for claim in claims for item in claim.content.items}
    assert WALL.url in leaving and "https://chatter.example/p/own-1" in leaving
    assert {mark["value"] for mark in leaving["https://chatter.example/p/own-1"].fingerprints} == {"1" * 64}
    assert all("At 0:42." in claim.content.explanation for claim in claims)
    assert set(cases[1].takedowns.values_list("status", flat=True)) == {Status.SENDING}
    if way == "erase":
        assert "0" * 64 not in "".join(notices.to_json(claim.content) for claim in claims)
    assert not cases[0].takedowns.filter(link__position=1, status=Status.SENDING).exists()
