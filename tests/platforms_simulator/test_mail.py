"""The mail sink: what a platform reads in a mail, and how mailboxes misbehave."""

import smtplib
import uuid
from email.message import EmailMessage
from typing import Any

import pytest

from tests.platforms import receipts
from tests.platforms.directory import Directory
from tests.platforms.mailbox import addresses_in
from tests.platforms.simulator import RunningSimulator
from tests.platforms_simulator.helplines import eventually, fresh_slug, send


def letter(to: str, text: str, **headers: str) -> EmailMessage:
    """A mail to an abuse desk."""
    mail = EmailMessage()
    mail["From"] = "Example Helpline <notices@helpline.example>"
    mail["To"] = to
    mail["Subject"] = headers.get("subject", "Notice under article 16")
    mail["Message-ID"] = headers.get("message_id", f"<{uuid.uuid4()}@helpline.example>")
    mail.set_content(text)
    return mail


def post(simulator: RunningSimulator, *mails: EmailMessage, timeout: float = 10) -> None:
    """Send over one connection; raises what SMTP answers."""
    with smtplib.SMTP("127.0.0.1", simulator.mail_port, timeout=timeout) as connection:
        for mail in mails:
            connection.send_message(mail)


def as_email(simulator: RunningSimulator, slug: str, **behaviour: Any) -> str:
    """Make the platform one that is written to; answers its mailbox."""
    changed = simulator.control(slug, **({"channel": "email", "decide_after": 0.1} | behaviour))
    return str(changed["mailbox_address"])


def test_a_mail_removes_the_content_it_names(simulator: RunningSimulator) -> None:
    url = f"https://pixboard.example/p/{uuid.uuid4().hex}"
    mail = letter(
        "abuse@pixboard.example", f"Please remove\n\n  {url}.\n\nWho we are: https://helpline.example/"
    )
    assert simulator.page_status(url) == 200
    post(simulator, mail)
    eventually(lambda: simulator.page_status(url) == 404)
    (receipt,) = [one for one in receipts.mails(simulator.receipts, "pixboard") if one["items"][0][1] == url]
    assert len(receipt["items"]) == 1
    assert receipt["notice_id"] == receipt["message_id"] == mail["Message-ID"]
    assert receipt["recipients"] == ["abuse@pixboard.example"]
    assert len(receipt["sha256"]) == 64


def test_the_mail_and_the_reply_in_prose_can_be_read(simulator: RunningSimulator) -> None:
    slug = fresh_slug()
    to = as_email(simulator, slug, replies=True, outcomes={"refused": 1})
    mail = letter(to, f"See https://{slug}.example/p/1 <b>now</b>", subject="Please <i>look</i>")
    post(simulator, mail)
    inbox = send(simulator, "GET", "/mail").body.decode()
    assert "Please &lt;i&gt;look&lt;/i&gt;" in inbox
    number = next(one["number"] for one in simulator.ask("mails") if one["message_id"] == mail["Message-ID"])
    page = send(simulator, "GET", f"/mail/{number}").body.decode()
    assert "&lt;b&gt;now&lt;/b&gt;" in page
    assert "<b>now</b>" not in page
    reply = eventually(lambda: [one["raw"] for one in simulator.ask("replies") if slug in one["from"]])[0]
    assert f"In-Reply-To: {mail['Message-ID']}" in reply
    assert "does not break our rules" in reply


def test_a_silent_host_does_nothing(simulator: RunningSimulator) -> None:
    url = "https://silenthost.example/p/1"
    post(simulator, letter("abuse@silenthost.example", url))
    assert receipts.mails(simulator.receipts, "silent")
    assert simulator.page_status(url) == 200
    assert not [one for one in simulator.ask("replies") if "silent" in one["from"]]


@pytest.mark.parametrize(
    ("address", "slug"),
    [
        ("abuse@pixboard.example", "pixboard"),
        ("anything@pixboard.example", "pixboard"),
        ("abuse@silenthost.example", "silent"),
        ("telegram@mail.example", "telegram"),
        ("abuse@telegram.example", "telegram"),
        ("stop@telegram.org", "telegram"),
    ],
)
def test_whose_mailbox_an_address_is(address: str, slug: str) -> None:
    assert Directory("demo").for_mail(address).slug == slug


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (
            "see https://a.example/1, and (https://a.example/2).",
            ["https://a.example/1", "https://a.example/2"],
        ),
        ("twice https://a.example/1 https://a.example/1", ["https://a.example/1"]),
        ("hxxps://a[.]example/1", ["https://a.example/1"]),
        ("https://a.example/1 https://law.example/2", ["https://a.example/1"]),
        ("https://other.example/1", ["https://other.example/1"]),
        ('{"url": "https://a.example/1?x=1&amp;y=2"}', ["https://a.example/1?x=1&y=2"]),
        ("no address at all", []),
    ],
)
def test_the_addresses_in_prose(text: str, found: list[str]) -> None:
    assert addresses_in(text, "a.example") == found


def test_an_attached_report_is_read_too(simulator: RunningSimulator, slug: str) -> None:
    to = as_email(simulator, slug)
    mail = letter(to, "See the attached report.")
    report = f'{{"SourceUrl": "https://{slug}.example/p/1"}}'.encode()
    mail.add_attachment(report, maintype="application", subtype="json", filename="xarf.json")
    post(simulator, mail)
    eventually(lambda: simulator.page_status(f"https://{slug}.example/p/1") == 404)


def test_the_helplines_own_address_is_no_page_of_a_platform(simulator: RunningSimulator, slug: str) -> None:
    post(simulator, letter(as_email(simulator, slug), "Answer us at http://127.0.0.1:8000/"))
    assert receipts.mails(simulator.receipts, slug)[0]["items"] == []


def test_the_same_mail_twice_is_seen(simulator: RunningSimulator, slug: str) -> None:
    mail = letter(as_email(simulator, slug), "text")
    post(simulator, mail, mail)
    assert receipts.delivered_more_than_once(simulator.receipts)[slug, mail["Message-ID"]] == 2


@pytest.mark.parametrize(("mailbox", "code"), [("refuses", 550), ("busy", 451)])
def test_a_mailbox_that_takes_nothing(
    simulator: RunningSimulator, slug: str, mailbox: str, code: int
) -> None:
    to = as_email(simulator, slug, mailbox=mailbox)
    with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
        post(simulator, letter(to, "text"))
    assert refused.value.recipients[to][0] == code
    assert not receipts.mails(simulator.receipts, slug)


def test_a_mailbox_that_bounces_late(simulator: RunningSimulator, slug: str) -> None:
    mail = letter(as_email(simulator, slug, mailbox="bounces"), f"https://{slug}.example/p/1")
    post(simulator, mail)
    (bounce,) = [one["raw"] for one in simulator.ask("replies") if slug in one["from"]]
    assert "multipart/report" in bounce
    assert "Status: 5.1.1" in bounce
    assert f"In-Reply-To: {mail['Message-ID']}" in bounce
    assert simulator.page_status(f"https://{slug}.example/p/1") == 200


@pytest.mark.parametrize(
    ("answer", "code", "is_taken"),
    [("422", 554, False), ("429", 451, False), ("500", 451, False), ("accept_then_500", 451, True)],
)
def test_answers_mean_the_same_over_smtp(
    simulator: RunningSimulator, slug: str, answer: str, code: int, is_taken: bool
) -> None:
    to = as_email(simulator, slug, answers={answer: 1})
    with pytest.raises(smtplib.SMTPDataError) as refused:
        post(simulator, letter(to, "text"))
    assert refused.value.smtp_code == code
    assert bool(receipts.mails(simulator.receipts, slug)) is is_taken


@pytest.mark.parametrize(("answer", "is_taken"), [("drop", False), ("accept_then_drop", True)])
def test_a_connection_that_breaks_after_the_mail(
    simulator: RunningSimulator, slug: str, answer: str, is_taken: bool
) -> None:
    to = as_email(simulator, slug, answers={answer: 1})
    with pytest.raises(smtplib.SMTPServerDisconnected):
        post(simulator, letter(to, "text"))
    assert bool(receipts.mails(simulator.receipts, slug)) is is_taken


@pytest.mark.parametrize(("answer", "is_taken"), [("silence", False), ("accept_then_timeout", True)])
def test_a_mail_server_that_never_answers(
    simulator: RunningSimulator, slug: str, answer: str, is_taken: bool
) -> None:
    to = as_email(simulator, slug, answers={answer: 1})
    connection = smtplib.SMTP("127.0.0.1", simulator.mail_port, timeout=0.4)
    try:
        with pytest.raises((TimeoutError, smtplib.SMTPServerDisconnected)):
            connection.send_message(letter(to, "text"))
    finally:
        connection.close()
    assert bool(receipts.mails(simulator.receipts, slug)) is is_taken


def test_many_mails_over_one_connection(simulator: RunningSimulator, slug: str) -> None:
    to = as_email(simulator, slug)
    post(simulator, *(letter(to, "text") for _ in range(100)))
    assert len(receipts.mails(simulator.receipts, slug)) == 100
