"""A kept connection is looked at before it is used, without asking the server."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, connections


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
