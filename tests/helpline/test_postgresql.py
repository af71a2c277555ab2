"""A kept connection is looked at before it is used, without asking the server; long statements are prepared."""

from collections.abc import Callable, Iterator
from typing import Any, cast

import pytest
from django.db import DataError, connection, connections

from helpline.postgresql.base import ALIVE, MOST_PREPARED, DatabaseWrapper


@pytest.mark.django_db(transaction=True)
def test_a_silent_connection_is_usable(django_assert_num_queries: Callable[..., Any]) -> None:
    connection.ensure_connection()
    assert connection.is_usable()


@pytest.mark.django_db(transaction=True)
def test_one_that_the_server_ended_is_not_and_a_new_one_takes_its_place() -> None:
    connection.ensure_connection()
    kept = connection.connection
    other = connections.create_connection("default")
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [kept.info.backend_pid])
    finally:
        other.close()

    assert not connection.is_usable()

    connection.health_check_enabled, connection.health_check_done = True, False
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        assert cursor.fetchone() == (1,)
    assert connection.connection is not kept


@pytest.mark.django_db(transaction=True)
def test_after_an_error_the_server_is_asked() -> None:
    connection.ensure_connection()
    connection.errors_occurred = True
    try:
        assert connection.is_usable()
        connection.connection.close()
        assert not connection.is_usable()
    finally:
        connection.errors_occurred = False
        connection.close()


@pytest.mark.django_db(transaction=True)
def test_either_side_gives_up_one_that_vanished_after_a_minute() -> None:
    connection.ensure_connection()
    said = connection.connection.get_dsn_parameters()
    assert {name: int(said[name]) for name in ALIVE} == ALIVE
    with connection.cursor() as cursor:
        cursor.execute("SELECT inet_server_addr() IS NULL")
        over_a_socket = cursor.fetchone() == (True,)
        cursor.execute("SHOW tcp_keepalives_idle")
        assert cursor.fetchone() == ("0" if over_a_socket else "30",)


# --- prepared statements ------------------------------------------------------------------------------

ADD = "INSERT INTO kept (number, word) VALUES (%s, %s)"
COUNT = "SELECT count(*)::int FROM kept WHERE number > %s"


@pytest.fixture
def table(transactional_db: None) -> Iterator[DatabaseWrapper]:
    """A connection of its own with an empty table, `kept`, that goes with it."""
    own = cast(DatabaseWrapper, connections.create_connection("default"))
    try:
        with own.cursor() as cursor:
            cursor.execute("CREATE TEMPORARY TABLE kept (number int, word text)")
        yield own
    finally:
        own.close()


def rows(line: DatabaseWrapper) -> list[tuple[int, str]]:
    with line.cursor() as cursor:
        cursor.execute("SELECT number, word FROM kept ORDER BY number")
        return cursor.fetchall()


def known(line: DatabaseWrapper) -> int:
    """How many statements the server keeps for this connection."""
    with line.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_prepared_statements")
        return int(cursor.fetchone()[0])


def test_a_statement_is_prepared_once(table: DatabaseWrapper) -> None:
    table.execute_prepared(ADD, [1, "100 % {of} it's"])
    table.execute_prepared(ADD, [2, None])

    assert rows(table) == [(1, "100 % {of} it's"), (2, None)]
    assert known(table) == 1


def test_what_was_undone_leaves_the_statement_known(table: DatabaseWrapper) -> None:
    table.set_autocommit(False)
    table.execute_prepared(ADD, [1, "undone"])
    table.rollback()
    table.set_autocommit(True)

    table.execute_prepared(ADD, [2, "kept"])

    assert rows(table) == [(2, "kept")]


def test_a_refused_row_leaves_it_known(table: DatabaseWrapper) -> None:
    with pytest.raises(DataError):
        table.execute_prepared(ADD, ["no number", ""])

    table.execute_prepared(ADD, [1, "fine"])

    assert rows(table) == [(1, "fine")]


def test_a_new_connection_prepares_anew(table: DatabaseWrapper) -> None:
    table.execute_prepared("SELECT %s::int", [1])
    table.close()

    table.execute_prepared("SELECT %s::int", [1])

    assert known(table) == 1


def test_beyond_the_most_the_one_not_used_for_longest_makes_room(table: DatabaseWrapper) -> None:
    table.execute_prepared(ADD, [0, "first"])
    for number in range(1, MOST_PREPARED + 2):
        table.execute_prepared(f"{ADD} -- {number}", [number, ""])
        table.execute_prepared(ADD, [-number, "used all the time"])

    assert len(rows(table)) == 2 * MOST_PREPARED + 3
    assert known(table) == MOST_PREPARED
    with table.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_prepared_statements WHERE statement NOT LIKE '%--%'")
        assert cursor.fetchone()[0] == 1


def test_a_per_cent_sign_in_a_statement_without_values(table: DatabaseWrapper) -> None:
    assert table.fetch_prepared("SELECT '100 %%'", []) == [("100 %",)]


def test_what_is_brought_back_is_prepared_too_with_arrays_for_what_they_are(table: DatabaseWrapper) -> None:
    """An array, one of nothing, text as numbers: each has the type that the statement says."""
    many = "SELECT * FROM unnest(%s::int[], %s::timestamp with time zone[], %s::varchar(3)[]) AS t(a, b, c)"

    assert table.fetch_prepared(many, [["1", "2"], [None, None], ["x", None]]) == [
        (1, None, "x"),
        (2, None, None),
    ]
    assert table.fetch_prepared(many, [[], [], []]) == []
    assert known(table) == 1


def test_what_is_prepared_is_planned_once(table: DatabaseWrapper) -> None:
    for number in range(8):
        table.execute_prepared(ADD, [number, ""])

    with table.cursor() as cursor:
        cursor.execute("SELECT generic_plans, custom_plans FROM pg_prepared_statements")
        assert cursor.fetchall() == [(8, 0)]


def test_several_go_on_one_way_and_the_last_is_brought_back(table: DatabaseWrapper) -> None:
    found = table.fetch_last_prepared((ADD, [1, "one; two"]), (COUNT, [0]))

    assert found == [(1,)]  # it sees what the one before it did
    assert known(table) == 2


def test_where_one_of_several_is_refused_none_was_done(table: DatabaseWrapper) -> None:
    with pytest.raises(DataError):
        table.fetch_last_prepared((ADD, [1, "undone"]), (COUNT, ["no number"]))

    assert rows(table) == []
    assert table.fetch_last_prepared((ADD, [2, "kept"]), (COUNT, [0])) == [(1,)]
