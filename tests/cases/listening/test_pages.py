"""The pages of a call: the whole interview at once, both versions of a stale form, the code shown once."""

import re
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from cases.listening import actions
from cases.listening.interview import ASKED, COLUMNS, ON_THEIR_DEVICE
from cases.listening.models import CallDraft
from cases.models import Case
from helpline.accounts.models import Staff
from reports import actions as reports
from reports import receipts
from reports.intake import keep
from reports.intake.questions import QUESTIONS
from reports.models import Report
from reports.states import DANGER
from tests.cases.listening.writing import TYPED, begun
from tests.cast import NOON
from tests.processes import ROOT

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("chatter")]
Desk = Callable[[Staff], Client]


@pytest.fixture
def browser(desk: Desk, nour: Staff) -> Client:
    """Nour's, in English."""
    return desk(nour)


def text(response: Any, status: int = 200) -> str:
    assert response.status_code == status, response.get("Location")
    return str(response.content.decode())


def hidden(body: str) -> dict[str, str]:
    """What a form carries unseen."""
    return dict(
        re.findall(r'<input type="hidden" name="(page|version|serial|voice|begins)" value="([^"]*)"', body)
    )


def address(body: str) -> str:
    return body.partition('id="call" method="post" action="')[2].partition('"')[0]


def press(browser: Client, do: str, *, page: str | None = None, **typed: Any) -> Any:
    """Fill in a new page, or the one whose body is `page`, and press a button."""
    body = page or text(browser.get("/staff/calls/new/"))
    data = {name: value for name, value in (TYPED | typed).items() if value is not None}
    return browser.post(address(body), hidden(body) | data | {"do": do})


def shown_parts(body: str) -> set[str]:
    return set(re.findall(r'data-part="(\w+)"[^>]*aria-label="[^"]*">', body))


# --- the page ------------------------------------------------------------------------------------------------


def test_every_question_is_on_the_page_once() -> None:
    on_page = [question for column in COLUMNS for question in column]
    assert sorted(q.name for q in on_page) == sorted(q.name for q in ASKED)
    assert {q.name for q in QUESTIONS} == {q.name for q in (*ASKED, *ON_THEIR_DEVICE)}


def test_a_new_page_keeps_nothing_and_begins_at_the_first_question(browser: Client) -> None:
    body = text(browser.get("/staff/calls/new/"))
    assert not CallDraft.objects.exists()
    assert "autofocus" in body.partition('name="who"')[2].partition(">")[0]
    assert shown_parts(body) == {
        "who", "safety", "age", "kind", "story", "places", "circumstances", "knows", "home", "school", "contact",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("typed", "more", "less"),
    [
        ({"kind": "threat"}, {"deadline", "demand"}, set()),
        ({"circumstances": ["blackmail"]}, {"deadline", "demand"}, set()),
        ({}, {"reported"}, set()),
        ({"pasted": ""}, set(), {"reported"}),
        ({"who": "child"}, set(), {"home"}),
    ],
)
def test_without_a_script_saving_shows_what_belongs_there(
    browser: Client, typed: dict[str, Any], more: set[str], less: set[str]
) -> None:
    response = press(browser, "save", **typed)
    body = text(browser.get(response["Location"]))
    assert more <= shown_parts(body)
    assert not less & shown_parts(body)


def test_in_the_words_for_whoever_is_spoken_to(browser: Client) -> None:
    body = text(browser.get(press(browser, "save", who="friend")["Location"]))
    assert "Is your friend safe right now?" in body
    assert "My friend is in danger" in body


def test_the_danger_card_knows_what_danger_is() -> None:
    css = (ROOT / "static/css/listening.css").read_text()
    assert {f'[value="{one}"]' in css for one in DANGER} == {True}


def test_what_is_typed_is_kept_while_typing(browser: Client) -> None:
    body = text(browser.get("/staff/calls/new/"))
    here = address(body)

    told = text(
        browser.post(
            f"{here}save/", hidden(body) | TYPED | {"serial": "1", "kind": "threat", "who": "friend"}
        )
    )

    assert "Kept" in told
    assert "deadline demand" in " ".join(sorted(re.findall(r'data-asked="([^"]*)"', told)[0].split()))
    assert 'data-for="f-safety_1">My friend is in danger<' in told
    assert "chatter.example/p/1" in told
    call = CallDraft.objects.get()
    assert actions.opened(call).answers["kind"] == {"kind": "threat"}
    # Half an address is kept as it stands, and said to be none yet.
    half = text(browser.post(f"{here}save/", hidden(body) | TYPED | {"serial": "2", "pasted": "http://"}))
    assert "Kept" in half
    assert (
        actions.opened(CallDraft.objects.get()).earlier(next(q for q in ASKED if q.name == "places"))[
            "pasted"
        ]
        == "http://"
    )


def test_opened_again_everything_stands_there(browser: Client) -> None:
    where = press(
        browser, "save", demand=["money"], circumstances=["school"], school="Harbour School", channel="chat"
    )
    body = text(browser.get(where["Location"]))
    assert "Somebody sent it round my class." in body
    assert 'value="Harbour School"' in body
    assert re.search(r'value="school" id="f-circumstances_\d" checked', body)
    assert re.search(r'value="chat" id="f-channel_1" checked', body)
    assert "chatter.example/p/1" in body.partition('id="call-found"')[2]


# --- sending -------------------------------------------------------------------------------------------------


def test_from_the_page_to_the_case(browser: Client, nour: Staff) -> None:
    response = press(browser, "send", knows=["parent"], home="secret")

    body = text(browser.get(response["Location"]))
    case = Case.objects.get()
    assert case.assignee == nour
    spelled = re.findall(r"<b>([0-9A-Z])</b><span>", body)
    assert reports.open_by_code("".join(spelled)) == case.report
    said = [word for group in keep.spelled("".join(spelled)) for _one, word in group]
    assert re.findall(r"</b><span>([^<]+)</span>", body) == said
    opened = case.box().open_json(case.report, "answers")
    assert (opened["knows"], opened["home"]) == (["parent"], "secret")


def test_only_what_is_needed_is_needed(browser: Client) -> None:
    nothing = dict.fromkeys(("story", "pasted"), None)
    assert press(browser, "send", **nothing).status_code == 302
    assert Report.objects.get().links.count() == 0


@pytest.mark.parametrize(
    ("typed", "where", "says"),
    [
        ({"age_range": None}, "f-age_range_0", "Choose the answer that fits best."),
        ({"kind": "threat"}, "f-deadline_0", "Choose the answer that fits best."),
        ({"pasted": "look here"}, "f-pasted", "We see no link in this."),
        ({"story": "x" * 20_001}, "f-story", "1 character too long"),
        ({"via": "email"}, "f-via_0", "Choose one of these answers."),
        ({"account": "someone", "platform": ""}, "f-platform", "Choose where this account is."),
    ],
)
def test_what_is_missing_or_not_understood_is_said_beside_it_and_all_is_kept(
    browser: Client, typed: dict[str, Any], where: str, says: str
) -> None:
    response = press(browser, "send", **({"story": "In their own words."} | typed))
    body = text(response, 422)
    assert f'<a href="#{where}">' in body
    assert body.count(says) == 2, "in the summary and beside the field"
    assert body.count("Choose the answer that fits best.") in {0, 2}
    assert not Report.objects.exists()
    if "story" not in typed:
        assert "In their own words." in body
        assert actions.opened(CallDraft.objects.get()).answers["story"]
    # The page that came goes on where it was: nothing is stale.
    mended = press(browser, "send", page=body)
    assert mended.status_code == 302, mended.content.decode()


def test_left_in_the_queue(browser: Client) -> None:
    press(browser, "leave")
    assert Report.objects.get().status == "submitted"


def test_raised_from_the_page(browser: Client) -> None:
    response = press(browser, "raise", safety="in-danger", age_range=None, kind=None)
    body = text(browser.get(response["Location"]))
    assert "It stands before all others." in body
    assert "Tell what was added since" in body
    assert Report.objects.get().circumstances == ["in-danger"]


def test_raised_without_danger_is_kept_and_said(browser: Client) -> None:
    response = press(browser, "raise")
    assert "Only danger is raised before the end." in text(browser.get(response["Location"]))
    assert actions.opened(CallDraft.objects.get()).answers["story"]


def test_the_report_was_erased_meanwhile(browser: Client) -> None:
    page = text(browser.get(press(browser, "raise", safety="in-danger")["Location"]))
    reports.erase_report(report=Report.objects.get(), by="young-person", at=timezone.now())
    response = press(browser, "send", page=page, safety="in-danger")
    assert "was erased meanwhile" in text(browser.get(response["Location"]))


# --- two tabs ------------------------------------------------------------------------------------------------


def test_two_tabs_both_versions_are_shown_and_nothing_is_lost(browser: Client) -> None:
    first = text(browser.get(press(browser, "save", story="First.")["Location"]))
    second = text(browser.get(address(first)))
    press(browser, "save", page=second, story="Written in the second tab.")

    body = text(press(browser, "save", page=first, story="Written in the first tab.", school="Harbour"), 409)

    table = body.partition("call-both")[2].partition("</section>")[0]
    assert "Written in the first tab." in table
    assert "Written in the second tab." in table
    assert "Harbour" in table
    assert "Written in the first tab." in body.partition('id="f-story"')[2]
    assert actions.opened(CallDraft.objects.get()).answers["story"] == {"story": "Written in the second tab."}

    assert press(browser, "save", page=body, story="Both.").status_code == 302
    assert actions.opened(CallDraft.objects.get()).answers["story"] == {"story": "Both."}


def test_a_stale_tab_is_told_while_it_types(browser: Client) -> None:
    first = text(browser.get(press(browser, "save")["Location"]))
    second = text(browser.get(address(first)))
    press(browser, "save", page=second, story="x")
    told = text(browser.post(f"{address(first)}save/", hidden(first) | TYPED | {"serial": "1"}))
    assert "See both versions" in told
    assert "Kept" not in told


@pytest.mark.parametrize("over", ["sent", "thrown away"])
def test_a_tab_that_was_left_open(browser: Client, over: str) -> None:
    page = text(browser.get(press(browser, "save")["Location"]))
    here = address(page)
    if over == "sent":
        press(browser, "send", page=page)
    else:
        browser.post(f"{here}discard/")

    told = text(browser.post(f"{here}save/", hidden(page) | TYPED | {"serial": "9"}))
    assert f"This call was {over} from another tab" in told or f"This call was {over} in another tab" in told
    assert press(browser, "send", page=page).status_code == 302
    assert Report.objects.count() == (1 if over == "sent" else 0)


# --- the list ------------------------------------------------------------------------------------------------


def test_thrown_away_and_put_back(browser: Client) -> None:
    where = press(browser, "save")["Location"]
    assert "Phone" in text(browser.get("/staff/calls/"))
    page = text(browser.post(f"{where}discard/", follow=True))
    assert "Put it back" in page
    back = text(browser.post(f"{where}restore/", follow=True))
    assert "Somebody sent it round my class." in back


def test_nobody_elses(browser: Client, maud: Staff, desk: Desk) -> None:
    call = begun(maud)
    body = text(browser.get("/staff/calls/"))
    assert "No call is waiting to be finished" in body
    for path in ("", "code/"):
        assert browser.get(f"/staff/calls/{call.pk}/{path}").status_code == 404
        assert browser.post(f"/staff/calls/{call.pk}/{path}", TYPED | {"begins": "1"}).status_code == 404
    assert browser.post(f"/staff/calls/{call.pk}/save/", TYPED | {"begins": "1"}).status_code == 404
    assert browser.get(f"/staff/calls/{uuid4()}/").status_code == 404


def test_the_list_costs_the_same_however_many(browser: Client, nour: Staff) -> None:
    def cost() -> int:
        with CaptureQueriesContext(connection) as asked:
            text(browser.get("/staff/calls/"))
        return len(asked)

    for _one in range(2):
        begun(nour)
    cost()  # the session is written once a minute
    few = cost()
    for _one in range(70):
        begun(nour)
    assert cost() == few
    body = text(browser.get("/staff/calls/"))
    assert "after=" in body
    after = re.search(r'href="(/staff/calls/\?after=[^"]+)"', body)
    assert after and text(browser.get(after[1])).count("data-href") == 22
    assert browser.get("/staff/calls/?after=x").status_code == 404


def test_the_button_is_on_every_page_for_whoever_takes_calls(
    desk: Desk, nour: Staff, theo: Staff, anouk: Staff
) -> None:
    for path in ("/staff/", "/staff/cases/", "/staff/takedowns/"):
        assert 'href="/staff/calls/new/"' in text(desk(nour).get(path))
    assert "calls/new" not in text(desk(theo).get("/staff/audit/"))
    assert "calls/new" not in text(desk(anouk).get("/staff/platforms/"))


# --- the code ------------------------------------------------------------------------------------------------


@pytest.fixture
def code_page(browser: Client) -> str:
    """The address of the code of a call that was just sent."""
    return str(press(browser, "send")["Location"])


def code_on(body: str) -> str:
    return "".join(re.findall(r"<b>([0-9A-Z])</b><span>", body))


def test_the_code_is_spelled_and_held_by_this_browser_alone(
    browser: Client, code_page: str, desk: Desk, nour: Staff, maud: Staff
) -> None:
    first = browser.get(code_page)
    code = code_on(text(first))
    assert len(code) == receipts.LENGTH
    assert first["Cache-Control"] == "no-store"
    cookie = browser.cookies["call"]
    assert (cookie["path"], cookie["httponly"], cookie["samesite"]) == (
        code_page.removesuffix("code/"),
        True,
        "Strict",
    )
    assert code not in cookie.value
    # In another browser of theirs there is none; for others there is no such page.
    assert code_on(text(desk(nour).get(code_page))) == ""
    other = desk(maud)
    other.cookies["call"] = cookie.value
    assert other.get(code_page).status_code == 404


def test_a_code_of_one_call_is_not_shown_at_another(browser: Client, code_page: str) -> None:
    kept = browser.cookies["call"].value
    second = press(browser, "send")["Location"]
    browser.cookies["call"] = kept
    assert code_on(text(browser.get(second))) == ""


def test_repeated_rightly_it_is_never_shown_again(browser: Client, code_page: str) -> None:
    code = code_on(text(browser.get(code_page)))
    wrong = ("0" if code[5] != "0" else "2").join([code[:5], code[6:]])

    body = text(browser.post(code_page, {"again-code": wrong, "do": "check"}), 422)
    assert code_on(body) == code
    assert re.findall(r"spelled-number\">(\d) <b>not the same", body) == ["2"]

    done = browser.post(code_page, {"again-code": receipts.grouped(code).lower(), "do": "check"})
    case = Case.objects.get()
    assert done["Location"] == f"/staff/cases/{case.ref}/"
    assert browser.cookies["call"].value == ""
    assert code not in text(browser.get(code_page, follow=True))
    assert browser.get(code_page)["Location"] == f"/staff/cases/{case.ref}/"


def test_typed_nothing_and_finished_without_checking(browser: Client, code_page: str) -> None:
    assert "Type what they repeat" in text(browser.post(code_page, {"do": "check"}), 422)
    assert browser.post(code_page, {"do": "unchecked"}).status_code == 302
    assert CallDraft.objects.get().code == "said"


def test_they_cant_take_one_and_then_they_can(browser: Client, code_page: str) -> None:
    code = code_on(text(browser.get(code_page)))
    body = text(browser.post(code_page, {"do": "none"}, follow=True))
    assert "Nobody can follow this report on the page" in body
    assert Case.objects.get().ref in body
    assert reports.open_by_code(code) is None

    body = text(browser.post(code_page, {"do": "another"}, follow=True))
    assert reports.open_by_code(code_on(body)) == Report.objects.get()


def test_a_browser_that_was_closed_makes_another(browser: Client, code_page: str) -> None:
    code = code_on(text(browser.get(code_page)))
    del browser.cookies["call"]
    assert "is not in this browser any more" in text(browser.get(code_page))
    assert code_page in text(browser.get("/staff/calls/"))
    assert browser.post(code_page, {"do": "check", "again-code": code}).status_code == 302
    second = code_on(text(browser.post(code_page, {"do": "another"}, follow=True)))
    assert second and second != code
    assert reports.open_by_code(code) is None


def test_they_came_already(browser: Client, code_page: str) -> None:
    code = code_on(text(browser.get(code_page)))
    report = Report.objects.get()
    reports.change_code(report=report, code=code, fresh=receipts.new_code(), at=NOON)
    body = text(browser.post(code_page, {"do": "none"}, follow=True))
    assert "have one of their own now" in body


def test_the_code_of_a_call_that_is_not_sent(browser: Client, nour: Staff) -> None:
    call = begun(nour)
    assert browser.get(f"/staff/calls/{call.pk}/code/")["Location"] == f"/staff/calls/{call.pk}/"


def test_what_they_hear_opens_their_page_and_is_changed_there(browser: Client, code_page: str) -> None:
    """From the counsellor's page to the young person's own code."""
    code = code_on(text(browser.get(code_page)))
    phone = Client()
    phone.cookies["lang"] = "en"
    assert phone.post("/follow/", {"code": code})["Location"] == "/follow/"
    assert phone.get("/follow/")["Location"] == "/follow/code/"
    assert "Somebody said this code aloud" in text(phone.get("/follow/code/"))


def test_a_page_left_open_longer_than_the_draft_lived_begins_anew(browser: Client, nour: Staff) -> None:
    body = text(browser.get("/staff/calls/new/"))
    press(browser, "save", page=body)
    CallDraft.objects.all().delete()
    assert press(browser, "save", page=body, story="Still here.").status_code == 302
    call = CallDraft.objects.get(pk=UUID(address(body).split("/")[-2]))
    assert actions.opened(call).answers["story"] == {"story": "Still here."}
