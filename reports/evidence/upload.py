"""The one door through which a file comes in: one picture, small enough, into memory only."""

from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from io import BytesIO
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import InMemoryUploadedFile
from django.core.files.uploadhandler import FileUploadHandler, SkipFile, StopFutureHandlers
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt, csrf_protect

from reports.bounds import DRAINED, PIECE
from reports.evidence.sanitise import SENTENCES

FIELD = "picture"
AROUND = 64 * 1024  # what a form may hold besides its picture

View = Callable[..., HttpResponse]


class OnePicture(FileUploadHandler):
    """Keeps the first file called `picture`, in memory and up to one byte more than is allowed; no other file."""

    def new_file(self, field_name: str, *args: Any, **kwargs: Any) -> None:
        """Begin it, or read it past."""
        super().new_file(field_name, *args, **kwargs)
        if field_name != FIELD or hasattr(self, "kept"):
            raise SkipFile
        self.kept = BytesIO()
        raise StopFutureHandlers

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        """Keep a piece."""
        self.kept.write(raw_data[: max(0, settings.EVIDENCE_MAX_BYTES + 1 - self.kept.tell())])

    def file_complete(self, file_size: int) -> InMemoryUploadedFile:
        """The file. Its name and declared type are left where they are: neither is believed or needed."""
        size = self.kept.tell()
        self.kept.seek(0)
        return InMemoryUploadedFile(self.kept, FIELD, FIELD, "", size, None)


def with_a_picture(view: View) -> View:
    """As `reports.bounds.bounded`, for the view that takes a picture: larger, and with OnePicture in NoFiles' place.

    Reading the form starts with the check for forged forms, so that comes after the handler is in its place.
    """
    guarded = csrf_protect(view)

    @wraps(view)
    def wrapper(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        request.upload_handlers = [OnePicture(request)]
        if int(request.META.get("CONTENT_LENGTH") or 0) <= settings.EVIDENCE_MAX_BYTES + AROUND:
            return guarded(request, *args, **kwargs)
        left = DRAINED
        while left > 0 and (piece := request.read(PIECE)):
            left -= len(piece)
        if is_by_script(request):
            return JsonResponse(
                {"error": str(SENTENCES["too_large"])}, status=HTTPStatus.REQUEST_ENTITY_TOO_LARGE
            )
        context = {
            "back": request.path,
            "heading": _("This file is too large"),
            "lead": _(
                "We can take a screenshot of up to %(most)s MB. Your answers are kept. Go back, and choose a smaller one."
            )
            % {"most": settings.EVIDENCE_MAX_BYTES // (1024 * 1024)},
        }
        return render(
            request, "reports/pictures_too_large.html", context, status=HTTPStatus.REQUEST_ENTITY_TOO_LARGE
        )

    return csrf_exempt(wrapper)


def is_by_script(request: HttpRequest) -> bool:
    """Does redact.js ask, which wants a short answer and no page?"""
    return bool(request.headers.get("X-Part"))
