"""The counsellors' queue: finds reports that nobody called about, scores them, and reads the list page by page.

The row is the message: a submitted report without a queue item is new.
"""

import base64
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, cast
from uuid import UUID

from django.conf import settings
from django.contrib.postgres.expressions import ArraySubquery
from django.core.exceptions import EmptyResultSet
from django.db import connection, transaction
from django.db.models import (
    BooleanField,
    CharField,
    F,
    Func,
    OuterRef,
    Prefetch,
    Q,
    QuerySet,
    Subquery,
    Value,
)
from django.db.models.functions import Coalesce, Now, NullIf
from django.utils import timezone

from cases import danger, triage
from cases.models import Case, QueueItem
from cases.states import CaseStatus, QueueState
from helpline.accounts.models import Staff
from helpline.accounts.permissions import Permission
from helpline.platforms.models import Platform
from helpline.postgresql.base import DatabaseWrapper
from reports import actions as report_actions
from reports.models import Link, Message, Report
from reports.states import Status

PAGE = 50
COUNT_UP_TO = 100  # a tab says "99+" beyond: counting a long queue costs more than the number is worth
NEWS_UP_TO = 2 * PAGE  # rows that one look for news reads at most
ORDER = ("-danger", "rank_at", "report_id")
# What `str()` of a colleague says. By hand: to put a Subquery together takes longer than to answer it.
NAME = "(SELECT coalesce(nullif(display_name, ''), username) FROM accounts_staff WHERE id = %(expressions)s)"


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
            circumstances=report.holds,
            submitted_at=report.submitted_at,
            deadline_at=report.deadline_at,
        ),
        at=at,
        points={**triage.POINTS, **settings.TRIAGE_POINTS},
    )
    places = [link.platform.name for link in links]
    item = QueueItem(
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
    danger.weigh(item, report)
    return item


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
    danger.weigh(item, report)
    item.save(update_fields=[*names, *danger.FIELDS])


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
    news = QueueItem.objects.filter(report__in=reports, unread=False).exclude(case=None)
    news.update(unread=True, unread_since=at)
    report_actions.facts_are_read(reports=reports)
    return len(reports)


@transaction.atomic
def refresh_deadlines(*, at: datetime, limit: int = 500) -> int:
    """Score anew what came nearer to its deadline than one of the triage's thresholds since it was scored.

    Safe to run twice at once. Returns how many there were.
    """
    crossed = Q()
    for near in triage.NEARING:
        crossed |= Q(deadline_at__lte=at + near, scored_at__lt=F("deadline_at") - near)
    found: list[UUID] = []
    for state in (QueueState.WAITING, QueueState.OPEN):  # each has its index
        items = QueueItem.objects.filter(crossed, state=state, deadline_at__isnull=False).order_by(*ORDER)
        found += items.values_list("report_id", flat=True)[:limit]
    reports = list(
        Report.objects.select_for_update(no_key=True, skip_locked=True, of=("self",))
        .filter(pk__in=found)
        .exclude(status=Status.ERASED)
        .order_by("pk")
    )
    for report in reports:
        refresh(report=report, at=at)
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
    first = Message.objects.filter(
        report=OuterRef("report"), author=Message.Author.YOUNG_PERSON, read_at=None
    ).order_by("at")
    marked = QueueItem.objects.filter(report_id__in=list(waiting))
    return marked.update(unread=True, unread_since=Subquery(first.values("at")[:1]))


# --- reading ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Filters:
    """What the counsellor asked to see. Empty means all. Days are those of the helpline's own time zone, both included."""

    view: str = "waiting"  # waiting, mine, open, alone: a case that is with nobody
    kind: str = ""
    age_range: str = ""
    language: str = ""
    danger: bool = False
    deadline: bool = False  # one that has not passed
    platform: str = ""  # its slug
    since: date | None = None
    until: date | None = None


VIEWS = ("waiting", "mine", "open", "alone")


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
    found = QueueItem.objects.order_by(*ORDER)
    if filters.view != "waiting":  # what waits has no holder yet
        found = found.select_related("holder", "case")
    if filters.view == "mine":
        found = found.filter(state=QueueState.OPEN, holder=staff)
    elif filters.view == "open":
        found = found.filter(state=QueueState.OPEN)
        if not staff.can(Permission.CASES_ALL):
            # Not-yours looks like not-there, in the list as on the page.
            found = found.filter(case__in=_in_hand(staff))
    elif filters.view == "alone":
        found = found.filter(state=QueueState.OPEN, holder=None)
        if not staff.can(Permission.CASES_ALL):
            found = found.filter(case__team__in=staff.team_slugs())
    else:
        found = found.filter(state=QueueState.WAITING)
    for name in ("kind", "age_range", "language"):
        if value := getattr(filters, name):
            found = found.filter(**{name: value})
    if filters.since:
        found = found.filter(submitted_at__gte=midnight(filters.since))
    if filters.until:
        found = found.filter(submitted_at__lt=midnight(filters.until + timedelta(days=1)))
    if filters.deadline:
        found = found.filter(deadline_at__gt=Now())
    if filters.platform:
        found = found.filter(_is_on(filters.platform))
    return found.filter(danger=True) if filters.danger else found


def _is_on(slug: str) -> Func:
    """Is a link of it on this platform, or on one that became part of it?

    Asked of row after row in the queue's order. Joined to the links, the planner reads all the platform has.
    """
    platforms = Platform.objects.filter(Q(slug=slug) | Q(merged_into__slug=slug)).order_by().values("pk")
    links = Link.objects.filter(report=OuterRef("report_id")).order_by().values("platform_id")
    return Func(
        ArraySubquery(links),
        ArraySubquery(platforms),
        template="%(expressions)s",
        arg_joiner=" && ",
        output_field=BooleanField(),
    )


def day_in(text: str) -> date | None:
    """The day that is written: 2026-03-02, 02/03/2026, 2.3.2026. None for anything else."""
    for form in ("%Y-%m-%d", "%d/%m/%Y", "%d.%m.%Y"):
        try:
            day = datetime.strptime(text, form).date()
        except ValueError:
            continue
        return day if 2000 <= day.year < 2100 else None
    return None


def midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))


def page(
    *, staff: Staff, filters: Filters, after: str = "", limit: int = PAGE
) -> tuple[Sequence[QueueItem], str]:
    """One page and the cursor of the next, '' at the end. The same cost at every depth. Raises BadCursor."""
    found = items(staff=staff, filters=filters)
    if after:
        found = found.filter(_after(after))
    if filters.view == "waiting":
        found = with_reader(found)
    rows = list(found[: limit + 1])
    return rows[:limit], cursor_of(rows[limit - 1]) if len(rows) > limit else ""


def with_reader(items: QuerySet[QueueItem]) -> QuerySet[QueueItem]:
    """Each with `reader_name`: what the colleague is called who read it last, or reads it now.

    Asked for row by row. Joined to them, the colleagues mislead the planner: deep in the queue, where it expects next to
    nothing, it reads and sorts all that follows.
    """
    # Not by keyword: the model says the name already, for who reads its rows.
    return items.annotate(**{"reader_name": Func("claimed_by", template=NAME, output_field=CharField())})


def tabs(*, staff: Staff) -> dict[str, QuerySet[Any]]:
    """What stands under each tab, for `capped_counts`."""
    found: dict[str, QuerySet[Any]] = {view: items(staff=staff, filters=Filters(view=view)) for view in VIEWS}
    # As many as the items of these cases, and found without them.
    return found if staff.can(Permission.CASES_ALL) else found | {"open": _in_hand(staff)}


def _in_hand(staff: Staff) -> QuerySet[Case]:
    return Case.objects.visible_to(staff).exclude(status=CaseStatus.CLOSED)


def capped_counts(found: Mapping[str, QuerySet[Any]]) -> dict[str, int]:
    """How many rows each would give, counted up to COUNT_UP_TO, all in one statement."""
    statement = _Statement()
    for rows in found.values():
        statement.count(rows)
    return dict(zip(found, statement.ask(), strict=True))


class CappedCounts:
    """The same, to be asked again and again: writing the statement and planning it take longer than answering it."""

    def __init__(self, found: Mapping[str, QuerySet[Any]]) -> None:
        self.names = tuple(found)
        statement = _Statement()
        for rows in found.values():
            statement.count(rows)
        # With its values in it: the plan that is kept may then go by the indexes of open rows.
        self.text = statement.text()

    def ask(self) -> dict[str, int]:
        """The numbers, as they are now."""
        if not self.names:
            return {}
        [numbers] = cast(DatabaseWrapper, connection).fetch_prepared(self.text, [])
        return dict(zip(self.names, numbers, strict=True))


@dataclass(frozen=True, slots=True)
class News:
    """What a page of the queue looks like now: as few facts as it takes to bring one on a screen up to date."""

    counts: Mapping[str, int]  # under each tab, and "danger"
    danger: Sequence[UUID]  # the reports that wait and speak of danger, the first few
    calling: Sequence[UUID]  # those of open cases that call whoever asks
    rows: Sequence[Mapping[str, Any]]
    is_whole: bool  # False when there were more rows than are looked at: what is missing may still be there


def news(*, staff: Staff, filters: Filters, after: str = "") -> News:
    """The rows from `after`, a cursor, on, and the counts: in one statement. Raises BadCursor."""
    found = items(staff=staff, filters=filters).select_related(None)
    if after:
        found = found.filter(_after(after))
    told = found.values(
        *("report_id", "state", "score", "submitted_at", "deadline_at", "unread", "claimed_by_id"),
        holder_name=_name_of("holder"),
        reader_name=_name_of("claimed_by"),
        is_read=Q(claimed_until__gt=Now()),
    )[: NEWS_UP_TO + 1]
    in_danger = QueueItem.objects.filter(state=QueueState.WAITING, danger=True)
    counts = tabs(staff=staff) | {"danger": in_danger}
    calling = danger.calling(staff)
    statement = _Statement()
    for rows in counts.values():
        statement.count(rows)
    statement.tell(in_danger.order_by("rank_at", "report_id").values("report_id")[:PAGE])
    statement.tell(calling.order_by("danger_since", "report_id").values("report_id")[:PAGE])
    statement.tell(told)
    *numbers, endangered, in_cases, lines = statement.ask()
    for line in lines:
        line["is_own"] = line["claimed_by_id"] == staff.pk
        for name in ("submitted_at", "deadline_at"):
            line[name] = line[name] and datetime.fromisoformat(line[name])
    found_counts = dict(zip(counts, numbers, strict=True))
    found_counts["danger"] += len(in_cases)
    return News(
        counts=found_counts,
        danger=[UUID(one["report_id"]) for one in endangered],
        calling=[UUID(one["report_id"]) for one in in_cases],
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

    def text(self) -> str:
        """The statement with its values written into it, for `fetch_prepared`."""
        with connection.cursor() as cursor:
            written: bytes = cursor.mogrify("SELECT " + ", ".join(self.parts), self.params)
        return written.decode().replace("%", "%%")

    def ask(self) -> Sequence[Any]:
        """The answers, in the order of the questions."""
        if not self.parts:
            return ()
        with connection.cursor() as cursor:
            cursor.execute("SELECT " + ", ".join(self.parts), self.params)
            answers = cursor.fetchone() or ()
        return [json.loads(one) if isinstance(one, str) else one for one in answers]


def in_danger() -> QuerySet[QueueItem]:
    """Waiting, and a life may be at stake: the most urgent first."""
    return QueueItem.objects.filter(state=QueueState.WAITING, danger=True).order_by("rank_at", "report_id")[
        :PAGE
    ]
