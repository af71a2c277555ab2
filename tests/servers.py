"""A pytest plugin, loaded by `-p tests.servers`: one PostgreSQL and one Valkey for a whole test run.

It comes before everything else, because settings read the environment when they load: importing it decides
that environment, and the session starts the servers as it begins (in the process that hands the tests out,
if there are several). DATABASE_URL or REDIS_URL in the environment stand in for the server they name.
"""

import atexit
import os
import shutil
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

import pytest

WORKER = os.environ.get("PYTEST_XDIST_WORKER", "")
if not WORKER:
    # Short, since the sockets lie in it. The other processes inherit it.
    os.environ["HELPLINE_VAR"] = tempfile.mkdtemp(prefix="helpline-tests-")
VAR = Path(os.environ["HELPLINE_VAR"]).resolve()
# Parallel processes share one broker, each with a queue and a cache of its own.
NUMBER = int(WORKER.removeprefix("gw")) + 1 if WORKER else 0

# What a developer's own environment or .env says must not change a test's answer.
os.environ |= {
    "SECRET_KEY": "only-for-tests-0123456789-0123456789-0123456789",
    "HELPLINE_DEMO": "0",
    "HELPLINE_DEBUG": "0",
    "HELPLINE_FACE": "all",
    "HELPLINE_PUBLIC_URL": "http://127.0.0.1:8000",
    "HELPLINE_HOSTS": "127.0.0.1,localhost,[::1]",
    "HELPLINE_KEYS_DIR": str(VAR / "keys"),
    "HELPLINE_SIMULATOR": "",
    "HELPLINE_TRUSTED_PROXIES": "0",
    "HELPLINE_BROKER_NUMBER": str(NUMBER),
    "EMAIL_HOST": "127.0.0.1",
    "EMAIL_PORT": "9",  # where nobody listens
    # Only the environment proper may name other servers, never a .env.
    "DATABASE_URL": os.environ.get("DATABASE_URL", ""),
    "REDIS_URL": os.environ.get("REDIS_URL", ""),
}
if WORKER and os.environ["REDIS_URL"]:
    os.environ["REDIS_URL"] = urlsplit(os.environ["REDIS_URL"])._replace(path=f"/{NUMBER}").geturl()

from helpline.embedded.plan import embedded_servers  # noqa: E402  after the environment is decided
from helpline.embedded.processes import CannotStart, Child, make_folders, start_and_wait  # noqa: E402

started: list[Child] = []


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """Start the servers, unless this process is a worker of another one, or nothing is to be run."""
    if WORKER or session.config.option.collectonly:
        return
    make_folders(VAR)
    try:
        for server in embedded_servers(VAR, os.environ, durable=False):
            started.append(Child(server, VAR))
            start_and_wait(started[-1])
    except CannotStart as error:
        raise pytest.UsageError(str(error)) from error


@pytest.hookimpl(trylast=True)
def pytest_unconfigure() -> None:
    """Stop the servers, after the last test process and the last fixture have gone; also after Ctrl-C."""
    while started:
        started.pop().stop()
    if not WORKER:
        shutil.rmtree(VAR, ignore_errors=True)


# For a run that fails before it has begun.
atexit.register(pytest_unconfigure)
