"""Letters as they leave: headers that nothing can break out of, and a body beneath them."""

import base64
import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.header import Header
from email.utils import format_datetime
from uuid import UUID

from cases.takedowns.connectors.email import token
from cases.takedowns.notices import one_line

LONGEST_HEADER = 900  # octets are 998 at most in a line, and a folded name counts as well
ADDRESS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9-]*\.)*[A-Za-z0-9-]+")


def is_address(text: str) -> bool:
    """One plain mail address and nothing beside it."""
    return len(text) <= 254 and ADDRESS.fullmatch(text) is not None


def header(text: str, most: int = LONGEST_HEADER) -> str:
    """Text that stays inside its header: one line, nothing invisible, nothing that no charset can carry.

    Words that look encoded (RFC 2047) stay as they were typed: Python would decode them, ends of lines and all.
    """
    return one_line(writable(text)).replace("=?", "= ?")[:most]


def writable(text: str) -> str:
    """Without halves of characters, which no mail can carry."""
    return text.encode(errors="ignore").decode()


@dataclass(frozen=True, slots=True)
class Envelope:
    """Who a letter is from and to, and which notice it speaks of."""

    notice_id: UUID
    name: str
    sender: str
    recipient: str

    @property
    def domain(self) -> str:
        return self.sender.rpartition("@")[2]

    @property
    def return_to(self) -> str:
        """The envelope sender: bounces come back there."""
        return token.return_address(self.notice_id) or self.sender


Headers = dict[str, str]


def head(envelope: Envelope, *, subject: str, at: datetime, language: str, reply: str = "") -> Headers:
    """The headers of a letter. `reply` (hexadecimal): a later letter in the notice's thread."""
    domain = header(envelope.domain, 200)
    found: Headers = {}
    if is_address(envelope.sender):
        found["From"] = f"{_name(envelope.name)} <{envelope.sender}>"
    if is_address(envelope.recipient):
        found["To"] = envelope.recipient
    if return_to := token.return_address(envelope.notice_id):
        found["Reply-To"] = return_to
    found["Subject"] = _encoded("Subject", f"{header(subject)} {token.tag(envelope.notice_id)}")
    found["Date"] = format_datetime(at)
    found["Message-ID"] = token.message_id(envelope.notice_id, _encoded("", domain), reply=reply)
    if reply:
        first = token.message_id(envelope.notice_id, _encoded("", domain))
        found["In-Reply-To"] = found["References"] = first
    found["Content-Language"] = _encoded("", header(language, 20))
    found["MIME-Version"] = "1.0"
    return found


def _name(text: str) -> str:
    """A display name: quoted, or encoded where it is more than ASCII."""
    name = header(text, 200)
    return '"' + re.sub(r'(["\\])', r"\\\1", name) + '"' if name.isascii() else _encoded("From", name)


def _encoded(name: str, text: str) -> str:
    return text if text.isascii() else Header(text, "utf-8", header_name=name).encode(linesep="\r\n")


def written(headers: Headers, words: str) -> bytes:
    """A part, or a whole letter, of one text. Written out here: the library's own tree costs a millisecond a letter."""
    lines = [
        *headers.items(),
        ("Content-Type", 'text/plain; charset="utf-8"'),
        ("Content-Transfer-Encoding", "base64"),
    ]
    body = "\r\n".join(writable(words).splitlines()) + "\r\n"
    return _lines(lines) + base64.encodebytes(body.encode()).replace(b"\n", b"\r\n")


def written_in_parts(headers: Headers, kind: str, parts: Sequence[bytes]) -> bytes:
    """A letter of several parts, each written already; `kind` is its Content-Type."""
    boundary = hashlib.sha256(b"".join(parts)).hexdigest()[:40]
    between = f"--{boundary}\r\n".encode()
    whole = _lines([*headers.items(), ("Content-Type", f'{kind}; boundary="{boundary}"')])
    return whole + b"".join(between + part + b"\r\n" for part in parts) + f"--{boundary}--\r\n".encode()


def attached(name: str, kind: str, body: bytes) -> bytes:
    """A part that is a file."""
    lines = [
        ("Content-Type", kind),
        ("Content-Transfer-Encoding", "base64"),
        ("Content-Disposition", f'attachment; filename="{name}"'),
    ]
    return _lines(lines) + base64.encodebytes(body).replace(b"\n", b"\r\n")


def _lines(headers: Iterable[tuple[str, str]]) -> bytes:
    """Headers, and the empty line after them."""
    return ("".join(f"{name}: {value}\r\n" for name, value in headers) + "\r\n").encode("ascii", "replace")
