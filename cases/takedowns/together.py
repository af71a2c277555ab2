"""Asking for several cases at once: what harms twelve people is one item of one notice, and its answer is told to twelve.

Channels that are filed by hand get a notice for each content, so that whoever files one reads nothing of another case;
the others as many items in one notice as the channel takes. What is asked for already, by whomever, is not asked again:
who comes later shares that request from where it stands.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import uuid4

from django.core.exceptions import PermissionDenied
from django.db import transaction

from cases.actions import worked_on
from cases.models import Case
from cases.takedowns import actions, choosing, linting, notices, sharing
from cases.takedowns.asking import Law, under
from cases.takedowns.connectors import connector
from cases.takedowns.connectors.text import subject, text
from cases.takedowns.models import Notice, Takedown
from cases.takedowns.notices import Finding, NoticeContent
from cases.takedowns.states import Status
from helpline.accounts.models import Staff
from helpline.platforms.models import Channel, ChannelWarning, Platform
from helpline.wake import wake
from reports.models import Link, Report
from reports.states import AgeRange, LinkStatus
from reports.states import Status as ReportStatus

NUMBER_TO_COME = "…"  # a notice gets its number when it leaves


@dataclass(frozen=True, slots=True)
class Content:
    """One thing to remove, and the links of everybody it harms. Each link has its case with report in `cases`."""

    links: tuple[Link, ...]
    cases: Mapping[Any, Case] = field(repr=False)  # by report
    running: Takedown | None = None  # asked for already: who comes now shares it

    @property
    def first(self) -> Link:
        """The link that stands for all in the notice: of whoever is the youngest, else of the first."""
        return min(self.links, key=lambda one: (not _is_minor(self.cases[one.report_id]), one.report_id))

    @property
    def people(self) -> int:
        """How many it harms."""
        return len({link.report_id for link in self.links})


@dataclass(frozen=True, slots=True)
class Draft:
    """What one platform would be asked for all: each notice as it would leave."""

    platform: Platform
    fresh: Sequence[Content]
    shared: Sequence[Content]  # asked for already
    options: Sequence[tuple[Channel, Sequence[ChannelWarning]]] = ()
    chosen: Channel | None = None
    warnings: Sequence[ChannelWarning] = ()
    letters: Sequence[tuple[str, str]] = ()  # subject and text
    findings: Sequence[Finding] = ()
    warned: Sequence[Finding] = ()  # what a person should look at
    facts: str = ""  # what a colleague adds for the platform
    regimes: Sequence[str] = ()  # the law they are written under
    laws: Sequence[Law] = ()  # what the channel takes
    unsigned: Sequence[
        Case
    ] = ()  # where the law asks for a signature: those in which nobody allows us to sign

    @property
    def law(self) -> Law | None:
        """The one they are written under, where there is a choice."""
        return next((one for one in self.laws if one.is_chosen), None) if len(self.laws) > 1 else None

    @property
    def may_leave(self) -> bool:
        """Is there something to do, and nothing that stops it?"""
        return (bool(self.shared) and not self.fresh) or (self.chosen is not None and not self.findings)

    @property
    def links(self) -> list[Link]:
        """Every link that would be asked for."""
        return [link for content in (*self.fresh, *self.shared) for link in content.links]


@dataclass(frozen=True, slots=True)
class Asked:
    """What came of it: new requests, and those who share a request that was there."""

    made: Sequence[Takedown]
    shared: Sequence[Takedown]


def askable(cases: Iterable[Case], *, platform: Platform | None = None) -> list[Link]:
    """Links of these cases that nobody has asked for in their name yet, and that were not withdrawn. One query."""
    ids = [case.report_id for case in cases]
    found = Link.objects.filter(report__in=ids).exclude(report__status=ReportStatus.ERASED)
    found = found.exclude(status=LinkStatus.WITHDRAWN).filter(takedowns=None)
    if platform is not None:
        found = found.filter(platform=platform)
    return list(found.select_related("platform").order_by("platform_id", "added_at", "id"))


def grouped(links: Iterable[Link], cases: Iterable[Case]) -> list[Content]:
    """The links by what they lead to, in the order in which they come."""
    by_report = {case.report_id: case for case in cases}
    groups: dict[tuple[int, bytes], list[Link]] = {}
    for link in links:
        groups.setdefault((link.platform_id, sharing.content_key(link)), []).append(link)
    return [Content(tuple(group), by_report) for group in groups.values()]


def contents(links: Sequence[Link], cases: Iterable[Case]) -> list[Content]:
    """The same, each with the request that is under way for it. One query."""
    running = sharing.running(links)
    return [
        replace(one, running=running.get(sharing.content_key(one.links[0]))) for one in grouped(links, cases)
    ]


def draft(
    *, found: Sequence[Content], chosen: str = "", law: str = "", facts: str = "", by: Staff, at: datetime
) -> Draft | None:
    """What one platform would be asked; None for nothing. `chosen` is a channel's slug, the best one where it is silent;
    `law` the one to write under, the channel's usual one where it is silent or not taken. What is found is said as `by` may
    know it.

    All of `found` is on one platform, their cases with reports and fingerprints loaded. Raises WrongKey for an erased case.
    """
    if not found:
        return None
    platform = found[0].links[0].platform
    fresh = [one for one in found if one.running is None]
    shared = [one for one in found if one.running is not None]
    channels = choosing.ranked(
        Channel.objects.in_use().with_platform().filter(platform=platform), items=len(fresh) or 1, at=at
    )
    channel = next((one for one in channels if one.slug == chosen), channels[0] if channels else None)
    options = [(one, one.warnings(at)) for one in channels]
    if channel is None or not fresh:
        return Draft(platform, fresh, shared, options, channel, facts=facts)
    regimes, laws = under(channel, law)
    groups = _notices_of(channel, fresh)
    everybody = _cases_of(*fresh)
    allowing = notices.signing(everybody, regimes)
    written = [
        write(channel, group, _notice(channel, regimes), facts=facts, allowing=allowing)[0]
        for group in groups
    ]
    may_work_on = worked_on(by=by)
    findings: dict[str, Finding] = {}
    warned: dict[str, Finding] = {}
    for content, group in zip(written, groups, strict=True):
        cases = _cases_of(*group)
        mine = [case for case in cases if may_work_on(case)]
        judged = linting.judged(content, channel=channel, cases=cases)
        private = [notices.private_facts(case) for case in mine]
        _stopping, warning = linting.read(content, channel=channel, private=private)
        findings |= {one.code: one for one in judged.seen_from({case.pk for case in mine})}
        warned |= {one.code: one for one in warning}
    shown = [replace(content, notice_id=NUMBER_TO_COME) for content in written]
    return Draft(
        platform=platform,
        fresh=fresh,
        shared=shared,
        options=options,
        chosen=channel,
        warnings=channel.warnings(at),
        letters=[(subject(content), text(content)) for content in shown],
        findings=list(findings.values()),
        warned=list(warned.values()),
        facts=facts,
        regimes=regimes,
        laws=laws,
        unsigned=[one for one in everybody if one.pk not in allowing] if "no_signature" in findings else (),
    )


@transaction.atomic
def request_for_all(
    *,
    cases: Sequence[Case],
    links: Sequence[Link],
    channel: Channel | None,
    by: Staff,
    at: datetime,
    regimes: Sequence[str] = (),
    facts: str = "",
) -> Asked:
    """Ask one platform once for all of `links`, which are links of `cases`. Nothing is sent here: a worker claims the rows.

    What was withdrawn or asked for meanwhile is left out, for whoever looks again. Each notice is written under `regimes`,
    the channel's usual law where none is named, and `facts` go into each. Raises PermissionDenied, NoChannel, WeakNotice,
    WrongKey; then nothing at all is written.
    """
    sharing.lock_contents(links)
    # What is under way comes before the cases, as wherever an answer to it is written down.
    held = actions.lock_all([row.pk for row in sharing.running(links).values()])
    locked, by_report = _lock(cases, links)
    may = worked_on(by=by)
    if not all(may(case) for case in by_report.values()):
        raise PermissionDenied
    found = contents(locked, by_report.values())
    made: list[Takedown] = []
    fresh = [one for one in found if one.running is None]
    if fresh:
        platform = fresh[0].links[0].platform
        channel = channel or choosing.best(
            Channel.objects.in_use().filter(platform=platform), regimes=regimes, items=len(fresh), at=at
        )
        if channel is None or not channel.enabled or channel.platform_id != platform.pk:
            raise actions.NoChannel(platform)
        regimes = list(regimes) or actions.default_regimes(channel)
        allowing = notices.signing(_cases_of(*fresh), regimes)
        for group in _notices_of(channel, fresh):
            made += _ask(channel, group, regimes=regimes, allowing=allowing, facts=facts, by=by, at=at)
        wake(actions.SEND)
    running = {row.pk: row for row in held}
    shared = [
        row
        for one in found
        if one.running is not None and one.running.pk in running
        for row in sharing.share(one.links, running[one.running.pk], cases=by_report, at=at)
    ]
    sharing.announce([*made, *shared], by_report=by_report, by=by, at=at, detail={"together": True})
    return Asked(made, shared)


def _lock(cases: Sequence[Case], links: Sequence[Link]) -> tuple[list[Link], dict[Any, Case]]:
    """Cases, reports, links, in this order; links that are still to be asked for."""
    rows = Case.objects.select_for_update(no_key=True, of=("self",)).filter(pk__in=[one.pk for one in cases])
    by_report = {case.report_id: case for case in rows.order_by("pk")}
    list(Report.objects.select_for_update(no_key=True).filter(pk__in=by_report).order_by("pk"))
    told = Report.objects.filter(pk__in=by_report).prefetch_related("fingerprints")
    for report in told:
        by_report[report.pk].report = report
    found = (
        Link.objects.select_for_update(no_key=True, of=("self",))
        .select_related("platform")
        .filter(pk__in=[link.pk for link in links], report__in=by_report)
        .exclude(status=LinkStatus.WITHDRAWN)
        .order_by("report_id", "position")
    )
    asked = set(Takedown.objects.filter(link__in=[link.pk for link in links]).values_list("link", flat=True))
    return [link for link in found if link.pk not in asked], by_report


def _is_minor(case: Case) -> bool:
    return AgeRange(case.report.age_range).is_minor


def _notices_of(channel: Channel, found: Sequence[Content]) -> list[list[Content]]:
    """Which contents go into one notice: those about which it says the same, as many as the channel takes."""
    most = 1 if connector(channel.kind).by_hand else channel.max_items
    alike: dict[tuple[str, bool], list[Content]] = {}
    for one in found:
        case = one.cases[one.first.report_id]
        alike.setdefault((case.report.kind, _is_minor(case)), []).append(one)
    return [group[start : start + most] for group in alike.values() for start in range(0, len(group), most)]


def _notice(channel: Channel, regimes: Sequence[str]) -> Notice:
    return Notice(
        channel=channel,
        regimes=list(regimes),
        language=actions.notice_language(channel),
    )


def write(
    channel: Channel,
    group: Sequence[Content],
    notice: Notice,
    *,
    numbers: Sequence[Any] = (),
    facts: str = "",
    allowing: Collection[int] | None = None,
) -> tuple[NoticeContent, list[tuple[Any, Content]]]:
    """The notice for these contents, and the number of each in it: those given, or new ones.

    `allowing`: the cases in which somebody allows us to sign, where that was asked already.
    """
    items, numbered, last, signed = [], [], None, True
    if allowing is None:
        allowing = notices.signing(_cases_of(*group), notice.regimes)
    for one, number in zip(group, numbers or [uuid4() for _one in group], strict=True):
        prints: dict[tuple[str, str], dict[str, Any]] = {}
        for link in sorted(one.links, key=lambda link: link.pk != one.first.pk):
            case = one.cases[link.report_id]
            part = notices.build(
                notice=notice,
                channel=channel,
                report=case.report,
                box=case.box(),
                links=[(str(number), link)],
                facts=facts,
                may_sign=case.pk in allowing,
            )
            prints |= {(mark["algorithm"], mark["value"]): mark for mark in part.items[0].fingerprints}
            signed = signed and part.signature is not None
            if link.pk == one.first.pk:
                last, item = part, part.items[0]
        items.append(replace(item, fingerprints=tuple(prints.values())))
        numbered.append((number, one))
    if last is None:
        raise ValueError("A notice names at least one content.")
    # Signed for all of them, or for none.
    return replace(last, items=tuple(items), signature=last.signature if signed else None), numbered


def _cases_of(*contents: Content) -> list[Case]:
    """Each once."""
    found = {link.report_id: one.cases[link.report_id] for one in contents for link in one.links}
    return list(found.values())


def _ask(
    channel: Channel,
    group: Sequence[Content],
    *,
    regimes: Sequence[str],
    allowing: Collection[int],
    facts: str,
    by: Staff,
    at: datetime,
) -> list[Takedown]:
    by_hand = connector(channel.kind).by_hand
    notice = _notice(channel, regimes)
    notice.requested_by, notice.requested_at, notice.due_at = by, at, None if by_hand else at
    content, numbered = write(channel, group, notice, facts=facts, allowing=allowing)
    cases, may_work_on = _cases_of(*group), worked_on(by=by)
    judged = linting.judged(content, channel=channel, cases=cases)
    if findings := judged.seen_from({case.pk for case in cases if may_work_on(case)}):
        raise actions.WeakNotice(findings)
    actions.seal(notice, content)
    notice.save(force_insert=True)
    return Takedown.objects.bulk_create(
        Takedown(
            notice=notice,
            case=one.cases[link.report_id],
            link=link,
            platform=link.platform,
            item_id=number,
            status=Status.TO_FILE if by_hand else Status.QUEUED,
            status_at=at,
            requested_at=at,
        )
        for number, one in numbered
        for link in one.links
    )
