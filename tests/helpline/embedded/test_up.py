"""`manage.py up` itself, as somebody in front of a terminal meets it."""

import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import django
import pytest

from helpline.embedded import addresses, valkey
from helpline.embedded.folders import NOBODY
from helpline.embedded.processes import ROOT
from tests.helpline.embedded.strays import eventually, lock_is_free, mentioning

pytestmark = pytest.mark.slow

Up = Callable[..., subprocess.Popen[str]]

# What this suite's own environment must not decide here.
SETTINGS = ("HELPLINE_", "SECRET_KEY", "DATABASE_URL", "REDIS_URL")
PLAIN_USER = ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--")
SITE = Path(django.__file__).parents[1]
STARTS_ITSELF = (
    "import django, psycopg2, subprocess, sys; subprocess.run([sys.executable, '--version'], check=True)"
)


@pytest.fixture
def up(var: Path) -> Iterator[Up]:
    """Start `manage.py up` on `var`; gives its process, whose output can be read."""
    started: list[subprocess.Popen[str]] = []

    def start(
        *words: str, wrapper: tuple[str, ...] = (), python: str = sys.executable, **environment: str
    ) -> subprocess.Popen[str]:
        command = [*wrapper, python, "manage.py", "up", "--var", str(var), *words]
        clean = {name: value for name, value in os.environ.items() if not name.startswith(SETTINGS)}
        pipe = subprocess.PIPE
        started.append(
            subprocess.Popen(
                command, cwd=ROOT, env=clean | environment, stdout=pipe, stderr=subprocess.STDOUT, text=True
            )
        )
        return started[-1]

    yield start
    for process in started:
        with process:  # closes the pipe and waits
            process.kill()
    assert eventually(lambda: mentioning(var) == [])


def until(process: subprocess.Popen[str], words: str) -> str:
    """What it said until `words` came."""
    assert process.stdout is not None
    said = ""
    for line in process.stdout:
        said += line
        if words in line:
            return said
    pytest.fail(f"it ended without saying {words!r}, but:\n{said}")


def test_help_needs_no_settings_and_names_every_option(up: Up) -> None:
    said, _ = up("--help").communicate(timeout=20)
    for option in ("--demo", "--port", "--var", "--no-worker", "--no-beat", "--servers-only"):
        assert option in said


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_servers_only_and_stopped(up: Up, var: Path, number: signal.Signals) -> None:
    # Given the servers
    process = up("--servers-only")
    said = until(process, "Ctrl-C stops them")
    assert f"HELPLINE_VAR={var}" in said
    assert valkey.answers(addresses.broker_socket(var))
    assert {path.stem for path in (var / "run").glob("*.pid")} == {"postgres", "broker"}

    # When they are told to stop
    process.send_signal(number)
    said, _ = process.communicate(timeout=30)

    # Then they have
    assert said == "\nStopping ...\nEverything has stopped.\n"
    assert process.returncode == 0
    assert eventually(lambda: mentioning(var) == [])
    assert lock_is_free(var)
    assert list((var / "run").glob("*.pid")) == []


def test_the_servers_come_back_when_killed(up: Up, var: Path) -> None:
    process = up("--servers-only")
    until(process, "Ctrl-C stops them")
    os.kill(int((var / "run/postgres.pid").read_text()), signal.SIGKILL)

    until(process, "postgres was killed by SIGKILL; starting it again")

    assert eventually(lambda: (var / "run/postgres.pid").exists())
    assert eventually(lambda: (addresses.database_folder(var) / ".s.PGSQL.5432").exists())


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child that its parent has gone")
def test_killed_outright_it_leaves_nothing_and_starts_again(up: Up, var: Path) -> None:
    process = up("--servers-only")
    until(process, "Ctrl-C stops them")
    process.kill()
    process.communicate()

    again = up("--servers-only")
    until(again, "Ctrl-C stops them")
    again.terminate()
    again.communicate(timeout=30)

    assert again.returncode == 0
    assert eventually(lambda: mentioning(var) == [])


def test_a_taken_port_is_named_before_anything_is_started(up: Up, var: Path) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]

        process = up("--demo", "--port", str(port))
        said, _ = process.communicate(timeout=30)

    assert process.returncode == 1
    assert f"Port {port} cannot be used" in said
    assert "PORT=" in said
    assert "Traceback" not in said
    assert not (var / "postgres").exists()


def test_a_second_one_on_the_same_folder_is_refused(up: Up, var: Path) -> None:
    first = up("--servers-only")
    until(first, "Ctrl-C stops them")

    second = up("--servers-only")
    said, _ = second.communicate(timeout=30)

    assert second.returncode == 1
    assert f"Already running on {var} (process {first.pid})" in said
    assert first.poll() is None


def test_a_failing_step_stops_everything_and_is_quoted(up: Up, var: Path) -> None:
    # Given settings that cannot be loaded, outside the demo
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        port = trial.getsockname()[1]
    process = up("--port", str(port), SECRET_KEY="", HELPLINE_DEMO="0")

    # When it comes to the first step that needs them
    said, _ = process.communicate(timeout=60)

    # Then it says what is missing, and nothing is left
    assert process.returncode == 1
    assert "bootstrap ended with code 1" in said
    assert "SECRET_KEY is not set" in said
    assert eventually(lambda: mentioning(var) == [])
    assert lock_is_free(var)


def test_a_folder_that_cannot_be_made_is_named(up: Up, var: Path) -> None:
    (var / "file").touch()
    process = up("--servers-only", "--var", str(var / "file" / "var"))
    said, _ = process.communicate(timeout=30)

    assert process.returncode == 1
    assert "cannot be made" in said
    assert "Traceback" not in said


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to become somebody else")
def test_as_a_plain_user(up: Up, var: Path) -> None:
    # Given a data folder that belongs to an ordinary user
    python = python_for_a_plain_user()
    for folder in (var, *var.iterdir()):
        shutil.chown(folder, NOBODY, NOBODY)

    # When they start it, twice
    for _ in range(2):
        process = up("--servers-only", wrapper=PLAIN_USER, python=python, PYTHONPATH=str(SITE))
        until(process, "Ctrl-C stops them")
        owners = {
            path.stat().st_uid for path in (var, var / "postgres", var / "broker", var / "run/postgres.pid")
        }
        process.terminate()
        process.communicate(timeout=30)

        # Then it works, as them and nobody else
        assert owners == {NOBODY}
        assert process.returncode == 0
    assert eventually(lambda: mentioning(var) == [])


def python_for_a_plain_user() -> str:
    """This Python, or the system's own of the same version when ours is closed to others. Skips without."""
    for python in (sys.executable, f"/usr/bin/python3.{sys.version_info.minor}"):
        trial = subprocess.run(
            [*PLAIN_USER, python, "-c", STARTS_ITSELF],
            env={"PATH": os.defpath, "PYTHONPATH": str(SITE)},
            capture_output=True,
            check=False,
        )
        if trial.returncode == 0:
            return python
    pytest.skip(f"no Python 3.{sys.version_info.minor} here that an ordinary user can run")
