"""One address, read by the rules of its site: what it leads to, and a text that is equal for equal things."""

import re
import unicodedata
from dataclasses import dataclass
from urllib.parse import unquote

from url_normalize import url_normalize

from helpline.platforms import rules
from helpline.platforms.cleaning import (
    INVISIBLE,
    MalformedLink,
    bare_host,
    clean_url,
    name_of,
    parts,
    site_of,
)
from helpline.platforms.directory import host_keys
from helpline.platforms.rules import LinkKind, PathRule, SiteRules

# Spelled in a way that leaves nothing to normalise; most addresses are, and it takes longer than all the rest.
WORD = r"[A-Za-z0-9_-]+"
PLAIN = re.compile(
    rf"[a-z0-9-]+(?:\.[a-z0-9-]+)+(?:(?:/[A-Za-z0-9_@-]+(?:\.[A-Za-z0-9_@-]+)*)+(?:\?{WORD}={WORD}(?:&{WORD}={WORD})*)?)?\Z"
)


@dataclass(frozen=True, slots=True)
class Reading:
    """What the rules alone say about an address."""

    site: SiteRules
    host: str
    spelled: str  # host, path and telling parameters, for comparing addresses that no rule knows
    rule: PathRule | None = None
    id: str = ""
    part: str = ""
    account: str = ""

    @property
    def kind(self) -> LinkKind:
        """What it leads to."""
        return self.rule.kind if self.rule else LinkKind.UNKNOWN


def read(cleaned: str) -> Reading:
    """Read an address that `clean_url` cleaned."""
    host, port, path, query = parts(cleaned)
    site = site_of(host)
    path = re.sub(r"/{2,}", "/", path).rstrip("/") or "/"
    pieces = sorted(piece for piece in query.split("&") if piece)
    telling = pieces if site.identity is None else [p for p in pieces if name_of(p) in site.identity]
    # Where no known parameter says which page it is, any of them may.
    spelled = bare_host(host) + port + _with_query(path, telling or pieces)
    if host.partition(".")[0] in rules.ABOUT_ITSELF and site is not rules.OTHER:
        return Reading(site, host, spelled)
    target, keys = _with_query(path, telling), frozenset(host_keys(host))
    for rule in site.paths:
        if rule.hosts and not keys.intersection(rule.hosts):
            continue
        if match := rule.pattern.match(target):
            named = {name: value or "" for name, value in match.groupdict().items()}
            account = unquote(named.get("account", "")).strip(". ")
            if not account.isprintable() or not _bare_name(account):
                account = ""
            if rule.kind == LinkKind.PROFILE and account.lower() in site.not_accounts:
                continue
            return Reading(site, host, spelled, rule, named.get("id", ""), named.get("part", ""), account)
    return Reading(site, host, spelled)


def _with_query(path: str, pieces: list[str]) -> str:
    return f"{path}?{'&'.join(pieces)}" if pieces else path


def blind_key(url: str) -> str:
    """A text that is the same for every spelling of one address, for a blind index. Raises MalformedLink.

    It depends on the rules only, never on the platform table, so that it stays the same from year to year.
    """
    return key_of(read(clean_url(url)))


def key_of(reading: Reading) -> str:
    """The same, of an address that was read already."""
    if reading.kind == LinkKind.PROFILE and reading.account:
        return account_key(reading.site.slug, reading.account)
    if reading.id or (reading.part and reading.account):
        what = reading.id or reading.account.lower()
        return f"{reading.kind}:{reading.site.slug}:{what}" + (f"/{reading.part}" if reading.part else "")
    spelled = f"https://{reading.spelled}"
    if not PLAIN.match(reading.spelled):
        spelled = url_normalize(spelled) or reading.spelled
    return "url:" + spelled.removeprefix("https://").rstrip("/")


def account_key(platform_slug: str, handle: str) -> str:
    """A text that is the same for every spelling of one account: `@Name`, `u/name`, the profile's address.

    Raises MalformedLink when there is no name in `handle`.
    """
    name = _bare_name((_account_in_address(handle) if "/" in handle else "") or handle)
    if platform_slug == "whatsapp" and re.fullmatch(r"[+()\d\s./-]*\d[+()\d\s./-]*", name):
        name = re.sub(r"\D", "", name)
    if not name:
        raise MalformedLink("empty", handle)
    return f"account:{platform_slug}:{name}"


def _bare_name(handle: str) -> str:
    """The name without signs around it and without capitals; '' when nothing is left."""
    name = unicodedata.normalize("NFKC", INVISIBLE.sub("", unquote(handle))).strip().casefold()
    name = re.sub(r"\A(?:/?u(?:ser)?/)?@*", "", name).rstrip(".,;:!?/ ")
    return " ".join(name.split())


def _account_in_address(text: str) -> str:
    try:
        return read(clean_url(text)).account
    except MalformedLink:
        return ""
