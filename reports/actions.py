"""What changes a report. Each action checks, writes, leaves a line in the trail and wakes who comes next."""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, cast
from uuid import UUID

from django.conf import settings
from django.db import connection, models, transaction
from django.utils.translation import gettext_lazy as _

from helpline import columns
from helpline.audit import actions as audit
from helpline.crypto import blind, wrapping
from helpline.crypto.box import Box
from helpline.ids import new_id
from helpline.platforms import directory
from helpline.platforms import links as platform_links
from helpline.platforms.models import Platform
from helpline.postgresql.base import DatabaseWrapper
from helpline.retention import privacy
from helpline.wake import wake
from reports import states
from reports.evidence import actions as evidence
from reports.models import Draft, Fingerprint, Link, Message, Nudge, Report
from reports.states import (
    BY_ITSELF,
    DANGER,
    AgeRange,
    Channel,
    Circumstance,
    Kind,
    LinkStatus,
    News,
    NudgeStatus,
    Status,
    Via,
    Who,
)

DRAFT_LIFE = timedelta(days=7)
SECOND_TAP = timedelta(minutes=1)
MOST_LINKS = 200  # that a young person can add to one report, four pages of the form
TRIAGE = "cases.tasks.triage_new_reports"
FOLLOW_WITHDRAWALS = "cases.takedowns.tasks.follow_withdrawals"
SEND_NUDGES = "reports.tasks.send_nudges"
# What is worth a neutral sign to those who chose to get one: it needs them, or ends their wait.
WORTH_A_NUDGE = frozenset(
    {News.GONE, News.REFUSED, News.NOT_FOUND, News.MORE_INFORMATION, News.REAPPEARED, News.CLOSED}
)


@dataclass(frozen=True, slots=True)
class LinkFacts:
    """One place: a cleaned address, an account name, or both."""

    url: str = ""
    account: str = ""
    platform: str = ""  # slug; empty: recognised from the address
    site: str = ""  # what they call a site that the directory does not name
    seen_at: datetime | None = None
    reported_before: bool | None = None


@dataclass(frozen=True, slots=True)
class FingerprintFacts:
    """Lower-case hexadecimal value; PDQ has 64 digits and a quality from 0 to 100."""

    algorithm: str
    value: str
    quality: int | None = None


@dataclass(frozen=True, slots=True)
class Submission:
    """Everything a report holds, validated by the form or by the API's serializer."""

    language: str
    who: Who
    age_range: AgeRange
    kind: Kind
    channel: Channel = Channel.WEB
    circumstances: tuple[Circumstance, ...] = ()
    story: str = ""
    school: str = ""
    deadline_at: datetime | None = None
    links: tuple[LinkFacts, ...] = ()
    fingerprints: tuple[FingerprintFacts, ...] = ()
    contact: dict[str, Any] = field(default_factory=lambda: {"via": "none"})
    answers: dict[str, Any] = field(default_factory=dict)


class DraftGone(Exception):
    """The draft expired or was erased."""


class TooManyLinks(Exception):
    """More places than one report may hold. `sentence` says so to the young person."""

    sentence = _("This is more than one report can hold. Tell us about the others in a message.")


# --- writing and sending ------------------------------------------------------------------------------


@transaction.atomic
def start_draft(*, language: str, code: str, answers: dict[str, Any], at: datetime) -> Draft:
    """The first answer. From here on the code opens everything."""
    draft = Draft(
        id=new_id(),
        language=language,
        started_at=at,
        changed_at=at,
        expires_at=at + DRAFT_LIFE,
        locator=blind.locator(code),
    )
    key = wrapping.new_data_key()
    draft.code_key = wrapping.wrap_for_code(key, code=code, about=draft.about)
    draft.answers = Box(key).seal_json(draft, "answers", answers)
    draft.save(force_insert=True)
    return draft


def save_draft(*, draft: Draft, box: Box, answers: dict[str, Any], language: str, at: datetime) -> None:
    """Keep the answers so far, for another seven days. Raises DraftGone."""
    kept = Draft.objects.filter(pk=draft.pk).update(
        answers=box.seal_json(draft, "answers", answers),
        language=language,
        changed_at=at,
        expires_at=at + DRAFT_LIFE,
    )
    if not kept:
        raise DraftGone


def discard_draft(*, draft: Draft) -> None:
    """Forget what was written and never sent. It was nobody else's, so the trail says nothing of it."""
    Draft.objects.filter(pk=draft.pk).delete()


@transaction.atomic
def submit_draft(
    *,
    draft_id: UUID,
    code: str,
    submission: Submission,
    at: datetime,
    before: Submission | None = None,
    is_complete: bool = True,
) -> Report:
    """Send what was written. Sent twice, the second time finds the first's report: nothing is doubled.

    With `is_complete` false it is raised at once while the person goes on answering: the draft stays, and each later
    call brings the report up to what was said since `before`, what the draft said at the last call. Raises DraftGone when
    there is neither a draft nor a report.
    """
    draft = Draft.objects.select_for_update().filter(pk=draft_id).first()
    report = (
        Report.objects.select_for_update(no_key=True).filter(pk=draft_id, locator=blind.locator(code)).first()
    )
    if draft is None:
        if report is None:
            raise DraftGone
        return report
    if report is None:
        report = submit_report(
            submission=submission, code=code, at=at, report_id=draft.pk, is_complete=is_complete
        )
    else:
        box = report.box_for_code(code)
        before = before or replace(
            submission, circumstances=(), deadline_at=None, contact={"via": "none"}, links=()
        )
        _retell(report, submission, before, box=box, at=at, is_complete=is_complete)
    evidence.hand_over(draft=draft, report=report, code=code)
    if is_complete:
        draft.delete()
    return report


def submit_report(
    *,
    submission: Submission,
    code: str,
    at: datetime,
    by: models.Model | str = audit.YOUNG_PERSON,
    report_id: UUID | None = None,
    is_complete: bool = True,
    said_aloud: bool = False,
) -> Report:
    """A report with its links and fingerprints, sealed for the staff and for `code` (normalised), all in one statement.

    `said_aloud`: somebody else than the young person sees the code, so they take one of their own first.
    """
    key = wrapping.new_data_key()
    box = Box(key)
    report = Report(
        id=report_id or new_id(),
        channel=submission.channel,
        submitted_at=at,
        last_contact_at=at,
        locator=blind.locator(code),
        is_complete=is_complete,
        code_said_aloud=said_aloud,
    )
    report.staff_key = wrapping.wrap_for_staff(key, about=report.about)
    report.code_key = wrapping.wrap_for_code(key, code=code, about=report.about)
    _tell(report, submission, box)
    _hear_danger(report, submission.circumstances, at=at)
    columns.insert_together(
        [report],
        _links(report, box, submission.links, at=at, first=1),
        [_fingerprint(report, box, facts) for facts in submission.fingerprints],
        [audit.row(by=by, verb="report.submitted", obj=report, detail={"channel": report.channel}, at=at)],
    )
    wake(TRIAGE)
    return report


def _tell(report: Report, submission: Submission, box: Box) -> None:
    """Put what was said into the row, unsaved; all but links and fingerprints, which are rows of their own."""
    report.language = submission.language
    report.who = submission.who
    report.age_range = submission.age_range
    report.kind = submission.kind
    report.circumstances = list(submission.circumstances)
    report.deadline_at = submission.deadline_at
    report.contact_via = submission.contact.get("via", Via.NONE)
    report.school_index = blind.index("school", " ".join(submission.school.casefold().split()))
    report.story = box.seal(report, "story", submission.story)
    report.school = box.seal(report, "school", submission.school)
    report.answers = box.seal_json(report, "answers", _with_sites(submission.answers, submission.links))
    report.contact = (
        box.seal_json(report, "contact", submission.contact) if report.contact_via != Via.NONE else None
    )


def _hear_danger(report: Report, told: Iterable[str], *, at: datetime) -> bool:
    """Does what was just told speak of danger? Then it calls from now on, unsaved, whatever was said before."""
    if DANGER.isdisjoint(told):
        return False
    # Later than the word of whoever said that it was over, whichever of the two waited for the other.
    over = report.danger_over_at
    report.danger_at = at if over is None else max(at, over + timedelta(microseconds=1))
    report.danger_over_at = None
    return True


def _with_sites(answers: dict[str, Any], links: Iterable[LinkFacts]) -> dict[str, Any]:
    """The answers, with every name of a site that the directory does not know, once."""
    names = dict.fromkeys([*_sites(answers), *(one.site for one in links if one.site)])
    return answers | {"site": ", ".join(names)} if names else answers


def _sites(answers: dict[str, Any]) -> list[str]:
    return [name for name in str(answers.get("site", "")).split(", ") if name]


TOLD = (
    *("language", "who", "age_range", "kind", "circumstances", "deadline_at", "contact_via", "school_index"),
    *("danger_at", "danger_over_at"),
    *("story", "school", "answers", "contact", "is_complete", "is_retold", "last_contact_at"),
)


def _retell(
    report: Report,
    submission: Submission,
    before: Submission,
    *,
    box: Box,
    at: datetime,
    is_complete: bool,
    by: models.Model | str = audit.YOUNG_PERSON,
) -> None:
    """Bring a report that was raised early up to what its draft says by now.

    Only what the draft says otherwise than `before`: meanwhile a link may have been taken back on the follow page, a way
    of contact stopped, a fact added. Links are added, never taken away.
    """
    told = {*report.circumstances} - {*before.circumstances} | {*submission.circumstances}
    deadline_at = submission.deadline_at
    if deadline_at == before.deadline_at:
        deadline_at = report.deadline_at  # a colleague may have corrected it since
        told -= set() if deadline_at or not before.deadline_at else {Circumstance.DEADLINE}
    is_same_contact = submission.contact == before.contact
    said_before = {(one.url, one.account, one.platform) for one in before.links}
    sites = [one for one in _sites(box.open_json(report, "answers")) if one not in _sites(before.answers)]
    _tell(
        report,
        replace(
            submission,
            circumstances=tuple(one for one in Circumstance if one in told),
            deadline_at=deadline_at,
            contact=box.open_json(report, "contact") if is_same_contact else submission.contact,
            answers=_with_sites(submission.answers, [LinkFacts(site=one) for one in sites]),
        ),
        box,
    )
    _hear_danger(report, {*submission.circumstances} - {*before.circumstances}, at=at)
    report.is_complete = is_complete
    report.is_retold = True
    report.last_contact_at = at
    report.save(update_fields=TOLD)
    fresh = [one for one in submission.links if (one.url, one.account, one.platform) not in said_before]
    with suppress(
        TooManyLinks
    ):  # said where links are added by hand; here the rest of the answer must arrive
        _add_links(report, box, fresh, at=at, most=MOST_LINKS)
    _add_fingerprints(report, box, submission.fingerprints)
    detail: audit.Detail = {"complete": is_complete}
    audit.record(by=by, verb="report.retold", obj=report, detail=detail, at=at)
    wake(TRIAGE)


@transaction.atomic
def retell_report(
    *,
    report: Report,
    submission: Submission,
    before: Submission,
    box: Box,
    by: models.Model,
    at: datetime,
    is_complete: bool,
) -> Report:
    """The same for what a colleague writes down while listening. Raises WrongKey once the report is erased."""
    locked = _locked(report)
    _retell(locked, submission, before, box=box, at=at, is_complete=is_complete, by=by)
    return locked


def _links(report: Report, box: Box, facts: Iterable[LinkFacts], *, at: datetime, first: int) -> list[Link]:
    """Unsaved rows."""
    known = directory.current().by_slug
    rows = []
    for position, one in enumerate(facts, start=first):
        recognised = platform_links.recognise_cleaned(one.url) if one.url else None
        platform = known.get(one.platform) or (known.get(recognised.platform_slug) if recognised else None)
        platform = platform or Platform.objects.catch_all()
        account = " ".join(one.account.split()) or (
            recognised.account if recognised and recognised.account else ""
        )
        link = Link(
            id=new_id(),
            report_id=report.pk,
            position=position,
            platform_id=platform.pk,
            kind=recognised.kind if recognised else "profile",
            url_index=blind.index("url", recognised.key) if recognised else None,
            account_index=blind.index("account", platform_links.account_key(platform.slug, account))
            if account
            else None,
            seen_at=one.seen_at,
            reported_before=one.reported_before,
            status_at=at,
            added_at=at,
        )
        link.url = box.seal(link, "url", one.url)
        link.account = box.seal(link, "account", account)
        rows.append(link)
    return rows


def _index_of(facts: LinkFacts) -> bytes | None:
    """What this place is recognised by: its address, else its account."""
    if facts.url:
        return blind.index("url", platform_links.blind_key(facts.url))
    return blind.index("account", platform_links.account_key(facts.platform or "other", facts.account))


def _fingerprint(report: Report, box: Box, facts: FingerprintFacts) -> Fingerprint:
    row = Fingerprint(
        id=new_id(),
        report_id=report.pk,
        algorithm=facts.algorithm,
        quality=facts.quality,
        value_index=blind.index(facts.algorithm, facts.value),
    )
    row.value = box.seal(row, "value", facts.value)
    return row


def _locked(report: Report) -> Report:
    """The row, held until the transaction ends. Raises WrongKey once it is erased."""
    locked = Report.objects.select_for_update(no_key=True).get(pk=report.pk)
    if locked.status == Status.ERASED:
        raise wrapping.WrongKey("This report was erased.")
    return locked


@transaction.atomic
def add_links(
    *,
    report: Report,
    box: Box,
    facts: Sequence[LinkFacts],
    by: models.Model | str,
    at: datetime,
    most: int | None = None,
) -> list[Link]:
    """More places, from the young person or from the counsellor. Raises WrongKey once the report is erased.

    What is there already is not added again, unless it was withdrawn. Raises TooManyLinks when there would
    be more than `most`, the withdrawn ones counted.
    """
    locked = _locked(report)
    links = _add_links(locked, box, facts, at=at, most=most)
    if any(one.site for one in facts):
        told = box.open_json(locked, "answers")
        locked.answers = box.seal_json(locked, "answers", _with_sites(told, facts))
        locked.save(update_fields=["answers"])
    if links:
        locked.is_retold = locked.is_retold or by == audit.YOUNG_PERSON
        audit.record(by=by, verb="report.links_added", obj=locked, detail={"count": len(links)}, at=at)
        wake(TRIAGE)
    _touch(locked, at)
    return links


def _add_links(
    report: Report, box: Box, facts: Sequence[LinkFacts], *, at: datetime, most: int | None = None
) -> list[Link]:
    there = report.links.exclude(status=LinkStatus.WITHDRAWN)
    known = {bytes(one) for one in there.values_list("url_index", flat=True) if one is not None}
    # A post names its account, too, but is not the account.
    accounts = there.filter(kind=platform_links.LinkKind.PROFILE)
    known |= {bytes(one) for one in accounts.values_list("account_index", flat=True) if one is not None}
    fresh = [one for one in facts if _index_of(one) not in known]
    last = report.links.aggregate(last=models.Max("position"))["last"] or 0
    if most is not None and fresh and last + len(fresh) > most:
        raise TooManyLinks
    return Link.objects.bulk_create(_links(report, box, fresh, at=at, first=last + 1))


@transaction.atomic
def add_fingerprints(
    *, report: Report, box: Box, facts: Sequence[FingerprintFacts], at: datetime
) -> list[Fingerprint]:
    """More fingerprints, each kept once. Raises WrongKey once the report is erased."""
    locked = _locked(report)
    rows = _add_fingerprints(locked, box, facts)
    if rows:
        locked.is_retold = True
        detail: audit.Detail = {"count": len(rows)}
        audit.record(
            by=audit.YOUNG_PERSON, verb="report.fingerprints_added", obj=locked, detail=detail, at=at
        )
        wake(TRIAGE)
    _touch(locked, at)
    return rows


@transaction.atomic
def remove_fingerprints(*, report: Report, at: datetime) -> None:
    """The young person takes their fingerprints back: the rows go. What left already can't be called back.

    Raises WrongKey once the report is erased.
    """
    locked = _locked(report)
    gone, _rows = locked.fingerprints.all().delete()
    if gone:
        detail: audit.Detail = {"count": gone}
        audit.record(
            by=audit.YOUNG_PERSON, verb="report.fingerprints_removed", obj=locked, detail=detail, at=at
        )
        _touch(locked, at)


def _add_fingerprints(report: Report, box: Box, facts: Sequence[FingerprintFacts]) -> list[Fingerprint]:
    there = report.fingerprints.values_list("algorithm", "value_index")
    known = {(algorithm, bytes(index)) for algorithm, index in there if index is not None}
    rows = [_fingerprint(report, box, one) for one in facts]
    return Fingerprint.objects.bulk_create(
        row for row in rows if (row.algorithm, bytes(row.value_index or b"")) not in known
    )


@transaction.atomic
def add_circumstances(
    *,
    report: Report,
    circumstances: Iterable[Circumstance],
    at: datetime,
    deadline_at: datetime | None = None,
) -> None:
    """Something changed: more is true now than when it was told, or a threat runs out at `deadline_at`. The queue weighs
    it anew. Danger calls again each time it is told; only a second tap is the same one.

    Raises WrongKey once the report is erased.
    """
    locked = _locked(report)
    said = {*circumstances, *([Circumstance.DEADLINE] if deadline_at else [])}
    fresh = said - {*locked.holds}
    is_second_tap = locked.danger_at is not None and at - locked.danger_at < SECOND_TAP
    again = not DANGER.isdisjoint(said) and not is_second_tap
    if not (fresh or again or (deadline_at and deadline_at != locked.deadline_at)):
        return
    # A danger that is over stays told, so that taking that back finds it; told anew, only what is said now counts.
    told = {*(locked.circumstances if DANGER.isdisjoint(said) else locked.holds), *said}
    locked.circumstances = [one.value for one in Circumstance if one.value in told]
    locked.deadline_at = deadline_at or locked.deadline_at
    if again or not DANGER.isdisjoint(fresh):
        _hear_danger(locked, said, at=at)
    locked.is_retold = True
    locked.save(update_fields=["circumstances", "deadline_at", "danger_at", "danger_over_at"])
    _touch(locked, at)
    detail: audit.Detail = {"count": len(fresh)}
    audit.record(by=audit.YOUNG_PERSON, verb="report.facts_added", obj=locked, detail=detail, at=at)
    wake(TRIAGE)


@transaction.atomic
def set_deadline(*, report: Report, deadline_at: datetime | None, by: models.Model, at: datetime) -> None:
    """When a threat runs out, as a colleague learned it; None: there is no deadline. Whoever calls has it weighed anew.

    Raises WrongKey once the report is erased.
    """
    locked = _locked(report)
    others = {*locked.circumstances} - {Circumstance.DEADLINE}
    told = others | {Circumstance.DEADLINE} if deadline_at else others
    locked.circumstances = [one.value for one in Circumstance if one.value in told]
    locked.deadline_at = deadline_at
    locked.save(update_fields=["circumstances", "deadline_at"])
    report.circumstances, report.deadline_at = locked.circumstances, deadline_at
    verb = "report.deadline_set" if deadline_at else "report.deadline_removed"
    audit.record(by=by, verb=verb, obj=locked, at=at)


@transaction.atomic
def set_danger_over(*, report: Report, is_over: bool, by: models.Model, at: datetime) -> None:
    """A colleague is sure that the danger is over, or that it is not after all. Whoever calls has it weighed anew.

    Raises WrongKey once the report is erased.
    """
    locked = _locked(report)
    locked.danger_over_at = at if is_over else None
    locked.save(update_fields=["danger_over_at"])
    report.danger_over_at = locked.danger_over_at
    verb = "report.danger_over" if is_over else "report.danger_not_over"
    audit.record(by=by, verb=verb, obj=locked, at=at)


def facts_are_read(*, reports: Iterable[Report]) -> None:
    """The queue has weighed anew what was added to these reports."""
    Report.objects.filter(pk__in=[report.pk for report in reports]).update(is_retold=False)


# --- news and messages --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class NewsItem:
    """`what` happened to `link` (None: to the report as a whole) at `at`. `data` holds platform names and dates only."""

    report_id: UUID
    what: News
    at: datetime
    link_id: UUID | None = None
    data: dict[str, Any] = field(default_factory=dict)


# Parts of a WITH, so that others can tell in the same go with what they write: `told` has the values. The links are named by
# an array, too: the planner takes rows out of JSON for a hundred, and would read the whole table.
TELL = """told AS (
    INSERT INTO reports_update (report_id, link_id, what, at, data)
    SELECT report, link, what, at, data
    FROM jsonb_to_recordset(%s::jsonb) AS mine(report uuid, link uuid, what text, at timestamptz, data jsonb)
), stands AS (
    UPDATE reports_link AS link SET status = mine.status, status_at = mine.at
    FROM jsonb_to_recordset(%s::jsonb) AS mine(id uuid, status text, at timestamptz)
    WHERE link.id = mine.id AND link.id = ANY(%s::uuid[]) AND link.status <> %s::text
)"""
POST = f"WITH {TELL} SELECT"


def told(items: Sequence[NewsItem]) -> list[Any]:
    """The values of TELL. A link the young person withdrew stays withdrawn whatever else is learned of it. What is told
    last is where it stands.
    """
    stands: dict[str, tuple[LinkStatus, datetime]] = {}
    for item in items:
        status = states.LINK_STATUS_AFTER[item.what]
        if status is not None and item.link_id is not None:
            stands[str(item.link_id)] = status, item.at
    news = [
        {"report": item.report_id, "link": item.link_id, "what": item.what, "at": item.at, "data": item.data}
        for item in items
    ]
    links = [
        {"id": link, "status": stands[link][0], "at": stands[link][1]}
        for link in sorted(stands)  # always the same order: no two wait for each other
    ]
    return [columns.as_json(news), columns.as_json(links), sorted(stands), LinkStatus.WITHDRAWN.value]


def post_updates(items: Sequence[NewsItem]) -> None:
    """Tell the young people, in one statement for any number of items. Call it inside the transaction of the fact."""
    cast(DatabaseWrapper, connection).execute_prepared(POST, told(items))
    nudge(items)


def nudge(items: Sequence[NewsItem]) -> None:
    """Leave a sign of what was told, where it is worth one."""
    if worth := [item for item in items if item.what in WORTH_A_NUDGE]:
        _nudge({item.report_id for item in worth}, at=max(item.at for item in worth))


def _nudge(report_ids: Iterable[UUID], *, at: datetime) -> None:
    """Leave a sign to be sent, for those who chose to get one. One that waits already says it, too."""
    chosen = Report.objects.filter(pk__in=report_ids, contact_via__in=BY_ITSELF).exclude(status=Status.ERASED)
    ids = chosen.order_by("pk").values_list("pk", flat=True)
    rows = [Nudge(report_id=pk, made_at=at, due_at=at) for pk in ids]
    if rows:
        Nudge.objects.bulk_create(rows, ignore_conflicts=True)
        wake(SEND_NUDGES)


def post_update(
    *,
    report_id: UUID,
    what: News,
    at: datetime,
    link_id: UUID | None = None,
    data: dict[str, Any] | None = None,
) -> None:
    """One piece of news."""
    post_updates([NewsItem(report_id=report_id, link_id=link_id, what=what, at=at, data=data or {})])


@transaction.atomic
def send_message(*, report: Report, box: Box, text: str, by: models.Model | None, at: datetime) -> Message:
    """A line from the young person (`by` None) or from a counsellor. Raises WrongKey once the report is erased.

    The young person's last line, sent again within the minute, is the same line: a second tap doubles nothing.
    """
    locked = _locked(report)
    if by is None:
        last = locked.messages.order_by("-at", "-id").first()
        is_ours = last is not None and last.author == Message.Author.YOUNG_PERSON
        if last and is_ours and at - last.at < SECOND_TAP and box.open(last, "body") == text:
            return last
    message = Message(
        report=locked,
        author=Message.Author.HELPLINE if by else Message.Author.YOUNG_PERSON,
        staff_id=by.pk if by else None,
        at=at,
    )
    message.body = box.seal(message, "body", text)
    message.save(force_insert=True)
    _touch(locked, at)
    audit.record(by=by or audit.YOUNG_PERSON, verb="message.sent", obj=locked, at=at)
    if by is None:
        wake(TRIAGE)
    else:
        _nudge([locked.pk], at=at)
    return message


def mark_read(*, report: Report, author: str, at: datetime) -> None:
    """The other side has read everything that `author` wrote until `at`."""
    report.messages.filter(author=author, read_at=None, at__lte=at).update(read_at=at)


def _touch(report: Report, at: datetime) -> None:
    report.last_contact_at = at
    report.save(update_fields=["last_contact_at", "is_retold"])


@transaction.atomic
def set_status(
    *, report: Report, status: Status, news: News | None, by: models.Model | None, at: datetime
) -> None:
    """Move a report because its case moved, and say so to the young person. Raises ForbiddenMove."""
    locked = Report.objects.select_for_update(no_key=True).get(pk=report.pk)
    locked.move(status)
    locked.save(update_fields=["status"])
    report.status = locked.status
    if news is not None:
        post_update(report_id=locked.pk, what=news, at=at)
    audit.record(by=by, verb=f"report.{status}", obj=locked, at=at)


# --- the young person's own decisions -----------------------------------------------------------------


@transaction.atomic
def withdraw(*, report: Report, links: Iterable[Link], at: datetime) -> None:
    """Stop asking for these links: what left can't be called back, nothing more leaves. Twice is as once."""
    ids = [link.pk for link in links]
    locked = Report.objects.select_for_update(no_key=True).get(pk=report.pk)
    still_asked = locked.links.filter(pk__in=ids).exclude(status=LinkStatus.WITHDRAWN)
    fresh = list(still_asked.values_list("pk", flat=True))
    if not fresh:
        return
    post_updates([NewsItem(report_id=locked.pk, link_id=pk, what=News.WITHDRAWN, at=at) for pk in fresh])
    _touch(locked, at)
    detail: audit.Detail = {"links": len(fresh)}
    audit.record(by=audit.YOUNG_PERSON, verb="report.withdrawn", obj=locked, detail=detail, at=at)
    wake(FOLLOW_WITHDRAWALS)


@transaction.atomic
def erase_report(*, report: Report, by: models.Model | str, at: datetime) -> None:
    """Forget the person: destroy the keys, blank what identifies, keep dates and outcomes. Twice is the same as once."""
    # The draft first, where a report was raised before it was finished: as whoever sends it locks them.
    draft = Draft.objects.select_for_update().filter(pk=report.pk).first()
    locked = Report.objects.select_for_update(no_key=True).get(pk=report.pk)
    if locked.status == Status.ERASED:
        return
    locked.move(Status.ERASED)
    locked.erased_at = at
    locked.is_retold = False
    _blank([locked], extra=["status", "erased_at", "is_retold"])
    _blank(locked.evidence.defer("picture"))
    if draft is not None:
        draft.delete()
    locked.nudges.filter(status=NudgeStatus.WAITING).update(
        status=NudgeStatus.REFUSED, why="erased", done_at=at
    )
    _blank(locked.links.all())
    _blank(locked.fingerprints.all())
    _blank(locked.messages.all())
    locked.links.exclude(status__in=[LinkStatus.GONE, LinkStatus.WITHDRAWN]).update(
        status=LinkStatus.WITHDRAWN, status_at=at
    )
    audit.record(by=by, verb="report.erased", obj=locked, at=at)
    wake(FOLLOW_WITHDRAWALS)


def _blank(rows: Iterable[models.Model], *, extra: Sequence[str] = ()) -> None:
    for row in rows:
        row.save(update_fields=[*privacy.blank(row), *extra])


# --- a code that was said aloud -----------------------------------------------------------------------


class CodeTaken(Exception):
    """They have a code of their own by now, and nobody changes it alone."""


@transaction.atomic
def say_another_code(*, report: Report, box: Box, code: str, by: models.Model, at: datetime) -> None:
    """A colleague reads `code` aloud; the one before opens nothing from here on. Raises CodeTaken, WrongKey once erased."""
    locked = _locked(report)
    if not locked.code_said_aloud:
        raise CodeTaken
    _say(locked, box, code)
    audit.record(by=by, verb="report.code_said", obj=locked, at=at)


@transaction.atomic
def give_another_code(*, report: Report, box: Box, code: str, by: models.Model, at: datetime) -> None:
    """A code of their own stopped working: a colleague reads `code` aloud, and the one before opens nothing from here on,
    whoever has it. Call it on a second person's word only. Raises WrongKey once erased.
    """
    locked = _locked(report)
    _say(locked, box, code)
    audit.record(by=by, verb="report.code_given", obj=locked, at=at)


def _say(locked: Report, box: Box, code: str) -> None:
    locked.code_key = wrapping.wrap_for_code(box.key, code=code, about=locked.about)
    locked.locator = blind.locator(code)
    locked.code_said_aloud = True
    locked.save(update_fields=["code_key", "locator", "code_said_aloud"])
    evidence.say_another_code(report=locked, code=code)


@transaction.atomic
def keep_no_code(*, report: Report, by: models.Model, at: datetime) -> None:
    """They can't take a code: none opens it from here on. Twice is as once. Raises CodeTaken, WrongKey once erased."""
    locked = _locked(report)
    if locked.code_key is None:
        return
    if not locked.code_said_aloud:
        raise CodeTaken
    locked.code_key = locked.locator = None
    locked.save(update_fields=["code_key", "locator"])
    audit.record(by=by, verb="report.no_code", obj=locked, at=at)


@transaction.atomic
def change_code(*, report: Report, code: str, fresh: str, at: datetime) -> None:
    """`fresh`, which only they know, opens everything that `code` opened, and `code` opens nothing any more.

    Twice is as once. Raises WrongKey once the report is erased, or when somebody changed `code` into another one.
    """
    locked = _locked(report)
    try:
        box = locked.box_for_code(code)
    except wrapping.WrongKey:
        locked.box_for_code(fresh)  # another tab was a moment faster
        return
    locked.code_key = wrapping.wrap_for_code(box.key, code=fresh, about=locked.about)
    locked.locator = blind.locator(fresh)
    locked.code_said_aloud = False
    locked.save(update_fields=["code_key", "locator", "code_said_aloud"])
    evidence.change_code(report=locked, code=code, fresh=fresh)
    audit.record(by=audit.YOUNG_PERSON, verb="report.code_changed", obj=locked, at=at)


def erase_expired(*, now: datetime, limit: int = 200) -> int:
    """Erase reports nobody has touched for `settings.RETENTION`. Returns how many."""
    over = Report.objects.filter(last_contact_at__lte=now - settings.RETENTION).exclude(status=Status.ERASED)
    count = 0
    for report in over.order_by("last_contact_at")[:limit]:
        with transaction.atomic():
            if (
                over.select_for_update(no_key=True, of=("self",)).filter(pk=report.pk).exists()
            ):  # still untouched
                erase_report(report=report, by=audit.SYSTEM, at=now)
                count += 1
    return count


@transaction.atomic
def purge_expired_drafts(*, now: datetime) -> int:
    """Drafts nobody came back to. Returns how many were deleted; one that somebody is writing in stays."""
    over = Draft.objects.select_for_update(skip_locked=True).filter(expires_at__lte=now)
    ids = list(over.values_list("pk", flat=True))
    Draft.objects.filter(pk__in=ids).delete()
    return len(ids)


def open_by_code(code: str) -> Report | Draft | None:
    """What stands behind a normalised code. One lookup whatever the code, so that its time tells nothing."""
    where = blind.locator(code)
    return Report.objects.filter(locator=where).first() or Draft.objects.filter(locator=where).first()
