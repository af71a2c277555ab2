"""The mailbox over IMAP: what we have not taken in is measured, fetched, stored, and only then marked with a word of ours.

Whether somebody opened it in webmail says nothing about that. Where the mailbox keeps no words of ours, how far we are
stands in the database.

A crash between storing and marking brings the same mail again, and it is stored once (`actions.take_in`). A mail that two
processes died of is not read a third time: it becomes a row that says so.

The address in HELPLINE_IMAP_URL says how: imaps:// is TLS with the server's certificate checked; imap:// is only for this
machine.
"""

import imaplib
import logging
import re
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import unquote, urlsplit

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, OperationalError
from imap_tools import AND, BaseMailBox, MailBox, MailboxLoginError, MailBoxUnencrypted
from imap_tools.errors import ImapToolsError

from cases.mailbox import actions, looking
from cases.mailbox.states import Why

log = logging.getLogger(__name__)

MOST_BYTES = 25 * 1024 * 1024
TAKEN = "HelplineTaken"  # an IMAP keyword (RFC 3501, 2.3.2)
HEAD_BYTES = 64 * 1024  # read of a mail that is too large
BATCH = 50
MOST_DEATHS = 2
TIMEOUT = 30.0  # seconds
LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})
SIZE = re.compile(rb"RFC822\.SIZE (\d+)", re.I)

BROKEN = (ImapToolsError, imaplib.IMAP4.error, OSError)
# Nothing to do with the mail that was being read.
LINE_BROKE = (OSError, imaplib.IMAP4.abort, OperationalError)
REFUSED = (ImapToolsError, imaplib.IMAP4.error, DatabaseError)  # perhaps because of it
WHY: tuple[tuple[type[Exception], Why], ...] = (
    (MailboxLoginError, Why.LOGIN),
    (ImproperlyConfigured, Why.SETTING),
    (ssl.SSLCertVerificationError, Why.CERTIFICATE),
    (OSError, Why.SILENT),
    (Exception, Why.CONFUSED),
)


class MailboxUnreachable(Exception):
    """The mailbox could not be read now. `why` holds no name and no password."""

    def __init__(self, why: Why) -> None:
        super().__init__(why.value)
        self.why = why


@dataclass(frozen=True, slots=True)
class Address:
    """A mailbox, as HELPLINE_IMAP_URL names it."""

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    folder: str = "INBOX"
    is_secure: bool = True


def address_of(url: str) -> Address:
    """Raises ImproperlyConfigured, without repeating what may be a password."""
    parts = urlsplit(url)
    if parts.scheme not in {"imaps", "imap"} or not parts.hostname or not parts.username:
        raise ImproperlyConfigured("HELPLINE_IMAP_URL must look like imaps://user:password@host:993/INBOX.")
    if parts.scheme == "imap" and parts.hostname not in LOCAL:
        raise ImproperlyConfigured(
            "HELPLINE_IMAP_URL must begin with imaps:// : the password would be readable."
        )
    return Address(
        host=parts.hostname,
        port=parts.port or (993 if parts.scheme == "imaps" else 143),
        user=unquote(parts.username),
        password=unquote(parts.password or ""),
        folder=unquote(parts.path.lstrip("/")) or "INBOX",
        is_secure=parts.scheme == "imaps",
    )


def fetch(*, clock: Callable[[], datetime], limit: int = BATCH) -> int:
    """Take in up to `limit` mails that are not taken in yet. Returns how many were looked at. Raises MailboxUnreachable."""
    if not settings.IMAP_URL:
        return 0
    try:
        count = _fetch(address_of(settings.IMAP_URL), clock=clock, limit=limit)
    except (*BROKEN, ImproperlyConfigured) as error:
        why = next(why for kinds, why in WHY if isinstance(error, kinds))
        looking.failed(why, at=clock())
        raise MailboxUnreachable(why) from error
    looking.went_well(at=clock())
    return count


def _fetch(where: Address, *, clock: Callable[[], datetime], limit: int) -> int:
    with _open(where) as box:
        keeps_words = _keeps_words(box)
        age = box.folder.status(where.folder, ["UIDVALIDITY"])["UIDVALIDITY"]
        waiting = box.uids(AND(no_keyword=TAKEN)) if keeps_words else _above(box, looking.highest_uid(age))
        for uid in waiting[:limit]:
            _take(box, uid, name=f"{age}:{uid}", at=clock())
            if keeps_words:
                box.flag(uid, TAKEN, True)
            else:
                looking.took(uid_validity=age, uid=int(uid))
        return len(waiting[:limit])


def _keeps_words(box: BaseMailBox) -> bool:
    """May we put a word of our own on a mail? Said when the folder was chosen."""
    _code, said = box.client.response("PERMANENTFLAGS")
    kept = (said[-1] or b"").decode("ascii", "replace").strip("()").split()
    return "\\*" in kept or TAKEN.lower() in (one.lower() for one in kept)


def _above(box: BaseMailBox, highest: int) -> list[str]:
    """In order. A range to * always names the last one, however low it is."""
    found = box.uids(f"UID {highest + 1}:*")
    return sorted((uid for uid in found if int(uid) > highest), key=int)


def _open(where: Address) -> BaseMailBox:
    if where.is_secure:
        context = ssl.create_default_context()
        box: BaseMailBox = MailBox(where.host, where.port, timeout=TIMEOUT, ssl_context=context)
    else:
        box = MailBoxUnencrypted(where.host, where.port, timeout=TIMEOUT)
    try:
        return box.login(where.user, where.password, initial_folder=where.folder)
    except BaseException:
        box.client.shutdown()
        raise


def _take(box: BaseMailBox, uid: str, *, name: str, at: datetime) -> None:
    """One mail, measured before anything of it is downloaded."""
    size = _size(box, uid)
    if size is None:
        return  # gone meanwhile
    if actions.begin_reading(name, at=at) < MOST_DEATHS:
        try:
            _read(box, uid, size, at=at)
        except LINE_BROKE:
            actions.end_reading(name)
            raise
        except REFUSED:  # counted: after MOST_DEATHS it is not tried again
            raise
        except Exception:  # a fault of ours must not keep out what lies behind it
            log.exception("A mail could not be read.")
            actions.take_in_unread(name, size=size, at=at)
    else:
        actions.take_in_unread(name, size=size, at=at)
    actions.end_reading(name)


def _read(box: BaseMailBox, uid: str, size: int, *, at: datetime) -> None:
    ours = settings.MAIL_AUTHSERV_ID
    if size > MOST_BYTES:
        actions.take_in_too_large(
            _body(box, uid, f"BODY.PEEK[HEADER]<0.{HEAD_BYTES}>"), size=size, at=at, authserv_id=ours
        )
        return
    raw = _body(box, uid, "BODY.PEEK[]")
    actions.take_in(raw, at=at, authserv_id=ours)


def _size(box: BaseMailBox, uid: str) -> int | None:
    _status, answer = box.client.uid("FETCH", uid, "(RFC822.SIZE)")
    found = SIZE.search(b" ".join(one for one in answer if isinstance(one, bytes)))
    return int(found.group(1)) if found else None


def _body(box: BaseMailBox, uid: str, what: str) -> bytes:
    status, answer = box.client.uid("FETCH", uid, f"({what})")
    if status != "OK":
        raise imaplib.IMAP4.error("The server refuses this mail.")
    return next((bytes(one[1]) for one in answer if isinstance(one, tuple) and len(one) > 1), b"")
