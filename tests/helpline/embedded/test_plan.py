"""What is started, in which order, in which environment."""

import json
import os
from pathlib import Path

import pytest

from helpline.embedded import plan, postgres
from helpline.embedded.plan import Options
from helpline.embedded.ports import Ports

VAR = Path("/srv/helpline/var")
PORTS = Ports(web=8000, simulator=8001, mail=8002)
DEMO = Options(var=VAR, port=8000, demo=True)
PLAIN = Options(var=VAR, port=8000)

OF_AN_OPERATOR = {
    "HELPLINE_PUBLIC_URL": "https://helpline.example",
    "HELPLINE_HOSTS": "helpline.example",
    "HELPLINE_FACE": "public",
    "HELPLINE_KEYS_DIR": "/etc/helpline/keys",
    "HELPLINE_TRUSTED_PROXIES": "1",
    "EMAIL_HOST": "mail.example",
    "EMAIL_PORT": "587",
    "EMAIL_HOST_USER": "helpline",
    "EMAIL_HOST_PASSWORD": "secret",
    "EMAIL_USE_TLS": "1",
    "HELPLINE_SMS_GATEWAY_URL": "https://gateway.example/send",
    "HELPLINE_SMS_GATEWAY_TOKEN": "secret",
}


def test_an_operators_environment_is_kept() -> None:
    shared = plan.environment(PLAIN, PORTS, OF_AN_OPERATOR)

    assert shared.items() >= OF_AN_OPERATOR.items()
    assert shared["HELPLINE_DEMO"] == "0"
    assert shared["HELPLINE_VAR"] == "/srv/helpline/var"
    assert "HELPLINE_SIMULATOR" not in shared


def test_the_demo_cannot_reach_out_whatever_the_environment_says() -> None:
    shared = plan.environment(DEMO, PORTS, OF_AN_OPERATOR)

    assert not any(shared[name] == value for name, value in OF_AN_OPERATOR.items())
    assert (shared["EMAIL_HOST"], shared["EMAIL_PORT"]) == ("127.0.0.1", "8002")
    assert shared["HELPLINE_SIMULATOR"] == "127.0.0.1:8001"
    assert shared["HELPLINE_PUBLIC_URL"] == "http://127.0.0.1:8000"
    assert shared["HELPLINE_KEYS_DIR"] == "/srv/helpline/var/keys"


@pytest.mark.parametrize("given", [{}, {"HELPLINE_PUBLIC_URL": "", "HELPLINE_HOSTS": ""}])
def test_without_an_address_it_is_this_machine(given: dict[str, str]) -> None:
    shared = plan.environment(PLAIN, PORTS, given)

    assert shared["HELPLINE_PUBLIC_URL"] == "http://127.0.0.1:8000"
    assert "127.0.0.1" in shared["HELPLINE_HOSTS"].split(",")


@pytest.mark.parametrize(
    ("given", "started"),
    [
        ({}, ["postgres", "broker"]),
        ({"DATABASE_URL": "postgres:///helpline"}, ["broker"]),
        ({"REDIS_URL": "redis://127.0.0.1"}, ["postgres"]),
        ({"DATABASE_URL": "postgres:///helpline", "REDIS_URL": "redis://127.0.0.1"}, []),
        ({"DATABASE_URL": "", "REDIS_URL": ""}, ["postgres", "broker"]),
    ],
)
def test_only_servers_that_nobody_named_are_embedded(given: dict[str, str], started: list[str]) -> None:
    assert [server.name for server in plan.embedded_servers(VAR, given)] == started


def test_a_platform_without_the_wheel_still_works_with_a_server_of_ones_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(postgres, "server", lambda name: pytest.fail("it looked for the wheel"))
    assert (
        plan.embedded_servers(VAR, {"DATABASE_URL": "postgres:///helpline", "REDIS_URL": "redis://x"}) == []
    )


@pytest.mark.parametrize(
    ("worker", "beat", "started"),
    [
        (True, True, ["worker", "beat", "web"]),
        (False, True, ["beat", "web"]),
        (True, False, ["worker", "web"]),
        (False, False, ["web"]),
    ],
)
def test_worker_and_beat_can_be_left_out(worker: bool, beat: bool, started: list[str]) -> None:
    options = Options(var=VAR, port=8000, worker=worker, beat=beat)
    shared = plan.environment(options, PORTS, {})
    assert [program.name for program in plan.helpline(options, shared)] == started


def test_everything_listens_on_this_machine_only() -> None:
    shared = plan.environment(DEMO, PORTS, dict(os.environ))
    programs = [*plan.helpline(DEMO, shared), *plan.embedded_servers(VAR, {})]

    words = " ".join(word for program in programs for word in program.command)
    assert "--bind 127.0.0.1:8000" in words
    assert "0.0.0.0" not in words


def test_the_welcome_says_who_can_log_in(var: Path) -> None:
    # Given a demo story that has been told
    story = {
        "url": "http://127.0.0.1:8000",
        "simulator_url": "http://127.0.0.1:8001",
        "receipt_code": "AAAA-BBBB-CCCC-DDDD",
        "staff": [{"role": "counsellor", "username": "lea", "password": "a long one", "api_token": "t"}],
    }
    (var / "demo.json").write_text(json.dumps(story))
    options = Options(var=var, port=8000, demo=True)

    # Then everything to begin with is in one block, except tokens
    said = plan.welcome(options, plan.environment(options, PORTS, {}), 12.4)
    for word in (
        "http://127.0.0.1:8000/staff/",
        "AAAA-BBBB-CCCC-DDDD",
        "Counsellor",
        "lea  a long one",
        "12 s",
    ):
        assert word in said
    assert "api_token" not in said
