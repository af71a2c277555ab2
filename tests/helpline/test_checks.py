"""What `check --deploy` refuses."""

import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.checks import run_checks
from django.db import connection

from helpline.checks import TAG
from helpline.crypto import keyring

GOOD = {
    "DEMO": False,
    "SIMULATOR": "",
    "FACE": "all",
    "EMBEDDED_DATABASE": False,
    "EMBEDDED_BROKER": False,
    "CACHE_URL": "redis://:long-and-random@valkey.example:6379/0",
    "PUBLIC_URL": "https://aide.example.org",
    "ALLOWED_HOSTS": ["aide.example.org"],
    "TRUSTED_PROXIES": 1,
    "NOTIFIER": {"email": "notices@example.org", "name": "The helpline"},
    "EMAIL_HOST": "smtp.example.org",
    "EMAIL_HOST_USER": "notices",
    "EMAIL_HOST_PASSWORD": "long and random",
    "EMAIL_USE_TLS": True,
    "SMS_GATEWAY_URL": "https://gateway.example.org/send",
    "NUDGE_FROM": "post@notes.example.net",
}


@pytest.fixture
def found(settings: Any, tmp_path: Path) -> Callable[..., list[str]]:
    """`found(NAME=value)`: the ids of what is said of good settings with these changes."""
    for name, value in GOOD.items():
        setattr(settings, name, value)
    settings.KEYS_DIR = tmp_path
    keyring.make_missing(tmp_path)

    def check(**changes: Any) -> list[str]:
        for name, value in changes.items():
            setattr(settings, name, value)
        keyring.load.cache_clear()
        try:
            messages = run_checks(tags=[TAG], include_deployment_checks=True)
        finally:
            keyring.load.cache_clear()
        assert all(message.hint for message in messages), "each says what to do"
        return sorted(str(message.id).removeprefix("helpline.") for message in messages)

    return check


def test_good_settings_pass(found: Callable[..., list[str]]) -> None:
    assert found() == []


def test_without_deploy_nothing_is_asked(settings: Any) -> None:
    settings.DEMO = True
    assert run_checks(tags=[TAG]) == []


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"DEMO": True}, ["E001"]),
        ({"SIMULATOR": "127.0.0.1:9000"}, ["E002"]),
        ({"EMBEDDED_DATABASE": True}, ["E003"]),
        ({"EMBEDDED_BROKER": True}, ["E003"]),
        ({"EMBEDDED_DATABASE": True, "EMBEDDED_BROKER": True}, ["E003", "E003"]),
        ({"CACHE_URL": "redis://valkey.example:6379/0"}, ["E005"]),
        ({"CACHE_URL": "redis://127.0.0.1:6379/0"}, []),
        ({"PUBLIC_URL": "http://aide.example.org"}, ["E006"]),
        ({"TRUSTED_PROXIES": 0}, ["E007"]),
        ({"ALLOWED_HOSTS": ["*"]}, ["E008"]),
        ({"ALLOWED_HOSTS": ["other.example.org"]}, ["E009"]),
        ({"NOTIFIER": {"email": "notices@helpline.example", "name": ""}}, ["E013"]),
        ({"NOTIFIER": {"email": "", "name": ""}}, ["E013"]),
        ({"EMAIL_HOST_PASSWORD": ""}, ["E014"]),
        ({"EMAIL_USE_TLS": False}, ["W001"]),
        ({"EMAIL_USE_TLS": False, "EMAIL_HOST": "127.0.0.1"}, []),
        ({"SMS_GATEWAY_URL": "", "NUDGE_FROM": ""}, []),
        ({"SMS_GATEWAY_URL": "http://gateway.example.org/send"}, ["E015"]),
        ({"SMS_GATEWAY_URL": "gateway"}, ["E015"]),
        ({"SMS_GATEWAY_URL": "http://127.0.0.1:9000/send"}, []),
        ({"NUDGE_FROM": "post@aide.example.org"}, ["W002"]),
        ({"NUDGE_FROM": "post@example.org"}, ["W002"]),
    ],
)
def test_what_must_not_reach_production_is_named(
    found: Callable[..., list[str]], changes: dict[str, Any], said: list[str]
) -> None:
    assert found(**changes) == said


@pytest.mark.parametrize(
    ("host", "password", "said"),
    [
        ("db.example", "", ["E004"]),
        ("db.example", "long and random", []),
        ("127.0.0.1", "", []),
        ("/run/postgresql", "", []),
        ("", "", []),
    ],
)
def test_a_database_across_a_network_needs_a_password(
    found: Callable[..., list[str]],
    monkeypatch: pytest.MonkeyPatch,
    host: str,
    password: str,
    said: list[str],
) -> None:
    monkeypatch.setitem(connection.settings_dict, "HOST", host)
    monkeypatch.setitem(connection.settings_dict, "PASSWORD", password)

    assert found() == said


def test_a_missing_key_is_named(found: Callable[..., list[str]], tmp_path: Path) -> None:
    (tmp_path / "desk.key").unlink()
    (tmp_path / "pepper.key").unlink()

    assert found() == ["E010", "E010"]


def test_the_public_face_is_content_with_its_three_keys(
    found: Callable[..., list[str]], tmp_path: Path
) -> None:
    for name in keyring.STAFF_ONLY:
        (tmp_path / name).unlink()

    assert found(FACE="public") == []


def test_the_public_face_may_not_reach_what_opens_reports(
    found: Callable[..., list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert found(FACE="public") == ["E011", "E011"]

    for name in keyring.STAFF_ONLY:
        (tmp_path / name).unlink()
    monkeypatch.setenv("HELPLINE_KEY_DESK_KEY", "k1 " + base64.b64encode(bytes(32)).decode())
    assert found(FACE="public") == ["E011"]


def test_halves_of_different_intake_keys_are_noticed(
    found: Callable[..., list[str]], tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = tmp_path_factory.mktemp("other")
    keyring.make_missing(other)
    (tmp_path / "intake.pub").write_text((other / "intake.pub").read_text())

    assert found() == ["E012"]


def test_a_rotated_intake_key_with_both_private_halves_is_fine(
    found: Callable[..., list[str]], tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = tmp_path_factory.mktemp("other")
    keyring.make_missing(other)
    for name in ("intake.pub", "intake.key"):
        (tmp_path / name).write_text((other / name).read_text() + (tmp_path / name).read_text())

    assert found() == []
