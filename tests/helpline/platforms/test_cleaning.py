"""What is left of an address, and what is refused."""

import pytest
from django.utils import translation
from hypothesis import example, given, settings

from helpline.platforms.cleaning import MAX_LENGTH, SENTENCES, MalformedLink, clean_url
from tests.helpline.platforms.addresses import ADDRESSES


@pytest.mark.parametrize(
    ("written", "cleaned"),
    [
        # The shape of an address.
        ("https://site.example/a", "https://site.example/a"),
        ("http://site.example/a", "http://site.example/a"),
        ("  https://site.example/a\n", "https://site.example/a"),
        ("<https://site.example/a>", "https://site.example/a"),
        ("“https://site.example/a”", "https://site.example/a"),
        ("site.example/a", "https://site.example/a"),
        ("//site.example/a", "https://site.example/a"),
        ("instagram.com/p/abcde", "https://instagram.com/p/abcde"),
        ("HTTPS://Site.Example/Path", "https://site.example/Path"),
        ("https:/site.example/a", "https://site.example/a"),
        ("https:///site.example/a", "https://site.example/a"),
        ("https:\\\\site.example\\a?b=\\c", "https://site.example/a?b=%5Cc"),
        ("https://https://site.example/a", "https://site.example/a"),
        ("ttps://site.example/a", "https://site.example/a"),
        ("hxxps://site.example/a", "https://site.example/a"),
        ("view-source:https://site.example/a", "https://site.example/a"),
        ("https://site.example", "https://site.example/"),
        ("https://site.example/a#part", "https://site.example/a"),
        ("https://site.example?a=1", "https://site.example/?a=1"),
        ("https://site.example./a", "https://site.example/a"),
        ("https://site.example:443/a", "https://site.example/a"),
        ("http://site.example:80/a", "http://site.example/a"),
        ("https://site.example:8443/a", "https://site.example:8443/a"),
        ("site.example:8443/a", "https://site.example:8443/a"),
        ("https://site.example:/a", "https://site.example/a"),
        ("https://name:secret@site.example/a", "https://site.example/a"),
        ("https://instagram.com@site.example/a", "https://site.example/a"),
        ("http://127.0.0.1:9000/p/1", "http://127.0.0.1:9000/p/1"),
        ("127.0.0.1:9000/p/1", "https://127.0.0.1:9000/p/1"),
        ("http://[2001:DB8:0:0::1]:8080/a", "http://[2001:db8::1]:8080/a"),
        ("http://localhost:8000/a", "http://localhost:8000/a"),
        ("https://élan.test/é", "https://xn--lan-9la.test/%C3%A9"),
        ("https://ｓｉｔｅ．example/a", "https://site.example/a"),
        ("https://site。example/a", "https://site.example/a"),
        ("https://si\u200bte.example/a\u202e", "https://site.example/a"),
        ("https://my_site.example/a", "https://my_site.example/a"),
        ("https://i❤.ws/a", "https://xn--i-7iq.ws/a"),
        # Paths and queries keep what they say.
        ("https://site.example/a/../b/./c", "https://site.example/b/c"),
        ("https://site.example/a/%2e%2e/b", "https://site.example/b"),
        ("https://site.example/../..", "https://site.example/"),
        ("https://site.example/a/..", "https://site.example/"),
        ("https://site.example/a//b/", "https://site.example/a//b/"),
        ("https://site.example/%7ename/%c3%a9%2f", "https://site.example/~name/%C3%A9%2F"),
        ("https://site.example/100%", "https://site.example/100%25"),
        ("https://site.example/%ff", "https://site.example/%FF"),
        ("https://site.example/it's", "https://site.example/it%27s"),
        ("https://site.example/?b=2&a=1&a=0&single", "https://site.example/?b=2&a=1&a=0&single"),
        ("https://site.example/?a=x+y%20z", "https://site.example/?a=x+y%20z"),
        ("https://site.example/?a=1&amp;b=2&&", "https://site.example/?a=1&b=2"),
        ("https://site.example/?", "https://site.example/"),
        # Who shared it is nobody's business.
        ("https://site.example/a?utm_source=x&id=1&fbclid=y", "https://site.example/a?id=1"),
        ("https://site.example/a?UTM_Source=x", "https://site.example/a"),
        ("https://site.example/a?s=1&t=2&si=3", "https://site.example/a?s=1&t=2&si=3"),
        (
            "https://www.instagram.com/p/abcde/?igsh=MXg=&img_index=2",
            "https://www.instagram.com/p/abcde/?img_index=2",
        ),
        ("https://www.instagram.com/reel/abcde/?igshid=MXg=", "https://www.instagram.com/reel/abcde/"),
        ("https://x.com/mira/status/123?s=20&t=abc", "https://x.com/mira/status/123"),
        ("https://youtu.be/abcdefghijk?si=xyz&t=30", "https://youtu.be/abcdefghijk?t=30"),
        (
            "https://www.tiktok.com/@mira/video/123?_r=1&_t=8abc&is_from_webapp=1",
            "https://www.tiktok.com/@mira/video/123",
        ),
        (
            "https://www.facebook.com/permalink.php?story_fbid=1&id=2&mibextid=x&__cft__[0]=y&__tn__=z",
            "https://www.facebook.com/permalink.php?story_fbid=1&id=2",
        ),
        (
            "https://www.reddit.com/r/a/comments/abc1/t/?share_id=1&utm_medium=2",
            "https://www.reddit.com/r/a/comments/abc1/t/",
        ),
        (
            "https://www.google.fr/search?q=mira&sca_esv=1&ei=2&udm=2",
            "https://www.google.fr/search?q=mira&udm=2",
        ),
        (
            "https://cdn.discordapp.com/attachments/1/2/a.png?ex=1&is=2&hm=3",
            "https://cdn.discordapp.com/attachments/1/2/a.png?ex=1&is=2&hm=3",
        ),
        # Pages that only pass a visitor on.
        (
            "https://l.instagram.com/?u=https%3A%2F%2Fsite.example%2Fa%3Fb%3D1%26fbclid%3D2&e=AT0",
            "https://site.example/a?b=1",
        ),
        ("https://l.facebook.com/l.php?u=https%3A%2F%2Fsite.example%2Fa&h=AT0", "https://site.example/a"),
        ("https://www.google.fr/url?sa=t&q=https://site.example/a", "https://site.example/a"),
        (
            "https://www.youtube.com/redirect?event=x&q=https%3A%2F%2Fsite.example%2Fa",
            "https://site.example/a",
        ),
        (
            "https://l.facebook.com/l.php?u=https%3A%2F%2Fl.instagram.com%2F%3Fu%3Dhttps%253A%252F%252Fsite.example%252Fa",
            "https://site.example/a",
        ),
        (
            "https://l.facebook.com/l.php?u=https%3A%2F%2Fsi%20te%2Fa",
            "https://l.facebook.com/l.php?u=https%3A%2F%2Fsi%20te%2Fa",
        ),
        (
            "https://google.site.example/url?q=https://x.com/a",
            "https://google.site.example/url?q=https://x.com/a",
        ),
        # What matters stands behind the #.
        ("https://web.telegram.org/k/#@mira_h", "https://t.me/mira_h"),
        ("https://mega.nz/#!AbCd!key", "https://mega.nz/file/AbCd"),
        ("https://mega.nz/#F!AbCd!key", "https://mega.nz/folder/AbCd"),
    ],
)
def test_what_says_where_stays(written: str, cleaned: str) -> None:
    assert clean_url(written) == cleaned
    assert clean_url(cleaned) == cleaned


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("", "empty"),
        (" \u200b\n", "empty"),
        ("hello", "not_a_link"),
        ("see.later", "not_a_link"),
        ("photo.jpg", "not_a_link"),
        ("mira@mail.example", "not_a_link"),
        ("3.5/10", "not_a_link"),
        ("@mira", "not_a_link"),
        ("javascript:alert(1)", "scheme"),
        ("JaVaScRiPt:alert(1)", "scheme"),
        ("java\u200bscript:alert(1)", "scheme"),
        ("data:text/html,hello", "scheme"),
        ("file:///etc/passwd", "scheme"),
        ("vbscript:x", "scheme"),
        ("blob:https://site.example/1", "scheme"),
        ("intent://site.example/#Intent;end", "scheme"),
        ("snapchat://add/mira", "scheme"),
        ("ftp://site.example/a", "scheme"),
        ("mailto:mira@mail.example", "scheme"),
        ("tel:112", "not_a_link"),
        ("https://site.example/a b", "characters"),
        ("https://site.example/a\x00b", "characters"),
        ("https://site.example/a\r\nBcc: x", "characters"),
        ("https://site.example/\ud800", "characters"),
        ("https://", "host"),
        ("https://site", "host"),
        ("https://.example/a", "host"),
        ("https://-.example/a", "host"),
        ("https://site..example/a", "host"),
        ("https://site.example:99999/a", "host"),
        ("https://site.example:0/a", "host"),
        ("https://site.example:８０/a", "host"),
        ("https://1.2.3/a", "host"),
        ("https://0x7f.1/a", "host"),
        ("https://[::1/a", "host"),
        ("https://[fe80::1%25eth0]/a", "host"),
        ("https://[::1]x/a", "host"),
        ("https://exa%2Fmple.example/a", "host"),
        ("https://" + "a" * 64 + ".example/", "host"),
        ("https://" + "a." * 130 + "example/", "host"),
        ("https://site.example/" + "a" * 2000, "too_long"),
        ("https://site.example/" + "é" * 700, "too_long"),
        ("https://site.example/?utm_source=" + "a" * 8000, "too_long"),
    ],
)
def test_what_is_no_address_is_refused(written: str, code: str) -> None:
    with pytest.raises(MalformedLink) as refused:
        clean_url(written)
    assert refused.value.code == code
    assert refused.value.written == written


def test_an_address_may_be_long_when_only_tracking_makes_it_so() -> None:
    assert clean_url("https://site.example/a?fbclid=" + "a" * 5000) == "https://site.example/a"


def test_every_refusal_has_a_sentence_and_none_repeats_the_address() -> None:
    for code in SENTENCES:
        refusal = MalformedLink(code, "https://secret.example/")
        with translation.override("en"):
            assert refusal.sentence.endswith(".")
        assert "secret" not in f"{refusal} {refusal!r} {refusal.sentence}"


@settings(max_examples=1500, deadline=None)
@given(ADDRESSES)
@example("https://l.facebook.com/l.php?u=https://l.facebook.com/l.php?u=https://")
@example("https://site.example/a'#")
@example("https://site.example/?&amp;amp;a")
def test_cleaning_refuses_or_answers_an_address_that_is_clean(written: str) -> None:
    try:
        cleaned = clean_url(written)
    except MalformedLink as refused:
        assert refused.code in SENTENCES
        return
    assert clean_url(cleaned) == cleaned
    assert cleaned.startswith(("https://", "http://"))
    assert cleaned.isascii()
    assert cleaned.isprintable()
    assert not set(cleaned) & set(" \"'<>\\^`{}#")
    assert len(cleaned) <= MAX_LENGTH
    assert "@" not in cleaned.split("/")[2]


def test_many_doors_behind_each_other_are_opened_without_end_of_stack() -> None:
    written = "https://t.co/a"
    for _ in range(150):
        written = "https://l.instagram.com/?u=" + written
    assert clean_url(written) == "https://t.co/a"
