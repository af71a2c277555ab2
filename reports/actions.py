"""What changes a report. Each action checks, writes, leaves a line in the trail and wakes who comes next."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.db import models, transaction
from django.utils.translation import gettext_lazy as _

from helpline import columns
from helpline.audit import actions as audit
from helpline.crypto import blind, wrapping
from helpline.crypto.box import Box
from helpline.platforms import directory
from helpline.platforms import links as platform_links
from helpline.platforms.models import Platform
from helpline.retention import privacy
from helpline.wake import wake
from reports import states
from reports.models import Draft, Fingerprint, Link, Message, Report, Update
from reports.states import AgeRange, Channel, Circumstance, Kind, LinkStatus, News, Status, Who

DRAFT_LIFE = timedelta(days=7)
SECOND_TAP = timedelta(minutes=1)
MOST_LINKS = 200  # that a young person can add to one report, four pages of the form
TRIAGE = "cases.tasks.triage_new_reports"
FOLLOW_WITHDRAWALS = "cases.takedowns.tasks.follow_withdrawals"


@dataclass(frozen=True, slots=True)
class LinkFacts:
    """One place: a cleaned address, an account name, or both."""

    url: str = ""
    account: str = ""
    platform: str = ""  # slug; empty: recognised from the address
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
        id=uuid4(),
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
def submit_draft(*, draft_id: UUID, code: str, submission: Submission, at: datetime) -> Report:
    """Send what was written. Sent twice, the second time finds the first's report: nothing is doubled.

    Raises DraftGone when there is neither a draft nor a report.
    """
    draft = Draft.objects.select_for_update().filter(pk=draft_id).first()
    if draft is None:
        sent = Report.objects.filter(pk=draft_id, locator=blind.locator(code)).first()
        if sent is None:
            raise DraftGone
        return sent
    report = submit_report(submission=submission, code=code, at=at, report_id=draft.pk)
    draft.delete()
    return report


@transaction.atomic
def submit_report(
    *,
    submission: Submission,
    code: str,
    at: datetime,
    by: models.Model | str = audit.YOUNG_PERSON,
    report_id: UUID | None = None,
) -> Report:
    """A report with its links and fingerprints, sealed for the staff and for `code` (normalised)."""
    key = wrapping.new_data_key()
    box = Box(key)
    report = Report(
        id=report_id or uuid4(),
        channel=submission.channel,
        language=submission.language,
        who=submission.who,
        age_range=submission.age_range,
        kind=submission.kind,
        circumstances=list(submission.circumstances),
        deadline_at=submission.deadline_at,
        submitted_at=at,
        last_contact_at=at,
        contact_via=submission.contact.get("via", "none"),
        locator=blind.locator(code),
        school_index=blind.index("school", " ".join(submission.school.casefold().split())),
    )
    report.staff_key = wrapping.wrap_for_staff(key, about=report.about)
    report.code_key = wrapping.wrap_for_code(key, code=code, about=report.about)
    report.story = box.seal(report, "story", submission.story)
    report.school = box.seal(report, "school", submission.school)
    report.answers = box.seal_json(report, "answers", submission.answers)
    if report.contact_via != "none":
        report.contact = box.seal_json(report, "contact", submission.contact)
    report.save(force_insert=True)
    Link.objects.bulk_create(_links(report, box, submission.links, at=at, first=1))
    Fingerprint.objects.bulk_create(_fingerprint(report, box, facts) for facts in submission.fingerprints)
    audit.record(by=by, verb="report.submitted", obj=report, detail={"channel": report.channel}, at=at)
    wake(TRIAGE)
    return report


def _links(report: Report, box: Box, facts: Iterable[LinkFacts], *, at: datetime, first: int) -> list[Link]:
    """Unsaved rows."""
    known = directory.current().by_slug
    rows = []
    for position, one in enumerate(facts, start=first):
        recognised = platform_links.recognise(one.url) if one.url else None
        platform = known.get(one.platform) or (known.get(recognised.platform_slug) if recognised else None)
        platform = platform or Platform.objects.catch_all()
        account = " ".join(one.account.split()) or (
            recognised.account if recognised and recognised.account else ""
        )
        link = Link(
            report=report,
            position=position,
            platform=platform,
            kind=recognised.kind if recognised else "profile",
            url_index=blind.index("url", platform_links.blind_key(one.url)) if one.url else None,
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
        report=report,
        algorithm=facts.algorithm,
        quality=facts.quality,
        value_index=blind.index(facts.algorithm, facts.value),
    )
    row.value = box.seal(row, "value", facts.value)
    return row


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
    locked = Report.objects.select_for_update().get(pk=report.pk)
    if locked.status == Status.ERASED:
        raise wrapping.WrongKey("This report was erased.")
    there = locked.links.exclude(status=LinkStatus.WITHDRAWN)
    known = {bytes(one) for one in there.values_list("url_index", flat=True) if one is not None}
    # A post names its account, too, but is not the account.
    accounts = there.filter(kind=platform_links.LinkKind.PROFILE)
    known |= {bytes(one) for one in accounts.values_list("account_index", flat=True) if one is not None}
    fresh = [one for one in facts if _index_of(one) not in known]
    last = locked.links.aggregate(last=models.Max("position"))["last"] or 0
    if most is not None and fresh and last + len(fresh) > most:
        raise TooManyLinks
    links = Link.objects.bulk_create(_links(locked, box, fresh, at=at, first=last + 1))
    _touch(locked, at)
    if links:
        audit.record(by=by, verb="report.links_added", obj=locked, detail={"count": len(links)}, at=at)
        wake(TRIAGE)
    return links


# --- news and messages --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class NewsItem:
    """`what` happened to `link` (None: to the report as a whole) at `at`. `data` holds platform names and dates only."""

    report_id: UUID
    what: News
    at: datetime
    link_id: UUID | None = None
    data: dict[str, Any] = field(default_factory=dict)


def post_updates(items: Sequence[NewsItem]) -> None:
    """Tell the young people, in a few statements for any number of items. Call it inside the transaction of the fact.

    A link the young person withdrew stays withdrawn whatever else is learned of it.
    """
    columns.insert(
        Update,
        {
            "report": [item.report_id for item in items],
            "link": [item.link_id for item in items],
            "what": [item.what.value for item in items],
            "at": [item.at for item in items],
            "data": [item.data for item in items],
        },
    )
    by_status: dict[tuple[LinkStatus, datetime], list[UUID]] = {}
    for item in items:
        status = states.LINK_STATUS_AFTER[item.what]
        if status is not None and item.link_id is not None:
            by_status.setdefault((status, item.at), []).append(item.link_id)
    for (status, at), ids in by_status.items():
        Link.objects.filter(pk__in=ids).exclude(status=LinkStatus.WITHDRAWN).update(
            status=status, status_at=at
        )


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
    locked = Report.objects.select_for_update().get(pk=report.pk)
    if locked.status == Status.ERASED:
        raise wrapping.WrongKey("This report was erased.")
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
    return message


def mark_read(*, report: Report, author: str, at: datetime) -> None:
    """The other side has read everything that `author` wrote until `at`."""
    report.messages.filter(author=author, read_at=None, at__lte=at).update(read_at=at)


def _touch(report: Report, at: datetime) -> None:
    report.last_contact_at = at
    report.save(update_fields=["last_contact_at"])


@transaction.atomic
def set_status(*, report: Report, status: Status, news: News | None, by: models.Model, at: datetime) -> None:
    """Move a report because its case moved, and say so to the young person. Raises ForbiddenMove."""
    locked = Report.objects.select_for_update().get(pk=report.pk)
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
    locked = Report.objects.select_for_update().get(pk=report.pk)
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
    locked = Report.objects.select_for_update().get(pk=report.pk)
    if locked.status == Status.ERASED:
        return
    locked.move(Status.ERASED)
    locked.erased_at = at
    _blank([locked], extra=["status", "erased_at"])
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


def erase_expired(*, now: datetime, limit: int = 200) -> int:
    """Erase reports nobody has touched for `settings.RETENTION`. Returns how many."""
    over = Report.objects.filter(last_contact_at__lte=now - settings.RETENTION).exclude(status=Status.ERASED)
    count = 0
    for report in over.order_by("last_contact_at")[:limit]:
        erase_report(report=report, by=audit.SYSTEM, at=now)
        count += 1
    return count


def purge_expired_drafts(*, now: datetime) -> int:
    """Drafts nobody came back to. Returns how many were deleted."""
    return Draft.objects.filter(expires_at__lte=now).delete()[0]


def open_by_code(code: str) -> Report | Draft | None:
    """What stands behind a normalised code. One lookup whatever the code, so that its time tells nothing."""
    where = blind.locator(code)
    return Report.objects.filter(locator=where).first() or Draft.objects.filter(locator=where).first()
