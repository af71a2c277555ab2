"""Write many rows in one statement: of one table column by column, or the few rows of several tables together."""

import json
from collections.abc import Callable, Mapping, Sequence
from functools import cache, lru_cache, partial
from typing import Any, cast

from django.contrib.postgres.fields import ArrayField
from django.db import connection, models

from helpline.postgresql.base import DatabaseWrapper


def insert(model: type[models.Model], columns: Mapping[str, Sequence[Any]]) -> None:
    """A row for each place in `columns`: field name -> its values, all equally long.

    For rows that nobody needs as objects: `bulk_create` spends several times as long on making and unmaking them.
    Nothing is defaulted, so every field without a default in the database must be named. Not for ArrayField.
    """
    fields = {field.name: field for field in model._meta.concrete_fields}
    names, types, values = [], [], []
    for name, column in columns.items():
        field = fields[name]
        names.append(connection.ops.quote_name(field.column or name))
        # Without its length: a cast to varchar(60) would cut what is too long, where storing it must fail.
        types.append(f"%s::{(field.db_type(connection) or '').partition('(')[0]}[]")
        is_json = isinstance(field, models.JSONField)
        values.append([json.dumps(value) for value in column] if is_json else list(column))
    table = connection.ops.quote_name(model._meta.db_table)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} ({', '.join(names)}) SELECT * FROM unnest({', '.join(types)})",  # noqa: S608  our own names
            values,
        )


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
