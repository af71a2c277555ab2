"""Writes that may be sent again: `Idempotency-Key: <any text of 1 to 255 characters>`.

The same key with the same request is not done again, and answered with the same status and the identifiers of the
first answer (`Idempotency-Replayed: true`); with another request, 422; while the first is still being worked on, 409. Only
answers that changed something are kept: after a refusal the same key may be used for the corrected request.
The effect and the kept answer are written in one transaction, so that neither exists without the other.
Without the header nothing is read or written.
"""

import hashlib
import json
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import wraps
from typing import Any, cast

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.encoders import JSONEncoder
from rest_framework.views import APIView

from helpline.accounts.models import Staff
from helpline.crypto import blind
from helpline.crypto.box import Box
from helpline.web import problems
from helpline.web.models import ApiWrite
from helpline.web.problems import Problem

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
KEPT = timedelta(hours=24)
MAX_LENGTH = 255
ANYONE = "anyone"
IDENTIFIERS = frozenset({"id", "ref", "status", "case", "receipt_code", "takedowns"})

Handler = Callable[..., Response]


def actor_of(request: Request) -> str:
    """Whose keys they are: one person's key never meets another's.

    Who has no account is known by their receipt code, of which only a keyed digest is kept.
    """
    staff = cast("Staff | None", request.user)
    if staff is not None:
        return f"staff:{staff.pk}"
    if code := request.headers.get("Receipt-Code"):
        return f"code:{_digest('code', code).hex()}"
    return ANYONE


def idempotent(handler: Handler) -> Handler:
    """Decorates `post`, `delete` and so on of an API view."""

    @wraps(handler)
    def once(view: APIView, request: Request, *args: Any, **kwargs: Any) -> Response:
        key = request.META.get("HTTP_IDEMPOTENCY_KEY")
        if key is None:
            return handler(view, request, *args, **kwargs)
        if not (0 < len(key) <= MAX_LENGTH and key.isascii() and key.isprintable()):
            raise problems.invalid({HEADER: [_("From 1 to 255 visible characters.")]})
        words = [(request.method or "").encode(), request.get_full_path().encode(), request._request.body]
        # Keyed, or whoever holds the table could try out what was written.
        asked = _digest("request", hashlib.sha256(b"\0".join(words)).hexdigest())
        return _once(
            actor=actor_of(request),
            key=key,
            asked=asked,
            at=timezone.now(),
            call=lambda: handler(view, request, *args, **kwargs),
        )

    return once


@transaction.atomic
def _once(*, actor: str, key: str, asked: bytes, at: datetime, call: Callable[[], Response]) -> Response:
    digest = _digest("key", f"{actor}|{key}")
    if not _held_by_us(digest):
        raise Problem(
            409, "in_progress", _("The same request is being worked on. Ask again in a moment."), wait=1
        )
    box = _box(actor, key)
    kept = ApiWrite.objects.filter(actor=actor, key=digest).first()
    if kept is not None and kept.created_at > at - KEPT:
        if bytes(kept.request) != asked:
            raise Problem(
                422, "idempotency_key_reused", _("This key was used for another request. Choose a new one.")
            )
        body = box.open(kept, "response")
        return Response(json.loads(body) if body else None, status=kept.status, headers={REPLAYED: "true"})
    if kept is not None:
        kept.delete()
    response = call()
    if 200 <= response.status_code < 300:
        row = ApiWrite(actor=actor, key=digest, request=asked, status=response.status_code, created_at=at)
        if response.data is not None:
            row.response = box.seal(row, "response", json.dumps(_identifiers(response.data), cls=JSONEncoder))
        row.save(force_insert=True)
    return response


def _identifiers(data: Any) -> Any:
    """What of an answer is kept: which thing it was about. Its words are read anew, by who may still read them."""
    if isinstance(data, dict):
        return {key: _identifiers(value) for key, value in data.items() if key in IDENTIFIERS}
    return [_identifiers(one) for one in data] if isinstance(data, list | tuple) else data


def _held_by_us(digest: bytes) -> bool:
    """Whether this transaction is now the only one that works on this key. It lets go when it ends."""
    number = int.from_bytes(digest[:8], "big", signed=True)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [number])
        return bool(cursor.fetchone()[0])


def _digest(purpose: str, text: str) -> bytes:
    return blind.index(f"idempotency|{purpose}", text) or b""


def _box(actor: str, key: str) -> Box:
    # The server's own part (a keyed digest) keeps a short key from being guessed by who holds only the table.
    kdf = HKDF(algorithm=hashes.SHA256(), length=32, salt=_digest("seal", actor), info=b"idempotency")
    return Box(kdf.derive(key.encode()))


def purge(*, now: datetime) -> int:
    """Forget answers older than a day. Returns how many."""
    return ApiWrite.objects.filter(created_at__lte=now - KEPT).delete()[0]
