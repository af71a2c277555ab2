"""What young people erased is forgotten here, too."""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from cases.incidents import moving
from cases.incidents.models import IncidentStep, Print, SchoolCode, Worksheet
from cases.incidents.states import MemberState
from cases.models import Incident, IncidentMember
from helpline.audit import actions as audit
from helpline.retention import privacy
from reports.states import Status as ReportStatus

UNDO_A_MERGE = timedelta(days=30)  # for so long the words of an incident that went into another are kept


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
        if not incident.is_fresh or moving.standing(incident).key is None:
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
        if moving.standing(code.incident).key is None:
            code.index, code.ended_at = None, code.ended_at or at
            code.save(update_fields=["index", "ended_at"])
