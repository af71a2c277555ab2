"""Files that somebody saves. Their name tells as little as the name of the pages."""

from django.conf import settings
from django.http import HttpResponse
from django.utils.text import slugify


def neutral_file(body: bytes, *, kind: str, content_type: str, name: str = "") -> HttpResponse:
    """`body` as a file to save. No cache keeps it.

    It is called like the pages are (`notes.png`), or `name` where colleagues have to tell several files apart.
    """
    name = f"{name or slugify(settings.NEUTRAL_NAME) or 'notes'}.{kind}"
    response = HttpResponse(body, content_type=content_type)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Cache-Control"] = "no-store"
    return response
