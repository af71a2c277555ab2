"""Seal and open the sealed columns of a row with its data key."""

import json
import secrets
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.db import models

from helpline.crypto import keyring
from helpline.crypto.wrapping import WrongKey

VERSION = 1


def _about(instance: models.Model, column: str) -> bytes:
    """table|row|column|version: ciphertext moved to another place does not open there."""
    return f"{instance._meta.db_table}|{instance.pk}|{column}|{VERSION}".encode()


@dataclass(frozen=True, slots=True)
class Box:
    """Whoever holds the data key. `seal` answers bytes for a SealedField; `open` answers the text, '' for nothing."""

    key: bytes = field(repr=False)
    _cipher: AESGCM = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_cipher", AESGCM(self.key))

    def seal(self, instance: models.Model, column: str, text: str) -> bytes | None:
        """Ciphertext of `text` for this row and column; None for an empty text. The row needs its primary key."""
        return self.seal_bytes(instance, column, text.encode())

    def seal_bytes(self, instance: models.Model, column: str, body: bytes) -> bytes | None:
        """As `seal`, for what is no text."""
        if not body:
            return None
        nonce = secrets.token_bytes(12)
        return bytes([VERSION]) + nonce + self._cipher.encrypt(nonce, body, _about(instance, column))

    def open(self, instance: models.Model, column: str) -> str:
        """The text in `column`. Raises WrongKey when the key, the row or the column is not the one it was sealed for."""
        return self.open_bytes(instance, column).decode()

    def open_bytes(self, instance: models.Model, column: str) -> bytes:
        """As `open`, for what `seal_bytes` sealed; b"" for nothing."""
        sealed = getattr(instance, column)
        if not sealed:
            return b""
        sealed = bytes(sealed)
        try:
            return self._cipher.decrypt(sealed[1:13], sealed[13:], _about(instance, column))
        except InvalidTag as error:
            raise WrongKey("This key does not open this column.") from error

    def seal_json(self, instance: models.Model, column: str, value: Any) -> bytes | None:
        """As `seal`, for any JSON value; None for an empty one."""
        return self.seal(instance, column, json.dumps(value, ensure_ascii=False)) if value else None

    def open_json(self, instance: models.Model, column: str) -> Any:
        """As `open`, for what `seal_json` sealed; {} for nothing."""
        text = self.open(instance, column)
        return json.loads(text) if text else {}


def settings_box() -> Box:
    """For the operator's own secrets (channel tokens): a key derived from the desk key."""
    _, desk = keyring.current("desk.key")
    return _operators_box(desk)


@lru_cache(maxsize=2)  # worked out once a process, not for each callback
def _operators_box(desk: bytes) -> Box:
    kdf = HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=b"operator settings")
    return Box(kdf.derive(desk))
