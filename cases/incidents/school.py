"""What the school gets: a code for its pupils, and the worksheet with what was agreed."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.core.exceptions import PermissionDenied
from django.db import transaction

from cases.incidents import access, codes, moving
from cases.incidents.models import SchoolCode, Worksheet
from cases.incidents.states import Step
from cases.models import Case, Incident
from helpline.accounts.models import Staff
from helpline.accounts.permissions import Permission
from helpline.audit import actions as audit

WORDS = ("agreed", "contact", "tasks")  # of the worksheet


class Stale(Exception):
    """A colleague changed the words since they were opened: `worksheet` is theirs."""

    def __init__(self, worksheet: Worksheet) -> None:
        super().__init__("The words were changed since.")
        self.worksheet = worksheet


@transaction.atomic
def make_code(*, incident: Incident, by: Staff, at: datetime) -> SchoolCode:
    """A code for the school to hand out; the one in use, when there is one. Supervisors only: raises PermissionDenied."""
    if not by.can(Permission.CASES_ALL):
        raise PermissionDenied
    access.check_takes_part(incident, by=by)
    moving.lock_incidents([incident.pk])
    existing = incident.codes.filter(ended_at=None).first()
    if existing is not None:
        return existing
    box = incident.box()
    code = codes.new_code()
    row = SchoolCode(incident=incident, index=codes.index(code), made_at=at, made_by=by)
    row.code = box.seal(row, "code", code)
    row.save(force_insert=True)
    moving.note(incident, Step.CODE_MADE, by=by, at=at)
    return row


@transaction.atomic
def end_code(*, code: SchoolCode, by: Staff, at: datetime) -> None:
    """From now on it leads nowhere. What was proposed by it stays. Supervisors only: raises PermissionDenied."""
    if not by.can(Permission.CASES_ALL):
        raise PermissionDenied
    ended = SchoolCode.objects.filter(pk=code.pk, ended_at=None).update(ended_at=at)
    if ended:
        moving.note(code.incident, Step.CODE_ENDED, by=by, at=at)


@transaction.atomic
def write_worksheet(
    *, incident: Incident, version: int, words: Mapping[str, str], by: Staff, at: datetime
) -> Worksheet:
    """What was agreed with the school, for the paper. `version` is that of the words as they were opened.

    Raises PermissionDenied, Stale, WrongKey once all of it was erased.
    """
    access.check_takes_part(incident, by=by)
    moving.lock_incidents([incident.pk])
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
    access.check_takes_part(incident, by=by)
    moving.note(incident, Step.WORKSHEET, by=by, at=at, audience=audience, sha256=sha256, cases=len(cases))
    audit.record_many(
        audit.row(by=by, verb="case.in_worksheet", obj=case, detail={"incident": incident.ref}, at=at)
        for case in cases
    )
