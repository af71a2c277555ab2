"""What the desk shows of an incident: who is in it, what they share, what is asked for, and what was done to it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django.db.models import Q

from cases import reading
from cases.incidents import access, codes, matching, undoing, words
from cases.incidents.matching import Shared
from cases.incidents.models import IncidentStep, Letter, SchoolCode
from cases.incidents.states import Step
from cases.models import Case, Incident, IncidentMember
from cases.states import MemberState
from cases.takedowns import together
from cases.takedowns.models import Takedown
from cases.takedowns.states import ENDED, Status
from cases.takedowns.truths import has_said_removed
from helpline.accounts.models import Staff
from helpline.crypto.wrapping import WrongKey
from helpline.platforms.models import Platform
from reports.places import shortened

HISTORY = 30  # lines shown


@dataclass(frozen=True, slots=True)
class Row:
    """A case that this person works on, in the incident."""

    member: IncidentMember
    name: str
    letter: str
    erased: bool
    shares: Sequence[bool] = ()

    @property
    def reasons(self) -> list[words.Words]:
        """Why it was proposed, in sentences."""
        return [words.REASONS.get(code, code) for code in self.member.reasons]


@dataclass(frozen=True, slots=True)
class Column:
    """Something that at least two of the cases share."""

    label: words.Words
    platform: str
    what: str  # the address or the account, where a case of this person's names it
    count: int
    others: int  # cases of colleagues among them


@dataclass(slots=True)
class Asking:
    """A platform on which links of the joined cases are."""

    platform: Platform
    to_ask: int = 0
    asked: int = 0
    said_removed: int = 0
    seen_gone: int = 0


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the history."""

    step: IncidentStep
    text: str
    tone: str
    other: str  # the reference of the other incident, where it is this person's to see
    may_undo: bool
    cases: Sequence[str] = ()  # the references of those it is about that are this person's to see


@dataclass(frozen=True, slots=True)
class OpenIncident:
    """Everything the page shows. Of an incident that is not open to this person: what is proposed of theirs, and numbers."""

    incident: Incident
    is_open_to_me: bool
    may_join: bool
    title: str
    columns: Sequence[Column]
    joined: Sequence[Row]
    proposed: Sequence[Row]
    apart: Sequence[Row]
    others: Mapping[str, int]  # cases of colleagues, by state
    platforms: Sequence[Asking]
    history: Sequence[Line]
    code: SchoolCode | None
    code_shown: str
    cases: Sequence[Case] = field(repr=False)  # joined, and this person's to work on

    @property
    def people(self) -> int:
        """How many cases are joined, this person's and others."""
        return len(self.joined) + self.others.get(MemberState.JOINED, 0)


def members_of(incident: Incident) -> list[IncidentMember]:
    """Its members with their cases, in the order they came."""
    rows = incident.members.select_related("case__report", "case__assignee", "case__queue_item")
    return list(rows.order_by("proposed_at", "id"))


def mine_among(members: Sequence[IncidentMember], staff: Staff) -> set[int]:
    """The cases among them that this person works on."""
    ids = [member.case_id for member in members]
    return set(Case.objects.workable_by(staff).filter(pk__in=ids).values_list("pk", flat=True))


def joined_cases(incident: Incident, staff: Staff) -> tuple[list[Case], int]:
    """The joined cases this person works on and that were not erased; and how many more there are."""
    members = [one for one in members_of(incident) if one.state == MemberState.JOINED]
    mine = mine_among(members, staff)
    cases = [one.case for one in members if one.case_id in mine and not reading.is_erased(one.case)]
    return cases, len(members) - len(cases)


def letters_of(incident: Incident) -> dict[int, str]:
    """By case: what it is called on papers."""
    return {one.case_id: one.word for one in Letter.objects.filter(incident=incident)}


def opened(incident: Incident, staff: Staff) -> OpenIncident:
    """The incident for this person: handles and references of their own cases, and a number for the rest.

    No word of colleagues, and nothing of what they do together, before a case of this person's is joined.
    """
    is_open = access.takes_part(incident, by=staff)
    members = members_of(incident)
    mine, letters = mine_among(members, staff), letters_of(incident)
    inside = [one for one in members if one.state != MemberState.DETACHED]
    shared = matching.shared_between([one.case for one in inside]) if is_open else []
    rows = [
        Row(
            member=one,
            name=name_of(one.case),
            letter=letters.get(one.case_id, ""),
            erased=reading.is_erased(one.case),
            shares=[one.case_id in thing.case_ids for thing in shared],
        )
        for one in members
        if one.case_id in mine
    ]
    by_state = {state: [row for row in rows if row.member.state == state] for state in MemberState}
    cases = [row.member.case for row in by_state[MemberState.JOINED] if not row.erased]
    code = incident.codes.filter(ended_at=None).select_related("made_by").first() if is_open else None
    by_id = {one.case_id: one.case for one in inside if one.case_id in mine}
    return OpenIncident(
        incident=incident,
        is_open_to_me=is_open,
        may_join=is_open or not any(one.state == MemberState.JOINED for one in members),
        title=opened_title(incident) if is_open else "",
        columns=[_column(one, by_id) for one in shared],
        joined=sorted(by_state[MemberState.JOINED], key=lambda row: (len(row.letter), row.letter)),
        proposed=by_state[MemberState.PROPOSED],
        apart=by_state[MemberState.DETACHED],
        others=Counter(one.state for one in inside if one.case_id not in mine),
        platforms=_platforms(cases),
        history=history_of(incident, staff) if is_open else [],
        code=code,
        code_shown=shown(code, incident) if code else "",
        cases=cases,
    )


def name_of(case: Case) -> str:
    """How colleagues call it; its reference where they do not."""
    return ("" if reading.is_erased(case) else case.box().open(case, "handle")) or case.ref


def _column(one: Shared, mine: Mapping[int, Case]) -> Column:
    what = ""
    for case_id, link in one.links.items():
        case = mine.get(case_id)
        if case is None or reading.is_erased(case):
            continue
        text = case.box().open(link, one.kind)
        what = shortened(text) if one.kind == "url" else text
        break
    label = words.COLUMNS[one.kind]
    return Column(label, one.platform, what, len(one.case_ids), len(one.case_ids - set(mine)))


def _platforms(cases: Sequence[Case]) -> list[Asking]:
    """What is to be asked for, and what came of what was; the most to do first. Two queries."""
    found: dict[int, Asking] = {}
    for link in together.askable(cases):
        found.setdefault(link.platform_id, Asking(link.platform)).to_ask += 1
    rows = Takedown.objects.filter(case__in=[case.pk for case in cases]).exclude(status__in=ENDED)
    for row in rows.select_related("platform").only("status", "platform", "platform_says"):
        one = found.setdefault(row.platform_id, Asking(row.platform))
        one.asked += 1
        one.said_removed += has_said_removed(row)
        one.seen_gone += row.status == Status.GONE
    return sorted(found.values(), key=lambda one: (-one.to_ask, one.platform.name))


def history_of(incident: Incident, staff: Staff) -> list[Line]:
    """The last lines, with what was merged into it; the names of cases and of other incidents only where they are this
    person's to see. Three queries.
    """
    mine = Q(incident=incident) | Q(other=incident, what=Step.MERGED)
    found = IncidentStep.objects.filter(mine).select_related("by", "incident", "other", "undone_by")
    steps = list(found.order_by("-at", "-id")[:HISTORY])
    others = {step.pk: step.incident if step.other_id == incident.pk else step.other for step in steps}
    ids = [one.pk for one in others.values() if one is not None]
    seen = set(access.open_to(staff).filter(pk__in=ids).values_list("pk", flat=True))
    about = {step.pk: [change["case"] for change in step.changes] for step in steps}
    every = {case for cases in about.values() for case in cases}
    refs = dict(Case.objects.visible_to(staff).filter(pk__in=every).values_list("pk", "ref"))
    return [
        Line(
            step=step,
            text=words.step(step),
            tone=words.TONES.get(step.what, "quiet"),
            other=other.ref if (other := others[step.pk]) is not None and other.pk in seen else "",
            may_undo=undoing.can_undo(step),
            cases=[refs[case] for case in about[step.pk] if case in refs],
        )
        for step in steps
    ]


def opened_title(incident: Incident) -> str:
    """Its name among colleagues; '' where it has none, or all of it was erased."""
    try:
        return incident.box().open(incident, "title")
    except WrongKey:
        return ""


def shown(code: SchoolCode, incident: Incident) -> str:
    """The code as it is written; '' once it was erased."""
    try:
        return codes.grouped(incident.box().open(code, "code"))
    except WrongKey:
        return ""
