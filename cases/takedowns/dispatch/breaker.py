"""How well a channel carries: a breaker that opens after faults in a row, and pauses that grow.

Closed, a channel carries as many notices at once as it may. At `THRESHOLD` faults in a row it opens: nothing is claimed for
it until `paused_until`. Then it is half open, and carries one trial (`claiming.TAKE`): a success closes it, a fault opens it
for longer.
"""

import random
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from cases.takedowns.connectors import Sent
from cases.takedowns.states import Result
from helpline.audit import actions as audit
from helpline.platforms.models import Channel

THRESHOLD = 6
MOST_FAULTS = 32_000  # counted; one more still opens it, and its column holds that
FIRST_BREAK, LONGEST_BREAK = timedelta(seconds=20), timedelta(minutes=30)
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=5), timedelta(hours=1)
DOUBLINGS = 16  # enough for every ceiling; tries and faults have no end, and a power of two must not outgrow a timedelta
TOO_MANY_REQUESTS = 429


def pause(tries: int, jitter: float) -> timedelta:
    """Until a notice is tried again. Full jitter: from 0 to FIRST_PAUSE doubled with every try, up to LONGEST_PAUSE."""
    ceiling: timedelta = min(LONGEST_PAUSE, _doubled(FIRST_PAUSE, tries - 1))
    return ceiling * jitter


def break_for(faults: int, jitter: float) -> timedelta:
    """How long the breaker stays open after so many faults in a row. Full jitter as well."""
    ceiling: timedelta = min(LONGEST_BREAK, _doubled(FIRST_BREAK, faults - THRESHOLD))
    return ceiling * jitter


def _doubled(first: timedelta, times: int) -> timedelta:
    longer: timedelta = first * 2 ** min(DOUBLINGS, max(0, times))
    return longer


@dataclass(slots=True)
class Tally:
    """What some sends, in the order in which they ended, say of their channel."""

    answered: bool = False  # a clean answer came, whatever it said
    faults: int = 0  # since the last clean answer, or since the first of these sends
    wait: timedelta | None = None  # it asked to be left alone for so long

    def add(self, sent: Sent) -> None:
        """One more. A refusal is a clean answer; what never left says nothing."""
        if sent.result == Result.NOT_SENT:
            return
        if sent.result == Result.RETRY and sent.http_status == TOO_MANY_REQUESTS:
            self.answered, self.faults = True, 0
            self.wait = max(filter(None, (self.wait, sent.retry_after)), default=None)
        elif sent.result in {Result.RETRY, Result.UNKNOWN}:
            self.faults += 1
        else:
            self.answered, self.faults = True, 0


def tallies(ended: Iterable[tuple[int, Sent]]) -> dict[int, Tally]:
    """By channel."""
    found: dict[int, Tally] = {}
    for channel_id, sent in ended:
        found.setdefault(channel_id, Tally()).add(sent)
    return found


def faults_after(before: int, tally: Tally, *, is_paused: bool) -> int:
    """Faults in a row, now. Hundreds that were on their way when it broke count as one breaking, not as hundreds."""
    start = 0 if tally.answered else before
    if not tally.faults:
        return start
    if start >= THRESHOLD:
        return start if is_paused else start + 1
    return min(THRESHOLD, start + tally.faults)


def note(found: Mapping[int, Tally], *, now: datetime, jitter: Callable[[], float] = random.random) -> None:
    """Write down how the channels carried. A transaction of its own; healthy channels cost one statement that finds none."""
    healthy = [pk for pk, tally in found.items() if tally.answered and not tally.faults and not tally.wait]
    recovered = list(Channel.objects.filter(pk__in=healthy, faults__gt=0).values_list("pk", flat=True))
    troubled = [pk for pk, tally in found.items() if tally.faults or tally.wait] + recovered
    if not troubled:
        return
    with transaction.atomic():
        rows = Channel.objects.select_for_update(no_key=True).filter(pk__in=troubled).order_by("pk")
        for channel in rows:
            _note_one(channel, found[channel.pk], now=now, jitter=jitter)


def _note_one(channel: Channel, tally: Tally, *, now: datetime, jitter: Callable[[], float]) -> None:
    before, is_paused = min(channel.faults, MOST_FAULTS), channel.is_paused(now)
    faults = faults_after(before, tally, is_paused=is_paused)
    until = [channel.paused_until] if is_paused else []
    if faults >= THRESHOLD and (faults > before or before < THRESHOLD):
        until.append(now + break_for(faults, jitter()))
        audit.record(by=None, verb="channel.paused", obj=channel, detail={"faults": faults}, at=now)
    elif faults == 0 and before >= THRESHOLD:
        audit.record(by=None, verb="channel.recovered", obj=channel, at=now)
    if tally.wait is not None:
        until.append(now + tally.wait)
    Channel.objects.filter(pk=channel.pk).update(
        faults=faults, paused_until=max(filter(None, until), default=None)
    )
