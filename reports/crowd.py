"""When far more comes from one address than people write: a little work or a few seconds, but never a no.

Below the limit of its address nobody notices any of this. Above it a form comes in with the answer to a small
riddle, which a phone finds while its owner writes (`static/js/work.js`); without one it is held for seconds on
a page that keeps everything typed. Riddles and waits are signed texts: nothing is stored to give them out, and
that one was used is remembered by each process for itself, for as long as it could be used again. Nothing here
knows who somebody is.
"""

import hashlib
import math
import secrets
import time
from http import HTTPStatus

from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from helpline.web.flood import Gate, address_of
from helpline.web.problems import Problem
from reports import note as notes
from reports.bounds import WRITING

# The answer's SHA-256 begins with so many zero bits: 11,400 tries in the middle. A browser slowed down twenty
# times, as an old phone, needs under two seconds; this costs a flood the same for every single report.
BITS = 14
WORK_FIELD, WAIT_FIELD = "work", "wait"
WORK_HEADER = "Proof-Of-Work"
# A form that is about a draft or a report counts for as long as somebody may sit over it. Any other is nobody's.
VALID, VALID_FOR_ANYBODY = 2 * 3600, 600
# Held without a riddle's answer: so many seconds for each time that the limit is exceeded.
WAIT, LONGEST_WAIT = 5, 30
# So many times the limit of one address in a minute, in one process, is a flood, wherever it comes from.
FLOOD = 10
MOST_SPENT = 100_000
# Screenshots a minute from one address: each costs as much work as a hundred pages.
PICTURES = Gate(12)
NOT_TYPED = frozenset({"csrfmiddlewaretoken", WORK_FIELD, WAIT_FIELD})
FROM_A_PROGRAM = "api"
COUNTED = "reports.crowd"  # in request.META: this request was let in already
NEAR = "reports.crowd.near"  # in request.META: what was answered to this request


class _Spent:
    """What was used, until it is too old to be used anyway."""

    def __init__(self) -> None:
        self._young: set[str] = set()
        self._old: set[str] = set()
        self._until = 0.0

    def add(self, token: str, *, now: float) -> bool:
        """False when it was there."""
        if now >= self._until or len(self._young) >= MOST_SPENT:
            self._old = self._young if now < self._until + VALID else set()
            self._young, self._until = set(), now + VALID
        if token in self._young or token in self._old:
            return False
        self._young.add(token)
        return True


SPENT = _Spent()


# --- pages --------------------------------------------------------------------------------------------


def hold(request: HttpRequest) -> HttpResponse | None:
    """Count this form. None: take it. Else the page to answer with, which keeps it for some seconds.

    Ask once a form is good, right before a first draft, a report, a message or a link is written.
    """
    now, moment = time.time(), time.monotonic()
    address = address_of(request)
    if not WRITING.count(address, now=moment):
        return None
    subject, wait_token = _subject(request), request.POST.get(WAIT_FIELD, "")
    if _has_worked(request.POST.get(WORK_FIELD, ""), subject, now=now):
        return None
    left = _seconds_left(wait_token, subject, now=now)
    if left == 0 and SPENT.add(wait_token, now=now):
        return None
    if not left:
        left = min(LONGEST_WAIT, WAIT * max(1, WRITING.seen(address, now=moment) // max(1, WRITING.limit)))
        wait_token = _token(WAIT_FIELD, subject, now=now, wait=left)
    typed = [
        (name, value) for name, values in request.POST.lists() if name not in NOT_TYPED for value in values
    ]
    context = {"typed": typed, "wait": wait_token, "seconds": left, "riddle": riddle(subject, now=now)}
    response = render(request, "reports/crowd.html", context, status=HTTPStatus.TOO_MANY_REQUESTS)
    response["Retry-After"] = str(left)
    return response


def is_near(request: HttpRequest) -> bool:
    """Is this address over half its limit? Then its forms bring their riddle along, to be solved meanwhile.

    One answer for the whole request: a page that is kept for everybody was asked for by somebody who is not.
    """
    if NEAR not in request.META:
        seen = WRITING.seen(address_of(request), now=time.monotonic())
        request.META[NEAR] = seen * 2 > WRITING.limit
    is_near: bool = request.META[NEAR]
    return is_near


def has_room_for_pictures(request: HttpRequest) -> bool:
    """Count a screenshot; can it be taken now? In a crowd pictures give way first, so that words always pass."""
    if PICTURES.count(address_of(request), now=time.monotonic()):
        return False
    return not is_near(request) and WRITING.total(now=time.monotonic()) <= FLOOD * WRITING.limit


def riddle(subject: str, *, now: float) -> dict[str, str | int]:
    """A new one: `challenge`, and the `bits` that its answer begins with."""
    return {"challenge": _token(WORK_FIELD, subject, now=now), "bits": BITS}


def riddle_for(request: HttpRequest) -> dict[str, str | int]:
    """One for the forms of the page that is being made."""
    return riddle(notes.mark_of(request), now=time.time())


# --- programs -----------------------------------------------------------------------------------------


def check_call(request: HttpRequest, gate: Gate) -> None:
    """Count a call at `gate`, once. Raises Problem 429, with a riddle that opens the way."""
    if COUNTED in request.META:
        return
    wait, now = gate.count(address_of(request), now=time.monotonic()), time.time()
    if wait and not _has_worked(request.headers.get(WORK_HEADER, ""), FROM_A_PROGRAM, now=now):
        raise Problem(
            HTTPStatus.TOO_MANY_REQUESTS,
            "throttled",
            _("Too many at once. Wait a minute, or answer the challenge, then try again."),
            wait=wait,
            proof_of_work={
                **riddle(FROM_A_PROGRAM, now=now),
                "algorithm": "sha-256",
                "header": WORK_HEADER,
                "seconds": VALID_FOR_ANYBODY,
            },
        )
    request.META[COUNTED] = True


# --- signed texts -------------------------------------------------------------------------------------


def _subject(request: HttpRequest) -> str:
    return request.POST.get(notes.FIELD, "")


def _signer(kind: str, subject: str) -> signing.Signer:
    return signing.Signer(salt=f"reports.crowd|{kind}|{subject}")


def _token(kind: str, subject: str, *, now: float, wait: int = 0) -> str:
    """A text that counts for `kind` and `subject` only, after `wait` seconds, and not for ever."""
    is_somebodys = subject and subject != FROM_A_PROGRAM
    begins = int(now) if not wait else math.ceil(now) + wait
    ends = begins + (VALID if is_somebodys else VALID_FOR_ANYBODY)
    return _signer(kind, subject).sign(f"{secrets.token_urlsafe(8)}.{begins}.{ends}")


def _times(token: str, kind: str, subject: str) -> tuple[int, int] | None:
    try:
        _random, begins, ends = _signer(kind, subject).unsign(token).rsplit(".", 2)
    except signing.BadSignature:
        return None
    return int(begins), int(ends)


def _seconds_left(token: str, subject: str, *, now: float) -> int | None:
    """Until this wait is over; 0 when it is, None when it is none, or too old."""
    times = _times(token, WAIT_FIELD, subject) if token else None
    if times is None or now > times[1]:
        return None
    return max(0, math.ceil(times[0] - now))


def _has_worked(answer: str, subject: str, *, now: float) -> bool:
    """Is this a riddle of ours with its answer, `<challenge>:<nonce>`, not used yet? Uses it."""
    challenge, _colon, nonce = answer.rpartition(":")
    if not challenge or not (nonce.isascii() and nonce.isdigit() and len(nonce) <= 20):
        return False
    if int.from_bytes(hashlib.sha256(answer.encode(errors="replace")).digest()) >> (256 - BITS):
        return False
    times = _times(challenge, WORK_FIELD, subject)
    return times is not None and times[0] <= now <= times[1] and SPENT.add(challenge, now=now)
