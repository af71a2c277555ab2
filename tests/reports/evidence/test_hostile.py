"""Hundreds of hostile files through the page itself: nothing is stored as it came, and nothing of it but its pixels."""

import io
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.http import HttpResponse
from PIL import Image

from helpline.crypto.box import Box
from reports.evidence import sanitise as sanitiser
from reports.evidence.decode import MEMORY
from reports.evidence.sanitise import content_type
from reports.models import Evidence
from tests.reports.conftest import Pen
from tests.reports.evidence.hostile import CANARY, FAMILIES, PNG_START, Files, everything

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
MOST_SECONDS = 5.0


@dataclass
class Run:
    """What one decoding took."""

    kilobytes: int
    seconds: float


# A small program between: what the kernel says of a child's memory begins with its parent's, and pytest is large.
BETWEEN = """
import os, signal, sys, time
began = time.monotonic()
child = os.posix_spawn(sys.argv[2], sys.argv[2:], {})
_, status, used = os.wait4(child, 0)
with open(sys.argv[1], "w") as told:
    told.write(f"{used.ru_maxrss} {time.monotonic() - began}")
if os.WIFSIGNALED(status):
    signal.signal(os.WTERMSIG(status), signal.SIG_DFL) if os.WTERMSIG(status) != signal.SIGKILL else None
    os.kill(os.getpid(), os.WTERMSIG(status))
sys.exit(os.WEXITSTATUS(status))
"""


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> list[Run]:
    """Every decoding of this test."""
    found: list[Run] = []
    told = tmp_path_factory.mktemp("told") / "run"

    class Measured(subprocess.Popen):  # type: ignore[type-arg]
        def __init__(self, args: list[str], **kwargs: Any) -> None:
            super().__init__([sys.executable, "-I", "-c", BETWEEN, str(told), *args], **kwargs)

        def wait(self, timeout: float | None = None) -> int:
            ended = super().wait(timeout)
            if told.exists():
                kilobytes, seconds = told.read_text().split()
                found.append(Run(int(kilobytes), float(seconds)))
                told.unlink()
            return ended

    monkeypatch.setattr(sanitiser.subprocess, "Popen", Measured)
    return found


def files_in(folder: str) -> set[str]:
    return {str(path) for path in Path(folder).iterdir()}


@pytest.fixture
def no_new_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Whatever would be written to a folder for temporary files, is seen."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    yield
    assert files_in(str(tmp_path)) == set()


def png_chunks(body: bytes) -> list[bytes]:
    at, found = len(PNG_START), []
    while at < len(body):
        length = int.from_bytes(body[at : at + 4])
        found.append(body[at + 4 : at + 8])
        at += 12 + length
    assert at == len(body)
    return found


def jpeg_segments(body: bytes) -> list[int]:
    """The markers up to the picture's own data."""
    at, found = 2, []
    while True:
        assert body[at] == 0xFF
        found.append(body[at + 1])
        if body[at + 1] == 0xDA:
            break
        at += 2 + int.from_bytes(body[at + 2 : at + 4])
    assert body.endswith(b"\xff\xd9")
    assert body.count(b"\xff\xd9") == 1
    return found


def assert_is_only_pixels(picture: bytes) -> None:
    """Nothing but what is needed to show it."""
    assert CANARY not in picture
    kind = content_type(picture)
    if kind == "image/png":
        assert set(png_chunks(picture)) == {b"IHDR", b"IDAT", b"IEND"}
    else:
        assert kind == "image/jpeg"
        # JFIF's own start, tables, the frame, the scan
        assert set(jpeg_segments(picture)) <= {0xE0, 0xDB, 0xC0, 0xC4, 0xDA}
    image = Image.open(io.BytesIO(picture))
    assert (image.mode, image.getexif(), getattr(image, "n_frames", 1)) == ("RGB", {}, 1)
    image.load()
    assert set(image.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}


def test_there_are_enough_of_them() -> None:
    files = everything()

    assert len(files) >= 300
    assert sum(CANARY in body for body in files.values()) >= 70


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.__name__)
def test_a_family_of_hostile_files(
    family: Callable[[], Files],
    pen: Pen,
    upload: Callable[..., HttpResponse],
    runs: list[Run],
    no_new_file: None,
    settings: Any,
) -> None:
    """Given each of them, when it is sent, then it is refused with a sentence, or made anew with its pixels alone."""
    settings.EVIDENCE_MOST = 1000
    pen.answer("who")
    box_key = pen.note.code
    wrong, taken, measured = [], 0, 0
    for name, body in family():
        before = set(Evidence.objects.values_list("pk", flat=True))
        runs.clear()
        answer = upload(body, by_script=True)
        if answer.status_code not in {200, 413, 422}:
            wrong.append(f"{name}: answered {answer.status_code}")
        if answer.status_code != 200 and not answer.json()["error"]:  # type: ignore[attr-defined]
            wrong.append(f"{name}: refused without a word")
        wrong += [
            f"{name}: {run}" for run in runs if run.kilobytes * 1024 > MEMORY or run.seconds > MOST_SECONDS
        ]
        for evidence in Evidence.objects.exclude(pk__in=before):
            picture = Box(evidence.key_for_code(box_key)).open_bytes(evidence, "picture")
            taken += 1
            if picture == body:
                wrong.append(f"{name}: stored as it came")
            try:
                assert_is_only_pixels(picture)
            except AssertionError as error:
                wrong.append(f"{name}: {error}")
        measured += len(runs)
    assert wrong == []
    assert measured
    assert bool(taken) == (family.__name__ not in {"strangers", "cut_off"})
