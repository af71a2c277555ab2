"""What one answer touches: read and locked together, written together, in a few statements for any number of items."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache
from typing import Any, cast
from uuid import UUID

from django.db import connection

from cases.models import Case, CaseEvent
from cases.states import Happening
from cases.takedowns.models import Event, Takedown
from cases.takedowns.states import Outcome
from helpline import columns
from helpline.audit import actions as audit
from helpline.audit.models import AuditRow
from helpline.platforms.models import Platform
from helpline.postgresql.base import DatabaseWrapper
from reports import actions as reports

# What an answer may change in a takedown.
CHANGING = (
    *(
        "status",
        "status_at",
        "sent_at",
        "transport",
        "transport_at",
        "platform_says",
        "platform_at",
        "acted_at",
    ),
    *("redress_until", "observed", "observed_at", "gone_at", "reappeared_at", "next_look_at"),
)


class UnknownNotice(Exception):
    """No such notice was sent through this channel."""


class ForeignItem(Exception):
    """The item is not one of this notice's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """One thing learned of one item. `key` names the source's event: the second time it has no effect."""

    outcome: Outcome
    at: datetime  # by the source's word
    key: str | None = None
    text: str = ""
    detail: dict[str, Any] = field(default_factory=dict)
    redress_until: date | None = None


@dataclass(slots=True)
class Standing:
    """A notice and the takedowns an answer is about, locked until the transaction ends, as they stand now."""

    notice_id: UUID
    reference: str  # what the platform calls it
    told: frozenset[str] = (
        frozenset()
    )  # the keys, of those asked about, of events that are in a timeline already
    rows: dict[UUID, Takedown] = field(default_factory=dict)
    before: dict[UUID, tuple[Any, ...]] = field(default_factory=dict)

    def changed(self) -> list[Takedown]:
        """Those that are not as they were."""
        return [row for pk, row in self.rows.items() if _of(row) != self.before[pk]]


# In the order in which the models name them, as `from_db` reads.
CASE = ("id", "report_id", "changed_at", "key")
PLATFORM = ("id", "slug", "name")

LOCK_NOTICE = """
SELECT FROM takedowns_notice WHERE id = %s::uuid FOR NO KEY UPDATE
"""


@cache
def _lock_rows() -> str:
    """Takedowns, then cases. Another statement than the notice's: who came to share it while we waited for it is seen, and
    so is what was told of it meanwhile.
    """
    names = [column.column or column.name for column in Takedown._meta.concrete_fields]
    return f"""
WITH asked AS MATERIALIZED (
    SELECT {", ".join(names)} FROM takedowns_takedown
    WHERE notice_id = %s::uuid AND (id = ANY(%s::uuid[]) OR COALESCE(item_id, id) = ANY(%s::uuid[]))
    ORDER BY id FOR NO KEY UPDATE
), opened AS MATERIALIZED (  -- every case the notice speaks for, after the last of the takedowns
    SELECT id, report_id, key, changed_at FROM cases_case
    WHERE (SELECT count(*) FROM asked) > 0
        AND id IN (SELECT case_id FROM takedowns_takedown WHERE notice_id = %s::uuid)
    ORDER BY id FOR NO KEY UPDATE
)
SELECT notice.channel_id, notice.reference, ARRAY(SELECT key FROM takedowns_event WHERE key = ANY(%s::text[])),
    {", ".join(f"asked.{name}" for name in names)},
    opened.id, opened.report_id, opened.changed_at, opened.key, platform.id, platform.slug, platform.name
FROM takedowns_notice AS notice LEFT JOIN (
    asked JOIN opened ON opened.id = asked.case_id JOIN platforms_platform AS platform ON platform.id = asked.platform_id
) ON true
WHERE notice.id = %s::uuid
ORDER BY asked.id
"""  # noqa: S608  our own names


def lock(
    notice_id: UUID,
    *,
    ids: Iterable[UUID] = (),
    items: Iterable[UUID] = (),
    keys: Iterable[str] = (),
    channel_id: int | None = None,
) -> Standing:
    """These takedowns of the notice, and all that stand for these items of it, in the one order: the notice, takedowns,
    every case it speaks for. Of the `keys`, those told before are known to what is answered.

    Raises UnknownNotice, also where it is not the channel's.
    """
    base = cast(DatabaseWrapper, connection)
    notice = str(notice_id)
    values = [notice, list(map(str, ids)), list(map(str, items)), notice, list(keys), notice]
    lines = base.fetch_last_prepared((LOCK_NOTICE, [notice]), (_lock_rows(), values))
    if not lines or channel_id not in {None, lines[0][0]}:
        raise UnknownNotice
    names = [column.attname for column in Takedown._meta.concrete_fields]
    cases: dict[int, Case] = {}
    platforms: dict[int, Platform] = {}
    standing = Standing(notice_id, reference=lines[0][1], told=frozenset(lines[0][2]))
    for line in (whole[3:] for whole in lines):
        if line[0] is None:
            break  # the notice is there, and nothing of it that was asked for
        row = Takedown.from_db(base.alias, names, line[: len(names)])
        case, platform = line[len(names) : -3], line[-3:]
        if row.case_id not in cases:
            cases[row.case_id] = Case.from_db(base.alias, CASE, case)
        if row.platform_id not in platforms:
            platforms[row.platform_id] = Platform.from_db(base.alias, PLATFORM, platform)
        row.case, row.platform = cases[row.case_id], platforms[row.platform_id]
        standing.rows[row.pk], standing.before[row.pk] = row, _of(row)
    return standing


def _of(row: Takedown) -> tuple[Any, ...]:
    return tuple(getattr(row, name) for name in CHANGING)


@dataclass(slots=True)
class Written:
    """What else is to be written of an answer, gathered."""

    events: list[Event] = field(default_factory=list)
    happened: list[tuple[Takedown, datetime]] = field(default_factory=list)
    lines: list[AuditRow] = field(default_factory=list)
    news: list[reports.NewsItem] = field(default_factory=list)

    def write(self, standing: Standing, *, reference: str = "") -> None:
        """All of it: the timelines and the trail, where the takedowns and their cases stand, the young people's news."""
        changed = standing.changed()
        touched: dict[int, datetime] = {}
        for row, at in self.happened:
            if at > touched.get(row.case_id, row.case.changed_at):
                touched[row.case_id] = at
        columns.insert_each(
            {
                Event: _columns(self.events),
                CaseEvent: {
                    "case": [row.case_id for row, _at in self.happened],
                    "at": [at for _row, at in self.happened],
                    "what": [Happening.OUTCOME] * len(self.happened),
                    "data": [
                        {"status": str(row.status), "platform": row.platform.name}
                        for row, _at in self.happened
                    ],
                },
                AuditRow: audit.columns_of(self.lines),
            },
            then=_change(),
            values=[
                *reports.told(self.news),
                columns.as_json(
                    [{"id": row.pk} | {name: getattr(row, name) for name in CHANGING} for row in changed]
                ),
                [str(row.pk) for row in changed],
                columns.as_json([{"id": pk, "at": at} for pk, at in touched.items()]),
                list(touched),
                reference,
                str(standing.notice_id),
                reference,
            ],
        )
        reports.nudge(self.news)


def _columns(rows: Sequence[Event]) -> dict[str, list[Any]]:
    return {one.name: [getattr(row, one.attname) for row in rows] for one in Event._meta.concrete_fields}


@cache
def _change() -> str:
    """The news; where takedowns stand, when their cases changed, what the platform calls the notice, where that is new.

    What is changed is named by arrays, too: the planner takes rows out of JSON for a hundred, and would read whole tables.
    """
    kinds = [
        f"{name} {(Takedown._meta.get_field(name).db_type(connection) or '').partition('(')[0]}"
        for name in CHANGING
    ]
    return f"""{reports.TELL}, moved AS (
    UPDATE takedowns_takedown AS takedown SET {", ".join(f"{name} = mine.{name}" for name in CHANGING)}
    FROM jsonb_to_recordset(%s::jsonb) AS mine(id uuid, {", ".join(kinds)})
    WHERE takedown.id = mine.id AND takedown.id = ANY(%s::uuid[])
), touched AS (
    UPDATE cases_case AS opened SET changed_at = mine.at
    FROM jsonb_to_recordset(%s::jsonb) AS mine(id bigint, at timestamptz)
    WHERE opened.id = mine.id AND opened.id = ANY(%s::bigint[])
)
UPDATE takedowns_notice SET reference = %s::text WHERE id = %s::uuid AND reference = '' AND %s::text <> ''
"""  # noqa: S608  our own names
