"""Whether a body is a takedown notice, said by hand.

The published JSON Schema says the same, and a test keeps the two together; checking by hand needs no package
and a tenth of the time.
"""

import re
from collections.abc import Callable, Sequence
from typing import Any, Final

UUID: Final = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\Z")
MOMENT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)\Z")
ADDRESS: Final = re.compile(r"https?://[^\s/]+\S*\Z")
CATEGORY: Final = re.compile(r"STATEMENT_CATEGORY_[A-Z_]+\Z")
KEYWORD: Final = re.compile(r"KEYWORD_[A-Z_]+\Z")
NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]*\Z")
HEX: Final = re.compile(r"([0-9a-fA-F]{2})+\Z")

Check = Callable[[Any], bool]


def text(most: int, least: int = 1) -> Check:
    """A text of so many characters."""
    return lambda value: isinstance(value, str) and least <= len(value) <= most


def like(pattern: re.Pattern[str], most: int = 2048) -> Check:
    """A text of this form."""
    match = pattern.match
    return lambda value: isinstance(value, str) and len(value) <= most and match(value) is not None


def maybe(check: Check) -> Check:
    """That, or null."""
    return lambda value: value is None or check(value)


def every(check: Check, most: int, least: int = 0) -> Check:
    """A list of so many of these."""
    return lambda value: isinstance(value, list) and least <= len(value) <= most and all(map(check, value))


def truth(value: Any) -> bool:
    """True or false."""
    return isinstance(value, bool)


def quality(value: Any) -> bool:
    """A whole number of per cent."""
    if isinstance(value, float):
        return value.is_integer() and 0 <= value <= 100
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 100


Field = tuple[str, bool, Check, str]
"""Name, whether it must be there, what it must be, and that in words."""

NOTICE: Sequence[Field] = (
    ("schema", True, lambda value: value == "takedown-notice/1", 'must be "takedown-notice/1"'),
    ("notice_id", True, like(UUID), "must be a UUID"),
    ("sent_at", True, like(MOMENT), "must be an RFC 3339 date and time"),
    ("notifier", True, lambda value: isinstance(value, dict), "must be an object"),
    ("regimes", True, every(like(NAME, 60), 20, 1), "must be a list of at least one regime"),
    ("category", True, like(CATEGORY, 100), "must be a STATEMENT_CATEGORY_ name"),
    ("keywords", False, every(like(KEYWORD, 100), 50), "must be a list of KEYWORD_ names"),
    ("depicts_minor", True, maybe(truth), "must be true, false or null"),
    ("explanation", True, text(20_000), "must be a text of 1 to 20000 characters"),
    ("good_faith", True, text(5_000), "must be a text of 1 to 5000 characters"),
    ("signature", False, maybe(text(500)), "must be a text or null"),
    (
        "items",
        True,
        every(lambda value: isinstance(value, dict), 100, 1),
        "must be a list of 1 to 100 objects",
    ),
    ("callback_url", False, maybe(like(ADDRESS)), "must be an http or https address or null"),
)
NOTIFIER: Sequence[Field] = (
    ("name", True, text(200), "must be a text of 1 to 200 characters"),
    ("email", False, maybe(text(254)), "must be a text or null"),
    ("trusted_flagger", True, truth, "must be true or false"),
    ("designated_by", False, maybe(text(200)), "must be a text or null"),
)
ITEM: Sequence[Field] = (
    ("item_id", True, like(UUID), "must be a UUID"),
    ("url", True, like(ADDRESS), "must be an http or https address"),
    ("account", False, maybe(text(200, 0)), "must be a text or null"),
    ("kind", True, like(NAME, 60), "must be a word"),
    ("fingerprints", False, every(lambda value: isinstance(value, dict), 100), "must be a list of objects"),
)
FINGERPRINT: Sequence[Field] = (
    ("algorithm", True, like(NAME, 30), "must be the name of an algorithm"),
    ("value", True, like(HEX, 512), "must be hexadecimal"),
    ("quality", False, maybe(quality), "must be a whole number from 0 to 100 or null"),
)


def problem(notice: Any) -> str | None:
    """The first thing that keeps this from being a notice, with where it is; None when it is one."""
    found = problem_of(notice, NOTICE, "") or problem_of(notice["notifier"], NOTIFIER, "/notifier")
    if found:
        return found
    for number, item in enumerate(notice["items"]):
        place = f"/items/{number}"
        if found := problem_of(item, ITEM, place):
            return found
        for index, fingerprint in enumerate(item.get("fingerprints", ())):
            if found := problem_of(fingerprint, FINGERPRINT, f"{place}/fingerprints/{index}"):
                return found
    return None


def problem_of(value: Any, fields: Sequence[Field], place: str) -> str | None:
    """The first field of an object that is missing, wrong or not foreseen."""
    if not isinstance(value, dict):
        return f"{place or '/'}: must be an object"
    found = 0
    for name, needed, check, wanted in fields:
        if name not in value:
            if needed:
                return f"{place}/{name}: is missing"
            continue
        found += 1
        if not check(value[name]):
            return f"{place}/{name}: {wanted}"
    if found < len(value):
        names = {name for name, *_ in fields}
        return f"{place}/{next(name for name in value if name not in names)}: is not foreseen"
    return None
