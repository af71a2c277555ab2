"""Takes no files: no form asks for one, and a picture must never touch our disk."""

from typing import Any

from django.core.files.uploadhandler import FileUploadHandler, SkipFile


class NoFiles(FileUploadHandler):
    """Reads every file past, keeping nothing of it, not even in memory. The other fields of the form arrive."""

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        raise SkipFile

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes | None:
        return None

    def file_complete(self, file_size: int) -> None:
        return None
