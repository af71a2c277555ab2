"""How a picture's fingerprint (PDQ, 256 bits) stands in the table of near matches: masked, and cut into bands.

Near means: at most 31 bits differ. To find that in a table the bits themselves have to be there. They stand permuted by a
secret permutation and XORed with a secret mask, both derived from the desk's key: distances stay, so matching works; a
dump alone can't be looked up with the fingerprint of a known picture. The permutation also spreads neighbouring bits of
a PDQ, which go together, over the bands.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from helpline.crypto import keyring

BITS, BANDS, WIDTH = 256, 16, 16
NEAR = 31  # Hamming distance; published with PDQ
WORTH_MATCHING = 50  # of a PDQ's quality, 0 to 100: below it pictures that show little are all alike


@dataclass(frozen=True, slots=True)
class Secret:
    """One desk key's way of masking."""

    key_id: str
    mask: int
    places: tuple[int, ...]

    def masked(self, value: str) -> int:
        """A PDQ, 64 hexadecimal digits, as it stands in the table."""
        bits = f"{int(value, 16):0{BITS}b}"
        return int("".join([bits[place] for place in self.places]), 2) ^ self.mask


def current() -> Secret:
    """What masks now. Raises KeyUnavailable on the public face."""
    return _secret(*keyring.current("desk.key"))


@lru_cache(maxsize=8)
def _secret(key_id: str, key: bytes) -> Secret:
    kdf = HKDF(algorithm=hashes.SHA256(), length=BITS // 8 + 4 * BITS, salt=None, info=b"near fingerprints")
    stream = kdf.derive(key)
    places = list(range(BITS))
    for last in range(BITS - 1, 0, -1):  # Fisher–Yates
        start = BITS // 8 + 4 * last
        other = int.from_bytes(stream[start : start + 4]) % (last + 1)
        places[last], places[other] = places[other], places[last]
    return Secret(key_id, int.from_bytes(stream[: BITS // 8]), tuple(places))


def written(masked: int) -> str:
    """As the database writes it."""
    return f"{masked:0{BITS}b}"


def bands(masked: int) -> list[int]:
    """Sixteen times sixteen bits."""
    return [masked >> (BITS - WIDTH * (band + 1)) & (1 << WIDTH) - 1 for band in range(BANDS)]


def probes(masked: int) -> Sequence[int]:
    """Band by band the seventeen values of which everything near has at least one: 31 differences over 16 bands leave one
    band with at most one.
    """
    return [found for band in bands(masked) for found in (band, *(band ^ 1 << bit for bit in range(WIDTH)))]
