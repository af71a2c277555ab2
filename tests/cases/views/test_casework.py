"""The list of cases, the case page, and every form on it."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from cases import actions, queue
from cases.models import Case, CaseEvent, Note
from cases.states import CaseStatus, Outcome
from cases.takedowns import actions as takedowns
from cases.views import answers
from helpline.accounts.models import Staff
from helpline.audit.models import AuditRow
from helpline.platforms.models import Platform
from reports import actions as reports
from reports.actions import LinkFacts
from reports.models import Message, Report
from tests.cast import NOON

Tell = Callable[..., tuple[Report, str]]
OpenCase = Callable[..., Case]
Desk = Callable[[Staff], Client]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("chatter")]


def address(case: Case, what: str = "") -> str:
    return f"/staff/cases/{case.ref}/{what}"


# --- the list ---------------------------------------------------------------------------------------------


def test_my_cases_by_where_they_stand(open_case: OpenCase, desk: Desk, nour: Staff, maud: Staff) -> None:
    open_, waiting, closed, theirs = open_case(), open_case(), open_case(), open_case(by=maud)
    actions.set_waiting(case=waiting, waiting=True, by=nour, at=NOON)
    actions.close_case(case=closed, outcome=Outcome.ADVICE, by=nour, at=NOON)
    client = desk(nour)

    def under(query: str) -> set[Case]:
        return set(client.get(f"/staff/cases/{query}").context["cases"])

    assert under("") == {open_}
    assert under("?tab=waiting") == {waiting}
    assert under("?tab=closed") == {closed}
    assert under("?whose=team") == {open_, theirs}
    assert under("?tab=nonsense&whose=nonsense") == {open_}
    assert str(Outcome.ADVICE.label) in client.get("/staff/cases/?tab=closed").content.decode()


def test_another_teams_cases_are_in_no_list(open_case: OpenCase, desk: Desk, sacha: Staff) -> None:
    open_case()
    assert list(desk(sacha).get("/staff/cases/?whose=team").context["cases"]) == []


def test_the_list_goes_on_page_by_page(
    open_case: OpenCase, desk: Desk, nour: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = {open_case(at=NOON + timedelta(minutes=minute)).pk for minute in range(5)}
    monkeypatch.setattr(answers, "PAGE", 2)
    client, seen, url = desk(nour), [], "/staff/cases/"
    while url:
        page = client.get(url)
        seen += [case.pk for case in page.context["cases"]]
        url = page.context["next_url"]
    assert (len(seen), set(seen)) == (5, made)
    assert client.get("/staff/cases/?after=x").status_code == 404


def test_the_list_costs_the_same_for_three_and_for_twenty(
    open_case: OpenCase, desk: Desk, nour: Staff
) -> None:
    client = desk(nour)

    def cost() -> int:
        client.get("/staff/cases/")
        with CaptureQueriesContext(connection) as asked:
            client.get("/staff/cases/?whose=team")
        return len(asked)

    for _ in range(3):
        open_case()
    few = cost()
    for _ in range(17):
        open_case()
    assert cost() == few <= 6


@pytest.mark.parametrize("who", ["anouk", "theo"])
def test_no_list_and_no_case_for_those_without_casework(
    who: str, open_case: OpenCase, desk: Desk, request: pytest.FixtureRequest
) -> None:
    case = open_case()
    client = desk(request.getfixturevalue(who))
    assert client.get("/staff/cases/").status_code == 403
    assert client.get(address(case)).status_code == 403


# --- the page ---------------------------------------------------------------------------------------------


def test_the_page_says_how_they_may_be_reached_but_not_where(tell: Tell, desk: Desk, nour: Staff) -> None:
    agreed = {"via": "email", "address": "me@example.org", "from_hour": 16, "to_hour": 20, "is_safe": True}
    report, _code = tell(contact=agreed)
    case = actions.open_case(report=report, by=nour, at=NOON)
    reports.send_message(report=report, box=report.box_for_staff(), text="Hello", by=nour, at=NOON)

    page = desk(nour).get(address(case)).content.decode()

    assert "By e-mail, 16:00–20:00, said to be safe" in page
    assert "Waiting for an hour that is allowed" in page
    assert "me@example.org" not in page


def test_the_page_shows_everything(tell: Tell, desk: Desk, nour: Staff, chatter: Platform) -> None:
    report, code = tell(
        school="Lycée du Port", story="It is going round.", contact={"via": "sms", "address": "0600"}
    )
    case = actions.open_case(report=report, by=nour, at=NOON)
    actions.set_handle(case=case, text="L. of the port", by=nour, at=NOON)
    actions.add_note(case=case, text="Called back.", by=nour, at=NOON)
    reports.send_message(
        report=report, box=report.box_for_code(code), text="Are you there?", by=None, at=NOON
    )

    page = desk(nour).get(address(case)).content.decode()

    for words in (
        "L. of the port",
        "In their own words: 4 words",
        "Lycée du Port",
        "By text message",
        "Called back.",
        "Are you there?",
        "Read what the young person wrote",
        "https://chatter.example/p/1",
        "Not asked for yet",
        "Ask for its removal",
        "Case opened",
    ):
        assert words in page, words
    assert 'href="https://chatter.example' not in page


def test_every_reading_is_recorded(open_case: OpenCase, desk: Desk, nour: Staff, maud: Staff) -> None:
    case = open_case()
    for who in (nour, maud):
        desk(who).get(address(case))
    rows = AuditRow.objects.filter(verb="case.read", object_id=str(case.pk)).values_list("actor", flat=True)
    assert set(rows) == {f"staff:{nour.pk}", f"staff:{maud.pk}"}


def test_a_reference_is_read_in_any_case(open_case: OpenCase, desk: Desk, nour: Staff) -> None:
    case = open_case()
    assert desk(nour).get(f"/staff/cases/{case.ref.lower()}/").status_code == 200


POSTS: dict[str, dict[str, str]] = {
    "notes/": {"note-text": "x"},
    "messages/": {"message-text": "x"},
    "assign/": {"assign-to": "1"},
    "handle/": {"handle-text": "x"},
    "links/": {"links-addresses": "https://chatter.example/p/9"},
    "waiting/": {"waiting": "yes"},
    "close/": {"close-outcome": "advice"},
    "reopen/": {},
}


@pytest.mark.parametrize("what", ["", *POSTS])
def test_somebody_elses_case_looks_like_not_there(
    what: str, open_case: OpenCase, desk: Desk, sacha: Staff
) -> None:
    case, client = open_case(), desk(sacha)
    events = CaseEvent.objects.count()

    def answer(ref: str) -> Any:
        where = f"/staff/cases/{ref}/{what}"
        return client.post(where, POSTS[what]) if what else client.get(where)

    theirs, nothing = answer(case.ref), answer("ZZZZZZZZ")

    assert theirs.status_code == nothing.status_code == 404
    assert theirs.content == nothing.content
    assert CaseEvent.objects.count() == events
    assert not AuditRow.objects.filter(verb="case.read").exists()


@pytest.mark.parametrize("what", POSTS)
def test_changes_come_by_post_only(what: str, open_case: OpenCase, desk: Desk, nour: Staff) -> None:
    assert desk(nour).get(address(open_case(), what)).status_code == 405


@pytest.mark.parametrize("what", POSTS)
def test_a_form_without_its_token_changes_nothing(what: str, open_case: OpenCase, nour: Staff) -> None:
    case = open_case()
    client = Client(enforce_csrf_checks=True)
    client.force_login(nour, backend="helpline.accounts.backends.StaffBackend")
    assert client.post(address(case, what), POSTS[what]).status_code == 403


def test_the_page_costs_the_same_with_two_links_and_with_twelve(
    open_case: OpenCase, desk: Desk, nour: Staff, chatter: Platform
) -> None:
    def cost(case: Case) -> int:
        takedowns.request_takedown(case=case, links=list(case.report.links.all()), by=nour, at=NOON)
        client.get(address(case))
        with CaptureQueriesContext(connection) as asked:
            client.get(address(case))
        return len(asked)

    client = desk(nour)

    def links(start: int, count: int) -> tuple[LinkFacts, ...]:
        return tuple(LinkFacts(url=f"https://chatter.example/p/{start + n}") for n in range(count))

    assert cost(open_case(links=links(10, 2))) == cost(open_case(links=links(100, 12))) <= 32


# --- the forms --------------------------------------------------------------------------------------------


def test_a_note_is_kept(open_case: OpenCase, desk: Desk, nour: Staff) -> None:
    case = open_case()
    answer = desk(nour).post(address(case, "notes/"), {"note-text": "Called back."}, follow=True)
    assert answer.redirect_chain == [(f"{address(case)}#notes", 302)]
    assert "Called back." in answer.content.decode()
    assert "The note is kept." in answer.content.decode()


@pytest.mark.parametrize("text", ["", "   ", "x" * 10_001, "with\x00nothing"])
def test_a_note_that_cannot_be_taken_is_shown_again_with_its_error(
    text: str, open_case: OpenCase, desk: Desk, nour: Staff
) -> None:
    case = open_case()
    answer = desk(nour).post(address(case, "notes/"), {"note-text": text})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert 'class="error"' in page
    assert text.strip().replace("\x00", "�")[:100].strip() in page.replace("\x00", "�")
    assert not Note.objects.exists()


def test_a_message_reaches_the_young_person(open_case: OpenCase, desk: Desk, nour: Staff) -> None:
    case = open_case()
    answer = desk(nour).post(address(case, "messages/"), {"message-text": "You did well."}, follow=True)
    assert Message.objects.get().author == Message.Author.HELPLINE
    assert "You did well." in answer.content.decode()


def test_an_empty_message_is_not_sent(open_case: OpenCase, desk: Desk, nour: Staff) -> None:
    assert desk(nour).post(address(open_case(), "messages/"), {"message-text": " "}).status_code == 422
    assert not Message.objects.exists()


def test_giving_a_case_away_leads_back_to_the_list(
    open_case: OpenCase, desk: Desk, nour: Staff, sacha: Staff
) -> None:
    case = open_case()
    answer = desk(nour).post(address(case, "assign/"), {"assign-to": sacha.pk}, follow=True)
    assert answer.redirect_chain == [("/staff/cases/", 302)]
    assert "Sacha works on this case now." in answer.content.decode()
    case.refresh_from_db()
    assert case.assignee == sacha


def test_giving_it_to_a_colleague_of_the_team_stays_on_the_page(
    open_case: OpenCase, desk: Desk, nour: Staff, maud: Staff
) -> None:
    case = open_case()
    answer = desk(nour).post(address(case, "assign/"), {"assign-to": maud.pk})
    assert answer["Location"] == f"{address(case)}#people"


def test_a_case_is_not_given_to_a_disabled_account(
    open_case: OpenCase, desk: Desk, nour: Staff, sacha: Staff
) -> None:
    Staff.objects.filter(pk=sacha.pk).update(is_active=False)
    assert desk(nour).post(address(open_case(), "assign/"), {"assign-to": sacha.pk}).status_code == 422


def test_a_handle_is_set_and_taken_off(open_case: OpenCase, desk: Desk, nour: Staff) -> None:
    case, client = open_case(), desk(nour)
    client.post(address(case, "handle/"), {"handle-text": "L."})
    assert "L. · Fake nude" in client.get(address(case)).content.decode()
    client.post(address(case, "handle/"), {"handle-text": ""})
    assert "L. · Fake nude" not in client.get(address(case)).content.decode()
    assert client.post(address(case, "handle/"), {"handle-text": "x" * 41}).status_code == 422


def test_links_are_added_from_a_pasted_text(
    open_case: OpenCase, desk: Desk, nour: Staff, chatter: Platform, pixboard: Platform
) -> None:
    case = open_case()
    text = "look: https://chatter.example/p/55 and\npixboard.example/p/66 thanks"

    answer = desk(nour).post(address(case, "links/"), {"links-addresses": text}, follow=True)

    assert "2 links added." in answer.content.decode()
    assert {link.platform.slug for link in case.report.links.all()} == {"chatter", "pixboard"}
    again = desk(nour).post(address(case, "links/"), {"links-addresses": text}, follow=True)
    assert "already here" in again.content.decode()


def test_an_account_is_added_by_name_and_platform(
    open_case: OpenCase, desk: Desk, nour: Staff, chatter: Platform
) -> None:
    case = open_case()
    desk(nour).post(address(case, "links/"), {"links-account": "mean.person", "links-platform": "chatter"})
    link = case.report.links.order_by("-position").first()
    assert link is not None
    assert case.box().open(link, "account") == "mean.person"
    assert link.platform == chatter


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({}, "Paste an address, or name an account."),
        ({"links-addresses": "just words"}, "There is no address in this text."),
        ({"links-addresses": "javascript:alert(1)"}, "opens an app or a file"),
        ({"links-account": "mean"}, "Say on which platform this account is."),
        ({"links-account": "mean", "links-platform": "nowhere"}, "not one of the available choices"),
        (
            {"links-addresses": " ".join(f"https://chatter.example/p/{n}" for n in range(21))},
            "That is more than 20 addresses.",
        ),
    ],
)
def test_links_that_cannot_be_taken_are_kept_with_their_error(
    typed: dict[str, str], said: str, open_case: OpenCase, desk: Desk, nour: Staff, chatter: Platform
) -> None:
    case = open_case()
    answer = desk(nour).post(address(case, "links/"), typed)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert said in page
    for name, value in typed.items():
        if name != "links-platform":
            assert value in page
    assert case.report.links.count() == 1


def test_a_case_waits_closes_and_reopens(open_case: OpenCase, desk: Desk, nour: Staff) -> None:
    case, client = open_case(), desk(nour)

    def status() -> str:
        return Case.objects.get(pk=case.pk).status

    client.post(address(case, "waiting/"), {"waiting": "yes"})
    assert status() == CaseStatus.WAITING
    client.post(address(case, "waiting/"), {"waiting": "no"})
    assert status() == CaseStatus.OPEN
    page = client.post(address(case, "close/"), {"close-outcome": "partly"}, follow=True).content.decode()
    assert status() == CaseStatus.CLOSED
    assert "Closed: Some of it is gone" in page
    assert "Ask for its removal" not in page
    page = client.post(address(case, "reopen/"), follow=True).content.decode()
    assert status() == CaseStatus.OPEN
    assert "The case is open again." in page


@pytest.mark.parametrize("outcome", ["", "nonsense"])
def test_a_case_does_not_close_without_saying_how(
    outcome: str, open_case: OpenCase, desk: Desk, nour: Staff
) -> None:
    case = open_case()
    answer = desk(nour).post(address(case, "close/"), {"close-outcome": outcome})
    assert answer.status_code == 422
    assert Case.objects.get(pk=case.pk).status == CaseStatus.OPEN


@pytest.mark.parametrize(
    ("what", "typed"), [("close/", {"close-outcome": "advice"}), ("waiting/", {"waiting": "no"})]
)
def test_a_stale_page_is_told_so_and_does_nothing_twice(
    what: str, typed: dict[str, str], open_case: OpenCase, desk: Desk, nour: Staff
) -> None:
    case = open_case()
    actions.close_case(case=case, outcome=Outcome.ADVICE, by=nour, at=timezone.now())
    events = CaseEvent.objects.count()

    answer = desk(nour).post(address(case, what), typed, follow=True)

    assert "it is “Closed” now" in answer.content.decode()
    assert CaseEvent.objects.count() == events


@pytest.mark.parametrize("what", ["notes/", "messages/", "handle/", "links/"])
def test_nothing_is_added_to_an_erased_report(
    what: str, open_case: OpenCase, desk: Desk, nour: Staff
) -> None:
    case = open_case()
    reports.erase_report(report=case.report, by="young-person", at=NOON)
    actions.follow_erasures(at=NOON)

    answer = desk(nour).post(address(case, what), POSTS[what], follow=True)

    assert answer.redirect_chain[0][0] == address(case)
    assert "erased this report" in answer.content.decode()
    assert not Note.objects.exists()
    assert not Message.objects.exists()


@pytest.mark.parametrize("swept", [False, True])
@pytest.mark.parametrize("closed", [False, True])
def test_an_erased_case_still_has_its_page(
    swept: bool, closed: bool, open_case: OpenCase, desk: Desk, nour: Staff, chatter: Platform
) -> None:
    case = open_case()
    takedowns.request_takedown(case=case, links=list(case.report.links.all()), by=nour, at=NOON)
    actions.add_note(case=case, text="secret note", by=nour, at=NOON)
    if closed:
        actions.close_case(case=case, outcome=Outcome.ADVICE, by=nour, at=NOON)
    reports.erase_report(report=case.report, by="young-person", at=NOON)
    if swept:
        actions.follow_erasures(at=NOON)
        takedowns.follow_withdrawals(at=NOON)

    page = desk(nour).get(address(case)).content.decode()

    assert "This report was erased" in page
    assert "secret note" not in page
    assert "chatter.example" not in page
    assert "Ask for" not in page


# --- from the queue to a request in few clicks ------------------------------------------------------------


def test_from_the_queue_to_takedowns_requested_in_four_clicks(
    tell: Tell, desk: Desk, nour: Staff, chatter: Platform
) -> None:
    report, _code = tell(links=tuple(LinkFacts(url=f"https://chatter.example/p/{n}") for n in range(3)))
    queue.add_new_reports(at=NOON)
    client = desk(nour)

    page = client.get("/staff/").content.decode()
    assert f"/staff/reports/{report.pk}/open/" in page
    case_page = client.post(f"/staff/reports/{report.pk}/open/", follow=True)  # 1: take it
    case = Case.objects.get()
    ask = f"/staff/cases/{case.ref}/takedowns/"
    assert f'href="{ask}"' in case_page.content.decode()
    preview = client.get(ask)  # 2: ask for the removal of 3 links
    links = [str(link.pk) for link in case.report.links.all()]
    assert all(pk in preview.content.decode() for pk in links)
    client.post(ask, {"link": links})  # 3: send

    assert case.takedowns.count() == 3


# --- two people at once -----------------------------------------------------------------------------------


def field(page: str, name: str) -> str:
    """What the page's form carries along unseen."""
    found = re.search(rf'<input type="hidden" name="{name}"([^>]*)>', page)
    assert found
    value = re.search(r'value="([^"]*)"', found[1])
    return value[1] if value else ""


@pytest.mark.parametrize("before", [True, False])
def test_a_message_waits_when_somebody_wrote_meanwhile(
    before: bool, open_case: OpenCase, desk: Desk, nour: Staff, maud: Staff
) -> None:
    case = open_case()
    if before:
        actions.write_to_young_person(case=case, text="An earlier line", by=nour, at=NOON)
    client = desk(nour)
    seen = field(client.get(address(case)).content.decode(), "message-seen")
    assert bool(seen) is before
    actions.write_to_young_person(case=case, text="I have asked <them>.", by=maud, at=timezone.now())
    typed = {"message-text": "Shall I ask them?", "message-seen": seen}

    answer = client.post(address(case, "messages/"), typed)

    page = answer.content.decode()
    assert answer.status_code == 422
    meanwhile = page.split('id="meanwhile"')[1].split('id="write"')[0]
    assert "I have asked &lt;them&gt;." in meanwhile
    assert "Maud" in meanwhile
    assert "An earlier line" not in meanwhile
    assert "Shall I ask them?" in page
    assert "Send it all the same" in page
    assert case.report.messages.count() == 1 + before

    typed["message-seen"] = field(page, "message-seen")
    assert client.post(address(case, "messages/"), typed).status_code == 302
    assert case.report.messages.count() == 2 + before


def test_what_the_young_person_wrote_meanwhile_is_read_first(tell: Tell, desk: Desk, nour: Staff) -> None:
    report, code = tell()
    case = actions.open_case(report=report, by=nour, at=NOON)
    client = desk(nour)
    seen = field(client.get(address(case)).content.decode(), "message-seen")
    box = report.box_for_code(code)
    reports.send_message(report=report, box=box, text="Please stop.", by=None, at=timezone.now())

    answer = client.post(
        address(case, "messages/"), {"message-text": "We ask them now.", "message-seen": seen}
    )

    assert answer.status_code == 422
    assert "Please stop." in answer.content.decode().split('id="meanwhile"')[1]


def test_what_was_given_away_meanwhile_is_not_given_again(
    open_case: OpenCase, desk: Desk, nour: Staff, maud: Staff
) -> None:
    case = open_case()
    client = desk(maud)
    was = field(client.get(address(case)).content.decode(), "assign-was")
    assert was == str(nour.pk)
    actions.assign(case=case, to=maud, by=nour, at=NOON)

    answer = client.post(address(case, "assign/"), {"assign-to": nour.pk, "assign-was": was}, follow=True)

    assert "This case is with Maud now." in answer.content.decode()
    case.refresh_from_db()
    assert case.assignee == maud
    assert (
        client.post(address(case, "assign/"), {"assign-to": nour.pk, "assign-was": str(maud.pk)}).status_code
        == 302
    )
    case.refresh_from_db()
    assert case.assignee == nour
