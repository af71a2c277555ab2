"""Offers, shares, watches, leaving and shifts: who may, what is refused, what is never lost."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.db.models.functions import Now
from django.utils import timezone

from cases import actions as casework
from cases.approving import ERASE
from cases.handover import actions, desk, forgetting, leaving, shifts
from cases.handover.actions import AlreadyOffered, Answered, Refused
from cases.handover.models import Away, HandOver, Move, Shift, Transfer, Watch
from cases.handover.states import TRANSITIONS, ForbiddenMove, Status
from cases.models import Case, QueueItem, Share
from cases.queue import Filters, items
from cases.states import Outcome, QueueState
from helpline.accounts.models import Membership, Staff, Team
from helpline.approvals import actions as approvals
from helpline.audit.models import AuditRow
from helpline.crypto.wrapping import WrongKey
from reports import actions as reports
from tests.cast import NOON

OpenCase = Callable[..., Case]
LATER = NOON + timedelta(hours=1)
DAY = timedelta(hours=24)
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("chatter")]


@pytest.fixture
def offered(open_case: OpenCase, nour: Staff, sacha: Staff) -> Transfer:
    """Nour offers a case to Sacha, who sees nothing of it otherwise."""
    return offer(open_case(), sacha, by=nour)


def offer(case: Case, to: Staff | Team, *, by: Staff, reason: str = "I am ill tomorrow") -> Transfer:
    return actions.offer(case=case, to=to, reason=reason, by=by, at=LATER)


def share(case: Case, to: Staff, *, by: Staff, may_work: bool = True, lasts: timedelta = DAY) -> Share:
    return actions.share(
        case=case, to=to, may_work=may_work, lasts=lasts, reason="the school calls", by=by, at=LATER
    )


def run_out(row: Any, name: str) -> None:
    """Its time is over."""
    type(row).objects.filter(pk=row.pk).update(**{name: Now() - timedelta(seconds=1)})


def verbs(row: Any) -> list[str]:
    lines = AuditRow.objects.filter(object_id=str(row.pk), object_type=row._meta.model_name).order_by("id")
    return list(lines.values_list("verb", flat=True))


# --- an offer ---------------------------------------------------------------------------------------------


def test_until_somebody_says_yes_it_stays_with_the_giver(
    offered: Transfer, nour: Staff, sacha: Staff
) -> None:
    case = offered.case
    assert case.assignee == nour
    assert not Case.objects.visible_to(sacha).exists()
    assert list(desk.offered_to(sacha)) == [offered]
    assert list(desk.offered_to(nour)) == []
    assert case.box().open(offered, "reason") == "I am ill tomorrow"
    assert b"ill" not in bytes(offered.reason or b"")


def test_yes_moves_it_with_its_line_in_the_queue(offered: Transfer, nour: Staff, sacha: Staff) -> None:
    actions.accept(transfer=offered, words="gladly", by=sacha, at=LATER)
    case = Case.objects.get(pk=offered.case_id)
    offered.refresh_from_db()
    assert (case.assignee, case.team_id) == (sacha, "day")
    assert QueueItem.objects.get(case=case).holder == sacha
    assert (offered.status, offered.done_by) == (Status.ACCEPTED, sacha)
    assert case.box().open(offered, "answer") == "gladly"
    assert not Case.objects.visible_to(nour).exists()
    assert list(desk.offered_to(sacha)) == []
    assert verbs(offered) == ["transfer.offered", "transfer.accepted"]


def test_no_leaves_it_where_it_is_and_tells_the_giver(offered: Transfer, nour: Staff, sacha: Staff) -> None:
    actions.decline(transfer=offered, words="I have nine", by=sacha, at=LATER)
    assert Case.objects.get().assignee == nour
    assert list(desk.came_back_to(nour)) == [offered]
    actions.saw_it_come_back(transfer=offered, by=nour, at=LATER)
    assert list(desk.came_back_to(nour)) == []


def test_only_whom_it_was_offered_to_answers(
    offered: Transfer, nour: Staff, maud: Staff, anouk: Staff, make_staff: Callable[..., Staff]
) -> None:
    for who in (nour, maud, anouk, make_staff("third", "counsellor")):
        with pytest.raises(PermissionDenied):
            actions.accept(transfer=offered, words="", by=who, at=LATER)
        with pytest.raises(PermissionDenied):
            actions.decline(transfer=offered, words="no", by=who, at=LATER)
    with pytest.raises(PermissionDenied):
        actions.saw_it_come_back(transfer=offered, by=maud, at=LATER)


def test_the_giver_and_whoever_has_the_case_take_it_back(
    offered: Transfer, nour: Staff, sacha: Staff, maud: Staff
) -> None:
    with pytest.raises(PermissionDenied):
        actions.take_back(transfer=offered, by=sacha, at=LATER)
    actions.take_back(transfer=offered, by=maud, at=LATER)
    actions.take_back(transfer=offered, by=nour, at=LATER)  # twice is once
    with pytest.raises(Answered) as answered:
        actions.accept(transfer=offered, words="", by=sacha, at=LATER)
    assert (answered.value.transfer.status, answered.value.transfer.done_by) == (Status.TAKEN_BACK, maud)
    assert Case.objects.get().assignee == nour
    assert list(desk.came_back_to(nour)) == []  # they know


def test_it_runs_out_by_the_clock_of_the_database_and_goes_back_where_everybody_sees_it(
    offered: Transfer, nour: Staff, sacha: Staff
) -> None:
    run_out(offered, "expires_at")
    assert list(desk.offered_to(sacha)) == []
    with pytest.raises(Answered):
        actions.accept(transfer=offered, words="", by=sacha, at=LATER)
    assert actions.settle_overdue(at=LATER) == 1
    assert actions.settle_overdue(at=LATER) == 0
    offered.refresh_from_db()
    assert (offered.status, offered.case.assignee) == (Status.EXPIRED, nour)
    assert list(desk.came_back_to(nour)) == [offered]
    assert offered.case.events.order_by("-id").values_list("data__step", flat=True)[0] == "expired"


def test_how_long_it_waits_is_the_operators(
    open_case: OpenCase, nour: Staff, sacha: Staff, settings: Any
) -> None:
    settings.TRANSFER_LIFE = timedelta(hours=2)
    left = offer(open_case(), sacha, by=nour).expires_at - timezone.now()
    assert timedelta(minutes=119) < left <= timedelta(hours=2)


def test_one_open_offer_per_case(offered: Transfer, nour: Staff, maud: Staff) -> None:
    with pytest.raises(AlreadyOffered) as already:
        offer(offered.case, maud, by=nour)
    assert already.value.transfer == offered
    again = Transfer(
        case=offered.case, by=nour, to_staff=maud, offered_at=LATER, expires_at=LATER, status=Status.OFFERED
    )
    with pytest.raises(IntegrityError, match="transfer_one_open"), transaction.atomic():
        again.save(force_insert=True)


def test_an_offer_that_is_over_does_not_stand_in_the_way_of_the_next(
    offered: Transfer, nour: Staff, maud: Staff
) -> None:
    run_out(offered, "expires_at")
    offer(offered.case, maud, by=nour)
    offered.refresh_from_db()
    assert offered.status == Status.EXPIRED


def test_an_offer_ends_when_the_case_moves_on(
    offered: Transfer, nour: Staff, sacha: Staff, maud: Staff
) -> None:
    casework.assign(case=offered.case, to=maud, by=maud, at=LATER)
    assert list(desk.offered_to(sacha)) == []
    with pytest.raises(Answered):
        actions.accept(transfer=offered, words="", by=sacha, at=LATER)
    actions.settle_overdue(at=LATER)
    offered.refresh_from_db()
    assert (offered.status, Case.objects.get().assignee) == (Status.VOID, maud)


def test_a_closed_case_is_handed_to_nobody(open_case: OpenCase, nour: Staff, sacha: Staff) -> None:
    case = open_case()
    there = offer(case, sacha, by=nour)
    casework.close_case(case=case, outcome=Outcome.ADVICE, by=nour, at=LATER)
    with pytest.raises(Answered):
        actions.accept(transfer=there, words="", by=sacha, at=LATER)
    with pytest.raises(ForbiddenMove):
        offer(case, sacha, by=nour)


def test_to_whom_it_can_be_offered(
    open_case: OpenCase, nour: Staff, sacha: Staff, maud: Staff, theo: Staff, night_team: Team
) -> None:
    case = open_case()
    for to, by in ((nour, nour), (nour, maud), (theo, nour)):
        with pytest.raises(Refused):
            offer(case, to, by=by)
    with pytest.raises(Refused):
        offer(case, Team.objects.create(slug="empty", name="Empty"), by=nour)
    Staff.objects.filter(pk=sacha.pk).update(is_active=False)  # closed a moment ago
    with pytest.raises(Refused):
        offer(case, sacha, by=nour)
    with pytest.raises(PermissionDenied):
        offer(case, maud, by=sacha)


def test_nothing_is_offered_to_somebody_who_is_away(open_case: OpenCase, nour: Staff, sacha: Staff) -> None:
    first, today = timezone.localdate(LATER), timezone.localdate()
    row = leaving.set_away(staff=sacha, first_day=first, last_day=today, by=sacha, at=timezone.now())
    case = open_case()
    with pytest.raises(Refused):
        offer(case, sacha, by=nour)
    assert sacha not in desk.colleagues()
    leaving.end_away(away=row, by=sacha, at=LATER)
    assert sacha in desk.colleagues()
    offer(case, sacha, by=nour)


def test_a_team_is_offered_it_and_the_second_is_told_who_was_first(
    open_case: OpenCase, nour: Staff, sacha: Staff, make_staff: Callable[..., Staff]
) -> None:
    day = Team.objects.get(slug="day")
    other = make_staff("lou", "counsellor", [day])
    there = offer(open_case(), day, by=nour)
    assert list(desk.offered_to(sacha)) == list(desk.offered_to(other)) == [there]
    actions.accept(transfer=there, words="", by=other, at=LATER)
    with pytest.raises(Answered) as answered:
        actions.accept(transfer=there, words="", by=sacha, at=LATER)
    assert answered.value.transfer.done_by == other
    case = Case.objects.get()
    assert (case.assignee, case.team) == (other, day)


def test_of_an_erased_case_nothing_is_offered_and_the_words_go(
    offered: Transfer, nour: Staff, sacha: Staff, maud: Staff
) -> None:
    share(offered.case, sacha, by=nour)
    reports.erase_report(report=offered.case.report, by=None, at=LATER)
    fresh = Transfer.objects.select_related("case__report").get()
    with pytest.raises(WrongKey):
        actions.accept(transfer=fresh, words="yes", by=sacha, at=LATER)
    assert forgetting.follow_erasures(at=LATER) == 1
    assert forgetting.follow_erasures(at=LATER) == 0
    fresh.refresh_from_db()
    assert (fresh.status, fresh.reason, fresh.answer) == (Status.VOID, None, None)
    assert Share.objects.get().reason is None
    with pytest.raises(WrongKey):
        offer(Case.objects.select_related("report").get(), maud, by=nour)


def test_every_arrow_leads_somewhere() -> None:
    assert set(TRANSITIONS) == set(Status)
    ended = [one for one in Status if one != Status.OFFERED]
    assert all(TRANSITIONS[one] == frozenset() for one in ended)
    assert TRANSITIONS[Status.OFFERED] == set(ended)
    with pytest.raises(ForbiddenMove):
        Transfer(status=Status.ACCEPTED).move(Status.DECLINED)


def test_a_colleague_of_the_team_takes_it(open_case: OpenCase, maud: Staff, sacha: Staff) -> None:
    case = open_case()
    with pytest.raises(PermissionDenied):
        actions.take(case=case, by=sacha, at=LATER)
    actions.take(case=case, by=maud, at=LATER)
    events = case.events.count()
    actions.take(case=case, by=maud, at=LATER)
    assert (case.assignee, case.events.count()) == (maud, events)


# --- sharing ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("may_work", [True, False])
def test_a_share_lets_in_until_it_ends_by_itself(
    may_work: bool, open_case: OpenCase, nour: Staff, sacha: Staff
) -> None:
    case = open_case()
    open_case()
    row = share(case, sacha, by=nour, may_work=may_work)
    assert list(Case.objects.visible_to(sacha)) == [case]
    assert list(Case.objects.workable_by(sacha)) == ([case] if may_work else [])
    assert casework.can_work_on(case, by=sacha) is may_work
    assert casework.worked_on(by=sacha)(case) is may_work
    run_out(row, "until")
    assert not Case.objects.visible_to(sacha).exists()
    assert not casework.can_work_on(case, by=sacha)
    assert not casework.worked_on(by=sacha)(case)


def test_what_is_shared_to_be_read_can_not_be_written(open_case: OpenCase, nour: Staff, sacha: Staff) -> None:
    case = open_case()
    share(case, sacha, by=nour, may_work=False)
    for write in (
        lambda: casework.add_note(case=case, text="x", by=sacha, at=LATER),
        lambda: casework.write_to_young_person(case=case, text="x", by=sacha, at=LATER),
        lambda: casework.set_handle(case=case, text="x", by=sacha, at=LATER),
        lambda: casework.add_links(case=case, facts=(), by=sacha, at=LATER),
        lambda: casework.set_waiting(case=case, waiting=True, by=sacha, at=LATER),
        lambda: casework.close_case(case=case, outcome=Outcome.ADVICE, by=sacha, at=LATER),
        lambda: casework.assign(case=case, to=sacha, by=sacha, at=LATER),
    ):
        with pytest.raises(PermissionDenied):
            write()


def test_who_works_on_a_shared_case_does_not_pass_it_on(
    open_case: OpenCase, nour: Staff, sacha: Staff, make_staff: Callable[..., Staff]
) -> None:
    case, third = open_case(), make_staff("third", "counsellor")
    share(case, sacha, by=nour)
    casework.add_note(case=case, text="I called them", by=sacha, at=LATER)
    for pass_on in (
        lambda: share(case, third, by=sacha),
        lambda: offer(case, third, by=sacha),
        lambda: actions.take(case=case, by=sacha, at=LATER),
        lambda: casework.assign(case=case, to=sacha, by=sacha, at=LATER),
    ):
        with pytest.raises(PermissionDenied):
            pass_on()


def test_a_share_ends_early_for_whoever_has_the_case_and_for_the_one_it_is_for(
    open_case: OpenCase, nour: Staff, sacha: Staff, make_staff: Callable[..., Staff]
) -> None:
    case = open_case()
    for ends in (nour, sacha):
        row = share(case, sacha, by=nour)
        with pytest.raises(PermissionDenied):
            actions.end_share(share=row, by=make_staff(f"x{ends.pk}", "counsellor"), at=LATER)
        actions.end_share(share=row, by=ends, at=LATER)
        actions.end_share(share=row, by=ends, at=LATER)
        assert not Case.objects.visible_to(sacha).exists()
    assert verbs(case).count("case.unshared") == 2


def test_shared_again_the_newest_counts(open_case: OpenCase, nour: Staff, sacha: Staff) -> None:
    case = open_case()
    share(case, sacha, by=nour, may_work=True)
    share(case, sacha, by=nour, may_work=False)
    assert not casework.can_work_on(case, by=sacha)
    assert Share.objects.live().count() == 1


def test_with_whom_and_how_long(
    open_case: OpenCase, nour: Staff, sacha: Staff, maud: Staff, theo: Staff
) -> None:
    case = open_case()
    for to, lasts in ((maud, DAY), (theo, DAY), (sacha, timedelta(0)), (sacha, timedelta(days=31))):
        with pytest.raises(Refused):
            share(case, to, by=nour, lasts=lasts)
    with pytest.raises(PermissionDenied):
        share(case, nour, by=sacha)


def test_the_queue_shows_what_is_shared_under_all_open(
    open_case: OpenCase, nour: Staff, sacha: Staff
) -> None:
    case = open_case()
    assert not items(staff=sacha, filters=Filters(view="open")).exists()
    share(case, sacha, by=nour)
    assert [item.case for item in items(staff=sacha, filters=Filters(view="open"))] == [case]


# --- watching ---------------------------------------------------------------------------------------------


def test_watched_is_what_one_may_see(open_case: OpenCase, nour: Staff, sacha: Staff) -> None:
    case = open_case()
    with pytest.raises(PermissionDenied):
        actions.watch(case=case, on=True, by=sacha, at=LATER)
    row = share(case, sacha, by=nour, may_work=False)
    for _twice in range(2):
        actions.watch(case=case, on=True, by=sacha, at=LATER)
    assert list(desk.watched_by(sacha)) == [case]
    run_out(row, "until")
    assert list(desk.watched_by(sacha)) == []
    actions.watch(case=case, on=False, by=sacha, at=LATER)
    assert not Watch.objects.exists()


def test_what_changed_since_one_looked_comes_from_the_trail(
    open_case: OpenCase, nour: Staff, maud: Staff
) -> None:
    case = open_case()
    actions.watch(case=case, on=True, by=maud, at=NOON)
    (row,) = desk.watched_by(maud)
    assert row.looked == NOON
    casework.record_read(case=case, by=maud, at=LATER)
    casework.record_read(case=case, by=nour, at=LATER + DAY)  # somebody else
    (row,) = desk.watched_by(maud)
    assert row.looked == LATER
    assert row.changed_at <= row.looked
    casework.add_note(case=case, text="news", by=nour, at=LATER + timedelta(minutes=1))
    (row,) = desk.watched_by(maud)
    assert row.changed_at > row.looked


def test_who_has_seen_a_case(open_case: OpenCase, nour: Staff, maud: Staff, sacha: Staff) -> None:
    case, other = open_case(), open_case()
    for at in (NOON, LATER):
        casework.record_read(case=case, by=nour, at=at)
    casework.record_read(case=case, by=maud, at=LATER + DAY)
    casework.record_read(case=other, by=sacha, at=LATER)
    found = [(one.name, one.first, one.last, one.times) for one in desk.readers_of(case)]
    assert found == [("Maud", LATER + DAY, LATER + DAY, 1), ("Nour", NOON, LATER, 2)]


# --- somebody leaves, or is away --------------------------------------------------------------------------


def held_by(staff: Staff) -> int:
    return Case.objects.filter(assignee=staff).count()


def test_a_supervisor_gives_cases_to_others_at_once(
    open_case: OpenCase, nour: Staff, sacha: Staff, maud: Staff
) -> None:
    first, second, third = (open_case() for _ in range(3))
    done = leaving.reassign(
        staff=nour, choices={first.pk: sacha, second.pk: None}, offers={}, by=maud, at=LATER
    )
    assert (done.moved, done.missed) == (2, 0)
    assert Case.objects.get(pk=first.pk).assignee == sacha
    assert Case.objects.get(pk=second.pk).assignee is None
    assert list(Case.objects.visible_to(nour).order_by("pk")) == [
        second,
        third,
    ]  # of the team, without anyone
    assert QueueItem.objects.get(case=second).holder is None


def test_undo_gives_back_what_nobody_touched_since(
    open_case: OpenCase, nour: Staff, sacha: Staff, maud: Staff
) -> None:
    untouched, worked_on, moved_on = (open_case() for _ in range(3))
    choices: dict[int, Staff | None] = {one.pk: sacha for one in (untouched, worked_on, moved_on)}
    done = leaving.reassign(staff=nour, choices=choices, offers={}, by=maud, at=LATER)
    casework.add_note(case=Case.objects.get(pk=worked_on.pk), text="x", by=sacha, at=LATER + DAY)
    casework.assign(case=Case.objects.get(pk=moved_on.pk), to=maud, by=maud, at=LATER + DAY)
    casework.record_read(case=untouched, by=sacha, at=LATER + DAY)  # reading is not touching
    assert leaving.undo(batch=done.batch, by=maud, at=LATER + DAY) == (1, 2)
    back = Case.objects.get(pk=untouched.pk)
    assert (back.assignee, back.team_id) == (nour, "night")
    assert leaving.undo(batch=done.batch, by=maud, at=LATER + DAY) == (0, 2)
    assert Case.objects.get(pk=worked_on.pk).assignee == sacha


def test_nothing_goes_back_to_a_closed_account(
    open_case: OpenCase, nour: Staff, sacha: Staff, maud: Staff
) -> None:
    done = leaving.reassign(staff=nour, choices={open_case().pk: sacha}, offers={}, by=maud, at=LATER)
    Staff.objects.filter(pk=nour.pk).update(is_active=False)
    assert leaving.undo(batch=done.batch, by=maud, at=LATER) == (0, 1)
    assert held_by(sacha) == 1


def test_reassigning_is_a_supervisors_and_to_somebody_who_can(
    open_case: OpenCase, nour: Staff, sacha: Staff, maud: Staff, theo: Staff
) -> None:
    case, other = open_case(), open_case()
    with pytest.raises(PermissionDenied):
        leaving.reassign(staff=nour, choices={case.pk: sacha}, offers={}, by=nour, at=LATER)
    with pytest.raises(Refused):
        leaving.reassign(staff=nour, choices={case.pk: sacha, other.pk: theo}, offers={}, by=maud, at=LATER)
    assert held_by(nour) == 2
    done = leaving.reassign(staff=nour, choices={case.pk: sacha}, offers={}, by=maud, at=LATER)
    with pytest.raises(PermissionDenied):
        leaving.undo(batch=done.batch, by=sacha, at=LATER)


def test_a_case_that_somebody_took_meanwhile_stays_there(
    open_case: OpenCase, nour: Staff, sacha: Staff, maud: Staff
) -> None:
    case = open_case()
    casework.assign(case=case, to=maud, by=maud, at=LATER)
    done = leaving.reassign(staff=nour, choices={case.pk: sacha}, offers={}, by=maud, at=LATER)
    assert (done.moved, done.missed, held_by(maud)) == (0, 1, 1)


def test_what_was_offered_to_them_goes_to_somebody_else_or_back(
    open_case: OpenCase, nour: Staff, sacha: Staff, maud: Staff, make_staff: Callable[..., Staff]
) -> None:
    other = make_staff("lou", "counsellor")
    on, back = offer(open_case(), sacha, by=nour), offer(open_case(), sacha, by=nour)
    leaving.reassign(staff=sacha, choices={}, offers={on.pk: other, back.pk: None}, by=maud, at=LATER)
    assert list(desk.offered_to(other)) == [on]
    assert list(desk.offered_to(sacha)) == []
    assert list(desk.came_back_to(nour)) == [back]
    assert held_by(nour) == 2


def leave(staff: Staff, by: Staff) -> None:
    """What closing the account does, in the order it does it."""
    with transaction.atomic():
        Staff.objects.select_for_update(no_key=True).get(pk=staff.pk)
        staff.is_active = False
        staff.save(update_fields=["is_active"])
        leaving.nothing_stays(staff=staff, by=by, at=LATER)


def test_nothing_stays_with_who_leaves(
    open_case: OpenCase, nour: Staff, sacha: Staff, maud: Staff, anouk: Staff
) -> None:
    mine, closed = open_case(), open_case()
    casework.close_case(case=closed, outcome=Outcome.ADVICE, by=nour, at=LATER)
    theirs = open_case(by=maud)
    to_me, from_me = offer(theirs, nour, by=maud), offer(mine, sacha, by=nour)
    shared = share(open_case(by=sacha), nour, by=sacha)
    shifts.start_shift(by=nour, at=LATER)

    leave(nour, anouk)

    mine.refresh_from_db()
    assert (mine.assignee, mine.team_id) == (None, "night")
    assert QueueItem.objects.get(case=mine).holder is None
    assert held_by(nour) == 1  # the closed one: history
    assert {row.status for row in Transfer.objects.filter(pk__in=[to_me.pk, from_me.pk])} == {Status.VOID}
    assert theirs.assignee == maud
    assert list(desk.came_back_to(maud)) == [to_me]
    shared.refresh_from_db()
    assert shared.ended_at == LATER
    assert not Shift.objects.running().exists()
    assert [item.case for item in items(staff=maud, filters=Filters(view="alone"))] == [mine]
    assert not items(staff=sacha, filters=Filters(view="alone")).exists()


def test_what_who_leaves_shared_and_asked_ends(
    open_case: OpenCase, nour: Staff, sacha: Staff, maud: Staff, anouk: Staff
) -> None:
    """Given a case shared by Nour and a question of hers, then Sacha sees the case no more and nobody decides."""
    case = open_case()
    given = share(case, sacha, by=nour)
    asked = approvals.ask(what=ERASE, obj=case.report, by=nour, reason="She said so.", at=LATER)
    kept = approvals.ask(what=ERASE, obj=open_case(by=maud).report, by=maud, reason="x", at=LATER)
    assert Case.objects.visible_to(sacha).exists()

    leave(nour, anouk)

    given.refresh_from_db()
    assert (given.ended_at, given.ended_by) == (LATER, anouk)
    assert not Case.objects.visible_to(sacha).exists()
    for row, status in ((asked, "withdrawn"), (kept, "waiting")):
        row.refresh_from_db()
        assert row.status == status


def test_the_settings_name_what_takes_over(settings: Any) -> None:
    assert settings.ON_STAFF_LEAVING == ["cases.handover.leaving.nothing_stays"]


def test_closing_an_account_returns_its_cases_in_the_same_transaction(
    open_case: OpenCase, nour: Staff, anouk: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    from helpline.accounts import actions as accounts

    case = open_case()
    with monkeypatch.context() as patch:
        patch.setattr(leaving, "Share", None)  # it breaks half way
        with pytest.raises(AttributeError):
            accounts.disable(staff=nour, by=anouk, at=LATER)
    nour.refresh_from_db()
    assert nour.is_active
    assert held_by(nour) == 1
    accounts.disable(staff=nour, by=anouk, at=LATER)
    case.refresh_from_db()
    assert (held_by(nour), case.assignee) == (0, None)


def test_a_case_of_somebody_without_a_team_is_the_supervisors(
    open_case: OpenCase, nour: Staff, maud: Staff, anouk: Staff, make_staff: Callable[..., Staff]
) -> None:
    alone = make_staff("alone", "counsellor")
    case = open_case(by=alone)
    leave(alone, anouk)
    assert list(Case.objects.visible_to(maud)) == [case]
    assert not Case.objects.visible_to(nour).exists()
    actions.take(case=case, by=maud, at=LATER)
    assert held_by(maud) == 1


def test_a_case_reopened_after_its_colleague_left_is_with_nobody(
    open_case: OpenCase, nour: Staff, maud: Staff, anouk: Staff
) -> None:
    case = open_case()
    casework.close_case(case=case, outcome=Outcome.ADVICE, by=nour, at=LATER)
    leave(nour, anouk)
    QueueItem.objects.filter(case=case).update(unread=True)
    assert casework.bring_back(at=LATER) == 1
    case.refresh_from_db()
    item = QueueItem.objects.get(case=case)
    assert (case.assignee, item.holder, item.state) == (None, None, QueueState.OPEN)


def test_nobody_who_left_is_given_a_case(open_case: OpenCase, nour: Staff, sacha: Staff, maud: Staff) -> None:
    case = open_case()
    Staff.objects.filter(pk=sacha.pk).update(is_active=False)
    with pytest.raises(PermissionDenied):
        casework.assign(case=case, to=sacha, by=maud, at=LATER)
    assert held_by(nour) == 1


def test_days_away(nour: Staff, sacha: Staff, maud: Staff) -> None:
    now, today = timezone.now(), timezone.localdate()
    leaving.set_away(staff=nour, first_day=today, last_day=today, by=maud, at=now)
    assert desk.is_away(nour)
    assert not desk.is_away(sacha)
    with pytest.raises(PermissionDenied):
        leaving.set_away(staff=nour, first_day=today, last_day=today, by=sacha, at=now)
    for first, last in ((today, today - timedelta(days=1)), (date(2020, 1, 1), date(2020, 1, 2))):
        with pytest.raises(Refused):
            leaving.set_away(staff=nour, first_day=first, last_day=last, by=nour, at=now)
    with pytest.raises(PermissionDenied):
        leaving.end_away(away=Away.objects.get(), by=sacha, at=now)
    shifts.start_shift(by=nour, at=now)  # here after all
    assert not desk.is_away(nour)


# --- shifts -----------------------------------------------------------------------------------------------


def test_a_shift_begins_and_ends_once(nour: Staff) -> None:
    assert shifts.start_shift(by=nour, at=LATER)
    assert not shifts.start_shift(by=nour, at=LATER)
    assert not AuditRow.objects.filter(verb__startswith="shift").exists()
    assert desk.shift_of(nour).count() == 1
    left = shifts.end_shift(by=nour, words="Look at K7 first", at=LATER)
    assert left is not None
    assert shifts.end_shift(by=nour, words="Look at K7 first", at=LATER) is None
    assert HandOver.objects.count() == 1
    assert not desk.shift_of(nour).exists()
    assert b"K7" not in bytes(left.words or b"")


def test_a_forgotten_shift_is_over(nour: Staff) -> None:
    shifts.start_shift(by=nour, at=LATER)
    run_out(Shift.objects.get(), "ends_by_itself_at")
    assert not desk.shift_of(nour).exists()
    assert shifts.start_shift(by=nour, at=LATER)
    assert Shift.objects.filter(ended_at=None).count() == 1


def test_what_is_left_is_for_the_team(nour: Staff, sacha: Staff, maud: Staff, night_team: Team) -> None:
    shifts.start_shift(by=nour, at=LATER)
    left = shifts.end_shift(by=nour, words="Look at K7 first", at=LATER)
    assert left is not None
    assert list(desk.handovers_for(maud)) == list(desk.handovers_for(nour)) == [left]
    assert list(desk.handovers_for(sacha)) == []
    Membership.objects.create(staff=sacha, team=night_team)
    assert list(desk.handovers_for(sacha)) == [left]
    words = shifts.words_of(handovers=[left], by=maud, at=LATER)
    assert words == {left.pk: "Look at K7 first"}
    assert verbs(left) == ["handover.read"]
    shifts.mark_read(handover=left, by=maud, at=LATER)
    shifts.mark_read(handover=left, by=maud, at=LATER)
    assert [one.is_read for one in desk.handovers_for(maud)] == [True]
    assert [one.is_read for one in desk.handovers_for(nour)] == [False]


def test_the_past_is_forgotten(nour: Staff, open_case: OpenCase, sacha: Staff, maud: Staff) -> None:
    """Nobody can add up who worked how long."""
    shifts.start_shift(by=nour, at=NOON)
    shifts.end_shift(by=nour, words="x", at=NOON)
    Away.objects.create(staff=nour, first_day=NOON.date(), last_day=NOON.date(), by=nour, at=NOON)
    leaving.reassign(staff=nour, choices={open_case().pk: sacha}, offers={}, by=maud, at=NOON)
    forgetting.forget_the_past(at=NOON + timedelta(hours=5))
    assert Shift.objects.count() == HandOver.objects.count() == Away.objects.count() == 1
    forgetting.forget_the_past(at=NOON + timedelta(days=2))
    assert (Shift.objects.count(), Away.objects.count(), HandOver.objects.count()) == (0, 0, 1)
    forgetting.forget_the_past(at=NOON + timedelta(days=3, seconds=1))
    assert not HandOver.objects.exists()  # what it says is beyond the reach of an erasure
    forgetting.forget_the_past(at=NOON + timedelta(days=31))
    assert not Move.objects.exists()
