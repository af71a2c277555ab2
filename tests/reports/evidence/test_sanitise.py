"""A picture made anew: the pixels as they are seen, in a process that may do next to nothing."""

import io
import os
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from reports.evidence import sanitise as sanitiser
from reports.evidence.sanitise import PROGRAM, Refused, content_type, sanitise
from tests.reports.evidence.hostile import CANARY, bubbles, encoded, exif, plain


def opened(picture: bytes) -> Image.Image:
    return Image.open(io.BytesIO(picture))


def code_of(body: bytes) -> str:
    with pytest.raises(Refused) as refused:
        sanitise(body)
    assert str(refused.value.sentence)
    return refused.value.code


@pytest.mark.parametrize("format", ["PNG", "WEBP"])
def test_pixels_stay_as_they_were(format: str) -> None:
    """Lossless in, lossless out."""
    image = bubbles()
    options = {"lossless": True} if format == "WEBP" else {}

    clean = sanitise(encoded(image, format, **options))

    assert content_type(clean.picture) == "image/png"
    assert (clean.width, clean.height) == image.size
    assert opened(clean.picture).tobytes() == image.tobytes()


def test_a_photograph_stays_a_jpeg() -> None:
    clean = sanitise(plain("JPEG"))

    assert content_type(clean.picture) == "image/jpeg"
    assert len(clean.picture) < 3 * len(plain("JPEG"))


def test_the_same_bytes_make_the_same_picture() -> None:
    assert sanitise(plain("PNG")) == sanitise(plain("PNG"))


@pytest.mark.parametrize("orientation", [3, 6, 8])
def test_it_is_turned_as_it_was_seen_and_the_notes_are_gone(orientation: int) -> None:
    image = Image.new("RGB", (60, 40), "white")
    image.paste((10, 20, 30), (0, 0, 20, 10))  # a mark in one corner

    clean = sanitise(encoded(image, "PNG", exif=exif(orientation)))

    seen = opened(clean.picture)
    size, corner = {3: ((60, 40), (59, 39)), 6: ((40, 60), (39, 0)), 8: ((40, 60), (0, 59))}[orientation]
    assert seen.size == (clean.width, clean.height) == size
    assert seen.getpixel(corner) == (10, 20, 30)
    assert CANARY not in clean.picture
    assert not seen.getexif()


def test_what_lies_under_a_see_through_part_is_gone() -> None:
    image = bubbles(80, 80).convert("RGBA")
    image.putalpha(0)

    clean = sanitise(encoded(image, "PNG"))

    assert opened(clean.picture).getcolors() == [(6400, (255, 255, 255))]


def test_sixteen_bits_of_grey_stay_grey() -> None:
    image = Image.new("I;16", (40, 40), 32_896)

    assert opened(sanitise(encoded(image, "PNG")).picture).getpixel((5, 5)) == (128, 128, 128)


def test_each_refusal_has_its_word(settings: Any) -> None:
    image = bubbles(60, 60)
    moving = encoded(image, "PNG", save_all=True, append_images=[image.rotate(90)])
    assert code_of(b"") == code_of(b"<svg/>") == code_of(encoded(image, "GIF")) == "not_a_picture"
    assert code_of(moving) == "animated"
    assert code_of(plain("PNG")[:2000]) == "damaged"
    settings.EVIDENCE_MAX_PIXELS = 3000
    assert code_of(encoded(image, "PNG")) == "too_many_pixels"
    settings.EVIDENCE_MAX_BYTES = 100
    assert code_of(encoded(image, "PNG")) == "too_large"


# --- the process ------------------------------------------------------------------------------------------


def with_program(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, script: str) -> None:
    """In the place of decode.py, something that took it over."""
    program = tmp_path / "taken_over.py"
    program.write_text(script)
    monkeypatch.setattr(sanitiser, "PROGRAM", str(program))


def test_one_that_hangs_is_ended_with_all_it_started(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    told = tmp_path / "pid"
    script = (
        "import subprocess, sys, time, pathlib\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        f"pathlib.Path({str(told)!r}).write_text(str(child.pid))\n"
        "time.sleep(60)\n"
    )
    with_program(monkeypatch, tmp_path, script)

    assert code_of(plain("PNG")) == "too_slow"

    state = Path(f"/proc/{told.read_text()}/stat")
    deadline = time.monotonic() + 3
    while state.exists() and ") Z " not in state.read_text() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not state.exists() or ") Z " in state.read_text()


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ("b''", "damaged"),
        ("b'OK'", "damaged"),
        ("b'OK' + bytes(8) + b'<html>'", "damaged"),
        ("b'OK' + bytes(7) + b'\\x05' + b'\\x89PNG\\r\\n\\x1a\\n'", "damaged"),
        ("b'OK' + b'\\xff' * 8 + b'\\x89PNG\\r\\n\\x1a\\n'", "damaged"),
        ("b'NO' + b'<script>'", "damaged"),
        ("b'NOanimated'", "animated"),
        ("bytes(40_000_000)", "too_large"),
    ],
)
def test_what_it_answers_is_not_believed_blindly(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, answer: str, code: str
) -> None:
    script = f"import sys\nsys.stdin.buffer.read()\nsys.stdout.buffer.write({answer})\n"
    with_program(monkeypatch, tmp_path, script)

    assert code_of(plain("PNG")) == code


def test_one_that_reads_nothing_does_not_hold_us_up(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with_program(monkeypatch, tmp_path, "import sys\nsys.stdin.close()\nprint('NOdamaged')\n")

    assert code_of(plain("PNG") + bytes(5_000_000)) == "damaged"


def test_it_may_write_no_file_and_learns_nothing_of_us(tmp_path: Path) -> None:
    """The limits as decode.py sets them, tried from inside."""
    lines = Path(PROGRAM).read_text().partition("from PIL import")[0].replace("__main__", "__console__")
    tried = lines.replace("__console__", "__main__") + (
        "import os, socket\n"
        "found = [sorted(os.environ)]\n"
        f"handle = os.open({str(tmp_path / 'left')!r}, os.O_CREAT | os.O_WRONLY)\n"
        "try:\n    os.write(handle, b'x')\n    found.append('written')\n"
        "except OSError as error:\n    found.append(error.errno)\n"
        "try:\n    bytearray(300_000_000)\n    found.append('room')\n"
        "except MemoryError:\n    found.append('no room')\n"
        "print(found)\n"
    )
    program = tmp_path / "inside.py"
    program.write_text(tried)

    run = subprocess.run(
        [sys.executable, "-I", "-B", str(program), "1"], env={}, capture_output=True, text=True
    )

    assert run.stdout.strip() == f"[['LC_CTYPE'], {27}, 'no room']", run.stderr
    assert (tmp_path / "left").read_bytes() == b""


def test_while_it_decodes_it_can_open_nothing(tmp_path: Path) -> None:
    """Given that a picture took it over, then it reaches no file and no network."""
    decoding = "        width, height, picture = clean("
    whole = Path(PROGRAM).read_text()
    assert whole.count(decoding) == 1
    taken_over = (
        "        for reach in (lambda: open('/etc/hostname'), socket.socket, lambda: os.pipe()):\n"
        "            try:\n                reach()\n                out.write(b'reached')\n"
        "            except OSError as error:\n                out.write(b'%d ' % error.errno)\n"
        "        sys.exit()\n"
    )
    program = tmp_path / "taken_over.py"
    program.write_text("import os, socket\n" + whole.replace(decoding, taken_over + decoding))

    run = subprocess.run(
        [sys.executable, "-I", "-B", str(program), "1"], input=b"", env={}, capture_output=True
    )

    assert run.stdout == b"24 24 24 ", run.stderr


def test_it_burns_no_more_than_its_seconds(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Even where nobody looks at the clock, the kernel ends it."""
    lines = Path(PROGRAM).read_text().partition("from PIL import")[0].replace("SECONDS = 5", "SECONDS = 1")
    with_program(monkeypatch, tmp_path, lines + "while True:\n    pass\n")
    monkeypatch.setattr(sanitiser, "SECONDS", 30)

    assert code_of(plain("PNG")) == "too_slow"


@pytest.mark.skipif(os.geteuid() != 0, reason="an ordinary user runs all of this anyway")
def test_an_ordinary_user_can_do_it_too() -> None:
    """Given a process without root's rights, when it decodes, then it works as for root."""
    unshare = shutil.which("unshare")
    assert unshare
    nobody = [unshare, "--user", "--map-user=65534", "--map-group=65534"]
    run = subprocess.run(
        [*nobody, sys.executable, "-I", "-B", PROGRAM, "20000000", "8000000"],
        input=plain("PNG"),
        env={},
        cwd="/",
        capture_output=True,
    )

    assert run.stdout[:2] == b"OK", run.stderr


def test_many_at_once_take_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    """Given more pictures than places, then never more than the places are decoded at once, and all are done."""
    running, most, lock = 0, 0, threading.Lock()
    real = sanitiser._run

    def counted(body: bytes) -> bytes:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        try:
            return real(body)
        finally:
            with lock:
                running -= 1

    monkeypatch.setattr(sanitiser, "_run", counted)
    monkeypatch.setattr(sanitiser, "WAIT", 60)
    done: list[int] = []
    threads = [threading.Thread(target=lambda: done.append(sanitise(plain("PNG")).width)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert done == [180] * 6
    assert most == 2


def test_whoever_waits_too_long_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sanitiser, "AT_ONCE", threading.BoundedSemaphore(1))
    monkeypatch.setattr(sanitiser, "WAIT", 0.05)
    with sanitiser.AT_ONCE:
        assert code_of(plain("PNG")) == "too_slow"
    assert sanitise(plain("PNG")).width == 180


def test_pictures_that_take_every_place_keep_no_words_waiting() -> None:
    began = time.monotonic()

    with sanitiser.AT_ONCE, sanitiser.AT_ONCE:
        assert code_of(plain("PNG")) == "too_slow"

    assert time.monotonic() - began < 2 * sanitiser.WAIT
