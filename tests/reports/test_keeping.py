"""Kept as long as was said, and no longer."""

from collections.abc import Callable
from datetime import datetime, timedelta
from io import StringIO

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from reports import actions
from reports.models import Report
from reports.states import Status

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def test_a_report_is_erased_two_years_after_the_last_contact(
    tell: Callable[..., tuple[Report, str]], noon: datetime
) -> None:
    old, _code = tell(at=noon)
    touched, code = tell(at=noon)
    actions.send_message(
        report=touched, box=touched.box_for_code(code), text="x", by=None, at=noon + 30 * DAY
    )
    assert actions.erase_expired(now=noon + settings.RETENTION - DAY) == 0
    assert actions.erase_expired(now=noon + settings.RETENTION) == 1
    assert actions.erase_expired(now=noon + settings.RETENTION) == 0
    old.refresh_from_db()
    touched.refresh_from_db()
    assert (old.status, touched.status) == (Status.ERASED, Status.SUBMITTED)


def test_a_missed_month_heals_itself(tell: Callable[..., tuple[Report, str]], noon: datetime) -> None:
    for _ in range(3):
        tell(at=noon)
    assert actions.erase_expired(now=noon + settings.RETENTION + 300 * DAY, limit=2) == 2
    assert actions.erase_expired(now=noon + settings.RETENTION + 300 * DAY, limit=2) == 1


def test_the_command_counts_before_it_erases(tell: Callable[..., tuple[Report, str]], noon: datetime) -> None:
    tell(at=noon - settings.RETENTION - 400 * DAY)
    said = StringIO()
    call_command("purge_expired", "--dry-run", stdout=said)
    assert "1 reports would be erased" in said.getvalue()
    assert Report.objects.get().status == Status.SUBMITTED
    call_command("purge_expired", stdout=said)
    assert Report.objects.get().status == Status.ERASED


def test_one_report_is_erased_by_its_id(tell: Callable[..., tuple[Report, str]]) -> None:
    report, _code = tell()
    call_command("erase_report", str(report.pk), "--dry-run", stdout=StringIO())
    assert Report.objects.get().status == Status.SUBMITTED
    call_command("erase_report", str(report.pk), stdout=StringIO())
    assert Report.objects.get().status == Status.ERASED
    for wrong in ("nonsense", "123e4567-e89b-42d3-a456-426614174000"):
        with pytest.raises(CommandError, match="no report"):
            call_command("erase_report", wrong)
