"""The first run: what is missing is made once, and what is there is left alone."""

import io
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.utils import OperationalError

from cases.todo.models import Checklist, MessageTemplate
from helpline.accounts.models import Role, Staff
from helpline.accounts.permissions import STARTING_ROLES
from helpline.audit import actions as audit
from helpline.crypto import keyring
from helpline.health.management.commands import bootstrap
from helpline.platforms.models import Channel, Platform
from tests.cast import NOON

PASSWORD = "harbour-light-in-the-fog"


@pytest.fixture
def keys(settings: Any, tmp_path: Path) -> Any:
    """An empty folder for keys."""
    settings.KEYS_DIR = tmp_path / "keys"
    keyring.load.cache_clear()
    yield settings.KEYS_DIR
    keyring.load.cache_clear()


def run(*arguments: str) -> str:
    said = io.StringIO()
    call_command("bootstrap", "--noinput", *arguments, stdout=said)
    return said.getvalue()


def test_an_empty_database_gets_keys_roles_and_platforms(db: None, keys: Path) -> None:
    said = run()

    assert {path.name for path in keys.iterdir()} == set(keyring.NAMES)
    assert all(path.stat().st_mode & 0o077 == 0 for path in keys.iterdir())
    assert set(Role.objects.values_list("slug", flat=True)) == set(STARTING_ROLES)
    assert Platform.objects.filter(slug="instagram").exists()
    assert not Channel.objects.filter(enabled=True).exists(), "nobody has approved anything yet"
    assert Checklist.objects.exists() and MessageTemplate.objects.exists()
    assert "first administrator: skipped" in said


def test_a_second_run_changes_nothing(db: None, keys: Path) -> None:
    run()
    before = {path.name: path.read_bytes() for path in keys.iterdir()}
    Role.objects.filter(slug="counsellor").update(name="Listener", permissions=[])
    MessageTemplate.objects.filter(occasion="first").update(name_en="Hello")
    Channel.objects.filter(platform__slug="reddit").delete()
    Platform.objects.filter(slug="reddit").delete()

    said = run()

    assert {path.name: path.read_bytes() for path in keys.iterdir()} == before
    assert Role.objects.get(slug="counsellor").name == "Listener"
    assert Role.objects.get(slug="counsellor").permissions == []
    assert MessageTemplate.objects.filter(name_en="Hello").exists()
    assert "checklists and texts: there are some already" in said
    assert not Platform.objects.filter(slug="reddit").exists()
    assert "keys: all in place" in said


def test_keys_are_not_made_beside_a_database_in_use(db: None, keys: Path) -> None:
    audit.record(by=None, verb="report.submitted", obj=None, at=NOON)

    with pytest.raises(CommandError, match="Restore the keys from your backup"):
        run()

    assert not keys.exists()


def test_one_lost_key_is_not_replaced(db: None, keys: Path) -> None:
    run()
    audit.record(by=None, verb="report.submitted", obj=None, at=NOON)
    (keys / "pepper.key").unlink()
    keyring.load.cache_clear()

    with pytest.raises(CommandError, match=r"pepper\.key"):
        run()

    assert not (keys / "pepper.key").exists()


def test_a_private_key_without_its_public_half_is_not_overwritten(db: None, keys: Path) -> None:
    keyring.make_missing(keys)
    private = (keys / "intake.key").read_text()
    (keys / "intake.pub").unlink()
    keyring.load.cache_clear()

    with pytest.raises(CommandError, match="could not be made"):
        run()

    assert (keys / "intake.key").read_text() == private


def test_the_public_face_makes_no_keys(db: None, keys: Path, settings: Any) -> None:
    settings.FACE = "public"

    said = run()

    assert not keys.exists()
    assert "The public face makes none" in said


def test_keys_half_from_the_environment_are_not_completed_from_nowhere(
    db: None, keys: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    keyring.make_missing(tmp_path / "elsewhere")
    monkeypatch.setenv("HELPLINE_KEY_DESK_KEY", (tmp_path / "elsewhere" / "desk.key").read_text())
    keyring.load.cache_clear()

    with pytest.raises(CommandError, match="HELPLINE_KEY_INTAKE_PUB"):
        run()

    assert not keys.exists()


@pytest.mark.django_db
def test_before_migrate_keys_are_made_and_the_rest_is_named(
    keys: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bootstrap, "why_not_migrated", lambda: "the database lacks 3 migrations.")

    said = run()

    assert (keys / "intake.key").exists()
    assert "roles, platforms, first administrator: skipped: the database lacks 3 migrations." in said
    assert not Role.objects.exists()


def test_without_a_database_nothing_is_made(keys: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: Any, **kwargs: Any) -> None:
        raise OperationalError

    monkeypatch.setattr(connection, "ensure_connection", refuse)

    said = run()

    assert not keys.exists()
    assert "the database does not answer" in said


def test_keys_alone_can_be_made_before_there_is_a_database(
    keys: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: Any, **kwargs: Any) -> None:
        raise OperationalError

    monkeypatch.setattr(connection, "ensure_connection", refuse)

    said = run("--keys-only")

    assert {path.name for path in keys.iterdir()} == set(keyring.NAMES)
    assert said.startswith("keys: made")


def test_keys_alone_are_not_made_beside_a_database_in_use_either(db: None, keys: Path) -> None:
    audit.record(by=None, verb="report.submitted", obj=None, at=NOON)

    with pytest.raises(CommandError, match="in use"):
        run("--keys-only")


def test_a_migrated_database_lacks_nothing(db: None) -> None:
    assert bootstrap.why_not_migrated() == ""


def test_the_first_administrator_comes_from_the_environment(
    db: None, keys: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HELPLINE_ADMIN_USERNAME", "ada")
    monkeypatch.setenv("HELPLINE_ADMIN_PASSWORD", PASSWORD)

    run()
    run()

    staff = Staff.objects.get()
    assert (staff.username, staff.role_id) == ("ada", "administrator")
    assert staff.check_password(PASSWORD)


def test_a_weak_password_makes_nobody(db: None, keys: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HELPLINE_ADMIN_USERNAME", "ada")
    monkeypatch.setenv("HELPLINE_ADMIN_PASSWORD", "ada")

    with pytest.raises(CommandError):
        run()

    assert not Staff.objects.exists()


def test_the_first_administrator_is_asked_for_in_a_terminal(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    Role.objects.create(slug="administrator", name="Administrator", permissions=["accounts"])
    monkeypatch.setattr("builtins.input", lambda prompt: " ada ")
    monkeypatch.setattr("getpass.getpass", lambda prompt: PASSWORD)

    said = bootstrap.administrator(ask=True)

    assert Staff.objects.get().username == "ada"
    assert "/staff/login/" in said


def test_two_different_passwords_make_nobody(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter([PASSWORD, PASSWORD + "!"])
    monkeypatch.setattr("builtins.input", lambda prompt: "ada")
    monkeypatch.setattr("getpass.getpass", lambda prompt: next(answers))

    with pytest.raises(CommandError, match="differ"):
        bootstrap.administrator(ask=True)

    assert not Staff.objects.exists()
