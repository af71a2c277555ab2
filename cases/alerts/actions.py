"""Raising, ending, acknowledging, forgetting."""

from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import connection, transaction
from django.db.models import Case, Exists, OuterRef, Q, QuerySet, UUIDField, When
from django.db.models.functions import Cast

from cases.alerts import looking, rules, states
from cases.alerts.looking import Reading
from cases.alerts.models import Alert, Reader
from cases.alerts.states import RuleName, State
from helpline.accounts.models import Staff
from helpline.accounts.permissions import Permission
from helpline.audit import actions as audit
from helpline.crypto.box import settings_box
from helpline.health import watch
from reports.models import Report
from reports.states import Status as ReportStatus

SWEEPING = 0x414C45525453  # advisory lock: one sweep at a time
AGREED = timedelta(seconds=30)  # between two looks that agree: two sweeps at once are one look
LONGEST_WORD = 300


def sweep(*, at: datetime) -> int:
    """Judge every rule now: raise what two looks agree on, end what two looks miss. Returns how many changed.

    In as many statements whatever stands. Two at once: the second leaves it to the first.
    """
    found = looking.look(at=at)
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [SWEEPING])
            if not cursor.fetchone()[0]:
                return 0
        return _settle(found, at=at)


def _settle(found: dict[RuleName, list[Reading]], *, at: datetime) -> int:
    live = {
        (row.rule, row.subject): row
        for row in Alert.objects.select_for_update(no_key=True).filter(state__in=sorted(states.LIVE))
    }
    standing: dict[tuple[str, str], Reading] = {}
    for rule, readings in found.items():
        for one in readings:
            row = live.get((rule, one.subject))
            if rules.stands(rule, one.near, standing=row is not None and row.state == State.STANDING):
                standing[rule, one.subject] = one
    new, changed, gone = [], [], []
    for key, one in standing.items():
        row = live.get(key)
        if row is None:
            new.append(_seen(RuleName(key[0]), one, at=at))
        elif _seen_again(row, one, at=at):
            changed.append(row)
    for key, row in live.items():
        if key in standing or row.rule not in found:
            continue
        if row.state == State.SEEN:
            gone.append(row.pk)
        elif _missed(row, at=at):
            changed.append(row)
    Alert.objects.bulk_create(new, ignore_conflicts=True)
    if changed:
        Alert.objects.bulk_update(
            changed, ["state", "facts", "case", "raised_at", "missed_at", "over_at"], batch_size=1000
        )
    if gone:
        Alert.objects.filter(pk__in=gone).delete()
    return len(new) + len(changed) + len(gone)


def _seen(rule: RuleName, one: Reading, *, at: datetime) -> Alert:
    return Alert(
        rule=rule,
        subject=one.subject,
        platform_id=one.platform_id,
        case_id=one.case_id,
        urgent=rule in states.URGENT,
        facts=one.facts,
        seen_at=at,
    )


def _seen_again(row: Alert, one: Reading, *, at: datetime) -> bool:
    """Whether anything about it changed."""
    same = row.facts == one.facts and row.case_id == one.case_id and row.missed_at is None
    row.facts, row.case_id, row.missed_at = one.facts, one.case_id, None
    if row.state == State.SEEN and at - row.seen_at >= AGREED:
        row.move(State.STANDING, at=at)
        return True
    return not same


def _missed(row: Alert, *, at: datetime) -> bool:
    if row.missed_at is None:
        row.missed_at = at
        return True
    if at - row.missed_at < AGREED:
        return False
    row.move(State.OVER, at=at)
    return True


@transaction.atomic
def note_stopped(*, at: datetime) -> None:
    """The worker is silent, so no sweep runs: what stands already is raised here and now. The sweep after it ends it.

    Silent it is called only after a while, and the watch looks twice: nothing else is waited for.
    """
    parts = {"worker": at} | watch.standing()
    stopped = Alert.objects.filter(rule=RuleName.STOPPED, subject__in=parts)
    stopped.filter(state=State.SEEN).update(state=State.STANDING, raised_at=at)
    rows = [Alert(rule=RuleName.STOPPED, subject=part, seen_at=at) for part in parts]
    for row in rows:
        row.facts = {"since": parts[row.subject].isoformat()}
        row.move(State.STANDING, at=at)
    Alert.objects.bulk_create(rows, ignore_conflicts=True)  # not what stands already, or another page raised


# --- a person ---------------------------------------------------------------------------------------------


def _check_can_answer(by: Staff) -> None:
    if not by.can(Permission.CASES_ALL):
        raise PermissionDenied


def _standing(alert_id: UUID) -> QuerySet[Alert]:
    return Alert.objects.select_for_update(no_key=True).filter(pk=alert_id, state=State.STANDING)


@transaction.atomic
def acknowledge(*, alert_id: UUID, word: str, by: Staff, at: datetime) -> bool:
    """Somebody takes care of it. False when a colleague said so before, or it is over. Raises PermissionDenied."""
    _check_can_answer(by)
    row = _standing(alert_id).filter(acknowledged_at=None).first()
    if row is None:
        return False
    row.acknowledged_at, row.acknowledged_by = at, by
    word = word.strip()[:LONGEST_WORD]
    row.word = settings_box().seal(row, "word", word) if word else None
    row.save(update_fields=["acknowledged_at", "acknowledged_by", "word"])
    audit.record(by=by, verb="alert.acknowledged", obj=row, detail={"rule": row.rule}, at=at)
    return True


@transaction.atomic
def take_back(*, alert_id: UUID, by: Staff, at: datetime) -> bool:
    """Nobody takes care of it after all. False when that is so already, or it is over. Raises PermissionDenied."""
    _check_can_answer(by)
    row = _standing(alert_id).filter(acknowledged_at__isnull=False).first()
    if row is None:
        return False
    row.acknowledged_at = row.acknowledged_by = row.word = None
    row.save(update_fields=["acknowledged_at", "acknowledged_by", "word"])
    audit.record(by=by, verb="alert.taken_back", obj=row, detail={"rule": row.rule}, at=at)
    return True


def word_of(row: Alert) -> str:
    """What was said with it; ''."""
    return settings_box().open(row, "word") if row.word else ""


def wants_mail(*, staff: Staff, wants: bool, at: datetime) -> None:
    """From now on, or not any more. Raises PermissionDenied."""
    _check_can_answer(staff)
    if wants:
        Reader.objects.get_or_create(staff=staff, defaults={"since": at})
    else:
        Reader.objects.filter(staff=staff).delete()


@transaction.atomic
def follow_erasures(*, at: datetime, limit: int = 200) -> int:
    """Where the young person erased the report: end what stands, forget whom it was about, when, and what was said.

    Returns how many.
    """
    # Their subject is the report's key; the case asks for it first, so that no other rule's subject is read as one.
    of_report = Case(
        When(Q(rule__in=sorted(states.OF_REPORTS)) & ~Q(subject=""), then=Cast("subject", UUIDField())),
        default=None,
    )
    of_erased = Exists(Report.objects.filter(pk=OuterRef("of_report"), status=ReportStatus.ERASED))
    rows = list(
        Alert.objects.alias(of_report=of_report)
        .select_for_update(of=("self",), skip_locked=True)
        .filter(
            Q(case__report__status=ReportStatus.ERASED) | Q(case__isnull=False, case__key=None) | of_erased
        )
        .order_by("pk")[:limit]
    )
    for row in rows:
        if row.state == State.SEEN:
            row.delete()
            continue
        if row.state == State.STANDING:
            row.move(State.OVER, at=at)
        row.subject, row.case, row.facts, row.word = "", None, {}, None
        row.save(update_fields=["state", "over_at", "subject", "case", "facts", "word"])
    return len(rows)


def forget(*, at: datetime) -> int:
    """What has been over for ALERTS_KEEP goes. Returns how many."""
    return Alert.objects.filter(state=State.OVER, over_at__lte=at - settings.ALERTS_KEEP).delete()[0]
