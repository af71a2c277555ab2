"""Incidents: seen by whoever has a case in them, decided case by case, never showing one case to another."""

from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from cases import actions
from cases.incidents import actions as incidents
from cases.incidents import school, worksheet
from cases.incidents.desk import shown as code_of
from cases.models import Case, Incident, IncidentMember
from cases.states import MemberState
from helpline.accounts.models import Staff
from helpline.audit.models import AuditRow
from reports import actions as reports
from reports.actions import FingerprintFacts, LinkFacts
from tests.cast import NOON

OpenCase = Callable[..., Case]
Desk = Callable[[Staff], Client]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("chatter")]


def alike(open_case: OpenCase, *by: Staff) -> list[Case]:
    return [open_case(by=one) for one in by]


def test_the_list_shows_incidents_of_my_cases(
    open_case: OpenCase, desk: Desk, nour: Staff, sacha: Staff
) -> None:
    alike(open_case, nour, nour, nour)
    incident = Incident.objects.get()

    rows = desk(nour).get("/staff/incidents/").context["rows"]

    assert [(one, one.proposed, one.joined, title) for one, title in rows] == [(incident, 3, 0, "")]
    assert desk(sacha).get("/staff/incidents/").context["rows"] == []
    assert "No incident" in desk(sacha).get("/staff/incidents/").content.decode()


def test_the_page_shows_my_cases_by_name_and_others_without(
    open_case: OpenCase, desk: Desk, nour: Staff, sacha: Staff
) -> None:
    mine, theirs = alike(open_case, nour, sacha)
    actions.set_handle(case=mine, text="L.", by=nour, at=NOON)
    actions.set_handle(case=theirs, text="secret name", by=sacha, at=NOON)
    incident = Incident.objects.get()

    page = desk(nour).get(f"/staff/incidents/{incident.ref}/").content.decode()

    assert "L." in page
    assert "The same link" in page
    assert "1 case of colleagues is proposed, too" in page
    assert "secret name" not in page
    assert theirs.ref not in page


def test_an_incident_without_a_case_of_mine_looks_like_not_there(
    open_case: OpenCase, desk: Desk, nour: Staff, sacha: Staff
) -> None:
    alike(open_case, nour, nour)
    incident, client = Incident.objects.get(), desk(sacha)
    theirs, nothing = (client.get(f"/staff/incidents/{ref}/") for ref in (incident.ref, "ZZZZZZZZ"))
    assert theirs.status_code == nothing.status_code == 404
    assert theirs.content == nothing.content
    assert client.post(f"/staff/incidents/{incident.ref}/title/", {"title-text": "x"}).status_code == 404


def test_join_not_the_same_and_back_again(open_case: OpenCase, desk: Desk, nour: Staff) -> None:
    case, _other = alike(open_case, nour, nour)
    member = IncidentMember.objects.get(case=case)
    address = f"/staff/incidents/{member.incident.ref}/members/{member.pk}/"
    client = desk(nour)

    answer = client.post(address, {"joined": "yes"}, follow=True)
    assert answer.redirect_chain == [(f"/staff/cases/{case.ref}/#incident", 302)]
    assert "Undo: not the same" in answer.content.decode()

    answer = client.post(address, {"joined": "no"}, follow=True)
    assert "Undo: it is the same" in answer.content.decode()

    answer = client.post(address, {"joined": "yes", "from": "incident"}, follow=True)
    assert answer.redirect_chain == [(f"/staff/incidents/{member.incident.ref}/", 302)]
    member.refresh_from_db()
    assert member.state == MemberState.JOINED


def test_deciding_on_the_incident_page_opens_no_case(open_case: OpenCase, desk: Desk, nour: Staff) -> None:
    first, last = alike(open_case, nour, nour)
    incident = Incident.objects.get()
    client = desk(nour)

    def take_out(case: Case) -> list[tuple[str, int]]:
        member = IncidentMember.objects.get(case=case)
        address = f"/staff/incidents/{incident.ref}/members/{member.pk}/"
        redirects: list[tuple[str, int]] = client.post(
            address, {"joined": "no", "from": "incident"}, follow=True
        ).redirect_chain
        return redirects

    assert take_out(first) == [(f"/staff/incidents/{incident.ref}/", 302)]
    # Without a case of hers left in it, the incident is not hers to see.
    assert take_out(last) == [("/staff/incidents/", 302)]
    assert not AuditRow.objects.filter(verb="case.read").exists()


def test_nobody_decides_for_another_teams_case(
    open_case: OpenCase, desk: Desk, nour: Staff, sacha: Staff
) -> None:
    mine, theirs = alike(open_case, nour, sacha)
    member = IncidentMember.objects.get(case=theirs)

    answer = desk(nour).post(
        f"/staff/incidents/{member.incident.ref}/members/{member.pk}/", {"joined": "yes"}
    )

    assert answer.status_code == 404
    member.refresh_from_db()
    assert member.state == MemberState.PROPOSED
    assert mine.ref != theirs.ref


def test_a_supervisor_decides_for_all(
    open_case: OpenCase, desk: Desk, nour: Staff, sacha: Staff, maud: Staff
) -> None:
    alike(open_case, nour, sacha)
    client = desk(maud)
    for member in IncidentMember.objects.all():
        client.post(f"/staff/incidents/{member.incident.ref}/members/{member.pk}/", {"joined": "yes"})
    assert set(IncidentMember.objects.values_list("state", flat=True)) == {MemberState.JOINED}


def test_cases_kept_apart_stay_listed_for_undoing(open_case: OpenCase, desk: Desk, nour: Staff) -> None:
    case, _other = alike(open_case, nour, nour)
    member = IncidentMember.objects.get(case=case)
    incidents.decide_membership(member=member, joined=False, by=nour, at=NOON)

    page = desk(nour).get(f"/staff/incidents/{member.incident.ref}/").content.decode()

    assert "1 case kept apart" in page
    assert case.ref in page


def test_an_incident_gets_a_sealed_name(open_case: OpenCase, desk: Desk, nour: Staff) -> None:
    alike(open_case, nour, nour)
    incident = Incident.objects.get()
    client = desk(nour)

    page = client.post(f"/staff/incidents/{incident.ref}/title/", {"title-text": "The port"}, follow=True)

    incident.refresh_from_db()
    assert "<h1>The port</h1>" in page.content.decode()
    assert b"port" not in bytes(incident.title or b"")
    assert "The port" in client.get("/staff/incidents/").content.decode()
    too_long = client.post(f"/staff/incidents/{incident.ref}/title/", {"title-text": "x" * 81})
    assert too_long.status_code == 422
    assert "x" * 81 in too_long.content.decode()


def test_a_page_with_an_erased_case_still_stands(open_case: OpenCase, desk: Desk, nour: Staff) -> None:
    case, other = alike(open_case, nour, nour)
    actions.set_handle(case=case, text="gone name", by=nour, at=NOON)
    reports.erase_report(report=case.report, by="young-person", at=NOON)

    for swept in (False, True):
        if swept:
            actions.follow_erasures(at=NOON)
        page = desk(nour).get(f"/staff/incidents/{Incident.objects.get().ref}/").content.decode()
        assert "gone name" not in page
        assert case.ref in page
        assert other.ref in page


@pytest.mark.parametrize("who", ["anouk", "theo"])
def test_no_incident_for_those_without_casework(who: str, desk: Desk, request: pytest.FixtureRequest) -> None:
    assert desk(request.getfixturevalue(who)).get("/staff/incidents/").status_code == 403


def test_list_and_page_cost_the_same_for_three_cases_and_for_sixty(
    open_case: OpenCase, desk: Desk, nour: Staff, sacha: Staff, maud: Staff
) -> None:
    """The list, the page, the grouped request and the worksheet."""
    client = desk(nour)

    def join_all() -> str:
        incident = Incident.objects.get(status="open")
        proposed = incident.members.filter(state=MemberState.PROPOSED).select_related("case")
        incidents.join_proposed(incident=incident, cases=[one.case for one in proposed], by=maud, at=NOON)
        return f"/staff/incidents/{incident.ref}/"

    def costs(page: str) -> dict[str, int]:
        found = {}
        for address in ("/staff/incidents/", page, f"{page}ask/chatter/", f"{page}worksheet/"):
            client.get(address)
            with CaptureQueriesContext(connection) as asked:
                assert client.get(address).status_code == 200
            found[address] = len(asked)
        with CaptureQueriesContext(connection) as asked:
            client.post(f"{page}worksheet/paper/", {"for": "authorities"})
        return found | {"paper": len(asked)}

    def add(count: int) -> None:
        for number in range(count):
            own = LinkFacts(url=f"https://chatter.example/p/own{number}/{count}")
            same = LinkFacts(url="https://chatter.example/p/1")
            bits = FingerprintFacts(algorithm="pdq", value="ab" * 32, quality=90)
            by = sacha if number % 3 == 2 else nour
            open_case(links=(same, own), fingerprints=(bits,), by=by)

    add(3)
    few = costs(join_all())
    add(57)
    assert costs(join_all()) == few


def test_what_a_colleague_decided_first_stands(
    open_case: OpenCase, desk: Desk, nour: Staff, maud: Staff
) -> None:
    case, _other = alike(open_case, nour, nour)
    member = IncidentMember.objects.get(case=case)
    incidents.decide_membership(member=member, joined=False, by=maud, at=NOON)
    address = f"/staff/incidents/{member.incident.ref}/members/{member.pk}/"
    answer = desk(nour).post(address, {"joined": "yes", "seen": "proposed", "from": "incident"}, follow=True)
    assert "A colleague decided meanwhile" in answer.content.decode()
    member.refresh_from_db()
    assert member.state == MemberState.DETACHED


def test_all_proposed_join_in_one_click_and_the_flash_undoes_it(
    open_case: OpenCase, desk: Desk, nour: Staff, sacha: Staff
) -> None:
    cases = alike(open_case, nour, nour, sacha)
    incident, client = Incident.objects.get(), desk(nour)
    page = f"/staff/incidents/{incident.ref}/"
    assert "Join all 2 proposed" in client.get(page).content.decode()

    refs = [case.ref for case in cases]
    answer = client.post(f"{page}join/", {"case": refs}, follow=True).content.decode()

    assert "2 cases joined." in answer
    assert set(incident.members.filter(case__in=cases[:2]).values_list("state", flat=True)) == {"joined"}
    assert incident.members.get(case=cases[2]).state == "proposed"  # nobody's but Sacha's to decide
    step = incident.steps.get(what="joined")
    assert f'action="{page}undo/{step.pk}/"' in answer
    undone = client.post(f"{page}undo/{step.pk}/", follow=True).content.decode()
    assert "Undone. Everything is as it was before." in undone
    assert set(incident.members.values_list("state", flat=True)) == {"proposed"}


def test_cases_of_colleagues_are_a_number(
    open_case: OpenCase, desk: Desk, nour: Staff, sacha: Staff, maud: Staff
) -> None:
    cases = alike(open_case, nour, sacha, sacha)
    incident = Incident.objects.get()
    incidents.join_proposed(incident=incident, cases=cases, by=maud, at=NOON)
    page = desk(nour).get(f"/staff/incidents/{incident.ref}/").content.decode()
    assert "2 more cases of colleagues" in page
    assert "chatter.example/p/1" in page  # what is shared, in the words of her own case
    assert not any(case.ref in page for case in cases[1:])


def test_a_case_is_added_by_its_reference(open_case: OpenCase, desk: Desk, nour: Staff, sacha: Staff) -> None:
    alike(open_case, nour, nour)
    incident = Incident.objects.get()
    mine, theirs = open_case(links=()), open_case(links=(), by=sacha)
    client, address = desk(nour), f"/staff/incidents/{incident.ref}/add/"
    for ref in (theirs.ref, "0000000X", ""):
        answer = client.post(address, {"add-ref": ref})
        assert answer.status_code == 422
    assert (
        "You work on no case with this reference."
        in client.post(address, {"add-ref": theirs.ref}).content.decode()
    )
    client.post(address, {"add-ref": f" {mine.ref.lower()} "})
    assert incident.members.get(case=mine).state == "joined"


def test_split_and_merge_from_the_page(open_case: OpenCase, desk: Desk, nour: Staff) -> None:
    cases = alike(open_case, nour, nour, nour)
    incident, client = Incident.objects.get(), desk(nour)
    incidents.join_proposed(incident=incident, cases=cases, by=nour, at=NOON)
    page = f"/staff/incidents/{incident.ref}/"
    assert "Tick the cases" in client.post(f"{page}split/", follow=True).content.decode()
    everybody = client.post(f"{page}split/", {"case": [case.ref for case in cases]}, follow=True)
    assert "Nothing was changed" in everybody.content.decode()
    client.post(f"{page}split/", {"case": [cases[2].ref]})
    made = Incident.objects.exclude(pk=incident.pk).get()
    wrong = client.post(f"{page}merge/", {"merge-ref": "ZZZZZZZZ"})
    assert (wrong.status_code, "reference" in wrong.content.decode()) == (422, True)
    merged = client.post(f"/staff/incidents/{made.ref}/merge/", {"merge-ref": incident.ref}, follow=True)
    assert "is merged into this one" in merged.content.decode()
    assert incident.members.count() == 3


def test_only_a_supervisor_merges_what_others_hold(
    open_case: OpenCase, desk: Desk, nour: Staff, sacha: Staff, maud: Staff
) -> None:
    cases = alike(open_case, nour, sacha)
    incident = Incident.objects.get()
    incidents.join_proposed(incident=incident, cases=cases, by=maud, at=NOON)
    other = incidents.open_incident(cases=[open_case(links=())], title="", by=nour, at=NOON)
    answer = desk(nour).post(f"/staff/incidents/{incident.ref}/merge/", {"merge-ref": other.ref})
    assert answer.status_code == 422
    assert "A supervisor can merge them." in answer.content.decode()


def test_close_and_reopen(open_case: OpenCase, desk: Desk, nour: Staff) -> None:
    alike(open_case, nour, nour)
    incident, client = Incident.objects.get(), desk(nour)
    client.post(f"/staff/incidents/{incident.ref}/close/", {"open": "no"})
    assert client.get("/staff/incidents/").context["rows"] == []
    assert [one for one, _title in client.get("/staff/incidents/?tab=closed").context["rows"]] == [incident]
    client.post(f"/staff/incidents/{incident.ref}/close/", {"open": "yes"})
    assert len(client.get("/staff/incidents/").context["rows"]) == 1


def test_a_case_that_is_only_proposed_opens_and_changes_nothing(
    open_case: OpenCase, desk: Desk, nour: Staff, sacha: Staff, maud: Staff
) -> None:
    """Anybody can have a case proposed for an incident: they report one of its links."""
    cases = alike(open_case, nour, nour)
    incident = Incident.objects.get()
    incidents.join_proposed(incident=incident, cases=cases, by=nour, at=NOON)
    incidents.set_title(incident=incident, text="The port", by=nour, at=NOON)
    other = incidents.split(incident=incident, cases=cases[1:], by=nour, at=NOON)
    words = {"agreed": "Assembly on Monday", "contact": "Mr. Dune", "tasks": ""}
    school.write_worksheet(incident=incident, version=0, words=words, by=nour, at=NOON)
    code = school.make_code(incident=incident, by=maud, at=NOON)
    step = incidents.set_open(incident=incident, is_open=False, by=nour, at=NOON)
    assert step is not None
    mine = open_case(by=sacha)
    IncidentMember.objects.filter(case=mine).update(incident=incident)
    member, client, page = (
        IncidentMember.objects.get(case=mine),
        desk(sacha),
        f"/staff/incidents/{incident.ref}/",
    )

    shown = client.get(page).content.decode()
    assert mine.ref in shown and "The same link" in shown
    assert "A supervisor can join yours." in shown and "Not the same" in shown
    listed = client.get("/staff/incidents/?tab=closed").content.decode()
    for secret in ("The port", "Assembly", "Dune", other.ref, code_of(code, incident), "What was done"):
        assert secret not in shown and secret not in listed
    for path in ("worksheet/", "code/card/", "ask/chatter/"):
        assert client.get(page + path).status_code == 404
    for path, given in (
        ("title/", {"title-text": "x"}),
        ("worksheet/", {"version": 1, "agreed": ""}),
        ("worksheet/paper/", {"for": "school"}),
        ("close/", {"open": "yes"}),
        ("add/", {"add-ref": mine.ref}),
        ("split/", {"case": mine.ref}),
        ("merge/", {"merge-ref": other.ref}),
    ):
        assert client.post(page + path, given).status_code == 404, path
    client.post(f"{page}undo/{step.pk}/")
    for path in ("join/", f"members/{member.pk}/"):
        answer = client.post(
            page + path, {"case": mine.ref, "joined": "yes", "from": "incident"}, follow=True
        )
        assert "A supervisor can join yours." in answer.content.decode()
    incident.refresh_from_db()
    member.refresh_from_db()
    assert (incident.status, member.state, worksheet.words_of(incident)) == ("closed", "proposed", words)

    # when a supervisor joins it, it is open to them
    incidents.decide_membership(member=member, joined=True, by=maud, at=NOON)
    assert "The port" in client.get(page).content.decode()


def test_a_new_incident_is_joined_case_by_case_by_their_own_people(
    open_case: OpenCase, desk: Desk, nour: Staff, sacha: Staff
) -> None:
    mine, theirs = alike(open_case, nour, sacha)
    incident = Incident.objects.get()
    page = f"/staff/incidents/{incident.ref}/"
    before = desk(nour).get(page).content.decode()
    assert "Join" in before and "Its name among colleagues" not in before
    desk(nour).post(f"{page}join/", {"case": [mine.ref, theirs.ref]})
    assert dict(incident.members.values_list("case__ref", "state")) == {
        mine.ref: "joined",
        theirs.ref: "proposed",
    }
    assert "Its name among colleagues" in desk(nour).get(page).content.decode()


def test_ticks_that_nobody_can_have_made_are_passed_over(
    open_case: OpenCase, desk: Desk, nour: Staff
) -> None:
    cases = alike(open_case, nour, nour)
    incident, client = Incident.objects.get(), desk(nour)
    page = f"/staff/incidents/{incident.ref}/"
    refs = ["a\0b", *(f"{number:08}" for number in range(98)), *(case.ref for case in cases)]
    for path in ("join/", "split/"):
        assert client.post(page + path, {"case": refs}).status_code == 302
    # A hundred are read, and no more.
    states = dict(incident.members.values_list("case__ref", "state"))
    assert states == {cases[0].ref: "joined", cases[1].ref: "joined"}
    client.post(f"{page}split/", {"case": [*refs[1:-2], "00000099", "00000098", cases[0].ref]})
    assert incident.members.count() == 2


def test_cases_stand_in_the_order_of_their_letters(open_case: OpenCase, desk: Desk, nour: Staff) -> None:
    cases = alike(open_case, nour, nour, nour)
    incident = Incident.objects.get()
    for case in reversed(cases):
        incidents.decide_membership(member=incident.members.get(case=case), joined=True, by=nour, at=NOON)
    joined = desk(nour).get(f"/staff/incidents/{incident.ref}/").context["opened"].joined
    assert [(row.letter, row.member.case) for row in joined] == [
        ("A", cases[2]),
        ("B", cases[1]),
        ("C", cases[0]),
    ]


def test_two_guesses_the_machine_made_one_are_parted_again_from_the_page(
    open_case: OpenCase, desk: Desk, nour: Staff
) -> None:
    other = (LinkFacts(url="https://chatter.example/p/other"),)
    alike(open_case, nour, nour)
    for _ in range(2):
        open_case(links=other)
    open_case(links=(LinkFacts(url="https://chatter.example/p/1"), *other))
    incident = Incident.objects.get(status="open")
    page, client = f"/staff/incidents/{incident.ref}/", desk(nour)
    shown = client.get(page)
    history = shown.context["opened"].history
    [line] = [one for one in history if one.step.what == "merged"]
    assert set(line.cases) <= set(Case.objects.values_list("ref", flat=True)) and line.cases
    assert f"{page}undo/{line.step.pk}/" in shown.content.decode()
    client.post(f"{page}undo/{line.step.pk}/")
    assert sorted(one.members.count() for one in Incident.objects.filter(status="open")) == [2, 3]


def test_a_forgotten_incident_takes_no_words(
    open_case: OpenCase, desk: Desk, nour: Staff, maud: Staff
) -> None:
    alike(open_case, nour, nour)
    incident = Incident.objects.get()
    Incident.objects.update(key=None)
    page = f"/staff/incidents/{incident.ref}/"
    for path, given in (("title/", {"title-text": "x"}), ("code/", {})):
        answer = desk(maud).post(page + path, given, follow=True)
        assert "Nothing can be added to it any more." in answer.content.decode()
