"""Ways to keep the code: read aloud, as a square for another phone's camera, as a picture that looks like a plain note.

None of them says what the code is for, and none holds an address.
"""

import unicodedata
from io import BytesIO
from typing import Any

import segno
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import pgettext_lazy
from django.views.decorators.http import require_safe
from PIL import Image, ImageDraw, ImageFont

from helpline.web.files import neutral_file
from reports import note as notes
from reports import receipts
from reports.note import Note

CODE = "/report/code/"

DIGITS = {
    "0": pgettext_lazy("digit, said aloud", "zero"),
    "1": pgettext_lazy("digit, said aloud", "one"),
    "2": pgettext_lazy("digit, said aloud", "two"),
    "3": pgettext_lazy("digit, said aloud", "three"),
    "4": pgettext_lazy("digit, said aloud", "four"),
    "5": pgettext_lazy("digit, said aloud", "five"),
    "6": pgettext_lazy("digit, said aloud", "six"),
    "7": pgettext_lazy("digit, said aloud", "seven"),
    "8": pgettext_lazy("digit, said aloud", "eight"),
    "9": pgettext_lazy("digit, said aloud", "nine"),
}

# A word for each letter of a code, by which it is spelled on the telephone: in each language those that people know.
LETTERS = {
    "A": pgettext_lazy("spelling word on the telephone, for A", "Alfa"),
    "B": pgettext_lazy("spelling word on the telephone, for B", "Bravo"),
    "C": pgettext_lazy("spelling word on the telephone, for C", "Charlie"),
    "D": pgettext_lazy("spelling word on the telephone, for D", "Delta"),
    "E": pgettext_lazy("spelling word on the telephone, for E", "Echo"),
    "F": pgettext_lazy("spelling word on the telephone, for F", "Foxtrot"),
    "G": pgettext_lazy("spelling word on the telephone, for G", "Golf"),
    "H": pgettext_lazy("spelling word on the telephone, for H", "Hotel"),
    "J": pgettext_lazy("spelling word on the telephone, for J", "Juliett"),
    "K": pgettext_lazy("spelling word on the telephone, for K", "Kilo"),
    "M": pgettext_lazy("spelling word on the telephone, for M", "Mike"),
    "N": pgettext_lazy("spelling word on the telephone, for N", "November"),
    "P": pgettext_lazy("spelling word on the telephone, for P", "Papa"),
    "Q": pgettext_lazy("spelling word on the telephone, for Q", "Quebec"),
    "R": pgettext_lazy("spelling word on the telephone, for R", "Romeo"),
    "S": pgettext_lazy("spelling word on the telephone, for S", "Sierra"),
    "T": pgettext_lazy("spelling word on the telephone, for T", "Tango"),
    "V": pgettext_lazy("spelling word on the telephone, for V", "Victor"),
    "W": pgettext_lazy("spelling word on the telephone, for W", "Whiskey"),
    "X": pgettext_lazy("spelling word on the telephone, for X", "X-ray"),
    "Y": pgettext_lazy("spelling word on the telephone, for Y", "Yankee"),
    "Z": pgettext_lazy("spelling word on the telephone, for Z", "Zulu"),
}

# The picture: a sheet of a notepad, as tall as a phone shows it.
WIDTH, HEIGHT = 1080, 1350
SHEET, RULE, MARGIN, WRITTEN, FAINT = "#fbf8f3", "#dcd4c5", "#e9b98a", "#1e2a4a", "#6d7686"
LEFT, TOP, LINE = 150, 270, 240


def can_see(note: Note) -> bool:
    """Whether this browser may still show a code: a draft's always, a report's until it was noted."""
    return bool(note.fresh) or not (note.is_report and note.shown)


def ways(note: Note) -> dict[str, Any]:
    """What the pages that show a code need."""
    code = note.fresh or note.code
    return {"code": receipts.grouped(code), "aloud": aloud(code), "square": square(code)}


def aloud(code: str) -> list[list[str]]:
    """The four groups as they are said: letters as letters, digits as words."""
    said = [str(DIGITS.get(character, character)) for character in code]
    return [said[start : start + 4] for start in range(0, len(said), 4)]


def spelled(code: str) -> list[list[tuple[str, str]]]:
    """The four groups for whoever reads them to somebody else: each character with the word that spells it."""
    words = DIGITS | LETTERS
    said = [(character, str(words[character])) for character in code]
    return [said[start : start + 4] for start in range(0, len(said), 4)]


def square(code: str) -> SafeString:
    """A QR drawing of the code, and of nothing else: a phone that reads it shows sixteen characters."""
    drawn = segno.make_qr(receipts.grouped(code), error="m").svg_inline(
        omitsize=True, svgclass=None, lineclass=None, dark=WRITTEN
    )
    return mark_safe(drawn)  # noqa: S308  drawn from sixteen letters and digits


def picture(code: str, *, name: str) -> bytes:
    """A PNG that looks like a sheet of a notepad: `name` on top, the code in four lines."""
    sheet = Image.new("RGB", (WIDTH, HEIGHT), SHEET)
    pen, large = ImageDraw.Draw(sheet), ImageFont.load_default(190)
    pen.text((LEFT, 150), _writable(name), font=ImageFont.load_default(64), fill=FAINT, anchor="ls")
    for number, start in enumerate(range(0, receipts.LENGTH, 4)):
        ground = TOP + LINE * number + 150
        pen.line((0, ground + 44, WIDTH, ground + 44), fill=RULE, width=3)
        for place, character in enumerate(code[start : start + 4]):
            middle = LEFT + 105 + 200 * place
            pen.text((middle, ground), character, font=large, fill=WRITTEN, anchor="ms")
    pen.line((0, 194, WIDTH, 194), fill=RULE, width=3)
    pen.line((LEFT - 40, 0, LEFT - 40, HEIGHT), fill=MARGIN, width=4)
    out = BytesIO()
    sheet.save(out, "PNG")
    return out.getvalue()


def _writable(name: str) -> str:
    """As far as the letters of Pillow's own font go: without accents; empty in another script."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().strip()
    return plain if any(character.isalnum() for character in plain) else ""


@login_not_required
@require_safe
def card(request: HttpRequest) -> HttpResponse:
    """The picture, for as long as the page of the code shows it."""
    note = notes.read(request)
    if note is None or not can_see(note):
        return redirect(CODE)
    body = picture(note.fresh or note.code, name=settings.NEUTRAL_NAME)
    return notes.keep(neutral_file(body, kind="png", content_type="image/png"), note)
