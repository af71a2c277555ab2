"""Slows down one address that sends far more than people do, without remembering anybody.

Counts live in this process for a minute, under a hash whose key is thrown away with them: no address is kept,
written or logged, and there is no cache whose failure could stop a child. Each process counts for itself, so
the limit is rough. Only addresses of the public internet are counted: anything else is our own proxy, behind
which everybody would be one.
"""

import hashlib
import ipaddress
import secrets
import time
from http import HTTPStatus

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import gettext as _

from helpline.web.problems import Problem

WINDOW = 60.0
# So many addresses in a minute are no crowd but a flood from everywhere: counting them would only fill
# memory.
MOST_ADDRESSES = 50_000


def address_of(request: HttpRequest) -> str:
    """Where the request came from, told by as many proxies as we run (`HELPLINE_TRUSTED_PROXIES`)."""
    if proxies := settings.TRUSTED_PROXIES:
        told = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")
        if len(told) >= proxies:
            return str(told[-proxies]).strip()
    return str(request.META.get("REMOTE_ADDR", ""))


class Gate:
    """Lets about `limit` requests a minute through from one address (one /64 network for IPv6)."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._counts: dict[bytes, int] = {}
        self._total = 0
        self._secret = b""
        self._until = 0.0

    def check(self, request: HttpRequest) -> None:
        """Count this request. Raises Problem 429 when it is one too many."""
        wait = self.count(address_of(request), now=time.monotonic())
        if wait:
            raise Problem(
                HTTPStatus.TOO_MANY_REQUESTS,
                "throttled",
                _("Too many at once. Wait a minute, then try again."),
                wait=wait,
            )

    def count(self, address: str, *, now: float) -> int:
        """Seconds to wait; 0: come in."""
        if now >= self._until:
            self._counts, self._total = {}, 0
            self._secret, self._until = secrets.token_bytes(16), now + WINDOW
        place = self._place(address)
        if place is None:
            return 0
        self._total += 1
        seen = self._counts.get(place, 0) + 1
        if seen == 1 and len(self._counts) >= MOST_ADDRESSES:
            return 0
        self._counts[place] = seen
        return 0 if seen <= self.limit else max(1, int(self._until - now))

    def seen(self, address: str, *, now: float) -> int:
        """How many were counted from there in this minute; 0 for what is never counted."""
        place = self._place(address) if now < self._until else None
        return self._counts.get(place, 0) if place else 0

    def total(self, *, now: float) -> int:
        """How many were counted in this minute, from anywhere."""
        return self._total if now < self._until else 0

    def _place(self, address: str) -> bytes | None:
        try:
            ip = ipaddress.ip_address(address)
        except ValueError:
            return None
        if not ip.is_global:
            return None
        network = ip.packed if ip.version == 4 else ip.packed[:8]
        return hashlib.blake2b(network, key=self._secret, digest_size=8).digest()
