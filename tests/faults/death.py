"""**death** (10): the only worker is killed and nobody starts it again.

`/readyz` says so, and an alarm leaves, within two minutes. Then it is started again, and that must be told, too.
"""

import http.client
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from helpline.embedded.processes import start_and_wait
from tests.bench.house import House, say
from tests.faults.scene import kill, scene, wait_for
from tests.faults.verdict import Invariant, Story, none_of

WITHIN = 120.0


def part(house: House, *, scale: float, seed: int) -> Story:
    """What was done, and what held. It takes as long as it takes, whatever the scale."""
    with (
        bell() as (heard, address),
        scene(house, "death", seed=seed, workers=1, web=True, HELPLINE_ALARM_WEBHOOK=address) as stage,
    ):
        wait_for(lambda: ready(stage.port), patience=240, what="a healthy beginning")
        heard.clear()
        say("death: the worker is killed, and stays dead")
        kill(stage.workers[0], again=False)
        began = time.monotonic()
        wait_for(lambda: not ready(stage.port), patience=WITHIN * 1.5, what="/readyz saying so")
        unready = time.monotonic() - began
        wait_for(lambda: heard, patience=WITHIN, what="an alarm")
        alarm = time.monotonic() - began
        time.sleep(12)  # another look
        alarms = len(heard)
        say(
            f"death: /readyz said so after {unready:.0f} s, the alarm came after {alarm:.0f} s; it is started again"
        )
        start_and_wait(stage.workers[0])
        back = wait_for(lambda: len(heard) > alarms, patience=90, what="the end of the alarm")
        words = (
            f"/readyz fails {unready:.0f} s and the alarm leaves {alarm:.0f} s after the worker died "
            f"({heard[0]['checks']}); all well again is told {back:.0f} s after it is back"
        )
        return Story(
            words,
            [
                Invariant(10, "seconds until /readyz fails", round(unready), WITHIN, is_timed=True),
                Invariant(10, "seconds until the alarm", round(alarm), WITHIN, is_timed=True),
                *none_of(
                    10,
                    {
                        "alarms beyond the first": alarms - 1,
                        "the end of the alarm not told": int(heard[-1]["state"] != "well"),
                    },
                ),
            ],
        )


def ready(port: int) -> bool:
    """Whether /readyz is content."""
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        line.request("GET", "/readyz")
        return line.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        line.close()


@contextmanager
def bell() -> Iterator[tuple[list[dict[str, Any]], str]]:
    """Where alarms arrive, and what arrived."""
    heard: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            heard.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield heard, f"http://127.0.0.1:{server.server_port}/alarm"
    finally:
        server.shutdown()
        server.server_close()
