"""The queue page: who sees it, what it shows, what it costs; claims, tabs of one's own, several at once."""

import hashlib
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlencode
from uuid import uuid4

import pytest
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from cases import actions, claims, queue, saved_views
from cases.models import Case, QueueItem, SavedView
from helpline.accounts.models import Staff
from helpline.audit.models import AuditRow
from reports import actions as reports
from reports.models import Report
from reports.states import AgeRange, Circumstance, Kind
from tests.cast import NOON

Tell = Callable[..., tuple[Report, str]]
OpenCase = Callable[..., Case]
Desk = Callable[[Staff], Client]
ROOT = Path(__file__).resolve().parents[3]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("chatter")]


def test_nobody_sees_the_desk_without_logging_in(client: Client) -> None:
    answer = client.get("/staff/")
    assert (answer.status_code, answer["Location"]) == (302, "/staff/login/?next=/staff/")


@pytest.mark.parametrize(
    ("who", "where"),
    [("anouk", "/staff/platforms/"), ("theo", "/staff/dashboard/")],
)
def test_whoever_may_not_see_the_queue_is_led_to_their_first_page(
    who: str, where: str, desk: Desk, request: pytest.FixtureRequest
) -> None:
    answer = desk(request.getfixturevalue(who)).get("/staff/")
    assert (answer.status_code, answer["Location"]) == (302, where)


def test_a_partner_has_no_page_here(desk: Desk, make_staff: Callable[..., Staff]) -> None:
    assert desk(make_staff("partner", "partner")).get("/staff/").status_code == 403


def test_a_row_says_who_needs_help_and_why(tell: Tell, desk: Desk, nour: Staff, chatter: object) -> None:
    now = timezone.now()
    report, _code = tell(
        at=now - timedelta(hours=3, minutes=20),
        kind=Kind.THREAT,
        age_range=AgeRange.FROM_13,
        circumstances=(Circumstance.BLACKMAIL, Circumstance.ADULT),
        deadline_at=now + timedelta(hours=5, minutes=1),
    )
    queue.add_new_reports(at=now)

    page = desk(nour).get("/staff/").content.decode()

    assert f'data-href="/staff/reports/{report.pk}/"' in page
    for words in ("Threat to share", "13–14", "3 h 20 min", "in 5 h", "Chatter", "1 link", "FR", "Take it"):
        assert words in page, words
    # The two heaviest reasons, and not the third.
    assert "A threat runs out within hours" in page
    assert "An adult is behind it" in page
    assert "Blackmail" not in page


def test_danger_stands_above_everything_on_every_page(
    tell: Tell, desk: Desk, nour: Staff, anouk: Staff
) -> None:
    tell(circumstances=(Circumstance.SELF_HARM,))
    queue.add_new_reports(at=NOON)

    for address in ("/staff/", "/staff/cases/", "/staff/takedowns/", "/staff/incidents/"):
        assert 'class="danger-strip"' in desk(nour).get(address).content.decode(), address
    assert 'class="danger-strip"' not in desk(anouk).get("/staff/platforms/").content.decode()


def test_waiting_ages_visibly(tell: Tell, desk: Desk, nour: Staff) -> None:
    now = timezone.now()
    for hours in (1, 7, 30):
        tell(at=now - timedelta(hours=hours, minutes=1))
    queue.add_new_reports(at=now)

    page = desk(nour).get("/staff/").content.decode()

    assert page.count('class="waiting "') == 1
    assert page.count('class="waiting old"') == 1
    assert page.count('class="waiting very-old"') == 1


def test_tabs_filters_and_pages_go_together(
    tell: Tell, desk: Desk, nour: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    for minute in range(5):
        tell(kind=Kind.THREAT, at=NOON + timedelta(minutes=minute))
    tell(kind=Kind.SENT)
    queue.add_new_reports(at=NOON)
    monkeypatch.setattr(queue.page, "__kwdefaults__", {"after": "", "limit": 3})
    client = desk(nour)

    first = client.get("/staff/?kind=threat&odd=1")
    second = client.get(first.context["next_url"])

    assert [len(first.context["rows"]), len(second.context["rows"])] == [3, 2]
    assert second.context["next_url"] == ""
    assert second.context["first_url"] == "/staff/?" + urlencode({"kind": "threat", "odd": "1"})
    assert not {row.pk for row in first.context["rows"]} & {row.pk for row in second.context["rows"]}


@pytest.mark.parametrize("query", ["kind=nothing", "age=%00", "language=xx", "view=' OR 1=1"])
def test_an_unknown_filter_is_left_out(query: str, tell: Tell, desk: Desk, nour: Staff) -> None:
    tell()
    queue.add_new_reports(at=NOON)
    assert len(desk(nour).get(f"/staff/?{query}").context["rows"]) == 1


@pytest.mark.parametrize("cursor", ["x", "%00", "W10"])
def test_a_broken_page_address_leads_to_the_first_page(cursor: str, desk: Desk, nour: Staff) -> None:
    answer = desk(nour).get(f"/staff/?view=open&after={cursor}")
    assert (answer.status_code, answer["Location"]) == (302, "/staff/?view=open")


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("", "Nobody is waiting"),
        ("?view=mine", "No open case"),
        ("?view=open", "No open case"),
        ("?kind=sent", "Nothing matches these filters"),
    ],
)
def test_an_empty_list_says_what_will_appear(query: str, words: str, desk: Desk, nour: Staff) -> None:
    assert words in desk(nour).get(f"/staff/{query}").content.decode()


@pytest.mark.parametrize("who", ["nour", "maud"])
@pytest.mark.parametrize("view", ["waiting", "mine", "open"])
def test_the_page_costs_the_same_for_three_and_for_thirty(
    view: str, who: str, tell: Tell, open_case: OpenCase, desk: Desk, request: pytest.FixtureRequest
) -> None:
    staff = request.getfixturevalue(who)
    client = desk(staff)
    saved_views.save(name="Threats", query="kind=threat", by=staff, at=NOON)

    def cost() -> int:
        client.get("/staff/")  # the session's half hour is moved on, at most once a minute
        with CaptureQueriesContext(connection) as asked:
            client.get(f"/staff/?view={view}")
        return len(asked)

    def add(count: int) -> None:
        for _ in range(count):
            report, _code = tell(circumstances=(Circumstance.IN_DANGER,))
            open_case()
            queue.add_new_reports(at=NOON)
            claims.claim(report=report, by=staff)

    add(3)
    few = cost()
    add(12)
    assert cost() == few
    # The session, the person, every count in one, the page, their tabs; then their teams, or whom they may choose.
    assert few <= 6


def test_an_unread_message_shows_in_the_row_and_in_the_rail(tell: Tell, desk: Desk, nour: Staff) -> None:
    report, code = tell()
    actions.open_case(report=report, by=nour, at=NOON)
    reports.send_message(report=report, box=report.box_for_code(code), text="Hi", by=None, at=NOON)
    queue.note_unread()

    answer = desk(nour).get("/staff/?view=mine")

    assert "New message" in answer.content.decode()
    places = {place["url"]: place["count"] for place in answer.context["rail"]()}
    assert places["/staff/cases/"] == "1"


# --- news -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["nour", "maud"])
@pytest.mark.parametrize("view", ["waiting", "mine", "open"])
def test_news_cost_the_same_however_much_there_is(
    view: str, who: str, tell: Tell, open_case: OpenCase, desk: Desk, request: pytest.FixtureRequest
) -> None:
    staff = request.getfixturevalue(who)
    client = desk(staff)

    def cost() -> int:
        with CaptureQueriesContext(connection) as asked:
            assert client.get(f"/staff/queue/news/?view={view}").status_code == 200
        return len(asked)

    for _ in range(2):
        for _ in range(8):
            tell(circumstances=(Circumstance.IN_DANGER,))
            open_case(by=staff)
        queue.add_new_reports(at=NOON)
        # The session, the person, their teams where these decide, and everything else at once.
        assert cost() == (3 if who == "maud" else 4)


def test_news_say_who_reads_and_what_is_in_danger(tell: Tell, desk: Desk, nour: Staff, sacha: Staff) -> None:
    calm, danger = tell()[0], tell(circumstances=(Circumstance.SELF_HARM,))[0]
    queue.add_new_reports(at=NOON)
    claims.claim(report=calm, by=sacha)
    claims.claim(report=danger, by=nour)

    page = desk(nour).get("/staff/queue/news/").content.decode()

    assert f'data-danger="{danger.pk} "' in page
    assert 'data-count-waiting="2"' in page
    assert page.index(f'data-id="{danger.pk}"') < page.index("with you")
    assert page.index(f'data-id="{calm.pk}"') < page.index("Sacha is reading it")


def test_news_escape_what_colleagues_are_called(tell: Tell, desk: Desk, nour: Staff, sacha: Staff) -> None:
    report, _code = tell()
    queue.add_new_reports(at=NOON)
    claims.claim(report=report, by=sacha)
    Staff.objects.filter(pk=sacha.pk).update(display_name="<b>S</b>")
    assert "<b>S</b>" not in desk(nour).get("/staff/queue/news/").content.decode()


def test_news_that_are_none_are_not_sent_again(tell: Tell, desk: Desk, nour: Staff, sacha: Staff) -> None:
    report, _code = tell(at=timezone.now() - timedelta(days=3))  # counted in days: the same in a minute
    queue.add_new_reports(at=NOON)
    client = desk(nour)

    def look(seen: str) -> tuple[int, str]:
        answer = client.get("/staff/queue/news/", {"seen": seen})
        found = re.search(r'data-seen="(\w+)"', answer.content.decode())
        return answer.status_code, found[1] if found else ""

    status, seen = look("")
    assert (status, look(seen)) == (200, (204, ""))
    claims.claim(report=report, by=sacha)
    status, newer = look(seen)
    assert status == 200
    assert look(newer) == (204, "")


@pytest.mark.parametrize("view", ["waiting", "open"])
def test_names_are_written_as_they_are(view: str, tell: Tell, desk: Desk, nour: Staff, maud: Staff) -> None:
    """Rows are filled into a form: what looks like a hole, or like markup, is neither."""
    Staff.objects.filter(pk=nour.pk).update(display_name="%(id)s 100 % <i>{}")
    report, _code = tell()
    queue.add_new_reports(at=NOON)
    if view == "open":
        actions.open_case(report=report, by=nour, at=NOON)
    else:
        claims.claim(report=report, by=nour)
    for address in (f"/staff/?view={view}", f"/staff/queue/news/?view={view}"):
        assert "%(id)s 100 % &lt;i&gt;{}" in desk(maud).get(address).content.decode()


def test_rows_speak_the_language_of_the_reader(tell: Tell, desk: Desk, nour: Staff) -> None:
    tell(circumstances=())
    queue.add_new_reports(at=NOON)
    client = desk(nour)
    assert "Take it" in client.get("/staff/").content.decode()
    client.cookies["lang"] = "fr"
    assert "Take it" not in client.get("/staff/").content.decode()
    client.cookies["lang"] = "en"
    assert "Take it" in client.get("/staff/").content.decode()


def test_the_danger_that_waits_is_told_to_every_page(
    tell: Tell, desk: Desk, nour: Staff, anouk: Staff
) -> None:
    tell()
    later, first = (
        tell(at=NOON + timedelta(hours=hour), circumstances=(Circumstance.IN_DANGER,))[0] for hour in (2, 1)
    )
    queue.add_new_reports(at=NOON)
    client = desk(nour)
    told = client.get("/staff/queue/danger/").json()
    assert told == {"danger": [str(first.pk), str(later.pk)]}
    assert 'data-danger-news="/staff/queue/danger/"' in client.get("/staff/cases/").content.decode()
    # Nothing of it for whoever may not see the queue.
    assert "data-danger-news" not in desk(anouk).get("/staff/platforms/").content.decode()


@pytest.mark.parametrize("address", ["/staff/queue/news/", "/staff/queue/danger/"])
def test_a_clock_keeps_nobody_logged_in(address: str, desk: Desk, nour: Staff) -> None:
    client = desk(nour)
    client.get("/staff/")
    before = Session.objects.get()
    # Long enough ago that a click would move the half hour on.
    store = client.session
    store["last_seen_at"] = 1
    store.save()

    client.get(address)
    assert Session.objects.get().get_decoded()["last_seen_at"] == 1

    client.get("/staff/")
    after = Session.objects.get()
    assert after.get_decoded()["last_seen_at"] > 1
    assert after.pk == before.pk


def test_a_broken_place_in_the_news_is_not_there(desk: Desk, nour: Staff) -> None:
    assert desk(nour).get("/staff/queue/news/?after=x").status_code == 404


def test_htmx_is_the_packages_own_and_stays_in_this_room(desk: Desk, nour: Staff, client: Client) -> None:
    folder = ROOT / "static" / "vendor" / "htmx"
    digest = hashlib.sha256((folder / "htmx.min.js").read_bytes()).hexdigest()
    assert f"{digest}  htmx.min.js" in (folder / "README.md").read_text()

    page = desk(nour).get("/staff/").content.decode()
    for rule in ('"allowEval":false', '"historyCacheSize":0', '"includeIndicatorStyles":false'):
        assert rule in page, rule
    rooms = {
        path.relative_to(ROOT / "templates").parts[0]
        for path in (ROOT / "templates").rglob("*.html")
        if re.search(r"\bhtmx\b|\bhx-", path.read_text())
    }
    assert rooms <= {"cases", "todo", "listening"}  # where somebody is logged in
    assert "htmx" not in client.get("/").content.decode()


# --- who reads what just now ------------------------------------------------------------------------------


@pytest.fixture
def report(tell: Tell) -> Report:
    made, _code = tell()
    queue.add_new_reports(at=NOON)
    return made


def test_opening_a_report_claims_it(
    report: Report, desk: Desk, nour: Staff, sacha: Staff, maud: Staff
) -> None:
    mine = desk(nour).get(f"/staff/reports/{report.pk}/").content.decode()
    theirs = desk(sacha).get(f"/staff/reports/{report.pk}/").content.decode()
    above = desk(maud).get(f"/staff/reports/{report.pk}/").content.decode()

    assert "Nobody else is offered it until" in mine
    assert "Open a case" in mine
    for page in (theirs, above):
        assert "Nour is reading it" in page
        assert "Open a case" not in page
    assert "Take it over" in above
    assert "Take it over" not in theirs
    assert "Nour is reading it" in desk(sacha).get("/staff/").content.decode()
    assert "with you" in desk(nour).get("/staff/").content.decode()
    assert QueueItem.objects.get().claimed_by == nour


def test_taking_what_a_colleague_reads_is_refused_in_words(
    report: Report, desk: Desk, nour: Staff, sacha: Staff
) -> None:
    claims.claim(report=report, by=nour)

    answer = desk(sacha).post(f"/staff/reports/{report.pk}/open/", follow=True)

    assert answer.redirect_chain == [(f"/staff/reports/{report.pk}/", 302)]
    assert "Nour is reading this report just now" in answer.content.decode()
    assert not Case.objects.exists()


def test_it_is_kept_put_back_and_taken_over(
    report: Report, desk: Desk, nour: Staff, sacha: Staff, maud: Staff
) -> None:
    hers, address = desk(nour), f"/staff/reports/{report.pk}/"

    hers.get(address)
    assert hers.post(f"{address}keep/")["Location"] == address
    assert desk(sacha).post(f"{address}release/")["Location"] == "/staff/"
    assert QueueItem.objects.get().reader == nour
    assert desk(sacha).post(f"{address}take-over/").status_code == 403
    assert "Open a case" in desk(maud).post(f"{address}take-over/", follow=True).content.decode()
    assert QueueItem.objects.get().reader == maud
    assert AuditRow.objects.filter(verb="report.taken_over").count() == 1

    claims.claim(report=report, by=maud)
    assert "back in the queue" in desk(maud).post(f"{address}release/", follow=True).content.decode()
    assert QueueItem.objects.get().reader is None


def test_next_for_me_opens_the_most_urgent_one_that_is_free(
    tell: Tell, desk: Desk, nour: Staff, sacha: Staff
) -> None:
    calm, danger = tell()[0], tell(circumstances=(Circumstance.SELF_HARM,))[0]
    queue.add_new_reports(at=NOON)

    assert desk(nour).post("/staff/queue/next/")["Location"] == f"/staff/reports/{danger.pk}/"
    assert desk(sacha).post("/staff/queue/next/")["Location"] == f"/staff/reports/{calm.pk}/"
    none = desk(sacha).post("/staff/queue/next/", follow=True)
    assert none.redirect_chain == [("/staff/", 302)]
    assert "Nobody else waits" in none.content.decode()


# --- days and tabs ------------------------------------------------------------------------------------------


def test_days_narrow_the_list_and_keep_the_other_filters(tell: Tell, desk: Desk, nour: Staff) -> None:
    tell(kind=Kind.THREAT)
    tell(kind=Kind.THREAT, at=NOON + timedelta(days=3))
    queue.add_new_reports(at=NOON)
    client = desk(nour)

    answer = client.get("/staff/?kind=threat&from=2026-03-03&to=2026-03-09")

    assert len(answer.context["rows"]) == 1
    page = answer.content.decode()
    assert '<input type="hidden" name="kind" value="threat">' in page
    assert '<input type="date" name="from" value="2026-03-03">' in page
    assert len(client.get("/staff/?from=2026-13-45&to=x").context["rows"]) == 2


def test_filters_become_a_tab_and_come_back_after_it_was_taken_away(desk: Desk, nour: Staff) -> None:
    client = desk(nour)
    saved = client.post(
        "/staff/queue/views/", {"name": " Threats,  EN ", "query": "language=en&kind=threat&x=1"}
    )
    assert saved["Location"] == "/staff/?kind=threat&language=en"
    view = SavedView.objects.get()
    assert (view.staff, view.name, view.query) == (nour, "Threats, EN", "kind=threat&language=en")

    page = client.get("/staff/?language=en&kind=threat").content.decode()
    assert '<a href="/staff/?kind=threat&amp;language=en" aria-current="page">Threats, EN</a>' in page
    assert page.count('aria-current="page">') == 2  # the place in the rail, and this tab

    gone = client.post(f"/staff/queue/views/{view.pk}/remove/", follow=True).content.decode()
    assert "The tab “Threats, EN” is gone." in gone
    assert ">Threats, EN</a>" not in gone

    back = client.post(f"/staff/queue/views/{view.pk}/restore/")
    assert back["Location"] == "/staff/?kind=threat&language=en"
    assert ">Threats, EN</a>" in client.get("/staff/").content.decode()
    assert [row.verb for row in AuditRow.objects.filter(verb__startswith="view.").order_by("id")] == [
        "view.saved",
        "view.removed",
        "view.saved",
    ]


def test_a_tab_is_its_makers(desk: Desk, nour: Staff, sacha: Staff) -> None:
    view = saved_views.save(name="Mine too", query="kind=sent", by=nour, at=NOON)
    client = desk(sacha)

    assert "Mine too</a>" not in client.get("/staff/?kind=sent").content.decode()
    for act in ("remove", "restore"):
        assert client.post(f"/staff/queue/views/{view.pk}/{act}/").status_code == 404
        assert client.post(f"/staff/queue/views/{uuid4()}/{act}/").status_code == 404
    view.refresh_from_db()
    assert view.removed_at is None


def test_the_same_name_is_the_same_tab(nour: Staff) -> None:
    first = saved_views.save(name="Night", query="kind=sent", by=nour, at=NOON)
    again = saved_views.save(name="Night", query="kind=threat", by=nour, at=NOON)
    assert first.pk == again.pk
    assert SavedView.objects.get().query == "kind=threat"


def test_tabs_do_not_grow_for_ever_and_removed_ones_go(nour: Staff, desk: Desk) -> None:
    views = [saved_views.save(name=f"{n}", query="kind=sent", by=nour, at=NOON) for n in range(12)]
    with pytest.raises(saved_views.TooMany):
        saved_views.save(name="one more", query="kind=sent", by=nour, at=NOON)
    said = desk(nour).post("/staff/queue/views/", {"name": "x", "query": "kind=sent"}, follow=True)
    assert "12 tabs already" in said.content.decode()

    saved_views.remove(view=views[0], by=nour, at=NOON)
    saved_views.save(name="one more", query="kind=sent", by=nour, at=NOON)
    assert SavedView.objects.count() == 13
    with pytest.raises(saved_views.TooMany):
        saved_views.put_back(view=views[0], by=nour, at=NOON)

    saved_views.remove(view=views[1], by=nour, at=NOON)
    saved_views.save(name="a day later", query="kind=sent", by=nour, at=NOON + timedelta(days=1))
    assert SavedView.objects.filter(removed_at__isnull=False).count() == 0


@pytest.mark.parametrize(
    ("name", "query", "words"),
    [(" ", "kind=sent", "Give the tab a name"), ("x", "odd=1", "Choose filters first"), ("x", "", "Choose")],
)
def test_a_tab_needs_a_name_and_filters(name: str, query: str, words: str, desk: Desk, nour: Staff) -> None:
    answer = desk(nour).post("/staff/queue/views/", {"name": name, "query": query}, follow=True)
    assert words in answer.content.decode()
    assert not SavedView.objects.exists()


# --- several at once --------------------------------------------------------------------------------------


def test_a_supervisor_gives_several_to_a_colleague(tell: Tell, desk: Desk, nour: Staff, maud: Staff) -> None:
    several = [tell()[0] for _ in range(3)]
    queue.add_new_reports(at=NOON)

    answer = desk(maud).post(
        "/staff/queue/assign/?kind=deepnude",
        {"report": [one.pk for one in several[:2]], "assign-to": nour.pk},
        follow=True,
    )

    assert answer.redirect_chain == [("/staff/?kind=deepnude", 302)]
    assert {case.report_id for case in Case.objects.filter(assignee=nour)} == {one.pk for one in several[:2]}
    page = answer.content.decode()
    for case in Case.objects.all():
        assert case.ref in page


def test_each_that_could_not_be_given_is_named_and_stays_ticked(
    tell: Tell, open_case: OpenCase, desk: Desk, nour: Staff, sacha: Staff, maud: Staff
) -> None:
    free, read, erased = tell()[0], tell(kind=Kind.THREAT)[0], tell(kind=Kind.SENT)[0]
    queue.add_new_reports(at=NOON)
    claims.claim(report=read, by=sacha)
    reports.erase_report(report=erased, by="young-person", at=NOON)
    case, invented = open_case(), uuid4()

    wanted = [free.pk, read.pk, erased.pk, case.report_id, invented, "x"]
    answer = desk(maud).post("/staff/queue/assign/", {"report": wanted, "assign-to": nour.pk}, follow=True)

    page = answer.content.decode()
    for words in (
        "Threat to share, 15–17: Sacha is reading it.",
        "Sent and regrets it, 15–17: The young person erased it.",
        f"It is case {case.ref} already.",
        "It is not there any more.",
        f"Opened for Nour: {Case.objects.get(report=free).ref}.",
    ):
        assert words in page, words
    ticked = re.findall(r'value="([0-9a-f-]{36})" checked', page)
    assert set(ticked) == {str(read.pk), str(erased.pk)}
    assert "tick=" not in page


@pytest.mark.parametrize("to", ["", "0", "theo"])
def test_nothing_is_given_to_nobody(to: str, report: Report, desk: Desk, maud: Staff, theo: Staff) -> None:
    chosen = theo.pk if to == "theo" else to
    answer = desk(maud).post(
        "/staff/queue/assign/", {"report": [report.pk], "assign-to": chosen}, follow=True
    )
    assert "Choose who works on them" in answer.content.decode()
    assert f'value="{report.pk}" checked' in answer.content.decode()
    assert not Case.objects.exists()


def test_ticks_are_for_supervisors(report: Report, desk: Desk, nour: Staff, maud: Staff) -> None:
    assert 'name="report"' in desk(maud).get("/staff/").content.decode()
    assert 'name="report"' not in desk(nour).get("/staff/").content.decode()
    assert desk(nour).post("/staff/queue/assign/", {"report": [report.pk]}).status_code == 403
    empty = desk(maud).post("/staff/queue/assign/", {"assign-to": nour.pk}, follow=True)
    assert "Tick at least one report" in empty.content.decode()


# --- search -----------------------------------------------------------------------------------------------


def test_search_is_asked_by_post_and_shows_rows(open_case: OpenCase, desk: Desk, nour: Staff) -> None:
    case = open_case()
    client = desk(nour)

    assert client.get("/staff/search/?q=x").status_code == 405
    page = client.post("/staff/search/", {"q": f" {case.ref.lower()} "}).content.decode()

    assert f'href="/staff/cases/{case.ref}/"' in page
    assert 'method="post" action="/staff/search/"' in page


def test_search_that_finds_nothing_says_how_to_search(desk: Desk, nour: Staff) -> None:
    page = desk(nour).post("/staff/search/", {"q": "<b>x</b>"}).content.decode()
    assert "Nothing found" in page
    assert "<b>x</b>" not in page


@pytest.mark.parametrize("who", ["anouk", "theo"])
def test_whoever_sees_no_case_searches_nothing(who: str, desk: Desk, request: pytest.FixtureRequest) -> None:
    client = desk(request.getfixturevalue(who))
    assert client.post("/staff/search/", {"q": "x"}).status_code == 403
    assert 'role="search"' not in client.get("/staff/", follow=True).content.decode()


def test_a_disabled_account_is_out_at_once(desk: Desk, nour: Staff) -> None:
    client = desk(nour)
    assert client.get("/staff/").status_code == 200
    Staff.objects.filter(pk=nour.pk).update(is_active=False)
    assert client.get("/staff/").status_code == 302
    assert Session.objects.exists()
