"""Texts too large to be read at all, answered calmly; how much may be written from one address; forms in turn."""

from collections.abc import Callable
from functools import wraps
from http import HTTPStatus

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt, csrf_protect

from helpline.web.flood import Gate

DRAINED = 32 * 1024 * 1024  # a browser that is still sending does not read our answer
PIECE = 64 * 1024

# What may be written a minute from one address, on the pages and by code over the API: a school behind one writes less.
WRITING = Gate(settings.INTAKE_PER_MINUTE)

View = Callable[..., HttpResponse]


def bounded(view: View) -> View:
    """Refuse what is longer than settings.DATA_UPLOAD_MAX_MEMORY_SIZE, unread, with a page that leads back.

    The check for forged forms reads the whole form, so it comes after this one, not before.
    """
    guarded = csrf_protect(view)

    @wraps(view)
    def wrapper(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        if int(request.META.get("CONTENT_LENGTH") or 0) <= settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
            return guarded(request, *args, **kwargs)
        left = DRAINED
        while left > 0 and (piece := request.read(PIECE)):
            left -= len(piece)
        context = {"most": settings.STORY_MAX_CHARS, "back": request.path}
        return render(request, "reports/too_long.html", context, status=HTTPStatus.REQUEST_ENTITY_TOO_LARGE)

    return csrf_exempt(wrapper)


def in_turn(view: View) -> View:
    """A form is answered in one transaction, during which it holds its draft. A page is only read."""

    @wraps(view)
    def wrapper(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        if request.method != "POST":
            return view(request, *args, **kwargs)
        with transaction.atomic():
            return view(request, *args, **kwargs)

    return wrapper
