"""Run the benches named, or all of them; print one table, write VAR/bench.json."""

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path

from helpline.embedded.processes import ROOT, CannotStart
from tests.bench import (
    claim,
    dashboard,
    dispatch,
    growth,
    inbound,
    intake,
    intake_page,
    mail,
    match,
    page_weight,
    pdq,
    queue_page,
    recheck,
)
from tests.bench.figures import Figure, keep, table
from tests.bench.house import Broken, House, say

BENCHES: dict[str, Callable[[House], list[Figure]]] = {
    "intake_submit": intake.bench,
    "intake_page": intake_page.bench,
    "page_weight": page_weight.bench,
    "queue_page": queue_page.bench,
    "match": match.bench,
    "claim": claim.bench,
    "dispatch_http": dispatch.bench,
    "dispatch_mail": mail.bench,
    "inbound": inbound.bench,
    "recheck": recheck.bench,
    "pdq_browser": pdq.bench,
    "dashboard": dashboard.bench,
    "growth": growth.bench,
}


def main() -> int:
    """0 when every bench ran, whatever its figures; 1 when one is broken."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(BENCHES)} (default: all)")
    parser.add_argument(
        "--var",
        type=Path,
        default=Path(os.environ.get("HELPLINE_VAR") or ROOT / "var"),
        help="where bench.json goes",
    )
    options = parser.parse_args()
    if unknown := set(options.names) - set(BENCHES):
        parser.error(f"there is no bench called {', '.join(sorted(unknown))}")
    options.var.mkdir(parents=True, exist_ok=True, mode=0o700)
    figures: list[Figure] = []
    broken = False
    try:
        with House() as house:
            say("servers are running")
            for name in options.names or BENCHES:
                try:
                    figures += BENCHES[name](house)
                except (Broken, CannotStart) as error:
                    broken = True
                    print(f"{name} is broken: {error}", file=sys.stderr)
    except CannotStart as error:
        print(error, file=sys.stderr)
        return 1
    keep(figures, options.var / "bench.json")
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    print(
        f"\n{table(figures)}\n\n{cores} cores, load {os.getloadavg()[0]:.1f}. Written to {options.var / 'bench.json'}."
    )
    return int(broken)


if __name__ == "__main__":
    sys.exit(main())
