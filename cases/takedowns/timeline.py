"""The timeline of a takedown in sentences. Its rows are never rewritten; only how they are said may change."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cases.takedowns import states
from cases.takedowns.models import Event
from cases.takedowns.states import Outcome, Result, Source, Status
from cases.takedowns.truths import TONES
from helpline.crypto.box import Box

_OURS: Mapping[str, tuple[str, Promise | str]] = {
    Status.QUEUED: ("go", gettext_lazy("Requested")),
    Status.TO_FILE: ("wait", gettext_lazy("Requested, to be filed by hand")),
    Status.SENT: ("good", gettext_lazy("Sent")),
    Status.FAILED: ("stop", gettext_lazy("Not sent")),
    Status.CANCELLED: ("none", gettext_lazy("Cancelled before it left")),
    Status.WITHDRAWN: ("none", gettext_lazy("Withdrawn by the young person")),
    Result.REFUSED: ("stop", gettext_lazy("The channel did not take the notice")),
    Result.RETRY: ("wait", gettext_lazy("Not taken at that moment; tried again later")),
    Result.UNKNOWN: ("unknown", gettext_lazy("Perhaps received: no answer came back")),
    Result.NOT_SENT: ("wait", gettext_lazy("Did not leave; tried again later")),
}
_SEEN: Mapping[str, tuple[str, Promise | str]] = {
    Outcome.SEEN_THERE: ("wait", gettext_lazy("We looked: still there")),
    Outcome.SEEN_GONE: ("good", gettext_lazy("We looked: gone")),
    "unclear": ("unknown", gettext_lazy("We may not look at this address")),
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
    return Line(
        at=event.at,
        text=text,
        tone=tone,
        who=str(event.by) if event.by else str(Source(event.source).label),
        detail=words or why,
    )


def _sentence(event: Event, platform: str) -> tuple[str, str]:
    if event.what in _SEEN:
        tone, text = _SEEN[event.what]
        return tone, str(text)
    if event.source in {Source.CALLBACK, Source.PERSON, Source.QUERY} and event.what in states.STATUS_OF:
        said = Outcome(event.what)
        return TONES[states.STATUS_OF[said]], _("%(platform)s: %(said)s") % {
            "platform": platform,
            "said": said.label,
        }
    if event.detail.get("filed_by_hand"):
        return "good", _("Filed by hand")
    if "was_sent" in event.detail:
        arrived = bool(event.detail["was_sent"])
        return (
            ("good", _("Found to have arrived"))
            if arrived
            else ("go", _("Found not to have arrived; sent again"))
        )
    tone, text = _OURS.get(event.what, ("quiet", event.what))
    return tone, str(text)
