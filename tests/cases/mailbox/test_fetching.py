"""A whole round over real connections: our notice leaves by SMTP, the platform answers, we fetch by IMAP and propose."""

import imaplib
import os
import re
import signal
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import DataError, OperationalError, connection
from django.utils import timezone

from cases.mailbox import actions, fetching, parser, sending, tasks
from cases.mailbox.fetching import MailboxUnreachable, address_of, fetch
from cases.mailbox.models import Letter, Mail, MailboxLook, Reading
from cases.mailbox.states import Kind, LetterStatus, State, Why
from cases.takedowns import actions as takedowns
from cases.takedowns import dispatch
from cases.takedowns.models import Takedown
from cases.takedowns.states import Outcome, Status
from helpline.accounts.models import Staff
from helpline.platforms.models import ChannelKind
from reports.actions import LinkFacts
from tests.cases.mailbox.dovecot import Dovecot, program
from tests.cases.mailbox.mails import bounce, mail
from tests.platforms.simulator import RunningSimulator
from tests.platforms_simulator.helplines import eventually

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.slow,
    pytest.mark.skipif(
        program() is None and not os.environ.get("CI"),
        reason="dovecot is not installed (apt install dovecot-imapd)",
    ),
]


@pytest.fixture(scope="module")
def _server() -> Iterator[Dovecot]:
    with Dovecot() as running:
        yield running


@pytest.fixture
def box(_server: Dovecot, settings: Any) -> Dovecot:
    """The helpline's mailbox, empty."""
    _server.empty()
    settings.IMAP_URL = _server.url
    return _server


def fetched() -> int:
    return fetch(clock=timezone.now)


def test_what_came_in_is_taken_in_once(box: Dovecot, sent: Callable[..., Takedown]) -> None:
    takedown = sent()
    box.put(mail(takedown.notice), mail(None, message_id="<2@x>"), bounce(takedown.notice))
    assert fetched() == 3
    assert box.untaken() == 0
    assert sorted(Mail.objects.values_list("kind", flat=True)) == [Kind.ANSWER, Kind.ANSWER, Kind.BOUNCE]
    assert fetched() == 0
    assert Mail.objects.count() == 3


def test_a_mail_that_somebody_opened_in_webmail_is_taken_in(
    box: Dovecot, sent: Callable[..., Takedown]
) -> None:
    box.put(mail(sent().notice))
    box.see_all()
    assert (fetched(), Mail.objects.count(), box.untaken()) == (1, 1, 0)
    box.see_all()
    assert fetched() == 0


def test_where_the_mailbox_keeps_no_word_of_ours_its_numbers_say_how_far_we_are(
    box: Dovecot, sent: Callable[..., Takedown], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "_keeps_words", lambda given: False)
    box.put(mail(sent().notice), mail(None, message_id="<2@x>"))
    box.see_all()
    assert (fetch(clock=timezone.now, limit=1), fetched(), fetched()) == (1, 1, 0)
    box.put(mail(None, message_id="<3@x>"))
    box.see_all()
    assert (fetched(), Mail.objects.count(), box.untaken()) == (1, 3, 3)
    MailboxLook.objects.update(uid_validity=1)  # the mailbox was made anew: all of it is looked at again
    assert (fetched(), Mail.objects.count()) == (3, 3)


@pytest.mark.parametrize("refusal", [imaplib.IMAP4.error("no"), DataError("no")])
def test_a_mail_that_server_or_database_refuses_becomes_a_row(
    box: Dovecot, monkeypatch: pytest.MonkeyPatch, refusal: Exception
) -> None:
    box.put(mail(None, text="refused"), mail(None, message_id="<2@x>"))
    parse = parser.parse

    def refuse(raw: bytes) -> Any:
        if b"refused" in raw:
            raise refusal
        return parse(raw)

    monkeypatch.setattr(parser, "parse", refuse)
    for _ in range(fetching.MOST_DEATHS):
        with pytest.raises((MailboxUnreachable, DataError)):
            fetched()
    assert fetched() == 2
    assert sorted(Mail.objects.values_list("kind", flat=True)) == [Kind.ANSWER, Kind.UNREADABLE]
    assert (Reading.objects.count(), box.untaken()) == (0, 0)


def test_a_crash_between_storing_and_marking_stores_nothing_twice(
    box: Dovecot, sent: Callable[..., Takedown], monkeypatch: pytest.MonkeyPatch
) -> None:
    box.put(mail(sent().notice))

    def die(*args: Any) -> None:
        raise SystemExit("killed")

    with monkeypatch.context() as patched:
        patched.setattr("imap_tools.BaseMailBox.flag", die)
        with pytest.raises(SystemExit):
            fetched()
    assert (Mail.objects.count(), box.untaken()) == (1, 1)
    assert fetched() == 1
    assert (Mail.objects.count(), box.untaken()) == (1, 0)


def test_a_mail_that_kills_its_readers_is_not_read_a_third_time(
    box: Dovecot, sent: Callable[..., Takedown], monkeypatch: pytest.MonkeyPatch
) -> None:
    box.put(mail(sent().notice, text="deadly"), mail(sent(path="i/2").notice, message_id="<2@x>"))
    parse, read = parser.parse, []

    def die(raw: bytes) -> Any:
        read.append(raw)
        if b"deadly" in raw:
            raise SystemExit("out of memory")
        return parse(raw)

    monkeypatch.setattr(parser, "parse", die)
    for deaths in (1, 2):
        with pytest.raises(SystemExit):
            fetched()
        assert (Mail.objects.count(), Reading.objects.get().times, len(read)) == (0, deaths, deaths)
    assert fetched() == 2
    assert sorted(Mail.objects.values_list("kind", flat=True)) == [Kind.ANSWER, Kind.UNREADABLE]
    assert (len(read), Reading.objects.count(), box.untaken()) == (3, 0, 0)
    [left] = Mail.objects.filter(kind=Kind.UNREADABLE)
    assert (left.notice, left.size > 100) == (None, True)


def test_a_process_that_is_killed_leaves_word_of_what_it_read(box: Dovecot) -> None:
    box.put(mail(None))
    connection.close()  # not to be shared with the one that dies
    child = os.fork()
    if not child:
        try:
            parser.parse = lambda raw: os.kill(os.getpid(), signal.SIGKILL)  # type: ignore[assignment,return-value]
            fetched()
        finally:
            os._exit(1)
    _pid, status = os.waitpid(child, 0)
    assert os.WTERMSIG(status) == signal.SIGKILL
    assert (Reading.objects.get().times, Mail.objects.count(), box.untaken()) == (1, 0, 1)
    assert fetched() == 1
    assert (Reading.objects.count(), Mail.objects.get().kind) == (0, Kind.ANSWER)


def test_a_fault_of_ours_keeps_no_other_mail_out(box: Dovecot, monkeypatch: pytest.MonkeyPatch) -> None:
    box.put(mail(None, text="odd"), mail(None, message_id="<2@x>"))
    parse = parser.parse

    def fail(raw: bytes) -> Any:
        if b"odd" in raw:
            raise KeyError("ours")
        return parse(raw)

    monkeypatch.setattr(parser, "parse", fail)
    assert fetched() == 2
    assert sorted(Mail.objects.values_list("kind", flat=True)) == [Kind.ANSWER, Kind.UNREADABLE]
    assert (Reading.objects.count(), box.untaken()) == (0, 0)


@pytest.mark.parametrize("broken", [OSError("x"), imaplib.IMAP4.abort("x"), OperationalError("x")])
def test_a_line_that_breaks_is_no_death(
    box: Dovecot, monkeypatch: pytest.MonkeyPatch, broken: Exception
) -> None:
    box.put(mail(None))

    def hang_up(*args: Any) -> bytes:
        raise broken

    with monkeypatch.context() as patched:
        patched.setattr(fetching, "_body", hang_up)
        for _ in range(4):
            with pytest.raises((MailboxUnreachable, OperationalError)):
                fetched()
    assert (Reading.objects.count(), fetched(), Mail.objects.get().kind) == (0, 1, Kind.ANSWER)


def test_a_mailbox_that_can_be_read_again_is_well(box: Dovecot, settings: Any) -> None:
    right = settings.IMAP_URL
    settings.IMAP_URL = right.replace("rd%401", "wrong")
    with pytest.raises(MailboxUnreachable):
        fetched()
    look = MailboxLook.objects.get()
    assert (look.why, look.succeeded_at, look.failing_since is not None) == (Why.LOGIN, None, True)
    settings.IMAP_URL = right
    assert fetched() == 0
    look.refresh_from_db()
    assert (look.why, look.failing_since, look.succeeded_at is not None) == ("", None, True)


def test_what_is_too_large_is_a_row_and_stays_where_it_is(
    box: Dovecot, sent: Callable[..., Takedown], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "MOST_BYTES", 100_000)
    read: list[str] = []
    body = fetching._body

    def note(given: Any, uid: str, what: str) -> bytes:
        read.append(what)
        return body(given, uid, what)

    monkeypatch.setattr(fetching, "_body", note)
    box.put(mail(sent().notice, text="x" * 70 + "\n" + "y\n" * 200_000))
    assert fetched() == 1
    [found] = Mail.objects.all()
    assert (found.kind, found.state, found.size > 100_000) == (Kind.TOO_LARGE, State.OPEN, True)
    assert found.notice is not None and not found.words
    assert read == ["BODY.PEEK[HEADER]<0.65536>"]
    assert fetched() == 0


def test_a_wrong_password_is_said_without_it(box: Dovecot, settings: Any) -> None:
    settings.IMAP_URL = box.url.replace("rd%401", "wrong")
    with pytest.raises(MailboxUnreachable) as said:
        fetched()
    assert "wrong" not in str(said.value) and "helpline.example" not in str(said.value)


def test_no_server_is_said_and_nothing_breaks(settings: Any, caplog: pytest.LogCaptureFixture) -> None:
    settings.IMAP_URL = "imap://a:secret@127.0.0.1:9/INBOX"
    tasks.fetch_mail()
    assert "could not be read" in caplog.text and "secret" not in caplog.text


@pytest.mark.parametrize("url", ["imap://a:b@mail.example/", "http://a:b@x/", "imaps://host/", "imaps:///"])
def test_an_address_that_would_show_the_password_is_refused(url: str) -> None:
    with pytest.raises(ImproperlyConfigured) as said:
        address_of(url)
    assert "a:b" not in str(said.value)


def test_an_address_in_full() -> None:
    found = address_of("imaps://me%40x.example:p%40w@mail.example/Archive/In")
    assert (found.host, found.port, found.user, found.password, found.folder) == (
        "mail.example",
        993,
        "me@x.example",
        "p@w",
        "Archive/In",
    )


def test_without_an_address_nobody_reads_mail(settings: Any) -> None:
    settings.IMAP_URL = ""
    assert fetched() == 0


# --- The whole round ----------------------------------------------------------------------------------------


@pytest.fixture
def asked(live: Any, open_case: Any, nour: Staff, settings: Any) -> Callable[..., Takedown]:
    """Ask a platform by mail, for real."""
    settings.MAIL_RETURN = "notices+*@helpline.example"

    def make(**behaviour: Any) -> Takedown:
        live("pixboard", ChannelKind.EMAIL, channel="email", decide_after=0.05, **behaviour)
        now = timezone.now()
        case = open_case(at=now, links=(LinkFacts(url="https://pixboard.example/i/77"),))
        [takedown] = takedowns.request_takedown(
            case=case, links=list(case.report.links.all()), by=nour, at=now
        )
        assert dispatch.run(max_seconds=20) == 1
        takedown.refresh_from_db()
        assert takedown.status == Status.SENT
        return takedown

    return make


def replies(simulator: RunningSimulator) -> list[bytes]:
    return [one["raw"].encode() for one in simulator.ask("replies") if "pixboard" in one["raw"]]


def test_a_platform_answers_in_prose_and_a_person_confirms(
    simulator: RunningSimulator, box: Dovecot, asked: Callable[..., Takedown], nour: Staff
) -> None:
    takedown = asked(replies=True, outcomes={"refused": 1})
    box.put(*eventually(lambda: replies(simulator)))
    assert fetched() >= 1
    found = Mail.objects.get(notice=takedown.notice)
    assert (found.kind, found.proposed, found.found["by_item"]) == (
        Kind.ANSWER,
        Outcome.REFUSED,
        {str(takedown.item): Outcome.REFUSED},
    )
    takedown.refresh_from_db()
    assert takedown.status == Status.SENT
    actions.confirm(
        mail=found, outcomes={takedown.pk: Outcome.REFUSED}, redress_until=None, by=nour, at=timezone.now()
    )
    takedown.refresh_from_db()
    assert takedown.status == Status.REFUSED


def test_a_late_bounce_comes_back_to_the_notice(
    simulator: RunningSimulator, box: Dovecot, asked: Callable[..., Takedown], nour: Staff
) -> None:
    takedown = asked(mailbox="bounces")
    box.put(*eventually(lambda: replies(simulator)))
    assert fetched() >= 1
    found = Mail.objects.get(notice=takedown.notice)
    assert (found.kind, found.found["status"]) == (Kind.BOUNCE, "5.1.1")
    assert actions.confirm_undelivered(mail=found, by=nour, at=timezone.now()) == 1
    takedown.refresh_from_db()
    assert takedown.status == Status.FAILED


def test_we_write_back_in_the_same_conversation(
    simulator: RunningSimulator, asked: Callable[..., Takedown], nour: Staff
) -> None:
    takedown = asked()
    found = actions.take_in(mail(takedown.notice, text="Please provide the exact URL."), at=timezone.now())
    assert found is not None and found.proposed == Outcome.MORE_INFORMATION
    letter = actions.write_back(mail=found, words="It is this one.", key=uuid4(), by=nour, at=timezone.now())
    assert sending.run(now=timezone.now()) == 1
    letter.refresh_from_db()
    assert (letter.status, letter.sent_at is not None) == (LetterStatus.SENT, True)
    assert sending.run(now=timezone.now()) == 0
    [number] = [one["number"] for one in simulator.ask("mails") if letter.pk.hex in one["message_id"]]
    raw = simulator.get(f"/mail/{number}").decode()
    assert "It is this one." in raw
    assert re.search(r"notices\+[a-z2-7]{42}@helpline", raw)


def test_a_worker_that_dies_leaves_a_letter_perhaps_sent(
    asked: Callable[..., Takedown], nour: Staff, settings: Any
) -> None:
    takedown = asked()
    found = actions.take_in(mail(takedown.notice), at=timezone.now())
    assert found is not None
    letter = actions.write_back(mail=found, words="x", key=uuid4(), by=nour, at=timezone.now())
    [claimed] = sending.claim(now=timezone.now())
    assert claimed.letter.pk == letter.pk
    assert sending.run(now=timezone.now() + settings.LEASE * 2) == 0
    assert Letter.objects.get().status == LetterStatus.UNKNOWN


def test_no_mail_server_means_later(asked: Callable[..., Takedown], nour: Staff, settings: Any) -> None:
    found = actions.take_in(mail(asked().notice), at=timezone.now())
    assert found is not None
    actions.write_back(mail=found, words="x", key=uuid4(), by=nour, at=timezone.now())
    settings.EMAIL_PORT = 9
    assert sending.run(now=timezone.now()) == 1
    letter = Letter.objects.get()
    assert (letter.status, letter.due_at is not None, letter.tries) == (LetterStatus.QUEUED, True, 1)
