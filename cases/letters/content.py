"""A notice as facts: what every connector writes in its own form, and what the linter reads."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db.models import TextChoices
from django.utils.functional import Promise

FACTS_MAX = 1000  # characters that a colleague may add for the platform


class Severity(TextChoices):
    """Does it stop the notice, or is it for a person to weigh?"""

    STOP = "stop"
    WARN = "warn"


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong with a notice: a stable code, what it is, how to mend it. It never repeats what it found."""

    code: str
    message: str | Promise
    mend: str | Promise
    severity: Severity = Severity.STOP

    @property
    def stops(self) -> bool:
        """May the notice not leave as it is?"""
        return self.severity == Severity.STOP


@dataclass(frozen=True, slots=True)
class Item:
    """One piece of content. `item_id` is `Takedown.item`: the takedown's id, or what several takedowns share."""

    item_id: str
    url: str
    account: str
    kind: str
    fingerprints: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class NoticeContent:
    """Everything a connector needs to write the notice in its own form. It is what stands sealed in the database.

    `parts` are the sentences of the template around it, so that nobody asks for the template again when it leaves.
    """

    notice_id: str
    notifier: dict[str, Any]
    regimes: tuple[str, ...]
    category: str
    keywords: tuple[str, ...]
    depicts_minor: bool
    explanation: str
    good_faith: str
    items: tuple[Item, ...]
    language: str
    signature: dict[str, Any] | None = None
    kind: str = ""
    facts: str = ""  # what a colleague added; it stands in `explanation`, too
    wording: str = ""  # which template, and which version of it
    parts: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def signed(self) -> str | None:
        """The signature in one line, as the notice API takes it."""
        if not self.signature:
            return None
        said = (self.signature.get(name, "") for name in ("name", "capacity", "signed_at"))
        return ", ".join(str(one) for one in said if one) or None


def one_line(text: str) -> str:
    """What somebody typed, unable to look like lines of the notice itself."""
    return "".join(one for one in " ".join(text.split()) if one.isprintable())
