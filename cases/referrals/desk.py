"""What the desk shows of referrals: the tabs by what needs a person, one referral opened, those of a case."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cases import reading
from cases.models import Case, IncidentMember
from cases.referrals import recipients, states, words
from cases.referrals.models import Referral
from cases.referrals.recipients import Article, Recipient
from cases.referrals.states import Status
from cases.referrals.words import Line
from cases.states import MemberState
from helpline.accounts.models import Staff
from reports.states import Status as ReportStatus

# The tabs of the list, with the statuses under each; "due" goes by the day instead.
TABS: Mapping[str, tuple[Promise | str, frozenset[Status]]] = {
    "due": (gettext_lazy("To follow up"), frozenset()),
    "draft": (gettext_lazy("Drafts"), frozenset({Status.DRAFT})),
    "waiting": (gettext_lazy("Waiting for a second person"), frozenset({Status.WAITING})),
    "ready": (gettext_lazy("Ready to send"), frozenset({Status.READY})),
    "sent": (gettext_lazy("Sent"), frozenset({Status.SENT}) | states.ANSWERED),
    "all": (gettext_lazy("All"), frozenset(Status)),
}
COUNTED = ("due", "draft", "waiting", "ready", "sent")


def due(staff: Staff) -> QuerySet[Referral]:
    """Those to ask about again, today or before: what the rail counts."""
    return Referral.objects.visible_to(staff).filter(follow_up_at__lte=timezone.localdate())


def under_tab(staff: Staff, tab: str) -> QuerySet[Referral]:
    """What stands under a tab."""
    if tab == "due":
        return due(staff)
    found = Referral.objects.visible_to(staff)
    return found if tab == "all" else found.filter(status__in=TABS[tab][1])


def order_of(tab: str) -> tuple[str, str]:
    """What waits for somebody: the oldest first. All: the newest."""
    if tab == "all":
        return "-prepared_at", "-id"
    return ("follow_up_at", "id") if tab == "due" else ("status_at", "id")


def of_the_same_incident(case: Case, kind: str, staff: Staff) -> Referral | None:
    """The last one to a recipient of this kind for another case that is joined to the same incident and this person's to
    see. One procedure, one office: whoever refers the second pupil does not look it up again.
    """
    joined = IncidentMember.objects.filter(state=MemberState.JOINED)
    mine = joined.filter(case=case).values("incident")
    others = joined.filter(incident__in=mine).exclude(case=case).values("case")
    found = Referral.objects.visible_to(staff).filter(kind=kind, case__in=others)
    return (
        found.exclude(case__report__status=ReportStatus.ERASED)
        .select_related("case__report")
        .order_by("-prepared_at", "-id")
        .first()
    )


@dataclass(frozen=True, slots=True)
class Row:
    """A referral in a list: coarse facts, no words."""

    referral: Referral
    name: str
    tone: str
    label: str
    next_step: str


def row_of(referral: Referral) -> Row:
    """How a list shows it."""
    return Row(
        referral=referral,
        name=words.to_whom(referral),
        tone=words.TONES[referral.status],
        label=str(Status(referral.status).label),
        next_step=next_step(referral),
    )


def next_step(referral: Referral) -> str:
    """What a person does now, named by what it does; '' when nothing is left."""
    day = referral.follow_up_at
    match referral.status:
        case Status.DRAFT if not referral.basis:
            return _("Say on what ground.")
        case Status.DRAFT if referral.needs_a_second_person:
            return _("Ask a second person.")
        case Status.DRAFT:
            return _("Say that it is ready.")
        case Status.WAITING:
            return _("A second person decides.")
        case Status.READY:
            return _("Hand it over, then note it as sent.")
        case Status.SENT | Status.ACCEPTED | Status.DECLINED if day and day <= timezone.localdate():
            return _("Ask them what came of it.")
        case Status.SENT:
            return _("Wait for their answer.")
        case Status.ACCEPTED | Status.DECLINED:
            return _("Close it when you know what came of it.")
    return ""


@dataclass(frozen=True, slots=True)
class OpenReferral:
    """A referral with its words opened; once erased, only the coarse facts are left."""

    row: Row
    erased: bool
    recipient: Recipient
    article: Article | None
    contact: str
    consent_limits: str
    reason: str
    receipt: str
    parts: Sequence[str | Promise]
    lines: Sequence[Line]


def opened(referral: Referral) -> OpenReferral:
    """Everything the page shows. `referral` needs its case with report loaded. Whoever shows it records the reading."""
    erased = reading.is_erased(referral.case)
    box = None if erased else referral.case.box()

    def open_column(name: str) -> str:
        return box.open(referral, name) if box else ""

    events = referral.events.select_related("by").order_by("-at", "-id")
    return OpenReferral(
        row=row_of(referral),
        erased=erased,
        recipient=recipients.of_kind(referral.kind),
        article=recipients.current().articles.get(referral.article),
        contact=open_column("contact"),
        consent_limits=open_column("consent_limits"),
        reason=open_column("reason"),
        receipt=open_column("receipt"),
        parts=[words.part(code) for code in referral.included],
        lines=[words.line(event, box=box) for event in events],
    )


def of_case(case: Case) -> list[Row]:
    """The referrals of a case, the newest first."""
    return [row_of(one) for one in case.referrals.order_by("-prepared_at", "-id")]
