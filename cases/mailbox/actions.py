"""What changes mails. Nothing here moves a takedown by itself: a mail proposes, and a person confirms."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.db.models import Exists, F, OuterRef, Q

from cases.actions import happened, worked_on
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
from cases.takedowns.reasons import Why, coded
from cases.takedowns.states import ENDED, Outcome, Result, Source, Status
from cases.takedowns.states import TRANSITIONS as AFTER
from helpline.accounts.models import Staff
from helpline.accounts.permissions import Permission
from helpline.audit import actions as audit
from helpline.crypto import blind, wrapping
from helpline.crypto.box import Box
from helpline.platforms import actions as platforms
from helpline.retention import privacy
from helpline.wake import wake
from reports import actions as reports
from reports.states import News
from reports.states import Status as ReportStatus

STRANGERS_KEPT = timedelta(days=30)
KEPT_FOR_OTHERS = timedelta(days=30)  # an open mail, once one of the young people it is about erased
LONGEST_EXCERPT = 1000  # characters of a mail that join a takedown's timeline
LONGEST_LETTER = 4000
OLD_DATE = timedelta(days=7)  # a mail that says it is older than this says nothing
SEND_LETTERS = "cases.mailbox.tasks.send_letters"
_LETTER_ID = re.compile(r"<[0-9a-f-]{36}\.[a-z2-7]{16}\.[0-9a-f]+@", re.I)


class NothingChosen(Exception):
    """None of the content was chosen."""


class OthersWait(ForbiddenMove):
    """Colleagues have not decided yet what it says of theirs."""


class LeadsToThePerson(Exception):
    """What was written would lead to a young person: `findings` say to what of one's own cases, never with the words.

    `is_elsewhere`: to somebody of a colleague's case, and not to what of them.
    """

    def __init__(self, findings: list[What], *, is_elsewhere: bool = False) -> None:
        super().__init__(", ".join(findings))
        self.findings, self.is_elsewhere = findings, is_elsewhere


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
        mail.found = {"status": parsed.delivery_status, "of_letter": is_about_letter(parsed.references)}
    if notice.key is None:
        return
    items = notices.content_of(notice).items
    named = {item.item_id: (item.url, item.account) for item in items}
    mail.found |= {
        "places": judging.places(parsed.text, named),
        "places_in_subject": judging.places(parsed.subject, named),
    }
    if mail.kind in {Kind.ANSWER, Kind.AUTOMATIC}:
        urls = {item.item_id: item.url for item in items}
        automatic = mail.kind == Kind.AUTOMATIC
        said = judging.judge(parsed.text, at=mail.written_at, urls=urls, automatic=automatic)
        mail.proposed = said.outcome or ""
        mail.found |= _as_json(said)


def is_about_letter(references: str) -> bool:
    """Does it name a later letter of ours in the thread? Its Message-ID has one part more than the notice's."""
    return _LETTER_ID.search(references) is not None


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

    Who confirms speaks for their own cases. Where the notice is about colleagues' too, it stays open for them until each
    item that is still wanted is decided.

    Raises PermissionDenied, NothingChosen, ForbiddenMove when it was decided meanwhile, WrongKey once erased.
    """
    row = _locked(mail, by=by)
    if State.CONFIRMED not in _may(row) or row.notice is None:
        raise ForbiddenMove("This mail was decided meanwhile.")
    rows, may_work_on = _takedowns(row.notice), worked_on(by=by)
    mine = {one.pk: one for one in rows if may_work_on(one.case)}
    waiting = undecided(row, list(mine.values()))
    if mine and not waiting:
        raise ForbiddenMove("This mail was decided meanwhile.")
    chosen = {one.pk: outcomes[one.pk] for one in waiting if one.pk in outcomes}
    if not chosen:
        raise NothingChosen
    words = excerpts(row, rows)
    answered = {mine[pk].item for pk in chosen}
    done = {*mine, *(one.pk for one in rows if one.item in answered)}
    row.found["decided"] = sorted({*row.found.get("decided", []), *map(str, done)})
    row.save(update_fields=["found"])
    if _wanted(row, rows):
        audit.record(by=by, verb="mail.confirmed_in_part", obj=row, at=at)
    else:
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
            words=words[pk],
            redress_until=redress_until if outcome == Outcome.REFUSED else None,
        )
        for pk, outcome in sorted(chosen.items())
    )


def _may(row: Mail) -> frozenset[State]:
    return TRANSITIONS[State(row.state)]


def _takedowns(notice: Notice) -> list[Takedown]:
    return list(notice.takedowns.select_related("case", "platform", "link").order_by("pk"))


def undecided(mail: Mail, rows: Sequence[Takedown]) -> list[Takedown]:
    """Those among `rows` of which nobody has said yet what this mail says."""
    decided = set(mail.found.get("decided", []))
    return [one for one in rows if str(one.pk) not in decided]


def _wanted(mail: Mail, rows: Sequence[Takedown]) -> list[Takedown]:
    """The undecided ones that still count: not withdrawn, not given up, not erased."""
    return [one for one in undecided(mail, rows) if one.status not in ENDED and one.case.key is not None]


def excerpts(mail: Mail, rows: Sequence[Takedown]) -> dict[UUID, str]:
    """What joins the timeline of each of `rows`, which are all of its notice. Raises WrongKey once erased.

    The sentences that led to the proposal, or the mail's beginning. Where it is about several people's contents: only the
    sentences about that one, or none.
    """
    words = mail.box().open(mail, "words")
    spans = mail.found.get("spans", [])
    if len({one.case_id for one in rows}) == 1 or len({one.item for one in rows}) == 1:
        said = " ".join(words[start:end] for start, end in spans) or words
        return {one.pk: said[:LONGEST_EXCERPT] for one in rows}
    places = mail.found.get("places", [])
    found = {}
    for one in rows:
        item = str(one.item)
        others = [place for place in places if place[2] != item]
        about = judging.about(words, spans, places, item)
        said = " ".join(judging.masked(words, others, start=start, end=end) for start, end in about)
        found[one.pk] = said[:LONGEST_EXCERPT]
    return found


@transaction.atomic
def confirm_undelivered(*, mail: Mail, by: Staff, at: datetime) -> int:
    """The notice came back: what was sent, or perhaps sent, did not arrive. Returns how many it concerns.

    Raises PermissionDenied, ForbiddenMove when it was decided meanwhile or an answer has shown that it did arrive.
    """
    row = _locked(mail, by=by)
    if State.CONFIRMED not in _may(row) or row.notice is None or not row.brings_back_notice:
        raise ForbiddenMove("This mail was decided meanwhile.")
    ids = row.notice.takedowns.filter(status__in=[Status.UNKNOWN, Status.SENT]).values_list("pk", flat=True)
    found = takedowns.lock_all(list(ids))
    came_back = [one for one in found if Status.FAILED in AFTER[Status(one.status)]]
    if not came_back:
        raise ForbiddenMove("Nothing of it is on its way any more.")
    _decide(row, State.CONFIRMED, by=by, at=at)
    takedowns.lock_cases(row.notice.pk)
    why = coded(Why.BOUNCED, str(row.found.get("status") or ""))
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
    platforms.note_bounce(channel=row.notice.channel, at=row.received_at)
    return len(came_back)


@transaction.atomic
def dismiss(*, mail: Mail, by: Staff, at: datetime) -> None:
    """It says nothing for a takedown. Raises PermissionDenied, ForbiddenMove.

    OthersWait when colleagues have something on it to decide: then who may see every case puts it aside.
    """
    row = _locked(mail, by=by)
    if State.DISMISSED in _may(row) and others_wait(row, by=by):
        raise OthersWait("Colleagues have not decided yet.")
    _decide(row, State.DISMISSED, by=by, at=at)


def others_wait(mail: Mail, *, by: Staff) -> bool:
    """Is there something on it that only colleagues may decide? Of what is merely late there is nothing to decide."""
    if mail.notice is None or mail.kind == Kind.DELAYED:
        return False
    may_work_on = worked_on(by=by)
    return any(not may_work_on(one.case) for one in _wanted(mail, _takedowns(mail.notice)))


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
    parsed = Parsed(text=texts["words"], subject=texts["subject"])
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


def write_back(*, mail: Mail, words: str, by: Staff, at: datetime, key: UUID) -> Letter:
    """A letter in the thread; a worker sends it. `key` names it, so that a form sent twice makes it once.

    Raises PermissionDenied, LeadsToThePerson (which is recorded), ForbiddenMove for a stranger's mail or a channel without a
    mailbox, WrongKey once erased.
    """
    try:
        return _write_back(mail, words, by=by, at=at, key=key)
    except LeadsToThePerson as error:
        audit.record(
            by=by,
            verb="letter.stopped",
            obj=mail,
            detail={"what": ", ".join(error.findings), "elsewhere": error.is_elsewhere},
            at=at,
        )
        raise


@transaction.atomic
def _write_back(mail: Mail, words: str, *, by: Staff, at: datetime, key: UUID) -> Letter:
    row = _locked(mail, by=by)
    if row.notice is None or "@" not in row.notice.channel.address:
        raise ForbiddenMove("There is no mailbox to write to.")
    existing = Letter.objects.filter(pk=key).first()
    if existing is not None:
        if (existing.answers_id, existing.written_by_id) != (row.pk, by.pk):
            raise PermissionDenied
        return existing
    findings, is_elsewhere = leading_to_somebody(row.notice, words, by=by)
    if findings or is_elsewhere:
        raise LeadsToThePerson(findings, is_elsewhere=is_elsewhere)
    letter = Letter(pk=key, notice=row.notice, answers=row, written_at=at, written_by=by, due_at=at)
    letter.words = row.notice.box().seal(letter, "words", words[:LONGEST_LETTER])
    letter.save(force_insert=True)
    audit.record(by=by, verb="letter.written", obj=letter, at=at)
    wake(SEND_LETTERS)
    return letter


def note_answered(letter: Letter, *, at: datetime) -> None:
    """A letter arrived: what the platform had asked for, of the cases of whoever wrote it, is answered."""
    by = letter.written_by
    asked = (
        letter.notice.takedowns.filter(status=Status.MORE_INFORMATION).select_related("case").order_by("pk")
    )
    may_work_on = worked_on(by=by)
    # Who shares an item is answered for with the first of them.
    for one in {one.item: one for one in asked if may_work_on(one.case)}.values():
        with suppress(ForbiddenMove):  # it was decided meanwhile
            takedowns.note_answered(takedown=one, by=by, at=at)


def leading_to_somebody(notice: Notice, words: str, *, by: Staff) -> tuple[list[What], bool]:
    """What in these words leads to the young people of `by`'s cases; and whether anything leads to one of the others."""
    found: set[What] = set()
    is_elsewhere, may_work_on = False, worked_on(by=by)
    cases = {row.case_id: row.case for row in notice.takedowns.select_related("case__report")}
    for case in cases.values():
        what = notices.private_facts(case).found_in(words) if case.key is not None else []
        if may_work_on(case):
            found.update(what)
        elif what:
            is_elsewhere = True
    return sorted(found), is_elsewhere


# --- forgetting -----------------------------------------------------------------------------------------


def follow_erasures(*, at: datetime, limit: int = 200) -> int:
    """Blank the words of mails and letters about a report that was erased: they may name its link. Returns how many.

    While others of the notice live, an open mail keeps its words until it is decided, for thirty days at most, and a letter
    until it left.
    """
    rows = Takedown.objects.filter(notice=OuterRef("notice"))
    erased = rows.filter(case__report__status=ReportStatus.ERASED)
    living = rows.exclude(case__report__status=ReportStatus.ERASED)
    gone = Q(notice__isnull=False, notice__key=None) | Q(Exists(erased), ~Exists(living))
    old = at - KEPT_FOR_OTHERS
    long_gone = Q(Exists(erased.filter(case__report__erased_at__lte=old)), received_at__lte=old)
    done_with: dict[type[Mail] | type[Letter], Q] = {
        Mail: gone | Q(Exists(erased), ~Q(state=State.OPEN)) | long_gone,
        Letter: gone | Q(Exists(erased), ~Q(status__in=[LetterStatus.QUEUED, LetterStatus.SENDING])),
    }
    count = 0
    for model, is_done_with in done_with.items():
        words = Q()
        for name in privacy.classification(model).sealed:
            words |= Q(**{f"{name}__isnull": False})
        due = model._default_manager.select_for_update(no_key=True, skip_locked=True, of=("self",))
        with transaction.atomic():
            for row in due.filter(is_done_with & words).order_by("pk")[:limit]:
                row.save(update_fields=privacy.blank(row))
                count += 1
                if isinstance(row, Letter) and row.status == LetterStatus.QUEUED:
                    row.status, row.due_at, row.why = LetterStatus.FAILED, None, Why.ERASED
                    row.save(update_fields=["status", "due_at", "why"])
                audit.record(by=None, verb=f"{row._meta.model_name}.erased", obj=row, at=at)
    return count


def forget_strangers(*, at: datetime, limit: int = 500) -> int:
    """Strangers' mails go after 30 days, decided or not. Returns how many."""
    old = Mail.objects.filter(notice=None, received_at__lte=at - STRANGERS_KEPT).values("pk")[:limit]
    count, _by_model = Mail.objects.filter(pk__in=old).delete()
    return count
