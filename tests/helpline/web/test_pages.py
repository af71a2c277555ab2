"""What help, privacy and the page about the program promise to say."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.test import Client
from pytest_django import Settings


def page(address: str) -> str:
    return Client().get(f"{address}?lang=en").content.decode()


def test_every_number_is_on_the_help_page_and_can_be_tapped() -> None:
    body = page("/help/").split('id="now"')[1].split("</ul>")[0]

    for number, *_purpose, href in settings.DANGER_NUMBERS:
        assert f'<a href="{href}"><b>{number}</b>' in body


@pytest.mark.parametrize(
    "said", ["How long does it take?", "What if a site says no?", "What nobody can do", "Do you tell anyone?"]
)
def test_the_questions_that_everybody_has_are_answered(said: str) -> None:
    assert f"<h3>{said}</h3>" in page("/help/")


def test_every_place_on_the_help_page_that_is_linked_is_there() -> None:
    body = page("/help/") + page("/")

    wanted = {part.split('"')[0] for part in body.split("#")[1:] if '"' in part[:20]} & {
        "now", "threat", "after", "history", "reflexes", "parents", "professionals"
    }  # fmt: skip
    assert len(wanted) == 7
    assert all(f'id="{place}"' in body for place in wanted)


def test_how_long_it_is_kept_is_what_the_operator_set(settings: Settings) -> None:
    settings.RETENTION = timedelta(days=100)

    assert "What you sent stays for 100 days after the last contact." in page("/privacy/")


def test_the_source_is_offered_to_everyone_who_uses_it(settings: Settings) -> None:
    settings.SOURCE_URL = ""
    assert settings.NOTIFIER["email"] in page("/source/")
    assert 'href="/source/"' in page("/")

    settings.SOURCE_URL = "https://code.example/helpline"
    body = page("/source/")

    assert '<a class="button plain" href="https://code.example/helpline" rel="noreferrer noopener">' in body
    assert settings.NOTIFIER["email"] not in body
