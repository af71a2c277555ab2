"""Asking the platforms, where their wire allows it: about sends nobody knows the end of, and what became of the others.

A callback may be lost on its way. So what was sent and not decided is asked about, too, less and less often.
"""

import asyncio
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from cases.takedowns import actions
from cases.takedowns.connectors import Lines, Route, connector, route_of
from cases.takedowns.connectors.base import Answer, storable
from cases.takedowns.dispatch.finishing import FIRST_QUESTION
from cases.takedowns.models import Notice, Takedown
from cases.takedowns.states import LEAVING, WAITED_FOR, ForbiddenMove, Source, Status
from helpline.crypto.box import settings_box

MAX_QUESTIONS = 10
LONGEST_POLL = timedelta(days=1)
MAX_POLLS = 60
# A decision may still come.
UNDECIDED = sorted(WAITED_FOR | {Status.NO_ANSWER, Status.ESCALATED, Status.CONTESTED})

# An address that nobody approved yet, or whose platform is paused, is told nothing, not even by a question: it carries the
# channel's key.
VOUCHED_FOR = Q(
    channel__approved_at__isnull=False,
    channel__platform__paused_at=None,
    channel__platform__merged_into__paused_at=None,
)


def settle(*, now: datetime, limit: int = 50) -> int:
    """Ask the platforms about sends nobody knows the end of. Returns how many were settled."""
    with transaction.atomic():
        due = list(
            Notice.objects.select_for_update(no_key=True, skip_locked=True, of=("self",))
            .select_related("channel")
            .filter(VOUCHED_FOR, ask_at__lte=now)
            .order_by("ask_at")[:limit]
        )
        for notice in due:
            notice.asks += 1
            # The next question, should this one bring nothing or this worker die; none after MAX_QUESTIONS: then
            # a person decides.
            notice.ask_at = now + FIRST_QUESTION * 2**notice.asks if notice.asks < MAX_QUESTIONS else None
            notice.save(update_fields=["asks", "ask_at"])
    settled = 0
    for notice, answer in _asked(due, now=now):
        if answer.arrived is None:
            continue
        row = Takedown.objects.select_related("case").filter(notice=notice, status=Status.UNKNOWN).first()
        if row is not None and not answer.arrived and _moved_since(notice, row):
            # It was sent elsewhere: that this address never heard of it says nothing, and a person decides.
            Notice.objects.filter(pk=notice.pk).update(ask_at=None)
            continue
        if row is not None:
            # A callback or a person may settle it while we ask.
            with suppress(ForbiddenMove):
                actions.resolve_unknown(takedown=row, was_sent=answer.arrived, by=None, at=timezone.now())
                settled += 1
        _learn_from(notice, answer)
    return settled


def _moved_since(notice: Notice, row: Takedown) -> bool:
    """Did the channel get another contact since the last try began?"""
    changed, started = notice.channel.changed_at, actions.last_start(row)
    return changed is not None and started is not None and changed > started


def poll(*, now: datetime, limit: int = 200) -> int:
    """Ask what was decided of notices that were sent a while ago. Returns how many were asked about."""
    with transaction.atomic():
        due = list(
            Notice.objects.select_for_update(no_key=True, skip_locked=True, of=("self",))
            .select_related("channel")
            .filter(VOUCHED_FOR, poll_at__lte=now)
            .order_by("poll_at")[:limit]
        )
        rows = Takedown.objects.filter(notice__in=due)
        undecided = set(rows.filter(status__in=UNDECIDED).values_list("notice", flat=True))
        leaving = set(rows.filter(status__in=sorted(LEAVING)).values_list("notice", flat=True))
        for notice in due:
            notice.polls += notice.pk in undecided
            may_change = notice.pk in undecided | leaving and notice.polls < MAX_POLLS
            later = min(LONGEST_POLL, actions.FIRST_POLL * 2 ** min(notice.polls, 16))
            notice.poll_at = now + later if may_change else None
        Notice.objects.bulk_update(due, ["polls", "poll_at"])
    due = [notice for notice in due if notice.pk in undecided]
    for notice, answer in _asked(due, now=now):
        _learn_from(notice, answer)
    return len(due)


def _asked(due: Sequence[Notice], *, now: datetime) -> Iterable[tuple[Notice, Answer]]:
    """Each with what its platform answers, all at once; nothing is locked meanwhile."""
    if not due:
        return []
    box = settings_box()
    answers = asyncio.run(_ask_all([(notice, route_of(notice.channel, box)) for notice in due], now))
    return zip(due, answers, strict=True)


def _learn_from(notice: Notice, answer: Answer) -> None:
    if answer.reference:
        Notice.objects.filter(pk=notice.pk).update(reference=answer.reference)
    for item in answer.items:
        _learn(notice, item, at=timezone.now())


async def _ask_all(asked: Sequence[tuple[Notice, Route]], now: datetime) -> list[Any]:
    async with Lines(in_flight=len(asked)) as lines:
        return list(
            await asyncio.gather(
                *(connector(route.kind).ask(str(notice.pk), route, lines, at=now) for notice, route in asked)
            )
        )


def _learn(notice: Notice, item: dict[str, Any], *, at: datetime) -> None:
    """What a status query says of one item, if it is one of ours and says a word we know."""
    row = actions.by_item(notice.takedowns.all()).get(str(item.get("item_id")))
    outcome = actions.platform_word(item.get("status"))
    if row is None or outcome is None:
        return
    decided = actions.moment(item.get("decided_at"))
    if decided is None:
        if row.platform_says == outcome:
            return  # nothing new, and no date that says otherwise
        decided = at
    actions.record_outcome(
        takedown=row,
        outcome=outcome,
        source=Source.QUERY,
        at=min(decided, at),
        recorded_at=at,
        event_key=f"query:{row.pk}:{outcome}:{decided.isoformat()}",
        words=storable(item.get("reason"), 4000),
        redress_until=actions.day(item.get("redress_until")),
    )
