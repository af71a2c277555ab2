"""PDQ fingerprints of drawn shapes, with noise: not random bits, and no picture of anything.

The 256 signs of a 16 × 16 corner of the picture's cosine transform against their median, from the published description
of PDQ (Meta). The picture is made small by a box filter where PDQ uses two tents; for what is measured here – how alike
the bits of plain pictures are – that is the same.
"""

import math
import random
from collections.abc import Iterator

from PIL import Image, ImageDraw

SIDE, CORNER = 64, 16
_WAVES = [
    [
        math.sqrt(2 / SIDE) * math.cos(math.pi / 2 / SIDE * (wave + 1) * (2 * place + 1))
        for place in range(SIDE)
    ]
    for wave in range(CORNER)
]


def pdq(picture: Image.Image) -> int:
    """256 bits."""
    small = picture.convert("L").resize((SIDE, SIDE), Image.Resampling.BOX)
    light = small.tobytes()
    rows = [light[start : start + SIDE] for start in range(0, SIDE * SIDE, SIDE)]
    half = [[sum(map(float.__mul__, wave, map(float, row))) for row in rows] for wave in _WAVES]
    signs = [sum(map(float.__mul__, wave, line)) for wave in _WAVES for line in half]
    middle = sorted(signs)[len(signs) // 2 - 1]
    return int("".join("1" if one > middle else "0" for one in signs), 2)


def draw(dice: random.Random) -> Image.Image:
    """A few shapes over a gradient."""
    picture = Image.linear_gradient("L").rotate(dice.choice((0, 90, 180, 270)))
    pen = ImageDraw.Draw(picture)
    for _ in range(dice.randint(1, 6)):
        left, top = dice.randrange(200), dice.randrange(200)
        box = (left, top, left + dice.randrange(20, 200), top + dice.randrange(20, 200))
        tone = dice.randrange(256)
        dice.choice((pen.rectangle, pen.ellipse))(box, fill=tone)
    return picture


def fingerprints(count: int, dice: random.Random) -> Iterator[int]:
    """`count` drawings, each with its own fingerprint."""
    for _ in range(count):
        yield pdq(draw(dice))


def near(value: int, bits: int, dice: random.Random) -> int:
    """The same with so many bits turned, as a copy that was scaled or saved again."""
    for place in dice.sample(range(256), bits):
        value ^= 1 << place
    return value
