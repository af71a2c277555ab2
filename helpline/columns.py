"""Write many rows in one statement: of one table column by column, or the few rows of several tables together."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from functools import cache, lru_cache, partial
from typing import Any, cast
from uuid import UUID

from django.contrib.postgres.fields import ArrayField
from django.db import connection, models

from helpline.postgresql.base import DatabaseWrapper

Columns = Mapping[str, Sequence[Any]]


def insert(model: type[models.Model], columns: Columns) -> None:
    """A row for each place in `columns`: field name -> its values, all equally long.

    For rows that nobody needs as objects: `bulk_create` spends several times as long on making and unmaking them.
    Nothing is defaulted, so every field without a default in the database must be named. Not for ArrayField.
    """
    insert_each({model: columns})


def insert_each(
    tables: Mapping[type[models.Model], Columns], *, then: str = "", values: Sequence[Any] = ()
) -> None:
    """The same for several tables, in one statement that is the same for any number of rows.

    `then` is what else is done in the same go: parts of a WITH, each with a name, and the statement they lead to.
    """
    shape = tuple((model, tuple(columns)) for model, columns in tables.items())
    told = [_rows_of(model, columns) for model, columns in tables.items()]
    cast(DatabaseWrapper, connection).execute_prepared(_each(shape, then), [*told, *values])


@lru_cache(maxsize=64)
def _each(shape: tuple[tuple[type[models.Model], tuple[str, ...]], ...], then: str) -> str:
    """One statement that fills these columns of each of these models."""
    parts = [_filling(*one)[0] for one in shape]
    last = then or parts.pop()
    before = "".join(f"part_{number} AS ({part}), " for number, part in enumerate(parts))
    if then:
        return f"WITH {before}{last}"
    return f"WITH {before.removesuffix(', ')} {last}" if before else last


@lru_cache(maxsize=64)
def _filling(model: type[models.Model], names: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    """An INSERT of rows that are told as JSON; and what the columns are called there.

    One value for the server to read, where an array for each column is as many expressions to make sense of.
    """
    fields = {field.name: field for field in model._meta.concrete_fields}
    quote = connection.ops.quote_name
    called = tuple(fields[name].column or name for name in names)
    # Without its length: a cast to varchar(60) would cut what is too long, where storing it must fail.
    kinds = [(fields[name].db_type(connection) or "").partition("(")[0] for name in names]
    into = ", ".join(map(quote, called))
    record = ", ".join(f"{quote(name)} {kind}" for name, kind in zip(called, kinds, strict=True))
    table = quote(model._meta.db_table)
    return (
        f"INSERT INTO {table} ({into}) SELECT {into} FROM jsonb_to_recordset(%s::jsonb) AS mine({record})",  # noqa: S608  our own names
        called,
    )


def _rows_of(model: type[models.Model], columns: Columns) -> str:
    called = _filling(model, tuple(columns))[1]
    return as_json([dict(zip(called, row, strict=True)) for row in zip(*columns.values(), strict=True)])


def as_json(rows: Sequence[Mapping[str, Any]]) -> str:
    """Rows as the server reads them from JSON, each value in the spelling of its type."""
    return json.dumps(rows, default=_spelled)


def _spelled(value: Any) -> str:
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bytes | memoryview):
        return f"\\x{value.hex()}"
    if isinstance(value, UUID):
        return str(value)
    raise TypeError(f"No column is known to take a {type(value).__name__} as text.")


def insert_together(*tables: Sequence[models.Model]) -> None:
    """New rows of several tables in one statement: all of them or none, with one way to the database and back.

    Each argument holds the rows of one model. Keys that the database counts are not brought back. References among
    the rows hold, since they are checked when the statement ends.
    """
    shape, values = [], []
    for rows in filter(None, tables):
        model = type(rows[0])
        shape.append((model, len(rows)))
        fields = _inserting(model)[1]
        for row in rows:
            values += [
                written(getattr(row, name)) if written else getattr(row, name) for name, written in fields
            ]
            row._state.adding, row._state.db = False, connection.alias
    # Its text is long and always the same, so that the server spends more on reading and planning it than on the rows.
    cast(DatabaseWrapper, connection).execute_prepared(_together(tuple(shape)), values)


@lru_cache(maxsize=64)
def _together(shape: tuple[tuple[type[models.Model], int], ...]) -> str:
    """One statement for so many rows of each of these models."""
    parts = []
    for model, count in shape:
        beginning, _fields, places = _inserting(model)
        parts.append(f"{beginning} {', '.join([places] * count)}")
    *earlier, last = parts
    before = ", ".join(f"part_{number} AS ({part})" for number, part in enumerate(earlier))
    return f"WITH {before} {last}" if before else last


Written = Callable[[Any], Any] | None


@cache
def _inserting(model: type[models.Model]) -> tuple[str, list[tuple[str, Written]], str]:
    """The beginning of an INSERT, the attributes whose values follow and how, and the places for those of one row."""
    fields = [field for field in model._meta.concrete_fields if not isinstance(field, models.AutoField)]
    quote = connection.ops.quote_name
    names = ", ".join(quote(field.column or field.name) for field in fields)
    places = ", ".join(
        field.get_placeholder(None, None, connection) if hasattr(field, "get_placeholder") else "%s"
        for field in fields
    )
    known = [(field.attname, _how_written(field)) for field in fields]
    return f"INSERT INTO {quote(model._meta.db_table)} ({names}) VALUES", known, f"({places})"


def _how_written(field: "models.Field[Any, Any]") -> Written:
    """How a value of this field is handed to the driver; None: as it stands in the row."""
    if isinstance(field, models.JSONField | ArrayField):
        return partial(field.get_db_prep_save, connection=connection)
    # The driver looks long for how to write a UUID or a word of a choice. The server reads both from text.
    target = field.target_field if isinstance(field, models.ForeignKey) else field
    return _as_text if isinstance(target, models.UUIDField | models.CharField) else None


def _as_text(value: Any) -> str | None:
    return None if value is None else str(value)
