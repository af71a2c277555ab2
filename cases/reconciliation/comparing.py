"""What they count and we do not, and the reverse: first by numbers both know, then as counts.

A statement and one of our requests are a pair where the platform's own number of the statement is one that it told us: the
reference of our notice, or the id of the event by which it told us its decision. Whatever is left on both sides is only
counted, by platform, category, decision and day.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Q, QuerySet

from cases.dashboards.sources import roots
from cases.letters.writing import CYBER_VIOLENCE, PROTECTION_OF_MINORS
from cases.queue import midnight
from cases.reconciliation.layout import folded
from cases.reconciliation.models import Line, Provider, Statement, Upload
from cases.reconciliation.states import OURS
from cases.takedowns.models import Event, Takedown
from helpline.crypto import blind
from helpline.platforms.models import Platform, Regime
from reports.states import AgeRange, Status

REFERENCE = "statement of reasons"  # of the blind index
BATCH = 2000
# A decision is made after the notice left, and may take its time.
BEFORE = timedelta(days=180)


class NoRows(Exception):
    """The file holds no row that could be read."""


def meant(upload: Upload) -> dict[str, int]:
    """Which platform each name of the file means: as a person said, or as the directory calls it."""
    to = roots()
    known: dict[str, int] = {}
    # A name that is a platform's own comes before one that is only in its address.
    for pk, slug, name in Platform.objects.order_by("pk").values_list("pk", "slug", "name"):
        known.setdefault(folded(slug), pk)
        known[folded(name)] = pk
    known |= dict(Provider.objects.values_list("name", "platform_id"))
    # A platform that bears another name since is the same one as when the file was first compared.
    if unknown := [name for name in upload.providers if name not in known]:
        before = Statement.objects.filter(upload=upload, provider__in=unknown, platform__isnull=False)
        known |= dict(before.values_list("provider", "platform_id").distinct())
    found = {name: to[known[name]] for name in upload.providers if name in known}
    if upload.platform_id is not None:
        found.setdefault(folded(upload.platform.name if upload.platform else ""), to[upload.platform_id])
    return found


@transaction.atomic
def compare(upload: Upload) -> None:
    """Pair, count and write the lines, in place of those of an earlier comparison. Raises NoRows."""
    if upload.first_day is None or upload.last_day is None:
        raise NoRows
    names = meant(upload)
    _name_platforms(upload, names)
    Statement.objects.filter(upload=upload).exclude(takedown=None).update(takedown=None)
    to = roots()
    counted = set(names.values())
    theirs = [pk for pk, root in to.items() if root in counted]
    _pair(upload, _by_reference(upload, theirs, to))
    _pair(upload, _by_event(upload, theirs, to))
    _write_lines(upload, {pk: to[pk] for pk in theirs})


def _name_platforms(upload: Upload, names: Mapping[str, int]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE reconciliation_statement AS statement SET platform_id = found.platform "
            "FROM (SELECT names.name, said.platform FROM unnest(%s::text[]) AS names(name) "
            "LEFT JOIN unnest(%s::text[], %s::bigint[]) AS said(name, platform) USING (name)) AS found "
            "WHERE statement.upload_id = %s AND statement.provider = found.name "
            "AND statement.platform_id IS DISTINCT FROM found.platform",
            [list(upload.providers), list(names), list(names.values()), upload.pk],
        )


def period(upload: Upload) -> tuple[datetime, datetime]:
    """When a request may have been made that the file speaks of. Raises NoRows."""
    if upload.first_day is None or upload.last_day is None:
        raise NoRows
    return midnight(upload.first_day - BEFORE), midnight(upload.last_day + timedelta(days=1))


Pairs = Iterator[tuple[UUID, int, bytes]]


def _by_reference(upload: Upload, platforms: list[int], to: Mapping[int, int]) -> Pairs:
    """Our requests whose notice the platform gave a number."""
    rows = (
        Takedown.objects.filter(platform__in=platforms, escalates=None, requested_at__range=period(upload))
        .exclude(notice__reference="")
        .exclude(case__report__status=Status.ERASED)
        .order_by("pk")
    )
    for pk, platform, reference in rows.values_list("pk", "platform", "notice__reference").iterator(BATCH):
        index = blind.index(REFERENCE, reference.strip())
        if index:
            yield pk, to[platform], index


def _by_event(upload: Upload, platforms: list[int], to: Mapping[int, int]) -> Pairs:
    """Our requests about which the platform told us something, by the id of what it told: channel:event:item."""
    rows = Event.objects.filter(
        takedown__platform__in=platforms,
        takedown__escalates=None,
        takedown__requested_at__range=period(upload),
        key__isnull=False,
    ).exclude(takedown__case__report__status=Status.ERASED)
    rows = rows.order_by("pk")
    for pk, platform, key in rows.values_list("takedown", "takedown__platform", "key").iterator(BATCH):
        parts = (key or "").split(":")
        index = blind.index(REFERENCE, parts[1]) if len(parts) == 3 else None
        if index:
            yield pk, to[platform], index


_PAIR = """
WITH statements AS (
    SELECT id, platform_id, reference,
        row_number() OVER (PARTITION BY platform_id, reference ORDER BY day, uuid) AS place
    FROM reconciliation_statement
    WHERE upload_id = %(upload)s AND takedown_id IS NULL AND reference IS NOT NULL AND platform_id IS NOT NULL
), requests AS (
    SELECT takedown, platform, reference,
        row_number() OVER (PARTITION BY platform, reference ORDER BY takedown) AS place
    FROM (SELECT DISTINCT takedown, platform, reference FROM known) AS once
    WHERE NOT EXISTS (
        SELECT 1 FROM reconciliation_statement AS taken
        WHERE taken.upload_id = %(upload)s AND taken.takedown_id = once.takedown
    )
), pairs AS (
    SELECT DISTINCT ON (requests.takedown) statements.id, requests.takedown
    FROM statements JOIN requests ON requests.platform = statements.platform_id
        AND requests.reference = statements.reference AND requests.place = statements.place
    ORDER BY requests.takedown, statements.id
)
UPDATE reconciliation_statement AS statement SET takedown_id = pairs.takedown
FROM pairs WHERE pairs.id = statement.id
"""


def _pair(upload: Upload, known: Pairs) -> None:
    """Each statement with one of our requests of the same number: the first with the first, the second with the second."""
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TEMPORARY TABLE known (takedown uuid, platform bigint, reference bytea) ON COMMIT DROP"
        )
        batch: list[tuple[Any, ...]] = []
        for one in known:
            batch.append(one)
            if len(batch) >= BATCH:
                _fill(cursor, batch)
                batch = []
        if batch:
            _fill(cursor, batch)
        cursor.execute("ANALYZE known")
        cursor.execute(_PAIR, {"upload": upload.pk})
        cursor.execute("DROP TABLE known")


def _fill(cursor: Any, batch: list[tuple[Any, ...]]) -> None:
    ids, platforms, references = zip(*batch, strict=True)
    cursor.execute(
        "INSERT INTO known SELECT * FROM unnest(%s::uuid[], %s::bigint[], %s::bytea[])",
        [list(ids), list(platforms), list(references)],
    )


# One item of a notice may stand for several people: the platform decides once, and it is counted once. Erasing takes a
# request out of what it shared; the figures know what that was.
_LINES = """
WITH platforms AS (
    SELECT * FROM unnest(%(platforms)s::bigint[], %(roots)s::bigint[]) AS known(id, root)
), said AS (
    SELECT * FROM unnest(%(says)s::text[], %(decisions)s::text[]) AS words(says, decision)
), theirs AS (
    SELECT platform_id AS platform, category, decision, day,
        count(*) FILTER (WHERE takedown_id IS NOT NULL) AS exact,
        count(*) FILTER (WHERE takedown_id IS NULL) AS theirs
    FROM reconciliation_statement WHERE upload_id = %(upload)s AND platform_id IS NOT NULL
    GROUP BY 1, 2, 3, 4
), ours AS (
    SELECT platform, category, decision, day, count(*) AS ours
    FROM (
        SELECT DISTINCT ON (takedown.notice_id, COALESCE(takedown.item_id, fact.item, takedown.id))
            platforms.root AS platform,
            CASE WHEN report.age_range = ANY(%(minors)s) THEN %(of_minors)s ELSE %(violence)s END AS category,
            said.decision,
            (takedown.platform_at AT TIME ZONE %(zone)s)::date AS day,
            takedown.id
        FROM takedowns_takedown AS takedown
        LEFT JOIN dashboards_takedownfact AS fact ON fact.id = takedown.id
        JOIN platforms ON platforms.id = takedown.platform_id
        JOIN said ON said.says = takedown.platform_says
        JOIN takedowns_notice AS notice ON notice.id = takedown.notice_id
        JOIN cases_case AS desk ON desk.id = takedown.case_id
        JOIN reports_report AS report ON report.id = desk.report_id
        WHERE takedown.platform_at >= %(first)s::date::timestamp AT TIME ZONE %(zone)s
          AND takedown.platform_at < (%(last)s::date + 1)::timestamp AT TIME ZONE %(zone)s
          AND takedown.sent_at IS NOT NULL
          AND takedown.escalates_id IS NULL
          AND %(regime)s = ANY(notice.regimes)
          AND NOT EXISTS (
              SELECT 1 FROM reconciliation_statement AS taken
              JOIN takedowns_takedown AS pair ON pair.id = taken.takedown_id
              LEFT JOIN dashboards_takedownfact AS known ON known.id = pair.id
              WHERE taken.upload_id = %(upload)s AND pair.notice_id = takedown.notice_id
                AND COALESCE(pair.item_id, known.item, pair.id)
                    = COALESCE(takedown.item_id, fact.item, takedown.id)
          )
        ORDER BY takedown.notice_id, COALESCE(takedown.item_id, fact.item, takedown.id), takedown.id
    ) AS requests
    GROUP BY 1, 2, 3, 4
), found AS (
    SELECT platform, category, decision, day,
        COALESCE(exact, 0) AS exact, COALESCE(theirs, 0) AS theirs, COALESCE(ours, 0) AS ours
    FROM theirs FULL JOIN ours USING (platform, category, decision, day)
), gone AS (
    DELETE FROM reconciliation_line AS line WHERE line.upload_id = %(upload)s AND NOT EXISTS (
        SELECT 1 FROM found WHERE found.platform = line.platform_id AND found.category = line.category
            AND found.decision = line.decision AND found.day = line.day
    )
)
INSERT INTO reconciliation_line AS line
    (id, upload_id, platform_id, category, decision, day, exact, theirs, ours)
SELECT gen_random_uuid(), %(upload)s, platform, category, decision, day, exact, theirs, ours FROM found
ON CONFLICT (upload_id, platform_id, category, decision, day) DO UPDATE SET
    exact = excluded.exact, theirs = excluded.theirs, ours = excluded.ours,
    -- What was settled was settled about other numbers.
    settled_at = CASE WHEN (line.theirs, line.ours) = (excluded.theirs, excluded.ours) THEN line.settled_at END,
    settled_by_id = CASE WHEN (line.theirs, line.ours) = (excluded.theirs, excluded.ours) THEN line.settled_by_id END,
    note = CASE WHEN (line.theirs, line.ours) = (excluded.theirs, excluded.ours) THEN line.note END
"""


# What was settled of a platform that became part of another one stays settled, where its line has no other to join.
_MOVE_LINES = """
UPDATE reconciliation_line AS line SET platform_id = moved.root
FROM (
    SELECT DISTINCT ON (known.root, one.category, one.decision, one.day) one.id, known.root
    FROM reconciliation_line AS one
    JOIN unnest(%(platforms)s::bigint[], %(roots)s::bigint[]) AS known(id, root) ON known.id = one.platform_id
    WHERE one.upload_id = %(upload)s AND known.id <> known.root
        AND NOT EXISTS (
            SELECT 1 FROM reconciliation_line AS there
            WHERE (there.upload_id, there.platform_id, there.category, there.decision, there.day)
                = (one.upload_id, known.root, one.category, one.decision, one.day)
        )
    ORDER BY known.root, one.category, one.decision, one.day, one.settled_at NULLS LAST, one.id
) AS moved
WHERE line.id = moved.id
"""


def _write_lines(upload: Upload, platforms: Mapping[int, int]) -> None:
    values = {
        "upload": upload.pk,
        "platforms": list(platforms),
        "roots": list(platforms.values()),
        "says": [str(word) for word in OURS],
        "decisions": [decision.value for decision in OURS.values()],
        "minors": [one.value for one in AgeRange if one.is_minor],
        "of_minors": PROTECTION_OF_MINORS,
        "violence": CYBER_VIOLENCE,
        "first": upload.first_day,
        "last": upload.last_day,
        "zone": settings.TIME_ZONE,
        "regime": Regime.EU_DSA_16.value,
    }
    with connection.cursor() as cursor:
        cursor.execute(_MOVE_LINES, values)
        cursor.execute(_LINES, values)


_TOTALS = """
SELECT COALESCE(sum(exact), 0), COALESCE(sum(least(theirs, ours)), 0),
    COALESCE(sum(greatest(theirs - ours, 0)), 0), COALESCE(sum(greatest(ours - theirs, 0)), 0),
    count(*) FILTER (WHERE theirs <> ours AND settled_at IS NULL),
    count(*) FILTER (WHERE theirs > ours), count(*) FILTER (WHERE ours > theirs), count(*)
FROM reconciliation_line WHERE upload_id = %s
"""


def totals(upload: Upload) -> dict[str, int]:
    """Pairs, what is as many on both sides, only theirs, only ours; and how many lines are open. One statement."""
    with connection.cursor() as cursor:
        cursor.execute(_TOTALS, [upload.pk])
        row = cursor.fetchone()
    names = ("exact", "counted", "theirs", "ours", "open", "theirs_lines", "ours_lines", "lines")
    return dict(zip(names, (int(one) for one in row), strict=True))


def requests_of(line: Line) -> QuerySet[Takedown]:
    """Our side of a line that is compared as a count: each request, also where several share an item."""
    same = [pk for pk, root in roots().items() if root == line.platform_id]
    ages = [one.value for one in AgeRange if one.is_minor is (line.category == PROTECTION_OF_MINORS)]
    says = [str(word) for word, decision in OURS.items() if decision == line.decision]
    if line.category not in {PROTECTION_OF_MINORS, CYBER_VIOLENCE}:
        return Takedown.objects.none()
    pairs = Statement.objects.filter(upload=line.upload_id, takedown__isnull=False).values("takedown")
    return Takedown.objects.filter(
        ~Q(sent_at=None),
        platform__in=same,
        platform_says__in=says,
        platform_at__gte=midnight(line.day),
        platform_at__lt=midnight(line.day + timedelta(days=1)),
        escalates=None,
        notice__regimes__contains=[Regime.EU_DSA_16],
        case__report__age_range__in=ages,
    ).exclude(pk__in=pairs)
