"""Values a browser keeps for us without being able to read or change them."""

import base64
import json
from datetime import timedelta
from functools import cache
from typing import Any

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings


@cache
def _fernet(purpose: str, secret: str) -> Fernet:
    kdf = HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=b"cookie|" + purpose.encode())
    return Fernet(base64.urlsafe_b64encode(kdf.derive(secret.encode())))


def seal(purpose: str, value: dict[str, Any]) -> str:
    """`value` as an opaque, dated text."""
    return _fernet(purpose, settings.SECRET_KEY).encrypt(json.dumps(value).encode()).decode()


def open_sealed(purpose: str, text: str, *, max_age: timedelta) -> dict[str, Any] | None:
    """What `seal` was given, or None when it is too old, altered or not ours."""
    try:
        body = _fernet(purpose, settings.SECRET_KEY).decrypt(text.encode(), ttl=int(max_age.total_seconds()))
    except (InvalidToken, ValueError):
        return None
    value: dict[str, Any] = json.loads(body)
    return value
