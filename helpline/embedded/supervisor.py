"""Starts programs in order, keeps them running, and ends them all in reverse order whatever happens.

Signals only raise a flag, and every wait looks at it: so nothing is ever interrupted between starting a
process and writing down that it was started.
"""

import contextlib
import fcntl
import os
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any, Self

from helpline.embedded.processes import (
    CannotStart,
    Child,
    Program,
    make_folders,
    run_and_wait,
    start_and_wait,
)

SHORTEST_PAUSE, LONGEST_PAUSE = 0.5, 30.0
SETTLED_AFTER = 30.0
ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stopped(Exception):
    """Somebody asked us to stop."""


def say(line: str = "") -> None:
    """Tell whoever watches. A terminal that has gone away is no reason to stop."""
    with contextlib.suppress(OSError, ValueError):
        print(line, flush=True)  # noqa: T201  the supervisor talks to a terminal


@dataclass
class Kept:
    """A program that is kept running, and how patient we have become with it."""

    child: Child
    pause: float = 0
    due: float | None = None  # when to start it again


@dataclass
class Supervisor:
    """Use it as a context manager, in the main thread: leaving it, in any manner, ends what it started."""

    var: Path
    # Handed to every child: the lock on VAR lasts until the last of them has gone.
    lock: int
    children: list[Child] = field(default_factory=list, init=False)
    kept: list[Kept] = field(default_factory=list, init=False)
    asked: bool = field(default=False, init=False)
    handlers: dict[signal.Signals, Any] = field(default_factory=dict, init=False)

    def __enter__(self) -> Self:
        for number in ENDINGS:
            # Under nohup a closed terminal is to be ignored; an ignored Ctrl-C only means "started with &".
            if number is not signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:
                self.handlers[number] = signal.signal(number, self._on_signal)
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.ExitStack() as ending:
            for child in self.children:
                ending.callback(child.stop)
        for number, handler in self.handlers.items():
            signal.signal(number, handler)

    def start(self, program: Program) -> None:
        """Start `program`, wait until it is ready, and keep it running from then on.

        Raises CannotStart, Stopped.
        """
        child = self._child(program)
        self.kept.append(Kept(child))
        start_and_wait(child, self._pause)

    def run(self, program: Program) -> Child:
        """Run `program` to its end. Raises CannotStart when it fails, Stopped."""
        child = self._child(program)
        run_and_wait(child, self._pause)
        return child

    def check(self) -> None:
        """Raises CannotStart if something that was started has died since."""
        for one in self.kept:
            if not one.child.running():
                raise one.child.failure()

    def watch(self) -> None:
        """Start again whatever dies, until somebody asks us to stop. Raises Stopped."""
        while True:
            for one in self.kept:
                self._tend(one)
            self._pause(0.2)

    def _child(self, program: Program) -> Child:
        if self.asked:
            raise Stopped
        child = Child(program, self.var, (self.lock,))
        self.children.append(child)
        return child

    def _tend(self, one: Kept) -> None:
        now = time.monotonic()
        if one.due is None and not one.child.running():
            if now - one.child.started > SETTLED_AFTER:
                one.pause = 0
            self._put_off(one, one.child.ending())
        elif one.due is not None and now >= one.due:
            one.due = None
            try:
                one.child.start()
            except (CannotStart, OSError) as error:
                self._put_off(one, f"cannot start: {error}")

    def _put_off(self, one: Kept, reason: str) -> None:
        one.pause = min(max(one.pause * 2, SHORTEST_PAUSE), LONGEST_PAUSE)
        one.due = time.monotonic() + one.pause
        say(f"{one.child.name} {reason}; starting it again in {one.pause:g} s (log: {one.child.log})")

    def _pause(self, seconds: float) -> None:
        time.sleep(seconds)
        if self.asked:
            raise Stopped

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self.asked = True


@contextlib.contextmanager
def sole_user(var: Path, *, patience: float = 20) -> Iterator[int]:
    """Hold the lock on `var`: one supervisor at a time. Gives the lock, for the children to keep open.

    After a kill -9 the children of the earlier one need a moment to go; so long we wait. Raises CannotStart.
    """
    make_folders(var)
    path = var / "run" / "up.lock"
    lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        deadline = time.monotonic() + patience
        while not locked(lock):
            holder = path.read_text().strip()
            if holder.isdigit() and alive(int(holder)):
                raise CannotStart(
                    f"Already running on {var} (process {holder}). Stop it first, or choose another data "
                    "folder with VAR= or --var."
                )
            if time.monotonic() > deadline:
                raise CannotStart(
                    f"An earlier run on {var} left processes behind: {left_behind(var)}. Stop them."
                )
            time.sleep(0.1)
        os.truncate(lock, 0)
        os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)
        for stale in (var / "run").glob("*.pid"):
            stale.unlink(missing_ok=True)
        yield lock
    finally:
        os.close(lock)


def locked(lock: int) -> bool:
    """Whether the lock is ours now."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def alive(number: int) -> bool:
    """Whether the process `number` is there. A dead one that nobody has buried yet is not."""
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    with contextlib.suppress(OSError):
        return Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return True


def left_behind(var: Path) -> str:
    """The pid files of an earlier run, in words."""
    return ", ".join(
        f"{path.stem} {path.read_text().strip()}" for path in sorted((var / "run").glob("*.pid"))
    )
