"""The keys, by purpose, from files or the environment. They are never in the database.

| name         | kind                | who holds it            | what it does                                      |
|--------------|---------------------|-------------------------|---------------------------------------------------|
| `intake.pub` | X25519 public key   | every face              | seals a report's data key to the staff            |
| `intake.key` | X25519 private key  | staff face, worker      | opens it                                          |
| `desk.key`   | AES-256 key         | staff face, worker      | wraps the data keys of cases, notices and channels |
| `index.key`  | HMAC-SHA256 key     | every face              | blind indexes of links, accounts, fingerprints    |
| `pepper.key` | HMAC-SHA256 key     | every face              | finds a report by its receipt code                |

A key is written as lines of `<key id> <base64>`; the first line is used to seal, all of them to open, which is how keys
are rotated. The file `<KEYS_DIR>/intake.pub` may be replaced by the environment variable `HELPLINE_KEY_INTAKE_PUB`
(lines separated by commas), and so on.
"""

import base64
import os
import secrets
from functools import cache
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from django.conf import settings

EVERY_FACE = ("intake.pub", "index.key", "pepper.key")
STAFF_ONLY = ("intake.key", "desk.key")
NAMES = EVERY_FACE + STAFF_ONLY

Keys = dict[str, bytes]


class KeyUnavailable(Exception):
    """This process does not hold the key it would need: the public face never holds those that open reports."""


def _parse(text: str, *, origin: str) -> Keys:
    keys: Keys = {}
    for line in text.replace(",", "\n").splitlines():
        if not line.strip():
            continue
        try:
            key_id, value = line.split()
            keys[key_id] = base64.b64decode(value, validate=True)
        except ValueError as error:
            raise KeyUnavailable(f"{origin}: each line must be '<key id> <base64 of 32 bytes>'.") from error
        if len(keys[key_id]) != 32 or len(key_id) > 32:
            raise KeyUnavailable(f"{origin}: key {key_id} must hold 32 bytes and have a short id.")
    return keys


def variable(name: str) -> str:
    """The environment variable that may hold the keys called `name`."""
    return "HELPLINE_KEY_" + name.upper().replace(".", "_")


@cache
def load(name: str) -> Keys:
    """All keys called `name`, the current one first. Raises KeyUnavailable when there is none for this process."""
    if settings.FACE == "public" and name in STAFF_ONLY:
        raise KeyUnavailable(f"The public face may not hold {name}.")
    path = settings.KEYS_DIR / name
    keys: Keys = {}
    if os.environ.get(variable(name)):
        keys = _parse(os.environ[variable(name)], origin=variable(name))
    elif path.exists():
        keys = _parse(path.read_text(), origin=str(path))
    if not keys:
        raise KeyUnavailable(f"No {name}: set {variable(name)} or run 'manage.py bootstrap' to make {path}.")
    return keys


def current(name: str) -> tuple[str, bytes]:
    """The key id and key that seals now."""
    return next(iter(load(name).items()))


def make_missing(folder: Path) -> list[str]:
    """Write the keys that `folder` does not hold yet, readable by the owner only. Returns the names made."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    made: list[str] = []

    def write(name: str, key_id: str, value: bytes) -> None:
        handle = os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as file:
            file.write(f"{key_id} {base64.b64encode(value).decode()}\n")
        made.append(name)

    key_id = secrets.token_hex(4)
    if not (folder / "intake.pub").exists():
        private = X25519PrivateKey.generate()
        write("intake.key", key_id, private.private_bytes_raw())
        write("intake.pub", key_id, private.public_key().public_bytes_raw())
    for name in ("desk.key", "index.key", "pepper.key"):
        if not (folder / name).exists():
            write(name, key_id, secrets.token_bytes(32))
    load.cache_clear()
    return made
