"""The young person's own cookie: what is open in this browser, and the code that opens it.

It ends with the browser, and after `settings.NOTE_COOKIE_AGE` without a page; every page moves that on.
Nothing about the person is in a session, and the code is in no table.
"""

import hmac
from dataclasses import dataclass, field, replace
from enum import StrEnum
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from helpline.crypto import blind, cookies
from helpline.crypto.box import Box
from helpline.crypto.wrapping import WrongKey
from reports import actions, receipts
from reports.models import Draft, Report

PURPOSE = "note"
FIELD = "whose"  # in every form that acts on what is open
READ = "reports.note.read"  # in request.META: the note of this browser, opened once
MADE_FOR = "reports.note"  # in request.META: the note that the page being made is about
DRAFT = f"SELECT * FROM {Draft._meta.db_table} WHERE id = %s"  # noqa: S608  our own name


class Kind(StrEnum):
    """What the note opens."""

    DRAFT = "draft"
    REPORT = "report"


@dataclass(frozen=True, slots=True)
class Note:
    """A draft or a report open in this browser. `shown`: the code was noted, and is shown no more."""

    id: UUID
    code: str = field(repr=False)
    kind: Kind
    shown: bool = False
    # A code of their own that they are noting, in the place of one that was said aloud. It opens nothing yet.
    fresh: str = field(default="", repr=False)

    @property
    def is_report(self) -> bool:
        """Sent already."""
        return self.kind == Kind.REPORT

    def with_code_shown(self) -> "Note":
        """The same, once the code is known to be kept."""
        return replace(self, shown=True)

    def with_fresh(self, fresh: str) -> "Note":
        """The same, with the code that is to come; "" for none."""
        return replace(self, fresh=fresh)

    def after_change(self) -> "Note":
        """Opened by the code that they noted."""
        return replace(self, code=self.fresh, fresh="", shown=True)


def read(request: HttpRequest) -> Note | None:
    """The note of this browser; None when there is none, it is too old, or it was tampered with."""
    if READ not in request.META:
        request.META[READ] = _read(request.COOKIES.get(settings.NOTE_COOKIE_NAME))
    note: Note | None = request.META[READ]
    return note


def _read(text: str | None) -> Note | None:
    value = cookies.open_sealed(PURPOSE, text, max_age=settings.NOTE_COOKIE_AGE) if text else None
    if value is None:
        return None
    return Note(
        id=UUID(value["id"]),
        code=value["code"],
        kind=Kind(value["kind"]),
        shown=value["shown"],
        fresh=value.get("fresh", ""),
    )


def keep(response: HttpResponse, note: Note) -> HttpResponse:
    """Put the note into the browser, or move its hour on."""
    value = {"id": str(note.id), "code": note.code, "kind": note.kind, "shown": note.shown}
    if note.fresh:
        value["fresh"] = note.fresh
    response.set_cookie(
        settings.NOTE_COOKIE_NAME,
        cookies.seal(PURPOSE, value),
        secure=settings.SECURE,
        httponly=True,
        samesite="Strict",
    )
    return response


def forget(response: HttpResponse) -> HttpResponse:
    """Take the note out of the browser. What it opened stays, behind its code."""
    response.delete_cookie(settings.NOTE_COOKIE_NAME, samesite="Strict")
    return response


def mark(note: Note) -> str:
    """What a form carries to say whose it is: equal for the same draft or report, and telling nothing of it."""
    return (blind.index(PURPOSE, str(note.id)) or b"").hex()[:32]


def is_for(request: HttpRequest, note: Note) -> bool:
    """Was the form that arrives made for `note`? Else it lay in an old tab, and another one was opened since."""
    return hmac.compare_digest(request.POST.get(FIELD, "").encode(), mark(note).encode())


def make_for(request: HttpRequest, note: Note | None) -> None:
    """The forms of the page that answers `request` are for `note`, whatever the browser brought along."""
    request.META[MADE_FOR] = note


def mark_of(request: HttpRequest) -> str:
    """The mark for the forms of the page that is being made; empty where nothing is open yet."""
    note = request.META[MADE_FOR] if MADE_FOR in request.META else read(request)
    return mark(note) if note else ""


def from_code(typed: str) -> Note | None:
    """What stands behind a code as it was typed; None for a wrong one, whatever is wrong with it."""
    code = receipts.read(typed)
    found = actions.open_by_code(code)
    if found is None:
        return None
    return Note(found.pk, code, Kind.REPORT if isinstance(found, Report) else Kind.DRAFT, shown=True)


def draft_of(note: Note, *, lock: bool = False) -> tuple[Draft, Box] | None:
    """The draft with its box; None when it is gone: sent, expired or erased. `lock` holds it for the transaction."""
    drafts = Draft.objects.select_for_update() if lock else Draft.objects
    try:
        # Every page of the interview asks this. Ready-made, it takes half the time.
        draft = drafts.get(pk=note.id) if lock else Draft.objects.raw(DRAFT, [note.id])[0]
        return draft, draft.box_for_code(note.code)
    except (Draft.DoesNotExist, IndexError, WrongKey):
        return None


def settled(note: Note) -> Note:
    """The note as it is after its code was changed in another tab, whose answer this request came before."""
    if note.fresh and report_of(note) is None and report_of(note.after_change()):
        return note.after_change()
    return note


def report_of(note: Note) -> tuple[Report, Box] | None:
    """The report with its box; None when it is gone. A draft's note finds the report that it became."""
    try:
        report = Report.objects.get(pk=note.id)
        return report, report.box_for_code(note.code)
    except (Report.DoesNotExist, WrongKey):
        return None
