"""Pictures drawn from a recipe, the same ones byte by byte as tests/js/pictures.mjs draws.

Whole numbers only, so that no two languages can disagree; shapes, gradients, noise and chat bubbles only.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypedDict

Colour = tuple[int, int, int]


class Recipe(TypedDict):
    """What a picture is made from."""

    kind: str
    seed: int
    width: int
    height: int


class Vector(Recipe):
    """A recipe and the fingerprint that the reference makes of it."""

    pdq: str
    quality: int


class Dice:
    """Numbers that look random and are the same everywhere."""

    def __init__(self, seed: int) -> None:
        self.state = (seed * 2654435761 + 12345) & 0xFFFFFFFF

    def below(self, most: int) -> int:
        self.state = (self.state * 1664525 + 1013904223) & 0xFFFFFFFF
        return (self.state >> 8) % most

    def colour(self) -> Colour:
        return self.below(256), self.below(256), self.below(256)


@dataclass(slots=True)
class Sheet:
    """White at first; three bytes a pixel."""

    width: int
    height: int
    rgb: bytearray

    def box(self, left: int, top: int, right: int, bottom: int, colour: Colour) -> None:
        left, right = max(0, left), min(self.width, right)
        if left >= right:
            return
        row = bytes(colour) * (right - left)
        for y in range(max(0, top), min(self.height, bottom)):
            start = (y * self.width + left) * 3
            self.rgb[start : start + len(row)] = row

    def disc(self, x: int, y: int, radius: int, colour: Colour) -> None:
        for down in range(-radius, radius + 1):
            reach = 0
            while (reach + 1) ** 2 + down**2 <= radius**2:
                reach += 1
            self.box(x - reach, y + down, x + reach + 1, y + down + 1, colour)


def gradient(sheet: Sheet, dice: Dice) -> None:
    slopes = [(dice.below(1200) - 600, dice.below(1200) - 600, dice.below(256)) for _ in range(3)]
    width, height = sheet.width, sheet.height
    for y in range(height):
        for x in range(width):
            steps = [
                ((x * across) // width + (y * down) // height + start) & 511 for across, down, start in slopes
            ]
            red, green, blue = (step if step < 256 else 511 - step for step in steps)
            sheet.box(x, y, x + 1, y + 1, (red, green, blue))


def checkers(sheet: Sheet, dice: Dice) -> None:
    cell = 3 + dice.below(60)
    colours = [dice.colour(), dice.colour(), dice.colour()]
    for top in range(0, sheet.height, cell):
        for left in range(0, sheet.width, cell):
            colour = colours[(left // cell + top // cell) & 1 if dice.below(8) else 2]
            sheet.box(left, top, left + cell, top + cell, colour)


def shapes(sheet: Sheet, dice: Dice) -> None:
    sheet.box(0, 0, sheet.width, sheet.height, dice.colour())
    large = max(sheet.width, sheet.height)
    for _ in range(4 + dice.below(16)):
        x, y, size = dice.below(sheet.width), dice.below(sheet.height), 1 + dice.below(1 + (large >> 2))
        if dice.below(2):
            sheet.disc(x, y, size, dice.colour())
        else:
            bottom = y + 1 + dice.below(size)
            sheet.box(x, y, x + size, bottom, dice.colour())


def noise(sheet: Sheet, dice: Dice) -> None:
    cell = 1 + dice.below(24)
    for top in range(0, sheet.height, cell):
        for left in range(0, sheet.width, cell):
            sheet.box(left, top, left + cell, top + cell, dice.colour())


def bubbles(sheet: Sheet, dice: Dice) -> None:
    width, height = sheet.width, sheet.height
    sheet.box(0, 0, width, height, (236, 229, 221))
    line = 4 + dice.below(6)
    top = line
    while top < height:
        lines, wide, mine = 1 + dice.below(4), (width >> 2) + dice.below(1 + (width >> 1)), dice.below(2)
        left = width - line - wide if mine else line
        tall = (2 * lines + 1) * line
        colour = (211, 246, 201) if mine else (255, 255, 255)
        sheet.box(left + line, top, left + wide - line, top + tall, colour)
        sheet.box(left, top + line, left + wide, top + tall - line, colour)
        for row in range(lines):
            x = left + line
            while x < left + wide - 2 * line:
                word = line + dice.below(5 * line)
                y = top + (2 * row + 1) * line
                sheet.box(x, y, min(x + word, left + wide - line), y + line, (60, 64, 67))
                x += word + line
        top += tall + line


def faint(sheet: Sheet, dice: Dice) -> None:
    """Hardly anything to see: such pictures have a low quality."""
    grey = 40 + dice.below(150)
    sheet.box(0, 0, sheet.width, sheet.height, (grey, grey, grey))
    size = 1 + (min(sheet.width, sheet.height) >> 1)
    x, y = dice.below(sheet.width), dice.below(sheet.height)
    sheet.disc(x, y, size, (grey + 9, grey + 4, grey + dice.below(30)))


KINDS: dict[str, Callable[[Sheet, Dice], None]] = {
    "gradient": gradient,
    "checkers": checkers,
    "shapes": shapes,
    "noise": noise,
    "bubbles": bubbles,
    "faint": faint,
}


def draw(recipe: Recipe) -> bytes:
    """The picture, three bytes a pixel, row by row."""
    width, height = recipe["width"], recipe["height"]
    sheet = Sheet(width, height, bytearray(b"\xff" * (width * height * 3)))
    KINDS[recipe["kind"]](sheet, Dice(recipe["seed"]))
    return bytes(sheet.rgb)
