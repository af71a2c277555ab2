"""The trail can be added to, chained and checked; nothing else."""

from datetime import datetime

import pytest
from django.db import InternalError, connection, transaction

from helpline.audit import actions
from helpline.audit.models import AuditRow

pytestmark = pytest.mark.django_db


def write(noon: datetime, count: int = 3) -> None:
    for number in range(count):
        actions.record(by="system", verb="test.done", obj=None, detail={"n": number}, at=noon)


def test_rows_are_chained_in_order(noon: datetime) -> None:
    write(noon)
    assert actions.chain_new_rows() == 3
    write(noon, 2)
    assert actions.chain_new_rows() == 2
    assert list(AuditRow.objects.order_by("number").values_list("number", flat=True)) == [1, 2, 3, 4, 5]
    assert actions.first_broken() is None


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_auditrow SET verb = 'x' WHERE number = 2",
        "UPDATE audit_auditrow SET number = 9 WHERE number = 2",
        "UPDATE audit_auditrow SET hash = '' WHERE number = 2",
        "DELETE FROM audit_auditrow WHERE number = 2",
    ],
)
def test_the_database_refuses_changes(noon: datetime, statement: str) -> None:
    write(noon)
    actions.chain_new_rows()
    with pytest.raises(InternalError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


def test_an_unchained_row_can_only_be_chained(noon: datetime) -> None:
    write(noon, 1)
    with pytest.raises(InternalError), transaction.atomic():
        AuditRow.objects.update(verb="x")


def test_the_trigger_against_truncate_exists() -> None:
    # Tests switch it off so that tables can be emptied between them; here it is looked up and tried.
    with connection.cursor() as cursor:
        cursor.execute("SELECT tgname FROM pg_trigger WHERE tgname LIKE 'pgtrigger_no_truncate%'")
        (name,) = cursor.fetchone()
        cursor.execute(f"ALTER TABLE audit_auditrow ENABLE TRIGGER {name}")
        with pytest.raises(InternalError, match="append-only"), transaction.atomic():
            cursor.execute("TRUNCATE audit_auditrow")
        cursor.execute(f"ALTER TABLE audit_auditrow DISABLE TRIGGER {name}")


def test_who_only_holds_the_database_can_not_forge_a_line(noon: datetime) -> None:
    write(noon, 2)
    actions.chain_new_rows()
    line = AuditRow.objects.get(number=1)
    line.verb = "test.forged"
    assert actions.hash_of(line, b"", key=b"") != actions.hash_of(line, b"", key=actions.chain_keys()[0])


@pytest.mark.parametrize("harm", ["changed", "removed"])
def test_what_the_owner_alters_is_detected(noon: datetime, harm: str) -> None:
    write(noon, 4)
    actions.chain_new_rows()
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE audit_auditrow DISABLE TRIGGER USER")  # what the table's owner can do
        if harm == "changed":
            cursor.execute("UPDATE audit_auditrow SET detail = '{}' WHERE number = 3")
        else:
            cursor.execute("DELETE FROM audit_auditrow WHERE number = 3")
        cursor.execute("ALTER TABLE audit_auditrow ENABLE TRIGGER USER")
    assert actions.first_broken() == 3
