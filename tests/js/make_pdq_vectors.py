"""Writes pdq_vectors.json: recipes of pictures and the fingerprints that the reference makes of them.

Run by hand, in a virtual environment of its own with `pdqhash` 0.2.8 (bindings to Meta's C++; not a dependency of
this project):

    python -m tests.js.make_pdq_vectors
"""

import json
from importlib import import_module
from pathlib import Path

from tests.js.pictures import KINDS, Recipe, draw

# By name, because no list of requirements has them.
np, pdqhash = import_module("numpy"), import_module("pdqhash")

# Around every edge of the algorithm: too small, the size that is not filtered, windows of one pixel and of many.
SIZES = [
    (4, 40), (5, 5), (5, 300), (300, 6), (17, 23), (63, 64), (64, 63), (64, 64), (65, 64), (64, 65), (100, 37),
    (127, 128), (128, 127), (129, 128), (128, 129), (200, 150), (255, 257), (256, 256), (320, 180), (180, 320),
    (360, 740), (511, 97), (640, 3), (640, 480), (1000, 9), (1170, 254),
]  # fmt: skip


def vector(recipe: Recipe) -> dict[str, object]:
    """The recipe with its fingerprint."""
    pixels = np.frombuffer(draw(recipe), np.uint8).reshape(recipe["height"], recipe["width"], 3)
    bits, quality = pdqhash.compute(pixels)
    # The bindings leave the quality of a picture that is too small as it was in memory; the reference says 0.
    smallest = min(recipe["width"], recipe["height"])
    return {**recipe, "pdq": np.packbits(bits).tobytes().hex(), "quality": quality if smallest >= 5 else 0}


def main() -> None:
    """156 of them, one a line."""
    recipes = [
        Recipe(kind=kind, seed=100 * place + turn, width=width, height=height)
        for turn, (width, height) in enumerate(SIZES)
        for place, kind in enumerate(KINDS)
    ]
    lines = ",\n".join(json.dumps(vector(recipe)) for recipe in recipes)
    (Path(__file__).parent / "pdq_vectors.json").write_text(f"[\n{lines}\n]\n")


if __name__ == "__main__":
    main()
