"""A crowd costs a little work or a few seconds, and never a word."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.template import RequestContext, Template
from django.test import Client, RequestFactory
from django.urls import include, path
from django.views.decorators.csrf import csrf_exempt

from helpline.web.flood import WINDOW, Gate
from reports import crowd
from tests.riddles import solve

LIMIT = 4
CROWDED, QUIET = "8.8.8.8", "8.8.4.4"
STORY = "He said <b>“pay”</b> & showed it to everybody"


@csrf_exempt
@login_not_required
def write(request: HttpRequest) -> HttpResponse:
    """A form, as the real ones: held, or taken."""
    return crowd.hold(request) or HttpResponse("taken")


urlpatterns = [path("write/", write), path("", include("helpline.web.urls"))]
pytestmark = pytest.mark.urls(__name__)


class Clock:
    """Both clocks, standing still until told."""

    def __init__(self) -> None:
        self.now = 1_780_000_000.0

    def time(self) -> float:
        return self.now

    monotonic = time


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Time, and a gate and a memory of their own."""
    clock = Clock()
    monkeypatch.setattr(crowd, "time", clock)
    monkeypatch.setattr(crowd, "WRITING", Gate(LIMIT))
    monkeypatch.setattr(crowd, "SPENT", crowd._Spent())
    return clock


Send = Callable[..., Any]


@pytest.fixture
def send(clock: Clock) -> Send:
    """`send(address, name=value…)`: what the form is answered with."""

    def send_form(address: str = CROWDED, **typed: Any) -> Any:
        return Client(REMOTE_ADDR=address).post("/write/", typed, headers={"cookie": "lang=en"})

    return send_form


def fill(send: Send) -> None:
    """Everything that passes unnoticed."""
    assert [send().content for _one in range(LIMIT)] == [b"taken"] * LIMIT


def answer_to(response: Any, **changes: Any) -> str:
    riddle = response.context["riddle"] | changes
    return solve(riddle["challenge"], riddle["bits"])


def test_below_the_limit_nobody_is_asked_for_anything(send: Send) -> None:
    assert [send(work="nonsense", wait="nonsense").status_code for _one in range(LIMIT)] == [200] * LIMIT
    assert send().status_code == 429
    assert send(QUIET).status_code == 200


def test_what_is_no_address_of_the_internet_is_never_held(send: Send) -> None:
    assert {send("10.1.2.3").status_code for _one in range(3 * LIMIT)} == {200}


def test_the_page_keeps_every_word_and_every_button(send: Send) -> None:
    fill(send)

    held = send(
        story=STORY, circumstances=["a", "b"], whose="ab12", save="1", csrfmiddlewaretoken="old", work="x"
    )

    assert held.status_code == 429
    assert held["Retry-After"] == "5"
    assert held.context["typed"] == [
        ("story", STORY), ("circumstances", "a"), ("circumstances", "b"), ("whose", "ab12"), ("save", "1"),
    ]  # fmt: skip
    page = held.content.decode()
    assert "&lt;b&gt;“pay”&lt;/b&gt; &amp; showed it" in page
    assert "What you wrote is not lost." in page
    assert 'action="/write/"' in page


def test_the_answer_of_its_riddle_lets_a_form_in_once(send: Send) -> None:
    fill(send)
    work = answer_to(send())

    assert send(work=work).content == b"taken"
    assert send(work=work).status_code == 429


def test_an_answer_counts_for_its_own_form_only(send: Send) -> None:
    fill(send)
    work = answer_to(send(whose="ab12"))

    assert send(whose="cd34", work=work).status_code == 429
    assert send(work=work).status_code == 429
    assert send(whose="ab12", work=work).content == b"taken"


@pytest.mark.parametrize(("whose", "most"), [("ab12", crowd.VALID), ("", crowd.VALID_FOR_ANYBODY)])
def test_an_answer_grows_old(send: Send, clock: Clock, whose: str, most: int) -> None:
    fill(send)
    early, late = (answer_to(send(whose=whose)) for _one in range(2))

    for work, after, status in ((early, most - 1, 200), (late, most + 1, 429)):
        began = clock.now
        clock.now += after
        for _one in range(LIMIT):
            send()
        assert send(whose=whose, work=work).status_code == status
        clock.now = began


@pytest.mark.parametrize(
    "spoil",
    [
        lambda work: "",
        lambda work: ":",
        lambda work: work.rpartition(":")[0],
        lambda work: work + "0",
        lambda work: "x" + work,
        lambda work: work.rpartition(":")[0] + ":²",
        lambda work: work.rpartition(":")[0] + ":-1",
        lambda work: work.rpartition(":")[0] + ":" + "1" * 5000,
        lambda work: solve("AAAA.1.9999999999:forged", crowd.BITS),
        lambda work: "\x00\ufffd" * 50,
    ],
)
def test_what_is_no_answer_opens_nothing(send: Send, spoil: Callable[[str], str]) -> None:
    fill(send)
    work = answer_to(send())

    assert send(work=spoil(work)).status_code == 429
    assert send(work=work).content == b"taken"


def test_too_little_work_is_none(send: Send) -> None:
    fill(send)
    riddle = send().context["riddle"]
    answers = (f"{riddle['challenge']}:{nonce}" for nonce in range(40))

    assert {send(work=work).status_code for work in answers if work != solve(**riddle)} == {429}


def test_without_script_a_few_seconds_do_the_same(send: Send, clock: Clock) -> None:
    fill(send)
    held = send(story=STORY)

    clock.now += 4
    early = send(story=STORY, wait=held.context["wait"])
    assert early.status_code == 429
    assert (early.context["wait"], early.context["seconds"]) == (held.context["wait"], 1)
    clock.now += 1
    assert send(story=STORY, wait=early.context["wait"]).content == b"taken"
    assert send(story=STORY, wait=early.context["wait"]).status_code == 429


def test_a_wait_counts_for_its_own_form_only_and_not_for_ever(send: Send, clock: Clock) -> None:
    fill(send)
    wait = send(whose="ab12").context["wait"]

    clock.now += 6
    assert send(whose="cd34", wait=wait).status_code == 429
    assert send(whose="ab12", work=wait).status_code == 429
    clock.now += crowd.VALID
    for _one in range(LIMIT):
        send()
    assert send(whose="ab12", wait=wait).status_code == 429


def test_the_farther_over_the_limit_the_longer_and_never_longer_than_half_a_minute(send: Send) -> None:
    fill(send)

    waits = [send().context["seconds"] for _one in range(10 * LIMIT)]

    assert waits[0] == 5
    assert waits == sorted(waits)
    assert max(waits) == crowd.LONGEST_WAIT


def test_a_limit_of_nothing_holds_everybody(send: Send, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crowd, "WRITING", Gate(0))
    held = send()
    assert held.status_code == 429
    assert send(work=answer_to(held)).content == b"taken"


def test_a_minute_later_it_is_as_if_nothing_had_been(send: Send, clock: Clock) -> None:
    fill(send)
    assert send().status_code == 429

    clock.now += WINDOW

    assert send().content == b"taken"


def form_of(address: str) -> str:
    request = RequestFactory().get("/report/1/", REMOTE_ADDR=address)
    return Template("{% load crowd %}{% work %}").render(RequestContext(request))


def test_the_riddle_comes_along_before_the_limit_is_reached(send: Send) -> None:
    assert form_of(CROWDED) == ""
    for _one in range(LIMIT // 2 + 1):
        send()

    field = form_of(CROWDED)

    assert 'name="work" value="" data-challenge="' in field
    assert form_of(QUIET) == ""
    fill_up = [send() for _one in range(LIMIT)]
    assert fill_up[-1].status_code == 429
    work = solve(field.partition('data-challenge="')[2].partition('"')[0], crowd.BITS)
    assert send(work=work).content == b"taken"


def test_pictures_give_way_first(send: Send) -> None:
    def has_room(address: str) -> bool:
        return crowd.has_room_for_pictures(RequestFactory().get("/", REMOTE_ADDR=address))

    for _one in range(LIMIT // 2):
        send()
    assert has_room(CROWDED)
    send()
    assert not has_room(CROWDED)
    assert has_room(QUIET)
    assert has_room("10.1.2.3")

    for number in range(crowd.FLOOD * LIMIT):
        send(f"9.9.9.{number}")
    assert not has_room(QUIET)
    assert not has_room("10.1.2.3")


def test_what_was_used_is_forgotten_when_it_is_too_old_to_be_used() -> None:
    spent = crowd._Spent()
    assert spent.add("a", now=0.0)
    assert not spent.add("a", now=crowd.VALID - 1.0)
    assert spent.add("b", now=crowd.VALID - 1.0)
    assert not spent.add("b", now=2 * crowd.VALID - 2.0)
    assert spent.add("c", now=10.0 * crowd.VALID)
    assert (len(spent._young), len(spent._old)) == (1, 0)
