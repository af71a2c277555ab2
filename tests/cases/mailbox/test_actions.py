"""A mail proposes and a person confirms: nothing that anybody writes moves a takedown by itself."""

import itertools
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.utils import timezone

from cases.dashboards import metrics
from cases.dashboards.folding import fold
from cases.mailbox import actions, desk, sending
from cases.mailbox.actions import LeadsToThePerson, NothingChosen
from cases.mailbox.models import Letter, Mail
from cases.mailbox.states import TRANSITIONS, ForbiddenMove, Kind, LetterStatus, State, Trust
from cases.states import Happening
from cases.takedowns import actions as takedowns
from cases.takedowns.connectors.base import Sent
from cases.takedowns.connectors.email import token
from cases.takedowns.models import Event, Notice, Takedown
from cases.takedowns.states import Outcome, Result, Source, Status
from cases.takedowns.truths import truths
from helpline.accounts.models import Staff
from helpline.audit.models import AuditRow
from helpline.crypto.wrapping import WrongKey
from reports import actions as reports
from reports.followup import news
from reports.models import Link, Update
from reports.states import LinkStatus, News
from tests.cases.mailbox.mails import HOST, OURS, bounce, mail

pytestmark = pytest.mark.django_db

Send = Callable[..., Takedown]
PASSED = f"{OURS}; dmarc=pass header.from=pixboard.example"
NOW = timezone.now


def take(raw: bytes) -> Mail:
    found = actions.take_in(raw, at=NOW(), authserv_id=OURS)
    assert found is not None
    return found


def state_of(takedown: Takedown) -> tuple[Any, ...]:
    row = Takedown.objects.get(pk=takedown.pk)
    return row.status, row.platform_says, row.transport, row.observed, row.events.count()


# --- Taking in ----------------------------------------------------------------------------------------------


def test_an_answer_is_led_to_its_notice_and_proposed(sent: Send, nour: Staff) -> None:
    takedown = sent()
    found = take(mail(takedown.notice, authentication=PASSED))
    assert (found.notice_id, found.kind, found.trust) == (takedown.notice_id, Kind.ANSWER, Trust.PLATFORM)
    assert (found.proposed, found.state) == (Outcome.REMOVED, State.OPEN)
    opened = desk.opened(found, by=nour)
    assert [one.text for one in opened.pieces if one.is_marked] == ["We have removed the content."]
    assert opened.sender == "Support <support@pixboard.example>"


def test_no_word_of_it_stands_readable_in_the_row(sent: Send) -> None:
    found = take(mail(sent().notice, text="We have removed the picture of Camille."))
    row = Mail.objects.filter(pk=found.pk).values().get()
    assert b"Camille" not in repr(row).encode() and b"support@" not in repr(row).encode()
    assert bytes(row["words"]) and row["key"] is None


def test_a_mail_is_stored_once_however_it_was_delivered(sent: Send) -> None:
    raw = mail(sent().notice)
    assert take(raw).pk
    assert actions.take_in(raw, at=NOW()) is None
    assert actions.take_in(b"Received: from elsewhere\r\n" + raw, at=NOW()) is None
    assert Mail.objects.count() == 1


def test_a_forged_id_does_not_keep_the_real_mail_out(sent: Send) -> None:
    notice = sent().notice
    take(mail(notice, text="Something else."))
    assert take(mail(notice, text="We have removed the content.")).proposed == Outcome.REMOVED


@pytest.mark.parametrize("where", ["In-Reply-To", "References", "To", "Subject"])
def test_a_token_is_found_wherever_mail_carries_it(sent: Send, where: str) -> None:
    notice = sent().notice
    carried = {
        "In-Reply-To": token.message_id(notice.pk, HOST),
        "References": f"<a@b> {token.message_id(notice.pk, HOST)}",
        "To": f"notices+{token.token_of(notice.pk).upper()}@{HOST}",
        "Subject": f"RE: Notice {notice.pk} {token.tag(notice.pk)}",
    }[where]
    raw = f"From: a@pixboard.example\r\nMessage-ID: <q@q>\r\n{where}: {carried}\r\n\r\nHello.".encode()
    assert take(raw).notice_id == notice.pk


def test_a_right_id_with_a_wrong_token_is_a_stranger(sent: Send, nour: Staff) -> None:
    notice = sent().notice
    for number, carried in enumerate(
        [
            f"In-Reply-To: <{notice.pk}@{HOST}>",
            f"In-Reply-To: <{notice.pk}.{'a' * 16}@{HOST}>",
            f"Subject: Notice {notice.pk} [{'a' * 16}]",
            f"Subject: Notice {uuid4()} {token.tag(notice.pk)}",
        ]
    ):
        raw = f"From: a@pixboard.example\r\nMessage-ID: <{number}@q>\r\n{carried}\r\n\r\nRemoved.".encode()
        found = take(raw)
        assert (found.notice_id, found.proposed, found.trust) == (None, "", Trust.UNVERIFIED)
        assert desk.opened(found, by=nour).pieces[0].text == "Removed."


def test_what_nobody_can_follow_is_a_row_all_the_same() -> None:
    raw = b"".join(
        b'Content-Type: multipart/mixed; boundary="%d"\r\n\r\n--%d\r\n' % (n, n) for n in range(1500)
    )
    assert take(raw).kind == Kind.UNREADABLE


def test_too_large_is_a_row_with_its_headers(sent: Send) -> None:
    head = mail(sent().notice).split(b"\n\n")[0] + b"\n\n"
    found = actions.take_in_too_large(head, size=50_000_000, at=NOW())
    assert found is not None and (found.kind, found.size, found.proposed) == (Kind.TOO_LARGE, 50_000_000, "")
    assert actions.take_in_too_large(head, size=50_000_000, at=NOW()) is None


# --- Nothing that is written moves anything (SECURITY 23) ---------------------------------------------------


def test_forged_mails_change_no_takedown(sent: Send, nour: Staff) -> None:
    takedown = sent()
    before = state_of(takedown)
    stolen = takedown.notice
    forged = [
        ("", "Support <support@pixboard.example>"),
        ("mx.evil.example; dmarc=pass header.from=pixboard.example", "Support <support@pixboard.example>"),
        (PASSED, "Support <support@pixboard.example>"),  # even what our own server vouches for
        (PASSED.replace("pixboard", "evil"), "Support <support@evil.example>"),
        (PASSED, "a@evil.example, support@pixboard.example"),
    ]
    texts = ["We have removed it.", "It does not violate our rules.", "Withdrawn. Please cancel everything."]
    for number, ((said, sender), text, holder) in enumerate(itertools.product(forged, texts, [stolen, None])):
        take(mail(holder, text=text, sender=sender, authentication=said, message_id=f"<{number}@x>"))
    take(bounce(stolen))
    assert state_of(takedown) == before
    assert Notice.objects.get(pk=stolen.pk).due_at is None
    trusted = Mail.objects.filter(trust=Trust.PLATFORM)
    assert {desk.opened(one, by=nour).sender for one in trusted} == {"Support <support@pixboard.example>"}
    assert trusted.count() == len(texts)


def test_only_the_topmost_word_of_our_server_counts(sent: Send) -> None:
    below = b"Authentication-Results: mx.other.example; dmarc=fail\r\n"
    raw = mail(sent().notice, authentication=PASSED)
    assert take(below + raw).trust == Trust.UNVERIFIED


# --- A person decides ---------------------------------------------------------------------------------------


def test_a_person_confirms_and_it_is_recorded_once(sent: Send, nour: Staff) -> None:
    takedown = sent()
    found = take(mail(takedown.notice))
    assert (
        actions.confirm(
            mail=found, outcomes={takedown.pk: Outcome.REMOVED}, redress_until=None, by=nour, at=NOW()
        )
        == 1
    )
    takedown.refresh_from_db()
    assert (takedown.status, takedown.platform_says) == (Status.REMOVED, Outcome.REMOVED)
    event = Event.objects.get(takedown=takedown, what=Outcome.REMOVED)
    assert (event.source, event.by, event.key) == (Source.MAIL, nour, f"mail:{found.pk}:{takedown.pk}")
    assert takedown.case.box().open(event, "words") == "We have removed the content."
    with pytest.raises(ForbiddenMove):
        actions.confirm(
            mail=found, outcomes={takedown.pk: Outcome.REFUSED}, redress_until=None, by=nour, at=NOW()
        )
    assert Event.objects.filter(takedown=takedown, source=Source.MAIL).count() == 1


def test_a_person_may_say_otherwise(sent: Send, nour: Staff) -> None:
    takedown = sent()
    found = take(mail(takedown.notice))
    until = date(2027, 1, 1)
    actions.confirm(
        mail=found, outcomes={takedown.pk: Outcome.REFUSED}, redress_until=until, by=nour, at=NOW()
    )
    takedown.refresh_from_db()
    assert (takedown.status, takedown.redress_until) == (Status.REFUSED, until)


def test_an_answer_proves_that_an_unknown_send_arrived(sent: Send, nour: Staff) -> None:
    takedown = sent(Status.UNKNOWN)
    found = take(mail(takedown.notice, text="Thank you for your report."))
    assert found.proposed == Outcome.ACKNOWLEDGED
    actions.confirm(
        mail=found, outcomes={takedown.pk: Outcome.ACKNOWLEDGED}, redress_until=None, by=nour, at=NOW()
    )
    takedown.refresh_from_db()
    assert takedown.status == Status.ACKNOWLEDGED


def test_the_reference_of_the_platform_is_kept(sent: Send, nour: Staff) -> None:
    takedown = sent()
    found = take(mail(takedown.notice, text="Reference: CH-778. We have removed it."))
    actions.confirm(
        mail=found, outcomes={takedown.pk: Outcome.REMOVED}, redress_until=None, by=nour, at=NOW()
    )
    assert Notice.objects.get(pk=takedown.notice_id).reference == "CH-778"


def test_nobody_else_decides(sent: Send, sacha: Staff, theo: Staff, nour: Staff) -> None:
    takedown = sent()
    found = take(mail(takedown.notice))
    for other in (sacha, theo):
        with pytest.raises(PermissionDenied):
            actions.confirm(
                mail=found, outcomes={takedown.pk: Outcome.REMOVED}, redress_until=None, by=other, at=NOW()
            )
        with pytest.raises(PermissionDenied):
            actions.dismiss(mail=found, by=other, at=NOW())
    with pytest.raises(NothingChosen):
        actions.confirm(
            mail=found, outcomes={uuid4(): Outcome.REMOVED}, redress_until=None, by=nour, at=NOW()
        )
    found.refresh_from_db()
    assert found.state == State.OPEN


def test_put_aside_and_taken_out_again(sent: Send, nour: Staff) -> None:
    takedown = sent()
    before = state_of(takedown)
    found = take(mail(takedown.notice))
    actions.dismiss(mail=found, by=nour, at=NOW())
    with pytest.raises(ForbiddenMove):
        actions.dismiss(mail=found, by=nour, at=NOW())
    actions.restore(mail=found, by=nour, at=NOW())
    found.refresh_from_db()
    assert (found.state, found.decided_by) == (State.OPEN, None)
    assert state_of(takedown) == before
    verbs = AuditRow.objects.filter(object_id=str(found.pk)).order_by("pk").values_list("verb", flat=True)
    assert list(verbs) == ["mail.received", "mail.dismissed", "mail.restored"]


@pytest.mark.parametrize(("before", "after"), list(itertools.product(State, State)))
def test_every_move(before: State, after: State) -> None:
    found = Mail(state=before)
    if after in TRANSITIONS[before]:
        found.move(after)
        assert found.state == after
    else:
        with pytest.raises(ForbiddenMove):
            found.move(after)


# --- What comes back ----------------------------------------------------------------------------------------


def test_a_bounce_marks_the_channel_once_a_person_confirmed_it(sent: Send, nour: Staff) -> None:
    takedown = sent(Status.UNKNOWN)
    before = state_of(takedown)
    found = take(bounce(takedown.notice))
    takedown.notice.channel.refresh_from_db()
    assert (found.kind, found.found["status"], state_of(takedown)) == (Kind.BOUNCE, "5.1.1", before)
    assert takedown.notice.channel.last_bounce_at is None  # anybody can have written it
    assert actions.confirm_undelivered(mail=found, by=nour, at=NOW()) == 1
    takedown.refresh_from_db()
    takedown.notice.channel.refresh_from_db()
    assert takedown.notice.channel.last_bounce_at == found.received_at
    assert AuditRow.objects.filter(verb="channel.bounced").count() == 1
    assert (takedown.status, takedown.notice.attempts.count()) == (Status.FAILED, 0)
    assert "5.1.1" in Notice.objects.get(pk=takedown.notice_id).failure
    with pytest.raises(ForbiddenMove):
        actions.confirm_undelivered(mail=found, by=nour, at=NOW())


def test_what_was_sent_and_came_back_was_not_delivered(sent: Send, nour: Staff) -> None:
    takedown = sent(Status.SENT)
    found = take(bounce(takedown.notice))
    assert actions.confirm_undelivered(mail=found, by=nour, at=NOW()) == 1
    takedown.refresh_from_db()
    assert takedown.status == Status.FAILED
    told = truths(takedown)  # it left, and did not arrive
    assert (told["sent"].at, told["transport"].label) == (takedown.sent_at, Result.REFUSED.label)
    while fold(now=NOW()):
        pass
    asked = takedown.requested_at
    counts = metrics.figures(since=asked, until=asked + timedelta(days=1)).overall
    assert (counts.total, counts.unsent) == (1, 1)


def test_what_came_back_is_told_to_the_young_person(sent: Send, nour: Staff) -> None:
    takedown = sent(Status.SENT)
    Link.objects.filter(pk=takedown.link_id).update(status=LinkStatus.SENT)
    actions.confirm_undelivered(mail=take(bounce(takedown.notice)), by=nour, at=NOW())
    told = Update.objects.filter(link=takedown.link_id).latest("at", "pk")
    assert (told.what, told.data) == (News.NOT_DELIVERED, {"platform": "Pixboard"})
    assert Link.objects.get(pk=takedown.link_id).status == LinkStatus.IN_PROGRESS
    said = news.line(told.what, told.data, at=told.at, now=NOW())
    assert said.text == "The request did not arrive at Pixboard. A person looks for another way."
    last = takedown.case.events.latest("at", "pk")
    assert (last.what, last.data["status"]) == (Happening.OUTCOME, Status.FAILED)


def test_what_never_counted_as_sent_is_no_news(sent: Send, nour: Staff) -> None:
    takedown = sent(Status.UNKNOWN)
    actions.confirm_undelivered(mail=take(bounce(takedown.notice)), by=nour, at=NOW())
    assert not Update.objects.filter(what=News.NOT_DELIVERED).exists()


def test_a_link_that_was_taken_back_stays_so(sent: Send, nour: Staff) -> None:
    takedown = sent(Status.SENT)
    Link.objects.filter(pk=takedown.link_id).update(status=LinkStatus.WITHDRAWN)
    actions.confirm_undelivered(mail=take(bounce(takedown.notice)), by=nour, at=NOW())
    assert Link.objects.get(pk=takedown.link_id).status == LinkStatus.WITHDRAWN


def test_a_late_bounce_does_not_undo_an_answer(sent: Send, nour: Staff) -> None:
    takedown = sent(Status.REMOVED)
    found = take(bounce(takedown.notice))
    with pytest.raises(ForbiddenMove):
        actions.confirm_undelivered(mail=found, by=nour, at=NOW())
    takedown.refresh_from_db()
    assert takedown.status == Status.REMOVED


def test_delayed_is_not_failed(sent: Send) -> None:
    takedown = sent()
    found = take(bounce(takedown.notice, action="delayed", status="4.4.1"))
    takedown.notice.channel.refresh_from_db()
    assert (found.kind, takedown.notice.channel.last_bounce_at) == (Kind.DELAYED, None)


def test_a_letter_of_ours_that_comes_back_is_not_the_notice(sent: Send, nour: Staff) -> None:
    takedown = sent()
    reply = token.message_id(takedown.notice_id, HOST, reply=uuid4().hex)
    found = take(bounce(takedown.notice, returned=reply))
    assert (found.kind, found.notice_id, found.brings_back_notice) == (Kind.BOUNCE, takedown.notice_id, False)
    before = state_of(takedown)
    with pytest.raises(ForbiddenMove):
        actions.confirm_undelivered(mail=found, by=nour, at=NOW())
    assert state_of(takedown) == before
    actions.dismiss(mail=found, by=nour, at=NOW())


def test_a_bounce_in_prose(sent: Send) -> None:
    raw = mail(
        sent().notice,
        text="Your message to abuse@pixboard.example could not be delivered: no such mailbox.",
        sender="mailer-daemon@pixboard.example",
    )
    assert take(raw).kind == Kind.BOUNCE


def test_an_automatic_answer_is_a_receipt(sent: Send) -> None:
    found = take(mail(sent().notice, text="I am out of the office.", Auto_Submitted="auto-replied"))
    assert (found.kind, found.proposed) == (Kind.AUTOMATIC, Outcome.ACKNOWLEDGED)


# --- Strangers ----------------------------------------------------------------------------------------------


def test_strangers_are_for_who_sees_every_case(sent: Send, nour: Staff, maud: Staff) -> None:
    found = take(mail(None))
    assert not Mail.objects.visible_to(nour).exists()
    assert list(Mail.objects.visible_to(maud)) == [found]


def test_a_supervisor_leads_a_stranger_to_its_notice(sent: Send, nour: Staff, maud: Staff) -> None:
    takedown = sent()
    before = state_of(takedown)
    found = take(mail(None))
    with pytest.raises(PermissionDenied):
        actions.lead_to(mail=found, notice=takedown.notice, by=nour, at=NOW())
    actions.lead_to(mail=found, notice=takedown.notice, by=maud, at=NOW())
    found.refresh_from_db()
    assert (found.notice_id, found.key, found.proposed, found.trust) == (
        takedown.notice_id,
        None,
        Outcome.REMOVED,
        Trust.UNVERIFIED,
    )
    assert desk.opened(found, by=maud).pieces[0].text == "We have removed the content."
    assert state_of(takedown) == before
    with pytest.raises(ForbiddenMove):
        actions.lead_to(mail=found, notice=takedown.notice, by=maud, at=NOW())


def test_strangers_are_forgotten_after_thirty_days(sent: Send) -> None:
    kept = take(mail(sent().notice))
    take(mail(None, message_id="<2@x>"))
    assert actions.forget_strangers(at=NOW() + timedelta(days=29)) == 0
    assert actions.forget_strangers(at=NOW() + timedelta(days=31)) == 1
    assert list(Mail.objects.all()) == [kept]


def test_a_stranger_confirms_nothing() -> None:
    found = take(mail(None))
    with pytest.raises(IntegrityError), transaction.atomic():
        Mail.objects.filter(pk=found.pk).update(proposed=Outcome.REMOVED)


# --- Forgetting, writing back -------------------------------------------------------------------------------


def test_what_the_young_person_erases_is_gone_here_too(sent: Send, nour: Staff) -> None:
    takedown = sent()
    found = take(mail(takedown.notice))
    letter = actions.write_back(mail=found, words="Here it is.", key=uuid4(), by=nour, at=NOW())
    assert actions.follow_erasures(at=NOW()) == 0
    reports.erase_report(report=takedown.case.report, by=None, at=NOW())
    assert actions.follow_erasures(at=NOW()) == 2
    assert actions.follow_erasures(at=NOW()) == 0
    found.refresh_from_db()
    letter.refresh_from_db()
    assert (found.words, found.sender, found.subject, letter.words) == (None, None, None, None)
    assert letter.status == LetterStatus.FAILED
    assert not desk.opened(found, by=nour).pieces


def test_a_mail_after_the_erasure_keeps_no_words(sent: Send) -> None:
    takedown = sent()
    reports.erase_report(report=takedown.case.report, by=None, at=NOW())
    takedowns.follow_withdrawals(at=NOW())
    found = take(mail(Notice.objects.get(pk=takedown.notice_id)))
    assert (found.words, found.key, found.proposed) == (None, None, "")
    with pytest.raises(WrongKey):
        found.box()


def test_a_letter_that_arrived_has_answered_what_was_asked(sent: Send, nour: Staff) -> None:
    takedown = sent()
    found = take(mail(takedown.notice))
    Takedown.objects.filter(pk=takedown.pk).update(
        status=Status.MORE_INFORMATION, platform_says=Outcome.MORE_INFORMATION, platform_at=NOW()
    )
    for result, status in (
        (Result.REFUSED, Status.MORE_INFORMATION),
        (Result.UNKNOWN, Status.MORE_INFORMATION),
        (Result.ACCEPTED, Status.UNDER_REVIEW),
    ):
        actions.write_back(mail=found, words="It is at 0:42.", key=uuid4(), by=nour, at=NOW())
        takedown.refresh_from_db()
        assert takedown.status == Status.MORE_INFORMATION  # it has not left yet
        ready = sending.claim(now=NOW())
        for letter in sending.finish(ready, [Sent(result)] * len(ready), now=NOW()):
            actions.note_answered(letter, at=NOW())
        takedown.refresh_from_db()
        assert takedown.status == status
    assert takedown.events.filter(what="answered", by=nour).count() == 1


def test_an_answer_of_ours_leads_to_nobody(sent: Send, nour: Staff) -> None:
    takedown = sent()
    found = take(mail(takedown.notice))
    with pytest.raises(LeadsToThePerson) as said:
        actions.write_back(mail=found, words=f"See {takedown.case.ref}.", key=uuid4(), by=nour, at=NOW())
    assert takedown.case.ref not in str(said.value)
    assert not Letter.objects.exists()


def test_a_form_sent_twice_writes_one_letter(sent: Send, nour: Staff, maud: Staff) -> None:
    found, key = take(mail(sent().notice)), uuid4()
    for _ in range(2):
        actions.write_back(mail=found, words="Here it is.", key=key, by=nour, at=NOW())
    assert Letter.objects.count() == 1
    with pytest.raises(PermissionDenied):
        actions.write_back(mail=found, words="Mine.", key=key, by=maud, at=NOW())


def test_a_stranger_is_not_written_to(maud: Staff, db: None) -> None:
    with pytest.raises(ForbiddenMove):
        actions.write_back(mail=take(mail(None)), words="x", key=uuid4(), by=maud, at=NOW())
