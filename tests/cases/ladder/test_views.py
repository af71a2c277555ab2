"""The panel, the lists, a step's and a complaint's page, the API's call."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from cases.ladder import actions, clock, proposing, redress
from cases.ladder.models import Redress, Step
from cases.ladder.states import StepState
from cases.models import Case
from cases.takedowns.models import Takedown
from cases.takedowns.states import Status
from helpline.accounts import actions as accounts
from helpline.accounts.models import Staff
from helpline.accounts.permissions import Permission
from helpline.platforms.models import Platform
from reports import actions as reports
from reports.actions import LinkFacts
from reports.states import AgeRange
from tests.cases.takedowns.standing import standing

pytestmark = pytest.mark.django_db
Enter = Callable[[Staff], Client]


@pytest.fixture
def silent(sent: Takedown) -> Takedown:
    """By the machine's clock nobody has answered for long."""
    clock.set_clocks()
    clock.note_silence(at=timezone.now())
    proposing.propose_steps()
    sent.refresh_from_db()
    return sent


@pytest.fixture
def complaint(case: Case, nour: Staff) -> Redress:
    """A refusal of ten minutes ago."""
    now = timezone.now()
    standing(Status.REFUSED, case=case, by=nour, at=now - timedelta(minutes=10))
    redress.open_windows(at=now)
    return Redress.objects.get()


def page(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def post(client: Client, name: str, pk: Any, **data: Any) -> str:
    """What the page says after it."""
    answer = client.post(reverse(f"ladder:{name}", args=[pk]), data, follow=True)
    assert answer.status_code == 200, answer.status_code
    return " ".join(answer.content.decode().split())


def detail(takedown: Takedown) -> str:
    return reverse("takedowns:detail", args=[takedown.pk])


def test_a_request_that_waits_shows_until_when(sent: Takedown, nour: Staff, desk: Enter) -> None:
    client = desk(nour)
    assert "An answer is due" not in page(client, detail(sent))
    Takedown.objects.update(answer_due_at=timezone.now() + timedelta(hours=5))
    shown = page(client, detail(sent))
    assert "An answer is due" in shown and "Stop the clock" in shown


def test_one_click_sends_the_reminder_and_undo_takes_it_back(
    silent: Takedown, nour: Staff, desk: Enter
) -> None:
    client, one = desk(nour), Step.objects.get()
    assert "Send the reminder" in page(client, detail(silent))
    said = post(client, "take", one.pk)
    assert "It leaves now." in said and reverse("ladder:undo", args=[one.pk]) in said
    assert "It changed meanwhile" in post(client, "take", one.pk)
    assert "Taken back." in post(client, "undo", one.pk)
    one.refresh_from_db()
    assert one.state == StepState.PROPOSED


def test_a_person_files_at_the_coordinator(silent: Takedown, nour: Staff, desk: Enter) -> None:
    client = desk(nour)
    shown = post(client, "escalate", silent.pk, rung="coordinator")
    one = Step.objects.get(rung="coordinator")
    assert "Arcom" in shown and "I have filed it" in shown
    papers = client.post(reverse("ladder:pack", args=[one.pk]))
    assert papers["Content-Type"] == "application/pdf" and papers.content.startswith(b"%PDF")
    yesterday = (timezone.localdate() - timedelta(days=1)).isoformat()
    bad = client.post(
        reverse("ladder:done", args=[one.pk]), {"reference": "AR-77", "follow_up_on": yesterday}
    )
    assert bad.status_code == 422 and "AR-77" in bad.content.decode()
    shown = post(client, "done", one.pk, reference="AR-77", follow_up_on="")
    assert "AR-77" in shown and "Noted as done." in shown
    shown = post(client, "outcome", one.pk, outcome="acted", words="They wrote.", follow_up_on="")
    assert "They acted" in shown and "They wrote." in shown
    assert "Complain to the coordinator" in page(client, detail(silent))


def test_leaving_out_says_why(silent: Takedown, nour: Staff, desk: Enter) -> None:
    shown = post(desk(nour), "skip", Step.objects.get().pk, reason="Their mailbox is gone.")
    assert "Left out." in shown and "Their mailbox is gone." in shown


def test_stopping_the_clock_needs_a_reason_and_is_undone(silent: Takedown, nour: Staff, desk: Enter) -> None:
    client = desk(nour)
    assert "Say why." in post(client, "pause", silent.pk, reason="")
    shown = post(client, "pause", silent.pk, reason="Their lawyer asked.")
    assert "stands still since" in shown and "Their lawyer asked." in shown
    assert "Send the reminder" not in shown
    assert "Taken back." in post(client, "undo-clock", silent.pk)
    post(client, "pause", silent.pk, reason="Again.")
    assert "runs on" in post(client, "resume", silent.pk)
    assert "Taken back." in post(client, "undo-clock", silent.pk)
    silent.refresh_from_db()
    assert silent.clock_paused_at is not None


def test_a_complaint_from_draft_to_decision(complaint: Redress, nour: Staff, desk: Enter) -> None:
    client = desk(nour)
    assert "Against the refusal" in page(client, detail(complaint.takedown))
    shown = page(client, reverse("ladder:redress", args=[complaint.pk]))
    assert "article 20" in shown and "https://chatter.example/p/1" in shown
    assert "Noted as filed." in post(client, "file", complaint.pk, reference="C-1")
    assert client.post(reverse("ladder:decide", args=[complaint.pk]), {}).status_code == 422
    shown = post(client, "decide", complaint.pk, state="upheld", words="No.")
    assert "The refusal stands" in shown
    assert "Taken back." in post(client, "undo-redress", complaint.pk)
    shown = post(client, "dispute", complaint.takedown_id)
    way = Redress.objects.get(kind="out-of-court")
    assert "A certified out-of-court body" in shown
    papers = client.post(reverse("ladder:redress-pack", args=[way.pk]))
    assert papers.content.startswith(b"%PDF")
    assert "Noted as filed." in post(client, "file", way.pk, reference="", body="A body", is_complex="on")
    assert "No complaint is made." in post(client, "drop", way.pk)


def test_once_erased_nothing_is_shown_or_written(
    silent: Takedown, nour: Staff, desk: Enter, noon: datetime
) -> None:
    one = actions.escalate(takedown=silent, rung="coordinator", by=nour, at=noon)
    reports.erase_report(report=silent.case.report, by=nour, at=noon)
    client = desk(nour)
    shown = page(client, reverse("ladder:step", args=[one.pk]))
    assert "I have filed it" not in shown
    assert "erased" in post(client, "pack", one.pk)


def test_the_lists_show_what_waits(
    silent: Takedown, complaint_soon: Redress, nour: Staff, desk: Enter
) -> None:
    client, address = desk(nour), reverse("ladder:list")
    assert "Remind the platform" in page(client, address)
    for tab, said in (
        ("silent", "No answer"),
        ("redress", "Complaint to the platform"),
        ("answers", "Nothing here"),
        ("later", "Nothing here"),
        ("paused", "Nothing here"),
    ):
        assert said in page(client, f"{address}?tab={tab}"), tab
    counted = page(client, reverse("takedowns:desk"))
    assert "Waiting beside these:" in counted and "Complaints to file" in counted


@pytest.fixture
def complaint_soon(open_case: Callable[..., Case], chatter: Platform, nour: Staff) -> Redress:
    """A window that closes next week."""
    case = open_case(links=(LinkFacts(url="https://chatter.example/p/soon"),))
    takedown = standing(Status.REFUSED, case=case, by=nour, at=timezone.now())
    redress.open_windows(at=timezone.now())
    Redress.objects.update(window_until=timezone.localdate() + timedelta(days=7))
    return Redress.objects.get(takedown=takedown)


@pytest.mark.parametrize("tab", ["steps", "silent"])
def test_a_list_costs_the_same_however_long(
    tab: str, open_case: Callable[..., Case], chatter: Platform, nour: Staff, desk: Enter, noon: datetime
) -> None:
    client, counts = desk(nour), []
    address = f"{reverse('ladder:list')}?tab={tab}"
    for size in (2, 7):
        for number in range(size):
            links = (LinkFacts(url=f"https://chatter.example/p/{size}{number}"),)
            standing(Status.SENT, case=open_case(links=links, age_range=AgeRange.ADULT), by=nour, at=noon)
        clock.set_clocks()
        clock.note_silence(at=timezone.now())
        proposing.propose_steps()
        client.get(address)
        with CaptureQueriesContext(connection) as asked:
            page(client, address)
        counts.append(len(asked))
    assert counts[0] == counts[1]


def test_the_list_of_complaints_says_how_they_ended(complaint: Redress, nour: Staff, desk: Enter) -> None:
    client, address = desk(nour), f"{reverse('ladder:list')}?tab=redress"
    assert "In the last 12 months" not in page(client, address)
    post(client, "file", complaint.pk, reference="C-1")
    post(client, "decide", complaint.pk, state="overturned", words="")
    said = "In the last 12 months 1 complaint was decided: 1 overturned, 0 in part."
    assert said in page(client, address)


def test_the_last_column_has_one_name_on_a_phone_and_on_a_desk(
    silent: Takedown, complaint_soon: Redress, nour: Staff, desk: Enter
) -> None:
    client = desk(nour)
    for tab, name in (("redress", "Possible until"), ("silent", "An answer was due"), ("steps", "Due")):
        shown = page(client, f"{reverse('ladder:list')}?tab={tab}")
        assert f'<th scope="col">{name}</th>' in shown and f'data-label="{name}"' in shown, tab


def test_a_complaint_says_when_its_holder_was_reminded(
    complaint_soon: Redress, nour: Staff, desk: Enter
) -> None:
    client, address = desk(nour), reverse("ladder:redress", args=[complaint_soon.pk])
    assert "Brought to mind" not in page(client, address)
    redress.remind(at=timezone.now())
    assert "Brought to mind" in page(client, address)


# --- the call


@pytest.fixture
def call(nour: Staff, noon: datetime) -> Callable[..., Any]:
    """`call(takedown, rung=…)` with Nour's token."""
    scopes = [Permission.TAKEDOWNS, Permission.CASES_OWN]
    _row, token = accounts.create_token(staff=nour, name="x", scopes=scopes, by=nour, at=timezone.now())

    def ask(takedown: Takedown, **body: Any) -> Any:
        return Client().post(
            f"/api/v1/takedowns/{takedown.pk}/escalate/",
            body,
            content_type="application/json",
            headers={"Authorization": f"Bearer {token}"},
        )

    return ask


def test_the_call_takes_the_next_step(silent: Takedown, call: Callable[..., Any]) -> None:
    answer = call(silent)
    assert answer.status_code == 200, answer.content
    assert answer.json()["timeline"][-1]["what"] == "reminder"
    assert Takedown.objects.get(escalates=silent).rung == "reminder"
    answer = call(silent, rung="coordinator")
    assert answer.json()["status"] == Status.ESCALATED


def test_the_call_refuses_by_name(silent: Takedown, call: Callable[..., Any]) -> None:
    assert (call(silent, rung="ftc").status_code, call(silent, rung="ftc").json()["code"]) == (409, "no_rung")
    assert call(silent, rung="decide").status_code == 400
    Takedown.objects.update(status=Status.GONE)
    assert call(silent).json()["code"] == "forbidden_move"
