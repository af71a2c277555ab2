"""Taking a file in, reading it, forgetting it; saying what a name means and that a line is settled."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import partial
from io import TextIOBase
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import Error as DatabaseTrouble
from django.db import IntegrityError, connection, transaction
from django.db.models import Q
from django.utils import timezone

from cases.dashboards.sources import roots
from cases.reconciliation import comparing, layout, states
from cases.reconciliation.layout import Broken, MissingColumns, Row
from cases.reconciliation.models import Line, Piece, Provider, Statement, Upload
from cases.reconciliation.pieces import NoTable, Reader, TooLong, TooMany, Writer, tables
from cases.reconciliation.states import Problem, State
from helpline import wake
from helpline.accounts.models import Staff
from helpline.accounts.permissions import Permission
from helpline.audit import actions as audit
from helpline.crypto import blind
from helpline.crypto.box import settings_box
from helpline.platforms.models import Platform
from reports.states import Status as ReportStatus

LEASE = timedelta(seconds=60)
RENEWED = LEASE / 3
READING = (
    0x534F5253  # advisory lock: whoever claims, or forgets pairs, looks first whether a file is being read
)
COMPARED_WITHIN = timedelta(minutes=10)  # nobody else begins meanwhile
HANGS = LEASE  # a transaction in which nothing happens for so long is ended by the database
BATCH = 2000
TRIES = 5
BROKEN_SHOWN = 20
PROVIDERS_MOST = 500
LONGEST_NOTE = 500
READ = "cases.reconciliation.tasks.work"
UNFINISHED_FOR = timedelta(days=1)  # pieces of a file that never arrived whole


class KnownAlready(Exception):
    """The same file was handed in before: `upload`."""

    def __init__(self, upload: Upload) -> None:
        super().__init__(upload.pk)
        self.upload = upload


class UnderWay(Exception):
    """The file is being read or compared at this moment."""


def can_upload(by: Staff) -> bool:
    """Supervisors: who sees the figures and every case."""
    return by.can(Permission.FIGURES) and by.can(Permission.CASES_ALL)


def check_can_upload(by: Staff) -> None:
    """Raises PermissionDenied."""
    if not can_upload(by):
        raise PermissionDenied


def take_in(*, written: Writer, name: str, platform: Platform | None, by: Staff, at: datetime) -> Upload:
    """A file whose pieces have arrived; a worker reads it. Raises PermissionDenied, KnownAlready: nothing is kept then."""
    check_can_upload(by)
    sha256 = written.close()
    upload = Upload(
        pk=written.upload_id,
        sha256=sha256,
        size=written.size,
        name=name[:120],
        platform=platform,
        uploaded_at=at,
        uploaded_by=by,
    )
    try:
        with transaction.atomic():
            upload.save(force_insert=True)
            audit.record(
                by=by,
                verb="statements.uploaded",
                obj=upload,
                detail={"sha256": sha256, "size": upload.size},
                at=at,
            )
            wake.wake(READ)
    except IntegrityError:
        written.discard()
        known = Upload.objects.filter(sha256=sha256).first()
        if known is None:
            raise
        raise KnownAlready(known) from None
    return upload


# --- a worker ---------------------------------------------------------------------------------------------


class Lost(Exception):
    """Another worker has it now, or it was deleted."""


def database_clock() -> datetime:
    """The time by which leases are given and end: the database's, for several machines never agree on theirs."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        now: datetime = cursor.fetchone()[0]
    return now


@transaction.atomic
def claim(*, at: datetime) -> Upload | None:
    """The next file that waits, or whose lease ended in the middle; None when there is none, or one is being read.

    Whoever held it until then writes nothing any more: its fence is older.
    """
    if not _nobody_reads(at):
        return None
    row = (
        Upload.objects.select_for_update(no_key=True, skip_locked=True)
        .filter(Q(lease_until=None) | Q(lease_until__lt=at), state__in=sorted(states.UNDER_WAY))
        .order_by("uploaded_at", "id")
        .first()
    )
    if row is None:
        return None
    row.fence += 1
    row.tries += 1
    if row.state == State.WAITING:
        row.move(State.READING)
    if row.tries > TRIES:
        row.move(State.FAILED)
        row.problem, row.lease_until = Problem.GAVE_UP, None
        row.save()
        Piece.objects.filter(upload_id=row.pk).delete()
        return None
    row.lease_until = at + LEASE
    row.save()
    return row


def _nobody_reads(at: datetime) -> bool:
    """Whether no lease runs at `at`, and none is given until this transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [READING])
        if not cursor.fetchone()[0]:
            return False
    return not Upload.objects.filter(lease_until__gte=at).exists()


def work(*, clock: Callable[[], datetime] = database_clock) -> int:
    """Read and compare what waits, a file after the other, one process at a time. Returns how many came to an end."""
    done = 0
    with _ended_when_it_hangs():
        while (upload := claim(at=clock())) is not None:
            with suppress(Lost):
                _to_the_end(upload, clock=clock)
                done += 1
    return done


@contextmanager
def _ended_when_it_hangs() -> Iterator[None]:
    """A process that stops in the middle of a transaction keeps its rows locked: nobody could take the file over."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT set_config('idle_in_transaction_session_timeout', %s, false)", [_milliseconds(HANGS)]
        )
        try:
            yield
        finally:
            with suppress(DatabaseTrouble):  # a connection that was ended has nothing to take back
                cursor.execute("RESET idle_in_transaction_session_timeout")


def _milliseconds(span: timedelta) -> str:
    return str(round(span / timedelta(milliseconds=1)))


def _to_the_end(upload: Upload, *, clock: Callable[[], datetime]) -> None:
    """Raises Lost."""
    try:
        if upload.state == State.READING:
            _read(upload, clock=clock)
        _keep(upload, at=clock() + COMPARED_WITHIN)
        with transaction.atomic():  # whoever took it over meanwhile compares it alone
            comparing.compare(upload)
            _finish(upload, State.READY)
    except MissingColumns as error:
        _finish(upload, State.FAILED, Problem.COLUMNS, missing=error.names)
    except NoTable:
        _finish(upload, State.FAILED, Problem.ARCHIVE)
    except TooMany:
        _finish(upload, State.FAILED, Problem.TOO_MANY)
    except TooLong:
        _finish(upload, State.FAILED, Problem.TOO_LONG)
    except comparing.NoRows:
        _finish(upload, State.FAILED, Problem.EMPTY)


@dataclass(slots=True)
class _Counts:
    """What the rows were so far."""

    read: int = 0
    kept: int = 0
    of_others: int = 0
    unnamed: int = 0
    twice: int = 0
    broken: int = 0
    examples: list[tuple[int, str]] = field(default_factory=list)
    providers: dict[str, str] = field(default_factory=dict)
    first: date | None = None
    last: date | None = None


def _read(upload: Upload, *, clock: Callable[[], datetime]) -> None:
    """From the beginning, whatever a worker before this one had read.

    Raises Lost, MissingColumns, NoTable, TooMany, TooLong.
    """
    begun = kept_at = clock()
    with transaction.atomic():
        _keep(upload, at=begun)
        Statement.objects.filter(upload=upload).delete()

    def keep() -> None:
        nonlocal kept_at
        if (now := clock()) - kept_at >= RENEWED:
            _keep(upload, at=now)
            kept_at = now

    counts, batch = _Counts(), []
    ours = frozenset(layout.folded(name) for name in settings.RECONCILIATION_NAMES)
    today = timezone.localdate(begun)
    otherwise = upload.platform.name if upload.platform else ""
    raw = Reader(upload.pk, size=upload.size)
    with tables(raw, most=settings.RECONCILIATION_MAX_UNPACKED, at=begun, on_work=keep) as found:
        for text in found:
            for row in layout.rows_of(_lines(text), otherwise=otherwise):
                counts.read += 1
                kept = _judged(row, counts, ours=ours, today=today)
                if kept is not None:
                    batch.append(kept)
                if len(batch) >= BATCH or counts.read % (5 * BATCH) == 0:
                    _store(upload, batch, counts, done=raw.tell(), at=clock())
                    batch = []
    _store(upload, batch, counts, done=upload.size, at=clock())
    with transaction.atomic():
        upload.move(State.COMPARING)
        if not Upload.objects.filter(pk=upload.pk, fence=upload.fence).update(state=upload.state):
            raise Lost
        # What is not needed is not kept: the words of the rows go with the file.
        Piece.objects.filter(upload_id=upload.pk).delete()
    upload.refresh_from_db()


def _lines(text: TextIOBase) -> Any:
    """Its lines, none longer than a row may be: one without an end must not fill the memory."""
    return iter(partial(text.readline, layout.LONGEST_ROW), "")


def _judged(
    row: Row | Broken, counts: _Counts, *, ours: frozenset[str], today: date
) -> tuple[Any, ...] | None:
    """The row as it is kept, or None for what is not about us."""
    if isinstance(row, Row) and not layout.is_plausible(row.day, today=today):
        row = Broken(counts.read + 1, layout.Why.DAY)
    if isinstance(row, Broken):
        counts.broken += 1
        if len(counts.examples) < BROKEN_SHOWN:
            counts.examples.append((row.line, row.why))
        return None
    counts.first = min(counts.first or row.day, row.day)
    counts.last = max(counts.last or row.day, row.day)
    provider = layout.folded(row.provider)
    if len(counts.providers) < PROVIDERS_MOST:
        counts.providers.setdefault(provider, row.provider[:100])
    identity = layout.folded(row.identity)
    if row.source != layout.TRUSTED_FLAGGER or (identity and identity not in ours):
        counts.of_others += 1
        return None
    counts.unnamed += not identity
    reference = blind.index(comparing.REFERENCE, row.reference)
    return (
        row.uuid,
        provider,
        reference,
        row.category,
        row.decision.value,
        row.day,
        bool(identity),
    )


_INSERT = """
INSERT INTO reconciliation_statement (upload_id, uuid, provider, reference, category, decision, day, is_named)
SELECT %s, * FROM unnest(%s::text[], %s::text[], %s::bytea[], %s::text[], %s::text[], %s::date[], %s::bool[])
ON CONFLICT DO NOTHING
"""


def _store(upload: Upload, batch: list[tuple[Any, ...]], counts: _Counts, *, done: int, at: datetime) -> None:
    """Some rows and how far it is, or neither. Raises Lost."""
    with transaction.atomic():
        if batch:
            with connection.cursor() as cursor:
                cursor.execute(_INSERT, [upload.pk, *(list(column) for column in zip(*batch, strict=True))])
                counts.kept += cursor.rowcount
                counts.twice += len(batch) - cursor.rowcount
        _keep(
            upload,
            at=at,
            bytes_read=min(done, upload.size),
            rows_read=counts.read,
            rows_kept=counts.kept,
            rows_of_others=counts.of_others,
            rows_unnamed=counts.unnamed,
            rows_twice=counts.twice,
            rows_broken=counts.broken,
            broken=counts.examples,
            providers=counts.providers,
            first_day=counts.first,
            last_day=counts.last,
        )


def _keep(upload: Upload, *, at: datetime, **facts: Any) -> None:
    """Hold on to it for another while. Raises Lost."""
    mine = Upload.objects.filter(pk=upload.pk, fence=upload.fence)
    if not mine.update(lease_until=at + LEASE, **facts):
        raise Lost


def _finish(upload: Upload, state: State, problem: str = "", **facts: Any) -> None:
    """Raises Lost."""
    with transaction.atomic():
        upload.move(state)
        mine = Upload.objects.filter(pk=upload.pk, fence=upload.fence)
        if not mine.update(state=state, problem=problem, lease_until=None, tries=0, **facts):
            raise Lost
        Piece.objects.filter(upload_id=upload.pk).delete()


# --- a person ---------------------------------------------------------------------------------------------


@transaction.atomic
def name_provider(*, upload: Upload, name: str, platform: Platform, by: Staff, at: datetime) -> None:
    """This name in such files means that platform, now and later; the file is compared again.

    Raises PermissionDenied, UnderWay, ValueError for a name that the file does not hold.
    """
    check_can_upload(by)
    row = Upload.objects.select_for_update(no_key=True).get(pk=upload.pk)
    if row.state != State.READY:
        raise UnderWay
    if name not in row.providers:
        raise ValueError(name)
    Provider.objects.update_or_create(
        name=name, defaults={"platform": platform, "said_at": at, "said_by": by}
    )
    audit.record(by=by, verb="statements.provider_named", obj=row, detail={"platform": platform.slug}, at=at)
    _compare_again(row)


@transaction.atomic
def compare_again(*, upload: Upload, by: Staff, at: datetime) -> None:
    """With what we know by now. Raises PermissionDenied, UnderWay."""
    check_can_upload(by)
    row = Upload.objects.select_for_update(no_key=True).get(pk=upload.pk)
    if row.state != State.READY:
        raise UnderWay
    _compare_again(row)


def _compare_again(row: Upload) -> None:
    row.move(State.COMPARING)
    row.save(update_fields=["state"])
    wake.wake(READ)


@transaction.atomic
def settle(*, line_id: UUID, note: str, by: Staff, at: datetime) -> bool:
    """Somebody found out why, or that it does not matter. False when a colleague did before. Raises PermissionDenied."""
    check_can_upload(by)
    row = Line.objects.select_for_update(no_key=True).filter(pk=line_id, settled_at=None).first()
    if row is None:
        return False
    note = note.strip()[:LONGEST_NOTE]
    row.settled_at, row.settled_by = at, by
    row.note = settings_box().seal(row, "note", note) if note else None
    row.save(update_fields=["settled_at", "settled_by", "note"])
    audit.record(by=by, verb="statements.settled", obj=row, at=at)
    return True


@transaction.atomic
def unsettle(*, line_id: UUID, by: Staff, at: datetime) -> bool:
    """As if it had not been settled. False when that is so already. Raises PermissionDenied."""
    check_can_upload(by)
    row = Line.objects.select_for_update(no_key=True).filter(pk=line_id, settled_at__isnull=False).first()
    if row is None:
        return False
    row.settled_at = row.settled_by = row.note = None
    row.save(update_fields=["settled_at", "settled_by", "note"])
    audit.record(by=by, verb="statements.unsettled", obj=row, at=at)
    return True


def note_of(row: Line) -> str:
    """What was said when it was settled; ''."""
    return settings_box().open(row, "note") if row.note else ""


# --- forgetting -------------------------------------------------------------------------------------------


@transaction.atomic
def delete(*, upload: Upload, by: Staff | None, at: datetime) -> None:
    """The file, its rows and what was compared go. A worker that reads it stops. Raises PermissionDenied."""
    if by is not None:
        check_can_upload(by)
    audit.record(by=by, verb="statements.deleted", obj=upload, detail={"sha256": upload.sha256}, at=at)
    Piece.objects.filter(upload_id=upload.pk).delete()
    # Without reading them: there may be hundreds of thousands.
    for model in (Statement, Line):
        model.objects.filter(upload=upload)._raw_delete("default")
    upload.delete()


# A note may tell of each request that its line counts: what was said before one of them was erased goes.
_FORGET_NOTES = """
WITH platforms AS (
    SELECT * FROM unnest(%(platforms)s::bigint[], %(roots)s::bigint[]) AS known(id, root)
)
UPDATE reconciliation_line AS line SET note = NULL
WHERE line.note IS NOT NULL AND (
    EXISTS (
        SELECT 1 FROM takedowns_takedown AS takedown
        JOIN platforms ON platforms.id = takedown.platform_id
        JOIN platforms AS own ON own.id = line.platform_id AND own.root = platforms.root
        JOIN cases_case AS desk ON desk.id = takedown.case_id
        JOIN reports_report AS report ON report.id = desk.report_id
        WHERE report.erased_at >= line.settled_at
          AND takedown.platform_at >= line.day::timestamp AT TIME ZONE %(zone)s
          AND takedown.platform_at < (line.day + 1)::timestamp AT TIME ZONE %(zone)s
    ) OR EXISTS (
        SELECT 1 FROM reconciliation_statement AS statement
        JOIN takedowns_takedown AS takedown ON takedown.id = statement.takedown_id
        JOIN cases_case AS desk ON desk.id = takedown.case_id
        JOIN reports_report AS report ON report.id = desk.report_id
        WHERE report.erased_at >= line.settled_at
          AND statement.upload_id = line.upload_id AND statement.platform_id = line.platform_id
          AND statement.day = line.day
    )
)
"""
# Neither the pair nor the number by which it would be found again.
_FORGET_PAIRS = """
UPDATE reconciliation_statement AS statement SET takedown_id = NULL, reference = NULL
FROM takedowns_takedown AS takedown
JOIN cases_case AS desk ON desk.id = takedown.case_id
JOIN reports_report AS report ON report.id = desk.report_id
WHERE takedown.id = statement.takedown_id AND (report.status = %(erased)s OR desk.key IS NULL)
"""


def follow_erasures() -> int:
    """Where the young person erased the report: no statement is a pair with their requests, and no note tells of them.

    What was counted stays. Returns how many rows; 0 while a file is read or compared, for that holds the same rows.
    """
    to = roots()
    values = {
        "platforms": list(to),
        "roots": list(to.values()),
        "zone": settings.TIME_ZONE,
        "erased": ReportStatus.ERASED.value,
    }
    count = 0
    # Together: once a pair is parted, nothing tells any more that the note beside it is about them.
    with transaction.atomic(), connection.cursor() as cursor:
        if not _nobody_reads(database_clock()):
            return 0
        for statement in (_FORGET_NOTES, _FORGET_PAIRS):
            cursor.execute(statement, values)
            count += cursor.rowcount
    return count


def forget(*, at: datetime) -> int:
    """Files of more than RECONCILIATION_KEEP ago go, and pieces of what never arrived whole. Returns how many files."""
    old = list(Upload.objects.filter(uploaded_at__lte=at - settings.RECONCILIATION_KEEP))
    for upload in old:
        delete(upload=upload, by=None, at=at)
    whole = Upload.objects.values("pk")
    Piece.objects.filter(at__lte=at - UNFINISHED_FOR).exclude(upload_id__in=whole).delete()
    return len(old)
