"""The sender: exact bytes over a real wire, every refusal at the moment of sending, never twice."""

import email
import json
import socket
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import policy
from typing import Any

import pytest
from django.db import connections
from django.utils import timezone

from helpline.accounts.models import Staff
from helpline.audit.models import AuditRow
from helpline.crypto import keyring
from helpline.crypto.keyring import KeyUnavailable
from reports import actions, tasks
from reports.contact import carriers, contract, sending
from reports.contact.actions import change_contact
from reports.contact.carriers import Fate
from reports.models import Message, Nudge, Report
from reports.states import News, NudgeStatus
from tests.cast import NOON
from tests.reports.contact.conftest import BY_MAIL, BY_TEXT, CANARY
from tests.reports.contact.sinks import Gateway, Mailbox

pytestmark = pytest.mark.django_db
Wants = Callable[..., tuple[Report, str]]
SECOND = timedelta(seconds=1)


def fate_of(report: Report) -> tuple[str, str]:
    """The status of its only sign, and why."""
    return report.nudges.values_list("status", "why").get()


def sweep() -> None:
    """What beat asks for."""
    tasks.send_nudges()


def lease_over() -> None:
    """As a minute later."""
    Nudge.objects.exclude(leased_until=None).update(leased_until=timezone.now() - timedelta(days=1))


def due_again() -> None:
    """As after the pause."""
    Nudge.objects.update(due_at=NOON)


# --- what leaves --------------------------------------------------------------------------------------


def test_the_mail_holds_nothing_but_the_neutral_words(wants: Wants, post: Mailbox, settings: Any) -> None:
    settings.HELPLINE_NAME, settings.PUBLIC_URL = "The Lighthouse", "https://lighthouse.example"
    report, _code = wants(BY_MAIL, language="en")

    sweep()

    assert fate_of(report) == (NudgeStatus.SENT, "")
    assert post.recipients == [["me@example.org"]]
    assert post.senders == ["post@notes.example"]
    mail = email.message_from_bytes(post.mails[0], policy=policy.SMTP)
    assert {name.lower() for name in mail} == {
        "from",
        "to",
        "subject",
        "date",
        "message-id",
        "auto-submitted",
        "mime-version",
        "content-type",
        "content-transfer-encoding",
    }
    assert (mail["From"], mail["To"], mail["Subject"]) == (
        "Notes <post@notes.example>",
        "me@example.org",
        "Notes",
    )
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Message-ID"].endswith("@notes.example>")
    assert mail["Date"].endswith("+0000")
    assert mail.get_content().strip() == "There is something new."


def test_nothing_that_leaves_names_us_leads_anywhere_or_tells_anything(
    wants: Wants, post: Mailbox, phones: Gateway, settings: Any
) -> None:
    settings.HELPLINE_NAME, settings.PUBLIC_URL = "The Lighthouse", "https://lighthouse.example"
    settings.NOTIFIER = settings.NOTIFIER | {"email": "notices@lighthouse.example"}
    told = [wants(agreed, language=language) for agreed in (BY_MAIL, BY_TEXT) for language in ("en", "fr")]

    sweep()

    sent = [*post.mails, *(body for _path, _headers, body in phones.requests)]
    assert len(sent) == 4
    everything = b"\n".join(sent).lower() + " ".join(post.greetings).lower().encode()
    for word in ("lighthouse", "helpline", "http", "www", "://", "code", "python", "django", CANARY):
        assert word.encode() not in everything, word
    for name in (socket.gethostname(), socket.getfqdn()):
        assert name.lower().encode() not in everything
    for report, code in told:
        assert code.lower().encode() not in everything
        assert str(report.pk).encode() not in everything
    assert post.greetings == ["notes.example"] * len(post.greetings) != []


def test_the_text_message(wants: Wants, phones: Gateway) -> None:
    report, _code = wants(BY_TEXT, language="en")

    sweep()

    path, headers, body = phones.requests[0]
    assert fate_of(report) == (NudgeStatus.SENT, "")
    assert path == "/send?account=1"
    assert headers["Authorization"] == "Bearer token-of-the-gateway"
    assert "User-Agent" not in headers
    assert json.loads(body) == {"to": "+33612345678", "text": "There is something new.", "from": "Notes"}


def test_the_trail_says_that_and_how_but_not_where_to(wants: Wants, post: Mailbox) -> None:
    report, _code = wants(BY_MAIL)

    sweep()

    line = AuditRow.objects.get(verb="nudge.sent")
    assert (line.actor, line.object_id, line.detail) == (
        "system",
        str(report.pk),
        {"via": "email", "why": ""},
    )


# --- what does not ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("agreed", "why"),
    [
        ({"via": "none"}, "not_chosen"),
        ({"via": "phone", "address": "0612345678", "hours": "evenings"}, "not_chosen"),
        ({"via": "email", "address": "me@example.org", "hours": "after school"}, "not_safe"),
        (BY_MAIL.as_json() | {"is_safe": False}, "not_safe"),
        (BY_MAIL.as_json() | {"hours": "not on Sundays"}, "hours_unclear"),
        (BY_MAIL.as_json() | {"address": "me"}, "no_address"),
        (BY_MAIL.as_json() | {"address": "me@example.org\r\nBcc: you@example.org"}, "no_address"),
        (BY_TEXT.as_json(), "not_offered"),
    ],
)
def test_outside_the_contract_nothing_leaves(
    wants: Wants, post: Mailbox, agreed: dict[str, Any], why: str
) -> None:
    report, _code = wants(agreed)

    sweep()

    assert fate_of(report) == (NudgeStatus.REFUSED, why)
    assert post.mails == []
    assert AuditRow.objects.filter(verb="nudge.refused", detail__why=why).exists()


def test_outside_the_hours_it_waits_for_them(wants: Wants, post: Mailbox) -> None:
    wants(replace(BY_MAIL, from_hour=16, to_hour=20))
    nudge = sending.claim(at=NOON)
    assert nudge is not None

    assert sending.begin(nudge, at=NOON) is None

    nudge.refresh_from_db()
    assert (nudge.status, nudge.why) == (NudgeStatus.WAITING, "outside_hours")
    assert nudge.due_at == datetime(2026, 3, 2, 15, 0, tzinfo=UTC), "16:00 in Paris"
    assert sending.claim(at=nudge.due_at - SECOND) is None
    later = sending.claim(at=nudge.due_at)
    assert later is not None
    assert sending.begin(later, at=nudge.due_at) is not None


def test_a_second_sign_waits_until_it_is_time_and_for_the_hours_then(wants: Wants, post: Mailbox) -> None:
    report, _code = wants(replace(BY_MAIL, from_hour=8, to_hour=14))
    Nudge.objects.create(
        report=report, status=NudgeStatus.SENT, made_at=NOON, due_at=NOON, done_at=NOON - timedelta(hours=1)
    )
    nudge = sending.claim(at=NOON)
    assert nudge is not None

    assert sending.begin(nudge, at=NOON) is None

    nudge.refresh_from_db()
    assert nudge.why == "too_soon"
    assert nudge.due_at == datetime(2026, 3, 3, 7, 0, tzinfo=UTC), (
        "six hours later it is evening: so tomorrow"
    )


def test_a_change_of_mind_counts_up_to_the_last_moment(wants: Wants, post: Mailbox) -> None:
    report, code = wants(BY_MAIL)
    nudge = sending.claim(at=NOON)
    assert nudge is not None, "a worker holds it"

    change_contact(report=report, box=report.box_for_code(code), contact=contract.NOTHING, at=NOON)

    assert sending.begin(nudge, at=NOON) is None
    sweep()
    assert fate_of(report) == (NudgeStatus.REFUSED, "not_chosen")
    assert post.mails == []


def test_it_goes_to_the_address_of_the_moment_in_which_it_leaves(wants: Wants, post: Mailbox) -> None:
    report, code = wants(BY_MAIL)
    new = replace(BY_MAIL, address="other@example.org")

    change_contact(report=report, box=report.box_for_code(code), contact=new, at=NOON)
    sweep()

    assert post.recipients == [["other@example.org"]]


def test_an_erased_report_gets_no_sign(wants: Wants, post: Mailbox) -> None:
    report, _code = wants(BY_MAIL)
    nudge = sending.claim(at=NOON)
    assert nudge is not None

    actions.erase_report(report=report, by="young-person", at=NOON)

    assert sending.begin(nudge, at=NOON) is None
    sweep()
    assert fate_of(report) == (NudgeStatus.REFUSED, "erased")
    assert post.mails == []


def test_even_one_that_erasing_did_not_find_is_refused(wants: Wants, post: Mailbox) -> None:
    report, _code = wants(BY_MAIL)
    actions.erase_report(report=report, by="young-person", at=NOON)
    Nudge.objects.all().delete()
    Nudge.objects.create(report=report, made_at=NOON, due_at=NOON)

    sweep()

    assert fate_of(report) == (NudgeStatus.REFUSED, "erased")
    assert post.mails == []


def test_the_public_face_cannot_send(wants: Wants, post: Mailbox, monkeypatch: pytest.MonkeyPatch) -> None:
    wants(BY_MAIL)
    load = keyring.load

    def without_the_private_key(name: str) -> dict[str, bytes]:
        if name == "intake.key":
            raise KeyUnavailable("not here")
        return load(name)

    monkeypatch.setattr(keyring, "load", without_the_private_key)
    with pytest.raises(KeyUnavailable):
        sweep()
    assert post.mails == []


# --- what was read meanwhile --------------------------------------------------------------------------


def test_what_they_have_read_already_needs_no_sign(wants: Wants, post: Mailbox, nour: Staff) -> None:
    report, _code = wants(BY_MAIL)
    Nudge.objects.all().delete()
    actions.send_message(report=report, box=report.box_for_staff(), text="Hello", by=nour, at=NOON)
    assert fate_of(report) == (NudgeStatus.WAITING, ""), "writing leaves a sign to be sent"
    actions.mark_read(report=report, author=Message.Author.HELPLINE, at=NOON + SECOND)

    sweep()

    assert fate_of(report) == (NudgeStatus.REFUSED, "already_read")
    assert post.mails == []


@pytest.mark.parametrize("later", ["message", "step"])
def test_what_came_after_they_read_needs_one(wants: Wants, post: Mailbox, nour: Staff, later: str) -> None:
    report, _code = wants(BY_MAIL)
    box = report.box_for_staff()
    actions.send_message(report=report, box=box, text="Hello", by=nour, at=NOON)
    actions.mark_read(report=report, author=Message.Author.HELPLINE, at=NOON + SECOND)
    if later == "message":
        actions.send_message(report=report, box=box, text="And", by=nour, at=NOON + 2 * SECOND)
    else:
        link = report.links.get()
        actions.post_update(report_id=report.pk, link_id=link.pk, what=News.GONE, at=NOON + 2 * SECOND)

    sweep()

    assert fate_of(report) == (NudgeStatus.SENT, "")
    assert len(post.mails) == 1


# --- never twice --------------------------------------------------------------------------------------


def test_killed_before_it_leaves_it_is_sent_once_the_lease_ends(wants: Wants, post: Mailbox) -> None:
    report, _code = wants(BY_MAIL)
    assert sending.claim(at=NOON) is not None, "and here the worker dies"

    sweep()
    assert post.mails == [], "another holds it"
    lease_over()
    sweep()
    sweep()

    assert fate_of(report) == (NudgeStatus.SENT, "")
    assert len(post.mails) == 1


def test_killed_after_it_left_it_is_not_sent_again(
    wants: Wants, post: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    report, _code = wants(BY_MAIL)
    carry = carriers.carry

    class Killed(BaseException):
        pass

    def carry_and_die(*args: Any, **kwargs: Any) -> Fate:
        carry(*args, **kwargs)
        raise Killed

    monkeypatch.setattr(carriers, "carry", carry_and_die)
    with pytest.raises(Killed):
        sweep()
    assert len(post.mails) == 1
    monkeypatch.setattr(carriers, "carry", carry)

    sweep()
    lease_over()
    due_again()
    sweep()

    assert len(post.mails) == 1
    assert fate_of(report) == (NudgeStatus.SENT, "unknown")


def test_who_comes_back_after_the_lease_sends_nothing_and_writes_nothing(wants: Wants, post: Mailbox) -> None:
    report, _code = wants(BY_MAIL)
    slow = sending.claim(at=NOON)
    assert slow is not None
    lease_over()
    sweep()
    assert fate_of(report) == (NudgeStatus.SENT, "")

    assert sending.begin(slow, at=NOON) is None
    leaving = sending.Leaving(slow, "email", "me@example.org", sending.sign("en"))
    sending.finish(leaving, Fate.TURNED_AWAY, at=NOON)

    assert fate_of(report) == (NudgeStatus.SENT, "")
    assert len(post.mails) == 1


def test_no_answer_after_the_text_counts_as_sent(wants: Wants, post: Mailbox) -> None:
    report, _code = wants(BY_MAIL)
    post.answer = ""

    sweep()
    due_again()
    sweep()

    assert fate_of(report) == (NudgeStatus.SENT, "unknown")
    assert len(post.mails) == 1


def test_a_gateway_that_breaks_off_counts_as_sent(wants: Wants, phones: Gateway) -> None:
    report, _code = wants(BY_TEXT)
    phones.status = 0

    sweep()
    due_again()
    sweep()

    assert fate_of(report) == (NudgeStatus.SENT, "unknown")
    assert len(phones.requests) == 1


@pytest.mark.django_db(transaction=True)
def test_many_workers_send_each_sign_once(wants: Wants, phones: Gateway) -> None:
    for number in range(12):
        wants(replace(BY_TEXT, address=f"+336123456{number:02}"))

    def work() -> None:
        try:
            sending._send_due(20)  # without the lock that lets one of them work at a time
        finally:
            connections.close_all()

    workers = [threading.Thread(target=work) for _one in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    numbers = [json.loads(body)["to"] for _path, _headers, body in phones.requests]
    assert sorted(numbers) == [f"+336123456{number:02}" for number in range(12)]
    assert set(Nudge.objects.values_list("status", "tries", "why")) == {(NudgeStatus.SENT, 1, "")}


# --- what surely did not arrive -----------------------------------------------------------------------


def test_a_lost_mail_server_is_tried_again(wants: Wants, post: Mailbox, settings: Any) -> None:
    report, _code = wants(BY_MAIL)
    there, settings.EMAIL_PORT = settings.EMAIL_PORT, _nobody_listens()

    sweep()

    nudge = report.nudges.get()
    assert (nudge.status, nudge.tries, nudge.done_at, nudge.leased_until) == (
        NudgeStatus.WAITING,
        1,
        None,
        None,
    )
    assert nudge.due_at > timezone.now() + sending.PAUSES[0] / 2
    settings.EMAIL_PORT = there
    due_again()
    sweep()
    assert fate_of(report) == (NudgeStatus.SENT, "")
    assert len(post.mails) == 1


def test_five_times_and_no_more_and_later_each_time(wants: Wants, post: Mailbox, settings: Any) -> None:
    report, _code = wants(BY_MAIL)
    settings.EMAIL_PORT = _nobody_listens()
    pauses = []

    for _try in range(sending.MOST_TRIES):
        due_again()
        before = timezone.now()
        sweep()
        pauses.append(report.nudges.get().due_at - before)

    assert pauses[:-1] == sorted(pauses[:-1])
    assert fate_of(report) == (NudgeStatus.FAILED, "retry")
    assert report.nudges.get().tries == 5


def test_when_nothing_is_taken_the_others_keep_their_tries(
    wants: Wants, post: Mailbox, settings: Any
) -> None:
    reports = [wants(BY_MAIL)[0] for _one in range(3)]
    settings.EMAIL_PORT = _nobody_listens()

    sweep()

    assert sorted(report.nudges.get().tries for report in reports) == [0, 0, 1]


@pytest.mark.parametrize(
    ("rcpt", "answer", "expected"),
    [
        ("550 5.1.1 No such mailbox", "", (NudgeStatus.FAILED, "turned_away")),
        ("450 4.2.1 Later", "", (NudgeStatus.WAITING, "retry")),
        ("250 OK", "554 5.7.1 Refused", (NudgeStatus.FAILED, "turned_away")),
        ("250 OK", "451 4.3.2 Later", (NudgeStatus.WAITING, "retry")),
    ],
)
def test_what_a_mail_server_says_is_believed(
    wants: Wants, post: Mailbox, rcpt: str, answer: str, expected: tuple[str, str]
) -> None:
    report, _code = wants(BY_MAIL)
    post.rcpt, post.answer = rcpt, answer

    sweep()

    assert fate_of(report) == expected


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (200, (NudgeStatus.SENT, "")),
        (202, (NudgeStatus.SENT, "")),
        (302, (NudgeStatus.FAILED, "turned_away")),
        (400, (NudgeStatus.FAILED, "turned_away")),
        (401, (NudgeStatus.FAILED, "turned_away")),
        (429, (NudgeStatus.WAITING, "retry")),
        (503, (NudgeStatus.WAITING, "retry")),
        (500, (NudgeStatus.SENT, "unknown")),
        (504, (NudgeStatus.SENT, "unknown")),
    ],
)
def test_what_a_gateway_says_is_believed(
    wants: Wants, phones: Gateway, status: int, expected: tuple[str, str]
) -> None:
    report, _code = wants(BY_TEXT)
    phones.status = status

    sweep()

    assert fate_of(report) == expected
    assert len(phones.requests) == 1, "no redirect is followed"


def test_a_number_never_leaves_in_the_clear(wants: Wants, phones: Gateway, settings: Any) -> None:
    settings.SMS_GATEWAY_URL = f"http://gateway.example:{phones.port}/send"
    report, _code = wants(BY_TEXT)

    sweep()

    assert fate_of(report) == (NudgeStatus.REFUSED, "not_offered")
    assert carriers.by_text_message("+33612345678", sending.sign("en")) == Fate.TURNED_AWAY
    assert phones.requests == []


def _nobody_listens() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
