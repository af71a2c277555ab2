"""A program of the operator's on loopback that is told when something is wrong."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Bell:
    """`heard` is what it took, `asked` how often somebody came, `answers` how it answers: 204 takes it."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.heard: list[dict[str, Any]] = []
        self.asked = 0
        self.answers = 204


@contextmanager
def a_bell() -> Iterator[Bell]:
    """One that listens until the end."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            said = self.rfile.read(int(self.headers["Content-Length"]))
            bell.asked += 1
            if bell.answers == 204:
                bell.heard.append(json.loads(said))
            self.send_response(bell.answers)
            if bell.answers == 302:
                self.send_header("Location", "/elsewhere")
            self.end_headers()

        do_GET = do_POST

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    bell = Bell(f"http://127.0.0.1:{server.server_port}/alarm")
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield bell
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
