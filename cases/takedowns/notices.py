"""What a notice says: built from the facts of a case, checked before it leaves, the same for every channel.

Its sentences come from a template (`cases.letters`), its facts from coarse columns; nothing in it may lead to the young
person. What is stored is ready to leave: only asking writes.
"""

import json
from collections.abc import Collection, Sequence
from dataclasses import asdict, replace
from typing import Any
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from cases.letters import linter, wording
from cases.letters.content import Finding, Item, NoticeContent, one_line
from cases.letters.linter import Terms
from cases.letters.models import Mandate
from cases.letters.parts import NEEDS_SIGNATURE
from cases.letters.private import Private, private_of
from cases.letters.writing import (
    CYBER_VIOLENCE,
    KEYWORDS,
    PROTECTION_OF_MINORS,
    explained,
    regime_of,
    written,
)
from cases.models import Case
from cases.takedowns.models import Notice, Takedown
from helpline.crypto import blind
from helpline.crypto.box import Box
from helpline.platforms.models import Channel, ChannelKind
from reports import receipts
from reports.models import Fingerprint, Link, Report
from reports.states import AgeRange, Kind

__all__ = [
    "CYBER_VIOLENCE",
    "KEYWORDS",
    "LANGUAGES",
    "PROTECTION_OF_MINORS",
    "Finding",
    "Item",
    "NoticeContent",
    "Private",
    "build",
    "check",
    "content_of",
    "explain",
    "lint",
    "one_line",
    "private_facts",
    "rewritten",
    "signing",
    "to_json",
    "unallowed",
]

LANGUAGES = wording.LANGUAGES


def build(
    *,
    notice: Notice,
    channel: Channel,
    report: Report,
    box: Box,
    links: Sequence[tuple[str, Link]],
    facts: str = "",
    may_sign: bool | None = None,
) -> NoticeContent:
    """The notice for `links` ((takedown id, link) pairs) of one report. `box` opens the report's columns.

    `facts`: what a colleague adds for the platform. `may_sign`: whether somebody allows us to, where that is known already.
    `notice.wording` is set to the version it is written in.
    """
    kind = Kind(report.kind)
    words = wording.current(regime_of(notice.regimes), notice.language, kind.value)
    notice.wording = words.name
    signs = NEEDS_SIGNATURE.intersection(notice.regimes) and (
        _may_sign(report) if may_sign is None else may_sign
    )
    prints = tuple(_fingerprint(row, box) for row in report.fingerprints.all())
    items = tuple(
        Item(
            item_id=item_id,
            url=box.open(link, "url"),
            account=one_line(box.open(link, "account")),
            kind=link.kind,
            fingerprints=prints,
        )
        for item_id, link in links
    )
    return written(
        words=words,
        notice_id=str(notice.pk),
        regimes=tuple(notice.regimes),
        language=notice.language,
        kind=kind,
        minor=AgeRange(report.age_range).is_minor,
        items=items,
        facts=facts,
        signed_on=timezone.localdate(notice.requested_at or timezone.now()) if signs else None,
    )


def rewritten(notice: Notice, content: NoticeContent) -> NoticeContent:
    """The same notice written once more in the words it names: what it said, whatever the template says today.

    Raises LookupError for words that are not there.
    """
    again = written(
        words=wording.of(notice.wording),
        notice_id=content.notice_id,
        regimes=content.regimes,
        language=content.language,
        kind=Kind(content.kind),
        minor=content.depicts_minor,
        items=content.items,
        facts=content.facts,
    )
    return replace(again, notifier=content.notifier, signature=content.signature)


def explain(kind: Kind, *, minor: bool, language: str = "en") -> str:
    """Why it is illegal, as it comes with the program."""
    words = wording.packaged()[regime_of(()), language, ""]
    return explained(words.parts, kind, minor=minor)


def is_signed(notice: Notice) -> bool:
    """Does its law ask for a signature?"""
    return not NEEDS_SIGNATURE.isdisjoint(notice.regimes)


def unallowed(notice: Notice, rows: Collection[Takedown]) -> set[UUID]:
    """The items that this notice asks for in a signed way, though everybody in `rows` whom one harms took that back.

    `rows`: all of the notice that still want it. One of several people is enough, as one asks for what another shares.
    """
    if not is_signed(notice):
        return set()
    cases = {row.case_id for row in rows}
    allowing = set(Mandate.objects.filter(case__in=cases, revoked_at=None).values_list("case_id", flat=True))
    return {row.item for row in rows} - {row.item for row in rows if row.case_id in allowing}


def signing(cases: Collection[Case], regimes: Collection[str]) -> set[int]:
    """Those of these cases, by their keys, in which somebody allows us to sign; none is asked where no law wants it."""
    if not NEEDS_SIGNATURE.intersection(regimes):
        return set()
    allowing = Mandate.objects.filter(case__in=cases, revoked_at=None)
    return set(allowing.values_list("case_id", flat=True))


def _may_sign(report: Report) -> bool:
    return Mandate.objects.filter(case__report=report, revoked_at=None).exists()


def _fingerprint(row: Fingerprint, box: Box) -> dict[str, Any]:
    value: dict[str, Any] = {"algorithm": row.algorithm, "value": box.open(row, "value")}
    return value | ({"quality": row.quality} if row.quality is not None else {})


# --- Before it leaves ---------------------------------------------------------------------------------


def lint(
    content: NoticeContent,
    *,
    needs_url: bool = False,
    channel: Channel | None = None,
    private: Sequence[Private] = (),
    above: bool = False,
) -> list[Finding]:
    """Everything to say about this notice: what stops it first, then what a person should look at.

    `needs_url`: the channel can't act on an account name alone. `private`: the facts of everybody it is about; empty
    where they are not open, as in the worker. `above`: it goes to somebody above the platform, such as a host.
    """
    terms = _terms(channel, needs_url=needs_url, above=above)
    found = linter.lint(content, terms=terms, expertise=settings.EXPERTISE)
    for one in private:
        found += linter.about_the_person(content, one)
    by_code = {finding.code: finding for finding in found}
    return sorted(by_code.values(), key=lambda finding: not finding.stops)


def check(
    content: NoticeContent,
    *,
    needs_url: bool = False,
    channel: Channel | None = None,
    private: Sequence[Private] = (),
    above: bool = False,
) -> list[Finding]:
    """What stops this notice; [] when it may leave. See `lint`."""
    found = lint(content, needs_url=needs_url, channel=channel, private=private, above=above)
    return [finding for finding in found if finding.stops]


def _terms(channel: Channel | None, *, needs_url: bool, above: bool) -> Terms:
    if channel is None:
        return Terms(needs_url=needs_url)
    own = not (above or channel.kind == ChannelKind.XARF or channel.platform.is_other)
    return Terms(
        regimes=tuple(channel.regimes),
        languages=tuple(channel.languages),
        max_items=channel.max_items,
        platform=channel.platform.slug if own else "",
        hosts=tuple(channel.platform.domains) if own else (),
        needs_url=needs_url,
    )


def private_facts(case: Case) -> Private:
    """What must not stand in a notice about this case, opened with its key. Raises WrongKey once erased."""
    report, box = case.report, case.box()
    answers = box.open_json(report, "answers")
    locator = bytes(report.locator or b"")

    def is_code(text: str) -> bool:
        return bool(locator) and blind.locator(receipts.read(text)) == locator

    return private_of(
        answers=answers | {"first_name": answers.get("first_name") or box.open(case, "handle")},
        contact=box.open_json(report, "contact"),
        school=box.open(report, "school"),
        story=box.open(report, "story"),
        references=(case.ref, report.pk.hex),
        is_code=is_code,
    )


# --- Sealed in the database ---------------------------------------------------------------------------


def to_json(content: NoticeContent) -> str:
    """How the content stands in the sealed column."""
    return json.dumps(asdict(content), ensure_ascii=False)


def content_of(notice: Notice, *, items: Collection[UUID] | None = None) -> NoticeContent:
    """The words of a stored notice, about all of its takedowns or only about `items`. Raises WrongKey once erased."""
    value = json.loads(notice.box().open(notice, "content"))
    kept = [item for item in value["items"] if items is None or UUID(item["item_id"]) in items]
    return NoticeContent(
        **{
            **value,
            "regimes": tuple(value["regimes"]),
            "keywords": tuple(value["keywords"]),
            "items": tuple(Item(**{**item, "fingerprints": tuple(item["fingerprints"])}) for item in kept),
        }
    )
