"""A mail from its bytes, within limits: the words of it, who says it wrote them, and what a bounce reports. Pure.

Text only: an attachment is never decoded, its name and type are all that is noted. No mail is too malformed to be read;
what can't be made out is left out. The email package's lenient old reader is used, since its new one parses headers with
a grammar that a crafted header makes slow.
"""

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes, policy
from email.header import decode_header
from email.message import Message
from email.utils import getaddresses, parsedate_to_datetime

import nh3
from django.db.models import TextChoices

LONGEST_TEXT = 100_000  # characters kept of a mail
LONGEST_HEADER = 4_000  # characters read of a header
MOST_PARTS, DEEPEST = 200, 20
MOST_ATTACHMENTS = 50
# What is read of HTML. Its tree is built by nh3, whose time grows with the square of the depth: so the tags are bounded.
LONGEST_HTML, MOST_TAGS = 500_000, 4_000
CHARSETS = re.compile(
    r"(utf-?8|(us-)?ascii|iso-?8859-\d{1,2}|latin-?1|windows-125\d|cp125\d|koi8-[ru]|big5|gb2312|gbk|gb18030"
    r"|shift_jis|iso-2022-jp|euc-(jp|kr))",
    re.I,
)
BLOCKS = {"p", "br", "div", "li", "tr", "h1", "h2", "h3", "h4", "blockquote"}
ADDRESSED = ("To", "Cc", "Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To")
MESSAGE_ID = re.compile(rb"^message-id:[ \t]*(?:\r?\n[ \t]+)?(<[^>\r\n]{1,300}>)", re.I | re.M)


class Delivery(TextChoices):
    """What a delivery report says (RFC 3464)."""

    FAILED = "failed"
    DELAYED = "delayed"


@dataclass(frozen=True, slots=True)
class Parsed:
    """What a mail says of itself. Nothing of it is known to be true."""

    message_id: str = ""
    sender: str = ""  # the address, when From names exactly one
    sender_name: str = ""
    subject: str = ""
    date: datetime | None = None
    addressed: str = ""  # every address it was sent to
    references: str = ""  # Message-IDs it answers, and those of what a bounce brings back
    authentication: str = ""  # the topmost Authentication-Results
    automatic: bool = False
    delivery: Delivery | None = None
    delivery_status: str = ""  # such as 5.1.1
    text: str = ""
    attachments: tuple[tuple[str, str], ...] = ()


def storable(text: str, most: int) -> str:
    """Fit for the database."""
    return text.encode(errors="ignore").decode().replace("\0", "")[:most]


def parse(raw: bytes) -> Parsed:
    """Read it. Raises nothing but RecursionError, for mails nested beyond any reader."""
    mail = message_from_bytes(raw, policy=policy.compat32)
    plain: list[str] = []
    marked_up: list[str] = []
    attached: list[tuple[str, str]] = []
    returned: list[str] = []
    delivery, status = None, ""
    for part in _parts(mail):
        kind = part.get_content_type()
        if kind == "message/delivery-status":
            delivery, status = _delivery(part)
        elif kind in {"message/rfc822", "text/rfc822-headers"}:
            returned += _returned(part)
        elif kind in {"text/plain", "text/html"} and not _is_attached(part):
            (plain if kind == "text/plain" else marked_up).append(_decoded(part))
        elif not part.is_multipart() and len(attached) < MOST_ATTACHMENTS:
            attached.append((_name_of(part), storable(kind, 80)))
    text = (
        "\n\n".join(plain) if any(one.strip() for one in plain) else "\n\n".join(map(text_of_html, marked_up))
    )
    senders = _senders(_header(mail, "From"))
    name, address = senders[0] if len(senders) == 1 and len(mail.get_all("From", [])) == 1 else ("", "")
    return Parsed(
        message_id=_header(mail, "Message-ID")[:300],
        sender=address.lower()[:254],
        sender_name=name[:120],
        subject=" ".join(_header(mail, "Subject").split())[:300],
        date=_date(_header(mail, "Date")),
        addressed=" ".join(_headers(mail, *ADDRESSED)),
        references=" ".join([*_headers(mail, "In-Reply-To", "References"), *returned]),
        authentication=_header(mail, "Authentication-Results"),
        automatic=_is_automatic(mail),
        delivery=delivery,
        delivery_status=status,
        text=_tidy(text),
        attachments=tuple(attached),
    )


def _senders(value: str) -> list[tuple[str, str]]:
    # The library reads comments in comments by recursion; no honest sender writes ten.
    if value.count("(") > 10:
        return []
    return [(name, address) for name, address in getaddresses([value]) if "@" in address]


def _parts(mail: Message) -> Iterator[Message]:
    """Every part in order, without going into what a mail brings along whole."""
    waiting, seen = [(mail, 0)], 0
    while waiting and seen < MOST_PARTS:
        part, depth = waiting.pop()
        seen += 1
        inside = part.get_payload()
        yield part
        if part.get_content_maintype() == "multipart" and isinstance(inside, list) and depth < DEEPEST:
            waiting += [(one, depth + 1) for one in reversed(inside) if isinstance(one, Message)]


def _is_attached(part: Message) -> bool:
    said = str(part.get("Content-Disposition", "")).strip().lower()
    return said.startswith("attachment") or bool(part.get_filename())


def _name_of(part: Message) -> str:
    try:
        return storable(_readable(str(part.get_filename() or "")), 120)
    except (ValueError, LookupError, TypeError):
        return ""


def _decoded(part: Message) -> str:
    try:
        body = part.get_payload(decode=True)
    except (ValueError, LookupError):  # a transfer encoding that is none
        return ""
    return _in_charset(body, str(part.get_param("charset") or "")) if isinstance(body, bytes) else ""


def _in_charset(body: bytes, charset: str) -> str:
    """Only the charsets of text: the codecs by other names are slow, or no charsets at all."""
    name = charset.strip("\"' ")
    body = body[: 4 * LONGEST_HTML]
    try:
        return body.decode(name if CHARSETS.fullmatch(name) else "utf-8", "replace")
    except LookupError:
        return body.decode("utf-8", "replace")


def _readable(value: str) -> str:
    """A header with its encoded words read."""
    try:
        pieces = decode_header(value[:LONGEST_HEADER])
    except (ValueError, LookupError):
        return value[:LONGEST_HEADER]
    found = [
        _in_charset(piece, charset or "ascii") if isinstance(piece, bytes) else piece
        for piece, charset in pieces
    ]
    return "".join(found)


def _header(mail: Message, name: str) -> str:
    return next(iter(_headers(mail, name)), "")


def _headers(mail: Message, *names: str) -> list[str]:
    found = (str(value) for name in names for value in mail.get_all(name, [])[:10])
    return [
        storable(_readable(value).replace("\r", " ").replace("\n", " "), LONGEST_HEADER) for value in found
    ]


def _date(text: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(text[:100])
        return found if found.tzinfo is not None and 2000 <= found.year < 2100 else None
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


def _is_automatic(mail: Message) -> bool:
    """RFC 3834, and what was done before it."""
    said = _header(mail, "Auto-Submitted").strip().lower()
    old = _header(mail, "X-Autoreply") or _header(mail, "X-Autorespond")
    bulk = _header(mail, "Precedence").strip().lower() in {"auto_reply", "auto-reply"}
    return (said != "" and not said.startswith("no")) or bool(old) or bulk


def _delivery(part: Message) -> tuple[Delivery | None, str]:
    """The gravest word of a report's blocks."""
    blocks = part.get_payload()
    found: Delivery | None = None
    status = ""
    for block in blocks[:MOST_PARTS] if isinstance(blocks, list) else []:
        if not isinstance(block, Message):
            continue
        action, code = _header(block, "Action").strip().lower(), _header(block, "Status").strip()[:12]
        if action == "failed":
            return Delivery.FAILED, code
        if action == "delayed":
            found, status = Delivery.DELAYED, code
    return found, status


def _returned(part: Message) -> list[str]:
    """The Message-ID of what a bounce brings back, and nothing else of it."""
    inside = part.get_payload()
    if isinstance(inside, list):
        return [_header(one, "Message-ID") for one in inside[:2] if isinstance(one, Message)]
    body = part.get_payload(decode=True)
    found = MESSAGE_ID.search(body[: LONGEST_HEADER * 4]) if isinstance(body, bytes) else None
    return [found.group(1).decode("ascii", "replace")] if found else []


def text_of_html(markup: str) -> str:
    """What a person would read of it, roughly: no script, no style, no link, a line a block."""
    bounded, at = markup[:LONGEST_HTML], -1
    for _ in range(MOST_TAGS):
        at = bounded.find("<", at + 1)
        if at < 0:
            break
    if at >= 0:
        bounded = bounded[:at]
    cleaned = nh3.clean(
        bounded, tags=BLOCKS, attributes={}, clean_content_tags={"script", "style", "title"}, link_rel=None
    )
    # What is left between < and > are the few tags named above: everything else was escaped.
    return html.unescape(re.sub(r"<[^<>]*>", "\n", cleaned))


def _tidy(text: str) -> str:
    """Lines without trailing blanks, never more than one empty one, nothing invisible but tabs and ends of lines."""
    kept = storable(text.replace("\r\n", "\n").replace("\r", "\n"), LONGEST_TEXT * 2)
    lines = (
        "".join(one for one in line if one == "\t" or one.isprintable()).rstrip() for line in kept.split("\n")
    )
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()[:LONGEST_TEXT]
