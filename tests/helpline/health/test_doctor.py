"""The doctor names what is wrong and how to mend it, and changes nothing."""

import io
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.utils import OperationalError
from django.utils import timezone

from helpline.accounts.models import Staff
from helpline.audit import actions as audit
from helpline.audit.models import AuditRow
from helpline.crypto import keyring
from helpline.health.management.commands import doctor
from helpline.health.models import Heartbeat


@pytest.fixture
def well(make_staff: Callable[..., Staff]) -> None:
    """A helpline with nothing to mend: worker seen, an administrator, a chained trail."""
    now = timezone.now()
    make_staff("ada", "administrator")
    for name in ("worker", "beat"):
        Heartbeat.objects.create(name=name, beaten_at=now)
    audit.record(by=None, verb="report.submitted", obj=None, at=now)
    audit.chain_new_rows()


def examine(*arguments: str) -> tuple[str, bool]:
    """What it says, and whether all is well."""
    said = io.StringIO()
    try:
        call_command("doctor", *arguments, stdout=said, no_color=True)
    except CommandError:
        return said.getvalue(), False
    return said.getvalue(), True


def lines_of(said: str, word: str) -> list[str]:
    return [line.split()[1].rstrip(":") for line in said.splitlines() if line.startswith(word)]


def test_when_all_is_well_every_part_says_ok(well: None) -> None:
    said, all_well = examine()

    assert lines_of(said, "ok") == [look.part for look in doctor.LOOKS], said
    assert all_well


def test_a_broken_trail_is_named_by_its_line(well: None) -> None:
    first = AuditRow.objects.get(number=1)
    # What somebody with the superuser's password could do.
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE audit_auditrow DISABLE TRIGGER USER")
        AuditRow.objects.filter(pk=first.pk).update(verb="nothing.happened")
        cursor.execute("ALTER TABLE audit_auditrow ENABLE TRIGGER USER")

    said, all_well = examine()

    assert "trail: line 1 does not follow" in said
    assert not all_well


def test_lines_that_nobody_chains_are_noticed(well: None) -> None:
    audit.record(by=None, verb="case.read", obj=None, at=timezone.now() - timedelta(minutes=6))

    said, _all_well = examine()

    assert lines_of(said, "failed") == ["trail"]


def test_a_silent_worker_is_noticed(well: None) -> None:
    Heartbeat.objects.update(beaten_at=timezone.now() - timedelta(hours=1))

    said, _all_well = examine()

    assert "worker" in lines_of(said, "failed")
    assert "Start worker and beat" in said


def test_a_missing_key_is_noticed(well: None, settings: Any, tmp_path: Path) -> None:
    settings.KEYS_DIR = tmp_path
    keyring.load.cache_clear()
    try:
        said, _all_well = examine()
    finally:
        keyring.load.cache_clear()

    assert lines_of(said, "failed") == ["keys", "trail"]
    assert "never make new ones" in said


def test_a_mail_server_that_is_away_is_noticed(well: None, settings: Any) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_PORT = 9

    said, _all_well = examine()

    assert lines_of(said, "failed") == ["mail"]
    assert "ConnectionRefusedError" in said


def test_a_broker_that_forgets_is_noticed(well: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("redis.Redis.config_get", lambda *_: {"maxmemory-policy": "allkeys-lru"})

    said, _all_well = examine()

    assert lines_of(said, "failed") == ["eviction"]


def test_nobody_who_can_make_accounts_is_noticed(well: None) -> None:
    Staff.objects.update(is_active=False)

    assert lines_of(examine()[0], "failed") == ["accounts"]


def test_without_a_database_the_rest_is_still_examined(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: Any, **kwargs: Any) -> None:
        raise OperationalError("no route\nto host")

    monkeypatch.setattr(connection, "ensure_connection", refuse)

    said, all_well = examine()

    assert lines_of(said, "failed") == ["database"]
    assert {"migrations", "worker", "trail"} <= set(lines_of(said, "unknown"))
    assert {"broker", "keys", "mail"} <= set(lines_of(said, "ok"))
    assert not all_well


def test_a_part_can_be_left_out(well: None) -> None:
    said, all_well = examine("--skip", "trail", "--skip", "mail")

    assert lines_of(said, "skipped") == ["trail", "mail"]
    assert all_well
