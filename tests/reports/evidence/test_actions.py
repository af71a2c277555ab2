"""Each screenshot has a key of its own: for the code while it is a draft's, for the staff once it is sent."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from helpline.audit.models import AuditRow
from helpline.crypto.box import Box
from helpline.crypto.wrapping import WrongKey
from helpline.retention import privacy
from reports import actions as reports
from reports import receipts
from reports.evidence import actions
from reports.evidence.actions import NotBeforeSending, TooManyPictures
from reports.evidence.sanitise import Clean
from reports.models import Draft, Evidence, Report
from reports.states import Picture
from tests.cast import NOON, submission

Tell = Callable[..., tuple[Report, str]]
LATER = NOON + timedelta(hours=1)
pytestmark = pytest.mark.django_db


@pytest.fixture
def code() -> str:
    return receipts.new_code()


@pytest.fixture
def draft(code: str) -> Draft:
    return reports.start_draft(language="en", code=code, answers={"kind": "threat"}, at=NOON)


def add(owner: Draft | Report, code: str, clean: Clean, what: Picture = Picture.MESSAGES) -> Evidence:
    return actions.add_evidence(owner=owner, code=code, what=what, clean=clean, at=LATER)


def another(clean: Clean, number: int) -> Clean:
    return Clean(picture=clean.picture + bytes([number]), width=clean.width, height=clean.height)


def lines(verb: str) -> list[tuple[str, str, dict[str, Any]]]:
    return list(AuditRow.objects.filter(verb=verb).values_list("actor", "object_id", "detail"))


def test_of_a_draft_only_the_code_opens_it(draft: Draft, code: str, clean: Clean) -> None:
    evidence = add(draft, code, clean)

    row = Evidence.objects.get()
    assert (row.draft, row.report, row.what, row.added_at) == (draft, None, "messages", LATER)
    assert (row.width, row.height, row.size) == (clean.width, clean.height, len(clean.picture))
    assert Box(row.key_for_code(code)).open_bytes(row, "picture") == clean.picture
    assert clean.picture[:20] not in bytes(row.picture)
    with pytest.raises(WrongKey):
        evidence.box_for_staff()
    with pytest.raises(WrongKey):
        evidence.key_for_code(receipts.new_code())
    assert not AuditRow.objects.filter(verb="report.evidence_added").exists()


def test_a_draft_lives_on_from_there(draft: Draft, code: str, clean: Clean) -> None:
    add(draft, code, clean)

    draft.refresh_from_db()
    assert (draft.changed_at, draft.expires_at) == (LATER, LATER + reports.DRAFT_LIFE)


def test_of_a_report_the_staff_and_the_code_open_it(tell: Tell, clean: Clean) -> None:
    report, code = tell()

    row = add(report, code, clean, Picture.PROFILE)

    assert row.box_for_staff().open_bytes(row, "picture") == clean.picture
    assert Box(row.key_for_code(code)).open_bytes(row, "picture") == clean.picture
    assert lines("report.evidence_added") == [("young-person", str(report.pk), {"count": 1})]
    report.refresh_from_db()
    assert report.last_contact_at == LATER


def test_each_has_a_key_of_its_own(tell: Tell, clean: Clean) -> None:
    report, code = tell()
    one, other = add(report, code, clean), add(report, code, another(clean, 1))

    keys = {one.key_for_code(code), other.key_for_code(code), report.box_for_code(code).key}
    assert len(keys) == 3
    one.picture = other.picture
    with pytest.raises(WrongKey):
        one.box_for_staff().open_bytes(one, "picture")
    other.staff_key = one.staff_key
    with pytest.raises(WrongKey):
        other.box_for_staff()


def test_the_same_picture_is_kept_once(tell: Tell, clean: Clean) -> None:
    report, code = tell()

    assert add(report, code, clean).pk == add(report, code, clean).pk
    assert Evidence.objects.count() == 1
    assert len(lines("report.evidence_added")) == 1


def test_there_is_an_end(draft: Draft, code: str, clean: Clean, settings: Any) -> None:
    settings.EVIDENCE_MOST = 2
    first = add(draft, code, clean)
    add(draft, code, another(clean, 1))

    with pytest.raises(TooManyPictures):
        add(draft, code, another(clean, 2))
    assert add(draft, code, clean).pk == first.pk  # it is there already
    assert Evidence.objects.count() == 2


def test_what_is_not_sent_holds_only_so_many_bytes(
    draft: Draft, code: str, clean: Clean, settings: Any
) -> None:
    """Given a draft as heavy as one may be, when a screenshot is added, then it is refused; sent, it is taken."""
    settings.EVIDENCE_UNSENT_EACH = 2 * len(clean.picture) + 2
    add(draft, code, clean)
    add(draft, code, another(clean, 1))

    with pytest.raises(NotBeforeSending):
        add(draft, code, another(clean, 2))
    assert Evidence.objects.count() == 2
    report = reports.submit_draft(draft_id=draft.pk, code=code, submission=submission(), at=LATER)
    add(report, code, another(clean, 2))
    assert report.evidence.count() == 3


def test_all_drafts_together_hold_only_so_many_bytes(
    draft: Draft, code: str, clean: Clean, settings: Any, tell: Tell
) -> None:
    """Given drafts of many, when they hold as much as they may, then no more is taken; what goes makes room."""
    settings.EVIDENCE_UNSENT_MAX_BYTES = len(clean.picture) + 2
    sent, code_of_sent = tell()
    add(sent, code_of_sent, clean)  # does not count
    other_code = receipts.new_code()
    other = reports.start_draft(language="en", code=other_code, answers={}, at=NOON)
    kept = add(other, other_code, clean)

    with pytest.raises(NotBeforeSending):
        add(draft, code, another(clean, 1))
    reports.save_draft(draft=draft, box=draft.box_for_code(code), answers={"a": 1}, language="en", at=LATER)
    actions.remove_evidence(evidence=kept, at=LATER)
    assert add(draft, code, another(clean, 1)).draft_id == draft.pk


def test_asking_for_room_is_one_small_question(
    draft: Draft, django_assert_num_queries: Callable[[int], Any], tell: Tell
) -> None:
    report, _code = tell()
    with django_assert_num_queries(1):
        actions.check_room(draft)
    with django_assert_num_queries(0):
        actions.check_room(report)


def test_a_wrong_code_and_an_erased_report_take_none(tell: Tell, clean: Clean) -> None:
    report, code = tell()
    with pytest.raises(WrongKey):
        add(report, receipts.new_code(), clean)
    reports.erase_report(report=report, by="young-person", at=NOON)
    with pytest.raises(WrongKey):
        add(report, code, clean)
    assert not Evidence.objects.exists()


def test_a_draft_that_is_gone_takes_none(draft: Draft, code: str, clean: Clean) -> None:
    reports.discard_draft(draft=draft)
    draft.pk = draft.id

    with pytest.raises(WrongKey):
        add(draft, code, clean)


def test_taken_back_it_is_gone(tell: Tell, clean: Clean) -> None:
    report, code = tell()
    evidence = add(report, code, clean)

    actions.remove_evidence(evidence=evidence, at=LATER)
    actions.remove_evidence(evidence=evidence, at=LATER)

    assert not Evidence.objects.exists()
    assert lines("report.evidence_removed") == [("young-person", str(report.pk), {})]


def test_sent_with_the_draft_the_staff_can_open_it(draft: Draft, code: str, clean: Clean, tell: Tell) -> None:
    """Given a draft with two screenshots, when its report is there, then they belong to it and open for the staff."""
    rows = [add(draft, code, clean), add(draft, code, another(clean, 1))]
    report, _other_code = tell()

    with transaction.atomic():
        actions.hand_over(draft=draft, report=report, code=code)
        draft.delete()

    for before in rows:
        row = Evidence.objects.get(pk=before.pk)
        assert (row.draft_id, row.report_id) == (None, report.pk)
        assert row.box_for_staff().open_bytes(row, "picture")
        assert row.key_for_code(code) == before.key_for_code(code)


def test_handing_over_needs_the_drafts_own_code(draft: Draft, code: str, clean: Clean, tell: Tell) -> None:
    add(draft, code, clean)
    report, other = tell()

    with pytest.raises(WrongKey), transaction.atomic():
        actions.hand_over(draft=draft, report=report, code=other)
    assert Evidence.objects.get().draft == draft


def test_a_draft_that_goes_takes_its_screenshots_along(draft: Draft, code: str, clean: Clean) -> None:
    add(draft, code, clean)

    reports.purge_expired_drafts(now=LATER + reports.DRAFT_LIFE)

    assert not Evidence.objects.exists()


def test_blanked_nothing_opens_it(tell: Tell, clean: Clean) -> None:
    """What erasing does to a row."""
    report, code = tell()
    row = add(report, code, clean)

    row.save(update_fields=privacy.blank(row))

    row = Evidence.objects.get()
    assert (row.picture, row.sha256, row.staff_key, row.code_key) == (None, None, None, None)
    with pytest.raises(WrongKey):
        row.box_for_staff()
    with pytest.raises(WrongKey):
        row.key_for_code(code)


@pytest.mark.parametrize("both", [True, False])
def test_it_belongs_to_a_draft_or_to_a_report(draft: Draft, tell: Tell, both: bool) -> None:
    owners = {"draft": draft, "report": tell()[0]} if both else {}

    with pytest.raises(IntegrityError), transaction.atomic():
        Evidence.objects.create(what="messages", width=1, height=1, size=1, added_at=NOON, **owners)


def test_a_picture_that_arrives_after_the_draft_was_raised_belongs_to_the_report(
    draft: Draft, code: str, clean: Clean
) -> None:
    report = reports.submit_draft(
        draft_id=draft.pk, code=code, submission=submission(), at=NOON, is_complete=False
    )

    evidence = add(draft, code, clean)

    assert (evidence.draft, evidence.report) == (None, report)
    assert evidence.box_for_staff().open_bytes(evidence, "picture") == clean.picture
    report.refresh_from_db()
    assert report.is_retold
