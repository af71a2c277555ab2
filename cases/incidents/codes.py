"""A school code: six characters that a school hands to its pupils, such as K7X-4PM. It leads to an incident, to no person.

A pupil writes it where the form asks for the school, or says it on the phone. It opens nothing: whoever names it is
proposed for the incident, and a person decides. So thirty bits are enough, and a wrong one costs nobody anything.
"""

import re
import secrets
from collections.abc import Sequence

from helpline.crypto import blind
from reports.receipts import ALPHABET

HALF = 3
MOST = 8  # candidates looked up from one answer
_LOOKALIKES = str.maketrans({"O": "0", "I": "1", "L": "1"})
# Two halves with at most a sign or a space between, and no letter or digit around. Overlapping ones are found, too.
_CODE = re.compile(
    rf"(?<![0-9A-Z])(?=([{ALPHABET}]{{{HALF}}})[ ._/‐-―-]?([{ALPHABET}]{{{HALF}}})(?![0-9A-Z]))"
)


def new_code() -> str:
    """Six characters of Crockford's alphabet, with a digit and a letter, so that it is never a word or a number."""
    while True:
        code = "".join(secrets.choice(ALPHABET) for _ in range(2 * HALF))
        if any(one.isdigit() for one in code) and any(one.isalpha() for one in code):
            return code


def grouped(code: str) -> str:
    """As it is written and read aloud: `K7X-4PM`."""
    return f"{code[:HALF]}-{code[HALF:]}"


def found_in(text: str) -> Sequence[str]:
    """Whatever in an answer may be a code; O is read as 0, I and L as 1."""
    tidy = text.upper().translate(_LOOKALIKES)
    return list(dict.fromkeys(first + last for first, last in _CODE.findall(tidy)))[:MOST]


def index(code: str) -> bytes:
    """By what it is found, without being readable."""
    return blind.index("school-code", code) or b""
