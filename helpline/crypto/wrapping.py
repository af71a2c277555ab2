"""Data keys: made at random, one a report (and one a case, an incident, a notice), and wrapped for who may open them.

`about` names the row a key belongs to (`"report:<id>"`); it is bound into the wrapping, so that a wrapped key copied
into another row does not open there. Every function raises WrongKey when it does not fit.
"""

import secrets
from functools import cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes, hpke
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from helpline.crypto import keyring

SUITE = hpke.Suite(hpke.KEM.X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_256_GCM)

Stored = bytes | memoryview  # as the database hands it out


class WrongKey(Exception):
    """The key, the code or the row does not belong to this ciphertext."""


def new_data_key() -> bytes:
    """32 random bytes from the system's generator."""
    return secrets.token_bytes(32)


def _pack(key_id: str, body: bytes) -> bytes:
    name = key_id.encode()
    return bytes([len(name)]) + name + body


def _unpack(wrapped: bytes) -> tuple[str, bytes]:
    length = wrapped[0]
    return wrapped[1 : 1 + length].decode(), wrapped[1 + length :]


def _key(name: str, key_id: str) -> bytes:
    try:
        return keyring.load(name)[key_id]
    except KeyError as error:
        raise WrongKey(f"No {name} with id {key_id}.") from error


def _gcm_seal(key: bytes, body: bytes, about: str) -> bytes:
    nonce = secrets.token_bytes(12)
    return nonce + AESGCM(key).encrypt(nonce, body, about.encode())


def _gcm_open(key: bytes, sealed: bytes, about: str) -> bytes:
    try:
        return AESGCM(key).decrypt(sealed[:12], sealed[12:], about.encode())
    except InvalidTag as error:
        raise WrongKey("This key does not open this row.") from error


# --- to the staff's public key: what the public face can do without being able to undo it -------------


def wrap_for_staff(data_key: bytes, *, about: str) -> bytes:
    """Seal to the intake public key (HPKE: X25519, HKDF-SHA256, AES-256-GCM)."""
    key_id, public = keyring.current("intake.pub")
    return _pack(key_id, SUITE.encrypt(data_key, _public(public), about.encode()))


_public = cache(X25519PublicKey.from_public_bytes)  # read once a process: it is the same for every report


def unwrap_for_staff(wrapped: Stored, *, about: str) -> bytes:
    """Open with the intake private key. Raises KeyUnavailable where this process does not hold it."""
    key_id, sealed = _unpack(bytes(wrapped))
    private = X25519PrivateKey.from_private_bytes(_key("intake.key", key_id))
    try:
        return SUITE.decrypt(sealed, private, about.encode())
    except InvalidTag as error:
        raise WrongKey("This key does not open this report.") from error


# --- by the receipt code: the young person's own way in -----------------------------------------------


def _code_key(code: str, about: str) -> bytes:
    # The code is 80 random bits, so a fast derivation is enough; a slow one would let a flood stall the intake.
    kdf = HKDF(algorithm=hashes.SHA256(), length=32, salt=about.encode(), info=b"receipt code")
    return kdf.derive(code.encode())


def wrap_for_code(data_key: bytes, *, code: str, about: str) -> bytes:
    """Wrap with the receipt code itself; nothing else opens it."""
    return _gcm_seal(_code_key(code, about), data_key, about)


def unwrap_for_code(wrapped: Stored, *, code: str, about: str) -> bytes:
    """Open with the receipt code."""
    return _gcm_open(_code_key(code, about), bytes(wrapped), about)


# --- under the desk key: cases, incidents, notices, channel secrets -----------------------------------


def wrap_for_desk(data_key: bytes, *, about: str) -> bytes:
    """Wrap under the staff's symmetric key: what a worker opens thousands of times a minute."""
    key_id, key = keyring.current("desk.key")
    return _pack(key_id, _gcm_seal(key, data_key, about))


def unwrap_for_desk(wrapped: Stored, *, about: str) -> bytes:
    """Open with the desk key. Raises KeyUnavailable where this process does not hold it."""
    key_id, sealed = _unpack(bytes(wrapped))
    return _gcm_open(_key("desk.key", key_id), sealed, about)
