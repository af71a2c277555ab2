"""Many that failed for the same reason on the same channel: tried again, or given up, with one press."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Case, Count, F, Func, QuerySet, TextField, Value, When
from django.db.models.expressions import Combinable
from django.db.models.lookups import In

from cases.takedowns import actions
from cases.takedowns.actions import AlreadyRequested, NoChannel, WeakNotice
from cases.takedowns.connectors import CONNECTORS, connector
from cases.takedowns.models import Takedown
from cases.takedowns.reasons import Reason, Why, reason
from cases.takedowns.states import ForbiddenMove, Status
from helpline.accounts.models import Staff
from helpline.platforms.models import Channel

AT_ONCE = 200  # with one press; whoever has more presses again
GROUPS = 12


@dataclass(frozen=True, slots=True)
class Group:
    """So many requests that did not leave, for one reason, on one channel."""

    channel: Channel
    reason: Reason
    count: int

    @property
    def may_retry(self) -> bool:
        """Is trying them all again safe, and likely to help?"""
        works = self.channel.enabled and self.channel.kind in CONNECTORS
        return self.reason.may_pass and works and not connector(self.channel.kind).by_hand


@dataclass(frozen=True, slots=True)
class Done:
    """What one press did."""

    done: int
    left: int  # not any more as they were, or not to be done


def code() -> Combinable:
    """The coded word of `Notice.failure`, in the database; what has none is `other`, as `reason` reads it."""
    word = Func(F("notice__failure"), Value(":"), Value(1), function="split_part", output_field=TextField())
    other = Value(Why.OTHER.value)
    return Case(When(In(word, Why.values), then=word), default=other, output_field=TextField())


def of_reason(rows: QuerySet[Takedown], *, channel: str, why: str) -> QuerySet[Takedown]:
    """Those among `rows` that did not leave for this reason, by its coded word, on this channel, by its slug."""
    failed = rows.filter(status=Status.FAILED, notice__channel__slug=channel)
    return failed.annotate(why=code()).filter(why=why)


def groups(rows: QuerySet[Takedown]) -> list[Group]:
    """Reasons that more than one of `rows` has in common on one channel, the commonest first. Two queries."""
    found = (
        rows.filter(status=Status.FAILED)
        .annotate(why=code())
        .values("notice__channel", "why")
        .annotate(many=Count("pk"))
        .filter(many__gt=1)
        .order_by("-many", "notice__channel", "why")[:GROUPS]
    )
    lines = list(found)
    channels = Channel.objects.select_related("platform").in_bulk({one["notice__channel"] for one in lines})
    return [Group(channels[one["notice__channel"]], reason(one["why"]), one["many"]) for one in lines]


def retry_all(rows: Sequence[Takedown], *, by: Staff, at: datetime) -> Done:
    """Try each again that still waits for it. One notice of several items counts with all of them."""
    return _each(rows, lambda row: actions.retry(takedown=row, by=by, at=at), leaves=Status.QUEUED)


def cancel_all(rows: Sequence[Takedown], *, by: Staff, at: datetime) -> Done:
    """Give each up that has not left meanwhile. Its link can be asked for another way."""
    return _each(rows, lambda row: actions.cancel(takedown=row, by=by, at=at), leaves=Status.CANCELLED)


def _each(rows: Sequence[Takedown], act: Callable[[Takedown], None], *, leaves: Status) -> Done:
    """Each in a transaction of its own: what can't be done with one stops no other."""
    done = 0
    for row in rows:
        try:
            act(row)
        except (ForbiddenMove, AlreadyRequested, NoChannel, WeakNotice):
            # It may have gone along with another item of its notice a moment ago.
            row.refresh_from_db()
            done += row.status == leaves
            continue
        done += 1
    return Done(done, len(rows) - done)
