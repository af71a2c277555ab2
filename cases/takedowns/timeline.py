"""The timeline of a takedown in sentences. Its rows are never rewritten; only how they are said may change."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cases.takedowns import states
from cases.takedowns.models import Event
from cases.takedowns.reasons import GIVEN_UP, reason
from cases.takedowns.seeing import WENT, Seen, Why
from cases.takedowns.states import Outcome, Result, Rung, Source, Status
from cases.takedowns.truths import TONES
from helpline.crypto.box import Box

_OURS: dict[str, tuple[str, Promise | str]] = {
    Status.QUEUED: ("go", gettext_lazy("Requested")),
    Status.TO_FILE: ("wait", gettext_lazy("Requested, to be filed by hand")),
    Status.DRAFT: ("wait", gettext_lazy("Kept as a draft: it would not hold")),
    "new_contact": (
        "quiet",
        gettext_lazy("Sent to the platform’s new contact, approved since it was asked for"),
    ),
    Status.SENT: ("good", gettext_lazy("Sent")),
    Status.FAILED: ("stop", gettext_lazy("Not sent")),
    Status.CANCELLED: ("none", gettext_lazy("Cancelled before it left")),
    Status.WITHDRAWN: ("none", gettext_lazy("Withdrawn by the young person")),
    Result.REFUSED: ("stop", gettext_lazy("The channel did not take the notice")),
    Result.RETRY: ("wait", gettext_lazy("Not taken at that moment; tried again later")),
    Result.UNKNOWN: ("unknown", gettext_lazy("Perhaps received: no answer came back")),
    Result.NOT_SENT: ("wait", gettext_lazy("Did not leave; tried again later")),
}
# The clock, the ladder above a platform, and complaints against its decision: what stands above writes them.
_OURS |= {
    Status.NO_ANSWER: ("wait", gettext_lazy("No answer in time")),
    "answered": ("go", gettext_lazy("We answered what they asked; their word is awaited")),
    "paused": ("none", gettext_lazy("Clock stopped")),
    "unpaused": ("quiet", gettext_lazy("Clock not stopped after all")),
    "resumed": ("go", gettext_lazy("Clock runs on")),
    "repaused": ("none", gettext_lazy("Clock stopped as before")),
    "redress": ("go", gettext_lazy("Out-of-court body: way opened")),
    "complaint": ("go", gettext_lazy("Complaint filed")),
    "lapsed": ("none", gettext_lazy("The time for a complaint ran out")),
    "dropped": ("none", gettext_lazy("No complaint is made")),
    "undone": ("quiet", gettext_lazy("Complaint: last step taken back")),
    "upheld": ("stop", gettext_lazy("Complaint: the refusal stands")),
    "overturned": ("good", gettext_lazy("Complaint: overturned")),
    "partly": ("good", gettext_lazy("Complaint: partly overturned")),
}
# A step of the ladder, by where it stands now.
_STEPS: Mapping[str, tuple[str, Promise | str]] = {
    "done": ("go", gettext_lazy("Step done: %(rung)s")),
    "taken": ("go", gettext_lazy("Step taken on: %(rung)s")),
    "skipped": ("none", gettext_lazy("Step left out: %(rung)s")),
    "proposed": ("quiet", gettext_lazy("Step taken back: %(rung)s")),
}
_SEEN: Mapping[str, tuple[str, Promise | str]] = {
    Outcome.SEEN_THERE: ("wait", gettext_lazy("We looked: still there")),
    Outcome.SEEN_GONE: ("good", gettext_lazy("We looked: gone")),
    Seen.UNCLEAR: ("unknown", gettext_lazy("We may not look at this address")),
}


# By these doors a platform's word comes in.
_TOLD = frozenset({Source.CALLBACK, Source.PERSON, Source.QUERY, Source.MAIL})
# What an event says of itself, whatever status it led to.
_SIGNS: Mapping[str, tuple[str, Promise | str]] = {
    "shared": ("go", gettext_lazy("It is being asked for already; the answer counts here, too")),
    "unsigned": ("wait", gettext_lazy("They took back that we may sign, so it stays here")),
    "mended": ("go", gettext_lazy("Mended, and on its way")),
    "again": ("go", gettext_lazy("Tried again")),
    "unsettled": ("unknown", gettext_lazy("Taken back: nobody knows whether it arrived")),
}


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the timeline, as components/timeline.html wants it."""

    at: datetime
    text: str
    tone: str
    who: str = ""
    detail: str = ""


def line(event: Event, *, platform: str, box: Box | None) -> Line:
    """An event as a sentence. `box` opens what somebody wrote; None once the report is erased."""
    tone, text = _sentence(event, platform)
    words = box.open(event, "words") if box is not None and event.words else ""
    why = str(event.detail.get("why") or "")
    if event.what == Seen.UNCLEAR and why in Why.values:
        why = str(Why(why).label)
    elif why and event.source != Source.RECHECK:
        why = reason(why).said
    return Line(
        at=event.at,
        text=text,
        tone=tone,
        who=str(event.by) if event.by else str(Source(event.source).label),
        detail=words or why,
    )


def _sentence(event: Event, platform: str) -> tuple[str, str]:
    if event.what == Seen.UNCLEAR and event.detail.get("why") in WENT:
        return "unknown", _("We looked, and could not tell")
    if event.what in _SEEN:
        tone, text = _SEEN[event.what]
        return tone, str(text)
    if event.what in Rung.values and "step" in event.detail:
        rung = Rung(event.what).label
        if "outcome" in event.detail:
            return "go", _("Answer to: %(rung)s") % {"rung": rung}
        tone, text = _STEPS.get(event.detail.get("state", ""), ("quiet", "%(rung)s"))
        return tone, str(text) % {"rung": rung}
    if "heard_by" in event.detail and event.what in states.STATUS_OF:
        said = Outcome(event.what)
        answer = _("%(platform)s answered a later request: %(said)s")
        return TONES[states.STATUS_OF[said]], answer % {"platform": platform, "said": said.label}
    if event.source in _TOLD and event.what in states.STATUS_OF:
        said = Outcome(event.what)
        return TONES[states.STATUS_OF[said]], _("%(platform)s: %(said)s") % {
            "platform": platform,
            "said": said.label,
        }
    for sign, (tone, text) in _SIGNS.items():
        if event.detail.get(sign):
            return tone, str(text)
    if event.detail.get("filed_by_hand"):
        return "good", _("Filed by hand")
    if "was_sent" in event.detail:
        if event.detail["was_sent"]:
            return "good", _("Found to have arrived")
        if event.source == Source.PERSON:  # it waits a moment, and may be taken back
            return "go", _("Found not to have arrived; it goes out again")
        return "go", _("Found not to have arrived; sent again")
    is_last = reason(str(event.detail.get("why") or "")).why in GIVEN_UP
    what = Status.FAILED if is_last and event.source == Source.WORKER else event.what
    tone, text = _OURS.get(what, ("quiet", what))
    return tone, str(text)
