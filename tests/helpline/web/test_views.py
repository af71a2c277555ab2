"""The way out, what robots are told, pages for trouble, a form that came too late, and what is kept."""

import html
import re
from datetime import UTC, datetime, timedelta

import pytest
from django.conf import settings
from django.db import models
from django.test import Client
from pytest_django import Settings

from helpline.web import privacy

# --- The way out --------------------------------------------------------------------------------------


@pytest.fixture
def traces() -> Client:
    """A browser with everything we ever put into one."""
    client = Client()
    for name in (settings.NOTE_COOKIE_NAME, settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME, "lang"):
        client.cookies[name] = "s" * 32
    return client


def test_the_link_leads_away_and_forgets_every_cookie(traces: Client) -> None:
    answer = traces.get("/exit/")

    assert answer.status_code == 302
    assert answer.headers["Location"] == settings.EXIT_URL
    assert answer.headers["Cache-Control"] == "no-store"
    assert '"cookies"' in answer.headers["Clear-Site-Data"]
    assert {name: cookie.value for name, cookie in traces.cookies.items()} == {
        "note": "",
        "desk": "",
        "form": "",
        "lang": "",
        "type": "",
    }


def test_the_script_may_post_in_passing_without_a_token() -> None:
    client = Client(enforce_csrf_checks=True)
    client.cookies[settings.NOTE_COOKIE_NAME] = "something"

    answer = client.post("/exit/", headers={"origin": "null"})

    assert answer.status_code == 204
    assert answer.cookies[settings.NOTE_COOKIE_NAME]["max-age"] == 0


@pytest.mark.parametrize("address", ["/", "/help/", "/privacy/", "/nothing-here"])
def test_every_public_page_has_the_way_out_and_the_danger_numbers(address: str) -> None:
    page = Client().get(address).content.decode()

    assert f'href="/exit/" data-away="{settings.EXIT_URL}"' in page
    assert 'src="/static/js/exit.js"' in page
    assert 'src="/static/js/pagehide.js"' in page
    for _number, *_purpose, href in settings.DANGER_NUMBERS:
        assert f'href="{href}"' in page
    assert f"<title>{settings.NEUTRAL_NAME}</title>" in page


@pytest.mark.parametrize("address", ["/", "/help/"])
def test_it_is_said_that_the_history_stays(address: str) -> None:
    assert "does not erase your browser history" in Client().get(f"{address}?lang=en").content.decode()


def test_the_operator_may_name_other_numbers_and_purposes(settings: Settings) -> None:
    settings.DANGER_NUMBERS = [("999", "Anything", "tel:999")]

    page = Client().get("/").content.decode()

    assert '<a href="tel:999"><b>999</b> <span>Anything</span></a>' in page
    assert "tel:112" not in page


# --- robots.txt and security.txt ----------------------------------------------------------------------


def test_robots_are_sent_away_from_everything() -> None:
    answer = Client().get("/robots.txt")

    assert answer.content == b"User-agent: *\nDisallow: /\n"
    assert answer.headers["Content-Type"].startswith("text/plain")


def test_security_txt_has_a_contact_and_a_date_that_is_not_past() -> None:
    lines = Client().get("/.well-known/security.txt").content.decode().splitlines()
    said = dict(line.split(": ", 1) for line in lines)

    assert said["Contact"].startswith(("mailto:", "https://"))
    expires = datetime.fromisoformat(said["Expires"])
    assert timedelta(days=30) < expires - datetime.now(UTC) < timedelta(days=366)


# --- Trouble ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "status", "words"),
    [
        ("/nothing-here", 404, "There is nothing here"),
        ("/breaks/", 500, "Something broke on our side"),
        ("/staff/nothing-here", 404, "There is nothing here"),
        ("/staff/breaks/", 500, "Something broke on our side"),
        ("/away/", 503, "We are not reachable for a moment"),
        ("/staff/away/", 503, "We are not reachable for a moment"),
    ],
)
def test_trouble_is_told_in_calm_words(address: str, status: int, words: str) -> None:
    # No database fixture: these pages must stand when the database does not.
    answer = Client(raise_request_exception=False).get(f"{address}?lang=en")

    assert answer.status_code == status
    assert words in answer.content.decode()
    assert ("quit" in answer.content.decode()) != address.startswith("/staff/")


@pytest.mark.parametrize("address", ["/away/", "/staff/away/", "/api/v1/away/"])
def test_while_the_database_is_away_everybody_is_told_when_to_come_back(address: str) -> None:
    answer = Client(raise_request_exception=False).get(address)

    assert (answer.status_code, answer["Retry-After"]) == (503, "10")
    if address.startswith("/api/"):
        assert answer["Content-Type"] == "application/problem+json"
        assert answer.json()["code"] == "unavailable"


def test_nobody_tells_the_staff_what_is_meant_for_a_young_person() -> None:
    client = Client(raise_request_exception=False)

    assert "Nothing you told us is lost" in client.get("/nothing-here?lang=en").content.decode()
    assert "you told us" not in client.get("/staff/nothing-here?lang=en").content.decode()
    assert "numbers above" not in client.get("/staff/breaks/?lang=en").content.decode()


def test_a_text_far_too_long_gets_an_answer(settings: Settings) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000
    client = Client(enforce_csrf_checks=True)
    client.cookies["form"] = "s" * 32
    client.cookies["lang"] = "en"

    answer = client.post("/form/", {"story": "x" * 2000})

    assert answer.status_code == 400
    assert "You did nothing wrong" in answer.content.decode()


# --- A form that came too late ------------------------------------------------------------------------

TYPED = {"story": 'line one\r\nline "two" <b>', "links": ["https://a.example/1", "https://b.example/2"]}


def hidden_fields(page: str) -> list[tuple[str, str]]:
    found = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', page)
    return [(name, html.unescape(value)) for name, value in found]


@pytest.mark.parametrize("headers", [{"origin": "http://testserver"}, {"sec-fetch-site": "same-origin"}])
def test_an_expired_form_loses_nothing(headers: dict[str, str], settings: Settings) -> None:
    settings.ALLOWED_HOSTS = ["testserver"]
    client = Client(enforce_csrf_checks=True)

    late = client.post("/form/", {**TYPED, "csrfmiddlewaretoken": "stale"}, headers=headers)

    assert late.status_code == 403
    fields = hidden_fields(late.content.decode())
    assert [field for field in fields if field[0] != "csrfmiddlewaretoken"] == [
        ("story", 'line one\r\nline "two" <b>'),
        ("links", "https://a.example/1"),
        ("links", "https://b.example/2"),
    ]
    # ... and the button of that page brings it home.
    again = client.post("/form/", [], content_type="text/plain")  # without a token: still refused
    assert again.status_code == 403
    token = dict(fields)["csrfmiddlewaretoken"]
    home = client.post("/form/", {**TYPED, "csrfmiddlewaretoken": token}, headers=headers)
    assert home.status_code == 200
    assert home.content.decode() == "taken: " + str(TYPED["story"])


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://elsewhere.example"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site", "origin": "http://testserver"},
        {"sec-fetch-site": "same-site"},
        {},
    ],
)
def test_another_site_never_sees_its_text_under_our_name(headers: dict[str, str], settings: Settings) -> None:
    settings.ALLOWED_HOSTS = ["testserver"]

    answer = Client(enforce_csrf_checks=True).post("/form/", {"story": "made elsewhere"}, headers=headers)

    assert answer.status_code == 403
    assert "made elsewhere" not in answer.content.decode()


def test_staff_get_a_plain_page_that_shows_nothing_back() -> None:
    client = Client(enforce_csrf_checks=True)
    client.cookies["lang"] = "en"

    answer = client.post(
        "/staff/form/", {"note": "about a person"}, headers={"sec-fetch-site": "same-origin"}
    )

    assert answer.status_code == 403
    assert "about a person" not in answer.content.decode()
    assert "Nothing was changed" in answer.content.decode()


# --- What is kept -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("days", "words"), [(730, "2 years"), (365, "1 year"), (90, "3 months"), (100, "100 days")]
)
def test_how_long_things_stay_in_words(days: int, words: str) -> None:
    assert privacy.in_years_or_less(timedelta(days=days)) == words


def test_the_table_says_what_the_models_say(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.RETENTION = timedelta(days=365)

    class Letter(models.Model):  # noqa: DJ008  only read for what it says
        story = models.TextField()

        class Meta:
            app_label = "web"
            verbose_name_plural = "your letters"

        class Privacy:
            keep = ("id",)
            sealed = ("story",)
            says = "What you wrote. It stays %(time)s."

    class Counter(models.Model):  # noqa: DJ008
        class Meta:
            app_label = "web"

        class Privacy:
            keep = ("id",)

    monkeypatch.setattr(privacy, "own_models", lambda: [Letter, Counter])

    page = Client().get("/privacy/?lang=en").content.decode()

    assert "Your letters" in page
    assert "What you wrote. It stays 1 year." in page
    assert ">Yes</td>" in page
    assert "ounter" not in page
