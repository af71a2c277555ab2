"""Reads a notice before it leaves: what stops it, what a person should look at, and how to mend either. Pure.

The rules follow article 16(2) of the Digital Services Act, section 3 of the TAKE IT DOWN Act, what the channel takes, and
the one rule of this house: nothing in a notice leads to the young person. docs/notices.md says each with its source.
"""

import ipaddress
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import parse_qsl, unquote, urlsplit

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from cases.letters.content import FACTS_MAX, Finding, Item, NoticeContent, Severity
from cases.letters.parts import NEEDS_SIGNATURE
from cases.letters.private import Private, What
from helpline.platforms import rules
from helpline.platforms.cleaning import MalformedLink, clean_url, name_of, parts
from helpline.platforms.directory import host_keys
from helpline.platforms.reading import Reading, read
from helpline.platforms.rules import LinkKind
from reports.states import Kind

SHORTEST_EXPLANATION = 80  # characters
SHORTEST_FAITH = 30

Sentence = str | Promise


@dataclass(frozen=True, slots=True)
class Terms:
    """What a channel takes. Empty: anything. `hosts` are its platform's; empty too where the notice goes above it."""

    regimes: Collection[str] = ()
    languages: Collection[str] = ()
    max_items: int | None = None
    platform: str = ""
    hosts: Collection[str] = ()
    needs_url: bool = False


class Rule(NamedTuple):
    """One thing that can be wrong."""

    message: Sentence
    mend: Sentence
    severity: Severity = Severity.STOP


RULES: Mapping[str, Rule] = {
    # (a) a substantiated explanation
    "no_explanation": Rule(
        _("It does not say enough about why the content is illegal."),
        _("Say what it shows, that the person did not consent, and which law it breaks: in the template."),
    ),
    "no_law": Rule(
        _("It names no law that the content breaks."),
        _("Name the law in the template: article 16(2)(a) asks for reasons."),
    ),
    # (b) the exact electronic location
    "no_item": Rule(_("It names no content."), _("Choose at least one link.")),
    "no_location": Rule(
        _("A link has neither an address nor an account."),
        _("Ask the young person for the address of the post, or add it yourself."),
    ),
    "no_url": Rule(
        _("The exact address is missing; an account name alone can't be acted on."),
        _("Add the address of the post or of the profile page."),
    ),
    "bad_address": Rule(
        _("An address is not one that a browser opens."),
        _("Copy it again from the browser. It begins with https://"),
    ),
    "private_host": Rule(
        _("An address leads to no public site."), _("Ask where it was seen, and add the public address.")
    ),
    "session_address": Rule(
        _("An address opens only for whoever is logged in, or holds a key of somebody’s session."),
        _("Copy the address of the post itself, with “Share” and “Copy link”."),
    ),
    "home_page": Rule(
        _("An address is the front page of a site, not the content."),
        _("Add the address of the post. Tracking signs after the ? do not say where it is."),
    ),
    "search_page": Rule(
        _("An address is a search or a list, which shows something else tomorrow."),
        _("Open the post in the list by its own “Copy link”, and add that address."),
    ),
    "not_a_post": Rule(
        _("An address is a whole profile, and the content is one post on it."),
        _("Add the address of the post. If the account itself is the matter, add it as an account."),
    ),
    "other_platform": Rule(
        _("An address is not on the platform that this channel belongs to."),
        _("Ask for it on its own platform, or change the platform’s hosts if one is missing."),
    ),
    "short_link": Rule(
        _("An address is a short link: where it leads is not in the notice."),
        _("Ask for the full address if you can. Do not open it yourself."),
        Severity.WARN,
    ),
    "private_place": Rule(
        _("An address is in a private chat or a closed group: the platform may not find it from outside."),
        _("Add what helps to find it: the account that posts, the group’s name, the day."),
        Severity.WARN,
    ),
    "whole_account": Rule(
        _("It names a whole account. Platforms act sooner on one post."),
        _("If you know a post, add its address as well."),
        Severity.WARN,
    ),
    # (c) who sends it
    "no_notifier": Rule(
        _("The helpline's name or e-mail address is missing."),
        _("Set HELPLINE_NOTIFIER_NAME and HELPLINE_NOTIFIER_EMAIL."),
    ),
    # (d) good faith
    "no_good_faith": Rule(
        _("The statement of good faith is missing."),
        _("Restore the statement of good faith in the template."),
    ),
    # TAKE IT DOWN
    "no_signature": Rule(
        _("This law asks for a signature, and nobody has allowed us to sign."),
        _("Record who allowed it, or write it under another law."),
    ),
    "no_non_consent": Rule(
        _("It does not state that the person did not consent."),
        _("Write it into the statement of good faith, in the template for this law."),
    ),
    # what the channel takes
    "language": Rule(
        _("The channel does not read the language of this notice."),
        _("Choose another channel, or correct the languages this one reads."),
    ),
    "too_many": Rule(
        _("There are more items than the channel takes in one notice."), _("Ask for fewer links at a time.")
    ),
    "regime": Rule(
        _("The channel takes no notices under this law."), _("Choose another channel or another law.")
    ),
    "outside_expertise": Rule(
        _("This is outside what the helpline was named trusted flagger for (article 22)."),
        _("Send it without that status, or correct HELPLINE_EXPERTISE."),
    ),
    # words
    "no_words": Rule(
        _("A part of the text is missing."), _("Look at the template, and put back what is gone.")
    ),
    "facts_too_long": Rule(
        _("What you added is too long."), _("Say it in 1,000 characters: where, when, which account.")
    ),
    "facts_address": Rule(
        _("What you added holds an address."),
        _("Add it as a link of the case, so that it is looked at again."),
    ),
}

NOT_IN_FACTS: Mapping[What, Sentence] = {
    What.NAME: _("What you added says how the young person is called."),
    What.MAIL: _("What you added holds their e-mail address."),
    What.PHONE: _("What you added holds their phone number."),
    What.SCHOOL: _("What you added names their school."),
    What.SCHOOL_CODE: _("What you added holds the school’s code."),
    What.CODE: _("What you added holds a receipt code."),
    What.REFERENCE: _("What you added holds the case’s reference."),
    What.STORY: _("What you added repeats their own words."),
}
TAKE_OUT = _("Take it out. The platform may show a notice to whoever posted.")
LOOK_AT_PLACE = _(
    "If the post itself says it, leave it: the platform needs the address. Else correct the link."
)

_LAW = re.compile(
    r"\b(?:art(?:icles?|\.)|act|loi|law|code|u\.s\.c\.|section|§|gesetz|ley|legge|wet)(?!\w)|§", re.IGNORECASE
)
_CONSENT = re.compile(r"consen[st]|zustimmung|einwillig|toestemming", re.IGNORECASE)
_ADDRESS = re.compile(r"https?:/|www\.", re.IGNORECASE)
_MAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
SHORTENERS = rules.words(
    "bit.ly t.co tinyurl.com goo.gl ow.ly is.gd v.gd buff.ly rebrand.ly cutt.ly shorturl.at lnkd.in t.ly rb.gy "
    "s.id tiny.cc shorte.st adf.ly urlz.fr vm.tiktok.com vt.tiktok.com fb.me dlvr.it trib.al"
)
NOT_PUBLIC = rules.words("localhost local internal intranet lan home corp private invalid arpa")
SEARCHES = rules.words(
    "search searches results explore hashtag hashtags tag tags trending find recherche suche"
)
ASKS = rules.words("q query search search_query keyword keywords recherche")
LOGINS = rules.words("login log-in signin sign-in connexion auth oauth checkpoint logout")
SESSIONS = rules.words(
    "sessionid session_id session phpsessid jsessionid aspsessionid sid access_token auth_token id_token oauth_token "
    "refresh_token password passwd pwd"
)


def lint(
    content: NoticeContent,
    *,
    terms: Terms | None = None,
    private: Private | None = None,
    expertise: Collection[str] = (),
) -> list[Finding]:
    """Everything found, what stops first, each code once. [] for a notice that may leave without a word.

    `terms`: the channel's; None where it is not known. `private`: the young person's facts; None where they are not open.
    `expertise`: the categories for which the helpline is a trusted flagger; empty where none are named.
    """
    codes = [
        *_about_places(content, terms or Terms()),
        *_about_words(content),
        *(_about_channel(content, terms) if terms else ()),
        *(["outside_expertise"] if _is_outside(content, expertise) else ()),
    ]
    found = [Finding(code, *RULES[code]) for code in dict.fromkeys(codes)]
    if private is not None:
        found += about_the_person(content, private)
    return sorted(found, key=lambda one: not one.stops)


# --- where it is --------------------------------------------------------------------------------------


def _about_places(content: NoticeContent, terms: Terms) -> Iterator[str]:
    if not content.items:
        yield "no_item"
    for item in content.items:
        if not item.url:
            yield from _without_url(item, content, needs_url=terms.needs_url)
        else:
            yield from _about_url(item, content, terms)


def _without_url(item: Item, content: NoticeContent, *, needs_url: bool) -> Iterator[str]:
    if not item.account:
        yield "no_location"
    elif needs_url or not _is_the_matter(item, content):
        yield "no_url"
    elif content.kind != Kind.THREAT:
        yield "whole_account"


def _is_the_matter(item: Item, content: NoticeContent) -> bool:
    """Is it the account itself that has to go?"""
    return item.kind == LinkKind.PROFILE or content.kind == Kind.THREAT


def _about_url(item: Item, content: NoticeContent, terms: Terms) -> Iterator[str]:
    cleaned = _cleaned(item.url)
    if cleaned is None:
        yield "bad_address"
        return
    host, _port, path, _query = parts(cleaned)
    if not is_public(host):
        yield "private_host"
        return
    reading = read(cleaned)
    query = parse_qsl(urlsplit(item.url).query, keep_blank_values=True) if "?" in item.url else []
    names = {name.lower() for name, _value in query}
    steps = [unquote(one).lower() for one in path.split("/") if one]
    if LOGINS.intersection(steps[:2]) or SESSIONS.intersection(names) or "@" in urlsplit(item.url).netloc:
        yield "session_address"
    elif _is_search(reading, steps, query):
        yield "search_page"
    elif not steps and not _telling(reading) and not (_is_the_matter(item, content) or reading.account):
        yield "home_page"
    elif reading.kind == LinkKind.PROFILE:
        if not _is_the_matter(item, content):
            yield "not_a_post"
        elif content.kind != Kind.THREAT:
            yield "whole_account"
    elif reading.rule is not None and reading.rule.private:
        yield "private_place"
    if SHORTENERS.intersection(host_keys(host)):
        yield "short_link"
    elif (
        terms.hosts
        and not set(terms.hosts).intersection(host_keys(host))
        and reading.site.slug != terms.platform
    ):
        yield "other_platform"


def _cleaned(url: str) -> str | None:
    """An address without what does not say where; None for what is none."""
    if not re.match(r"https?://[^/\s]", url, re.IGNORECASE) or re.search(r"[\s\x00-\x1f]", url):
        return None
    try:
        return clean_url(url)
    except MalformedLink:
        return None


def is_public(host: str) -> bool:
    """Is this a name or an address that anybody on the internet can reach, by its spelling?"""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_global
    except ValueError:
        pass
    return "." in host and host.rpartition(".")[2] not in NOT_PUBLIC


def _is_search(reading: Reading, steps: list[str], query: list[tuple[str, str]]) -> bool:
    if reading.rule is not None and reading.kind != LinkKind.UNKNOWN:
        return False  # the site's own rules know it as something else
    asked = {name.lower() for name, value in query if value}
    if steps and steps[0] in SEARCHES:
        return True
    return bool(asked & ASKS) and len(steps) <= 1


def _telling(reading: Reading) -> bool:
    """Does a parameter say which page it is?"""
    query = reading.spelled.partition("?")[2]
    known = reading.site.identity
    return any(known is None or name_of(piece) in known for piece in query.split("&") if piece)


# --- what it says -------------------------------------------------------------------------------------


def _about_words(content: NoticeContent) -> Iterator[str]:
    ours = _without_facts(content)
    if len(ours) < SHORTEST_EXPLANATION:
        yield "no_explanation"
    elif not _names_law(ours):
        yield "no_law"
    if len(content.good_faith.strip()) < SHORTEST_FAITH:
        yield "no_good_faith"
    if not content.notifier.get("name") or not _MAIL.fullmatch(str(content.notifier.get("email") or "")):
        yield "no_notifier"
    if any(not said.strip() for said in content.parts.values()):
        yield "no_words"
    if NEEDS_SIGNATURE.intersection(content.regimes):
        signature = content.signature or {}
        if not all(signature.get(name) for name in ("name", "capacity", "signed_at")):
            yield "no_signature"
        if not _CONSENT.search(content.good_faith):
            yield "no_non_consent"
    if len(content.facts) > FACTS_MAX:
        yield "facts_too_long"
    if _ADDRESS.search(content.facts):
        yield "facts_address"


@lru_cache(
    maxsize=64
)  # a template's own sentences, which many notices share; looking for a law takes longest of all
def _names_law(text: str) -> bool:
    return _LAW.search(text) is not None


def _without_facts(content: NoticeContent) -> str:
    """The sentences of the template alone."""
    return content.explanation.replace(content.facts, "") if content.facts else content.explanation


def _about_channel(content: NoticeContent, terms: Terms) -> Iterator[str]:
    if terms.languages and content.language not in {one.partition("-")[0] for one in terms.languages}:
        yield "language"
    if terms.max_items is not None and len(content.items) > terms.max_items:
        yield "too_many"
    if terms.regimes and not set(content.regimes) <= set(terms.regimes):
        yield "regime"


def _is_outside(content: NoticeContent, expertise: Collection[str]) -> bool:
    """A trusted flagger's priority holds inside the area it was named for, and nowhere else."""
    claims = bool(content.notifier.get("trusted_flagger"))
    return claims and bool(expertise) and content.category not in expertise


# --- who it is about ----------------------------------------------------------------------------------


def about_the_person(content: NoticeContent, private: Private) -> Iterator[Finding]:
    """What a colleague added is stopped; what the place itself says, and our own sentences, are looked at.

    A receipt code or the case's reference stops it wherever it stands.
    """
    for what in private.found_in(content.facts):
        yield Finding(f"facts_{what}", NOT_IN_FACTS[what], TAKE_OUT)
    places = "\n".join(f"{unquote(item.url)}\n{item.account}" for item in content.items)
    for what in private.found_in(places):
        stops = what in {What.CODE, What.REFERENCE}
        message = IN_PLACE[what]
        yield Finding(
            f"place_{what}",
            message,
            TAKE_OUT if stops else LOOK_AT_PLACE,
            Severity.STOP if stops else Severity.WARN,
        )
    ours = "\n".join(
        (_without_facts(content), content.good_faith, *content.parts.values(), content.signed or "")
    )
    for what in private.found_in(ours):
        stops = what in {What.CODE, What.REFERENCE, What.MAIL, What.PHONE}
        yield Finding(
            f"template_{what}",
            IN_TEMPLATE[what],
            _("Look at the template. A word that it shares with a name by chance may stay."),
            Severity.STOP if stops else Severity.WARN,
        )


IN_PLACE: Mapping[What, Sentence] = {
    What.NAME: _("An address or an account says how the young person is called."),
    What.MAIL: _("An address or an account holds their e-mail address."),
    What.PHONE: _("An address or an account holds their phone number."),
    What.SCHOOL: _("An address or an account names their school."),
    What.SCHOOL_CODE: _("An address or an account holds the school’s code."),
    What.CODE: _("An address or an account holds a receipt code."),
    What.REFERENCE: _("An address or an account holds the case’s reference."),
    What.STORY: _("An address or an account repeats their own words."),
}
IN_TEMPLATE: Mapping[What, Sentence] = {
    What.NAME: _("The template’s own text holds a word of how the young person is called."),
    What.MAIL: _("The template’s own text holds their e-mail address."),
    What.PHONE: _("The template’s own text holds their phone number."),
    What.SCHOOL: _("The template’s own text holds the name of their school."),
    What.SCHOOL_CODE: _("The template’s own text holds the school’s code."),
    What.CODE: _("The template’s own text holds a receipt code."),
    What.REFERENCE: _("The template’s own text holds the case’s reference."),
    What.STORY: _("The template’s own text shares a phrase with their own words."),
}
