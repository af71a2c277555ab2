"""Write many rows of one table in one statement, column by column."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

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
