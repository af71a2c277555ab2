"""A language is whole or it is not offered."""

import pytest
from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext

from tests.translations_complete import LOCALE, problems


def test_every_sentence_is_translated_and_compiled() -> None:
    assert list(problems()) == []


def test_every_language_offered_has_a_catalogue_except_the_source() -> None:
    offered = {code for code, _name in settings.LANGUAGES}
    assert offered - {"en"} == {path.name for path in LOCALE.iterdir() if path.is_dir()}


@pytest.mark.parametrize("code", [code for code, _name in settings.LANGUAGES])
def test_a_language_really_speaks(code: str) -> None:
    with translation.override(code):
        assert (gettext("Continue") == "Continue") == (code == "en")
