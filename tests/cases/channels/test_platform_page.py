"""A platform's page: how its channels carry, what it answered, what is done at once and what needs two people."""

import json
import re
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from cases.channels import figures, trial
from cases.models import Case
from cases.takedowns import actions as takedowns
from cases.takedowns import linting, notices
from cases.takedowns.models import Attempt, Notice, Takedown
from cases.takedowns.placing import placed
from cases.takedowns.states import Outcome, Result, Source, Status
from helpline.accounts.models import Staff
from helpline.approvals import actions as approvals
from helpline.approvals.handlers import CannotBeDone
from helpline.approvals.models import Approval
from helpline.audit.models import AuditRow
from helpline.platforms import actions
from helpline.platforms.models import Channel, ChannelKind, Platform
from reports.actions import LinkFacts
from tests.cases.takedowns.standing import standing
from tests.cast import NOON, make_platform
from tests.platforms import receipts
from tests.platforms.simulator import RunningSimulator

pytestmark = pytest.mark.django_db
Desk = Callable[[Staff], Client]
OpenCase = Callable[..., Case]
PAGE = "/staff/platforms/chatter/"


def page(client: Client, path: str = PAGE) -> str:
    answer = client.get(path)
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


@pytest.fixture
def asked(open_case: OpenCase, chatter: Platform, nour: Staff) -> list[Takedown]:
    """Five requests to Chatter, sent an hour ago."""
    at = timezone.now() - timedelta(hours=1)
    case = open_case(at=at, links=tuple(LinkFacts(url=f"https://chatter.example/p/{n}") for n in range(5)))
    return [
        standing(Status.SENT, case=case, by=nour, at=at, link=link)
        for link in case.report.links.order_by("position")
    ]


def learn(row: Takedown, outcome: Outcome, *, after: timedelta, source: Source = Source.CALLBACK) -> None:
    at = (row.sent_at or row.requested_at) + after
    takedowns.record_outcome(takedown=row, outcome=outcome, source=source, at=at, recorded_at=at)


# --- figures


def test_nothing_sent_is_said_so(desk: Desk, anouk: Staff, chatter: Platform) -> None:
    assert "Nothing was sent to it in the last 30 days" in page(desk(anouk))


def test_times_run_from_sent_to_the_first_word(
    desk: Desk, anouk: Staff, asked: list[Takedown], chatter: Platform
) -> None:
    """Four are answered after 2, 4, 6 and 10 minutes, the first twice; the fifth is silent, and was only looked at."""
    for row, minutes in zip(asked, (2, 4, 6, 10), strict=False):
        learn(row, Outcome.ACKNOWLEDGED, after=timedelta(minutes=minutes))
    learn(asked[0], Outcome.REMOVED, after=timedelta(minutes=50))
    learn(asked[4], Outcome.SEEN_THERE, after=timedelta(minutes=1), source=Source.RECHECK)
    found = figures.figures(chatter, [chatter.channels.get().pk], now=timezone.now())
    assert (found.sent, found.heard, found.silent) == (5, 4, 1)
    assert (found.median, found.p90) == (timedelta(minutes=5), timedelta(minutes=8.8))
    assert found.answers == {Outcome.ACKNOWLEDGED: 3, Outcome.REMOVED: 1}
    said = page(desk(anouk))
    assert "5 min" in said and "8 min" in said
    assert "Receipt confirmed" in said and "No word" in said


def test_what_is_older_than_thirty_days_does_not_count(asked: list[Takedown], chatter: Platform) -> None:
    later = timezone.now() + timedelta(days=31)
    assert figures.figures(chatter, [chatter.channels.get().pk], now=later).sent == 0


def test_a_word_before_our_own_sending_was_written_counts_as_at_once(
    asked: list[Takedown], chatter: Platform
) -> None:
    learn(asked[0], Outcome.REMOVED, after=-timedelta(seconds=3))
    found = figures.figures(chatter, [chatter.channels.get().pk], now=timezone.now())
    assert found.median == timedelta(0)


def test_health_names_the_last_success_and_the_last_failure(
    desk: Desk, anouk: Staff, asked: list[Takedown], chatter: Platform
) -> None:
    now = timezone.now()
    channel = chatter.channels.get()
    for number, (result, detail, ago) in enumerate(
        [("accepted", "", 30), ("retry", "HTTP 503", 20), ("refused", "HTTP 403", 10)], start=1
    ):
        Attempt.objects.create(
            notice=asked[0].notice,
            number=number,
            fence=number,
            started_at=now,
            finished_at=now - timedelta(minutes=ago),
            result=result,
            detail=detail,
            digest=b"x" * 32,
        )
    Channel.objects.update(faults=7)
    Notice.objects.filter(pk=asked[1].notice_id).update(due_at=now - timedelta(minutes=5))
    health = figures.healths([channel.pk], now=now)[channel.pk]
    assert health.last_success == now - timedelta(minutes=30)
    assert health.last_failure == now - timedelta(minutes=10)
    assert (health.waiting, health.oldest, health.by_hand) == (1, now - timedelta(minutes=5), 0)
    said = page(desk(anouk))
    assert "Refused for good <code>HTTP 403</code>" in said and "HTTP 503" not in said
    assert "<dd>7</dd>" in said


@pytest.mark.parametrize(
    ("result", "detail", "sentence"),
    [
        (Result.UNKNOWN, "", "Perhaps received</span>"),
        (Result.RETRY, "HTTP 503", "Not now, try later <code>HTTP 503</code>"),
        (Result.NOT_SENT, "no line was free in time", "Did not leave <code>no line was free in time</code>"),
    ],
)
def test_how_the_last_failure_ended_is_not_all_the_same(
    result: Result, detail: str, sentence: str, desk: Desk, anouk: Staff, asked: list[Takedown]
) -> None:
    """What perhaps arrived, and what was delivered at a later try, is not said to have stayed here."""
    now = timezone.now()
    for number, (ended, word) in enumerate([(result, detail), (Result.ACCEPTED, "")], start=1):
        Attempt.objects.create(
            notice=asked[0].notice,
            number=number,
            fence=number,
            started_at=now,
            finished_at=now - timedelta(minutes=10 - number),
            result=ended,
            detail=word,
            digest=b"x" * 32,
        )
    said = page(desk(anouk))
    assert sentence in said
    assert "It did not leave." not in said


def test_a_form_that_a_person_files_counts_as_success(
    open_case: OpenCase, snaproom: Platform, nour: Staff
) -> None:
    case = open_case(links=(LinkFacts(url="https://snaproom.example/p/1"),) * 1, at=timezone.now())
    row = standing(Status.TO_FILE, case=case, by=nour, at=timezone.now())
    channel = snaproom.channels.get()
    assert figures.healths([channel.pk], now=timezone.now())[channel.pk].by_hand == 1
    at = timezone.now()
    takedowns.mark_filed(takedown=row, reference="R-1", by=nour, at=at)
    health = figures.healths([channel.pk], now=timezone.now())[channel.pk]
    assert (health.by_hand, health.last_success) == (0, at)


def test_it_costs_the_same_for_one_channel_and_for_many(
    desk: Desk, anouk: Staff, asked: list[Takedown], chatter: Platform
) -> None:
    client = desk(anouk)

    def cost() -> int:
        page(client)
        with CaptureQueriesContext(connection) as queries:
            page(client)
        return len(queries)

    few = cost()
    for number in range(6):
        Channel.objects.create(platform=chatter, slug=f"c{number}", kind="email", address="a@site.example")
    for row in asked:
        learn(row, Outcome.REFUSED, after=timedelta(minutes=2))
    assert cost() == few


def test_a_counsellor_reads_and_changes_nothing(desk: Desk, nour: Staff, chatter: Platform) -> None:
    said = page(desk(nour))
    assert "Propose a change" in said
    for word in ("Pause it", "Switch it off", "Leave its links alone", "See what would leave"):
        assert word not in said


def test_a_platform_that_is_not_there(desk: Desk, anouk: Staff) -> None:
    assert desk(anouk).get("/staff/platforms/nowhere/").status_code == 404


def test_a_site_called_new_does_not_hide_the_form(db: None, anouk: Staff) -> None:
    assert actions.add_platform(name="New", by=anouk, at=NOON).slug == "new-2"


# --- pausing, and switching off


def test_pausing_says_why_and_ends_by_itself(desk: Desk, anouk: Staff, chatter: Platform) -> None:
    client = desk(anouk)
    answer = client.post(
        "/staff/platforms/chatter/pause/",
        {"pause-hours": "24", "pause-reason": "They move house."},
        follow=True,
    )
    said = " ".join(answer.content.decode().split())
    channel = chatter.channels.get()
    assert channel.paused_until is not None
    assert abs(channel.paused_until - timezone.now() - timedelta(days=1)) < timedelta(minutes=1)
    assert "Paused by a colleague" in said and "They move house." in said
    client.post("/staff/platforms/chatter/resume/")
    channel.refresh_from_db()
    assert (channel.paused_until, channel.pause_reason) == (None, "")
    verbs = list(AuditRow.objects.filter(verb__startswith="channel.").values_list("verb", flat=True))
    assert verbs == ["channel.paused", "channel.resumed"]


@pytest.mark.parametrize("form", [{}, {"pause-hours": "4"}, {"pause-hours": "5000", "pause-reason": "x"}])
def test_a_pause_needs_a_reason(form: dict[str, str], desk: Desk, anouk: Staff, chatter: Platform) -> None:
    answer = desk(anouk).post("/staff/platforms/chatter/pause/", form)
    assert answer.status_code == 422
    assert chatter.channels.get().paused_until is None


@pytest.fixture
def second(chatter: Platform, anouk: Staff) -> Channel:
    """Another way to reach Chatter, in use beside the first."""
    return Channel.objects.create(
        platform=chatter,
        slug="chatter-mail",
        kind=ChannelKind.EMAIL,
        address="abuse@chatter.example",
        enabled=True,
        approved_at=NOON,
        approved_by=anouk,
    )


def test_no_two_elements_of_the_page_share_an_id(desk: Desk, anouk: Staff, second: Channel) -> None:
    ids = re.findall(r'\bid="([^"]+)"', page(desk(anouk)))
    assert [one for one, count in Counter(ids).items() if count > 1] == []
    assert len([one for one in ids if one.endswith("pause-reason")]) == 2


def test_what_was_typed_about_one_channel_stands_at_that_one_alone(
    desk: Desk, anouk: Staff, second: Channel
) -> None:
    answer = desk(anouk).post(
        "/staff/platforms/chatter-mail/pause/", {"pause-hours": "5000", "pause-reason": "They move house."}
    )
    said = answer.content.decode()
    assert answer.status_code == 422
    assert said.count("They move house.") == 1 and said.count("error-summary") == 1
    reason = re.search(r'<input[^>]*value="They move house\."[^>]*>', said)
    assert reason is not None and f'id="pause-{second.pk}-pause-reason"' in reason.group()
    assert said.count('<details class="fold no-print" open>') == 1


@pytest.mark.parametrize(
    ("changes", "button"),
    [
        ({}, "I checked today that it works"),
        ({"enabled": False, "approved_at": None, "approved_by": None}, "Approve"),
        ({"enabled": False}, "Switch it on"),
        ({"paused_until": NOON + timedelta(days=36500)}, "Send again now"),
    ],
)
def test_a_button_heard_alone_says_which_channel_it_is_for(
    changes: dict[str, Any], button: str, desk: Desk, anouk: Staff, chatter: Platform
) -> None:
    Channel.objects.update(**changes)
    assert f'{button}<span class="unseen"> (chatter)</span></button>' in page(desk(anouk))


def test_the_breaker_is_told_apart_from_a_person(desk: Desk, anouk: Staff, chatter: Platform) -> None:
    Channel.objects.update(paused_until=timezone.now() + timedelta(minutes=5))
    assert "It does not carry just now." in page(desk(anouk))


def test_switching_off_says_what_becomes_of_what_is_due(
    desk: Desk, anouk: Staff, open_case: OpenCase, nour: Staff, chatter: Platform
) -> None:
    case = open_case(links=tuple(LinkFacts(url=f"https://chatter.example/p/{n}") for n in range(2)))
    takedowns.request_takedown(case=case, links=list(case.report.links.all()), by=nour, at=NOON)
    client = desk(anouk)
    assert "2 notices were to leave this way." in page(client)
    client.post("/staff/platforms/chatter/switch/", {"enabled": "no"})
    assert "2 notices were to leave this way and stay behind." in page(client)


# --- looking at its links


def test_leaving_links_alone_is_at_once_and_audited(desk: Desk, anouk: Staff, asked: list[Takedown]) -> None:
    client = desk(anouk)
    Takedown.objects.update(next_look_at=timezone.now() - timedelta(minutes=1))
    answer = client.post(
        "/staff/platforms/chatter/looks/", {"enabled": "no", "looks-reason": "They count looks."}, follow=True
    )
    said = " ".join(answer.content.decode().split())
    assert not Platform.objects.get(slug="chatter").recheck
    assert "5 links wait to be looked at." in said
    assert "Its links are not looked at." in page(client, "/staff/platforms/")
    client.post(
        "/staff/platforms/chatter/looks/", {"enabled": "no", "looks-reason": "Once more."}
    )  # twice: nothing new
    client.post("/staff/platforms/chatter/looks/", {"enabled": "yes"})
    lines = AuditRow.objects.filter(verb="platform.recheck_switched").order_by("number")
    assert [line.detail for line in lines] == [{"enabled": False}, {"enabled": True}]


def words(text: str) -> dict[str, str]:
    return {"words-words": text, "words-text": "Seen on their page today."}


def test_words_that_mean_gone_take_two_people(
    desk: Desk, anouk: Staff, maud: Staff, chatter: Platform
) -> None:
    client = desk(anouk)
    answer = client.post(
        f"{PAGE}words/", words("This page  isn’t available\n\nNicht gefunden\n"), follow=True
    )
    assert "It is used once a second person says yes." in answer.content.decode()
    chatter.refresh_from_db()
    assert chatter.gone_words == []
    approval = Approval.objects.get()
    assert "A change of these words waits" in page(client)
    assert "This page isn’t available · Nicht gefunden" in page(
        desk(maud), f"/staff/approvals/{approval.pk}/"
    )
    again = client.post(f"{PAGE}words/", words("Something else here"), follow=True)
    assert "waits already" in again.content.decode()
    approvals.decide(approval=approval, granted=True, by=maud, at=NOON)
    chatter.refresh_from_db()
    assert chatter.gone_words == ["This page isn’t available", "Nicht gefunden"]


def test_words_changed_meanwhile_are_proposed_again(
    desk: Desk, anouk: Staff, maud: Staff, chatter: Platform
) -> None:
    desk(anouk).post(f"{PAGE}words/", words("Nicht gefunden"))
    Platform.objects.update(gone_words=["Not found at all"])
    with pytest.raises(CannotBeDone):
        approvals.decide(approval=Approval.objects.get(), granted=True, by=maud, at=NOON)


@pytest.mark.parametrize("text", ["gone", "x" * 101])
def test_words_that_stand_everywhere_are_refused(
    text: str, desk: Desk, anouk: Staff, chatter: Platform
) -> None:
    assert desk(anouk).post(f"{PAGE}words/", words(text)).status_code == 422
    assert not Approval.objects.exists()


def test_the_same_words_propose_nothing(desk: Desk, anouk: Staff, chatter: Platform) -> None:
    answer = desk(anouk).post(f"{PAGE}words/", words(""))
    assert answer.status_code == 422
    assert "That is how it is already." in answer.content.decode()


# --- a trial


@pytest.mark.parametrize("kind", [ChannelKind.HTTP_API, ChannelKind.EMAIL])
def test_a_trial_goes_to_the_simulator(
    kind: ChannelKind, live: Any, desk: Desk, anouk: Staff, simulator: RunningSimulator
) -> None:
    platform = live("chatter", kind)
    answer = desk(anouk).post("/staff/platforms/chatter/trial/")
    assert "The simulator took it." in answer.content.decode()
    assert AuditRow.objects.get(verb="channel.tried").detail == {
        "channel": "chatter",
        "result": Result.ACCEPTED,
    }
    # Invented: no row of ours stands behind it.
    assert not Notice.objects.exists() and not Takedown.objects.exists()
    assert platform.channels.get().faults == 0


def test_a_trial_says_what_the_simulator_answered(live: Any, desk: Desk, anouk: Staff) -> None:
    live("chatter", answers={"401": 1})
    said = desk(anouk).post("/staff/platforms/chatter/trial/").content.decode()
    assert "The simulator did not take it." in said and "HTTP 401" in said


@pytest.mark.parametrize(
    "address", ["https://platform.test/api", "http://127.0.0.1:1/api", "abuse@real.test"]
)
def test_nothing_is_sent_anywhere_else(
    address: str, desk: Desk, anouk: Staff, simulator: RunningSimulator, chatter: Platform
) -> None:
    Channel.objects.update(address=address, kind="email" if "@" in address else "http_api")
    client = desk(anouk)
    said = page(client, "/staff/platforms/chatter/trial/")
    assert "Send one to the simulator" not in said and "Check this contact yourself" in said
    answer = client.post("/staff/platforms/chatter/trial/")
    assert answer.status_code == 422
    assert "Nothing was sent" in answer.content.decode()
    assert not AuditRow.objects.filter(verb="channel.tried").exists()


def test_outside_the_demo_there_is_no_trial(settings: Any, pixboard: Platform) -> None:
    settings.SIMULATOR = ""
    assert not trial.can_send(pixboard.channels.get())
    with pytest.raises(trial.NoTrial):
        trial.send(channel=pixboard.channels.get(), by=Staff(), at=NOON)


@pytest.mark.parametrize(
    "kind", [ChannelKind.EMAIL, ChannelKind.HTTP_API, ChannelKind.WEB_FORM, ChannelKind.XARF]
)
def test_it_shows_what_would_leave_and_no_secret(kind: ChannelKind, desk: Desk, anouk: Staff) -> None:
    address = (
        "abuse@chatter.example"
        if kind in {ChannelKind.EMAIL, ChannelKind.XARF}
        else "https://chatter.example/x"
    )
    make_platform("chatter", kind, address, by=anouk)
    said = page(desk(anouk), "/staff/platforms/chatter/trial/")
    assert "https://chatter.example/test/" in said
    assert "token-chatter" not in said and "secret-chatter" not in said


def test_what_is_shown_is_what_would_leave(chatter: Platform) -> None:
    channel = chatter.channels.get()
    content = trial.compose(channel)
    shown = json.loads(trial.shown(channel, content, at=NOON).text)
    assert shown["schema"] == "takedown-notice/1"
    assert shown["items"][0]["url"] == content.items[0].url


# --- the form


def test_office_hours_and_lines_are_proposed_with_the_rest(
    desk: Desk, anouk: Staff, maud: Staff, pixboard: Platform
) -> None:
    form = {
        "channel-kind": "email",
        "channel-address": "abuse@pixboard.example",
        "channel-domains": "pixboard.example",
        "channel-languages": "en fr",
        "channel-max_items": "1",
        "channel-office_country": "fr",
        "channel-max_in_flight": "5",
        "channel-text": "Their page says so.",
    }
    desk(anouk).post("/staff/platforms/pixboard/change/", form)
    approvals.decide(approval=Approval.objects.get(), granted=True, by=maud, at=NOON)
    channel = Channel.objects.get(slug="pixboard")
    assert (channel.office_country, channel.max_in_flight, channel.enabled) == ("FR", 5, True)


@pytest.mark.parametrize(("field", "value"), [("office_country", "ZZ"), ("max_in_flight", "5000")])
def test_countries_and_lines_that_can_not_be(
    field: str, value: str, desk: Desk, anouk: Staff, pixboard: Platform
) -> None:
    form = {"channel-kind": "email", "channel-address": "a@pixboard.example", f"channel-{field}": value}
    answer = desk(anouk).post(
        "/staff/platforms/pixboard/change/", form | {"channel-text": "x", "channel-max_items": "1"}
    )
    assert answer.status_code == 422
    assert not Approval.objects.exists()


def test_a_proposal_from_before_these_fields_still_counts(
    anouk: Staff, maud: Staff, pixboard: Platform
) -> None:
    """Given a change proposed under the last version, when it is granted now, then what it does not name stays."""
    from cases.channels import approving

    channel = pixboard.channels.get()
    values = approving.standing(channel) | {"address": "notice@pixboard.example"}
    approval = approving.propose(channel=channel, values=values, reason="x", by=anouk, at=NOON)
    old = {
        side: {name: value for name, value in said.items() if name not in {"office_country", "max_in_flight"}}
        for side, said in approval.proposal.items()
    }
    Approval.objects.filter(pk=approval.pk).update(proposal=old)
    approvals.decide(approval=Approval.objects.get(), granted=True, by=maud, at=NOON)
    channel.refresh_from_db()
    assert (channel.address, channel.max_in_flight) == ("notice@pixboard.example", 100)


def test_receipts_of_trials_name_no_case(
    live: Any, desk: Desk, anouk: Staff, simulator: RunningSimulator
) -> None:
    live("chatter")
    desk(anouk).post("/staff/platforms/chatter/trial/")
    lines = simulator.receipts.read_text().strip().splitlines()
    assert "chatter.example/test/" in lines[-1]
    assert not receipts.delivered_more_than_once(simulator.receipts)


# --- two platforms become one -----------------------------------------------------------------------------


@pytest.fixture
def rival(anouk: Staff) -> Platform:
    return make_platform("rival", ChannelKind.WEB_FORM, "https://rival.example/report", by=anouk)


def merged(platform: Platform, into: Platform, by: Staff) -> None:
    actions.merge_platform(platform=platform, into=into, by=by, at=NOON)
    platform.refresh_from_db()
    into.refresh_from_db()


def test_a_platform_becomes_part_of_another_once_two_people_say_so(
    desk: Desk, anouk: Staff, maud: Staff, chatter: Platform, rival: Platform
) -> None:
    client = desk(anouk)
    assert 'value="rival"' in page(client, f"{PAGE}merge/")
    said = client.post(
        f"{PAGE}merge/", {"merge-into": "rival", "merge-text": "Bought last week."}, follow=True
    )
    assert "It is so once a second person says yes." in said.content.decode()
    chatter.refresh_from_db()
    assert chatter.merged_into is None
    assert "waits for a second person" in page(client)
    again = client.post(f"{PAGE}merge/", {"merge-into": "rival", "merge-text": "Bought."}, follow=True)
    assert "waits for a second person already" in again.content.decode()
    approval = Approval.objects.get()
    assert "chatter.example" in page(desk(maud), f"/staff/approvals/{approval.pk}/")
    approvals.decide(approval=approval, granted=True, by=maud, at=NOON)

    chatter.refresh_from_db()
    rival.refresh_from_db()
    assert (chatter.merged_into, rival.domains) == (rival, ["rival.example", "chatter.example"])
    assert "is part of" in page(client) and "Part them again" in page(client)
    assert "Part of it now" in page(client, "/staff/platforms/rival/")
    assert "Part of Rival now" in page(client, "/staff/platforms/")
    assert client.get(f"{PAGE}merge/").status_code == 302
    line = AuditRow.objects.get(verb="platform.merged")
    assert (line.actor, line.detail) == (f"staff:{anouk.pk}", {"into": "rival"})


def test_new_links_go_to_the_other_one_and_what_is_under_way_stays(
    asked: list[Takedown], chatter: Platform, rival: Platform, anouk: Staff, nour: Staff, open_case: OpenCase
) -> None:
    early = open_case(links=(LinkFacts(url="https://chatter.example/p/told-before"),))
    merged(chatter, rival, anouk)

    link = open_case(links=(LinkFacts(url="https://www.chatter.example/p/new"),)).report.links.get()
    assert link.platform == rival
    assert {row.notice.channel.slug for row in Takedown.objects.all()} == {"chatter"}
    [row] = takedowns.request_takedown(case=early, links=list(early.report.links.all()), by=nour, at=NOON)
    assert (row.notice.channel.slug, row.status) == ("rival", Status.TO_FILE)
    # Rules that name the old hosts hold for the other one.
    assert not linting.findings(notices.content_of(row.notice), channel=row.notice.channel)


def test_a_link_told_before_is_moved_when_it_is_asked_about(
    chatter: Platform, rival: Platform, anouk: Staff, open_case: OpenCase
) -> None:
    case = open_case()
    merged(chatter, rival, anouk)
    [link] = placed(case=case, links_of_case=list(case.report.links.select_related("platform")), at=NOON)
    assert (link.platform, case.report.links.get().platform) == (rival, rival)


def test_parted_again_everything_is_as_it_was(
    desk: Desk, anouk: Staff, chatter: Platform, rival: Platform, open_case: OpenCase
) -> None:
    merged(chatter, rival, anouk)
    answer = desk(anouk).post(f"{PAGE}part/", follow=True)
    assert "It stands for itself again." in answer.content.decode()
    chatter.refresh_from_db()
    rival.refresh_from_db()
    assert (chatter.merged_into, chatter.domains, rival.domains) == (
        None,
        ["chatter.example"],
        ["rival.example"],
    )
    assert (
        open_case(links=(LinkFacts(url="https://chatter.example/p/1"),)).report.links.get().platform
        == chatter
    )
    twice = desk(anouk).post(f"{PAGE}part/", follow=True)
    assert "It stands for itself already." in twice.content.decode()
    assert AuditRow.objects.filter(verb="platform.parted").count() == 1


def test_what_can_not_become_one(anouk: Staff, chatter: Platform, rival: Platform) -> None:
    third = make_platform("third", ChannelKind.WEB_FORM, "https://third.example/report", by=anouk)
    merged(chatter, rival, anouk)
    other = Platform.objects.catch_all()
    for platform, into, code in (
        (rival, rival, "same"),
        (other, rival, "other"),
        (rival, other, "other"),
        (chatter, third, "merged"),
        (third, chatter, "merged"),
        (rival, third, "has_merged"),
    ):
        with pytest.raises(actions.MergeRefused) as refused:
            merged(platform, into, anouk)
        assert refused.value.code == code and refused.value.sentence


def test_a_merged_platform_is_no_choice_any_more(
    desk: Desk, anouk: Staff, nour: Staff, chatter: Platform, rival: Platform, open_case: OpenCase
) -> None:
    case = open_case()
    merged(chatter, rival, anouk)
    assert 'value="chatter"' not in page(desk(nour), f"/staff/cases/{case.ref}/")
    third = make_platform("third", ChannelKind.WEB_FORM, "https://third.example/report", by=anouk)
    form = desk(anouk).post(
        f"/staff/platforms/{third.slug}/merge/", {"merge-into": "chatter", "merge-text": "So."}
    )
    assert form.status_code == 422


def test_what_changed_meanwhile_stops_the_merge(
    desk: Desk, anouk: Staff, maud: Staff, chatter: Platform, rival: Platform
) -> None:
    desk(anouk).post(f"{PAGE}merge/", {"merge-into": "rival", "merge-text": "Bought last week."})
    merged(rival, make_platform("third", ChannelKind.WEB_FORM, "https://third.example/r", by=anouk), anouk)
    with pytest.raises(CannotBeDone):
        approvals.decide(approval=Approval.objects.get(), granted=True, by=maud, at=NOON)
