"""The four truths of a takedown, kept apart on purpose: what we sent, what the transport did, what the platform
answered, what a look at the link saw. Each in words, with a tone of the design, its time and where it is known from.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cases.takedowns import states
from cases.takedowns.models import Takedown
from cases.takedowns.states import Outcome, Result, Source, Status


@dataclass(frozen=True, slots=True)
class Truth:
    """One of the four: a tone (see the design's vocabulary), words, when it became true, and where that is known from."""

    tone: str
    label: str
    at: datetime | None = None
    source: str = ""


TONES: Mapping[str, str] = {
    Status.DRAFT: "wait",
    Status.QUEUED: "go",
    Status.TO_FILE: "wait",
    Status.SENDING: "go",
    Status.UNKNOWN: "unknown",
    Status.FAILED: "stop",
    Status.SENT: "go",
    Status.ACKNOWLEDGED: "go",
    Status.UNDER_REVIEW: "go",
    Status.REMOVED: "good",
    Status.DISABLED: "wait",
    Status.ACCOUNT_REMOVED: "good",
    Status.PARTLY_REMOVED: "wait",
    Status.ALREADY_GONE: "good",
    Status.REFUSED: "stop",
    Status.MORE_INFORMATION: "wait",
    Status.NOT_FOUND: "stop",
    Status.NO_ANSWER: "wait",
    Status.ESCALATED: "go",
    Status.CONTESTED: "go",
    Status.GONE: "good",
    Status.REAPPEARED: "stop",
    Status.WITHDRAWN: "none",
    Status.CANCELLED: "none",
}
_TRANSPORT_TONES: Mapping[str, str] = {
    Result.ACCEPTED: "good",
    Result.REFUSED: "stop",
    Result.RETRY: "wait",
    Result.UNKNOWN: "unknown",
    Result.NOT_SENT: "stop",
}
_BEFORE_SENDING: Mapping[str, Promise | str] = {
    Status.DRAFT: gettext_lazy("To mend before it leaves"),
    Status.QUEUED: gettext_lazy("Waiting to leave"),
    Status.TO_FILE: gettext_lazy("To file by hand"),
    Status.SENDING: gettext_lazy("Leaving now"),
    Status.UNKNOWN: gettext_lazy("Perhaps"),
}


def has_said_removed(takedown: Takedown) -> bool:
    """Did the platform say that it acted, whatever a look at the link found since?"""
    said = takedown.platform_says
    return bool(said) and states.STATUS_OF[Outcome(said)] in states.SAID_REMOVED


def truths(takedown: Takedown) -> dict[str, Truth]:
    """What we sent, what the transport did, what the platform answered, what a look saw. Kept apart on purpose."""
    return {
        "sent": _sent(takedown),
        "transport": _transport(takedown),
        "platform": _platform(takedown),
        "observed": _observed(takedown),
    }


def _sent(takedown: Takedown) -> Truth:
    if takedown.sent_at is not None:
        return Truth("good", _("Yes"), takedown.sent_at, _("our own record"))
    if takedown.status in _BEFORE_SENDING:
        return Truth(TONES[takedown.status], str(_BEFORE_SENDING[takedown.status]), takedown.status_at)
    return Truth("stop" if takedown.status == Status.FAILED else "none", _("No"), takedown.status_at)


def _transport(takedown: Takedown) -> Truth:
    if not takedown.transport:
        return Truth("quiet", _("Not yet"))
    result = Result(takedown.transport)
    return Truth(_TRANSPORT_TONES[result], str(result.label), takedown.transport_at, _("our own sending"))


def _platform(takedown: Takedown) -> Truth:
    if not takedown.platform_says:
        return Truth("quiet", _("No word"))
    said = Outcome(takedown.platform_says)
    return Truth(
        TONES[states.STATUS_OF[said]], str(said.label), takedown.platform_at, _("the platform’s word")
    )


def _observed(takedown: Takedown) -> Truth:
    if takedown.reappeared_at is not None and takedown.observed == Outcome.SEEN_THERE:
        return Truth("stop", _("It came back"), takedown.reappeared_at, str(Source.RECHECK.label))
    if takedown.observed == Outcome.SEEN_GONE:
        return Truth("good", _("Gone"), takedown.observed_at, str(Source.RECHECK.label))
    if takedown.observed == Outcome.SEEN_THERE:
        return Truth("wait", _("Still there"), takedown.observed_at, str(Source.RECHECK.label))
    return Truth("quiet", _("Not yet"))
