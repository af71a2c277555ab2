"""How heavy something is to read: a pure function over coarse facts, and words for a sum of it.

A starting judgement, made to be argued with. It counts what was read, never how fast or how well somebody works.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from cases.wellbeing.states import Load, Seen
from reports.states import AgeRange, Circumstance

# What makes a report heavy, and how much. The rest of what is told is hard enough, and counts when it is unfolded.
HEAVY: Mapping[str, int] = {
    Circumstance.IN_DANGER: 3,
    Circumstance.SELF_HARM: 3,
    Circumstance.VIOLENCE: 2,
    Circumstance.ADULT: 2,
    Circumstance.BLACKMAIL: 1,
}
UNDER_13 = 2
MOST = 5  # one reading never weighs more
IS_HEAVY, IS_VERY_HEAVY = 2, 4
# (from so many words on, a story weighs)
LENGTHS = ((300, 3), (100, 2), (0, 1))
SCREENSHOT = 2


@dataclass(frozen=True, slots=True)
class Facts:
    """What the weight is computed from. `words`: the length of an unfolded story."""

    seen: Seen
    age_range: str
    circumstances: Collection[str]
    words: int = 0


def weigh(facts: Facts) -> int:
    """0 for what is not written down, up to MOST."""
    told = sum(weight for circumstance, weight in HEAVY.items() if circumstance in facts.circumstances)
    told += UNDER_13 if facts.age_range == AgeRange.UNDER_13 else 0
    if facts.seen == Seen.CASE:
        return min(told, MOST)
    own = SCREENSHOT if facts.seen == Seen.SCREENSHOT else length(facts.words)
    return min(own + told // 2, MOST)


def length(words: int) -> int:
    """What a story of so many words weighs by itself."""
    return next(weight for least, weight in LENGTHS if words >= least)


def load(total: int, *, cap: int) -> Load:
    """A sum in words: from a third of the cap on it is much, above the cap a lot."""
    if total > cap:
        return Load.A_LOT
    return Load.MUCH if total * 3 > cap else Load.LIGHT
