"""The counsellors' queue: finds reports that nobody called about, scores them, and reads the list page by page.

The row is the message: a submitted report without a queue item is new.
"""

import base64
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.exceptions import EmptyResultSet
from django.db import connection, transaction
from django.db.models import Prefetch, Q, QuerySet

from cases import triage
from cases.models import Case, QueueItem
from cases.states import CaseStatus, QueueState
from helpline.accounts.models import Staff
from helpline.accounts.permissions import Permission
from helpline.crypto import blind
from helpline.platforms import directory, links
from reports import actions as report_actions
from reports.models import Link, Message, Report
from reports.states import Status

PAGE = 50
COUNT_UP_TO = 100  # a tab says "99+" beyond: counting a long queue costs more than the number is worth


@transaction.atomic
def add_new_reports(*, at: datetime, limit: int = 500) -> int:
    """Score submitted reports that have no queue item yet. Safe to run twice at once. Returns how many were added."""
    # Locked, like everything that changes what belongs to a report: somebody may be opening it at this moment.
    reports = list(
        Report.objects.select_for_update(skip_locked=True, of=("self",))
        .filter(status=Status.SUBMITTED, queue_item=None)
        .order_by("submitted_at")
        .prefetch_related(Prefetch("links", Link.objects.select_related("platform")))[:limit]
    )
    QueueItem.objects.bulk_create(
        (_item(report, report.links.all(), at=at) for report in reports), ignore_conflicts=True
    )
    return len(reports)


def add_report(*, report: Report, at: datetime) -> None:
    """The same for one report, for whoever opens it before the sweep came by."""
    QueueItem.objects.bulk_create([_item(report, _links_of(report), at=at)], ignore_conflicts=True)


def _links_of(report: Report) -> QuerySet[Link]:
    return report.links.select_related("platform").order_by("position")


def _item(report: Report, links: Iterable[Link], *, at: datetime) -> QueueItem:
    found = triage.score(
        triage.Facts(
            kind=report.kind,
            age_range=report.age_range,
            circumstances=report.circumstances,
            submitted_at=report.submitted_at,
            deadline_at=report.deadline_at,
        ),
        points={**triage.POINTS, **settings.TRIAGE_POINTS},
    )
    places = [link.platform.name for link in links]
    return QueueItem(
        report=report,
        danger=found.danger,
        score=found.points,
        reasons=[{"code": reason.value, "points": points} for reason, points in found.reasons],
        rank_at=found.rank_at,
        scored_at=at,
        submitted_at=report.submitted_at,
        deadline_at=report.deadline_at,
        kind=report.kind,
        age_range=report.age_range,
        language=report.language,
        places=", ".join(dict.fromkeys(places))[:120],
        link_count=len(places),
    )


@transaction.atomic
def refresh(*, report: Report, at: datetime) -> None:
    """What the list shows of one report, again from its facts (links were added, a circumstance was corrected)."""
    item = QueueItem.objects.select_for_update().get(report=report)
    fresh = _item(report, _links_of(report), at=at)
    names = [
        *(
            "danger",
            "score",
            "reasons",
            "rank_at",
            "scored_at",
            "deadline_at",
            "kind",
            "age_range",
            "language",
        ),
        *("places", "link_count"),
    ]
    for name in names:
        setattr(item, name, getattr(fresh, name))
    item.save(update_fields=names)


@transaction.atomic
def refresh_retold(*, at: datetime, limit: int = 500) -> int:
    """Score anew the reports to which facts were added. Safe to run twice at once. Returns how many there were."""
    reports = list(
        Report.objects.select_for_update(skip_locked=True, of=("self",))
        .filter(is_retold=True, queue_item__isnull=False)
        .order_by("pk")[:limit]
    )
    for report in reports:
        refresh(report=report, at=at)
    report_actions.facts_are_read(reports=reports)
    return len(reports)


def note_unread(*, limit: int = 500) -> int:
    """Mark items whose young person wrote something that nobody has read. Returns how many were marked."""
    waiting = (
        Message.objects.filter(
            author=Message.Author.YOUNG_PERSON, read_at=None, report__queue_item__unread=False
        )
        .exclude(report__status=Status.ERASED)
        .order_by()
        .values_list("report_id", flat=True)
        .distinct()[:limit]
    )
    return QueueItem.objects.filter(report_id__in=list(waiting)).update(unread=True)


# --- reading ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Filters:
    """What the counsellor asked to see. Empty means all."""

    view: str = "waiting"  # waiting, mine, open
    kind: str = ""
    age_range: str = ""
    language: str = ""
    danger: bool = False


VIEWS = ("waiting", "mine", "open")


class BadCursor(ValueError):
    """The `after` of an address is not one of ours."""


def cursor_of(item: QueueItem) -> str:
    """Where the next page begins: after this item."""
    place = [item.danger, item.rank_at.isoformat(), str(item.report_id)]
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode().rstrip("=")


def _after(cursor: str) -> Q:
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        danger, rank_at, report_id = json.loads(base64.urlsafe_b64decode(padded))
        moment, report = datetime.fromisoformat(rank_at), UUID(report_id)
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        raise BadCursor from error
    if not isinstance(danger, bool) or moment.tzinfo is None:
        raise BadCursor
    later = Q(danger=danger, rank_at__gte=moment) & (Q(rank_at__gt=moment) | Q(report_id__gt=report))
    return (later | Q(danger=False)) if danger else later


def items(*, staff: Staff, filters: Filters) -> QuerySet[QueueItem]:
    """The filtered queue, most urgent first, without a limit."""
    found = QueueItem.objects.select_related("holder", "case").order_by("-danger", "rank_at", "report_id")
    if filters.view == "mine":
        found = found.filter(state=QueueState.OPEN, holder=staff)
    elif filters.view == "open":
        found = found.filter(state=QueueState.OPEN)
        if not staff.can(Permission.CASES_ALL):
            # Not-yours looks like not-there, in the list as on the page.
            in_hand = Case.objects.filter(team__in=staff.team_slugs()).exclude(status=CaseStatus.CLOSED)
            found = found.filter(Q(holder=staff) | Q(case__in=in_hand))
    else:
        found = found.filter(state=QueueState.WAITING)
    for name in ("kind", "age_range", "language"):
        if value := getattr(filters, name):
            found = found.filter(**{name: value})
    return found.filter(danger=True) if filters.danger else found


def page(
    *, staff: Staff, filters: Filters, after: str = "", limit: int = PAGE
) -> tuple[Sequence[QueueItem], str]:
    """One page and the cursor of the next, '' at the end. The same cost at every depth. Raises BadCursor."""
    found = items(staff=staff, filters=filters)
    if after:
        found = found.filter(_after(after))
    rows = list(found[: limit + 1])
    return rows[:limit], cursor_of(rows[limit - 1]) if len(rows) > limit else ""


def tabs(*, staff: Staff) -> dict[str, QuerySet[QueueItem]]:
    """What stands under each tab, for `capped_counts`."""
    return {view: items(staff=staff, filters=Filters(view=view)) for view in VIEWS}


def capped_counts(found: Mapping[str, QuerySet[Any]]) -> dict[str, int]:
    """How many rows each would give, counted up to COUNT_UP_TO, all in one statement."""
    parts: list[str] = []
    params: list[Any] = []
    for rows in found.values():
        try:
            sql, values = rows.order_by().values("pk")[:COUNT_UP_TO].query.sql_with_params()
        except EmptyResultSet:
            parts.append("0")
            continue
        parts.append(f"(SELECT count(*) FROM ({sql}) AS counted)")  # noqa: S608  the ORM's own SQL, values apart
        params.extend(values)
    if not parts:
        return {}
    with connection.cursor() as cursor:
        cursor.execute("SELECT " + ", ".join(parts), params)
        return dict(zip(found, cursor.fetchone() or (), strict=True))


def in_danger() -> Iterable[QueueItem]:
    """The strip above everything: waiting, and a life may be at stake."""
    return QueueItem.objects.filter(state=QueueState.WAITING, danger=True).order_by("rank_at")[:5]


def search(*, staff: Staff, text: str, limit: int = PAGE) -> Sequence[QueueItem]:
    """Reports and cases this person may see that carry `text` as reference, link or account. Compared are blind indexes."""
    text = text.replace("\0", "").strip()
    where = Q(case__ref=text.upper())
    for written in links.find_links(text, skip_malformed=True):
        where |= Q(report__links__url_index=blind.index("url", links.blind_key(written.url)))
    where |= Q(report__links__account_index__in=_account_indexes(text))
    seen = Q(case__in=Case.objects.visible_to(staff))
    if staff.can(Permission.QUEUE_READ):
        seen |= Q(state=QueueState.WAITING)
    found = QueueItem.objects.select_related("holder", "case").filter(where).filter(seen)
    return list(found.order_by("-submitted_at", "report_id").distinct()[:limit])


def _account_indexes(name: str) -> list[bytes | None]:
    """The blind indexes `name` would have as an account of each platform: nobody says which one they mean."""
    try:
        keys = [links.account_key(slug, name) for slug in directory.current().by_slug]
    except links.MalformedLink:
        return []
    return [blind.index("account", key) for key in keys]
