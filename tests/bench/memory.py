"""How much memory a process holds."""

import subprocess
from pathlib import Path


def of_process(pid: int) -> float:
    """Megabytes: its share of what is shared, where the system tells that (PSS); what is resident elsewhere."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024
    except (OSError, StopIteration):
        told = subprocess.run(
            ["ps", "-o", "rss=", "-p", str(pid)], capture_output=True, text=True, check=True
        )
        return int(told.stdout) / 1024


def children_of(pid: int) -> list[int]:
    """The processes that this one started."""
    told = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True, check=False
    )
    return [int(one) for one in told.stdout.split()]
