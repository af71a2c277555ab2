"""What the rules are judged by: a few reads by an index each, the same number whatever there is."""

import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Any

from django.conf import settings
from django.db import Error as DatabaseError
from django.db import connection
from django.db.models import Count, Exists, F, Min, OuterRef, Q, QuerySet
from django.utils import timezone

from cases import danger
from cases.alerts import rules
from cases.alerts.states import RuleName
from cases.dashboards import metrics
from cases.dashboards.calendar import month_of, shifted
from cases.dashboards.periods import Period
from cases.ladder import clock, redress, reminding
from cases.ladder.models import Redress, Step
from cases.ladder.states import LIVE, RedressState
from cases.models import Case, QueueItem
from cases.states import QueueState
from cases.takedowns import desk
from cases.takedowns.models import Takedown
from cases.takedowns.states import WAITED_FOR
from helpline.health import watch
from helpline.platforms.models import Channel, Platform

log = logging.getLogger(__name__)

LATELY = timedelta(days=14)
BEFORE_MONTHS = 3
LAST_ANSWERS = 50  # in which the longest silence is looked for
MOST = 200  # alerts of one rule: the nearest, or those that waited longest


@dataclass(frozen=True, slots=True)
class Reading:
    """What one rule measured of one subject: from 1 on it is worth an alert."""

    subject: str
    near: float
    facts: dict[str, Any] = field(default_factory=dict)
    platform_id: int | None = None
    case_id: int | None = None


def look(*, at: datetime) -> dict[RuleName, list[Reading]]:
    """Every rule's readings. A rule that could not be read is missing: what stands of it is left as it was."""
    found: dict[RuleName, list[Reading]] = {}
    for rules_read, read in LOOKS.items():
        try:
            readings = list(read(at))
        except DatabaseError:
            log.exception("An alert could not be judged.")
            continue
        for rule in rules_read:
            found[rule] = [one for name, one in readings if name == rule]
    return found


Named = Iterator[tuple[RuleName, Reading]]


def _hours(name: str) -> timedelta:
    return timedelta(hours=getattr(settings, name))


def _queue(at: datetime) -> Named:
    """The oldest that waits, and each that speaks of danger and waits too long."""
    waiting = QueueItem.objects.filter(state=QueueState.WAITING)
    oldest = waiting.aggregate(oldest=Min("submitted_at"), count=Count("pk"))
    if oldest["oldest"] is not None:
        near = rules.waits(at - oldest["oldest"], limit=_hours("ALERTS_WAIT_HOURS"))
        facts = {"since": oldest["oldest"].isoformat(), "count": oldest["count"]}
        yield RuleName.WAIT, Reading("", near, facts)
    limit = timedelta(minutes=settings.ALERTS_DANGER_MINUTES)
    # In the queue until it is opened, in a case until somebody has looked at it.
    for endangered in (waiting.filter(danger=True), QueueItem.objects.filter(danger.UNSEEN)):
        for one in _late(endangered, "danger_since", limit=limit, at=at):
            yield RuleName.DANGER, one


def _unread(at: datetime) -> Named:
    """What was written to an open case, and nobody has read for long."""
    unread = QueueItem.objects.filter(state=QueueState.OPEN, unread=True)
    for one in _late(unread, "unread_since", limit=_hours("ALERTS_UNREAD_HOURS"), at=at):
        yield RuleName.UNREAD, one


def _late(items: QuerySet[QueueItem], since: str, *, limit: timedelta, at: datetime) -> Iterator[Reading]:
    """Those for which the moment `since` lies so far back, who waited longest first."""
    late = items.filter(**{f"{since}__lte": at - limit}).order_by(since)
    for pk, case_id, then in late.values_list("pk", "case_id", since)[:MOST]:
        facts = {"since": then.isoformat()}
        yield Reading(str(pk), rules.waits(at - then, limit=limit), facts, case_id=case_id)


def _deadlines(at: datetime) -> Named:
    """Threats that end soon, or have just ended, of reports that wait and of cases that are open."""
    limit = _hours("ALERTS_DEADLINE_HOURS")
    near = QueueItem.objects.filter(
        state__in=[QueueState.WAITING, QueueState.OPEN],
        deadline_at__gte=at - rules.PASSED_FOR,
        deadline_at__lte=at + limit,
    ).order_by("deadline_at")
    for pk, case_id, until in near.values_list("pk", "case_id", "deadline_at")[:MOST]:
        if until is not None:
            facts = {"until": until.isoformat()}
            yield (
                RuleName.DEADLINE,
                Reading(str(pk), rules.nears(until - at, limit=limit), facts, case_id=case_id),
            )


def _slower(at: datetime) -> Named:
    """Each platform's median against its own of the three whole months before."""
    lately = at - LATELY
    before_it = Period.ending(shifted(month_of(lately), -1), months=BEFORE_MONTHS)
    now = {one.slug: one.counts for one in metrics.figures(since=lately, until=at).platforms}
    figures = metrics.figures(since=before_it.since, until=before_it.until)
    before = {one.slug: one.counts for one in figures.platforms}
    ids = dict(Platform.objects.filter(slug__in=list(now)).values_list("slug", "pk"))
    for slug in now.keys() & before.keys() & ids.keys():
        then, there = before[slug], now[slug]
        near = rules.slower(
            there.p50_s,
            then.p50_s,
            now_n=there.acted_on,
            before_n=then.acted_on,
            enough=settings.ALERTS_ENOUGH,
            factor=settings.ALERTS_SLOWER,
        )
        facts = {"now_s": round(there.p50_s or 0), "before_s": round(then.p50_s or 0)}
        yield RuleName.SLOWER, Reading(slug, near, facts, platform_id=ids[slug])


# Per platform that is waited for: since when several wait, and its last answers, each side by an index.
_SILENCES = """
WITH waiting AS (
    SELECT platform_id, count(*) AS waiting, (array_agg(sent_at ORDER BY sent_at))[%(several)s] AS several_since
    FROM takedowns_takedown
    WHERE status = ANY(%(waited_for)s) AND clock_paused_at IS NULL AND sent_at IS NOT NULL
    GROUP BY platform_id HAVING count(*) >= %(several)s
)
SELECT waiting.platform_id, waiting.waiting, waiting.several_since, heard.last, heard.longest
FROM waiting JOIN platforms_platform AS platform ON platform.id = waiting.platform_id AND NOT platform.is_other
LEFT JOIN LATERAL (
    SELECT max(said.at) AS last, max(said.at - said.earlier) AS longest
    FROM (
        SELECT platform_at AS at, lag(platform_at) OVER (ORDER BY platform_at) AS earlier
        FROM (
            SELECT platform_at FROM takedowns_takedown
            WHERE platform_id = waiting.platform_id AND platform_at IS NOT NULL
            ORDER BY platform_at DESC LIMIT %(answers)s
        ) AS answers
    ) AS said
) AS heard ON true
"""


def _silences(at: datetime) -> Named:
    """Platforms of which nothing was heard for unusually long while several requests wait."""
    several = settings.ALERTS_SEVERAL
    with connection.cursor() as cursor:
        values = {"several": several, "waited_for": sorted(WAITED_FOR), "answers": LAST_ANSWERS}
        cursor.execute(_SILENCES, values)
        rows = cursor.fetchall()
    for platform_id, waiting, since, last, longest in rows:
        quiet_since = max(since, last) if last else since
        near = rules.silent(
            at - quiet_since,
            longest=longest or timedelta(0),
            waiting=waiting,
            several=several,
            at_least=_hours("ALERTS_SILENT_HOURS"),
        )
        facts = {"since": quiet_since.isoformat(), "count": waiting}
        yield RuleName.SILENT, Reading(str(platform_id), near, facts, platform_id=platform_id)


def _channels(at: datetime) -> Named:
    """Contacts that send our mail back, and channels that are paused because they failed."""
    bounced = Q(last_bounce_at__isnull=False) & (Q(verified_at=None) | Q(last_bounce_at__gt=F("verified_at")))
    failing = Q(paused_until__gt=at, pause_reason="")
    rows = Channel.objects.filter(bounced | failing, enabled=True).order_by("pk")
    for row in rows[:MOST]:
        facts = {"channel": row.kind}
        if row.paused_until is not None and row.paused_until > at and not row.pause_reason:
            yield RuleName.BREAKER, Reading(row.slug, rules.RAISED, facts, platform_id=row.platform_id)
        if row.last_bounce_at and (row.verified_at is None or row.last_bounce_at > row.verified_at):
            since = facts | {"since": row.last_bounce_at.isoformat()}
            yield RuleName.BOUNCED, Reading(row.slug, rules.RAISED, since, platform_id=row.platform_id)


def _answers(at: datetime) -> Named:
    """Many answers of one platform that are due within hours. What is overdue is the ladder's."""
    due = Takedown.objects.filter(
        status__in=sorted(WAITED_FOR),
        clock_paused_at=None,
        answer_due_at__gt=at,
        answer_due_at__lte=at + _hours("ALERTS_ANSWER_HOURS"),
    ).exclude(clock.NOT_WANTED)
    for platform_id, count in due.values_list("platform").annotate(count=Count("pk")).order_by():
        near = rules.many(count, limit=settings.ALERTS_MANY)
        yield (
            RuleName.ANSWERS_DUE,
            Reading(str(platform_id), near, {"count": count}, platform_id=platform_id),
        )


UNHEARD = "unheard"  # beside the tabs of the takedowns' desk, the one of the ladder's
_TAB_OF = {status: tab for tab in desk.NEEDS_A_PERSON for status in desk.TABS[tab][1]}


def _desk(at: datetime) -> Named:
    """Under each tab, what has waited for somebody longest. Two statements."""
    waiting: dict[str, tuple[datetime, int]] = {}
    found = _undecided().values_list("status").annotate(oldest=Min("status_at"), count=Count("pk")).order_by()
    for status, oldest, count in found:
        before, so_many = waiting.get(_TAB_OF[status], (oldest, 0))
        waiting[_TAB_OF[status]] = min(before, oldest), so_many + count
    waiting |= _unheard(at)
    for tab, (since, count) in waiting.items():
        near = rules.waits(at - since, limit=_hours("ALERTS_DESK_HOURS"))
        yield RuleName.DESK_LATE, Reading(tab, near, {"since": since.isoformat(), "count": count})


def _undecided() -> QuerySet[Takedown]:
    """What the desk asks of somebody, but for what has a next step, which the ladder's rule is about, or a stopped clock."""
    live = Step.objects.filter(state__in=sorted(LIVE))
    same = clock.same_item(OuterRef("notice"), OuterRef("item_id"), of="takedown__")
    return desk.undecided_in(Case.objects.all()).filter(
        ~Exists(live.filter(takedown=OuterRef("pk"))), ~Exists(live.filter(same)), clock_paused_at=None
    )


def _unheard(at: datetime) -> dict[str, tuple[datetime, int]]:
    """Complaints that were granted in vain, and those overdue in cases where a task could remind nobody."""
    complaints: Any = Redress.objects.all()
    late = redress.is_late(timezone.localdate(at)) & Q(takedown__case__assignee=None)
    rows = complaints.in_hand().filter(late | redress.GRANTED_IN_VAIN)
    found = rows.aggregate(due=Min("answer_due_on"), granted=Min("decided_at"), count=Count("pk"))
    since = [found["granted"]] if found["granted"] else []
    if found["due"]:  # late from the next day on
        since.append(timezone.make_aware(datetime.combine(found["due"] + timedelta(days=1), time())))
    return {UNHEARD: (min(since), found["count"])} if since else {}


def _steps(at: datetime) -> Named:
    """The oldest next step that nobody took on."""
    steps: Any = Step.objects.all()
    late = steps.in_hand().filter(state__in=sorted(LIVE), takedown__clock_paused_at=None, due_at__lte=at)
    found = late.aggregate(oldest=Min("due_at"), count=Count("pk"))
    if found["oldest"] is not None:
        near = rules.waits(at - found["oldest"], limit=_hours("ALERTS_STEP_HOURS"))
        facts = {"since": found["oldest"].isoformat(), "count": found["count"]}
        yield RuleName.STEPS_LATE, Reading("", near, facts)


def _windows(at: datetime) -> Named:
    """Windows for a complaint that close soon, where no task could remind anybody: see `cases.ladder.reminding`."""
    days = min(settings.ALERTS_WINDOW_DAYS, max(reminding.REMIND))
    today = timezone.localdate(at)
    complaints: Any = Redress.objects.all()
    rows = (
        complaints.in_hand()
        .filter(
            state=RedressState.TO_FILE,
            reminded_at=None,
            window_until__gte=today,
            window_until__lte=today + timedelta(days=days),
            takedown__case__assignee=None,
        )
        .order_by("window_until", "id")
    )
    values = rows.values_list("pk", "window_until", "takedown__case", "takedown__platform")
    for pk, until, case_id, platform_id in values[:MOST]:
        facts = {"until": until.isoformat()}
        yield RuleName.WINDOW, Reading(str(pk), rules.RAISED, facts, platform_id, case_id)


def _stopped(at: datetime) -> Named:
    """Parts of the machine that the watch saw stop."""
    for part, since in watch.standing().items():
        yield RuleName.STOPPED, Reading(part, rules.RAISED, {"since": since.isoformat()})


LOOKS: Mapping[tuple[RuleName, ...], Callable[[datetime], Named]] = {
    (RuleName.WAIT, RuleName.DANGER): _queue,
    (RuleName.DEADLINE,): _deadlines,
    (RuleName.UNREAD,): _unread,
    (RuleName.SLOWER,): _slower,
    (RuleName.SILENT,): _silences,
    (RuleName.BREAKER, RuleName.BOUNCED): _channels,
    (RuleName.ANSWERS_DUE,): _answers,
    (RuleName.DESK_LATE,): _desk,
    (RuleName.STEPS_LATE,): _steps,
    (RuleName.WINDOW,): _windows,
    (RuleName.STOPPED,): _stopped,
}
