"""What each kind of recipient accepts, which articles may be named, and after how long to ask again: data, not code.

The file that ships (data/recipients.json) is a starting point **to check by a lawyer**. An operator puts their own in its
place with HELPLINE_REFERRALS_FILE; it has the same layout:

    {"layout": "referrals/1",
     "articles": [{"code": "434-3-cp", "name": "Art. 434-3 CP", "says": {"en": "…", "fr": "…"}}],
     "recipients": [{"kind": "prosecutor", "bases": ["legal-duty", "consent"], "articles": ["434-3-cp"],
                     "follow_up_days": 14, "ticked": ["facts", "links"], "note": {"en": "…"}}],
     "offences": [{"code": "226-8-1 CP", "kinds": ["deepnude"], "minor": true, "circumstances": ["blackmail"],
                   "says": {"en": "…"}}]}

kind           every kind of states.RecipientKind, once
bases          what allows it: consent, legal-duty, vital-interest
ticked         what the form begins with (states.Part); what tells who somebody is, or shows a picture, never
minor          only where the person is, or may be, a minor
circumstances  only where one of them was told
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error
from django.utils.translation import get_language

from cases.referrals.states import Basis, Part, RecipientKind
from reports.models import Report
from reports.states import AgeRange, Circumstance, Kind

LAYOUT = "referrals/1"
# What leads to a person, or shows something: added by a hand each time.
NEVER_TICKED = frozenset({Part.STORY, Part.NAME, Part.SCHOOL, Part.CONTACT, Part.PICTURES})
Texts = Mapping[str, str]


class BadFile(ValueError):
    """The file of recipients does not hold what it must. The message says where."""


@dataclass(frozen=True, slots=True)
class Article:
    """An article that may be named as a duty."""

    code: str
    name: str
    says: Texts


@dataclass(frozen=True, slots=True)
class Recipient:
    """A kind of recipient."""

    kind: RecipientKind
    bases: tuple[Basis, ...]
    articles: tuple[Article, ...]
    follow_up_days: int
    ticked: tuple[Part, ...]
    note: Texts


@dataclass(frozen=True, slots=True)
class Offence:
    """An article that may fit the facts: a lawyer says whether it does."""

    code: str
    says: Texts
    kinds: frozenset[str]
    minor: bool
    circumstances: frozenset[str]

    def may_fit(self, report: Report) -> bool:
        """By the coarse facts alone."""
        told = not self.circumstances or not self.circumstances.isdisjoint(report.circumstances)
        aged = not self.minor or AgeRange(report.age_range).is_minor
        return report.kind in self.kinds and told and aged


@dataclass(frozen=True, slots=True)
class Directory:
    """The file, read."""

    recipients: Mapping[str, Recipient]
    articles: Mapping[str, Article]
    offences: Sequence[Offence]


def said(texts: Texts) -> str:
    """In the language of the page; else in English, else in whatever there is."""
    language = (get_language() or "en").split("-")[0]
    return texts.get(language) or texts.get("en") or next(iter(texts.values()), "")


def current() -> Directory:
    """The recipients in use. Raises BadFile."""
    return _read(str(settings.REFERRALS_FILE))


def of_kind(kind: str) -> Recipient:
    """What this kind accepts."""
    return current().recipients[kind]


def article_name(code: str) -> str:
    """How an article is called; one that is no longer in the file keeps its code."""
    found = current().articles.get(code)
    return found.name if found else code


@lru_cache(maxsize=4)
def _read(path: str) -> Directory:
    try:
        body = json.loads(Path(path).read_text())
    except (OSError, ValueError) as error:
        raise BadFile(f"{path} can't be read: {error}") from error
    try:
        return _directory(body)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BadFile(f"{path}: {error!r}") from error


def _directory(body: Mapping[str, Any]) -> Directory:
    if body["layout"] != LAYOUT:
        raise ValueError(f"the layout is not {LAYOUT}")
    articles = {
        one["code"]: Article(
            code=_short(one["code"], 40), name=_short(one["name"], 80), says=_texts(one["says"])
        )
        for one in body["articles"]
    }
    recipients = {one["kind"]: _recipient(one, articles) for one in body["recipients"]}
    missing = set(RecipientKind.values) - set(recipients)
    if missing or len(recipients) != len(body["recipients"]):
        raise ValueError(f"each kind stands there once; missing: {sorted(missing)}")
    return Directory(recipients, articles, tuple(_offence(one) for one in body["offences"]))


def _recipient(one: Mapping[str, Any], articles: Mapping[str, Article]) -> Recipient:
    kind, days = RecipientKind(one["kind"]), one["follow_up_days"]
    bases = tuple(Basis(code) for code in one["bases"])
    named = tuple(articles[code] for code in one["articles"])
    ticked = tuple(Part(code) for code in one["ticked"])
    if not bases or (Basis.LEGAL_DUTY in bases and not named):
        raise ValueError(f"{kind}: a basis is needed, and an article where a duty is one")
    if not isinstance(days, int) or not 1 <= days <= 365:
        raise ValueError(f"{kind}: follow_up_days is a number from 1 to 365")
    if forbidden := NEVER_TICKED & set(ticked):
        raise ValueError(f"{kind}: never ticked beforehand: {sorted(forbidden)}")
    return Recipient(kind, bases, named, days, ticked, _texts(one["note"]))


def _offence(one: Mapping[str, Any]) -> Offence:
    return Offence(
        code=_short(one["code"], 40),
        says=_texts(one["says"]),
        kinds=frozenset(Kind(code).value for code in one["kinds"]),
        minor=bool(one.get("minor", False)),
        circumstances=frozenset(Circumstance(code).value for code in one.get("circumstances", ())),
    )


def _texts(value: Any) -> Texts:
    if not isinstance(value, dict) or not value or not all(isinstance(text, str) for text in value.values()):
        raise ValueError(f"not a text by language: {value!r}")
    return value


def _short(value: Any, most: int) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= most:
        raise ValueError(f"not a text of at most {most} characters: {value!r}")
    return value


def check_file(**kwargs: Any) -> list[CheckMessage]:
    """At the start: a file that can't be read stops the process, not a counsellor at night."""
    try:
        current()
    except BadFile as error:
        hint = "Correct it, or take HELPLINE_REFERRALS_FILE away to use the file that ships."
        return [Error(str(error), hint=hint, id="referrals.E001")]
    return []
