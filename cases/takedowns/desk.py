"""What the desk shows of takedowns: the tabs by what needs a person, the links of a case with theirs, what to do next."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Exists, OuterRef, Prefetch, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cases.models import Case
from cases.reading import OpenCase, OpenLink
from cases.states import CaseStatus
from cases.takedowns import connectors, linting, notices, states
from cases.takedowns.models import Event, Takedown
from cases.takedowns.notices import Finding
from cases.takedowns.reasons import Reason, reason
from cases.takedowns.states import Source, Status
from cases.takedowns.timeline import Line, line
from cases.takedowns.truths import TONES, Truth, truths
from cases.takedowns.unknowns import Policy, policy
from helpline.accounts.models import Staff
from helpline.crypto.box import Box
from helpline.crypto.wrapping import WrongKey
from helpline.platforms import directory
from helpline.platforms.models import Platform
from reports.states import LinkStatus

# --- lists ------------------------------------------------------------------------------------------------

# The tabs of the desk: which statuses stand under each. Those of NEEDS_A_PERSON wait for somebody's decision.
TABS: Mapping[str, tuple[Promise | str, frozenset[Status]]] = {
    "draft": (gettext_lazy("To mend"), frozenset({Status.DRAFT})),
    "to-file": (gettext_lazy("To file by hand"), frozenset({Status.TO_FILE})),
    "unknown": (gettext_lazy("Unknown"), frozenset({Status.UNKNOWN})),
    "refused": (gettext_lazy("Refused"), frozenset({Status.REFUSED, Status.NOT_FOUND})),
    "partly": (gettext_lazy("Only in part"), states.PARTLY),
    "more": (gettext_lazy("More information"), frozenset({Status.MORE_INFORMATION})),
    "silent": (gettext_lazy("No answer"), frozenset({Status.NO_ANSWER})),
    "failed": (gettext_lazy("Not sent"), frozenset({Status.FAILED})),
    "reappeared": (gettext_lazy("Reappeared"), frozenset({Status.REAPPEARED})),
    "progress": (
        gettext_lazy("In progress"),
        frozenset({Status.QUEUED, Status.SENDING, Status.SENT, Status.ACKNOWLEDGED, Status.UNDER_REVIEW})
        | {Status.ESCALATED, Status.CONTESTED}
        | states.SAID_REMOVED - states.PARTLY,
    ),
    "all": (gettext_lazy("All"), frozenset(Status)),
}
NEEDS_A_PERSON = (
    "draft",
    "to-file",
    "unknown",
    "refused",
    "partly",
    "more",
    "silent",
    "failed",
    "reappeared",
)
DECIDED_BY_A_PERSON: frozenset[Status] = frozenset().union(*(TABS[tab][1] for tab in NEEDS_A_PERSON))


def visible_to(staff: Staff) -> QuerySet[Takedown]:
    """Takedowns of the cases this person may work on."""
    return Takedown.objects.filter(case__in=Case.objects.workable_by(staff))


def under_tab(staff: Staff, tab: str) -> QuerySet[Takedown]:
    """What stands under a tab. A link that was asked for again, or a closed case, no longer needs a decision."""
    _label, statuses = TABS[tab]
    found = visible_to(staff)
    if tab == "all":
        return found
    found = found.filter(status__in=statuses)
    return found if tab == "progress" else _undecided(found)


def needing_a_person(staff: Staff) -> QuerySet[Takedown]:
    """Everything that waits for somebody's decision: what the rail counts."""
    return undecided_in(Case.objects.workable_by(staff))


def undecided_in(cases: QuerySet[Case]) -> QuerySet[Takedown]:
    """The same of these cases, whoever asks."""
    in_hand = cases.exclude(status=CaseStatus.CLOSED)
    return _undecided(Takedown.objects.filter(case__in=in_hand, status__in=DECIDED_BY_A_PERSON))


def _undecided(found: QuerySet[Takedown]) -> QuerySet[Takedown]:
    later = Takedown.objects.filter(link=OuterRef("link"), requested_at__gt=OuterRef("requested_at"))
    return found.exclude(case__status=CaseStatus.CLOSED).filter(~Exists(later))


def switched_off() -> Sequence[Platform]:
    """Platforms to which nothing is sent, or whose links are left alone, as of the last minute: no query."""
    known = {one.pk: one for one in directory.current().by_slug.values()}
    off = [one for one in known.values() if one.paused_at is not None or not one.recheck]
    return sorted(off, key=lambda one: one.name)


# --- a takedown, and the links of a case with theirs ------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TakedownView:
    """A takedown as every page shows it."""

    takedown: Takedown
    truths: Mapping[str, Truth]
    tone: str
    label: str
    timeline: Sequence[Line] = ()
    paste: Mapping[str, str] | None = (
        None  # what to paste into the platform's form, while it is to be filed by hand
    )

    findings: Sequence[Finding] = ()  # of a draft: what is to be mended
    facts: str | None = None  # of a draft that may be opened here: what a colleague added for the platform
    may_undo: bool = False  # a colleague found that it did not arrive, and it has not left again

    @property
    def reason(self) -> Reason:
        """Why it did not leave."""
        return reason(self.takedown.notice.failure)

    @property
    def policy(self) -> Policy | None:
        """What happens with a send of this kind that nobody knows the end of."""
        return policy(self.takedown.notice.channel.kind)

    @property
    def may_record(self) -> bool:
        """Can something be said about it by hand? Once it left, or perhaps left."""
        return self.takedown.status in states.WATCHED or self.takedown.status == Status.UNKNOWN


# With a takedown, for its pages and lists: the channel's own platform says whether anything is sent to it.
SHOWN = ("notice__channel__platform__merged_into", "notice__channel__platform__paused_by", "platform")


def view_of(takedown: Takedown, *, events: Iterable[Event] = (), box: Box | None = None) -> TakedownView:
    """`takedown` needs what is `SHOWN` loaded.

    Words are opened only with `box`, on pages whose reading is recorded: a list shows none.
    """
    status = Status(takedown.status)
    told = list(events)
    lines = [line(event, platform=takedown.platform.name, box=box) for event in told]
    return TakedownView(
        takedown=takedown,
        truths=truths(takedown),
        tone=TONES[status],
        label=str(status.label),
        timeline=sorted(lines, key=lambda one: one.at, reverse=True),
        paste=_paste(takedown) if status == Status.TO_FILE and box is not None else None,
        findings=findings_in(told) if status == Status.DRAFT else (),
        facts=_facts(takedown) if status == Status.DRAFT and box is not None else None,
        may_undo=status == Status.QUEUED and _waits_to_leave_again(told),
    )


def _waits_to_leave_again(events: Sequence[Event]) -> bool:
    last = max(events, key=lambda event: event.recorded_at, default=None)
    return last is not None and last.source == Source.PERSON and last.detail.get("was_sent") is False


def findings_in(events: Iterable[Event]) -> Sequence[Finding]:
    """What the latest look at a draft found."""
    looked = [event for event in events if event.what == Status.DRAFT and event.detail.get("findings")]
    return linting.shown(max(looked, key=lambda event: event.recorded_at).detail) if looked else ()


def _facts(takedown: Takedown) -> str | None:
    try:
        return notices.content_of(takedown.notice).facts
    except WrongKey:
        return None


def _paste(takedown: Takedown) -> Mapping[str, str] | None:
    try:
        return connectors.text_to_paste(takedown.notice, case_id=takedown.case_id)
    except WrongKey:
        return None


@dataclass(frozen=True, slots=True)
class LinkView:
    """A link of a case with what was asked about it, the latest first."""

    opened: OpenLink
    takedowns: Sequence[TakedownView] = field(default=())
    may_ask: bool = False

    @property
    def now(self) -> TakedownView | None:
        """The request that counts."""
        return self.takedowns[0] if self.takedowns else None

    @property
    def earlier(self) -> Sequence[TakedownView]:
        """Requests before it, ended."""
        return self.takedowns[1:]


def links_of(opened: OpenCase) -> list[LinkView]:
    """The links of an opened case with their takedowns; two queries, however many there are."""
    case, erased = opened.case, opened.report.erased
    box = None if erased else case.box()
    found = case.takedowns.select_related(*SHOWN).order_by("-requested_at", "-id")
    by_link: dict[Any, list[TakedownView]] = {}
    for takedown in found.prefetch_related(Prefetch("events", Event.objects.select_related("by"))):
        view = view_of(takedown, events=takedown.events.all(), box=box)
        by_link.setdefault(takedown.link_id, []).append(view)
    may = not erased and case.status != CaseStatus.CLOSED
    return [
        LinkView(
            opened=one,
            takedowns=by_link.get(one.link.pk, ()),
            may_ask=may and _may_ask(one, by_link.get(one.link.pk, ())),
        )
        for one in opened.report.links
    ]


def _may_ask(one: OpenLink, asked: Sequence[TakedownView]) -> bool:
    """What was seen gone is not asked for again; should it come back, its status says so."""
    if one.link.status == LinkStatus.WITHDRAWN or (asked and asked[0].takedown.status == Status.GONE):
        return False
    return all(view.takedown.status in states.MAY_ASK_AGAIN for view in asked)


# --- what to do next --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Step:
    """Something that waits for the person at the desk, and where on the page it is done."""

    text: str
    anchor: str
    tone: str = "wait"


def next_steps(opened: OpenCase, links: Sequence[LinkView]) -> list[Step]:
    """What this case needs, the most urgent first; [] when there is nothing to do but wait."""
    if opened.report.erased or opened.case.status == CaseStatus.CLOSED:
        return []
    steps: list[Step] = []
    if opened.item is not None and opened.item.danger:
        steps.append(Step(_("A life may be at stake: make contact first."), "messages", "danger"))
    if opened.unread:
        steps.append(Step(_("Read what the young person wrote, and answer."), "messages"))
    if not links:
        steps.append(Step(_("No link yet. Read what they said, and ask where it is."), "messages", "go"))
    never = [one for one in links if one.may_ask and one.now is None]
    if never:
        steps.append(Step(_("Ask for the removal of what nobody has asked for yet."), "links", "go"))
    steps += [Step(text, f"takedown-{one.takedown.pk}", tone) for one, text, tone in _undecided_steps(links)]
    if any(member.decided_at is None for member in opened.memberships):
        steps.append(Step(_("Say whether this is the same matter as other cases."), "incident"))
    if (
        links
        and not steps
        and all(one.now is not None and one.now.takedown.status == Status.GONE for one in links)
    ):
        steps.append(
            Step(_("Everything was seen gone. Tell the young person, then close the case."), "close", "good")
        )
    return steps


_STEP_WORDS: Mapping[str, tuple[Promise | str, str]] = {
    Status.DRAFT: (gettext_lazy("Mend the request to %(platform)s: it would not hold."), "wait"),
    Status.TO_FILE: (gettext_lazy("File the request in %(platform)s’s form."), "wait"),
    Status.UNKNOWN: (gettext_lazy("Find out whether %(platform)s got the request."), "unknown"),
    Status.FAILED: (
        gettext_lazy("The request to %(platform)s did not leave. Try again or cancel it."),
        "stop",
    ),
    Status.REFUSED: (gettext_lazy("%(platform)s refused. Ask again with more, or close this way."), "stop"),
    Status.NOT_FOUND: (gettext_lazy("%(platform)s found nothing there. Check the address."), "stop"),
    Status.PARTLY_REMOVED: (
        gettext_lazy("%(platform)s removed a part only. Say what is left, or contest it."),
        "wait",
    ),
    Status.DISABLED: (
        gettext_lazy("%(platform)s blocked it in some places only. Contest it, or take it further."),
        "wait",
    ),
    Status.MORE_INFORMATION: (gettext_lazy("%(platform)s asks for more information."), "wait"),
    Status.NO_ANSWER: (gettext_lazy("%(platform)s did not answer in time. Take it further."), "wait"),
    Status.REAPPEARED: (gettext_lazy("It came back on %(platform)s. Ask again."), "stop"),
}


def _undecided_steps(links: Sequence[LinkView]) -> Iterable[tuple[TakedownView, str, str]]:
    for one in links:
        if one.now is not None and one.now.takedown.status in _STEP_WORDS:
            text, tone = _STEP_WORDS[one.now.takedown.status]
            yield one.now, str(text) % {"platform": one.now.takedown.platform.name}, tone
