"""Two published tables side by side: who has both can take one from the other. And a table beside the page of the year
that everybody reads."""

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

from cases.annual.vocabulary import ACTIONS
from cases.takedowns.states import SAID_REMOVED

Figures = Mapping[str, Any]
Place = tuple[str, ...]

# The totals over each number, by which of its coordinates each keeps; the total of all is over every one.
OVER: Mapping[str, Mapping[str, Sequence[int]]] = {
    "total": {},
    "notices": {},
    "providers": {},
    "contents": {},
    "actions": {},
    "provider_actions": {"providers": (0,), "actions": (1,)},
    "content_actions": {"contents": (0,), "actions": (1,)},
    "lines": {
        **{"providers": (0,), "contents": (1,), "actions": (2,)},
        **{"provider_actions": (0, 2), "content_actions": (1, 2)},
    },
}
TOTALS = ("total", "notices", "providers", "contents", "actions")
# What the public page counts, as lines of the report: each lies in the one before it.
EVERY = frozenset(one.code for one in ACTIONS)
ACTED = frozenset(one.code for one in ACTIONS if one.acted)
LINES_OF: Mapping[str, frozenset[str]] = {
    "sent": EVERY - {"not_sent"},
    "acted_on": ACTED,
    "said_removed": frozenset(one.value for one in SAID_REMOVED),
}


def numbers_in(figures: Figures) -> dict[Place, int | None]:
    """Every number of a report, by its place; None where it is hidden."""
    found: dict[Place, int | None] = {("total",): figures["total"], ("notices",): figures["notices"]}
    found |= {("providers", one["slug"]): one["total"] for one in figures["providers"]}
    for axis in ("contents", "actions"):
        found |= {(axis, code): number for code, number in figures[axis].items()}
    for grid in ("provider_actions", "content_actions"):
        found |= {(grid, row, code): n for row, counts in figures[grid].items() for code, n in counts.items()}
    return found | {("lines", *line[:-1]): line[-1] for line in figures["lines"]}


def small_differences(before: Figures, after: Figures, *, threshold: int) -> list[Place]:
    """The totals that both tell, and that differ by so little that the difference points at somebody."""
    one, two = numbers_in(before), numbers_in(after)
    places = sorted(place for place in one.keys() | two.keys() if place[0] in TOTALS)
    return [place for place in places if 0 < abs(_apart(one, two, place) or 0) < threshold]


def given_away(before: Figures, after: Figures, *, threshold: int) -> list[Place]:
    """What is hidden in `after` and told in `before`, where a total over it shows that next to nothing changed."""
    one, two = numbers_in(before), numbers_in(after)
    return [
        place
        for place, number in sorted(two.items())
        if number is None
        and _told(one, place) is not None
        and any(
            apart is not None and abs(apart) < threshold
            for apart in (_apart(one, two, total) for total in _over(place))
        )
    ]


def completed(figures: Figures, public: Mapping[str, int], *, threshold: int) -> list[str]:
    """The actions that `figures` hides and of which the numbers of the public page tell too much: [] where of none.

    What they count in common, less what the report tells, is the sum of what it hides; two of the page's numbers tell what
    lies between them. A sum of so few that they could not be as many as there are small counts is told too much. The page
    counts a link once for each person, the report once: where nobody shares one the sum is exact, else no smaller.
    """
    actions, total = figures["actions"], figures["total"]
    hidden = {code for code, number in actions.items() if number is None}
    if total is None:
        return []
    parts = [(public[name], lines) for name, lines in LINES_OF.items() if name in public]
    for (more, wide), (fewer, narrow) in combinations([(total, EVERY), *parts, (0, frozenset())], 2):
        told = [actions.get(code, 0) for code in wide - narrow if code not in hidden]
        unknown = hidden & (wide - narrow)
        # All that is hidden together the report tells itself, and its proof knows that.
        if unknown and unknown != hidden and _is_little(more - fewer - sum(told), len(unknown), threshold):
            return sorted(unknown)
    return []


def _is_little(number: int, among: int, threshold: int) -> bool:
    """Can numbers of 1 or more that add up to this be so few that each is narrowed down? A smaller sum is of another day."""
    return among <= number < max(threshold, among + threshold - 2)


def _over(place: Place) -> list[Place]:
    name, *coordinates = place
    totals = [(over, *(coordinates[one] for one in kept)) for over, kept in OVER[name].items()]
    return totals if name in ("total", "notices") else [*totals, ("total",)]


def _told(numbers: Mapping[Place, int | None], place: Place) -> int | None:
    """The number there: nought where the table has no such line, None where it is hidden or the whole table left out."""
    if place in numbers:
        return numbers[place]
    is_told = numbers[("total",)] == 0 or any(other[0] == place[0] for other in numbers)
    return 0 if is_told else None


def _apart(one: Mapping[Place, int | None], two: Mapping[Place, int | None], place: Place) -> int | None:
    first, second = _told(one, place), _told(two, place)
    return None if first is None or second is None else second - first
