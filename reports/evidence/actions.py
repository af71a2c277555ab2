"""What changes somebody's screenshots. Below `reports.actions`, which hands them over when a draft is sent."""

import hashlib
from datetime import datetime
from uuid import uuid4

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from helpline.audit import actions as audit
from helpline.crypto import wrapping
from helpline.crypto.box import Box
from reports.evidence.sanitise import Clean
from reports.models import Draft, Evidence, Report
from reports.states import Picture


class TooManyPictures(Exception):
    """More than one report may hold. `sentence` says so to the young person."""

    sentence = _(
        "This is as many screenshots as we can keep. Remove one first, or describe the rest in words."
    )


def of(owner: Draft | Report) -> QuerySet[Evidence]:
    """The screenshots of a draft or a report, oldest first, without their bytes."""
    return owner.evidence.defer("picture").order_by("added_at", "id")


@transaction.atomic
def add_evidence(*, owner: Draft | Report, code: str, what: Picture, clean: Clean, at: datetime) -> Evidence:
    """Keep a picture, sealed under a key of its own: of a draft for `code` only, of a report for the staff, too.

    A picture that is there already is not kept twice. Raises TooManyPictures; WrongKey when `code` is not the owner's,
    or the owner was erased, or sent, meanwhile.
    """
    locked = type(owner)._default_manager.select_for_update().filter(pk=owner.pk).first()
    if locked is None:
        raise wrapping.WrongKey("This draft was sent or deleted.")
    locked.box_for_code(code)
    sha256 = hashlib.sha256(clean.picture).digest()
    there = of(locked)
    if known := there.filter(sha256=sha256).first():
        return known
    if there.count() >= settings.EVIDENCE_MOST:
        raise TooManyPictures
    key = wrapping.new_data_key()
    evidence = Evidence(
        id=uuid4(),
        what=what,
        sha256=sha256,
        width=clean.width,
        height=clean.height,
        size=len(clean.picture),
        added_at=at,
    )
    evidence.code_key = wrapping.wrap_for_code(key, code=code, about=evidence.about)
    evidence.picture = Box(key).seal_bytes(evidence, "picture", clean.picture)
    if isinstance(locked, Report):
        evidence.report = locked
        evidence.staff_key = wrapping.wrap_for_staff(key, about=evidence.about)
        locked.last_contact_at = at
        locked.save(update_fields=["last_contact_at"])
    else:
        evidence.draft = locked
        # Whoever adds a picture is still writing: the draft lives on as long as after a word.
        locked.expires_at, locked.changed_at = at + (locked.expires_at - locked.changed_at), at
        locked.save(update_fields=["expires_at", "changed_at"])
    evidence.save(force_insert=True)
    if isinstance(locked, Report):
        detail: audit.Detail = {"count": there.count()}
        audit.record(by=audit.YOUNG_PERSON, verb="report.evidence_added", obj=locked, detail=detail, at=at)
    return evidence


@transaction.atomic
def remove_evidence(*, evidence: Evidence, at: datetime) -> None:
    """Taken back by the young person: the row goes, and with it its keys and its bytes. Twice is as once."""
    gone, _rows = Evidence.objects.filter(pk=evidence.pk).delete()
    if gone and evidence.report is not None:
        audit.record(by=audit.YOUNG_PERSON, verb="report.evidence_removed", obj=evidence.report, at=at)


def hand_over(*, draft: Draft, report: Report, code: str) -> int:
    """The draft became the report: its screenshots go along, and the staff can open them. Returns how many.

    Call it in the transaction that sends, with the draft locked. Raises WrongKey when `code` is not the draft's.
    """
    rows = list(of(draft))
    for row in rows:
        row.staff_key = wrapping.wrap_for_staff(row.key_for_code(code), about=row.about)
        row.draft, row.report = None, report
        row.save(update_fields=["draft", "report", "staff_key"])
    return len(rows)
