"""What one simulated platform is like, as data: how it answers, what it decides, and what its pages do."""

import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

SLUG = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}\Z")

REFUSALS = frozenset({"400", "401", "403", "404", "410", "413", "415", "422"})
LATER = frozenset({"429", "503"})
ACCEPTING = frozenset(
    {"accepted", "accept_then_timeout", "accept_then_drop", "accept_then_500", "accept_then_html"}
)
ANSWERS = ACCEPTING | REFUSALS | LATER | {"500", "drop", "html", "silence"}
"""How a delivery may be answered. Those in ACCEPTING are received, whatever the caller gets to see;
`drop`, `html`, `500` and `silence` look the same from outside and are not received."""

OUTCOMES = frozenset(
    {
        "removed",
        "disabled",
        "account_removed",
        "partly_removed",
        "refused",
        "more_information",
        "not_found",
        "already_gone",
        "never",
    }
)
CHANNELS = frozenset({"http_api", "email", "web_form"})


class BadBehaviour(ValueError):
    """A behaviour was described with a name or a value that does not exist; the text says which."""


@dataclass(frozen=True, slots=True)
class Behaviour:
    """Durations are in seconds, shares between 0 and 1; spans are (least, most).

    `answers` leaves what it does not name to `accepted`, `outcomes` to `removed`.
    """

    slug: str
    name: str = ""
    host: str = ""
    channel: str = "http_api"
    mailbox_address: str = ""
    token: str = ""
    notice_secret: str = ""  # the helpline signs its notices with it
    callback_secret: str = ""  # the platform signs its callbacks with it

    latency: tuple[float, float] = (0.0, 0.0)
    answers: Mapping[str, float] = field(default_factory=dict)
    retry_after: int = 1
    retry_after_as_date: bool = False
    hold: float = 120.0  # how long an unanswered connection is kept open
    silent: bool = False  # reads everything, answers nothing, status queries included
    honours_keys: bool = True
    status_queries: str = "answered"  # or `unsupported` (405), or `denied` (404 for everything: a liar)

    decide_after: tuple[float, float] = (2.0, 4.0)
    outcomes: Mapping[str, float] = field(default_factory=dict)
    review: bool = False  # says `under_review` half-way

    callbacks: bool = True
    callback_after: float = 0.1  # from the acceptance to the first callback
    callback_duplicates: float = 0.0
    callback_disorder: float = 0.0  # share of notices whose `received` is told after the decision
    callback_backoff: float = 0.5
    callback_tries: int = 12

    gone_status: int = 404
    soft_404: bool = False  # a removed page answers 200 and says in words that it is gone
    gone_redirect: bool = False  # a removed page leads to the front page
    redirect_hops: int = 0  # a page is reached over so many redirects
    page_status: int = (
        200  # what a page that is there answers: 403, 429, 503 for a platform that hates robots
    )
    page_latency: float = 0.0
    reappear_after: float | None = None
    reappear_where: str = "same"  # or `new`: at another address of the same host
    reappear_times: int = 1

    mailbox: str = (
        "accepts"  # or `refuses` (550), `busy` (451), `bounces` (accepts, then writes back a bounce)
    )
    replies: bool = False  # writes back in prose once it has decided (recorded, never sent)

    def __post_init__(self) -> None:
        for name, value in (
            ("name", self.slug.replace("-", " ").capitalize()),
            ("host", f"{self.slug}.example"),
            ("token", f"token-{self.slug}"),
            ("notice_secret", f"out-secret-{self.slug}"),
            ("callback_secret", f"in-secret-{self.slug}"),
        ):
            if not getattr(self, name):
                object.__setattr__(self, name, value)
        if not self.mailbox_address:
            object.__setattr__(self, "mailbox_address", f"abuse@{self.host}")

    def changed(self, changes: Mapping[str, object]) -> "Behaviour":
        """A copy with these fields read from JSON; raises BadBehaviour at the first that makes no sense."""
        read: dict[str, Any] = {}
        for name, value in changes.items():
            if name not in READERS:
                raise BadBehaviour(f"{name}: no such field (there are {', '.join(sorted(READERS))})")
            try:
                read[name] = READERS[name](value)
            except (TypeError, ValueError) as error:
                raise BadBehaviour(f"{name}: {error}") from error
        return replace(self, **read)

    def as_json(self) -> dict[str, object]:
        """Every field, as `changed` would read it back."""
        return asdict(self)


def span(value: object) -> tuple[float, float]:
    """A duration, or the least and the most of one."""
    low, high = value if isinstance(value, list | tuple) and len(value) == 2 else (value, value)
    least, most = seconds(low), seconds(high)
    if least > most:
        raise ValueError("the least is more than the most")
    return least, most


def seconds(value: object) -> float:
    """A duration that is not negative."""
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
        raise ValueError(f"{value!r} is not a number of seconds")
    return float(value)


def shares_of(names: frozenset[str]) -> Callable[[object], dict[str, float]]:
    """A reader of shares that together make no more than the whole."""

    def read(value: object) -> dict[str, float]:
        if not isinstance(value, Mapping):
            raise TypeError("must be an object of name and share")
        shares = {str(name): share(part) for name, part in value.items()}
        if unknown := sorted(set(shares) - names):
            raise ValueError(f"{unknown[0]!r} is none of {', '.join(sorted(names))}")
        if sum(shares.values()) > 1.000001:
            raise ValueError("the shares make more than 1")
        return shares

    return read


def share(value: object) -> float:
    """A number from 0 to 1."""
    number = seconds(value)
    if number > 1:
        raise ValueError(f"{value!r} is more than 1")
    return number


def one_of(*names: str) -> Callable[[object], str]:
    """A reader of one of these words."""

    def read(value: object) -> str:
        if value not in names:
            raise ValueError(f"{value!r} is none of {', '.join(sorted(names))}")
        return str(value)

    return read


def words(value: object) -> str:
    """A text that says something."""
    if not isinstance(value, str) or not value.strip():
        raise ValueError("must be a text")
    return value


def host(value: object) -> str:
    """A host name; it may only be one that cannot exist outside."""
    name = words(value).lower()
    if not name.endswith((".example", ".test")):
        raise ValueError(f"{name!r} does not end in .example or .test")
    return name


def whole(value: object) -> int:
    """A whole number, not negative."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError(f"{value!r} is not a whole number")
    return value


def status(value: object) -> int:
    """An HTTP status of an answer."""
    number = whole(value)
    if not 200 <= number <= 599:
        raise ValueError(f"{value!r} is not an HTTP status")
    return number


def yes_or_no(value: object) -> bool:
    """A truth value, not something that could pass for one."""
    if not isinstance(value, bool):
        raise TypeError("must be true or false")
    return value


READERS: dict[str, Callable[[object], object]] = {
    "name": words,
    "host": host,
    "channel": one_of(*CHANNELS),
    "mailbox_address": words,
    "token": words,
    "notice_secret": words,
    "callback_secret": words,
    "latency": span,
    "answers": shares_of(ANSWERS),
    "retry_after": whole,
    "retry_after_as_date": yes_or_no,
    "hold": seconds,
    "silent": yes_or_no,
    "honours_keys": yes_or_no,
    "status_queries": one_of("answered", "unsupported", "denied"),
    "decide_after": span,
    "outcomes": shares_of(OUTCOMES),
    "review": yes_or_no,
    "callbacks": yes_or_no,
    "callback_after": seconds,
    "callback_duplicates": share,
    "callback_disorder": share,
    "callback_backoff": seconds,
    "callback_tries": whole,
    "gone_status": status,
    "soft_404": yes_or_no,
    "gone_redirect": yes_or_no,
    "redirect_hops": whole,
    "page_status": status,
    "page_latency": seconds,
    "reappear_after": lambda value: None if value is None else seconds(value),
    "reappear_where": one_of("same", "new"),
    "reappear_times": whole,
    "mailbox": one_of("accepts", "refuses", "busy", "bounces"),
    "replies": yes_or_no,
}
