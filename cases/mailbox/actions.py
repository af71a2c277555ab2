"""What changes mails. Nothing here moves a takedown by itself: a mail proposes, and a person confirms."""

import hashlib
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.db.models import F, Q

from cases.actions import can_work_on, happened
from cases.letters.private import What
from cases.mailbox import judging, parser, senders
from cases.mailbox.judging import Proposal
from cases.mailbox.models import Letter, Mail, Reading
from cases.mailbox.parser import Delivery, Parsed
from cases.mailbox.states import TRANSITIONS, ForbiddenMove, Kind, LetterStatus, State, Trust
from cases.states import Happening
from cases.takedowns import actions as takedowns
from cases.takedowns import notices
from cases.takedowns.connectors.email import token
from cases.takedowns.models import Notice, Takedown
from cases.takedowns.states import TRANSITIONS as AFTER
from cases.takedowns.states import Outcome, Result, Source, Status
from helpline.accounts.models import Staff
from helpline.accounts.permissions import Permission
from helpline.audit import actions as audit
from helpline.crypto import blind, wrapping
from helpline.crypto.box import Box
from helpline.platforms.models import Channel
from helpline.retention import privacy
from helpline.wake import wake
from reports import actions as reports
from reports.states import News
from reports.states import Status as ReportStatus

STRANGERS_KEPT = timedelta(days=30)
LONGEST_EXCERPT = 1000  # characters of a mail that join a takedown's timeline
LONGEST_LETTER = 4000
OLD_DATE = timedelta(days=7)  # a mail that says it is older than this says nothing
SEND_LETTERS = "cases.mailbox.tasks.send_letters"


class NothingChosen(Exception):
    """None of the content was chosen."""


class LeadsToThePerson(Exception):
    """What was written would lead to the young person: `findings` say to what of them, never with the words."""

    def __init__(self, findings: list[What]) -> None:
        super().__init__(", ".join(findings))
        self.findings = findings


# --- taking in ------------------------------------------------------------------------------------------


def digest_of(parsed: Parsed, raw: bytes) -> bytes:
    """What makes it the same mail, however often and by whatever way it was delivered: its id and its body."""
    if not parsed.message_id:
        return same(raw)
    head_ends = max(raw.find(b"\r\n\r\n"), raw.find(b"\n\n"), 0)
    return same(parsed.message_id.encode() + b"\0" + raw[head_ends:])


def same(what: bytes) -> bytes:
    """A keyed digest, so that the table alone tells nothing."""
    return blind.index("mail", hashlib.sha256(what).hexdigest()) or b""


def take_in(raw: bytes, *, at: datetime, authserv_id: str = "") -> Mail | None:
    """Store a mail once, with what it seems to say; None when it is known already. Whatever it is made of, it is stored."""
    try:
        parsed, is_readable = parser.parse(raw), True
    except RecursionError:
        parsed, is_readable = Parsed(), False
    return _store(
        parsed, digest=digest_of(parsed, raw), size=len(raw), is_readable=is_readable, at=at, ours=authserv_id
    )


def take_in_too_large(head: bytes, *, size: int, at: datetime, authserv_id: str = "") -> Mail | None:
    """A mail that was left on the server: only its headers were read."""
    parsed = parser.parse(head)
    digest = same(b"too large\0" + str(size).encode() + b"\0" + (parsed.message_id.encode() or head))
    return _store(parsed, digest=digest, size=size, kind=Kind.TOO_LARGE, at=at, ours=authserv_id)


def take_in_unread(name: str, *, size: int, at: datetime) -> Mail | None:
    """A mail that can't be read without harm: a row that says so. `name` is the mailbox's own for it."""
    digest = same(b"unread\0" + name.encode())
    return _store(Parsed(), digest=digest, size=size, is_readable=False, at=at, ours="")


def begin_reading(name: str, *, at: datetime) -> int:
    """How often its reading began and never ended before. Outside any transaction, so that a death does not take it back."""
    row, is_new = Reading.objects.get_or_create(name=name, defaults={"begun_at": at})
    if is_new:
        return 0
    Reading.objects.filter(pk=row.pk).update(times=F("times") + 1, begun_at=at)
    return row.times


def end_reading(name: str) -> None:
    """It was stored, or the line broke: nobody died of it."""
    Reading.objects.filter(pk=name).delete()


@transaction.atomic
def _store(
    parsed: Parsed,
    *,
    digest: bytes,
    size: int,
    at: datetime,
    ours: str,
    kind: Kind | None = None,
    is_readable: bool = True,
) -> Mail | None:
    if Mail.objects.filter(digest=digest).exists():
        return None
    notice = _notice_of(parsed)
    written = parsed.date if parsed.date is not None and at - OLD_DATE <= parsed.date <= at else at
    mail = Mail(digest=digest, notice=notice, received_at=at, written_at=written, size=size)
    mail.kind = kind or (_kind(parsed) if is_readable else Kind.UNREADABLE)
    if notice is not None:
        mail.trust = _trust(notice, parsed, ours=ours)
        _propose(mail, notice, parsed)
    _seal(mail, parsed)
    try:
        with transaction.atomic():
            mail.save(force_insert=True)
    except IntegrityError:
        return None  # another fetch was quicker
    if notice is not None and mail.kind == Kind.BOUNCE:
        Channel.objects.filter(pk=notice.channel_id).update(last_bounce_at=at)
    audit.record(by=None, verb="mail.received", obj=mail, detail={"kind": mail.kind}, at=at)
    return mail


def _notice_of(parsed: Parsed) -> Notice | None:
    """By our own token alone; a right id with a wrong token leads nowhere."""
    found = (
        token.in_addresses(parsed.addressed)
        or token.in_references(parsed.references)
        or token.in_subject(parsed.subject)
    )
    if found is None:
        return None
    return Notice.objects.select_related("channel__platform").filter(pk=found).first()


def _kind(parsed: Parsed) -> Kind:
    if parsed.delivery is not None:
        return Kind.BOUNCE if parsed.delivery == Delivery.FAILED else Kind.DELAYED
    by_machine = parsed.sender.partition("@")[0] in {"mailer-daemon", "postmaster"} or parsed.automatic
    said = judging.bounced(f"{parsed.subject}\n{parsed.text[:4000]}") if by_machine else ""
    if said:
        return Kind.BOUNCE if said == "failed" else Kind.DELAYED
    return Kind.AUTOMATIC if parsed.automatic else Kind.ANSWER


def _trust(notice: Notice, parsed: Parsed, *, ours: str) -> Trust:
    channel = notice.channel
    domains = [
        *channel.platform.domains,
        channel.address.rpartition("@")[2] if "@" in channel.address else "",
    ]
    verified = senders.verified_domain(parsed.authentication, authserv_id=ours)
    known = senders.is_from(domains, sender=parsed.sender, verified=verified)
    return Trust.PLATFORM if known else Trust.UNVERIFIED


def _propose(mail: Mail, notice: Notice, parsed: Parsed) -> None:
    if mail.kind in {Kind.BOUNCE, Kind.DELAYED}:
        mail.found = {"status": parsed.delivery_status}
        return
    if mail.kind not in {Kind.ANSWER, Kind.AUTOMATIC} or notice.key is None:
        return
    urls = {item.item_id: item.url for item in notices.content_of(notice).items}
    said = judging.judge(parsed.text, at=mail.written_at, urls=urls, automatic=mail.kind == Kind.AUTOMATIC)
    mail.proposed, mail.found = said.outcome or "", _as_json(said)


def _as_json(said: Proposal) -> dict[str, Any]:
    return {
        "spans": [list(span) for span in said.spans],
        "by_item": {item: outcome.value for item, outcome in said.by_item.items()},
        "redress_until": said.redress_until.isoformat() if said.redress_until else None,
        "reference": said.reference,
        "statement": said.is_statement,
    }


def _seal(mail: Mail, parsed: Parsed) -> None:
    """Under the notice's key; a stranger's under one of its own. What was erased meanwhile keeps no words."""
    if mail.notice is None:
        key = wrapping.new_data_key()
        mail.key = wrapping.wrap_for_desk(key, about=mail.about)
        box = Box(key)
    elif mail.notice.key is None:
        return
    else:
        box = mail.notice.box()
    named = f"{parsed.sender_name} <{parsed.sender}>" if parsed.sender_name else parsed.sender
    mail.sender = box.seal(mail, "sender", named)
    mail.subject = box.seal(mail, "subject", parsed.subject)
    mail.words = box.seal(mail, "words", parsed.text)
    mail.attachments = box.seal_json(mail, "attachments", [list(one) for one in parsed.attachments])


# --- a person decides -----------------------------------------------------------------------------------


def check_can_see(mail: Mail, *, by: Staff) -> None:
    """Raises PermissionDenied."""
    if not Mail.objects.visible_to(by).filter(pk=mail.pk).exists():
        raise PermissionDenied


def _locked(mail: Mail, *, by: Staff) -> Mail:
    """The mail comes before its notice and its takedowns."""
    check_can_see(mail, by=by)
    rows = Mail.objects.select_for_update(no_key=True, of=("self",)).select_related("notice__channel")
    return rows.get(pk=mail.pk)


def _decide(row: Mail, state: State, *, by: Staff, at: datetime) -> None:
    row.move(state)
    row.decided_at, row.decided_by = at, by
    row.save(update_fields=["state", "decided_at", "decided_by"])
    audit.record(by=by, verb=f"mail.{state}", obj=row, at=at)


@transaction.atomic
def confirm(
    *,
    mail: Mail,
    outcomes: Mapping[UUID, Outcome],
    redress_until: date | None,
    by: Staff,
    at: datetime,
) -> int:
    """What the mail says of each takedown, by a person's word. Returns how many were recorded.

    Raises PermissionDenied, NothingChosen, ForbiddenMove when it was decided meanwhile, WrongKey once erased.
    """
    row = _locked(mail, by=by)
    if State.CONFIRMED not in _may(row) or row.notice is None:
        raise ForbiddenMove("This mail was decided meanwhile.")
    mine = {one.pk: one for one in _takedowns(row.notice) if can_work_on(one.case, by=by)}
    chosen = {pk: outcome for pk, outcome in outcomes.items() if pk in mine}
    if not chosen:
        raise NothingChosen
    words = excerpt(row)
    _decide(row, State.CONFIRMED, by=by, at=at)
    if row.found.get("reference"):
        Notice.objects.filter(pk=row.notice.pk, reference="").update(reference=row.found["reference"])
    return sum(
        takedowns.record_outcome(
            takedown=mine[pk],
            outcome=outcome,
            source=Source.MAIL,
            at=row.written_at,
            recorded_at=at,
            by=by,
            event_key=f"mail:{row.pk}:{pk}",
            words=words,
            redress_until=redress_until if outcome == Outcome.REFUSED else None,
        )
        for pk, outcome in sorted(chosen.items())
    )


def _may(row: Mail) -> frozenset[State]:
    return TRANSITIONS[State(row.state)]


def _takedowns(notice: Notice) -> list[Takedown]:
    return list(notice.takedowns.select_related("case", "platform", "link").order_by("pk"))


def excerpt(mail: Mail) -> str:
    """The sentences that led to the proposal, or the mail's beginning. Raises WrongKey once erased."""
    words = mail.box().open(mail, "words")
    said = " ".join(words[start:end] for start, end in mail.found.get("spans", []))
    return (said or words)[:LONGEST_EXCERPT]


@transaction.atomic
def confirm_undelivered(*, mail: Mail, by: Staff, at: datetime) -> int:
    """The notice came back: what was sent, or perhaps sent, did not arrive. Returns how many it concerns.

    Raises PermissionDenied, ForbiddenMove when it was decided meanwhile or an answer has shown that it did arrive.
    """
    row = _locked(mail, by=by)
    if State.CONFIRMED not in _may(row) or row.notice is None or row.kind != Kind.BOUNCE:
        raise ForbiddenMove("This mail was decided meanwhile.")
    ids = row.notice.takedowns.filter(status__in=[Status.UNKNOWN, Status.SENT]).values_list("pk", flat=True)
    found = takedowns.lock_all(list(ids))
    came_back = [one for one in found if Status.FAILED in AFTER[Status(one.status)]]
    if not came_back:
        raise ForbiddenMove("Nothing of it is on its way any more.")
    _decide(row, State.CONFIRMED, by=by, at=at)
    takedowns.lock_cases(row.notice.pk)
    why = f"bounced {row.found.get('status', '')}".strip()
    # What an authority was asked besides is told by the first request of the link.
    told = [one for one in came_back if one.status == Status.SENT and one.escalates_id is None]
    for one in came_back:
        one.move(Status.FAILED, at=at)
        one.transport, one.transport_at, one.next_look_at = Result.REFUSED, at, None
        one.save()
        takedowns.note(one, Status.FAILED, source=Source.MAIL, by=by, at=at, why=why)
        happened(
            one.case, Happening.OUTCOME, by=by, at=at, status=Status.FAILED.value, platform=one.platform.name
        )
    reports.post_updates(
        [
            reports.NewsItem(
                report_id=one.case.report_id,
                link_id=one.link_id,
                what=News.NOT_DELIVERED,
                at=at,
                data={"platform": one.platform.name},
            )
            for one in told
        ]
    )
    Notice.objects.filter(pk=row.notice.pk).update(failure=why, ask_at=None, due_at=None)
    return len(came_back)


@transaction.atomic
def dismiss(*, mail: Mail, by: Staff, at: datetime) -> None:
    """It says nothing for a takedown. Raises PermissionDenied, ForbiddenMove."""
    _decide(_locked(mail, by=by), State.DISMISSED, by=by, at=at)


@transaction.atomic
def restore(*, mail: Mail, by: Staff, at: datetime) -> None:
    """Take back `dismiss`. Raises PermissionDenied, ForbiddenMove."""
    row = _locked(mail, by=by)
    row.move(State.OPEN)
    row.decided_at = row.decided_by = None
    row.save(update_fields=["state", "decided_at", "decided_by"])
    audit.record(by=by, verb="mail.restored", obj=row, at=at)


@transaction.atomic
def lead_to(*, mail: Mail, notice: Notice, by: Staff, at: datetime) -> None:
    """A stranger's mail answers this notice, by the word of somebody who may see every case. It stays unverified.

    Raises PermissionDenied, ForbiddenMove when it is no stranger's any more, WrongKey once either was erased.
    """
    if not by.can(Permission.CASES_ALL):
        raise PermissionDenied
    row = _locked(mail, by=by)
    if row.notice_id is not None or row.state != State.OPEN:
        raise ForbiddenMove("This mail was led to a notice meanwhile.")
    old = row.box()
    names = ("sender", "subject", "words", "attachments")
    texts = {name: old.open(row, name) for name in names}
    parsed = Parsed(text=texts["words"])
    row.notice, row.key = notice, None
    box = notice.box()
    for name, text in texts.items():
        setattr(row, name, box.seal(row, name, text))
    _propose(row, notice, parsed)
    row.save()
    audit.record(by=by, verb="mail.led", obj=row, at=at, detail={"notice": str(notice.pk)})


def record_read(*, mail: Mail, by: Staff, at: datetime) -> None:
    """Somebody opened it."""
    audit.record(by=by, verb="mail.read", obj=mail, at=at)


# --- writing back ---------------------------------------------------------------------------------------


@transaction.atomic
def write_back(*, mail: Mail, words: str, by: Staff, at: datetime, key: UUID) -> Letter:
    """A letter in the thread; a worker sends it. `key` names it, so that a form sent twice makes it once.

    Raises PermissionDenied, LeadsToThePerson, ForbiddenMove for a stranger's mail or a channel without a mailbox, WrongKey
    once erased.
    """
    row = _locked(mail, by=by)
    if row.notice is None or "@" not in row.notice.channel.address:
        raise ForbiddenMove("There is no mailbox to write to.")
    existing = Letter.objects.filter(pk=key).first()
    if existing is not None:
        if (existing.answers_id, existing.written_by_id) != (row.pk, by.pk):
            raise PermissionDenied
        return existing
    if findings := leading_to_somebody(row.notice, words):
        raise LeadsToThePerson(findings)
    letter = Letter(pk=key, notice=row.notice, answers=row, written_at=at, written_by=by, due_at=at)
    letter.words = row.notice.box().seal(letter, "words", words[:LONGEST_LETTER])
    letter.save(force_insert=True)
    audit.record(by=by, verb="letter.written", obj=letter, at=at)
    wake(SEND_LETTERS)
    return letter


def leading_to_somebody(notice: Notice, words: str) -> list[What]:
    """What in these words leads to one of the young people the notice is about."""
    found: set[What] = set()
    cases = {row.case_id: row.case for row in notice.takedowns.select_related("case__report")}
    for case in cases.values():
        if case.key is not None:
            found.update(notices.private_facts(case).found_in(words))
    return sorted(found)


# --- forgetting -----------------------------------------------------------------------------------------


def follow_erasures(*, at: datetime, limit: int = 200) -> int:
    """Blank the words of mails and letters about a report that was erased: they may name its link. Returns how many."""
    gone = Q(notice__takedowns__case__report__status=ReportStatus.ERASED) | Q(
        notice__isnull=False, notice__key=None
    )
    count = 0
    for model in (Mail, Letter):
        words = Q()
        for name in privacy.classification(model).sealed:
            words |= Q(**{f"{name}__isnull": False})
        ids = set(model._default_manager.filter(gone & words).values_list("pk", flat=True)[:limit])
        rows = model._default_manager.select_for_update(no_key=True, skip_locked=True, of=("self",))
        with transaction.atomic():
            for row in rows.filter(pk__in=ids).order_by("pk"):
                row.save(update_fields=privacy.blank(row))
                count += 1
                if isinstance(row, Letter) and row.status == LetterStatus.QUEUED:
                    row.status, row.due_at, row.why = LetterStatus.FAILED, None, "erased"
                    row.save(update_fields=["status", "due_at", "why"])
                audit.record(by=None, verb=f"{row._meta.model_name}.erased", obj=row, at=at)
    return count


def forget_strangers(*, at: datetime, limit: int = 500) -> int:
    """Strangers' mails go after 30 days, decided or not. Returns how many."""
    old = Mail.objects.filter(notice=None, received_at__lte=at - STRANGERS_KEPT).values("pk")[:limit]
    count, _by_model = Mail.objects.filter(pk__in=old).delete()
    return count
