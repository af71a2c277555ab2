"""A simulator for the length of a test: its own process, on free ports, gone with the test."""

import http.client
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 20.0
"""Seconds that a start, and a stop, may take on a busy machine."""


class RunningSimulator:
    """Use as a context manager. `folder` keeps receipts and state; without one they vanish at the end.

    `url`, `address` ("127.0.0.1:PORT"), `port`, `mail_port` and `pid` hold while it runs.
    """

    def __init__(
        self,
        folder: Path | None = None,
        *,
        profile: str = "kind",
        seed: int = 1,
        callback_base: str | None = None,
        config: dict[str, dict[str, object]] | None = None,
        bench: bool = False,
    ) -> None:
        self._temporary = tempfile.TemporaryDirectory() if folder is None else None
        self.folder = Path(self._temporary.name) if self._temporary else Path(str(folder))
        self.receipts = self.folder / "receipts.jsonl"
        self.state = self.folder / "state.json"
        self.seed = seed
        self._options = ["--profile", profile, "--seed", str(seed), "--state", str(self.state)]
        self._options += ["--receipts", str(self.receipts)]
        self._options += ["--callback-base", callback_base] if callback_base else []
        self._options += ["--bench"] if bench else []
        if config is not None:
            path = self.folder / "config.json"
            path.write_text(json.dumps(config))
            self._options += ["--config", str(path)]
        self._process: subprocess.Popen[bytes] | None = None
        self.port = 0
        self.mail_port = 0

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        if self._temporary is not None:
            self._temporary.cleanup()

    # --- Running --------------------------------------------------------------------------------------

    def start(self) -> None:
        """Start and wait until it answers; a second start takes the same ports and the same state."""
        ports = ["--port", str(self.port), "--mail-port", str(self.mail_port)]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.platforms", *ports, *self._options, "--until-stdin-closes"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        if self._process.stdout is None:
            raise RuntimeError("the simulator has no output to read its ports from")
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the simulator ended with {self._process.wait(PATIENCE)} before it answered")
        ready = json.loads(line)
        self.port, self.mail_port = ready["port"], ready["mail_port"]
        self.get("/healthz")

    def stop(self) -> None:
        """End it as SIGTERM does: the state is saved. Raises RuntimeError when it did not end well."""
        if self._process is not None:
            self._process.terminate()
            if (code := self._wait()) != 0:
                raise RuntimeError(f"the simulator ended with {code}")

    def kill(self) -> None:
        """End it as a power cut does."""
        if self._process is not None:
            self._process.kill()
            self._wait()

    def restart(self) -> None:
        """Stop and start on the same ports with what was kept."""
        self.stop()
        self.start()

    def _wait(self) -> int:
        process, self._process = self._process, None
        if process is None:
            return 0
        process.communicate(timeout=PATIENCE)
        return process.returncode

    @property
    def pid(self) -> int:
        """The process, for signals such as SIGSTOP."""
        if self._process is None:
            raise RuntimeError("the simulator is not running")
        return self._process.pid

    @property
    def address(self) -> str:
        """Host and port."""
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        """Where the simulator's own pages are."""
        return f"http://{self.address}"

    # --- What a helpline has to know about a platform -------------------------------------------------

    def base(self, slug: str) -> str:
        """The base address of a platform's API: `{base}/notices`."""
        return f"{self.url}/api/{slug}"

    @staticmethod
    def token(slug: str) -> str:
        """The bearer token, unless it was changed."""
        return f"token-{slug}"

    @staticmethod
    def notice_secret(slug: str) -> str:
        """What the helpline signs its notices with, unless it was changed."""
        return f"out-secret-{slug}"

    @staticmethod
    def callback_secret(slug: str) -> str:
        """What the platform signs its callbacks with, unless it was changed."""
        return f"in-secret-{slug}"

    # --- Asking and changing --------------------------------------------------------------------------

    def control(self, slug: str, **behaviour: object) -> dict[str, Any]:
        """Change fields of a platform's behaviour; answers all of them."""
        return dict(self._post(f"platforms/{slug}", behaviour))

    def decide(self, slug: str, notice_id: str, outcome: str = "removed") -> dict[str, Any]:
        """Have a platform decide a notice now."""
        return dict(self._post(f"notices/{slug}/{notice_id}", {"outcome": outcome}))

    def put_page(self, url: str, *, gone: bool) -> None:
        """Make a page gone, or there again."""
        self._post("pages", {"url": url, "gone": gone})

    def reset(self) -> None:
        """Forget notices, pages and mails."""
        self._post("reset", {})

    def ask(self, what: str) -> Any:
        """What `/_control/<what>` knows: platforms, notices[/<slug>], pages, mails, replies."""
        return json.loads(self.get(f"/_control/{what}"))

    def page_status(self, url: str) -> int:
        """What a page of a platform answers now, asked for under its own name; redirects are not followed."""
        host, _, rest = url.partition("://")[2].partition("/")
        return self._request("HEAD", f"/{rest}", host=host)[0]

    def wait_for(self, met: Any, patience: float = PATIENCE) -> Any:
        """Ask `met()` until it answers something true, and answer that; raises TimeoutError."""
        until = time.monotonic() + patience
        while not (found := met()):
            if time.monotonic() > until:
                raise TimeoutError(f"not met within {patience} s")
            time.sleep(0.02)
        return found

    def get(self, path: str) -> bytes:
        """The body of one of the simulator's own pages."""
        status, body = self._request("GET", path)
        if status != 200:
            raise RuntimeError(f"GET {path}: {status} {body[:200]!r}")
        return body

    def _post(self, path: str, sent: dict[str, object]) -> Any:
        status, body = self._request("POST", f"/_control/{path}", body=json.dumps(sent).encode())
        if status != 200:
            raise ValueError(f"{path}: {status} {body.decode()}")
        return json.loads(body)

    def _request(
        self, method: str, path: str, *, body: bytes | None = None, host: str | None = None
    ) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            connection.request(method, path, body=body, headers={"Host": host or self.address})
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()
