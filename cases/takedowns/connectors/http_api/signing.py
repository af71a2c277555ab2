"""`Helpline-Signature: t=<unix seconds>,v1=<hex HMAC-SHA256(secret, "<t>." + body)>`, both ways (docs/notice-api.md)."""

import hashlib
import hmac
from datetime import datetime, timedelta

TOLERANCE = timedelta(minutes=5)
HEADER = "Helpline-Signature"


class BadSignature(Exception):
    """Missing, malformed, older or newer than five minutes, or made with another secret."""


def sign(body: bytes, *, secret: str, at: datetime) -> str:
    """The header's value for `body` sent at `at`."""
    seconds = int(at.timestamp())
    return f"t={seconds},v1={_mac(body, secret, seconds)}"


def verify(body: bytes, *, header: str, secret: str, now: datetime) -> None:
    """Raises BadSignature unless `header` signs exactly `body`, recently, with `secret`."""
    try:
        fields = dict(part.split("=", 1) for part in header.split(","))
        seconds, given = int(fields["t"]), fields["v1"]
        age = abs(now.timestamp() - seconds)
    except (ValueError, KeyError, OverflowError) as error:
        raise BadSignature("malformed") from error
    if not secret or age > TOLERANCE.total_seconds():
        raise BadSignature("stale")
    if not hmac.compare_digest(given.encode(), _mac(body, secret, seconds).encode()):
        raise BadSignature("wrong")


def _mac(body: bytes, secret: str, seconds: int) -> str:
    return hmac.new(secret.encode(), f"{seconds}.".encode() + body, hashlib.sha256).hexdigest()
