"""The addresses in a text that somebody pasted."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from itertools import pairwise

from helpline.platforms import rules
from helpline.platforms.cleaning import INVISIBLE, MalformedLink, clean_url, is_hostlike
from helpline.platforms.reading import blind_key, read
from helpline.platforms.rules import LinkKind, SiteRules


@dataclass(frozen=True, slots=True)
class FoundLink:
    """One address in a text: as it was written, and cleaned."""

    written: str
    url: str
    account: str = ""  # when the text or the address says it
    is_mention: bool = False  # "@name on TikTok": the address was made from it


TOKEN = re.compile(r"[^\s<>\"«»“”„|]+")
WEB_ADDRESS = re.compile(r"https?:[/\\]+", re.I)
OTHER_SCHEME = re.compile(
    r"(?:javascript:|vbscript:|data:[\w.+-]*[/;,]|file:/|blob:|(?!https?:)[a-z][a-z0-9+.-]{0,20}://)\S", re.I
)
NAME_RUN = re.compile(r"[\w.-]+")
GOES_ON = re.compile(r"(?::\d+)?[/\\?].")
AFTER_ADDRESS = ".,;:!?…'’)]}*"
# Signs that end a sentence where no space follows it, and brackets and quotes that are in no address.
CUT_BEFORE = re.compile("[，。、！？）】」』》（【「『《…‘’]")


def find_links(text: str, *, skip_malformed: bool = False) -> list[FoundLink]:
    """The addresses in `text`, in the order they come, each once, whatever the spelling.

    Finds https:// addresses, bare ones (`instagram.com/p/abc`), several glued together, and accounts named
    with their site (`@name on TikTok`). What is plainly meant as an address but can't be one raises
    MalformedLink, with what was written, so that a form can show it and lose nothing; with `skip_malformed`
    it is left out.
    """
    found: dict[str, FoundLink] = {}
    for line in INVISIBLE.sub("", text).splitlines():
        rest = line
        on_line: list[str] = []
        for written in _addresses(line):
            rest = rest.replace(written, "\n", 1)
            try:
                url = clean_url(written)
                key = blind_key(url)
            except MalformedLink as error:
                if skip_malformed:
                    continue
                raise MalformedLink(error.code, written) from None
            found.setdefault(key, FoundLink(written, url, account=read(url).account))
            on_line.append(key)
        for mention in _mentions(rest):
            _add_mention(mention, found, on_line)
    return list(found.values())


def _add_mention(mention: FoundLink, found: dict[str, FoundLink], on_line: list[str]) -> None:
    """The author of an address beside it ("@name on TikTok: https://…"), else a find of its own."""
    site = read(mention.url).site
    beside = [key for key in on_line if read(found[key].url).site is site]
    if unsigned := [key for key in beside if not found[key].account]:
        found[unsigned[0]] = replace(found[unsigned[0]], account=mention.account)
    elif all(found[key].account.lower() != mention.account.lower() for key in beside):
        found.setdefault(blind_key(mention.url), mention)


def _addresses(line: str) -> Iterator[str]:
    """What on this line is meant as an address, as written."""
    alone = line.strip()
    for token in TOKEN.findall(line):
        if OTHER_SCHEME.match(token):
            yield token
            continue
        starts = list(_starts(token))
        bare = _bare_address(token, is_alone=token == alone)
        if bare and (not starts or token.index(bare) < starts[0]):
            yield bare if not starts else _trimmed(token[token.index(bare) : starts[0]])
        for start, end in pairwise([*starts, len(token)]):
            yield _trimmed(token[start:end])


def _starts(token: str) -> Iterator[int]:
    """Where each https:// address in `token` begins; one inside another's path or query is part of it."""
    host = NAME_RUN.match(token)
    for match in WEB_ADDRESS.finditer(token):
        before = token[max(match.start() - 1, 0) : match.start()]
        is_carried = before == "/" and host is not None and host.group() in rules.ADDRESS_IN_PATH
        if host is not None and "." in host.group() and (before == "=" or is_carried):
            continue
        yield match.start()
        host = NAME_RUN.match(token, match.end())


def _bare_address(token: str, *, is_alone: bool) -> str:
    """The address without https:// in `token`; '' when a dot here is just a dot."""
    for run in NAME_RUN.finditer(token):
        name = run.group().lstrip(".-_")
        start = run.end() - len(name)
        name = name.rstrip(".-_")
        end = start + len(name)
        if "." not in name or (start and token[start - 1] in "@/\\") or token.startswith("@", end):
            continue
        if not is_hostlike(name):
            continue
        is_file = name.rpartition(".")[2].lower() in rules.FILE_ENDINGS
        is_site = name.lower().startswith("www.") or (is_alone and not is_file)
        if is_site or GOES_ON.match(token, end):
            return _trimmed(token[start:])
    return ""


def _trimmed(written: str) -> str:
    """Without the sentence's own signs at the end: a full stop, a bracket opened before, a smiley."""
    start = WEB_ADDRESS.match(written)
    scheme = start.group() if start else ""
    rest = CUT_BEFORE.split(written[len(scheme) :], maxsplit=1)[0]
    host, slash, path = rest.partition("/")
    symbols = (at for at, char in enumerate(path) if unicodedata.category(char) in {"So", "Sk"})
    written = scheme + host + slash + path[: next(symbols, len(path))]
    while written.endswith(tuple(AFTER_ADDRESS)):
        if written.endswith(")") and written.count("(") >= written.count(")"):
            break
        written = written[:-1]
    return written


@cache
def _site_names() -> dict[str, SiteRules]:
    return {name: site for site in rules.SITES if site.profile for name in site.names}


@cache
def _mention() -> re.Pattern[str]:
    """`TikTok: @name`, `@name on TikTok`, `@name (TikTok)`; further sites named beside it mean doubt."""
    names = "|".join(re.escape(name) for name in sorted(_site_names(), key=len, reverse=True))
    named = rf"(?<![\w.@/])(?:{names})(?![\w/]|\.\w)"
    joint = r"\s{0,3}(?:/|,|&|\+|\band\b|\bet\b|\bor\b|\bou\b)\s{0,3}"
    linking = "|".join(sorted(rules.CONNECTIVES))
    return re.compile(
        rf"(?:(?P<others>(?:(?:{names}){joint}){{0,5}})(?P<before>{named})"
        r"\s{0,3}(?P<sign>[:=–-]?)\s{0,3})?"
        r"(?<![\w/@.])@(?P<account>\w(?:[\w.-]{0,48}\w)?)"
        rf"(?:\s{{0,3}}(?:\(\s?|\b(?:{linking})\b\s{{0,3}})(?P<after>{named})"
        rf"(?P<more>(?:{joint}{named}(?!\s{{0,3}}[:=–-]?\s{{0,3}}@)){{0,5}}))?",
        re.I,
    )


def _mentions(text: str) -> Iterator[FoundLink]:
    """Accounts named with exactly one site."""
    if "@" not in text:
        return
    for match in _mention().finditer(text):
        before, after = match["before"], match["after"]
        is_bare_x = before is not None and before.lower() == "x" and not match["sign"]
        if match["others"] or match["more"] or is_bare_x:
            continue
        sites = {
            _site_names()[name.lower()].slug: _site_names()[name.lower()] for name in (before, after) if name
        }
        if len(sites) != 1:
            continue
        (site,) = sites.values()
        url = clean_url(site.profile.format(account=match["account"]))
        reading = read(url)
        if reading.kind == LinkKind.PROFILE and reading.account == match["account"]:
            yield FoundLink(match.group().strip(), url, account=reading.account, is_mention=True)
