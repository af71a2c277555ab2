"""The page where the agreement is changed or stopped."""

from typing import Any

import pytest

from reports.contact import contract
from reports.models import Nudge, Report
from reports.states import NudgeStatus
from tests.cast import NOON
from tests.reports.conftest import Pen

pytestmark = pytest.mark.django_db
HERE = "/follow/contact/"
MAIL = {"via": "email", "email": "me@example.org", "from_hour": "16", "to_hour": "20", "is_safe": "on"}


@pytest.fixture(autouse=True)
def _switched_on(settings: Any) -> None:
    settings.NUDGE_FROM = "post@notes.example"
    settings.SMS_GATEWAY_URL = "https://gateway.example/send"


@pytest.fixture
def sent(pen: Pen) -> Pen:
    """Somebody who has sent a report, with the default: nothing is sent to them."""
    pen.send_report()
    pen.send("/report/code/", {"skip": "1"})
    return pen


def page(pen: Pen) -> str:
    """Its words."""
    response = pen.see(HERE)
    assert response.status_code == 200
    return str(response.content.decode())


def agreed(pen: Pen) -> contract.Contract:
    """What is sealed."""
    report = Report.objects.get(pk=pen.note.id)
    return contract.read(report.box_for_code(pen.note.code).open_json(report, "contact"))


def test_without_a_code_it_asks_for_one(pen: Pen) -> None:
    assert "me@example.org" not in page(pen)
    assert pen.send(HERE, MAIL).status_code == 200


def test_the_default_and_the_exact_words_are_shown(sent: Pen) -> None:
    body = page(sent)

    assert "Nothing is sent. You come back with your code." in body
    assert "There is something new." in body
    assert "Stop all signs" not in body
    assert 'value="none" id="c-via_0" checked' in body


def test_chosen_shown_and_stopped(sent: Pen) -> None:
    assert sent.send(HERE, MAIL)["Location"] == f"{HERE}?done=1"

    assert agreed(sent) == contract.Contract("email", "me@example.org", 16, 20, is_safe=True)
    body = page(sent)
    assert "By e-mail: me@example.org" in body
    assert "Only between these hours: 16:00–20:00." in body
    assert 'name="is_safe" id="c-is_safe" aria-describedby' not in body
    assert "checked" not in body[body.index('name="is_safe"') :][:80], "that it is safe is asked each time"
    report = Report.objects.get(pk=sent.note.id)
    Nudge.objects.create(report=report, made_at=NOON, due_at=NOON)

    assert sent.send(HERE, {"via": "none"})["Location"] == f"{HERE}?done=1"

    assert agreed(sent) == contract.NOTHING
    assert report.nudges.get().status == NudgeStatus.REFUSED
    assert "me@example.org" not in page(sent)


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        (MAIL | {"email": "me@@example"}, "This is not a whole e-mail address."),
        (
            {"via": "sms", "phone": "06 12", "from_hour": "16", "to_hour": "20", "is_safe": "on"},
            "all of its digits",
        ),
        (MAIL | {"is_safe": ""}, "We only write where nobody else reads."),
    ],
)
def test_what_is_wrong_comes_back_filled_in(sent: Pen, typed: dict[str, str], says: str) -> None:
    body = sent.send(HERE, typed).content.decode()

    assert says in body
    assert f'value="{typed.get("email") or typed["phone"]}"' in body
    assert f'value="{typed["via"]}" id="c-via_' in body
    assert agreed(sent) == contract.NOTHING


def test_an_old_tab_changes_nothing(sent: Pen) -> None:
    sent.browser.post(HERE, MAIL | {"whose": "0" * 32})

    assert agreed(sent) == contract.NOTHING


def test_where_nothing_is_offered_there_is_nothing_to_choose(sent: Pen, settings: Any) -> None:
    settings.NUDGE_FROM = settings.SMS_GATEWAY_URL = ""

    body = page(sent)

    assert "Nothing is sent. You come back with your code." in body
    assert 'name="via"' not in body
