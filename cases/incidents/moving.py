"""A case's place in an incident, changed; each change as it can be undone, and the line of the history it stands in.

What deciding, proposing and undoing share. Locks are taken in one order: cases, incidents, members.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from cases.actions import happened
from cases.incidents.models import IncidentStep, Letter
from cases.incidents.states import MemberState, Step
from cases.models import Case, Incident, IncidentMember
from cases.states import Happening, IncidentStatus
from helpline.accounts.models import Staff
from helpline.audit import actions as audit
from helpline.crypto import wrapping

Place = Mapping[str, Any]  # {"incident": id, "state": a MemberState}
Change = dict[str, Any]


def lock_cases(ids: Collection[int]) -> list[Case]:
    """These, in the order of their ids; before any incident is locked."""
    rows = Case.objects.select_for_update(no_key=True, of=("self",)).select_related("report")
    return list(rows.filter(pk__in=ids).order_by("pk"))


def lock_incidents(ids: Collection[int]) -> dict[int, Incident]:
    """These, by id; after their cases."""
    rows = Incident.objects.select_for_update(no_key=True).filter(pk__in=ids).order_by("pk")
    return {row.pk: row for row in rows}


def new_incident(*, at: datetime) -> Incident:
    """One with a key of its own, and nobody in it."""
    made = Incident(opened_at=at)
    made.key = wrapping.wrap_for_desk(wrapping.new_data_key(), about=made.about)
    made.save(force_insert=True)
    return made


def set_status(incident: Incident, status: IncidentStatus) -> str:
    """Answers what it was."""
    was = Incident.objects.values_list("status", flat=True).get(pk=incident.pk)
    incident.status = status
    incident.save(update_fields=["status"])
    return str(was)


def standing(incident: Incident) -> Incident:
    """Where its cases are now: itself, or what it was merged into."""
    seen: set[int] = set()
    while incident.pk not in seen:
        seen.add(incident.pk)
        merged = incident.steps.filter(what=Step.MERGED, undone_at=None, other__isnull=False)
        last = merged.select_related("other").order_by("-at", "-id").first()
        if last is None or last.other is None:
            break
        incident = last.other
    return incident


# --- a case's place -----------------------------------------------------------------------------------


def put(row: IncidentMember, state: MemberState, *, by: Staff, at: datetime) -> Change:
    """Into another state, where it is."""
    before = place(row)
    decided = state != MemberState.PROPOSED
    row.state, row.decided_at, row.decided_by = state, at if decided else None, by if decided else None
    row.save(update_fields=["state", "decided_at", "decided_by"])
    if state == MemberState.JOINED:
        _give_letter(row)
    if decided:
        tell_case(row.case, state, row.incident.ref, by=by, at=at)
    verb = f"incident.{state}" if decided else "incident.undecided"
    audit.record(by=by, verb=verb, obj=row.incident, detail={"case": row.case.ref}, at=at)
    return change(row, before=before)


def add(incident: Incident, case: Case, *, by: Staff, at: datetime) -> Change | None:
    """Joined, whatever it was before; None when it is joined already."""
    row = IncidentMember.objects.select_for_update(no_key=True).filter(incident=incident, case=case).first()
    if row is not None:
        return None if row.state == MemberState.JOINED else put(row, MemberState.JOINED, by=by, at=at)
    row = IncidentMember.objects.create(
        incident=incident, case=case, state=MemberState.JOINED, proposed_at=at, decided_at=at, decided_by=by
    )
    _give_letter(row)
    tell_case(case, MemberState.JOINED, incident.ref, by=by, at=at)
    return change(row, before=None)


def carry(row: IncidentMember, to: Incident, *, by: Staff | None, at: datetime) -> Change:
    """As it stands, into another incident."""
    before, came_from = place(row), row.incident.ref
    row.incident = to
    row.save(update_fields=["incident"])
    if row.state == MemberState.JOINED:
        _give_letter(row)
        tell_case(row.case, MemberState.JOINED, to.ref, by=by, at=at)
    detail: audit.Detail = {"case": row.case.ref, "from": came_from}
    audit.record(by=by, verb="incident.moved", obj=to, detail=detail, at=at)
    return change(row, before=before)


def _give_letter(row: IncidentMember) -> None:
    """The next one that nobody has. The incident is locked, so no two get the same."""
    taken = Letter.objects.filter(incident=row.incident_id)
    if not taken.filter(case=row.case_id).exists():
        last = taken.order_by("-number").values_list("number", flat=True).first() or 0
        Letter.objects.create(incident_id=row.incident_id, case_id=row.case_id, number=last + 1)


def tell_case(case: Case, state: MemberState, ref: str, *, by: Staff | None, at: datetime) -> None:
    what = Happening.JOINED if state == MemberState.JOINED else Happening.DETACHED
    happened(case, what, by=by, at=at, incident=ref)


# --- a change, and its line ---------------------------------------------------------------------------


def place(row: IncidentMember | None) -> Place | None:
    """As a change says it."""
    return {"incident": row.incident_id, "state": str(row.state)} if row else None


def change(row: IncidentMember, *, before: Place | None) -> Change:
    """From `before` to where the row is now."""
    return {"member": row.pk, "case": row.case_id, "before": before, "after": place(row)}


def gone(row: IncidentMember) -> Change:
    """It is deleted now; `bring_back` knows all of it."""
    return change(row, before=place(row)) | {
        "after": None,
        "reasons": row.reasons,
        "proposed_at": row.proposed_at.isoformat(),
    }


def bring_back(change: Change) -> IncidentMember:
    """The row that was `gone`."""
    return IncidentMember.objects.create(
        incident_id=change["before"]["incident"],
        case_id=change["case"],
        state=change["before"]["state"],
        reasons=change["reasons"],
        proposed_at=datetime.fromisoformat(change["proposed_at"]),
    )


def note(
    incident: Incident,
    what: Step,
    *,
    by: Staff | None,
    at: datetime,
    changes: Sequence[Change] = (),
    other: Incident | None = None,
    **data: Any,
) -> IncidentStep:
    """A line of the history, and of the trail."""
    step = IncidentStep.objects.create(
        incident=incident, other=other, at=at, by=by, what=what, changes=list(changes), data=data
    )
    if what not in {Step.PROPOSED, Step.JOINED, Step.KEPT_APART}:
        # These three have lines of their own, one a case.
        detail: audit.Detail = {"cases": len(changes)} | data
        audit.record(by=by, verb=f"incident.{what}", obj=incident, detail=detail, at=at)
    return step
