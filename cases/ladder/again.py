"""Asking once more: a further notice about the same item, for everybody who shares it, that says what was asked before."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from uuid import UUID, uuid4

from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.translation import gettext

from cases.actions import worked_on
from cases.ladder import states
from cases.ladder.states import ForbiddenMove, Rung
from cases.models import Case
from cases.takedowns import actions as takedowns
from cases.takedowns import linting, notices
from cases.takedowns import states as takedown_states
from cases.takedowns.actions import AlreadyRequested, WeakNotice
from cases.takedowns.linting import Judged
from cases.takedowns.models import Event, Notice, Takedown
from cases.takedowns.states import Outcome, Source, Status
from helpline.accounts.models import Staff
from helpline.audit import actions as audit
from helpline.platforms.models import Channel
from helpline.wake import wake
from reports.models import Link, Report
from reports.states import LinkStatus


class WouldNotHold(WeakNotice):
    """The further notice would not hold. `findings` are as whoever asked may know them, `judged` is for each case."""

    def __init__(self, judged: Judged, *, seen_from: Collection[int]) -> None:
        super().__init__(judged.seen_from(seen_from))
        self.judged = judged


def ask_again(
    rows: Sequence[Takedown], *, channel: Channel, rung: Rung, by: Staff | None, at: datetime
) -> list[Takedown]:
    """A further notice about the same item, for everybody who shares it. The rows are locked; cases, reports and links
    follow in the one order. Raises WouldNotHold, AlreadyRequested, ForbiddenMove once nobody wants it.
    """
    first = rows[0]
    list(
        Case.objects.select_for_update(no_key=True)
        .filter(pk__in=[row.case_id for row in rows])
        .order_by("pk")
    )
    reports_of = Report.objects.select_for_update(no_key=True).filter(
        pk__in=[row.case.report_id for row in rows]
    )
    list(reports_of.order_by("pk"))
    links = Link.objects.select_for_update(no_key=True).filter(pk__in=[row.link_id for row in rows])
    wanted = {link.pk for link in links.order_by("pk") if link.status != LinkStatus.WITHDRAWN}
    rows = [row for row in rows if row.link_id in wanted]
    if not rows:
        raise ForbiddenMove("The young person took this back.")
    leaving = Takedown.objects.filter(link__in=wanted, status__in=takedown_states.LEAVING).first()
    if leaving is not None:
        raise AlreadyRequested(leaving)
    status = takedowns.ready_status(channel)
    notice = Notice(
        channel=channel,
        regimes=first.notice.regimes,
        language=_language(first.notice, channel),
        requested_by=by or first.notice.requested_by,
        requested_at=at,
        due_at=at if status == Status.QUEUED else None,
    )
    number = uuid4() if len(rows) > 1 else None
    made = [
        Takedown(
            notice=notice,
            case=row.case,
            link=row.link,
            platform=row.platform,
            item_id=number,
            escalates=row,
            rung=rung,
            status=status,
            status_at=at,
            requested_at=at,
        )
        for row in rows
    ]
    content = _content(first, notice, item=number or made[0].pk, rung=rung)
    # What they told us since the first request counts, too.
    cases = _cases_of(rows)
    judged = linting.judged(content, channel=channel, cases=cases, above=True)
    if judged.seen_from(()):
        may_work_on = worked_on(by=by) if by else None
        mine = {case.pk for case in cases if may_work_on and may_work_on(case)}
        raise WouldNotHold(judged, seen_from=mine)
    takedowns.seal(notice, content)
    notice.save(force_insert=True)
    Takedown.objects.bulk_create(made)
    Event.objects.bulk_create(
        Event(
            takedown=one,
            at=at,
            recorded_at=at,
            source=Source.PERSON if by else Source.CLOCK,
            what=one.status,
            by=by,
            detail={"rung": rung.value},
        )
        for one in made
    )
    audit.record_many(
        audit.row(
            by=by or f"{Source.CLOCK}:{one.platform.slug}",
            verb="takedown.requested",
            obj=one,
            detail={"channel": channel.slug, "rung": rung.value},
            at=at,
        )
        for one in made
    )
    wake(takedowns.SEND)
    return made


def _cases_of(rows: Sequence[Takedown]) -> list[Case]:
    """Each once, as they are now."""
    ids = {row.case_id for row in rows}
    return list(Case.objects.select_related("report").filter(pk__in=ids).order_by("pk"))


def _language(old: Notice, channel: Channel) -> str:
    """As before, where the channel reads that."""
    fits = not channel.languages or old.language in channel.languages
    return old.language if fits else takedowns.notice_language(channel)


def _content(first: Takedown, notice: Notice, *, item: UUID, rung: Rung) -> notices.NoticeContent:
    """The words of the first request, with a sentence before them that says that it was made, and when."""
    said = notices.content_of(first.notice, items={first.item})
    if notice.language != said.language:
        said = notices.build(
            notice=notice,
            channel=notice.channel,
            report=first.case.report,
            box=first.case.box(),
            links=[(str(item), first.link)],
        )
    with translation.override(notice.language):
        before = earlier(first, rung)
    return replace(
        said,
        notice_id=str(notice.pk),
        explanation=f"{before} {said.explanation}",
        items=tuple(replace(one, item_id=str(item)) for one in said.items),
    )


def earlier(first: Takedown, rung: Rung) -> str:
    """In the active language: what was asked before, when, under which numbers, and what was said to it."""
    asked = timezone.localdate(first.sent_at or first.requested_at)
    said = {
        "day": _day(asked),
        "id": str(first.notice_id),
        "reference": first.notice.reference,
        "platform": first.platform.name,
    }
    if rung == Rung.HOST:
        return gettext("We asked the site itself on %(day)s, and it did not act. You host it.") % said
    if first.platform_says and first.platform_says not in UNDECIDED:
        return f"{_decided(first, said)} {gettext('We ask again.')}"
    if first.notice.reference:
        text = gettext(
            "We asked you for this on %(day)s (our notice %(id)s, your reference %(reference)s) and have no decision. "
            "We ask again."
        )
    else:
        text = gettext(
            "We asked you for this on %(day)s (our notice %(id)s) and have no decision. We ask again."
        )
    return text % said


UNDECIDED = (Outcome.ACKNOWLEDGED, Outcome.UNDER_REVIEW, Outcome.MORE_INFORMATION)


def _decided(first: Takedown, said: Mapping[str, str]) -> str:
    if first.notice.reference:
        asked = gettext("We asked you for this on %(day)s (our notice %(id)s, your reference %(reference)s).")
    else:
        asked = gettext("We asked you for this on %(day)s (our notice %(id)s).")
    told, seen = first.platform_at, first.observed_at
    is_gone = takedown_states.STATUS_OF[Outcome(first.platform_says)] in states.SAID_GONE
    if not is_gone or told is None or seen is None or seen <= told or first.observed != Outcome.SEEN_THERE:
        return asked % said
    was_seen = gettext("You told us on %(told)s that it is removed. On %(seen)s we looked, and it is there.")
    days = {"told": _day(timezone.localdate(told)), "seen": _day(timezone.localdate(seen))}
    return f"{asked % said} {was_seen % days}"


def _day(day: date) -> str:
    return date_format(day, "j F Y")
