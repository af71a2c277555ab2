"""What a statement of ours answers, that no model would."""

from typing import Any

from django.db import connection


def fetch_rows(statement: str, values: Any) -> list[tuple[Any, ...]]:
    """Every row."""
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        found: list[tuple[Any, ...]] = cursor.fetchall()
    return found


def fetch_column(statement: str, values: Any) -> list[Any]:
    """The first of each row."""
    return [row[0] for row in fetch_rows(statement, values)]
