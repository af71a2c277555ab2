"""Words of the directory this program comes with that are shown to people. They stand in rows, which an operator changes."""

from typing import Any

from django.utils.translation import gettext_noop

from helpline.web.language import in_house

OTHER = gettext_noop("Any other site")
SHOWN = (
    OTHER,
    gettext_noop("48 h (US)"),
    gettext_noop("Through the portal for trusted flaggers, valid addresses are suspended at once."),
)


def spoken(data: Any) -> Any:
    """The directory as it was read, with these words in the language of this installation; anything else untouched."""
    if isinstance(data, dict):
        return {key: spoken(value) for key, value in data.items()}
    if isinstance(data, list):
        return [spoken(value) for value in data]
    return in_house(data) if data in SHOWN else data
