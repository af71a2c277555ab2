"""A platform calls back (docs/notice-api.md): signed, perhaps late, twice, or out of order."""

import json
from dataclasses import replace
from datetime import datetime
from functools import lru_cache
from typing import Any, cast
from uuid import UUID

from django.db import connection

from cases.takedowns import actions
from cases.takedowns.connectors.base import storable
from cases.takedowns.connectors.http_api.signing import BadSignature, verify
from cases.takedowns.learning import ForeignItem, UnknownNotice, Word
from cases.takedowns.states import Source
from helpline.crypto.box import settings_box
from helpline.platforms.models import Channel, ChannelKind
from helpline.postgresql.base import DatabaseWrapper

__all__ = ["BadSignature", "ForeignItem", "NotTheSchema", "UnknownNotice", "receive"]

MAX_ITEMS = 500


class NotTheSchema(Exception):
    """Not a takedown-outcome/1."""


def receive(*, channel_slug: str, body: bytes, signature: str, now: datetime) -> None:
    """Take one callback. A replayed event has no effect. Nothing is believed before the signature is.

    Raises BadSignature (also for a channel that does not exist), NotTheSchema, UnknownNotice, ForeignItem.
    """
    channel_id, secret = _channel(channel_slug)
    verify(body, header=signature, secret=secret, now=now)
    event_id, notice_id, reference, words = _read(body, now=now)
    actions.record_words(
        notice_id=notice_id,
        channel_id=channel_id,
        words=[(item, replace(word, key=f"{channel_slug}:{event_id}:{item}")) for item, word in words],
        source=Source.CALLBACK,
        recorded_at=now,
        reference=reference,
    )


CHANNEL = """
SELECT id, inbound_secret_sealed FROM platforms_channel WHERE slug = %s::text AND kind = %s::text
"""


def _channel(slug: str) -> tuple[int, str]:
    """Its number and what its platform signs with; nothing is signed with the empty secret of one that does not exist."""
    base = cast(DatabaseWrapper, connection)
    found = base.fetch_prepared(CHANNEL, [slug, ChannelKind.HTTP_API.value])
    if not found:
        return 0, ""
    channel_id, sealed = found[0]
    return channel_id, _opened(channel_id, bytes(sealed or b""))


@lru_cache(maxsize=64)  # by what stands there now: a new secret is another
def _opened(channel_id: int, sealed: bytes) -> str:
    channel = Channel(id=channel_id, inbound_secret_sealed=sealed)
    return settings_box().open(channel, "inbound_secret_sealed")


def _read(body: bytes, *, now: datetime) -> tuple[UUID, UUID, str, list[tuple[UUID, Word]]]:
    try:
        said = json.loads(body)
        if said["schema"] != "takedown-outcome/1" or not 0 < len(said["items"]) <= MAX_ITEMS:
            raise NotTheSchema
        words = [_word(item, now=now) for item in said["items"]]
        return UUID(said["event_id"]), UUID(said["notice_id"]), storable(said.get("reference"), 200), words
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise NotTheSchema from error


def _word(item: dict[str, Any], *, now: datetime) -> tuple[UUID, Word]:
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
    return UUID(item["item_id"]), Word(
        outcome=outcome,
        # Nobody decides in the future; a fast clock would win over every later word.
        at=min(decided_at, now),
        text=storable(item.get("reason"), 4000),
        redress_until=redress,
        detail=detail,
    )
