"""A platform calls back (docs/notice-api.md): signed, perhaps late, twice, or out of order."""

import json
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from cases.takedowns import actions
from cases.takedowns.connectors.base import storable
from cases.takedowns.connectors.http_api.signing import BadSignature, verify
from cases.takedowns.models import Notice, Takedown
from cases.takedowns.states import Outcome, Source
from helpline.crypto.box import settings_box
from helpline.platforms.models import Channel, ChannelKind

__all__ = ["BadSignature", "ForeignItem", "NotTheSchema", "UnknownNotice", "receive"]

MAX_ITEMS = 500


class UnknownNotice(Exception):
    """No such notice was sent through this channel."""


class ForeignItem(Exception):
    """The item is not one of this notice's."""


class NotTheSchema(Exception):
    """Not a takedown-outcome/1."""


@dataclass(frozen=True, slots=True)
class _Word:
    item_id: UUID
    outcome: Outcome
    decided_at: datetime
    reason: str
    redress_until: date | None
    detail: dict[str, Any]


def receive(*, channel_slug: str, body: bytes, signature: str, now: datetime) -> None:
    """Take one callback. A replayed event has no effect. Nothing is believed before the signature is.

    Raises BadSignature (also for a channel that does not exist), NotTheSchema, UnknownNotice, ForeignItem.
    """
    channel = Channel.objects.filter(slug=channel_slug, kind=ChannelKind.HTTP_API).first()
    secret = settings_box().open(channel, "inbound_secret_sealed") if channel else ""
    verify(body, header=signature, secret=secret, now=now)
    event_id, notice_id, reference, words = _read(body, now=now)
    notice = Notice.objects.filter(pk=notice_id, channel=channel).first()
    if notice is None:
        raise UnknownNotice
    rows = actions.by_item(Takedown.objects.filter(notice=notice))
    if any(str(word.item_id) not in rows for word in words):
        raise ForeignItem
    with transaction.atomic():
        if reference and not notice.reference:
            Notice.objects.filter(pk=notice.pk).update(reference=reference)
        for word in sorted(words, key=lambda word: word.item_id):  # always the same order: no deadlock of two
            actions.record_outcome(
                takedown=rows[str(word.item_id)],
                outcome=word.outcome,
                source=Source.CALLBACK,
                at=word.decided_at,
                recorded_at=now,
                event_key=f"{channel_slug}:{event_id}:{word.item_id}",
                words=word.reason,
                detail=word.detail,
                redress_until=word.redress_until,
            )


def _read(body: bytes, *, now: datetime) -> tuple[UUID, UUID, str, list[_Word]]:
    try:
        said = json.loads(body)
        if said["schema"] != "takedown-outcome/1" or not 0 < len(said["items"]) <= MAX_ITEMS:
            raise NotTheSchema
        words = [_word(item, now=now) for item in said["items"]]
        return UUID(said["event_id"]), UUID(said["notice_id"]), storable(said.get("reference"), 200), words
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise NotTheSchema from error


def _word(item: dict[str, Any], *, now: datetime) -> _Word:
    outcome = actions.platform_word(item["status"])
    decided_at = actions.moment(item["decided_at"])
    if outcome is None or decided_at is None:
        raise NotTheSchema
    redress = actions.day(item.get("redress_until"))
    if redress is None and item.get("redress_until"):
        raise NotTheSchema
    detail = {
        key: text
        for key in ("decision_visibility", "decision_account")
        if (text := storable(item.get(key), 80))
    }
    return _Word(
        item_id=UUID(item["item_id"]),
        outcome=outcome,
        # Nobody decides in the future; a fast clock would win over every later word.
        decided_at=min(decided_at, now),
        reason=storable(item.get("reason"), 4000),
        redress_until=redress,
        detail=detail,
    )
