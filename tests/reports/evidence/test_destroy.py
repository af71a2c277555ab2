"""Destroyed for good: no key and no byte is left, the fact is."""

import hashlib
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.http import HttpResponse

from helpline.accounts.models import Staff
from helpline.audit.models import AuditRow
from helpline.crypto.box import Box
from helpline.crypto.wrapping import WrongKey
from reports import actions as reports
from reports import receipts
from reports.evidence import actions
from reports.evidence.actions import WasDestroyed
from reports.evidence.sanitise import Clean
from reports.models import Evidence, Report
from reports.states import Picture, SealedWhy
from tests.cast import NOON
from tests.reports.conftest import Pen
from tests.reports.evidence.conftest import PICTURES
from tests.reports.evidence.hostile import plain

Tell = Callable[..., tuple[Report, str]]
LATER = NOON + timedelta(hours=1)
pytestmark = pytest.mark.django_db


@pytest.fixture
def told(tell: Tell) -> tuple[Report, str]:
    return tell()


@pytest.fixture
def picture(told: tuple[Report, str], clean: Clean) -> Evidence:
    report, code = told
    return actions.add_evidence(owner=report, code=code, what=Picture.MESSAGES, clean=clean, at=NOON)


def destroy(evidence: Evidence, by: Staff, why: SealedWhy = SealedWhy.INTIMATE) -> None:
    actions.destroy(evidence=evidence, why=why, by=by, at=LATER)


def lines() -> list[tuple[str, str, dict[str, Any]]]:
    rows = AuditRow.objects.filter(verb__startswith="evidence.").order_by("id")
    return list(rows.values_list("verb", "actor", "detail"))


def test_no_key_and_no_byte_is_left_and_the_fact_is(
    picture: Evidence, told: tuple[Report, str], clean: Clean, maud: Staff
) -> None:
    destroy(picture, maud)

    row = Evidence.objects.get()
    assert (row.picture, row.staff_key, row.code_key) == (None, None, None)
    assert bytes(row.sha256 or b"") == hashlib.sha256(clean.picture).digest()
    assert (row.size, row.added_at) == (len(clean.picture), NOON)
    assert (row.destroyed_at, row.destroyed_by, row.destroyed_why) == (LATER, maud, "intimate")
    with pytest.raises(WrongKey):
        row.box_for_staff()
    with pytest.raises(WrongKey):
        row.key_for_code(told[1])
    about = {"report": str(told[0].pk), "why": "intimate"}
    assert lines() == [("evidence.destroyed", f"staff:{maud.pk}", about)]


def test_bytes_from_a_backup_open_no_more(picture: Evidence, told: tuple[Report, str], maud: Staff) -> None:
    """Given the sealed bytes as somebody kept them, when they are put back, then no key there is opens them."""
    kept = bytes(Evidence.objects.get().picture or b"")
    destroy(picture, maud)

    row = Evidence.objects.get()
    row.picture = kept
    report, code = told
    for box in (report.box_for_staff(), report.box_for_code(code), Box(bytes(32))):
        with pytest.raises(WrongKey):
            box.open_bytes(row, "picture")
    with pytest.raises(WrongKey):
        row.box_for_staff()
    with pytest.raises(IntegrityError), transaction.atomic():
        row.save(update_fields=["picture"])


def test_destroyed_twice_is_once(picture: Evidence, maud: Staff, nour: Staff) -> None:
    destroy(picture, maud)
    actions.destroy(evidence=picture, why=SealedWhy.WISH, by=nour, at=LATER + timedelta(hours=1))

    row = Evidence.objects.get()
    assert (row.destroyed_at, row.destroyed_by, row.destroyed_why) == (LATER, maud, "intimate")
    assert len(lines()) == 1


def test_one_of_a_draft_is_nobodys_to_destroy(clean: Clean, maud: Staff) -> None:
    code = receipts.new_code()
    draft = reports.start_draft(language="en", code=code, answers={"kind": "threat"}, at=NOON)
    unsent = actions.add_evidence(owner=draft, code=code, what=Picture.MESSAGES, clean=clean, at=NOON)

    with pytest.raises(Evidence.DoesNotExist):
        destroy(unsent, maud)
    assert Evidence.objects.get().key_for_code(code)


def test_hidden_nobody_opens_it_until_it_is_shown_again(
    picture: Evidence, told: tuple[Report, str], maud: Staff
) -> None:
    actions.hide(evidence=picture, by=maud, at=NOON)
    actions.hide(evidence=picture, by=maud, at=LATER)

    row = Evidence.objects.get()
    assert row.hidden_at == NOON
    with pytest.raises(WrongKey):
        row.box_for_staff()
    actions.show_again(evidence=picture, by=maud, at=LATER)
    actions.show_again(evidence=picture, by=maud, at=LATER)
    assert Evidence.objects.get().box_for_staff()
    assert [verb for verb, _by, _detail in lines()] == ["evidence.hidden", "evidence.shown_again"]


def test_destroyed_it_is_not_shown_again(picture: Evidence, maud: Staff) -> None:
    actions.hide(evidence=picture, by=maud, at=NOON)
    destroy(picture, maud)
    actions.show_again(evidence=picture, by=maud, at=LATER)

    assert Evidence.objects.get().hidden_at == NOON
    assert [verb for verb, _by, _detail in lines()] == ["evidence.hidden", "evidence.destroyed"]


def test_erased_afterwards_the_digest_goes_too(
    picture: Evidence, told: tuple[Report, str], maud: Staff
) -> None:
    destroy(picture, maud)

    reports.erase_report(report=told[0], by="young-person", at=LATER)

    row = Evidence.objects.get()
    assert (row.sha256, row.picture, row.destroyed_why) == (None, None, "intimate")


def test_the_fact_is_not_taken_back_and_the_picture_not_sent_again(
    picture: Evidence, told: tuple[Report, str], clean: Clean, maud: Staff, settings: Any
) -> None:
    report, code = told
    settings.EVIDENCE_MOST = 1
    destroy(picture, maud)

    actions.remove_evidence(evidence=picture, at=LATER)
    assert Evidence.objects.count() == 1
    with pytest.raises(WasDestroyed):
        actions.add_evidence(owner=report, code=code, what=Picture.MESSAGES, clean=clean, at=LATER)
    # It takes up no room: another one may come.
    other = Clean(picture=clean.picture + b"x", width=1, height=1)
    assert actions.add_evidence(owner=report, code=code, what=Picture.PROFILE, clean=other, at=LATER).pk


@pytest.mark.parametrize(
    "wrong",
    [
        {"destroyed_at": LATER, "destroyed_why": "wish"},  # by nobody
        {"destroyed_at": LATER, "destroyed_why": "wish", "by": True},  # and the keys are there
        {"destroyed_why": "wish"},
        {
            "destroyed_at": LATER,
            "by": True,
            "picture": None,
            "staff_key": None,
            "code_key": None,
        },  # for no reason
    ],
)
def test_the_database_knows_no_half_destroyed_one(
    picture: Evidence, maud: Staff, wrong: dict[str, Any]
) -> None:
    changes = {name: value for name, value in wrong.items() if name != "by"}
    if wrong.get("by"):
        changes["destroyed_by"] = maud

    with pytest.raises(IntegrityError), transaction.atomic():
        Evidence.objects.filter(pk=picture.pk).update(**changes)


def test_the_young_person_reads_it_kindly(
    pen: Pen, upload: Callable[..., HttpResponse], maud: Staff, settings: Any
) -> None:
    """Given a screenshot sent with the report, when it was destroyed, then their list says so and offers no button."""
    pen.send_report()
    upload(plain("PNG"))
    sent = Evidence.objects.get()
    settings.EVIDENCE_MOST = 1
    destroy(sent, maud)

    page = pen.see(PICTURES).content.decode()

    assert "We destroyed it. Nobody can see it any more. You did nothing wrong." in page
    assert f'value="{sent.pk}"' not in page
    assert "We can keep" not in page  # it takes up no room
    again = upload(plain("PNG"))
    assert "We destroyed this screenshot before" in again.content.decode()
    assert pen.send(PICTURES, {"remove": str(sent.pk)}).status_code == 302
    assert Evidence.objects.filter(pk=sent.pk).exists()
