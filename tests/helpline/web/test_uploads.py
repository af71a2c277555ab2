"""A file that nobody asked for: read past, kept nowhere, answered calmly."""

import tempfile
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile, TemporaryUploadedFile
from django.test import Client

LARGE = 400 * 1024


@pytest.mark.parametrize("path", ["/follow/", "/report/1/", "/follow/messages/", "/nowhere/"])
def test_no_file_is_written(
    db: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: object, path: str
) -> None:
    made: list[str] = []
    settings.FILE_UPLOAD_TEMP_DIR = str(tmp_path)  # type: ignore[attr-defined]
    settings.FILE_UPLOAD_MAX_MEMORY_SIZE = 1  # type: ignore[attr-defined]
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(TemporaryUploadedFile, "__init__", lambda self, *a, **k: made.append("file"))

    answer = Client().post(path, {"code": "x", "picture": SimpleUploadedFile("a.jpg", b"x" * LARGE)})

    assert answer.status_code in {200, 404}
    assert not answer.wsgi_request.FILES
    assert answer.wsgi_request.POST["code"] == "x"
    assert (made, list(tmp_path.iterdir())) == ([], [])
