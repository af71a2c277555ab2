"""When two addresses are the same page."""

import re
from functools import lru_cache
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
SITE = "/site/"
"""Pages of a host can also be opened under this path of the simulator: /site/<host>/<path>."""

PLAIN = re.compile(r"https?://[a-z0-9][a-z0-9.-]*[a-z0-9](?:[/?#]\S*)?\Z")


def is_page(url: str) -> bool:
    """Whether this is the address of a page; most are seen to be one without taking them apart."""
    if PLAIN.match(url):
        return True
    try:
        return bool(identity(url))
    except ValueError:
        return False


@lru_cache(maxsize=4096)
def identity(url: str) -> str:
    """`host/path?query` without scheme, port, fragment, final slash and order of the query.

    The same page opened through the simulator's own /site/ path has the same identity. Raises ValueError for
    what is no address of a page.
    """
    parts = urlsplit(url if "://" in url else f"https://{url}")
    name = (parts.hostname or "").rstrip(".")
    if not name:
        raise ValueError(f"{url!r} names no host")
    if name in LOOPBACK and parts.path.startswith(SITE):
        inner = parts.path[len(SITE) :] + (f"?{parts.query}" if parts.query else "")
        return identity(f"https://{inner}")
    if not name.isascii():
        name = name.encode("idna").decode()
    path = quote(unquote(parts.path), safe="/:@!$&'()*+,;=-._~").rstrip("/")
    query = urlencode(sorted(parse_qsl(parts.query, keep_blank_values=True)))
    return name + path + (f"?{query}" if query else "")


def account_prefix(url: str, account: str | None) -> str | None:
    """The part of an address that is the account's own, if the account can be seen in it."""
    wanted = (account or "").lstrip("@").lower()
    segments = identity(url).partition("?")[0].split("/")
    for number, segment in enumerate(segments[1:], start=2):
        if wanted and segment.lstrip("@").lower() == wanted:
            return "/".join(segments[:number])
    return None


def is_loopback(url: str) -> bool:
    """Whether a request to this address stays on this machine."""
    return (urlsplit(url).hostname or "") in LOOPBACK
