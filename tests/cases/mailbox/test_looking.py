"""A mailbox that can't be read is seen: by whoever asks the machine, and by whoever waits for an answer."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from cases.mailbox import looking, tasks
from cases.mailbox.models import MailboxLook
from cases.mailbox.states import Why
from helpline.accounts.models import Staff
from helpline.health.views import findings

pytestmark = pytest.mark.django_db
URL = "imap://anna:secret@127.0.0.1:9/INBOX"


@pytest.fixture(autouse=True)
def _mailbox(settings: Any) -> Iterator[None]:
    settings.IMAP_URL = URL
    yield


def fail(ago: timedelta, why: Why = Why.LOGIN) -> None:
    looking.failed(why, at=timezone.now() - ago)


def test_since_when_is_kept_from_the_first_time_on() -> None:
    fail(timedelta(hours=2))
    fail(timedelta(minutes=1), Why.SILENT)
    look = MailboxLook.objects.get()
    assert look.failing_since is not None and timezone.now() - look.failing_since > timedelta(hours=1)
    assert look.why == Why.SILENT


def test_a_server_that_is_started_anew_alarms_nobody() -> None:
    fail(timedelta(minutes=9))
    assert findings()["mailbox"] == ""


def test_it_is_said_in_words_without_a_secret() -> None:
    looking.went_well(at=timezone.now() - timedelta(hours=3))
    fail(timedelta(hours=1))
    said = findings()["mailbox"]
    assert said.startswith("can't be read since 20") and "(login), last read 20" in said
    assert "anna" not in said and "secret" not in said


def test_one_that_was_never_read_says_so() -> None:
    fail(timedelta(hours=1), Why.SETTING)
    assert findings()["mailbox"].endswith("(setting), never read yet")


def test_without_a_mailbox_there_is_no_trouble(settings: Any) -> None:
    fail(timedelta(hours=1))
    settings.IMAP_URL = ""
    assert findings()["mailbox"] == ""


def test_the_page_for_machines_tells_it_and_turns_nobody_away(client: Client) -> None:
    well = client.get("/readyz").json()
    fail(timedelta(hours=1))
    ill = client.get("/readyz").json()
    assert well["checks"]["mailbox"] == "ok" and "can't be read" in ill["checks"]["mailbox"]
    assert ill["ready"] == well["ready"]


def test_the_doctor_says_how_to_mend_it() -> None:
    fail(timedelta(hours=1))
    told = StringIO()
    with pytest.raises(CommandError):
        call_command("doctor", stdout=told)
    assert "mailbox: can't be read since" in told.getvalue() and "HELPLINE_IMAP_URL" in told.getvalue()


def test_whoever_waits_for_an_answer_reads_it(desk: Callable[[Staff], Client], nour: Staff) -> None:
    assert "be read since" not in desk(nour).get("/staff/mailbox/").content.decode()
    fail(timedelta(hours=1))
    page = desk(nour).get("/staff/mailbox/").content.decode()
    assert "Mail can’t be read since" in page
    assert "The mailbox refused the name or the password." in page


@pytest.mark.parametrize(
    ("url", "why"), [(URL, Why.SILENT), ("http://anna:secret@mail.example/", Why.SETTING)]
)
def test_the_worker_notes_it(settings: Any, url: str, why: Why) -> None:
    settings.IMAP_URL = url
    tasks.fetch_mail()
    assert MailboxLook.objects.get().why == why
