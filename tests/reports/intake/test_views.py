"""The interview, page by page, in a browser without scripts."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.shortcuts import render
from django.test import Client
from django.utils import timezone

from helpline.platforms import directory
from helpline.web import kept as kept_pages
from reports import actions, receipts
from reports import note as notes
from reports.bounds import WRITING
from reports.intake.interview import NUMBERS
from reports.models import Draft, Report
from reports.note import Kind
from tests.reports.conftest import SHORTEST, Pen

pytestmark = pytest.mark.django_db

TU = re.compile(r"(?<![\w-])(?:tu|te|toi|ton|ta|tes|t’\w+)(?!\w)", re.I)


def page(response: Any) -> str:
    """The words of a page that was shown."""
    assert response.status_code == 200
    return str(response.content.decode())


# --- the way through ----------------------------------------------------------------------------------------


def test_the_first_page_costs_no_query_and_writes_nothing(
    pen: Pen, django_assert_num_queries: Callable[..., Any]
) -> None:
    with django_assert_num_queries(0):
        body = page(pen.see("/report/"))

    assert "Who is it about?" in body
    assert "1 of about 5" in body
    assert "Why we ask" in body
    assert 'name="save"' in body
    assert 'autocomplete="off"' in body
    assert pen.held() is None
    assert not Draft.objects.exists()


def test_the_first_answer_makes_a_draft_that_only_the_code_opens(pen: Pen) -> None:
    response = pen.answer("who")

    assert response["Location"] == "/report/2/"
    note = pen.note
    assert note.kind == Kind.DRAFT
    draft = Draft.objects.get()
    assert draft.box_for_code(note.code).open_json(draft, "answers")["answers"] == {"who": {"who": "self"}}
    assert not Report.objects.exists()


def test_a_question_costs_one_query(pen: Pen, django_assert_max_num_queries: Callable[..., Any]) -> None:
    pen.answer_all()
    directory.current()  # read once a minute

    asked = set(NUMBERS) - {"deadline", "demand", "screenshots"}  # the last counts what is there
    for name in sorted(asked):
        with django_assert_max_num_queries(1):
            page(pen.see(f"/report/{NUMBERS[name]}/"))


FOR_ONE_PERSON = re.compile(r'name="(csrfmiddlewaretoken|whose)" value="[^"]+"')


@pytest.mark.parametrize("language", ["fr", "en"])
@pytest.mark.parametrize("who", ["self", "friend", "child"])
def test_a_kept_page_is_the_page_that_would_be_made(
    who: str, language: str, pen: Pen, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each question without an answer: for the second person as for the first, and as made anew."""
    second = Pen()
    kept: dict[str, str] = {}
    for one in (pen, second):
        one.browser.cookies["lang"] = language
        one.answer("who", who=who)
        one.answer("safety")
        one.answer("age")
        one.answer("kind", kind="threat")
        one.answer("places")
    asked = [name for name in NUMBERS if name not in {"who", "safety", "age", "kind", "places"}]
    for one in (pen, second):
        for name in asked:
            response = one.see(f"/report/{NUMBERS[name]}/")
            if response.status_code != 200:  # not asked of a parent
                assert (name, who) == ("home", "child")
                continue
            body = page(response)
            assert notes.mark(one.note) in body
            assert "[here comes" not in body
            assert body.count('name="csrfmiddlewaretoken"') == 1
            plain = FOR_ONE_PERSON.sub("", body)
            assert kept.setdefault(name, plain) == plain
    monkeypatch.setattr(
        kept_pages, "page", lambda request, template, context, **_: render(request, template, context())
    )
    for name, before in kept.items():
        assert FOR_ONE_PERSON.sub("", page(second.see(f"/report/{NUMBERS[name]}/"))) == before
    assert notes.mark(pen.note) not in "".join(kept.values())


def test_a_riddle_is_in_no_kept_page(pen: Pen, monkeypatch: pytest.MonkeyPatch) -> None:
    """Given an address that comes over half its limit while a page is made for it, then nobody else gets its riddle."""
    seen = iter([0] + [1000] * 20)
    monkeypatch.setattr(WRITING, "seen", lambda address, *, now: next(seen))

    first = page(pen.see("/report/"))
    monkeypatch.setattr(WRITING, "seen", lambda address, *, now: 0)
    second = page(Pen().see("/report/"))
    monkeypatch.setattr(WRITING, "seen", lambda address, *, now: 1000)
    crowded = page(Pen().see("/report/"))

    assert 'name="work"' in crowded
    assert 'name="work"' not in first
    assert 'name="work"' not in second


def test_an_answer_is_in_no_kept_page(pen: Pen) -> None:
    pen.answer("who")
    first = page(pen.see(f"/report/{NUMBERS['safety']}/"))
    pen.answer("safety", safety="in-danger")
    mine = page(pen.see(f"/report/{NUMBERS['safety']}/"))
    other = Pen()
    other.answer("who")

    assert "checked" in mine
    assert "checked" not in first
    assert "checked" not in page(other.see(f"/report/{NUMBERS['safety']}/"))


def test_a_kept_page_has_the_letters_that_were_asked_for(pen: Pen) -> None:
    pen.answer("who")
    where = f"/report/{NUMBERS['safety']}/"

    assert 'class="large"' not in page(pen.see(where))
    assert 'class="large"' in page(pen.see(f"{where}?type=large"))
    assert 'class="large"' in page(pen.see(where))
    assert 'class="large"' not in page(pen.see(f"{where}?type=normal"))


def test_the_shortest_report(pen: Pen) -> None:
    note = pen.send_report()

    report = Report.objects.get()
    box = report.box_for_staff()
    assert (report.who, report.age_range, report.kind, report.language) == ("self", "13-14", "deepnude", "en")
    assert box.open(report.links.get(), "url") == "https://chatter.example/p/1"
    assert report.links.get().platform.slug == "chatter"
    assert report.circumstances == []
    assert not Draft.objects.exists()
    assert (note.kind, note.id, note.shown) == (Kind.REPORT, report.pk, False)


def test_everything_said_arrives(pen: Pen) -> None:
    pen.send_report(
        kind={"kind": "threat"},
        deadline={"deadline": "day"},
        demand={"demand": ["money", "meet"]},
        fingerprints={"fingerprints": '[{"algorithm": "sha256", "value": "%s"}]' % ("ab" * 32)},
        reported={"reported": "ignored"},
        circumstances={"circumstances": ["school", "adult"]},
        knows={"knows": ["parent", "friend"]},
        home={"home": "unsafe"},
        story={"story": "It began on Monday."},
        school={"school": "Collège des Lilas"},
    )

    report = Report.objects.get()
    box = report.box_for_staff()
    assert set(report.circumstances) == {
        *("school", "adult", "deadline", "blackmail", "ignored", "unsafe-home")
    }
    assert report.deadline_at is not None
    assert timedelta(hours=23) < report.deadline_at - timezone.now() <= timedelta(hours=24)
    assert box.open(report, "story") == "It began on Monday."
    assert box.open(report, "school") == "Collège des Lilas"
    assert box.open_json(report, "answers") == {
        "demand": ["money", "meet"],
        "deadline": "day",
        "reported": "ignored",
        "knows": ["parent", "friend"],
        "home": "unsafe",
    }
    assert report.links.get().reported_before is True
    assert report.fingerprints.get().algorithm == "sha256"
    assert report.is_complete


def test_at_the_places_everything_needed_is_said(pen: Pen) -> None:
    for name in ("who", "safety", "age", "kind"):
        assert 'name="finish"' not in page(pen.see(f"/report/{NUMBERS[name]}/"))
        pen.answer(name)
    assert 'name="finish"' in page(pen.see(f"/report/{NUMBERS['places']}/"))

    places = SHORTEST["places"] | {"finish": "1"}
    assert pen.answer("places", **places)["Location"] == "/report/review/"
    pen.send("/report/review/")

    assert Report.objects.get().links.count() == 1


def test_going_to_the_end_from_the_places_skips_no_mistake_in_them(pen: Pen) -> None:
    for name in ("who", "safety", "age", "kind"):
        pen.answer(name)

    assert "One thing to look at" in page(pen.answer("places", pasted="", finish="1"))


def test_the_threat_door_shows_the_card_first(pen: Pen) -> None:
    body = page(pen.see("/report/?start=threat"))

    assert "It is not your fault." in body
    assert "Is there a time limit?" in body
    assert 'name="start" value="threat"' in body
    assert (
        pen.answer("deadline", deadline="today", start="threat")["Location"]
        == f"/report/{NUMBERS['demand']}/"
    )
    assert pen.answer("demand")["Location"] == "/report/1/"
    for name in ("who", "safety", "age"):
        response = pen.answer(name)
    assert response["Location"] == f"/report/{NUMBERS['places']}/"  # what happened is known

    pen.answer("places")
    pen.answer("fingerprints", finish="1")
    pen.send("/report/review/")

    report = Report.objects.get()
    assert report.kind == "threat"
    assert set(report.circumstances) == {"deadline", "blackmail"}


def test_the_threat_door_in_the_middle_of_a_draft_keeps_the_draft(pen: Pen) -> None:
    pen.answer("who")
    before = pen.note

    assert "It is not your fault." in page(pen.see("/report/?start=threat"))
    assert (
        pen.answer("deadline", deadline="today", start="threat")["Location"]
        == f"/report/{NUMBERS['demand']}/"
    )
    assert pen.note == before
    assert Draft.objects.count() == 1


def test_coming_back_to_the_start_goes_on_where_it_stopped(pen: Pen) -> None:
    pen.answer("who")
    pen.answer("safety")

    assert pen.see("/report/")["Location"] == "/report/3/"


def test_back_and_change_any_answer(pen: Pen) -> None:
    pen.answer_all()
    body = page(pen.see("/report/3/"))
    assert re.search(r'<input[^>]*value="13-14"[^>]*checked', body)
    assert 'href="/report/2/"' in body

    assert pen.answer("age", age_range="15-17")["Location"] == "/report/review/"
    assert "15–17" in page(pen.see("/report/review/"))
    pen.send("/report/review/")
    assert Report.objects.get().age_range == "15-17"


def test_a_changed_answer_opens_its_questions(pen: Pen) -> None:
    pen.answer_all()

    assert pen.answer("kind", kind="threat")["Location"] == f"/report/{NUMBERS['deadline']}/"
    assert pen.send("/report/review/")["Location"] == f"/report/{NUMBERS['deadline']}/"
    assert not Report.objects.exists()


def test_a_question_that_is_not_asked_leads_on(pen: Pen) -> None:
    pen.answer("who")

    assert pen.see(f"/report/{NUMBERS['deadline']}/")["Location"] == "/report/2/"
    assert pen.see("/report/0/").status_code == 404
    assert pen.see("/report/99/").status_code == 404


def test_nothing_is_sent_while_an_answer_is_missing(pen: Pen) -> None:
    pen.answer("who")

    assert pen.send("/report/review/")["Location"] == "/report/2/"
    assert not Report.objects.exists()


def test_only_what_can_be_skipped_is_skipped(pen: Pen) -> None:
    pen.answer("who")

    assert "Choose the answer" in page(pen.answer("safety", skip="1"))
    assert "Choose the answer" in page(pen.answer("safety", finish="1"))
    assert 'name="skip"' not in page(pen.see("/report/2/"))


def test_an_adult_is_spoken_to_as_an_adult(pen: Pen) -> None:
    pen.answer("who", who="pupil")

    assert "Is the young person safe right now?" in page(pen.see("/report/2/"))


def test_in_french_nobody_says_tu_to_an_adult(pen: Pen) -> None:
    pen.browser.cookies["lang"] = "fr"
    pen.answer("who", who="child")
    path = "/report/2/"
    while path != "/report/review/":
        name = next(name for name, number in NUMBERS.items() if path == f"/report/{number}/")
        shown = [page(pen.see(path))]
        if "skip" not in SHORTEST[name] and "finish" not in SHORTEST[name]:
            shown.append(page(pen.send(path, {"nothing": "1"})))
            assert 'class="error-summary"' in shown[-1]
        assert not any(TU.search(body) for body in shown), name
        path = pen.answer(name, **(SHORTEST[name] if "finish" not in SHORTEST[name] else {"skip": "1"}))[
            "Location"
        ]
    assert not TU.search(page(pen.see(path)))


# --- answers that do not fit --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("who", {}),
        ("who", {"who": "nobody"}),
        ("safety", {}),
        ("age", {"age_range": "12"}),
        ("kind", {"kind": ""}),
        ("deadline", {}),
        ("demand", {"demand": ["the moon"]}),
        ("places", {}),
        ("places", {"pasted": "instagram://story"}),
        ("places", {"pasted": "he showed it in class"}),
        ("places", {"account": "kim"}),
        ("places", {"account": "kim", "platform": "nowhere"}),
        ("circumstances", {"circumstances": ["bad luck"]}),
        ("story", {"story": "x" * 20_001}),
        ("story", {"story": "x\x00y"}),
        ("school", {"school": "x" * 201}),
        ("contact", {"via": "pigeon"}),
    ],
)
def test_a_wrong_answer_gets_one_kind_sentence_twice_and_keeps_what_was_typed(
    pen: Pen, name: str, data: dict[str, Any]
) -> None:
    pen.answer("who")
    pen.answer("safety")
    pen.answer("age")
    pen.answer("kind", kind="threat")
    before = Draft.objects.get().changed_at

    body = page(pen.send(f"/report/{NUMBERS[name]}/", data))

    assert "One thing to look at" in body
    assert body.count('class="error"') == 1
    for value in data.values():
        for text in [value] if isinstance(value, str) else value:
            assert name not in {"places", "story", "school"} or text.replace("\x00", "") in body.replace(
                "\x00", ""
            )
    assert Draft.objects.get().changed_at == before


def test_no_link_is_an_answer_and_the_words_are_kept(pen: Pen) -> None:
    pen.send_report(places={"pasted": "he showed it in class", "no_link": "on"})

    report = Report.objects.get()
    assert not report.links.exists()
    assert report.box_for_staff().open_json(report, "answers")["pasted"] == "he showed it in class"


def test_an_unknown_site_is_taken_like_any_other(pen: Pen) -> None:
    pen.send_report(places={"pasted": "http://no-such-place.example/x?id=7"})

    link = Report.objects.get().links.get()
    assert link.platform.is_other


@pytest.mark.parametrize("more", [{"account": "kim", "platform": "other"}, {"no_link": "on"}])
def test_the_name_of_another_site_goes_along_sealed(pen: Pen, more: dict[str, str]) -> None:
    pen.answer_all(places={"site": "Kwikzap"} | more)
    assert "Kwikzap" in page(pen.see("/report/review/"))
    assert 'value="Kwikzap"' in page(pen.see(f"/report/{NUMBERS['places']}/"))
    pen.send("/report/review/")

    report = Report.objects.get()
    assert report.box_for_staff().open_json(report, "answers")["site"] == "Kwikzap"
    assert b"Kwikzap" not in bytes(report.answers or b"")


def test_a_draft_from_before_there_was_a_name_for_another_site(pen: Pen) -> None:
    """Given answers that an older version kept, when the person comes back, then nothing is lost or asked again."""
    pen.answer_all()
    draft, code = Draft.objects.get(), pen.note.code
    box = draft.box_for_code(code)
    kept = box.open_json(draft, "answers")
    old = {"pasted": "", "account": "kim", "platform": "other", "no_link": False}
    kept["answers"]["places"] = old
    actions.save_draft(draft=draft, box=box, answers=kept, language="en", at=timezone.now())

    assert "Another site · kim" in page(pen.see("/report/review/"))
    assert 'name="site"' in page(pen.see(f"/report/{NUMBERS['places']}/"))
    pen.send("/report/review/")
    report = Report.objects.get()
    assert report.links.count() == 1
    assert "site" not in report.box_for_staff().open_json(report, "answers")


def test_a_story_as_long_as_allowed_in_the_widest_letters(pen: Pen) -> None:
    story = "😀" * 20_000

    pen.send_report(fingerprints={"skip": "1"}, story={"story": story})

    report = Report.objects.get()
    assert report.box_for_staff().open(report, "story") == story


def test_ten_megabytes_get_a_calm_page_and_lose_nothing_else(pen: Pen) -> None:
    pen.answer("who")

    response = pen.answer("story", story="x" * 10_000_000)

    assert response.status_code == 413
    assert "too long for one page" in response.content.decode()
    assert f'href="/report/{NUMBERS["story"]}/"' in response.content.decode()
    assert pen.see("/report/")["Location"] == "/report/2/"
    assert Draft.objects.count() == 1


def test_too_large_is_answered_before_the_forgery_check_but_not_instead_of_it() -> None:
    strict = Client(enforce_csrf_checks=True)

    assert strict.post("/report/1/", {"who": "self" + "x" * 600_000}).status_code == 413
    assert strict.post("/report/1/", {"who": "self"}).status_code == 403


# --- links, as they are pasted ------------------------------------------------------------------------------


def test_without_script_a_button_shows_what_we_recognise(pen: Pen) -> None:
    pen.answer("who")

    body = page(pen.answer("places", pasted="look https://chatter.example/p/1 !", look="1"))

    assert "<b>Chatter</b>" in body
    assert "look https://chatter.example/p/1 !" in body
    assert "<h1>" in body


@pytest.mark.parametrize(
    ("pasted", "said"),
    [
        ("https://chatter.example/p/1", "<b>Chatter</b>"),
        ("discord.com/channels/1/2/3", "looks private"),
        ("instagram://story", "Copy link"),
        ("hello", "We see no link in this."),
    ],
)
def test_the_script_gets_only_the_list(pen: Pen, pasted: str, said: str) -> None:
    pen.answer("who")

    response = pen.browser.post(
        f"/report/{NUMBERS['places']}/",
        {"pasted": pasted, "look": "1"} | pen.marked(),
        headers={"X-Part": "1"},
    )

    assert said in page(response)
    assert "<h1>" not in page(response)


# --- stopping and coming back -------------------------------------------------------------------------------


def test_save_and_come_back_with_the_code(pen: Pen, pens: Callable[[], Pen]) -> None:
    pen.answer("who")

    assert pen.answer("safety", safety="safe", save="1")["Location"] == "/report/code/"
    body = page(pen.see("/report/code/"))
    code = receipts.grouped(pen.note.code)
    assert code in body
    assert "7 days" in body

    other = pens()
    assert other.send("/follow/", {"code": code.lower()})["Location"] == "/report/"
    assert other.see("/report/")["Location"] == "/report/3/"


def test_saving_an_unfinished_answer_keeps_it_without_taking_it(pen: Pen, pens: Callable[[], Pen]) -> None:
    pen.answer("who")
    pen.answer("places", pasted="instagram://story", save="1")
    code = pen.note.code

    other = pens()
    other.send("/follow/", {"code": code})
    assert "instagram://story" in page(other.see(f"/report/{NUMBERS['places']}/"))
    assert other.see("/report/")["Location"] == "/report/2/"


def test_saving_an_empty_page_answers_nothing(pen: Pen) -> None:
    for name in ("who", "safety", "age", "kind", "places"):
        pen.answer(name)
    for name in ("fingerprints", "screenshots", "reported"):
        pen.answer(name, skip="1")

    pen.answer("circumstances", save="1")

    assert pen.see("/report/")["Location"] == f"/report/{NUMBERS['circumstances']}/"


def test_saving_on_the_last_page_sends_nothing(pen: Pen) -> None:
    pen.answer_all()
    assert 'name="save"' in page(pen.see("/report/review/"))

    assert pen.send("/report/review/", {"save": "1"})["Location"] == "/report/code/"
    assert not Report.objects.exists()
    assert pen.see("/report/")["Location"] == "/report/review/"


def test_saving_before_the_first_answer(pen: Pen) -> None:
    assert pen.answer("who", save="1")["Location"] == "/report/code/"
    assert receipts.grouped(pen.note.code) in page(pen.see("/report/code/"))
    assert pen.see("/report/")["Location"] == "/report/1/"


def test_an_answer_that_comes_too_late_waits_for_the_code(pen: Pen) -> None:
    pen.answer("who")
    code = pen.note.code
    pen.loses_its_cookie()

    body = page(pen.answer("story", story="It began on Monday."))
    assert "Type your code to go on" in body
    assert "It began on Monday." in body
    assert Draft.objects.count() == 1

    wrong = page(pen.answer("story", story="It began on Monday.", code="AAAA BBBB CCCC DDDD"))
    assert "This code opens nothing" in wrong
    assert "It began on Monday." in wrong

    assert pen.answer("story", story="It began on Monday.", code=code)["Location"] == "/report/2/"
    assert pen.note.code == code
    draft = Draft.objects.get()
    assert draft.box_for_code(code).open_json(draft, "answers")["answers"]["story"] == {
        "story": "It began on Monday."
    }


def test_without_the_code_the_answer_begins_anew(pen: Pen) -> None:
    pen.answer("who")
    pen.loses_its_cookie()

    assert pen.answer("story", story="It began on Monday.", code="", fresh="1")["Location"] == "/report/1/"

    assert Draft.objects.count() == 2
    draft = Draft.objects.get(pk=pen.note.id)
    assert draft.box_for_code(pen.note.code).open_json(draft, "answers")["answers"] == {
        "story": {"story": "It began on Monday."}
    }


def test_a_draft_that_expired_is_said_and_the_answer_kept(pen: Pen) -> None:
    pen.answer("who")
    actions.purge_expired_drafts(now=timezone.now() + timedelta(days=8))

    body = page(pen.answer("story", story="It began on Monday."))

    assert "Type your code to go on" in body
    assert "It began on Monday." in body
    assert pen.held() is None


def test_a_page_opened_too_late_asks_for_the_code(pen: Pen) -> None:
    assert "Type your code to go on" in page(pen.see("/report/5/"))
    assert "Type your code to go on" in page(pen.see("/report/review/"))
    assert pen.see("/report/code/")["Location"] == "/follow/"


def test_a_stale_form_can_be_sent_again() -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.cookies["lang"] = "en"

    response = strict.post("/report/1/", {"who": "friend"}, headers={"Sec-Fetch-Site": "same-origin"})

    assert response.status_code == 403
    assert 'name="who" value="friend"' in response.content.decode()


# --- danger -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("safety", "first"), [("in-danger", "tel:112"), ("self-harm", "tel:3114")])
def test_danger_leads_to_help_at_once(pen: Pen, safety: str, first: str) -> None:
    pen.answer("who")

    assert pen.answer("safety", safety=safety)["Location"] == "/report/now/"
    body = page(pen.see("/report/now/"))
    numbers = body.partition('<ul class="numbers">')[2].partition("</ul>")[0]
    assert numbers.index("href") == numbers.index(f'href="{first}"')
    assert {
        f'href="{href}"' in numbers for href in ("tel:112", "sms:114", "tel:119", "tel:3114", "tel:3018")
    } == {True}
    assert "Our team has it already" in body
    assert receipts.grouped(pen.note.code) in body


def test_danger_is_raised_at_once_without_waiting_for_the_end(pen: Pen) -> None:
    pen.answer("who", who="friend")
    assert not Report.objects.exists()

    pen.answer("safety", safety="self-harm")

    report = Report.objects.get()
    assert (report.who, report.age_range, report.kind) == ("friend", "unknown", "unsure")
    assert report.circumstances == ["self-harm"]
    assert not report.is_complete
    assert report.box_for_code(pen.note.code)


def test_what_is_said_afterwards_arrives_answer_by_answer(pen: Pen) -> None:
    pen.answer("who")
    pen.answer("safety", safety="in-danger")
    pen.answer("age", age_range="under-13")
    assert Report.objects.get().age_range == "under-13"
    pen.answer("kind")
    pen.answer("places")

    report = Report.objects.get()
    assert report.kind == "deepnude"
    assert report.links.count() == 1
    assert report.is_retold
    pen.answer("places", pasted="https://chatter.example/p/1 https://chatter.example/p/2")
    assert report.links.count() == 2

    pen.answer("fingerprints", finish="1")
    last = page(pen.see("/report/review/"))
    assert "Your code stays the same" in last
    assert "you get a code" not in last
    assert pen.send("/report/review/")["Location"] == "/report/code/"
    report.refresh_from_db()
    assert report.is_complete
    follow = page(pen.see("/follow/"))
    assert "A person reads it before all other reports." in follow
    assert "24 hours" not in follow
    assert not Draft.objects.exists()
    assert Report.objects.count() == 1


def test_whoever_was_raised_can_stop_there(pen: Pen) -> None:
    pen.answer("who")
    pen.answer("safety", safety="in-danger")

    assert pen.send("/report/now/")["Location"] == "/report/code/"

    assert not Report.objects.get().is_complete  # there may be more to come
    body = page(pen.see("/report/code/"))
    assert receipts.grouped(pen.note.code) in body
    assert "Our team has what you told so far" in body
    assert pen.see("/report/")["Location"] == "/report/3/"


def test_whoever_was_raised_comes_back_by_code_to_both(pen: Pen, pens: Callable[[], Pen]) -> None:
    pen.answer("who")
    pen.answer("safety", safety="in-danger")
    code = pen.note.code

    other = pens()
    assert other.send("/follow/", {"code": code})["Location"] == "/follow/"
    body = page(other.see("/follow/"))
    assert "We have what you told us" in body
    assert 'href="/report/"' in body.partition("<main")[2]
    assert other.see("/report/")["Location"] == "/report/3/"
    other.answer("age")
    assert Report.objects.get().age_range == "13-14"


def test_what_was_decided_on_the_follow_page_stays_decided(pen: Pen, settings: Any) -> None:
    settings.NUDGE_FROM = "n@mail.example"
    pen.answer("who")
    pen.answer("safety", safety="in-danger")
    for name in ("age", "kind", "places"):
        pen.answer(name)
    contact = {"via": "email", "email": "kim@mail.example", "any_time": "on", "is_safe": "on"}
    assert pen.answer("contact", **contact).status_code == 302
    report = Report.objects.get()
    assert report.contact_via == "email"

    pen.send("/follow/contact/", {"via": "none"})
    pen.send("/follow/links/", {"account": "kim", "platform": "other", "site": "Kwikzap"})
    pen.send("/follow/stop/1/")
    pen.send("/follow/changed/", {"circumstances": ["spreading"]})
    pen.answer("story", story="One word more.")

    report.refresh_from_db()
    assert (report.contact_via, report.contact) == ("none", None)
    assert [link.status for link in report.links.order_by("position")] == ["withdrawn", "received"]
    assert report.box_for_staff().open_json(report, "answers")["site"] == "Kwikzap"
    assert set(report.circumstances) == {"in-danger", "spreading"}
    assert report.box_for_staff().open(report, "story") == "One word more."


def test_danger_in_a_tab_that_was_left_open_is_heard(pen: Pen) -> None:
    pen.answer_all()
    old = pen.marked()
    pen.send("/report/review/")

    response = pen.browser.post(f"/report/{NUMBERS['safety']}/", old | {"safety": "self-harm"})

    assert response["Location"] == "/report/now/"
    assert "self-harm" in Report.objects.get().circumstances
    assert "Our team sees it at once" in page(pen.see("/report/now/"))


def test_safe_again_is_told_too(pen: Pen) -> None:
    pen.answer("who")
    pen.answer("safety", safety="in-danger")
    pen.answer("safety")

    report = Report.objects.get()
    assert report.circumstances == []
    assert not report.is_complete


def test_erasing_what_was_raised_erases_the_answers_too(pen: Pen) -> None:
    pen.answer("who")
    pen.answer("safety", safety="in-danger")

    pen.send("/follow/erase/")

    assert not Draft.objects.exists()
    assert Report.objects.get().status == "erased"


def test_two_tabs_of_one_draft_undo_nothing(pen: Pen) -> None:
    """Each answers what it was opened for; neither knows of the other."""
    pen.answer("who")
    pen.see("/report/2/")
    pen.see("/report/3/")
    pen.answer("age")
    pen.answer("safety")

    draft = Draft.objects.get()
    kept = draft.box_for_code(pen.note.code).open_json(draft, "answers")["answers"]
    assert set(kept) == {"who", "age", "safety"}


def test_or_the_questions_go_on(pen: Pen) -> None:
    pen.answer("who")
    pen.answer("safety", safety="in-danger")

    assert pen.see("/report/")["Location"] == "/report/3/"
    assert pen.answer("age")["Location"] == "/report/4/"  # not to the numbers again


def test_the_numbers_are_there_for_anyone(pen: Pen) -> None:
    body = page(pen.see("/report/now/"))

    assert 'href="tel:112"' in body
    assert "Send what you have now" not in body


# --- sending ------------------------------------------------------------------------------------------------


def test_sent_twice_is_sent_once(pen: Pen) -> None:
    pen.answer_all()
    cookie = pen.browser.cookies["note"].value

    assert pen.send("/report/review/")["Location"] == "/report/code/"
    assert pen.send("/report/review/")["Location"] == "/report/code/"
    pen.browser.cookies["note"] = cookie  # the second tap left before the first was answered
    assert pen.send("/report/review/")["Location"] == "/report/code/"

    assert Report.objects.count() == 1
    assert pen.note.kind == Kind.REPORT
    assert receipts.grouped(pen.note.code) in page(pen.see("/report/code/"))


def test_an_answer_after_sending_changes_nothing(pen: Pen) -> None:
    pen.answer_all()
    cookie = pen.browser.cookies["note"].value
    pen.send("/report/review/")
    pen.browser.cookies["note"] = cookie

    assert pen.answer("age", age_range="18+")["Location"] == "/report/code/"
    assert Report.objects.get().age_range == "13-14"


def test_the_code_is_shown_until_it_is_kept_and_never_again(pen: Pen) -> None:
    pen.send_report()
    code = pen.note.code
    grouped = receipts.grouped(code)

    assert grouped in page(pen.see("/report/code/"))
    body = page(pen.see("/report/code/"))
    assert grouped in body
    assert "24 hours" in body
    assert 'value="' + code not in body

    wrong = page(pen.send("/report/code/", {"code": "K3F9"}))
    assert "Not quite the same yet" in wrong
    assert grouped in wrong

    assert pen.send("/report/code/", {"code": f" {grouped.lower()} "})["Location"] == "/follow/"
    assert pen.see("/report/code/")["Location"] == "/follow/"
    assert code[:4] + "-" not in page(pen.see("/follow/"))


def test_typing_the_code_can_be_skipped(pen: Pen) -> None:
    pen.send_report()

    assert pen.send("/report/code/", {"skip": "1", "code": "wrong"})["Location"] == "/follow/"
    assert pen.note.shown


def test_the_code_is_not_taken_away_by_an_empty_box(pen: Pen) -> None:
    pen.send_report()
    grouped = receipts.grouped(pen.note.code)

    body = page(pen.send("/report/code/", {"code": ""}))

    assert "Type the code here once." in body
    assert grouped in body
    assert grouped in page(pen.see("/report/code/"))


def test_going_to_the_end_keeps_what_is_on_the_page(pen: Pen) -> None:
    pen.answer_all(fingerprints={"skip": "1"}, home={"home": "unsafe", "finish": "1"})
    pen.answer("story", story="It began on Monday.")
    pen.answer("story", story="", finish="1")

    pen.send("/report/review/")

    report = Report.objects.get()
    assert "unsafe-home" in report.circumstances
    assert report.box_for_staff().open(report, "story") == "It began on Monday."


def test_an_answer_off_the_way_leads_back_to_it(pen: Pen) -> None:
    pen.answer("who")
    pen.answer("kind", kind="threat")
    pen.answer("kind", kind="sent")

    assert pen.send(f"/report/{NUMBERS['deadline']}/", {})["Location"] == "/report/2/"


def test_after_sending_the_start_offers_both_ways(pen: Pen) -> None:
    pen.send_report()

    assert "You have sent us something already" in page(pen.see("/report/"))
    assert pen.send("/report/")["Location"] == "/report/"
    assert pen.held() is None
    assert "Who is it about?" in page(pen.see("/report/"))


def test_a_stray_post_to_the_start_does_not_drop_a_draft(pen: Pen) -> None:
    pen.answer("who")

    assert pen.send("/report/")["Location"] == "/report/2/"
    assert pen.note.kind == Kind.DRAFT


# --- the frame ----------------------------------------------------------------------------------------------


def test_every_page_moves_the_hour_on_and_is_never_stored(pen: Pen) -> None:
    pen.answer_all()

    for path in ("/report/3/", "/report/review/", "/report/code/", "/report/now/", "/report/"):
        response = pen.see(path)
        assert notes.PURPOSE in response.cookies, path
        assert response["Cache-Control"] == "no-store", path
        assert "sessionid" not in response.cookies
        assert "desk" not in response.cookies


def test_no_page_carries_a_script_a_style_or_a_foreign_address(pen: Pen) -> None:
    pen.answer_all(kind={"kind": "threat"})
    for path in (*(f"/report/{number}/" for number in NUMBERS.values()), "/report/review/", "/report/code/"):
        body = page(pen.see(path))
        assert "style=" not in body
        assert "<style" not in body
        assert " on" + "click" not in body
        assert "<script>" not in body
        assert "<title>Notes</title>" in body
        assert "//" not in body.replace("https://www.wikipedia.org/", "").replace(
            "https://chatter.example/p/1", ""
        )


def test_the_default_language_is_french(pen: Pen) -> None:
    del pen.browser.cookies["lang"]
    pen.send_report()

    assert Report.objects.get().language == "fr"


def test_shortest_answers_cover_every_question() -> None:
    assert set(SHORTEST) == set(NUMBERS)
