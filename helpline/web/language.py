"""Which language a page speaks. Some are spoken in two registers (`fr` and `fr-vous`), each a catalogue of its own."""

from datetime import date

from django.conf import settings
from django.utils import translation
from django.utils.formats import date_format

LANGUAGES = frozenset(code for code, _name in settings.LANGUAGES)


def in_house(text: str) -> str:
    """A word of ours that is written into a row, in the language this installation speaks by itself. What is not ours
    stays as it was written.
    """
    with translation.override(settings.LANGUAGE_CODE):
        return translation.gettext(text)


def day_in_house(day: date) -> str:
    """The same for a day: "12 March"."""
    with translation.override(settings.LANGUAGE_CODE):
        return date_format(day, "j F")


def spoken() -> str:
    """The language of the page as HTML and the database name it, whatever its register."""
    language = translation.get_language() or settings.LANGUAGE_CODE
    return language if language in LANGUAGES else language.rpartition("-")[0] or language
