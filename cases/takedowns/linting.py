"""The one place where a notice is judged before it leaves: every path that asks, and the worker just before sending."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils import translation
from django.utils.translation import gettext, gettext_lazy

from cases.letters.linter import RULES, about_the_person
from cases.models import Case
from cases.takedowns import notices
from cases.takedowns.connectors import connector
from cases.takedowns.notices import Finding, NoticeContent, Private
from helpline.platforms.models import Channel


def findings(
    content: NoticeContent, *, channel: Channel, private: Sequence[Private] = (), above: bool = False
) -> list[Finding]:
    """What stops this notice on this channel; [] when it may leave.

    `private`: the facts of everybody it is about, where their keys are at hand. `above`: the channel is not the platform's
    own, or where the content is was looked at before.
    """
    needs_url = connector(channel.kind).needs_url
    return notices.check(content, needs_url=needs_url, channel=channel, private=private, above=above)


def read(
    content: NoticeContent, *, channel: Channel, private: Sequence[Private], in_several: bool = False
) -> tuple[list[Finding], list[Finding]]:
    """What stops it, and what a person should look at. `in_several`: it leaves in parts, as the channel takes them."""
    needs_url = connector(channel.kind).needs_url
    found = notices.lint(content, needs_url=needs_url, channel=channel, private=private)
    found = [one for one in found if not (in_several and one.code == "too_many")]
    return [one for one in found if one.stops], [one for one in found if not one.stops]


@dataclass(frozen=True, slots=True)
class Judged:
    """What stops a notice that several cases share: by itself, and by the facts of each of them."""

    by_itself: Sequence[Finding]
    by_case: Mapping[int, Sequence[Finding]]

    def seen_from(self, cases: Collection[int]) -> list[Finding]:
        """As whoever works on these cases may know it: of the others, only that it would lead to somebody."""
        found = [*self.by_itself]
        for pk, about in self.by_case.items():
            found += about if pk in cases else [ELSEWHERE] if about else []
        return list({one.code: one for one in found}.values())

    def is_elsewhere(self, cases: Collection[int]) -> bool:
        """Does it lead to somebody of another case?"""
        return any(about for pk, about in self.by_case.items() if pk not in cases)


ELSEWHERE = Finding(
    "elsewhere",
    gettext_lazy("It would lead to somebody else this notice is about."),
    gettext_lazy("Take out what was added for the platform, or ask whoever works on their case."),
)


def judged(content: NoticeContent, *, channel: Channel, cases: Iterable[Case], above: bool = False) -> Judged:
    """For a notice in the name of several cases, whose keys are at hand. `above` as in `findings`."""
    return Judged(
        findings(content, channel=channel, above=above),
        {
            case.pk: [one for one in about_the_person(content, notices.private_facts(case)) if one.stops]
            for case in cases
        },
    )


def finding(code: str) -> Finding:
    """One finding by its code, for what is known without reading the notice."""
    return Finding(code, *RULES[code])


def kept(found: Iterable[Finding]) -> list[dict[str, str]]:
    """How findings stand in a timeline's event: their codes, and their words in the language of the source."""
    with translation.override("en"):
        return [{"code": one.code, "message": str(one.message), "mend": str(one.mend)} for one in found]


def shown(event_detail: Mapping[str, Any]) -> list[Finding]:
    """Findings read back from an event, in the reader's language."""
    return [
        Finding(one["code"], gettext(one["message"]), gettext(one["mend"]))
        for one in event_detail.get("findings", ())
    ]
