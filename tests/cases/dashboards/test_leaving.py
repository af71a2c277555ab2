"""What leaves as a file: figures with a line in the trail; lines only with a second person's yes, and without words."""

import csv
import io
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.http import StreamingHttpResponse
from django.test import Client
from django.utils import timezone

from cases.dashboards import metrics
from cases.dashboards.approving import ROWS
from cases.dashboards.definitions import AT_THIS_MOMENT, DEFINITIONS
from cases.dashboards.folding import fold
from cases.dashboards.periods import usual
from cases.models import Case
from cases.takedowns.models import Takedown
from cases.takedowns.states import Status
from helpline.accounts.models import Staff
from helpline.approvals import actions as approvals
from helpline.approvals.models import Approval
from helpline.audit.models import AuditRow
from helpline.platforms.models import Platform
from reports.actions import LinkFacts
from tests.cases.takedowns.standing import standing

OpenCase = Callable[..., Case]
Desk = Callable[[Staff], Client]
pytestmark = pytest.mark.django_db
PAGE = "/staff/dashboard/export/"
ASK = {"ask-why": "evaluation", "ask-text": "We compare platforms."}
EVIL = '=HYPERLINK("https://evil.example";"x")'


@pytest.fixture
def month() -> str:
    return f"{timezone.localdate():%Y-%m}"


@pytest.fixture
def asked(chatter: Platform, open_case: OpenCase, nour: Staff) -> list[Takedown]:
    """Two removed, one refused; the platform calls itself a formula."""
    now, made = timezone.now(), []
    for number, status in enumerate((Status.REMOVED, Status.REMOVED, Status.REFUSED)):
        story = "A story about zqsecret."
        case = open_case(story=story, links=(LinkFacts(url=f"https://chatter.example/p/zqsecret-{number}"),))
        made.append(standing(status, case=case, by=nour, at=now))
    Platform.objects.filter(pk=chatter.pk).update(name=EVIL)
    while fold(now=now):
        pass
    return made


def body(answer: Any) -> bytes:
    return b"".join(answer.streaming_content) if answer.streaming else answer.content


def table(answer: Any, delimiter: str = ",") -> list[list[str]]:
    text = body(answer).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))


def yes(month: str, *, by: Staff, decided_by: Staff, **more: str) -> Approval:
    asked = approvals.ask(
        what=ROWS,
        obj=by,
        by=by,
        reason="We compare.",
        why="evaluation",
        proposal={"since": month, "until": month, **more},
        at=timezone.now(),
    )
    approvals.decide(approval=asked, granted=True, by=decided_by, at=timezone.now())
    return asked


# --- figures ----------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("asked")
def test_the_table_says_what_the_page_says(desk: Desk, theo: Staff, month: str) -> None:
    answer = desk(theo).post(f"{PAGE}figures/", {"form": "csv", "since": month, "until": month})
    assert isinstance(answer, StreamingHttpResponse)
    assert answer["Content-Disposition"] == f'attachment; filename="figures-{month}-{month}.csv"'
    assert answer["Cache-Control"] == "no-store"
    head, *lines = table(answer)
    assert head[-3:] == ["Figure", "In words", "Number"]
    told = {(part, which, figure): number for _a, _b, _c, part, which, _n, figure, _w, number in lines}
    period = usual(timezone.localdate())
    found = metrics.figures(since=period.since, until=period.until)
    assert found.reports is not None
    assert told["all", "", "sent"] == str(found.overall.sent) == "3"
    assert told["all", "", "acted_on"] == "2"
    assert told["all", "", "blocked"] == told["all", "", "partly"] == "0"
    assert told["platform", "chatter", "refused"] == "1"
    assert told["reports", "", "reports"] == str(found.reports.total)
    assert all(len(line) == len(head) for line in lines)
    # The platform's name is there, and no spreadsheet runs it.
    names = {line[5] for line in lines if line[3] == "platform"}
    assert names == {f"'{EVIL}"}


@pytest.mark.usefixtures("asked")
def test_a_french_excel_gets_its_semicolon(
    log_in: Callable[[Staff], Client], maud: Staff, month: str
) -> None:
    client = log_in(maud)
    client.cookies["lang"] = "fr"
    answer = client.post(f"{PAGE}figures/", {"form": "csv", "since": month, "until": month})
    assert len({len(line) for line in table(answer, ";")}) == 1


@pytest.mark.usefixtures("asked")
def test_the_json_carries_the_definitions(desk: Desk, maud: Staff, month: str) -> None:
    data = {"form": "json", "since": month, "until": month, "platform": "chatter"}
    answer = desk(maud).post(f"{PAGE}figures/", data)
    told = json.loads(body(answer))
    assert told["layout"] == "figures/1"
    assert told["overall"]["sent"] == 3
    assert told["platform"] == "chatter"
    assert set(told["definitions"]) == set(DEFINITIONS) - AT_THIS_MOMENT
    assert told["as_of"]


@pytest.mark.parametrize("form", ["csv", "json"])
def test_an_empty_period_is_a_file_too(form: str, desk: Desk, maud: Staff) -> None:
    answer = desk(maud).post(f"{PAGE}figures/", {"form": form, "since": "2020-01", "until": "2020-01"})
    assert answer.status_code == 200
    assert body(answer)


@pytest.mark.usefixtures("asked")
def test_each_saving_is_in_the_trail(desk: Desk, theo: Staff, month: str) -> None:
    for form in ("csv", "json"):
        desk(theo).post(f"{PAGE}figures/", {"form": form, "since": month, "until": month})
    lines = AuditRow.objects.filter(verb="figures.exported")
    assert {line.detail["form"] for line in lines} == {"csv", "json"}
    assert {line.actor for line in lines} == {f"staff:{theo.pk}"}


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"form": "exe"},
        {"form": "csv", "since": "x"},
        {"form": "csv", "platform": "nowhere"},
        {"form": "csv", "platform": "a\0"},
    ],
)
def test_what_is_no_file_is_not_there(data: dict[str, str], desk: Desk, maud: Staff) -> None:
    assert desk(maud).post(f"{PAGE}figures/", data).status_code == 404
    assert not AuditRow.objects.filter(verb="figures.exported").exists()


# --- a line for each request ------------------------------------------------------------------------------


def test_no_line_leaves_before_a_second_person_says_yes(
    asked: list[Takedown], desk: Desk, maud: Staff, anouk: Staff, month: str
) -> None:
    client = desk(maud)
    address = f"{PAGE}?since={month}&until={month}&platform=chatter"
    assert "Ask again." in client.post(f"{PAGE}requests/", follow=True).content.decode()
    assert client.post(address, {}).status_code == 422
    assert "once a second person says yes" in client.post(address, ASK, follow=True).content.decode()
    waits = client.get(address).content.decode()
    assert "It waits for a second person." in waits
    assert "Save the lines" not in waits
    question = Approval.objects.get()
    assert question.proposal == {"since": month, "until": month, "platform": "chatter"}
    page = desk(anouk).get(f"/staff/approvals/{question.pk}/").content.decode()
    assert "one line for each request" in page
    desk(anouk).post(
        f"/staff/approvals/{question.pk}/decide/", {"answer-granted": "yes", "answer-sure": "on"}
    )
    assert "Save the lines" in client.get(address).content.decode()
    answer = client.post(f"{PAGE}requests/")
    assert isinstance(answer, StreamingHttpResponse)
    head, *lines = table(answer)
    assert len(lines) == len(asked)
    assert sorted(line[head.index("What became of it")] for line in lines) == [
        "acted_on",
        "acted_on",
        "refused",
    ]


def test_the_lines_are_coarse(
    asked: list[Takedown], desk: Desk, maud: Staff, anouk: Staff, month: str
) -> None:
    """No word of anybody, no link, no number that leads to a case, a link, a request or a person, no day."""
    yes(month, by=maud, decided_by=anouk)
    text = body(desk(maud).post(f"{PAGE}requests/")).decode()
    for one in asked:
        for part in (one.pk, one.link_id, one.notice_id, one.case.ref, one.case.report_id):
            assert str(part) not in text
    assert "zqsecret" not in text
    assert f"{timezone.localdate():%Y-%m-%d}" not in text
    assert "nour" not in text.lower()
    assert text.count(month) == len(asked)


@pytest.mark.usefixtures("asked")
def test_the_lines_are_of_what_was_agreed_to_and_no_more(
    desk: Desk, maud: Staff, anouk: Staff, month: str
) -> None:
    yes("2024-01", by=maud, decided_by=anouk)
    answer = desk(maud).post(f"{PAGE}requests/", {"since": month, "until": month})
    assert len(table(answer)) == 1
    assert AuditRow.objects.get(verb="rows.exported").detail["rows"] == 0


@pytest.mark.usefixtures("asked")
def test_each_making_is_in_the_trail_with_the_yes(desk: Desk, maud: Staff, anouk: Staff, month: str) -> None:
    allowed = yes(month, by=maud, decided_by=anouk)
    for _again in range(2):
        body(desk(maud).post(f"{PAGE}requests/"))
    lines = AuditRow.objects.filter(verb="rows.exported")
    assert [(line.detail["approval"], line.detail["rows"]) for line in lines] == [(str(allowed.pk), 3)] * 2


@pytest.mark.usefixtures("asked")
def test_a_yes_ends(desk: Desk, maud: Staff, anouk: Staff, month: str, settings: Any) -> None:
    allowed = yes(month, by=maud, decided_by=anouk)
    Approval.objects.filter(pk=allowed.pk).update(
        done_at=timezone.now() - settings.EXPORT_FOR - timedelta(minutes=1)
    )
    assert "Ask again." in desk(maud).post(f"{PAGE}requests/", follow=True).content.decode()


@pytest.mark.usefixtures("asked")
def test_a_yes_is_for_who_asked_alone_and_while_they_might_ask(
    desk: Desk, maud: Staff, theo: Staff, anouk: Staff, month: str, make_staff: Callable[..., Staff]
) -> None:
    yes(month, by=maud, decided_by=anouk)
    other = make_staff("lise", "supervisor")
    assert desk(other).post(f"{PAGE}requests/").status_code == 302
    Staff.objects.filter(pk=maud.pk).update(role=theo.role)
    maud.refresh_from_db()
    assert desk(maud).post(f"{PAGE}requests/").status_code == 302
    assert not AuditRow.objects.filter(verb="rows.exported").exists()


def test_who_may_not_ask(desk: Desk, theo: Staff, nour: Staff, maud: Staff, month: str) -> None:
    page = desk(theo).get(PAGE).content.decode()
    assert "Only who may see every case asks for this." in page
    desk(theo).post(PAGE, ASK)
    for by, obj in ((theo, theo), (nour, nour), (maud, theo)):
        with pytest.raises(PermissionDenied):
            approvals.ask(
                what=ROWS, obj=obj, by=by, reason="x", why="evaluation", proposal={}, at=timezone.now()
            )
    assert not Approval.objects.exists()
    assert desk(nour).get(PAGE).status_code == 403
    assert desk(nour).post(f"{PAGE}requests/").status_code == 403


def test_asked_twice_the_first_stands_and_it_is_said(desk: Desk, maud: Staff, month: str) -> None:
    client = desk(maud)
    client.post(f"{PAGE}?since={month}&until={month}", ASK)
    said = client.post(f"{PAGE}?since=2024-01&until=2024-01", ASK, follow=True).content.decode()
    assert "it still waits" in said
    assert Approval.objects.get().proposal["since"] == month
