"""What changes templates and mandates."""

from collections.abc import Mapping
from datetime import date, datetime

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.db.models import Max, Q
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from cases.actions import check_can_work_on, lock_case
from cases.letters import wording
from cases.letters.models import Mandate, NoticeTemplate
from cases.letters.parts import parts_of, what_is_wrong
from cases.letters.states import GivenBy, GivenHow, Status
from cases.models import Case
from helpline.accounts.models import Staff
from helpline.accounts.permissions import Permission
from helpline.approvals import actions as approvals
from helpline.approvals.models import Approval
from helpline.audit import actions as audit
from helpline.retention import privacy
from reports.states import Status as ReportStatus

CHANGE = "notice-template"


class BadParts(Exception):
    """Parts that can't be used: by name, a sentence each."""

    def __init__(self, wrong: Mapping[str, list[str]]) -> None:
        super().__init__(", ".join(wrong))
        self.wrong = wrong


class WaitsAlready(Exception):
    """A version of this template waits for a second person: `template`."""

    def __init__(self, template: NoticeTemplate) -> None:
        super().__init__(template.wording)
        self.template = template


class NothingNew(Exception):
    """That is how it reads already."""


class MandateStands(Exception):
    """Somebody allowed it already; that one is revoked first."""


# --- templates ----------------------------------------------------------------------------------------


def check_can_edit(by: Staff) -> None:
    """Whoever keeps the platforms. Raises PermissionDenied."""
    if not by.can(Permission.PLATFORMS):
        raise PermissionDenied


def wrong_parts(parts: Mapping[str, str], *, regime: str, kind: str = "") -> dict[str, list[str]]:
    """What is wrong with each part; {} for none. A part that no template has is wrong, too."""
    known = {part.name: part for part in parts_of(regime, kind)}
    found = {name: what_is_wrong(part, parts.get(name, "")) for name, part in known.items()}
    found |= {name: [_("There is no such part.")] for name in parts if name not in known}
    return {name: sentences for name, sentences in found.items() if sentences}


@transaction.atomic
def propose(
    *,
    regime: str,
    language: str,
    kind: str = "",
    parts: Mapping[str, str],
    reason: str,
    by: Staff,
    at: datetime,
) -> Approval:
    """A further version of this template; notices are written in it once a second person said yes.

    Raises PermissionDenied, BadParts, WaitsAlready, NothingNew.
    """
    check_can_edit(by)
    if wrong := wrong_parts(parts, regime=regime, kind=kind):
        raise BadParts(wrong)
    rows = NoticeTemplate.objects.of(regime, language, kind)
    used = rows.in_use().first()
    if waiting := rows.filter(status=Status.WAITING).first():
        raise WaitsAlready(waiting)
    words = {part.name: parts[part.name] for part in parts_of(regime, kind)}
    if used is not None and used.parts == words:
        raise NothingNew
    row = NoticeTemplate(
        regime=regime,
        language=language,
        kind=kind,
        version=(rows.aggregate(last=Max("version"))["last"] or 0) + 1,
        parts=words,
        status=Status.WAITING,
        based_on=used.version if used else None,
        by=by,
        at=at,
    )
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError as error:  # a colleague proposed at this moment
        raise WaitsAlready(rows.get(status=Status.WAITING)) from error
    audit.record(by=by, verb="notice_template.proposed", obj=row, detail={"wording": row.wording}, at=at)
    proposal = {"wording": row.wording, "based_on": row.based_on}
    return approvals.ask(what=CHANGE, obj=row, by=by, reason=reason, proposal=proposal, at=at)


def use(*, template: NoticeTemplate, by: Staff, at: datetime) -> None:
    """From now on notices are written in it; the one before is kept. In the transaction of the second person's yes.

    Raises ForbiddenMove.
    """
    slot = NoticeTemplate.objects.select_for_update(of=("self",)).of(
        template.regime, template.language, template.kind
    )
    rows = list(slot.filter(Q(status=Status.IN_USE) | Q(pk=template.pk)).order_by("pk"))
    for row in rows:
        if row.pk != template.pk:
            row.move(Status.RETIRED)
            row.used_until = at
            row.save(update_fields=["status", "used_until"])
    template.refresh_from_db()
    template.move(Status.IN_USE)
    template.used_from = at
    template.save(update_fields=["status", "used_from"])
    audit.record(
        by=by, verb="notice_template.used", obj=template, detail={"wording": template.wording}, at=at
    )
    wording.forget()
    transaction.on_commit(wording.forget)


def set_aside(*, template: NoticeTemplate) -> None:
    """It was refused or taken back: it stays to be read, and is never used."""
    template.refresh_from_db()
    if template.status == Status.WAITING:
        template.move(Status.DRAFT)
        template.save(update_fields=["status"])


# --- mandates -----------------------------------------------------------------------------------------


def mandate_of(case: Case) -> Mandate | None:
    """The mandate that stands; None where nobody allowed it."""
    return Mandate.objects.filter(case=case, revoked_at=None).select_related("recorded_by").first()


@transaction.atomic
def record_mandate(
    *,
    case: Case,
    given_by: GivenBy,
    given_how: GivenHow,
    given_on: date,
    words: str,
    by: Staff,
    at: datetime,
) -> Mandate:
    """Somebody who may say so allowed the helpline to sign. Raises PermissionDenied, MandateStands, WrongKey (erased)."""
    lock_case(case)
    check_can_work_on(case, by=by)
    if mandate_of(case) is not None:
        raise MandateStands
    row = Mandate(
        case=case,
        given_by=given_by,
        given_how=given_how,
        given_on=given_on,
        recorded_by=by,
        recorded_at=at,
    )
    row.words = case.box().seal(row, "words", words)
    row.save(force_insert=True)
    audit.record(by=by, verb="mandate.recorded", obj=row, detail={"given_by": given_by}, at=at)
    return row


def revoke_mandate(*, mandate: Mandate, by: Staff, at: datetime) -> int:
    """They take it back: nothing is signed from now on, and what was signed and has not left stays here. Twice is once.

    Returns how many requests wait to be mended by it. Raises PermissionDenied.
    """
    _revoke(mandate, by=by, at=at)
    # After that was committed: whoever asks from now on finds no mandate, and requests are locked before their case. Should
    # we die in between, the sweep does it.
    taken: int = import_string(settings.ON_MANDATE_REVOKED)(case=mandate.case, by=by, at=at)
    return taken


@transaction.atomic
def _revoke(mandate: Mandate, *, by: Staff, at: datetime) -> None:
    lock_case(mandate.case)
    check_can_work_on(mandate.case, by=by)
    mandate.refresh_from_db(fields=["revoked_at"])
    if mandate.revoked_at is not None:
        return
    mandate.revoked_at, mandate.revoked_by = at, by
    mandate.save(update_fields=["revoked_at", "revoked_by"])
    audit.record(by=by, verb="mandate.revoked", obj=mandate, at=at)


@transaction.atomic
def restore_mandate(*, mandate: Mandate, by: Staff, at: datetime) -> None:
    """It was revoked by mistake. Raises PermissionDenied, MandateStands when another was recorded meanwhile."""
    lock_case(mandate.case)
    check_can_work_on(mandate.case, by=by)
    standing = mandate_of(mandate.case)
    if standing is not None and standing.pk != mandate.pk:
        raise MandateStands
    if standing is None:
        mandate.revoked_at = mandate.revoked_by = None
        mandate.save(update_fields=["revoked_at", "revoked_by"])
        audit.record(by=by, verb="mandate.restored", obj=mandate, at=at)


@transaction.atomic
def follow_erasures(*, limit: int = 500) -> int:
    """Where the young person erased the report: forget the words of its mandates. Returns how many."""
    erased = Q(case__report__status=ReportStatus.ERASED) | Q(case__key=None)
    rows = list(
        Mandate.objects.select_for_update(of=("self",), skip_locked=True)
        .filter(erased, words__isnull=False)
        .order_by("pk")[:limit]
    )
    for row in rows:
        row.save(update_fields=privacy.blank(row))
    return len(rows)
