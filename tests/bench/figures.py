"""A figure beside its limit: how it is judged, printed and kept."""

import json
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Figure:
    """`ratio` is value over limit; `at_least` and `at_most` bound it. With neither, the figure only informs."""

    name: str
    value: float
    unit: str
    limit: float
    at_least: float | None = None
    at_most: float | None = None

    @property
    def ratio(self) -> float:
        """How much of the limit was reached."""
        return self.value / self.limit if self.limit else 0.0

    @property
    def target(self) -> str:
        """The bound in words."""
        if self.at_least is not None:
            return f">= {self.at_least:g}"
        return f"<= {self.at_most:g}" if self.at_most is not None else ""

    @property
    def ok(self) -> bool | None:
        """Whether the target was reached; None where there is none."""
        if self.at_least is not None:
            return self.ratio >= self.at_least
        return self.ratio <= self.at_most if self.at_most is not None else None

    def as_json(self) -> dict[str, Any]:
        """What stands in bench.json."""
        return {
            "value": round(self.value, 2),
            "unit": self.unit,
            "limit": round(self.limit, 2),
            "ratio": round(self.ratio, 3),
            "target": self.target,
            "ok": self.ok,
        }


COLUMNS = ("name", "value", "unit", "limit", "ratio", "target", "ok")


def table(figures: Sequence[Figure]) -> str:
    """One line a figure; a miss is called a miss."""
    verdict = {True: "ok", False: "MISS", None: ""}
    rows = [COLUMNS] + [
        (
            one.name,
            f"{one.value:,.1f}",
            one.unit,
            f"{one.limit:,.1f}",
            f"{one.ratio:.3f}",
            one.target,
            verdict[one.ok],
        )
        for one in figures
    ]
    widths = [max(len(row[place]) for row in rows) for place in range(len(COLUMNS))]
    lines = []
    for row in rows:
        cells = [
            cell.rjust(width) if name in {"value", "limit", "ratio"} else cell.ljust(width)
            for name, cell, width in zip(COLUMNS, row, widths, strict=True)
        ]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


def keep(figures: Sequence[Figure], path: Path) -> None:
    """Write bench.json; figures of benches that did not run this time stay as they were."""
    try:
        kept = json.loads(path.read_text())
    except (OSError, ValueError):
        kept = {}
    kept |= {one.name: one.as_json() for one in figures}
    path.write_text(json.dumps(kept, indent=2) + "\n")


def median(values: Sequence[float]) -> float:
    """The middle one."""
    return statistics.median(values)


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which `share` (0 to 1) of the sorted values lie."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def middle_rate(moments: Sequence[float]) -> float:
    """Events a second between the first fifth and the last fifth of them: neither the start nor the end counts."""
    ordered = sorted(moments)
    first, last = len(ordered) // 5, len(ordered) * 4 // 5
    spent = ordered[last] - ordered[first] if ordered else 0.0
    return (last - first) / spent if spent else 0.0
