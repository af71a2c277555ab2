"""What changes an incident. The machine proposes; people join, keep apart, split, merge – and undo each of it.

Locks are taken in one order: cases, incidents, members.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import connection, transaction
from django.db.models import Exists, F, OuterRef, Q

from cases.actions import happened, worked_on
from cases.incidents import codes, matching
from cases.incidents.models import Compared, IncidentStep, Letter, Print, SchoolCode, Worksheet
from cases.incidents.states import UNDONE_BY_UNDO, ForbiddenMove, MemberState, Step
from cases.models import Case, Incident, IncidentMember
from cases.states import CaseStatus, Happening, IncidentStatus
from helpline.accounts.models import Staff
from helpline.accounts.permissions import Permission
from helpline.audit import actions as audit
from helpline.crypto import wrapping
from helpline.crypto.wrapping import WrongKey
from helpline.retention import privacy
from reports.models import Report
from reports.states import Status as ReportStatus

# Advisory lock: two cases opened at the same moment do not see each other, so they are compared one after the other.
COMPARING = (0x494E4349, 1)
BINDING = frozenset({"url", "fingerprint", "near"})  # of matching.KINDS: without one, no two guesses are one
RANK = {MemberState.JOINED: 2, MemberState.PROPOSED: 1, MemberState.DETACHED: 0}
UNDO_A_MERGE = timedelta(days=30)  # for so long the words of an incident that went into another are kept
Place = Mapping[str, Any]  # {"incident": id, "state": a MemberState}
Change = dict[str, Any]


class CannotUndo(Exception):
    """Something of it was decided anew since."""


class Changed(Exception):
    """It is not any more as it was shown: `member` says how it stands."""

    def __init__(self, member: IncidentMember) -> None:
        super().__init__(f"It is {member.state} now.")
        self.member = member


class Stale(Exception):
    """A colleague changed the words since they were opened: `worksheet` is theirs."""

    def __init__(self, worksheet: Worksheet) -> None:
        super().__init__("The words were changed since.")
        self.worksheet = worksheet


# --- who may ------------------------------------------------------------------------------------------


def visible_to(staff: Staff, *, proposed: bool = False) -> Any:
    """Incidents that a case this person works on is in, or is proposed for. A case that was taken out opens nothing.

    That they are there, and why they were proposed; the rest is for those they are `open_to`.
    """
    mine = IncidentMember.objects.filter(incident=OuterRef("pk"), case__in=Case.objects.workable_by(staff))
    mine = mine.filter(state=MemberState.PROPOSED) if proposed else mine.exclude(state=MemberState.DETACHED)
    return Incident.objects.filter(Exists(mine))


def open_to(staff: Staff) -> Any:
    """Incidents this person takes part in: a case they work on is joined. What the machine proposed shows nobody's words.

    One in which nobody is joined is open to whoever works on every case that is or ever was in it.
    """
    is_mine = Exists(Case.objects.workable_by(staff).filter(pk=OuterRef("case")))
    rows = IncidentMember.objects.filter(incident=OuterRef("pk"))
    joined, once_joined = (
        rows.filter(state=MemberState.JOINED),
        Letter.objects.filter(incident=OuterRef("pk")),
    )
    nobody_elses = ~Exists(joined) & ~Exists(rows.filter(~is_mine)) & ~Exists(once_joined.filter(~is_mine))
    return visible_to(staff).filter(Exists(joined.filter(is_mine)) | nobody_elses)


def takes_part(incident: Incident, *, by: Staff) -> bool:
    """Is it `open_to` this person?"""
    found: bool = open_to(by).filter(pk=incident.pk).exists()
    return found


def check_takes_part(incident: Incident, *, by: Staff) -> None:
    """Raises PermissionDenied unless this person takes part in it."""
    if not takes_part(incident, by=by):
        raise PermissionDenied


def may_join(incident: Incident, *, by: Staff) -> bool:
    """May this person join cases they work on? Where others are joined, that takes somebody who is let in already."""
    return not incident.members.filter(state=MemberState.JOINED).exists() or takes_part(incident, by=by)


def _check_may_join(incident: Incident, *, by: Staff) -> None:
    if not may_join(incident, by=by):
        raise PermissionDenied


def _check_all(cases: Iterable[Case], *, by: Staff) -> None:
    may = worked_on(by=by)
    if not all(may(case) for case in cases):
        raise PermissionDenied


# --- finding ------------------------------------------------------------------------------------------


@transaction.atomic
def propose(*, case: Case, at: datetime) -> Incident | None:
    """Compare `case` with the others, and offer it to the incident of those it resembles, or offer a new incident.

    Nothing is joined by the machine. What was decided between two cases is not asked again.
    """
    _one_at_a_time()
    report = Report.objects.get(pk=case.report_id)
    if report.status == ReportStatus.ERASED or case.key is None:
        return None
    box = case.box()
    matching.keep_prints(report, box)
    Compared.objects.update_or_create(case=case, defaults={"told_at": report.last_contact_at})
    mine = set(IncidentMember.objects.filter(case=case).values_list("incident", flat=True))
    named = _named_by(box.open(report, "school"))
    decided = set(IncidentMember.objects.filter(incident__in=mine).values_list("case", flat=True))
    alike = {pk: kinds for pk, kinds in matching.similar(case).items() if pk not in decided}
    if named is not None and named.pk in mine:
        named = None
    if not alike and named is None:
        return None
    found = named or _incident_of(alike, besides=mine) or _new_incident(at=at)
    reasons = {kind for kinds in alike.values() for kind in kinds} | ({"code"} if named else set())
    offered = {case.pk: matching.in_order(reasons)} | _without_incident(alike)
    there = set(IncidentMember.objects.filter(incident=found).values_list("case", flat=True))
    fresh = IncidentMember.objects.bulk_create(
        IncidentMember(incident=found, case_id=pk, reasons=kinds, proposed_at=at)
        for pk, kinds in sorted(offered.items())
        if pk not in there
    )
    _fold_guesses(alike, found, at=at)
    if changes := [_change(one, before=None) for one in fresh]:
        _note(found, Step.PROPOSED, by=None, at=at, changes=changes)
        audit.record(by=None, verb="incident.proposed", obj=found, detail={"cases": len(changes)}, at=at)
    return found


def _fold_guesses(alike: Mapping[int, Collection[str]], found: Incident, *, at: datetime) -> None:
    """A case that resembles those of several incidents shows that they are one. Where nobody has decided or named
    anything yet, the other is only the machine's own guess, and what it proposed is proposed here instead.

    A link or a picture has to be among what it shares with them; a school, which anybody can type, binds nothing. A person
    can undo it; then it is not done again.
    """
    if not any(BINDING.intersection(kinds) for kinds in alike.values()):
        return
    bound = [pk for pk, kinds in alike.items() if set(kinds) != {"school"}]
    rows = IncidentMember.objects.filter(incident=OuterRef("pk"))
    undone = IncidentStep.objects.filter(incident=OuterRef("pk"), what=Step.MERGED, undone_at__isnull=False)
    guesses = (
        Incident.objects.select_for_update(no_key=True, of=("self",))
        .filter(Exists(rows.filter(case__in=bound)), ~Exists(rows.exclude(state=MemberState.PROPOSED)))
        .filter(~Exists(undone), status=IncidentStatus.OPEN, title=None, codes=None)
        .exclude(pk=found.pk)
    )
    for guess in guesses.order_by("pk"):
        there = set(IncidentMember.objects.filter(incident=found).values_list("case", flat=True))
        changes = []
        for row in guess.members.select_for_update(no_key=True).order_by("pk"):
            if row.case_id in there:
                changes.append(_gone(row))
                row.delete()
            else:
                changes.append(_carry(row, found, by=None, at=at))
        was = _set_status(guess, IncidentStatus.CLOSED)
        _note(guess, Step.MERGED, by=None, at=at, changes=changes, other=found, was=was)


def _one_at_a_time() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", list(COMPARING))


def _named_by(school: str) -> Incident | None:
    """The incident whose school code stands in this answer; the one it went into, when it was merged since."""
    candidates = [codes.index(code) for code in codes.found_in(school)]
    if not candidates:
        return None
    found = SchoolCode.objects.filter(index__in=candidates, ended_at=None).select_related("incident").first()
    return standing(found.incident) if found else None


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


def _incident_of(alike: Collection[int], *, besides: Collection[int]) -> Incident | None:
    """The incident of most of these cases; an open one before a closed one, then the oldest."""
    rows = IncidentMember.objects.filter(case__in=alike).exclude(state=MemberState.DETACHED)
    counted = Counter(rows.exclude(incident__in=besides).values_list("incident", flat=True))
    found = Incident.objects.filter(pk__in=counted).exclude(key=None)
    return min(
        found,
        key=lambda one: (one.status != IncidentStatus.OPEN, -counted[one.pk], one.opened_at, one.pk),
        default=None,
    )


def _without_incident(alike: Mapping[int, list[str]]) -> dict[int, list[str]]:
    somewhere = IncidentMember.objects.filter(case__in=alike).exclude(state=MemberState.DETACHED)
    placed = set(somewhere.values_list("case", flat=True))
    return {pk: kinds for pk, kinds in alike.items() if pk not in placed}


def _new_incident(*, at: datetime) -> Incident:
    made = Incident(opened_at=at)
    made.key = wrapping.wrap_for_desk(wrapping.new_data_key(), about=made.about)
    made.save(force_insert=True)
    return made


def compare_again(*, at: datetime, limit: int = 100) -> int:
    """Compare the cases in hand about which something was told since. Returns how many."""
    told = (
        Case.objects.exclude(status=CaseStatus.CLOSED)
        .exclude(key=None)
        .exclude(report__status=ReportStatus.ERASED)
        .filter(Q(compared=None) | ~Q(compared__told_at=F("report__last_contact_at")))
    )
    count = 0
    for case in told.order_by("pk")[:limit]:
        propose(case=case, at=at)
        count += 1
    return count


# --- deciding -----------------------------------------------------------------------------------------


@transaction.atomic
def decide_membership(
    *, member: IncidentMember, joined: bool, by: Staff, at: datetime, seen: str = ""
) -> IncidentStep | None:
    """A person says: the same cause, or not. Said twice, it is said once; None then. Either can be undone.

    `seen` is the state that was shown: Changed when it is another by now. Raises PermissionDenied, also where joining would
    let this person in among cases of others.
    """
    [case] = _lock_cases([member.case_id])
    _lock_incidents([member.incident_id])
    row = IncidentMember.objects.select_for_update(no_key=True).select_related("incident").get(pk=member.pk)
    _check_all([case], by=by)
    state = MemberState.JOINED if joined else MemberState.DETACHED
    if row.state == state:
        return None
    if seen and row.state != seen:
        raise Changed(row)
    if joined:
        _check_may_join(row.incident, by=by)
    change = _put(row, state, by=by, at=at)
    member.refresh_from_db()
    step = Step.JOINED if joined else Step.KEPT_APART
    return _note(row.incident, step, by=by, at=at, changes=[change])


@transaction.atomic
def join_proposed(
    *, incident: Incident, cases: Collection[Case], by: Staff, at: datetime
) -> IncidentStep | None:
    """Join those of `cases` that are still proposed for it, in one step. None when none is.

    Raises PermissionDenied as `decide_membership`.
    """
    locked = _lock_cases([case.pk for case in cases])
    _check_all(locked, by=by)
    _lock_incidents([incident.pk])
    rows = IncidentMember.objects.select_for_update(no_key=True).filter(incident=incident, case__in=locked)
    proposed = list(rows.filter(state=MemberState.PROPOSED).order_by("pk"))
    if not proposed:
        return None
    _check_may_join(incident, by=by)
    changes = [_put(row, MemberState.JOINED, by=by, at=at) for row in proposed]
    return _note(incident, Step.JOINED, by=by, at=at, changes=changes)


@transaction.atomic
def add_case(*, incident: Incident, case: Case, by: Staff, at: datetime) -> IncidentStep | None:
    """This case belongs to it, whatever the machine found. None when it is in it already.

    Raises PermissionDenied as `decide_membership`.
    """
    [locked] = _lock_cases([case.pk])
    _check_all([locked], by=by)
    _lock_incidents([incident.pk])
    _check_may_join(incident, by=by)
    change = _add(incident, locked, by=by, at=at)
    return _note(incident, Step.ADDED, by=by, at=at, changes=[change]) if change else None


@transaction.atomic
def open_incident(*, cases: Collection[Case], title: str, by: Staff, at: datetime) -> Incident:
    """A colleague sees what the machine did not. Raises PermissionDenied."""
    locked = _lock_cases([case.pk for case in cases])
    if not locked:
        raise PermissionDenied
    _check_all(locked, by=by)
    made = _new_incident(at=at)
    changes = [_add(made, case, by=by, at=at) for case in locked]
    _note(made, Step.OPENED, by=by, at=at, changes=[one for one in changes if one])
    if title:
        made.title = made.box().seal(made, "title", title)
        made.save(update_fields=["title"])
    return made


@transaction.atomic
def split(*, incident: Incident, cases: Collection[Case], by: Staff, at: datetime) -> Incident:
    """These cases have another cause: they go into an incident of their own, as they stood. Answers the new one.

    Raises PermissionDenied; ForbiddenMove when none of them is in it any more, or nobody would stay.
    """
    locked = _lock_cases([case.pk for case in cases])
    _check_all(locked, by=by)
    _lock_incidents([incident.pk])
    check_takes_part(incident, by=by)
    rows = IncidentMember.objects.select_for_update(no_key=True).filter(incident=incident)
    going = list(rows.filter(case__in=locked).exclude(state=MemberState.DETACHED).order_by("pk"))
    stay = rows.exclude(state=MemberState.DETACHED).exclude(pk__in=[row.pk for row in going])
    if not going or not stay.exists():
        raise ForbiddenMove("Some are split off, and some stay.")
    made = _new_incident(at=at)
    changes = [_carry(row, made, by=by, at=at) for row in going]
    _note(incident, Step.SPLIT, by=by, at=at, changes=changes, other=made)
    return made


@transaction.atomic
def merge(*, incident: Incident, into: Incident, by: Staff, at: datetime) -> IncidentStep:
    """The two are one: the cases of `incident` go into the other, as they stood, and it is closed.

    Raises PermissionDenied unless this person takes part in both and works on every case that moves; ForbiddenMove when the
    two are one already.
    """
    both = [incident.pk, into.pk]
    ids = IncidentMember.objects.filter(incident__in=both).values_list("case", flat=True)
    cases = {case.pk: case for case in _lock_cases(set(ids))}
    if len(_lock_incidents(both)) != 2:
        raise ForbiddenMove("These are one already.")
    check_takes_part(into, by=by)
    if not incident.members.exclude(state=MemberState.DETACHED).exists():
        raise ForbiddenMove("Nothing is left to merge.")
    check_takes_part(incident, by=by)
    rows = list(
        IncidentMember.objects.select_for_update(no_key=True)
        .filter(incident=incident)
        .exclude(state=MemberState.DETACHED)
        .order_by("pk")
    )
    _check_all([cases[row.case_id] for row in rows], by=by)
    there = {
        row.case_id: row
        for row in IncidentMember.objects.select_for_update(no_key=True).filter(incident=into)
    }
    changes = []
    for row in rows:
        twin = there.get(row.case_id)
        if twin is None:
            changes.append(_carry(row, into, by=by, at=at))
        elif RANK[MemberState(row.state)] > RANK[MemberState(twin.state)]:
            changes.append(_put(twin, MemberState(row.state), by=by, at=at))
    was = _set_status(incident, IncidentStatus.CLOSED)
    return _note(incident, Step.MERGED, by=by, at=at, changes=changes, other=into, was=was)


@transaction.atomic
def set_open(*, incident: Incident, is_open: bool, by: Staff, at: datetime) -> IncidentStep | None:
    """Close it, or open it again; its cases stay as they are. None when it is so already. Raises PermissionDenied."""
    check_takes_part(incident, by=by)
    _lock_incidents([incident.pk])
    incident.refresh_from_db(fields=["status"])
    wanted = IncidentStatus.OPEN if is_open else IncidentStatus.CLOSED
    if incident.status == wanted:
        return None
    was = _set_status(incident, wanted)
    step = Step.REOPENED if is_open else Step.CLOSED
    return _note(incident, step, by=by, at=at, was=was)


@transaction.atomic
def set_title(*, incident: Incident, text: str, by: Staff, at: datetime) -> None:
    """A few words by which colleagues know it; sealed. Raises PermissionDenied, WrongKey once all of it was erased."""
    check_takes_part(incident, by=by)
    incident.title = incident.box().seal(incident, "title", text)
    incident.save(update_fields=["title"])
    audit.record(by=by, verb="incident.titled", obj=incident, at=at)


# --- undoing ------------------------------------------------------------------------------------------


def may_undo(step: IncidentStep) -> bool:
    """Does the history offer it? What the machine proposed is decided, not undone; that it made two guesses one can be.

    Whether it still can be done shows when it is tried.
    """
    is_a_persons = step.by_id is not None or step.what == Step.MERGED
    return step.undone_at is None and step.what in UNDONE_BY_UNDO and is_a_persons


@transaction.atomic
def undo(*, step: IncidentStep, by: Staff, at: datetime) -> None:
    """Everything as it stood before this step: all of it, or, with CannotUndo, nothing. Twice is as once.

    Raises PermissionDenied unless this person works on every case it concerned, and may join those that come back.
    """
    changes: Sequence[Change] = step.changes
    cases = {case.pk: case for case in _lock_cases({one["case"] for one in changes})}
    incidents = _lock_incidents([pk for pk in (step.incident_id, step.other_id) if pk is not None])
    row = IncidentStep.objects.select_for_update(no_key=True).get(pk=step.pk)
    if row.undone_at is not None:
        return
    if not may_undo(row):
        raise CannotUndo("Nothing of it can be taken back.")
    if changes:
        _check_all(cases.values(), by=by)
    else:
        check_takes_part(incidents[step.incident_id], by=by)
    members = {
        one.pk: one
        for one in IncidentMember.objects.select_for_update(no_key=True).filter(
            pk__in=[one["member"] for one in changes]
        )
    }
    if any(_place(members.get(one["member"])) != one["after"] for one in changes):
        raise CannotUndo("Something of it was decided anew since.")
    places = [one["before"] for one in changes if one["before"]]
    if any(incidents[place["incident"]].key is None for place in places):
        raise CannotUndo("The incident they would go back to was forgotten since.")
    for pk in {place["incident"] for place in places if place["state"] == MemberState.JOINED}:
        _check_may_join(incidents[pk], by=by)
    _undo_status(row, incidents[step.incident_id])
    back = [_put_back(members.get(one["member"]), one, by=by, at=at) for one in reversed(changes)]
    if row.what in {Step.SPLIT, Step.OPENED}:
        made = incidents[step.other_id or step.incident_id]
        if not made.members.exclude(state=MemberState.DETACHED).exists():
            _set_status(made, IncidentStatus.CLOSED)
    row.undone_at, row.undone_by = at, by
    row.save(update_fields=["undone_at", "undone_by"])
    step.refresh_from_db()
    _note(
        incidents[step.incident_id], Step.UNDONE, by=by, at=at, changes=back, other=row.other, step=row.what
    )


def _undo_status(step: IncidentStep, incident: Incident) -> None:
    was = step.data.get("was")
    if was is None:
        return
    left = IncidentStatus.OPEN if step.what == Step.REOPENED else IncidentStatus.CLOSED
    if incident.status != left:
        raise CannotUndo("The incident was opened or closed since.")
    _set_status(incident, IncidentStatus(was))


def _put_back(row: IncidentMember | None, change: Change, *, by: Staff, at: datetime) -> Change:
    before: Place | None = change["before"]
    if row is None:
        return _change(_bring_back(change), before=None)
    if before is None:
        change = _change(row, before=_place(row)) | {"after": None}
        _tell_case(row.case, MemberState.DETACHED, row.incident.ref, by=by, at=at)
        row.delete()
        return change
    if before["incident"] != row.incident_id:
        return _carry(row, Incident.objects.get(pk=before["incident"]), by=by, at=at)
    return _put(row, MemberState(before["state"]), by=by, at=at)


# --- school codes -------------------------------------------------------------------------------------


@transaction.atomic
def make_code(*, incident: Incident, by: Staff, at: datetime) -> SchoolCode:
    """A code for the school to hand out; the one in use, when there is one. Supervisors only: raises PermissionDenied."""
    if not by.can(Permission.CASES_ALL):
        raise PermissionDenied
    check_takes_part(incident, by=by)
    _lock_incidents([incident.pk])
    existing = incident.codes.filter(ended_at=None).first()
    if existing is not None:
        return existing
    box = incident.box()
    code = codes.new_code()
    row = SchoolCode(incident=incident, index=codes.index(code), made_at=at, made_by=by)
    row.code = box.seal(row, "code", code)
    row.save(force_insert=True)
    _note(incident, Step.CODE_MADE, by=by, at=at)
    return row


@transaction.atomic
def end_code(*, code: SchoolCode, by: Staff, at: datetime) -> None:
    """From now on it leads nowhere. What was proposed by it stays. Supervisors only: raises PermissionDenied."""
    if not by.can(Permission.CASES_ALL):
        raise PermissionDenied
    ended = SchoolCode.objects.filter(pk=code.pk, ended_at=None).update(ended_at=at)
    if ended:
        _note(code.incident, Step.CODE_ENDED, by=by, at=at)


# --- the worksheet ------------------------------------------------------------------------------------

WORDS = ("agreed", "contact", "tasks")


@transaction.atomic
def write_worksheet(
    *, incident: Incident, version: int, words: Mapping[str, str], by: Staff, at: datetime
) -> Worksheet:
    """What was agreed with the school, for the paper. `version` is that of the words as they were opened.

    Raises PermissionDenied, Stale, WrongKey once all of it was erased.
    """
    check_takes_part(incident, by=by)
    _lock_incidents([incident.pk])
    box = incident.box()
    row = Worksheet.objects.select_for_update(no_key=True).filter(incident=incident).first()
    row = row or Worksheet(incident=incident, version=0)
    if row.version != version:
        if all(box.open(row, name) == words.get(name, "") for name in WORDS):
            return row  # the same words, sent twice
        raise Stale(row)
    for name in WORDS:
        setattr(row, name, box.seal(row, name, words.get(name, "")))
    row.version, row.changed_at, row.changed_by = version + 1, at, by
    row.save()
    audit.record(by=by, verb="incident.worksheet_written", obj=incident, at=at)
    return row


@transaction.atomic
def record_worksheet(
    *, incident: Incident, cases: Sequence[Case], sha256: str, audience: str, by: Staff, at: datetime
) -> None:
    """That a worksheet was made, of which cases, and its digest. The paper is kept nowhere."""
    check_takes_part(incident, by=by)
    _note(incident, Step.WORKSHEET, by=by, at=at, audience=audience, sha256=sha256, cases=len(cases))
    audit.record_many(
        audit.row(by=by, verb="case.in_worksheet", obj=case, detail={"incident": incident.ref}, at=at)
        for case in cases
    )


def record_read(*, incident: Incident, by: Staff, at: datetime) -> None:
    """Reading one is an act too."""
    audit.record(by=by, verb="incident.read", obj=incident, at=at)


def record_asked(*, incident: Incident, platform: str, count: int, by: Staff, at: datetime) -> None:
    """That removal was asked for all of it on a platform."""
    _note(incident, Step.ASKED, by=by, at=at, platform=platform, count=count)


# --- forgetting ---------------------------------------------------------------------------------------


@transaction.atomic
def follow_erasures(*, at: datetime, limit: int = 200) -> int:
    """Forget fingerprints of erased reports, and the words about incidents that nobody is in any more.

    Those whose cases were erased or taken out, and those that went into another one that was forgotten, or went long ago.
    """
    Print.objects.filter(fingerprint__report__status=ReportStatus.ERASED).delete()
    known = Incident.objects.select_for_update(no_key=True, skip_locked=True).exclude(key=None).order_by("pk")
    cases = IncidentMember.objects.filter(incident=OuterRef("pk"))
    erased = Q(case__report__status=ReportStatus.ERASED)
    living = cases.exclude(state=MemberState.DETACHED).exclude(erased)
    count = 0
    for incident in known.filter(Exists(cases.filter(erased)), ~Exists(living))[:limit]:
        _forget(incident, at=at)
        count += 1
    lately = IncidentStep.objects.filter(
        Q(incident=OuterRef("pk")) | Q(other=OuterRef("pk")), at__gt=at - UNDO_A_MERGE
    )
    for incident in known.filter(~Exists(cases)).annotate(is_fresh=Exists(lately)):
        if count >= limit:
            break
        if not incident.is_fresh or standing(incident).key is None:
            _forget(incident, at=at)
            count += 1
    _end_codes(at=at)
    return count


def _forget(incident: Incident, *, at: datetime) -> None:
    incident.save(update_fields=privacy.blank(incident))
    incident.codes.update(code=None)
    Worksheet.objects.filter(incident=incident).update(agreed=None, contact=None, tasks=None)
    audit.record(by=None, verb="incident.erased", obj=incident, at=at)


def _end_codes(*, at: datetime) -> None:
    """A code works for as long as what it leads to is known, wherever that was merged into."""
    for code in SchoolCode.objects.filter(incident__key=None).exclude(index=None).select_related("incident"):
        if standing(code.incident).key is None:
            code.index, code.ended_at = None, code.ended_at or at
            code.save(update_fields=["index", "ended_at"])


# --- what they share ----------------------------------------------------------------------------------


def opened_title(incident: Incident) -> str:
    """Its name among colleagues; '' where it has none, or all of it was erased."""
    try:
        return incident.box().open(incident, "title")
    except WrongKey:
        return ""


def _lock_cases(ids: Collection[int]) -> list[Case]:
    rows = Case.objects.select_for_update(no_key=True, of=("self",)).select_related("report")
    return list(rows.filter(pk__in=ids).order_by("pk"))


def _lock_incidents(ids: Collection[int]) -> dict[int, Incident]:
    rows = Incident.objects.select_for_update(no_key=True).filter(pk__in=ids).order_by("pk")
    return {row.pk: row for row in rows}


def _place(row: IncidentMember | None) -> Place | None:
    return {"incident": row.incident_id, "state": str(row.state)} if row else None


def _change(row: IncidentMember, *, before: Place | None) -> Change:
    return {"member": row.pk, "case": row.case_id, "before": before, "after": _place(row)}


def _gone(row: IncidentMember) -> Change:
    """It is deleted now; `_bring_back` knows all of it."""
    return _change(row, before=_place(row)) | {
        "after": None,
        "reasons": row.reasons,
        "proposed_at": row.proposed_at.isoformat(),
    }


def _bring_back(change: Change) -> IncidentMember:
    return IncidentMember.objects.create(
        incident_id=change["before"]["incident"],
        case_id=change["case"],
        state=change["before"]["state"],
        reasons=change["reasons"],
        proposed_at=datetime.fromisoformat(change["proposed_at"]),
    )


def _add(incident: Incident, case: Case, *, by: Staff, at: datetime) -> Change | None:
    row = IncidentMember.objects.select_for_update(no_key=True).filter(incident=incident, case=case).first()
    if row is not None:
        return None if row.state == MemberState.JOINED else _put(row, MemberState.JOINED, by=by, at=at)
    row = IncidentMember.objects.create(
        incident=incident, case=case, state=MemberState.JOINED, proposed_at=at, decided_at=at, decided_by=by
    )
    _give_letter(row)
    _tell_case(case, MemberState.JOINED, incident.ref, by=by, at=at)
    return _change(row, before=None)


def _put(row: IncidentMember, state: MemberState, *, by: Staff, at: datetime) -> Change:
    """Into another state, where it is."""
    before = _place(row)
    decided = state != MemberState.PROPOSED
    row.state, row.decided_at, row.decided_by = state, at if decided else None, by if decided else None
    row.save(update_fields=["state", "decided_at", "decided_by"])
    if state == MemberState.JOINED:
        _give_letter(row)
    if decided:
        _tell_case(row.case, state, row.incident.ref, by=by, at=at)
    verb = f"incident.{state}" if decided else "incident.undecided"
    audit.record(by=by, verb=verb, obj=row.incident, detail={"case": row.case.ref}, at=at)
    return _change(row, before=before)


def _carry(row: IncidentMember, to: Incident, *, by: Staff | None, at: datetime) -> Change:
    """As it stands, into another incident."""
    before, came_from = _place(row), row.incident.ref
    row.incident = to
    row.save(update_fields=["incident"])
    if row.state == MemberState.JOINED:
        _give_letter(row)
        _tell_case(row.case, MemberState.JOINED, to.ref, by=by, at=at)
    detail: audit.Detail = {"case": row.case.ref, "from": came_from}
    audit.record(by=by, verb="incident.moved", obj=to, detail=detail, at=at)
    return _change(row, before=before)


def _give_letter(row: IncidentMember) -> None:
    """The next one that nobody has. The incident is locked, so no two get the same."""
    taken = Letter.objects.filter(incident=row.incident_id)
    if not taken.filter(case=row.case_id).exists():
        last = taken.order_by("-number").values_list("number", flat=True).first() or 0
        Letter.objects.create(incident_id=row.incident_id, case_id=row.case_id, number=last + 1)


def _tell_case(case: Case, state: MemberState, ref: str, *, by: Staff | None, at: datetime) -> None:
    what = Happening.JOINED if state == MemberState.JOINED else Happening.DETACHED
    happened(case, what, by=by, at=at, incident=ref)


def _set_status(incident: Incident, status: IncidentStatus) -> str:
    """Answers what it was."""
    was = Incident.objects.values_list("status", flat=True).get(pk=incident.pk)
    incident.status = status
    incident.save(update_fields=["status"])
    return str(was)


def _note(
    incident: Incident,
    what: Step,
    *,
    by: Staff | None,
    at: datetime,
    changes: Sequence[Change] = (),
    other: Incident | None = None,
    **data: Any,
) -> IncidentStep:
    step = IncidentStep.objects.create(
        incident=incident, other=other, at=at, by=by, what=what, changes=list(changes), data=data
    )
    if what not in {Step.PROPOSED, Step.JOINED, Step.KEPT_APART}:
        # These three have lines of their own, one a case.
        detail: audit.Detail = {"cases": len(changes)} | data
        audit.record(by=by, verb=f"incident.{what}", obj=incident, detail=detail, at=at)
    return step


def step_of(incident: Incident, step_id: UUID) -> IncidentStep | None:
    """A line of its history; also what was done to it from the other side."""
    return IncidentStep.objects.filter(Q(incident=incident) | Q(other=incident), pk=step_id).first()
