"""The pages: what waits, one mail with its proposal, and what a person makes of it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from cases.mailbox import actions, filing
from cases.mailbox.models import Letter, Mail
from cases.mailbox.states import State
from cases.takedowns import actions as takedowns
from cases.takedowns.models import Event, Notice, Takedown
from cases.takedowns.reasons import Why
from cases.takedowns.states import ForbiddenMove, Status
from cases.todo.models import Task
from helpline.accounts.models import Staff
from helpline.audit.models import AuditRow
from helpline.platforms.models import Channel, Platform
from reports import actions as reports
from reports.actions import LinkFacts
from tests.cases.mailbox.mails import bounce, mail

pytestmark = pytest.mark.django_db
Send = Callable[..., Takedown]
Desk = Callable[[Staff], Client]


def take(raw: bytes) -> Mail:
    found = actions.take_in(raw, at=timezone.now())
    assert found is not None
    return found


def page(client: Client, found: Mail) -> str:
    return client.get(f"/staff/mailbox/{found.pk}/").content.decode()


def test_the_list_shows_no_word_of_a_mail(sent: Send, desk: Desk, nour: Staff, maud: Staff) -> None:
    takedown = sent()
    take(mail(takedown.notice, subject="About Camille"))
    take(mail(None, message_id="<2@x>"))
    shown = desk(nour).get("/staff/mailbox/").content.decode()
    assert takedown.case.ref in shown and "Removed" in shown
    assert "Camille" not in shown and "Strangers" not in shown
    assert "Leads to no notice" in desk(maud).get("/staff/mailbox/?tab=strangers").content.decode()


def test_the_list_asks_as_often_for_many_as_for_few(sent: Send, desk: Desk, nour: Staff) -> None:
    client = desk(nour)

    def asked() -> int:
        with CaptureQueriesContext(
            connection,
        ) as found:
            client.get("/staff/mailbox/?tab=decide")
        return len(found)

    take(mail(sent().notice))
    asked()
    few = asked()
    for number in range(4):
        take(mail(sent(path=f"i/{number + 5}").notice, message_id=f"<{number}@x>"))
    assert asked() == few


def test_one_mail_shows_what_led_to_the_proposal_and_who_wrote_it(
    sent: Send, desk: Desk, nour: Staff
) -> None:
    found = take(mail(sent().notice, text="Hello <b>you</b>.\n\nWe have removed it."))
    shown = page(desk(nour), found)
    assert "<mark>We have removed it.</mark>" in shown
    assert "Hello &lt;b&gt;you&lt;/b&gt;" in shown
    assert "Anybody can have written this" in shown
    assert AuditRow.objects.filter(verb="mail.read", object_id=str(found.pk)).count() == 1


def test_confirming_with_one_click(sent: Send, desk: Desk, nour: Staff) -> None:
    takedown = sent()
    found, client = take(mail(takedown.notice)), desk(nour)
    field = f"mail-outcome-{takedown.pk}"
    assert 'value="removed" selected' in page(client, found)
    address = f"/staff/mailbox/{found.pk}/confirm/"
    assert client.post(address, {field: ""}).status_code == 422
    assert client.post(address, {field: "removed", "mail-redress_until": "2027-01-01"}).status_code == 422
    assert client.post(address, {field: "removed"}).status_code == 302
    takedown.refresh_from_db()
    assert takedown.status == Status.REMOVED
    assert "decided meanwhile" in client.post(address, {field: "refused"}, follow=True).content.decode()
    takedown.refresh_from_db()
    assert takedown.status == Status.REMOVED


def test_putting_aside_can_be_undone(sent: Send, desk: Desk, nour: Staff) -> None:
    found, client = take(mail(sent().notice)), desk(nour)
    client.post(f"/staff/mailbox/{found.pk}/dismiss/")
    assert Mail.objects.get().state == State.DISMISSED
    assert "Take it out again" in page(client, found)
    client.post(f"/staff/mailbox/{found.pk}/restore/")
    assert Mail.objects.get().state == State.OPEN


def test_what_came_back(sent: Send, desk: Desk, nour: Staff) -> None:
    takedown = sent()
    found, client = take(bounce(takedown.notice)), desk(nour)
    assert "It did not arrive" in page(client, found)
    client.post(f"/staff/mailbox/{found.pk}/undelivered/")
    takedown.refresh_from_db()
    assert takedown.status == Status.FAILED
    assert client.get("/staff/takedowns/?tab=failed").status_code == 200


def test_writing_back(sent: Send, desk: Desk, nour: Staff) -> None:
    takedown = sent()
    found, client = take(mail(takedown.notice)), desk(nour)
    address = f"/staff/mailbox/{found.pk}/write/"
    answer = client.post(address, {"letter-words": f"Case {takedown.case.ref}", "letter-key": str(uuid4())})
    assert answer.status_code == 422 and "would lead to the young person" in answer.content.decode()
    assert client.post(address, {"letter-words": "Here.", "letter-key": str(uuid4())}).status_code == 302
    assert Letter.objects.count() == 1
    assert "What we wrote back" in page(client, found)


def test_without_a_mailbox_what_was_typed_stays(sent: Send, desk: Desk, nour: Staff) -> None:
    takedown = sent()
    found, client = take(mail(takedown.notice)), desk(nour)
    Channel.objects.update(address="https://pixboard.example/form")
    answer = client.post(
        f"/staff/mailbox/{found.pk}/write/",
        {"letter-words": "The second picture.", "letter-key": str(uuid4())},
    )
    said = answer.content.decode()
    assert answer.status_code == 422
    assert "There is no mailbox to write to." in said and "The second picture." in said
    assert "decided meanwhile" not in said
    assert "Send the answer" not in page(client, found)


ERASED = "The young person erased this report. Nothing more can be written about it."


@pytest.mark.parametrize("what", ["confirm", "write", "lead"])
def test_what_was_erased_is_said_to_be_erased(
    what: str, sent: Send, desk: Desk, nour: Staff, maud: Staff
) -> None:
    takedown = sent()
    found = take(mail(takedown.notice if what != "lead" else None))
    forms = {
        "confirm": {f"mail-outcome-{takedown.pk}": "removed"},
        "write": {"letter-words": "Here.", "letter-key": str(uuid4())},
        "lead": {"lead-notice": str(takedown.notice_id)},
    }
    reports.erase_report(report=takedown.case.report, by="young-person", at=timezone.now())
    takedowns.follow_withdrawals(at=timezone.now())
    client = desk(maud if what == "lead" else nour)
    answer = client.post(f"/staff/mailbox/{found.pk}/{what}/", forms[what], follow=True)
    said = answer.content.decode()
    assert ERASED in said and "decided meanwhile" not in said
    assert not Letter.objects.exists() and Mail.objects.get().state == State.OPEN


def test_why_a_letter_did_not_leave_is_said_in_words(sent: Send, desk: Desk, nour: Staff) -> None:
    found, client = take(mail(sent().notice)), desk(nour)
    letter = actions.write_back(mail=found, words="Here.", key=uuid4(), by=nour, at=timezone.now())
    for why, said in {
        "the worker fell silent": "The program broke off while it was leaving.",
        "erased": "Its words were erased.",
        "SMTP 550 for the text": "<code>SMTP 550 for the text</code>",
    }.items():
        Letter.objects.filter(pk=letter.pk).update(status="failed", due_at=None, why=why)
        shown = page(client, found)
        assert said in shown
        assert "fell silent" not in shown and "(erased)" not in shown


def test_leading_a_stranger(sent: Send, desk: Desk, maud: Staff) -> None:
    takedown, found, client = sent(), take(mail(None)), desk(maud)
    address = f"/staff/mailbox/{found.pk}/lead/"
    assert client.post(address, {"lead-notice": str(uuid4())}).status_code == 422
    assert client.post(address, {"lead-notice": str(takedown.notice_id)}).status_code == 302
    assert "It seems" in page(client, found) or "marked sentences" in page(client, found)


def test_not_yours_is_not_there(sent: Send, desk: Desk, sacha: Staff) -> None:
    found, client = take(mail(sent().notice)), desk(sacha)
    for path in ("", "confirm/", "dismiss/", "write/", "undelivered/", "restore/"):
        address = f"/staff/mailbox/{found.pk}/{path}"
        assert (client.post(address) if path else client.get(address)).status_code == 404


# --- To file by hand ----------------------------------------------------------------------------------------


@pytest.fixture
def to_file(open_case: Any, nour: Staff, snaproom: Platform) -> Takedown:
    """A request that waits since yesterday for a person to fill in a form."""
    then = timezone.now() - timedelta(days=1)
    case = open_case(at=then, links=(LinkFacts(url="https://snaproom.example/s/1"),))
    [takedown] = takedowns.request_takedown(case=case, links=list(case.report.links.all()), by=nour, at=then)
    assert takedown.status == Status.TO_FILE
    return takedown


def test_what_nobody_filed_is_brought_to_mind_once_a_day(to_file: Takedown, nour: Staff) -> None:
    now = timezone.now()
    Takedown.objects.update(
        status_at=datetime(2026, 3, 2, 23, 30, tzinfo=UTC)
    )  # the third of March, in Paris
    assert filing.remind(now=now) == 1
    assert filing.remind(now=now) == 0
    assert filing.remind(now=now + timedelta(hours=23)) == 0
    [task] = Task.objects.all()
    words = to_file.case.box().open(task, "text")
    assert "Snaproom" in words
    assert words.endswith("depuis le 3 mars.")
    assert filing.remind(now=now + timedelta(hours=25)) == 1
    assert Task.objects.count() == 1  # still open: no second one
    takedowns.mark_filed(takedown=to_file, reference="R-1", by=nour, at=now)
    assert filing.remind(now=now + timedelta(days=3)) == 0


def test_what_is_fresh_is_not_brought_to_mind(to_file: Takedown, settings: Any) -> None:
    settings.FILING_HOURS = 48
    assert filing.remind(now=timezone.now()) == 0


def test_what_no_form_took_is_said_so(to_file: Takedown, desk: Desk, nour: Staff, sacha: Staff) -> None:
    address = f"/staff/takedowns/{to_file.pk}/not-filed/"
    assert desk(sacha).post(address, {"not-filed-why": "x"}).status_code == 404
    client = desk(nour)
    assert "Say why" in client.post(address, {}, follow=True).content.decode()
    shown = client.post(
        address, {"not-filed-why": "The form asks for a login."}, follow=True
    ).content.decode()
    to_file.refresh_from_db()
    assert to_file.status == Status.FAILED and "The form asks for a login." in shown
    event = Event.objects.get(takedown=to_file, what=Status.FAILED)
    assert to_file.case.box().open(event, "words") == "The form asks for a login."
    assert Notice.objects.get(pk=to_file.notice_id).failure == Why.NOT_FILED
    with pytest.raises(ForbiddenMove):
        filing.could_not_file(takedown=to_file, why="x", by=nour, at=timezone.now())
