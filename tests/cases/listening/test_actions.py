"""Written down, raised, sent, and its code read aloud: every step, every refusal, and two who press at once."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.core.exceptions import PermissionDenied

from cases import actions as casework
from cases import claims, queue
from cases.listening import actions
from cases.listening.actions import ChangedElsewhere, NotUrgent, Over
from cases.listening.models import CallDraft
from cases.listening.states import Code
from cases.models import Case, QueueItem
from cases.states import QueueState
from helpline.accounts.models import Staff
from helpline.audit.models import AuditRow
from helpline.crypto.wrapping import WrongKey
from reports import actions as reports
from reports import receipts
from reports.models import Report
from reports.states import Channel, Circumstance, Status
from tests.at_once import at_once
from tests.cases.listening.writing import begun, interview, writing
from tests.cast import NOON

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("chatter")]
LATER = NOON + timedelta(minutes=5)
DANGER = {"safety": "self-harm"}


def verbs() -> list[str]:
    """The trail, without what is not about calls."""
    return list(
        AuditRow.objects.filter(verb__startswith="call.").order_by("id").values_list("verb", flat=True)
    )


def send(by: Staff, call: CallDraft | None = None, *, take: bool = True, **changes: Any) -> actions.Sent:
    return actions.send(
        call_id=call.pk if call else uuid4(),
        writing=writing(begins=call is None, version=call.version if call else 0, **changes),
        take=take,
        by=by,
        at=LATER,
    )


# --- writing -------------------------------------------------------------------------------------------------


def test_what_was_typed_is_kept_sealed_and_found_again(nour: Staff) -> None:
    call = begun(nour, story="Everybody has seen it.")

    stored = CallDraft.objects.get()
    assert b"Everybody" not in bytes(stored.words or b"")
    assert actions.read_call(call=stored, by=nour, at=LATER).answers["story"] == {
        "story": "Everybody has seen it."
    }
    assert stored.expires_at == NOON + timedelta(hours=72)
    assert stored.pk == call.pk
    assert verbs() == ["call.begun", "call.read"]
    assert AuditRow.objects.get(verb="call.read").actor == f"staff:{nour.pk}"


def test_each_word_lets_it_live_longer(nour: Staff, settings: Any) -> None:
    settings.CALL_DRAFT_HOURS = 2
    call = begun(nour)
    saved = actions.save(call_id=call.pk, writing=writing(begins=False), by=nour, at=LATER)
    assert saved.expires_at == LATER + timedelta(hours=2)
    assert verbs() == ["call.begun"]


@pytest.mark.parametrize("who", ["anouk", "theo"])
def test_who_takes_no_calls(who: str, request: pytest.FixtureRequest) -> None:
    with pytest.raises(PermissionDenied):
        begun(request.getfixturevalue(who))
    assert not CallDraft.objects.exists()


def test_both_permissions_are_needed(nour: Staff) -> None:
    nour.role.permissions = ["cases.own"]
    assert not actions.can_listen(nour)
    with pytest.raises(PermissionDenied):
        begun(nour)


def test_somebody_elses_call_is_not_there(nour: Staff, sacha: Staff, maud: Staff) -> None:
    call = begun(nour)
    for other in (sacha, maud):
        for act in (
            lambda by: actions.save(call_id=call.pk, writing=writing(), by=by, at=LATER),
            lambda by: actions.send(call_id=call.pk, writing=writing(), take=True, by=by, at=LATER),
            lambda by: actions.raise_now(call_id=call.pk, writing=writing(), by=by, at=LATER),
            lambda by: actions.discard(call_id=call.pk, by=by, at=LATER),
            lambda by: actions.restore(call_id=call.pk, by=by, at=LATER),
            lambda by: actions.say_another_code(call_id=call.pk, by=by, at=LATER),
        ):
            with pytest.raises(CallDraft.DoesNotExist):
                act(other)
        with pytest.raises(PermissionDenied):
            actions.read_call(call=call, by=other, at=LATER)


def test_words_without_a_beginning_make_no_call(nour: Staff) -> None:
    with pytest.raises(CallDraft.DoesNotExist):
        actions.save(call_id=uuid4(), writing=writing(begins=False), by=nour, at=NOON)


# --- two pages -----------------------------------------------------------------------------------------------


def test_a_page_that_did_not_see_the_others_words_is_answered_with_both(nour: Staff) -> None:
    call = begun(nour, page="a")
    other = writing("b", begins=False, version=call.version, story="From the other tab.")
    actions.save(call_id=call.pk, writing=other, by=nour, at=LATER)

    with pytest.raises(ChangedElsewhere) as stale:
        actions.save(call_id=call.pk, writing=writing("a", begins=False), by=nour, at=LATER)

    assert stale.value.there.answers["story"] == {"story": "From the other tab."}
    # Having seen both, it goes on from there.
    mine = writing("c", begins=False, version=stale.value.call.version)
    assert actions.save(call_id=call.pk, writing=mine, by=nour, at=LATER).page == "c"


def test_an_older_text_that_arrives_late_replaces_nothing(nour: Staff) -> None:
    call = begun(nour, serial=1)
    actions.save(call_id=call.pk, writing=writing(begins=False, serial=3, story="newest"), by=nour, at=LATER)
    late = actions.save(
        call_id=call.pk, writing=writing(begins=False, serial=2, story="older"), by=nour, at=LATER
    )
    assert actions.opened(late).answers["story"] == {"story": "newest"}


def test_today_means_the_day_it_was_said(nour: Staff) -> None:
    said = interview(kind="threat", deadline="today")
    ends = said.answers["deadline"]["ends"]
    from cases.listening.interview import Sheet
    from tests.cases.listening.writing import posted

    again = Sheet(posted(kind="threat", deadline="today"), before=said).read(NOON + timedelta(days=2))
    assert again.answers["deadline"]["ends"] == ends


# --- throwing away -------------------------------------------------------------------------------------------


def test_thrown_away_it_can_be_put_back(nour: Staff) -> None:
    call = begun(nour)
    for _twice in range(2):
        assert actions.discard(call_id=call.pk, by=nour, at=LATER).discarded_at == LATER
    with pytest.raises(Over):
        actions.save(call_id=call.pk, writing=writing(begins=False), by=nour, at=LATER)
    assert not actions.unfinished(nour).exists()

    for _twice in range(2):
        back = actions.restore(call_id=call.pk, by=nour, at=LATER)

    assert actions.opened(back).answers["story"]
    assert back.expires_at == LATER + timedelta(hours=72)
    assert verbs() == ["call.begun", "call.discarded", "call.restored"]


def test_a_sent_call_cannot_be_thrown_away(nour: Staff) -> None:
    sent = send(nour)
    with pytest.raises(Over):
        actions.discard(call_id=sent.call.pk, by=nour, at=LATER)


def test_the_sweep_forgets_what_is_over_and_nothing_else(nour: Staff) -> None:
    begun(nour)
    thrown = begun(nour)
    actions.discard(call_id=thrown.pk, by=nour, at=NOON)

    assert actions.forget_calls(now=NOON + timedelta(minutes=59)) == 0
    assert actions.forget_calls(now=NOON + timedelta(hours=1)) == 1
    assert actions.forget_calls(now=NOON + timedelta(hours=71)) == 0
    assert actions.forget_calls(now=NOON + timedelta(hours=72)) == 1
    assert not CallDraft.objects.exists()


def test_it_forgets_the_words_of_an_erased_report(nour: Staff) -> None:
    call = actions.raise_now(call_id=uuid4(), writing=writing(**DANGER), by=nour, at=NOON)
    assert call.report is not None
    reports.erase_report(report=call.report, by=nour, at=LATER)

    with pytest.raises(WrongKey):
        send(nour, call, **DANGER)
    assert actions.forget_calls(now=LATER) == 1


# --- sending -------------------------------------------------------------------------------------------------


def test_sent_it_is_a_report_and_a_case_in_ones_own_hands(nour: Staff) -> None:
    call = begun(nour)

    sent = send(nour, call)

    report = Report.objects.get()
    assert (report.channel, report.status, report.is_complete) == (Channel.PHONE, Status.IN_CASE, True)
    assert report.box_for_code(sent.code).open(report, "story") == "Somebody sent it round my class."
    assert report.links.get().platform.slug == "chatter"
    assert report.code_said_aloud
    assert sent.case is not None and sent.case.assignee == nour
    assert QueueItem.objects.get().state == QueueState.OPEN
    call.refresh_from_db()
    assert (call.words, call.key, call.code) == (None, None, Code.TO_SAY)
    assert AuditRow.objects.get(verb="report.submitted").actor == f"staff:{nour.pk}"
    assert verbs() == ["call.begun", "call.sent"]


def test_the_code_is_in_no_table(nour: Staff) -> None:
    sent = send(nour)
    from django.apps import apps

    for model in apps.get_models():
        for row in model.objects.values_list() if hasattr(model, "objects") else ():
            assert sent.code not in str([bytes(one) if isinstance(one, memoryview) else one for one in row])


def test_left_in_the_queue_it_waits_there(nour: Staff, sacha: Staff) -> None:
    sent = send(nour, take=False)

    assert sent.case is None
    item = QueueItem.objects.get()
    assert (item.state, item.claimed_by) == (QueueState.WAITING, None)
    assert casework.open_case(report=sent.report, by=sacha, at=LATER).assignee == sacha


def test_sent_twice_nothing_is_doubled(nour: Staff) -> None:
    sent = send(nour)
    with pytest.raises(Over) as over:
        actions.send(call_id=sent.call.pk, writing=writing(), take=True, by=nour, at=LATER)
    assert over.value.call.report == sent.report
    assert Report.objects.count() == Case.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_sent_twice_at_the_same_moment(nour: Staff) -> None:
    call_id = uuid4()
    answers = at_once(
        *[lambda: actions.send(call_id=call_id, writing=writing(), take=True, by=nour, at=LATER)] * 2
    )
    assert sorted(type(answer).__name__ for answer in answers) == ["Over", "Sent"]
    assert Report.objects.count() == Case.objects.count() == CallDraft.objects.count() == 1
    assert verbs().count("call.begun") == verbs().count("call.sent") == 1


@pytest.mark.django_db(transaction=True)
def test_first_words_that_arrive_twice_begin_one_call(nour: Staff) -> None:
    call_id = uuid4()
    answers = at_once(
        lambda: actions.save(call_id=call_id, writing=writing(serial=1), by=nour, at=NOON),
        lambda: actions.save(call_id=call_id, writing=writing(serial=2), by=nour, at=NOON),
    )
    assert all(isinstance(answer, CallDraft) for answer in answers), answers
    assert verbs() == ["call.begun"]


# --- danger --------------------------------------------------------------------------------------------------


def test_danger_is_raised_while_they_go_on_speaking(nour: Staff, sacha: Staff, maud: Staff) -> None:
    call = begun(nour, **DANGER, age_range=None, kind=None, story=None)
    said = interview(**DANGER, age_range=None, kind=None, story=None)

    call = actions.raise_now(call_id=call.pk, writing=writing(said=said, begins=False), by=nour, at=NOON)

    report = Report.objects.get()
    item = QueueItem.objects.get()
    assert (report.is_complete, report.circumstances) == (False, [Circumstance.SELF_HARM])
    assert (item.danger, item.claimed_by) == (True, nour)
    assert list(queue.in_danger()) == [item]
    with pytest.raises(claims.Claimed):
        casework.open_case(report=report, by=sacha, at=NOON)

    sent = send(
        nour, call, **DANGER, home="unsafe", pasted="https://chatter.example/p/1 https://chatter.example/p/2"
    )

    report.refresh_from_db()
    assert sent.report == report
    assert (report.is_complete, report.is_retold, report.age_range) == (True, False, "13-14")
    assert set(report.circumstances) == {Circumstance.SELF_HARM, Circumstance.UNSAFE_HOME}
    assert report.links.count() == 2
    assert sent.case is not None and sent.case.assignee == nour
    assert report.box_for_code(sent.code).open(report, "story") == "Somebody sent it round my class."
    assert isinstance(reports.open_by_code(sent.code), Report)
    assert verbs() == ["call.begun", "call.raised", "call.sent"]


def test_raised_again_it_tells_what_was_added(nour: Staff) -> None:
    call = actions.raise_now(call_id=uuid4(), writing=writing(**DANGER), by=nour, at=NOON)
    actions.raise_now(
        call_id=call.pk,
        writing=writing(
            **DANGER, begins=False, pasted="https://chatter.example/p/1 https://chatter.example/p/9"
        ),
        by=nour,
        at=LATER,
    )
    assert Report.objects.get().links.count() == 2
    assert AuditRow.objects.get(verb="report.retold").actor == f"staff:{nour.pk}"


def test_without_danger_nothing_is_raised(nour: Staff) -> None:
    with pytest.raises(NotUrgent):
        actions.raise_now(call_id=uuid4(), writing=writing(), by=nour, at=NOON)
    assert not Report.objects.exists()


def test_a_supervisor_took_it_over_meanwhile(nour: Staff, maud: Staff) -> None:
    call = actions.raise_now(call_id=uuid4(), writing=writing(**DANGER), by=nour, at=NOON)
    assert call.report is not None
    claims.take_over(report=call.report, by=maud, at=NOON)
    case = casework.open_case(report=call.report, by=maud, at=NOON)

    sent = send(nour, call, **DANGER, story="More, said later.")

    assert (sent.case, sent.taken_by) == (None, maud)
    report = Report.objects.get()
    assert case.box().open(report, "story") == "More, said later."
    queue.refresh_retold(at=LATER)  # and Maud is told
    assert QueueItem.objects.get().unread


def test_erasing_takes_the_raised_report_and_thrown_away_words_leave_it(nour: Staff) -> None:
    call = actions.raise_now(call_id=uuid4(), writing=writing(**DANGER), by=nour, at=NOON)
    actions.discard(call_id=call.pk, by=nour, at=LATER)
    actions.forget_calls(now=LATER + timedelta(hours=2))
    assert Report.objects.get().circumstances == [Circumstance.SELF_HARM]


# --- the code ------------------------------------------------------------------------------------------------


def test_read_aloud_nobody_gets_another(nour: Staff) -> None:
    sent = send(nour)
    for _twice in range(2):
        actions.code_is_said(call_id=sent.call.pk, by=nour, checked=True, at=LATER)
    for act in (actions.say_another_code, actions.no_code):
        with pytest.raises(Over):
            act(call_id=sent.call.pk, by=nour, at=LATER)
    assert verbs()[-1] == "call.code_said" and verbs().count("call.code_said") == 1


def test_another_code_stops_the_first(nour: Staff) -> None:
    sent = send(nour)
    second = actions.say_another_code(call_id=sent.call.pk, by=nour, at=LATER)
    assert reports.open_by_code(sent.code) is None
    assert reports.open_by_code(second) == sent.report


def test_no_code_is_kept_by_anybody_and_they_may_change_their_mind(nour: Staff) -> None:
    sent = send(nour)
    for _twice in range(2):
        actions.no_code(call_id=sent.call.pk, by=nour, at=LATER)
    assert Report.objects.get().code_key is None
    with pytest.raises(Over):
        actions.code_is_said(call_id=sent.call.pk, by=nour, checked=False, at=LATER)

    code = actions.say_another_code(call_id=sent.call.pk, by=nour, at=LATER)

    assert reports.open_by_code(code) == sent.report
    assert CallDraft.objects.get().code == Code.TO_SAY


def test_who_came_already_keeps_their_own(nour: Staff) -> None:
    sent = send(nour)
    own = receipts.new_code()
    reports.change_code(report=sent.report, code=sent.code, fresh=own, at=LATER)
    for act in (actions.say_another_code, actions.no_code):
        with pytest.raises(reports.CodeTaken):
            act(call_id=sent.call.pk, by=nour, at=LATER)
    assert reports.open_by_code(own) == sent.report


@pytest.mark.django_db(transaction=True)
def test_a_second_code_and_their_first_visit_at_the_same_moment(nour: Staff) -> None:
    sent = send(nour)
    own = receipts.new_code()
    answers = at_once(
        lambda: actions.say_another_code(call_id=sent.call.pk, by=nour, at=LATER),
        lambda: reports.change_code(report=sent.report, code=sent.code, fresh=own, at=LATER),
    )
    opening = own if answers[1] is None else str(answers[0])
    assert reports.open_by_code(opening) == sent.report
    assert (answers[1] is None) == isinstance(answers[0], reports.CodeTaken)
    assert isinstance(answers[1], WrongKey) or answers[1] is None
