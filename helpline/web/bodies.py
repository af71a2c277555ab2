"""Reads the JSON body of a request, whatever it holds."""

import json
from typing import Any, NoReturn

from django.utils.translation import gettext as _
from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser


def _not_a_number(word: str) -> NoReturn:
    raise ValueError(word)


def load(raw: bytes) -> Any:
    """The value of UTF-8 JSON, without NaN. Raises ParseError."""
    try:
        return json.loads(raw.decode(), parse_constant=_not_a_number)
    except (ValueError, RecursionError):
        # Not chained: the decoder's error holds the text, and a child's words have no place in a log.
        raise ParseError(_("The body is not JSON in UTF-8.")) from None


class JsonBody(JSONParser):
    """`load`, for DRF. Django's DATA_UPLOAD_MAX_MEMORY_SIZE limits the body before it gets here."""

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        return load(stream.read())
