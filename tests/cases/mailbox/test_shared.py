"""One notice about several young people: what a mail about it says reaches each case, and leads nobody into another's."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from cases.mailbox import actions, desk, judging
from cases.mailbox.actions import LeadsToThePerson, OthersWait
from cases.mailbox.models import Letter, Mail
from cases.mailbox.states import ForbiddenMove, LetterStatus, State
from cases.takedowns import actions as takedowns
from cases.takedowns import together
from cases.takedowns.models import Event, Notice, Takedown
from cases.takedowns.states import Outcome, Source, Status
from helpline.accounts.models import Staff
from helpline.audit.models import AuditRow
from helpline.platforms.models import Channel, Platform
from reports import actions as reports
from reports.actions import LinkFacts
from reports.models import Report
from tests.cases.mailbox.mails import mail

pytestmark = pytest.mark.django_db
NOW = timezone.now
A, B = "https://pixboard.example/i/1", "https://pixboard.example/i/10"
TEXT = (
    f"{A}\nWe have removed the content of Ana.\n{B}\nWe looked at the one of Bo: no violation.\nKind regards."
)


def take(raw: bytes) -> Mail:
    found = actions.take_in(raw, at=NOW())
    assert found is not None
    return found


@pytest.fixture
def both(open_case: Any, pixboard: Platform, nour: Staff, sacha: Staff, maud: Staff) -> list[Takedown]:
    """One notice that left: an item of a case of Nour's, and one of a case of Sacha's, who knows nothing of the other."""
    Channel.objects.filter(platform=pixboard).update(max_items=50)
    wall = LinkFacts(url="https://pixboard.example/wall")
    now = NOW()
    cases = [
        open_case(at=now, by=by, links=(wall, LinkFacts(url=url))) for by, url in ((nour, A), (sacha, B))
    ]
    together.request_for_all(cases=cases, links=together.askable(cases), channel=None, by=maud, at=now)
    Takedown.objects.update(status=Status.SENT, sent_at=now, status_at=now)
    Notice.objects.update(due_at=None)
    # The wall is withdrawn: what is left are an item of each.
    assert Takedown.objects.filter(link__position=1).update(status=Status.WITHDRAWN) == 2
    assert Notice.objects.count() == 1
    own = Takedown.objects.exclude(status=Status.WITHDRAWN).select_related("case__report", "notice")
    found = {row.case_id: row for row in own}
    return [found[case.pk] for case in cases]


def say(found: Mail, takedown: Takedown, outcome: Outcome, *, by: Staff) -> int:
    return actions.confirm(mail=found, outcomes={takedown.pk: outcome}, redress_until=None, by=by, at=NOW())


# --- Answers reach each case --------------------------------------------------------------------------------


def test_a_mail_stays_open_until_each_case_has_its_answer(
    both: list[Takedown], nour: Staff, sacha: Staff
) -> None:
    first, second = both
    found = take(mail(first.notice, text=TEXT))
    assert say(found, first, Outcome.REMOVED, by=nour) == 1
    found.refresh_from_db()
    assert (found.state, found.decided_by) == (State.OPEN, None)
    assert AuditRow.objects.filter(verb="mail.confirmed_in_part", object_id=str(found.pk)).count() == 1
    assert not Mail.objects.waiting_for(nour).exists()
    assert list(Mail.objects.waiting_for(sacha)) == [found]
    with pytest.raises(ForbiddenMove):
        say(found, first, Outcome.REFUSED, by=nour)
    assert say(found, second, Outcome.REFUSED, by=sacha) == 1
    found.refresh_from_db()
    assert (found.state, found.decided_by) == (State.CONFIRMED, sacha)
    for row, status in ((first, Status.REMOVED), (second, Status.REFUSED)):
        row.refresh_from_db()
        assert (row.status, row.events.filter(source=Source.MAIL).count()) == (status, 1)


def test_one_colleague_does_not_put_aside_what_others_wait_for(
    both: list[Takedown], nour: Staff, sacha: Staff, maud: Staff
) -> None:
    found = take(mail(both[0].notice, text=TEXT))
    with pytest.raises(OthersWait):
        actions.dismiss(mail=found, by=nour, at=NOW())
    say(found, both[0], Outcome.REMOVED, by=nour)
    actions.dismiss(mail=found, by=sacha, at=NOW())  # nothing of anybody else's is left
    actions.restore(mail=found, by=sacha, at=NOW())
    actions.dismiss(mail=found, by=maud, at=NOW())


def test_the_pages_say_that_colleagues_decide_too(
    both: list[Takedown], desk: Callable[[Staff], Client], nour: Staff
) -> None:
    found, client = take(mail(both[0].notice, text=TEXT)), desk(nour)
    address = f"/staff/mailbox/{found.pk}/"
    assert "Put it aside" not in client.get(address).content.decode()
    assert "supervisor" in client.post(f"{address}dismiss/", follow=True).content.decode()
    client.post(f"{address}confirm/", {f"mail-outcome-{both[0].pk}": "removed"})
    assert "until colleagues have decided" in client.get(address).content.decode()
    assert address not in client.get("/staff/mailbox/?tab=decide").content.decode()


# --- Nobody is led into another's case ----------------------------------------------------------------------


def test_the_pages_name_no_case_and_no_address_of_a_colleague(
    both: list[Takedown], desk: Callable[[Staff], Client], nour: Staff, sacha: Staff, maud: Staff
) -> None:
    found = take(mail(both[0].notice, text=TEXT, subject=f"About {A} and {B}"))
    for address in ("/staff/mailbox/?tab=decide", f"/staff/mailbox/{found.pk}/"):
        shown = desk(sacha).get(address).content.decode()
        assert both[1].case.ref in shown and both[0].case.ref not in shown
        everything = desk(maud).get(address).content.decode()
        assert both[0].case.ref in everything and both[1].case.ref in everything
    assert f"{B}" in shown and f"{A}\n" not in shown and shown.count("[another address]") == 2
    assert "[another address]" not in everything


def test_the_list_asks_as_often_for_many_shared_ones_as_for_one(
    both: list[Takedown], desk: Callable[[Staff], Client], sacha: Staff
) -> None:
    client = desk(sacha)

    def asked() -> int:
        with CaptureQueriesContext(connection) as found:
            client.get("/staff/mailbox/?tab=decide")
        return len(found)

    take(mail(both[0].notice))
    asked()
    few = asked()
    for number in range(4):
        take(mail(both[0].notice, message_id=f"<{number}@x>"))
    assert asked() == few


def test_each_timeline_keeps_only_the_sentences_about_its_item(
    both: list[Takedown], nour: Staff, sacha: Staff
) -> None:
    found = take(mail(both[0].notice, text=TEXT))
    say(found, both[0], Outcome.REMOVED, by=nour)
    say(found, both[1], Outcome.REFUSED, by=sacha)
    kept = []
    for row in both:
        event = Event.objects.get(takedown=row, source=Source.MAIL)
        kept.append(row.case.box().open(event, "words"))
    assert kept == [
        "We have removed the content of Ana.",
        "We looked at the one of Bo: no violation.",
    ]


def test_words_about_no_item_join_no_timeline_of_several(both: list[Takedown], nour: Staff) -> None:
    found = take(mail(both[0].notice, text="We have removed the content of Bo."))
    say(found, both[0], Outcome.REMOVED, by=nour)
    assert Event.objects.get(takedown=both[0], source=Source.MAIL).words is None


def test_an_address_is_not_found_in_a_longer_one() -> None:
    named = {"a": (A,), "b": (B,)}
    text = "hxxps://pixboard[.]example/i/10 and PIXBOARD.example/i/1."
    assert [item for _from, _to, item in judging.places(text, named)] == ["b", "a"]
    hidden = [one for one in judging.places(text, named) if one[2] == "b"]
    assert judging.masked(text, hidden) == "[another address] and PIXBOARD.example/i/1."


def test_guessing_tells_nothing_of_a_colleagues_case(
    both: list[Takedown], desk: Callable[[Staff], Client], nour: Staff, sacha: Staff
) -> None:
    found = take(mail(both[0].notice, text=TEXT))
    with pytest.raises(LeadsToThePerson) as said:
        actions.write_back(mail=found, words=f"See {both[0].case.ref}.", key=uuid4(), by=sacha, at=NOW())
    assert (said.value.findings, said.value.is_elsewhere) == ([], True)
    [row] = AuditRow.objects.filter(verb="letter.stopped")
    assert row.object_id == str(found.pk) and not Letter.objects.exists()
    answer = (
        desk(sacha)
        .post(
            f"/staff/mailbox/{found.pk}/write/",
            {"letter-words": f"See {both[0].case.ref}.", "letter-key": str(uuid4())},
        )
        .content.decode()
    )
    assert "It would lead to somebody this notice is about." in answer
    assert "would lead to the young person" not in answer
    with pytest.raises(LeadsToThePerson) as said:
        actions.write_back(mail=found, words=f"See {both[0].case.ref}.", key=uuid4(), by=nour, at=NOW())
    assert said.value.findings and not said.value.is_elsewhere


# --- One of several erases ----------------------------------------------------------------------------------


def test_one_who_erases_leaves_the_others_their_open_mails_for_thirty_days(
    both: list[Takedown], nour: Staff, sacha: Staff
) -> None:
    notice = both[0].notice
    waits, done = take(mail(notice, text=TEXT)), take(mail(notice, message_id="<2@x>"))
    say(done, both[0], Outcome.REMOVED, by=nour)
    say(done, both[1], Outcome.REMOVED, by=sacha)
    letter = actions.write_back(mail=waits, words="Here it is.", key=uuid4(), by=sacha, at=NOW())
    reports.erase_report(report=both[0].case.report, by=None, at=NOW())
    takedowns.follow_withdrawals(at=NOW())
    later = take(mail(Notice.objects.get(pk=notice.pk), message_id="<3@x>"))
    assert actions.follow_erasures(at=NOW()) == 1
    assert set(Mail.objects.filter(words=None)) == {done}
    letter.refresh_from_db()
    assert (letter.status, letter.words is None) == (LetterStatus.QUEUED, False)
    assert desk.opened(Mail.objects.get(pk=waits.pk), by=sacha).pieces
    shown = "".join(one.text for one in desk.opened(Mail.objects.get(pk=waits.pk), by=sacha).pieces)
    assert f"{A}\n" not in shown and B in shown
    assert actions.follow_erasures(at=NOW() + timedelta(days=29)) == 0
    assert actions.follow_erasures(at=NOW() + timedelta(days=31)) == 2
    assert set(Mail.objects.filter(words=None)) == {waits, later, done}


def test_the_last_one_who_erases_takes_everything_along(both: list[Takedown], sacha: Staff) -> None:
    found = take(mail(both[0].notice, text=TEXT))
    letter = actions.write_back(mail=found, words="Here it is.", key=uuid4(), by=sacha, at=NOW())
    for row in both:
        reports.erase_report(report=Report.objects.get(pk=row.case.report_id), by=None, at=NOW())
    assert actions.follow_erasures(at=NOW()) == 2
    found.refresh_from_db()
    letter.refresh_from_db()
    assert (found.words, letter.words, letter.status) == (None, None, LetterStatus.FAILED)
