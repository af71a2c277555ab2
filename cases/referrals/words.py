"""How referrals are spoken of: among colleagues, and – only when a counsellor chooses to – to the young person."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.utils import translation
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cases.referrals.models import Referral, ReferralEvent
from cases.referrals.states import Outcome, Part, RecipientKind, Status, Step
from helpline.crypto.box import Box

TONES: Mapping[str, str] = {
    Status.DRAFT: "wait",
    Status.WAITING: "wait",
    Status.READY: "go",
    Status.SENT: "go",
    Status.ACCEPTED: "good",
    Status.DECLINED: "stop",
    Status.CLOSED: "good",
    Status.CANCELLED: "none",
}
_STEP_TONES: Mapping[str, str] = {
    Step.PREPARED: "go",
    Step.ASKED: "wait",
    Step.APPROVED: "good",
    Step.REFUSED: "stop",
    Step.SENT: "good",
    Step.ACCEPTED: "good",
    Step.DECLINED: "stop",
    Step.CLOSED: "good",
    Step.CANCELLED: "none",
}
# Said to somebody of twelve to sixteen, and to whoever looks over their shoulder: no office, no law.
_TO_THEM: Mapping[str, Promise | str] = {
    RecipientKind.PROSECUTOR: gettext_lazy("people whose work is to protect young people"),
    RecipientKind.PHAROS: gettext_lazy("people who get such things taken off the internet"),
    RecipientKind.CRIP: gettext_lazy("people whose work is to protect young people"),
    RecipientKind.SCHOOL: gettext_lazy("the adult at your school who is there for this"),
    RecipientKind.HEALTH: gettext_lazy("people who care for health"),
    RecipientKind.PARTNER: gettext_lazy("another helpline"),
    RecipientKind.OTHER: gettext_lazy("people who can help"),
}


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the timeline, as components/timeline.html wants it."""

    at: datetime
    text: str
    tone: str
    who: str = ""
    detail: str = ""


def line(event: ReferralEvent, *, box: Box | None) -> Line:
    """An event as a sentence. `box` opens what they answered; None once the report is erased."""
    detail = box.open(event, "words") if box is not None else ""
    return Line(
        at=event.at,
        text=_sentence(event),
        tone=_STEP_TONES.get(event.what, "quiet"),
        who=str(event.by) if event.by else "",
        detail=detail,
    )


def _sentence(event: ReferralEvent) -> str:
    data = event.detail
    match event.what:
        case Step.DOSSIER if data.get("sha256"):
            return _("Dossier made, SHA-256 %(digest)s…") % {"digest": str(data["sha256"])[:12]}
        case Step.FOLLOW_UP if data.get("on"):
            day = date_format(datetime.fromisoformat(str(data["on"])), "j F Y")
            return _("To ask again on %(day)s") % {"day": day}
        case Step.CLOSED if data.get("outcome") in Outcome.values:
            return _("Closed: %(outcome)s") % {"outcome": Outcome(data["outcome"]).label}
    return str(Step(event.what).label) if event.what in Step.values else event.what


def part(code: str) -> Promise | str:
    """A part of a dossier; a code from another version as it stands."""
    return Part(code).label if code in Part.values else code


def to_whom(referral: Referral) -> str:
    """The kind, with the office's name where one is known."""
    kind = str(RecipientKind(referral.kind).label)
    return f"{kind} · {referral.recipient}" if referral.recipient else kind


def message_for(referral: Referral) -> str:
    """What the young person could be told now, in their language: a template that a colleague changes and sends, or not."""
    with translation.override(referral.case.report.language):
        who = {"who": _TO_THEM[referral.kind]}
        match referral.status:
            case Status.ACCEPTED:
                text = _("News: %(who)s are on it now, beside us. Write to us if you have a question.")
            case Status.DECLINED:
                text = _("News: we asked %(who)s. They can’t help with this, and we look for another way.")
            case Status.SENT | Status.CLOSED:
                text = _("News: we asked %(who)s to help, too. We tell you here what comes of it.")
            case _:
                text = _("We would like to ask %(who)s to help, too. Tell us what you think of it.")
        return text % who
