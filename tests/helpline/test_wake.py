"""The doorbell: whoever rings waits for nobody."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

import pytest
import redis

from helpline.embedded import addresses, valkey
from helpline.embedded.processes import Child, start_and_wait
from tests.helpline.embedded.conftest import var as var
from tests.processes import ROOT

RING = """
import time, django
django.setup()
from helpline import wake
began = time.monotonic()
wake._ring("cases.tasks.triage_new_reports")
print(time.monotonic() - began)
"""


def test_without_a_broker_nobody_waits(tmp_path: Path) -> None:
    """In a process of its own, as each web worker begins with a connection of its own."""
    done = subprocess.run(
        [sys.executable, "-c", RING],
        cwd=ROOT,
        env=os.environ
        | {
            "DJANGO_SETTINGS_MODULE": "helpline.settings",
            "REDIS_URL": f"redis+socket://{tmp_path}/nobody.sock?virtual_host=0",
        },
        capture_output=True,
        text=True,
        check=True,
    )
    assert float(done.stdout.split()[-1]) < 2


RING_WHEN_ASKED = """
import sys, django
django.setup()
from helpline import wake
for _ in sys.stdin:
    wake._rung.clear()
    wake._ring("cases.tasks.triage_new_reports")
    print("rung", flush=True)
"""


@contextmanager
def somebody_who_rings(var: Path) -> Iterator[Callable[[], None]]:
    """Each call rings once, in a process of its own that is always the same."""
    with subprocess.Popen(
        [sys.executable, "-c", RING_WHEN_ASKED],
        cwd=ROOT,
        env=os.environ
        | {"DJANGO_SETTINGS_MODULE": "helpline.settings", "REDIS_URL": addresses.broker_url(var)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        asked, told = cast("IO[str]", process.stdin), cast("IO[str]", process.stdout)

        def ring() -> None:
            asked.write("\n")
            asked.flush()
            assert told.readline() == "rung\n"

        yield ring


def heard(var: Path) -> tuple[int, int]:
    """How many hints wait, and how many lines were ever opened to this broker before the one that asks."""
    with redis.Redis(unix_socket_path=str(addresses.broker_socket(var))) as line:
        return cast("int", line.llen("celery")), line.info("stats")["total_connections_received"]


@pytest.mark.slow
def test_the_line_stays_open_and_finds_a_broker_that_began_anew(var: Path) -> None:
    """As each worker of the web server rings: again and again, whatever becomes of the broker meanwhile."""
    broker = Child(valkey.program(var), var)
    start_and_wait(broker)
    try:
        with somebody_who_rings(var) as ring:
            ring()
            first = heard(var)
            for _ in range(5):
                ring()
            again = heard(var)
            assert (first[0], again[0]) == (1, 6)
            assert again[1] - first[1] == 1  # ours alone

            assert broker.process is not None
            broker.process.kill()
            broker.process.wait()
            ring()  # nobody there: said in the log, and no more
            start_and_wait(broker)
            ring()
            assert heard(var)[0] == 1

            broker.stop()
            start_and_wait(broker)
            ring()  # it went and came without a word
            assert heard(var)[0] == 1
    finally:
        broker.stop()
