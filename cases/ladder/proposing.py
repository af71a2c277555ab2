"""Which rung comes next for a request, and what ends the climb. Nothing is sent from here.

Where several people share one item of a notice, one step stands for all.
"""

from collections.abc import Container, Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q

from cases.ladder import clock, rungs, states
from cases.ladder.clock import is_urgent, lock_rows, same_item
from cases.ladder.models import Step
from cases.ladder.rungs import Facts, Past
from cases.ladder.states import Rung, StepState
from cases.states import CaseStatus
from cases.takedowns import actions as takedowns
from cases.takedowns.connectors import CONNECTORS
from cases.takedowns.models import Event, Takedown
from cases.takedowns.states import Outcome, Source, Status
from helpline.platforms.models import Channel, ChannelKind
from reports.states import AgeRange

# What the platform itself says to a reminder or by another channel is its answer to the first request, too.
SAME_PLATFORM = (Rung.REMINDER, Rung.SECOND)

# --- what a request looks like to the ladder ------------------------------------------------------------


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
    ahead = running.filter(same_item(OuterRef("notice"), OuterRef("item_id")), pk__lt=OuterRef("pk"))
    waiting = Q(state__in=sorted(states.LIVE))
    top = Q(rung=Rung.DECIDE) & ~Q(state=StepState.OVER)
    mine = Step.objects.filter(waiting | top, takedown=OuterRef("pk"))
    theirs = Step.objects.filter(
        waiting & Q(takedown__clock_paused_at=None) | top,
        same_item(OuterRef("notice"), OuterRef("item_id"), of="takedown__"),
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
