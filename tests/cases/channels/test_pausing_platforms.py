"""A whole platform is paused, and sent to again: nothing leaves meanwhile, nothing is lost, and everybody reads why."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from cases.ladder import actions as ladder
from cases.ladder import clock, proposing
from cases.mailbox import actions as mailbox
from cases.mailbox import sending
from cases.models import Case
from cases.takedowns import actions as takedowns
from cases.takedowns import dispatch
from cases.takedowns.connectors import Sent
from cases.takedowns.models import Notice, Takedown
from cases.takedowns.states import Result, Status
from helpline.accounts.models import Staff
from helpline.audit.models import AuditRow
from helpline.platforms import actions
from helpline.platforms.models import Channel, ChannelKind, Platform
from reports.actions import LinkFacts
from tests.cases.mailbox.mails import mail
from tests.cases.takedowns.standing import standing
from tests.cast import make_platform

pytestmark = pytest.mark.django_db
Desk = Callable[[Staff], Client]
OpenCase = Callable[..., Case]
SENDING = "/staff/platforms/chatter/sending/"
WHY = {"sending-reason": "They lost our notices."}


def text(client: Client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def claim() -> list[dispatch.Claim]:
    now = timezone.now()
    return dispatch.claim(dispatch.routes(list(dispatch.LANES), now=now), limit=10, now=now)


def pause(platform: Platform, by: Staff) -> bool:
    return actions.pause_platform(
        platform=platform, reason="They lost our notices.", by=by, at=timezone.now()
    )


@pytest.fixture
def due(open_case: OpenCase, chatter: Platform, nour: Staff) -> Takedown:
    """Asked an hour ago, and not sent yet."""
    at = timezone.now() - timedelta(hours=1)
    return standing(Status.QUEUED, case=open_case(at=at), by=nour, at=at)


def test_what_is_due_waits_and_leaves_when_it_is_on_again(
    due: Takedown, chatter: Platform, anouk: Staff, nour: Staff, open_case: OpenCase
) -> None:
    before = dispatch.routes(list(dispatch.LANES), now=timezone.now())
    assert pause(chatter, anouk)
    assert claim() == []
    # A worker that knew the channel before finds it paused, too.
    assert dispatch.claim(before, limit=10, now=timezone.now()) == []
    assert takedowns.oldest_due() is None  # nothing is late: that is how it is meant
    at = timezone.now()
    links = (LinkFacts(url="https://chatter.example/p/later"),)
    later = standing(Status.QUEUED, case=open_case(at=at, links=links), by=nour, at=at)
    dispatch.strand(now=timezone.now())
    assert set(Takedown.objects.values_list("status", flat=True)) == {Status.QUEUED}
    assert Notice.objects.filter(due_at=None).count() == 0

    assert actions.resume_platform(platform=chatter, by=anouk, at=timezone.now())
    Notice.objects.update(due_at=timezone.now() - timedelta(hours=1))
    assert {one.notice_id for one in claim()} == {due.notice_id, later.notice_id}
    verbs = AuditRow.objects.filter(verb__startswith="platform.").order_by("number")
    assert [(row.verb, row.actor) for row in verbs] == [
        ("platform.paused", f"staff:{anouk.pk}"),
        ("platform.resumed", f"staff:{anouk.pk}"),
    ]


def test_what_became_part_of_it_is_paused_with_it(
    due: Takedown, chatter: Platform, pixboard: Platform, anouk: Staff
) -> None:
    """Chatter was swallowed by Pixboard; what was under way keeps Chatter's channel."""
    actions.merge_platform(platform=chatter, into=pixboard, by=anouk, at=timezone.now())
    pause(pixboard, anouk)
    assert claim() == []
    actions.resume_platform(platform=pixboard, by=anouk, at=timezone.now())
    assert len(claim()) == 1


def test_another_platform_goes_on(
    due: Takedown, open_case: OpenCase, nour: Staff, pixboard: Platform, anouk: Staff
) -> None:
    pause(pixboard, anouk)
    assert [one.notice_id for one in claim()] == [due.notice_id]


def test_what_was_on_its_way_is_written_down(due: Takedown, chatter: Platform, anouk: Staff) -> None:
    [leaving] = claim()
    pause(chatter, anouk)
    dispatch.finish([(leaving, Sent(Result.ACCEPTED))], now=timezone.now())
    due.refresh_from_db()
    assert due.status == Status.SENT


def test_nor_is_it_asked_about_what_it_has(due: Takedown, chatter: Platform, anouk: Staff) -> None:
    """A question carries the channel's key, as a notice does."""
    Takedown.objects.update(status=Status.UNKNOWN)
    now = timezone.now()
    Notice.objects.update(due_at=None, ask_at=now, poll_at=now)
    pause(chatter, anouk)
    assert dispatch.settle(now=now) == 0 and dispatch.poll(now=now) == 0
    notice = Notice.objects.get()
    assert (notice.asks, notice.polls, notice.ask_at) == (0, 0, now)


def test_a_letter_in_the_conversation_waits_too(
    due: Takedown, chatter: Platform, anouk: Staff, nour: Staff
) -> None:
    now = timezone.now()
    Takedown.objects.update(status=Status.SENT, sent_at=now)
    Channel.objects.update(kind=ChannelKind.EMAIL, address="abuse@chatter.example")
    found = mailbox.take_in(mail(due.notice, text="Please provide the exact URL."), at=now)
    assert found is not None
    letter = mailbox.write_back(mail=found, words="It is this one.", key=uuid4(), by=nour, at=now)
    pause(chatter, anouk)
    assert sending.claim(now=now) == []
    actions.resume_platform(platform=chatter, by=anouk, at=now)
    assert [one.letter.pk for one in sending.claim(now=now)] == [letter.pk]


def test_nothing_is_paused_without_a_reason_or_twice(desk: Desk, anouk: Staff, chatter: Platform) -> None:
    client = desk(anouk)
    for given in ({}, {"sending-reason": "  "}, {"sending-reason": "x" * 201}):
        assert client.post(SENDING, given).status_code == 422
    said = client.post(SENDING, WHY, follow=True).content.decode()
    assert "Nothing is sent to this platform. What is due waits." in said
    again = client.post(SENDING, {"sending-reason": "Another reason."}, follow=True).content.decode()
    assert "It was paused before, and stays so." in again and "Another reason." not in again
    client.post(SENDING, {"enabled": "yes"})
    late = client.post(SENDING, {"enabled": "yes"}, follow=True).content.decode()
    assert "Nobody had paused it any more. Nothing changed." in late
    assert AuditRow.objects.filter(verb__startswith="platform.").count() == 2


def test_a_counsellor_reads_why_and_pauses_nothing(
    desk: Desk, nour: Staff, anouk: Staff, chatter: Platform
) -> None:
    client = desk(nour)
    assert client.post(SENDING, WHY).status_code == 403
    pause(chatter, anouk)
    said = text(client, "/staff/platforms/chatter/")
    assert "They lost our notices." in said and "Send to it again" not in said
    assert "Nothing is sent to it." in text(client, "/staff/platforms/")


def test_the_desk_the_request_and_its_page_say_so(
    due: Takedown, desk: Desk, nour: Staff, anouk: Staff, chatter: Platform, open_case: OpenCase
) -> None:
    client = desk(nour)
    links = (LinkFacts(url="https://chatter.example/p/new"),)
    other = open_case(at=timezone.now(), links=links)
    pages = (
        *("/staff/takedowns/", "/staff/takedowns/?tab=unknown", f"/staff/takedowns/{due.pk}/"),
        *(f"/staff/cases/{due.case.ref}/", f"/staff/cases/{other.ref}/takedowns/"),
    )
    for path in pages:
        assert "They lost our notices." not in text(client, path)
    pause(chatter, anouk)
    for path in pages:
        assert "They lost our notices." in text(client, path), path
    here = text(client, f"/staff/takedowns/{due.pk}/")
    assert "It leaves by itself when sending is on again, and its clock starts then." in here
    assert "Nothing: it leaves by itself." not in here
    ask = f"/staff/cases/{other.ref}/takedowns/"
    assert "You can ask all the same" in text(client, ask)
    said = client.post(ask, {"link": str(other.report.links.get().pk)}, follow=True).content.decode()
    assert "1 request waits until sending is on again." in said and "leaves now" not in said


def test_a_form_is_not_filed_meanwhile_and_can_be_noted_all_the_same(
    open_case: OpenCase, snaproom: Platform, nour: Staff, anouk: Staff, desk: Desk
) -> None:
    links = (LinkFacts(url="https://snaproom.example/p/1"),)
    row = standing(Status.TO_FILE, case=open_case(links=links), by=nour, at=timezone.now())
    pause(snaproom, anouk)
    said = text(desk(nour), f"/staff/takedowns/{row.pk}/")
    assert "Do not file it now. If you did, note it here." in said and "I have filed it" in said


def test_the_clock_of_what_left_runs_on_and_says_so(
    open_case: OpenCase,
    chatter: Platform,
    nour: Staff,
    anouk: Staff,
    desk: Desk,
    settings: Any,
    noon: datetime,
) -> None:
    row = standing(Status.SENT, case=open_case(), by=nour, at=noon)
    clock.set_clocks()
    pause(chatter, anouk)
    late = noon + timedelta(days=4)
    assert clock.note_silence(at=late) == 1
    proposing.propose_steps()
    said = text(desk(nour), f"/staff/takedowns/{row.pk}/")
    assert "The clock of what left runs on: their hours do, too." in said
    # The machine reminds of nothing that could not leave; a person may, and it waits.
    settings.LADDER_REMINDS_ITSELF = True
    assert ladder.take_reminders(at=late) == 0
    [step] = proposing.steps_of(row)
    taken = desk(nour).post(f"/staff/ladder/steps/{step.pk}/take/", follow=True).content.decode()
    assert "It waits until sending is on again." in taken
    [made] = Takedown.objects.filter(escalates=row)
    assert (made.status, made.answer_due_at) == (Status.QUEUED, None)
    Notice.objects.filter(pk=made.notice_id).update(due_at=timezone.now() - timedelta(hours=1))
    assert claim() == []
    actions.resume_platform(platform=chatter, by=anouk, at=timezone.now())
    assert [one.notice_id for one in claim()] == [made.notice_id]


def test_readiness_names_what_a_person_switched_off(
    client: Client, chatter: Platform, snaproom: Platform, anouk: Staff, settings: Any
) -> None:
    settings.RECHECK_ENABLED = True
    assert client.get("/readyz").json()["switched_off"] == []
    checks = client.get("/readyz").json()["checks"]
    pause(chatter, anouk)
    at = timezone.now()
    actions.switch_recheck(platform=snaproom, enabled=False, reason="Their site is down.", by=anouk, at=at)
    settings.RECHECK_ENABLED = False
    said = client.get("/readyz").json()
    assert [one.partition(",")[0] for one in said["switched_off"]] == [
        "looking at links",
        "sending to chatter",
        "looking at links of snaproom",
    ]
    assert "lost our notices" not in str(said)  # reasons are for the desk
    assert said["checks"] == checks  # it is meant so, and no alarm


# --- looking, apart


def test_leaving_links_alone_needs_a_reason_and_the_desk_reads_it(
    desk: Desk, anouk: Staff, nour: Staff, chatter: Platform, settings: Any
) -> None:
    client, looks = desk(anouk), "/staff/platforms/chatter/looks/"
    assert client.post(looks, {"enabled": "no"}).status_code == 422
    assert Platform.objects.get(slug="chatter").recheck
    client.post(looks, {"enabled": "no", "looks-reason": "They count our looks as views."})
    assert "They count our looks as views." in text(client, "/staff/platforms/chatter/")
    assert "They count our looks as views." in text(desk(nour), "/staff/takedowns/")
    assert "Looking at links is off for the whole helpline." not in text(desk(nour), "/staff/takedowns/")
    settings.RECHECK_ENABLED = False
    assert "Looking at links is off for the whole helpline." in text(desk(nour), "/staff/takedowns/")
    client.post(looks, {"enabled": "yes"})
    platform = Platform.objects.get(slug="chatter")
    assert (platform.recheck, platform.recheck_reason) == (True, "")


# --- what it costs


def test_the_desk_asks_as_often_with_many_paused(
    open_case: OpenCase, chatter: Platform, anouk: Staff, nour: Staff, desk: Desk
) -> None:
    client = desk(nour)

    def more(count: int, start: int) -> None:
        for number in range(start, start + count):
            address = f"abuse@site{number}.example"
            platform = make_platform(f"site{number}", ChannelKind.EMAIL, address, by=anouk)
            links = (LinkFacts(url=f"https://site{number}.example/p/1"),)
            standing(Status.QUEUED, case=open_case(links=links), by=nour, at=timezone.now())
            pause(platform, anouk)

    def cost() -> int:
        text(client, "/staff/takedowns/?tab=progress")
        with CaptureQueriesContext(connection) as queries:
            text(client, "/staff/takedowns/?tab=progress")
        return len(queries)

    more(2, 0)
    few = cost()
    more(5, 2)
    assert cost() == few
