"""What changes a takedown, apart from the sending itself (dispatch.py). All knowledge enters by `record_outcome`."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import models, transaction
from django.db.models import Exists, Min, OuterRef, Q
from django.utils import timezone

from cases.actions import check_can_work_on, happened, lock_case
from cases.models import Case
from cases.states import Happening
from cases.takedowns import choosing, learning, linting, notices, sharing, states
from cases.takedowns.connectors import connector
from cases.takedowns.learning import ForeignItem, Standing, Word, Written
from cases.takedowns.models import Event, Notice, Takedown
from cases.takedowns.notices import Finding, NoticeContent
from cases.takedowns.reasons import MAX_CRASHES, MAX_TRIES, SILENT, Why, coded
from cases.takedowns.states import ForbiddenMove, Outcome, Result, Source, Status
from helpline.accounts.models import Staff
from helpline.audit import actions as audit
from helpline.crypto import wrapping
from helpline.platforms.models import Channel, Platform, Regime
from helpline.retention import privacy
from helpline.wake import wake
from reports import actions as reports
from reports.models import Link, Report
from reports.states import LinkStatus, News
from reports.states import Status as ReportStatus

SEND = "cases.takedowns.tasks.send_due"
# What a person found not to have arrived goes out again after so long: until then a slip is taken back.
SECOND_THOUGHTS = timedelta(seconds=60)
# What was sent is asked about after so long, and then less and less often.
FIRST_POLL = timedelta(seconds=60 if settings.DEMO else 3600)


class NoChannel(Exception):
    """The platform has no channel in use that takes this notice."""

    def __init__(self, platform: Platform) -> None:
        super().__init__(f"{platform.name} has no channel in use.")
        self.platform = platform


class AlreadyRequested(Exception):
    """This link is being asked for already: `takedown` says where."""

    def __init__(self, takedown: Takedown) -> None:
        super().__init__(f"This link is being asked for already ({takedown.status}).")
        self.takedown = takedown


class WeakNotice(Exception):
    """The notice would not hold: `findings` say why and how to mend it."""

    def __init__(self, findings: list[Finding]) -> None:
        super().__init__("; ".join(finding.code for finding in findings))
        self.findings = findings


# --- asking -------------------------------------------------------------------------------------------


@transaction.atomic
def request_takedown(
    *,
    case: Case,
    links: Sequence[Link],
    by: Staff,
    at: datetime,
    channel: Channel | None = None,
    regimes: Sequence[str] = (),
    keep_draft: bool = False,
    facts: str = "",
) -> list[Takedown]:
    """Ask for the removal of `links` of this case: one notice a channel, as many items in each as the channel takes.

    Nothing is sent here: a worker claims the rows. What is being asked for in another case's name already is not asked
    twice: this case shares that request. With `keep_draft` a notice that would not hold is kept, to be mended. Raises
    PermissionDenied, NoChannel, AlreadyRequested, WeakNotice; then nothing at all is written.
    """
    # Contents, what is under way for them, the case; then the report before its links, as whoever erases or withdraws.
    sharing.lock_contents(links)
    others = {
        row.pk: row for row in lock_all([one.pk for one in sharing.running(links, besides=case).values()])
    }
    lock_case(case)
    check_can_work_on(case, by=by)
    Report.objects.select_for_update(no_key=True).get(pk=case.report_id)
    locked = list(
        Link.objects.select_for_update(no_key=True, of=("self",))
        .select_related("platform")
        .filter(pk__in=[link.pk for link in links], report_id=case.report_id)
        .exclude(status=LinkStatus.WITHDRAWN)
        .order_by("position")
    )
    for link in locked:
        live = _live_takedown(link)
        if live is not None:
            raise AlreadyRequested(live)
    asked = sharing.running(locked, besides=case)
    shared: list[Takedown] = []
    fresh: list[Link] = []
    for link in locked:
        other = asked.get(sharing.content_key(link))
        if other is not None and other.pk in others:
            shared += join(link, others[other.pk], case=case, by=by, at=at)
        else:
            fresh.append(link)
    made: list[Takedown] = []
    for route, group in _by_channel(fresh, channel=channel, regimes=regimes, at=at):
        made += _request_on(
            route, group, case=case, regimes=regimes, by=by, at=at, keep_draft=keep_draft, facts=facts
        )
    if made:
        wake(SEND)
    return [*made, *shared]


def join(link: Link, other: Takedown, *, case: Case, by: Staff, at: datetime) -> list[Takedown]:
    """Share the request that another case made for the same content; `other` is locked, and of it nothing else is told."""
    shared = sharing.share([link], other, cases={case.report_id: case}, at=at)
    by_report = {case.report_id: case}
    sharing.announce(shared, by_report=by_report, by=by, at=at, detail={"shared": True})
    return shared


def _live_takedown(link: Link) -> Takedown | None:
    return link.takedowns.exclude(status__in=states.MAY_ASK_AGAIN).first()


def _by_channel(
    links: Sequence[Link], *, channel: Channel | None, regimes: Sequence[str], at: datetime
) -> list[tuple[Channel, list[Link]]]:
    by_platform: dict[int, list[Link]] = {}
    for link in links:
        by_platform.setdefault(link.platform_id, []).append(link)
    groups: dict[int, tuple[Channel, list[Link]]] = {}
    for group in by_platform.values():
        platform = group[0].platform.merged_into or group[0].platform
        usable = platform.channels.in_use() if channel is None else [channel]
        chosen = channel or choosing.best(usable, regimes=regimes, items=len(group), at=at)
        if chosen is None or not chosen.enabled:
            raise NoChannel(group[0].platform)
        groups.setdefault(chosen.pk, (chosen, []))[1].extend(group)
    return [
        (route, group[start : start + route.max_items])
        for route, group in groups.values()
        for start in range(0, len(group), route.max_items)
    ]


def _request_on(
    channel: Channel,
    links: Sequence[Link],
    *,
    case: Case,
    regimes: Sequence[str],
    by: Staff,
    at: datetime,
    keep_draft: bool,
    facts: str,
) -> list[Takedown]:
    notice = Notice(
        channel=channel,
        regimes=list(regimes) or default_regimes(channel),
        language=notice_language(channel),
        requested_by=by,
        requested_at=at,
    )
    takedowns = [
        Takedown(notice=notice, case=case, link=link, platform=link.platform, status_at=at, requested_at=at)
        for link in links
    ]
    content = notices.build(
        notice=notice,
        channel=channel,
        report=case.report,
        box=case.box(),
        links=[(str(takedown.pk), takedown.link) for takedown in takedowns],
        facts=facts,
    )
    findings = linting.findings(content, channel=channel, private=[notices.private_facts(case)])
    if findings and not keep_draft:
        raise WeakNotice(findings)
    status = Status.DRAFT if findings else ready_status(channel)
    for one in takedowns:
        one.status = status
    notice.due_at = at if status == Status.QUEUED else None
    seal(notice, content)
    notice.save(force_insert=True)
    Takedown.objects.bulk_create(takedowns)
    if findings:
        draft = {"findings": linting.kept(findings)}
        for one in takedowns:
            note(one, Status.DRAFT, source=Source.PERSON, by=by, at=at, **draft)
    else:
        by_report = {case.report_id: case}
        sharing.announce(takedowns, by_report=by_report, by=by, at=at, detail={"channel": channel.slug})
    return takedowns


def ready_status(channel: Channel) -> Status:
    """Where a notice that may leave stands on this channel: waiting for a worker, or for a person."""
    return Status.TO_FILE if connector(channel.kind).by_hand else Status.QUEUED


def seal(notice: Notice, content: NoticeContent) -> None:
    """In memory: the notice's words, under its own key; a new key where it has none yet.

    And when its platform is first asked what became of it, should nobody call back by then.
    """
    if notice.key is None:
        notice.key = wrapping.wrap_for_desk(wrapping.new_data_key(), about=notice.about)
    notice.content = notice.box().seal(notice, "content", notices.to_json(content))
    if notice.poll_at is None and connector(notice.channel.kind).can_ask:
        notice.poll_at = notice.requested_at + FIRST_POLL


def notice_language(channel: Channel) -> str:
    """The first language the channel reads that we write; English where it names none."""
    return next((one for one in channel.languages if one in notices.LANGUAGES), "en")


def default_regimes(channel: Channel) -> list[str]:
    """The law a notice is written under when nobody chose: the DSA where the channel takes it."""
    if not channel.regimes or Regime.EU_DSA_16 in channel.regimes:
        return [Regime.EU_DSA_16.value]
    return channel.regimes[:1]


def lock(takedown_id: UUID) -> Takedown:
    """The row, locked: its notice first, then itself. The one order everywhere, so that no two wait for each other.

    Several of different notices are locked with `lock_all`; cases come after them, then reports, then links.
    """
    Notice.objects.select_for_update(no_key=True, of=("self",)).get(takedowns=takedown_id)
    rows = Takedown.objects.select_for_update(no_key=True, of=("self",))
    return rows.select_related("case", "platform", "notice", "link").get(pk=takedown_id)


def lock_all(ids: Collection[UUID]) -> list[Takedown]:
    """The same for several: all their notices, then all of them."""
    notices_of = Takedown.objects.filter(pk__in=ids).values("notice")
    list(Notice.objects.select_for_update(no_key=True).filter(pk__in=notices_of).order_by("pk").values("pk"))
    rows = Takedown.objects.select_for_update(no_key=True, of=("self",))
    return list(rows.select_related("case", "platform", "notice", "link").filter(pk__in=ids).order_by("pk"))


def lock_cases(notice_id: UUID) -> None:
    """Every case the notice speaks for, before the first of their links: whoever asks for all of them locks them so, too."""
    ids = Takedown.objects.filter(notice=notice_id).values("case")
    list(Case.objects.select_for_update(no_key=True).filter(pk__in=ids).order_by("pk").values("pk"))


# --- learning -----------------------------------------------------------------------------------------


@transaction.atomic
def record_outcome(
    *,
    takedown: Takedown,
    outcome: Outcome,
    source: Source,
    at: datetime,
    recorded_at: datetime,
    by: Staff | None = None,
    event_key: str | None = None,
    words: str = "",
    detail: dict[str, Any] | None = None,
    redress_until: date | None = None,
) -> bool:
    """Store what was learned, from whichever door, and tell the young person in plain words.

    What was asked for once for several people is answered to each of them, and asks no permission for theirs.
    A platform's `words` are about the content and go to each; a colleague's may be about this person, and stay in this case.

    `at` is when it happened by the source's word; the newest word of a platform wins, an older one only joins the
    timeline. `event_key` names the source's event: the second time it has no effect, and the answer is False.
    """
    if by is not None:
        check_can_work_on(takedown.case, by=by)
    # Each looks at its link by itself; what somebody says of the content holds for everybody it harms.
    items = [] if source == Source.RECHECK else [takedown.item]
    keys = [event_key] if event_key is not None else []
    standing = learning.lock(takedown.notice_id, ids=[takedown.pk], items=items, keys=keys)
    row = standing.rows[takedown.pk]
    word = Word(
        outcome=outcome, at=at, key=event_key, text=words, detail=detail or {}, redress_until=redress_until
    )
    if not _learn([(row, word)], standing, source=source, recorded_at=recorded_at, by=by):
        return False
    _stands_as(takedown, row)
    return True


@transaction.atomic
def record_words(
    *,
    notice_id: UUID,
    channel_id: int,
    words: Sequence[tuple[UUID, Word]],
    source: Source,
    recorded_at: datetime,
    reference: str = "",
) -> None:
    """The same for a platform's words about several items of one notice: all of them, or none.

    Raises UnknownNotice where it did not leave by this channel, ForeignItem where an item is not the notice's.
    """
    said: dict[UUID, Word] = {}
    for item, word in words:
        said.setdefault(item, word)  # of two about one item, the first
    keys = [word.key for word in said.values() if word.key is not None]
    standing = learning.lock(notice_id, items=said, keys=keys, channel_id=channel_id)
    rows = by_item(standing.rows.values())
    if any(str(item) not in rows for item in said):
        raise ForeignItem
    heard = [(rows[str(item)], said[item]) for item in sorted(said)]
    named = "" if standing.reference else reference
    _learn(heard, standing, source=source, recorded_at=recorded_at, by=None, reference=named)


def _learn(
    heard: Sequence[tuple[Takedown, Word]],
    standing: Standing,
    *,
    source: Source,
    recorded_at: datetime,
    by: Staff | None,
    reference: str = "",
) -> int:
    """What of these words is new, for their rows and for the others that their items stand for. Answers how many are."""
    fresh = [(row, word) for row, word in heard if word.key not in standing.told]
    written = Written()
    for row, word in fresh:
        written.events.append(_event(row, word, source=source, recorded_at=recorded_at, by=by))
        _hear(row, word, written, source=source, recorded_at=recorded_at, by=by)
        if source == Source.RECHECK:
            continue
        same = replace(word, key=None, text="" if source == Source.PERSON else word.text)
        for one in _sharing(row, standing.rows.values()):
            written.events.append(_event(one, same, source=source, recorded_at=recorded_at, by=by))
            _hear(one, same, written, source=source, recorded_at=recorded_at, by=by)
    if fresh or reference:
        written.write(standing, reference=reference)
    return len(fresh)


def _event(row: Takedown, word: Word, *, source: Source, recorded_at: datetime, by: Staff | None) -> Event:
    event = Event(
        takedown=row,
        at=word.at,
        recorded_at=recorded_at,
        source=source,
        what=word.outcome,
        by=by,
        detail=word.detail,
        key=word.key,
    )
    if word.text and row.case.key is not None:
        event.words = row.case.box().seal(event, "words", word.text[:4000])
    return event


def _hear(
    row: Takedown,
    word: Word,
    written: Written,
    *,
    source: Source,
    recorded_at: datetime,
    by: Staff | None,
) -> None:
    """In memory: where the row stands from now on, and what follows."""
    before = Status(row.status)
    if word.outcome in states.STATUS_OF:
        _platform_said(row, word.outcome, at=word.at, redress_until=word.redress_until)
    else:
        _seen(row, word.outcome, at=word.at)
    if row.status != before or (word.outcome == Outcome.SEEN_THERE and row.status in states.SAID_REMOVED):
        written.news += _news(row, word.outcome, before=before, at=word.at)
        written.happened.append((row, word.at))
    written.lines.append(
        audit.row(
            by=by or f"{source}:{row.platform.slug}",
            verb=f"takedown.{word.outcome}",
            obj=row,
            detail={"status": row.status},
            at=recorded_at,
        )
    )


def _sharing(row: Takedown, rows: Iterable[Takedown]) -> list[Takedown]:
    """The other takedowns that the same item of the same notice stands for, and that still want it."""
    return [one for one in rows if one.item == row.item and one is not row and one.status not in states.ENDED]


def _stands_as(takedown: Takedown, row: Takedown) -> None:
    """The caller's own copy, as it stands now: nothing that hung on it is believed any more."""
    for column in Takedown._meta.concrete_fields:
        setattr(takedown, column.attname, getattr(row, column.attname))
        if isinstance(column, models.ForeignKey) and column.is_cached(takedown):
            column.delete_cached_value(takedown)


def by_item(rows: Iterable[Takedown]) -> dict[str, Takedown]:
    """By what the notice calls them; of several with one item, one that is still wanted stands for all."""
    wanted_last = sorted(rows, key=lambda row: row.status not in states.ENDED)
    return {str(row.item): row for row in wanted_last}


def _platform_said(row: Takedown, outcome: Outcome, *, at: datetime, redress_until: date | None) -> None:
    if row.platform_at is not None and at < row.platform_at:
        return
    if at == row.platform_at and outcome == row.platform_says:
        return  # its old word, told once more: what was seen or done since stands
    row.platform_says, row.platform_at = outcome, at
    if outcome == Outcome.REFUSED:
        row.redress_until = redress_until or row.redress_until
    apply_platform_word(row)


def apply_platform_word(row: Takedown) -> None:
    """Move to what the platform said, where an arrow leads there. Its word may come before our own sending is settled."""
    status, at = states.STATUS_OF[Outcome(row.platform_says)], row.platform_at
    if at is None:
        raise ValueError("A platform's word has a date: the database says so.")
    if row.status == Status.UNKNOWN:
        # It answers, so it arrived.
        mark_sent(row, at=at)
    if status in states.SAID_REMOVED and _was_withdrawn(row):
        row.acted_at = row.acted_at or at
    if status not in states.TRANSITIONS[Status(row.status)]:
        return
    row.move(status, at=at)
    if status in states.SAID_REMOVED:
        row.acted_at = row.acted_at or at
        soon = at + settings.RECHECK_AFTER[0]
        row.next_look_at = min(row.next_look_at or soon, soon)


def _was_withdrawn(row: Takedown) -> bool:
    """After it left: its status stays, and yet something may be done about what was asked."""
    return row.status == Status.WITHDRAWN and row.sent_at is not None


def platform_word(status: Any) -> Outcome | None:
    """A platform's own word for an item (docs/notice-api.md) as an Outcome; None for a word that is not in the schema."""
    if status == "received":
        return Outcome.ACKNOWLEDGED
    known = {outcome.value for outcome in states.STATUS_OF} - {Outcome.ACKNOWLEDGED.value}
    return Outcome(status) if isinstance(status, str) and status in known else None


def moment(text: Any) -> datetime | None:
    """An RFC 3339 date and time of this century, or None."""
    try:
        found = datetime.fromisoformat(text)
        if found.tzinfo is None:
            return None
        found = found.astimezone(UTC)
    except (ValueError, TypeError, OverflowError):
        return None
    return found if 2000 <= found.year < 2100 else None


def day(text: Any) -> date | None:
    """An ISO 8601 date of this century, or None."""
    try:
        found = date.fromisoformat(text)
    except (ValueError, TypeError):
        return None
    return found if 2000 <= found.year < 2100 else None


def mark_sent(row: Takedown, *, at: datetime, started_at: datetime | None = None) -> None:
    """In memory: it left, for certain. Raises ForbiddenMove."""
    row.move(Status.SENT, at=at)
    row.sent_at = started_at or last_start(row) or at
    row.transport, row.transport_at = Result.ACCEPTED, at
    row.next_look_at = row.sent_at + settings.RECHECK_AFTER[0]
    Notice.objects.filter(pk=row.notice_id).update(ask_at=None, due_at=None)


def last_start(row: Takedown) -> datetime | None:
    """When the last attempt began."""
    last = row.notice.attempts.order_by("-number").first()
    return last.started_at if last else None


def _seen(row: Takedown, outcome: Outcome, *, at: datetime) -> None:
    row.observed, row.observed_at = outcome, at
    if outcome == Outcome.SEEN_GONE and Status.GONE in states.TRANSITIONS[Status(row.status)]:
        if row.status == Status.UNKNOWN:
            return  # gone, but not known to be our doing: the sending is settled first
        row.move(Status.GONE, at=at)
        row.gone_at = at
        row.acted_at = row.acted_at or at
        if row.next_look_at is not None:
            row.next_look_at = min(row.next_look_at, at + states.STAYED)
    elif outcome == Outcome.SEEN_GONE and _was_withdrawn(row):
        row.acted_at = row.acted_at or at
    elif outcome == Outcome.SEEN_THERE and row.status == Status.GONE:
        row.move(Status.REAPPEARED, at=at)
        row.gone_at, row.reappeared_at = None, at


def tell(row: Takedown, outcome: Outcome, *, before: Status, at: datetime) -> None:
    """What a change of status means for the young person and for the case's timeline."""
    if news := _news(row, outcome, before=before, at=at):
        reports.post_updates(news)
    happened(row.case, Happening.OUTCOME, by=None, at=at, status=row.status, platform=row.platform.name)


def _news(row: Takedown, outcome: Outcome, *, before: Status, at: datetime) -> list[reports.NewsItem]:
    data: dict[str, Any] = {"platform": row.platform.name}
    if row.next_look_at is not None:
        data["next_look"] = row.next_look_at.isoformat()
    items = []
    if before == Status.UNKNOWN and row.sent_at is not None:
        items.append((News.SENT, row.sent_at))
    if row.status == Status.REAPPEARED:
        items.append((News.REAPPEARED, at))
    elif outcome == Outcome.SEEN_THERE:
        items.append((News.STILL_THERE, at))
    elif outcome in states.NEWS_OF and row.status == (states.STATUS_OF.get(outcome) or Status.GONE):
        items.append((states.NEWS_OF[outcome], at))
    if row.escalates_id is not None and outcome not in states.STATUS_OF:
        items = []  # what a look saw is told by the first request of the link
    return [
        reports.NewsItem(report_id=row.case.report_id, link_id=row.link_id, what=what, at=when, data=data)
        for what, when in items
    ]


# --- a person decides ---------------------------------------------------------------------------------


def _locked(takedown: Takedown, *, by: Staff) -> Takedown:
    check_can_work_on(takedown.case, by=by)
    return lock(takedown.pk)


def items_in(notice_id: UUID, status: Status) -> list[Takedown]:
    """The notice's takedowns that are in `status`, locked, in the one order."""
    rows = Takedown.objects.select_for_update(no_key=True, of=("self",)).select_related("case", "platform")
    return list(rows.filter(notice=notice_id, status=status).order_by("pk"))


def note(row: Takedown, what: str, *, source: Source, by: Staff | None, at: datetime, **detail: Any) -> None:
    """A line of the timeline and of the trail."""
    Event.objects.create(takedown=row, at=at, recorded_at=at, source=source, what=what, by=by, detail=detail)
    audit.record(by=by, verb=f"takedown.{what}", obj=row, at=at)


@transaction.atomic
def mark_filed(*, takedown: Takedown, reference: str, by: Staff, at: datetime) -> None:
    """A person filled in the platform's form. Raises ForbiddenMove unless it was waiting for that."""
    row = _locked(takedown, by=by)
    if row.status != Status.TO_FILE:
        raise ForbiddenMove(f"A takedown that is {row.status} can't be filed by hand.")
    lock_cases(row.notice_id)
    waiting = items_in(row.notice_id, Status.TO_FILE)
    # Whoever files reads, and files, what this case names; it is filed for everybody whom that harms.
    named = {one.item for one in waiting if one.case_id == row.case_id}
    for one in (one for one in waiting if one.item in named):
        mark_sent(one, at=at, started_at=at)
        one.save()
        note(one, Status.SENT, source=Source.PERSON, by=by, at=at, filed_by_hand=True)
        reports.post_update(
            report_id=one.case.report_id,
            link_id=one.link_id,
            what=News.SENT,
            at=at,
            data={"platform": one.platform.name},
        )
    Notice.objects.filter(pk=row.notice_id).update(reference=reference.strip()[:200])
    takedown.refresh_from_db()


@transaction.atomic
def note_answered(*, takedown: Takedown, by: Staff, at: datetime) -> None:
    """The platform was given what it asked for: its answer is awaited once more. Where its hours ran out meanwhile, it
    has them anew from now: see `ladder.clock.set_clocks`.

    For everybody who shares the item. Raises PermissionDenied, ForbiddenMove unless more was asked.
    """
    row = _locked(takedown, by=by)
    if row.status != Status.MORE_INFORMATION:
        raise ForbiddenMove(f"A takedown that is {row.status} was asked nothing.")
    lock_cases(row.notice_id)
    for one in items_in(row.notice_id, Status.MORE_INFORMATION):
        if one.item == row.item:
            one.move(Status.UNDER_REVIEW, at=at)
            one.save()
            note(one, "answered", source=Source.PERSON, by=by, at=at)
    if connector(row.notice.channel.kind).can_ask:
        Notice.objects.filter(pk=row.notice_id).update(poll_at=at + FIRST_POLL, polls=0)
    takedown.refresh_from_db()


@transaction.atomic
def resolve_unknown(
    *,
    takedown: Takedown,
    was_sent: bool,
    by: Staff | None,
    at: datetime,
    waits: timedelta = timedelta(),
) -> None:
    """Settle a send whose outcome nobody knew: it arrived, or it goes out again with the same key, once it `waits` no more.

    By a person, or (`by` None) by the platform's own answer to a query. Raises ForbiddenMove unless it is unknown.
    """
    if by is not None:
        check_can_work_on(takedown.case, by=by)
    notice = lock(takedown.pk).notice
    rows = items_in(notice.pk, Status.UNKNOWN)
    if takedown.pk not in {row.pk for row in rows}:
        raise ForbiddenMove("Only an unknown send can be settled.")
    lock_cases(notice.pk)
    source = Source.PERSON if by else Source.QUERY
    # A machine that keeps failing with it stops after a while; a person may always try once more.
    given_up = None if was_sent or by is not None else _enough(notice)
    if not was_sent and notices.unallowed(notice, rows):
        given_up = Why.WEAK  # signed, and nobody allows that any more
    for row in rows:
        if was_sent:
            mark_sent(row, at=at)
            reports.post_update(
                report_id=row.case.report_id,
                link_id=row.link_id,
                what=News.SENT,
                at=at,
                data={"platform": row.platform.name},
            )
        elif given_up is not None:
            row.move(Status.FAILED, at=at)
        else:
            row.move(Status.QUEUED, at=at)
        row.save()
        if given_up is not None:
            note(row, row.status, source=source, by=by, at=at, why=coded(given_up))
        else:
            note(row, row.status, source=source, by=by, at=at, was_sent=was_sent)
    notice.ask_at, notice.asks = None, 0
    notice.due_at = None if was_sent or given_up is not None else at + waits
    if given_up is not None:
        notice.failure = coded(given_up)
    if by is not None:
        notice.tries = 0
    notice.save(update_fields=["ask_at", "asks", "due_at", "failure", "tries"])
    if notice.due_at is not None:
        wake(SEND)
    takedown.refresh_from_db()


@transaction.atomic
def undo_resend(*, takedown: Takedown, by: Staff, at: datetime) -> None:
    """A person's "it did not arrive" was a slip: nobody knows again, and nothing leaves. The timeline keeps both.

    Raises PermissionDenied, and ForbiddenMove once it began to leave, or was decided otherwise.
    """
    check_can_work_on(takedown.case, by=by)
    notice = lock(takedown.pk).notice
    rows = items_in(notice.pk, Status.QUEUED)
    row = next((one for one in rows if one.pk == takedown.pk), None)
    settled = row.events.filter(detail__has_key="was_sent").order_by("-recorded_at").first() if row else None
    if settled is None or settled.source != Source.PERSON or settled.detail["was_sent"]:
        raise ForbiddenMove("Nobody found that it did not arrive.")
    if notice.attempts.filter(started_at__gt=settled.recorded_at).exists():
        raise ForbiddenMove("It was sent again meanwhile.")
    for one in rows:
        one.move_back(Status.UNKNOWN, at=at)
        one.save(update_fields=["status", "status_at"])
        note(one, Status.UNKNOWN, source=Source.PERSON, by=by, at=at, unsettled=True)
    notice.due_at, notice.asks = None, 0
    notice.ask_at = at if connector(notice.channel.kind).can_ask else None
    if notice.lease_until is not None:
        # A worker took it and has not looked at it yet: by its fence it will find it gone.
        notice.lease_until, notice.fence = None, notice.fence + 1
    notice.save(update_fields=["due_at", "ask_at", "asks", "lease_until", "fence"])
    takedown.refresh_from_db()


def _enough(notice: Notice) -> Why | None:
    """Why a machine does not try this one again, if so."""
    if notice.attempts.filter(detail=SILENT).count() >= MAX_CRASHES:
        return Why.CRASHED
    return Why.GIVEN_UP if notice.tries >= MAX_TRIES else None


@transaction.atomic
def cancel(*, takedown: Takedown, by: Staff, at: datetime) -> None:
    """Not to be sent after all. Raises ForbiddenMove once it left, or is leaving."""
    row = _locked(takedown, by=by)
    row.move(Status.CANCELLED, at=at)
    row.next_look_at = None
    row.save()
    _stop_sending([row.notice_id])
    Link.objects.filter(pk=row.link_id, status=LinkStatus.IN_PROGRESS).update(
        status=LinkStatus.RECEIVED, status_at=at
    )
    note(row, Status.CANCELLED, source=Source.PERSON, by=by, at=at)
    takedown.refresh_from_db()


@transaction.atomic
def retry(*, takedown: Takedown, by: Staff, at: datetime) -> None:
    """Try again what failed, with the same notice and the same key. Raises ForbiddenMove, AlreadyRequested, NoChannel,
    WeakNotice where it is signed and nobody allows that any more.

    What is being asked for in another case's name meanwhile is shared instead, and this row is cancelled.
    """
    waiting = list(Link.objects.filter(takedowns__notice=takedown.notice_id, takedowns__status=Status.FAILED))
    sharing.lock_contents(waiting)
    check_can_work_on(takedown.case, by=by)
    running = sharing.running(waiting, besides=takedown.case)
    others = {one.pk: one for one in lock_all([takedown.pk, *(one.pk for one in running.values())])}
    row = others.pop(takedown.pk)
    if row.status != Status.FAILED:
        raise ForbiddenMove("Only a failed send can be tried again.")
    live = _live_takedown(row.link)
    if live is not None:
        raise AlreadyRequested(live)
    channel = Channel.objects.get(pk=row.notice.channel_id)
    if not channel.enabled or connector(channel.kind).by_hand:
        raise NoChannel(row.platform)
    lock_cases(row.notice_id)
    asked = {sharing.content_key(one.link): one for one in others.values()}
    rows = [one for one in items_in(row.notice_id, Status.FAILED) if _live_takedown(one.link) is None]
    if notices.unallowed(row.notice, rows):
        raise WeakNotice([linting.finding("no_signature")])
    for one in rows:
        other = asked.get(sharing.content_key(one.link))
        if (
            other is not None
            and other.status not in states.MAY_ASK_AGAIN
            and other.notice_id != one.notice_id
        ):
            give_way(one, other, by=by, at=at)
            continue
        one.move(Status.QUEUED, at=at)
        one.save()
        note(one, Status.QUEUED, source=Source.PERSON, by=by, at=at, again=True)
    leaves = any(one.status == Status.QUEUED for one in rows)
    Notice.objects.filter(pk=row.notice_id).update(
        due_at=at if leaves else None, tries=0, asks=0, crashes=0, failure=""
    )
    wake(SEND)
    takedown.refresh_from_db()


def give_way(row: Takedown, other: Takedown, *, by: Staff, at: datetime) -> None:
    """Somebody else asks for the same content already: this row, locked, is cancelled, and shares that request."""
    row.move(Status.CANCELLED, at=at)
    row.save()
    note(row, Status.CANCELLED, source=Source.PERSON, by=by, at=at, shared=True)
    join(row.link, other, case=row.case, by=by, at=at)


# --- the young person decides -------------------------------------------------------------------------


@transaction.atomic
def follow_withdrawals(*, at: datetime, limit: int = 500) -> int:
    """Stop what the young person withdrew or erased. What is leaving this moment is stopped on the next sweep."""
    wanted_no_more = (
        Takedown.objects.filter(link__status=LinkStatus.WITHDRAWN)
        .exclude(status__in=[*states.ENDED, Status.SENDING, Status.GONE])
        .values_list("pk", flat=True)[:limit]
    )
    rows = []
    for row in lock_all(list(wanted_no_more)):
        if Status.WITHDRAWN not in states.TRANSITIONS[Status(row.status)]:
            continue  # it began to leave, or ended, a moment ago
        row.move(Status.WITHDRAWN, at=at)
        row.next_look_at = None
        row.save()
        note(row, Status.WITHDRAWN, source=Source.YOUNG_PERSON, by=None, at=at)
        rows.append(row)
    _stop_sending({row.notice_id for row in rows})
    _forget_erased(limit=limit)
    return len(rows)


def _stop_sending(notice_ids: Iterable[Any]) -> None:
    """A notice none of whose items is still wanted is not due any more."""
    wanted = (
        Takedown.objects.filter(notice__in=list(notice_ids)).exclude(status__in=states.ENDED).values("notice")
    )
    Notice.objects.filter(pk__in=list(notice_ids)).exclude(pk__in=wanted).update(due_at=None, ask_at=None)


def _forget_erased(*, limit: int) -> None:
    rows = Takedown.objects.filter(notice=OuterRef("pk"))
    erased, living = (
        rows.filter(case__report__status=ReportStatus.ERASED),
        rows.exclude(case__report__status=ReportStatus.ERASED),
    )
    resting = Notice.objects.filter(lease_until=None).exclude(key=None)
    for notice in resting.filter(Exists(erased), ~Exists(living))[:limit]:
        notice.save(update_fields=privacy.blank(notice))
        Event.objects.filter(takedown__notice=notice).update(words=None)
        Takedown.objects.filter(notice=notice).update(next_look_at=None)
    shared = resting.select_for_update(no_key=True, skip_locked=True)
    for notice in shared.filter(Exists(erased.exclude(item_id=None)), Exists(living))[:limit]:
        _forget_one_of_several(notice)


def _forget_one_of_several(notice: Notice) -> None:
    """Others still want this notice: what only the erased one named goes from its words, and every fingerprint beside."""
    rows = list(notice.takedowns.select_related("case__report"))
    gone = [row for row in rows if row.case.report.status == ReportStatus.ERASED]
    kept = {row.item for row in rows if row not in gone}
    content = notices.content_of(notice, items=kept)
    touched = {str(row.item) for row in gone}
    items = tuple(replace(one, fingerprints=()) if one.item_id in touched else one for one in content.items)
    notice.content = notice.box().seal(notice, "content", notices.to_json(replace(content, items=items)))
    notice.save(update_fields=["content"])
    Event.objects.filter(takedown__in=gone).update(words=None)
    Takedown.objects.filter(pk__in=[row.pk for row in gone]).update(item_id=None, next_look_at=None)


# --- for whoever watches ------------------------------------------------------------------------------


def oldest_due() -> datetime | None:
    """Since when the oldest row that may leave has been waiting for a worker; None when nothing is due."""
    now = timezone.now()
    usable = Channel.objects.sending().filter(Q(paused_until=None) | Q(paused_until__lte=now))
    due = [
        Notice.objects.filter(due_at__lte=now, channel__in=usable).aggregate(m=Min("due_at"))["m"],
        Notice.objects.filter(lease_until__lte=now).aggregate(m=Min("lease_until"))["m"],
    ]
    return min((moment for moment in due if moment is not None), default=None)


def look_after(takedown: Takedown, *, at: datetime) -> datetime | None:
    """When to look again: the next moment of the schedule after `at`, or when it will have stayed gone; None at its end."""
    start = takedown.sent_at or takedown.requested_at
    later: list[timedelta] = [wait for wait in settings.RECHECK_AFTER if start + wait > at]
    if later:
        following = start + later[0]
    elif takedown.status in states.ENDED:
        return None
    else:
        # Between looks that disagree (not yet three misses), and for as long as it is gone, look on at the longest pace.
        following = at + settings.RECHECK_AFTER[-1]
    stayed = takedown.gone_at + states.STAYED if takedown.gone_at is not None else None
    return min(following, stayed) if stayed is not None and stayed > at else following
