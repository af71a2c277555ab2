"""Django's PostgreSQL, with a cheaper look at a kept connection, and with statements that the server keeps prepared."""

import select
from collections.abc import Sequence
from typing import Any

from django.db.backends.postgresql import base
from psycopg2.extensions import TRANSACTION_STATUS_IDLE

# What one connection keeps: a report of each usual number of links. What is rarer is sent whole.
MOST_PREPARED = 20


class DatabaseWrapper(base.DatabaseWrapper):
    """Named by `ENGINE` in the settings."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._prepared: dict[str, str] = {}  # what was prepared on this connection -> the EXECUTE for it

    def get_new_connection(self, conn_params: Any) -> Any:
        """A new connection knows nothing of what the one before it had prepared."""
        self._prepared = {}
        return super().get_new_connection(conn_params)

    def execute_prepared(self, statement: str, values: Sequence[Any]) -> None:
        """Run a statement that brings nothing back, with `%s` for each of its values.

        The server reads and plans it once a connection. For the few long statements that are run all day.
        """
        with self.cursor() as cursor:
            if statement not in self._prepared and len(self._prepared) < MOST_PREPARED:
                self._prepare(statement, len(values))
            cursor.execute(self._prepared.get(statement, statement), values)

    def _prepare(self, statement: str, count: int) -> None:
        name = f"prepared_{len(self._prepared)}"
        numbers = tuple(f"${number}" for number in range(1, count + 1))
        with self.wrap_database_errors, self.connection.cursor() as cursor:
            cursor.execute(f"PREPARE {name} AS {statement % numbers}")
        # It outlives a transaction that is undone, so it is remembered whatever becomes of this one.
        self._prepared[statement] = f"EXECUTE {name} ({', '.join(['%s'] * count)})"

    def is_usable(self) -> bool:
        """Is the kept connection still there?

        Django asks the server (`SELECT 1`), which costs every request a way there and back. A server that ended a
        connection has said so on it: there is something to read where an idle one is silent. After an error and inside a
        transaction the server is asked all the same. One that vanished without a word is found by TCP's own keepalive.
        """
        kept = self.connection
        if self.errors_occurred or kept is None or kept.closed:
            return super().is_usable()
        if kept.info.transaction_status != TRANSACTION_STATUS_IDLE:
            return super().is_usable()
        waiting = select.poll()
        waiting.register(kept.fileno(), select.POLLIN)
        return not waiting.poll(0)
