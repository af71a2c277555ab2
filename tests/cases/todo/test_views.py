"""The pages: my tasks, the next steps of a case, the plan, the texts, the ways back; and what supervisors write."""

import re
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from cases import actions as cases
from cases.models import Case, Note
from cases.states import CaseStatus, Outcome
from cases.todo import actions, words
from cases.todo import desk as todo_desk
from cases.todo.library import items_of
from cases.todo.models import PARTS, AppliedChecklist, Checklist, MessageTemplate, SafetyPlan, Task
from cases.todo.states import Occasion, end_of
from cases.views import answers
from helpline.accounts.models import Staff
from helpline.audit.models import AuditRow
from reports import actions as reports
from reports.actions import LinkFacts
from reports.models import Message
from reports.states import AgeRange, Circumstance, Kind, Who
from tests.cast import NOON

OpenCase = Callable[..., Case]
Desk = Callable[[Staff], Client]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("chatter")]
DAY = timedelta(days=1)
LIST = "/staff/tasks/"
HTMX = {"HX-Request": "true"}


def address(case: Case, what: str = "") -> str:
    return f"/staff/cases/{case.ref}/{what}"


def make(case: Case, by: Staff, text: str = "Call back.", **given: Any) -> Task:
    now = timezone.now()
    facts: dict[str, Any] = {"due_at": now + DAY, "for_whom": None, "at": now}
    return actions.add_task(case=case, text=text, by=by, **(facts | given))


def page_of(answer: Any) -> str:
    return re.sub(r"\s+", " ", answer.content.decode())


# --- the next steps of a case -----------------------------------------------------------------------------


def test_a_task_in_one_line_and_its_undo(open_case: OpenCase, desk: Desk, nour: Staff) -> None:
    case, client = open_case(), desk(nour)
    typed = {"task-text": "Call the aunt.", "task-due": "days", "task-key": str(uuid.uuid4())}
    for _ in range(2):  # a second click
        answer = client.post(address(case, "tasks/"), typed, follow=True)
    task = Task.objects.get()
    page = page_of(answer)
    assert answer.redirect_chain == [(f"{address(case)}#next", 302)]
    assert "Call the aunt." in page and f'action="/staff/tasks/{task.pk}/remove/"' in page
    assert task.due_at == end_of(timezone.localdate() + 3 * DAY)
    assert task.for_whom is None

    gone = client.post(f"/staff/tasks/{task.pk}/remove/", follow=True)
    assert "Call the aunt." not in page_of(gone)
    back = client.post(f"/staff/tasks/{task.pk}/restore/?from=case", follow=True)
    assert "The task is back." in page_of(back) and "Call the aunt." in page_of(back)


def test_a_day_of_the_calendar_counts_before_a_word(open_case: OpenCase, desk: Desk, nour: Staff) -> None:
    day = timezone.localdate() + 40 * DAY
    typed = {"task-text": "x", "task-due": "today", "task-day": day.isoformat()}
    desk(nour).post(address(open_case(), "tasks/"), typed)
    assert Task.objects.get().due_at == end_of(day)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"task-text": " "}, "Say what is to be done."),
        ({"task-day": "2020-01-01"}, "Choose a day that is still to come."),
        ({"task-day": "9999-12-31"}, "Choose a day that is still to come."),
        ({"task-due": "never"}, "Select a valid choice"),
        ({"task-for_whom": "0"}, "Select a valid choice"),
    ],
)
def test_what_is_missing_is_said_and_what_was_typed_stays(
    changes: dict[str, str], said: str, open_case: OpenCase, desk: Desk, nour: Staff
) -> None:
    answer = desk(nour).post(address(open_case(), "tasks/"), {"task-text": "Call the aunt."} | changes)
    assert answer.status_code == 422
    assert said in page_of(answer)
    assert "Call the aunt." in page_of(answer) or changes.get("task-text")
    assert not Task.objects.exists()


def test_a_colleague_of_another_team_is_not_in_the_list(
    open_case: OpenCase, desk: Desk, nour: Staff, maud: Staff, sacha: Staff
) -> None:
    case, client = open_case(), desk(nour)
    assert (
        client.post(address(case, "tasks/"), {"task-text": "x", "task-for_whom": sacha.pk}).status_code == 422
    )
    client.post(address(case, "tasks/"), {"task-text": "x", "task-for_whom": maud.pk})
    assert Task.objects.get().for_whom == maud


def test_who_does_not_hold_the_case_gives_it_to_themselves(
    open_case: OpenCase, desk: Desk, maud: Staff
) -> None:
    page = page_of(desk(maud).get(address(open_case())))
    assert f'<option value="{maud.pk}" selected>' in page


def test_steps_and_tasks_stand_in_the_order_they_are_due(
    open_case: OpenCase, desk: Desk, nour: Staff
) -> None:
    case, now = open_case(circumstances=(Circumstance.IN_DANGER,)), timezone.now()
    make(case, nour, "In a month.", due_at=now + 30 * DAY)
    make(case, nour, "On no day.", due_at=None)
    make(case, nour, "Long ago.", due_at=now - 2 * DAY)
    page = page_of(desk(nour).get(address(case)))
    in_order = ["make contact first", "Long ago.", "Ask for the removal of what", "In a month.", "On no day."]
    places = [page.index(words) for words in in_order]
    assert places == sorted(places)
    assert "Overdue: it was due" in page and "no day" in page


def test_ticked_with_a_script_and_without(open_case: OpenCase, desk: Desk, nour: Staff) -> None:
    case, client = open_case(), desk(nour)
    task = make(case, nour)
    answer = client.post(f"/staff/tasks/{task.pk}/done/", follow=True)
    assert answer.redirect_chain == [(f"{address(case)}#next", 302)]
    assert f'action="/staff/tasks/{task.pk}/not-done/?from=case"' in page_of(answer)
    part = client.post(f"/staff/tasks/{task.pk}/not-done/", headers=HTMX)
    assert part.status_code == 200 and page_of(part).strip().startswith("<li")
    task.refresh_from_db()
    assert task.is_open
    row = client.post(f"/staff/tasks/{task.pk}/done/?from=list", headers=HTMX)
    assert page_of(row).strip().startswith("<tr") and "Undo" in page_of(row)
    again = client.post(f"/staff/tasks/{task.pk}/done/?from=list", follow=True)
    assert again.redirect_chain == [(LIST, 302)]


def test_a_closed_case_says_so(open_case: OpenCase, desk: Desk, nour: Staff, fake_nude: Checklist) -> None:
    case, client = open_case(), desk(nour)
    task = make(case, nour)
    cases.close_case(case=case, outcome=Outcome.ADVICE, by=nour, at=timezone.now())
    for what, typed in (
        (f"/staff/tasks/{task.pk}/done/", {}),
        (address(case, "tasks/"), {"task-text": "x"}),
        (address(case, f"checklists/{fake_nude.pk}/"), {}),
        (address(case, "plan/"), {"plan-people": "x"}),
    ):
        page = page_of(client.post(what, typed, follow=True))
        assert "The case is closed, so this was not done." in page, what
    page = page_of(client.get(address(case)))
    assert "Its tasks wait until it is opened again" in page and "Add a task" not in page


def test_a_change_and_one_that_came_too_late(
    open_case: OpenCase, desk: Desk, nour: Staff, maud: Staff
) -> None:
    case, client = open_case(), desk(nour)
    task = make(case, nour)
    where = f"/staff/tasks/{task.pk}/"
    form = client.get(where).context["form"]
    typed = {
        "task-text": "Call the aunt.",
        "task-day": "",
        "task-for_whom": "",
        "task-version": form["version"].value(),
    }
    assert "The task is changed." in page_of(client.post(where, typed, follow=True))

    late = desk(maud).post(where, typed | {"task-text": "Write to the aunt."})
    page = page_of(late)
    assert late.status_code == 422
    for wording in ("A colleague changed this task meanwhile", "Call the aunt.", "Write to the aunt."):
        assert wording in page
    again = typed | {
        "task-text": "Write to the aunt.",
        "task-version": late.context["form"]["version"].value(),
    }
    desk(maud).post(where, again)
    task.refresh_from_db()
    assert case.box().open(task, "text") == "Write to the aunt."

    actions.tick(task=task, by=maud, at=timezone.now())
    assert "This task is done. Undo that first." in page_of(client.get(where, follow=True))


def test_an_hour_that_a_checklist_set_stays_where_the_day_stays(
    open_case: OpenCase, desk: Desk, nour: Staff
) -> None:
    at = timezone.make_aware(
        timezone.datetime.combine(timezone.localdate() - DAY, timezone.datetime.min.time())
    )
    task = make(open_case(), nour, due_at=at + timedelta(hours=9))
    client, where = desk(nour), f"/staff/tasks/{task.pk}/"
    shown = client.get(where).context["form"]
    typed = {"task-text": "y", "task-day": shown["day"].value().isoformat(), "task-version": 1}
    assert client.post(where, typed).status_code == 302
    task.refresh_from_db()
    assert task.due_at == at + timedelta(hours=9)


def test_somebody_elses_task_looks_like_not_there(
    open_case: OpenCase, desk: Desk, nour: Staff, sacha: Staff
) -> None:
    task, client = make(open_case(), nour), desk(sacha)
    for what in ("", "done/", "not-done/", "remove/", "restore/"):
        theirs = client.post(f"/staff/tasks/{task.pk}/{what}")
        nothing = client.post(f"/staff/tasks/{uuid.uuid4()}/{what}")
        assert theirs.status_code == nothing.status_code == 404
        assert theirs.content == nothing.content


# --- checklists on the page -------------------------------------------------------------------------------


def offered(client: Client, case: Case) -> set[str]:
    page = page_of(client.get(address(case)))
    found = Checklist.objects.filter(pk__in=re.findall(r"/checklists/([0-9a-f-]{36})/", page))
    return set(found.values_list("name_en", flat=True))


@pytest.mark.parametrize(
    ("told", "names"),
    [
        ({}, {"Fake nude"}),
        ({"kind": Kind.THREAT}, {"Threat, blackmail"}),
        (
            {"kind": Kind.SENT, "circumstances": (Circumstance.BLACKMAIL,)},
            {"I sent something", "Threat, blackmail"},
        ),
        ({"age_range": AgeRange.UNDER_13}, {"Fake nude", "Under 13"}),
        ({"kind": Kind.UNSURE}, set()),
        ({"circumstances": (Circumstance.SCHOOL,)}, {"Fake nude", "School group"}),
    ],
)
def test_what_fits_is_offered(
    told: dict[str, Any], names: set[str], open_case: OpenCase, desk: Desk, nour: Staff, library: None
) -> None:
    assert offered(desk(nour), open_case(**told)) == names


def test_a_checklist_that_names_nothing_is_for_every_case(
    open_case: OpenCase, desk: Desk, nour: Staff, fake_nude: Checklist
) -> None:
    Checklist.objects.filter(pk=fake_nude.pk).update(kinds=[])
    assert offered(desk(nour), open_case(kind=Kind.UNSURE)) == {"Fake nude"}


def test_it_is_applied_once_and_its_progress_is_shown(
    open_case: OpenCase, desk: Desk, nour: Staff, fake_nude: Checklist
) -> None:
    case, client = open_case(), desk(nour)
    where = address(case, f"checklists/{fake_nude.pk}/")
    assert "7 tasks added." in page_of(client.post(where, follow=True))
    assert "is in this case already" in page_of(client.post(where, follow=True))
    assert offered(client, case) == set()
    for task in case.tasks.order_by("position")[:3]:
        actions.tick(task=task, by=nour, at=timezone.now())
    page = page_of(client.get(address(case)))
    assert "3 of 7" in page and "3 tasks done" in page
    Checklist.objects.update(is_offered=False)
    assert client.post(where).status_code == 404


# --- my tasks ---------------------------------------------------------------------------------------------


def test_my_tasks_by_their_day(open_case: OpenCase, desk: Desk, nour: Staff, maud: Staff) -> None:
    case, now = open_case(), timezone.now()
    late = make(case, nour, "Late.", due_at=now - DAY)
    tonight = make(case, nour, "Tonight.", due_at=end_of(timezone.localdate()))
    later = make(case, nour, "Later.")
    undated = make(case, nour, "Some day.", due_at=None)
    make(case, nour, "Hers.", for_whom=maud)
    done = make(case, nour, "Done.")
    actions.tick(task=done, by=nour, at=now)
    client = desk(nour)

    def under(tab: str) -> list[Task]:
        return [one.task for one in client.get(f"{LIST}?tab={tab}").context["rows"]]

    assert under("overdue") == under("") == under("nonsense") == [late]
    assert under("today") == [tonight]
    assert under("later") == [later, undated]
    assert under("done") == [done]
    assert "Hers." in page_of(desk(maud).get(f"{LIST}?tab=later"))
    page = page_of(client.get(LIST))
    assert "Overdue: it was due yesterday" in page.replace("due yesterday at", "due yesterday ")
    # What the rail counts: due today or before.
    assert '>2<i class="unseen"> (Due today or before)' in page


def test_reading_their_words_is_recorded_once_for_each_case(
    open_case: OpenCase, desk: Desk, nour: Staff
) -> None:
    case, other = open_case(), open_case(at=NOON + DAY)
    for one in (case, case, other):
        make(one, nour)
    desk(nour).get(f"{LIST}?tab=later")
    rows = AuditRow.objects.filter(verb="case.tasks_read").values_list("actor", "object_id")
    assert sorted(rows) == sorted((f"staff:{nour.pk}", str(one.pk)) for one in (case, other))


def test_an_empty_list_says_what_will_appear(desk: Desk, nour: Staff) -> None:
    client = desk(nour)
    for tab in todo_desk.TABS:
        assert 'class="empty"' in page_of(client.get(f"{LIST}?tab={tab}"))


def test_the_list_goes_on_page_by_page(
    open_case: OpenCase, desk: Desk, nour: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = open_case()
    made = {make(case, nour, due_at=None if n > 3 else timezone.now() + n * DAY).pk for n in range(1, 6)}
    monkeypatch.setattr(answers, "PAGE", 2)
    client, seen, url = desk(nour), [], f"{LIST}?tab=later"
    while url:
        page = client.get(url)
        seen += [one.task.pk for one in page.context["rows"]]
        url = page.context["next_url"]
    assert (len(seen), set(seen)) == (5, made)
    assert client.get(f"{LIST}?after=x").status_code == 404


def test_the_lists_cost_the_same_for_three_and_for_twenty(
    open_case: OpenCase, desk: Desk, nour: Staff, maud: Staff, fake_nude: Checklist
) -> None:
    client = desk(nour)

    def cost(where: str) -> int:
        client.get(where)
        with CaptureQueriesContext(connection) as asked:
            client.get(where)
        return len(asked)

    def grow(count: int) -> Case:
        for _ in range(count):
            case = open_case()
            done = make(case, nour, for_whom=maud)
            actions.tick(task=done, by=nour, at=timezone.now())
            actions.apply_checklist(case=case, checklist=fake_nude, by=nour, at=timezone.now())
        return case

    tabs = [f"{LIST}?tab={tab}" for tab in todo_desk.TABS]
    page = address(grow(3))
    few = [cost(where) for where in (*tabs, page)]
    page = address(grow(17))
    case = Case.objects.get(ref=page.split("/")[3])
    for n in range(20):
        make(case, nour, str(n))
        cases.add_note(case=case, text="x", by=nour, at=timezone.now())
        cases.write_to_young_person(case=case, text="x", by=nour, at=timezone.now())
    assert [cost(where) for where in (*tabs, page)] == few
    assert max(few[:-1]) <= 8


# --- the safety plan --------------------------------------------------------------------------------------


def plan_of(case: Case, by: Staff, **said: str) -> SafetyPlan:
    latest = todo_desk.latest_plan(case)
    return actions.write_plan(
        case=case,
        based_on=latest.number if latest else 0,
        said=dict.fromkeys(PARTS, "") | said,
        review_on=None,
        by=by,
        at=timezone.now(),
    )


def test_a_plan_is_written_shown_and_in_the_trail(open_case: OpenCase, desk: Desk, nour: Staff) -> None:
    case, client = open_case(), desk(nour)
    assert "Write a safety plan" in page_of(client.get(address(case)))
    assert "Signs that it gets harder" in page_of(client.get(address(case, "plan/")))
    day = timezone.localdate() + 7 * DAY
    typed = {"plan-people": "Aunt Lea", "plan-based_on": "0", "plan-review_on": day.isoformat()}
    answer = client.post(address(case, "plan/"), typed, follow=True)
    assert "as version 1" in page_of(answer) and "Aunt Lea" in page_of(answer)
    assert "Look at the safety plan again, together." in page_of(client.get(address(case)))
    assert "Aunt Lea" not in page_of(client.get(address(case)))  # behind a click, which is recorded
    assert AuditRow.objects.filter(verb="plan.read").count() == 1


def test_an_empty_plan_is_not_kept(open_case: OpenCase, desk: Desk, nour: Staff) -> None:
    answer = desk(nour).post(address(open_case(), "plan/"), {"plan-based_on": "0"})
    assert answer.status_code == 422 and "Write at least one thing down." in page_of(answer)
    assert not SafetyPlan.objects.exists()


def test_a_stale_plan_shows_both(open_case: OpenCase, desk: Desk, nour: Staff, maud: Staff) -> None:
    case = open_case()
    plan_of(case, maud, people="The coach")
    late = desk(nour).post(address(case, "plan/"), {"plan-people": "Aunt Lea", "plan-based_on": "0"})
    page = page_of(late)
    assert late.status_code == 422
    for wording in ("Maud wrote another version meanwhile", "The coach", "Aunt Lea"):
        assert wording in page
    based_on = late.context["form"]["based_on"].value()
    desk(nour).post(address(case, "plan/"), {"plan-people": "Both", "plan-based_on": based_on})
    assert case.safety_plans.count() == 2
    old = desk(nour).get(address(case, "plan/1/"))
    assert "The coach" in page_of(old) and "Maud" in page_of(old)
    assert desk(nour).get(address(case, "plan/9/")).status_code == 404


@pytest.mark.parametrize(("language", "heading"), [("en", "What calms"), ("fr", "Aunt Lea")])
def test_it_is_shared_after_a_look(
    language: str, heading: str, open_case: OpenCase, desk: Desk, nour: Staff
) -> None:
    case, client = open_case(language=language), desk(nour)
    nothing = client.get(address(case, "plan/share/"), follow=True)
    assert "There is no plan yet." in page_of(nothing)
    plan_of(case, nour, calming="The dog.", people="Aunt Lea")
    text = client.get(address(case, "plan/share/")).context["form"]["text"].value()
    assert heading in text and "The dog." in text and "Signs that" not in text
    assert not Message.objects.exists()
    assert (
        client.post(address(case, "plan/share/"), {"share-number": 1, "share-text": " "}).status_code == 422
    )
    answer = client.post(address(case, "plan/share/"), {"share-number": 1, "share-text": text}, follow=True)
    assert "The plan is sent." in page_of(answer)
    assert case.box().open(Message.objects.get(), "body").replace("\r", "") == text
    assert "Shared with them" in page_of(client.get(address(case)))


def test_what_changed_meanwhile_is_not_shared(
    open_case: OpenCase, desk: Desk, nour: Staff, maud: Staff
) -> None:
    case = open_case()
    plan_of(case, nour, people="Aunt Lea")
    plan_of(case, maud, people="The coach")
    answer = desk(nour).post(address(case, "plan/share/"), {"share-number": 1, "share-text": "Aunt Lea"})
    page = page_of(answer)
    assert answer.status_code == 422 and not Message.objects.exists()
    for wording in ("Nothing was sent.", "The coach", "Aunt Lea"):
        assert wording in page


def test_an_erased_case_has_no_plan_and_no_tasks(open_case: OpenCase, desk: Desk, nour: Staff) -> None:
    case, client = open_case(), desk(nour)
    plan_of(case, nour, people="Aunt Lea")
    task = make(case, nour)
    reports.erase_report(report=case.report, by="young-person", at=timezone.now())
    for answer in (
        client.get(address(case, "plan/"), follow=True),
        client.get(address(case, "plan/1/"), follow=True),
        client.get(address(case, "plan/share/"), follow=True),
        client.post(address(case, "tasks/"), {"task-text": "x"}, follow=True),
        client.post(address(case, "messages/text/"), follow=True),
    ):
        assert "The young person erased this report." in page_of(answer)
        assert "Aunt Lea" not in page_of(answer)
    assert client.get(f"{LIST}?tab=later").status_code == 200
    assert "Call back." not in page_of(client.get(f"/staff/tasks/{task.pk}/"))


# --- texts ------------------------------------------------------------------------------------------------


def text(occasion: Occasion) -> str:
    return str(MessageTemplate.objects.get(occasion=occasion).pk)


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({"language": "fr"}, "Merci d’avoir écrit. Ce n’est pas facile, et tu as bien fait."),
        ({"language": "fr", "who": Who.FRIEND}, "tu as bien fait"),
        ({"language": "fr", "who": Who.CHILD}, "vous avez bien fait"),
        ({"language": "en"}, "you did well. It is not your fault."),
        ({"language": "en", "who": Who.PUPIL}, "The young person did nothing wrong"),
    ],
)
def test_a_text_comes_in_the_words_of_whoever_wrote(
    told: dict[str, Any], words: str, open_case: OpenCase, desk: Desk, nour: Staff, library: None
) -> None:
    case = open_case(**told)
    answer = desk(nour).post(address(case, "messages/text/"), {"text-template": text(Occasion.FIRST)})
    assert words in answer.context["forms"]["message"]["text"].value()
    assert not Message.objects.exists()


def test_a_text_names_the_sites_and_the_day_and_loses_nothing(
    open_case: OpenCase, desk: Desk, nour: Staff, library: None
) -> None:
    links = tuple(LinkFacts(url=f"https://chatter.example/p/{n}") for n in range(2))
    case = open_case(language="en", links=links)
    typed = {"text-template": text(Occasion.SENT), "message-text": "Hello L."}
    part = desk(nour).post(address(case, "messages/text/"), typed, headers=HTMX)
    page = part.content.decode()
    assert part.status_code == 200 and page.strip().startswith('<div id="message-box">')
    assert "Hello L." in page and "I asked Chatter to take" in page
    assert "{" not in page.split("<textarea")[1]


def test_without_a_choice_nothing_is_lost(open_case: OpenCase, desk: Desk, nour: Staff) -> None:
    answer = desk(nour).post(address(open_case(), "messages/text/"), {"message-text": "Hello"})
    assert answer.status_code == 422 and ">\nHello</textarea>" in answer.content.decode()


def test_beside_the_box_stands_what_was_agreed(
    tell: Callable[..., Any], desk: Desk, nour: Staff, library: None
) -> None:
    agreed = {"via": "email", "address": "me@example.org", "from_hour": 16, "to_hour": 20, "is_safe": True}
    case = cases.open_case(report=tell(contact=agreed, who=Who.CHILD)[0], by=nour, at=NOON)
    cases.write_to_young_person(case=case, text="Hello", by=nour, at=NOON)
    page = page_of(desk(nour).get(address(case)))
    box = page[page.index('id="write"') :]
    assert "By e-mail, 16:00–20:00, said to be safe" in box and "In French, as vous" in box
    assert "not read yet" in page
    reports.mark_read(report=case.report, author=Message.Author.HELPLINE, at=timezone.now())
    assert "not read yet" not in page_of(desk(nour).get(address(case)))


def test_the_starting_texts_are_complete_and_their_words_known(library: None) -> None:
    assert set(MessageTemplate.objects.values_list("occasion", flat=True)) == set(Occasion)
    for row in MessageTemplate.objects.all():
        for name in ("fr_young", "fr_adult", "en_young", "en_adult"):
            said = getattr(row, name)
            assert said and not words.unknown_in(said)
            assert "!" not in said and "victim" not in said.lower()
        assert not re.search(r"\b(tu|te|toi|ton|ta|tes)\b", row.fr_adult)
        assert not re.search(r"\b(vous|votre|vos)\b", row.fr_young)


# --- ways back --------------------------------------------------------------------------------------------


def test_a_message_is_taken_back_into_the_box(open_case: OpenCase, desk: Desk, nour: Staff) -> None:
    case, client = open_case(), desk(nour)
    sent = client.post(address(case, "messages/"), {"message-text": "Helo"}, follow=True)
    message = Message.objects.get()
    where = address(case, f"messages/{message.pk}/take-back/")
    assert page_of(sent).count(f'action="{where}"') == 2  # in the flash, and beside the message
    assert "for 5 minutes, unless they read it" in page_of(sent)
    answer = client.post(where)
    assert answer.context["forms"]["message"]["text"].value() == "Helo"
    assert "Taken back. Nobody read it." in page_of(answer)
    assert "It is not there any more." in page_of(client.post(where, follow=True))


def test_a_message_that_was_read_offers_nothing(
    open_case: OpenCase, desk: Desk, nour: Staff, maud: Staff
) -> None:
    case = open_case()
    cases.write_to_young_person(case=case, text="Hello", by=nour, at=timezone.now())
    assert "Take it back" not in page_of(desk(maud).get(address(case)))
    assert "Take it back" in page_of(desk(nour).get(address(case)))
    reports.mark_read(report=case.report, author=Message.Author.HELPLINE, at=timezone.now())
    page = page_of(desk(nour).get(address(case)))
    assert "Take it back" not in page and "· read" in page


def test_a_note_is_removed_and_put_back(open_case: OpenCase, desk: Desk, nour: Staff) -> None:
    case, client = open_case(), desk(nour)
    client.post(address(case, "notes/"), {"note-text": "Wrong case."})
    note = Note.objects.get()
    gone = client.post(address(case, f"notes/{note.pk}/remove/"), follow=True)
    assert "Wrong case." not in page_of(gone)
    assert f'action="{address(case, f"notes/{note.pk}/restore/")}"' in page_of(gone)
    back = client.post(address(case, f"notes/{note.pk}/restore/"), follow=True)
    assert "Wrong case." in page_of(back) and "The note is back." in page_of(back)
    assert "It is not there any more." in page_of(
        client.post(address(case, f"notes/{note.pk}/restore/"), follow=True)
    )


def test_closing_offers_a_way_back(open_case: OpenCase, desk: Desk, nour: Staff) -> None:
    case, client = open_case(), desk(nour)
    closed = client.post(address(case, "close/"), {"close-outcome": "advice"}, follow=True)
    assert f'action="{address(case, "close/undo/")}"' in page_of(closed)
    back = client.post(address(case, "close/undo/"), follow=True)
    assert "As if it had not been closed." in page_of(back)
    case.refresh_from_db()
    assert case.status == CaseStatus.OPEN
    assert "there is nothing to undo" in page_of(client.post(address(case, "close/undo/"), follow=True))


def test_where_they_may_have_seen_it_they_are_told(open_case: OpenCase, desk: Desk, nour: Staff) -> None:
    case, client = open_case(), desk(nour)
    client.post(address(case, "close/"), {"close-outcome": "advice"})
    reports.send_message(report=case.report, box=case.box(), text="Wait", by=None, at=timezone.now())
    back = client.post(address(case, "close/undo/"), follow=True)
    assert "They may have seen that it was closed" in page_of(back)


# --- what supervisors write -------------------------------------------------------------------------------


def lines(*rows: tuple[str, str, str]) -> dict[str, str]:
    typed = {"form-TOTAL_FORMS": str(len(rows)), "form-INITIAL_FORMS": "0"}
    for index, (french, english, hours) in enumerate(rows):
        typed |= {
            f"form-{index}-text_fr": french,
            f"form-{index}-text_en": english,
            f"form-{index}-due_hours": hours,
        }
    return typed


NAMES = {"name_fr": "Nuit", "name_en": "Night", "is_offered": "on"}


@pytest.mark.parametrize("what", ["checklists/", "checklists/new/", "templates/", "templates/new/"])
def test_a_counsellor_edits_nothing(what: str, desk: Desk, nour: Staff, maud: Staff, library: None) -> None:
    assert desk(nour).get(f"/staff/{what}").status_code == 403
    assert desk(maud).get(f"/staff/{what}").status_code == 200


def test_a_new_checklist(desk: Desk, maud: Staff) -> None:
    Checklist.objects.all().delete()
    client = desk(maud)
    assert 'class="empty"' in page_of(client.get("/staff/checklists/"))
    typed = (
        NAMES
        | lines(("Deux", "Two", ""), ("", "", ""), ("Un", "One", "24"))
        | {"form-2-place": "1", "form-0-place": "2"}
    )
    answer = client.post("/staff/checklists/new/", typed | {"kinds": ["threat"]}, follow=True)
    assert "“Night” is kept, as version 1." in page_of(answer)
    row = Checklist.objects.get()
    assert (row.kinds, row.changed_by) == (["threat"], maud)
    assert [(one["text_en"], one["due_hours"]) for one in items_of(row)] == [("One", 24), ("Two", None)]


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (NAMES | lines(("", "", "")), "Write at least one line."),
        (NAMES | lines(("Un", "", "")), "Say it in both languages."),
        (NAMES | {"name_fr": ""} | lines(("Un", "One", "")), "This field is required."),
        (NAMES | lines(("Un", "One", "-1")), "greater than or equal to 0"),
        (NAMES, "ManagementForm data is missing"),
    ],
)
def test_what_can_not_be_kept_is_said(typed: dict[str, str], said: str, desk: Desk, maud: Staff) -> None:
    before = Checklist.objects.count()
    answer = desk(maud).post("/staff/checklists/new/", typed)
    assert answer.status_code == 422 and said in page_of(answer)
    assert Checklist.objects.count() == before


def test_a_checklist_is_changed_undone_and_never_overwritten_unseen(
    desk: Desk, maud: Staff, fake_nude: Checklist, open_case: OpenCase, nour: Staff
) -> None:
    case, client, where = open_case(), desk(maud), f"/staff/checklists/{fake_nude.pk}/"
    actions.apply_checklist(case=case, checklist=fake_nude, by=nour, at=timezone.now())
    typed = NAMES | lines(("Un", "One", "")) | {"version": "1"}
    saved = client.post(where, typed, follow=True)
    undo = re.search(r'action="(/staff/checklists/[^"]+/back/\?version=2)"', page_of(saved))
    assert undo is not None
    assert case.tasks.count() == 7 and AppliedChecklist.objects.get().version == 1

    late = client.post(where, typed | lines(("Autre", "Other", "")))
    assert late.status_code == 422
    for wording in ("A colleague changed this checklist meanwhile", "One", "Other"):
        assert wording in page_of(late)
    assert late.context["form"]["version"].value() == "2"

    assert "As it was before." in page_of(client.post(undo[1], follow=True))
    fake_nude.refresh_from_db()
    assert (fake_nude.name_en, fake_nude.version, fake_nude.items.count()) == ("Fake nude", 3, 7)
    assert "Nothing was put back." in page_of(client.post(undo[1], follow=True))


@pytest.mark.parametrize("version", ["²", "٣", "-1", "", "9" * 5000, "\0"])
def test_a_version_that_is_no_number_is_no_fault(
    desk: Desk, maud: Staff, fake_nude: Checklist, version: str
) -> None:
    where = f"/staff/checklists/{fake_nude.pk}/back/?{urlencode({'version': version})}"
    assert desk(maud).post(where).status_code == 302


TEXTS = {
    "occasion": "first",
    "name_fr": "Bonjour",
    "name_en": "Hello",
    "fr_young": "Bonjour, toi.",
    "fr_adult": "Bonjour, vous.",
    "en_young": "Hello.",
    "en_adult": "Good day.",
    "is_offered": "on",
}


def test_a_text_is_made_changed_and_undone(desk: Desk, maud: Staff, library: None) -> None:
    client = desk(maud)
    assert "is kept, as version 1." in page_of(client.post("/staff/templates/new/", TEXTS, follow=True))
    row = MessageTemplate.objects.get(name_en="Hello")
    where = f"/staff/templates/{row.pk}/"
    assert "Bonjour, toi." in page_of(client.get(where))
    client.post(where, TEXTS | {"version": "1", "en_young": "Hi."})
    late = client.post(where, TEXTS | {"version": "1", "en_young": "Hey."})
    assert late.status_code == 422
    for wording in ("A colleague changed this text meanwhile", "Hi.", "Hey."):
        assert wording in page_of(late)
    client.post(f"{where}back/?version=2")
    row.refresh_from_db()
    assert (row.en_young, row.version) == ("Hello.", 3)


def test_a_text_names_nobody(desk: Desk, maud: Staff) -> None:
    answer = desk(maud).post("/staff/templates/new/", TEXTS | {"en_young": "Hello {name}, {platform}"})
    assert answer.status_code == 422 and "Nothing is known for {name}." in page_of(answer)


def test_a_text_that_is_not_offered_is_in_no_case(
    open_case: OpenCase, desk: Desk, nour: Staff, library: None
) -> None:
    case, key = open_case(), text(Occasion.FIRST)
    MessageTemplate.objects.filter(pk=key).update(is_offered=False)
    client = desk(nour)
    assert key not in page_of(client.get(address(case)))
    assert client.post(address(case, "messages/text/"), {"text-template": key}).status_code == 422
