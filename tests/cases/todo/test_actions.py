"""Tasks, checklists and the safety plan: who may, what is refused, and that a second press does nothing twice."""

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone, translation

from cases import actions as cases
from cases.models import Case
from cases.states import Outcome
from cases.todo import actions, desk
from cases.todo.actions import AlreadyApplied, CaseClosed, Stale
from cases.todo.models import NO_DAY, PARTS, AppliedChecklist, Checklist, RemovedNote, SafetyPlan, Task
from cases.todo.states import Due, end_of
from helpline.accounts.models import Staff
from helpline.audit.models import AuditRow
from helpline.crypto.wrapping import WrongKey
from reports import actions as reports
from reports.models import Message
from tests.at_once import at_once
from tests.cast import NOON

OpenCase = Callable[..., Case]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("chatter")]
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
PLAN = dict.fromkeys(PARTS, "") | {"calming": "Walking the dog."}


def task_of(case: Case, by: Staff, **given: Any) -> Task:
    facts: dict[str, Any] = {"text": "Call back.", "due_at": NOON + DAY, "for_whom": None, "at": NOON}
    return actions.add_task(case=case, by=by, **(facts | given))


def verbs() -> list[str]:
    found = AuditRow.objects.order_by("id").values_list("verb", flat=True)
    return [verb for verb in found if verb.startswith(("task.", "checklist.", "plan."))]


def close(case: Case, by: Staff) -> None:
    cases.close_case(case=case, outcome=Outcome.ADVICE, by=by, at=NOON + HOUR)


# --- tasks ----------------------------------------------------------------------------------------------


def test_a_task_is_sealed_and_opens_for_the_case(open_case: OpenCase, nour: Staff) -> None:
    case = open_case()
    task = task_of(case, nour, text="Call the mother back.")
    assert b"mother" not in bytes(task.text or b"")
    assert case.box().open(task, "text") == "Call the mother back."
    assert verbs() == ["task.added"]


def test_a_task_of_the_holder_goes_along_when_the_case_does(
    open_case: OpenCase, nour: Staff, maud: Staff
) -> None:
    case = open_case()
    task_of(case, nour, for_whom=nour)
    assert list(Task.objects.open_for(nour)) and not Task.objects.open_for(maud)
    cases.assign(case=case, to=maud, by=nour, at=NOON)
    assert list(Task.objects.open_for(maud)) and not Task.objects.open_for(nour)


def test_a_task_for_a_colleague_stays_theirs_until_their_account_is_closed(
    open_case: OpenCase, nour: Staff, maud: Staff
) -> None:
    task = task_of(open_case(), nour, for_whom=maud)
    assert (list(Task.objects.open_for(maud)), list(Task.objects.open_for(nour))) == ([task], [])
    Staff.objects.filter(pk=maud.pk).update(is_active=False)
    assert list(Task.objects.open_for(nour)) == [task]


def test_nobody_is_given_a_task_of_a_case_they_may_not_work_on(
    open_case: OpenCase, nour: Staff, sacha: Staff
) -> None:
    case = open_case()
    with pytest.raises(PermissionDenied):
        task_of(case, nour, for_whom=sacha)
    with pytest.raises(PermissionDenied):
        task_of(case, sacha)
    assert not Task.objects.exists()
    assert sacha not in desk.colleagues_of(case)


def test_whoever_a_case_is_shared_with_can_be_given_a_task(
    open_case: OpenCase, nour: Staff, sacha: Staff
) -> None:
    case = open_case()
    case.shares.create(staff=sacha, may_work=True, by=nour, at=NOON, until=timezone.now() + DAY)
    assert sacha in desk.colleagues_of(case)
    task = task_of(case, nour, for_whom=sacha)
    assert list(Task.objects.open_for(sacha)) == [task]


def test_a_form_sent_twice_makes_one_task(open_case: OpenCase, nour: Staff, maud: Staff) -> None:
    case, key = open_case(), uuid.uuid4()
    first, second = (task_of(case, nour, key=key) for _ in range(2))
    assert first == second and Task.objects.count() == 1
    with pytest.raises(PermissionDenied):  # a key of somebody else's is no way to their task
        task_of(case, maud, key=key)


def test_tick_untick_remove_and_back(open_case: OpenCase, nour: Staff) -> None:
    task = task_of(open_case(), nour)
    for _ in range(2):
        actions.tick(task=task, by=nour, at=NOON)
    assert (task.done_at, task.done_by) == (NOON, nour)
    actions.untick(task=task, by=nour, at=NOON)
    actions.untick(task=task, by=nour, at=NOON)
    assert task.is_open
    actions.remove_task(task=task, by=nour, at=NOON)
    actions.remove_task(task=task, by=nour, at=NOON)
    assert not Task.objects.open_for(nour)
    actions.put_back_task(task=task, by=nour, at=NOON)
    assert list(Task.objects.open_for(nour)) == [task]
    assert verbs() == ["task.added", "task.done", "task.not_done", "task.removed", "task.put_back"]


def test_a_change_over_another_is_refused(open_case: OpenCase, nour: Staff, maud: Staff) -> None:
    case = open_case()
    task = task_of(case, nour)
    facts: dict[str, Any] = {"due_at": None, "for_whom": maud, "at": NOON}
    actions.change_task(task=task, version=1, text="Write.", by=nour, **facts)
    assert (task.version, task.due_at, task.for_whom) == (2, NO_DAY, maud)
    assert case.box().open(task, "text") == "Write."
    with pytest.raises(Stale):
        actions.change_task(task=task, version=1, text="x", by=maud, **facts)
    actions.tick(task=task, by=nour, at=NOON)
    with pytest.raises(Stale):
        actions.change_task(task=task, version=2, text="x", by=maud, **facts)


def test_a_stranger_touches_no_task(open_case: OpenCase, nour: Staff, sacha: Staff) -> None:
    task = task_of(open_case(), nour)
    for act in (actions.tick, actions.untick, actions.remove_task, actions.put_back_task):
        with pytest.raises(PermissionDenied):
            act(task=task, by=sacha, at=NOON)
    with pytest.raises(PermissionDenied):
        actions.change_task(task=task, version=1, text="x", due_at=None, for_whom=None, by=sacha, at=NOON)
    assert verbs() == ["task.added"]


def test_a_closed_case_says_so(open_case: OpenCase, nour: Staff, fake_nude: Checklist) -> None:
    case = open_case()
    task = task_of(case, nour)
    plan = actions.write_plan(case=case, based_on=0, said=PLAN, review_on=None, by=nour, at=NOON)
    close(case, nour)
    task.refresh_from_db()
    acts: list[Callable[[], object]] = [
        lambda: task_of(case, nour),
        lambda: actions.tick(task=task, by=nour, at=NOON),
        lambda: actions.remove_task(task=task, by=nour, at=NOON),
        lambda: actions.apply_checklist(case=case, checklist=fake_nude, by=nour, at=NOON),
        lambda: actions.write_plan(
            case=case, based_on=1, said=PLAN | {"people": "x"}, review_on=None, by=nour, at=NOON
        ),
        lambda: actions.share_plan(plan=plan, text="x", by=nour, at=NOON),
    ]
    for act in acts:
        with pytest.raises(CaseClosed):
            act()
    assert not Task.objects.open_for(nour)  # nobody is reminded of it


def test_two_tick_at_once(transactional_db: None, open_case: OpenCase, nour: Staff, maud: Staff) -> None:
    task = task_of(open_case(), nour)
    answers = at_once(
        *(lambda by=by: actions.tick(task=Task.objects.get(), by=by, at=NOON) for by in (nour, maud))
    )
    assert answers == [None, None]
    task.refresh_from_db()
    assert task.done_by in {nour, maud}
    assert verbs().count("task.done") == 1


@pytest.mark.django_db(transaction=True)
def test_one_form_twice_at_once_makes_one_task(open_case: OpenCase, nour: Staff) -> None:
    case, key = open_case(), uuid.uuid4()
    answers = at_once(*(lambda: task_of(case, nour, key=key) for _ in range(2)))
    assert {getattr(answer, "pk", answer) for answer in answers} == {key}
    assert Task.objects.count() == 1


# --- checklists -----------------------------------------------------------------------------------------


def test_a_checklist_is_copied_and_later_edits_change_nothing(
    open_case: OpenCase, nour: Staff, fake_nude: Checklist
) -> None:
    case = open_case()
    count = actions.apply_checklist(case=case, checklist=fake_nude, by=nour, at=NOON)
    fake_nude.items.all().delete()
    tasks = list(case.tasks.order_by("position"))
    assert count == len(tasks) == 7
    assert case.box().open(tasks[0], "text") == "Read the story and write a first answer."
    assert tasks[0].due_at == NOON + 2 * HOUR
    assert all(task.for_whom is None for task in tasks)


def test_it_is_copied_in_the_language_of_the_page(
    open_case: OpenCase, nour: Staff, fake_nude: Checklist
) -> None:
    case = open_case()
    with translation.override("fr"):
        actions.apply_checklist(case=case, checklist=fake_nude, by=nour, at=NOON)
    first = case.tasks.get(position=0)
    assert case.box().open(first, "text") == "Lire le récit et écrire une première réponse."


def test_a_line_without_hours_has_no_day(open_case: OpenCase, nour: Staff, fake_nude: Checklist) -> None:
    fake_nude.items.update(due_hours=None)
    case = open_case()
    actions.apply_checklist(case=case, checklist=fake_nude, by=nour, at=NOON)
    assert not any(task.has_day for task in case.tasks.all())


def test_a_checklist_is_never_applied_twice(open_case: OpenCase, nour: Staff, fake_nude: Checklist) -> None:
    case, other = open_case(), open_case(at=NOON + HOUR)
    actions.apply_checklist(case=case, checklist=fake_nude, by=nour, at=NOON)
    with pytest.raises(AlreadyApplied):
        actions.apply_checklist(case=case, checklist=fake_nude, by=nour, at=NOON)
    actions.apply_checklist(case=other, checklist=fake_nude, by=nour, at=NOON)
    assert Task.objects.count() == 14


@pytest.mark.django_db(transaction=True)
def test_two_apply_it_at_once(open_case: OpenCase, nour: Staff, maud: Staff, fake_nude: Checklist) -> None:
    case = open_case()
    answers = at_once(
        *(
            lambda by=by: actions.apply_checklist(case=case, checklist=fake_nude, by=by, at=NOON)
            for by in (nour, maud)
        )
    )
    assert sorted(str(type(answer).__name__) for answer in answers) == ["AlreadyApplied", "int"]
    assert (Task.objects.count(), AppliedChecklist.objects.count()) == (7, 1)


def test_a_stranger_applies_nothing(open_case: OpenCase, sacha: Staff, fake_nude: Checklist) -> None:
    with pytest.raises(PermissionDenied):
        actions.apply_checklist(case=open_case(), checklist=fake_nude, by=sacha, at=NOON)


# --- the safety plan ------------------------------------------------------------------------------------


def write(case: Case, by: Staff, *, based_on: int = 0, review_on: Any = None, **said: str) -> SafetyPlan:
    return actions.write_plan(
        case=case, based_on=based_on, said=PLAN | said, review_on=review_on, by=by, at=NOON
    )


def test_versions_are_kept_and_sealed(open_case: OpenCase, nour: Staff, maud: Staff) -> None:
    case = open_case()
    first = write(case, nour, people="Aunt Lea")
    second = write(case, maud, based_on=1, people="Aunt Lea, and the coach")
    assert (first.number, second.number) == (1, 2)
    assert b"Lea" not in bytes(first.people or b"")
    first.refresh_from_db()
    assert actions.opened_plan(first, case.box())["people"] == "Aunt Lea"
    assert [(plan.number, plan.by) for plan in case.safety_plans.order_by("number")] == [(1, nour), (2, maud)]


def test_a_stale_plan_is_not_written_and_the_same_words_twice_are_one_version(
    open_case: OpenCase, nour: Staff, maud: Staff
) -> None:
    case = open_case()
    first = write(case, nour, people="Aunt Lea")
    with pytest.raises(Stale) as caught:
        write(case, maud, people="The coach")
    assert caught.value.now == first
    assert write(case, nour, people="Aunt Lea") == first
    assert SafetyPlan.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_write_at_once_and_one_is_told(open_case: OpenCase, nour: Staff, maud: Staff) -> None:
    case = open_case()
    answers = at_once(
        lambda: write(Case.objects.select_related("report").get(), nour, people="Lea"),
        lambda: write(Case.objects.select_related("report").get(), maud, people="Coach"),
    )
    assert sorted(type(answer).__name__ for answer in answers) == ["SafetyPlan", "Stale"]
    assert case.safety_plans.count() == 1


def test_the_day_to_look_again_is_one_task(open_case: OpenCase, nour: Staff) -> None:
    case, day = open_case(), (NOON + 7 * DAY).date()
    write(case, nour, review_on=day)
    task = case.tasks.get()
    assert task.due_at == end_of(day)
    write(case, nour, based_on=1, review_on=day + DAY)
    task.refresh_from_db()
    assert (case.tasks.count(), task.due_at) == (1, end_of(day + DAY))
    write(case, nour, based_on=2, review_on=None)
    task.refresh_from_db()
    assert not task.is_open


def test_a_review_that_comes_back_replaces_the_one_made_meanwhile(open_case: OpenCase, nour: Staff) -> None:
    case, day = open_case(), (NOON + 7 * DAY).date()
    write(case, nour, review_on=day)
    first = case.tasks.get()
    actions.tick(task=first, by=nour, at=NOON)
    write(case, nour, based_on=1, review_on=day + DAY)
    actions.untick(task=first, by=nour, at=NOON)
    assert list(Task.objects.open_for(nour)) == [first]


def test_it_is_shared_as_a_message_once(open_case: OpenCase, nour: Staff, sacha: Staff) -> None:
    case = open_case()
    plan = write(case, nour)
    for _ in range(2):
        actions.share_plan(plan=plan, text="Our plan.", by=nour, at=NOON)
    message = Message.objects.get()
    assert case.box().open(message, "body") == "Our plan."
    assert (plan.shared_by, plan.shared_as) == (nour, message.pk)
    with pytest.raises(PermissionDenied):
        actions.share_plan(plan=plan, text="x", by=sacha, at=NOON)
    write(case, nour, based_on=1, people="x")
    with pytest.raises(Stale):
        actions.share_plan(plan=plan, text="x", by=nour, at=NOON)


def test_a_stranger_writes_no_plan(open_case: OpenCase, sacha: Staff) -> None:
    with pytest.raises(PermissionDenied):
        write(open_case(), sacha)


# --- forgetting -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("swept", [False, True])
def test_what_was_erased_is_forgotten(swept: bool, open_case: OpenCase, nour: Staff) -> None:
    case, kept = open_case(), open_case(at=NOON + HOUR)
    task, plan = task_of(case, nour), write(case, nour, people="Lea")
    stays = task_of(kept, nour)
    reports.erase_report(report=case.report, by="young-person", at=NOON)
    if swept:
        cases.follow_erasures(at=NOON)
    case = Case.objects.select_related("report").get(pk=case.pk)
    with pytest.raises(WrongKey):
        task_of(case, nour)
    with pytest.raises(WrongKey):
        write(case, nour, based_on=1, people="x")

    assert actions.follow_erasures(at=NOON) == 2
    assert actions.follow_erasures(at=NOON) == 0

    for row in (task, plan, stays):
        row.refresh_from_db()
    assert (task.text, task.is_open, plan.people) == (None, False, None)
    assert stays.text is not None
    actions.put_back_task(task=task, by=nour, at=NOON)
    assert not task.is_open  # there is nothing left to put back


def test_what_nobody_wanted_back_is_tidied_away(open_case: OpenCase, nour: Staff) -> None:
    case = open_case()
    gone, fresh = task_of(case, nour), task_of(case, nour)
    actions.remove_task(task=gone, by=nour, at=NOON)
    actions.remove_task(task=fresh, by=nour, at=NOON + DAY)
    RemovedNote.objects.create(pk=uuid.uuid4(), case=case, by=nour, at=NOON, removed_at=NOON)
    assert actions.tidy(at=NOON + DAY + HOUR) == 2
    assert list(Task.objects.all()) == [fresh]


# --- when -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("due", "days"), [("today", 0), ("tomorrow", 1), ("days", 3), ("week", 7)])
def test_a_choice_ends_with_its_day(due: str, days: int) -> None:
    ends = Due(due).ends(NOON)
    assert ends is not None
    assert timezone.localtime(ends).isoformat()[:19] == f"2026-03-{2 + days:02}T23:59:59"
    assert Due.NONE.ends(NOON) is None
