"""Larger letters, without a script: asked for once, kept until the browser closes, forgotten on the way out."""

import pytest
from django.conf import settings
from django.test import Client

LARGE = 'class="large"'


def html(client: Client, address: str = "/") -> str:
    return client.get(address).content.decode().split("<head>")[0]


def test_asking_for_large_type_gives_it_on_every_page_after() -> None:
    client = Client()
    assert LARGE not in html(client)

    assert LARGE in html(client, "/?type=large")
    assert LARGE in html(client, "/help/")
    assert LARGE not in html(client, "/?type=normal")
    assert LARGE not in html(client, "/help/")


def test_it_ends_with_the_browser_and_on_the_way_out() -> None:
    client = Client()
    cookie = client.get("/?type=large").cookies[settings.TYPE_COOKIE_NAME]
    assert (cookie["max-age"], cookie["expires"], cookie["httponly"]) == ("", "", True)

    client.get("/exit/")

    assert client.cookies[settings.TYPE_COOKIE_NAME].value == ""


@pytest.mark.parametrize("nonsense", ["huge", "", "large%20"])
def test_anything_else_changes_nothing(nonsense: str) -> None:
    client = Client()
    client.get("/?type=large")

    answer = client.get(f"/?type={nonsense}")

    assert LARGE in answer.content.decode()
    assert settings.TYPE_COOKIE_NAME not in answer.cookies


def test_the_frame_that_is_kept_for_everyone_is_the_same_in_both() -> None:
    large, normal = Client(), Client()
    large.get("/?type=large")

    frames = [client.get("/").content.decode().split("<body")[1] for client in (large, normal)]

    assert frames[0] == frames[1]
    assert 'href="?type=large"' in frames[0] and 'href="?type=normal"' in frames[0]
