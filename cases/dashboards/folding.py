"""Keeping the figures: what changed is read again, and the tallies are moved by the difference.

A fold takes what triggers have marked, writes the facts anew, and adds to each cell what came in less what went out, all in
one transaction: killed at any moment it has done nothing, and the marks are still there. One fold runs at a time.
"""

import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import OperationalError, connection, transaction

from cases.dashboards import cells, sources
from cases.dashboards.calendar import moment, month_of, months_between, shifted
from cases.dashboards.models import LastFold, Tally
from cases.dashboards.sources import VALUES, Source
from cases.dashboards.sql import fetch_column, fetch_rows
from cases.takedowns.states import STAYED

FOLDING = 0x464F4C44  # advisory lock: one at a time
LIMIT = 5000  # marks in one transaction
CHUNK = 20_000  # rows of one step of a rebuild

_KINDS = {
    "takedown": (sources.TAKEDOWNS, cells.TAKEDOWNS),
    "report": (sources.REPORTS, cells.REPORTS),
    "step": (sources.STEPS, cells.STEPS),
    "redress": (sources.REDRESS, cells.REDRESS),
}

# --- a fold -----------------------------------------------------------------------------------------------

_TAKE = """
    DELETE FROM dashboards_stale WHERE id IN (SELECT id FROM dashboards_stale ORDER BY id LIMIT %s)
    RETURNING source, row
"""
_DUE = "SELECT id FROM dashboards_takedownfact WHERE next_at <= %s ORDER BY next_at LIMIT %s"
# A takedown is counted by what its notice and its report say, too.
_OF_NOTICES = "SELECT id FROM takedowns_takedown WHERE notice_id = ANY(%s)"
_OF_REPORTS = """
    SELECT takedown.id FROM takedowns_takedown AS takedown JOIN cases_case AS one ON one.id = takedown.case_id
    WHERE one.report_id = ANY(%s)
"""

# Mergers and partings: every fact that one of them moves is marked, and so folded by as many as others are.
_SPREAD = f"""
    WITH marks AS (INSERT INTO dashboards_stale (source, row) {sources.MISPLACED} RETURNING id)
    SELECT count(*) FROM marks
"""  # noqa: S608  our own names


def fold(*, now: datetime, limit: int = LIMIT) -> int:
    """Bring the figures up to date with at most `limit` marks, and judge by `now`. Answers how many marks and facts
    were taken: 0 when nothing is left, or another fold is at work.
    """
    with transaction.atomic():
        if not _alone():
            return 0
        marked = fetch_rows(_TAKE, [limit])
        stale: dict[str, set[Any]] = {}
        for source, row in marked:
            stale.setdefault(source, set()).add(row)
        spread = fetch_column(_SPREAD, [])[0] if "platform" in stale else 0
        due = fetch_column(_DUE, [now, limit])
        takedowns = stale.get("takedown", set()).union(
            due,
            fetch_column(_OF_NOTICES, [list(stale.get("notice", ()))]) if "notice" in stale else (),
            fetch_column(_OF_REPORTS, [list(stale.get("report", ()))]) if "report" in stale else (),
        )
        for name, ids in (stale | {"takedown": takedowns}).items():
            if name in _KINDS and ids:
                _refresh(name, sorted(ids), now=now)
        if len(marked) < limit and len(due) < limit and not spread:
            LastFold.objects.update_or_create(defaults={"as_of": now}, pk=1)
    return len(marked) + len(due)


def _alone() -> bool:
    """Whether no other fold is at work until this transaction ends."""
    with connection.cursor() as cursor:
        # Arrays look larger to the planner than they are: it would compile what is done sooner than compiled.
        cursor.execute("SET LOCAL jit = off")
    return bool(fetch_column("SELECT pg_try_advisory_xact_lock(%s)", [FOLDING])[0])


class AtWork(Exception):
    """The figures are being read anew and can't be read twice alike at this moment."""


def stand_still() -> None:
    """No fold changes a figure until this transaction ends, so that several readings agree.

    Raises AtWork when one is still at work after some seconds.
    """
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL lock_timeout = '5s'")
            cursor.execute("SELECT pg_advisory_xact_lock_shared(%s)", [FOLDING])
            cursor.execute("SET LOCAL lock_timeout = DEFAULT")
    except OperationalError as error:
        raise AtWork from error


def _refresh(name: str, ids: Sequence[Any], *, now: datetime) -> None:
    """Facts of these rows again, and the difference into the tallies."""
    source, kind = _KINDS[name]
    before = [_snapshot(kind, ids)]
    _read(source, ids, now=now)
    if name == "takedown":
        touched = Touched.by(ids, before=before[0])
        siblings = sorted(set(touched.members()).difference(ids))
        before.append(_snapshot(kind, siblings))
        touched.mark_firsts()
        ids = [*ids, *siblings]
    gone = " UNION ALL ".join([f"SELECT *, -1 AS weight FROM unnest(%s::{kind.table}[])"] * len(before))  # noqa: S608
    weighed = f"{gone} UNION ALL SELECT *, 1 FROM {kind.table} WHERE id = ANY(%s)"  # noqa: S608  our own names
    _add(cells.counted(kind, weighed), [*before, ids])


def _snapshot(kind: cells.Kind, ids: Sequence[Any]) -> str:
    """These facts as they are, as an array that PostgreSQL reads again."""
    text = f"SELECT coalesce(array_agg(fact), '{{}}')::text FROM {kind.table} AS fact WHERE id = ANY(%s)"  # noqa: S608
    return str(fetch_column(text, [ids])[0])


def _read(source: Source, ids: Sequence[Any], *, now: datetime) -> None:
    values = VALUES | {"ids": ids, "long_ago": now - STAYED}
    with connection.cursor() as cursor:
        cursor.execute(sources.upsert(source), values)
        if orphans := sources.left_behind(source):
            cursor.execute(orphans, values)


# --- what is one item of one notice -----------------------------------------------------------------------

# Items and notices that won or lost a member, or whose order changed.
_TOUCHED = """
    SELECT after.item, after.notice, before.item, before.notice
    FROM dashboards_takedownfact AS after
    LEFT JOIN unnest(%(before)s::dashboards_takedownfact[]) AS before ON before.id = after.id
    WHERE after.id = ANY(%(ids)s) AND (after.item, after.notice, after.is_counted, after.requested_at)
        IS DISTINCT FROM (before.item, before.notice, before.is_counted, before.requested_at)
"""
_OF_ITEMS = """
    SELECT id FROM dashboards_takedownfact WHERE id = ANY(%(items)s) AND item = id
    UNION SELECT id FROM dashboards_takedownfact WHERE item = ANY(%(items)s) AND item <> id
"""
_OF_NOTICE = "SELECT id FROM dashboards_takedownfact WHERE notice = ANY(%(notices)s)"
# The first request of an item stands for it, and so of a notice: what is shared later adds nothing to either.
_FIRST = """
    UPDATE dashboards_takedownfact AS fact SET {flag} = found.is_first
    FROM (
        SELECT id, is_counted AND 1 = row_number() OVER (
            PARTITION BY {by} ORDER BY NOT is_counted, requested_at, id
        ) AS is_first
        FROM dashboards_takedownfact WHERE id IN ({members})
    ) AS found
    WHERE fact.id = found.id AND fact.{flag} <> found.is_first
"""
_FIRSTS = [
    _FIRST.format(flag="is_first_of_item", by="item", members=_OF_ITEMS),
    _FIRST.format(flag="is_first_of_notice", by="notice", members=_OF_NOTICE),
]


@dataclass(frozen=True, slots=True)
class Touched:
    """Items and notices of which the first may be another one now."""

    items: list[Any]
    notices: list[Any]

    @classmethod
    def by(cls, ids: Sequence[Any], *, before: str) -> "Touched":
        """The change of these facts from what they were."""
        rows = fetch_rows(_TOUCHED, {"ids": ids, "before": before})
        items = {item for row in rows for item in (row[0], row[2]) if item}
        notices = {notice for row in rows for notice in (row[1], row[3]) if notice}
        return cls(sorted(items), sorted(notices))

    def members(self) -> list[Any]:
        """The facts that belong to them."""
        return fetch_column(f"{_OF_ITEMS} UNION {_OF_NOTICE}", self._values)

    def mark_firsts(self) -> None:
        """Say anew of each of them who stands first."""
        with connection.cursor() as cursor:
            for statement in _FIRSTS:
                cursor.execute(statement, self._values)

    @property
    def _values(self) -> dict[str, list[Any]]:
        return {"items": self.items, "notices": self.notices}


# --- the tallies ------------------------------------------------------------------------------------------

_ADD = """
    INSERT INTO dashboards_tally AS tally (dim, platform, month, value, counts)
    SELECT dim, platform, month, value, counts FROM ({cells}) AS cells
    ON CONFLICT (dim, platform, month, value)
        DO UPDATE SET counts = dashboards_plus(tally.counts, NULL, excluded.counts)
"""


def _add(counted: str, values: Sequence[Any]) -> None:
    """Cells into the tallies."""
    with connection.cursor() as cursor:
        cursor.execute(_ADD.format(cells=counted), values)


# --- all of it again --------------------------------------------------------------------------------------

Tell = Callable[[str, int, int], None]  # what is being done, how much is done, of how much


def rebuild(*, now: datetime, tell: Tell = lambda what, done, of: None) -> None:
    """Read every fact again whose row still exists, and sum up every tally again. All of it or nothing.

    Readers see the old figures until it ends. It waits for a fold that is at work; marks that come meanwhile stay.
    """
    with transaction.atomic():
        fetch_column("SELECT pg_advisory_xact_lock(%s)", [FOLDING])
        for name, (source, kind) in _KINDS.items():
            both = (source.table, kind.table)
            done, of = 0, max(fetch_column(f"SELECT count(*) FROM {one}", [])[0] for one in both)  # noqa: S608
            for ids in _in_chunks(*both):
                _read(source, ids, now=now)
                done += len(ids)
                tell(name, done, max(done, of))
        with connection.cursor() as cursor:
            for flag, by in (("is_first_of_item", "item"), ("is_first_of_notice", "notice")):
                cursor.execute(
                    _FIRST.format(flag=flag, by=by, members="SELECT id FROM dashboards_takedownfact")
                )
        sum_up(tell=tell)
        LastFold.objects.update_or_create(defaults={"as_of": now}, pk=1)


def sum_up(*, tell: Tell = lambda what, done, of: None) -> None:
    """Every tally again from the facts as they are. Called in a transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL work_mem = '256MB'")  # a month's cells at once, and not by way of the disk
    Tally.objects.all().delete()
    for name, (_source, kind) in _KINDS.items():
        first, last = fetch_rows(f"SELECT min({kind.moment}), max({kind.moment}) FROM {kind.table}", [])[0]  # noqa: S608
        months = months_between(month_of(first), month_of(last)) if first else []
        weighed = f"""
            SELECT *, 1 AS weight FROM {kind.table} WHERE {kind.moment} >= %s AND {kind.moment} < %s
        """  # noqa: S608  our own names
        for done, month in enumerate(months, start=1):
            _add(cells.counted(kind, weighed), [moment(month), moment(shifted(month, 1))])
            tell(f"{name}, by month", done, len(months))


def differences() -> int:
    """How many cells are not what the facts add up to: 0, or something is wrong. Writes nothing that stays."""
    with transaction.atomic():
        fetch_column("SELECT pg_advisory_xact_lock(%s)", [FOLDING])
        before = tallies()
        sum_up()
        after = tallies()
        transaction.set_rollback(True)
    return sum(before.get(cell) != after.get(cell) for cell in before.keys() | after.keys())


def misplaced() -> int:
    """How many facts stand under another platform than they should, without a mark that will move them: 0, or something
    is wrong."""
    return int(fetch_column(_MISPLACED, [])[0])


_MISPLACED = f"""
    SELECT count(*) FROM ({sources.MISPLACED}) AS found
    WHERE NOT EXISTS (SELECT FROM dashboards_stale WHERE source = 'platform') AND NOT EXISTS (
        SELECT FROM dashboards_stale AS mark WHERE mark.source = found.source AND mark.row = found.id
    )
"""  # noqa: S608  our own names


def tallies() -> dict[tuple[Any, ...], list[int]]:
    """Every cell that counts something, without the noughts behind its last number."""
    found = {}
    for *cell, counts in Tally.objects.values_list("dim", "platform", "month", "value", "counts").iterator():
        while counts and not counts[-1]:
            counts.pop()
        if counts:
            found[tuple(cell)] = counts
    return found


def _in_chunks(*tables: str) -> Iterator[list[Any]]:
    """Every number that stands in one of these tables, in order."""
    one = "(SELECT id FROM {} WHERE id > %s ORDER BY id LIMIT %s)"
    text = " UNION ".join(one.format(table) for table in tables) + " ORDER BY id LIMIT %s"
    last = uuid.UUID(int=0)
    while ids := fetch_column(text, [*[last, CHUNK] * len(tables), CHUNK]):
        yield ids
        last = ids[-1]
