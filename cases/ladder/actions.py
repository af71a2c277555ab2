"""What climbs the ladder: proposing the next rung, taking it, noting what came of it. Nothing leaves but by a takedown.

Where several people share one item of a notice, it is asked once more for all of them, and one step stands for all.
"""

from collections.abc import Container, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from uuid import UUID, uuid4

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.translation import gettext, gettext_lazy

from cases.actions import check_can_work_on, happened
from cases.ladder import clock, pack, rungs, states
from cases.ladder.clock import TooLate, is_in_time, is_urgent, is_wanted, lock_rows, locked, note
from cases.ladder.models import Redress, Step
from cases.ladder.rungs import Facts, Past
from cases.ladder.states import ForbiddenMove, Rung, StepOutcome, StepState
from cases.models import Case
from cases.states import CaseStatus, Happening
from cases.takedowns import actions as takedowns
from cases.takedowns import linting, notices
from cases.takedowns import states as takedown_states
from cases.takedowns.actions import AlreadyRequested, NoChannel, WeakNotice
from cases.takedowns.connectors import CONNECTORS
from cases.takedowns.models import Event, Notice, Takedown
from cases.takedowns.notices import Finding
from cases.takedowns.states import Outcome, Source, Status
from helpline.accounts.models import Staff
from helpline.audit import actions as audit
from helpline.crypto import wrapping
from helpline.platforms.models import Channel, ChannelKind
from helpline.retention import privacy
from helpline.wake import wake
from reports import actions as reports
from reports.models import Link, Report
from reports.states import AgeRange, LinkStatus, News
from reports.states import Status as ReportStatus

# What the platform itself says to a reminder or by another channel is its answer to the first request, too.
SAME_PLATFORM = (Rung.REMINDER, Rung.SECOND)
NO_WAY = Finding(
    "no_channel",
    gettext_lazy("No channel in use leads there any more."),
    gettext_lazy("Leave this step out, or write by hand."),
)


class NoRung(Exception):
    """This rung is not there for this request, or was climbed already."""


# --- what a request looks like to the ladder ------------------------------------------------------------


def sharing(row: Takedown) -> list[Takedown]:
    """The takedowns that the same item of the same notice stands for, `row` among them, while they are wanted."""
    same = Takedown.objects.filter(Q(pk=row.pk) | Q(item_id=row.item), notice=row.notice_id)
    return list(same.exclude(clock.NOT_WANTED).order_by("pk"))


def steps_of(row: Takedown) -> list[Step]:
    """Every step that was taken or proposed for this content, the first first."""
    return steps_for([row])[row.pk]


def steps_for(rows: Sequence[Takedown]) -> dict[UUID, list[Step]]:
    """The same for several. Two queries, for any number."""
    steps = Step.objects.select_related("by", "made", "takedown")
    own = steps.filter(takedown__in=[row.pk for row in rows])
    items = {(row.notice_id, row.item) for row in rows}
    notices_of, names = {one for one, _item in items}, {item for _one, item in items}
    shared = steps.filter(takedown__notice__in=notices_of, takedown__item_id__in=names)
    by_item: dict[tuple[UUID, UUID], dict[UUID, Step]] = {}
    for step in [*own, *shared]:
        by_item.setdefault((step.takedown.notice_id, step.takedown.item), {})[step.pk] = step
    return {
        row.pk: sorted(
            by_item.get((row.notice_id, row.item), {}).values(), key=lambda step: (step.state_at, step.pk)
        )
        for row in rows
    }


Ways = tuple[Channel | None, Channel | None, Channel | None]


def channels_of(row: Takedown) -> Ways:
    """For a reminder, a second way, and the host's: channels in use by which this request could go again."""
    return channels_for([row])[row.pk]


def channels_for(rows: Sequence[Takedown]) -> dict[UUID, Ways]:
    """The same for several. Two queries, for any number."""
    by_platform: dict[int, list[Channel]] = {}
    found = Channel.objects.in_use().filter(
        platform__in={row.platform_id for row in rows}, kind__in=list(CONNECTORS)
    )
    for channel in found.by_preference():
        by_platform.setdefault(channel.platform_id, []).append(channel)
    tried = {row.pk: {row.notice.channel_id} for row in rows}
    again = Takedown.objects.filter(escalates__in=list(tried))
    for pk, channel_id in again.values_list("escalates", "notice__channel"):
        if pk is not None:
            tried[pk].add(channel_id)
    return {row.pk: _ways(row, by_platform.get(row.platform_id, []), tried[row.pk]) for row in rows}


def _ways(row: Takedown, channels: Sequence[Channel], tried: Container[int]) -> Ways:
    regimes = set(row.notice.regimes)
    usable = [one for one in channels if not one.regimes or regimes <= set(one.regimes)]
    again = next((one for one in usable if one.pk == row.notice.channel_id), None)
    fresh = [one for one in usable if one.pk not in tried]
    second = next((one for one in fresh if one.kind != ChannelKind.XARF), None)
    host = next((one for one in fresh if one.kind == ChannelKind.XARF), None)
    return again, second, host


def facts_of(row: Takedown, ways: Ways | None = None) -> Facts:
    """`row` needs its notice with channel, platform, and case with report loaded."""
    again, second, host = ways or channels_of(row)
    report = row.case.report
    return Facts(
        regimes=frozenset(row.notice.regimes),
        channel_kind=row.notice.channel.kind,
        is_minor=AgeRange(report.age_range).is_minor,
        is_urgent=is_urgent(report),
        is_site=row.platform.is_other or host is not None,
        can_remind=again is not None,
        has_second=second is not None,
        has_host=host is not None,
        silent_at=_since(row),
    )


def _since(row: Takedown) -> datetime:
    """From when the first wait counts: the silence, or the look that saw it in spite of their word."""
    if clock.is_still_there(row) and row.status != Status.REAPPEARED:
        return row.observed_at or row.status_at
    return row.status_at


def history_of(steps: Sequence[Step]) -> list[Past]:
    """The rungs that were climbed or left out."""
    passed = {StepState.DONE, StepState.SKIPPED}
    return [Past(step.rung, step.state_at) for step in steps if step.state in passed]


def possible_for(row: Takedown, steps: Sequence[Step]) -> list[Rung]:
    """The rungs somebody could take now, in their order."""
    if row.status not in states.MAY_ESCALATE or row.escalates_id is not None:
        return []
    return rungs.possible(rungs.current().rules, facts_of(row), history_of(steps))


# --- the sweeps -----------------------------------------------------------------------------------------


def propose_steps(*, limit: int = 500) -> int:
    """A step for each request that nobody answers, or that is there in spite of their word, and that has none waiting.

    Returns how many. Few statements, for any number. The database lets one live step stand for a takedown, so that two
    sweeps at once propose it once.
    """
    running = clock.climbing().filter(clock_paused_at=None).exclude(case__status=CaseStatus.CLOSED)
    # Of several who share an item one goes ahead; a step of whose clock stands still keeps nobody waiting.
    ahead = running.filter(notice=OuterRef("notice"), item_id=OuterRef("item_id"), pk__lt=OuterRef("pk"))
    waiting = Q(state__in=sorted(states.LIVE))
    top = Q(rung=Rung.DECIDE) & ~Q(state=StepState.OVER)
    mine = Step.objects.filter(waiting | top, takedown=OuterRef("pk"))
    theirs = Step.objects.filter(
        waiting & Q(takedown__clock_paused_at=None) | top,
        takedown__notice=OuterRef("notice"),
        takedown__item_id=OuterRef("item_id"),
    )
    found = running.filter(~Exists(mine), ~Exists(theirs), ~Exists(ahead))
    found = found.select_related("case__report", "platform", "notice__channel").order_by("status_at", "pk")
    rows = list(found[:limit])
    if not rows:
        return 0
    ladder, ways, steps = rungs.current().rules, channels_for(rows), steps_for(rows)
    made = []
    for row in rows:
        proposed = rungs.next_rung(ladder, facts_of(row, ways[row.pk]), history_of(steps[row.pk]))
        if proposed is not None:
            made.append(
                Step(
                    takedown=row,
                    rung=proposed.rung,
                    by_machine=proposed.by_machine,
                    state_at=proposed.due_at,
                    due_at=proposed.due_at,
                )
            )
    Step.objects.bulk_create(made, ignore_conflicts=True)
    return len(made)


def take_reminders(*, at: datetime, limit: int = 100) -> int:
    """Where the operator lets the machine remind: take each reminder that is due. Returns how many left.

    What does not leave waits for a person, with the reason.
    """
    if not settings.LADDER_REMINDS_ITSELF:
        return 0
    due = Step.objects.in_hand().filter(
        state=StepState.PROPOSED,
        rung=Rung.REMINDER,
        due_at__lte=at,
        takedown__clock_paused_at=None,
        held_at=None,
    )
    taken = 0
    for step in due.select_related("takedown__case", "takedown__platform").order_by("due_at", "pk"):
        try:
            take(step=step, by=None, at=at)
            taken += 1
        except (ForbiddenMove, AlreadyRequested, NoChannel, WeakNotice, NoRung, wrapping.WrongKey):
            continue
        if taken == limit:
            break
    return taken


@transaction.atomic
def end_climbs(*, at: datetime, limit: int = 200) -> int:
    """An answer at any time, or the young person, ends the climb: what was still proposed is over. Returns how many."""
    climbs = clock.climbing().filter(pk=OuterRef("takedown"))
    found = Step.objects.filter(~Exists(climbs), state__in=sorted(states.LIVE)).order_by("pk")
    ids = [row.pk for row in lock_rows(list(found.values_list("takedown", flat=True)[:limit]))]
    # Asked once more, now that they can't change.
    over = Step.objects.filter(~Exists(climbs), takedown__in=ids, state__in=sorted(states.LIVE))
    return over.update(state=StepState.OVER, state_at=at)


@transaction.atomic
def hear_for_first(*, at: datetime, limit: int = 200) -> int:
    """What a platform answered to a reminder, or by its other channel, is its answer to the first request as well.

    Written beside it in silence: the young person and the desk were told when it came. Returns how many.
    """
    newer = Q(escalates__platform_at=None) | Q(escalates__platform_at__lt=F("platform_at"))
    found = Takedown.objects.filter(
        newer,
        escalates__in=clock.climbing().values("pk"),
        rung__in=SAME_PLATFORM,
        platform_at__isnull=False,
    ).exclude(platform_says=Outcome.ACKNOWLEDGED)
    pairs = [
        (row.pk, row.escalates_id)
        for row in found.only("escalates").order_by("pk")[:limit]
        if row.escalates_id
    ]
    rows = {row.pk: row for row in lock_rows([pk for pair in pairs for pk in pair])}
    heard = 0
    for answered, first in ((rows[one], rows[other]) for one, other in pairs):
        said, said_at = Outcome(answered.platform_says), answered.platform_at
        if said_at is None or (first.platform_at is not None and first.platform_at >= said_at):
            continue
        first.platform_says, first.platform_at = said, said_at
        first.redress_until = answered.redress_until
        takedowns.apply_platform_word(first)
        looks = [one for one in (first.next_look_at, answered.next_look_at) if one is not None]
        first.next_look_at = min(looks, default=None)
        first.save()
        Event.objects.create(
            takedown=first,
            at=said_at,
            recorded_at=at,
            source=Source.CLOCK,
            what=said,
            detail={"rung": answered.rung, "heard_by": str(answered.pk)},
        )
        heard += 1
    return heard


# --- taking a step --------------------------------------------------------------------------------------


def take(*, step: Step, by: Staff | None, at: datetime) -> list[Takedown]:
    """One click: what a channel can carry leaves, what needs a person is theirs from now on. `by` None is the clock.

    Raises PermissionDenied, ForbiddenMove when somebody did it before, AlreadyRequested, NoChannel, WeakNotice, WrongKey.
    A notice that would not hold, or no channel: nothing leaves, and the step stays open with the reason.
    """
    try:
        return _take(step=step, by=by, at=at)
    except WeakNotice as error:
        _hold(step, error.findings, at=at)
        raise
    except NoChannel:
        _hold(step, [NO_WAY], at=at)
        raise


def _hold(step: Step, findings: Sequence[Finding], *, at: datetime) -> None:
    open_still = Step.objects.filter(pk=step.pk, state=StepState.PROPOSED)
    open_still.update(held_at=at, findings=linting.kept(findings))


@transaction.atomic
def _take(*, step: Step, by: Staff | None, at: datetime) -> list[Takedown]:
    row = locked(step.takedown, by=by)
    live = Step.objects.select_for_update().get(pk=step.pk)
    if live.state != StepState.PROPOSED:
        raise ForbiddenMove(f"A step that is {live.state} can't be taken.")
    if row.clock_paused_at is not None:
        raise ForbiddenMove("The clock stands still.")
    made: list[Takedown] = []
    shared = _who_asks(row)
    if live.by_machine:
        again, second, host = channels_of(row)
        channel = {Rung.REMINDER: again, Rung.SECOND: second, Rung.HOST: host}[Rung(live.rung)]
        if channel is None:
            raise NoChannel(row.platform)
        made = _ask_again(shared, channel=channel, rung=Rung(live.rung), by=by, at=at)
    live.status_before = row.status
    live.by, live.held_at, live.findings = by, None, []
    live.move(StepState.DONE if live.by_machine else StepState.TAKEN, at=at)
    live.made = next((one for one in made if one.escalates_id == row.pk), None)
    live.save()
    if live.rung not in {Rung.REMINDER, Rung.DECIDE}:
        _escalate(shared, at=at)
    note(row, live.rung, by=by, at=at, step=str(live.pk), state=live.state)
    if made:
        happened(row.case, Happening.REQUESTED, by=by, at=at, platform=row.platform.name, count=1)
    step.refresh_from_db()
    return made


def _who_asks(row: Takedown) -> list[Takedown]:
    """`row` and all who share it, locked; without whose clock stands still, and who see it gone already.

    Raises ForbiddenMove once the young person of `row` took it back.
    """
    shared = lock_rows([one.pk for one in sharing(row)])
    if row.pk not in {one.pk for one in shared}:
        raise ForbiddenMove("The young person took this back.")
    return [
        one
        for one in shared
        if one.pk == row.pk or (one.clock_paused_at is None and one.status in states.MAY_ESCALATE)
    ]


def _escalate(rows: Sequence[Takedown], *, at: datetime) -> None:
    for one in rows:
        if Status.ESCALATED in takedown_states.TRANSITIONS[Status(one.status)]:
            one.move(Status.ESCALATED, at=at)
            one.save(update_fields=["status", "status_at"])


@transaction.atomic
def escalate(*, takedown: Takedown, rung: str | None, by: Staff, at: datetime) -> Step:
    """Take the next rung now, or the one that is named: before its day, or of a request that was refused.

    Raises as `take`; NoRung where that rung is not there, ForbiddenMove before it left or once it is over.
    """
    check_can_work_on(takedown.case, by=by)
    [row] = lock_rows([takedown.escalates_id or takedown.pk])
    if row.status not in states.MAY_ESCALATE:
        raise ForbiddenMove(f"A takedown that is {row.status} can't be taken further.")
    steps = steps_of(row)
    live = next((step for step in steps if step.state in states.LIVE), None)
    if live is not None and rung in {None, live.rung}:
        take(step=live, by=by, at=at)
        return live
    left = possible_for(row, steps)
    wanted = rung or next(iter(left), None)
    if wanted not in left:
        raise NoRung(f"There is no such rung here: {wanted}.")
    if live is not None:
        if live.state == StepState.TAKEN:
            raise ForbiddenMove("A colleague works on another step just now.")
        # What was only proposed gives way, and is proposed again when its turn comes.
        live.delete()
    facts = facts_of(row)
    step = Step(
        takedown=row, rung=wanted, by_machine=rungs.by_machine(Rung(wanted), facts), state_at=at, due_at=at
    )
    step.save(force_insert=True)
    take(step=step, by=by, at=at)
    return step


def _ask_again(
    rows: Sequence[Takedown], *, channel: Channel, rung: Rung, by: Staff | None, at: datetime
) -> list[Takedown]:
    """A further notice about the same item, for everybody who shares it. The rows are locked; cases, reports and links
    follow in the one order.
    """
    first = rows[0]
    list(
        Case.objects.select_for_update(no_key=True)
        .filter(pk__in=[row.case_id for row in rows])
        .order_by("pk")
    )
    reports_of = Report.objects.select_for_update(no_key=True).filter(
        pk__in=[row.case.report_id for row in rows]
    )
    list(reports_of.order_by("pk"))
    links = Link.objects.select_for_update(no_key=True).filter(pk__in=[row.link_id for row in rows])
    wanted = {link.pk for link in links.order_by("pk") if link.status != LinkStatus.WITHDRAWN}
    rows = [row for row in rows if row.link_id in wanted]
    if not rows:
        raise ForbiddenMove("The young person took this back.")
    leaving = Takedown.objects.filter(link__in=wanted, status__in=takedown_states.LEAVING).first()
    if leaving is not None:
        raise AlreadyRequested(leaving)
    status = takedowns.ready_status(channel)
    notice = Notice(
        channel=channel,
        regimes=first.notice.regimes,
        language=_language(first.notice, channel),
        requested_by=by or first.notice.requested_by,
        requested_at=at,
        due_at=at if status == Status.QUEUED else None,
    )
    number = uuid4() if len(rows) > 1 else None
    made = [
        Takedown(
            notice=notice,
            case=row.case,
            link=row.link,
            platform=row.platform,
            item_id=number,
            escalates=row,
            rung=rung,
            status=status,
            status_at=at,
            requested_at=at,
        )
        for row in rows
    ]
    content = _content(first, notice, item=number or made[0].pk, rung=rung)
    # What they told us since the first request counts, too.
    private = [notices.private_facts(case) for case in _cases_of(rows)]
    if findings := linting.findings(content, channel=channel, private=private, above=True):
        raise WeakNotice(findings)
    takedowns.seal(notice, content)
    notice.save(force_insert=True)
    Takedown.objects.bulk_create(made)
    Event.objects.bulk_create(
        Event(
            takedown=one,
            at=at,
            recorded_at=at,
            source=Source.PERSON if by else Source.CLOCK,
            what=one.status,
            by=by,
            detail={"rung": rung.value},
        )
        for one in made
    )
    audit.record_many(
        audit.row(
            by=by or f"{Source.CLOCK}:{one.platform.slug}",
            verb="takedown.requested",
            obj=one,
            detail={"channel": channel.slug, "rung": rung.value},
            at=at,
        )
        for one in made
    )
    wake(takedowns.SEND)
    return made


def _cases_of(rows: Sequence[Takedown]) -> list[Case]:
    """Each once, as they are now."""
    ids = {row.case_id for row in rows}
    return list(Case.objects.select_related("report").filter(pk__in=ids).order_by("pk"))


def _language(old: Notice, channel: Channel) -> str:
    """As before, where the channel reads that."""
    fits = not channel.languages or old.language in channel.languages
    return old.language if fits else takedowns.notice_language(channel)


def _content(first: Takedown, notice: Notice, *, item: UUID, rung: Rung) -> notices.NoticeContent:
    """The words of the first request, with a sentence before them that says that it was made, and when."""
    said = notices.content_of(first.notice, items={first.item})
    if notice.language != said.language:
        said = notices.build(
            notice=notice,
            channel=notice.channel,
            report=first.case.report,
            box=first.case.box(),
            links=[(str(item), first.link)],
        )
    with translation.override(notice.language):
        before = earlier(first, rung)
    return replace(
        said,
        notice_id=str(notice.pk),
        explanation=f"{before} {said.explanation}",
        items=tuple(replace(one, item_id=str(item)) for one in said.items),
    )


def earlier(first: Takedown, rung: Rung) -> str:
    """In the active language: what was asked before, when, under which numbers, and what was said to it."""
    asked = timezone.localdate(first.sent_at or first.requested_at)
    said = {
        "day": _day(asked),
        "id": str(first.notice_id),
        "reference": first.notice.reference,
        "platform": first.platform.name,
    }
    if rung == Rung.HOST:
        return gettext("We asked the site itself on %(day)s, and it did not act. You host it.") % said
    if first.platform_says and first.platform_says not in UNDECIDED:
        return f"{_decided(first, said)} {gettext('We ask again.')}"
    if first.notice.reference:
        text = gettext(
            "We asked you for this on %(day)s (our notice %(id)s, your reference %(reference)s) and have no decision. "
            "We ask again."
        )
    else:
        text = gettext(
            "We asked you for this on %(day)s (our notice %(id)s) and have no decision. We ask again."
        )
    return text % said


UNDECIDED = (Outcome.ACKNOWLEDGED, Outcome.UNDER_REVIEW, Outcome.MORE_INFORMATION)


def _decided(first: Takedown, said: Mapping[str, str]) -> str:
    if first.notice.reference:
        asked = gettext("We asked you for this on %(day)s (our notice %(id)s, your reference %(reference)s).")
    else:
        asked = gettext("We asked you for this on %(day)s (our notice %(id)s).")
    told, seen = first.platform_at, first.observed_at
    is_gone = takedown_states.STATUS_OF[Outcome(first.platform_says)] in states.SAID_GONE
    if not is_gone or told is None or seen is None or seen <= told or first.observed != Outcome.SEEN_THERE:
        return asked % said
    was_seen = gettext("You told us on %(told)s that it is removed. On %(seen)s we looked, and it is there.")
    days = {"told": _day(timezone.localdate(told)), "seen": _day(timezone.localdate(seen))}
    return f"{asked % said} {was_seen % days}"


def _day(day: date) -> str:
    return date_format(day, "j F Y")


# --- what a person does ---------------------------------------------------------------------------------


def _locked_step(step: Step, *, by: Staff) -> tuple[Takedown, Step]:
    row = locked(step.takedown, by=by)
    return row, Step.objects.select_for_update().get(pk=step.pk)


@transaction.atomic
def mark_done(*, step: Step, reference: str, follow_up_on: date | None, by: Staff, at: datetime) -> None:
    """A person filed it. Tells the young person that it went further. Raises PermissionDenied, ForbiddenMove, WrongKey."""
    row, live = _locked_step(step, by=by)
    if live.by_machine:
        raise ForbiddenMove("A channel carries this one.")
    if live.state == StepState.PROPOSED:
        live.status_before = row.status
    if not is_wanted(row):
        raise ForbiddenMove("The young person took this back.")
    live.move(StepState.DONE, at=at)
    live.by = by
    live.reference = row.case.box().seal(live, "reference", reference.strip()[:200])
    live.follow_up_on = follow_up_on or _follow_up(live.rung, at)
    live.save()
    shared = lock_rows([one.pk for one in sharing(row)])
    if live.rung != Rung.DECIDE:
        _escalate(shared, at=at)
        tell(shared, News.TAKEN_FURTHER, at=at)
    else:
        live.follow_up_on = None
        live.save(update_fields=["follow_up_on"])
    note(row, live.rung, by=by, at=at, step=str(live.pk), state=live.state)
    step.refresh_from_db()


def _follow_up(rung: str, at: datetime) -> date | None:
    known = rungs.authority(rung)
    return timezone.localdate(at) + timedelta(days=known.follow_up_days) if known else None


def tell(rows: Sequence[Takedown], what: News, *, at: datetime) -> None:
    """The same news to everybody who shares it, but to whom a closed case belongs."""
    reports.post_updates(
        [
            reports.NewsItem(
                report_id=row.case.report_id,
                link_id=row.link_id,
                what=what,
                at=at,
                data={"platform": row.platform.name},
            )
            for row in rows
            if row.case.status != CaseStatus.CLOSED
        ]
    )


@transaction.atomic
def skip(*, step: Step, reason: str, by: Staff, at: datetime) -> None:
    """Leave this rung out; the next is proposed. Raises PermissionDenied, ForbiddenMove, WrongKey."""
    row, live = _locked_step(step, by=by)
    live.move(StepState.SKIPPED, at=at)
    live.by = by
    live.words = row.case.box().seal(live, "words", reason.strip()[:4000])
    live.save()
    note(row, live.rung, by=by, at=at, step=str(live.pk), state=live.state, words=reason)
    step.refresh_from_db()


@transaction.atomic
def undo(*, step: Step, by: Staff, at: datetime) -> None:
    """One state back: what a machine sent while it has not left, what a person noted within minutes, what they took on
    at any time. Raises PermissionDenied, TooLate, ForbiddenMove when it left, or the ladder went on from there.
    """
    check_can_work_on(step.takedown.case, by=by)
    # Both notices at once, in the one order.
    rows = {row.pk: row for row in lock_rows([pk for pk in (step.takedown_id, step.made_id) if pk])}
    row, live = rows[step.takedown_id], Step.objects.select_for_update(of=("self",)).get(pk=step.pk)
    if live.made_id != step.made_id:
        raise ForbiddenMove("It changed this moment.")
    if live.state not in {StepState.TAKEN, StepState.DONE, StepState.SKIPPED}:
        raise ForbiddenMove("There is nothing to take back.")
    if live.state != StepState.TAKEN and not is_in_time(live.state_at, at):
        raise TooLate
    if row.status not in states.CLIMBING | {live.status_before, ""}:
        raise ForbiddenMove("An answer came meanwhile.")
    later = Step.objects.select_for_update().filter(takedown=row).exclude(pk=live.pk)
    if later.filter(state__in={StepState.TAKEN, StepState.DONE}, state_at__gt=live.state_at).exists():
        raise ForbiddenMove("The ladder went on from there.")
    later.filter(state=StepState.PROPOSED).delete()
    if live.made_id is not None:
        _take_back_sent(live, by=by, at=at)
    to = StepState.TAKEN if live.state == StepState.DONE and not live.by_machine else StepState.PROPOSED
    was_noted = live.state == StepState.DONE and not live.by_machine
    live.made = None
    live.move(to, at=at)
    live.by = by if to == StepState.TAKEN else None
    live.reference, live.words, live.follow_up_on = None, None, None
    live.save()
    went_further = later.filter(state=StepState.DONE).exclude(rung=Rung.REMINDER).exists()
    if to == StepState.PROPOSED and live.status_before and not went_further:
        for one in lock_rows([each.pk for each in sharing(row)]):
            if one.status == Status.ESCALATED and live.status_before != Status.ESCALATED:
                one.move_back(Status(live.status_before), at=at)
                one.save(update_fields=["status", "status_at"])
    if was_noted:
        audit.record(by=by, verb="step.undone", obj=live, at=at)
    note(row, live.rung, by=by, at=at, step=str(live.pk), state=live.state, undone=True)
    step.refresh_from_db()


def _take_back_sent(live: Step, *, by: Staff, at: datetime) -> None:
    made = live.made
    if made is None:
        return
    for one in lock_rows([one.pk for one in sharing(made)]):
        if one.status not in {Status.QUEUED, Status.TO_FILE, Status.DRAFT}:
            raise ForbiddenMove("It left already.")
        one.move(Status.CANCELLED, at=at)
        one.next_look_at = None
        one.save()
        note(one, Status.CANCELLED, by=by, at=at)
    Notice.objects.filter(pk=made.notice_id).update(due_at=None, ask_at=None)


@transaction.atomic
def record_outcome(
    *, step: Step, outcome: StepOutcome, words: str, follow_up_on: date | None, by: Staff, at: datetime
) -> None:
    """What whoever was written to did. "They took it up" may be asked about again.

    Raises PermissionDenied, ForbiddenMove, WrongKey once erased.
    """
    row, live = _locked_step(step, by=by)
    if live.state != StepState.DONE or live.by_machine:
        raise ForbiddenMove("Only of what was filed by a person is there an outcome.")
    live.outcome, live.outcome_at = outcome, at
    live.words = row.case.box().seal(live, "words", words.strip()[:4000])
    live.follow_up_on = follow_up_on if outcome == StepOutcome.TAKEN_UP else None
    live.save()
    note(row, live.rung, by=by, at=at, step=str(live.pk), outcome=outcome.value, words=words)
    step.refresh_from_db()


def make_pack(*, step: Step, by: Staff, at: datetime) -> bytes:
    """The complaint as a PDF, made now and kept nowhere. That it was made is in the trail, with its digest.

    Raises PermissionDenied, ForbiddenMove for what a machine sends, WrongKey once erased.
    """
    row, live = step.takedown, step
    with transaction.atomic():
        row = locked(row, by=by)
        if live.by_machine or live.rung == Rung.DECIDE:
            raise ForbiddenMove("There is nothing to file here.")
        if row.case.report.status == ReportStatus.ERASED:
            raise wrapping.WrongKey("This case was erased.")
        if not is_wanted(row) or live.state in {StepState.SKIPPED, StepState.OVER}:
            raise ForbiddenMove("It is not needed any more.")
    made = pack.for_step(live, row, at=at)
    audit.record(by=by, verb="step.pack", obj=live, detail={"rung": live.rung, "sha256": made.sha256}, at=at)
    return made.body


# --- forgetting -----------------------------------------------------------------------------------------


@transaction.atomic
def follow_erasures(*, limit: int = 200) -> int:
    """Where the young person erased the report: blank the words. Returns how many rows."""
    count = 0
    erased = Q(takedown__case__report__status=ReportStatus.ERASED) | Q(takedown__case__key=None)
    for model in (Step, Redress):
        written = Q(reference__isnull=False) | Q(words__isnull=False)
        found = model.objects.select_for_update(of=("self",), skip_locked=True).filter(erased, written)
        for row in found.order_by("pk")[:limit]:
            row.save(update_fields=privacy.blank(row))
            count += 1
    return count
