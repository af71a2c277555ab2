"""Opening a report or a case to be read. Reading is an act: whoever opens one leaves a line in the trail."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from django.utils.module_loading import import_string

from cases import actions
from cases.models import Case, CaseEvent, IncidentMember, Note, QueueItem
from helpline.accounts.models import Staff
from helpline.audit import actions as audit
from helpline.crypto.box import Box
from helpline.crypto.wrapping import WrongKey
from reports.evidence import actions as screenshots
from reports.models import Evidence, Link, Message, Nudge, Report
from reports.states import Status, Via

# By name: the readers' own ledger stands above.
NOTE_READING = "cases.wellbeing.actions.note_reading"


@dataclass(frozen=True, slots=True)
class OpenLink:
    """A link with its words opened."""

    link: Link
    url: str
    account: str


@dataclass(frozen=True, slots=True)
class OpenReport:
    """What a report says. Once erased, only the coarse facts of `report` are left and the rest is empty."""

    report: Report
    erased: bool
    story: str = ""
    school: str = ""
    answers: dict[str, Any] = field(default_factory=dict)
    contact: dict[str, Any] = field(default_factory=dict)
    nudge: Nudge | None = None  # the last sign sent to them, or that waits
    links: tuple[OpenLink, ...] = ()
    fingerprints: tuple[str, ...] = ()  # their algorithms
    messages: tuple["OpenMessage", ...] = ()
    evidence: tuple[Evidence, ...] = ()  # screenshots, without their bytes

    @property
    def words(self) -> int:
        """How long the story is, for the line it is folded behind."""
        return len(self.story.split())


@dataclass(frozen=True, slots=True)
class OpenMessage:
    """A line of the conversation, opened."""

    message: Message
    text: str


@dataclass(frozen=True, slots=True)
class OpenNote:
    """A colleague's note, opened."""

    note: Note
    text: str


@dataclass(frozen=True, slots=True)
class OpenCase:
    """Everything the case page shows, except what the takedowns know."""

    case: Case
    report: OpenReport
    item: QueueItem | None
    handle: str
    messages: tuple[OpenMessage, ...]
    notes: tuple[OpenNote, ...]
    events: tuple[CaseEvent, ...]
    memberships: tuple[IncidentMember, ...]

    @property
    def unread(self) -> int:
        """Messages of the young person that nobody had read when the page was opened."""
        return sum(
            one.message.author == Message.Author.YOUNG_PERSON and one.message.read_at is None
            for one in self.messages
        )


def read_report(*, report: Report, by: Staff, at: datetime) -> OpenReport:
    """Open a report that is no case yet, and say so in the trail. Raises KeyUnavailable on the public face."""
    erased = report.status == Status.ERASED
    box = None if erased else report.box_for_staff()
    opened = replace(_open(report, box), messages=_messages(report, box) if box else ())
    audit.record(by=by, verb="report.read", obj=report, at=at)
    if not erased:
        _note(report, "case", by=by, at=at)
    return opened


def read_case(*, case: Case, by: Staff, at: datetime) -> OpenCase:
    """Open a case, say so in the trail, and mark its messages as read where `by` is the one who works on it."""
    box = None if is_erased(case) else case.box()
    item = QueueItem.objects.filter(case=case).first()
    opened = OpenCase(
        case=case,
        report=_open(case.report, box),
        item=item,
        handle=box.open(case, "handle") if box else "",
        messages=_messages(case.report, box),
        notes=tuple(
            OpenNote(note, box.open(note, "body") if box else "")
            for note in case.notes.select_related("by").order_by("-at", "id")
        ),
        events=tuple(case.events.select_related("by").order_by("-at", "-id")),
        memberships=tuple(case.memberships.select_related("incident").order_by("proposed_at", "id")),
    )
    actions.record_read(case=case, by=by, at=at)
    actions.read_messages(case=case, by=by, at=at)
    actions.see_danger(case=case, item=item, by=by, at=at)
    if not opened.report.erased:
        _note(case.report, "case", by=by, at=at)
    return opened


def read_evidence(*, evidence: Evidence, by: Staff, at: datetime) -> bytes:
    """Open a screenshot, and say so in the trail. Raises WrongKey once it is hidden or destroyed."""
    picture = evidence.box_for_staff().open_bytes(evidence, "picture")
    detail: audit.Detail = {"report": str(evidence.report_id)}
    audit.record(by=by, verb="evidence.read", obj=evidence, detail=detail, at=at)
    if evidence.report is not None:
        _note(evidence.report, "screenshot", by=by, at=at)
    return picture


def _note(report: Report, seen: str, *, by: Staff, at: datetime) -> None:
    """For the reader's own wellbeing; what is light is not written down."""
    note: Callable[..., None] = import_string(NOTE_READING)
    note(report=report, by=by, seen=seen, at=at)


def is_erased(case: Case) -> bool:
    """Did the young person erase it? True from that moment, before the desk has forgotten its own copy."""
    return case.key is None or case.report.status == Status.ERASED


def box_of(case: Case) -> Box:
    """Opens the words about a case. Raises WrongKey from the moment the young person erased it."""
    if is_erased(case):
        raise WrongKey("This case was erased.")
    return case.box()


def _open(report: Report, box: Box | None) -> OpenReport:
    links = report.links.select_related("platform").order_by("position")
    if box is None:
        return OpenReport(report=report, erased=True, links=tuple(OpenLink(link, "", "") for link in links))
    return OpenReport(
        report=report,
        erased=False,
        story=box.open(report, "story"),
        school=box.open(report, "school"),
        answers=box.open_json(report, "answers"),
        contact=box.open_json(report, "contact"),
        nudge=None if report.contact_via == Via.NONE else report.nudges.order_by("-made_at", "-id").first(),
        links=tuple(OpenLink(link, box.open(link, "url"), box.open(link, "account")) for link in links),
        fingerprints=tuple(report.fingerprints.order_by("algorithm").values_list("algorithm", flat=True)),
        evidence=tuple(screenshots.of(report).exclude(staff_key=None, destroyed_at=None)),
    )


def _messages(report: Report, box: Box | None) -> tuple[OpenMessage, ...]:
    rows = report.messages.select_related("staff").order_by("at", "id")
    return tuple(OpenMessage(row, box.open(row, "body") if box else "") for row in rows)
