"""Templates carry no script or style of their own, the first page is light, and every colour can be read."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client

ROOT = Path(settings.BASE_DIR)
FIRST_PAGE_BYTES = 40_000
NEXT_PAGE_BYTES = 10_000

# --- Nothing inline, nothing foreign ------------------------------------------------------------------

INLINE = re.compile(
    r"""
    <script(?![^>]*\bsrc=) |     # a script with its words inside
    <style\b |
    \sstyle\s*= |
    <[^>{]*\son[a-z]+\s*= |      # onclick=, onload=
    javascript:
    """,
    re.VERBOSE | re.IGNORECASE,
)
FOREIGN = re.compile(r"""(?:src|href|action|data|poster)\s*=\s*["'](?:https?:)?//""", re.IGNORECASE)


def templates() -> list[Path]:
    return sorted((ROOT / "templates").rglob("*.html"))


@pytest.mark.parametrize("path", templates(), ids=lambda path: str(path.relative_to(ROOT / "templates")))
def test_no_template_holds_a_script_a_style_or_a_foreign_address(path: Path) -> None:
    text = path.read_text()

    assert not INLINE.search(text)
    assert not FOREIGN.search(text)


@pytest.mark.parametrize(
    "name",
    [
        "exit.js",
        "pagehide.js",
        "send.js",
        "copy.js",
        "staff.js",
        "pictures.js",
        "redact.js",
        "keep.js",
        "fingerprint.js",
        "work.js",
    ],
)
def test_no_script_makes_markup_from_text_or_keeps_anything(name: str) -> None:
    text = (ROOT / "static" / "js" / name).read_text()

    for word in ("innerHTML", "eval(", "document.write", "localStorage", "sessionStorage", "document.cookie"):
        assert word not in text


def test_style_sheets_and_drawings_name_no_other_host() -> None:
    for path in [*(ROOT / "static" / "css").glob("*.css"), *(ROOT / "static" / "img").glob("*.svg")]:
        text = path.read_text().replace('xmlns="http://www.w3.org/2000/svg"', "")
        assert not re.search(r"@import|https?://|url\(", text), path.name


# --- Weight, uncompressed, so a server without compression keeps the promise too ----------------------


def test_the_first_page_with_all_it_loads_and_the_next_ones() -> None:
    client = Client()
    page = client.get("/").content
    loaded = set(re.findall(rb'(?:href|src)="/static/([^"]+)"', page))

    weight = len(page) + sum((ROOT / "static" / name.decode()).stat().st_size for name in loaded)

    assert len(loaded) >= 6
    assert weight <= FIRST_PAGE_BYTES, weight
    assert len(client.get("/privacy/").content) <= NEXT_PAGE_BYTES


# --- Contrast (WCAG 2.2) ------------------------------------------------------------------------------

TEXT, LARGE, EDGE = 4.5, 3.0, 3.0
# (text, ground, at least); every pair that the style sheets put together.
PAIRS = [
    *(
        (ink, ground, TEXT)
        for ink in ("ink", "quiet", "link", "danger")
        for ground in ("paper", "surface", "quiet-soft")
    ),
    *((ink, "lamp-soft", TEXT) for ink in ("ink", "quiet", "link")),
    *((ink, "danger-soft", TEXT) for ink in ("ink", "danger")),
    *((tone, f"{tone}-soft", TEXT) for tone in ("go", "good", "wait", "danger", "quiet")),
    *(("ink", f"{tone}-soft", TEXT) for tone in ("go", "good", "wait", "danger")),
    *((tone, "surface", TEXT) for tone in ("go", "good", "wait", "danger")),
    *((tone, "paper", TEXT) for tone in ("go", "good", "wait")),
    *((ink, ground, TEXT) for ink in ("on-night", "on-night-quiet") for ground in ("night", "night-deep")),
    ("on-button", "button", TEXT),
    ("on-button", "button-over", TEXT),
    ("lamp-text", "lamp", TEXT),
    ("edge", "surface", EDGE),
    ("edge", "paper", EDGE),
    # The ring is amber with a dark line around it: the one or the other stands out on any ground.
    ("lamp", "ring", EDGE),
]


def tokens(dark: bool) -> dict[str, str]:
    css = (ROOT / "static" / "css" / "tokens.css").read_text()
    light, night = css.split("@media (prefers-color-scheme: dark)")
    found: dict[str, str] = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{3,6});", light))
    if dark:
        night = night.split("@media")[0]
        found |= dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{3,6});", night))
    return found


def luminance(colour: str) -> float:
    digits = colour.removeprefix("#")
    if len(digits) == 3:
        digits = "".join(digit * 2 for digit in digits)
    channels = [int(digits[place : place + 2], 16) / 255 for place in (0, 2, 4)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    brighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (brighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("text", "ground", "least"), PAIRS)
def test_every_pair_of_colours_can_be_read(scheme: str, text: str, ground: str, least: float) -> None:
    colours = tokens(dark=scheme == "dark")

    assert contrast(colours[text], colours[ground]) >= least


def test_black_on_white_is_twenty_one() -> None:
    assert round(contrast("#000", "#ffffff"), 1) == 21.0


def test_amber_is_never_a_colour_of_text() -> None:
    for path in (ROOT / "static" / "css").glob("*.css"):
        assert not re.search(r"(?<![-\w])color: var\(--lamp\)", path.read_text()), path.name
