"""Asking for several cases at once: what harms twelve people is one item of one notice, and its answer is told to twelve.

Channels that are filed by hand get a notice for each content, so that whoever files one reads nothing of another case;
the others as many items in one notice as the channel takes. What is asked for already, by whomever, is not asked again:
who comes later shares that request from where it stands.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import uuid4

from django.core.exceptions import PermissionDenied
from django.db import connection, transaction

from cases.actions import happened, worked_on
from cases.models import Case
from cases.states import Happening
from cases.takedowns import actions, notices, states
from cases.takedowns.connectors import connector
from cases.takedowns.connectors.text import subject, text
from cases.takedowns.models import Event, Notice, Takedown
from cases.takedowns.notices import Finding, NoticeContent
from cases.takedowns.states import Source, Status
from helpline.accounts.models import Staff
from helpline.audit import actions as audit
from helpline.crypto import wrapping
from helpline.crypto.box import Box
from helpline.platforms.models import Channel, ChannelWarning, Platform
from helpline.wake import wake
from reports import actions as reports
from reports.models import Link, Report
from reports.states import AgeRange, LinkStatus, News
from reports.states import Status as ReportStatus

# Advisory lock: two colleagues who ask for the same content from two sides ask one after the other.
ASKING = (0x41534B, 1)
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
        groups.setdefault((link.platform_id, _key(link)), []).append(link)
    return [Content(tuple(group), by_report) for group in groups.values()]


def contents(links: Sequence[Link], cases: Iterable[Case]) -> list[Content]:
    """The same, each with the request that is under way for it. One query."""
    running = _running(links)
    return [replace(one, running=running.get(_key(one.links[0]))) for one in grouped(links, cases)]


def _key(link: Link) -> bytes:
    return bytes(link.url_index or link.account_index or link.pk.bytes)


def _running(links: Sequence[Link]) -> dict[bytes, Takedown]:
    """By content: a request that is under way for it, in whosever name."""
    wanted = [link.url_index for link in links if link.url_index is not None]
    rows = Takedown.objects.filter(link__url_index__in=wanted).exclude(status__in=states.MAY_ASK_AGAIN)
    found: dict[bytes, Takedown] = {}
    for row in rows.select_related("link", "notice").order_by("-requested_at", "pk"):
        found[bytes(row.link.url_index or b"")] = row
    return found


def draft(*, found: Sequence[Content], chosen: str = "", at: datetime) -> Draft | None:
    """What one platform would be asked; None for nothing. `chosen` is a channel's slug, the best one where it is silent.

    All of `found` is on one platform, their cases with reports and fingerprints loaded. Raises WrongKey for an erased case.
    """
    if not found:
        return None
    platform = found[0].links[0].platform
    fresh = [one for one in found if one.running is None]
    shared = [one for one in found if one.running is not None]
    channels = list(Channel.objects.in_use().filter(platform=platform).by_preference())
    channel = next((one for one in channels if one.slug == chosen), channels[0] if channels else None)
    options = [(one, one.warnings(at)) for one in channels]
    if channel is None or not fresh:
        return Draft(platform, fresh, shared, options, channel)
    written = [_write(channel, group, _notice(channel))[0] for group in _notices_of(channel, fresh)]
    needs_url = connector(channel.kind).needs_url
    findings = {one.code: one for content in written for one in notices.check(content, needs_url=needs_url)}
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
    )


@transaction.atomic
def request_for_all(
    *, cases: Sequence[Case], links: Sequence[Link], channel: Channel | None, by: Staff, at: datetime
) -> Asked:
    """Ask one platform once for all of `links`, which are links of `cases`. Nothing is sent here: a worker claims the rows.

    What was withdrawn or asked for meanwhile is left out, for whoever looks again. Raises PermissionDenied, NoChannel,
    WeakNotice, WrongKey; then nothing at all is written.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", list(ASKING))
    # What is under way comes before the cases, as wherever an answer to it is written down.
    held = actions.lock_all([row.pk for row in _running(links).values()])
    locked, by_report = _lock(cases, links)
    may = worked_on(by=by)
    if not all(may(case) for case in by_report.values()):
        raise PermissionDenied
    found = contents(locked, by_report.values())
    made: list[Takedown] = []
    fresh = [one for one in found if one.running is None]
    if fresh:
        platform = fresh[0].links[0].platform
        channel = channel or platform.best_channel(regimes=())
        if channel is None or not channel.enabled or channel.platform_id != platform.pk:
            raise actions.NoChannel(platform)
        for group in _notices_of(channel, fresh):
            made += _ask(channel, group, by=by, at=at)
        wake(actions.SEND)
    running = {row.pk: row for row in held}
    shared = [
        row
        for one in found
        if one.running is not None and one.running.pk in running
        for row in _share(one, running[one.running.pk], at=at)
    ]
    _tell(made, shared, by_report, by=by, at=at)
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


def _notice(channel: Channel) -> Notice:
    return Notice(
        channel=channel,
        regimes=actions.default_regimes(channel),
        language=actions.notice_language(channel),
    )


def _write(
    channel: Channel, group: Sequence[Content], notice: Notice
) -> tuple[NoticeContent, list[tuple[Any, Content]]]:
    """The notice for these contents, and the number of each in it."""
    items, numbered, last = [], [], None
    for one in group:
        number = uuid4()
        prints: dict[tuple[str, str], dict[str, Any]] = {}
        for link in sorted(one.links, key=lambda link: link.pk != one.first.pk):
            case = one.cases[link.report_id]
            part = notices.build(
                notice=notice,
                channel=channel,
                report=case.report,
                box=case.box(),
                links=[(str(number), link)],
            )
            prints |= {(mark["algorithm"], mark["value"]): mark for mark in part.items[0].fingerprints}
            if link.pk == one.first.pk:
                last, item = part, part.items[0]
        items.append(replace(item, fingerprints=tuple(prints.values())))
        numbered.append((number, one))
    if last is None:
        raise ValueError("A notice names at least one content.")
    return replace(last, items=tuple(items)), numbered


def _ask(channel: Channel, group: Sequence[Content], *, by: Staff, at: datetime) -> list[Takedown]:
    by_hand = connector(channel.kind).by_hand
    notice = _notice(channel)
    notice.requested_by, notice.requested_at, notice.due_at = by, at, None if by_hand else at
    content, numbered = _write(channel, group, notice)
    if findings := notices.check(content, needs_url=connector(channel.kind).needs_url):
        raise actions.WeakNotice(findings)
    key = wrapping.new_data_key()
    notice.key = wrapping.wrap_for_desk(key, about=notice.about)
    notice.content = Box(key).seal(notice, "content", notices.to_json(content))
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


STANDS = (
    *("notice_id", "platform_id", "status", "status_at", "sent_at", "transport", "transport_at"),
    *("platform_says", "platform_at", "acted_at", "redress_until", "observed", "observed_at", "gone_at"),
    *("reappeared_at", "next_look_at", "misses"),
)


def _share(one: Content, running: Takedown, *, at: datetime) -> list[Takedown]:
    """Further people whom a request under way, locked, answers, too: from here on what it learns is told to them."""
    if running.item_id is None:
        running.item_id = running.pk
        running.save(update_fields=["item_id"])
    rows = []
    for link in one.links:
        row = Takedown(case=one.cases[link.report_id], link=link, item_id=running.item_id, requested_at=at)
        for name in STANDS:
            setattr(row, name, getattr(running, name))
        rows.append(row)
    return Takedown.objects.bulk_create(rows)


def _tell(
    made: Sequence[Takedown],
    shared: Sequence[Takedown],
    by_report: Mapping[Any, Case],
    *,
    by: Staff,
    at: datetime,
) -> None:
    """The timelines, the young people, the cases, the trail."""
    every = [*made, *shared]
    if not every:
        return
    platform = every[0].platform.name
    Event.objects.bulk_create(
        Event(
            takedown=row,
            at=at,
            recorded_at=at,
            source=Source.PERSON,
            what=row.status,
            by=by,
            detail={"together": True},
        )
        for row in every
    )
    report_of = {case.pk: report_id for report_id, case in by_report.items()}
    news = []
    for row in every:
        said = [(News.IN_PROGRESS, at)]
        if row.sent_at is not None:
            said.append((News.SENT, at))
        if row.status in states.SAID_REMOVED:
            said.append((News.SAID_REMOVED, at))
        news += [
            reports.NewsItem(
                report_id=report_of[row.case_id],
                link_id=row.link_id,
                what=what,
                at=when,
                data={"platform": platform},
            )
            for what, when in said
        ]
    for what in (News.IN_PROGRESS, News.SENT, News.SAID_REMOVED):
        # What came first is told first: the last word is where the link stands.
        reports.post_updates([one for one in news if one.what == what])
    counts = Counter(row.case_id for row in every)
    for case in by_report.values():
        if case.pk in counts:
            happened(case, Happening.REQUESTED, by=by, at=at, platform=platform, count=counts[case.pk])
    audit.record_many(
        audit.row(by=by, verb="takedown.requested", obj=row, detail={"together": True}, at=at)
        for row in every
    )
