"""What is there before the figures come is counted too, and nobody waits for it."""

from collections.abc import Callable
from importlib import import_module

import pytest
from django.db import connection

from cases.dashboards.models import Stale
from cases.models import Case
from cases.takedowns.actions import request_takedown
from helpline.accounts.models import Staff
from helpline.platforms.models import Platform
from tests.cast import NOON

FIRST = import_module("cases.dashboards.migrations.0001_initial").Migration
SECOND = import_module("cases.dashboards.migrations.0002_mark_what_is_there").Migration


def test_the_triggers_locks_are_released_before_rows_are_read() -> None:
    """The two are transactions of their own."""
    [marking] = [one.sql for one in SECOND.operations]
    made = "".join(one.sql for one in FIRST.operations if hasattr(one, "sql"))
    assert "CREATE TRIGGER" in made and "CREATE TRIGGER" not in marking
    assert "FROM reports_report" in marking and "FROM reports_report" not in made
    assert FIRST.atomic and SECOND.dependencies == [("dashboards", "0001_initial")]


@pytest.mark.django_db
def test_every_row_that_is_there_is_marked(
    open_case: Callable[..., Case], nour: Staff, chatter: Platform
) -> None:
    case = open_case()
    row = request_takedown(case=case, links=list(case.report.links.all()), by=nour, at=NOON)[0]
    Stale.objects.all().delete()
    with connection.cursor() as cursor:
        for one in SECOND.operations:
            cursor.execute(one.sql)
    assert {("takedown", row.pk), ("report", case.report_id)} <= set(
        Stale.objects.values_list("source", "row")
    )
