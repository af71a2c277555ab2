"""Write many rows in one statement: of one table column by column, or the few rows of several tables together."""

import json
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import connection, models


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
    parts, values = [], []
    for rows in filter(None, tables):
        beginning, fields, places = _inserting(type(rows[0]))
        parts.append(f"{beginning} {', '.join([places] * len(rows))}")
        for row in rows:
            values += [
                getattr(row, field.attname)
                if is_plain
                else field.get_db_prep_save(getattr(row, field.attname), connection)
                for field, is_plain in fields
            ]
            row._state.adding, row._state.db = False, connection.alias
    *earlier, last = parts
    before = ", ".join(f"part_{number} AS ({part})" for number, part in enumerate(earlier))
    with connection.cursor() as cursor:
        cursor.execute(f"WITH {before} {last}" if before else last, values)


# What the driver takes only when Django has wrapped it; all else it takes as it stands in the row.
WRAPPED = (models.JSONField, ArrayField)


@cache
def _inserting(model: type[models.Model]) -> "tuple[str, list[tuple[models.Field[Any, Any], bool]], str]":
    """The beginning of an INSERT, the fields whose values follow (plain or not), and the places for those of one row."""
    fields = [field for field in model._meta.concrete_fields if not isinstance(field, models.AutoField)]
    quote = connection.ops.quote_name
    names = ", ".join(quote(field.column or field.name) for field in fields)
    places = ", ".join(
        field.get_placeholder(None, None, connection) if hasattr(field, "get_placeholder") else "%s"
        for field in fields
    )
    known = [(field, not isinstance(field, WRAPPED)) for field in fields]
    return f"INSERT INTO {quote(model._meta.db_table)} ({names}) VALUES", known, f"({places})"
