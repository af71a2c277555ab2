"""Starting real processes against the database of the running test."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

from django.db import connection

ROOT = Path(__file__).resolve().parents[1]
PATIENCE = 60.0  # seconds; a busy machine is slow, not broken


def environment(**changes: str) -> dict[str, str]:
    """This process's environment, leading to the test's own database."""
    at = connection.settings_dict
    user = quote(at["USER"]) + (f":{quote(at['PASSWORD'])}" if at["PASSWORD"] else "")
    host = f"{at['HOST']}:{at['PORT']}" if at["PORT"] and not at["HOST"].startswith("/") else at["HOST"]
    url = f"postgres://{user}@{'/' if host.startswith('/') else ''}{host}/{at['NAME']}"
    return os.environ | {"DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "helpline.settings"} | changes


@contextmanager
def worker(
    log: Path, *, concurrency: int = 2, beat: bool = True, **env: str
) -> Iterator[subprocess.Popen[bytes]]:
    """A real Celery worker (with its own beat) on the test's database and broker."""
    command = [sys.executable, "-m", "celery", "-A", "helpline", "worker", "--concurrency", str(concurrency)]
    command += ["--loglevel", "WARNING", "--without-gossip", "--without-mingle"]
    command += ["--beat", "--schedule", str(log.with_suffix(".beat"))] if beat else []
    with log.open("ab") as output:
        process = subprocess.Popen(
            command, cwd=ROOT, env=environment(**env), stdout=output, stderr=output, start_new_session=True
        )
    try:
        yield process
    finally:
        end(process)


def end(process: subprocess.Popen[Any]) -> None:
    """Stop a process and all it started, for certain."""
    for attempt in (15, 9):
        if process.poll() is not None:
            break
        try:
            os.killpg(process.pid, attempt)
            process.wait(10 if attempt == 15 else 5)
        except (ProcessLookupError, subprocess.TimeoutExpired):
            continue
    # Children of a killed worker outlive it in its group.
    with suppress(ProcessLookupError):
        os.killpg(process.pid, 9)


def wait_for(met: Callable[[], Any], *, patience: float = PATIENCE, what: str = "it") -> Any:
    """Ask until the answer is true; raises AssertionError after `patience` seconds."""
    until = time.monotonic() + patience
    while not (found := met()):
        assert time.monotonic() < until, f"{what} did not happen within {patience:.0f} s"
        time.sleep(0.05)
    return found
