"""The addresses in what somebody pasted."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpline.platforms.cleaning import MalformedLink, clean_url
from helpline.platforms.finding import find_links
from tests.helpline.platforms.addresses import ADDRESSES

TIKTOK = "https://vm.tiktok.com/ZMabc123/"


@pytest.mark.parametrize(
    ("text", "urls"),
    [
        ("", []),
        ("No address here. Nothing at all...", []),
        ("https://site.example/a", ["https://site.example/a"]),
        ("Look: https://site.example/a.", ["https://site.example/a"]),
        ("(https://site.example/a)", ["https://site.example/a"]),
        ("https://site.example/a_(b)", ["https://site.example/a_(b)"]),
        ("[here](https://site.example/a)!", ["https://site.example/a"]),
        ('<a href="https://site.example/a">', ["https://site.example/a"]),
        ("«https://site.example/a»", ["https://site.example/a"]),
        ("👉https://site.example/a👈", ["https://site.example/a"]),
        ("看https://site.example/a，好", ["https://site.example/a"]),
        (
            "https://site.example/a https://site.example/b",
            ["https://site.example/a", "https://site.example/b"],
        ),
        (
            "https://site.example/a,https://site.example/b;",
            ["https://site.example/a", "https://site.example/b"],
        ),
        (
            "https://site.example/ahttps://site.example/b",
            ["https://site.example/a", "https://site.example/b"],
        ),
        (
            "https://site.example/a/https://site.example/b",
            ["https://site.example/a/", "https://site.example/b"],
        ),
        ("site.example/ahttps://site.example/b", ["https://site.example/a", "https://site.example/b"]),
        ("https://site.example/a\nhttp://www.site.example/a/", ["https://site.example/a"]),
        (
            "https://web.archive.org/web/2026/https://site.example/a",
            ["https://web.archive.org/web/2026/https://site.example/a"],
        ),
        (
            "https://site.example/?next=https://other.example/",
            ["https://site.example/?next=https://other.example/"],
        ),
        ("https://l.instagram.com/?u=https://site.example/a", ["https://site.example/a"]),
        ("l.instagram.com/?u=https://site.example/a", ["https://site.example/a"]),
        (
            "instagram.com/p/abcde and tiktok.com/@mira",
            ["https://instagram.com/p/abcde", "https://tiktok.com/@mira"],
        ),
        ("insta:instagram.com/p/abcde", ["https://instagram.com/p/abcde"]),
        ("It is on www.site.example, I think", ["https://www.site.example/"]),
        ("site.example", ["https://site.example/"]),
        ("one\n  site.example  \ntwo", ["https://site.example/"]),
        ("It is on tiktok.com I think", []),
        ("https:/instagram.com/p/abcde", ["https://instagram.com/p/abcde"]),
        ("HTTPS://INSTAGRAM.COM/p/abcde", ["https://instagram.com/p/abcde"]),
        ("Write to mira@mail.example/x or mira@mail.example", []),
        ("photo.zip", []),
        ("photo.jpg", []),
        ("It is finished.It is over", []),
        ("on 12.05.2026/13.05.2026, about 3.5/10", []),
        ("instagram.com/p/abcde?igsh=1. Then", ["https://instagram.com/p/abcde"]),
        # What apps put beside the address.
        (f"Check out @mira's video! #TikTok {TIKTOK}", [TIKTOK]),
        (f"Watch @mira on TikTok {TIKTOK} 😂", [TIKTOK]),
        (
            "Regarde cette vidéo sur YouTube ! https://youtu.be/abcdefghijk?si=abc",
            ["https://youtu.be/abcdefghijk"],
        ),
        (
            "Add me on Snapchat! Username: mira https://www.snapchat.com/add/mira?share_id=x",
            ["https://www.snapchat.com/add/mira"],
        ),
        # Accounts named with their site.
        ("@mira on TikTok", ["https://www.tiktok.com/@mira"]),
        ("@mira.h sur insta.", ["https://www.instagram.com/mira.h/"]),
        ("insta: @mira.h", ["https://www.instagram.com/mira.h/"]),
        ("Snap @mira_h", ["https://www.snapchat.com/add/mira_h"]),
        ("@mira (Twitter)", ["https://x.com/mira"]),
        ("@mira on X", ["https://x.com/mira"]),
        ("x: @mira", ["https://x.com/mira"]),
        ("telegram @mira_h", ["https://t.me/mira_h"]),
        (
            "tiktok @mira, insta @mira.h",
            ["https://www.tiktok.com/@mira", "https://www.instagram.com/mira.h/"],
        ),
        ("@a_b on tiktok @c_d on insta", ["https://www.tiktok.com/@a_b", "https://www.instagram.com/c_d/"]),
        # Doubt: no guess.
        ("@mira", []),
        ("mira on tiktok", []),
        ("insta / tiktok @mira", []),
        ("@mira on tiktok and insta", []),
        ("tiktok @mira on insta", []),
        ("Give him an x @mira", []),
        ("mira@tiktok", []),
        ("@mira on tiktokker", []),
        ("@mi on telegram", []),
        ("@mira on WhatsApp", []),
    ],
)
def test_addresses_are_found(text: str, urls: list[str]) -> None:
    assert [link.url for link in find_links(text)] == urls


def test_a_name_beside_a_short_address_is_who_posted_it() -> None:
    (link,) = find_links(f"Watch @mira on TikTok: {TIKTOK}")
    assert (link.url, link.account, link.written, link.is_mention) == (TIKTOK, "mira", TIKTOK, False)


def test_another_account_beside_a_signed_address_is_another_link() -> None:
    links = find_links("https://www.tiktok.com/@mira/video/71 and also @noor on tiktok")
    assert [(link.account, link.is_mention) for link in links] == [("mira", False), ("noor", True)]


def test_the_same_account_beside_its_address_is_no_second_link() -> None:
    assert len(find_links("@Mira on TikTok https://www.tiktok.com/@mira/video/71")) == 1


@pytest.mark.parametrize(
    ("text", "code", "written"),
    [
        ("Here: javascript:alert(1)", "scheme", "javascript:alert(1)"),
        ("data:text/html,x", "scheme", "data:text/html,x"),
        ("snapchat://add/mira", "scheme", "snapchat://add/mira"),
        ("file:///C:/photo.jpg", "scheme", "file:///C:/photo.jpg"),
        ("https://", "host", "https://"),
        ("https://site.example/a and https://instagram", "host", "https://instagram"),
        ("https://site.example/" + "a" * 2000, "too_long", "https://site.example/" + "a" * 2000),
    ],
)
def test_what_is_meant_as_an_address_and_is_none_is_said(text: str, code: str, written: str) -> None:
    with pytest.raises(MalformedLink) as refused:
        find_links(text)
    assert (refused.value.code, refused.value.written) == (code, written)


def test_malformed_addresses_can_be_left_out() -> None:
    found = find_links("javascript:alert(1) https://site.example/a https://x", skip_malformed=True)
    assert [link.url for link in found] == ["https://site.example/a"]


@pytest.mark.parametrize("word", ["note:", "about:me", "data: I saw it", "file: mine", "him:her"])
def test_a_colon_is_no_scheme(word: str) -> None:
    assert find_links(word) == []


@settings(max_examples=800, deadline=None)
@given(
    st.lists(
        st.one_of(
            ADDRESSES,
            st.sampled_from([" ", "\n", ", ", "@mira on TikTok", "insta: @a", "(", "x @b on snap "]),
        ),
        max_size=6,
    ).map("".join)
)
def test_finding_refuses_or_answers_clean_addresses_each_once(text: str) -> None:
    try:
        links = find_links(text)
    except MalformedLink:
        links = find_links(text, skip_malformed=True)
    assert [clean_url(link.url) for link in links] == [link.url for link in links]
    assert len({link.url for link in links}) == len(links)


@pytest.mark.parametrize(
    "text",
    [
        "https://" * 2500,
        "a." * 10_000,
        "a.fr@" * 4000,
        "insta/" * 3500,
        "insta @a on insta and " * 900,
        "@" * 20_000,
        "https://site.example/" + ")" * 20_000,
        "(" * 20_000 + "https://site.example/",
        "a@b.fr/" * 2500,
        "%" * 20_000,
        ("https://l.facebook.com/l.php?u=" * 300)[:8000],
    ],
)
def test_a_long_hostile_text_is_read_soon(text: str) -> None:
    started = time.process_time()
    find_links(text, skip_malformed=True)
    assert time.process_time() - started < 3
