"""What the desk shows of the ladder: one takedown's climb, what is due by a person across cases, the counts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cases import reading
from cases.ladder import clock, holding, proposing, redress, reminding, rungs, states
from cases.ladder.models import Redress, Step
from cases.ladder.rungs import OUT_OF_COURT, Authority
from cases.ladder.states import Kind, RedressState, Rung, StepState
from cases.models import Case
from cases.states import CaseStatus
from cases.takedowns.models import Takedown
from cases.takedowns.notices import Finding
from cases.takedowns.states import Status
from helpline.accounts.models import Staff
from helpline.crypto.box import Box
from helpline.platforms.models import Regime

STEP_TONES: Mapping[str, str] = {
    StepState.PROPOSED: "wait",
    StepState.TAKEN: "go",
    StepState.DONE: "good",
    StepState.SKIPPED: "none",
    StepState.OVER: "quiet",
}
REDRESS_TONES: Mapping[str, str] = {
    RedressState.TO_FILE: "wait",
    RedressState.FILED: "go",
    RedressState.UPHELD: "stop",
    RedressState.OVERTURNED: "good",
    RedressState.PARTLY: "good",
    RedressState.LAPSED: "none",
    RedressState.WITHDRAWN: "quiet",
}

# --- lists ------------------------------------------------------------------------------------------------

TABS: Mapping[str, Promise | str] = {
    "steps": gettext_lazy("Steps due"),
    "silent": gettext_lazy("Silent"),
    "redress": gettext_lazy("Complaints to file"),
    "unheard": gettext_lazy("Complaints unanswered"),
    "answers": gettext_lazy("To ask again"),
    "later": gettext_lazy("Later"),
    "paused": gettext_lazy("Clock stopped"),
}
COUNTED = ("steps", "silent", "redress", "unheard", "answers")


def under_tab(staff: Staff, tab: str, *, at: datetime) -> QuerySet[Any]:
    """What stands under a tab: steps, takedowns, or complaints of the cases this person may work on."""
    today = timezone.localdate(at)
    steps: QuerySet[Step] = Step.objects.visible_to(staff).in_hand()
    live = steps.filter(state__in=sorted(states.LIVE), takedown__clock_paused_at=None)
    complaints: QuerySet[Redress] = Redress.objects.visible_to(staff).in_hand()
    mine = Takedown.objects.filter(case__in=Case.objects.workable_by(staff))
    mine = mine.exclude(case__status=CaseStatus.CLOSED).exclude(clock.NOT_WANTED)
    match tab:
        case "steps":
            return live.filter(due_at__lte=at)
        case "later":
            return live.filter(due_at__gt=at)
        case "silent":
            return mine.filter(status=Status.NO_ANSWER, escalates=None, clock_paused_at=None)
        case "paused":
            return mine.filter(clock_paused_at__isnull=False, status__in=sorted(PAUSABLE))
        case "redress":
            soon = today + timedelta(days=reminding.SHOWN_FROM)
            return complaints.filter(state=RedressState.TO_FILE, window_until__lte=soon)
        case "unheard":
            return complaints.filter(redress.is_late(today) | redress.GRANTED_IN_VAIN)
    # Seen gone, or said to be: there is nothing left to ask for.
    return steps.filter(follow_up_on__lte=today).exclude(takedown__status__in=sorted(SETTLED))


SETTLED = states.SAID_GONE | {Status.GONE}
# Of what is said to be gone a clock is stopped only where it was seen there: see `clock.may_stop`.
PAUSABLE = states.WAITED_FOR | states.CLIMBING | states.SAID_GONE | {Status.REAPPEARED}


def order_of(tab: str) -> tuple[str, str]:
    """What waits longest, or closes soonest, first."""
    return {
        "silent": ("status_at", "id"),
        "paused": ("clock_paused_at", "id"),
        "redress": ("window_until", "id"),
        "unheard": ("state_at", "id"),
        "answers": ("follow_up_on", "id"),
    }.get(tab, ("due_at", "id"))


WHEN: Mapping[str, Promise | str] = {
    "redress": gettext_lazy("Possible until"),
    "unheard": gettext_lazy("Awaited since"),
    "answers": gettext_lazy("Ask again"),
    "silent": gettext_lazy("An answer was due"),
    "paused": gettext_lazy("Since"),
}


def when_label(tab: str) -> str:
    """What the last column is called."""
    return str(WHEN.get(tab, gettext_lazy("Due")))


@dataclass(frozen=True, slots=True)
class Decided:
    """How complaints ended in a year, all cases together."""

    count: int
    overturned: int
    partly: int


def decided_in_a_year(*, at: datetime) -> Decided:
    """In the twelve months until `at`."""
    found = redress.decisions(since=at - timedelta(days=365), until=at)
    overturned, partly = (sum(one[key] for one in found) for key in ("overturned", "partly"))
    return Decided(overturned + partly + sum(one["upheld"] for one in found), overturned, partly)


def with_what_is_shown(tab: str, rows: QuerySet[Any]) -> QuerySet[Any]:
    """`rows` with everything a list shows, in one statement."""
    if tab in {"silent", "paused"}:
        return rows.select_related("platform", "case__assignee", "notice__channel")
    return rows.select_related("takedown__platform", "takedown__case__assignee", "takedown__notice__channel")


def counts(staff: Staff, *, at: datetime) -> dict[str, QuerySet[Any]]:
    """What is counted beside the tabs, by tab."""
    return {tab: under_tab(staff, tab, at=at) for tab in COUNTED}


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a list: coarse facts, no words."""

    takedown: Takedown
    what: str
    tone: str
    label: str
    at: datetime | None
    kind: str = ""  # "step", "redress", "takedown": where it leads
    pk: Any = None
    day: Any = None


def row_of(one: Step | Redress | Takedown) -> Row:
    """How a list shows it."""
    if isinstance(one, Step):
        is_held = one.held_at is not None and one.state == StepState.PROPOSED
        return Row(
            takedown=one.takedown,
            what=str(Rung(one.rung).label),
            tone="stop" if is_held else STEP_TONES[one.state],
            label=_("It did not leave") if is_held else str(StepState(one.state).label),
            at=one.due_at,
            kind="step",
            pk=one.pk,
            day=one.follow_up_on,
        )
    if isinstance(one, Redress):
        return Row(
            takedown=one.takedown,
            what=str(Kind(one.kind).label),
            tone=REDRESS_TONES[one.state],
            label=str(RedressState(one.state).label),
            at=one.state_at,
            kind="redress",
            pk=one.pk,
            day=one.window_until if one.state == RedressState.TO_FILE else one.answer_due_on,
        )
    paused = one.clock_paused_at is not None
    return Row(
        takedown=one,
        what=_("Clock stopped") if paused else _("No answer"),
        tone="none" if paused else "wait",
        label=str(Status(one.status).label),
        at=one.clock_paused_at if paused else one.answer_due_at,
        kind="takedown",
        pk=one.pk,
    )


# --- one takedown's climb ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class StepView:
    """A step as the panel and its page show it; `reference` and `words` only with a box."""

    step: Step
    label: str
    tone: str
    state: str
    is_due: bool
    authority: Authority | None
    may_undo: bool
    held: Sequence[Finding] = ()  # why it did not leave
    reference: str = ""
    words: str = ""


@dataclass(frozen=True, slots=True)
class RedressView:
    """A complaint as the panel and its page show it."""

    redress: Redress
    label: str
    tone: str
    state: str
    days_left: int
    may_undo: bool
    reference: str = ""
    words: str = ""


@dataclass(frozen=True, slots=True)
class Climb:
    """Everything the panel shows of one takedown."""

    takedown: Takedown
    first: Takedown  # the request at the foot of the ladder: `takedown` itself, or the one it escalates
    is_paused: bool
    may_pause: bool
    due_at: datetime | None
    is_overdue: bool
    steps: Sequence[StepView] = ()
    possible: Sequence[tuple[str, str]] = ()
    redress: Sequence[RedressView] = ()
    may_dispute: bool = False
    erased: bool = field(default=False)

    @property
    def shows(self) -> bool:
        """Is there anything to show?"""
        return bool(self.due_at or self.steps or self.redress or self.possible or self.is_paused)


def climb_of(takedown: Takedown, *, at: datetime) -> Climb:
    """`takedown` needs its notice with channel, platform, and case with report loaded."""
    first = takedown
    if takedown.escalates_id is not None:
        rows = Takedown.objects.select_related("case__report", "platform", "notice__channel", "link")
        first = rows.get(pk=takedown.escalates_id)
    erased = reading.is_erased(first.case)
    steps = proposing.steps_of(first)
    live = any(step.state in states.LIVE for step in steps)
    complaints = list(first.redress.order_by("opened_at", "id"))
    working = clock.is_wanted(first) and first.case.status != CaseStatus.CLOSED
    left = proposing.possible_for(first, steps) if working else []
    shown = {step.rung for step in steps if step.state in states.LIVE}
    waited = takedown.status in states.WAITED_FOR
    return Climb(
        takedown=takedown,
        first=first,
        is_paused=takedown.clock_paused_at is not None,
        may_pause=working and takedown.clock_paused_at is None and clock.may_stop(takedown),
        due_at=takedown.answer_due_at if waited or takedown.status in states.CLIMBING else None,
        is_overdue=takedown.answer_due_at is not None and takedown.answer_due_at <= at,
        steps=[
            view_of(step, at=at, case=takedown.case_id)
            for step in steps
            if step.state != StepState.OVER or not live
        ],
        possible=[(rung.value, str(rung.label)) for rung in left if rung.value not in shown],
        redress=[redress_view(one, at=at) for one in complaints],
        may_dispute=working
        and first.status in states.CONTESTABLE | {Status.CONTESTED}
        and Regime.EU_DSA_16 in first.notice.regimes
        and not any(one.kind == Kind.OUT_OF_COURT for one in complaints),
        erased=erased,
    )


def view_of(step: Step, *, at: datetime, case: int, box: Box | None = None) -> StepView:
    """As it is shown on a page of the case with this key: one step may stand for several cases.

    `box` opens what was written; a list and a panel show none of it.
    """
    return StepView(
        step=step,
        label=str(Rung(step.rung).label),
        tone=STEP_TONES[step.state],
        state=str(StepState(step.state).label),
        is_due=step.state in states.LIVE and step.due_at <= at,
        authority=None if step.by_machine else rungs.authority(step.rung),
        may_undo=step.state == StepState.TAKEN
        or (step.state in {StepState.DONE, StepState.SKIPPED} and clock.is_in_time(step.state_at, at)),
        held=holding.seen_from(case, step.findings) if step.state == StepState.PROPOSED else (),
        reference=box.open(step, "reference") if box else "",
        words=box.open(step, "words") if box else "",
    )


def redress_view(one: Redress, *, at: datetime, box: Box | None = None) -> RedressView:
    """The same for a complaint."""
    return RedressView(
        redress=one,
        label=str(Kind(one.kind).label),
        tone=REDRESS_TONES[one.state],
        state=str(RedressState(one.state).label),
        days_left=(one.window_until - timezone.localdate(at)).days,
        may_undo=one.state not in {RedressState.TO_FILE, RedressState.LAPSED}
        and clock.is_in_time(one.state_at, at),
        reference=box.open(one, "reference") if box else "",
        words=box.open(one, "words") if box else "",
    )


def body() -> Authority | None:
    """What to know about out-of-court bodies."""
    return rungs.authority(OUT_OF_COURT)
