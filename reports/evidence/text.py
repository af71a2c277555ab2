"""Text fields take words. A picture pasted into one as text is left out."""

import re

from django.utils.translation import gettext as _

# Lines that go on with nothing but the letters of an encoded picture.
MORE_LINES = r"(?:\r?\n[A-Za-z0-9+/_=-]{40,}(?![^\r\n]))*(?:\r?\n[A-Za-z0-9+/_-]*={1,2}(?![^\r\n]))?"
DATA_ADDRESS = re.compile(
    r"\bdata:(?:[\w.+-]{1,60}/[\w.+-]{1,60}(?:;[\w.+-]{1,60}(?:=[\w.+-]{0,60})?){0,8}|;base64|;charset=[\w-]{1,40})\s{0,2},"
    r"[^\s\"'<>()\[\]{}]*" + MORE_LINES,
    re.IGNORECASE,
)
# The same without its first words: how PNG, JPEG, GIF, WebP and HEIC begin in base 64.
BARE = re.compile(
    r"(?<![A-Za-z0-9+/])(?:iVBORw0KGgo|/9j/[24]|R0lGOD[dl]h|UklGR|AAAA[A-Za-z0-9+/]{2}Z0eXB)[A-Za-z0-9+/_=\r\n-]{200,}"
)


def without_pictures(text: str) -> str:
    """`text` with a short marker in the place of each `data:` address and each picture written out in base 64."""
    if "data:" in text.lower():
        text = DATA_ADDRESS.sub(_marker, text)
    return BARE.sub(_marker, text) if len(text) >= 200 else text


def _marker(_picture: re.Match[str]) -> str:
    return _("[picture removed]")
