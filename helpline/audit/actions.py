"""Add to the trail, and chain what was added.

Rows are written in the transaction of what they record. Numbering and hashing them there would make every writer wait
for the one before it to commit, so a sweep does it seconds later, under an advisory lock.
"""

import hashlib
import hmac
import json
from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.db import connection, models, transaction

from helpline import columns
from helpline.audit.models import AuditRow
from helpline.crypto import keyring

Detail = dict[str, str | int | bool | None]
LOCK = 0x48454C50  # any constant; only this module uses it
YOUNG_PERSON = "young-person"
SYSTEM = "system"


def actor_name(by: models.Model | str | None) -> str:
    """How an actor is written: `staff:<id>`, a name given as text, or `system`."""
    if by is None:
        return SYSTEM
    return by if isinstance(by, str) else f"staff:{by.pk}"


def row(
    *,
    by: models.Model | str | None,
    verb: str,
    obj: models.Model | None,
    at: datetime,
    detail: Detail | None = None,
) -> AuditRow:
    """An unsaved line, for callers that write many at once with `record_many`."""
    return AuditRow(
        at=at,
        actor=actor_name(by),
        verb=verb,
        object_type=obj._meta.model_name or "" if obj is not None else "",
        object_id=str(obj.pk) if obj is not None else "",
        detail=detail or {},
    )


def record(
    *,
    by: models.Model | str | None,
    verb: str,
    obj: models.Model | None,
    at: datetime,
    detail: Detail | None = None,
) -> None:
    """Write one line. `detail` holds coarse words and numbers only, never content."""
    row(by=by, verb=verb, obj=obj, at=at, detail=detail).save(force_insert=True)


def record_many(rows: Iterable[AuditRow]) -> None:
    """Write many lines in one statement."""
    columns.insert(AuditRow, columns_of(rows))


def columns_of(rows: Iterable[AuditRow]) -> dict[str, list[Any]]:
    """The same lines column by column, for callers that write them together with other tables."""
    lines = list(rows)
    told = ("at", "actor", "verb", "object_type", "object_id", "detail")
    return {name: [getattr(line, name) for line in lines] for name in told}


def record_alike(
    of: type[models.Model],
    pks: Collection[Any],
    *,
    by: models.Model | str | None,
    verb: str,
    at: datetime,
    detail: Detail | None = None,
) -> None:
    """Write the same line about each of these rows, in one statement and without the rows."""
    if not pks:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO audit_auditrow (at, actor, verb, object_type, object_id, detail) "
            "SELECT %s, %s, %s, %s, pk, %s::jsonb FROM unnest(%s::text[]) AS pk",
            [at, actor_name(by), verb, of._meta.model_name, json.dumps(detail or {}), list(map(str, pks))],
        )


def chain_keys() -> list[bytes]:
    """The chain's keys, the current one first: derived from the desk's, so that the database alone can't forge a line."""
    return [
        HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=b"audit chain").derive(key)
        for key in keyring.load("desk.key").values()
    ]


def hash_of(line: AuditRow, previous: bytes, *, key: bytes) -> bytes:
    """HMAC-SHA256 over the hash before and this line's own words."""
    body: list[Any] = [
        line.number,
        line.at.isoformat(),
        line.actor,
        line.verb,
        line.object_type,
        line.object_id,
        line.detail,
    ]
    words = json.dumps(body, sort_keys=True, ensure_ascii=False).encode()
    return hmac.new(key, previous + words, hashlib.sha256).digest()


@transaction.atomic
def chain_new_rows(*, limit: int = 5000) -> int:
    """Number and hash up to `limit` lines that have no number yet, in the order of their ids. Returns how many."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK])
        if not cursor.fetchone()[0]:
            return 0
    key = chain_keys()[0]
    last = AuditRow.objects.exclude(number=None).order_by("-number").first()
    number, previous = (last.number or 0, bytes(last.hash or b"")) if last else (0, b"")
    lines = list(AuditRow.objects.filter(number=None).order_by("id")[:limit])
    for line in lines:
        number += 1
        line.number = number
        previous = line.hash = hash_of(line, previous, key=key)
    AuditRow.objects.bulk_update(lines, ["number", "hash"], batch_size=1000)
    return len(lines)


def first_broken(*, batch: int = 5000) -> int | None:
    """The number of the first line whose hash does not follow from the one before it; None when the chain holds."""
    previous, expected = b"", 1
    keys = chain_keys()
    while True:
        lines = list(AuditRow.objects.filter(number__gte=expected).order_by("number")[:batch])
        if not lines:
            return None
        for line in lines:
            follows = bytes(line.hash or b"") in {hash_of(line, previous, key=key) for key in keys}
            if line.number != expected or not follows:
                return expected
            previous, expected = bytes(line.hash or b""), expected + 1
