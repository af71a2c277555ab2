"""The embedded PostgreSQL: for its owner alone, and back after every kind of end."""

import os
import pwd
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg2
import pytest

from helpline.embedded import addresses, postgres
from helpline.embedded.folders import NOBODY
from helpline.embedded.processes import CannotStart, Child, Program
from tests.helpline.embedded.strays import eventually, mentioning

pytestmark = pytest.mark.slow

Start = Callable[[Program], Child]

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root: another user must come into it")


def ask(var: Path, query: str, *, user: str = addresses.ROLE, dbname: str = addresses.DATABASE) -> Any:
    """The first value that `query` gives, as the application or as another role."""
    entry = addresses.database(var)
    connection = psycopg2.connect(host=entry["HOST"], port=entry["PORT"], user=user, dbname=dbname)
    try:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(query)
            return cursor.fetchone()[0] if cursor.description else None
    finally:
        connection.close()


def test_the_application_owns_its_database_and_is_no_superuser(var: Path, start: Start) -> None:
    start(postgres.program(var))

    assert ask(var, "SHOW server_version").startswith("18")
    assert ask(var, "SELECT rolsuper FROM pg_roles WHERE rolname = current_user") is False
    assert ask(var, "SELECT upper('é')") == "É"
    ask(var, "CREATE TABLE told (word text)")
    ask(var, "CREATE DATABASE test_helpline")  # as Django's test runner does


def test_it_listens_on_one_closed_folder_and_nowhere_else(var: Path, start: Start) -> None:
    start(postgres.program(var))

    assert ask(var, "SHOW listen_addresses") == ""
    assert addresses.database_folder(var).stat().st_mode & 0o777 == 0o700
    assert (var / "postgres").stat().st_mode & 0o077 == 0


def test_its_log_holds_no_values(var: Path, start: Start) -> None:
    # Given a table that takes each word once
    server = start(postgres.program(var))
    ask(var, "CREATE TABLE told (word text UNIQUE)")
    ask(var, "INSERT INTO told VALUES ('canary')")

    # When one comes twice
    with pytest.raises(psycopg2.errors.UniqueViolation):
        ask(var, "INSERT INTO told VALUES ('canary')")

    # Then the log tells of the error, not of the word
    assert "duplicate key value" in server.log.read_text()
    assert "canary" not in server.log.read_text()


@as_root
def test_nobody_but_its_owner_is_let_in(var: Path, start: Start) -> None:
    # Given a server whose folders somebody has opened by mistake
    start(postgres.program(var))
    socket = addresses.database_folder(var) / ".s.PGSQL.5432"
    for path in (*socket.parents[:4], socket):
        path.chmod(0o777)

    # When others knock: nobody, and an ordinary user
    for user in (NOBODY, 1234):
        with pytest.raises(AssertionError, match="Peer authentication failed"):
            knock_as(user, socket.parent)


def knock_as(user: int, folder: Path) -> None:
    """Connect as another user of this machine."""
    child = os.fork()
    if child == 0:  # pragma: no cover  another process
        os.setgroups([])
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)
        try:
            psycopg2.connect(host=str(folder), port=5432, user="postgres", dbname="postgres").close()
        except psycopg2.OperationalError as error:
            os._exit(1 if "Peer authentication failed" in str(error) else 2)
        os._exit(0)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert code == 0, "Peer authentication failed" if code == 1 else "another error"


def test_a_second_start_finds_the_data(var: Path, start: Start) -> None:
    start(postgres.program(var)).stop()
    server = start(postgres.program(var))
    ask(var, "CREATE TABLE told (word text)")
    server.stop()

    start(postgres.program(var))

    assert ask(var, "SELECT count(*) FROM told") == 0


def test_it_comes_back_after_kill_9_with_all_that_was_committed(var: Path, start: Start) -> None:
    # Given a server killed at work
    server = start(postgres.program(var, durable=False))
    ask(var, "CREATE TABLE told AS SELECT generate_series(1, 1000) AS n")
    assert server.process is not None
    server.process.kill()
    assert eventually(lambda: not server.running())
    assert (var / "postgres" / "postmaster.pid").exists()

    # When it is started again
    start(postgres.program(var, durable=False))

    # Then nothing is missing
    assert ask(var, "SELECT count(*) FROM told") == 1000


def test_a_lock_whose_number_now_belongs_to_another_program_does_not_stop_it(var: Path, start: Start) -> None:
    # Given a crash, and a process that has been given the crashed one's number since
    server = start(postgres.program(var))
    assert server.process is not None
    server.process.kill()
    assert eventually(lambda: not server.running())
    other = subprocess.Popen(["sleep", "600"])
    try:
        lock = var / "postgres" / "postmaster.pid"
        lines = lock.read_text().splitlines()
        lock.write_text("\n".join([str(other.pid), *lines[1:]]) + "\n")

        # Then the server starts all the same, and leaves the other one alone
        start(postgres.program(var))
        assert other.poll() is None
    finally:
        other.kill()
        other.wait()


def test_an_interrupted_first_start_leaves_nothing_in_the_way(var: Path, start: Start) -> None:
    (var / "postgres.new").mkdir()
    (var / "postgres.new" / "PG_VERSION").write_text("18\n")

    start(postgres.program(var))

    assert not (var / "postgres.new").exists()


def test_a_folder_of_another_major_version_is_named(var: Path) -> None:
    (var / "postgres").mkdir()
    (var / "postgres" / "PG_VERSION").write_text("15\n")

    with pytest.raises(CannotStart, match="was made by PostgreSQL 15, and this is PostgreSQL 18"):
        postgres.program(var).prepare()


def test_a_folder_that_is_no_database_is_left_alone(var: Path) -> None:
    (var / "postgres").mkdir()
    (var / "postgres" / "letter.txt").write_text("dear diary")

    with pytest.raises(CannotStart, match="is not a database folder of ours"):
        postgres.program(var).prepare()
    assert (var / "postgres" / "letter.txt").exists()


def test_what_initdb_says_is_passed_on(var: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres, "SUPERUSER", "pg_forbidden")
    with pytest.raises(CannotStart, match=r"(?s)could not be made.*pg_forbidden"):
        postgres.program(var).prepare()


def test_stopping_is_prompt_while_clients_are_connected(var: Path, start: Start) -> None:
    server = start(postgres.program(var))
    entry = addresses.database(var)
    client = psycopg2.connect(host=entry["HOST"], port=entry["PORT"], user="helpline", dbname="helpline")
    try:
        server.stop()
    finally:
        client.close()
    assert server.ending() == "ended with code 0"
    assert eventually(lambda: mentioning(var / "postgres") == [])


# --- Whom it runs as ----------------------------------------------------------------------------------


@as_root
def test_as_root_it_runs_in_a_namespace_of_its_own_and_the_files_stay_ours() -> None:
    user = postgres.run_as()
    if user.wrapper[0] != "unshare":
        pytest.skip("this machine allows no user namespaces")

    assert user.owner == 0
    # Strangers look like nobody from inside, so nobody must not be whom it takes us for.
    assert user.peer != "nobody"


@as_root
def test_where_namespaces_are_forbidden_it_steps_down_to_nobody(
    start: Start, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory, var: Path
) -> None:
    # Given root without user namespaces, and a data folder that nobody could reach
    monkeypatch.setattr(postgres, "works", lambda wrapper: wrapper[0] == "setpriv")
    assert var.stat().st_mode & 0o077 == 0

    # When it is started, killed, and started again
    server = start(postgres.program(var))
    assert server.process is not None
    assert Path(f"/proc/{server.process.pid}").stat().st_uid == NOBODY
    ask(var, "CREATE TABLE told (word text)")
    os.kill(server.process.pid, signal.SIGKILL)
    assert eventually(lambda: not server.running())
    again = start(postgres.program(var))

    # Then we are let in, and once namespaces are back the same data serves
    assert ask(var, "SELECT count(*) FROM told") == 0
    again.stop()
    monkeypatch.undo()
    start(postgres.program(var))
    assert ask(var, "SELECT count(*) FROM told") == 0


@as_root
def test_where_nothing_helps_root_is_told_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres, "works", lambda wrapper: False)
    with pytest.raises(CannotStart, match=r"refuses to run as root.*set DATABASE_URL"):
        postgres.run_as()


def test_a_user_without_a_name_gets_one_inside_or_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 54321)
    monkeypatch.setattr(postgres, "works", lambda wrapper: True)
    assert postgres.run_as().wrapper[0] == "unshare"

    monkeypatch.setattr(postgres, "works", lambda wrapper: False)
    with pytest.raises(CannotStart, match="needs a name for user 54321"):
        postgres.run_as()


def test_an_ordinary_user_is_simply_themselves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: NOBODY)
    user = postgres.run_as()
    assert user == postgres.RunAs(wrapper=(), owner=NOBODY, peer=pwd.getpwuid(NOBODY).pw_name)


def test_a_command_that_cannot_be_run_does_not_work() -> None:
    assert postgres.works(("env",))
    assert not postgres.works(("false",))
    assert not postgres.works(("no-such-command",))


def test_somebody_elses_data_is_named(var: Path, start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    start(postgres.program(var)).stop()
    monkeypatch.setattr(os, "geteuid", lambda: 1)
    monkeypatch.setattr(postgres, "make_private", lambda folder, owner=None: None)
    with pytest.raises(CannotStart, match="belongs to user"):
        postgres.program(var).prepare()
