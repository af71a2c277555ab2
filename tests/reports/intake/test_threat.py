"""Whoever is being threatened: a time by which a person reads it, and a way to send what is there, never by itself."""

from typing import Any

import pytest
from django.conf import LazySettings

from reports.intake.interview import NUMBERS
from reports.models import Report
from tests.reports.conftest import Pen

pytestmark = pytest.mark.django_db
PROMISE = "When someone makes threats, we aim for less than 3 hours."
SEND_NOW = "Send what you have now"


@pytest.fixture(autouse=True)
def three_hours(settings: LazySettings) -> None:
    """As the operator promises it."""
    settings.ANSWER_HOURS_THREAT = 3


def page(response: Any) -> str:
    assert response.status_code == 200
    return str(response.content.decode())


def test_by_the_threat_door_what_is_there_can_be_sent_with_one_tap(pen: Pen) -> None:
    assert PROMISE in page(pen.see("/report/?start=threat"))
    pen.answer("deadline", deadline="today", start="threat")
    assert SEND_NOW not in page(pen.see(f"/report/{NUMBERS['demand']}/"))
    after = pen.answer("demand", demand=["money"])["Location"]

    body = page(pen.see(after))

    assert "Nothing is sent to us yet." in body
    assert SEND_NOW in body
    assert PROMISE in body
    assert not Report.objects.exists()
    assert body.index("</form>", body.index(f'action="{after}"')) < body.index('id="send-now"')

    pen.send("/report/now/")
    report = Report.objects.get()
    assert (report.kind, set(report.circumstances)) == ("threat", {"deadline", "blackmail"})
    assert PROMISE in page(pen.see("/report/code/"))


def test_it_is_offered_once_and_not_to_who_is_raised(pen: Pen) -> None:
    pen.see("/report/?start=threat")
    pen.answer("deadline", deadline="today", start="threat")
    pen.answer("demand")
    pen.answer("who")
    assert SEND_NOW not in page(pen.see(f"/report/{NUMBERS['safety']}/"))
    pen.answer("safety", safety="in-danger")
    assert Report.objects.exists()
    assert SEND_NOW not in page(pen.see("/report/1/"))


def test_the_promise_is_on_the_last_page_and_on_the_page_of_the_code(pen: Pen) -> None:
    pen.answer_all(kind={"kind": "threat"})
    review = page(pen.see("/report/review/"))
    assert PROMISE in review
    assert "within 24 hours" not in review
    pen.send("/report/review/")
    pen.send("/report/code/", {"skip": "1"})
    follow = page(pen.see("/follow/"))
    assert "When someone makes threats, we aim for less than 3 hours." in follow
    assert "24 hours" not in follow


def test_all_others_are_promised_the_usual(pen: Pen) -> None:
    pen.answer_all()
    assert "within 24 hours" in page(pen.see("/report/review/"))
    pen.send("/report/review/")
    assert "less than 24 hours" in page(pen.see("/report/code/"))
    pen.send("/report/code/", {"skip": "1"})
    assert PROMISE not in page(pen.see("/follow/"))


@pytest.mark.parametrize(
    ("name", "answer", "shown"),
    [
        ("circumstances", {"circumstances": ["violence"]}, True),
        ("circumstances", {"circumstances": ["adult"]}, True),
        ("circumstances", {"circumstances": ["school"]}, False),
        ("home", {"home": "unsafe"}, True),
        ("home", {"home": "secret"}, False),
    ],
)
def test_the_number_for_children_in_danger_follows_the_answer(
    name: str, answer: dict[str, Any], shown: bool, pen: Pen
) -> None:
    line = "is there day and night, and it is free."
    for one in ("who", "safety", "age", "kind", "places"):
        pen.answer(one)
    following = pen.answer(name, **answer)["Location"]
    names = list(NUMBERS)
    after = page(pen.see(f"/report/{NUMBERS[names[names.index(name) + 1]]}/"))
    pen.answer("school", finish="1")

    assert following.startswith("/report/")
    assert (line in after) is shown
    assert ('href="tel:119"' in after.split("<main")[1]) is shown
    assert (line in page(pen.see("/report/review/"))) is shown


def test_the_code_of_a_school_is_asked_for_where_it_can_be_given(pen: Pen) -> None:
    pen.answer_all()
    number = NUMBERS["school"]
    assert "a card with a code for your school" in page(pen.see(f"/report/{number}/"))
    offer = f'<a href="/report/{number}/">A school code? Add it.</a>'
    assert offer in page(pen.see("/report/review/"))
    pen.answer("school", school="K7M-2PX")
    assert offer not in page(pen.see("/report/review/"))
