"""Drafts: a notice that would not hold waits here, is written anew from today's facts, and leaves once it holds.

What was signed and has not left comes here, too, when somebody takes back that we may sign.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from cases.actions import check_can_work_on, worked_on
from cases.letters.content import NoticeContent
from cases.letters.models import Mandate
from cases.letters.parts import NEEDS_SIGNATURE
from cases.models import Case
from cases.takedowns import actions, choosing, linting, notices, sharing, states, together
from cases.takedowns.models import Notice, Takedown
from cases.takedowns.notices import Finding
from cases.takedowns.placing import placed
from cases.takedowns.states import ForbiddenMove, Source, Status
from cases.takedowns.together import Content
from helpline.accounts.models import Staff
from helpline.audit import actions as audit
from helpline.platforms.models import Channel
from helpline.wake import wake
from reports.models import Link, Report
from reports.states import LinkStatus


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check found: nothing, and it is on its way; or what still has to be mended."""

    findings: Sequence[Finding] = ()

    @property
    def left(self) -> bool:
        """Is it on its way?"""
        return not self.findings


@transaction.atomic
def check_again(*, takedown: Takedown, by: Staff, at: datetime, facts: str | None = None) -> Checked:
    """Write a draft anew from what is known today. Where nothing is to be mended any more, it is due.

    `facts` is what a colleague adds for the platform, in place of what stands there; kept even if the notice still waits.
    What is asked for in another case's name meanwhile is shared instead. Raises PermissionDenied, ForbiddenMove unless it is
    a draft, NoChannel where nothing reaches the platform, WrongKey once erased.
    """
    check_can_work_on(takedown.case, by=by)
    waiting = list(Link.objects.filter(takedowns__notice=takedown.notice_id, takedowns__status=Status.DRAFT))
    sharing.lock_contents(waiting)
    running = sharing.running(waiting)
    locked = {one.pk: one for one in actions.lock_all([takedown.pk, *(one.pk for one in running.values())])}
    notice = locked.pop(takedown.pk).notice
    others = {sharing.content_key(one.link): one for one in locked.values()}
    rows = actions.items_in(notice.pk, Status.DRAFT)
    if takedown.pk not in {row.pk for row in rows}:
        raise ForbiddenMove("Only a draft can be checked again.")
    actions.lock_cases(notice.pk)
    cases, links = _facts(rows)
    for row in rows:
        row.link = links[row.link_id]
    rows = [row for row in rows if row.link.status != LinkStatus.WITHDRAWN]
    staying = []
    for row in rows:
        other = others.get(sharing.content_key(row.link))
        if other is not None:
            actions.give_way(row, other, by=by, at=at)
        else:
            staying.append(row)
    checked = _write_anew(notice, staying, cases, facts=facts, by=by, at=at) if staying else Checked()
    takedown.refresh_from_db()
    return checked


def _facts(rows: Sequence[Takedown]) -> tuple[dict[UUID, Case], dict[UUID, Link]]:
    """Reports, then links, locked; the cases by report, the links by their id, each on the platform it is on today."""
    by_report = {row.case.report_id: row.case for row in rows}
    list(Report.objects.select_for_update(no_key=True).filter(pk__in=by_report).order_by("pk"))
    for report in Report.objects.filter(pk__in=by_report).prefetch_related("fingerprints"):
        by_report[report.pk].report = report
    ids = [row.link_id for row in rows]
    found = Link.objects.select_for_update(no_key=True, of=("self",)).select_related("platform")
    links = {link.pk: link for link in found.filter(pk__in=ids).order_by("report_id", "position")}
    return by_report, links


def _write_anew(
    notice: Notice,
    rows: Sequence[Takedown],
    cases: dict[UUID, Case],
    *,
    facts: str | None,
    by: Staff,
    at: datetime,
) -> Checked:
    for row in rows:
        placed(case=cases[row.link.report_id], links_of_case=[row.link], at=at)
        row.platform = row.link.platform
    channel = _channel(notice, rows, at=at)
    notice.channel, notice.language = channel, actions.notice_language(channel)
    groups: dict[UUID, list[Takedown]] = {}
    for row in rows:
        groups.setdefault(row.item, []).append(row)
    contents = [Content(tuple(row.link for row in group), cases) for group in groups.values()]
    before = notices.content_of(notice)
    facts = before.facts if facts is None else facts
    content, _numbered = together.write(channel, contents, notice, numbers=list(groups), facts=facts)
    judged = linting.judged(content, channel=channel, cases=cases.values())
    may_work_on = worked_on(by=by)
    mine = {case.pk for case in cases.values() if may_work_on(case)}
    if findings := judged.seen_from(mine):
        if judged.is_elsewhere(mine):
            codes = ", ".join(one.code for one in findings)
            row = next((one for one in rows if one.case_id in mine), rows[0])
            audit.record(by=by, verb="takedown.stopped", obj=row, detail={"what": codes}, at=at)
        if facts != before.facts:  # nothing typed is lost
            actions.seal(notice, content)
            notice.save()
        for row in rows:
            told = linting.kept(judged.seen_from({row.case_id}))  # each case reads of its own
            last = row.events.filter(what=Status.DRAFT).order_by("-recorded_at").first()
            if last is None or last.detail.get("findings") != told:
                actions.note(row, Status.DRAFT, source=Source.PERSON, by=by, at=at, findings=told)
        return Checked(findings)
    actions.seal(notice, content)
    status = actions.ready_status(channel)
    notice.due_at = at if status == Status.QUEUED else None
    notice.failure, notice.tries, notice.crashes = "", 0, 0
    notice.save()
    for row in rows:
        row.move(status, at=at)
        row.save()
    known = [row for row in rows if row.link.status == LinkStatus.IN_PROGRESS]
    for row in known:
        actions.note(row, row.status, source=Source.PERSON, by=by, at=at, mended=True)
    sharing.announce(
        [row for row in rows if row not in known], by_report=cases, by=by, at=at, detail={"mended": True}
    )
    if notice.due_at is not None:
        wake(actions.SEND)
    return Checked()


def _channel(notice: Notice, rows: Sequence[Takedown], *, at: datetime) -> Channel:
    """The one it was asked on, while that is in use and leads there; else the best one of today."""
    platform = rows[0].link.platform
    if notice.channel.enabled and notice.channel.platform_id == platform.pk:
        return notice.channel
    usable = Channel.objects.in_use().filter(platform=platform)
    found = choosing.best(usable, regimes=notice.regimes, items=len(rows), at=at)
    if found is None:
        raise actions.NoChannel(platform)
    return found


# --- somebody takes back that we may sign -----------------------------------------------------------------

NOT_LEFT = (Status.QUEUED, Status.TO_FILE)
SIGNED = Q(notice__regimes__overlap=sorted(NEEDS_SIGNATURE))


@transaction.atomic
def take_back(*, case: Case, by: Staff | None, at: datetime) -> int:
    """Nobody of this case allows us to sign any more: what was signed and has not left waits to be mended.

    What somebody else allowed, for the same content, goes on. Returns how many requests of this case stay.
    """
    mine = Takedown.objects.filter(SIGNED, case=case, status__in=NOT_LEFT)
    rows = actions.lock_all(
        Takedown.objects.filter(notice__in=mine.values("notice"), status__in=NOT_LEFT).values_list(
            "pk", flat=True
        )
    )
    stays = 0
    for notice_id in dict.fromkeys(row.notice_id for row in rows):
        wanting = [row for row in rows if row.notice_id == notice_id]
        unallowed = notices.unallowed(wanting[0].notice, wanting)
        going = [row for row in wanting if row.item in unallowed]
        if not going:
            continue
        _keep_here(wanting[0].notice, going, at=at)
        for row in going:
            # Of whoever shares it, nothing is said but that it is so.
            by_whom = by if row.case_id == case.pk else None
            found = linting.kept([linting.finding("no_signature")])
            source = Source.PERSON if by_whom else Source.CLOCK
            actions.note(row, Status.DRAFT, source=source, by=by_whom, at=at, unsigned=True, findings=found)
            stays += row.case_id == case.pk
    return stays


def follow_revocations(*, at: datetime, limit: int = 500) -> int:
    """The same for what a worker that died, or a send that came back, left behind. Returns how many requests stay."""
    standing = Mandate.objects.filter(case=OuterRef("case"), revoked_at=None)
    waiting = Takedown.objects.filter(SIGNED, case=OuterRef("case"), status__in=NOT_LEFT)
    revoked = Mandate.objects.exclude(revoked_at=None).filter(~Exists(standing), Exists(waiting))
    last = revoked.select_related("case", "revoked_by").order_by("case", "-revoked_at").distinct("case")
    return sum(take_back(case=one.case, by=one.revoked_by, at=at) for one in last[:limit])


def _keep_here(notice: Notice, going: Sequence[Takedown], *, at: datetime) -> None:
    """These rows of the notice, locked, become drafts: of a notice of their own, where others are still to leave in it."""
    for row in going:
        row.move(Status.DRAFT, at=at)
    rest = notice.takedowns.exclude(pk__in=[row.pk for row in going]).exclude(status__in=states.ENDED)
    if notice.key is None:
        pass  # erased: the sweep of withdrawals ends its rows
    elif rest.exists():
        apart = _copy(notice)
        content = notices.content_of(notice, items={row.item for row in going})
        actions.seal(apart, _unsigned(apart, content))
        apart.save(force_insert=True)
        for row in going:
            row.notice = apart
        if not rest.filter(status=Status.QUEUED).exists():
            Notice.objects.filter(pk=notice.pk).update(due_at=None)
    else:
        actions.seal(notice, _unsigned(notice, notices.content_of(notice)))
        notice.due_at = None
        if notice.lease_until is not None:
            # A worker took it and has not looked at it yet: by its fence it will find it gone.
            notice.lease_until, notice.fence = None, notice.fence + 1
        notice.save(update_fields=["content", "due_at", "lease_until", "fence"])
    Takedown.objects.bulk_update(going, ["status", "status_at", "notice"])


def _copy(notice: Notice) -> Notice:
    return Notice(
        channel_id=notice.channel_id,
        regimes=notice.regimes,
        language=notice.language,
        requested_by_id=notice.requested_by_id,
        requested_at=notice.requested_at,
        wording=notice.wording,
    )


def _unsigned(notice: Notice, content: NoticeContent) -> NoticeContent:
    return replace(content, notice_id=str(notice.pk), signature=None)
