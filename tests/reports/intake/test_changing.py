"""A code that was said aloud: whoever first comes with it takes one of their own, and until they noted it, it works."""

import html
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from helpline.audit.models import AuditRow
from helpline.crypto.wrapping import WrongKey
from reports import actions, receipts
from reports.evidence.actions import add_evidence
from reports.evidence.sanitise import Clean
from reports.models import Report
from reports.states import Picture, Status
from tests.at_once import at_once
from tests.cast import NOON, submission
from tests.reports.conftest import Pen

pytestmark = pytest.mark.django_db
FOLLOW, HERE = "/follow/", "/follow/code/"


@pytest.fixture
def said() -> tuple[Report, str]:
    """A report whose code a counsellor read aloud."""
    code = receipts.new_code()
    report = actions.submit_report(
        submission=submission(story="Told by phone."), code=code, at=timezone.now(), said_aloud=True
    )
    return report, code


@pytest.fixture
def come(said: tuple[Report, str], pens: Callable[[], Pen]) -> Callable[[], Pen]:
    """Somebody comes with that code, in a browser of their own."""

    def enter() -> Pen:
        pen = pens()
        assert pen.send(FOLLOW, {"code": said[1]})["Location"] == FOLLOW
        return pen

    return enter


def which(pen: Pen) -> str:
    """What the form of the page with the new code carries."""
    body = pen.see(HERE).content.decode()
    assert "This is your new code" in body
    return body.partition('name="which" value="')[2].partition('"')[0]


def take(pen: Pen) -> tuple[str, str]:
    """Ask for a new code: the code, and what its form carries."""
    assert pen.send(HERE)["Location"] == HERE
    return pen.note.fresh, which(pen)


def hidden(response: HttpResponse) -> dict[str, str]:
    """What the form of a page carries unseen, but whose it is."""
    found = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', response.content.decode())
    return {
        name: html.unescape(value) for name, value in found if name not in {"whose", "csrfmiddlewaretoken"}
    }


def opens(code: str, report: Report) -> bool:
    found = actions.open_by_code(code)
    return isinstance(found, Report) and found == report and bool(found.box_for_code(code))


# --- the first visit ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path", [FOLLOW, "/follow/links/", "/follow/contact/", "/follow/proof/", "/follow/stop/"]
)
def test_every_page_leads_to_the_change_first(come: Callable[[], Pen], path: str) -> None:
    pen = come()

    assert pen.see(path)["Location"] == HERE
    body = pen.see(HERE).content.decode()
    assert "Somebody said this code aloud. Take a new one, only you know it." in body
    assert "Told by phone" not in body


def test_the_new_code_opens_everything_and_the_old_one_nothing(
    come: Callable[[], Pen], said: tuple[Report, str]
) -> None:
    report, old = said
    clean = Clean(b"\x89PNG made of squares", 2, 2)
    picture = add_evidence(owner=report, code=old, what=Picture.MESSAGES, clean=clean, at=timezone.now())
    pen = come()
    fresh, mark = take(pen)
    assert receipts.grouped(fresh) in pen.see(HERE).content.decode()

    response = pen.send(HERE, {"which": mark, "again-code": receipts.grouped(fresh).lower()})

    assert response["Location"] == FOLLOW
    assert "chatter.example/p/1" in pen.see(FOLLOW).content.decode()
    report.refresh_from_db()
    picture.refresh_from_db()
    assert (opens(fresh, report), opens(old, report)) == (True, False)
    assert picture.key_for_code(fresh) and not report.code_said_aloud
    with pytest.raises(WrongKey):
        picture.key_for_code(old)
    assert report.box_for_code(fresh).open(report, "story") == "Told by phone."
    assert report.box_for_staff().open(report, "story") == "Told by phone."
    assert AuditRow.objects.get(verb="report.code_changed").actor == "young-person"
    # Noted once, it is shown no more; and a second visit asks for nothing.
    assert pen.see(HERE)["Location"] == FOLLOW
    assert pen.see("/report/code/card/")["Location"] == "/report/code/"


def test_it_can_be_kept_as_a_picture_before_it_works(come: Callable[[], Pen]) -> None:
    pen = come()
    take(pen)
    assert pen.see("/report/code/card/")["Content-Type"] == "image/png"


@pytest.mark.parametrize("where", ["at the door", "with the new one on the screen", "after a wrong copy"])
def test_until_it_is_noted_the_old_one_works(
    come: Callable[[], Pen], said: tuple[Report, str], where: str
) -> None:
    report, old = said
    pen = come()
    fresh = ""
    if where != "at the door":
        fresh, mark = take(pen)
    if where == "after a wrong copy":
        response = pen.send(HERE, {"which": mark, "again-code": "AAAA-BBBB-CCCC-DDDD"})
        assert "Not quite the same yet" in response.content.decode()
        assert receipts.grouped(fresh) in response.content.decode()
    pen.loses_its_cookie()

    assert opens(old, report)
    assert not (fresh and opens(fresh, report))
    assert come().see(FOLLOW)["Location"] == HERE


def test_without_comparing_it_counts_as_noted_too(come: Callable[[], Pen], said: tuple[Report, str]) -> None:
    pen = come()
    fresh, mark = take(pen)
    assert pen.send(HERE, {"which": mark, "skip": "1"})["Location"] == FOLLOW
    assert opens(fresh, said[0])


def test_they_may_leave_without_it(come: Callable[[], Pen]) -> None:
    assert come().send("/follow/leave/")["Location"] == "/follow/left/"


def test_erasing_comes_after_the_change(come: Callable[[], Pen], said: tuple[Report, str]) -> None:
    pen = come()
    assert pen.see("/follow/erase/")["Location"] == HERE
    assert "erase on your page" in pen.see(HERE).content.decode()
    assert pen.send("/follow/erase/")["Location"] == HERE
    assert Report.objects.get(pk=said[0].pk).status == Status.SUBMITTED

    _fresh, mark = take(pen)
    assert pen.send(HERE, {"which": mark, "skip": "1"})["Location"] == FOLLOW
    assert pen.send("/follow/erase/")["Location"] == "/follow/gone/"
    assert Report.objects.get(pk=said[0].pk).status == Status.ERASED


@pytest.mark.parametrize(
    "form", ["messages", "links", "fingerprints", "changed", "contact", "stop", "stop/1"]
)
def test_no_form_does_anything_with_a_code_that_was_said(
    said: tuple[Report, str], pens: Callable[[], Pen], form: str
) -> None:
    """Whoever heard it sends the form of a page at once, with the code along."""
    report, code = said
    actions.send_message(report=report, box=report.box_for_staff(), text="For you alone", by=None, at=NOON)
    typed = {
        "code": code,
        "message": "",
        "pasted": "https://chatter.example/p/9",
        "circumstances": "self-harm",
    }

    response = pens().send(f"/follow/{form}/", typed | {"remove": "1", "via": "none"})

    body = response.content.decode()
    assert "Somebody said this code aloud." in body
    assert "For you alone" not in body and "chatter.example/p/1" not in body
    fresh = Report.objects.get(pk=report.pk)
    assert (fresh.code_said_aloud, fresh.circumstances, fresh.links.count()) == (
        True,
        report.circumstances,
        1,
    )
    assert not fresh.links.filter(status="withdrawn").exists()
    assert fresh.messages.count() == 1


@pytest.mark.parametrize("how", ["page", "form", "script"])
def test_screenshots_wait_for_the_change(
    come: Callable[[], Pen], said: tuple[Report, str], pens: Callable[[], Pen], how: str
) -> None:
    pen = come() if how == "page" else pens()
    if how == "page":
        assert pen.see("/report/pictures/")["Location"] == HERE
        return
    headers = {"X-Part": "1"} if how == "script" else {}
    response = pen.browser.post("/report/pictures/", {"code": said[1], "remove": "x"}, headers=headers)
    if how == "script":
        assert (response.status_code, "First take a code" in response.json()["error"]) == (409, True)
    else:
        assert response["Location"] == HERE


def test_what_was_typed_waits_for_the_change_and_then_arrives(
    said: tuple[Report, str], pens: Callable[[], Pen]
) -> None:
    pen = pens()
    words = "I am still here, & <b>afraid</b>."
    response = pen.send("/follow/messages/", {"code": said[1], "message": words})
    carried = hidden(response)
    assert carried == {"message": words, "then": "/follow/messages/"}
    assert said[0].messages.count() == 0

    response = pen.send(HERE, carried)
    assert hidden(response) == carried | {"which": which(pen)}
    response = pen.send(HERE, hidden(response) | {"again-code": "AAAA-BBBB-CCCC-DDDD"})
    assert "Not quite the same yet" in response.content.decode()
    posted = hidden(response) | {"skip": "1"}
    response = pen.send(HERE, posted)

    # 307: the browser sends the same form once more, to where it was going.
    assert (response.status_code, response["Location"]) == (307, "/follow/messages/")
    assert pen.send(response["Location"], posted)["Location"].startswith(FOLLOW)
    report = Report.objects.get(pk=said[0].pk)
    box = report.box_for_code(pen.note.code)
    assert [box.open(one, "body") for one in report.messages.all()] == [words]


@pytest.mark.parametrize(
    "then", ["https://other.example/", "//other.example/", HERE, "/staff/", "/follow/../x/"]
)
def test_it_goes_on_to_their_own_pages_only(come: Callable[[], Pen], then: str) -> None:
    pen = come()
    _fresh, mark = take(pen)
    response = pen.send(HERE, {"which": mark, "skip": "1", "then": then})
    assert (response.status_code, response["Location"]) == (302, FOLLOW)


# --- two at once -------------------------------------------------------------------------------------------


def test_two_tabs_show_one_code_and_both_end_well(come: Callable[[], Pen], said: tuple[Report, str]) -> None:
    pen = come()
    fresh, mark = take(pen)
    again, same = take(pen)
    assert (again, same) == (fresh, mark)

    whose = pen.marked()
    assert pen.send(HERE, {"which": mark, "skip": "1"})["Location"] == FOLLOW
    # The other tab's form, pressed after it was done.
    assert pen.browser.post(HERE, whose | {"which": mark, "skip": "1"})["Location"] == FOLLOW
    assert opens(fresh, said[0])


def test_a_code_that_another_tab_replaced_is_never_taken_for_noted(
    come: Callable[[], Pen], said: tuple[Report, str]
) -> None:
    pen = come()
    old_cookie = pen.browser.cookies["note"].value
    _first, mark = take(pen)
    pen.browser.cookies["note"] = old_cookie  # both tabs asked before either was answered
    second, _mark = take(pen)

    assert pen.send(HERE, {"which": mark, "skip": "1"})["Location"] == HERE

    assert pen.note.fresh == second
    assert opens(said[1], said[0])


def test_a_late_answer_of_another_tab_locks_nobody_out(
    come: Callable[[], Pen], said: tuple[Report, str]
) -> None:
    pen = come()
    fresh, mark = take(pen)
    before = pen.browser.cookies["note"].value
    pen.send(HERE, {"which": mark, "skip": "1"})
    pen.browser.cookies["note"] = before  # the other tab's answer came last, with the cookie of before

    assert pen.see(FOLLOW).status_code == 200
    assert pen.note.code == fresh


def test_whoever_overheard_it_comes_too_late(come: Callable[[], Pen], said: tuple[Report, str]) -> None:
    stranger = come()
    _theirs, their_mark = take(stranger)
    pen = come()
    fresh, mark = take(pen)
    pen.send(HERE, {"which": mark, "skip": "1"})

    response = stranger.send(HERE, {"which": their_mark, "skip": "1"})

    assert "Type your code to go on" in response.content.decode()
    assert opens(fresh, said[0])


@pytest.mark.django_db(transaction=True)
def test_at_the_same_moment_one_of_two_new_codes_holds() -> None:
    code = receipts.new_code()
    report = actions.submit_report(submission=submission(), code=code, at=NOON, said_aloud=True)
    mine, theirs = receipts.new_code(), receipts.new_code()

    answers = at_once(
        lambda: actions.change_code(report=report, code=code, fresh=mine, at=NOON),
        lambda: actions.change_code(report=report, code=code, fresh=theirs, at=NOON),
    )

    assert sorted(isinstance(answer, WrongKey) for answer in answers) == [False, True]
    held = mine if answers[0] is None else theirs
    assert [opens(one, report) for one in (code, held)] == [False, True]
    assert AuditRow.objects.filter(verb="report.code_changed").count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_tabs_with_the_same_new_code_are_one() -> None:
    code, fresh = receipts.new_code(), receipts.new_code()
    report = actions.submit_report(submission=submission(), code=code, at=NOON, said_aloud=True)

    answers = at_once(*[lambda: actions.change_code(report=report, code=code, fresh=fresh, at=NOON)] * 2)

    assert answers == [None, None]
    assert opens(fresh, report)
    assert AuditRow.objects.filter(verb="report.code_changed").count() == 1


def test_erased_while_the_new_code_was_noted(come: Callable[[], Pen], said: tuple[Report, str]) -> None:
    pen = come()
    _fresh, mark = take(pen)
    actions.erase_report(report=said[0], by="young-person", at=timezone.now())

    response = pen.send(HERE, {"which": mark, "skip": "1"})

    assert "Type your code to go on" in response.content.decode()
    with pytest.raises(WrongKey):
        actions.change_code(report=said[0], code=said[1], fresh=receipts.new_code(), at=timezone.now())


# --- what it leaves alone ----------------------------------------------------------------------------------


def test_a_code_that_nobody_said_stays(pen: Pen) -> None:
    note = pen.send_report()
    pen.send("/report/code/", {"skip": "1"})
    assert pen.see(HERE)["Location"] == FOLLOW
    assert pen.see(FOLLOW).status_code == 200
    assert opens(note.code, Report.objects.get(pk=note.id))


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("get", "/api/v1/follow/"),
        ("delete", "/api/v1/follow/"),
        ("post", "/api/v1/follow/messages/"),
        ("post", "/api/v1/follow/links/"),
        ("post", "/api/v1/follow/withdraw/"),
    ],
)
def test_over_the_api_it_opens_nothing_until_it_is_changed(
    said: tuple[Report, str], method: str, path: str
) -> None:
    headers = {"Receipt-Code": said[1]}
    body = {"text": "x", "all": True, "links": [{"url": "https://chatter.example/p/9"}]}
    given = {} if method == "get" else {"data": json.dumps(body), "content_type": "application/json"}

    response = getattr(Client(), method)(path, headers=headers, **given)

    assert response["Content-Type"] == "application/problem+json"
    problem = response.json()
    assert (response.status_code, problem["code"]) == (409, "code_said_aloud")
    assert "/follow/" in problem["detail"] and "chatter.example" not in str(problem)
    report = Report.objects.get(pk=said[0].pk)
    assert (report.status, report.messages.count(), report.links.count()) == (Status.SUBMITTED, 0, 1)
    assert not report.links.filter(status="withdrawn").exists()


def test_over_the_api_the_changed_code_opens_everything(said: tuple[Report, str]) -> None:
    client = Client()
    fresh = receipts.new_code()
    actions.change_code(report=said[0], code=said[1], fresh=fresh, at=timezone.now())

    assert client.get("/api/v1/follow/", headers={"Receipt-Code": said[1]}).status_code == 404
    body = client.get("/api/v1/follow/", headers={"Receipt-Code": fresh}).json()
    assert body["links"][0]["url"] == "https://chatter.example/p/1"


# --- a colleague says another one, or none -----------------------------------------------------------------


def test_only_as_long_as_they_have_none_of_their_own(said: tuple[Report, str], nour: object) -> None:
    report, old = said
    second = receipts.new_code()
    actions.say_another_code(report=report, box=report.box_for_staff(), code=second, by=nour, at=NOON)  # type: ignore[arg-type]
    report.refresh_from_db()
    assert (opens(second, report), opens(old, report)) == (True, False)

    own = receipts.new_code()
    actions.change_code(report=report, code=second, fresh=own, at=NOON)

    report.refresh_from_db()
    with pytest.raises(actions.CodeTaken):
        actions.say_another_code(report=report, box=report.box_for_staff(), code=old, by=nour, at=NOON)  # type: ignore[arg-type]
    with pytest.raises(actions.CodeTaken):
        actions.keep_no_code(report=report, by=nour, at=NOON)  # type: ignore[arg-type]
    assert opens(own, report)


def test_no_code_means_that_none_opens_it(said: tuple[Report, str], nour: object) -> None:
    report, old = said
    for _twice in range(2):
        actions.keep_no_code(report=report, by=nour, at=datetime(2026, 3, 2, tzinfo=UTC))  # type: ignore[arg-type]
    report.refresh_from_db()
    assert (report.code_key, report.locator) == (None, None)
    assert actions.open_by_code(old) is None
    assert report.box_for_staff().open(report, "story") == "Told by phone."
    assert AuditRow.objects.filter(verb="report.no_code").count() == 1
