"""Which words a notice is written in: the version in use, kept in memory for some seconds.

Whatever the database has no version of is taken from the file that comes with the program, and is called version 0.
"""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from cases.letters.models import NoticeTemplate
from helpline.platforms.models import Regime

FILE = Path(__file__).parent / "data" / "templates.json"
LANGUAGES = ("fr", "en")
KEPT_SECONDS = 15


@dataclass(frozen=True, slots=True)
class Wording:
    """One version of one template."""

    name: str
    parts: Mapping[str, str] = field(repr=False)


Slot = tuple[str, str, str]  # regime, language, kind or ''


@cache
def packaged() -> Mapping[Slot, Wording]:
    """What comes with the program: every regime in every language, for every kind of report."""
    rows = json.loads(FILE.read_text())
    return {
        (row["regime"], row["language"], ""): Wording(f"{row['regime']}/{row['language']}/0", row["parts"])
        for row in rows
    }


_kept: tuple[float, Mapping[Slot, Wording]] | None = None


def current(regime: str, language: str, kind: str = "") -> Wording:
    """The words in use: those for this kind of report, else for every kind. Raises LookupError for a language without.

    One query, and none for the next seconds.
    """
    global _kept
    if _kept is None or time.monotonic() - _kept[0] > KEPT_SECONDS:
        _kept = (time.monotonic(), _in_use())
    for slot in ((regime, language, kind), (regime, language, "")):
        if slot in _kept[1]:
            return _kept[1][slot]
    return packaged()[regime, language, ""]


def forget() -> None:
    """Read again at the next question: after a change, and between tests."""
    global _kept
    _kept = None


def _in_use() -> Mapping[Slot, Wording]:
    rows = NoticeTemplate.objects.in_use().only("regime", "language", "kind", "version", "parts")
    return {(row.regime, row.language, row.kind): Wording(row.wording, row.parts) for row in rows}


def of(name: str) -> Wording:
    """The words of a version by its name, as a stored notice names it. Raises LookupError."""
    slot, _slash, version = name.rpartition("/")
    regime, language, kind = (*slot.split("/"), "", "")[:3]
    if version == "0":
        return packaged()[regime, language, ""]
    if not version.isdigit() or regime not in Regime.values:
        raise LookupError(f"No wording is called {name!r}.")
    row = NoticeTemplate.objects.of(regime, language, kind).filter(version=int(version)).first()
    if row is None:
        raise LookupError(f"No wording is called {name!r}.")
    return Wording(row.wording, row.parts)
