"""However the supervisor ends, nothing it started is left; and while it lives, nothing stays dead."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from helpline.embedded.processes import ROOT, CannotStart
from helpline.embedded.supervisor import alive, sole_user
from tests.helpline.embedded.strays import eventually, lock_is_free, mentioning

pytestmark = pytest.mark.slow

House = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """Start the small house in tmp_path/var; gives its process, whose output can be read."""
    started: list[subprocess.Popen[str]] = []

    def start(*words: str, wrapper: tuple[str, ...] = ()) -> subprocess.Popen[str]:
        command = [
            *wrapper,
            sys.executable,
            "-m",
            "tests.helpline.embedded.house",
            str(tmp_path / "var"),
            *words,
        ]
        pipe = subprocess.PIPE
        started.append(subprocess.Popen(command, cwd=ROOT, stdout=pipe, stderr=pipe, text=True))
        return started[-1]

    yield start
    for process in started:
        with process:  # closes the pipes and waits
            process.terminate()
    assert eventually(lambda: mentioning(tmp_path) == [])


def until(process: subprocess.Popen[str], line: str) -> None:
    assert process.stdout is not None
    for said in process.stdout:
        if said.strip() == line:
            return
    pytest.fail(f"it ended without saying {line!r}")


def pid_of(name: str, var: Path) -> int:
    return int((var / "run" / f"{name}.pid").read_text())


def nothing_is_left(var: Path) -> bool:
    return mentioning(var) == [] and lock_is_free(var)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_asked_to_stop_it_leaves_nothing(house: House, tmp_path: Path, number: signal.Signals) -> None:
    # Given a house of two programs and their families
    process = house()
    until(process, "ready")
    assert eventually(lambda: len(mentioning(tmp_path)) == 5)

    # When it is asked to stop
    process.send_signal(number)
    said, errors = process.communicate(timeout=20)

    # Then it says so, ends well, and nothing is left
    assert (said, errors, process.returncode) == ("stopping\nstopped\n", "", 0)
    assert eventually(lambda: nothing_is_left(tmp_path / "var"), 2)
    assert list((tmp_path / "var" / "run").glob("*.pid")) == []


def test_asked_twice_it_still_ends_in_order(house: House, tmp_path: Path) -> None:
    process = house("deaf")
    until(process, "ready")
    process.send_signal(signal.SIGINT)
    until(process, "stopping")
    process.send_signal(signal.SIGINT)
    process.send_signal(signal.SIGTERM)

    said, errors = process.communicate(timeout=20)

    assert (said, errors, process.returncode) == ("stopped\n", "", 0)
    assert eventually(lambda: nothing_is_left(tmp_path / "var"), 2)


def test_a_failing_step_ends_everything_and_is_quoted(house: House, tmp_path: Path) -> None:
    process = house("failing-step")
    _, errors = process.communicate(timeout=20)

    assert process.returncode == 1
    assert "migrate ended with code 3" in errors
    assert "no such table" in errors
    assert eventually(lambda: nothing_is_left(tmp_path / "var"), 2)


def test_a_step_can_be_interrupted(house: House, tmp_path: Path) -> None:
    process = house("slow-step")
    until(process, "slow")
    assert eventually(lambda: len(mentioning(tmp_path)) == 5)
    process.terminate()

    process.communicate(timeout=20)

    assert process.returncode == 0
    assert eventually(lambda: nothing_is_left(tmp_path / "var"), 2)


def test_a_mistake_of_ours_ends_everything_too(house: House, tmp_path: Path) -> None:
    process = house("broken")
    _, errors = process.communicate(timeout=20)

    assert "a mistake of ours" in errors
    assert eventually(lambda: nothing_is_left(tmp_path / "var"), 2)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child that its parent has gone")
def test_killed_outright_it_leaves_nothing_and_can_start_again(house: House, tmp_path: Path) -> None:
    # Given a house killed with no chance to clean up
    process = house("polite")
    until(process, "ready")
    assert eventually(lambda: len(mentioning(tmp_path)) == 5)
    process.kill()
    process.communicate()

    # When another starts at once, while the first one's children may still be going
    again = house("polite")
    until(again, "ready")

    # Then only the second one's family is there, and nothing once that has gone
    assert eventually(lambda: len(mentioning(tmp_path)) == 5)
    again.terminate()
    again.communicate(timeout=20)
    assert eventually(lambda: nothing_is_left(tmp_path / "var"))


def test_what_dies_is_started_again(house: House, tmp_path: Path) -> None:
    process = house()
    until(process, "ready")
    first = pid_of("first", tmp_path / "var")
    os.kill(first, signal.SIGKILL)

    assert process.stdout is not None
    assert "first was killed by SIGKILL; starting it again in 0.5 s" in process.stdout.readline()
    assert eventually(
        lambda: (tmp_path / "var/run/first.pid").exists() and pid_of("first", tmp_path / "var") != first
    )
    assert eventually(lambda: len(mentioning(tmp_path)) == 5)


def test_what_keeps_dying_is_given_growing_pauses(house: House) -> None:
    process = house("dying")
    until(process, "ready")

    assert process.stdout is not None
    lines = [process.stdout.readline() for _ in range(3)]

    assert [line.partition("again in ")[2].split()[0] for line in lines] == ["0.5", "1", "2"]


def test_under_nohup_a_closed_terminal_is_ignored(house: House) -> None:
    process = house(wrapper=("sh", "-c", 'trap "" HUP; exec "$@"', "sh"))
    until(process, "ready")
    process.send_signal(signal.SIGHUP)

    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(1)


def test_one_at_a_time(house: House, tmp_path: Path) -> None:
    first = house()
    until(first, "ready")

    second = house()
    _, errors = second.communicate(timeout=20)

    assert f"Already running on {tmp_path / 'var'} (process {first.pid})" in errors
    assert first.poll() is None


def test_what_an_earlier_run_left_behind_is_named(tmp_path: Path) -> None:
    # Given a lock held, but not by the process that is written in it
    var = tmp_path / "var"
    with sole_user(var):
        (var / "run" / "up.lock").write_text("999999999\n")
        (var / "run" / "web.pid").write_text("4711\n")

        # Then whoever waits is told what is in the way
        with (
            pytest.raises(CannotStart, match="left processes behind: web 4711"),
            sole_user(var, patience=0.2),
        ):
            pass


def test_a_process_nobody_buried_is_not_alive() -> None:
    process = subprocess.Popen(["true"])
    assert eventually(lambda: not alive(process.pid))
    process.wait()
    assert not alive(process.pid)
    assert alive(os.getpid())
