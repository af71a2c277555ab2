"""One link that harms several people is asked for once, answers to each, and goes on when one of them withdraws."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client

from cases import actions as casework
from cases.incidents import actions as incidents
from cases.letters import actions as letters
from cases.letters.states import GivenBy, GivenHow
from cases.models import Case
from cases.takedowns import actions, connectors, dispatch, notices, together
from cases.takedowns.connectors import Sent
from cases.takedowns.models import Event, Notice, Takedown
from cases.takedowns.states import Outcome, Result, Source, Status
from helpline.accounts.models import Staff
from helpline.audit.models import AuditRow
from helpline.platforms.models import Channel, Platform
from reports import actions as reports
from reports.actions import FingerprintFacts, LinkFacts
from reports.models import Update
from reports.states import AgeRange, LinkStatus
from tests.at_once import at_once
from tests.cast import NOON

OpenCase = Callable[..., Case]
pytestmark = pytest.mark.django_db
WALL = LinkFacts(url="https://chatter.example/p/wall")


def own(number: int) -> LinkFacts:
    return LinkFacts(url=f"https://chatter.example/p/own{number}")


@pytest.fixture
def cases(open_case: OpenCase, chatter: Platform) -> list[Case]:
    """Three cases: all name the wall, each a link of its own."""
    Channel.objects.filter(platform=chatter).update(max_items=50)
    return [open_case(links=(WALL, own(number))) for number in range(3)]


def ask(cases: list[Case], *, by: Staff) -> together.Asked:
    links = together.askable(cases)
    return together.request_for_all(cases=cases, links=links, channel=None, by=by, at=NOON)


def urls_of(notice: Notice) -> list[str]:
    return sorted(item.url for item in notices.content_of(notice).items)


def leave() -> None:
    """As the worker does, without a platform."""
    claims = dispatch.claim(dispatch.routes(["http_api", "email"], now=NOON), limit=10, now=NOON)
    dispatch.finish([(claim, Sent(Result.ACCEPTED)) for claim in claims], now=NOON)


def statuses(url_index_of: Case) -> list[str]:
    wall = url_index_of.report.links.order_by("position")[0]
    rows = Takedown.objects.filter(link__url_index=wall.url_index)
    return sorted(rows.values_list("status", flat=True))


def test_one_notice_one_item_for_what_all_name(cases: list[Case], nour: Staff) -> None:
    asked = ask(cases, by=nour)
    notice = Notice.objects.get()
    assert urls_of(notice) == sorted([WALL.url, own(0).url, own(1).url, own(2).url])
    assert len(asked.made) == 6
    assert len({row.item_id for row in asked.made}) == 4
    for case in cases:
        assert case.events.filter(what="requested").count() == 1
        assert set(case.report.links.values_list("status", flat=True)) == {LinkStatus.IN_PROGRESS}


def test_a_second_click_asks_for_nothing(cases: list[Case], nour: Staff) -> None:
    ask(cases, by=nour)
    assert ask(cases, by=nour) == together.Asked([], [])
    assert Notice.objects.count() == 1


def test_as_many_notices_as_the_channel_needs(cases: list[Case], nour: Staff, chatter: Platform) -> None:
    Channel.objects.filter(platform=chatter).update(max_items=3)
    ask(cases, by=nour)
    assert sorted(len(urls_of(notice)) for notice in Notice.objects.all()) == [1, 3]


def test_adults_and_minors_are_not_in_one_notice(cases: list[Case], open_case: OpenCase, nour: Staff) -> None:
    grown = open_case(links=(WALL, own(9)), age_range=AgeRange.ADULT)
    ask([*cases, grown], by=nour)
    said = {content.depicts_minor: content for content in map(notices.content_of, Notice.objects.all())}
    assert [item.url for item in said[False].items] == [own(9).url]
    # What a minor names, too, is asked for as theirs.
    assert WALL.url in {item.url for item in said[True].items}


def test_what_is_filed_by_hand_is_a_notice_for_each_content(
    open_case: OpenCase, snaproom: Platform, nour: Staff
) -> None:
    Channel.objects.filter(platform=snaproom).update(max_items=50)
    same = LinkFacts(url="https://snaproom.example/p/1")
    mine = [open_case(links=(same, LinkFacts(url=f"https://snaproom.example/p/own{n}"))) for n in range(2)]
    asked = ask(mine, by=nour)
    assert {row.status for row in asked.made} == {Status.TO_FILE}
    assert sorted(len(urls_of(notice)) for notice in Notice.objects.all()) == [1, 1, 1]
    shared = next(row for row in asked.made if Takedown.objects.filter(item_id=row.item_id).count() == 2)
    paste = connectors.text_to_paste(shared.notice)
    assert "own0" not in str(paste) and "own1" not in str(paste)
    actions.mark_filed(takedown=shared, reference="S-1", by=nour, at=NOON)
    assert set(Takedown.objects.filter(item_id=shared.item_id).values_list("status", flat=True)) == {"sent"}


def test_an_answer_is_told_to_each(cases: list[Case], nour: Staff, sacha: Staff) -> None:
    ask(cases, by=nour)
    leave()
    [row, *_rest] = Takedown.objects.filter(link__in=cases[0].report.links.order_by("position")[:1])
    args: dict[str, Any] = {
        "outcome": Outcome.REMOVED,
        "source": Source.CALLBACK,
        "at": NOON,
        "recorded_at": NOON,
    }
    for _ in range(2):
        actions.record_outcome(takedown=row, event_key="chatter:1", words="gone it is", **args)
    assert statuses(cases[0]) == ["removed"] * 3
    told = Event.objects.filter(what="removed")
    assert told.count() == 3
    # Each reads it under their own key.
    for event in told.select_related("takedown__case"):
        assert event.takedown.case.box().open(event, "words") == "gone it is"
    for case in cases:
        assert (
            case.report.updates.filter(what="said-removed").count()
            + case.report.updates.filter(what="said_removed").count()
            == 1
        )
        assert Takedown.objects.get(link=case.report.links.order_by("position")[1]).status == Status.SENT


def test_what_a_colleague_heard_of_one_stays_in_their_case(
    cases: list[Case], nour: Staff, sacha: Staff, open_case: OpenCase, maud: Staff
) -> None:
    """The answer holds for all; the words may name one of them, and would outlive the erasure of their report."""
    theirs = open_case(links=(WALL,), by=sacha)
    ask([*cases, theirs], by=maud)
    leave()
    wall = cases[0].report.links.order_by("position")[0]
    actions.record_outcome(
        takedown=Takedown.objects.get(link=wall),
        outcome=Outcome.REFUSED,
        source=Source.PERSON,
        at=NOON,
        recorded_at=NOON,
        by=nour,
        words="Her mother phoned",
    )
    told = Event.objects.filter(what="refused")
    assert told.filter(takedown__case=cases[0]).exclude(words=None).count() == 1
    # Whoever works on the others' cases reads who recorded it, and nothing of what was said.
    assert set(told.exclude(takedown__case=cases[0]).values_list("by__username", "words")) == {("nour", None)}
    assert told.filter(takedown__case=theirs).exists()
    assert AuditRow.objects.filter(verb="takedown.refused", actor=f"staff:{nour.pk}").count() == 4


def test_what_was_filed_for_two_is_told_to_each_of_them(
    tell: Callable[..., Any], snaproom: Platform, nour: Staff
) -> None:
    same = LinkFacts(url="https://snaproom.example/p/1")
    told = [tell(links=(same,)) for _ in range(2)]
    mine = [casework.open_case(report=report, by=nour, at=NOON) for report, _code in told]
    ask(mine, by=nour)
    actions.mark_filed(takedown=Takedown.objects.get(case=mine[0]), reference="S-1", by=nour, at=NOON)
    for _report, code in told:
        seen = Client().get("/api/v1/follow/", headers={"Receipt-Code": code}).json()
        assert [step["what"] for step in seen["links"][0]["history"]].count("sent") == 1
    links = set(Update.objects.filter(what="sent").values_list("report", "link__report"))
    assert links == {(report.pk, report.pk) for report, _code in told}


def test_one_withdraws_and_the_others_go_on(cases: list[Case], nour: Staff) -> None:
    ask(cases, by=nour)
    first = cases[0].report
    reports.withdraw(report=first, links=first.links.all(), at=NOON)
    actions.follow_withdrawals(at=NOON)
    claims = dispatch.claim(dispatch.routes(["http_api"], now=NOON), limit=10, now=NOON)
    assert sorted(item.url for item in claims[0].content.items) == sorted([WALL.url, own(1).url, own(2).url])
    assert statuses(cases[0]) == ["sending", "sending", "withdrawn"]


def test_all_withdraw_and_nothing_leaves(cases: list[Case], nour: Staff) -> None:
    ask(cases, by=nour)
    for case in cases:
        reports.withdraw(report=case.report, links=case.report.links.all(), at=NOON)
    actions.follow_withdrawals(at=NOON)
    assert dispatch.claim(dispatch.routes(["http_api"], now=NOON), limit=10, now=NOON) == []
    assert Notice.objects.get().due_at is None


def test_one_erases_and_only_their_part_of_the_notice_goes(
    open_case: OpenCase, chatter: Platform, nour: Staff
) -> None:
    Channel.objects.filter(platform=chatter).update(max_items=50)
    prints = [FingerprintFacts(algorithm="sha256", value=f"{n}" * 64) for n in range(2)]
    cases = [open_case(links=(WALL, own(n)), fingerprints=(prints[n],)) for n in range(2)]
    ask(cases, by=nour)
    reports.erase_report(report=cases[0].report, by="young-person", at=NOON)
    for _ in range(2):
        actions.follow_withdrawals(at=NOON)
    notice = Notice.objects.get()
    content = notices.content_of(notice)
    assert urls_of(notice) == sorted([WALL.url, own(1).url])
    assert prints[0].value not in notices.to_json(content)
    leave()
    assert sorted(Takedown.objects.values_list("status", flat=True)) == [
        "sent",
        "sent",
        "withdrawn",
        "withdrawn",
    ]
    reports.erase_report(report=cases[1].report, by="young-person", at=NOON)
    actions.follow_withdrawals(at=NOON)
    assert Notice.objects.get().key is None


@pytest.mark.parametrize("sent", [False, True])
def test_who_comes_later_shares_the_request_that_is_there(
    cases: list[Case], open_case: OpenCase, nour: Staff, sent: bool
) -> None:
    """Also one that was asked from a case's own page."""
    link = cases[0].report.links.order_by("position")[0]
    [alone] = actions.request_takedown(case=cases[0], links=[link], by=nour, at=NOON)
    if sent:
        leave()
    asked = ask(cases[1:], by=nour)
    assert len(asked.shared) == 2
    assert Notice.objects.count() == 2  # the first, and one for what each has of their own
    if not sent:
        leave()
    alone.refresh_from_db()
    actions.record_outcome(
        takedown=alone, outcome=Outcome.REFUSED, source=Source.PERSON, at=NOON, recorded_at=NOON, by=nour
    )
    assert statuses(cases[0]) == ["refused"] * 3
    for case in cases[1:]:
        wall = case.report.links.order_by("position")[0]
        assert wall.status == LinkStatus.REFUSED
        assert "sent" in case.report.updates.filter(link=wall).values_list("what", flat=True)


def test_nobody_asks_for_a_case_of_others(
    cases: list[Case], open_case: OpenCase, nour: Staff, sacha: Staff
) -> None:
    theirs = open_case(links=(WALL,), by=sacha)
    with pytest.raises(PermissionDenied):
        ask([*cases, theirs], by=nour)
    assert not Notice.objects.exists()


def test_without_a_channel_nothing_is_written(cases: list[Case], nour: Staff, chatter: Platform) -> None:
    Channel.objects.update(enabled=False)
    with pytest.raises(actions.NoChannel):
        ask(cases, by=nour)
    assert not Takedown.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_two_who_ask_at_once_ask_once(cases: list[Case], nour: Staff, maud: Staff) -> None:
    at_once(lambda: ask(cases[:2], by=nour), lambda: ask(cases[1:], by=maud))
    assert Takedown.objects.count() == 6
    items = [item.url for notice in Notice.objects.all() for item in notices.content_of(notice).items]
    assert items.count(WALL.url) == 1


def test_the_preview_is_what_leaves(cases: list[Case], nour: Staff) -> None:
    links = together.askable(cases)
    draft = together.draft(found=together.contents(links, cases), by=nour, at=NOON)
    assert draft is not None and draft.may_leave
    [(_subject, text)] = draft.letters
    for url in (WALL.url, own(0).url, own(2).url):
        assert text.count(url) == 1
    assert not Notice.objects.exists()


def test_what_is_added_goes_into_each_notice_and_is_read_for_all(cases: list[Case], nour: Staff) -> None:
    found = together.contents(together.askable(cases), cases)
    draft = together.draft(found=found, facts="At 0:42.", by=nour, at=NOON)
    assert draft is not None and draft.may_leave
    assert all("At 0:42." in said for _subject, said in draft.letters)
    reference = cases[1].ref
    stopped = together.draft(found=found, facts=f"Case {reference}.", by=nour, at=NOON)
    assert stopped is not None and not stopped.may_leave
    assert [one.code for one in stopped.findings] == ["facts_reference"]
    with pytest.raises(actions.WeakNotice):
        together.request_for_all(
            cases=cases, links=draft.links, channel=None, facts=stopped.facts, by=nour, at=NOON
        )
    assert not Notice.objects.exists()
    together.request_for_all(
        cases=cases, links=draft.links, channel=None, facts=draft.facts, by=nour, at=NOON
    )
    assert {notices.content_of(one).facts for one in Notice.objects.all()} == {"At 0:42."}


def test_what_leads_to_somebody_of_a_colleagues_case_is_said_without_what(
    open_case: OpenCase, chatter: Platform, nour: Staff, sacha: Staff
) -> None:
    """Asking is for those who work on all of them; a look must tell nothing either."""
    mine, theirs = open_case(), open_case(by=sacha, answers={"handle": "river.kid"})
    found = together.contents(together.askable([mine, theirs]), [mine, theirs])
    typed = "Look at River Kid’s wall."
    seen = {staff: together.draft(found=found, facts=typed, by=staff, at=NOON) for staff in (nour, sacha)}
    assert {
        staff.username: [one.code for one in draft.findings] for staff, draft in seen.items() if draft
    } == {"nour": ["elsewhere"], "sacha": ["facts_name"]}


# --- under which law


@pytest.fixture
def any_law(chatter: Platform) -> None:
    """Its channel takes notices under whichever."""
    Channel.objects.filter(platform=chatter).update(regimes=[])


@pytest.mark.usefixtures("any_law")
def test_the_law_that_is_chosen_is_the_law_of_each_notice(cases: list[Case], nour: Staff) -> None:
    found = together.contents(together.askable(cases), cases)
    usual = together.draft(found=found, by=nour, at=NOON)
    assert usual is not None and usual.law is not None and usual.law.code == "eu-dsa-16"
    draft = together.draft(found=found, law="fr-lcen", by=nour, at=NOON)
    assert draft is not None and draft.law is not None and draft.may_leave
    assert (draft.law.code, list(draft.regimes)) == ("fr-lcen", ["fr-lcen"])
    together.request_for_all(
        cases=cases, links=draft.links, channel=draft.chosen, regimes=draft.regimes, by=nour, at=NOON
    )
    assert [one.regimes for one in Notice.objects.all()] == [["fr-lcen"]]


def test_a_law_that_the_channel_does_not_take_gives_way_to_its_usual_one(
    cases: list[Case], nour: Staff, chatter: Platform
) -> None:
    Channel.objects.filter(platform=chatter).update(regimes=["eu-dsa-16"])
    draft = together.draft(
        found=together.contents(together.askable(cases), cases), law="fr-lcen", by=nour, at=NOON
    )
    assert draft is not None and draft.law is None and list(draft.regimes) == ["eu-dsa-16"]


@pytest.mark.usefixtures("any_law")
def test_what_is_to_be_signed_waits_for_all_of_them(cases: list[Case], nour: Staff) -> None:
    found = together.contents(together.askable(cases), cases)
    letters.record_mandate(
        case=cases[0],
        given_by=GivenBy.PARENT,
        given_how=GivenHow.ALOUD,
        given_on=NOON.date(),
        words="",
        by=nour,
        at=NOON,
    )
    draft = together.draft(found=found, law="us-take-it-down", by=nour, at=NOON)
    assert draft is not None and not draft.may_leave
    assert [one.code for one in draft.findings] == ["no_signature"]
    assert [case.pk for case in draft.unsigned] == [case.pk for case in cases[1:]]
    with pytest.raises(actions.WeakNotice):
        together.request_for_all(
            cases=cases, links=draft.links, channel=draft.chosen, regimes=draft.regimes, by=nour, at=NOON
        )
    assert not Notice.objects.exists()


@pytest.mark.usefixtures("any_law")
def test_the_choice_stands_when_the_page_comes_back(
    cases: list[Case], nour: Staff, log_in: Callable[[Staff], Client]
) -> None:
    incident = incidents.open_incident(cases=cases, title="", by=nour, at=NOON)
    client, address = log_in(nour), f"/staff/incidents/{incident.ref}/ask/chatter/"
    said = {"link": [str(link.pk) for link in client.get(address).context["draft"].links]}
    chosen = {"law-chatter": "us-take-it-down"}
    looked = client.post(address, said | chosen | {"look": "law"})
    assert looked.status_code == 200
    refused = client.post(address, said | chosen)
    assert refused.status_code == 422
    for page in (looked, refused):
        text = page.content.decode()
        assert 'value="us-take-it-down" checked' in text
        assert all(f"/staff/cases/{case.ref}/#mandate" in text for case in cases)
    client.post(address, said | {"law-chatter": "fr-lcen"})
    assert {tuple(one.regimes) for one in Notice.objects.all()} == {("fr-lcen",)}


def test_the_page_asks_as_often_for_three_cases_as_for_six(
    open_case: OpenCase, chatter: Platform, nour: Staff, django_assert_max_num_queries: Any
) -> None:
    def look(count: int) -> None:
        some = everyone[:count]
        found = together.contents(together.askable(some), some)
        assert together.draft(found=found, law="us-take-it-down", by=nour, at=NOON) is not None

    Channel.objects.filter(platform=chatter).update(max_items=50, regimes=[])
    opened = [open_case(links=(WALL,)) for _number in range(6)]
    rows = Case.objects.filter(pk__in=[case.pk for case in opened]).select_related("report")
    everyone = list(rows.prefetch_related("report__fingerprints"))
    with django_assert_max_num_queries(40) as few:
        look(3)
    with django_assert_max_num_queries(len(few)):
        look(6)
