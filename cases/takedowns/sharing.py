"""One link, many people: what is asked for once answers to everybody it harms, whichever way they come.

Who comes later shares the request from where it stands. Each sees only their own row of it; when one withdraws or cancels,
it goes on for the others.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import connection

from cases.actions import happened
from cases.models import Case
from cases.states import Happening
from cases.takedowns import states
from cases.takedowns.models import Event, Takedown
from cases.takedowns.states import Outcome, Source, Status
from helpline.accounts.models import Staff
from helpline.audit import actions as audit
from reports import actions as reports
from reports.models import Link
from reports.states import News

# Advisory locks: two colleagues who ask for the same content, from whichever side, ask one after the other.
ASKING = 0x41534B

STANDS = (
    *("notice_id", "platform_id", "status", "status_at", "sent_at", "transport", "transport_at"),
    *("platform_says", "platform_at", "acted_at", "redress_until", "observed", "observed_at", "gone_at"),
    *("reappeared_at", "next_look_at", "misses"),
)


def content_key(link: Link) -> bytes:
    """What a link leads to: the same for everybody who names the same address."""
    return bytes(link.url_index or link.account_index or link.pk.bytes)


def lock_contents(links: Iterable[Link]) -> None:
    """Whoever asks for one of these waits until this transaction ends. Before every other lock."""
    keys = sorted({int.from_bytes(content_key(link)[:4], "big", signed=True) for link in links})
    with connection.cursor() as cursor:
        for key in keys:
            cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [ASKING, key])


def running(links: Iterable[Link], *, besides: Case | None = None) -> dict[bytes, Takedown]:
    """By content: a request that is under way for it, in whosever name, or in anybody's but one case's.

    What waits to be mended asks nobody yet, and a step of the ladder is its own case's matter: neither is shared.
    """
    wanted = [link.url_index for link in links if link.url_index is not None]
    rows = Takedown.objects.filter(link__url_index__in=wanted, escalates=None)
    rows = rows.exclude(status__in=states.MAY_ASK_AGAIN | {Status.DRAFT})
    if besides is not None:
        rows = rows.exclude(case=besides)
    found: dict[bytes, Takedown] = {}
    for row in rows.select_related("link", "notice").order_by("-requested_at", "pk"):
        found[bytes(row.link.url_index or b"")] = row
    return found


def share(links: Sequence[Link], of: Takedown, *, cases: Mapping[Any, Case], at: datetime) -> list[Takedown]:
    """Further people whom a request under way, locked, answers, too: from here on what it learns is told to them.

    `cases` by report.
    """
    if of.item_id is None:
        of.item_id = of.pk
        of.save(update_fields=["item_id"])
    rows = []
    for link in links:
        row = Takedown(case=cases[link.report_id], link=link, item_id=of.item_id, requested_at=at)
        for name in STANDS:
            setattr(row, name, getattr(of, name))
        rows.append(row)
    return Takedown.objects.bulk_create(rows)


def announce(
    rows: Sequence[Takedown],
    *,
    by_report: Mapping[Any, Case],
    by: Staff,
    at: datetime,
    detail: dict[str, Any],
) -> None:
    """A request, new or shared: the timelines, the young people, the cases, the trail."""
    if not rows:
        return
    platform = rows[0].platform.name
    Event.objects.bulk_create(
        Event(
            takedown=row, at=at, recorded_at=at, source=Source.PERSON, what=row.status, by=by, detail=detail
        )
        for row in rows
    )
    report_of = {case.pk: report_id for report_id, case in by_report.items()}
    news = []
    for row in rows:
        said = [(News.IN_PROGRESS, at)]
        if row.sent_at is not None:
            said.append((News.SENT, at))
        if row.status in states.SAID_REMOVED:
            said.append((states.NEWS_OF[Outcome(row.status)], at))
        news += [
            reports.NewsItem(
                report_id=report_of[row.case_id],
                link_id=row.link_id,
                what=what,
                at=when,
                data={"platform": platform},
            )
            for what, when in said
        ]
    # What came first is told first: the last word is where the link stands.
    for what in dict.fromkeys((News.IN_PROGRESS, News.SENT, *states.NEWS_OF.values())):
        if told := [one for one in news if one.what == what]:
            reports.post_updates(told)
    counts = Counter(row.case_id for row in rows)
    for case in by_report.values():
        if case.pk in counts:
            happened(case, Happening.REQUESTED, by=by, at=at, platform=platform, count=counts[case.pk])
    audit.record_many(
        audit.row(by=by, verb="takedown.requested", obj=row, detail=detail, at=at) for row in rows
    )
