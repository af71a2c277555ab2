"""How urgent a report is, and why: a pure function over its coarse facts. A person decides; this only orders the list.

Every reason is shown with its points. The weights are a starting judgement, made to be argued with: an operator overrides
them with the setting `HELPLINE_TRIAGE_POINTS` (`{"blackmail": 40, …}`).
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from reports.states import AgeRange, Circumstance, Kind


class Reason(TextChoices):
    """Why a report is higher in the list."""

    IN_DANGER = "in-danger", _("In danger right now")
    SELF_HARM = "self-harm", _("Thinks of self-harm")
    DEADLINE_NOW = "deadline-now", _("A threat runs out within hours")
    DEADLINE_SOON = "deadline-soon", _("A threat runs out within a day")
    VIOLENCE = "violence", _("Violence")
    ADULT = "adult", _("An adult is behind it")
    BLACKMAIL = "blackmail", _("Blackmail")
    DEADLINE = "deadline", _("A threat with a deadline")
    UNDER_13 = "under-13", _("Under 13")
    UNSAFE_HOME = "unsafe-home", _("Home is not safe")
    SPREADING = "spreading", _("Spreading widely")
    NAMED = "named", _("Can be recognised")
    SCHOOL = "school", _("Going round at school")
    REPEATED = "repeated", _("Came back after removal")
    SEVERAL = "several", _("Several people harmed")
    IGNORED = "ignored", _("The platform ignored their own report")
    VULNERABLE = "vulnerable", _("Something makes it harder")
    THREAT = "threat", _("A threat")
    MINOR = "minor", _("A minor")
    REAL_IMAGE = "real-image", _("A real picture is out")


POINTS: Mapping[str, int] = {
    Reason.IN_DANGER: 100,
    Reason.SELF_HARM: 100,
    Reason.DEADLINE_NOW: 90,
    Reason.DEADLINE_SOON: 60,
    Reason.VIOLENCE: 50,
    Reason.ADULT: 50,
    Reason.BLACKMAIL: 40,
    Reason.DEADLINE: 30,
    Reason.UNDER_13: 40,
    Reason.UNSAFE_HOME: 25,
    Reason.SPREADING: 20,
    Reason.NAMED: 20,
    Reason.SCHOOL: 15,
    Reason.REPEATED: 15,
    Reason.SEVERAL: 15,
    Reason.IGNORED: 10,
    Reason.VULNERABLE: 15,
    Reason.THREAT: 10,
    Reason.MINOR: 10,
    Reason.REAL_IMAGE: 5,
}

# Above everything else, with an alert: a life may be at stake.
DANGER = frozenset({Reason.IN_DANGER, Reason.SELF_HARM})
# One point weighs as much as this much waiting, so that a quiet report overtakes a loud one that came hours later.
WAIT_PER_POINT = timedelta(minutes=6)
# A deadline weighs more as it comes nearer, and once it has passed: the nearest of these that holds. Whenever one is
# crossed the report is scored again (`cases.queue.refresh_deadlines`).
NEARING: Mapping[timedelta, Reason] = {
    timedelta(hours=6): Reason.DEADLINE_NOW,
    timedelta(hours=24): Reason.DEADLINE_SOON,
}


@dataclass(frozen=True, slots=True)
class Facts:
    """What the score is computed from. Times are aware."""

    kind: str
    age_range: str
    circumstances: Collection[str]
    submitted_at: datetime
    deadline_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Score:
    """`reasons` are (reason, points), the heaviest first; `rank_at` is where it stands in the list: earlier is first."""

    points: int
    danger: bool
    reasons: tuple[tuple[Reason, int], ...]
    rank_at: datetime


def score(facts: Facts, *, at: datetime, points: Mapping[str, int] = POINTS) -> Score:
    """The priority of a report at the moment `at`, which only its deadline asks for. Pure."""
    said = set(facts.circumstances)
    found = {reason for reason in Reason if reason.value in said & {c.value for c in Circumstance}}
    if facts.age_range == AgeRange.UNDER_13:
        found.add(Reason.UNDER_13)
    if AgeRange(facts.age_range).is_minor:
        found.add(Reason.MINOR)
    if facts.kind == Kind.THREAT:
        found.add(Reason.THREAT)
    if facts.kind == Kind.REAL_IMAGE:
        found.add(Reason.REAL_IMAGE)
    if facts.deadline_at is not None:
        found.discard(Reason.DEADLINE)
        left = facts.deadline_at - at
        found.add(next((reason for near, reason in NEARING.items() if left <= near), Reason.DEADLINE))
    weighed = sorted(
        ((reason, points[reason]) for reason in found), key=lambda pair: (-pair[1], pair[0].value)
    )
    total = sum(weight for _reason, weight in weighed)
    return Score(
        points=total,
        danger=bool(found & DANGER),
        reasons=tuple(weighed),
        rank_at=facts.submitted_at - total * WAIT_PER_POINT,
    )
