"""What the desk shows of takedowns: tabs, truths, sentences, and what to do next."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import translation

from cases import actions as casework
from cases import reading
from cases.models import Case, IncidentMember
from cases.states import Outcome as CaseOutcome
from cases.takedowns import actions, desk
from cases.takedowns.desk import NEEDS_A_PERSON, TABS
from cases.takedowns.models import Event, Takedown
from cases.takedowns.states import ENDED, MAY_ASK_AGAIN, STATUS_OF, Outcome, Result, Source, Status
from cases.takedowns.timeline import line
from cases.takedowns.truths import TONES, truths
from helpline.accounts.models import Staff
from helpline.web.templatetags.web import TONES as KNOWN_TONES
from reports import actions as reports
from reports.actions import LinkFacts
from reports.models import Report
from reports.states import Circumstance
from tests.cases.takedowns.standing import standing
from tests.cast import NOON

OpenCase = Callable[..., Case]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("chatter")]
LATER = NOON + timedelta(hours=2)
REACHABLE = [status for status in Status if status != Status.TO_FILE]


@pytest.fixture(autouse=True)
def _english() -> object:
    with translation.override("en"):
        yield


def test_every_status_has_a_tone_and_stands_under_a_tab() -> None:
    assert set(TONES) == set(Status)
    assert set(TONES.values()) <= KNOWN_TONES
    shown = set().union(*(statuses for tab, (_label, statuses) in TABS.items() if tab != "all"))
    assert shown == set(Status) - ENDED - {Status.GONE}
    tabs = [statuses for tab, (_label, statuses) in TABS.items() if tab != "all"]
    assert sum(len(statuses) for statuses in tabs) == len(shown)  # under one tab only


@pytest.mark.parametrize("outcome", [one for one in Outcome if one in STATUS_OF])
@pytest.mark.parametrize("source", [Source.CALLBACK, Source.QUERY, Source.MAIL, Source.PERSON])
def test_a_platforms_word_is_its_own_by_whichever_door(source: Source, outcome: Outcome) -> None:
    """Given a refusal that came by mail, then it is the platform's, and not that the channel did not take the notice."""
    event = Event(source=source, what=outcome, at=NOON, recorded_at=NOON)
    assert line(event, platform="Chatter", box=None).text == f"Chatter: {outcome.label}"


@pytest.mark.parametrize("status", REACHABLE)
def test_each_stands_under_its_tab(status: Status, open_case: OpenCase, nour: Staff, sacha: Staff) -> None:
    takedown = standing(status, case=open_case(), by=nour, at=NOON)
    assert takedown.status == status

    tabs = [tab for tab in TABS if takedown in desk.under_tab(nour, tab)]

    expected = [tab for tab, (_label, statuses) in TABS.items() if status in statuses]
    assert tabs == expected
    assert (takedown in desk.needing_a_person(nour)) is any(tab in NEEDS_A_PERSON for tab in expected)
    assert not desk.under_tab(sacha, "all").exists()


def test_what_was_asked_again_or_closed_needs_nobody(open_case: OpenCase, nour: Staff) -> None:
    case = open_case()
    refused = standing(Status.REFUSED, case=case, by=nour, at=NOON)
    assert refused in desk.needing_a_person(nour)

    again = standing(Status.REFUSED, case=case, by=nour, at=LATER)
    assert list(desk.needing_a_person(nour)) == [again]

    casework.close_case(case=case, outcome=CaseOutcome.NOT_REMOVED, by=nour, at=LATER)
    assert not desk.needing_a_person(nour).exists()


@pytest.mark.parametrize(
    ("status", "sent", "transport", "platform", "observed"),
    [
        (Status.QUEUED, "go", "quiet", "quiet", "quiet"),
        (Status.SENDING, "go", "quiet", "quiet", "quiet"),
        (Status.UNKNOWN, "unknown", "unknown", "quiet", "quiet"),
        (Status.FAILED, "stop", "stop", "quiet", "quiet"),
        (Status.CANCELLED, "none", "quiet", "quiet", "quiet"),
        (Status.SENT, "good", "good", "quiet", "quiet"),
        (Status.UNDER_REVIEW, "good", "good", "go", "quiet"),
        (Status.REMOVED, "good", "good", "good", "quiet"),
        (Status.PARTLY_REMOVED, "good", "good", "wait", "quiet"),
        (Status.REFUSED, "good", "good", "stop", "quiet"),
        (Status.GONE, "good", "good", "quiet", "good"),
        (Status.REAPPEARED, "good", "good", "quiet", "stop"),
    ],
)
def test_the_four_truths_are_kept_apart(
    status: Status, sent: str, transport: str, platform: str, observed: str, open_case: OpenCase, nour: Staff
) -> None:
    found = truths(standing(status, case=open_case(), by=nour, at=NOON))
    tones = {name: truth.tone for name, truth in found.items()}
    assert tones == {"sent": sent, "transport": transport, "platform": platform, "observed": observed}
    assert all(truth.label for truth in found.values())


def test_said_removed_and_still_there_stand_side_by_side(open_case: OpenCase, nour: Staff) -> None:
    takedown = standing(Status.REMOVED, case=open_case(), by=nour, at=NOON)
    actions.record_outcome(
        takedown=takedown, outcome=Outcome.SEEN_THERE, source=Source.RECHECK, at=LATER, recorded_at=LATER
    )

    found = truths(takedown)

    assert (found["platform"].label, found["platform"].at) == ("Removed", NOON)
    assert (found["observed"].label, found["observed"].at) == ("Still there", LATER)


@pytest.mark.parametrize(
    ("source", "what", "detail", "said", "tone"),
    [
        (Source.PERSON, Status.QUEUED, {}, "Requested", "go"),
        (Source.PERSON, Status.TO_FILE, {}, "Requested, to be filed by hand", "wait"),
        (Source.WORKER, Status.SENT, {}, "Sent", "good"),
        (Source.PERSON, Status.SENT, {"filed_by_hand": True}, "Filed by hand", "good"),
        (Source.PERSON, Status.SENT, {"was_sent": True}, "Found to have arrived", "good"),
        (Source.QUERY, Status.QUEUED, {"was_sent": False}, "Found not to have arrived; sent again", "go"),
        (Source.WORKER, Result.REFUSED, {"why": "422"}, "The channel did not take the notice", "stop"),
        (Source.WORKER, Result.UNKNOWN, {}, "Perhaps received: no answer came back", "unknown"),
        (Source.CALLBACK, Outcome.REFUSED, {}, "Chatter: Refused", "stop"),
        (Source.PERSON, Outcome.REMOVED, {}, "Chatter: Removed", "good"),
        (Source.RECHECK, Outcome.SEEN_GONE, {}, "We looked: gone", "good"),
        (Source.RECHECK, Outcome.SEEN_THERE, {}, "We looked: still there", "wait"),
        (
            Source.RECHECK,
            "unclear",
            {"why": "refused: private"},
            "We may not look at this address",
            "unknown",
        ),
        (Source.WORKER, "new-one", {}, "new-one", "quiet"),
    ],
)
def test_an_event_is_a_sentence(
    source: Source, what: str, detail: dict[str, Any], said: str, tone: str
) -> None:
    event = Event(source=source, what=what, detail=detail, at=NOON)
    said_so = line(event, platform="Chatter", box=None)
    assert (said_so.text, said_so.tone) == (said, tone)
    assert said_so.detail == detail.get("why", "")
    assert said_so.who


def test_what_the_platform_wrote_is_opened_with_the_case(open_case: OpenCase, nour: Staff) -> None:
    case = open_case()
    takedown = standing(Status.SENT, case=case, by=nour, at=NOON)
    actions.record_outcome(
        takedown=takedown,
        outcome=Outcome.REFUSED,
        source=Source.PERSON,
        at=LATER,
        recorded_at=LATER,
        by=nour,
        words="Not against our rules.",
    )

    view = desk.view_of(takedown, events=takedown.events.all(), box=case.box())

    assert view.timeline[0].detail == "Not against our rules."  # the newest first
    assert view.timeline[0].who == "Nour"
    assert [one.at for one in view.timeline] == sorted((one.at for one in view.timeline), reverse=True)


# --- the links of a case ----------------------------------------------------------------------------------


def links(case: Case, by: Staff) -> list[desk.LinkView]:
    return desk.links_of(reading.read_case(case=case, by=by, at=LATER))


@pytest.mark.parametrize("status", REACHABLE)
def test_a_link_may_be_asked_for_again_when_nothing_is_under_way(
    status: Status, open_case: OpenCase, nour: Staff
) -> None:
    case = open_case()
    standing(status, case=case, by=nour, at=NOON)
    [one] = links(case, nour)
    assert one.may_ask is (status in MAY_ASK_AGAIN - {Status.GONE})


def test_the_latest_request_counts_and_the_earlier_ones_stay(open_case: OpenCase, nour: Staff) -> None:
    case = open_case()
    first = standing(Status.REFUSED, case=case, by=nour, at=NOON)
    second = standing(Status.SENT, case=case, by=nour, at=LATER)

    [one] = links(case, nour)

    assert one.now is not None
    assert one.now.takedown == second
    assert [view.takedown for view in one.earlier] == [first]


def test_a_withdrawn_link_and_a_closed_case_are_not_asked_for(open_case: OpenCase, nour: Staff) -> None:
    withdrawn, closed = open_case(), open_case()
    reports.withdraw(report=withdrawn.report, links=list(withdrawn.report.links.all()), at=NOON)
    casework.close_case(case=closed, outcome=CaseOutcome.ADVICE, by=nour, at=NOON)
    assert [links(case, nour)[0].may_ask for case in (withdrawn, closed)] == [False, False]


def test_there_is_text_to_paste_only_while_it_is_to_be_filed(
    open_case: OpenCase, nour: Staff, snaproom: object
) -> None:
    case = open_case(links=(LinkFacts(url="https://snaproom.example/p/1"),))
    takedown = standing(Status.TO_FILE, case=case, by=nour, at=NOON)

    [one] = links(case, nour)
    assert one.now is not None and one.now.paste is not None
    assert one.now.paste["urls"] == "https://snaproom.example/p/1"

    actions.mark_filed(takedown=takedown, reference="R-1", by=nour, at=LATER)
    [one] = links(case, nour)
    assert one.now is not None and one.now.paste is None


# --- what next --------------------------------------------------------------------------------------------


def steps(case: Case, by: Staff) -> list[str]:
    opened = reading.read_case(case=case, by=by, at=LATER)
    return [step.text for step in desk.next_steps(opened, desk.links_of(opened))]


def test_nothing_to_do_while_it_is_under_way(open_case: OpenCase, nour: Staff) -> None:
    case = open_case()
    standing(Status.SENT, case=case, by=nour, at=NOON)
    assert steps(case, nour) == []


def test_the_most_urgent_comes_first(
    tell: Callable[..., tuple[Report, str]], open_case: OpenCase, nour: Staff
) -> None:
    open_case()  # shares a link, so an incident is proposed
    report, code = tell(circumstances=(Circumstance.SELF_HARM,))
    case = casework.open_case(report=report, by=nour, at=NOON)
    reports.send_message(report=report, box=report.box_for_code(code), text="Hi", by=None, at=NOON)

    assert steps(case, nour) == [
        "A life may be at stake: make contact first.",
        "Read what the young person wrote, and answer.",
        "Ask for the removal of what nobody has asked for yet.",
        "Say whether this is the same matter as other cases.",
    ]
    assert IncidentMember.objects.count() == 2


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (Status.UNKNOWN, "Find out whether Chatter got the request."),
        (Status.FAILED, "The request to Chatter did not leave. Try again or cancel it."),
        (Status.REFUSED, "Chatter refused. Ask again with more, or close this way."),
        (Status.NOT_FOUND, "Chatter found nothing there. Check the address."),
        (Status.MORE_INFORMATION, "Chatter asks for more information."),
        (Status.REAPPEARED, "It came back on Chatter. Ask again."),
        (Status.GONE, "Everything was seen gone. Tell the young person, then close the case."),
    ],
)
def test_each_state_asks_for_its_own_step(
    status: Status, words: str, open_case: OpenCase, nour: Staff
) -> None:
    case = open_case()
    standing(status, case=case, by=nour, at=NOON)
    assert steps(case, nour) == [words]


def test_a_closed_or_erased_case_asks_for_nothing(open_case: OpenCase, nour: Staff) -> None:
    closed, erased = open_case(), open_case()
    casework.close_case(case=closed, outcome=CaseOutcome.ADVICE, by=nour, at=NOON)
    reports.erase_report(report=erased.report, by="young-person", at=NOON)
    assert steps(closed, nour) == steps(Case.objects.get(pk=erased.pk), nour) == []


def test_links_and_takedowns_cost_two_queries_more_however_many(open_case: OpenCase, nour: Staff) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    def cost(count: int, start: int) -> int:
        case = open_case(
            links=tuple(LinkFacts(url=f"https://chatter.example/p/{start + n}") for n in range(count))
        )
        for link in case.report.links.all():
            standing(Status.REMOVED, case=case, by=nour, at=NOON, link=link)
        opened = reading.read_case(case=case, by=nour, at=LATER)
        with CaptureQueriesContext(connection) as asked:
            assert len(desk.links_of(opened)) == count
        return len(asked)

    assert cost(2, 10) == cost(9, 100)
    assert Takedown.objects.count() == 11
