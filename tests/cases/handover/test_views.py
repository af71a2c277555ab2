"""The pages of handing over: every button, who gets in, what was typed kept, costs that stay flat."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from cases import actions as casework
from cases.handover import actions, shifts
from cases.handover import desk as rows
from cases.handover.models import Away, HandOver, Shift, Transfer, Watch
from cases.handover.states import Status
from cases.models import Case, Share
from cases.states import Outcome
from helpline.accounts.models import Staff, Team
from helpline.audit import actions as audit
from helpline.audit.models import AuditRow
from reports import actions as reports
from tests.cast import NOON

OpenCase = Callable[..., Case]
Desk = Callable[[Staff], Client]
LATER = NOON + timedelta(hours=1)
DAY = timedelta(hours=24)
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("chatter")]


def offer(case: Case, to: Staff | Team, *, by: Staff) -> Transfer:
    return actions.offer(case=case, to=to, reason="I am ill tomorrow", by=by, at=timezone.now())


def share(case: Case, to: Staff, *, by: Staff, may_work: bool = False) -> Share:
    now = timezone.now()
    return actions.share(
        case=case, to=to, may_work=may_work, lasts=DAY, reason="the school calls", by=by, at=now
    )


def address(case: Case, what: str = "") -> str:
    return f"/staff/cases/{case.ref}/{what}"


def at(transfer: Transfer, what: str = "") -> str:
    return f"/staff/transfers/{transfer.pk}/{what}"


def text(client: Client, where: str) -> str:
    return client.get(where).content.decode()


def cost(client: Client, where: str) -> int:
    client.get(where)
    with CaptureQueriesContext(connection) as asked:
        assert client.get(where).status_code == 200
    return len(asked)


# --- offering ---------------------------------------------------------------------------------------------


def test_from_the_case_to_a_colleague_and_back(
    open_case: OpenCase, desk: Desk, nour: Staff, sacha: Staff
) -> None:
    case = open_case()
    giver, receiver = desk(nour), desk(sacha)
    assert "Hand it over…" in text(giver, address(case))
    typed = {"offer-colleague": sacha.pk, "offer-reason": "I am ill tomorrow"}

    answer = giver.post(address(case, "hand-over/"), typed, follow=True)

    assert "Offered to Sacha. It stays with Nour until they say yes." in answer.content.decode()
    there = Transfer.objects.get()
    assert receiver.get(address(case)).status_code == 404
    listed = text(receiver, "/staff/transfers/")
    assert case.ref in listed
    assert "Offered to me" in text(receiver, "/staff/cases/")
    page = text(receiver, at(there))
    assert "I am ill tomorrow" in page
    assert "A made-up picture" not in page  # the story is the case's
    assert AuditRow.objects.filter(verb="transfer.read", actor=f"staff:{sacha.pk}").count() == 1
    answer = receiver.post(at(there, "accept/"), {"accept-words": "gladly"}, follow=True)
    assert f"Case {case.ref} is with you now." in answer.content.decode()
    assert giver.get(address(case)).status_code == 404
    assert "gladly" in text(giver, at(there))


def test_saying_no_takes_a_sentence(open_case: OpenCase, desk: Desk, nour: Staff, sacha: Staff) -> None:
    there = offer(open_case(), sacha, by=nour)
    client = desk(sacha)
    assert client.post(at(there, "decline/"), {"decline-words": ""}).status_code == 422
    client.post(at(there, "decline/"), {"decline-words": "I have nine"})
    giver = desk(nour)
    assert "Came back to me" in text(giver, "/staff/cases/")
    assert "I have nine" in text(giver, at(there))
    giver.post(at(there, "seen/"))
    assert "Nothing came back" in text(giver, "/staff/transfers/?tab=back")


def test_the_form_keeps_what_was_typed(open_case: OpenCase, desk: Desk, nour: Staff, sacha: Staff) -> None:
    case, client = open_case(), desk(nour)
    for typed in ({}, {"offer-colleague": sacha.pk, "offer-team": "day"}, {"offer-colleague": nour.pk}):
        answer = client.post(address(case, "hand-over/"), {"offer-reason": "because of Friday"} | typed)
        assert answer.status_code == 422
        assert "because of Friday" in answer.content.decode()
    assert not Transfer.objects.exists()


def test_who_comes_second_is_told_who_was_first(
    open_case: OpenCase, desk: Desk, nour: Staff, sacha: Staff, make_staff: Callable[..., Staff]
) -> None:
    day = Team.objects.get(slug="day")
    lou = make_staff("lou", "counsellor", [day])
    there = offer(open_case(), day, by=nour)
    client = desk(sacha)
    desk(lou).post(at(there, "accept/"))
    answer = client.post(at(there, "accept/"), follow=True)
    assert "Lou took it on before you." in answer.content.decode()
    gone = offer(open_case(), sacha, by=nour)
    desk(nour).post(at(gone, "take-back/"))
    assert (
        "Nour took the offer back."
        in client.post(at(gone, "decline/"), {"decline-words": "no"}, follow=True).content.decode()
    )


@pytest.mark.parametrize("what", ["", "accept/", "decline/", "take-back/", "seen/"])
def test_an_offer_of_others_looks_like_not_there(
    what: str, open_case: OpenCase, desk: Desk, nour: Staff, sacha: Staff, make_staff: Callable[..., Staff]
) -> None:
    there = offer(open_case(), sacha, by=nour)
    client = desk(make_staff("third", "counsellor"))
    answer = client.post(at(there, what), {"decline-words": "x"}) if what else client.get(at(there))
    assert answer.status_code == 404
    there.refresh_from_db()
    assert there.status == Status.OFFERED


@pytest.mark.parametrize("what", ["hand-over/", "share/", "take/", "watch/"])
def test_a_case_of_others_looks_like_not_there(
    what: str, open_case: OpenCase, desk: Desk, sacha: Staff
) -> None:
    case, client = open_case(), desk(sacha)
    assert client.post(address(case, what)).status_code == 404


def test_closed_offered_and_erased_cases_say_so(
    open_case: OpenCase, desk: Desk, nour: Staff, sacha: Staff, maud: Staff
) -> None:
    client = desk(nour)
    closed, offered, erased = (open_case() for _ in range(3))
    casework.close_case(case=closed, outcome=Outcome.ADVICE, by=nour, at=LATER)
    assert "Reopen it first" in client.get(address(closed, "hand-over/"), follow=True).content.decode()
    offer(offered, maud, by=nour)
    typed = {"offer-colleague": sacha.pk, "offer-reason": "x"}
    answer = client.post(address(offered, "hand-over/"), typed, follow=True)
    assert "It is offered to Maud already" in answer.content.decode()
    there = offer(erased, sacha, by=nour)
    reports.erase_report(report=erased.report, by=None, at=LATER)
    for what in ("hand-over/", "share/"):
        assert "erased this report" in client.get(address(erased, what), follow=True).content.decode()
    assert (
        "erased"
        in desk(sacha).post(at(there, "accept/"), {"accept-words": "yes"}, follow=True).content.decode()
    )
    assert "The words were erased" in text(client, at(there))


# --- sharing ----------------------------------------------------------------------------------------------


def test_a_share_to_read_shows_everything_and_no_form(
    open_case: OpenCase, desk: Desk, nour: Staff, sacha: Staff
) -> None:
    case = open_case(story="A made-up picture of me is going round.")
    casework.add_note(case=case, text="She sounded tired.", by=nour, at=LATER)
    typed = {
        **{"share-colleague": sacha.pk, "share-may_work": "read"},
        **{"share-lasts": "24", "share-reason": "the school calls"},
    }
    answer = desk(nour).post(address(case, "share/"), typed, follow=True)
    assert "Shared with Sacha" in answer.content.decode()
    client = desk(sacha)
    page = text(client, address(case))
    assert "A made-up picture" in page
    assert "She sounded tired." in page
    main = page[page.index("<main") :]
    assert main.count("<form") == main.count(f'action="{address(case, "watch/")}"') == 1
    assert case.ref in text(client, "/staff/cases/?whose=team")
    for what in ("notes/", "messages/", "assign/", "handle/", "links/", "waiting/", "close/", "reopen/"):
        assert client.post(address(case, what), {"note-text": "x"}).status_code in {403, 404}
    for what in ("takedowns/", "referrals/new/", "hand-over/", "share/"):
        assert client.get(address(case, what)).status_code in {403, 404}
    assert case.notes.count() == 1


def test_a_share_to_work_opens_the_whole_case_but_not_its_passing_on(
    open_case: OpenCase, desk: Desk, nour: Staff, sacha: Staff
) -> None:
    case = open_case()
    share(case, sacha, by=nour, may_work=True)
    client = desk(sacha)
    page = text(client, address(case))
    assert "Keep the note" in page
    assert "Hand it over…" not in page
    client.post(address(case, "notes/"), {"note-text": "I called them"})
    assert case.notes.count() == 1
    for what in ("hand-over/", "share/"):
        assert client.get(address(case, what)).status_code == 403
    assert client.post(address(case, "take/")).status_code == 403


def test_a_share_is_ended_on_the_page(open_case: OpenCase, desk: Desk, nour: Staff, sacha: Staff) -> None:
    case = open_case()
    row = share(case, sacha, by=nour)
    assert desk(sacha).get(address(case)).status_code == 200
    desk(nour).post(f"/staff/shares/{row.pk}/end/")
    client = desk(sacha)
    assert client.get(address(case)).status_code == 404
    assert client.post(f"/staff/shares/{row.pk}/end/").status_code == 302  # their own; nothing to end


def test_somebody_elses_share_looks_like_not_there(
    open_case: OpenCase, desk: Desk, nour: Staff, sacha: Staff, make_staff: Callable[..., Staff]
) -> None:
    row = share(open_case(), sacha, by=nour)
    assert desk(make_staff("third", "counsellor")).post(f"/staff/shares/{row.pk}/end/").status_code == 404


def test_what_one_may_see_is_found_by_indexes(nour: Staff, sacha: Staff, open_case: OpenCase) -> None:
    """Given many cases, then none of the ways in makes the database read them all."""
    share(open_case(), sacha, by=nour)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
    plan = Case.objects.visible_to(sacha).explain()
    assert "BitmapOr" in plan
    assert "Seq Scan on cases_case" not in plan


def test_who_has_seen_it_is_read_by_the_index_of_the_trail(nour: Staff, open_case: OpenCase) -> None:
    case = open_case()
    lines = (audit.row(by=nour, verb="case.read", obj=None, at=NOON) for _ in range(3000))
    audit.record_many(lines)
    casework.record_read(case=case, by=nour, at=NOON)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE audit_auditrow")
    found = AuditRow.objects.filter(object_type="case", object_id=str(case.pk), verb="case.read")
    assert "audit_object" in found.explain()
    assert [one.times for one in rows.readers_of(case)] == [1]


# --- the case page, watching ------------------------------------------------------------------------------


def test_the_star(open_case: OpenCase, desk: Desk, nour: Staff) -> None:
    case, client = open_case(), desk(nour)
    client.post(address(case, "watch/"), {"on": "yes"})
    assert 'aria-pressed="true"' in text(client, address(case))
    page = text(client, "/staff/watched/")
    assert case.ref in page
    assert "Changed since" not in page
    casework.add_note(case=case, text="news", by=nour, at=timezone.now())
    assert "Changed since" in text(client, "/staff/watched/")
    client.post(address(case, "watch/"), {"from": "list"})
    assert not Watch.objects.exists()
    assert "You watch no case" in text(client, "/staff/watched/")


def test_who_has_seen_it_is_on_the_page(open_case: OpenCase, desk: Desk, nour: Staff, maud: Staff) -> None:
    case = open_case()
    text(desk(maud), address(case))
    page = text(desk(nour), address(case))
    assert "Seen by 2 people" in page


def test_the_case_page_costs_the_same_with_many_who_have_to_do_with_it(
    open_case: OpenCase, desk: Desk, nour: Staff, sacha: Staff, make_staff: Callable[..., Staff]
) -> None:
    case, client = open_case(), desk(nour)
    few = cost(client, address(case))
    for number in range(6):
        other = make_staff(f"c{number}", "counsellor")
        share(case, other, by=nour)
        casework.record_read(case=case, by=other, at=timezone.now())
    offer(case, sacha, by=nour)
    assert cost(client, address(case)) == few


@pytest.mark.parametrize("where", ["/staff/transfers/?tab=me", "/staff/watched/", "/staff/cases/?whose=team"])
def test_a_list_costs_the_same_for_two_and_for_twelve(
    where: str, open_case: OpenCase, desk: Desk, nour: Staff, sacha: Staff
) -> None:
    client = desk(sacha)

    def more(count: int) -> int:
        for _number in range(count):
            case = open_case()
            offer(case, sacha, by=nour)
            share(case, sacha, by=nour)
            actions.watch(case=case, on=True, by=sacha, at=LATER)
        return cost(client, where)

    assert more(2) == more(10)


def test_the_rail_counts_what_is_offered(open_case: OpenCase, desk: Desk, nour: Staff, sacha: Staff) -> None:
    offer(open_case(), sacha, by=nour)
    page = text(desk(sacha), "/staff/")
    place = page[page.index('href="/staff/transfers/"') :].split("</li>")[0]
    assert "(Offered to me)" in place
    assert ">1<" in place


# --- shifts -----------------------------------------------------------------------------------------------


def test_a_shift_from_the_frame_and_what_it_leaves(
    open_case: OpenCase, desk: Desk, nour: Staff, maud: Staff, sacha: Staff
) -> None:
    case, client = open_case(circumstances=["in-danger"]), desk(nour)
    assert "Start my shift" in text(client, "/staff/cases/")
    client.post("/staff/shift/start/")
    assert "End my shift" in text(client, "/staff/cases/")
    page = text(client, "/staff/shift/end/")
    assert case.ref in page
    leaves = {"end-words": "Look at the Friday case first"}
    refused = client.post("/staff/shift/end/", leaves)  # somebody is in danger: a word with a colleague first
    assert refused.status_code == 422
    assert "Look at the Friday case first" in refused.content.decode()
    assert Shift.objects.running().exists()
    client.post("/staff/shift/end/", leaves | {"end-taken_over": "on"})
    client.post("/staff/shift/end/", leaves | {"end-taken_over": "on"})  # a double click
    left = HandOver.objects.get()
    assert not Shift.objects.running().exists()

    next_one = desk(maud)
    assert (
        "Look at the Friday case first" in next_one.post("/staff/shift/start/", follow=True).content.decode()
    )
    assert case.ref in text(next_one, f"/staff/shift/notes/{left.pk}/")
    next_one.post(f"/staff/shift/notes/{left.pk}/read/")
    assert "I have read it" not in text(next_one, "/staff/shift/")
    for what in ("", "read/"):
        other = desk(sacha)
        answer = other.post if what else other.get
        assert answer(f"/staff/shift/notes/{left.pk}/{what}").status_code == 404


def test_the_summary_says_what_waits_and_what_presses_comes_first(
    open_case: OpenCase, nour: Staff, sacha: Staff
) -> None:
    now = timezone.now()
    quiet, soon, unread, waits = (open_case(at=now) for _ in range(4))
    type(soon.queue_item).objects.filter(case=soon).update(deadline_at=now + timedelta(hours=3))
    type(soon.queue_item).objects.filter(case=unread).update(unread=True)
    casework.set_waiting(case=waits, waiting=True, by=nour, at=now)
    offer(quiet, sacha, by=nour)
    found = rows.summary(of=nour, seen_by=nour, now=now)
    assert [line.case for line in found.lines] == [soon, unread, quiet, waits]
    assert (found.soon, found.unread, found.dangers, found.offers) == (1, 1, 0, 1)
    said = {line.case: [str(step) for step in line.next] for line in found.lines}
    assert said[waits] == ["Waiting for the young person."]
    assert said[unread] == ["Read what they wrote."]
    assert rows.summary(of=nour, seen_by=sacha, now=now).lines == []


@pytest.mark.parametrize("where", ["/staff/shift/", "/staff/shift/end/"])
def test_a_shift_page_costs_the_same_for_two_and_for_eight(
    where: str, open_case: OpenCase, desk: Desk, nour: Staff
) -> None:
    client = desk(nour)

    def more(count: int) -> int:
        for _number in range(count):
            open_case()
            shifts.start_shift(by=nour, at=LATER)
            shifts.end_shift(by=nour, words="x", at=LATER)
        return cost(client, where)

    assert more(2) == more(6)


def test_no_page_says_how_long_anybody_worked(desk: Desk, nour: Staff, maud: Staff) -> None:
    shifts.start_shift(by=nour, at=timezone.now() - timedelta(hours=5))
    for where in ("/staff/team/", f"/staff/team/{nour.pk}/"):
        page = text(desk(maud), where)
        assert "On shift" in page
        assert "5 h" not in page


def test_days_away_are_kept_shown_and_taken_out(desk: Desk, nour: Staff, maud: Staff, sacha: Staff) -> None:
    today = timezone.localdate().isoformat()
    typed = {"away-first_day": today, "away-last_day": today}
    client = desk(nour)
    assert client.post("/staff/shift/away/", {"away-first_day": today}).status_code == 422
    client.post("/staff/shift/away/", typed)
    assert "Away until" in text(desk(maud), "/staff/team/")
    assert "marked as away" in client.post("/staff/queue/next/", follow=True).content.decode()
    row = Away.objects.get()
    assert desk(sacha).post(f"/staff/away/{row.pk}/end/").status_code == 404
    desk(maud).post(f"/staff/away/{row.pk}/end/")
    assert not Away.objects.exists()
    assert (
        desk(maud).post(f"/staff/team/{nour.pk}/away/", typed | {"away-last_day": "2020-01-01"}).status_code
        == 422
    )
    desk(maud).post(f"/staff/team/{nour.pk}/away/", typed)
    assert Away.objects.get().by == maud


# --- the team ---------------------------------------------------------------------------------------------


def test_cases_are_reassigned_and_given_back_on_the_page(
    open_case: OpenCase, desk: Desk, nour: Staff, sacha: Staff, maud: Staff
) -> None:
    first, second = open_case(), open_case()
    client, page = desk(maud), f"/staff/team/{nour.pk}/"
    assert first.ref in text(client, page)
    assert client.post(page, {}).status_code == 422
    answer = client.post(page, {"everything": sacha.pk, f"case-{second.pk}": "nobody"}, follow=True)
    said = answer.content.decode()
    assert f"{first.ref} → Sacha" in said
    assert f"{second.ref} → without anyone" in said
    assert "2 open cases are with nobody" not in text(client, "/staff/team/")
    assert "1 open case is with nobody" in text(client, "/staff/team/")
    assert "Nobody has it" in text(client, "/staff/?view=alone")
    (undo,) = {line for line in said.split('"') if line.endswith("/undo/")}
    assert "2 cases are back." in client.post(undo, follow=True).content.decode()
    assert Case.objects.filter(assignee=nour).count() == 2


def test_those_on_shift_with_least_in_hand_come_first(
    open_case: OpenCase, nour: Staff, sacha: Staff, maud: Staff, make_staff: Callable[..., Staff]
) -> None:
    lou = make_staff("lou", "counsellor")
    open_case(by=sacha)
    for one in (sacha, lou):
        shifts.start_shift(by=one, at=LATER)
    found = list(rows.colleagues())
    assert found[:2] == [lou, sacha]
    assert [rows.described(one) for one in found[:2]] == [
        "Lou · on shift · 0 in hand",
        "Sacha · on shift · 1 in hand",
    ]


@pytest.mark.parametrize(("who", "status"), [("nour", 403), ("anouk", 403), ("theo", 403), ("maud", 200)])
def test_reassigning_is_a_supervisors(
    who: str, status: int, desk: Desk, nour: Staff, request: pytest.FixtureRequest
) -> None:
    client = desk(request.getfixturevalue(who))
    assert client.get(f"/staff/team/{nour.pk}/").status_code == status
    assert client.get("/staff/team/999999/").status_code == (404 if status == 200 else 403)


def test_the_page_of_a_colleague_costs_the_same_for_two_cases_and_for_eight(
    open_case: OpenCase, desk: Desk, nour: Staff, maud: Staff, sacha: Staff
) -> None:
    client, page = desk(maud), f"/staff/team/{nour.pk}/"

    def more(count: int) -> int:
        for _number in range(count):
            open_case()
            offer(open_case(by=sacha), nour, by=sacha)
        return cost(client, page)

    assert more(2) == more(6)
