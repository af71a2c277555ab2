"""A child ends when told to, whole, and however stubborn it is."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from helpline.embedded import processes
from helpline.embedded.processes import (
    CannotStart,
    Child,
    Program,
    make_folders,
    run_and_wait,
    start_and_wait,
)
from tests.helpline.embedded.house import DEAF, FAMILY
from tests.helpline.embedded.strays import eventually, mentioning

pytestmark = pytest.mark.slow


@pytest.fixture
def var(tmp_path: Path) -> Path:
    make_folders(tmp_path)
    return tmp_path


def child(var: Path, code: str, **more: object) -> Child:
    program = Program(name="it", command=[sys.executable, "-c", code, str(var)], **more)  # type: ignore[arg-type]
    return Child(program, var)


def test_it_has_a_pid_file_while_it_runs_and_ends_with_all_its_family(var: Path) -> None:
    # Given a program that started another
    it = child(var, FAMILY)
    it.start()
    assert eventually(lambda: len(mentioning(var)) == 2)
    assert it.process is not None
    assert it.pid_file.read_text() == f"{it.process.pid}\n"

    # When it is stopped, twice even
    it.stop()
    it.stop()

    # Then nothing is left
    assert eventually(lambda: mentioning(var) == [])
    assert not it.pid_file.exists()


def test_one_that_does_not_listen_is_killed(var: Path) -> None:
    it = child(var, DEAF, end=((signal.SIGTERM, 0.3),))
    it.start()
    assert eventually(lambda: len(mentioning(var)) == 2)

    it.stop()

    assert eventually(lambda: mentioning(var) == [])
    assert it.ending() == "was killed by SIGKILL"


def test_one_that_was_paused_can_still_end_politely(var: Path) -> None:
    it = child(
        var,
        "import signal, time; signal.signal(15, lambda *_: exit(7)); print(1, flush=True); time.sleep(600)",
    )
    it.start()
    assert eventually(lambda: it.log.read_text())
    assert it.process is not None
    os.kill(it.process.pid, signal.SIGSTOP)

    it.stop()

    assert it.ending() == "ended with code 7"


def test_what_a_dead_one_left_in_its_group_is_swept_away(var: Path) -> None:
    it = child(var, FAMILY)
    it.start()
    assert eventually(lambda: len(mentioning(var)) == 2)
    assert it.process is not None
    it.process.kill()

    assert eventually(lambda: not it.running())
    assert eventually(lambda: mentioning(var) == [])


def test_failing_says_so_with_the_end_of_the_log(var: Path) -> None:
    with pytest.raises(CannotStart, match=r"(?s)it ended with code 3.*it\.log:\nno such table"):
        run_and_wait(child(var, "print('no such table'); raise SystemExit(3)"))


def test_never_becoming_ready_says_so(var: Path) -> None:
    it = child(
        var,
        "import time; print('thinking', flush=True); time.sleep(600)",
        ready=lambda: False,
        ready_within=1,
    )
    try:
        with pytest.raises(CannotStart, match=r"(?s)not ready after 1 seconds.*thinking"):
            start_and_wait(it)
    finally:
        it.stop()


def test_dying_before_it_is_ready_is_noticed_at_once(var: Path) -> None:
    began = time.monotonic()
    with pytest.raises(CannotStart, match="ended with code 5"):
        start_and_wait(child(var, "raise SystemExit(5)", ready=lambda: False))
    assert time.monotonic() - began < 5


def test_logs_are_ours_alone_and_do_not_grow_for_ever(var: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "LARGEST_LOG", 10)
    it = child(var, "print('one line of text')")
    run_and_wait(it)
    run_and_wait(it)

    assert it.log.stat().st_mode & 0o777 == 0o600
    assert it.log.read_text() == it.log.with_suffix(".log.old").read_text() == "one line of text\n"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child that its parent has gone")
def test_it_ends_when_its_starter_is_killed(var: Path) -> None:
    # Given a starter, and its child
    starter = subprocess.Popen([sys.executable, "-c", STARTER, str(var)], stdout=subprocess.PIPE)
    assert starter.stdout is not None
    assert starter.stdout.readline() == b"started\n"

    # When the starter is killed with no chance to clean up
    starter.kill()
    starter.communicate()

    # Then the child goes too
    assert eventually(lambda: mentioning(var) == [])


def test_it_does_not_start_for_one_who_has_gone(var: Path) -> None:
    leash = [sys.executable, "-I", "-S", processes.leash(signal.SIGTERM)[3]]
    late = subprocess.run([*leash, "15", "1", "true"], capture_output=True, text=True, check=False)

    assert late.returncode == 1
    assert "true was not started" in late.stderr


STARTER = """
import sys, time
from pathlib import Path
from helpline.embedded.processes import Child, Program
var = Path(sys.argv[1])
command = [sys.executable, "-c", "import time; print('here', flush=True); time.sleep(600)", str(var)]
child = Child(Program(name="it", command=command), var)
child.start()
while "here" not in child.last_words():  # off the starting line, where it would notice by itself
    time.sleep(0.05)
print("started", flush=True)
time.sleep(600)
"""
