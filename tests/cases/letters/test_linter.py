"""What stops a notice and what is only looked at, rule by rule; a planted identifier is found however it is spelled."""

import unicodedata
from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cases.letters import wording
from cases.letters.content import Item, NoticeContent
from cases.letters.linter import IN_PLACE, IN_TEMPLATE, NOT_IN_FACTS, RULES, Terms, is_public, lint
from cases.letters.private import Private, What, private_of
from helpline.platforms.models import Regime
from reports.states import Kind
from tests.cases.letters.sample import NOTIFIER, item, notice

CHATTER = Terms(
    regimes=("eu-dsa-16",),
    languages=("fr", "en"),
    max_items=2,
    platform="chatter",
    hosts=("chatter.example",),
)


def codes(content: NoticeContent, terms: Terms | None = CHATTER, **more: object) -> list[str]:
    return [one.code for one in lint(content, terms=terms, **more)]  # type: ignore[arg-type]


def stops(content: NoticeContent, terms: Terms | None = CHATTER) -> list[str]:
    return [one.code for one in lint(content, terms=terms) if one.stops]


# --- a clean notice


@pytest.mark.parametrize(
    ("regime", "language", "kind", "minor"), list(product(Regime.values, ("fr", "en"), Kind, (True, False)))
)
def test_what_comes_with_the_program_is_in_order(regime: str, language: str, kind: Kind, minor: bool) -> None:
    content = notice(regime=regime, language=language, kind=kind, minor=minor, signed=True)
    assert (
        lint(content, terms=Terms(regimes=(regime,), languages=(language,), hosts=("chatter.example",))) == []
    )


@given(st.text(alphabet=st.characters(categories=("Ll", "Lu", "Nd", "Zs")), max_size=300))
def test_facts_that_say_nothing_of_anybody_are_no_finding(text: str) -> None:
    nobody = Private(names=("Qzxwvut",), references=("ZZZZ9999",), school="Collège des Dunes")
    assert [c for c in codes(notice(facts=text), private=nobody) if c.startswith("facts_")] == []


# --- where it is


@pytest.mark.parametrize(
    ("url", "kind", "code"),
    [
        ("javascript:alert(1)", "post", "bad_address"),
        ("ftp://chatter.example/p/1", "post", "bad_address"),
        ("https://chatter.example/a b", "post", "bad_address"),
        ("https://", "post", "bad_address"),
        ("http://localhost/p/1", "post", "private_host"),
        ("http://192.168.1.4/p/1", "post", "private_host"),
        ("http://127.0.0.1:8000/p/1", "post", "private_host"),
        ("http://nas.local/p/1", "post", "private_host"),
        ("https://chatter.example/", "post", "home_page"),
        ("https://chatter.example", "post", "home_page"),
        ("https://www.instagram.com/?igsh=abc&utm_source=x", "post", "home_page"),
        ("https://chatter.example/search?q=somebody", "post", "search_page"),
        ("https://www.youtube.com/results?search_query=x", "post", "search_page"),
        ("https://chatter.example/hashtag/thing", "post", "search_page"),
        ("https://chatter.example/login?next=/p/1", "post", "session_address"),
        ("https://chatter.example/p/1?PHPSESSID=abcdef", "post", "session_address"),
        ("https://me:secret@chatter.example/p/1", "post", "session_address"),
        ("https://www.instagram.com/some.body/", "post", "not_a_post"),
        ("https://www.tiktok.com/@somebody", "unknown", "not_a_post"),
        ("https://pixboard.example/p/1", "post", "other_platform"),
    ],
)
def test_an_address_that_leads_nowhere_exact_stops_it(url: str, kind: str, code: str) -> None:
    hosts = Terms(hosts=("chatter.example", "instagram.com", "tiktok.com", "youtube.com"))
    assert stops(notice(item(url, kind=kind)), hosts) == [code]


@pytest.mark.parametrize(
    "url",
    [
        "https://chatter.example/p/1",
        "https://deep.sub.chatter.example/p/1?id=4",
        "https://chatter.example/?post=44",
        "https://www.instagram.com/p/Cabcdefgh/",
        "https://www.instagram.com/stories/some.body/123456",
        "https://www.tiktok.com/@somebody/video/7123456789012345678",
        "https://www.youtube.com/watch?v=abcdefghijk",
        "https://chatter.example/media?alt=media&token=abc",  # a file's own key, nobody's session
    ],
)
def test_an_exact_address_is_taken(url: str) -> None:
    hosts = Terms(hosts=("chatter.example", "instagram.com", "tiktok.com", "youtube.com"))
    assert stops(notice(item(url)), hosts) == []


def test_a_profile_is_taken_where_the_account_is_the_matter() -> None:
    account = item("https://www.instagram.com/some.body/", kind="post")
    assert codes(notice(account, kind=Kind.THREAT), None) == []
    assert codes(notice(item(account.url, kind="profile")), None) == ["whole_account"]
    alone = Item("x", "", "some.body", "profile")
    assert codes(notice(alone, kind=Kind.THREAT), None) == []
    assert codes(notice(alone), None) == ["whole_account"]
    assert codes(notice(alone), Terms(needs_url=True)) == ["no_url"]


def test_nothing_to_find_stops_it() -> None:
    assert codes(notice(items=())) == ["no_item"]
    assert codes(notice(item(url=""))) == ["no_location"]
    assert codes(notice(Item("x", "", "some.body", "post"))) == ["no_url"]


def test_what_is_only_looked_at_does_not_stop_it() -> None:
    short, chat = notice(item("https://bit.ly/3abcd")), notice(item("https://ig.me/m/some.body"))
    assert (codes(short), stops(short)) == (["short_link"], [])
    assert (codes(chat, None), stops(chat, None)) == (["private_place"], [])


def test_above_the_platform_its_hosts_do_not_count() -> None:
    assert codes(notice(item("https://pixboard.example/p/1")), Terms()) == []


@pytest.mark.parametrize(
    ("host", "public"),
    [
        ("chatter.example", True),
        ("8.8.8.8", True),
        ("10.0.0.1", False),
        ("[::1]", False),
        ("intranet", False),
    ],
)
def test_a_public_host(host: str, public: bool) -> None:
    assert is_public(host) == public


# --- the other elements


def test_the_elements_of_article_16() -> None:
    assert codes(notice(explanation="It is bad.")) == ["no_explanation"]
    assert codes(
        notice(
            explanation="It shows somebody who never agreed to it, and it has to go away soon, please." * 2
        )
    ) == ["no_law"]
    assert codes(notice(good_faith="")) == ["no_good_faith"]
    assert codes(notice(notifier=NOTIFIER | {"name": ""})) == ["no_notifier"]
    assert codes(notice(notifier=NOTIFIER | {"email": "nobody"})) == ["no_notifier"]
    assert codes(notice(parts={"title": " "})) == ["no_words"]


def test_the_elements_of_the_take_it_down_act() -> None:
    us = Terms(regimes=("us-take-it-down",))
    assert codes(notice(regime="us-take-it-down", signed=True), us) == []
    assert codes(notice(regime="us-take-it-down"), us) == ["no_signature"]
    half = notice(regime="us-take-it-down", signature={"name": "Example Helpline"})
    assert codes(half, us) == ["no_signature"]
    faith = "We have a good-faith belief that this request is accurate and complete."
    assert codes(notice(regime="us-take-it-down", signed=True, good_faith=faith), us) == ["no_non_consent"]
    assert codes(notice(), None) == []  # no other law asks for it


def test_the_signature_says_nothing_of_who_allowed_it() -> None:
    content = notice(regime="us-take-it-down", signed=True)
    assert content.signature == {
        "name": "Example Helpline",
        "capacity": "authorised representative",
        "signed_at": "2026-03-02",
    }
    assert content.signed == "Example Helpline, authorised representative, 2026-03-02"
    assert notice(signed=True).signature is None  # the DSA asks for none


def test_what_the_channel_takes() -> None:
    assert codes(notice(language="fr"), Terms(languages=("de", "en"))) == ["language"]
    assert codes(notice(language="en"), Terms(languages=("en-GB",))) == []
    assert codes(notice(item(), item(), item())) == ["too_many"]
    assert codes(notice(), Terms(regimes=("fr-lcen",))) == ["regime"]
    assert codes(notice(), Terms()) == []


def test_outside_the_expertise_the_status_is_not_claimed() -> None:
    only = ("STATEMENT_CATEGORY_CYBER_VIOLENCE",)
    assert codes(notice(minor=True), expertise=only) == ["outside_expertise"]
    assert codes(notice(minor=False), expertise=only) == []
    assert codes(notice(minor=True), expertise=()) == []
    plain = notice(minor=True, notifier=NOTIFIER | {"trusted_flagger": False})
    assert codes(plain, expertise=only) == []


def test_facts_hold_no_address_and_no_more_than_they_may() -> None:
    assert codes(notice(facts="see https://x.example/1")) == ["facts_address"]
    assert codes(notice(facts="a" * 1001)) == []  # cut when it is written
    assert codes(replace(notice(), facts="a" * 1001)) == ["facts_too_long"]


def test_facts_stand_in_the_explanation_and_cannot_look_like_a_line() -> None:
    content = notice(facts="at 0:42\n\n3. Who sends this\nsomebody else")
    assert "\n" not in content.explanation
    assert content.explanation.endswith("What helps to find it: at 0:42 3. Who sends this somebody else")


def test_what_stops_comes_first_and_every_rule_has_its_words() -> None:
    both = notice(item("https://bit.ly/3abcd"), good_faith="")
    assert codes(both) == ["no_good_faith", "short_link"]
    assert all(rule.message and rule.mend for rule in RULES.values())
    for sentences in (NOT_IN_FACTS, IN_PLACE, IN_TEMPLATE):
        assert set(sentences) == set(What)


# --- nothing leads to the young person

LEA = Private(
    names=("Léa Martin", "lea_mrtn"),
    mails=("lea.martin09@mail.example",),
    phones=("+33612345678",),
    school="Collège Victor Hugo, Cherbourg",
    school_codes=("K7X4PM",),
    references=("7QK2M9XA",),
    story="il a mis ma tête sur une photo et il l’envoie à toute la classe",
    is_code=lambda text: "".join(c for c in text if c.isalnum()).upper() == "K3F97A2BQ8ZT5M1C",
)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("elle s'appelle Léa", "facts_name"),
        ("LEA  MARTIN au début", "facts_name"),
        ("compte lea.martin_2009", "facts_name"),
        ("L é a", "facts_name"),
        ("de M A R T I N", "facts_name"),
        ("ｌｅａ_ｍｒｔｎ", "facts_name"),
        ("Lea.Martin09 (at) mail (dot) example", "facts_mail"),
        ("LEA.MARTIN09@MAIL.EXAMPLE", "facts_mail"),
        ("06 12 34 56 78", "facts_phone"),
        ("+33 (0)6.12.34.56.78", "facts_phone"),
        ("0612-345-678", "facts_phone"),
        ("élève de Victor Hugo", "facts_school"),
        ("le college victor  hugo", "facts_school"),
        ("à Cherbourg", "facts_school"),
        ("k7x-4pm", "facts_school_code"),
        ("dossier 7QK2-M9XA", "facts_reference"),
        ("le code est K3F9-7A2B-Q8ZT-5M1C", "facts_code"),
        ("k3f9 7a2b q8zt 5m1c", "facts_code"),
        ("sur une photo et il l'envoie", "facts_story"),
    ],
)
def test_what_leads_to_them_is_found_in_the_facts(text: str, code: str) -> None:
    found = lint(notice(facts=text), private=LEA)
    assert code in [one.code for one in found if one.stops]


@pytest.mark.parametrize(
    "text",
    [
        "please look at 0:42, the plea in the middle",  # "lea" inside other words
        "les autres publications du compte, depuis lundi",
        "Victor posted it, not Hugo",
        "the number 061234 in the corner",
        "une photo et une vidéo",
        "le a majuscule",
    ],
)
def test_what_only_looks_alike_is_let_through(text: str) -> None:
    assert [one.code for one in lint(notice(facts=text), private=LEA) if one.code.startswith("facts_")] == []


def test_in_the_place_itself_it_is_looked_at_and_does_not_stop() -> None:
    content = notice(item("https://chatter.example/p/lea-martin-2009?u=0612345678", account="fakeleamartin"))
    found = {one.code: one.stops for one in lint(content, private=LEA)}
    assert found == {"place_name": False, "place_phone": False}
    ours = notice(item("https://chatter.example/p/7QK2M9XA"))
    assert [one.stops for one in lint(ours, private=LEA)] == [True]


def test_an_escaped_address_is_read_as_it_is_meant() -> None:
    assert codes(notice(item("https://chatter.example/p/l%C3%A9a%20martin")), private=LEA) == ["place_name"]


def test_our_own_sentences_stop_for_an_address_and_are_looked_at_for_a_word() -> None:
    france = Private(names=("France",))
    found = lint(notice(), private=france)
    assert [(one.code, one.stops) for one in found] == [("template_name", False)]
    parts = dict(wording.packaged()["eu-dsa-16", "en", ""].parts) | {
        "closing": "Write to lea.martin09@mail.example"
    }
    named = notice(parts=parts)
    assert ("template_mail", True) in [(one.code, one.stops) for one in lint(named, private=LEA)]


def test_a_finding_never_repeats_what_it_found() -> None:
    found = lint(
        notice(facts="Léa Martin, 06 12 34 56 78, Victor Hugo, lea.martin09@mail.example"), private=LEA
    )
    said = " ".join(f"{one.code} {one.message} {one.mend}" for one in found).lower()
    assert len(found) >= 4
    assert not any(secret in said for secret in ("léa", "lea", "martin", "0612", "hugo", "@"))
    assert "Martin" not in repr(LEA)


LETTERS = st.text(alphabet="abcdefghijklmnopqrstuvwxyzéèàçôüñœæ", min_size=3, max_size=12)
ACCENTS = ("", "\u0301", "\u0308", "\u0327")


@st.composite
def spelled(draw: st.DrawFn, name: str) -> str:
    """The same letters: capitals or not, accents added or taken off, apart or together."""
    apart = draw(st.sampled_from(["", " ", ".", "_", "-", "  ", "·", "\u200b", " / "]))
    out = []
    for letter in name:
        bare = draw(st.booleans())
        one = unicodedata.normalize("NFD", letter)[0] if bare and letter.isalpha() else letter
        one += draw(st.sampled_from(ACCENTS)) if one.isascii() else ""
        out.append(one.upper() if draw(st.booleans()) else one)
    return apart.join(out)


@given(st.data(), LETTERS)
def test_a_name_is_found_in_any_spelling(data: st.DataObject, name: str) -> None:
    private = Private(names=(name,))
    text = f"Look: {data.draw(spelled(name))} ; 0:42"
    assert "facts_name" in codes(notice(facts=text), private=private)


@given(st.data(), st.from_regex(r"0[1-9][0-9]{8}", fullmatch=True))
def test_a_phone_number_is_found_in_any_spelling(data: st.DataObject, number: str) -> None:
    private = Private(phones=(number,))
    start = data.draw(st.sampled_from(["0", "+33 ", "0033", "+33 (0)"]))
    apart = data.draw(st.lists(st.sampled_from(["", " ", ".", "-", " - ", "/"]), min_size=9, max_size=9))
    text = start + "".join(one + sign for one, sign in zip(number[1:], apart, strict=True))
    assert "facts_phone" in codes(notice(facts=f"call {text} now"), private=private)


@given(
    st.from_regex(r"[a-z]{4,8}[0-9]{2}", fullmatch=True),
    st.sampled_from(["@", " @ ", "(at)", " [AT] ", " arobase "]),
    st.sampled_from([".", " . ", "(dot)", " point "]),
    st.booleans(),
)
def test_a_mail_address_is_found_in_any_spelling(local: str, sign: str, dot: str, loud: bool) -> None:
    private = Private(mails=(f"{local}@mail.example",))
    text = f"{local}{sign}mail{dot}example"
    assert "facts_mail" in codes(notice(facts=text.upper() if loud else text), private=private)


@given(st.lists(st.from_regex(r"[a-z]{3,8}", fullmatch=True), min_size=6, max_size=14), st.data())
def test_six_words_of_the_story_are_found(words: list[str], data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(words) - 6))
    private = Private(story=" ".join(words))
    text = ", ".join(words[start : start + 6]).upper()
    assert "facts_story" in codes(notice(facts=text), private=private)
    assert "facts_story" not in codes(
        notice(facts=" ".join(words[:5])), private=Private(story=" ".join(words))
    )


def test_addresses_and_numbers_written_into_the_story_count_as_theirs() -> None:
    private = private_of(
        answers={"name": "Lou", "handle": "river.kid"},
        contact={"via": "sms", "address": "+33612345678"},
        school="Lycée des Pins K7X 4PM",
        story="écris-moi à lou.riviere@mail.example ou au 07 11 22 33 44",
        references=("7QK2M9XA", ""),
        is_code=lambda _text: False,
    )
    assert private.mails == ("lou.riviere@mail.example",)
    assert set(private.phones) == {"33612345678", "0711223344"}
    assert private.found_in("ask lou or river.kid") == [What.NAME]
    assert private.found_in("K7X4PM") == [What.SCHOOL_CODE]
    assert private.found_in("lycée des pins") == [What.SCHOOL]
    assert private.found_in("under the pins") == []
