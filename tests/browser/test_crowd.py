"""In a crowd a form is held for seconds: with scripts it goes on by itself, without them by a tap."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.template import RequestContext, Template
from django.urls import include, path

from helpline.web.flood import Gate
from reports import crowd
from tests.browser.walk import PHONE

FORM = """{% extends "base_public.html" %}{% load crowd %}{% block content %}<form method="post" autocomplete="off">
{% csrf_token %}{% work %}<h1>Write</h1><label for="story">Story</label><textarea id="story" name="story"></textarea>
<button class="button" type="submit" name="save" value="1">Send</button></form>{% endblock %}"""
STORY = "It began <on Monday> & went on\nuntil “today”"
taken: list[dict[str, str]] = []


@login_not_required
def write(request: HttpRequest) -> HttpResponse:
    """A page with a form that writes."""
    if request.method == "POST":
        held = crowd.hold(request)
        if held is None:
            taken.append(request.POST.dict())
        return held or HttpResponse("<!doctype html><title>Notes</title><h1>Taken</h1>")
    return HttpResponse(Template(FORM).render(RequestContext(request)))


urlpatterns = [path("write/", write), path("", include("helpline.web.urls"))]
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.urls(__name__)]

Visit = Callable[..., Any]


@pytest.fixture
def visit(chromium: Any, live_server: Any, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Visit]:
    """`visit(scripts=…)`: the form, from an address that is over its limit."""
    settings.TRUSTED_PROXIES = 1
    monkeypatch.setattr(crowd, "WRITING", Gate(2))
    taken.clear()
    contexts = []
    for _one in range(2):
        crowd.WRITING.count("8.8.8.8", now=crowd.time.monotonic())

    def open_page(*, scripts: bool = True, **options: Any) -> Any:
        context = chromium.new_context(
            viewport=PHONE,
            java_script_enabled=scripts,
            base_url=live_server.url,
            extra_http_headers={"X-Forwarded-For": "8.8.8.8"},
            **options,
        )
        contexts.append(context)
        page = context.new_page()
        page.goto("/?lang=en")
        page.goto("/write/")
        return page

    yield open_page
    for context in contexts:
        context.close()


def sent_once() -> dict[str, str]:
    assert len(taken) == 1
    return {name: taken[0][name] for name in ("story", "save")}


def test_who_writes_while_the_riddle_is_solved_notices_nothing(visit: Visit) -> None:
    page = visit()
    page.get_by_label("Story").fill(STORY)
    page.locator('[name=work]:not([value=""])').wait_for(state="attached")

    page.get_by_role("button", name="Send").click()

    assert page.locator("h1").inner_text() == "Taken"
    assert sent_once() == {"story": STORY.replace("\n", "\r\n"), "save": "1"}


def test_who_is_faster_than_the_riddle_is_held_and_goes_on_by_itself(visit: Visit) -> None:
    page = visit()
    page.get_by_label("Story").fill(STORY)
    page.evaluate("document.querySelector('[name=work]').remove()")
    page.get_by_role("button", name="Send").click()

    page.get_by_role("heading", name=re.compile("Taken")).wait_for(timeout=20_000)

    assert sent_once() == {"story": STORY.replace("\n", "\r\n"), "save": "1"}


def test_without_a_worker_the_wait_goes_on_by_itself(visit: Visit) -> None:
    page = visit()
    page.context.add_init_script("delete window.Worker")
    page.get_by_label("Story").fill(STORY)
    page.evaluate("document.querySelector('[name=work]').remove()")
    page.get_by_role("button", name="Send").click()
    page.get_by_text("It goes on by itself").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]

    page.get_by_role("heading", name=re.compile("Taken")).wait_for(timeout=20_000)

    assert sent_once()["story"] == STORY.replace("\n", "\r\n")


def test_without_scripts_a_tap_after_some_seconds_does_it(visit: Visit) -> None:
    page = visit(scripts=False)
    page.get_by_label("Story").fill(STORY)
    page.get_by_role("button", name="Send").click()
    assert "seconds, then tap the button" in page.locator("main").inner_text()

    page.get_by_role("button", name="Go on").click()
    assert "What you wrote is not lost" in page.locator("main").inner_text()
    assert taken == []
    page.wait_for_timeout(6000)
    page.get_by_role("button", name="Go on").click()

    assert page.locator("h1").inner_text() == "Taken"
    assert sent_once() == {"story": STORY.replace("\n", "\r\n"), "save": "1"}
