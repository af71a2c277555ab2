"""Opening to read leaves a line, and an erased report opens to nothing."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from cases import actions, reading
from cases.models import Case
from helpline.accounts.models import Staff
from helpline.audit.models import AuditRow
from reports import actions as reports
from reports.actions import FingerprintFacts, LinkFacts
from reports.models import Message, Report
from tests.cast import NOON

Tell = Callable[..., tuple[Report, str]]
OpenCase = Callable[..., Case]
LATER = NOON + timedelta(hours=1)
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("chatter")]


def reads(verb: str) -> list[tuple[str, str]]:
    return list(AuditRow.objects.filter(verb=verb).values_list("actor", "object_id"))


def test_a_report_is_opened_and_the_reading_recorded(tell: Tell, nour: Staff) -> None:
    report, _code = tell(
        story="Two words",
        school="Lycée du Port",
        answers={"demand": ["money"]},
        contact={"via": "sms", "address": "0600000000"},
        links=(LinkFacts(url="https://chatter.example/p/1", account="mean"),),
        fingerprints=(FingerprintFacts(algorithm="sha256", value="ab" * 32),),
    )

    opened = reading.read_report(report=report, by=nour, at=LATER)

    assert (opened.story, opened.words, opened.school, opened.erased) == (
        "Two words",
        2,
        "Lycée du Port",
        False,
    )
    assert opened.answers == {"demand": ["money"]}
    assert opened.contact["address"] == "0600000000"
    assert [(one.url, one.account) for one in opened.links] == [("https://chatter.example/p/1", "mean")]
    assert opened.fingerprints == ("sha256",)
    assert reads("report.read") == [(f"staff:{nour.pk}", str(report.pk))]


def test_a_case_is_opened_with_everything_and_the_reading_recorded(tell: Tell, nour: Staff) -> None:
    report, code = tell()
    case = actions.open_case(report=report, by=nour, at=NOON)
    actions.set_handle(case=case, text="L.", by=nour, at=NOON)
    actions.add_note(case=case, text="A note", by=nour, at=NOON)
    actions.write_to_young_person(case=case, text="Hello", by=nour, at=NOON)
    reports.send_message(report=report, box=report.box_for_code(code), text="Hi", by=None, at=LATER)

    opened = reading.read_case(case=case, by=nour, at=LATER)

    assert (opened.handle, [one.text for one in opened.notes]) == ("L.", ["A note"])
    assert [one.text for one in opened.messages] == ["Hello", "Hi"]
    assert opened.unread == 1  # as it was when the page was opened
    assert Message.objects.filter(author="young-person", read_at=None).count() == 0
    assert opened.item is not None
    assert len(opened.events) == 3
    assert reads("case.read") == [(f"staff:{nour.pk}", str(case.pk))]


@pytest.mark.parametrize("swept", [False, True])
def test_an_erased_case_opens_to_its_coarse_facts(swept: bool, open_case: OpenCase, nour: Staff) -> None:
    case = open_case()
    actions.add_note(case=case, text="x", by=nour, at=NOON)
    reports.erase_report(report=case.report, by="young-person", at=LATER)
    if swept:
        actions.follow_erasures(at=LATER)

    opened = reading.read_case(case=Case.objects.get(pk=case.pk), by=nour, at=LATER)

    assert opened.report.erased
    assert (opened.report.story, opened.handle, [one.text for one in opened.notes]) == ("", "", [""])
    assert [(one.url, one.account) for one in opened.report.links] == [("", "")]


def test_an_erased_report_opens_to_nothing(tell: Tell, nour: Staff) -> None:
    report, _code = tell()
    reports.erase_report(report=report, by="young-person", at=NOON)
    report.refresh_from_db()
    assert reading.read_report(report=report, by=nour, at=LATER).erased


def test_a_case_costs_the_same_with_few_and_with_many_things_in_it(open_case: OpenCase, nour: Staff) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    def cost(case: Case) -> int:
        with CaptureQueriesContext(connection) as asked:
            reading.read_case(case=case, by=nour, at=LATER)
        return len(asked)

    few = open_case()
    many = open_case(links=tuple(LinkFacts(url=f"https://chatter.example/p/{n}") for n in range(15)))
    for n in range(6):
        actions.add_note(case=many, text=str(n), by=nour, at=NOON)
        actions.write_to_young_person(case=many, text=str(n), by=nour, at=NOON)

    assert cost(Case.objects.get(pk=few.pk)) == cost(Case.objects.get(pk=many.pk))
