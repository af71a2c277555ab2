"""What the young read is written for somebody of twelve, in English and in French.

English is measured by the Automated Readability Index, whose figure is a school grade (6: eleven to twelve years), French by
Kandel and Moles' form of Flesch's index (70 to 80: fairly easy, read at twelve). Both count letters, syllables and
sentences, and need no dictionary from anywhere. The limits lie below: at night, frightened, people read worse than in class.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import textstat
from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext, pgettext

ROOT = Path(settings.BASE_DIR)
FRENCH, FORMAL = "fr", "fr-vous"
GRADE, ADULT_GRADE = 5.0, 7.0
EASE, ADULT_EASE = 80.0, 70.0
LONGEST, ADULT_LONGEST = 22, 26  # words of one sentence, in English
FRENCH_LONGER = 6  # the same sentence has more words in French
ENOUGH = 60  # words; fewer are no measure of a page
# Read by whoever connects a program, not on a page.
NOT_ON_PAGES = {"api.py", "serializers.py"}
COMPONENTS = ("top_public", "foot_public", "threat_card", "question", "actions", "errors", "copy", "messages")
ADULT_SECTIONS = {"parents", "professionals"}

TRANSLATE = re.compile(
    r"""{%\s*translate\s+(["'])(?P<text>.*?)\1(?:\s+context\s+["'](?P<context>\w+)["'])?"""
)
BLOCK = re.compile(
    r"""{%\s*blocktranslate(?P<how>[^%]*)%}(?P<text>.*?){%\s*endblocktranslate\s*%}""", re.DOTALL
)
PLURAL = re.compile(r"{%\s*plural\s*%}")
VARIABLE = re.compile(r"{{\s*(\w+)\s*}}")
SECTION = re.compile(r'<section id="(\w+)"')
PLACEHOLDER = re.compile(r"%\(\w+\)s|%[sd]")
SENTENCE = re.compile(r"(?<=[.?!…:])\s+")


@dataclass(frozen=True, slots=True)
class Text:
    """One text of the source, and in which context it is translated."""

    words: str
    context: str = ""

    def in_language(self, language: str) -> str:
        """As it is read there, with a short word for what is filled in."""
        with translation.override(language):
            said = pgettext(self.context, self.words) if self.context else gettext(self.words)
        return PLACEHOLDER.sub("10", said)


@dataclass(frozen=True, slots=True)
class Page:
    """What is read together: a page, a part of one, or what a module says."""

    name: str
    texts: tuple[Text, ...]
    is_for_adults: bool = False

    def sentences(self, language: str) -> list[str]:
        """Its whole sentences, without labels and buttons."""
        said = [text.in_language(language) for text in self.texts]
        return [
            sentence
            for text in said
            if re.search(r"[.?!…]$", text.strip())
            for sentence in SENTENCE.split(text.strip())
        ]


def pages() -> Iterator[Page]:
    """Every text that a young person or an adult beside them can meet."""
    for path in sorted([*ROOT.glob("templates/public/*.html"), *ROOT.glob("templates/reports/*.html")]):
        yield from _pages_of(path)
    for name in COMPONENTS:
        yield from _pages_of(ROOT / "templates" / "components" / f"{name}.html")
    sources = [path for path in ROOT.glob("reports/**/*.py") if path.name not in NOT_ON_PAGES]
    sources = [path for path in sources if not {"management", "migrations"} & set(path.parts)]
    for path in [*sorted(sources), ROOT / "helpline/web/privacy.py", ROOT / "helpline/web/views.py"]:
        if texts := tuple(_texts_of_code(path)):
            yield Page(str(path.relative_to(ROOT)), texts)


def _pages_of(path: Path) -> Iterator[Page]:
    first, *rest = SECTION.split(path.read_text())
    parts = [("", first), *zip(rest[::2], rest[1::2], strict=True)]
    for section, source in parts:
        if texts := tuple(_texts_of_template(source)):
            name = f"{path.relative_to(ROOT)} {section}".strip()
            yield Page(name, texts, is_for_adults=section in ADULT_SECTIONS)


def _texts_of_template(source: str) -> Iterator[Text]:
    for found in TRANSLATE.finditer(source):
        yield Text(found["text"], found["context"] or "")
    for found in BLOCK.finditer(source):
        for form in PLURAL.split(found["text"]):
            context = re.search(r'context\s+["\'](\w+)', found["how"])
            words = " ".join(line.strip() for line in form.strip().splitlines())
            yield Text(VARIABLE.sub(r"%(\1)s", words), context[1] if context else "")


def _texts_of_code(path: Path) -> Iterator[Text]:
    for node in ast.walk(ast.parse(path.read_text())):
        if not isinstance(node, ast.Call):
            continue
        called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        words = [
            part.value for part in node.args if isinstance(part, ast.Constant) and isinstance(part.value, str)
        ]
        if called in {"_", "gettext", "gettext_lazy", "ngettext", "ngettext_lazy"}:
            yield from (Text(text) for text in words)
        elif called in {"pgettext", "pgettext_lazy"} and len(words) == 2:
            yield Text(words[1], words[0])


PAGES = list(pages())


def test_the_texts_are_found() -> None:
    names = {page.name for page in PAGES}

    assert {
        "templates/public/home.html",
        "templates/public/help.html parents",
        "reports/followup/news.py",
    } <= names
    assert sum(len(page.texts) for page in PAGES) > 400


@pytest.mark.parametrize("language", ["en", FRENCH, FORMAL])
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_no_sentence_is_long(page: Page, language: str) -> None:
    longest = (ADULT_LONGEST if page.is_for_adults else LONGEST) + FRENCH_LONGER * (language != "en")

    long = [said for said in page.sentences(language) if len(re.findall(r"[\w’'-]+", said)) > longest]

    assert long == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_somebody_of_twelve_reads_it_in_english(page: Page) -> None:
    text = " ".join(page.sentences("en"))
    if len(text.split()) < ENOUGH:
        return

    assert textstat.automated_readability_index(text) <= (ADULT_GRADE if page.is_for_adults else GRADE)


@pytest.mark.parametrize("language", [FRENCH, FORMAL])
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_somebody_of_twelve_reads_it_in_french(page: Page, language: str) -> None:
    text = " ".join(page.sentences(language))
    if len(text.split()) < ENOUGH:
        return

    assert ease(text) >= (ADULT_EASE if page.is_for_adults or language == FORMAL else EASE)


def ease(text: str) -> float:
    """Kandel and Moles' index of a French text."""
    textstat.set_lang(FRENCH)
    try:
        return float(textstat.flesch_reading_ease(text))
    finally:
        textstat.set_lang("en")


def test_a_sentence_out_of_a_law_would_not_pass() -> None:
    law = (
        "The competent authority shall, without undue delay, acknowledge reception of any notification submitted "
        "by electronic means in accordance with the applicable procedural requirements."
    )

    french_law = (
        "L'autorité compétente accuse réception, sans retard injustifié, de toute notification présentée par voie "
        "électronique conformément aux dispositions procédurales applicables."
    )

    assert textstat.automated_readability_index(law) > ADULT_GRADE
    assert len(law.split()) > LONGEST
    assert ease(french_law) < ADULT_EASE
