"""Can two things be told apart by the time they take? Interleaved samples, a rank test of pairs, and their gap."""

import math
import random
import statistics
import time
from collections.abc import Callable, Mapping, Sequence

Act = Callable[[], object]

SAMPLES = 600
# The two are taken for one when the rank test sees no difference, or one too small to be used over any network.
LEAST_P, MOST_GAP = 0.01, 0.01
# The machine that tests run on does other things, too. What truly differs, differs each time.
TRIES = 3


def interleaved(acts: Mapping[str, Act], *, samples: int, seed: int) -> dict[str, list[float]]:
    """Seconds of each act, `samples` of each, in rounds; the order within a round is drawn anew."""
    dice, names = random.Random(seed), list(acts)
    times: dict[str, list[float]] = {name: [] for name in names}
    for _round in range(samples):
        dice.shuffle(names)
        for name in names:
            act = acts[name]
            began = time.perf_counter()
            act()
            times[name].append(time.perf_counter() - began)
    return times


def rank_p(first: Sequence[float], second: Sequence[float]) -> float:
    """Wilcoxon's signed ranks of the pairs, two-sided, by the normal approximation: good from twenty pairs on.

    Pairs stand side by side in time, so a machine that is busy for a while is busy for both.
    """
    apart = sorted((b - a for a, b in zip(first, second, strict=True) if a != b), key=abs)
    if not apart:
        return 1.0
    n, up, place = len(apart), 0.0, 0
    while place < n:
        end = place
        while end < n and abs(apart[end]) == abs(apart[place]):
            end += 1
        up += (place + 1 + end) / 2 * sum(one > 0 for one in apart[place:end])
        place = end
    z = (up - n * (n + 1) / 4) / math.sqrt(n * (n + 1) * (2 * n + 1) / 24)
    return math.erfc(abs(z) / math.sqrt(2))


def gap(first: Sequence[float], second: Sequence[float]) -> float:
    """The median of the pairs' differences, as a share of the first's median."""
    apart = statistics.median(b - a for a, b in zip(first, second, strict=True))
    return abs(apart) / statistics.median(first)


def told_apart(acts: Mapping[str, Act], *, samples: int = SAMPLES, tries: int = TRIES) -> list[str]:
    """The acts that differ from the first one each time they are tried, with by how much; none is good news."""
    suspects = list(acts)[1:]
    first = next(iter(acts))
    said: dict[str, str] = {}
    for number in range(tries):
        times = interleaved({name: acts[name] for name in (first, *suspects)}, samples=samples, seed=number)
        kept = []
        for name in suspects:
            p, apart = rank_p(times[first], times[name]), gap(times[first], times[name])
            if p < LEAST_P and apart > MOST_GAP:
                kept.append(name)
                said[name] = f"{name}: p = {p:.2g}, medians {apart:.1%} apart"
        suspects = kept
        if not suspects:
            break
    return [said[name] for name in suspects]
