"""Changing one's mind: sealed, noted, at once."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from helpline.audit.models import AuditRow
from helpline.crypto.wrapping import WrongKey
from reports import actions
from reports.contact import contract
from reports.contact.actions import change_contact
from reports.contact.contract import Contract
from reports.models import Report
from reports.states import NudgeStatus
from tests.cast import NOON
from tests.reports.contact.conftest import BY_MAIL

pytestmark = pytest.mark.django_db
LATER = NOON + timedelta(hours=2)


def change(report: Report, code: str, agreed: Contract) -> Report:
    """As the young person does it, two hours later."""
    change_contact(report=report, box=report.box_for_code(code), contact=agreed, at=LATER)
    return Report.objects.get(pk=report.pk)


def test_it_is_sealed_and_both_sides_read_it(tell: Callable[..., tuple[Report, str]]) -> None:
    report, code = tell()

    stored = change(report, code, BY_MAIL)

    assert (stored.contact_via, stored.last_contact_at) == ("email", LATER)
    assert b"example.org" not in bytes(stored.contact)
    for box in (stored.box_for_staff(), stored.box_for_code(code)):
        assert contract.read(box.open_json(stored, "contact")) == BY_MAIL


def test_the_trail_says_how_and_not_where(tell: Callable[..., tuple[Report, str]]) -> None:
    report, code = tell()

    change(report, code, BY_MAIL)

    line = AuditRow.objects.get(verb="report.contact_changed")
    assert (line.actor, line.object_id, line.detail) == ("young-person", str(report.pk), {"via": "email"})


@pytest.mark.parametrize(
    ("agreed", "expected"),
    [
        (contract.NOTHING, (NudgeStatus.REFUSED, "not_chosen")),
        (replace(BY_MAIL, via="phone"), (NudgeStatus.REFUSED, "not_chosen")),
        (replace(BY_MAIL, is_safe=False), (NudgeStatus.REFUSED, "not_safe")),
        (replace(BY_MAIL, from_hour=8, to_hour=9), (NudgeStatus.WAITING, "")),
    ],
)
def test_a_sign_that_waits_follows(
    wants: Callable[..., tuple[Report, str]], agreed: Contract, expected: tuple[str, str]
) -> None:
    report, code = wants(BY_MAIL)
    report.nudges.update(due_at=NOON + timedelta(days=1))

    stored = change(report, code, agreed)

    nudge = stored.nudges.get()
    assert (nudge.status, nudge.why) == expected
    if nudge.status == NudgeStatus.WAITING:
        assert nudge.due_at == LATER, "the new hours are looked at now, not when the old ones begin"


def test_nothing_wanted_leaves_nothing_behind(wants: Callable[..., tuple[Report, str]]) -> None:
    report, code = wants(BY_MAIL)

    stored = change(report, code, contract.NOTHING)

    assert (stored.contact, stored.contact_via) == (None, "none")


def test_an_erased_report_takes_none(tell: Callable[..., tuple[Report, str]]) -> None:
    report, code = tell()
    box = report.box_for_code(code)
    actions.erase_report(report=report, by="young-person", at=NOON)

    with pytest.raises(WrongKey):
        change_contact(report=report, box=box, contact=BY_MAIL, at=LATER)

    assert Report.objects.get(pk=report.pk).contact is None
