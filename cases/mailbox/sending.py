"""Our letters in a thread leave: claimed with a lease, sent outside any transaction, and what came of it written after.

A worker that dies with a letter in its hands leaves it "perhaps sent": a person reads that, and nothing is sent again.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from django.conf import settings
from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext

from cases.mailbox.actions import note_answered
from cases.mailbox.models import Letter
from cases.mailbox.states import LetterStatus
from cases.takedowns import notices
from cases.takedowns.connectors import Lines, Sent
from cases.takedowns.connectors.email.conversation import deliver
from cases.takedowns.connectors.email.letter import Envelope, head, written
from cases.takedowns.reasons import SILENT, Why
from cases.takedowns.states import Result
from helpline.audit import actions as audit
from helpline.crypto.wrapping import WrongKey

BATCH = 20
MAX_TRIES = 8
FIRST_PAUSE = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Ready:
    """A letter in this worker's hands."""

    letter: Letter
    envelope: Envelope
    body: bytes = field(repr=False)


def run(*, now: datetime) -> int:
    """Send what is due. Returns how many were tried."""
    reap(now=now)
    ready = claim(now=now)
    if ready:
        for letter in finish(ready, asyncio.run(_send_all(ready)), now=now):
            note_answered(letter, at=now)
    return len(ready)


@transaction.atomic
def reap(*, now: datetime) -> int:
    """What a dead worker left: nobody knows whether it left."""
    late = Letter.objects.select_for_update(no_key=True, skip_locked=True).filter(lease_until__lte=now)
    rows = list(late)
    for row in rows:
        row.status, row.lease_until, row.why = LetterStatus.UNKNOWN, None, SILENT
        row.save(update_fields=["status", "lease_until", "why"])
        audit.record(by=None, verb="letter.unknown", obj=row, at=now)
    return len(rows)


@transaction.atomic
def claim(*, now: datetime) -> list[Ready]:
    """Take what is due, written first as leaving."""
    due = (
        Letter.objects.select_for_update(no_key=True, skip_locked=True, of=("self",))
        .select_related("notice__channel")
        .filter(
            due_at__lte=now,
            notice__channel__platform__paused_at=None,
            notice__channel__platform__merged_into__paused_at=None,
        )
        .order_by("due_at")[:BATCH]
    )
    ready = []
    for row in due:
        row.due_at, row.tries = None, row.tries + 1
        try:
            ready.append(_write(row, at=now))
            row.status, row.lease_until = LetterStatus.SENDING, now + settings.LEASE
        except WrongKey:
            row.status, row.why = LetterStatus.FAILED, Why.ERASED
        row.save(update_fields=["due_at", "tries", "status", "lease_until", "why"])
    return ready


def _write(row: Letter, *, at: datetime) -> Ready:
    notice = row.notice
    content = notices.content_of(notice)
    envelope = Envelope(
        notice_id=notice.pk,
        name=content.notifier["name"],
        sender=content.notifier["email"],
        recipient=notice.channel.address,
    )
    with translation.override(notice.language):
        subject = gettext("Re: Notice %(id)s") % {"id": notice.pk}
    headers = head(envelope, subject=subject, at=at, language=notice.language, reply=row.pk.hex)
    return Ready(row, envelope, written(headers, notice.box().open(row, "words")))


async def _send_all(ready: Sequence[Ready]) -> list[Sent]:
    async with Lines(in_flight=1) as lines:
        sending = (lines.in_mail_thread(partial(deliver, one.body, one.envelope, lines)) for one in ready)
        return list(await asyncio.gather(*sending))


@transaction.atomic
def finish(ready: Sequence[Ready], sent: Sequence[Sent], *, now: datetime) -> list[Letter]:
    """Write what came of each, where nobody else has meanwhile. Returns those that arrived."""
    arrived = []
    for one, result in zip(ready, sent, strict=True):
        row = Letter.objects.select_for_update(no_key=True).get(pk=one.letter.pk)
        if row.status != LetterStatus.SENDING or row.tries != one.letter.tries:
            continue
        row.lease_until, row.why = None, result.detail[:100]
        if result.result == Result.ACCEPTED:
            row.status, row.sent_at, row.why = LetterStatus.SENT, now, ""
            arrived.append(row)
        elif result.result == Result.UNKNOWN:
            row.status = LetterStatus.UNKNOWN
        elif result.result == Result.RETRY and row.tries < MAX_TRIES:
            row.status, row.due_at = LetterStatus.QUEUED, now + FIRST_PAUSE * 2 ** (row.tries - 1)
        else:
            row.status = LetterStatus.FAILED
        row.save()
        audit.record(by=None, verb=f"letter.{row.status}", obj=row, at=now)
    return arrived
