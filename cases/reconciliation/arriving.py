"""The one door by which a table comes in: into the database piece by piece while it arrives, never onto a disk."""

from collections.abc import Callable
from functools import wraps
from io import BytesIO
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler, SkipFile, StopFutureHandlers
from django.http import HttpResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt, csrf_protect

from cases.reconciliation.pieces import Writer
from helpline.accounts.access import StaffRequest

FIELD = "file"
AROUND = 64 * 1024  # what the form holds besides its file
View = Callable[..., HttpResponse]


class Arrived(UploadedFile):  # type: ignore[type-arg]  # not at run time
    """A file whose pieces are written."""

    def __init__(self, written: Writer, name: str) -> None:
        super().__init__(BytesIO(), name, "", written.size)
        self.written = written


class IntoPieces(FileUploadHandler):
    """Keeps the first file called `file`, up to what is allowed; no other."""

    def new_file(self, field_name: str, *args: Any, **kwargs: Any) -> None:
        """Begin it, or read it past."""
        super().new_file(field_name, *args, **kwargs)
        if field_name != FIELD or hasattr(self, "written"):
            raise SkipFile
        self.written = Writer(uuid4(), most=settings.RECONCILIATION_MAX_BYTES, at=timezone.now())
        raise StopFutureHandlers

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        """Some more of it."""
        self.written.write(raw_data)

    def file_complete(self, file_size: int) -> Arrived:
        """The file, as far as it is kept."""
        return Arrived(self.written, self.file_name or "")


def with_a_table(view: View) -> View:
    """The view takes a table: IntoPieces in NoFiles' place, before the check for forged forms reads the form."""
    guarded = csrf_protect(view)

    @wraps(view)
    def wrapper(request: StaffRequest, *args: object, **kwargs: object) -> HttpResponse:
        request.upload_handlers = [IntoPieces(request)]
        return guarded(request, *args, **kwargs)

    return csrf_exempt(wrapper)


def is_announced_too_large(request: StaffRequest) -> bool:
    """The browser says itself that more comes than is taken: nothing of it need be read."""
    length = request.META.get("CONTENT_LENGTH") or "0"
    return length.isdigit() and int(length) > settings.RECONCILIATION_MAX_BYTES + AROUND
