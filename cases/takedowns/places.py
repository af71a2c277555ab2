"""Places: how many may do the same at once over the whole installation, so that every other task keeps its turn.

A place is an advisory lock of a database session: whoever dies with it leaves it.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

# The kind of work; the place among those of its kind is the lock's second number.
SENDING, LOOKING, ASKING = 0x53454E44, 0x4C4F4F4B, 0x41534B53


def take(kind: int, *, places: int = 1) -> int | None:
    """One of so many, held by this connection until it is left or closed; None when all are taken."""
    with connection.cursor() as cursor:
        for place in range(places):
            cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [kind, place])
            if cursor.fetchone()[0]:
                return place
    return None


@contextmanager
def only_one(kind: int) -> Iterator[bool]:
    """The only place of its kind, while the block runs. False when somebody has it."""
    place = take(kind)
    if place is None:
        yield False
        return
    try:
        yield True
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [kind, place])
