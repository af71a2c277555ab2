"""The takedown desk, one takedown, and asking for removals: every button, every role that matters."""

from collections.abc import Callable
from datetime import timedelta
from itertools import count
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from cases import actions as casework
from cases.models import Case
from cases.takedowns import actions
from cases.takedowns.models import Event, Takedown
from cases.takedowns.states import Source, Status
from cases.views import answers
from helpline.accounts.models import Staff
from helpline.audit.models import AuditRow
from helpline.platforms.models import Channel, Platform
from reports import actions as reports
from reports.actions import LinkFacts
from reports.models import Link
from tests.cases.takedowns.standing import standing
from tests.cast import NOON

OpenCase = Callable[..., Case]
Desk = Callable[[Staff], Client]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("chatter")]


@pytest.fixture
def other_site() -> Platform:
    """Where a link on a site that nobody knows is kept; nothing can be sent there."""
    return Platform.objects.get_or_create(
        is_other=True, defaults={"slug": "other", "name": "Any other site"}
    )[0]


@pytest.fixture
def stand(open_case: OpenCase, nour: Staff) -> Callable[..., Takedown]:
    """`stand(Status.REFUSED)`: a request of a case of Nour's that stands there."""

    numbers = count(1)

    def make(status: Status, **facts: Any) -> Takedown:
        # A link of its own: what two cases name is asked for once.
        facts.setdefault("links", (LinkFacts(url=f"https://chatter.example/p/{next(numbers)}"),))
        return standing(status, case=open_case(**facts), by=nour, at=NOON)

    return make


def address(takedown: Takedown, what: str = "") -> str:
    return f"/staff/takedowns/{takedown.pk}/{what}"


# --- the desk ---------------------------------------------------------------------------------------------


def test_the_desk_opens_where_there_is_work(stand: Callable[..., Takedown], desk: Desk, nour: Staff) -> None:
    client = desk(nour)
    assert client.get("/staff/takedowns/").context["tab"] == "progress"
    stand(Status.REFUSED)
    assert client.get("/staff/takedowns/").context["tab"] == "refused"
    stand(Status.UNKNOWN)
    answer = client.get("/staff/takedowns/")
    assert answer.context["tab"] == "unknown"
    places = {place["url"]: place["count"] for place in answer.context["rail"]()}
    assert places["/staff/takedowns/"] == "2"


@pytest.mark.parametrize(
    ("status", "tab", "words"),
    [
        (
            Status.UNKNOWN,
            "unknown",
            ["It arrived", "It did not arrive", "It goes out again, with the same number"],
        ),
        (Status.REFUSED, "refused", ["Chatter refused.", "Ask again"]),
        (Status.NOT_FOUND, "refused", ["found nothing at this address"]),
        (Status.MORE_INFORMATION, "more", ["asks for more", "Never send a picture."]),
        (Status.FAILED, "failed", ["Try again", "Cancel it", "Nothing leaves."]),
        (Status.REAPPEARED, "reappeared", ["it is there again", "Ask again"]),
        (Status.QUEUED, "progress", ["Cancel it", "Possible until it leaves."]),
    ],
)
def test_each_row_says_what_to_decide(
    status: Status, tab: str, words: list[str], stand: Callable[..., Takedown], desk: Desk, nour: Staff
) -> None:
    takedown = stand(status)
    page = desk(nour).get(f"/staff/takedowns/?tab={tab}").content.decode()
    assert takedown.case.ref in page
    for one in words:
        assert one in page, one


def test_a_list_opens_no_words_because_its_reading_is_not_recorded(
    open_case: OpenCase, snaproom: Platform, desk: Desk, nour: Staff
) -> None:
    case = open_case(links=(LinkFacts(url="https://snaproom.example/p/1"),))
    takedown = standing(Status.TO_FILE, case=case, by=nour, at=NOON)
    page = desk(nour).get("/staff/takedowns/").content.decode()
    assert "snaproom.example/p/1" not in page
    assert f'href="{address(takedown)}">The text to paste' in page
    assert "I have filed it" in page
    assert not AuditRow.objects.filter(verb="case.read").exists()


def test_an_empty_tab_says_so(desk: Desk, nour: Staff) -> None:
    client = desk(nour)
    for tab, words in (
        ("refused", "Nothing to decide here"),
        ("progress", "Nothing is under way"),
        ("all", "No request"),
    ):
        assert words in client.get(f"/staff/takedowns/?tab={tab}").content.decode()


def test_what_waits_longest_comes_first_and_the_rest_newest_first(
    open_case: OpenCase, desk: Desk, nour: Staff
) -> None:
    old = standing(Status.REFUSED, case=open_case(), by=nour, at=NOON)
    new = standing(Status.REFUSED, case=open_case(), by=nour, at=NOON + timedelta(hours=1))
    client = desk(nour)

    def rows(tab: str) -> list[Takedown]:
        return [view.takedown for view in client.get(f"/staff/takedowns/?tab={tab}").context["rows"]]

    assert rows("refused") == [old, new]
    assert rows("all") == [new, old]


def test_every_takedown_is_on_exactly_one_page(
    stand: Callable[..., Takedown], desk: Desk, nour: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = {stand(Status.REFUSED).pk for _ in range(5)}
    monkeypatch.setattr(answers, "PAGE", 2)
    for tab in ("refused", "all"):
        client, seen, url = desk(nour), [], f"/staff/takedowns/?tab={tab}"
        while url:
            page = client.get(url)
            assert page.context["tab"] == tab
            seen += [view.takedown.pk for view in page.context["rows"]]
            url = page.context["next_url"]
        assert (len(seen), set(seen)) == (5, made)
    assert desk(nour).get("/staff/takedowns/?tab=all&after=x").status_code == 404


@pytest.mark.parametrize("tab", ["refused", "progress", "all"])
def test_the_desk_costs_the_same_for_two_rows_and_for_ten(
    tab: str, stand: Callable[..., Takedown], desk: Desk, nour: Staff
) -> None:
    client = desk(nour)

    def cost() -> int:
        client.get("/staff/takedowns/")
        with CaptureQueriesContext(connection) as asked:
            client.get(f"/staff/takedowns/?tab={tab}")
        return len(asked)

    for status in (Status.REFUSED, Status.SENT):
        stand(status)
    few = cost()
    for _ in range(4):
        for status in (Status.REFUSED, Status.SENT):
            stand(status)
    assert cost() == few <= 7


@pytest.mark.parametrize("who", ["anouk", "theo"])
def test_no_desk_for_those_without_takedowns(
    who: str, stand: Callable[..., Takedown], desk: Desk, request: pytest.FixtureRequest
) -> None:
    takedown, client = stand(Status.UNKNOWN), desk(request.getfixturevalue(who))
    assert client.get("/staff/takedowns/").status_code == 403
    assert client.get(address(takedown)).status_code == 403
    assert client.post(address(takedown, "settle/"), {"was_sent": "yes"}).status_code == 403


# --- one takedown -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [status for status in Status if status != Status.TO_FILE])
def test_every_state_has_its_page(
    status: Status, stand: Callable[..., Takedown], desk: Desk, nour: Staff
) -> None:
    takedown = stand(status)
    page = desk(nour).get(address(takedown)).content.decode()
    assert "Four things that are not the same" in page
    assert str(Status(status).label) in page
    assert "https://chatter.example/p/1" in page
    assert 'href="https://chatter.example' not in page
    assert AuditRow.objects.filter(verb="case.read", object_id=str(takedown.case_id)).exists()


@pytest.mark.parametrize("what", ["", "filed/", "outcome/", "settle/", "cancel/", "retry/"])
def test_somebody_elses_looks_like_not_there(
    what: str, stand: Callable[..., Takedown], desk: Desk, sacha: Staff
) -> None:
    takedown, client = stand(Status.UNKNOWN), desk(sacha)
    events = Event.objects.count()

    def answer(pk: Any) -> Any:
        where = f"/staff/takedowns/{pk}/{what}"
        return (
            client.post(where, {"was_sent": "yes", "outcome-outcome": "removed"})
            if what
            else client.get(where)
        )

    theirs, nothing = answer(takedown.pk), answer(uuid4())
    assert theirs.status_code == nothing.status_code == 404
    assert theirs.content == nothing.content
    assert Event.objects.count() == events


def test_filing_by_hand(open_case: OpenCase, snaproom: Platform, desk: Desk, nour: Staff) -> None:
    case = open_case(links=(LinkFacts(url="https://snaproom.example/p/1"),))
    takedown = standing(Status.TO_FILE, case=case, by=nour, at=NOON)
    client = desk(nour)

    page = client.get(address(takedown)).content.decode()
    assert "http://127.0.0.1:9/forms/snaproom" in page
    assert 'data-copy="text-' in page
    assert "Notice of illegal content" in page

    answer = client.post(address(takedown, "filed/"), {"filed-reference": " R-77 "}, follow=True)
    takedown.refresh_from_db()
    assert (takedown.status, takedown.notice.reference) == (Status.SENT, "R-77")
    assert "Noted as sent." in answer.content.decode()
    assert "Filed by hand" in answer.content.decode()

    again = client.post(address(takedown, "filed/"), {"filed-reference": "R-78"}, follow=True)
    assert "it is “Sent” now" in again.content.decode()
    takedown.notice.refresh_from_db()
    assert takedown.notice.reference == "R-77"


def test_a_reference_that_is_too_long_is_kept_with_its_error(
    open_case: OpenCase, snaproom: Platform, desk: Desk, nour: Staff
) -> None:
    case = open_case(links=(LinkFacts(url="https://snaproom.example/p/1"),))
    takedown = standing(Status.TO_FILE, case=case, by=nour, at=NOON)
    answer = desk(nour).post(address(takedown, "filed/"), {"filed-reference": "x" * 201})
    assert answer.status_code == 422
    assert "x" * 201 in answer.content.decode()
    takedown.refresh_from_db()
    assert takedown.status == Status.TO_FILE


@pytest.mark.parametrize(
    ("was_sent", "after"), [("yes", Status.SENT), ("no", Status.QUEUED), ("", Status.QUEUED)]
)
def test_settling_the_unknown(
    was_sent: str, after: Status, stand: Callable[..., Takedown], desk: Desk, nour: Staff
) -> None:
    takedown, client = stand(Status.UNKNOWN), desk(nour)
    answer = client.post(
        address(takedown, "settle/"), {"was_sent": was_sent, "from": "desk", "tab": "unknown"}
    )
    takedown.refresh_from_db()
    assert takedown.status == after
    assert answer["Location"] == "/staff/takedowns/?tab=unknown"
    again = client.post(address(takedown, "settle/"), {"was_sent": was_sent}, follow=True)
    assert "Nothing was done twice." in again.content.decode()


def test_trying_again_and_cancelling(stand: Callable[..., Takedown], desk: Desk, nour: Staff) -> None:
    takedown, client = stand(Status.FAILED), desk(nour)

    client.post(address(takedown, "retry/"))
    takedown.refresh_from_db()
    assert takedown.status == Status.QUEUED
    answer = client.post(address(takedown, "cancel/"), {"from": "case"})
    takedown.refresh_from_db()
    assert takedown.status == Status.CANCELLED
    assert answer["Location"] == f"/staff/cases/{takedown.case.ref}/#takedown-{takedown.pk}"
    for what in ("retry/", "cancel/"):
        assert "Nothing was done twice." in client.post(address(takedown, what), follow=True).content.decode()


def test_what_was_asked_another_way_is_not_tried_again(
    stand: Callable[..., Takedown], desk: Desk, nour: Staff
) -> None:
    failed = stand(Status.FAILED)
    standing(Status.SENT, case=failed.case, by=nour, at=NOON + timedelta(hours=1))

    answer = desk(nour).post(address(failed, "retry/"), follow=True)

    assert "being asked for another way already" in answer.content.decode()
    failed.refresh_from_db()
    assert failed.status == Status.FAILED


def test_an_outcome_learned_by_hand(stand: Callable[..., Takedown], desk: Desk, nour: Staff) -> None:
    takedown = stand(Status.SENT)

    answer = desk(nour).post(
        address(takedown, "outcome/"),
        {
            "outcome-outcome": "refused",
            "outcome-at": "2026-03-02T14:30",
            "outcome-words": "Not against our rules.",
            "outcome-redress_until": "2026-09-02",
        },
        follow=True,
    )

    takedown.refresh_from_db()
    event = takedown.events.get(what="refused")
    assert takedown.status == Status.REFUSED
    assert (event.source, event.by, event.at) == (Source.PERSON, nour, NOON + timedelta(hours=1, minutes=30))
    assert str(takedown.redress_until) == "2026-09-02"
    assert "Not against our rules." in answer.content.decode()


def test_without_a_time_it_was_now(stand: Callable[..., Takedown], desk: Desk, nour: Staff) -> None:
    takedown = stand(Status.SENT)
    desk(nour).post(address(takedown, "outcome/"), {"outcome-outcome": "removed"})
    takedown.refresh_from_db()
    assert takedown.status == Status.REMOVED
    assert takedown.platform_at is not None
    assert abs(takedown.platform_at - timezone.now()) < timedelta(minutes=1)


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({}, "This field is required."),
        ({"outcome-outcome": "nonsense"}, "not one of the available choices"),
        ({"outcome-outcome": "removed", "outcome-at": "2999-01-01T00:00"}, "This moment is still to come."),
        ({"outcome-outcome": "removed", "outcome-at": "yesterday"}, "Enter a valid date/time."),
        (
            {"outcome-outcome": "removed", "outcome-redress_until": "2026-09-02"},
            "Only a refusal has a time for complaints.",
        ),
        ({"outcome-outcome": "removed", "outcome-words": "x" * 4001}, "at most 4000 characters"),
    ],
)
def test_an_outcome_that_cannot_be_taken_is_kept_with_its_error(
    typed: dict[str, str], said: str, stand: Callable[..., Takedown], desk: Desk, nour: Staff
) -> None:
    takedown = stand(Status.SENT)
    answer = desk(nour).post(address(takedown, "outcome/"), typed)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert said in page
    assert typed.get("outcome-words", "") in page
    takedown.refresh_from_db()
    assert takedown.status == Status.SENT


@pytest.mark.parametrize("status", [Status.QUEUED, Status.FAILED, Status.CANCELLED])
def test_what_never_left_has_no_outcome(
    status: Status, stand: Callable[..., Takedown], desk: Desk, nour: Staff
) -> None:
    takedown = stand(status)
    answer = desk(nour).post(address(takedown, "outcome/"), {"outcome-outcome": "removed"})
    assert answer.status_code == 422
    assert "It has not left yet" in answer.content.decode()
    takedown.refresh_from_db()
    assert (takedown.status, takedown.platform_says) == (status, "")


@pytest.mark.parametrize("swept", [False, True])
def test_an_erased_one_still_has_its_page(
    swept: bool, stand: Callable[..., Takedown], desk: Desk, nour: Staff
) -> None:
    takedown = stand(Status.SENT)
    reports.erase_report(report=takedown.case.report, by="young-person", at=NOON)
    if swept:
        casework.follow_erasures(at=NOON)
        actions.follow_withdrawals(at=NOON)
    page = desk(nour).get(address(takedown)).content.decode()
    assert "This report was erased" in page
    assert "chatter.example" not in page
    assert desk(nour).get("/staff/takedowns/?tab=all").status_code == 200


# --- asking -----------------------------------------------------------------------------------------------


def test_what_leaves_is_shown_and_then_sent(
    open_case: OpenCase, snaproom: Platform, desk: Desk, nour: Staff
) -> None:
    case = open_case(
        links=(LinkFacts(url="https://chatter.example/p/1"), LinkFacts(url="https://snaproom.example/p/2"))
    )
    client, ask = desk(nour), f"/staff/cases/{case.ref}/takedowns/"

    page = client.get(ask).content.decode()
    assert "Chatter" in page and "Snaproom" in page
    assert "Notice of illegal content" in page
    assert "Ask for the removal of 2 links" in page
    assert not Takedown.objects.exists()

    answer = client.post(ask, {"link": [str(link.pk) for link in case.report.links.all()]}, follow=True)
    assert answer.redirect_chain == [(f"/staff/cases/{case.ref}/#links", 302)]
    assert "1 request leaves now. 1 is to be filed by hand." in answer.content.decode()
    assert set(Takedown.objects.values_list("status", flat=True)) == {Status.QUEUED, Status.TO_FILE}


def test_pressing_twice_sends_once(open_case: OpenCase, desk: Desk, nour: Staff) -> None:
    case = open_case()
    client, ask = desk(nour), f"/staff/cases/{case.ref}/takedowns/"
    typed = {"link": [str(link.pk) for link in case.report.links.all()]}

    client.post(ask, typed)
    again = client.post(ask, typed)

    assert Takedown.objects.count() == 1
    assert "Nothing to ask for" in again.content.decode()


def test_two_colleagues_at_once_send_once(
    open_case: OpenCase, desk: Desk, nour: Staff, maud: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    from cases.takedowns import views

    case = open_case()
    links = list(case.report.links.select_related("platform"))
    actions.request_takedown(case=case, links=links, by=maud, at=NOON)
    # Nour's page was opened before: to it the link still looks free.
    monkeypatch.setattr(views, "_askable", lambda case, chosen: links)

    answer = desk(nour).post(f"/staff/cases/{case.ref}/takedowns/", {"link": [str(links[0].pk)]}, follow=True)

    assert "asked for a moment ago" in answer.content.decode()
    assert Takedown.objects.count() == 1


def test_all_means_what_nobody_asked_for_and_one_can_be_asked_again(
    open_case: OpenCase, desk: Desk, nour: Staff
) -> None:
    case = open_case(links=tuple(LinkFacts(url=f"https://chatter.example/p/{n}") for n in (1, 2)))
    first, second = case.report.links.order_by("position")
    standing(Status.REFUSED, case=case, by=nour, at=NOON, link=first)
    client, ask = desk(nour), f"/staff/cases/{case.ref}/takedowns/"

    def shown(query: str) -> list[Link]:
        return [link for draft in client.get(ask + query).context["drafts"] for link in draft.links]

    assert shown("") == [second]
    assert shown(f"?link={first.pk}") == [first]
    assert shown("?link=nonsense") == []
    client.post(ask, {"link": str(first.pk)})
    assert Takedown.objects.filter(link=first).count() == 2


def test_another_cases_link_is_not_asked_for(
    open_case: OpenCase, desk: Desk, nour: Staff, sacha: Staff
) -> None:
    mine, theirs = open_case(), open_case(by=sacha)
    link = theirs.report.links.get()
    desk(nour).post(f"/staff/cases/{mine.ref}/takedowns/", {"link": str(link.pk)})
    assert not Takedown.objects.exists()
    client = desk(nour)
    assert client.get(f"/staff/cases/{theirs.ref}/takedowns/").status_code == 404
    assert client.post(f"/staff/cases/{theirs.ref}/takedowns/", {"link": str(link.pk)}).status_code == 404


def test_without_a_channel_it_says_who_has_to_act(open_case: OpenCase, desk: Desk, nour: Staff) -> None:
    case = open_case()
    Channel.objects.update(enabled=False)
    client, ask = desk(nour), f"/staff/cases/{case.ref}/takedowns/"

    page = client.get(ask).content.decode()
    assert "Chatter can’t be reached yet" in page
    assert "Send the request" not in page
    answer = client.post(ask, {"link": str(case.report.links.get().pk)})
    assert answer.status_code == 422
    assert not Takedown.objects.exists()


def test_a_weak_notice_does_not_leave_and_says_how_to_mend_it(
    open_case: OpenCase, desk: Desk, nour: Staff
) -> None:
    case = open_case(links=(LinkFacts(account="mean", platform="chatter"),))
    Link.objects.update(kind="post")
    client, ask = desk(nour), f"/staff/cases/{case.ref}/takedowns/"

    page = client.get(ask).content.decode()
    assert "This would not hold" in page
    assert "Add the address of the post or of the profile page." in page
    assert client.post(ask, {"link": str(case.report.links.get().pk)}).status_code == 422
    assert not Takedown.objects.exists()


def test_nothing_is_asked_for_an_erased_report(open_case: OpenCase, desk: Desk, nour: Staff) -> None:
    case = open_case()
    reports.erase_report(report=case.report, by="young-person", at=NOON)
    casework.follow_erasures(at=NOON)
    client, ask = desk(nour), f"/staff/cases/{case.ref}/takedowns/"
    for answer in (client.get(ask, follow=True), client.post(ask, {"link": "x"}, follow=True)):
        assert answer.status_code == 200
        assert "Ask for its removal" not in answer.content.decode()
    assert not Takedown.objects.exists()


def test_what_may_leave_leaves_and_the_rest_stays_behind_in_words(
    open_case: OpenCase, other_site: Platform, desk: Desk, nour: Staff
) -> None:
    case = open_case(
        links=(
            LinkFacts(url="https://chatter.example/p/1"),
            LinkFacts(url="https://chatter.example/p/2"),
            LinkFacts(url="https://unknown-site.example/x"),
        )
    )
    client, ask = desk(nour), f"/staff/cases/{case.ref}/takedowns/"

    page = client.get(ask).content.decode()
    assert "Ask for the removal of 2 links" in page
    assert "1 link stays behind." in page
    assert f"{other_site.name} · unknown-site.example</b> <span>No channel yet." in page

    good, bad = case.report.links.exclude(platform=other_site), case.report.links.get(platform=other_site)
    typed = {"link": [str(link.pk) for link in good], "staying": str(bad.pk)}
    answer = client.post(ask, typed, follow=True)

    said = answer.content.decode()
    assert "2 requests leave now. 1 link stays behind." in said
    assert f"{other_site.name} · unknown-site.example" in said  # on the case page too
    assert set(Takedown.objects.values_list("link", flat=True)) == {link.pk for link in good}


def test_what_was_shown_as_staying_does_not_leave_unseen(
    open_case: OpenCase, desk: Desk, nour: Staff
) -> None:
    case = open_case()  # its channel came into use after the page was shown
    typed = {"staying": str(case.report.links.get().pk)}
    answer = desk(nour).post(f"/staff/cases/{case.ref}/takedowns/", typed)
    assert answer.status_code == 422
    assert "Send the request" in answer.content.decode()
    assert not Takedown.objects.exists()


def test_the_row_to_file_leads_to_the_text_and_to_the_form(
    open_case: OpenCase, snaproom: Platform, desk: Desk, nour: Staff
) -> None:
    case = open_case(links=(LinkFacts(url="https://snaproom.example/p/1"),))
    takedown = standing(Status.TO_FILE, case=case, by=nour, at=NOON)
    page = desk(nour).get("/staff/takedowns/?tab=to-file").content.decode()
    assert f'class="button plain small" href="{address(takedown)}">The text to paste' in page
    assert f'href="{takedown.notice.channel.address}"' in page
    assert 'title="Platform says: ' in page
