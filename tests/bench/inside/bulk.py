"""Writing millions of rows: a single entry into each of twenty indexes takes minutes, building each once takes seconds."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

# What is taken off, and put back in the opposite order.
REFERENCES = """
SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
WHERE contype = 'f' AND (conrelid::regclass::text = ANY(%(tables)s) OR confrelid::regclass::text = ANY(%(tables)s))
"""
KEYS = """
SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
WHERE contype IN ('p', 'u') AND conrelid::regclass::text = ANY(%(tables)s)
"""
INDEXES = """
SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index
WHERE indrelid::regclass::text = ANY(%(tables)s)
    AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid AND contype IN ('p', 'u'))
"""


@contextmanager
def without_indexes(cursor: Any, tables: Sequence[str]) -> Iterator[None]:
    """Nothing of these tables is indexed or referenced inside; all of it is built, and checked, at the end."""

    def rows(question: str) -> list[tuple[str, ...]]:
        cursor.execute(question, {"tables": list(tables)})
        found: list[tuple[str, ...]] = cursor.fetchall()
        return found

    indexes, keys, references = rows(INDEXES), rows(KEYS), rows(REFERENCES)
    for table, name, _meaning in references + keys:
        cursor.execute(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"')
    for name, _meaning in indexes:
        cursor.execute(f"DROP INDEX {name}")
    yield
    cursor.execute("SET maintenance_work_mem = '256MB'")
    for _name, meaning in indexes:
        cursor.execute(meaning)
    for table, name, meaning in keys + references:
        cursor.execute(f'ALTER TABLE {table} ADD CONSTRAINT "{name}" {meaning}')
