"""Lists page by page: `{"results": […], "next": "<address or null>"}`, at the same cost on every page.

A page begins after the last row of the one before it, found by its place in an index, never by counting.
"""

import base64
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from django.core.exceptions import ValidationError
from django.db.models import Field, Model, Q, QuerySet
from django.utils.translation import gettext as _
from rest_framework.request import Request

from helpline.web import problems
from helpline.web.problems import Problem

DEFAULT_LIMIT = 50
MAX_LIMIT = 200
M = TypeVar("M", bound=Model)


class BadCursor(ValueError):
    """The cursor is not one of ours, or belongs to another list."""


@dataclass(frozen=True, slots=True)
class Page(Generic[M]):
    """`next` is the cursor of the page after this one; '' at the end."""

    rows: Sequence[M]
    next: str


def limit_of(request: Request) -> int:
    """`?limit=`, 50 when it is not said; more than 200 is 200. Raises Problem when it is no number from 1."""
    text = request.query_params.get("limit")
    if text is None:
        return DEFAULT_LIMIT
    if not (text.isascii() and text.isdigit()) or not (limit := int(text[:9])):
        raise problems.invalid({"limit": [_("A whole number from 1 to 200.")]})
    return min(limit, MAX_LIMIT)


def cursor_of(request: Request) -> str:
    """`?cursor=`, '' for the first page."""
    return str(request.query_params.get("cursor", ""))


def answer(request: Request, results: Iterable[Any], cursor: str) -> dict[str, Any]:
    """The body of a list. `cursor`: of the next page, '' at the end."""
    address = None
    if cursor:
        query = request.query_params.copy()
        query["cursor"] = cursor
        address = request.build_absolute_uri(f"{request.path}?{query.urlencode()}")
    return {"results": list(results), "next": address}


def bad_cursor() -> Problem:
    """400: to be raised where another module's own cursor can't be read."""
    return Problem(
        400, "bad_cursor", _("This is not the address of a page of this list. Start from the first page.")
    )


problems.meaning_of(BadCursor)(lambda error: bad_cursor())


def page(rows: QuerySet[M], *, by: Sequence[str], cursor: str, limit: int) -> Page[M]:
    """One page of `rows`, ordered by the columns `by`, unique together: all rising, or all falling (`-name`).

    Raises BadCursor.
    """
    falling = by[0].startswith("-")
    names = [name.removeprefix("-") for name in by]
    rows = rows.order_by(*by)
    if cursor:
        rows = rows.filter(_beyond(_read(cursor, rows.model, names), falling=falling))
    found = list(rows[: limit + 1])
    return Page(found[:limit], _write(found[limit - 1], names) if len(found) > limit else "")


def _beyond(place: Sequence[tuple[str, Any]], *, falling: bool) -> Q:
    """(a, b) > (x, y), said so that the database enters the index at x instead of reading up to it."""
    beyond = "lt" if falling else "gt"
    (name, value), *rest = place
    after = Q(**{f"{name}__{beyond}": value})
    if not rest:
        return after
    return Q(**{f"{name}__{beyond}e": value}) & (after | _beyond(rest, falling=falling))


def _write(row: Model, names: Sequence[str]) -> str:
    place = [_word(row.serializable_value(name)) for name in names]
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode().rstrip("=")


def _word(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _read(cursor: str, model: type[Model], names: Sequence[str]) -> list[tuple[str, Any]]:
    try:
        words = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, RecursionError) as error:
        raise BadCursor from error
    if not isinstance(words, list) or len(words) != len(names):
        raise BadCursor
    return [
        (name, _value(model._meta.get_field(name), word)) for name, word in zip(names, words, strict=True)
    ]


def _value(field: Any, word: Any) -> Any:
    if not isinstance(word, str) or not isinstance(field, Field) or "\0" in word:
        raise BadCursor
    try:
        value = field.to_python(word)
    except (ValidationError, ValueError, OverflowError) as error:
        raise BadCursor from error
    if isinstance(value, datetime) and (value.tzinfo is None or not 1900 < value.year < 9000):
        raise BadCursor
    return value
