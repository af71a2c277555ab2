"""Writes receipts: one JSON line each, handed to the kernel before the delivery is answered."""

import hashlib
import json
import os
from pathlib import Path
from typing import Any

from tests.platforms import moments


class Journal:
    """Appends to a file; without one it only forgets."""

    def __init__(self, path: Path | None) -> None:
        self._file: int | None = None
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            if path.exists():
                cut_torn_line(path)
            self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def write(self, kind: str, at: float, **facts: Any) -> None:
        """Append one receipt. The line is out of this process when the call returns."""
        if self._file is not None:
            line = json.dumps({"kind": kind, "at": moments.rfc3339(at), **facts})
            os.write(self._file, line.encode() + b"\n")

    def close(self) -> None:
        """Let go of the file."""
        if self._file is not None:
            os.close(self._file)
            self._file = None


def cut_torn_line(path: Path) -> None:
    """Take away a last line without its end: a kill tore it, so its delivery was never answered."""
    whole = 0
    with path.open("rb") as file:
        for line in file:
            whole += len(line) if line.endswith(b"\n") else 0
    if whole < path.stat().st_size:
        os.truncate(path, whole)


def fingerprint(body: bytes) -> str:
    """SHA-256 of what was delivered, in hex."""
    return hashlib.sha256(body).hexdigest()
