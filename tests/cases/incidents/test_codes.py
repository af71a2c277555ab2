"""A school code is found however it is typed, and never where there is none."""

from collections.abc import Callable

import pytest
from django.core.exceptions import PermissionDenied

from cases.incidents import actions, codes, desk, school, undoing
from cases.incidents.models import SchoolCode
from cases.models import Case, Incident, IncidentMember
from helpline.accounts.models import Staff
from tests.at_once import at_once
from tests.cast import NOON

OpenCase = Callable[..., Case]


def test_a_code_is_no_word_and_no_number() -> None:
    for _ in range(300):
        code = codes.new_code()
        assert len(code) == 6
        assert not code.isalpha() and not code.isdigit()
        assert codes.found_in(codes.grouped(code)) == [code]


@pytest.mark.parametrize(
    "typed",
    ["K7X-4PM", "k7x4pm", "K7X 4PM", "k7x‑4pm", "Collège des Dunes (K7X-4PM)", "my code: k7x 4pm."],
)
def test_it_is_found_however_it_is_typed(typed: str) -> None:
    assert "K7X4PM" in codes.found_in(typed)


def test_letters_that_look_like_digits_are_read_as_digits() -> None:
    assert codes.found_in("O1L-iPM") == ["0111PM"]


@pytest.mark.parametrize("typed", ["", "Collège des Dunes", "K7X-4PMX", "K7", "AK7X-4PM", "3018"])
def test_nothing_is_found_where_there_is_none(typed: str) -> None:
    assert codes.found_in(typed) == []


@pytest.fixture
def incident(open_case: OpenCase, chatter: object) -> Incident:
    """Two cases with the same link."""
    open_case()
    open_case()
    return Incident.objects.get()


@pytest.mark.django_db
def test_who_names_the_code_is_proposed(open_case: OpenCase, incident: Incident, maud: Staff) -> None:
    row = school.make_code(incident=incident, by=maud, at=NOON)
    shown = desk.shown(row, incident)
    assert shown.replace("-", "").encode() not in bytes(row.code or b"") + bytes(row.index or b"")

    case = open_case(links=(), school=f"the code is {shown.lower()}")

    member = IncidentMember.objects.get(case=case)
    assert (member.incident, member.state, member.reasons) == (incident, "proposed", ["code"])


@pytest.mark.django_db
def test_a_code_that_ended_leads_nowhere(open_case: OpenCase, incident: Incident, maud: Staff) -> None:
    row = school.make_code(incident=incident, by=maud, at=NOON)
    shown = desk.shown(row, incident)
    school.end_code(code=row, by=maud, at=NOON)
    case = open_case(links=(), school=shown)
    assert not IncidentMember.objects.filter(case=case).exists()
    assert school.make_code(incident=incident, by=maud, at=NOON).pk != row.pk


@pytest.mark.django_db
def test_a_code_follows_its_incident_into_another(
    open_case: OpenCase, incident: Incident, maud: Staff
) -> None:
    row = school.make_code(incident=incident, by=maud, at=NOON)
    other = actions.open_incident(cases=[open_case(links=())], title="", by=maud, at=NOON)
    step = actions.merge(incident=incident, into=other, by=maud, at=NOON)
    shown = desk.shown(row, incident)
    assert IncidentMember.objects.get(case=open_case(links=(), school=shown)).incident == other
    undoing.undo(step=step, by=maud, at=NOON)
    assert IncidentMember.objects.get(case=open_case(links=(), school=shown)).incident == incident


@pytest.mark.django_db
def test_only_a_supervisor_makes_and_ends_one(incident: Incident, nour: Staff, maud: Staff) -> None:
    with pytest.raises(PermissionDenied):
        school.make_code(incident=incident, by=nour, at=NOON)
    row = school.make_code(incident=incident, by=maud, at=NOON)
    with pytest.raises(PermissionDenied):
        school.end_code(code=row, by=nour, at=NOON)


@pytest.mark.django_db(transaction=True)
def test_two_who_press_at_once_make_one(incident: Incident, maud: Staff) -> None:
    def press() -> object:
        return school.make_code(incident=Incident.objects.get(), by=maud, at=NOON).pk

    first, second = at_once(press, press)
    assert first == second == SchoolCode.objects.get().pk
