"""The doorbell: whoever rings waits for nobody."""

import os
import subprocess
import sys
from pathlib import Path

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
