"""What the intake and the follow-up API take.

The intake is read by hand: it is the one call that a flood of frightened people meets, and a nested
serializer costs more than everything else in it. What it takes is said once more as a JSON Schema for the
documentation; a test holds the two together.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeVar

from django.conf import settings
from django.db.models import TextChoices
from django.utils import translation
from django.utils.translation import gettext as _

from helpline.platforms import directory, links
from helpline.platforms.links import MalformedLink
from helpline.web import problems
from reports.actions import FingerprintFacts, LinkFacts, Submission
from reports.contact import addresses, contract
from reports.contact.addresses import NotAnAddress
from reports.evidence.text import without_pictures
from reports.fingerprints import HEX_DIGITS, MAX_FINGERPRINTS, MalformedFingerprint, once, read_one
from reports.states import BY_ITSELF, AgeRange, Channel, Circumstance, Kind, Via, Who

MAX_LINKS = 50
MAX_CIRCUMSTANCES = 50
MAX_ACCOUNT = 200
MAX_SITE = 100
MAX_SCHOOL = 200
MAX_CONTACT = 254
MAX_URL = 8000  # as pasted, before it is cleaned

T = TypeVar("T", bound=TextChoices)
Errors = dict[str, list[str]]


def spellings(choices: type[T]) -> dict[str, T]:
    """`real-image` and `real_image` are one word."""
    return {spelling: one for one in choices for spelling in (one.value, one.value.replace("-", "_"))}


CHANNELS = spellings(Channel)
WHO = spellings(Who)
AGE_RANGES = spellings(AgeRange)
KINDS = spellings(Kind)
CIRCUMSTANCES = spellings(Circumstance)
LANGUAGES = tuple(code for code, _name in settings.LANGUAGES)
VIAS = [via.value for via in Via]


# --- reading ------------------------------------------------------------------------------------------


class _Reader:
    """Reads one body and collects what is wrong with it under flat names (`links[0].url`)."""

    def __init__(self) -> None:
        self.errors: Errors = {}

    def wrong(self, name: str, sentence: str) -> None:
        self.errors.setdefault(name, []).append(sentence)

    def text(self, value: Any, name: str, most: int) -> str:
        if value is None:
            return ""
        if not isinstance(value, str):
            self.wrong(name, _("This must be a text."))
            return ""
        if len(value) > most:
            self.wrong(name, _("This is too long: at most %(most)s characters.") % {"most": most})
            return ""
        try:
            value.encode()
        except UnicodeEncodeError:
            self.wrong(name, _("This holds half a character. Send whole ones."))
            return ""
        return without_pictures(value)

    def choice(self, value: Any, name: str, known: dict[str, T], default: T | None = None) -> T | None:
        if value is None and default is not None:
            return default
        if isinstance(value, str) and value in known:
            return known[value]
        words = ", ".join(dict.fromkeys(one.value for one in known.values()))
        self.wrong(name, _("This must be one of: %(words)s.") % {"words": words})
        return None

    def many(self, value: Any, name: str, most: int) -> list[Any]:
        if value is None:
            return []
        if not isinstance(value, list):
            self.wrong(name, _("This must be a list."))
            return []
        if len(value) > most:
            self.wrong(name, _("At most %(most)s at once. Send the rest afterwards.") % {"most": most})
            return []
        return value

    def object(self, value: Any, name: str) -> dict[str, Any]:
        if isinstance(value, dict):
            return value
        self.wrong(name, _("This must be an object."))
        return {}

    def moment(self, value: Any, name: str) -> datetime | None:
        if value is None or value == "":
            return None
        try:
            found = datetime.fromisoformat(value)
            found = found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
        except (ValueError, TypeError, OverflowError):
            found = None
        if found is None or not 2000 <= found.year < 2100:
            self.wrong(name, _("This must be a date, or a date and time (2026-03-02T12:00:00Z)."))
            return None
        return found

    def truth(self, value: Any, name: str) -> bool | None:
        if value is None or isinstance(value, bool):
            return value
        self.wrong(name, _("This must be true or false."))
        return None

    def link(self, value: Any, name: str) -> LinkFacts | None:
        item = self.object(value, name)
        if not item:
            if f"{name}" not in self.errors:
                self.wrong(f"{name}.url", _("Give a link or an account name."))
            return None
        before = len(self.errors)
        url = self.text(item.get("url"), f"{name}.url", MAX_URL)
        account = self.text(item.get("account"), f"{name}.account", MAX_ACCOUNT).strip()
        slug = self.text(item.get("platform"), f"{name}.platform", MAX_ACCOUNT)
        site = " ".join(self.text(item.get("site"), f"{name}.site", MAX_SITE).split())
        seen_at = self.moment(item.get("seen_at"), f"{name}.seen_at")
        reported_before = self.truth(item.get("reported_before"), f"{name}.reported_before")
        known = directory.current().by_slug
        if slug not in known:
            slug = ""
        if url.strip():
            try:
                url = links.clean_url(url)
                if slug and not known[links.recognise_cleaned(url).platform_slug].is_other:
                    slug = ""  # the address knows better where it leads
            except MalformedLink as error:
                self.wrong(f"{name}.url", error.sentence)
            except KeyError:
                pass  # recognised by the rules, but not in the directory
        if account:
            try:
                links.account_key(slug, account)
            except MalformedLink:
                self.wrong(f"{name}.account", _("There is no name in this. Write it as the app shows it."))
        if len(self.errors) > before:
            return None
        if not url.strip() and not account:
            self.wrong(f"{name}.url", _("Give a link or an account name."))
            return None
        return LinkFacts(
            url=url.strip(),
            account=account,
            platform=slug,
            site=site,
            seen_at=seen_at,
            reported_before=reported_before,
        )

    def links(self, value: Any, name: str = "links") -> tuple[LinkFacts, ...]:
        """Each place once, in the order they came."""
        found: dict[str, LinkFacts] = {}
        for place, item in enumerate(self.many(value, name, MAX_LINKS)):
            facts = self.link(item, f"{name}[{place}]")
            if facts is not None:
                found.setdefault(facts.url or f"{facts.platform}:{facts.account.casefold()}", facts)
        return tuple(found.values())

    def fingerprint(self, value: Any, name: str) -> FingerprintFacts | None:
        item = self.object(value, name)
        if name in self.errors:
            return None
        try:
            return read_one(item)
        except MalformedFingerprint as error:
            self.wrong(f"{name}.{error.part}", error.sentence)
            return None

    def fingerprints(self, value: Any) -> tuple[FingerprintFacts, ...]:
        found = (
            self.fingerprint(item, f"fingerprints[{place}]")
            for place, item in enumerate(self.many(value, "fingerprints", MAX_FINGERPRINTS))
        )
        return tuple(once(facts for facts in found if facts is not None))

    def contact(self, value: Any) -> dict[str, Any]:
        if value is None:
            return {"via": "none"}
        item = self.object(value, "safe_contact")
        via = item.get("via", "none")
        if via not in VIAS:
            self.wrong("safe_contact.via", _("This must be one of: %(words)s.") % {"words": ", ".join(VIAS)})
            return {"via": "none"}
        if via == "none":
            return {"via": "none"}
        address = self.text(item.get("address"), "safe_contact.address", MAX_CONTACT).strip()
        if not address and "safe_contact.address" not in self.errors:
            self.wrong("safe_contact.address", _("Give an address, or set via to “none”."))
        hours = self.text(item.get("hours"), "safe_contact.hours", MAX_CONTACT).strip()
        found: dict[str, Any] = {"via": via, "address": address, "hours": hours}
        begins, ends = item.get("from_hour"), item.get("to_hour")
        if begins is not None or ends is not None:
            if not contract.are_hours(begins, ends):
                self.wrong(
                    "safe_contact.from_hour",
                    _("Give from_hour (0 to 23) and to_hour (1 to 24), two different whole numbers."),
                )
            found |= {"from_hour": begins, "to_hour": ends}
        is_safe = self.truth(item.get("is_safe"), "safe_contact.is_safe")
        if is_safe is not None:
            found["is_safe"] = is_safe
        if is_safe and address and via in BY_ITSELF:
            # Something may be sent there by itself, so it has to be one that can be written to.
            try:
                found["address"] = addresses.read(via, address)
            except NotAnAddress as error:
                self.wrong("safe_contact.address", str(error.sentence))
        return found

    def circumstances(self, value: Any) -> tuple[Circumstance, ...]:
        found = [
            self.choice(item, f"circumstances[{place}]", CIRCUMSTANCES)
            for place, item in enumerate(self.many(value, "circumstances", MAX_CIRCUMSTANCES))
        ]
        return tuple(dict.fromkeys(one for one in found if one is not None))

    def language(self, value: Any) -> str:
        if value is None:
            return settings.LANGUAGE_CODE
        if value not in LANGUAGES:
            self.wrong("language", _("This must be one of: %(words)s.") % {"words": ", ".join(LANGUAGES)})
        return str(value)

    def done(self) -> None:
        if self.errors:
            raise problems.invalid(self.errors)


def _read(data: Any, read: Callable[[_Reader, dict[str, Any]], Any]) -> Any:
    reader = _Reader()
    body = reader.object(data, problems.WHOLE_BODY)
    found = read(reader, body) if not reader.errors else None
    reader.done()
    return found


def read_submission(data: Any) -> Submission:
    """The body of an intake call as a Submission. Raises Problem naming every field that can't be taken.

    Fields it does not know are left aside: a newer client may send more than this server understands.
    """
    said = data.get("language") if isinstance(data, dict) else None
    language = said if said in LANGUAGES else settings.LANGUAGE_CODE
    with translation.override(language):
        submission: Submission = _read(data, _submission)
    return submission


def _submission(reader: _Reader, body: dict[str, Any]) -> Submission | None:
    who = reader.choice(body.get("who"), "who", WHO)
    age_range = reader.choice(body.get("age_range"), "age_range", AGE_RANGES)
    kind = reader.choice(body.get("kind"), "kind", KINDS)
    channel = reader.choice(body.get("channel"), "channel", CHANNELS, Channel.WEB)
    language = reader.language(body.get("language"))
    circumstances = reader.circumstances(body.get("circumstances"))
    story = reader.text(body.get("story"), "story", settings.STORY_MAX_CHARS)
    school = reader.text(body.get("school"), "school", MAX_SCHOOL).strip()
    deadline_at = reader.moment(body.get("deadline_at"), "deadline_at")
    places = reader.links(body.get("links"))
    fingerprints = reader.fingerprints(body.get("fingerprints"))
    contact = reader.contact(body.get("safe_contact"))
    if reader.errors or who is None or age_range is None or kind is None or channel is None:
        return None
    return Submission(
        language=language,
        who=who,
        age_range=age_range,
        kind=kind,
        channel=channel,
        circumstances=circumstances,
        story=story,
        school=school,
        deadline_at=deadline_at,
        links=places,
        fingerprints=fingerprints,
        contact=contact,
    )


def read_links(data: Any) -> tuple[LinkFacts, ...]:
    """The body `{"links": […]}` of at least one place. Raises Problem."""

    def read(reader: _Reader, body: dict[str, Any]) -> tuple[LinkFacts, ...]:
        found = reader.links(body.get("links"))
        if not found and not reader.errors:
            reader.wrong("links", _("Give at least one."))
        return found

    places: tuple[LinkFacts, ...] = _read(data, read)
    return places


# --- the same, said as a JSON Schema ------------------------------------------------------------------


def _words(choices: type[TextChoices]) -> dict[str, Any]:
    return {"type": "string", "enum": list(spellings(choices))}


LINK_SCHEMA: dict[str, Any] = {
    "type": "object",
    "description": "An address, an account name, or both.",
    "anyOf": [{"required": ["url"]}, {"required": ["account"]}],
    "properties": {
        "url": {"type": "string", "maxLength": MAX_URL, "description": "As pasted; it is cleaned here."},
        "account": {"type": "string", "maxLength": MAX_ACCOUNT},
        "platform": {
            "type": "string",
            "maxLength": MAX_ACCOUNT,
            "description": "A slug, for an account without an address. An unknown one counts as `other`.",
        },
        "site": {
            "type": "string",
            "maxLength": MAX_SITE,
            "description": "What a site or app is called that `platform` does not know, for the counsellors.",
        },
        "seen_at": {"type": "string", "description": "A date, or a date and time."},
        "reported_before": {"type": "boolean", "description": "Reported to the platform already."},
    },
}
LINKS_SCHEMA: dict[str, Any] = {"type": "array", "maxItems": MAX_LINKS, "items": LINK_SCHEMA}
FINGERPRINT_SCHEMA: dict[str, Any] = {
    "description": "Computed on the person's own device. The picture itself is never sent.",
    "oneOf": [
        {
            "type": "object",
            "required": ["algorithm", "value"],
            "properties": {
                "algorithm": {"type": "string", "enum": [algorithm]},
                "value": {"type": "string", "pattern": f"^[0-9a-fA-F]{{{digits}}}$"},
                "quality": {"type": "integer", "minimum": 0, "maximum": 100},
            },
        }
        for algorithm, digits in HEX_DIGITS.items()
    ],
}
SUBMISSION_SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["who", "age_range", "kind"],
    "properties": {
        "channel": _words(Channel) | {"default": "web", "description": "`partner` needs a partner's token."},
        "language": {"type": "string", "enum": list(LANGUAGES)},
        "who": _words(Who),
        "age_range": _words(AgeRange),
        "kind": _words(Kind),
        "circumstances": {"type": "array", "maxItems": MAX_CIRCUMSTANCES, "items": _words(Circumstance)},
        "story": {"type": "string", "maxLength": settings.STORY_MAX_CHARS},
        "school": {"type": "string", "maxLength": MAX_SCHOOL},
        "deadline_at": {
            "type": "string",
            "description": "When a threat runs out: a date, or a date and time.",
        },
        "links": LINKS_SCHEMA,
        "fingerprints": {"type": "array", "maxItems": MAX_FINGERPRINTS, "items": FINGERPRINT_SCHEMA},
        "safe_contact": {
            "type": "object",
            "description": "How the young person may be reached. Nothing is sent unless they chose it.",
            "properties": {
                "via": {"type": "string", "enum": VIAS, "default": Via.NONE.value},
                "address": {"type": "string", "maxLength": MAX_CONTACT},
                "hours": {
                    "type": "string",
                    "maxLength": MAX_CONTACT,
                    "description": "In words, for the counsellors. With any, nothing is sent by itself.",
                },
                "from_hour": {
                    "type": "integer",
                    "minimum": 0,
                    "maximum": 23,
                    "description": "With to_hour: when a neutral sign may be sent, by the clock of the helpline. "
                    "From 0 to 24 is any time, from 21 to 7 the night.",
                },
                "to_hour": {"type": "integer", "minimum": 1, "maximum": 24},
                "is_safe": {
                    "type": "boolean",
                    "description": "The young person said that nobody else reads what arrives there. "
                    "Without it nothing is ever sent by itself.",
                },
            },
        },
    },
}
EXAMPLE: dict[str, Any] = {
    "channel": "web",
    "language": "fr",
    "who": "self",
    "age_range": "13-14",
    "kind": "deepnude",
    "circumstances": ["blackmail"],
    "story": "Somebody made a fake picture of me and sends it round.",
    "links": [{"url": "https://chatter.example/p/1", "reported_before": True}],
    "fingerprints": [],
    "safe_contact": {"via": "none"},
}
