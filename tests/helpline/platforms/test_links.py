"""From an address to the platform's row."""

import pytest
from django.test import TestCase

from helpline.platforms import directory
from helpline.platforms.links import platform_for, recognise
from helpline.platforms.models import Platform

pytestmark = pytest.mark.django_db


def platform(slug: str, *domains: str, is_other: bool = False) -> Platform:
    made = Platform.objects.create(slug=slug, name=slug.title(), domains=list(domains), is_other=is_other)
    directory.forget()
    return made


@pytest.mark.parametrize(
    ("url", "slug"),
    [
        ("https://chatter.example/p/1", "chatter"),
        ("https://www.chatter.example/p/1", "chatter"),
        ("https://cdn.chatter.example/a.jpg", "cdn"),
        ("https://a.cdn.chatter.example/a.jpg", "cdn"),
        ("https://notchatter.example/p/1", "other"),
        ("https://chatter.example.other.test/p/1", "other"),
        ("https://search.fr/?q=1", "search"),
        ("https://www.search.co.uk/?q=1", "search"),
        ("https://search.site.example/?q=1", "other"),
        ("https://vm.tiktok.com/ZMabc123/", "tiktok"),
    ],
)
def test_the_longest_domain_that_covers_the_host_decides(url: str, slug: str) -> None:
    platform("chatter", "chatter.example")
    platform("cdn", "cdn.chatter.example")
    platform("search", "search.*")
    platform("tiktok")  # an operator who emptied the domains still has the rules
    platform("other", is_other=True)
    assert platform_for(url).slug == slug
    assert recognise(url).platform_slug == slug


def test_an_empty_directory_still_has_a_place_for_every_address() -> None:
    found = platform_for("https://site.example/a")
    assert (found.slug, found.is_other) == ("other", True)
    assert platform_for("https://another.example/b") == found
    assert Platform.objects.count() == 1


def test_a_platform_called_other_becomes_the_catch_all() -> None:
    mine = platform("other")
    assert platform_for("https://site.example/a") == mine
    mine.refresh_from_db()
    assert mine.is_other


def test_the_directory_is_read_once_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = 1000.0
    monkeypatch.setattr("helpline.platforms.directory.time.monotonic", lambda: clock)
    other, chatter = platform("other", is_other=True), Platform(slug="chatter", name="Chatter")
    assert platform_for("https://chatter.example/p/1") == other
    chatter.domains = ["chatter.example"]
    chatter.save()
    with TestCase().assertNumQueries(0):
        assert platform_for("https://chatter.example/p/1") == other
    clock += directory.KEPT_SECONDS + 1
    assert platform_for("https://chatter.example/p/1") == chatter
