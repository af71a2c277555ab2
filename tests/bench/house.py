"""A whole helpline for the length of a run: servers that keep their promises to the disk, databases, real processes."""

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psycopg2

from helpline.embedded import addresses
from helpline.embedded.plan import MANAGE, embedded_servers
from helpline.embedded.processes import ROOT, Child, Program, make_folders, run_and_wait, start_and_wait

TEMPLATE = "helpline"
WEB_WORKERS = 2


class Broken(Exception):
    """The bench itself does not work, so there is no figure."""


class House:
    """Use as a context manager: everything that was started ends with it, and the folder goes."""

    def __init__(self) -> None:
        self._ending = ExitStack()
        self.var = Path()
        self._numbers = 0
        self.children: dict[str, Child] = {}

    def __enter__(self) -> Self:
        with ExitStack() as ending:
            # Short, since the servers' sockets lie in it.
            self.var = Path(ending.enter_context(tempfile.TemporaryDirectory(prefix="helpline-bench-")))
            make_folders(self.var)
            for server in embedded_servers(self.var, {}):
                self._start(server, ending)
            # Keys come before the tables that need them, platforms after the tables they stand in.
            for step in ("bootstrap", "migrate", "bootstrap"):
                self.run(step, self.environment())
            self._ending = ending.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ending.close()

    def environment(self, database: str = TEMPLATE, **changes: str) -> dict[str, str]:
        """What a process gets: nothing of a developer's own settings, and one of the run's databases."""
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith(("HELPLINE_", "EMAIL_"))
        }
        return (
            kept
            | {
                "DJANGO_SETTINGS_MODULE": "tests.bench.product",
                "BENCH_DATABASE": database,
                "DATABASE_URL": "",
                "REDIS_URL": "",
                "SECRET_KEY": "only-for-benches-0123456789-0123456789-0123456789",
                "HELPLINE_VAR": str(self.var),
                "HELPLINE_KEYS_DIR": str(self.var / "keys"),
                "HELPLINE_DEMO": "0",
                "HELPLINE_DEBUG": "0",
                "HELPLINE_FACE": "all",
                "HELPLINE_LOG_LEVEL": "WARNING",
                "HELPLINE_PUBLIC_URL": "http://127.0.0.1:8000",
                "EMAIL_HOST": "127.0.0.1",
                "EMAIL_PORT": "9",  # where nobody listens
                "PYTHONWARNINGS": "ignore",
            }
            | changes
        )

    def database(self, name: str) -> str:
        """A new database with every table, empty but for the directory of platforms. Answers its name."""
        at = addresses.database(self.var)
        line = psycopg2.connect(host=at["HOST"], port=at["PORT"], user=at["USER"], dbname="postgres")
        try:
            line.autocommit = True
            with line.cursor() as cursor:
                cursor.execute(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}")
        finally:
            line.close()
        return name

    def inside(self, part: str, *arguments: object, database: str = TEMPLATE, **changes: str) -> Any:
        """Run `tests.bench.inside.<part>` to its end in a process of its own; what it printed last, read as JSON."""
        words = [sys.executable, "-m", f"tests.bench.inside.{part}", *map(str, arguments)]
        done = subprocess.run(
            words,
            cwd=ROOT,
            env=self.environment(database, **changes),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise Broken(f"{part} failed:\n{done.stdout}{done.stderr}")
        lines = done.stdout.strip().splitlines()
        return json.loads(lines[-1]) if lines else None

    def run(self, step: str, environment: Mapping[str, str]) -> None:
        """Run this command of `manage.py` to its end. Raises CannotStart."""
        self._run(step, [*MANAGE, step, "--noinput"], environment)

    @contextmanager
    def web(self, application: str, environment: Mapping[str, str]) -> Iterator[int]:
        """gunicorn with sync workers serving `application` on the port that is answered."""
        self._numbers += 1
        port = free_port()
        program = Program(
            name=f"web{self._numbers}",
            command=[
                *(sys.executable, "-m", "gunicorn", application, "--bind", f"127.0.0.1:{port}"),
                *("--workers", str(WEB_WORKERS), "--worker-class", "sync", "--no-control-socket"),
            ],
            environment=environment,
            ready=lambda: answers(port),
            ready_within=60,
        )
        with ExitStack() as ending:
            self._start(program, ending)
            yield port

    def _start(self, program: Program, ending: ExitStack) -> None:
        child = self.children[program.name] = Child(program, self.var)
        ending.callback(child.stop)
        start_and_wait(child)

    def _run(self, name: str, command: list[str], environment: Mapping[str, str]) -> None:
        run_and_wait(Child(Program(name=name, command=command, environment=environment), self.var))


def free_port() -> int:
    """A port of this machine that nobody uses now."""
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        return int(trial.getsockname()[1])


def answers(port: int) -> bool:
    """Whether somebody listens there."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def say(text: str, *, began: float = time.monotonic()) -> None:
    """Tell whoever watches what is going on, and since when."""
    print(f"[{time.monotonic() - began:5.0f} s] {text}", flush=True)
