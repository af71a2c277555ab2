"""What a colleague typed is never lost: logged out meanwhile, the case given away, the form too old."""

from collections.abc import Callable, Iterator
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from cases import actions
from cases.models import Case, Note
from helpline.accounts.models import Staff
from helpline.web.typed import page_before
from tests.cast import NOON

OpenCase = Callable[..., Case]
Desk = Callable[[Staff], Client]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("chatter")]
OURS = {"Sec-Fetch-Site": "same-origin"}
WORDS = "She is with her <aunt> tonight."
SHOWN = "She is with her &lt;aunt&gt; tonight."


def note_of(case: Case) -> str:
    return f"/staff/cases/{case.ref}/notes/"


def test_logged_out_the_words_come_back_and_the_login_leads_to_the_case(
    open_case: OpenCase, desk: Desk, nour: Staff
) -> None:
    case = open_case()

    answer = Client().post(note_of(case), {"note-text": WORDS}, headers=OURS)

    page = answer.content.decode()
    assert answer.status_code == 403
    assert SHOWN in page
    assert answer["Cache-Control"] == "no-store"
    assert f'href="/staff/login/?next=/staff/cases/{case.ref}/"' in page
    assert "?lang=" not in page
    assert desk(nour).get(f"/staff/cases/{case.ref}/").status_code == 200
    assert not Note.objects.exists()


@pytest.mark.parametrize(
    ("typed", "headers"),
    [
        ({"note-text": WORDS}, {"Sec-Fetch-Site": "cross-site"}),
        ({"note-text": WORDS}, {}),
        ({"note-text": WORDS}, OURS | {"HX-Request": "true"}),
        ({"waiting": "yes"}, OURS),
        ({"q": "two words"}, OURS),
    ],
)
def test_logged_out_without_words_of_ours_it_is_the_login_and_then_a_page(
    typed: dict[str, str], headers: dict[str, str], open_case: OpenCase, desk: Desk, nour: Staff
) -> None:
    case = open_case()

    answer = Client().post(note_of(case), typed, headers=headers)

    there = urlsplit(answer["Location"])
    (following,) = parse_qs(there.query)["next"]
    assert (answer.status_code, there.path) == (302, "/staff/login/")
    assert following == f"/staff/cases/{case.ref}/"
    assert desk(nour).get(following).status_code == 200


def addresses(found: list[URLPattern | URLResolver], before: str = "/") -> Iterator[str]:
    """Every address of the staff zone, with something where a name belongs."""
    samples = {"uuid": "00000000-0000-0000-0000-000000000000", "int": "1"}
    for one in found:
        route = getattr(one.pattern, "_route", None)
        if route is None:
            continue
        for name, converter in one.pattern.converters.items():
            kind = type(converter).__name__.removesuffix("Converter").lower()
            route = route.replace(f"<{kind}:{name}>", samples.get(kind, "aaaa"))
        if isinstance(one, URLResolver):
            yield from addresses(one.url_patterns, before + route)
        else:
            yield before + route


def test_whichever_form_it_was_the_page_before_it_can_be_opened(
    desk: Desk, maud: Staff, anouk: Staff, theo: Staff
) -> None:
    staff = {one for one in addresses(get_resolver().url_patterns) if one.startswith("/staff/")}
    assert len(staff) > 150
    pages = {page_before(one) for one in staff}

    # Who may not come in learns nothing of how: so each is tried by everybody.
    refused = {
        page for who in (maud, anouk, theo) for page in pages if desk(who).get(page).status_code == 405
    }

    assert refused == set()


def test_given_away_meanwhile_the_words_come_back_and_nothing_of_the_case(
    open_case: OpenCase, desk: Desk, nour: Staff, sacha: Staff
) -> None:
    case = open_case()
    client = desk(nour)
    actions.set_handle(case=case, text="Kestrel", by=nour, at=NOON)
    assert client.get(f"/staff/cases/{case.ref}/").status_code == 200
    Case.objects.filter(pk=case.pk).update(assignee=sacha, team=None)

    answer = client.post(note_of(case), {"note-text": WORDS}, headers=OURS)
    invented = client.post("/staff/cases/AAAA-AAAA/notes/", {"note-text": WORDS}, headers=OURS)
    foreign = client.post(note_of(case), {"note-text": WORDS}, headers={"Sec-Fetch-Site": "cross-site"})

    page = answer.content.decode()
    assert (answer.status_code, invented.status_code, foreign.status_code) == (404, 404, 404)
    assert answer["Cache-Control"] == "no-store"
    assert SHOWN in page
    assert "Kestrel" not in page and case.ref not in page
    assert page == invented.content.decode()
    assert SHOWN not in foreign.content.decode()


def test_too_old_a_form_is_sent_again_with_one_tap(
    open_case: OpenCase, log_in: Callable[[Staff], Client], nour: Staff
) -> None:
    case = open_case()
    client = log_in(nour)
    client.handler.enforce_csrf_checks = True
    client.get(f"/staff/cases/{case.ref}/")

    late = client.post(note_of(case), {"note-text": WORDS, "csrfmiddlewaretoken": "stale"}, headers=OURS)
    page = late.content.decode()
    token = page.split('name="csrfmiddlewaretoken" value="')[1].split('"')[0]
    again = {"note-text": WORDS, "csrfmiddlewaretoken": token}

    assert late.status_code == 403
    assert f'action="{note_of(case)}"' in page
    assert f'name="note-text" value="{SHOWN}"' in page
    assert not Note.objects.exists()
    assert client.post(note_of(case), again, headers=OURS).status_code == 302
    assert Note.objects.count() == 1
    elsewhere = client.post(note_of(case), {"note-text": WORDS}, headers={"Sec-Fetch-Site": "cross-site"})
    assert SHOWN not in elsewhere.content.decode()


def test_a_password_never_comes_back() -> None:
    client = Client(enforce_csrf_checks=True)
    typed = {"login": "nour", "password": "a lamp of my own", "csrfmiddlewaretoken": "stale"}
    answer = client.post("/staff/login/", typed, headers=OURS)
    assert answer.status_code == 403
    assert "a lamp of my own" not in answer.content.decode()


def test_a_page_asks_who_is_here(desk: Desk, nour: Staff) -> None:
    said = desk(nour).get("/staff/here/").json()
    assert said["who"] == str(nour)
    assert said["token"]
    assert Client().get("/staff/here/").status_code == 302
