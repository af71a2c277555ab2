"""The layout of a file of platforms, checked before anything is written.

    {"layout": "platforms/1",
     "platforms": [
       {"slug": "example-site",
        "name": "Example Site",
        "domains": ["site.example", "cdn.site.example"],
        "hash_schemes": ["stopncii", "take_it_down"],
        "promise": "48 h (US)",
        "notes": "...",
        "recheck": true,
        "gone_words": ["this page isn't available"],
        "other": false,
        "channels": [
          {"slug": "example-site-api",
           "kind": "http_api",
           "address": "https://site.example/api",
           "regimes": ["eu-dsa-16"],
           "languages": ["en", "fr"],
           "max_items": 20,
           "max_in_flight": 100,
           "office_country": "",
           "promised_hours": 48,
           "evidence_required": "...",
           "token": "...", "outbound_secret": "...", "inbound_secret": "..."}]}]}

`slug` and `name` of a platform, `slug` and `kind` of a channel are needed; what else is left out is left as
it is.

domains         lower-case hosts, each with its sub-domains; "name.*" is the name under every public suffix
other           true for one entry: the catch-all for every site the directory does not name
recheck         whether its links are looked at
gone_words      by which a page that answers 200 says that nothing is there; [] reads no page
channel slug    unique; part of the address of the platform's callbacks
kind            email, http_api, web_form, xarf
address         an e-mail address, an API's base, a form's page; X-ARF goes to either; or "" while it is not known
regimes         eu-dsa-16, us-take-it-down, fr-lcen; [] takes any notice
promised_hours  null when nothing is promised
max_in_flight   how many notices may be on their way at once
office_country  FR when it keeps the office hours and holidays of France; "" when it works day and night
token, outbound_secret, inbound_secret
                for HTTP APIs; sealed on import. A file that holds them is itself a secret.
"""

import ipaddress
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator, validate_email

from helpline.platforms.models import ChannelKind, HashScheme, Regime

LAYOUT = "platforms/1"
MOST_IN_FLIGHT = 1000
SHORTEST_GONE_WORDS = 8  # shorter ones stand on any page
Value = str | int | bool | list[str] | None
Parser = Callable[[object], Value]


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing to correct: in which entry, at which field, and what."""

    entry: str
    field: str
    message: str

    def __str__(self) -> str:
        return (
            f"{self.entry}, {self.field}: {self.message}" if self.field else f"{self.entry}: {self.message}"
        )


class BadLayout(ValueError):
    """The file can't be taken; `problems` names everything to correct."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = list(problems)
        super().__init__("; ".join(str(problem) for problem in self.problems))


@dataclass(frozen=True, slots=True)
class ChannelEntry:
    """One channel of the file: `values` by column, `secrets` by column, each only if the file names it."""

    name: str
    slug: str
    values: dict[str, Value]
    secrets: dict[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class PlatformEntry:
    """One platform of the file: `values` by column, only those the file names."""

    name: str
    slug: str
    values: dict[str, Value]
    channels: list[ChannelEntry]


# --- Single values: a parser answers the value for the column, or raises ValueError with what it must be --


def _text(longest: int, *, needed: bool = False) -> Parser:
    def parse(value: object) -> str:
        if not isinstance(value, str) or (needed and not value.strip()):
            raise ValueError(f"must be a text{' that is not empty' if needed else ''}, got {value!r}")
        if len(value) > longest:
            raise ValueError(f"must have at most {longest} characters, has {len(value)}")
        if "\x00" in value:
            raise ValueError("must not hold null characters")
        return value.strip()

    return parse


def _matching(pattern: str, example: str, longest: int) -> Parser:
    def parse(value: object) -> str:
        if not isinstance(value, str) or not re.fullmatch(pattern, value) or len(value) > longest:
            raise ValueError(f"must be like {example}, at most {longest} characters, got {value!r}")
        return value

    return parse


def _one_of(choices: Iterable[str]) -> Parser:
    allowed = list(choices)

    def parse(value: object) -> str:
        if not isinstance(value, str) or value not in allowed:
            raise ValueError(f"must be one of {', '.join(allowed)}, got {value!r}")
        return value

    return parse


def _list_of(parse_item: Parser) -> Parser:
    def parse(value: object) -> list[str]:
        if not isinstance(value, list):
            raise ValueError(f"must be a list, got {value!r}")
        items = [str(parse_item(item)) for item in value]
        if twice := [item for item, times in Counter(items).items() if times > 1]:
            raise ValueError(f"names {twice[0]!r} twice")
        return items

    return parse


def _whole_number(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 100_000:
        raise ValueError(f"must be a whole number from 1 to 100000, got {value!r}")
    return value


def _lines(value: object) -> int:
    number = _whole_number(value)
    if number > MOST_IN_FLIGHT:
        raise ValueError(f"must be at most {MOST_IN_FLIGHT}, got {number}")
    return number


def _country(value: object) -> str:
    if not isinstance(value, str) or not re.fullmatch(r"(?:[A-Z]{2})?", value):
        raise ValueError(f'must be a country such as FR, or "", got {value!r}')
    return value


def _gone_word(value: object) -> str:
    word = " ".join(str(_text(100, needed=True)(value)).split())
    if len(word) < SHORTEST_GONE_WORDS:
        raise ValueError(f"must have at least {SHORTEST_GONE_WORDS} characters, got {word!r}")
    return word


def _number_or_null(value: object) -> int | None:
    return None if value is None else _whole_number(value)


def _yes_or_no(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"must be true or false, got {value!r}")
    return value


SLUG = r"[a-z0-9]+(?:[_-][a-z0-9]+)*"
HOST = r"localhost|[a-z0-9_-]+\.\*|[a-z0-9_-]+(?:\.[a-z0-9_-]+)+"

# The name in the file, the column, how to read it.
PLATFORM_FIELDS: dict[str, tuple[str, Parser]] = {
    "name": ("name", _text(80, needed=True)),
    "domains": ("domains", _list_of(_matching(HOST, "a lower-case host such as site.example", 253))),
    "hash_schemes": ("hash_schemes", _list_of(_one_of(HashScheme.values))),
    "promise": ("promise", _text(2000)),
    "notes": ("notes", _text(5000)),
    "recheck": ("recheck", _yes_or_no),
    "gone_words": ("gone_words", _list_of(_gone_word)),
    "other": ("is_other", _yes_or_no),
}
CHANNEL_FIELDS: dict[str, tuple[str, Parser]] = {
    "kind": ("kind", _one_of(ChannelKind.values)),
    "address": ("address", _text(500)),
    "regimes": ("regimes", _list_of(_one_of(Regime.values))),
    "languages": ("languages", _list_of(_matching(r"[a-z]{2,3}(?:-[A-Za-z0-9]{2,8})?", "fr or pt-BR", 12))),
    "max_items": ("max_items", _whole_number),
    "max_in_flight": ("max_in_flight", _lines),
    "office_country": ("office_country", _country),
    "evidence_required": ("evidence_required", _text(2000)),
    "promised_hours": ("promised_hours", _number_or_null),
}
SECRETS: dict[str, str] = {
    "token": "token_sealed",
    "outbound_secret": "outbound_secret_sealed",
    "inbound_secret": "inbound_secret_sealed",
}
_slug = {"platform": _matching(SLUG, "example-site", 50), "channel": _matching(SLUG, "example-site-form", 60)}
_secret = _text(500)


def check_address(kind: str, address: str) -> None:
    """Raises ValueError when a channel of this kind can't have this address. Empty means: not known yet."""
    if not address:
        return
    mailed = kind == ChannelKind.EMAIL or (kind == ChannelKind.XARF and "://" not in address)
    try:
        if mailed:
            validate_email(address)
            return
        URLValidator(schemes=["http", "https"])(address)
    except ValidationError:
        what = "an e-mail address" if mailed else "a web address"
        raise ValueError(f"must be {what}, got {address!r}") from None
    parts = urlsplit(address)
    if parts.scheme != "https" and not _stays_here(parts.hostname or ""):
        raise ValueError(f"must begin with https://, got {address!r}")
    if parts.username or parts.password:
        raise ValueError("must not hold a user name or password; use token")


def _stays_here(host: str) -> bool:
    """Does this name lead to this machine, or to nowhere but the demo's simulator?"""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.rpartition(".")[2] in {"localhost", "example", "test"}


# --- The file -----------------------------------------------------------------------------------------


def parse(data: object) -> list[PlatformEntry]:
    """The entries of a file that was read as JSON. Raises BadLayout with every problem in it."""
    if not isinstance(data, Mapping):
        raise BadLayout(
            [Problem("the file", "", f"must be an object with layout and platforms, got {_kind_of(data)}")]
        )
    problems = [
        Problem("the file", key, "is not known") for key in data if key not in {"layout", "platforms"}
    ]
    if data.get("layout") != LAYOUT:
        problems.append(Problem("the file", "layout", f"must be {LAYOUT!r}, got {data.get('layout')!r}"))
    raw = data.get("platforms")
    if not isinstance(raw, list):
        problems.append(Problem("the file", "platforms", f"must be a list, got {_kind_of(raw)}"))
        raw = []
    entries = [_platform(number, item, problems) for number, item in enumerate(raw)]
    _check_together(entries, problems)
    if problems:
        raise BadLayout(problems)
    return entries


def _platform(number: int, item: object, problems: list[Problem]) -> PlatformEntry:
    place = f"platforms[{number}]"
    if not isinstance(item, Mapping):
        problems.append(Problem(place, "", f"must be an object, got {_kind_of(item)}"))
        return PlatformEntry(place, "", {}, [])
    place, slug = _named(place, item, "platform", problems)
    values = parse_values(place, item, PLATFORM_FIELDS, {"slug", "channels"}, problems)
    if "name" not in item:
        problems.append(Problem(place, "name", "is missing"))
    raw = item.get("channels", [])
    if not isinstance(raw, list):
        problems.append(Problem(place, "channels", f"must be a list, got {_kind_of(raw)}"))
        raw = []
    channels = [_channel(f"{place}, channels[{at}]", channel, problems) for at, channel in enumerate(raw)]
    return PlatformEntry(place, slug, values, channels)


def _channel(place: str, item: object, problems: list[Problem]) -> ChannelEntry:
    if not isinstance(item, Mapping):
        problems.append(Problem(place, "", f"must be an object, got {_kind_of(item)}"))
        return ChannelEntry(place, "", {}, {})
    place, slug = _named(place, item, "channel", problems)
    values = parse_values(place, item, CHANNEL_FIELDS, {"slug", *SECRETS}, problems)
    if "kind" not in item:
        problems.append(Problem(place, "kind", "is missing"))
    try:
        check_address(str(values.get("kind", "")), str(values.get("address", "")))
    except ValueError as error:
        problems.append(Problem(place, "address", str(error)))
    return ChannelEntry(place, slug, values, parse_secrets(place, item, problems))


def parse_values(
    place: str,
    item: Mapping[str, object],
    fields: Mapping[str, tuple[str, Parser]],
    others: Iterable[str],
    problems: list[Problem],
) -> dict[str, Value]:
    """What `item` says, by column; what is wrong with it is added to `problems`."""
    values: dict[str, Value] = {}
    for key, value in item.items():
        if key in fields:
            column, read = fields[key]
            try:
                values[column] = read(value)
            except ValueError as error:
                problems.append(Problem(place, key, str(error)))
        elif key not in others:
            problems.append(Problem(place, str(key), "is not known"))
    return values


def parse_secrets(place: str, item: Mapping[str, object], problems: list[Problem]) -> dict[str, str]:
    """The secrets `item` names, by column. A problem with one never repeats it."""
    secrets: dict[str, str] = {}
    for key, column in SECRETS.items():
        if key in item:
            try:
                secrets[column] = str(_secret(item[key]))
            except ValueError:
                problems.append(Problem(place, key, "must be a text of at most 500 characters"))
    return secrets


def _named(place: str, item: Mapping[str, object], what: str, problems: list[Problem]) -> tuple[str, str]:
    """The place with the entry's own name beside it, and its slug."""
    try:
        slug = str(_slug[what](item.get("slug")))
    except ValueError as error:
        problems.append(Problem(place, "slug", str(error)))
        return place, ""
    return f'{place} "{slug}"', slug


def _check_together(entries: list[PlatformEntry], problems: list[Problem]) -> None:
    """What one entry can't see: the same slug, domain or catch-all claimed twice."""
    seen: dict[tuple[str, str], str] = {}

    def claim(place: str, what: str, name: str) -> None:
        if name and (first := seen.setdefault((what, name), place)) != place:
            problems.append(Problem(place, what, f"{name} is taken by {first}"))

    for number, entry in enumerate(entries):
        place = f"platforms[{number}]" if not entry.slug else entry.name
        claim(place, "slug", entry.slug and f"platform {entry.slug}")
        domains = entry.values.get("domains") or []
        for domain in domains if isinstance(domains, list) else []:
            claim(place, "domains", domain)
        if entry.values.get("is_other"):
            claim(place, "other", "the catch-all")
        for channel in entry.channels:
            claim(channel.name, "slug", channel.slug and f"channel {channel.slug}")


def _kind_of(value: object) -> str:
    return "nothing" if value is None else f"a {type(value).__name__}"
