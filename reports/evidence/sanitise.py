"""Make somebody's picture anew, without ever decoding it in this process, and without it touching a disk."""

import os
import selectors
import signal
import struct
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

PROGRAM = str(Path(__file__).with_name("decode.py"))
SECONDS = 5.0
WAIT = (
    0.3  # seconds for a place among AT_ONCE: a page thread that waits for pictures is one that takes no words
)
# Each may take 256 MB: what is more is turned away, to be sent again.
AT_ONCE = threading.BoundedSemaphore(2)
PIECE = 64 * 1024

SENTENCES: dict[str, Promise] = {
    "not_a_picture": _("This is not a picture we can take. Choose a PNG, JPEG or WebP file."),
    "too_large": _("This file is too large. Cut away what is not needed, then try again."),
    "too_many_pixels": _("This picture is too large. Cut away what is not needed, then try again."),
    "animated": _("This picture moves, or is several in one. Take a screenshot of the part that matters."),
    "damaged": _("This file is damaged. Take the screenshot once more, then try again."),
    "too_slow": _("This took too long. Wait a minute, then try again."),
}
START_OF: dict[bytes, str] = {b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg"}


class Refused(Exception):
    """This picture is not taken. `code` says why to a program, `sentence` to the person."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code if code in SENTENCES else "damaged"
        self.sentence = SENTENCES[self.code]


@dataclass(frozen=True, slots=True)
class Clean:
    """A picture as it may be kept: its pixels, and nothing else of what came."""

    picture: bytes = field(repr=False)
    width: int
    height: int


def content_type(picture: bytes) -> str:
    """Of a picture that was made here; "" for anything else."""
    return next((kind for start, kind in START_OF.items() if picture.startswith(start)), "")


def sanitise(body: bytes) -> Clean:
    """The picture in `body`, decoded and encoded anew in a process of its own. Raises Refused.

    The same bytes make the same picture. Takes at most `SECONDS`, and `WAIT` for its turn.
    """
    if not body:
        raise Refused("not_a_picture")
    if len(body) > settings.EVIDENCE_MAX_BYTES:
        raise Refused("too_large")
    if not AT_ONCE.acquire(timeout=WAIT):
        raise Refused("too_slow")
    try:
        answer = _run(body)
    finally:
        AT_ONCE.release()
    said, rest = answer[:2], answer[2:]
    if said == b"NO":
        raise Refused(rest.decode("ascii", "replace"))
    # Not believed further than this: it held a stranger's bytes.
    if said != b"OK" or len(rest) < 8 or not content_type(rest[8:]):
        raise Refused("damaged")
    width, height = struct.unpack(">II", rest[:8])
    if not 0 < width * height <= settings.EVIDENCE_MAX_PIXELS:
        raise Refused("damaged")
    return Clean(picture=rest[8:], width=width, height=height)


def _run(body: bytes) -> bytes:
    """What decode.py answers to `body`; b"" when it died of it. Raises Refused when it takes too long or says too much."""
    child = subprocess.Popen(  # noqa: S603  our own program, without a shell
        [
            *(sys.executable, "-I", "-B", PROGRAM),
            *(str(settings.EVIDENCE_MAX_PIXELS), str(settings.EVIDENCE_MAX_BYTES)),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={},
        cwd="/",
        start_new_session=True,
        bufsize=0,
    )
    try:
        answer = _talk(child, body, ends=time.monotonic() + SECONDS)
    finally:
        # Its whole group, whatever it became; it is reaped only below, so the number is still its own.
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()
        for pipe in (child.stdin, child.stdout):
            if pipe is not None and not pipe.closed:
                pipe.close()
    if not answer and child.returncode in {-signal.SIGXCPU, -signal.SIGKILL}:
        raise Refused("too_slow")
    return answer


def _talk(child: "subprocess.Popen[bytes]", body: bytes, *, ends: float) -> bytes:
    """Give it `body` and take its answer, both without ever waiting for the one while it waits for the other."""
    assert child.stdin is not None and child.stdout is not None  # noqa: S101  both are pipes
    # A picture made anew may be larger than the one that came, not than any.
    most = settings.EVIDENCE_MAX_BYTES
    left, said = memoryview(body), bytearray()
    os.set_blocking(child.stdin.fileno(), False)
    with selectors.DefaultSelector() as ready:
        ready.register(child.stdin, selectors.EVENT_WRITE)
        ready.register(child.stdout, selectors.EVENT_READ)
        while True:
            remaining = ends - time.monotonic()
            if remaining <= 0:
                raise Refused("too_slow")
            for key, _events in ready.select(remaining):
                if key.fileobj is child.stdout:
                    piece = os.read(key.fd, PIECE)
                    if not piece:
                        return bytes(said)
                    said += piece
                    if len(said) > most:
                        raise Refused("too_large")
                    continue
                try:
                    left = left[os.write(key.fd, left[:PIECE]) :]
                except BlockingIOError:
                    continue
                except BrokenPipeError:
                    left = left[:0]
                if not left:
                    ready.unregister(child.stdin)
                    child.stdin.close()
