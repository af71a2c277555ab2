"""The receipt code: sixteen characters, said aloud easily, and the only way back in."""

import secrets

# Crockford's base 32: no I, L, O or U, so nothing is mistaken for something else when read aloud or copied by hand.
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH = 16
# Looked up in the place of what can't be a code, so that every wrong one costs the same.
NO_CODE = "0" * LENGTH
_LOOKALIKES = str.maketrans({"O": "0", "I": "1", "L": "1"})


class MalformedCode(ValueError):
    """Not sixteen characters of the alphabet."""


def new_code() -> str:
    """80 bits from the system's generator, without separators."""
    number = secrets.randbits(5 * LENGTH)  # one question to the system instead of sixteen
    return "".join(ALPHABET[number >> 5 * place & 31] for place in range(LENGTH))


def normalise(text: str) -> str:
    """What was typed or dictated, as a code: any case, spaces and dashes, O for 0 and I or L for 1.

    Raises MalformedCode.
    """
    # Whatever is neither letter nor digit only separates: a phone turns a dash into any of five.
    code = "".join(character for character in text.upper() if character.isalnum()).translate(_LOOKALIKES)
    if len(code) != LENGTH or any(character not in ALPHABET for character in code):
        raise MalformedCode
    return code


def read(typed: str) -> str:
    """What was typed, as a code; NO_CODE, which opens nothing, for what can't be one. Both are looked up alike."""
    try:
        return normalise(typed)
    except MalformedCode:
        return NO_CODE


def grouped(code: str) -> str:
    """`K3F9-…`: four groups of four."""
    return "-".join(code[start : start + 4] for start in range(0, LENGTH, 4))
