"""**death** (10): the only worker is killed and nobody starts it again.

`/readyz` says so, and an alarm leaves, within two minutes. Then it is started again, and that must be told, too.
"""

import http.client
import time

from helpline.embedded.processes import start_and_wait
from tests.bell import a_bell
from tests.bench.house import House, say
from tests.faults.scene import kill, scene, wait_for
from tests.faults.verdict import Invariant, Story, none_of

WITHIN = 120.0


def part(house: House, *, scale: float, seed: int) -> Story:
    """What was done, and what held. It takes as long as it takes, whatever the scale."""
    with (
        a_bell() as bell,
        scene(house, "death", seed=seed, workers=1, web=True, HELPLINE_ALARM_WEBHOOK=bell.address) as stage,
    ):
        wait_for(lambda: ready(stage.port), patience=240, what="a healthy beginning")
        bell.heard.clear()
        say("death: the worker is killed, and stays dead")
        kill(stage.workers[0], again=False)
        began = time.monotonic()
        wait_for(lambda: not ready(stage.port), patience=WITHIN * 1.5, what="/readyz saying so")
        unready = time.monotonic() - began
        wait_for(lambda: bell.heard, patience=WITHIN, what="an alarm")
        alarm = time.monotonic() - began
        time.sleep(12)  # another look
        alarms = len(bell.heard)
        say(
            f"death: /readyz said so after {unready:.0f} s, the alarm came after {alarm:.0f} s; it is started again"
        )
        start_and_wait(stage.workers[0])
        back = wait_for(lambda: len(bell.heard) > alarms, patience=90, what="the end of the alarm")
        words = (
            f"/readyz fails {unready:.0f} s and the alarm leaves {alarm:.0f} s after the worker died "
            f"({bell.heard[0]['checks']}); all well again is told {back:.0f} s after it is back"
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
                        "the end of the alarm not told": int(bell.heard[-1]["state"] != "well"),
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
