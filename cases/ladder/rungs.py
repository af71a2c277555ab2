"""The ladder as data, and which rung comes next: a pure function.

The file that ships (data/ladder.json) is a starting point **to check by a lawyer**. An operator puts their own in its place
with HELPLINE_LADDER_FILE; it has the same layout:

    {"layout": "ladder/1",
     "rungs": [{"rung": "reminder", "wait_hours": 0, "urgent_wait_hours": 0, "regimes": ["eu-dsa-16"],
                "channels": ["email"], "only": ["minor", "site"]}],
     "authorities": [{"rung": "coordinator", "name": "…", "address": "…", "form": "https://…", "law": ["DSA art. 53"],
                      "follow_up_days": 30, "says": {"en": "…", "fr": "…"}}]}

rungs          in the order in which they are climbed
wait_hours     after the rung before it; after the silence for the first. Urgent: a minor, or a threat with a deadline
regimes        only where the notice was written under one of these laws; all where it is silent
channels       only where the silent channel is one of these kinds; all where it is silent
only           "minor": the person is, or may be, one. "site": no platform of the directory, or one with a host's channel
authorities    to whom a person writes, one for each rung that a person takes, and one for "out-of-court"
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error
from django.utils.translation import get_language

from cases.takedowns.states import Rung
from helpline.platforms.models import ChannelKind, Regime

LAYOUT = "ladder/1"
OUT_OF_COURT = "out-of-court"
BY_PERSON = frozenset({Rung.HOST, Rung.REGISTRAR, Rung.COORDINATOR, Rung.PHAROS, Rung.FTC})
ONLY = frozenset({"minor", "site"})
Texts = Mapping[str, str]


class BadFile(ValueError):
    """The file of the ladder does not hold what it must. The message says where."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A rung, when it is due after the one before it, and for whom."""

    rung: Rung
    wait: timedelta
    urgent_wait: timedelta
    regimes: frozenset[str]
    channels: frozenset[str]
    only: frozenset[str]


@dataclass(frozen=True, slots=True)
class Authority:
    """Whom a person writes to."""

    rung: str
    name: str
    address: str
    form: str
    law: tuple[str, ...]
    follow_up_days: int
    says: Texts

    @property
    def said(self) -> str:
        """What to know about it, in the language of the page; else in English."""
        language = (get_language() or "en").split("-")[0]
        return self.says.get(language) or self.says.get("en") or next(iter(self.says.values()), "")


@dataclass(frozen=True, slots=True)
class Ladder:
    """The file, read."""

    rules: Sequence[Rule]
    authorities: Mapping[str, Authority]


@dataclass(frozen=True, slots=True)
class Facts:
    """What decides which rungs there are: coarse facts of a request that nobody answered."""

    regimes: frozenset[str]
    channel_kind: str
    is_minor: bool
    is_urgent: bool
    is_site: bool  # no platform of the directory, or one whose host can be reached
    can_remind: bool  # the channel is still in use
    has_second: bool  # another channel of the platform is in use
    has_host: bool  # a channel leads to the host
    silent_at: datetime


@dataclass(frozen=True, slots=True)
class Past:
    """A rung that was climbed, or left out, and when."""

    rung: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Next:
    """A rung to propose, from when on, and whether a machine can send it."""

    rung: Rung
    due_at: datetime
    by_machine: bool


def fits(rule: Rule, facts: Facts) -> bool:
    """Is this rung there for this request?"""
    there = {
        Rung.REMINDER: facts.can_remind,
        Rung.SECOND: facts.has_second,
    }.get(rule.rung, True)
    return (
        there
        and (not rule.regimes or not rule.regimes.isdisjoint(facts.regimes))
        and (not rule.channels or facts.channel_kind in rule.channels)
        and ("minor" not in rule.only or facts.is_minor)
        and ("site" not in rule.only or facts.is_site)
    )


def by_machine(rung: Rung, facts: Facts) -> bool:
    """Can a channel carry it, or does a person write?"""
    return rung in {Rung.REMINDER, Rung.SECOND} or (rung == Rung.HOST and facts.has_host)


def possible(rules: Sequence[Rule], facts: Facts, history: Iterable[Past]) -> list[Rung]:
    """The rungs that are left, in their order."""
    climbed = {one.rung for one in history}
    return [rule.rung for rule in rules if rule.rung not in climbed and fits(rule, facts)]


def next_rung(rules: Sequence[Rule], facts: Facts, history: Sequence[Past]) -> Next | None:
    """The first rung that is left, due its wait after the last one; DECIDE at the top of the ladder; then nothing.

    A rung that was jumped over by hand is not gone back to.
    """
    order = [rule.rung for rule in rules]
    climbed = [one.rung for one in history]
    if Rung.DECIDE in climbed:
        return None
    last = max((one.at for one in history), default=facts.silent_at)
    start = max(last, facts.silent_at)
    top = max((order.index(Rung(one)) for one in climbed if one in order), default=-1)
    for rule in rules[top + 1 :]:
        if fits(rule, facts):
            wait = rule.urgent_wait if facts.is_urgent else rule.wait
            return Next(rule.rung, start + wait, by_machine(rule.rung, facts))
    return Next(Rung.DECIDE, start + settings.LADDER_LAST_WAIT, by_machine=False)


# --- the file -------------------------------------------------------------------------------------------


def current() -> Ladder:
    """The ladder in use. Raises BadFile."""
    return _read(str(settings.LADDER_FILE))


def authority(rung: str) -> Authority | None:
    """Whom a person writes to on this rung; None where nobody is named."""
    return current().authorities.get(rung)


@lru_cache(maxsize=4)
def _read(path: str) -> Ladder:
    try:
        body = json.loads(Path(path).read_text())
    except (OSError, ValueError) as error:
        raise BadFile(f"{path} can't be read: {error}") from error
    try:
        return _ladder(body)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BadFile(f"{path}: {error!r}") from error


def _ladder(body: Mapping[str, Any]) -> Ladder:
    if body["layout"] != LAYOUT:
        raise ValueError(f"the layout is not {LAYOUT}")
    rules = tuple(_rule(one) for one in body["rungs"])
    authorities = {one["rung"]: _authority(one) for one in body["authorities"]}
    if len({rule.rung for rule in rules}) != len(rules):
        raise ValueError("a rung stands there twice")
    needed = {rule.rung.value for rule in rules if rule.rung in BY_PERSON} | {OUT_OF_COURT}
    if missing := needed - set(authorities):
        raise ValueError(f"nobody is named for: {sorted(missing)}")
    return Ladder(rules, authorities)


def _rule(one: Mapping[str, Any]) -> Rule:
    rung, only = Rung(one["rung"]), frozenset(one.get("only", ()))
    if rung == Rung.DECIDE or not only <= ONLY:
        raise ValueError(f"{rung}: not a rung of the file, or unknown words in “only”: {sorted(only)}")
    return Rule(
        rung=rung,
        wait=_hours(one["wait_hours"]),
        urgent_wait=_hours(one["urgent_wait_hours"]),
        regimes=frozenset(Regime(code).value for code in one.get("regimes", ())),
        channels=frozenset(ChannelKind(code).value for code in one.get("channels", ())),
        only=only,
    )


def _hours(value: Any) -> timedelta:
    if not isinstance(value, int) or not 0 <= value <= 8760:
        raise ValueError(f"not a number of hours from 0 to 8760: {value!r}")
    return timedelta(hours=value)


def _authority(one: Mapping[str, Any]) -> Authority:
    if one["rung"] != OUT_OF_COURT:
        Rung(one["rung"])
    days = one["follow_up_days"]
    if not isinstance(days, int) or not 1 <= days <= 365:
        raise ValueError(f"{one['rung']}: follow_up_days is a number from 1 to 365")
    form = str(one["form"])
    if form and not form.startswith("https://"):
        raise ValueError(f"{one['rung']}: a form begins with https://")
    says = one["says"]
    if not isinstance(says, dict) or not says or not all(isinstance(text, str) for text in says.values()):
        raise ValueError(f"{one['rung']}: says is a text by language")
    return Authority(
        rung=one["rung"],
        name=str(one["name"])[:120],
        address=str(one["address"])[:500],
        form=form[:500],
        law=tuple(str(text)[:120] for text in one["law"]),
        follow_up_days=days,
        says=says,
    )


def check_file(**kwargs: Any) -> list[CheckMessage]:
    """At the start: a file that can't be read stops the process, not a counsellor at night."""
    try:
        current()
    except BadFile as error:
        hint = "Correct it, or take HELPLINE_LADDER_FILE away to use the file that ships."
        return [Error(str(error), hint=hint, id="ladder.E001")]
    return []
