"""`queue_rows COUNT WAITING OPEN`: a helpline that has had COUNT reports; answers a session and a place deep in the queue.

WAITING of them wait, OPEN are in hand, the rest are closed cases of the past three years; every fourth report has a link
that was asked of a platform. Written by the database itself, because a million rows through the actions take hours: the
columns that the queue reads are as the program writes them, the sealed ones hold a few bytes that nobody opens.
"""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from django.apps import apps
from django.conf import settings
from django.db import connection, transaction
from django.test import Client

from cases import queue
from cases.models import QueueItem
from cases.states import QueueState
from helpline.accounts.models import Membership, Role, Staff, Team
from tests.bench.inside.bulk import without_indexes

TEAMS, STAFF = 8, 40
TABLES = (
    *(
        "reports_report",
        "reports_link",
        "cases_case",
        "cases_queueitem",
        "cases_incident",
        "cases_incidentmember",
    ),
    *("takedowns_notice", "takedowns_takedown"),
)
CLOSED_LINKS = [
    "gone",
    "gone",
    "gone",
    "gone",
    "gone",
    "removed",
    "refused",
    "not_found",
    "failed",
    "withdrawn",
]

# What every row draws from, by its number i: facts that do not follow one another.
DRAWN = """
SELECT i,
    md5('report' || i)::uuid AS id,
    CASE WHEN i <= %(waiting)s THEN 'waiting' WHEN i <= %(waiting)s + %(open)s THEN 'open' ELSE 'closed' END AS state,
    i %% 97 = 0 AS danger,
    (i * 7919) %% 24 * 5 + CASE WHEN i %% 97 = 0 THEN 100 ELSE 0 END AS score,
    now() - CASE WHEN i <= %(waiting)s THEN (i * 104729) %% 172800
        WHEN i <= %(waiting)s + %(open)s THEN (i * 104729) %% 5184000
        ELSE 5184000 + (i * 104729) %% 90000000 END * interval '1 second' AS submitted_at,
    (ARRAY['deepnude', 'real-image', 'threat', 'sent', 'unsure'])[1 + (i * 31) %% 5] AS kind,
    (ARRAY['under-13', '13-14', '13-14', '15-17', '15-17', '18+', 'unknown'])[1 + (i * 17) %% 7] AS age_range,
    CASE WHEN i %% 5 = 0 THEN 'en' ELSE 'fr' END AS language,
    %(first_staff)s + (i * 13) %% %(staff)s AS holder_id,
    'team-' || (i * 13) %% %(teams)s AS team_id
FROM generate_series(1, %(count)s::bigint) AS i
"""
FILL = """
INSERT INTO reports_report (id, status, channel, language, who, age_range, kind, circumstances, deadline_at, submitted_at,
    last_contact_at, contact_via, story, code_key, staff_key, locator)
SELECT id, CASE state WHEN 'waiting' THEN 'submitted' WHEN 'open' THEN 'in_case' ELSE 'closed' END, 'web', language, 'self',
    age_range, kind, '{blackmail}', CASE WHEN i %% 9 = 0 THEN submitted_at + interval '2 days' END, submitted_at,
    submitted_at, 'none', 'sealed', 'sealed', 'sealed', decode(md5('locator' || i), 'hex')
FROM drawn;

INSERT INTO cases_case (id, ref, report_id, status, team_id, assignee_id, opened_by_id, opened_at, changed_at, closed_at,
    outcome, key)
SELECT i, lpad(upper(to_hex(i)), 8, '0'), id, CASE state WHEN 'closed' THEN 'closed' ELSE 'open' END, team_id, holder_id,
    holder_id, submitted_at, submitted_at, CASE state WHEN 'closed' THEN submitted_at + interval '9 days' END,
    CASE state WHEN 'closed' THEN 'gone' ELSE '' END, 'sealed'
FROM drawn WHERE state <> 'waiting';

INSERT INTO cases_queueitem (report_id, case_id, state, danger, score, reasons, rank_at, scored_at, submitted_at,
    deadline_at, kind, age_range, language, places, link_count, holder_id, unread)
SELECT id, CASE WHEN state <> 'waiting' THEN i END, state, danger, score,
    CASE WHEN danger THEN '[{"code": "in-danger", "points": 100}, {"code": "minor", "points": 10}]'
        WHEN score > 40 THEN '[{"code": "blackmail", "points": 40}, {"code": "minor", "points": 10}]'
        ELSE '[{"code": "minor", "points": 10}]' END::jsonb,
    submitted_at - score * interval '6 minutes', submitted_at, submitted_at,
    CASE WHEN i %% 9 = 0 THEN submitted_at + interval '2 days' END, kind, age_range, language,
    CASE WHEN i %% 4 = 0 THEN 'Chatter, Clipshare' ELSE 'Snaproom' END, 1 + i %% 3,
    CASE WHEN state <> 'waiting' THEN holder_id END, state = 'open' AND i %% 20 = 0
FROM drawn;

INSERT INTO reports_link (id, report_id, position, platform_id, kind, url, url_index, status, status_at, added_at)
SELECT md5('link' || i)::uuid, id, 1, %(platform)s, 'post', 'sealed', decode(md5('url' || i), 'hex'),
    CASE state WHEN 'closed' THEN 'gone' ELSE 'received' END, submitted_at, submitted_at
FROM drawn WHERE i %% 4 = 0;

INSERT INTO takedowns_notice (id, channel_id, regimes, language, requested_by_id, requested_at, fence, tries, asks,
    reference, failure, key, content)
SELECT md5('notice' || i)::uuid, %(channel)s, '{eu-dsa-16}', language, holder_id, submitted_at, 1, 1, 0, 'r', '', 'sealed',
    'sealed'
FROM drawn WHERE i %% 4 = 0 AND state <> 'waiting';

INSERT INTO takedowns_takedown (id, notice_id, case_id, link_id, platform_id, status, status_at, requested_at, sent_at,
    transport, transport_at, platform_says, observed, looks, misses)
SELECT md5('takedown' || i)::uuid, md5('notice' || i)::uuid, i, md5('link' || i)::uuid, %(platform)s,
    CASE state WHEN 'open' THEN (ARRAY['sent', 'acknowledged', 'removed', 'refused', 'unknown'])[1 + (i / 4) %% 5]
        ELSE (%(closed_links)s::text[])[1 + (i / 4) %% 10] END,
    submitted_at, submitted_at, submitted_at, 'accepted', submitted_at, '', '', 0, 0
FROM drawn WHERE i %% 4 = 0 AND state <> 'waiting';

INSERT INTO cases_incident (id, ref, status, opened_at) SELECT i, 'I' || i, 'open', now() FROM generate_series(1, 100) AS i;

INSERT INTO cases_incidentmember (incident_id, case_id, state, reasons, proposed_at, decided_at)
SELECT 1 + i %% 100, i, CASE WHEN i %% 100 = 0 THEN 'proposed' ELSE 'joined' END, '["url"]', submitted_at,
    CASE WHEN i %% 100 = 0 THEN NULL ELSE submitted_at END
FROM drawn WHERE i %% 20 = 0 AND state <> 'waiting';
"""


def people() -> Staff:
    """Forty counsellors in eight teams; answers the one who looks at the queue."""
    role = Role.objects.get(slug="counsellor")
    for number in range(TEAMS):
        Team.objects.create(slug=f"team-{number}", name=f"Team {number}")
    for number in range(STAFF):
        one = Staff(username=f"staff{number}", display_name=f"Staff {number}", role=role)
        one.set_unusable_password()
        one.save()
        Membership.objects.create(staff=one, team_id=f"team-{number % TEAMS}")
    return Staff.objects.order_by("pk")[0]


@contextmanager
def defaults() -> Iterator[None]:
    """A column that FILL does not name gets what the model would give it: in the database, for as long as this lasts."""
    unsaid = [
        (model._meta.db_table, field.column, connection.schema_editor().effective_default(field))
        for model in apps.get_models()
        if model._meta.db_table in TABLES
        for field in model._meta.local_concrete_fields
        if not field.null and not field.primary_key
    ]
    unsaid = [one for one in unsaid if one[2] is not None]
    with connection.cursor() as cursor:
        for table, column, value in unsaid:
            cursor.execute(f'ALTER TABLE {table} ALTER COLUMN "{column}" SET DEFAULT %s', [value])
        yield
        for table, column, _value in unsaid:
            cursor.execute(f'ALTER TABLE {table} ALTER COLUMN "{column}" DROP DEFAULT')


def fill(count: int, waiting: int, opened: int, *, first_staff: int) -> None:
    """Every table, at the database's own pace; keys and references are checked once, at the end."""
    with transaction.atomic(), defaults(), connection.cursor() as cursor:
        cursor.execute("SELECT platform_id, id FROM platforms_channel ORDER BY id LIMIT 1")
        platform, channel = cursor.fetchone()
        facts = {
            **{"count": count, "waiting": waiting, "open": opened, "platform": platform, "channel": channel},
            **{"first_staff": first_staff, "staff": STAFF, "teams": TEAMS, "closed_links": CLOSED_LINKS},
        }
        with without_indexes(cursor, TABLES):
            cursor.execute(f"CREATE TEMPORARY TABLE drawn ON COMMIT DROP AS {DRAWN}", facts)
            cursor.execute(FILL, facts)
    with connection.cursor() as cursor:
        cursor.execute(f"VACUUM ANALYZE {', '.join(TABLES)}")


def main(count: int, waiting: int, opened: int) -> None:
    staff = people()
    fill(count, waiting, opened, first_staff=staff.pk)
    client = Client()
    client.force_login(staff, backend=settings.AUTHENTICATION_BACKENDS[0])
    deep = QueueItem.objects.filter(state=QueueState.WAITING).order_by("-danger", "rank_at", "report_id")[
        waiting * 3 // 4
    ]
    session = client.cookies[settings.SESSION_COOKIE_NAME]
    print(json.dumps({"session": f"{session.key}={session.value}", "after": queue.cursor_of(deep)}))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:4]))
