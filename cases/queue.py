"""The counsellors' queue: finds reports that nobody called about, scores them, and reads the list page by page.

The row is the message: a submitted report without a queue item is new.
"""

import base64
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.exceptions import EmptyResultSet, PermissionDenied
from django.db import connection, transaction
from django.db.models import Prefetch, Q, QuerySet, Value
from django.db.models.functions import Coalesce, Now, NullIf
from django.utils import timezone

from cases import triage
from cases.models import Case, QueueItem
from cases.states import CaseStatus, QueueState
from helpline.accounts.models import Membership, Staff
from helpline.accounts.permissions import Permission
from helpline.audit import actions as audit
from helpline.crypto import blind
from helpline.platforms import directory, links
from reports import actions as report_actions
from reports.models import Link, Message, Report
from reports.states import Status

PAGE = 50
COUNT_UP_TO = 100  # a tab says "99+" beyond: counting a long queue costs more than the number is worth
NEWS_UP_TO = 2 * PAGE  # rows that one look for news reads at most
FREE = Q(claimed_until=None) | Q(claimed_until__lte=Now())
ORDER = ("-danger", "rank_at", "report_id")


@transaction.atomic
def add_new_reports(*, at: datetime, limit: int = 500) -> int:
    """Score submitted reports that have no queue item yet. Safe to run twice at once. Returns how many were added."""
    # Locked, like everything that changes what belongs to a report: somebody may be opening it at this moment.
    reports = list(
        Report.objects.select_for_update(no_key=True, skip_locked=True, of=("self",))
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
    item = QueueItem.objects.select_for_update(no_key=True).get(report=report)
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
    """Score anew the reports to which the young person added something, and mark them as unread.

    Safe to run twice at once. Returns how many there were.
    """
    reports = list(
        Report.objects.select_for_update(no_key=True, skip_locked=True, of=("self",))
        .filter(is_retold=True, queue_item__isnull=False)
        .order_by("pk")[:limit]
    )
    for report in reports:
        refresh(report=report, at=at)
    QueueItem.objects.filter(report__in=reports).exclude(case=None).update(unread=True)
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


# --- who reads what just now ------------------------------------------------------------------------------
#
# A claim is a lease by the database's clock. Nobody sweeps: one that has run out holds nothing. It is no act on the
# report, so only taking one over leaves a line in the trail; that somebody reads the report is recorded by the reading.


class Claimed(Exception):
    """A colleague reads this report at this moment: `by` says who."""

    def __init__(self, by: Staff) -> None:
        super().__init__("A colleague reads this report at this moment.")
        self.by = by


def _lease() -> Any:
    return Now() + settings.CLAIM


def claim(*, report: Report, by: Staff) -> bool:
    """`by` reads it: for `settings.CLAIM` nobody else is offered it. Again before it ends, the time begins anew.

    False when a colleague reads it, or when it waits no longer.
    """
    free = QueueItem.objects.filter(FREE | Q(claimed_by=by), report=report, state=QueueState.WAITING)
    return bool(free.update(claimed_by=by, claimed_until=_lease()))


def release(*, report: Report, by: Staff) -> bool:
    """Give it back to everyone. False when `by` had not claimed it."""
    mine = QueueItem.objects.filter(report=report, claimed_by=by)
    return bool(mine.update(claimed_by=None, claimed_until=None))


@transaction.atomic
def take_over(*, report: Report, by: Staff, at: datetime) -> bool:
    """A supervisor reads it instead of whoever does. False when it waits no longer. Raises PermissionDenied."""
    if not by.can(Permission.CASES_ALL):
        raise PermissionDenied
    item = (
        QueueItem.objects.select_for_update(no_key=True)
        .filter(report=report, state=QueueState.WAITING)
        .first()
    )
    if item is None:
        return False
    QueueItem.objects.filter(pk=item.pk).update(claimed_by=by, claimed_until=_lease())
    audit.record(by=by, verb="report.taken_over", obj=report, detail={"from": item.claimed_by_id}, at=at)
    return True


@transaction.atomic
def next_for(*, staff: Staff) -> UUID | None:
    """Claim the most urgent report that waits and that nobody reads; its id, or None when there is none.

    Two who ask at once get two: what one is being given, the other passes over.
    """
    waiting = QueueItem.objects.select_for_update(no_key=True, skip_locked=True, of=("self",)).filter(
        FREE, state=QueueState.WAITING
    )
    item = waiting.order_by(*ORDER).first()
    if item is None:
        return None
    QueueItem.objects.filter(pk=item.pk).update(claimed_by=staff, claimed_until=_lease())
    return item.report_id


def check_nobody_else_reads(*, report: Report, allowed: Iterable[Staff]) -> None:
    """Raises Claimed when somebody other than `allowed` reads it. Its line stays locked, so that nobody begins now."""
    item = QueueItem.objects.select_for_update(no_key=True).filter(report=report).first()
    if item is None or item.claimed_by_id is None or item.claimed_by_id in {one.pk for one in allowed}:
        return
    live = QueueItem.objects.filter(pk=item.pk, claimed_until__gt=Now()).select_related("claimed_by").first()
    if live is not None and live.claimed_by is not None:
        raise Claimed(live.claimed_by)


# --- reading ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Filters:
    """What the counsellor asked to see. Empty means all. Days are those of the helpline's own time zone, both included."""

    view: str = "waiting"  # waiting, mine, open
    kind: str = ""
    age_range: str = ""
    language: str = ""
    danger: bool = False
    since: date | None = None
    until: date | None = None


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
    found = QueueItem.objects.select_related("holder", "case", "claimed_by").order_by(*ORDER)
    if filters.view == "mine":
        found = found.filter(state=QueueState.OPEN, holder=staff)
    elif filters.view == "open":
        found = found.filter(state=QueueState.OPEN)
        if not staff.can(Permission.CASES_ALL):
            # Not-yours looks like not-there, in the list as on the page.
            teams = Membership.objects.filter(staff=staff).values("team")
            in_hand = Case.objects.filter(team__in=teams).exclude(status=CaseStatus.CLOSED)
            found = found.filter(Q(holder=staff) | Q(case__in=in_hand))
    else:
        found = found.filter(state=QueueState.WAITING)
    for name in ("kind", "age_range", "language"):
        if value := getattr(filters, name):
            found = found.filter(**{name: value})
    if filters.since:
        found = found.filter(submitted_at__gte=_midnight(filters.since))
    if filters.until:
        found = found.filter(submitted_at__lt=_midnight(filters.until + timedelta(days=1)))
    return found.filter(danger=True) if filters.danger else found


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))


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
    statement = _Statement()
    for rows in found.values():
        statement.count(rows)
    return dict(zip(found, statement.ask(), strict=True))


@dataclass(frozen=True, slots=True)
class News:
    """What a page of the queue looks like now: as few facts as it takes to bring one on a screen up to date."""

    counts: Mapping[str, int]  # under each tab, and "danger"
    danger: Sequence[UUID]  # the reports that wait and speak of danger, the first few
    rows: Sequence[Mapping[str, Any]]
    is_whole: bool  # False when there were more rows than are looked at: what is missing may still be there


def news(*, staff: Staff, filters: Filters, after: str = "") -> News:
    """The rows from `after`, a cursor, on, and the counts: in one statement. Raises BadCursor."""
    found = items(staff=staff, filters=filters).select_related(None)
    if after:
        found = found.filter(_after(after))
    told = found.values(
        *("report_id", "state", "submitted_at", "deadline_at", "unread", "claimed_by_id"),
        holder_name=_name_of("holder"),
        reader_name=_name_of("claimed_by"),
        is_read=Q(claimed_until__gt=Now()),
    )[: NEWS_UP_TO + 1]
    in_danger = QueueItem.objects.filter(state=QueueState.WAITING, danger=True)
    counts = tabs(staff=staff) | {"danger": in_danger}
    statement = _Statement()
    for rows in counts.values():
        statement.count(rows)
    statement.tell(in_danger.order_by("rank_at", "report_id").values("report_id")[:PAGE])
    statement.tell(told)
    *numbers, endangered, lines = statement.ask()
    for line in lines:
        line["is_own"] = line["claimed_by_id"] == staff.pk
        for name in ("submitted_at", "deadline_at"):
            line[name] = line[name] and datetime.fromisoformat(line[name])
    return News(
        counts=dict(zip(counts, numbers, strict=True)),
        danger=[UUID(one["report_id"]) for one in endangered],
        rows=lines[:NEWS_UP_TO],
        is_whole=len(lines) <= NEWS_UP_TO,
    )


def _name_of(colleague: str) -> Any:
    """What `str()` of a colleague says, by the database."""
    return Coalesce(NullIf(f"{colleague}__display_name", Value("")), f"{colleague}__username")


class _Statement:
    """Several questions in one: what costs is going there."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.params: list[Any] = []

    def count(self, rows: QuerySet[Any]) -> None:
        """How many rows, counted up to COUNT_UP_TO."""
        self._add("SELECT count(*)", rows.order_by().values("pk")[:COUNT_UP_TO], nothing="0")

    def tell(self, rows: QuerySet[Any, Any]) -> None:
        """The rows themselves, in their order: a list of dicts."""
        self._add("SELECT coalesce(json_agg(asked), '[]')", rows, nothing="'[]'::json")

    def _add(self, what: str, rows: QuerySet[Any, Any], *, nothing: str) -> None:
        try:
            sql, values = rows.query.sql_with_params()
        except EmptyResultSet:
            self.parts.append(nothing)
            return
        self.parts.append(f"({what} FROM ({sql}) AS asked)")  # the ORM's own SQL, values apart
        self.params.extend(values)

    def ask(self) -> Sequence[Any]:
        """The answers, in the order of the questions."""
        if not self.parts:
            return ()
        with connection.cursor() as cursor:
            cursor.execute("SELECT " + ", ".join(self.parts), self.params)
            answers = cursor.fetchone() or ()
        return [json.loads(one) if isinstance(one, str) else one for one in answers]


def in_danger() -> Iterable[QueueItem]:
    """The strip above everything: waiting, and a life may be at stake."""
    return QueueItem.objects.filter(state=QueueState.WAITING, danger=True).order_by("rank_at")[:5]


def search(*, staff: Staff, text: str, limit: int = PAGE) -> Sequence[QueueItem]:
    """Reports and cases this person may see that carry `text` as reference, link, account or day.

    Compared are blind indexes. Each way of finding is asked by itself, so that each has its index; who may see what is
    asked of the few that were found.
    """
    text = text.replace("\0", "").strip()
    ways: list[QuerySet[Any, Any]] = [QueueItem.objects.filter(case__ref=text.upper()).values("report_id")]
    urls = [
        blind.index("url", links.blind_key(written.url))
        for written in links.find_links(text, skip_malformed=True)
    ]
    if urls:
        ways.append(Link.objects.filter(url_index__in=urls).values("report_id"))
    if accounts := _account_indexes(text):
        ways.append(Link.objects.filter(account_index__in=accounts).values("report_id"))
    if day := day_in(text):
        then = QueueItem.objects.filter(
            submitted_at__gte=_midnight(day), submitted_at__lt=_midnight(day + timedelta(days=1))
        )
        ways.append(
            _visible_to(staff, then).order_by("-submitted_at", "report_id").values("report_id")[:limit]
        )
    found = [one["report_id"] for one in ways[0].union(*ways[1:])]
    rows = _visible_to(staff, QueueItem.objects.filter(pk__in=found))
    rows = rows.select_related("holder", "case", "claimed_by")
    return list(rows.order_by("-submitted_at", "report_id")[:limit])


def _visible_to(staff: Staff, found: QuerySet[QueueItem]) -> QuerySet[QueueItem]:
    """What of `found` waits, or is a case this person may see. Only the cases among `found` are looked at."""
    cases = Case.objects.visible_to(staff).filter(report__in=found.order_by().values("report_id"))
    seen = Q(case__in=cases)
    if staff.can(Permission.QUEUE_READ):
        seen |= Q(state=QueueState.WAITING)
    return found.filter(seen)


def day_in(text: str) -> date | None:
    """The day that is written: 2026-03-02, 02/03/2026, 2.3.2026. None for anything else."""
    for form in ("%Y-%m-%d", "%d/%m/%Y", "%d.%m.%Y"):
        try:
            day = datetime.strptime(text, form).date()
        except ValueError:
            continue
        return day if 2000 <= day.year < 2100 else None
    return None


def _account_indexes(name: str) -> list[bytes | None]:
    """The blind indexes `name` would have as an account of each platform: nobody says which one they mean."""
    try:
        keys = [links.account_key(slug, name) for slug in directory.current().by_slug]
    except links.MalformedLink:
        return []
    return [blind.index("account", key) for key in keys]
