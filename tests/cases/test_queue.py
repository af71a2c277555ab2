"""The queue finds reports nobody called about, orders them, and reads page by page."""

import base64
import json
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from cases import actions, claims, queue, search
from cases.models import Case, QueueItem
from cases.queue import BadCursor, Filters
from cases.states import Outcome, QueueState
from helpline.accounts.models import Staff
from helpline.audit.models import AuditRow
from helpline.platforms.models import Platform
from reports import actions as reports
from reports.actions import LinkFacts
from reports.models import Report
from reports.states import AgeRange, Circumstance, Kind
from tests.cast import NOON

Tell = Callable[..., tuple[Report, str]]
OpenCase = Callable[..., Case]

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("chatter")]


def test_a_submitted_report_is_found_and_scored_once(tell: Tell, chatter: Platform) -> None:
    report, _code = tell(circumstances=(Circumstance.BLACKMAIL,), age_range=AgeRange.FROM_13)

    assert queue.add_new_reports(at=NOON) == 1
    assert queue.add_new_reports(at=NOON) == 0

    item = QueueItem.objects.get()
    assert (item.report, item.state, item.score, item.danger) == (report, QueueState.WAITING, 50, False)
    assert item.reasons == [{"code": "blackmail", "points": 40}, {"code": "minor", "points": 10}]
    assert (item.places, item.link_count) == ("Chatter", 1)


def test_the_order_is_danger_then_urgency_and_waiting(tell: Tell, nour: Staff) -> None:
    calm, _ = tell(at=NOON)
    danger, _ = tell(at=NOON + timedelta(hours=9), circumstances=(Circumstance.SELF_HARM,))
    pressed, _ = tell(at=NOON + timedelta(hours=1), circumstances=(Circumstance.BLACKMAIL,))
    queue.add_new_reports(at=NOON)

    rows, after = queue.page(staff=nour, filters=Filters())

    assert [row.report_id for row in rows] == [danger.pk, pressed.pk, calm.pk]
    assert after == ""
    assert [item.report_id for item in queue.in_danger()] == [danger.pk]


def test_the_pages_together_are_the_whole_queue_in_order(tell: Tell, nour: Staff) -> None:
    for minute in range(23):
        tell(
            at=NOON + timedelta(minutes=minute // 3),  # several at the same moment
            circumstances=(Circumstance.IN_DANGER,) if minute % 5 == 0 else (),
        )
    queue.add_new_reports(at=NOON)
    whole = list(queue.items(staff=nour, filters=Filters()))

    seen: list[QueueItem] = []
    cursor = ""
    while True:
        rows, cursor = queue.page(staff=nour, filters=Filters(), after=cursor, limit=4)
        seen += rows
        if not cursor:
            break

    assert seen == whole
    assert len(seen) == 23


def test_a_page_is_read_in_the_order_of_its_index_however_deep(tell: Tell, nour: Staff, sacha: Staff) -> None:
    """Joined to another table it was sorted anew, with all that follows, wherever the planner expected few rows."""
    for _ in range(3):
        tell()
    queue.add_new_reports(at=NOON)
    claims.claim(report=QueueItem.objects.order_by(*queue.ORDER)[2].report, by=sacha)
    _rows, cursor = queue.page(staff=nour, filters=Filters(), limit=1)

    with CaptureQueriesContext(connection) as asked:
        rows, _after = queue.page(staff=nour, filters=Filters(), after=cursor)

    assert [row.reader_name if row.is_being_read else "" for row in rows] == ["", str(sacha)]
    [statement] = [one["sql"] for one in asked]
    assert "JOIN" not in statement
    with connection.cursor() as cursor_:
        cursor_.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off")
        cursor_.execute(f"EXPLAIN {statement}")
        plan = "\n".join(line for (line,) in cursor_.fetchall())
    assert "queue_waiting" in plan
    assert "Sort" not in plan


def written(*place: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode().rstrip("=")


ELSEWHERE = [
    "x",
    "é",
    "bm8",
    written(),
    written(1, 2, 3),
    written(1, NOON.isoformat(), str(UUID(int=1))),
    written(True, "2026-03-02T12:00:00", str(UUID(int=1))),
    written(True, NOON.isoformat(), "\0"),
    written(True, NOON.isoformat(), None),
]


@pytest.mark.parametrize("cursor", ELSEWHERE)
def test_a_cursor_of_somebody_else_is_refused(cursor: str, nour: Staff) -> None:
    with pytest.raises(BadCursor):
        queue.page(staff=nour, filters=Filters(), after=cursor)


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (Filters(kind=Kind.THREAT), {"threat"}),
        (Filters(age_range=AgeRange.UNDER_13), {"young"}),
        (Filters(language="en"), {"english"}),
        (Filters(danger=True), {"danger"}),
        (Filters(kind=Kind.THREAT, language="en"), set()),
        (Filters(since=date(2026, 3, 5)), {"late"}),
        (Filters(until=date(2026, 3, 2)), {"threat", "young", "english", "danger"}),
        (Filters(since=date(2026, 3, 5), until=date(2026, 3, 5)), {"late"}),
        (Filters(since=date(2026, 3, 3), until=date(2026, 3, 4)), set()),
    ],
)
def test_filters_narrow_the_list(filters: Filters, expected: set[str], tell: Tell, nour: Staff) -> None:
    made = {
        "threat": tell(kind=Kind.THREAT)[0].pk,
        "young": tell(age_range=AgeRange.UNDER_13)[0].pk,
        "english": tell(language="en")[0].pk,
        "danger": tell(circumstances=(Circumstance.IN_DANGER,))[0].pk,
        # Ten past midnight in Paris: a day of the helpline's own, not of Greenwich.
        "late": tell(at=NOON + timedelta(days=2, hours=11, minutes=10))[0].pk,
    }
    queue.add_new_reports(at=NOON)

    rows, _after = queue.page(staff=nour, filters=filters)

    assert {row.report_id for row in rows} == {made[name] for name in expected}


def test_a_report_leaves_the_waiting_tab_when_it_becomes_a_case(
    open_case: OpenCase, nour: Staff, sacha: Staff, maud: Staff
) -> None:
    case = open_case()

    def under(view: str, staff: Staff) -> list[Any]:
        return [item.case for item in queue.items(staff=staff, filters=Filters(view=view))]

    assert under("waiting", nour) == []
    assert under("mine", nour) == [case]
    assert under("mine", maud) == []
    # A colleague of another team does not see it among the open ones; a supervisor does.
    assert under("open", nour) == [case]
    assert under("open", sacha) == []
    assert under("open", maud) == [case]

    actions.close_case(case=case, outcome=Outcome.ADVICE, by=nour, at=NOON + timedelta(hours=1))
    assert under("mine", nour) == []


def test_counts_stop_counting_and_cost_one_statement(
    tell: Tell, nour: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(7):
        tell()
    queue.add_new_reports(at=NOON)
    monkeypatch.setattr(queue, "COUNT_UP_TO", 5)
    nour.team_slugs()

    with CaptureQueriesContext(
        connection,
    ) as asked:
        found = queue.capped_counts(queue.tabs(staff=nour) | {"nothing": QueueItem.objects.none()})

    assert found == {"waiting": 5, "mine": 0, "open": 0, "alone": 0, "nothing": 0}
    assert len(asked) == 1
    assert queue.capped_counts({}) == {}


def test_refresh_counts_the_links_again(tell: Tell, chatter: Platform, pixboard: Platform) -> None:
    report, code = tell()
    queue.add_new_reports(at=NOON)
    facts = [LinkFacts(url="https://pixboard.example/p/2")]
    reports.add_links(report=report, box=report.box_for_code(code), facts=facts, by="young-person", at=NOON)

    queue.refresh(report=report, at=NOON)

    item = QueueItem.objects.get()
    assert (item.places, item.link_count) == ("Chatter, Pixboard", 2)


def test_what_is_told_later_is_weighed_once(tell: Tell) -> None:
    quiet, _code = tell(circumstances=())
    queue.add_new_reports(at=NOON)
    assert queue.refresh_retold(at=NOON) == 0

    reports.add_circumstances(report=quiet, circumstances=[Circumstance.IN_DANGER], at=NOON)

    assert queue.refresh_retold(at=NOON) == 1
    assert queue.refresh_retold(at=NOON) == 0
    item = QueueItem.objects.get()
    assert item.danger
    assert "in-danger" in {reason["code"] for reason in item.reasons}


def test_a_report_told_on_before_the_queue_saw_it_waits_for_its_item(tell: Tell) -> None:
    report, _code = tell(circumstances=())
    reports.add_circumstances(report=report, circumstances=[Circumstance.VIOLENCE], at=NOON)

    assert queue.refresh_retold(at=NOON) == 0
    queue.add_new_reports(at=NOON)
    assert queue.refresh_retold(at=NOON) == 1


@pytest.mark.parametrize("is_case", [False, True])
def test_a_deadline_that_comes_nearer_raises_the_priority_once_for_each_threshold(
    is_case: bool, tell: Tell, nour: Staff
) -> None:
    end = NOON + timedelta(days=3)
    report, _code = tell(deadline_at=end, circumstances=())
    tell(circumstances=())  # without one
    queue.add_new_reports(at=NOON)
    if is_case:
        actions.open_case(report=report, by=nour, at=NOON)

    def sweep(before: timedelta) -> tuple[int, str]:
        return (
            queue.refresh_deadlines(at=end - before),
            QueueItem.objects.get(report=report).reasons[0]["code"],
        )

    assert sweep(timedelta(hours=25)) == (0, "deadline")
    assert sweep(timedelta(hours=24)) == (1, "deadline-soon")
    assert sweep(timedelta(hours=7)) == (0, "deadline-soon")
    assert sweep(timedelta(hours=5)) == (1, "deadline-now")
    assert sweep(timedelta(hours=-1)) == (0, "deadline-now")
    item = QueueItem.objects.get(report=report)
    assert item.rank_at == item.submitted_at - item.score * timedelta(minutes=6)


def test_both_thresholds_crossed_at_once_and_a_closed_or_erased_one_left_alone(
    tell: Tell, open_case: OpenCase, nour: Staff
) -> None:
    end = NOON + timedelta(days=3)
    slept, closed, erased = (tell(deadline_at=end)[0] for _ in range(3))
    queue.add_new_reports(at=NOON)
    case = actions.open_case(report=closed, by=nour, at=NOON)
    actions.close_case(case=case, outcome=Outcome.ADVICE, by=nour, at=NOON)
    reports.erase_report(report=erased, by="young-person", at=NOON)

    assert queue.refresh_deadlines(at=end) == 1

    assert QueueItem.objects.get(report=slept).reasons[0]["code"] == "deadline-now"


def test_an_unread_message_marks_the_item_once(tell: Tell) -> None:
    report, code = tell()
    queue.add_new_reports(at=NOON)
    reports.send_message(report=report, box=report.box_for_code(code), text="Hello?", by=None, at=NOON)

    assert queue.note_unread() == 1
    assert queue.note_unread() == 0
    assert QueueItem.objects.get().unread


# --- who reads what just now ------------------------------------------------------------------------------


def claimed_by(report: Report) -> Staff | None:
    return QueueItem.objects.select_related("claimed_by").get(report=report).reader


def run_out(report: Report) -> None:
    """As if its minutes had passed."""
    QueueItem.objects.filter(report=report).update(claimed_until=timezone.now() - timedelta(seconds=1))


@pytest.fixture
def report(tell: Tell) -> Report:
    made, _code = tell()
    queue.add_new_reports(at=NOON)
    return made


def test_one_reads_it_and_nobody_else(report: Report, nour: Staff, sacha: Staff) -> None:
    assert claims.claim(report=report, by=nour)
    assert not claims.claim(report=report, by=sacha)
    assert claimed_by(report) == nour


def test_reading_on_makes_the_time_begin_anew(report: Report, nour: Staff, settings: Any) -> None:
    claims.claim(report=report, by=nour)
    until = QueueItem.objects.get().claimed_until
    assert until is not None
    assert timedelta(minutes=9) < until - timezone.now() <= timedelta(minutes=10)
    settings.CLAIM = timedelta(minutes=30)

    assert claims.claim(report=report, by=nour)

    again = QueueItem.objects.get().claimed_until
    assert again is not None
    assert again - until > timedelta(minutes=19)


def test_what_is_abandoned_comes_back_by_itself(report: Report, nour: Staff, sacha: Staff) -> None:
    claims.claim(report=report, by=nour)
    assert claims.next_for(staff=sacha) is None
    run_out(report)

    assert claimed_by(report) is None
    assert claims.next_for(staff=sacha) == report.pk
    assert claimed_by(report) == sacha


def test_what_is_put_back_is_free_and_only_its_reader_puts_it_back(
    report: Report, nour: Staff, sacha: Staff
) -> None:
    claims.claim(report=report, by=nour)

    assert not claims.release(report=report, by=sacha)
    assert claimed_by(report) == nour
    assert claims.release(report=report, by=nour)
    assert claims.claim(report=report, by=sacha)


def test_a_case_is_nobodys_to_claim(open_case: OpenCase, nour: Staff, maud: Staff) -> None:
    case = open_case()
    assert not claims.claim(report=case.report, by=nour)
    assert not claims.take_over(report=case.report, by=maud, at=NOON)


def test_taking_it_in_hand_waits_for_who_reads_it(report: Report, nour: Staff, sacha: Staff) -> None:
    claims.claim(report=report, by=nour)

    with pytest.raises(claims.Claimed) as refused:
        actions.open_case(report=report, by=sacha, at=NOON)
    assert refused.value.by == nour
    assert not Case.objects.exists()

    assert actions.open_case(report=report, by=nour, at=NOON).assignee == nour
    item = QueueItem.objects.get()
    assert (item.claimed_by, item.claimed_until) == (None, None)


def test_it_may_be_given_to_who_reads_it(report: Report, nour: Staff, maud: Staff) -> None:
    claims.claim(report=report, by=nour)
    assert actions.open_case(report=report, by=maud, assignee=nour, at=NOON).assignee == nour


def test_a_claim_that_ran_out_hinders_nobody(report: Report, nour: Staff, sacha: Staff) -> None:
    claims.claim(report=report, by=nour)
    run_out(report)
    assert actions.open_case(report=report, by=sacha, at=NOON).assignee == sacha


def test_a_supervisor_takes_over_and_the_trail_says_from_whom(
    report: Report, nour: Staff, sacha: Staff, maud: Staff
) -> None:
    claims.claim(report=report, by=nour)

    with pytest.raises(PermissionDenied):
        claims.take_over(report=report, by=sacha, at=NOON)
    assert claims.take_over(report=report, by=maud, at=NOON)

    assert claimed_by(report) == maud
    line = AuditRow.objects.get(verb="report.taken_over")
    assert (line.actor, line.object_id) == (f"staff:{maud.pk}", str(report.pk))
    assert line.detail == {"from": nour.pk}


def test_next_is_the_most_urgent_that_nobody_reads(tell: Tell, nour: Staff, sacha: Staff) -> None:
    calm, _ = tell(at=NOON)
    danger, _ = tell(at=NOON + timedelta(hours=1), circumstances=(Circumstance.IN_DANGER,))
    pressed, _ = tell(at=NOON, circumstances=(Circumstance.BLACKMAIL,))
    queue.add_new_reports(at=NOON)

    given = [claims.next_for(staff=one) for one in (nour, sacha, nour, sacha)]

    assert given == [danger.pk, pressed.pk, calm.pk, None]


# --- news -------------------------------------------------------------------------------------------------


def test_news_say_what_the_page_needs_in_one_statement(
    tell: Tell, open_case: OpenCase, nour: Staff, sacha: Staff
) -> None:
    case = open_case()
    calm, _ = tell()
    danger, _ = tell(circumstances=(Circumstance.IN_DANGER,), deadline_at=NOON + timedelta(hours=5))
    queue.add_new_reports(at=NOON)
    claims.claim(report=calm, by=sacha)
    nour.team_slugs()

    with CaptureQueriesContext(connection) as asked:
        news = queue.news(staff=nour, filters=Filters())

    assert len(asked) == 1
    assert news.counts == {"waiting": 2, "mine": 1, "open": 1, "alone": 0, "danger": 1}
    assert news.danger == [danger.pk]
    assert news.is_whole
    first, second = news.rows
    assert (UUID(first["report_id"]), first["deadline_at"]) == (danger.pk, NOON + timedelta(hours=5))
    assert (UUID(second["report_id"]), second["submitted_at"]) == (calm.pk, NOON)
    assert (bool(first["is_read"]), second["is_read"]) == (False, True)
    assert (second["reader_name"], second["is_own"]) == ("Sacha", False)
    (mine,) = queue.news(staff=nour, filters=Filters(view="mine")).rows
    assert (UUID(mine["report_id"]), mine["holder_name"]) == (case.report_id, "Nour")


def test_news_of_an_empty_list_still_count(nour: Staff) -> None:
    news = queue.news(staff=nour, filters=Filters())
    assert (news.rows, news.danger, news.is_whole) == ([], [], True)
    assert set(news.counts.values()) == {0}


def test_news_are_limited_and_say_so(tell: Tell, nour: Staff, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(4):
        tell()
    queue.add_new_reports(at=NOON)
    monkeypatch.setattr(queue, "NEWS_UP_TO", 3)

    news = queue.news(staff=nour, filters=Filters())

    assert (len(news.rows), news.is_whole) == (3, False)


def test_news_of_a_later_page_begin_there(tell: Tell, nour: Staff) -> None:
    for _ in range(5):
        tell()
    queue.add_new_reports(at=NOON)
    rows, cursor = queue.page(staff=nour, filters=Filters(), limit=3)

    news = queue.news(staff=nour, filters=Filters(), after=cursor)

    assert len(news.rows) == 2
    assert not {UUID(row["report_id"]) for row in news.rows} & {row.report_id for row in rows}


# --- search -----------------------------------------------------------------------------------------------


def test_search_finds_by_reference_link_and_account(
    open_case: OpenCase, nour: Staff, chatter: Platform
) -> None:
    case = open_case(
        links=(
            LinkFacts(url="https://chatter.example/p/77"),
            LinkFacts(account="mean.person", platform="chatter"),
        )
    )
    open_case(links=(LinkFacts(url="https://chatter.example/p/78"),))

    for text in (case.ref, case.ref.lower(), "see https://chatter.example/p/77?utm_source=x", "@Mean.Person"):
        found = search.find(staff=nour, text=text)
        assert [item.case for item in found] == [case], text


@pytest.mark.parametrize(
    "text", ["", "@", "nobody", "ZZZZZZZZ", "made-up picture", "https://", "\x00", "a" * 2000]
)
def test_search_for_what_is_not_there_finds_nothing(text: str, open_case: OpenCase, nour: Staff) -> None:
    open_case()
    assert list(search.find(staff=nour, text=text)) == []


def test_search_shows_nobody_elses_cases(
    open_case: OpenCase, tell: Tell, nour: Staff, sacha: Staff, maud: Staff, theo: Staff
) -> None:
    case = open_case()
    waiting, _code = tell()
    queue.add_new_reports(at=NOON)

    def found(staff: Staff) -> set[Any]:
        return {item.report_id for item in search.find(staff=staff, text="https://chatter.example/p/1")}

    assert found(nour) == {case.report_id, waiting.pk}
    assert found(sacha) == {waiting.pk}
    assert found(maud) == {case.report_id, waiting.pk}
    assert found(theo) == set()


def test_search_by_day_finds_that_day_and_no_other(
    tell: Tell, open_case: OpenCase, nour: Staff, sacha: Staff
) -> None:
    case = open_case()
    waiting, _code = tell(at=NOON + timedelta(hours=3))
    tell(at=NOON + timedelta(days=1))
    queue.add_new_reports(at=NOON)

    for text in ("2026-03-02", "02/03/2026", "2.3.2026"):
        assert [item.report_id for item in search.find(staff=nour, text=text)] == [
            waiting.pk,
            case.report_id,
        ], text
    assert [item.report_id for item in search.find(staff=sacha, text="2026-03-02")] == [waiting.pk]
    for text in ("2026-03-09", "2026-13-02", "0001-01-01", "2. 3."):
        assert search.find(staff=nour, text=text) == [], text


@pytest.mark.slow
@pytest.mark.parametrize(
    "wanted", ["https://chatter.example/p/1", "@mean.person", "2026-03-02"], ids=["link", "account", "day"]
)
@pytest.mark.parametrize("who", ["nour", "maud"])
def test_search_reads_no_table_from_end_to_end(
    who: str, wanted: str, open_case: OpenCase, request: pytest.FixtureRequest
) -> None:
    """Given twenty thousand reports with a link each, then the database goes to the few by an index, for every role."""
    case = open_case(
        links=(
            LinkFacts(url="https://chatter.example/p/1"),
            LinkFacts(account="mean.person", platform="chatter"),
        )
    )
    staff = request.getfixturevalue(who)
    with connection.cursor() as cursor:
        cursor.execute(MANY, {"like": case.report_id, "platform": case.report.links.all()[0].platform_id})
        cursor.execute("ANALYZE reports_report, reports_link, cases_case, cases_queueitem")
    with CaptureQueriesContext(connection) as asked:
        found = search.find(staff=staff, text=wanted)
    assert [item.case for item in found] == [case]

    plans = []
    for one in asked:
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN {one['sql']}")
            plans.append("\n".join(line for (line,) in cursor.fetchall()))
    large = ("reports_link", "reports_report", "cases_case", "cases_queueitem")
    walked = [plan for plan in plans for table in large if f"Seq Scan on {table}" in plan]
    assert not walked, "\n\n".join(walked)


MANY = """
CREATE TEMPORARY TABLE many ON COMMIT DROP AS
    SELECT i, md5('r' || i)::uuid AS id, now() - i * interval '1 minute' AS at FROM generate_series(1, 20000) AS i;
INSERT INTO reports_report (id, status, channel, language, who, age_range, kind, circumstances, submitted_at, is_complete,
        is_retold, last_contact_at, contact_via, story, code_key, staff_key, locator)
    SELECT many.id, 'in_case', channel, language, who, age_range, kind, '{}', at, true, false, at, 'none', 'x', 'x', 'x',
        decode(md5('l' || i), 'hex')
    FROM many, reports_report AS sample WHERE sample.id = %(like)s;
INSERT INTO reports_link (id, report_id, position, platform_id, kind, url, url_index, account_index, status, status_at,
        added_at, reported_before)
    SELECT md5('k' || i)::uuid, id, 1, %(platform)s, 'post', 'x', decode(md5('u' || i), 'hex'), decode(md5('a' || i), 'hex'),
        'received', at, at, false FROM many;
INSERT INTO cases_case (ref, report_id, status, team_id, assignee_id, opened_by_id, opened_at, changed_at, outcome)
    SELECT lpad(i::text, 8, '0'), many.id, 'open', team_id, assignee_id, opened_by_id, at, at, ''
    FROM many, cases_case AS sample WHERE sample.report_id = %(like)s;
INSERT INTO cases_queueitem (report_id, case_id, state, danger, score, reasons, rank_at, scored_at, submitted_at, kind,
        age_range, language, places, link_count, unread)
    SELECT many.id, cases_case.id, 'open', false, 0, '[]', at, at, at, 'sent', 'unknown', 'fr', '', 1, false
    FROM many JOIN cases_case ON cases_case.report_id = many.id;
"""
