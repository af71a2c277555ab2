"""What changes somebody's screenshots. Below `reports.actions`, which hands them over when a draft is sent."""

import hashlib
from datetime import datetime
from uuid import UUID, uuid4

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet, Sum
from django.utils.translation import gettext_lazy as _

from helpline.accounts.models import Staff
from helpline.audit import actions as audit
from helpline.crypto import wrapping
from helpline.crypto.box import Box
from reports.evidence.sanitise import Clean
from reports.models import Draft, Evidence, Report
from reports.states import Picture, SealedWhy


class TooManyPictures(Exception):
    """More than one report may hold. `sentence` says so to the young person."""

    sentence = _(
        "This is as many screenshots as we can keep. Remove one first, or describe the rest in words."
    )


class NotBeforeSending(Exception):
    """No more bytes are kept of what is not sent yet. `sentence` says so to the young person."""

    sentence = _(
        "We cannot keep more screenshots before you send your report. Your words are kept. "
        "Send it first, then add this screenshot with your code."
    )


class WasDestroyed(Exception):
    """This very picture was destroyed before, and is not taken again. `sentence` says so to the young person."""

    sentence = _("We destroyed this screenshot before, so we cannot take it again. Describe it in words.")


def of(owner: Draft | Report) -> QuerySet[Evidence]:
    """The screenshots of a draft or a report, oldest first, without their bytes."""
    return owner.evidence.defer("picture").order_by("added_at", "id")


def check_room(owner: Draft | Report, *, size: int = 1) -> None:
    """Can `size` more bytes be kept before it is sent? Of a report that was sent, always. Raises NotBeforeSending.

    Two who add at the same moment may both pass: the end is about there, not to the byte.
    """
    if isinstance(owner, Report):
        return
    unsent = Evidence.objects.filter(draft__isnull=False).order_by()
    sums = unsent.aggregate(all=Sum("size"), own=Sum("size", filter=Q(draft=owner.pk)))
    if (sums["own"] or 0) + size > settings.EVIDENCE_UNSENT_EACH:
        raise NotBeforeSending
    if (sums["all"] or 0) + size > settings.EVIDENCE_UNSENT_MAX_BYTES:
        raise NotBeforeSending


@transaction.atomic
def add_evidence(*, owner: Draft | Report, code: str, what: Picture, clean: Clean, at: datetime) -> Evidence:
    """Keep a picture, sealed under a key of its own: of a draft for `code` only, of a report for the staff, too.

    A picture that is there already is not kept twice. Raises TooManyPictures; NotBeforeSending; WasDestroyed for one
    that was; WrongKey when `code` is not the owner's, or the owner was erased, or sent, meanwhile.
    """
    locked = _lock(owner.pk)
    if locked is None:
        raise wrapping.WrongKey("This draft was sent or deleted.")
    locked.box_for_code(code)
    sha256 = hashlib.sha256(clean.picture).digest()
    there = of(locked)
    if known := there.filter(sha256=sha256).first():
        if known.destroyed_at is not None:
            raise WasDestroyed
        return known
    if there.filter(destroyed_at=None).count() >= settings.EVIDENCE_MOST:
        raise TooManyPictures
    check_room(locked, size=len(clean.picture))
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
        locked.last_contact_at, locked.is_retold = at, True
        locked.save(update_fields=["last_contact_at", "is_retold"])
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
    """Taken back by the young person: the row goes, and with it its keys and its bytes. Twice is as once.

    That one was destroyed is a fact that stays.
    """
    owner = _lock(evidence.report_id or evidence.draft_id or evidence.pk)
    gone, _rows = Evidence.objects.filter(pk=evidence.pk, destroyed_at=None).delete()
    if gone and isinstance(owner, Report):
        audit.record(by=audit.YOUNG_PERSON, verb="report.evidence_removed", obj=owner, at=at)


def _lock(pk: UUID) -> Draft | Report | None:
    """What these screenshots belong to by now, held: a draft that was raised meanwhile is a report. In this order, as
    whoever sends or erases it.
    """
    draft = Draft.objects.select_for_update().filter(pk=pk).first()
    return Report.objects.select_for_update(no_key=True).filter(pk=pk).first() or draft


def hand_over(*, draft: Draft, report: Report, code: str) -> None:
    """The draft became the report: its screenshots go along, and the staff can open them.

    Call it in the transaction that sends, with the draft locked. Raises WrongKey when `code` is not the draft's.
    """
    for row in list(of(draft)):
        row.staff_key = wrapping.wrap_for_staff(row.key_for_code(code), about=row.about)
        row.draft, row.report = None, report
        row.save(update_fields=["draft", "report", "staff_key"])


def change_code(*, report: Report, code: str, fresh: str) -> None:
    """Another code opens their screenshots from here on. Call it with the report locked. Raises WrongKey."""
    for row in list(of(report).exclude(code_key=None)):
        row.code_key = wrapping.wrap_for_code(row.key_for_code(code), code=fresh, about=row.about)
        row.save(update_fields=["code_key"])


def say_another_code(*, report: Report, code: str) -> None:
    """The same at the desk, where the code before is not known. Call it with the report locked. What is hidden stays so."""
    for row in list(of(report).exclude(staff_key=None)):
        key = wrapping.unwrap_for_staff(bytes(row.staff_key or b""), about=row.about)
        row.code_key = wrapping.wrap_for_code(key, code=code, about=row.about)
        row.save(update_fields=["code_key"])


# --- destroying one for good --------------------------------------------------------------------------


@transaction.atomic
def hide(*, evidence: Evidence, by: Staff, at: datetime) -> None:
    """Somebody asked to destroy it: from now on it is shown to nobody. Twice is as once."""
    hidden = Evidence.objects.filter(pk=evidence.pk, hidden_at=None, destroyed_at=None).update(hidden_at=at)
    if hidden:
        _record(evidence, "evidence.hidden", by=by, at=at)


@transaction.atomic
def show_again(*, evidence: Evidence, by: Staff, at: datetime) -> None:
    """It is what it should be after all. Call it only on a second person's word."""
    shown = Evidence.objects.exclude(hidden_at=None).filter(pk=evidence.pk, destroyed_at=None)
    if shown.update(hidden_at=None):
        _record(evidence, "evidence.shown_again", by=by, at=at)


@transaction.atomic
def destroy(*, evidence: Evidence, why: SealedWhy, by: Staff, at: datetime) -> None:
    """Destroy one picture for good: both wrapped keys and the bytes go, and nobody can open it again.

    Its digest and size stay, with who did it, when and why. Twice is as once. Raises Evidence.DoesNotExist when the
    young person took it back, or never sent it. Call it only on a second person's word.
    """
    _lock(evidence.report_id or evidence.pk)
    locked = (
        Evidence.objects.select_for_update().defer("picture").get(pk=evidence.pk, report_id__isnull=False)
    )
    if locked.destroyed_at is not None:
        return
    locked.picture = locked.staff_key = locked.code_key = None
    locked.destroyed_at, locked.destroyed_by, locked.destroyed_why = at, by, why
    gone = ["picture", "staff_key", "code_key"]
    locked.save(update_fields=[*gone, "destroyed_at", "destroyed_by", "destroyed_why"])
    _record(locked, "evidence.destroyed", by=by, at=at, why=why.value)


def _record(evidence: Evidence, verb: str, *, by: Staff, at: datetime, **more: str) -> None:
    detail: audit.Detail = {"report": str(evidence.report_id), **more}
    audit.record(by=by, verb=verb, obj=evidence, detail=detail, at=at)
