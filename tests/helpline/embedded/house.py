"""A small house to supervise: `python -m tests.helpline.embedded.house VAR [WHAT]`, run by test_supervisor.

Each program starts a grandchild of its own; all carry VAR on their command line, so that strays can be found.
WHAT goes wrong: `failing-step`, `slow-step`, `broken`, `deaf`, `dying`; or `polite`: the programs take their
own family with them when told to end, as gunicorn and Celery do.
"""

import signal
import sys
from pathlib import Path

from helpline.embedded.processes import CannotStart, Program
from helpline.embedded.supervisor import Stopped, Supervisor, say, sole_user

FAMILY = """
import subprocess, sys, time
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)", sys.argv[1]])
time.sleep(600)
"""
DEAF = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + FAMILY


POLITE = (
    "import os, signal; signal.signal(signal.SIGTERM, lambda *_: os.killpg(0, signal.SIGKILL))\n" + FAMILY
)


def program(name: str, code: str, var: Path) -> Program:
    return Program(name=name, command=[sys.executable, "-c", code, str(var)], end=((signal.SIGTERM, 1),))


def live(var: Path, what: str) -> None:
    family = {"deaf": DEAF, "polite": POLITE}.get(what, FAMILY)
    with sole_user(var, patience=5) as lock, Supervisor(var, lock) as supervisor:
        try:
            supervisor.start(program("first", family, var))
            if what == "failing-step":
                supervisor.run(program("migrate", "print('no such table'); raise SystemExit(3)", var))
            if what == "slow-step":
                say("slow")
                supervisor.run(program("migrate", FAMILY, var))
            if what == "broken":
                raise RuntimeError("a mistake of ours")
            supervisor.start(program("second", "raise SystemExit(4)" if what == "dying" else family, var))
            say("ready")
            supervisor.watch()
        except Stopped:
            say("stopping")
    say("stopped")


if __name__ == "__main__":
    try:
        live(Path(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else "")
    except CannotStart as error:
        sys.exit(str(error))
