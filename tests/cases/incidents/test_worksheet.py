"""The paper for the school and the authorities: facts of all, names of nobody; the page it is written on."""

import io
from collections.abc import Callable

import pytest
from django.test import Client
from pypdf import PdfReader

from cases import actions as casework
from cases.incidents import actions, school, worksheet
from cases.incidents.school import Stale
from cases.models import Case, Incident
from helpline.accounts.models import Staff
from helpline.audit.models import AuditRow
from reports.actions import LinkFacts
from tests.cast import NOON

OpenCase = Callable[..., Case]
Desk = Callable[[Staff], Client]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("chatter")]
WALL = LinkFacts(url="https://chatter.example/p/wall")


@pytest.fixture
def incident(open_case: OpenCase, nour: Staff, sacha: Staff, maud: Staff) -> Incident:
    """Two cases of Nour's, one of another team; all joined."""
    cases = [
        open_case(
            links=(WALL, LinkFacts(account="mean.one", platform="chatter")),
            school="The Dunes",
            story="My secret",
        ),
        open_case(links=(WALL,), school="The Dunes"),
        open_case(links=(WALL, LinkFacts(url="https://chatter.example/p/theirs")), by=sacha),
    ]
    casework.set_handle(case=cases[0], text="L. from 3B", by=nour, at=NOON)
    found = Incident.objects.get()
    actions.join_proposed(incident=found, cases=cases, by=maud, at=NOON)
    return found


def text_of(body: bytes) -> str:
    return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(body)).pages)


def make(desk: Client, incident: Incident, audience: str) -> str:
    answer = desk.post(f"/staff/incidents/{incident.ref}/worksheet/paper/", {"for": audience})
    assert answer["Content-Type"] == "application/pdf"
    return text_of(answer.content)


def test_it_counts_all_and_names_nobody(incident: Incident, desk: Desk, nour: Staff) -> None:
    for audience in worksheet.AUDIENCES:
        paper = make(desk(nour), incident, audience)
        assert "3 young people" in paper and "1 more" in paper and "A, B" in paper
        for secret in (
            "L. from 3B",
            "The Dunes",
            "My secret",
            "theirs",
            *(c.ref for c in Case.objects.all()),
        ):
            assert secret not in paper
    assert AuditRow.objects.filter(verb="incident.worksheet").count() == 2
    assert AuditRow.objects.filter(verb="case.in_worksheet").count() == 4


def test_the_school_reads_no_address(incident: Incident, desk: Desk, nour: Staff) -> None:
    school, authorities = (make(desk(nour), incident, one) for one in ("school", "authorities"))
    assert "Chatter" in school and "chatter.example" not in school and "mean.one" not in school
    assert authorities.replace("\n", "").count(WALL.url) == 1
    assert "mean.one" in authorities and "227-23" in authorities


def test_what_somebody_wrote_is_never_markup(incident: Incident, desk: Desk, nour: Staff) -> None:
    written = '#eval("1") *bold* $x$ [U+0000]'
    school.write_worksheet(incident=incident, version=0, words={"agreed": written}, by=nour, at=NOON)
    assert "#eval" in make(desk(nour), incident, "school")


def test_an_unknown_audience_is_nothing(incident: Incident, desk: Desk, nour: Staff) -> None:
    address = f"/staff/incidents/{incident.ref}/worksheet/paper/"
    assert desk(nour).post(address, {"for": "press"}).status_code == 404


def test_without_a_joined_case_there_is_nothing_to_write(
    open_case: OpenCase, desk: Desk, nour: Staff
) -> None:
    open_case(links=(WALL,))
    open_case(links=(WALL,))
    ref = Incident.objects.get().ref
    answer = desk(nour).post(f"/staff/incidents/{ref}/worksheet/paper/", {"for": "school"}, follow=True)
    assert "nothing to write" in answer.content.decode()


def test_the_words_are_kept_and_shown(incident: Incident, desk: Desk, nour: Staff) -> None:
    address = f"/staff/incidents/{incident.ref}/worksheet/"
    client = desk(nour)
    assert client.post(address, {"version": "0", "agreed": "Assembly on Monday"}).status_code == 302
    assert "Assembly on Monday" in client.get(address).content.decode()


def test_a_stale_form_shows_both_and_loses_nothing(
    incident: Incident, desk: Desk, nour: Staff, maud: Staff
) -> None:
    address = f"/staff/incidents/{incident.ref}/worksheet/"
    desk(nour).post(address, {"version": "0", "agreed": "Assembly on Monday"})
    answer = desk(maud).post(address, {"version": "0", "agreed": "Assembly on Friday"})
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "Assembly on Monday" in page and "Assembly on Friday" in page and "Nour" in page
    kept = desk(maud).post(address, {"version": "1", "agreed": "Both"})
    assert kept.status_code == 302
    assert worksheet.words_of(incident)["agreed"] == "Both"


def test_too_long_is_said_and_kept(incident: Incident, desk: Desk, nour: Staff) -> None:
    address = f"/staff/incidents/{incident.ref}/worksheet/"
    answer = desk(nour).post(address, {"version": "0", "agreed": "x" * 4001})
    assert answer.status_code == 422
    assert "x" * 4001 in answer.content.decode()


def test_cards_say_nothing_but_the_code(incident: Incident, desk: Desk, maud: Staff) -> None:
    client = desk(maud)
    client.post(f"/staff/incidents/{incident.ref}/code/")
    shown = client.get(f"/staff/incidents/{incident.ref}/").context["opened"].code_shown
    card = text_of(client.get(f"/staff/incidents/{incident.ref}/code/card/").content)
    assert card.count(shown) == worksheet.CARDS_A_PAGE
    assert incident.ref not in card and "nude" not in card.lower() and "helpline" not in card.lower()


def test_the_worksheet_keeps_both_versions(
    three: tuple[Incident, list[Case]], nour: Staff, maud: Staff
) -> None:
    incident, _cases = three
    row = school.write_worksheet(incident=incident, version=0, words={"agreed": "Monday"}, by=nour, at=NOON)
    assert b"Monday" not in bytes(row.agreed or b"")
    with pytest.raises(Stale) as refused:
        school.write_worksheet(incident=incident, version=0, words={"agreed": "Tuesday"}, by=maud, at=NOON)
    assert refused.value.worksheet.changed_by == nour
    # The same words, sent twice, are kept once.
    again = school.write_worksheet(incident=incident, version=0, words={"agreed": "Monday"}, by=nour, at=NOON)
    assert again.version == 1
    school.write_worksheet(incident=incident, version=1, words={"agreed": "Tuesday"}, by=maud, at=NOON)
