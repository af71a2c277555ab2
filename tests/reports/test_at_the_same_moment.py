"""What crosses on its way: each ends as if the other had come before or after it, and nobody's wish is lost."""

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import transaction

from reports import actions
from reports.evidence import actions as evidence
from reports.evidence.sanitise import Clean
from reports.models import Draft, Evidence, Report
from reports.states import Picture
from tests.at_once import at_once
from tests.cast import submission
from tests.reports.conftest import Pen

pytestmark = pytest.mark.django_db(transaction=True)

CODE = "K3F97Q0M1T5WXZ1B"
HELD, AFTER = 0.5, 0.15  # seconds: how long the first holds what it has, and when the second comes


def later(call: Callable[[], Any]) -> Callable[[], Any]:
    """The same, once the other has begun."""

    def wrapped() -> Any:
        time.sleep(AFTER)
        return call()

    return wrapped


@pytest.fixture
def slow_to_send(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sending holds the draft and the new report for a moment before it is done."""
    real = evidence.hand_over

    def slow(**given: Any) -> None:
        time.sleep(HELD)
        real(**given)

    monkeypatch.setattr(evidence, "hand_over", slow)


def erased_or_never_sent() -> bool:
    """Is nothing left that anybody could read?"""
    return not Draft.objects.exists() and not Report.objects.exclude(status="erased").exists()


@pytest.mark.usefixtures("slow_to_send")
def test_what_is_erased_while_it_is_sent_is_erased(pen: Pen) -> None:
    pen.answer_all()
    other = Pen()
    other.browser.cookies["note"] = pen.browser.cookies["note"].value

    sent, erased = at_once(lambda: pen.send("/report/review/"), later(lambda: other.send("/follow/erase/")))

    assert (sent.status_code, erased.status_code) == (302, 302)  # type: ignore[attr-defined]
    assert erased["Location"] == "/follow/gone/"  # type: ignore[index]
    assert erased_or_never_sent()


@pytest.mark.usefixtures("slow_to_send")
def test_what_is_erased_while_it_is_raised_is_erased(pen: Pen) -> None:
    pen.answer("who")
    other = Pen()
    other.browser.cookies["note"] = pen.browser.cookies["note"].value

    at_once(lambda: pen.answer("safety", safety="in-danger"), later(lambda: other.send("/follow/erase/")))

    assert erased_or_never_sent()


@pytest.mark.usefixtures("slow_to_send")
def test_a_picture_taken_back_while_it_is_sent_is_taken_back(noon: datetime) -> None:
    draft = actions.start_draft(language="en", code=CODE, answers={}, at=noon)
    clean = Clean(picture=b"\x89PNG\r\n\x1a\n", width=1, height=1)
    one = evidence.add_evidence(owner=draft, code=CODE, what=Picture.MESSAGES, clean=clean, at=noon)

    sent, removed = at_once(
        lambda: actions.submit_draft(draft_id=draft.pk, code=CODE, submission=submission(), at=noon),
        later(lambda: evidence.remove_evidence(evidence=one, at=noon)),
    )

    assert isinstance(sent, Report)
    assert removed is None
    assert not Evidence.objects.exists()


def test_a_draft_somebody_writes_in_is_not_purged(noon: datetime) -> None:
    draft = actions.start_draft(language="en", code=CODE, answers={}, at=noon)
    week = noon + timedelta(days=7)

    def write() -> None:
        with transaction.atomic():
            held = Draft.objects.select_for_update().get(pk=draft.pk)
            actions.save_draft(
                draft=held, box=held.box_for_code(CODE), answers={"a": 1}, language="en", at=week
            )
            time.sleep(HELD)

    _written, purged = at_once(write, later(lambda: actions.purge_expired_drafts(now=week)))

    assert purged == 0
    assert Draft.objects.get().expires_at == week + actions.DRAFT_LIFE
