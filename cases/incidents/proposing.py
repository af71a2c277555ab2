"""The machine compares cases, and proposes the incident they may share. People decide."""

from collections import Counter
from collections.abc import Collection, Mapping
from datetime import datetime

from django.db import connection, transaction
from django.db.models import Exists, F, OuterRef, Q

from cases.incidents import codes, matching, moving
from cases.incidents.models import Compared, IncidentStep, SchoolCode
from cases.incidents.states import MemberState, Step
from cases.models import Case, Incident, IncidentMember
from cases.states import CaseStatus, IncidentStatus
from helpline.audit import actions as audit
from reports.models import Report
from reports.states import Status as ReportStatus

# Advisory lock: two cases opened at the same moment do not see each other, so they are compared one after the other.
COMPARING = (0x494E4349, 1)
BINDING = frozenset({"url", "fingerprint", "near"})  # of matching.KINDS: without one, no two guesses are one


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
    named = named_by(box.open(report, "school"))
    decided = set(IncidentMember.objects.filter(incident__in=mine).values_list("case", flat=True))
    alike = {pk: kinds for pk, kinds in matching.similar(case).items() if pk not in decided}
    if named is not None and named.pk in mine:
        named = None
    if not alike and named is None:
        return None
    found = named or _incident_of(alike, besides=mine) or moving.new_incident(at=at)
    reasons = {kind for kinds in alike.values() for kind in kinds} | ({"code"} if named else set())
    offered = {case.pk: matching.in_order(reasons)} | _without_incident(alike)
    there = set(IncidentMember.objects.filter(incident=found).values_list("case", flat=True))
    fresh = IncidentMember.objects.bulk_create(
        IncidentMember(incident=found, case_id=pk, reasons=kinds, proposed_at=at)
        for pk, kinds in sorted(offered.items())
        if pk not in there
    )
    _fold_guesses(alike, found, at=at)
    if changes := [moving.change(one, before=None) for one in fresh]:
        moving.note(found, Step.PROPOSED, by=None, at=at, changes=changes)
        audit.record(by=None, verb="incident.proposed", obj=found, detail={"cases": len(changes)}, at=at)
    return found


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
                changes.append(moving.gone(row))
                row.delete()
            else:
                changes.append(moving.carry(row, found, by=None, at=at))
        was = moving.set_status(guess, IncidentStatus.CLOSED)
        moving.note(guess, Step.MERGED, by=None, at=at, changes=changes, other=found, was=was)


def _one_at_a_time() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", list(COMPARING))


def named_by(school: str) -> Incident | None:
    """The incident whose school code stands in this answer; the one it went into, when it was merged since."""
    candidates = [codes.index(code) for code in codes.found_in(school)]
    if not candidates:
        return None
    found = SchoolCode.objects.filter(index__in=candidates, ended_at=None).select_related("incident").first()
    return moving.standing(found.incident) if found else None


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
