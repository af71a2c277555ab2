"""Two young people on one browser: a page acts on what it was made for, or on nothing."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from reports.models import Draft, Message, Report
from reports.states import Status
from tests.reports.conftest import SHORTEST, Pen

pytestmark = pytest.mark.django_db


def fields(pen: Pen, path: str) -> dict[str, Any]:
    """What the forms on a page carry unseen, as it was made."""
    body = pen.see(path).content.decode()
    return dict(re.findall(r'type="hidden" name="(whose)" value="([^"]+)"', body))


@pytest.fixture
def second(pens: Callable[[], Pen]) -> Pen:
    """The other one's report, sent from elsewhere."""
    pen = pens()
    pen.send_report()
    return pen


@pytest.fixture
def shared(pen: Pen) -> Pen:
    """The first one's browser, with a report that is open."""
    pen.send_report()
    pen.send("/report/code/", {"skip": "1"})
    return pen


FOLLOWED = [
    ("/follow/erase/", "/follow/erase/", {}),
    ("/follow/", "/follow/messages/", {"message": "It is me"}),
    ("/follow/", "/follow/links/", {"pasted": "https://chatter.example/p/7"}),
    ("/follow/stop/", "/follow/stop/", {}),
    ("/follow/stop/1/", "/follow/stop/1/", {}),
]


@pytest.mark.parametrize(("page", "path", "data"), FOLLOWED)
def test_an_old_tab_does_nothing_to_the_others_report(
    shared: Pen, second: Pen, page: str, path: str, data: dict[str, str]
) -> None:
    mine, code, theirs = shared.note.id, shared.note.code, second.note.id
    old = fields(shared, page)
    assert old
    shared.send("/follow/", {"code": second.note.code})

    answer = shared.browser.post(path, data | old)

    assert "Type your code to go on" in answer.content.decode()
    assert all(value in answer.content.decode() for value in data.values())
    assert "whose" not in answer.content.decode()
    assert set(Report.objects.values_list("status", flat=True)) == {Status.SUBMITTED}
    assert not Message.objects.exists()
    assert {report.links.get().status for report in Report.objects.all()} == {"received"}
    assert shared.note.id == theirs

    # when the first one types their own code into that page, it is done to their own report
    done = shared.browser.post(path, data | {"code": code})
    assert done.status_code == 302
    other = Report.objects.get(pk=theirs)
    assert other.status == Status.SUBMITTED
    assert other.links.get().status == "received"
    assert not other.messages.exists()
    held = shared.held()
    assert held is None or held.id == mine


@pytest.mark.parametrize("path", ["/report/2/", "/report/review/", "/report/now/"])
def test_an_old_tab_does_nothing_to_the_others_draft(pen: Pen, pens: Callable[[], Pen], path: str) -> None:
    pen.answer_all()
    old = fields(pen, path)
    assert old
    other = pens()
    other.answer_all()
    pen.send("/follow/", {"code": other.note.code})
    kept = bytes(Draft.objects.get(pk=other.note.id).answers)

    answer = pen.browser.post(path, {"safety": "danger"} | old)

    assert "Type your code to go on" in answer.content.decode()
    assert Draft.objects.count() == 2
    assert bytes(Draft.objects.get(pk=other.note.id).answers) == kept
    assert pen.note.id == other.note.id


def test_a_first_question_from_before_does_not_answer_for_the_other(
    pen: Pen, pens: Callable[[], Pen]
) -> None:
    assert fields(pen, "/report/") == {}
    pen.answer("who")
    first = pen.note.id

    late = pen.browser.post("/report/1/", SHORTEST["who"])
    assert "Type your code to go on" in late.content.decode()

    # without a code, the answer begins a report of its own
    pen.browser.post("/report/1/", SHORTEST["who"] | {"fresh": "1"})
    assert pen.note.id != first
    assert Draft.objects.count() == 2


def test_the_others_code_is_not_taken_for_noted(pen: Pen, second: Pen) -> None:
    pen.send_report()
    mine, old = pen.note, fields(pen, "/report/code/")
    pen.browser.cookies["note"] = second.browser.cookies["note"].value

    answer = pen.browser.post("/report/code/", {"skip": "1"} | old)
    assert "Type your code to go on" in answer.content.decode()
    assert not pen.note.shown

    assert pen.browser.post("/report/code/", {"code": mine.code} | old)["Location"] == "/follow/"
    assert pen.note.id == mine.id


def test_beginning_anew_from_an_old_tab_closes_nothing(shared: Pen, second: Pen) -> None:
    old = fields(shared, "/report/")
    assert old
    shared.send("/follow/", {"code": second.note.code})

    assert "Type your code to go on" in shared.browser.post("/report/", old).content.decode()
    assert shared.note.id == second.note.id
