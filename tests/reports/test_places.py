"""What was pasted, read into links."""

from typing import Any

import pytest

from helpline.platforms import directory
from helpline.platforms.links import MalformedLink
from helpline.platforms.models import Platform
from reports import places
from reports.actions import LinkFacts
from reports.places import PlacesForm

pytestmark = pytest.mark.django_db


def form(**typed: Any) -> PlacesForm:
    """Filled in."""
    return PlacesForm({"pasted": "", "account": "", "platform": ""} | typed)


def test_links_in_a_share_text_each_once() -> None:
    text = (
        "Look at this!! https://www.tiktok.com/@kim/video/71?utm_source=copy and instagram.com/p/Cx1 \n"
        "https://m.tiktok.com/@kim/video/71"
    )

    assert [facts.url for facts in places.read(text, "", "")] == [
        "https://www.tiktok.com/@kim/video/71",
        "https://instagram.com/p/Cx1",
    ]


def test_account_names_one_a_line_or_with_commas() -> None:
    assert places.read("", "kim, @Lou;\n  kim \nThe Real Kim", "snapchat") == [
        LinkFacts(account="kim", platform="snapchat"),
        LinkFacts(account="@Lou", platform="snapchat"),
        LinkFacts(account="The Real Kim", platform="snapchat"),
    ]


def test_an_account_that_is_pasted_as_a_link_too_is_one() -> None:
    read = places.read("https://www.snapchat.com/add/kim", "@Kim", "snapchat")

    assert [facts.account for facts in read] == ["kim"]


def test_what_cannot_be_read_is_said_or_left_out() -> None:
    with pytest.raises(MalformedLink):
        places.read("https://exa mple https://?x", "", "")
    with pytest.raises(MalformedLink):
        places.read("", "@@", "snapchat")

    assert places.read("instagram://x https://a.example/1", "@@", "snapchat", skip_malformed=True) == [
        LinkFacts(url="https://a.example/1")
    ]


@pytest.mark.parametrize(
    ("pasted", "expected"),
    [
        ("https://a.example/1", False),
        (" https://a.example/1\nhttps://a.example/2 ", False),
        ("", False),
        ("he showed it in class", True),
        ("https://a.example/1 posted by Lou", True),
    ],
)
def test_are_there_words_beside_the_links(pasted: str, expected: bool) -> None:
    assert places.has_words(pasted) is expected


@pytest.mark.parametrize(
    ("url", "short"),
    [
        ("https://www.tiktok.com/@kim/", "tiktok.com/@kim"),
        ("http://m.a.example/x", "a.example/x"),
        ("https://pictures.example/" + "very/" * 20 + "end.html", "pictures.example/very/very/ve…end.html"),
    ],
)
def test_an_address_short_enough_for_a_phone(url: str, short: str) -> None:
    assert places.shortened(url) == short
    assert len(places.shortened(url)) <= places.SHORT


def test_places_say_what_was_recognised() -> None:
    Platform.objects.create(slug="tiktok", name="TikTok", domains=["tiktok.com"])
    Platform.objects.catch_all()
    directory.forget()

    post = places.describe(LinkFacts(url="https://www.tiktok.com/@kim/video/71"))
    unknown = places.describe(LinkFacts(url="https://www.pictures.example/p/1"))
    account = places.describe(LinkFacts(account="kim", platform="tiktok"))
    elsewhere = places.describe(LinkFacts(account="kim", platform="other"))

    assert (post.platform, post.what, post.line) == ("TikTok", "A post", "tiktok.com/@kim/video/71")
    assert (unknown.platform, unknown.line) == ("pictures.example", "pictures.example/p/1")
    assert (account.platform, account.what, account.line) == ("TikTok", "An account", "TikTok · kim")
    assert elsewhere.line == "Another site · kim"


def test_choices_name_every_platform_and_the_rest_last() -> None:
    Platform.objects.create(slug="zed", name="zed", domains=[])
    Platform.objects.create(slug="abc", name="Abc", domains=[])
    Platform.objects.catch_all()
    directory.forget()

    assert [slug for slug, _name in places.platform_choices()] == ["", "abc", "zed", "other"]


def test_a_malformed_link_is_quoted_and_explained() -> None:
    filled = form(pasted="instagram://story")

    assert not filled.is_valid()
    assert "instagram://story" in filled.sentence()
    assert "Copy link" in filled.sentence()


def test_an_account_needs_its_site() -> None:
    filled = form(account="kim")

    assert not filled.is_valid()
    assert list(filled.errors) == ["platform"]


def test_another_site_has_a_name() -> None:
    filled = form(account="kim", platform="other", site=" Kwik \n zap ")

    assert filled.is_valid()
    assert filled.facts == [LinkFacts(account="kim", platform="other", site="Kwik zap")]
    assert [place.line for place in filled.places()] == ["Kwik zap · kim"]


def test_a_known_site_needs_no_name_and_a_long_one_is_refused_kindly() -> None:
    known = form(account="kim", platform="chatter", site="Kwikzap")
    Platform.objects.create(slug="chatter", name="Chatter", domains=["chatter.example"])
    directory.forget()

    assert known.is_valid()
    assert known.facts == [LinkFacts(account="kim", platform="chatter")]
    assert "name of the site or app is enough" in str(form(site="x" * 101).errors["site"])


def test_an_account_without_a_name_is_explained() -> None:
    assert list(form(account="@@", platform="other").errors) == ["account"]


def test_too_many_links_at_a_time() -> None:
    filled = form(pasted="\n".join(f"https://a.example/{number}" for number in range(51)))

    assert not filled.is_valid()
    assert "50" in filled.sentence()
    assert form(pasted="\n".join(f"https://a.example/{number}" for number in range(50))).is_valid()


def test_too_much_text_is_refused_before_it_is_read() -> None:
    assert "too long" in form(pasted="https://a.example/ " * 2000).sentence()
