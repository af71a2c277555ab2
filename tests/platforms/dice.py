"""Chance that can be repeated: every draw is a pure function of the seed and of what is drawn for."""

import hashlib
from collections.abc import Mapping


def fraction(*parts: object) -> float:
    """A number in [0, 1) that the same parts always give again."""
    digest = hashlib.blake2b("|".join(map(str, parts)).encode(), digest_size=8).digest()
    return int.from_bytes(digest[:7], "big") / (1 << 56)


def pick(shares: Mapping[str, float], drawn: float, rest: str) -> str:
    """The name whose share of [0, 1) the drawn number falls in; what the shares leave over is `rest`."""
    for name, share in shares.items():
        if drawn < share:
            return name
        drawn -= share
    return rest


def between(span: tuple[float, float], *parts: object) -> float:
    """A number of the span, both ends included; a span of one point draws nothing."""
    low, high = span
    return low if low == high else low + (high - low) * fraction(*parts)
