"""What a report shares with others while it is no case yet: so that those who tell of the same are taken in hand together.

Numbers, and of who waits no more than their line in the queue says. A colleague's case is named to those who may see it.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from cases.incidents import access, matching, proposing, words
from cases.models import Case, Incident, IncidentMember, QueueItem
from cases.queue import COUNT_UP_TO, ORDER, PAGE, with_reader
from cases.reading import OpenReport
from cases.states import IncidentStatus, MemberState, QueueState
from helpline.accounts.models import Staff
from reports.models import Report
from reports.states import Status

NAMED = 5  # cases and incidents that are named; the rest are counted


@dataclass(frozen=True, slots=True)
class Line:
    """One kind of what is shared: with how many cases and how many who wait."""

    label: words.Words
    cases: int
    waiting: int


@dataclass(frozen=True, slots=True)
class Waiting:
    """Somebody who waits and shares something with it."""

    item: QueueItem
    reader: str  # the colleague who reads it just now
    ticked: bool  # a school, which anybody can type, ticks nobody


@dataclass(frozen=True, slots=True)
class Alike:
    """What the page of a report says of the others."""

    lines: Sequence[Line]
    waiting: Sequence[Waiting]  # the first PAGE
    more: int  # who wait beyond these
    cases: Sequence[Case]  # that this person may see
    incidents: Sequence[Incident]  # that this person may see
    elsewhere: bool  # some are in an incident of colleagues


def of(opened: OpenReport, *, by: Staff) -> Alike | None:
    """What the others share with this report, for this person; None where nobody shares anything.

    As many queries for two as for two hundred. Of each kind no more than COUNT_UP_TO are looked at.
    """
    report = opened.report
    shared = similar(report, pictures="pdq" in opened.fingerprints)
    items = list(with_reader(QueueItem.objects.filter(report__in=shared).order_by(*ORDER)))
    waiting = [item for item in items if item.state == QueueState.WAITING]
    cases = [item.case_id for item in items if item.case_id is not None]
    named = proposing.named_by(opened.school)
    if not waiting and not cases and named is None:
        return None
    in_cases, who_wait = Counter[str](), Counter[str]()
    for item in items:
        counted = who_wait if item.state == QueueState.WAITING else in_cases
        counted.update(shared[item.report_id])
    if named is not None:
        in_cases["code"] = named.members.exclude(state=MemberState.DETACHED).count()
    there = IncidentMember.objects.filter(case__in=cases, incident__status=IncidentStatus.OPEN)
    found = set(there.exclude(state=MemberState.DETACHED).values_list("incident", flat=True))
    found |= {named.pk} if named else set()
    incidents = list(access.visible_to(by).filter(pk__in=found).order_by("opened_at", "pk")[:NAMED])
    seen = Case.objects.visible_to(by).filter(pk__in=cases).select_related("assignee")
    return Alike(
        lines=[
            Line(words.COLUMNS[kind], in_cases[kind], who_wait[kind])
            for kind in matching.KINDS
            if in_cases[kind] or who_wait[kind]
        ],
        waiting=[
            Waiting(
                item=item,
                reader=(item.reader_name or "") if item.is_being_read and item.claimed_by_id != by.pk else "",
                ticked=set(shared[item.report_id]) != {"school"},
            )
            for item in waiting[:PAGE]
        ],
        more=len(waiting[PAGE:]),
        cases=list(seen.order_by("-changed_at", "-pk")[:NAMED]),
        incidents=incidents,
        elsewhere=len(found) > len(incidents),
    )


def similar(report: Report, *, pictures: bool = True) -> dict[UUID, list[str]]:
    """The others by their reports, each with the kinds of what is shared; `pictures`: it has fingerprints to open."""
    if report.status == Status.ERASED:
        return {}
    box = report.box_for_staff() if pictures else None
    return matching.similar_to_report(report.pk, box=box, limit=COUNT_UP_TO)
