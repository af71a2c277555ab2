"""What there is to do, in a real browser: ticked by hand and by key, a text in the box, a way back; axe, and a phone."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.utils import timezone

from cases import actions as cases
from cases.models import Case
from cases.todo import actions, starting
from cases.todo.models import PARTS, Checklist, MessageTemplate, Task
from helpline.accounts.models import Staff
from helpline.platforms.models import Platform
from reports.models import Message, Report
from tests.browser.walk import UNFOLD, complaints

Tell = Callable[..., tuple[Report, str]]
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def case(tell: Tell, nour: Staff, chatter: Platform) -> Case:
    """A case of Nour's with a plan and its checklist; the first task is overdue."""
    starting.make_missing()
    now = timezone.now()
    made = cases.open_case(report=tell(at=now, language="en")[0], by=nour, at=now)
    checklist = Checklist.objects.get(name_en="Fake nude")
    actions.apply_checklist(case=made, checklist=checklist, by=nour, at=now - timedelta(hours=3))
    said = dict.fromkeys(PARTS, "Words.")
    actions.write_plan(case=made, based_on=0, said=said, review_on=None, by=nour, at=now)
    return made


def test_a_task_is_ticked_in_place_by_hand_and_by_key(
    enter: Callable[..., Any], case: Case, nour: Staff
) -> None:
    page = enter(nour)
    page.goto(f"/staff/cases/{case.ref}/")
    page.locator("#next .task-tick").first.click()
    page.wait_for_selector("#next .task-done")
    assert Task.objects.exclude(done_at=None).count() == 1
    assert (
        urlsplit(page.url).path == f"/staff/cases/{case.ref}/" and "#" not in page.url
    )  # nothing was loaded anew
    page.keyboard.press("Enter")  # the focus stayed on the button, which undoes it now
    page.wait_for_selector("#next .task-done", state="detached")
    assert not Task.objects.exclude(done_at=None).exists()

    page.goto("/staff/tasks/?tab=overdue")
    page.keyboard.press("j")
    page.keyboard.press("x")
    page.wait_for_selector("tr.task-gone")
    page.keyboard.press("x")
    page.wait_for_selector("tr.task-gone", state="detached")


def test_a_text_is_put_into_the_box_sent_and_taken_back(
    enter: Callable[..., Any], case: Case, nour: Staff
) -> None:
    page = enter(nour)
    page.goto(f"/staff/cases/{case.ref}/")
    page.fill("#id_message-text", "Hello L.")
    page.select_option("#use-text", label="Hello, I am on it")
    page.click("text=Put it in the box")
    page.wait_for_function(
        "() => document.querySelector('#id_message-text').value.includes('not your fault')"
    )
    assert page.input_value("#id_message-text").startswith("Hello L.\n\nHello. I am the person")
    assert page.evaluate("document.activeElement.id") == "id_message-text"
    page.click("text=Send to the young person")
    page.wait_for_selector("text=not read yet")
    page.click("#messages >> text=Take it back")
    page.wait_for_selector("text=Taken back. Nobody read it.")
    assert page.input_value("#id_message-text").startswith("Hello L.")
    assert not Message.objects.exists()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("width", "scheme"), [(1280, "light"), (360, "dark")], ids=["wide", "phone by night"]
)
def test_axe_finds_nothing_and_it_fits(
    width: int, scheme: str, enter: Callable[..., Any], case: Case, maud: Staff
) -> None:
    page, found = enter(maud, width=width, scheme=scheme), []
    task = case.tasks.order_by("position")[1]
    cases.write_to_young_person(case=case, text="Hello", by=maud, at=timezone.now())
    actions.add_task(case=case, text="Call.", due_at=None, for_whom=maud, by=maud, at=timezone.now())
    for address in (
        f"/staff/cases/{case.ref}/",
        "/staff/tasks/?tab=later",
        "/staff/tasks/?tab=done",
        f"/staff/tasks/{task.pk}/",
        f"/staff/cases/{case.ref}/plan/",
        f"/staff/cases/{case.ref}/plan/?change=1",
        f"/staff/cases/{case.ref}/plan/1/",
        f"/staff/cases/{case.ref}/plan/share/",
        "/staff/checklists/",
        f"/staff/checklists/{Checklist.objects.get(name_en='Fake nude').pk}/",
        "/staff/templates/",
        f"/staff/templates/{MessageTemplate.objects.get(occasion='first').pk}/",
    ):
        page.goto(address)
        page.evaluate(UNFOLD)
        found += [f"{address}: {one}" for one in complaints(page)]
    assert found == []
