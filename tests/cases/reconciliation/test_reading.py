"""A file from its arrival to the comparison: whole or not at all, once, and through every kind of interruption."""

import threading
from datetime import datetime, timedelta
from io import BytesIO
from typing import Any
from unittest import mock
from uuid import uuid4
from zipfile import ZipExtFile, ZipFile

import pytest
from django.core.exceptions import PermissionDenied
from django.db import Error as DatabaseTrouble
from django.utils import timezone

from cases.reconciliation import actions, comparing, pieces
from cases.reconciliation.models import Line, Piece, Statement, Upload
from cases.reconciliation.pieces import Reader, Writer
from cases.reconciliation.states import TRANSITIONS, ForbiddenMove, Problem, State
from helpline.accounts.models import Staff
from helpline.audit.models import AuditRow
from helpline.platforms.models import Platform
from tests.at_once import at_once
from tests.cases.reconciliation.files import COLUMNS, hand_in, packed, read, row, text
from tests.cast import NOON

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _names(settings: Any) -> None:
    settings.RECONCILIATION_NAMES = ["Helpline"]


def test_rows_of_ours_are_kept_and_the_file_goes(maud: Staff, chatter: Platform) -> None:
    others = [
        row(source_type="SOURCE_ARTICLE_16"),
        row(source_type="SOURCE_VOLUNTARY"),
        row(source_identity="Another flagger"),
    ]
    upload = read(text([row(source_identity="HELPLINE"), row(source_identity=""), *others]), maud)
    assert upload.state == State.READY
    assert (upload.rows_read, upload.rows_kept, upload.rows_of_others, upload.rows_unnamed) == (5, 2, 3, 1)
    assert not Piece.objects.exists()
    assert sorted(Statement.objects.values_list("is_named", flat=True)) == [False, True]
    assert (upload.first_day, upload.last_day) == (NOON.date(), NOON.date())


def test_no_word_of_the_file_is_kept(maud: Staff, chatter: Platform) -> None:
    secret = "https://chatter.example/u/lou"
    columns = [*COLUMNS, "decision_facts", "puid"]
    read(
        text([row(decision_facts=secret, puid=secret, decision_visibility_other=secret)], columns=columns),
        maud,
    )
    kept = Statement.objects.get()
    assert secret not in str([getattr(kept, field.name) for field in kept._meta.fields])
    assert kept.reference is not None


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_ways_to_write_text(maud: Staff, chatter: Platform, encoding: str) -> None:
    assert read(text([row()]).encode(encoding), maud).rows_kept == 1


def test_archives_and_archives_in_them(maud: Staff, chatter: Platform) -> None:
    """As the public dumps are: an archive of archives of tables, each with its own first line."""
    parts = [text([row(), row()]).encode(), text([row()]).encode()]
    inner = {f"part{number}_csv": body for number, body in enumerate(parts)}
    assert read(packed(**inner), maud).rows_kept == 3
    nested = packed(a_zip=packed(b_csv=text([row()]).encode()), c_csv=text([row()]).encode())
    assert read(nested, maud).rows_kept == 2


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b"PK\x03\x04 and nothing", Problem.ARCHIVE),
        (packed(readme_md=b"x"), Problem.ARCHIVE),
        (packed(a_zip=packed(b_zip=packed(c_csv=b"x"))), Problem.ARCHIVE),
        (b"\x00\xff\xfe", Problem.COLUMNS),
        (b"a,b,c\n1,2,3\n", Problem.COLUMNS),
        (text([]).encode(), Problem.EMPTY),
        (text([row(application_date="x")]).encode(), Problem.EMPTY),
    ],
)
def test_what_can_not_be_read_says_why(maud: Staff, body: bytes, problem: Problem) -> None:
    upload = read(body, maud)
    assert (upload.state, upload.problem) == (State.FAILED, problem)
    assert not Piece.objects.exists()
    if problem == Problem.COLUMNS:
        assert "uuid" in upload.missing


def test_an_archive_that_unpacks_to_too_much(maud: Staff, settings: Any) -> None:
    settings.RECONCILIATION_MAX_UNPACKED = 100_000
    body = packed(a_csv=text([row()]).encode() + b"x" * 1_000_000)
    assert read(body, maud).problem == Problem.TOO_LONG


def bomb(size: int = 20 * pieces.SIZE) -> bytes:
    """An archive whose directory lies behind megabytes of nothing, which shrink to a few kilobytes."""
    return packed(a_zip=b"PK" + bytes(size) + packed(b_csv=text([row()]).encode()))


def test_an_archive_in_it_that_unpacks_to_too_much(maud: Staff, monkeypatch: pytest.MonkeyPatch) -> None:
    """It stops at the bound, and nothing of it stays."""
    kept = []
    store = Writer._store

    def counted(self: Writer, body: bytes) -> None:
        kept.append(len(body))
        store(self, body)

    monkeypatch.setattr(Writer, "_store", counted)
    body = bomb()
    assert len(body) < 100_000
    assert read(body, maud).problem == Problem.TOO_LONG
    assert sum(kept) < 2 * pieces.SIZE + 3 * len(body)
    assert not Piece.objects.exists()


def test_an_archive_in_it_is_unpacked_once(
    maud: Staff, chatter: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many tables it holds and wherever its directory is."""
    unpacked = 0
    read_on = ZipExtFile.read

    def counted(self: ZipExtFile, n: int | None = -1) -> bytes:
        nonlocal unpacked
        body = read_on(self, n)
        unpacked += len(body) if self.name == "a.zip" else 0
        return body

    monkeypatch.setattr(ZipExtFile, "read", counted)
    tables = {f"part{number}_csv": text([row()]).encode() for number in range(20)}
    inner = packed(**tables)
    assert read(packed(a_zip=inner), maud).rows_kept == 20
    assert unpacked == len(inner) + 4  # the first bytes say what it is
    assert not Piece.objects.exists()


def test_nobody_else_takes_a_file_that_is_long_in_unpacking(
    maud: Staff, chatter: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Given a clock that goes on while no row is stored, then the lease goes with it."""
    monkeypatch.setattr(actions, "BATCH", 10**6)
    upload = hand_in(packed(a_zip=packed(b_csv=text([row() for _one in range(3000)]).encode())), maud)
    moments = iter(NOON + number * timedelta(seconds=15) for number in range(10**6))
    others, last = [], NOON

    def clock() -> datetime:
        nonlocal last
        last = next(moments)
        if last > NOON:  # once it is this one's
            others.append(actions.claim(at=last))
        return last

    assert actions.work(clock=clock) == 1
    assert last > NOON + 3 * actions.LEASE and not any(others)
    upload.refresh_from_db()
    assert (upload.state, upload.rows_kept) == (State.READY, 3000)


@pytest.mark.parametrize("most", [pieces.ENTRIES, 3])
def test_an_archive_of_more_tables_than_are_read(
    maud: Staff, chatter: Platform, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    monkeypatch.setattr(pieces, "ENTRIES", most)
    tables = {f"part{number}_csv": text([row()]).encode() for number in range(4)}
    upload = read(packed(**tables), maud)
    assert (upload.state, upload.problem) == (
        (State.READY, "") if most > 4 else (State.FAILED, Problem.TOO_MANY)
    )


@pytest.mark.parametrize("nested", [False, True])
def test_the_list_of_a_huge_archive_is_not_read(
    maud: Staff, chatter: Platform, monkeypatch: pytest.MonkeyPatch, *, nested: bool
) -> None:
    """However many files it lists, never more than a piece of the list is in memory."""
    asked = []
    read_on = pieces._Bounded.read

    def noted(self: pieces._Bounded, size: int | None = -1, /) -> bytes:
        body = read_on(self, size)
        asked.append(len(body))
        return body

    monkeypatch.setattr(pieces._Bounded, "read", noted)
    many = {f"{number:0200}": b"" for number in range(5000)}  # its list takes more than a megabyte
    archive = packed(a_csv=text([row()]).encode(), **many)
    if nested:
        outer = BytesIO()
        with ZipFile(outer, "w") as whole:
            whole.writestr("a.zip", archive)
        archive = outer.getvalue()
    upload = read(archive, maud)
    assert (upload.state, upload.problem) == (State.FAILED, Problem.TOO_MANY)
    assert 0 < max(asked) <= pieces.SIZE
    assert not Piece.objects.exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("where", ["_read", "compare"])
def test_one_that_hangs_without_a_word_is_followed_by_another(
    maud: Staff, chatter: Platform, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    """Given a process that holds its connection and does nothing, also with rows locked, when its lease is over, then
    another reads the file; and what the first one says afterwards is not written."""
    monkeypatch.setattr(actions, "HANGS", timedelta(seconds=1))
    upload = hand_in(text([row(), row()]), maud)
    hangs, may_go_on = threading.Event(), threading.Event()
    part, name = (actions, "_read") if where == "_read" else (comparing, "_write_lines")
    goes_on = getattr(part, name)

    def stops(*args: Any, **kwargs: Any) -> None:
        if not hangs.is_set():
            hangs.set()
            assert may_go_on.wait(20)
        goes_on(*args, **kwargs)

    monkeypatch.setattr(part, name, stops)

    def follows() -> int:
        assert hangs.wait(10)
        assert actions.work() == 0  # its lease runs
        Upload.objects.update(lease_until=actions.database_clock() - timedelta(seconds=1))
        try:
            return actions.work()
        finally:
            may_go_on.set()

    late, after = at_once(actions.work, follows)
    assert after == 1
    assert late == 0 or isinstance(late, DatabaseTrouble)  # where it held rows, its connection was ended
    upload.refresh_from_db()
    assert (upload.state, upload.rows_kept, upload.fence) == (State.READY, 2, 2)
    assert (Statement.objects.count(), Line.objects.get().theirs) == (2, 2)


@pytest.mark.django_db(transaction=True)
def test_leases_are_given_by_the_databases_time(maud: Staff, chatter: Platform) -> None:
    """Given a machine whose own clock is years behind, then its lease is not over for the others."""
    before = actions.database_clock()
    hand_in(text([row()]), maud)
    with mock.patch("django.utils.timezone.now", lambda: NOON - timedelta(days=3000)):
        held = actions.claim(at=actions.database_clock())
    assert held is not None
    assert held.lease_until is not None
    assert before + actions.LEASE <= held.lease_until <= actions.database_clock() + actions.LEASE
    assert actions.work() == 0


@pytest.mark.django_db(transaction=True)
def test_one_process_reads_at_a_time(maud: Staff, chatter: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    """Given a file that is being read, then another process leaves the next one to the same."""
    for _one in range(2):
        hand_in(text([row()]), maud)
    beside = []
    reading = actions._read

    def meanwhile(*args: Any, **kwargs: Any) -> None:
        beside.extend(at_once(actions.work))
        reading(*args, **kwargs)

    monkeypatch.setattr(actions, "_read", meanwhile)
    assert actions.work() == 2
    assert beside == [0, 0]


def test_broken_rows_are_counted_and_shown(maud: Staff, chatter: Platform) -> None:
    tomorrow = (timezone.localdate() + timedelta(days=9)).isoformat()
    upload = read(text([row(), row(application_date="x"), row(application_date=tomorrow)]), maud)
    assert (upload.rows_kept, upload.rows_broken) == (1, 2)
    assert [why for _line, why in upload.broken] == ["day", "day"]


def test_a_statement_that_is_there_twice_counts_once(maud: Staff, chatter: Platform) -> None:
    one = row()
    upload = read(text([one, one]), maud)
    assert (upload.rows_kept, upload.rows_twice) == (1, 1)


def test_the_same_file_twice(maud: Staff, chatter: Platform) -> None:
    first = read(text([row()]), maud)
    body = text([row(uuid=Statement.objects.get().uuid)])
    with pytest.raises(actions.KnownAlready) as known:
        hand_in(body, maud)
    assert known.value.upload == first
    assert not Piece.objects.exists()
    assert Upload.objects.count() == 1


def test_deleted_it_may_come_again(maud: Staff, chatter: Platform) -> None:
    body = text([row()])
    actions.delete(upload=read(body, maud), by=maud, at=NOON)
    assert not Upload.objects.exists() and not Statement.objects.exists() and not Line.objects.exists()
    assert read(body, maud).rows_kept == 1
    verbs = AuditRow.objects.filter(verb__startswith="statements.").order_by("id")
    assert list(verbs.values_list("verb", flat=True)) == [
        "statements.uploaded",
        "statements.deleted",
        "statements.uploaded",
    ]


def test_only_supervisors_hand_in(nour: Staff, theo: Staff, maud: Staff) -> None:
    upload = hand_in(text([row()]), maud)
    for somebody in (nour, theo):
        with pytest.raises(PermissionDenied):
            hand_in(text([row()]), somebody)
        with pytest.raises(PermissionDenied):
            actions.delete(upload=upload, by=somebody, at=NOON)


# --- interruptions ----------------------------------------------------------------------------------------


def test_a_worker_that_dies_is_followed_by_another(
    maud: Staff, chatter: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Given one that died after some rows were stored, then the next begins anew, and nothing is there twice."""
    monkeypatch.setattr(actions, "BATCH", 2)
    upload = hand_in(text([row() for _one in range(5)]), maud)
    calls = []
    store = actions._store

    def dies(*args: Any, **kwargs: Any) -> None:
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        store(*args, **kwargs)

    with monkeypatch.context() as broken, pytest.raises(KeyboardInterrupt):
        broken.setattr(actions, "_store", dies)
        actions.work(clock=lambda: NOON)
    upload.refresh_from_db()
    assert (upload.state, upload.rows_kept) == (State.READING, 2)
    assert actions.work(clock=lambda: NOON) == 0  # it is still the other's
    later = NOON + actions.LEASE + timedelta(seconds=1)
    assert actions.work(clock=lambda: later) == 1
    upload.refresh_from_db()
    assert (upload.state, upload.rows_kept, Statement.objects.count()) == (State.READY, 5, 5)


def test_one_that_comes_too_late_writes_nothing(maud: Staff, chatter: Platform) -> None:
    upload = hand_in(text([row()]), maud)
    slow = actions.claim(at=NOON)
    assert slow is not None
    later = NOON + actions.LEASE + timedelta(seconds=1)
    assert actions.work(clock=lambda: later) == 1
    with pytest.raises(actions.Lost):
        actions._read(slow, clock=lambda: later)
    assert Statement.objects.filter(upload=upload).count() == 1


def test_what_breaks_off_again_and_again_is_given_up(maud: Staff) -> None:
    upload = hand_in(text([row()]), maud)
    at = NOON
    for _try in range(actions.TRIES):
        assert actions.claim(at=at) is not None
        at += actions.LEASE + timedelta(seconds=1)
    assert actions.claim(at=at) is None
    upload.refresh_from_db()
    assert (upload.state, upload.problem) == (State.FAILED, Problem.GAVE_UP)


def test_deleted_while_it_is_read(maud: Staff, chatter: Platform) -> None:
    upload = hand_in(text([row()]), maud)
    held = actions.claim(at=NOON)
    assert held is not None
    actions.delete(upload=upload, by=maud, at=NOON)
    with pytest.raises(actions.Lost):
        actions._read(held, clock=lambda: NOON)
    assert not Statement.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_workers_and_hands_at_once(maud: Staff, chatter: Platform) -> None:
    body = text([row() for _one in range(20)])
    said = at_once(*(lambda: hand_in(body, maud) for _one in range(3)))
    assert sorted(type(one).__name__ for one in said) == ["KnownAlready", "KnownAlready", "Upload"]
    assert sorted(map(str, at_once(*(lambda: actions.work() for _one in range(3))))) == ["0", "0", "1"]
    assert Statement.objects.count() == 20


def test_what_is_old_or_never_arrived_goes(maud: Staff, chatter: Platform, settings: Any) -> None:
    read(text([row()]), maud)
    Writer(uuid4(), most=10**7, at=NOON).write(b"x" * pieces.SIZE)
    assert Piece.objects.count() == 1
    assert actions.forget(at=NOON + settings.RECONCILIATION_KEEP - timedelta(minutes=1)) == 0
    assert not Piece.objects.exists()
    assert actions.forget(at=NOON + settings.RECONCILIATION_KEEP) == 1
    assert not Statement.objects.exists()


# --- pieces -----------------------------------------------------------------------------------------------


def test_a_file_is_read_from_any_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pieces, "SIZE", 10)
    body = bytes(range(95))
    written = Writer(uuid4(), most=1000, at=NOON)
    for start in range(0, 95, 7):
        written.write(body[start : start + 7])
    written.close()
    raw = Reader(written.upload_id, size=written.size)
    for start in (0, 9, 10, 94, 95, 200):
        raw.seek(start)
        assert raw.read(23) == body[start : start + 23][: 10 - start % 10] if start < 95 else b"" == b""
    raw.seek(-5, 2)
    assert raw.read() == body[-5:]
    Piece.objects.filter(number=3).delete()
    raw.seek(30)
    with pytest.raises(OSError, match="gone"):
        raw.read(1)


def test_what_is_too_large_is_not_kept() -> None:
    written = Writer(uuid4(), most=pieces.SIZE + 1, at=NOON)
    written.write(b"x" * pieces.SIZE)
    assert Piece.objects.count() == 1
    written.write(b"xx")
    written.write(b"x" * pieces.SIZE)
    written.close()
    assert written.is_too_large and not Piece.objects.exists()


@pytest.mark.parametrize("before", State)
@pytest.mark.parametrize("after", State)
def test_every_arrow(before: State, after: State) -> None:
    upload = Upload(state=before)
    if after in TRANSITIONS[before]:
        upload.move(after)
        assert upload.state == after
    else:
        with pytest.raises(ForbiddenMove):
            upload.move(after)


def test_nothing_to_do() -> None:
    assert actions.work() == 0
    with pytest.raises(comparing.NoRows):
        comparing.period(Upload())
