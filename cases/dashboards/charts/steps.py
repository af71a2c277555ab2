"""The axis of time, by steps and not to scale: minutes and weeks must both be readable."""

from collections.abc import Sequence
from dataclasses import dataclass

from cases.dashboards.words import short_span, span


@dataclass(frozen=True, slots=True)
class Edge:
    """Where a step begins: a tick and its duration."""

    x: int
    label: str


def place(seconds: float, *, edges: Sequence[int], step: int) -> int:
    """Where a duration stands: in proportion within its step; the open one at the end is never left."""
    start = 0
    for number, end in enumerate(edges):
        if seconds < end:
            return round(step * (number + max(0.0, seconds - start) / (end - start)))
        start = end
    return round(step * (len(edges) + 1 - start / max(seconds, start)))


def ticks(edges: Sequence[int], *, step: int) -> list[Edge]:
    """The edges of the steps with their durations."""
    return [Edge(step * (number + 1), short_span(seconds)) for number, seconds in enumerate(edges)]


@dataclass(frozen=True, slots=True)
class Range:
    """Median and p90 on a line of their own: a filled dot, and a stroke at the end."""

    width: int
    ticks: Sequence[int]
    median: int
    p90: int
    label: str


RANGE_STEP = 22


def span_of(p50_s: float | None, p90_s: float | None, *, edges: Sequence[int]) -> Range | None:
    """The line from median to p90; None when nothing was acted on."""
    if p50_s is None or p90_s is None:
        return None
    return Range(
        width=RANGE_STEP * (len(edges) + 1),
        ticks=[RANGE_STEP * (number + 1) for number in range(len(edges))],
        median=place(p50_s, edges=edges, step=RANGE_STEP),
        p90=place(p90_s, edges=edges, step=RANGE_STEP),
        label=f"{span(p50_s)} – {span(p90_s)}",
    )
