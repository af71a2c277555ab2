"""What leads an answer back to its notice: the notice's id with a code that only we can make, wherever mail carries it.

It stands in the envelope sender and Reply-To (where HELPLINE_MAIL_RETURN names an address for it), in the Message-ID, and
as a tag in the subject. No table is needed, and upper and lower case are one. Whoever holds a token may have it from a
forwarded mail: it says which notice a mail speaks of, never who wrote it.
"""

import base64
import binascii
import hmac
import re
from functools import lru_cache
from uuid import UUID

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

from helpline.crypto import keyring

CODE_BYTES = 10  # 80 bits
CODE = r"[a-z2-7]{16}"
_TOKEN = re.compile(rf"(?<![a-z0-9])[a-z2-7]{{26}}{CODE}(?![a-z0-9])", re.I)
_UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_MESSAGE_ID = re.compile(rf"<({_UUID})\.({CODE})(?:\.[0-9a-f]+)?@[^<>\s]+>", re.I)
_TAG = re.compile(rf"\[({CODE})\]", re.I)
_ID = re.compile(_UUID, re.I)
LOOK_AT_MOST = 20  # ids and codes in one header; more is nobody's answer


@lru_cache(maxsize=8)
def _derived(desk: bytes) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=b"mail tokens").derive(desk)


def _code(notice_id: UUID, desk: bytes) -> str:
    made = hmac.digest(_derived(desk), b"notice|" + notice_id.bytes, "sha256")
    return base64.b32encode(made[:CODE_BYTES]).decode().lower()


def code_of(notice_id: UUID) -> str:
    """Sixteen characters that only this helpline can make for this notice."""
    return _code(notice_id, keyring.current("desk.key")[1])


def is_code(notice_id: UUID, code: str) -> bool:
    """Is it ours? Compared in constant time, with every desk key: what was sent before a rotation is answered after it."""
    given = code.lower().encode()
    return any(
        hmac.compare_digest(_code(notice_id, desk).encode(), given)
        for desk in keyring.load("desk.key").values()
    )


def token_of(notice_id: UUID) -> str:
    """Id and code in 42 characters of base 32: with eight more before it, a local part has room to spare (64)."""
    return base64.b32encode(notice_id.bytes).decode().rstrip("=").lower() + code_of(notice_id)


def return_address(notice_id: UUID) -> str:
    """Where bounces and answers to this notice go: "" where the settings name no address with a token."""
    return settings.MAIL_RETURN.replace("*", token_of(notice_id)) if settings.MAIL_RETURN else ""


def message_id(notice_id: UUID, domain: str, *, reply: str = "") -> str:
    """The notice's own Message-ID, the same at every try; `reply` (hexadecimal) names a later letter in its thread."""
    return f"<{notice_id}.{code_of(notice_id)}{'.' + reply if reply else ''}@{domain}>"


def tag(notice_id: UUID) -> str:
    """What stands in brackets at the end of a subject that names the notice's id."""
    return f"[{code_of(notice_id)}]"


def in_addresses(text: str) -> UUID | None:
    """The notice whose token stands in one of these addresses."""
    for found in _TOKEN.findall(text)[:LOOK_AT_MOST]:
        try:
            raw = base64.b32decode(found[:26].upper() + "======")
        except (binascii.Error, ValueError):
            continue
        notice_id = UUID(bytes=raw[:16])
        if is_code(notice_id, found[26:]):
            return notice_id
    return None


def in_references(text: str) -> UUID | None:
    """The notice one of whose Message-IDs is named."""
    for notice_id, code in _MESSAGE_ID.findall(text)[:LOOK_AT_MOST]:
        if is_code(UUID(notice_id), code):
            return UUID(notice_id)
    return None


def in_subject(text: str) -> UUID | None:
    """The notice whose id and tag both stand in the subject."""
    codes = _TAG.findall(text)[:LOOK_AT_MOST]
    for notice_id in _ID.findall(text)[:LOOK_AT_MOST]:
        if any(is_code(UUID(notice_id), code) for code in codes):
            return UUID(notice_id)
    return None
