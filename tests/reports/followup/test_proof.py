"""The proof of a report: read back as a program for the blind or a school's printer would read it."""

import re
import tempfile
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.test import override_settings
from django.utils import translation
from pypdf import PdfReader

from helpline.web import paper
from reports import actions, receipts
from reports.actions import LinkFacts, Submission
from reports.followup import proof
from reports.models import Report
from reports.states import AgeRange, Kind, News, Who
from tests.cast import NOON
from tests.reports.conftest import Pen

pytestmark = pytest.mark.django_db

HOSTILE = (
    '#read("/etc/passwd")',
    "*bold* _thin_ $x$ `raw` = heading",
    '"quotes" \\u{41} #panic()',
    "@name <label> // comment /* more */",
    "]) #eval(\"1 + 1\") [",
)  # fmt: skip
TU = re.compile(r"(?<![\w-])(?:tu|te|toi|ton|ta|tes|t’\w+)(?!\w)", re.I)
UNWRITABLE = {"😀": "[U+1F600]", "\u202eabc": "[U+202E]abc", "漢": "[U+6F22]", "\x00": "[U+0000]"}


def sent(
    *accounts: str, url: str = "https://chatter.example/p/1", who: Who = Who.SELF, kind: Kind = Kind.DEEPNUDE
) -> tuple[Report, str]:
    """A report about one link and these accounts; and its code."""
    code = receipts.new_code()
    links = [LinkFacts(url=url), *(LinkFacts(account=account) for account in accounts)]
    submission = Submission(language="en", who=who, age_range=AgeRange.FROM_13, kind=kind, links=tuple(links))
    return actions.submit_report(submission=submission, code=code, at=NOON), code


def made(report: Report, code: str, language: str = "en") -> PdfReader:
    """The proof, opened."""
    with translation.override(language):
        body = proof.proof_of(report, report.box_for_code(code), at=NOON + timedelta(days=2))
    return PdfReader(BytesIO(body))


def words(reader: PdfReader) -> str:
    """All its words, without the ends of lines."""
    return "".join(page.extract_text().replace("\n", "") for page in reader.pages)


def root(reader: PdfReader) -> Any:
    return reader.trailer["/Root"]


def test_it_says_when_what_and_which_steps(chatter_page: Any) -> None:
    report, code = sent()
    link = report.links.get()
    look = {"platform": "Chatter", "next_look": (NOON + timedelta(days=40)).isoformat()}
    actions.post_update(report_id=report.pk, link_id=link.pk, what=News.GONE, at=NOON, data=look)

    text = words(made(report, code))

    for said in (
        "2 March 2026, 13:00",  # Paris
        "A fake nude picture or video",
        "https://chatter.example/p/1",
        "It is gone",
        "We looked and it is gone.",
        "4 March 2026, 13:00",
        "The intimate picture is not part of this report.",
        "It does not show who wrote the report",
    ):
        assert said in text
    assert "We look again" not in text  # a paper knows no tomorrow
    assert code not in text and receipts.grouped(code) not in text
    assert str(report.pk) not in text


@pytest.mark.parametrize(
    ("who", "says", "is_said_tu"),
    [
        (Who.SELF, "I sent something and regret it", True),
        (Who.FRIEND, "My friend sent something and regrets it", True),
        (Who.CHILD, "The young person sent something and regrets it", False),
        (Who.PUPIL, "The young person sent something and regrets it", False),
    ],
)
def test_it_speaks_to_whoever_wrote(chatter_page: Any, who: Who, says: str, is_said_tu: bool) -> None:
    report, code = sent(who=who, kind=Kind.SENT)
    link = report.links.get()
    for what in (News.NOT_FOUND, News.WITHDRAWN):
        actions.post_update(report_id=report.pk, link_id=link.pk, what=what, at=NOON, data={})
    actions.post_update(report_id=report.pk, what=News.CLOSED, at=NOON, data={})

    assert says in words(made(report, code))
    french = words(made(report, code, language="fr"))
    with translation.override("fr" if is_said_tu else "fr-vous"):
        assert translation.gettext(says) in french
        assert translation.gettext("You took it back") in french
    assert bool(TU.search(french)) == is_said_tu


@pytest.mark.parametrize("language", ["en", "fr"])
def test_a_program_for_the_blind_can_read_it(chatter_page: Any, language: str) -> None:
    reader = made(*sent(), language=language)

    assert root(reader)["/Lang"] == language
    assert root(reader)["/MarkInfo"]["/Marked"]
    assert "/StructTreeRoot" in root(reader)
    assert "pdfuaid:part>1" in reader.xmp_metadata.stream.get_data().decode().replace(" ", "")  # type: ignore[union-attr]
    assert reader.metadata is not None and reader.metadata.title == "Notes"  # what a window would show


@pytest.mark.parametrize("hostile", HOSTILE)
def test_what_was_written_stands_there_as_it_was_written(chatter_page: Any, hostile: str) -> None:
    assert hostile.replace(" ", "") in words(made(*sent(hostile))).replace(" ", "")


@pytest.mark.parametrize(("written", "shown"), UNWRITABLE.items())
def test_what_the_fonts_lack_stands_there_as_its_number(chatter_page: Any, written: str, shown: str) -> None:
    assert paper.writable(written) == shown
    assert proof.pdf(facts(written=written))


@override_settings(HELPLINE_NAME="Écoute 😀")
def test_no_word_of_an_operator_or_of_a_translation_breaks_it(chatter_page: Any) -> None:
    report, code = sent()
    link = report.links.get()
    actions.post_update(report_id=report.pk, link_id=link.pk, what=News.GONE, at=NOON, data={})
    actions.post_update(report_id=report.pk, what=News.CLOSED, at=NOON, data={"platform": "\u0e01\u0e33"})

    text = words(made(report, code, language="fr"))

    assert "Écoute [U+1F600]" in text
    assert "[U+00A0]" not in text and "[U+202F]" not in text  # French puts such gaps before a colon


def test_every_letter_that_is_called_writable_is() -> None:
    letters = "".join(chr(number) for numbers in paper.WRITABLE for number in numbers)

    assert proof.pdf(facts(written=" ".join(letters)))  # PDF/UA refuses a letter that no font has
    assert proof.pdf(facts(written=letters[::-1]))


def test_a_very_long_address_is_whole_and_stays_on_the_page(chatter_page: Any) -> None:
    url = "https://chatter.example/p/" + "0123456789" * 195

    reader = made(*sent(url=url))

    assert url in words(reader)
    lefts: list[float] = []
    for page in reader.pages:
        page.extract_text(
            visitor_text=lambda text, _cm, tm, _font, size: lefts.append(tm[4]) if text.strip() else None
        )
    width = float(reader.pages[0].mediabox.width)
    assert lefts and max(lefts) < width - 60


@pytest.mark.parametrize("count", [40])
def test_many_links_go_over_several_pages(chatter_page: Any, count: int) -> None:
    reader = made(*sent(*(f"somebody.{number}" for number in range(count))))

    assert len(reader.pages) > 1
    assert f"somebody.{count - 1}" in words(reader)


def test_the_same_words_have_the_same_number_and_other_words_another(chatter_page: Any) -> None:
    report, code = sent()
    box = report.box_for_code(code)

    first = proof.facts_of(report, box, at=NOON)

    assert proof.facts_of(report, box, at=NOON)["digest"] == first["digest"]
    assert proof.facts_of(report, box, at=NOON + timedelta(minutes=1))["digest"] != first["digest"]


def test_only_the_code_opens_it_and_nothing_stays_on_the_disk(pen: Pen) -> None:
    assert "application/pdf" not in pen.see("/follow/proof/")["Content-Type"]
    pen.send_report()
    before = set(Path(tempfile.gettempdir()).iterdir())

    response = pen.see("/follow/proof/")

    assert response["Content-Type"] == "application/pdf"
    assert response["Content-Disposition"] == 'attachment; filename="notes.pdf"'
    assert response["Cache-Control"] == "no-store"
    assert "https://chatter.example/p/1" in words(PdfReader(BytesIO(response.content)))
    assert not [path for path in set(Path(tempfile.gettempdir()).iterdir()) - before if "typst" in path.name]


@override_settings(FACE="public")
def test_it_is_made_without_the_key_of_the_staff(pen: Pen, monkeypatch: pytest.MonkeyPatch) -> None:
    pen.send_report()
    monkeypatch.setattr(
        Report, "box_for_staff", lambda _report: pytest.fail("The public face has no such key.")
    )

    assert pen.see("/follow/proof/")["Content-Type"] == "application/pdf"


def facts(*, written: str) -> dict[str, Any]:
    """The least a page needs, with `written` wherever words of people stand."""
    return {
        "title": "Notes",
        "lang": "en",
        "rtl": False,
        "helpline": "Helpline",
        "heading": "Proof",
        "lead": "Lead",
        "facts": [],
        "links": [
            {
                "heading": written,
                "address": written,
                "state": written,
                "events": [{"at": "1", "text": written}],
            }
        ],
        "parts": [],
        "foot": "Foot",
        "digest-name": "SHA-256",
        "digest": "0",
    }
