"""Django's PostgreSQL, with a cheaper look at a kept connection, and with statements that the server keeps prepared."""

import re
import select
from collections.abc import Sequence
from itertools import count
from typing import Any, cast

from django.db.backends.postgresql import base
from psycopg2.extensions import TRANSACTION_STATUS_IDLE

# What one connection keeps: a report of each usual number of links, an answer, the counts of the colleagues it serves.
MOST_PREPARED = 40
# A host that vanished without a word – cut off, powered down – is given up after a minute, by either side: the kernel's own
# two hours would leave a page hanging, or a lock with a process that is no more. Seconds; the last in milliseconds.
ALIVE = {"keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3, "tcp_user_timeout": 60_000}
SESSION = """
    SET plan_cache_mode = force_generic_plan;
    SET tcp_keepalives_idle = 30;
    SET tcp_keepalives_interval = 10;
    SET tcp_keepalives_count = 3;
    SET tcp_user_timeout = 60000
"""
# Of a value, with the type it is said to have.
PLACE = re.compile(r"%s((?:::\w+(?: with time zone)?(?:\(\d+\))?(?:\[\])?)?)")


class DatabaseWrapper(base.DatabaseWrapper):
    """Named by `ENGINE` in the settings."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._prepared: dict[
            str, str
        ] = {}  # what was prepared on this connection -> the EXECUTE for it, oldest use first
        self._names = count()

    def get_connection_params(self) -> dict[str, Any]:
        """What an operator's address says of keepalives goes before."""
        return ALIVE | super().get_connection_params()

    def get_new_connection(self, conn_params: Any) -> Any:
        """A new connection knows nothing of what the one before it had prepared."""
        self._prepared = {}
        return super().get_new_connection(conn_params)

    def init_connection_state(self) -> None:
        """What is prepared is planned once: rows come as arrays, and any number of them wants the same way by the index."""
        super().init_connection_state()
        with self.wrap_database_errors, self.connection.cursor() as cursor:
            cursor.execute(SESSION)

    def execute_prepared(self, statement: str, values: Sequence[Any]) -> None:
        """Run a statement that brings nothing back, with `%s` for each of its values.

        The server reads and plans it once a connection. For the few long statements that are run all day.
        """
        with self.cursor() as cursor:
            cursor.execute(self._known(statement), values)

    def fetch_prepared(self, statement: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
        """The same for one that brings rows back."""
        return self.fetch_last_prepared((statement, values))

    def fetch_last_prepared(self, *steps: tuple[str, Sequence[Any]]) -> list[tuple[Any, ...]]:
        """Several, one after the other, on one way to the server and back: the rows of the last.

        Each sees what was committed when its own turn came, so one that waited for a lock is followed by one that looks.
        """
        values = [value for _statement, given in steps for value in given]
        known = "; ".join([self._known(statement) for statement, _given in steps])
        with self.cursor() as cursor:
            cursor.execute(known, values)
            return cast(list[tuple[Any, ...]], cursor.fetchall())

    def _known(self, statement: str) -> str:
        """How it is run on this connection: by name where the server knows it."""
        found = self._prepared.pop(statement, None)
        if found is None:
            self.ensure_connection()
            found = self._prepare(statement)
        # It outlives a transaction that is undone, so it is remembered whatever becomes of this one.
        self._prepared[statement] = found
        return found

    def _prepare(self, statement: str) -> str:
        name = f"prepared_{next(self._names)}"
        types = PLACE.findall(statement)
        numbers = tuple(f"${number}" for number in range(1, len(types) + 1))
        with self.wrap_database_errors, self.connection.cursor() as cursor:
            while len(self._prepared) >= MOST_PREPARED:
                oldest = next(iter(self._prepared))
                cursor.execute(f"DEALLOCATE {self._prepared[oldest].split()[1]}")
                del self._prepared[oldest]
            cursor.execute(f"PREPARE {name} AS {statement % numbers}")
        # An array is not known for what it is without its type.
        places = ", ".join(f"%s{type_}" for type_ in types)
        return f"EXECUTE {name} ({places})" if types else f"EXECUTE {name}"

    def is_usable(self) -> bool:
        """Is the kept connection still there?

        Django asks the server (`SELECT 1`), which costs every request a way there and back. A server that ended a
        connection has said so on it: there is something to read where an idle one is silent. After an error and inside a
        transaction the server is asked all the same. One that vanished without a word is found by keepalive.
        """
        kept = self.connection
        if self.errors_occurred or kept is None or kept.closed:
            return super().is_usable()
        if kept.info.transaction_status != TRANSACTION_STATUS_IDLE:
            return super().is_usable()
        waiting = select.poll()
        waiting.register(kept.fileno(), select.POLLIN)
        return not waiting.poll(0)
