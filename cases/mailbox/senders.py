"""Who wrote it, by the word of our own mail server alone (Authentication-Results, RFC 8601). Pure.

Anybody may write such a line into a mail. Only the topmost one counts, and only when it bears the name that our own
server signs with (HELPLINE_MAIL_AUTHSERV_ID): that server must take away lines in its name that come from outside.
"""

import re
from collections.abc import Collection

_COMMENT = re.compile(r"\([^()]*\)")
_FROM = re.compile(r"header\.from\s*=\s*\"?([A-Za-z0-9._-]+)\"?", re.I)


def verified_domain(authentication: str, *, authserv_id: str) -> str:
    """The domain in From that passed DMARC, by our own server's word; "" where it says no such thing."""
    if not authserv_id:
        return ""
    text = _COMMENT.sub(" ", authentication)
    name, _, results = text.partition(";")
    if name.split()[:1] != [authserv_id] and name.lower().split()[:1] != [authserv_id]:
        return ""
    passed = [one for one in results.split(";") if re.match(r"\s*dmarc\s*=", one, re.I)]
    # Two results of one method would let the reader choose.
    if len(passed) != 1 or not re.match(r"\s*dmarc\s*=\s*pass\b", passed[0], re.I):
        return ""
    found = _FROM.search(passed[0])
    return found.group(1).lower().rstrip(".") if found else ""


def is_from(domains: Collection[str], *, sender: str, verified: str) -> bool:
    """Is the sender's domain the verified one, and one of `domains` or below it?"""
    host = sender.rpartition("@")[2].lower()
    if not verified or host != verified:
        return False
    return any(host == one or host.endswith(f".{one}") for one in domains if one and "*" not in one)
