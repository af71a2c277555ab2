"""Django's PostgreSQL, with a cheaper look at a kept connection before a request uses it."""

import select

from django.db.backends.postgresql import base
from psycopg2.extensions import TRANSACTION_STATUS_IDLE


class DatabaseWrapper(base.DatabaseWrapper):
    """Named by `ENGINE` in the settings."""

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
