"""Coming back: what happened, messages, more links, taking back, erasing, leaving."""

import json
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from helpline.accounts.models import Staff
from reports import actions, crowd, locked, receipts
from reports.models import Draft, Message, Report
from reports.note import Kind
from reports.states import News, Status
from tests.reports.conftest import Pen

pytestmark = pytest.mark.django_db


def page(response: Any) -> str:
    """The words of a page that was shown."""
    assert response.status_code == 200
    return str(response.content.decode())


@pytest.fixture
def sent(pen: Pen) -> Pen:
    """Somebody who has sent a report with two links, and kept the code."""
    pen.send_report(places={"pasted": "https://chatter.example/p/1 https://other.example/x"})
    pen.send("/report/code/", {"skip": "1"})
    return pen


def report_of(pen: Pen) -> Report:
    """What this browser is about."""
    return Report.objects.get(pk=pen.note.id)


# --- the door -----------------------------------------------------------------------------------------------


def test_the_door_costs_no_query(pen: Pen, django_assert_num_queries: Callable[..., Any]) -> None:
    with django_assert_num_queries(0):
        body = page(pen.see("/follow/"))

    assert "Come back with my code" in body
    assert 'autocomplete="off"' in body


@pytest.mark.parametrize(
    "write",
    [
        lambda code: code,
        lambda code: receipts.grouped(code).lower(),
        lambda code: " ".join(receipts.grouped(code).split("-")),
        lambda code: code.replace("0", "O").replace("1", "l"),
        lambda code: receipts.grouped(code).replace("-", " – "),
    ],
)
def test_the_code_opens_however_it_is_written(
    sent: Pen, pens: Callable[[], Pen], write: Callable[[str], str]
) -> None:
    other = pens()

    assert other.send("/follow/", {"code": write(sent.note.code)})["Location"] == "/follow/"
    assert "chatter.example/p/1" in page(other.see("/follow/"))
    assert other.note.shown


def test_every_wrong_code_gets_the_same_answer_at_the_same_cost(sent: Pen, pens: Callable[[], Pen]) -> None:
    erased = pens()
    erased.send_report()
    code = erased.note.code
    erased.send("/follow/erase/")
    other = pens()
    answers, costs = set(), set()

    for wrong in (code, "AAAABBBBCCCCDDDD", "AAAA", "UUUUUUUUUUUUUUUU", "ЖЖЖЖЖЖЖЖЖЖЖЖЖЖЖЖ"):
        with CaptureQueriesContext(connection) as queries:
            response = other.send("/follow/", {"code": wrong})
        body = page(response).replace(wrong, "")
        token = body.partition('csrfmiddlewaretoken" value="')[2].partition('"')[0]
        answers.add(body.replace(token, ""))
        costs.add(len(queries))

    assert len(answers) == 1
    assert costs == {2}
    assert "This code opens nothing" in answers.pop()
    assert other.held() is None


@pytest.mark.parametrize(("code", "says"), [("", "Type your code here."), ("A" * 81, "longer than a code")])
def test_no_code_and_far_too_much_code(pen: Pen, code: str, says: str) -> None:
    assert says in page(pen.send("/follow/", {"code": code}))


def test_many_wrong_codes_slow_nobody_who_has_a_right_one(sent: Pen, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locked, "WRONG_CODES", locked.Gate(3))
    stranger = Client(REMOTE_ADDR="203.0.114.7")
    stranger.cookies["lang"] = "en"

    statuses = [stranger.post("/follow/", {"code": "AAAABBBBCCCCDDDD"}).status_code for _ in range(5)]
    assert statuses == [200, 200, 200, 429, 429]

    right = stranger.post("/follow/", {"code": sent.note.code})
    assert right["Location"] == "/follow/"
    elsewhere = Client(REMOTE_ADDR="203.0.114.8")
    assert elsewhere.post("/follow/", {"code": "AAAABBBBCCCCDDDD"}).status_code == 200


def test_a_drafts_code_goes_on_with_the_interview(pen: Pen, pens: Callable[[], Pen]) -> None:
    pen.answer("who")
    other = pens()

    assert other.send("/follow/", {"code": pen.note.code})["Location"] == "/report/"
    assert other.note.kind == Kind.DRAFT
    assert other.see("/report/")["Location"] == "/report/2/"
    assert "You have not sent your answers yet." in page(other.see("/follow/"))


def test_the_code_of_a_draft_opens_the_report_that_it_became(sent: Pen, pens: Callable[[], Pen]) -> None:
    other = pens()
    other.answer_all()
    code = other.note.code
    other.send("/report/review/")

    assert pens().send("/follow/", {"code": code})["Location"] == "/follow/"


# --- the page -----------------------------------------------------------------------------------------------


def test_the_page_tells_each_link_its_state_its_story_and_what_comes_next(sent: Pen) -> None:
    report = report_of(sent)
    now = timezone.now()
    first, second = report.links.order_by("position")
    tomorrow = (now + timedelta(days=1)).isoformat()
    actions.post_update(
        report_id=report.pk,
        link_id=first.pk,
        what=News.SENT,
        at=now - timedelta(hours=2),
        data={"platform": "Chatter"},
    )
    actions.post_update(
        report_id=report.pk,
        link_id=first.pk,
        what=News.SAID_REMOVED,
        at=now - timedelta(hours=1),
        data={"platform": "Chatter", "next_look": tomorrow},
    )
    actions.post_update(
        report_id=report.pk, link_id=second.pk, what=News.REFUSED, at=now, data={"platform": "Any other site"}
    )
    actions.post_update(report_id=report.pk, what=News.OPENED, at=now)

    body = page(sent.see("/follow/"))

    assert "Chatter says it is removed</p>" in body
    assert "We asked Chatter to remove it." in body
    assert "Next: we look ourselves tomorrow" in body
    assert "other.example said no</p>" in body
    assert "Any other site" not in body
    assert "A person started to work on it." in body
    assert 'href="https://chatter.example' not in body  # never a way back to it


def test_an_account_on_a_site_we_do_not_know_is_on_the_site(pen: Pen) -> None:
    pen.send_report(places={"account": "kim", "platform": "other"})
    report = report_of(pen)
    actions.post_update(
        report_id=report.pk,
        link_id=report.links.get().pk,
        what=News.REFUSED,
        at=timezone.now(),
        data={"platform": "Any other site"},
    )

    body = page(pen.see("/follow/"))

    assert "The site said no</p>" in body
    assert "The site said no. That is not the end" in body
    assert "Another site" in body


def test_the_present_state_in_plain_words(sent: Pen, nour: Staff) -> None:
    report = report_of(sent)
    assert "We have what you told us" in page(sent.see("/follow/"))

    actions.set_status(report=report, status=Status.IN_CASE, news=News.OPENED, by=nour, at=timezone.now())
    assert "Someone is on it" in page(sent.see("/follow/"))

    actions.set_status(report=report, status=Status.CLOSED, news=News.CLOSED, by=nour, at=timezone.now())
    assert "We finished for now" in page(sent.see("/follow/"))


def test_no_table_of_the_desk_is_ever_asked(sent: Pen) -> None:
    report = report_of(sent)
    first = report.links.order_by("position")[0]
    with CaptureQueriesContext(connection) as queries:
        sent.see("/follow/")
        sent.send("/follow/messages/", {"message": "Hello"})
        sent.send("/follow/links/", {"pasted": "https://a.example/2"})
        sent.see(f"/follow/stop/{first.position}/")
        sent.send(f"/follow/stop/{first.position}/")
        sent.send("/follow/stop/")
        sent.see("/follow/")
        sent.send("/follow/erase/")

    asked = " ".join(query["sql"] for query in queries)
    for prefix in ("cases_", "takedowns_", "accounts_", "django_session", "auth_"):
        assert f'"{prefix}' not in asked


def test_the_page_costs_the_same_however_much_there_is(sent: Pen, nour: Staff) -> None:
    report = report_of(sent)

    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            page(sent.see("/follow/"))
        return len(queries)

    before = cost()
    box = report.box_for_staff()
    facts = [actions.LinkFacts(url=f"https://a.example/{number}") for number in range(20)]
    for link in actions.add_links(report=report, box=box, facts=facts, by=nour, at=timezone.now()):
        actions.post_update(report_id=report.pk, link_id=link.pk, what=News.SENT, at=timezone.now())
    for number in range(20):
        actions.send_message(report=report, box=box, text=f"{number}", by=None, at=timezone.now())

    assert cost() == before <= 4


# --- messages -----------------------------------------------------------------------------------------------


def test_a_message_goes_and_an_answer_is_marked_new_once(sent: Pen, nour: Staff) -> None:
    report = report_of(sent)

    assert sent.send("/follow/messages/", {"message": " Is it up still? "})["Location"].startswith("/follow/")
    message = report.messages.get()
    assert report.box_for_staff().open(message, "body") == "Is it up still?"
    assert message.author == Message.Author.YOUNG_PERSON

    actions.send_message(
        report=report, box=report.box_for_staff(), text="We look.", by=nour, at=timezone.now()
    )
    sent.browser.head("/follow/")
    body = page(sent.see("/follow/"))
    assert "You have a new message" in body
    assert "We look." in body
    assert "nour" not in body.lower()
    assert "You have a new message" not in page(sent.see("/follow/"))
    assert Message.objects.get(author="helpline").read_at is not None
    assert Message.objects.get(author="young-person").read_at is None


def test_a_second_tap_sends_one_message(sent: Pen) -> None:
    for _ in range(2):
        sent.send("/follow/messages/", {"message": "Hello"})

    assert report_of(sent).messages.count() == 1


@pytest.mark.parametrize(
    ("text", "says"), [("  ", "Write something first."), ("x" * 20_001, "1 character too long")]
)
def test_a_message_that_does_not_fit_is_kept_on_the_page(sent: Pen, text: str, says: str) -> None:
    body = page(sent.send("/follow/messages/", {"message": text}))

    assert says in body
    assert text.strip() in body
    assert "One thing to look at" in body
    assert not Message.objects.exists()


def test_what_is_written_is_shown_as_text(sent: Pen) -> None:
    sent.send("/follow/messages/", {"message": "<script>alert(1)</script>"})

    body = page(sent.see("/follow/"))
    assert "<script>alert" not in body
    assert "&lt;script&gt;alert(1)" in body


def test_a_message_that_comes_too_late_waits_for_the_code(sent: Pen) -> None:
    report, code = report_of(sent), sent.note.code
    sent.loses_its_cookie()

    body = page(sent.send("/follow/messages/", {"message": "Are you there?"}))
    assert "Type your code to go on" in body
    assert "Are you there?" in body
    assert "Are you there?" in page(
        sent.send("/follow/messages/", {"message": "Are you there?", "code": "wrong"})
    )
    assert not report.messages.exists()

    assert sent.send("/follow/messages/", {"message": "Are you there?", "code": code})["Location"].startswith(
        "/follow/"
    )
    assert report.box_for_staff().open(report.messages.get(), "body") == "Are you there?"
    assert sent.note.id == report.pk


def test_a_reload_of_a_refused_form_leads_back(sent: Pen) -> None:
    assert sent.see("/follow/messages/")["Location"] == "/follow/"
    assert "Add a link" in page(sent.see("/follow/links/"))


# --- more links ---------------------------------------------------------------------------------------------


def test_links_and_accounts_are_added_once(sent: Pen) -> None:
    report = report_of(sent)
    more = {
        "pasted": "https://chatter.example/p/1 https://chatter.example/p/2",
        "account": "kim",
        "platform": "chatter",
    }

    assert "done=2" in sent.send("/follow/links/", more)["Location"]
    assert "done=3" in sent.send("/follow/links/", more)["Location"]

    assert report.links.count() == 4
    body = page(sent.see("/follow/?done=2"))
    assert "chatter.example/p/2" in body
    assert "kim" in body
    assert "We have added it." in body


def test_names_of_other_sites_are_kept_each_once(sent: Pen) -> None:
    for account, site in (("kim", "Kwikzap"), ("lou", "Kwikzap"), ("lou", "Blabb")):
        sent.send("/follow/links/", {"account": account, "platform": "other", "site": site})

    report = report_of(sent)
    assert report.links.count() == 4
    assert report.box_for_staff().open_json(report, "answers")["site"] == "Kwikzap, Blabb"


@pytest.mark.parametrize(
    "more", [{}, {"pasted": "hello"}, {"pasted": "instagram://story"}, {"account": "kim"}]
)
def test_what_is_no_link_is_kept_and_explained(sent: Pen, more: dict[str, str]) -> None:
    body = page(sent.send("/follow/links/", more))

    assert "One thing to look at" in body
    assert all(value in body for value in more.values())
    assert report_of(sent).links.count() == 2


def test_links_are_recognised_before_they_are_added(sent: Pen) -> None:
    whole = page(sent.send("/follow/links/", {"pasted": "https://chatter.example/p/9", "look": "1"}))
    part = page(
        sent.browser.post(
            "/follow/links/",
            {"pasted": "https://chatter.example/p/9", "look": "1"} | sent.marked(),
            headers={"X-Part": "1"},
        )
    )

    assert "<b>Chatter</b>" in whole
    assert "<h1>" in whole
    assert "<b>Chatter</b>" in part
    assert "<h1>" not in part
    assert report_of(sent).links.count() == 2


def test_a_report_holds_only_so_many_links(sent: Pen, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(actions, "MOST_LINKS", 3)
    two = "https://chatter.example/p/2 https://chatter.example/p/3"

    body = page(sent.send("/follow/links/", {"pasted": two}))

    assert "This is more than one report can hold." in body
    assert "https://chatter.example/p/3" in body
    assert report_of(sent).links.count() == 2
    assert "done=2" in sent.send("/follow/links/", {"pasted": "https://chatter.example/p/2"})["Location"]
    assert "done=3" in sent.send("/follow/links/", {"pasted": "https://chatter.example/p/2"})["Location"]


@pytest.mark.parametrize(("path", "name"), [("/follow/messages/", "message"), ("/follow/links/", "pasted")])
def test_a_flood_is_slowed_and_what_was_typed_stays(
    sent: Pen, monkeypatch: pytest.MonkeyPatch, path: str, name: str
) -> None:
    monkeypatch.setattr(crowd, "WRITING", locked.Gate(1))
    sent.browser.defaults["REMOTE_ADDR"] = "203.0.114.7"

    assert sent.send(path, {name: "https://chatter.example/p/2"}).status_code == 302
    answer = sent.send(path, {name: "https://chatter.example/p/3"})

    assert answer.status_code == 429
    assert "What you wrote is not lost" in answer.content.decode()
    assert "https://chatter.example/p/3" in answer.content.decode()


@pytest.mark.parametrize(("path", "name"), [("/follow/messages/", "message"), ("/follow/links/", "pasted")])
def test_erased_while_it_was_on_its_way(
    sent: Pen, monkeypatch: pytest.MonkeyPatch, path: str, name: str
) -> None:
    report = report_of(sent)

    def erased_meanwhile(request: Any) -> None:
        actions.erase_report(report=report, by="young-person", at=timezone.now())

    monkeypatch.setattr(crowd, "hold", erased_meanwhile)

    body = page(sent.send(path, {name: "https://chatter.example/p/2"}))

    assert "Type your code to go on" in body
    assert "https://chatter.example/p/2" in body
    assert sent.held() is None


# --- what has changed -----------------------------------------------------------------------------------


def test_something_has_changed(sent: Pen) -> None:
    body = page(sent.see("/follow/changed/"))
    assert "I am in danger right now" in body

    response = sent.send("/follow/changed/", {"circumstances": ["spreading", "adult"]})

    assert "done=5" in response["Location"]
    report = report_of(sent)
    assert set(report.circumstances) == {"spreading", "adult"}
    assert report.is_retold
    assert 'value="spreading"' not in page(sent.see("/follow/changed/"))  # told already


def test_danger_told_later_leads_to_help_and_is_there_at_once(sent: Pen) -> None:
    response = sent.send("/follow/changed/", {"circumstances": ["in-danger"]})

    assert response["Location"] == "/report/now/"
    body = page(sent.see("/report/now/"))
    assert "Our team sees it at once" in body
    assert "in-danger" in report_of(sent).circumstances


def test_danger_can_be_told_again_and_again(sent: Pen) -> None:
    sent.send("/follow/changed/", {"circumstances": ["in-danger"]})
    then = timezone.now() - timedelta(days=4)
    Report.objects.update(danger_at=then, is_retold=False)

    assert 'value="in-danger"' in page(sent.see("/follow/changed/"))
    assert sent.send("/follow/changed/", {"circumstances": ["in-danger"]})["Location"] == "/report/now/"

    report = report_of(sent)
    assert report.is_retold
    assert report.danger_at is not None and report.danger_at > then


def test_a_time_limit_told_later(sent: Pen) -> None:
    body = page(sent.see("/follow/changed/"))
    assert "Is there a time limit?" in body
    assert re.search(r'<input[^>]*value="none"[^>]* checked', body)

    response = sent.send("/follow/changed/", {"deadline": "day"})

    assert "done=5" in response["Location"]
    report = report_of(sent)
    assert report.deadline_at is not None
    assert abs(report.deadline_at - timezone.now() - timedelta(days=1)) < timedelta(minutes=5)
    assert report.circumstances == ["deadline"]


@pytest.mark.parametrize(
    "data",
    [{}, {"deadline": "none"}, {"deadline": "never"}, {"circumstances": ["bad luck"]}, {"deadline": "\0"}],
)
def test_nothing_has_changed(sent: Pen, data: dict[str, Any]) -> None:
    assert "One thing to look at" in page(sent.send("/follow/changed/", data))
    assert not report_of(sent).is_retold


def test_fingerprints_are_added_once(sent: Pen) -> None:
    one = json.dumps([{"algorithm": "sha256", "value": "ab" * 32}])

    assert "done=2" in sent.send("/follow/fingerprints/", {"fingerprints": one})["Location"]
    assert "done=3" in sent.send("/follow/fingerprints/", {"fingerprints": one})["Location"]

    assert report_of(sent).fingerprints.count() == 1
    assert "One thing to look at" in page(sent.send("/follow/fingerprints/", {"fingerprints": ""}))


# --- taking back --------------------------------------------------------------------------------------------


def test_taking_one_link_back(sent: Pen) -> None:
    report = report_of(sent)

    body = page(sent.see("/follow/stop/1/"))
    assert "Take this link back?" in body
    assert "chatter.example/p/1" in body
    assert "other.example" not in body
    assert "cannot be called back" not in body  # nothing has left
    assert list(report.links.values_list("status", flat=True)) == ["received", "received"]

    assert "done=4" in sent.send("/follow/stop/1/")["Location"]
    sent.send("/follow/stop/1/")
    assert dict(report.links.values_list("position", "status")) == {1: "withdrawn", 2: "received"}
    assert report.updates.count() == 1
    assert "You took it back" in page(sent.see("/follow/"))


def test_what_has_left_cannot_be_called_back_and_we_say_so(sent: Pen) -> None:
    report = report_of(sent)
    link = report.links.get(position=1)
    actions.post_update(report_id=report.pk, link_id=link.pk, what=News.SENT, at=timezone.now())

    assert "cannot be called back" in page(sent.see("/follow/stop/1/"))


def test_taking_all_back(sent: Pen) -> None:
    assert "Take all 2 links back?" in page(sent.see("/follow/stop/"))
    sent.send("/follow/stop/")

    assert set(report_of(sent).links.values_list("status", flat=True)) == {"withdrawn"}
    assert sent.see("/follow/stop/")["Location"] == "/follow/"
    assert "Take all links back" not in page(sent.see("/follow/"))


def test_a_link_that_is_not_there(sent: Pen) -> None:
    assert sent.see("/follow/stop/9/").status_code == 404


# --- erasing and leaving ------------------------------------------------------------------------------------


def test_erasing_everything(sent: Pen, pens: Callable[[], Pen]) -> None:
    code = sent.note.code
    body = page(sent.see("/follow/erase/"))
    assert "Erase everything?" in body
    assert Report.objects.get().status == Status.SUBMITTED

    response = sent.send("/follow/erase/")
    assert response["Location"] == "/follow/gone/"
    assert response.cookies["note"].value == ""
    assert Report.objects.get().status == Status.ERASED
    assert "It is erased" in page(sent.see("/follow/gone/"))
    assert "This code opens nothing" in page(pens().send("/follow/", {"code": code}))


def test_a_browser_that_still_holds_what_was_erased_elsewhere(sent: Pen) -> None:
    actions.erase_report(report=report_of(sent), by="young-person", at=timezone.now())

    response = sent.see("/follow/")
    assert "Come back with my code" in page(response)
    assert response.cookies["note"].value == ""


def test_erasing_a_draft(pen: Pen, pens: Callable[[], Pen]) -> None:
    pen.answer("who")
    code = pen.note.code
    assert "Erase what you wrote?" in page(pen.see("/follow/erase/"))

    assert pen.send("/follow/erase/")["Location"] == "/follow/gone/"
    assert not Draft.objects.exists()
    assert "This code opens nothing" in page(pens().send("/follow/", {"code": code}))


def test_erasing_without_anything_open_asks_for_the_code(sent: Pen) -> None:
    code = sent.note.code
    sent.loses_its_cookie()

    assert "Type your code to go on" in page(sent.send("/follow/erase/"))
    assert Report.objects.get().status == Status.SUBMITTED
    assert sent.send("/follow/erase/", {"code": code})["Location"] == "/follow/gone/"


def test_leaving_forgets_the_browser_and_nothing_else(sent: Pen) -> None:
    code = sent.note.code
    response = sent.send("/follow/leave/")

    assert response["Location"] == "/follow/left/"
    assert "Closed on this device" in page(sent.see("/follow/left/"))
    assert sent.held() is None
    assert sent.send("/follow/", {"code": code})["Location"] == "/follow/"
    assert sent.see("/follow/leave/").status_code == 405


@pytest.mark.parametrize(
    "path", ["/follow/messages/", "/follow/links/", "/follow/stop/", "/follow/stop/1/", "/follow/erase/"]
)
def test_nothing_opens_without_a_code(pen: Pen, path: str) -> None:
    assert "Type your code to go on" in page(pen.see(path))
    assert "Type your code to go on" in page(pen.send(path, {"message": "x"}))


@pytest.mark.parametrize("path", ["/follow/", "/follow/messages/", "/follow/erase/", "/follow/leave/"])
def test_forms_of_other_sites_are_refused(path: str) -> None:
    strict = Client(enforce_csrf_checks=True)

    assert strict.post(path, {"code": "x"}, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403


def test_a_message_of_ten_megabytes_gets_a_calm_page(sent: Pen) -> None:
    response = sent.send("/follow/messages/", {"message": "x" * 10_000_000})

    assert response.status_code == 413
    assert 'href="/follow/messages/"' in response.content.decode()
