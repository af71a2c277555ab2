"""A tagged PDF from words: PDF/UA-1, made in memory from typst's own fonts, nothing on a disk.

What somebody wrote reaches the page as data, never as markup.
"""

import base64
import json
import unicodedata
from collections.abc import Mapping
from functools import cache
from typing import Any

import typst

# What typst's own fonts can write, letter by letter: Latin, Greek, Cyrillic, Hebrew, Arabic, signs. PDF/UA allows no gaps.
WRITABLE = (
    *(range(0x20, 0x7F), range(0xA0, 0xAD), range(0xAE, 0x180), range(0x391, 0x3A2), range(0x3A3, 0x3CF)),
    *(range(0x400, 0x460), range(0x5D0, 0x5EB), range(0x621, 0x63B), range(0x641, 0x64B)),
    *(
        range(0x2010, 0x2016),
        range(0x2018, 0x2023),
        range(0x2026, 0x2027),
        range(0x202F, 0x2030),
        range(0x20AC, 0x20AD),
    ),
)


def pdf(shape: bytes, words: Mapping[str, Any], *, pictures: Mapping[str, bytes] | None = None) -> bytes:
    """`shape` (typst) given `words` as `sys.inputs.data`; `pictures`, made by `framed`, are files it may name."""
    source: Any = {"main.typ": shape, **(pictures or {})}
    made = typst.compile(
        source,
        format="pdf",
        font_paths=_fonts(),
        sys_inputs={"data": json.dumps(writable(dict(words)))},
        pdf_standards=["ua-1"],
    )
    return bytes(made)


def framed(picture: bytes, *, content_type: str, width: int, height: int) -> bytes:
    """A PNG or JPEG within an SVG: the one form in which typst takes a picture that is no file on a disk."""
    inside = base64.b64encode(picture).decode()
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}">'
        f'<image width="{width}" height="{height}" href="data:{content_type};base64,{inside}"/></svg>'
    ).encode()


@cache
def _fonts() -> typst.Fonts:
    return typst.Fonts(include_system_fonts=False)


def writable(words: Any) -> Any:
    """Every text in it made writable: what the fonts lack stands there as its number."""
    if isinstance(words, dict):
        return {name: writable(part) for name, part in words.items()}
    if isinstance(words, list | tuple):
        return [writable(part) for part in words]
    return _letters(words) if isinstance(words, str) else words


def _letters(text: str) -> str:
    return "".join(
        character if any(ord(character) in letters for letters in WRITABLE) else f"[U+{ord(character):04X}]"
        for character in unicodedata.normalize("NFC", text)
    )
