"""How templates and mandates are called on the pages."""

import difflib
import re
from collections.abc import Sequence
from typing import NamedTuple

from django.utils.translation import get_language_info
from django.utils.translation import gettext as _

from cases.letters.parts import KINDS
from helpline.platforms.models import Regime


def language_name(code: str) -> str:
    """The language, in the language of the page."""
    return str(get_language_info(code)["name_translated"])


def name_of(regime: str, language: str, kind: str = "") -> str:
    """A template: its law, its language, and the kind it is for."""
    said = f"{Regime(regime).label} · {language_name(language)}"
    return f"{said} · {only(kind)}" if kind else said


def only(kind: str) -> str:
    """That it is for one kind of report."""
    return _("only: %(kind)s") % {"kind": KINDS[kind]}


class Run(NamedTuple):
    """A piece of a text that was compared: '' kept, 'in' new, 'out' gone."""

    change: str
    text: str


def compared(before: str, after: str) -> Sequence[Run]:
    """`after`, word by word, with what is new in it and what is gone from `before`."""
    one, two = re.findall(r"\s+|[^\s]+", before), re.findall(r"\s+|[^\s]+", after)
    runs: list[Run] = []
    for what, a, b, c, d in difflib.SequenceMatcher(None, one, two, autojunk=False).get_opcodes():
        if what == "equal":
            runs.append(Run("", "".join(two[c:d])))
            continue
        if a != b:
            runs.append(Run("out", "".join(one[a:b])))
        if c != d:
            runs.append(Run("in", "".join(two[c:d])))
    return runs
