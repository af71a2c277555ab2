"""What an address leads to, and which addresses are the same."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from url_normalize import url_normalize

from helpline.platforms.cleaning import MalformedLink, clean_url
from helpline.platforms.directory import Directory
from helpline.platforms.links import recognise
from helpline.platforms.reading import PLAIN, account_key, blind_key
from tests.helpline.platforms.addresses import ADDRESSES

NOBODY = Directory()


@pytest.mark.parametrize(
    ("url", "slug", "kind", "account"),
    [
        ("https://www.instagram.com/p/CabcDEF123/", "instagram", "post", None),
        ("https://www.instagram.com/mira.h/p/CabcDEF123/", "instagram", "post", "mira.h"),
        ("https://instagram.com/reel/CabcDEF123", "instagram", "post", None),
        ("https://www.instagram.com/reels/CabcDEF123/", "instagram", "post", None),
        ("https://www.instagram.com/reels/audio/123/", "instagram", "unknown", None),
        ("https://www.instagram.com/tv/CabcDEF123/", "instagram", "post", None),
        ("https://www.instagram.com/stories/mira.h/3001/", "instagram", "post", "mira.h"),
        ("https://www.instagram.com/stories/highlights/1789/", "instagram", "post", None),
        ("https://www.instagram.com/s/aGlnaGxpZ2h0?story_media_id=1_2", "instagram", "post", None),
        ("https://www.instagram.com/mira.h/?hl=fr", "instagram", "profile", "mira.h"),
        ("https://www.instagram.com/_u/mira.h", "instagram", "profile", "mira.h"),
        ("https://www.instagram.com/direct/t/1234/", "instagram", "message", None),
        ("https://www.instagram.com/explore/", "instagram", "unknown", None),
        ("https://www.instagram.com/", "instagram", "unknown", None),
        ("https://help.instagram.com/1234567", "instagram", "unknown", None),
        ("https://scontent.cdninstagram.com/v/a.jpg", "instagram", "file", None),
        ("https://www.facebook.com/mira.h/posts/pfbid02x", "facebook", "post", "mira.h"),
        ("https://www.facebook.com/permalink.php?story_fbid=1&id=2", "facebook", "post", None),
        ("https://m.facebook.com/story.php?id=2&story_fbid=1", "facebook", "post", None),
        ("https://www.facebook.com/photo/?fbid=123&set=a.1", "facebook", "post", None),
        ("https://www.facebook.com/watch/?v=123", "facebook", "post", None),
        ("https://fb.watch/abcDEF/", "facebook", "post", None),
        ("https://www.facebook.com/reel/123", "facebook", "post", None),
        ("https://www.facebook.com/share/p/1AbcDEF/", "facebook", "post", None),
        ("https://www.facebook.com/groups/99/posts/123/", "facebook", "post", None),
        ("https://www.facebook.com/groups/99/", "facebook", "group", None),
        ("https://www.facebook.com/profile.php?id=1000", "facebook", "profile", "1000"),
        ("https://www.facebook.com/people/Mira-H/1000/", "facebook", "profile", "1000"),
        ("https://www.facebook.com/mira.h", "facebook", "profile", "mira.h"),
        ("https://www.facebook.com/marketplace", "facebook", "unknown", None),
        ("https://m.me/mira.h", "facebook", "message", "mira.h"),
        ("https://www.messenger.com/t/123", "facebook", "message", None),
        ("https://www.threads.net/@mira.h/post/Cabc", "threads", "post", "mira.h"),
        ("https://www.threads.com/@mira.h", "threads", "profile", "mira.h"),
        ("https://www.snapchat.com/add/mira_h?share_id=1", "snapchat", "profile", "mira_h"),
        ("https://www.snapchat.com/@mira_h", "snapchat", "profile", "mira_h"),
        ("https://www.snapchat.com/spotlight/W7abc", "snapchat", "post", None),
        ("https://t.snapchat.com/AbC123", "snapchat", "post", None),
        ("https://web.snapchat.com/0a1b2c3d-1111", "snapchat", "message", None),
        ("https://www.tiktok.com/@mira.h/video/7123456", "tiktok", "post", "mira.h"),
        ("https://www.tiktok.com/@mira.h/photo/7123456", "tiktok", "post", "mira.h"),
        ("https://www.tiktok.com/@mira.h?lang=fr", "tiktok", "profile", "mira.h"),
        ("https://vm.tiktok.com/ZMabc123/", "tiktok", "post", None),
        ("https://vt.tiktok.com/ZSabc123/", "tiktok", "post", None),
        ("https://www.tiktok.com/t/ZTabc123/", "tiktok", "post", None),
        ("https://m.tiktok.com/v/7123456.html", "tiktok", "post", None),
        ("https://x.com/mira/status/123", "x", "post", "mira"),
        ("https://twitter.com/mira/status/123/photo/1", "x", "post", "mira"),
        ("https://mobile.twitter.com/i/web/status/123", "x", "post", None),
        ("https://t.co/AbCd", "x", "post", None),
        ("https://x.com/mira", "x", "profile", "mira"),
        ("https://x.com/home", "x", "unknown", None),
        ("https://x.com/messages/1-2", "x", "message", None),
        ("https://pbs.twimg.com/media/Fabc.jpg?name=large", "x", "file", None),
        ("https://www.youtube.com/watch?list=PL1&v=abcdefghijk", "youtube", "post", None),
        ("https://youtu.be/abcdefghijk", "youtube", "post", None),
        ("https://m.youtube.com/shorts/abcdefghijk", "youtube", "post", None),
        ("https://www.youtube.com/@mira", "youtube", "profile", "mira"),
        ("https://www.youtube.com/channel/UCabc", "youtube", "profile", "UCabc"),
        ("https://www.google.com/search?q=mira", "google", "unknown", None),
        ("https://www.google.co.uk/imgres?imgurl=https://site.example/a.jpg", "google", "file", None),
        ("https://drive.google.com/file/d/1AbcdefGHIJ/view?usp=sharing", "google", "file", None),
        (
            "https://www.bing.com/images/search?view=detail&mediaurl=https://site.example/a.jpg",
            "bing",
            "file",
            None,
        ),
        ("https://www.bing.com/search?q=mira", "bing", "unknown", None),
        ("https://1drv.ms/i/s!AbcDEF123", "onedrive", "file", None),
        ("https://onedrive.live.com/?cid=1&id=1%21106", "onedrive", "file", None),
        ("https://discord.gg/AbCd", "discord", "group", None),
        ("https://discord.com/invite/AbCd", "discord", "group", None),
        ("https://discord.com/channels/1/2/3", "discord", "message", None),
        ("https://discord.com/channels/@me/2/3", "discord", "message", None),
        ("https://cdn.discordapp.com/attachments/1/2/a.png?ex=1", "discord", "file", None),
        ("https://media.discordapp.net/attachments/1/2/a.png", "discord", "file", None),
        ("https://discord.com/users/123", "discord", "profile", "123"),
        ("https://t.me/mira_h", "telegram", "profile", "mira_h"),
        ("https://t.me/mira_h/12", "telegram", "post", "mira_h"),
        ("https://telegram.me/s/mira_h/12", "telegram", "post", "mira_h"),
        ("https://t.me/+AbCdEfGh", "telegram", "group", None),
        ("https://t.me/joinchat/AbCdEfGh", "telegram", "group", None),
        ("https://t.me/c/123/45", "telegram", "message", None),
        ("https://t.me/share/url?url=x", "telegram", "unknown", None),
        ("https://wa.me/33600000000", "whatsapp", "profile", "33600000000"),
        ("https://api.whatsapp.com/send?phone=33600000000&text=x", "whatsapp", "profile", "33600000000"),
        ("https://chat.whatsapp.com/AbCdEfGhIj", "whatsapp", "group", None),
        ("https://www.reddit.com/r/place/comments/abc12/a_title/", "reddit", "post", None),
        ("https://old.reddit.com/r/place/comments/abc12/a_title/def34/", "reddit", "post", None),
        ("https://redd.it/abc12", "reddit", "post", None),
        ("https://www.reddit.com/r/place/s/AbCd", "reddit", "post", None),
        ("https://i.redd.it/abc12.jpg", "reddit", "file", None),
        ("https://www.reddit.com/user/mira_h/", "reddit", "profile", "mira_h"),
        ("https://www.reddit.com/r/place/", "reddit", "group", None),
        ("https://fr.pornhub.com/view_video.php?viewkey=ph123", "pornhub", "post", None),
        ("https://www.pornhub.com/model/mira", "pornhub", "profile", "mira"),
        ("https://pixly.example/p/12", "other", "post", None),
        ("https://pixly.example/@mira", "other", "profile", "mira"),
        ("https://pixly.example/user/mira", "other", "profile", "mira"),
        ("https://pixly.example/files/a.JPG", "other", "unknown", None),
        ("https://pixly.example/files/a.jpg", "other", "file", None),
        ("https://pixly.example/", "other", "unknown", None),
        ("https://notinstagram.com/p/CabcDEF123/", "other", "post", None),
        ("https://instagram.com.site.example/p/1", "other", "post", None),
    ],
)
def test_what_an_address_leads_to(url: str, slug: str, kind: str, account: str | None) -> None:
    seen = recognise(url, directory=NOBODY)
    assert (seen.platform_slug, seen.kind, seen.account) == (slug, kind, account)


@pytest.mark.parametrize(
    ("url", "hint"),
    [
        ("https://t.me/+AbCdEfGh", True),
        ("https://t.me/c/123/45", True),
        ("https://discord.com/channels/1/2/3", True),
        ("https://chat.whatsapp.com/AbCdEfGhIj", True),
        ("https://www.facebook.com/groups/99/posts/123/", True),
        ("https://1drv.ms/i/s!AbcDEF123", True),
        ("https://www.instagram.com/p/CabcDEF123/", False),
        ("https://t.me/mira_h/12", False),
        ("https://pixly.example/p/12", False),
    ],
)
def test_what_only_invited_people_see_is_hinted_at(url: str, hint: bool) -> None:
    assert recognise(url, directory=NOBODY).private_hint is hint


@pytest.mark.parametrize(
    "spellings",
    [
        [
            "https://site.example/a",
            "http://www.site.example/a/",
            "m.site.example/a?utm_source=x#y",
            "SITE.example//a",
        ],
        [
            "https://site.example/?b=2&a=1",
            "https://site.example/?a=1&b=2",
            "https://site.example?a=1&b=2&fbclid=3",
        ],
        ["https://site.example:8443/a", "https://www.site.example:8443/a/"],
        ["https://site.example/caf%c3%a9", "https://site.example/café"],
        [
            "https://www.instagram.com/p/CabcDEF123/?igsh=x",
            "instagram.com/p/CabcDEF123?img_index=2",
            "https://www.instagram.com/mira.h/p/CabcDEF123/",
            "https://l.instagram.com/?u=https%3A%2F%2Fwww.instagram.com%2Fp%2FCabcDEF123%2F",
            "https://www.instagram.com/reel/CabcDEF123/",
        ],
        [
            "https://www.instagram.com/Mira.H/",
            "http://instagram.com/mira.h?hl=fr",
            "https://www.instagram.com/_u/mira.h",
        ],
        [
            "https://www.youtube.com/watch?v=abcdefghijk&t=30s",
            "https://youtu.be/abcdefghijk?si=x",
            "https://m.youtube.com/shorts/abcdefghijk",
            "https://www.youtube-nocookie.com/embed/abcdefghijk",
            "https://music.youtube.com/watch?list=PL1&v=abcdefghijk",
        ],
        [
            "https://x.com/mira/status/123?s=20",
            "https://twitter.com/Mira/status/123/photo/1",
            "https://mobile.twitter.com/i/web/status/123",
        ],
        [
            "https://www.tiktok.com/@mira/video/7123456?_r=1",
            "https://m.tiktok.com/v/7123456.html",
            "https://www.tiktok.com/@/video/7123456",
        ],
        [
            "https://vm.tiktok.com/ZMabc123/",
            "https://vm.tiktok.com/ZMabc123",
            "https://www.tiktok.com/t/ZMabc123/",
        ],
        ["https://t.me/mira_h/12", "https://telegram.me/s/Mira_H/12?single"],
        ["https://t.me/mira_h", "https://telegram.me/Mira_H", "https://web.telegram.org/k/#@mira_h"],
        [
            "https://www.reddit.com/r/place/comments/abc12/a_title/",
            "https://old.reddit.com/comments/abc12",
            "https://redd.it/abc12",
        ],
        [
            "https://cdn.discordapp.com/attachments/1/2/a.png?ex=1&is=2&hm=3",
            "https://media.discordapp.net/attachments/1/2/a.png?ex=9&width=400",
        ],
        [
            "https://www.facebook.com/permalink.php?story_fbid=pfbid1&id=2",
            "https://m.facebook.com/story.php?id=2&story_fbid=pfbid1",
        ],
        ["https://wa.me/33600000000", "https://api.whatsapp.com/send/?phone=%2B33600000000&text=hi"],
        ["https://discord.gg/AbCd", "https://discord.com/invite/AbCd"],
    ],
)
def test_one_thing_has_one_key_however_it_is_spelled(spellings: list[str]) -> None:
    assert len({blind_key(url) for url in spellings}) == 1


@pytest.mark.parametrize(
    ("one", "another"),
    [
        ("https://site.example/a", "https://site.example/A"),
        ("https://site.example/a", "https://other.example/a"),
        ("https://site.example/a?id=1", "https://site.example/a?id=2"),
        ("https://site.example/a", "https://site.example:8443/a"),
        ("https://a.site.example/1", "https://b.site.example/1"),
        ("https://www.instagram.com/p/CabcDEF123/", "https://www.instagram.com/p/CabcDEF124/"),
        ("https://www.instagram.com/mira/", "https://www.threads.net/@mira"),
        (
            "https://www.reddit.com/r/place/comments/abc12/t/def34/",
            "https://www.reddit.com/r/place/comments/abc12/t/",
        ),
        ("https://t.me/mira_h/12", "https://t.me/mira_h/13"),
        ("https://t.me/mira_h/12", "https://t.me/other_h/12"),
        ("https://t.me/mira_h/12?comment=3", "https://t.me/mira_h/12?comment=4"),
        ("https://discord.com/channels/1/2/3", "https://discord.com/channels/1/2/4"),
        ("https://www.google.com/search?q=a", "https://www.google.com/search?q=b"),
        ("https://www.google.com/maps?cid=1", "https://www.google.com/maps?cid=2"),
        ("https://www.facebook.com/marketplace/item/1", "https://www.facebook.com/marketplace/item/2"),
        ("https://m.me/mira", "https://www.facebook.com/mira"),
    ],
)
def test_two_things_have_two_keys(one: str, another: str) -> None:
    assert blind_key(one) != blind_key(another)


@pytest.mark.parametrize(
    ("slug", "spellings"),
    [
        (
            "instagram",
            [
                "Mira.H",
                "@mira.h",
                " @Mira.H ",
                "https://www.instagram.com/mira.h/",
                "instagram.com/mira.h?hl=fr",
                "mira.h,",
            ],
        ),
        ("reddit", ["mira_h", "u/mira_h", "/u/Mira_H", "https://www.reddit.com/user/mira_h"]),
        ("whatsapp", ["+33 6 00 00 00 00", "33600000000", "https://wa.me/33600000000"]),
        ("discord", ["mira h", "Mira  H"]),
        ("tiktok", ["@ｍｉｒａ", "mira", "mi\u200bra"]),
    ],
)
def test_one_account_has_one_key_however_it_is_spelled(slug: str, spellings: list[str]) -> None:
    keys = {account_key(slug, spelling) for spelling in spellings}
    assert len(keys) == 1
    assert keys.pop().startswith(f"account:{slug}:")


def test_the_same_name_on_two_platforms_is_two_accounts() -> None:
    assert account_key("instagram", "mira") != account_key("tiktok", "mira")


@pytest.mark.parametrize("nothing", ["", " ", "@", "@@ ", "\u200b", "?!", "%20", "u/", "/"])
def test_an_account_without_a_name_is_refused(nothing: str) -> None:
    with pytest.raises(MalformedLink):
        account_key("tiktok", nothing)


def test_the_address_of_a_profile_has_the_key_of_the_account() -> None:
    assert blind_key("https://www.tiktok.com/@mira") == account_key("tiktok", "@mira")


@settings(max_examples=800, deadline=None)
@given(ADDRESSES)
@example("https://www.youtube.com/@%20")
@example("https://www.youtube.com/@%00a")
@example("https://www.youtube.com/@u%2F")
@example("https://x.com/_")
@example("https://wa.me/000000")
def test_the_key_is_the_same_for_an_address_and_for_itself_cleaned(written: str) -> None:
    try:
        cleaned = clean_url(written)
    except MalformedLink:
        return
    key, seen = blind_key(written), recognise(written, directory=NOBODY)
    assert blind_key(cleaned) == key
    assert seen.account is None or account_key(seen.platform_slug, seen.account)
    assert (
        blind_key("http" + cleaned.removeprefix("https").removeprefix("http")) == key
        or ":" in cleaned.split("/")[2]
    )
    assert "\x00" not in key


@given(st.from_regex(PLAIN, fullmatch=True))
def test_what_is_plain_leaves_nothing_to_normalise(spelled: str) -> None:
    assert (url_normalize(f"https://{spelled}") or "").rstrip("/") == f"https://{spelled}"
