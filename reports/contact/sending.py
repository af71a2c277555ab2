"""Sending signs: claim one that is due, look at what was agreed, write that it leaves, send it, write what came of it.

A sign may be lost rather than doubled. `Nudge.done_at` is written, and committed, just before anything leaves: a worker
that dies before that has only held a lease, and another takes the row over when it ends; one that dies after it leaves a
row that nobody sends again, and that counts as sent. `leased_until` is the database's own clock and names the holder: who
comes back too late finds another value there and writes nothing.
"""

import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Max
from django.utils import timezone

from helpline.audit import actions as audit
from helpline.crypto.wrapping import WrongKey
from reports.contact import carriers, contract
from reports.contact.carriers import Fate
from reports.contact.contract import Contract, Refusal
from reports.contact.sign import Sign, sign
from reports.models import Message, Nudge, Report
from reports.states import NudgeStatus, Status

PAUSES = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 30, 120))
MOST_TRIES = len(PAUSES) + 1
LOCK = (
    0x5349474E  # any constant; only this module uses it: one run at a time keeps the other tasks their turn
)
UNKNOWN = "unknown"  # in Nudge.why of a sent one: nobody knows whether it arrived

CLAIM = """
WITH due AS (
    SELECT id FROM reports_nudge
    WHERE status = 'waiting' AND done_at IS NULL AND due_at <= %s AND (leased_until IS NULL OR leased_until < now())
    ORDER BY due_at, id LIMIT 1 FOR UPDATE SKIP LOCKED
)
UPDATE reports_nudge AS nudge SET leased_until = now() + make_interval(secs => %s)
FROM due WHERE nudge.id = due.id
RETURNING nudge.*
"""
# Written as leaving, and its worker never came back.
SETTLE = """
UPDATE reports_nudge SET status = 'sent', why = %s, leased_until = NULL
WHERE status = 'waiting' AND done_at IS NOT NULL AND leased_until < now()
"""


@dataclass(frozen=True, slots=True)
class Leaving:
    """A sign that is written as leaving, and where to."""

    nudge: Nudge
    via: str
    address: str = field(repr=False)
    sign: Sign


def send_due(*, max_seconds: float) -> int:
    """Send what is due, one after the other, for so long, unless another worker does so already. Returns how many left.

    When the mail server or the gateway takes nothing, the others wait for the next sweep instead of their turn to fail.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [LOCK])
        if not cursor.fetchone()[0]:
            return 0
        try:
            return _send_due(max_seconds)
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK])


def _send_due(max_seconds: float) -> int:
    settle()
    until, count = time.monotonic() + max_seconds, 0
    while time.monotonic() < until and (nudge := claim(at=timezone.now())) is not None:
        leaving = begin(nudge, at=timezone.now())
        if leaving is None:
            continue
        fate = carriers.carry(leaving.via, leaving.address, leaving.sign, at=timezone.now())
        finish(leaving, fate, at=timezone.now())
        if fate == Fate.RETRY:
            break
        count += 1
    return count


def settle() -> int:
    """Count as sent what was leaving when its worker died. Returns how many."""
    with connection.cursor() as cursor:
        cursor.execute(SETTLE, [UNKNOWN])
        return int(cursor.rowcount)


def claim(*, at: datetime) -> Nudge | None:
    """The next sign that is due, for `settings.LEASE`."""
    found = list(Nudge.objects.raw(CLAIM, [at, settings.LEASE.total_seconds()]))
    return found[0] if found else None


@transaction.atomic
def begin(nudge: Nudge, *, at: datetime) -> Leaving | None:
    """Look at what is agreed at this moment and write that the sign leaves; None when it may not, or is no longer ours.

    The report is locked meanwhile, so that a change of mind either comes first and counts, or finds the sign gone. Raises
    KeyUnavailable on the public face.
    """
    report = Report.objects.select_for_update(no_key=True).get(pk=nudge.report_id)
    if not _is_held(nudge, done_at=None):
        return None
    agreed = _agreed(report)
    if agreed is None:
        _end(nudge, report.contact_via, NudgeStatus.REFUSED, why=Refusal.ERASED, at=at)
        return None
    zone, last = timezone.get_default_timezone(), _last_sent_at(report)
    refused = contract.refusal(
        agreed, at, zone, offered=carriers.offered(), every=settings.NUDGE_EVERY, last_sent_at=last
    )
    if (refused is None or refused.passes) and not is_news(nudge, report):
        refused = Refusal.ALREADY_READ
    if refused is None:
        nudge.tries += 1
        nudge.done_at, nudge.why = at, ""
        nudge.save(update_fields=["tries", "done_at", "why"])
        return Leaving(nudge=nudge, via=agreed.via, address=agreed.address, sign=sign(report.language))
    if refused.passes:
        soonest = max(at, last + settings.NUDGE_EVERY) if last is not None else at
        nudge.due_at = contract.next_allowed(agreed, soonest, zone)
        nudge.leased_until, nudge.why = None, refused
        nudge.save(update_fields=["due_at", "leased_until", "why"])
    else:
        _end(nudge, report.contact_via, NudgeStatus.REFUSED, why=refused, at=at)
    return None


def is_news(nudge: Nudge, report: Report) -> bool:
    """Is there something they have not seen? Yes, unless it is known.

    Nobody notes who looks at what. But our messages are marked as read, and whoever read one had the whole page before
    them: so there is no news when all of ours are read, one of them since the sign was made, and nothing happened after.
    """
    ours = report.messages.filter(author=Message.Author.HELPLINE)
    seen_at = ours.aggregate(last=Max("read_at"))["last"]
    if seen_at is None or seen_at < nudge.made_at or ours.filter(read_at=None).exists():
        return True
    return report.updates.filter(at__gt=seen_at).exists()


@transaction.atomic
def finish(leaving: Leaving, fate: Fate, *, at: datetime) -> None:
    """Write what came of it, if it is still ours to write."""
    nudge = leaving.nudge
    if not _is_held(nudge):
        return
    if fate in {Fate.ACCEPTED, Fate.UNKNOWN}:
        _end(nudge, leaving.via, NudgeStatus.SENT, why=UNKNOWN if fate == Fate.UNKNOWN else "", at=at)
    elif fate == Fate.RETRY and nudge.tries < MOST_TRIES:
        nudge.due_at = at + PAUSES[nudge.tries - 1]
        nudge.done_at, nudge.leased_until, nudge.why = None, None, fate
        nudge.save(update_fields=["due_at", "done_at", "leased_until", "why"])
    else:
        _end(nudge, leaving.via, NudgeStatus.FAILED, why=fate, at=at)


def _is_held(nudge: Nudge, **still: Any) -> bool:
    """Is it waiting, and ours, still? Locked, if so."""
    mine = Nudge.objects.select_for_update(no_key=True).filter(
        pk=nudge.pk, status=NudgeStatus.WAITING, leased_until=nudge.leased_until, **still
    )
    return mine.first() is not None


def _end(nudge: Nudge, via: str, status: NudgeStatus, *, why: str, at: datetime) -> None:
    """The last word of a sign, and a line in the trail that says neither where to nor what."""
    nudge.status, nudge.why, nudge.leased_until, nudge.done_at = status, why, None, at
    nudge.save(update_fields=["status", "why", "leased_until", "done_at"])
    detail: audit.Detail = {"via": via, "why": str(why)}
    audit.record(by=audit.SYSTEM, verb=f"nudge.{status}", obj=nudge.report, detail=detail, at=at)


def _agreed(report: Report) -> Contract | None:
    """What the young person said last; None once it can't be opened any more."""
    if report.status == Status.ERASED:
        return None
    try:
        return contract.read(report.box_for_staff().open_json(report, "contact"))
    except WrongKey:
        return None


def _last_sent_at(report: Report) -> datetime | None:
    sent = report.nudges.filter(status=NudgeStatus.SENT)
    last: datetime | None = sent.aggregate(last=Max("done_at"))["last"]
    return last
