"""Looking for processes that outlived their supervisor."""

import fcntl
import os
import time
from collections.abc import Callable
from pathlib import Path


def mentioning(word: Path | str) -> list[int]:
    """The processes, dead ones aside, whose command line mentions `word`; this one does not count."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes()
        except OSError:
            continue
        if str(word).encode() in words and int(folder.name) != os.getpid():
            found.append(int(folder.name))
    return found


def lock_is_free(var: Path) -> bool:
    """Whether no process holds the lock of `var`: a supervisor's children do, to the last descendant."""
    with (var / "run" / "up.lock").open("rb") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True


def eventually(condition: Callable[[], object], seconds: float = 15) -> bool:
    """Whether `condition` comes true in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True
