"""A language is whole or it is not offered."""

import re

import polib
import pytest
from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext, to_locale

from reports.voice import FORMAL
from tests.translations_complete import LOCALE, problems

TU = re.compile(r"(?<![\w-])(?:tu|te|toi|ton|ta|tes|t’\w+)(?!\w)", re.I)


def test_every_sentence_is_translated_and_compiled() -> None:
    assert list(problems()) == []


def test_every_language_offered_has_a_catalogue_except_the_source() -> None:
    offered = {code for code, _name in settings.LANGUAGES} | {to_locale(code) for code in FORMAL.values()}
    assert offered - {"en"} == {path.name for path in LOCALE.iterdir() if path.is_dir()}


def test_nobody_is_said_tu_in_the_formal_register() -> None:
    formal = polib.pofile(str(LOCALE / "fr_Vous" / "LC_MESSAGES" / "django.po"))
    said = [text for entry in formal for text in (entry.msgstr, *entry.msgstr_plural.values())]
    assert len(said) > 50
    assert [text for text in said if TU.search(text)] == []


def test_the_formal_register_says_what_differs_and_the_rest_as_ever() -> None:
    with translation.override("fr"):
        young, same = gettext("Your code opens it again."), gettext("Messages")
    with translation.override("fr-vous"):
        assert gettext("Your code opens it again.") != young
        assert gettext("Messages") == same


@pytest.mark.parametrize("code", [code for code, _name in settings.LANGUAGES])
def test_a_language_really_speaks(code: str) -> None:
    with translation.override(code):
        assert (gettext("Continue") == "Continue") == (code == "en")
