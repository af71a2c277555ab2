"""A program and the process it becomes: in its own group, on a leash, with a log, a pid file, an end."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

ROOT = Path(__file__).resolve().parents[2]
LARGEST_LOG = 5_000_000
TICK = 0.05


class CannotStart(Exception):
    """Something is in the way of starting. The text says what, and what to do about it."""


@dataclass(frozen=True, kw_only=True)
class Program:
    """What to run, how to know that it is up, and how to end it politely."""

    name: str
    command: Sequence[str]
    # Put before the command; may change the user it runs as.
    wrapper: Sequence[str] = ()
    environment: Mapping[str, str] | None = None
    # Runs before every start: makes folders, clears what a crash left. Raises CannotStart.
    prepare: Callable[[], None] = lambda: None
    ready: Callable[[], bool] = lambda: True
    ready_within: float = 30
    # Signals in turn, each with the seconds it is given to work; SIGKILL comes last by itself.
    end: tuple[tuple[signal.Signals, float], ...] = ((signal.SIGTERM, 10),)
    # What it gets when we ourselves were killed and nobody can be patient any more.
    orphaned: signal.Signals = signal.SIGTERM


@dataclass
class Child:
    """One process of `program`, working on the data folder `var`. It can be started again and again."""

    program: Program
    var: Path
    # Files that every descendant keeps open: a lock on one of them lasts as long as any of them lives.
    keep_open: tuple[int, ...] = ()
    started: float = field(default=0, init=False)
    code: int | None = field(default=None, init=False)
    process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    @property
    def name(self) -> str:
        return self.program.name

    @property
    def log(self) -> Path:
        return self.var / "log" / f"{self.name}.log"

    @property
    def pid_file(self) -> Path:
        return self.var / "run" / f"{self.name}.pid"

    def start(self) -> None:
        """Start the process; it is not waited for. Raises CannotStart and OSError."""
        self.program.prepare()
        with open_log(self.log) as log:
            self.process = subprocess.Popen(  # noqa: S603  our own programs
                [*self.program.wrapper, *leash(self.program.orphaned), *self.program.command],
                cwd=ROOT,
                env=self.program.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                # Out of reach of the terminal's Ctrl-C: who ends when is decided here.
                process_group=0,
                pass_fds=self.keep_open,
            )
        self.started = time.monotonic()
        self.pid_file.write_text(f"{self.process.pid}\n")

    def running(self) -> bool:
        """Whether the process is there. What a dead one left behind in its group is swept away."""
        if self.process is not None and self.process.poll() is not None:
            self._sweep()
        return self.process is not None

    def ending(self) -> str:
        """How the last process ended, in words."""
        if self.code is not None and self.code < 0:
            return f"was killed by {signal.Signals(-self.code).name}"
        return f"ended with code {self.code}"

    def stop(self) -> None:
        """End it, politely if it listens in time, and then kill whatever is left in its group."""
        if self.process is None:
            return
        for number, patience in self.program.end:
            if self.process.poll() is None:
                self.process.send_signal(number)
                self._signal_group(signal.SIGCONT)  # a stopped process hears nothing
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self.process.wait(patience)
        self._sweep()

    def last_words(self, lines: int = 15) -> str:
        """The end of its log, for an error message."""
        with contextlib.suppress(OSError):
            return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])
        return ""

    def failure(self) -> CannotStart:
        """How it ended and the end of its log, to be raised."""
        return CannotStart(f"{self.name} {self.ending()}. The end of {self.log}:\n{self.last_words()}")

    def _sweep(self) -> None:
        self._signal_group(signal.SIGKILL)
        if self.process is not None:
            self.code = self.process.wait()
        self.process = None
        self.pid_file.unlink(missing_ok=True)

    def _signal_group(self, number: signal.Signals) -> None:
        if self.process is not None:
            # macOS answers PermissionError for a group of which only a zombie is left.
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, number)


def start_and_wait(child: Child, pause: Callable[[float], None] = time.sleep) -> None:
    """Start `child` and wait until it is ready. Raises CannotStart with the end of its log.

    `pause` is called between two looks; whatever it raises ends the waiting.
    """
    child.start()
    deadline = time.monotonic() + child.program.ready_within
    while not child.program.ready():
        if not child.running():
            raise child.failure()
        if time.monotonic() > deadline:
            raise CannotStart(
                f"{child.name} is not ready after {child.program.ready_within:g} seconds. "
                f"The end of {child.log}:\n{child.last_words()}"
            )
        pause(TICK)


def run_and_wait(child: Child, pause: Callable[[float], None] = time.sleep) -> None:
    """Run `child`, a program that ends by itself, to its end. Raises CannotStart when it fails."""
    child.start()
    while child.running():
        pause(TICK)
    if child.code:
        raise child.failure()


def leash(orphaned: signal.Signals) -> list[str]:
    """What to put before a command so that it gets the signal `orphaned` once this process is gone."""
    script = Path(__file__).with_name("leash.py")
    return [sys.executable, "-I", "-S", str(script), str(int(orphaned)), str(os.getpid())]


def open_log(path: Path) -> BinaryIO:
    """The log at `path`, to append to. One that has grown large is put aside first."""
    with contextlib.suppress(FileNotFoundError):
        if path.stat().st_size > LARGEST_LOG:
            path.replace(path.with_suffix(".log.old"))
    return open(path, "ab", opener=lambda name, flags: os.open(name, flags, 0o600))


def make_folders(var: Path) -> None:
    """Make the data folder and those for pids and logs, for us alone. Raises CannotStart."""
    for folder in (var, var / "run", var / "log"):
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise CannotStart(f"The data folder {folder} cannot be made: {error.strerror}.") from error
    if not os.access(var / "run", os.W_OK) or not os.access(var / "log", os.W_OK):
        raise CannotStart(f"The data folder {var} cannot be written to. Choose another with VAR= or --var.")
