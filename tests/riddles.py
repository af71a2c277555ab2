"""Solves the riddle of `reports.crowd`, as a phone or a bot would."""

import hashlib
from itertools import count


def solve(challenge: str, bits: int) -> str:
    """`<challenge>:<nonce>`, after about 2 ** bits tries."""
    start = hashlib.sha256(f"{challenge}:".encode())
    for nonce in count():
        trial = start.copy()
        trial.update(b"%d" % nonce)
        if int.from_bytes(trial.digest()) >> (256 - bits) == 0:
            return f"{challenge}:{nonce}"
    raise AssertionError("numbers do not end")
