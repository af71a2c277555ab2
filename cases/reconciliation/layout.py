"""A statement-of-reasons file of the Transparency Database, read row by row: pure, and as forgiving as it can be without
guessing. docs/reconciliation.md says which columns there are and where their names were found.
"""

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from cases.reconciliation.states import ACCOUNT_DECISIONS, VISIBILITY, Decision

UUID, CATEGORY, SOURCE = "uuid", "category", "source_type"
VISIBLE, ACCOUNT = "decision_visibility", "decision_account"
# Each of these is one thing under several names: the public files and what a platform sends us itself differ.
DAYS = ("application_date", "created_at")
REFERENCES = ("puid", "platform_uid")
PLATFORM, IDENTITY = "platform_name", "source_identity"
NEEDED = (UUID, CATEGORY, SOURCE)

TRUSTED_FLAGGER = "SOURCE_TRUSTED_FLAGGER"
SEPARATORS = ",;\t|"
FIRST_YEAR = 2020  # before the law there were no such statements
LONGEST_ROW = 256 * 1024  # characters: beyond, somebody forgot to close a quotation mark


class Why(StrEnum):
    """Why a row could not be taken."""

    SHORT = "short"
    DAY = "day"
    QUOTES = "quotes"
    UUID = "uuid"
    CATEGORY = "category"
    DECISION = "decision"


class MissingColumns(Exception):
    """`names`: the columns that are needed and not there."""

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__(", ".join(names))
        self.names = list(names)


@dataclass(frozen=True, slots=True)
class Row:
    """What is taken of a row. `source_identity` and `reference` as they stand; '' where they do not."""

    uuid: str
    provider: str
    reference: str
    category: str
    decision: Decision
    day: date
    source: str
    identity: str


@dataclass(frozen=True, slots=True)
class Broken:
    """A row that is left out, and why."""

    line: int
    why: Why


def separator_of(header: str) -> str:
    """The one that parts the names of the first line; quoted names hold none."""
    bare = re.sub(r'"[^"]*"', "", header)
    return max(SEPARATORS, key=lambda one: (bare.count(one), one == ","))


def lines_of(text: Iterable[str]) -> Iterator[str]:
    """The lines without the byte order mark, without NULs, none longer than we read."""
    first = True
    for line in text:
        if first:
            line, first = line.lstrip("\ufeff"), False
        yield line.replace("\0", "")[:LONGEST_ROW]


def rows_of(text: Iterable[str], *, otherwise: str = "") -> Iterator[Row | Broken]:
    """Each row of the file. `otherwise`: the platform's name where the file has no column for it.

    Raises MissingColumns.
    """
    lines = lines_of(text)
    header = next(lines, "")
    parted = separator_of(header)
    names = [
        name.strip().strip('"').casefold()
        for name in next(csv.reader(io.StringIO(header), delimiter=parted), [])
    ]
    place = {name: number for number, name in reversed(list(enumerate(names)))}
    missing = [name for name in NEEDED if name not in place]
    if VISIBLE not in place and ACCOUNT not in place:
        missing.append(VISIBLE)
    if not any(name in place for name in DAYS):
        missing.append(DAYS[0])
    if PLATFORM not in place and not otherwise:
        missing.append(PLATFORM)
    if missing:
        raise MissingColumns(missing)
    reader = csv.reader(lines, delimiter=parted)
    while True:
        try:
            cells = next(reader, None)
        except csv.Error:
            yield Broken(reader.line_num + 1, Why.QUOTES)
            continue
        if cells is None:
            return
        if not any(cell.strip() for cell in cells):
            continue
        found = _row(cells, place, len(names), otherwise)
        yield found if isinstance(found, Row) else Broken(reader.line_num + 1, found)


def _row(cells: Sequence[str], place: dict[str, int], width: int, otherwise: str) -> Row | Why:
    if len(cells) != width:
        return Why.SHORT

    def cell(*names: str) -> str:
        return next((said for name in names if name in place and (said := cells[place[name]].strip())), "")

    uuid, category = cell(UUID), cell(CATEGORY).upper()
    if not uuid or len(uuid) > 36:
        return Why.UUID
    if not category or len(category) > 60:
        return Why.CATEGORY
    day = day_of(cell(*DAYS))
    if day is None:
        return Why.DAY
    decision = decision_of(cell(VISIBLE), cell(ACCOUNT))
    if decision is None:
        return Why.DECISION
    return Row(
        uuid=uuid,
        provider=cell(PLATFORM) or otherwise,
        reference=cell(*REFERENCES),
        category=category,
        decision=decision,
        day=day,
        source=cell(SOURCE).upper(),
        identity=cell(IDENTITY),
    )


_DAY_FIRST = re.compile(r"(\d{1,2})[./-](\d{1,2})[./-](\d{4})(?:[ T].*)?")


def day_of(text: str) -> date | None:
    """The day of "2026-03-02", "2026-03-02 12:00:00", "2026-03-02T12:00:00Z", "02/03/2026" or "2.3.2026"; None for
    anything else. Where it could be either, the day comes before the month, as everywhere in the Union.
    """
    found: date | None
    turned = _DAY_FIRST.fullmatch(text)
    try:
        if turned:
            day, month, year = (int(part) for part in turned.groups())
            found = date(year, month, day)
        else:
            found = datetime.fromisoformat(text).date()
    except ValueError:
        return None
    return found if FIRST_YEAR <= found.year <= 2100 else None


def words_of(text: str) -> list[str]:
    """A list as JSON, or the one word that stands there."""
    if not text.startswith("["):
        return [text] if text else []
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):
        return []
    return [word for word in said if isinstance(word, str)] if isinstance(said, list) else []


def decision_of(visibility: str, account: str) -> Decision | None:
    """What was done, the most of it; None where the row says neither, as of money or of a service."""
    said = set(words_of(visibility))
    strongest = next((decision for word, decision in VISIBILITY.items() if word in said), None)
    if strongest in {Decision.REMOVED, Decision.DISABLED}:
        return strongest
    if account in ACCOUNT_DECISIONS:
        return Decision.ACCOUNT
    return strongest or (Decision.OTHER if said or account else None)


def folded(name: str) -> str:
    """A name without case, blanks and marks, by which two spellings are one."""
    return re.sub(r"[\W_]+", "", name.casefold())[:100]


def is_plausible(day: date, *, today: date) -> bool:
    """A clock may run ahead by a day; nobody decides next month."""
    return day <= today + timedelta(days=1)
