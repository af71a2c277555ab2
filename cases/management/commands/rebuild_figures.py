"""`manage.py rebuild_figures`: every figure again, from the rows that still exist and the facts of those that do not."""

import sys
import time
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from cases.dashboards import folding

WIDTH = 30


class Command(BaseCommand):
    """Needed after the definition of a figure has changed; a fold keeps them up to date otherwise."""

    help = (
        "Read every takedown, report, step and complaint again, and sum up every figure again. All of it or nothing: "
        "pages show the old figures until it ends, and an interruption changes nothing. What was erased keeps its facts."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--dry-run",
            action="store_true",
            help="change nothing; say how many sums differ from what the facts add up to, and how many facts "
            "stand under the wrong platform (exit code 1 when any does)",
        )

    def handle(self, *, dry_run: bool, **options: Any) -> None:
        began = time.monotonic()
        if dry_run:
            wrong = folding.differences()
            self.stdout.write(
                f"{wrong} sums are not what the facts add up to." if wrong else "Every sum is right."
            )
            if misplaced := folding.misplaced():
                self.stdout.write(f"{misplaced} facts stand under a platform that was merged or has parted.")
            if wrong or misplaced:
                sys.exit(1)
            return
        folding.rebuild(now=timezone.now(), tell=self._tell)
        self.stdout.write(f"Done in {time.monotonic() - began:.1f} s.")

    def _tell(self, what: str, done: int, of: int) -> None:
        """A bar that moves where somebody watches; a line for each part where nobody does."""
        filled = WIDTH * done // of
        line = f"{what:24} [{'#' * filled}{'.' * (WIDTH - filled)}] {done:,} of {of:,}"
        if self.stderr.isatty():
            self.stderr.write(f"\r{line}", ending="\n" if done >= of else "")
            self.stderr.flush()
        elif done >= of:
            self.stdout.write(line)
