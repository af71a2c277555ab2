"""A helpline small enough to be seen through: it builds notices, files them, and listens for callbacks."""

import http.client
import json
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.platforms import signatures
from tests.platforms.simulator import RunningSimulator


def fresh_slug() -> str:
    """A platform that no other test touches."""
    return f"t{uuid.uuid4().hex[:12]}"


def notice(slug: str = "chatter", *, urls: list[str] | None = None, **changes: Any) -> dict[str, Any]:
    """A notice as the wire wants it."""
    addresses = [f"https://{slug}.example/p/{uuid.uuid4().hex}"] if urls is None else urls
    return {
        "schema": "takedown-notice/1",
        "notice_id": str(uuid.uuid4()),
        "sent_at": "2026-01-01T00:00:00Z",
        "notifier": {
            "name": "Example Helpline",
            "email": "notices@helpline.example",
            "trusted_flagger": True,
            "designated_by": "Arcom",
        },
        "regimes": ["eu-dsa-16"],
        "category": "STATEMENT_CATEGORY_CYBER_VIOLENCE",
        "keywords": ["KEYWORD_NON_CONSENSUAL_MATERIAL_DEEPFAKE"],
        "depicts_minor": True,
        "explanation": "A made-up picture of a pupil, shown without consent.",
        "good_faith": "To the best of our knowledge this notice is accurate and complete.",
        "signature": None,
        "items": [
            {"item_id": str(uuid.uuid4()), "url": url, "account": None, "kind": "post", "fingerprints": []}
            for url in addresses
        ],
        "callback_url": None,
        **changes,
    }


@dataclass
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body read as JSON."""
        return json.loads(self.body)


def send(
    simulator: RunningSimulator,
    method: str,
    path: str,
    *,
    body: bytes | None = None,
    headers: dict[str, str | None] | None = None,
    timeout: float = 10,
) -> Answer:
    """One request on a connection of its own; raises what a broken connection raises."""
    connection = http.client.HTTPConnection("127.0.0.1", simulator.port, timeout=timeout)
    try:
        kept = {name: value for name, value in (headers or {}).items() if value is not None}
        connection.request(method, path, body=body, headers=kept)
        answer = connection.getresponse()
        return Answer(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())
    finally:
        connection.close()


def file_notice(
    simulator: RunningSimulator,
    slug: str,
    sent: dict[str, Any] | bytes,
    *,
    headers: dict[str, str | None] | None = None,
    timeout: float = 10,
) -> Answer:
    """File a notice, correctly signed; `headers` replace, and with None leave out."""
    body = sent if isinstance(sent, bytes) else json.dumps(sent).encode()
    key = "" if isinstance(sent, bytes) else str(sent.get("notice_id"))
    correct: dict[str, str | None] = {
        "Authorization": f"Bearer {simulator.token(slug)}",
        "Idempotency-Key": key,
        "Content-Type": "application/json",
        signatures.HEADER: signatures.sign(simulator.notice_secret(slug), body),
    }
    return send(
        simulator,
        "POST",
        f"/api/{slug}/notices",
        body=body,
        headers=correct | (headers or {}),
        timeout=timeout,
    )


def ask_state(simulator: RunningSimulator, slug: str, notice_id: str) -> Answer:
    """The status query."""
    return send(
        simulator,
        "GET",
        f"/api/{slug}/notices/{notice_id}",
        headers={"Authorization": f"Bearer {simulator.token(slug)}"},
    )


@dataclass
class Told:
    """One callback as it came in."""

    path: str
    signature: str
    body: bytes
    at: float

    @property
    def event(self) -> dict[str, Any]:
        """The body read as JSON."""
        return dict(json.loads(self.body))

    @property
    def statuses(self) -> list[str]:
        """What it says about its items."""
        return [item["status"] for item in self.event["items"]]


@dataclass
class Listener:
    """Takes callbacks in a thread; `answers` are given first, one each, and then 204."""

    answers: list[int] = field(default_factory=list)
    told: list[Told] = field(default_factory=list)

    def __post_init__(self) -> None:
        listener = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                signature = self.headers.get(signatures.HEADER, "")
                listener.told.append(Told(self.path, signature, body, time.time()))
                self.send_response(listener.answers.pop(0) if listener.answers else 204)
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """The base address."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def about(self, notice_id: str) -> list[Told]:
        """What was told about one notice, in the order it came."""
        return [one for one in self.told if one.event["notice_id"] == notice_id]

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def eventually(met: Callable[[], Any], patience: float = 8.0) -> Any:
    """What `met` answers once it is true; fails the test when it never is."""
    until = time.monotonic() + patience
    while not (found := met()):
        assert time.monotonic() < until, f"never came: {met}"
        time.sleep(0.01)
    return found
