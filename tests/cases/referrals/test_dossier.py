"""The dossier, read back as a prosecutor's clerk or a program for the blind would read it."""

import hashlib
import tempfile
from collections.abc import Callable
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import translation
from PIL import Image
from pypdf import PdfReader

from cases import actions as casework
from cases.exports import making
from cases.models import Case
from cases.referrals import actions, dossier
from cases.referrals.models import Referral
from cases.referrals.states import Part, Status
from cases.states import Happening
from cases.takedowns.models import Attempt
from cases.takedowns.states import Status as TakedownStatus
from helpline.accounts.models import Staff
from helpline.audit.models import AuditRow
from helpline.crypto import wrapping
from helpline.crypto.box import Box
from reports.actions import FingerprintFacts, LinkFacts
from reports.evidence import actions as screenshots
from reports.models import Evidence
from reports.states import AgeRange, Circumstance, Kind, SealedWhy
from tests.cases.referrals.standing import EVERY_PLAIN_PART, agreed, standing
from tests.cases.takedowns.standing import standing as asked
from tests.cast import NOON

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("chatter")]
OpenCase = Callable[..., Case]
LATER = NOON + timedelta(hours=3)
STORY = "It began on a Tuesday after class."
SHA = "ab" * 32
HOSTILE = (
    '#read("/etc/passwd")',
    "*bold* _thin_ $x$ `raw` = heading",
    '"quotes" \\u{41} #panic()',
    "@name <label> // comment /* more */",
    "]) #eval(\"1 + 1\") [",
)  # fmt: skip


@pytest.fixture
def case(open_case: OpenCase) -> Case:
    """A case with everything that could stand in a dossier, wanted there or not."""
    return open_case(
        story=STORY,
        school="Lycée des Embruns",
        answers={"name": "Lou", "handle": "Lou"},
        contact={
            "via": "email",
            "address": "lou@mail.example",
            "from_hour": 16,
            "to_hour": 20,
            "is_safe": True,
        },
        kind=Kind.DEEPNUDE,
        circumstances=[Circumstance.BLACKMAIL],
        links=(LinkFacts(url="https://chatter.example/p/1"), LinkFacts(url="https://chatter.example/p/2")),
        fingerprints=(FingerprintFacts(algorithm="sha256", value=SHA),),
    )


def of(case: Case, nour: Staff, *parts: Part, at: Any = NOON, **changes: Any) -> Referral:
    facts = agreed(at, included=parts or EVERY_PLAIN_PART, **changes)
    return standing(Status.READY, case=case, by=nour, at=NOON, facts=facts)


def read(referral: Referral, by: Staff, language: str = "en") -> PdfReader:
    with translation.override(language):
        return PdfReader(BytesIO(actions.make_dossier(referral=referral, by=by, at=LATER)))


def words(reader: PdfReader) -> str:
    """All its words, without the ends of lines."""
    return "".join(page.extract_text().replace("\n", "") for page in reader.pages)


def screenshot_of(case: Case) -> Evidence:
    drawn = BytesIO()
    Image.new("RGB", (40, 30), (240, 240, 250)).save(drawn, "PNG")
    picture, key = drawn.getvalue(), wrapping.new_data_key()
    row = Evidence(report=case.report, what="messages", width=40, height=30, size=len(picture), added_at=NOON)
    row.sha256 = hashlib.sha256(picture).digest()
    row.picture = Box(key).seal_bytes(row, "picture", picture)
    row.staff_key = wrapping.wrap_for_staff(key, about=row.about)
    row.save()
    return row


def test_it_says_what_is_known_with_its_dates(case: Case, nour: Staff) -> None:
    shot = screenshot_of(case)
    first = case.report.links.get(position=1)
    takedown = asked(TakedownStatus.REMOVED, case=case, by=nour, at=NOON, link=first)
    Attempt.objects.create(
        notice=takedown.notice, number=1, fence=1, started_at=NOON, digest=hashlib.sha256(b"n").digest()
    )
    text = words(read(of(case, nour), nour))
    for said in (
        "Dossier",
        "For: Prosecutor · Pole of the north",
        case.ref,
        "Made byNour",
        "2 March 2026, 16:00",  # Paris
        "They agreed",
        "The young person, 2 March 2026, 13:00",
        "not my class",
        "https://chatter.example/p/1",
        "We sent itYes, 2 March 2026, 13:00, our own record",
        "It arrivedAccepted",
        "The platform saysRemoved",
        "We sawNot yet",
        "Nobody has asked for it yet.",
        hashlib.sha256(b"n").hexdigest(),
        SHA,
        bytes(shot.sha256 or b"").hex(),
        "226-8-1 CP – to check",
        "227-23 CP – to check",
        "312-10 CP – to check",
        "Each is to be checked by a lawyer",
        "What is not known",
        "Who made or posted it",
    ):
        assert said.replace(" ", "") in text.replace(" ", ""), said
    assert "226-2-1" not in text  # of real pictures; this one is made up


def test_only_what_was_ticked_goes_in(case: Case, nour: Staff) -> None:
    screenshot_of(case)
    text = words(read(of(case, nour), nour))
    for hidden in (STORY, "Embruns", "Lou", "lou@mail.example"):
        assert hidden not in text
    assert "Left out of this dossier on purpose: Their story" in text.replace("  ", " ")
    bare = words(read(of(case, nour, Part.FACTS), nour))
    for hidden in ("chatter.example", SHA, "226-8-1", "SHA-256 of what left"):
        assert hidden not in bare


@pytest.mark.parametrize(
    ("part", "said"),
    [
        (Part.STORY, STORY),
        (Part.NAME, "Lou"),
        (Part.SCHOOL, "Lycée des Embruns"),
        (Part.CONTACT, "lou@mail.example"),
    ],
)
def test_what_was_ticked_is_there(part: Part, said: str, case: Case, nour: Staff) -> None:
    assert said in words(read(of(case, nour, part), nour))


def test_what_is_missing_is_said_to_be(open_case: OpenCase, nour: Staff) -> None:
    bare = open_case(links=(), kind=Kind.UNSURE, story="", age_range=AgeRange.ADULT)
    text = words(read(of(bare, nour, *(part for part in Part if part != Part.PICTURES)), nour))
    for said in (
        "No link and no account is known.",
        "None was made.",
        "None was given.",
        "None stands out by the plain facts.",
        "They wrote none.",
        "They gave none.",
        "They named none.",
        "They want to be reached nowhere but here",
        "They did not say.",
    ):
        assert said in text, said


@pytest.mark.parametrize("language", ["en", "fr"])
def test_a_program_for_the_blind_can_read_it(case: Case, nour: Staff, language: str) -> None:
    screenshot_of(case)
    reader = read(of(case, nour, *Part), nour, language)
    root: Any = reader.trailer["/Root"]
    assert root["/Lang"] == language
    assert root["/MarkInfo"]["/Marked"]
    assert "/StructTreeRoot" in root
    assert "pdfuaid:part>1" in reader.xmp_metadata.stream.get_data().decode().replace(" ", "")  # type: ignore[union-attr]
    assert reader.metadata is not None and reader.metadata.title == "Notes"


@pytest.mark.parametrize("hostile", HOSTILE)
def test_what_was_written_stands_there_as_it_was_written(
    hostile: str, open_case: OpenCase, nour: Staff
) -> None:
    case = open_case(story=hostile, links=(LinkFacts(account=hostile, platform="chatter"),))
    facts = {"recipient": hostile, "consent_limits": hostile}
    text = words(read(of(case, nour, Part.STORY, Part.LINKS, **facts), nour)).replace(" ", "")
    assert text.count(hostile.replace(" ", "")) == 4


def test_pictures_are_in_it_only_where_somebody_ticked_them(case: Case, nour: Staff) -> None:
    shot = screenshot_of(case)
    without = read(of(case, nour), nour)
    assert not any(page.images for page in without.pages)
    assert not AuditRow.objects.filter(verb="evidence.read").exists()
    within = read(of(case, nour, Part.PICTURES), nour)
    assert sum(len(page.images) for page in within.pages) == 1
    assert AuditRow.objects.filter(verb="evidence.read", object_id=str(shot.pk)).count() == 1


def test_a_destroyed_screenshot_is_named_and_never_shown(case: Case, nour: Staff) -> None:
    shot = screenshot_of(case)
    screenshots.destroy(evidence=shot, why=next(iter(SealedWhy)), by=nour, at=NOON)
    reader = read(of(case, nour, Part.SCREENSHOTS, Part.PICTURES), nour)
    assert not any(page.images for page in reader.pages)
    text = words(reader)
    assert "No: it was destroyed, 2 March 2026, 13:00." in text
    assert bytes(shot.sha256 or b"").hex() in text


def test_a_screenshot_that_somebody_asked_to_destroy_is_not_shown(case: Case, nour: Staff) -> None:
    hidden, kept = screenshot_of(case), screenshot_of(case)
    screenshots.hide(evidence=hidden, by=nour, at=NOON)
    reader = read(of(case, nour, Part.SCREENSHOTS, Part.PICTURES), nour)
    assert sum(len(page.images) for page in reader.pages) == 1
    assert [line.object_id for line in AuditRow.objects.filter(verb="evidence.read")] == [str(kept.pk)]
    assert "shown to nobody: a second person decides" in words(reader)


def test_the_trail_knows_the_file_and_no_disk_does(case: Case, nour: Staff) -> None:
    referral = of(case, nour)
    before = set(Path(tempfile.gettempdir()).iterdir())
    body = actions.make_dossier(referral=referral, by=nour, at=LATER)
    line = AuditRow.objects.get(verb="referral.dossier_made")
    assert line.detail["sha256"] == hashlib.sha256(body).hexdigest()
    assert (line.actor, line.object_id) == (f"staff:{nour.pk}", str(referral.pk))
    assert not [path for path in set(Path(tempfile.gettempdir()).iterdir()) - before if "typst" in path.name]


def test_the_same_words_have_the_same_digest_and_other_words_another(case: Case, nour: Staff) -> None:
    referral, box = of(case, nour), case.box()
    first = dossier.facts_of(referral, box, by=nour, at=LATER)
    assert dossier.facts_of(referral, box, by=nour, at=LATER)["digest"] == first["digest"]
    assert dossier.facts_of(referral, box, by=nour, at=NOON)["digest"] != first["digest"]


def test_colleagues_and_other_cases_stay_out_of_the_steps(case: Case, nour: Staff, maud: Staff) -> None:
    casework.add_note(case=case, text="x", by=nour, at=NOON)
    casework.assign(case=case, to=maud, by=nour, at=NOON)
    text = words(read(of(case, maud, Part.TIMELINE), maud))
    assert "Case opened" in text
    assert "Note" not in text and "Assigned" not in text and "Referral" not in text


@pytest.mark.parametrize("what", Happening)
def test_what_happens_in_the_house_stays_there_unless_it_is_named(
    case: Case, nour: Staff, what: Happening
) -> None:
    """Every step there is, each with a colleague's name: only those that say nothing of people leave."""
    data = {"to": "Sacha", "step": "work", "name": "Sacha", "incident": "Sacha"}
    casework.happened(case, what, by=nour, at=LATER, **data)
    facts = dossier.facts_of(of(case, nour, Part.TIMELINE), case.box(), by=nour, at=LATER)
    file = making.facts_of(case, case.box(), notes=False, by=nour, at=LATER)
    leaves = {
        "opened",
        "messaged",
        "replied",
        "links-added",
        "requested",
        "outcome",
        "status",
        "closed",
        "reopened",
    }
    assert "Sacha" not in str(facts) + str(file["timeline"])
    assert (what.value in {line["what"] for line in file["timeline"]}) == (what.value in leaves)


def test_many_links_cost_no_more_queries(open_case: OpenCase, nour: Staff) -> None:
    costs = []
    for count in (1, 8):
        links = tuple(LinkFacts(url=f"https://chatter.example/p/{count}-{n}") for n in range(count))
        case = open_case(links=links)
        for link in case.report.links.all():
            asked(TakedownStatus.REMOVED, case=case, by=nour, at=NOON, link=link)
        referral = of(case, nour)
        with CaptureQueriesContext(connection) as found:
            dossier.facts_of(referral, case.box(), by=nour, at=LATER)
        costs.append(len(found))
    assert costs[0] == costs[1]
