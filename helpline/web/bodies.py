"""Reads the JSON body of a request, whatever it holds."""

import json
from typing import Any, NoReturn

from django.utils.translation import gettext as _
from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser


def _not_a_number(word: str) -> NoReturn:
    raise ValueError(word)


class JsonBody(JSONParser):
    """UTF-8 JSON, no NaN. Django's DATA_UPLOAD_MAX_MEMORY_SIZE limits it before it gets here."""

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        try:
            return json.loads(stream.read().decode(), parse_constant=_not_a_number)
        except (ValueError, RecursionError):
            # Not chained: the decoder's error holds the text, and a child's words have no place in a log.
            raise ParseError(_("The body is not JSON in UTF-8.")) from None
