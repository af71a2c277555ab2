"""One way to an address that takes what we say by POST, for everything that is told to the operator's programs."""

import http.client
import json
import ssl
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

TIMEOUT = 10.0
# Whatever keeps a word from being taken, for whoever tries again later.
NOT_TAKEN = (OSError, http.client.HTTPException, ValueError)


def post(address: str, body: Mapping[str, Any]) -> None:
    """POST `body` as JSON; any 2xx took it. No redirect is followed. Raises one of NOT_TAKEN."""
    at = urlsplit(address)
    if at.scheme not in {"http", "https"} or not at.hostname:
        raise ValueError("This is no http address.")
    line = (
        http.client.HTTPSConnection(
            at.hostname, at.port, timeout=TIMEOUT, context=ssl.create_default_context()
        )
        if at.scheme == "https"
        else http.client.HTTPConnection(at.hostname, at.port, timeout=TIMEOUT)
    )
    try:
        path = at.path or "/"
        line.request(
            "POST",
            f"{path}?{at.query}" if at.query else path,
            json.dumps(body).encode(),
            {"Content-Type": "application/json"},
        )
        if not 200 <= line.getresponse().status < 300:
            raise http.client.HTTPException("not taken")
    finally:
        line.close()
