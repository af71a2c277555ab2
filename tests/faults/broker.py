"""**broker** (6): the broker is gone for ten minutes (--scale 10; 20 seconds at 1) and comes back empty.

People report all the while, over HTTP, and none may notice; what comes due meanwhile leaves within a minute of its return.
"""

import http.client
import json
import tempfile
import threading
import time
from pathlib import Path

from helpline.embedded.processes import start_and_wait
from tests.bench.house import House, say
from tests.faults.scene import scene, wait_for
from tests.faults.verdict import Invariant, Story, none_of
from tests.platforms import receipts
from tests.platforms.simulator import RunningSimulator

SLUG = "chatter"
LATE = 60.0  # seconds
REPORT = {"who": "self", "age_range": "13-14", "kind": "deepnude", "story": "told while the broker is away"}


def part(house: House, *, scale: float, seed: int) -> Story:
    """What was done, and what held."""
    away = 60.0 * scale if scale > 1 else max(6.0, 20.0 * scale)
    requests = max(40, round(200 * scale))
    config: dict[str, dict[str, object]] = {
        SLUG: {"latency": [0.05, 0.2], "outcomes": {"never": 1.0}, "callbacks": False}
    }
    with (
        tempfile.TemporaryDirectory(prefix="helpline-faults-") as folder,
        scene(house, "broker", seed=seed, web=True) as stage,
        RunningSimulator(Path(folder), seed=seed, config=config) as platform,
    ):
        stage.prepare(requests, platform.base(SLUG), SLUG)
        stage.spread_due(away, after=3.0)
        time.sleep(3)
        broker = house.children["broker"]
        say(f"broker: it goes away for {away:.0f} s")
        broker.stop()
        people = People(stage.port)
        gone_at = time.monotonic()
        while time.monotonic() - gone_at < away:
            time.sleep(0.2)
        told = people.stop()
        start_and_wait(broker)
        stage.empty_broker()
        say(
            f"broker: back, and empty; {told.taken} reports came meanwhile, {stage.under_way()} requests wait"
        )
        back = time.monotonic()
        wait_for(lambda: not stage.under_way(), patience=300, what="sending after the broker's return")
        late = time.monotonic() - back
        queued = wait_for(
            lambda: stage.count("SELECT count(*) FROM cases_queueitem") >= told.taken,
            patience=120,
            what="sorting",
        )
        doubled = receipts.delivered_more_than_once(platform.receipts)
        sent = stage.count("SELECT count(*) FROM takedowns_takedown WHERE sent_at IS NOT NULL")
        words = (
            f"away for {away:.0f} s: {told.taken} reports taken, the slowest answer after {told.slowest:.1f} s; "
            f"all {requests} requests left {late:.0f} s after its return, all reports sorted {queued:.0f} s later"
        )
        return Story(
            words,
            [
                *none_of(
                    6,
                    {
                        "reports refused while the broker was away": told.refused,
                        "reports taken, and not there": told.taken
                        - stage.count(
                            "SELECT count(*) FROM reports_report WHERE submitted_at IS NOT NULL AND channel = 'web'"
                        )
                        + requests,
                        "not sent": requests - sent,
                        "delivered more than once (broker away)": len(doubled),
                    },
                ),
                Invariant(
                    6, "seconds until the last left after its return", round(late), LATE, is_timed=True
                ),
            ],
        )


class People:
    """Somebody reports, again and again, until they are stopped."""

    def __init__(self, port: int) -> None:
        self.port, self.taken, self.refused, self.slowest = port, 0, 0, 0.0
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._tell)
        self._thread.start()

    def stop(self) -> "People":
        """Wait for the last one."""
        self._stopped.set()
        self._thread.join()
        return self

    def _tell(self) -> None:
        while not self._stopped.wait(0.3):
            began = time.monotonic()
            line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
            try:
                line.request(
                    "POST", "/api/v1/reports/", json.dumps(REPORT), {"Content-Type": "application/json"}
                )
                status = line.getresponse().status
            except (OSError, http.client.HTTPException):
                status = 0
            finally:
                line.close()
            self.slowest = max(self.slowest, time.monotonic() - began)
            if status == 201:
                self.taken += 1
            else:
                self.refused += 1
