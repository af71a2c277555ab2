"""What must hold whatever breaks: each invariant with the number it has in docs/security.md, its value and its limit."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Invariant:
    """Held when `value` is no more than `limit`."""

    number: int
    name: str
    value: float
    limit: float
    is_timed: bool = False  # seconds, not a count: a busy machine is slow for reasons of its own

    @property
    def ok(self) -> bool:
        """Whether it held."""
        return self.value <= self.limit

    def as_json(self) -> dict[str, Any]:
        """What stands in fault.json."""
        return {"number": self.number, "value": self.value, "limit": self.limit, "ok": self.ok}


@dataclass(frozen=True, slots=True)
class Story:
    """What was done, in words, and what held."""

    words: str
    held: Sequence[Invariant]


def none_of(number: int, values: Mapping[str, float]) -> list[Invariant]:
    """Invariants of which there must be none."""
    return [Invariant(number, name, value, 0) for name, value in values.items()]


def table(held: Sequence[Invariant]) -> str:
    """One line each, by number; what broke is called so."""
    lines = [
        f"  {one.number:>2}  {one.name:<52}{one.value:>10,g}  of at most {one.limit:<7,g} {'ok' if one.ok else 'BROKEN'}"
        for one in sorted(held, key=lambda one: one.number)
    ]
    return "\n".join(lines)
