"""The signature of both directions: `Helpline-Signature: t=<unix seconds>,v1=<hex HMAC-SHA256>`."""

import hmac
import time

HEADER = "Helpline-Signature"
TOLERANCE = 300
"""How many seconds a signature's time may be off, either way."""


def sign(secret: str, body: bytes, at: int | None = None) -> str:
    """The header's value for a body sent at this Unix time (now, if not given)."""
    moment = int(time.time()) if at is None else at
    return f"t={moment},v1={digest(secret, moment, body)}"


def digest(secret: str, at: int, body: bytes) -> str:
    """HMAC-SHA256 over the time, a full stop and the raw body, in hex."""
    return hmac.digest(secret.encode(), b"%d." % at + body, "sha256").hex()


def refusal(secret: str, header: str | None, body: bytes, now: float) -> str | None:
    """Why a signature is not taken, as a stable code; None when it is good.

    Several `v1` may be given, so that a secret can be changed without a gap.
    """
    if not header:
        return "missing_signature"
    parts = [part.partition("=") for part in header.split(",")]
    times = [value for name, _, value in parts if name.strip() == "t"]
    offered = [value.strip() for name, _, value in parts if name.strip() == "v1"]
    if (
        len(times) != 1
        or not offered
        or not (times[0].isascii() and times[0].isdigit())
        or len(times[0]) > 12
    ):
        return "malformed_signature"
    at = int(times[0])
    expected = digest(secret, at, body).encode()
    if not any(hmac.compare_digest(expected, one.encode()) for one in offered):
        return "bad_signature"
    return "stale_signature" if abs(now - at) > TOLERANCE else None
