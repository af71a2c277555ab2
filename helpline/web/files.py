"""Files that somebody saves. Their name tells as little as the name of the pages."""

from django.conf import settings
from django.http import HttpResponse
from django.utils.text import slugify


def neutral_file(body: bytes, *, kind: str, content_type: str) -> HttpResponse:
    """`body` as a file to save, called like the pages are: `notes.png`. No cache keeps it."""
    name = f"{slugify(settings.NEUTRAL_NAME) or 'notes'}.{kind}"
    response = HttpResponse(body, content_type=content_type)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Cache-Control"] = "no-store"
    return response
