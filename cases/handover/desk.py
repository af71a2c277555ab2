"""What the pages show of offers, shares, watches, shifts and of who is here. Nothing here changes anything."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import (
    BigIntegerField,
    Count,
    Exists,
    IntegerField,
    Max,
    Min,
    OuterRef,
    Prefetch,
    Q,
    QuerySet,
    Subquery,
    Value,
)
from django.db.models.functions import Cast, Coalesce, JSONObject, NullIf, Substr
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cases import actions as cases
from cases import reading
from cases.forms import may_hold_cases
from cases.handover.models import Away, HandOver, HandOverRead, Shift, Transfer, Watch
from cases.handover.states import Status
from cases.models import Case, Share
from cases.referrals import desk as referrals
from cases.states import CaseStatus
from cases.takedowns import desk as takedowns
from helpline.accounts.models import Membership, Staff
from helpline.accounts.permissions import Permission
from helpline.audit.models import AuditRow

READERS_SHOWN = 50
LATEST = 10  # hand-overs shown to whoever begins
SOON = timedelta(hours=24)
IN_A_SUMMARY = 200
TONES = {
    Status.OFFERED: "wait",
    Status.ACCEPTED: "good",
    Status.DECLINED: "stop",
    Status.TAKEN_BACK: "none",
    Status.EXPIRED: "unknown",
    Status.VOID: "none",
}


# --- what the rail counts ---------------------------------------------------------------------------------


def offered_to(staff: Staff) -> QuerySet[Transfer]:
    """Offers that wait for this person's answer."""
    return Transfer.objects.live().to(staff)


def came_back_to(staff: Staff) -> QuerySet[Transfer]:
    """Offers of this person's that nobody took on, and that they have not looked at since."""
    return Transfer.objects.came_back(staff)


def shift_of(staff: Staff) -> QuerySet[Shift]:
    """The shift this person is on; one row or none."""
    return Shift.objects.running().filter(staff=staff)


def on_shift() -> QuerySet[Shift]:
    """Every shift that runs."""
    return Shift.objects.running()


def is_away(staff: Staff) -> bool:
    """Is this person away today?"""
    return Away.objects.on(timezone.localdate()).filter(staff=staff).exists()


# --- offers -----------------------------------------------------------------------------------------------


def under_tab(staff: Staff, tab: str) -> QuerySet[Transfer]:
    """Offers made to this person, those that came back to them, or all of theirs."""
    if tab == "back":
        return Transfer.objects.came_back(staff)
    return offered_to(staff) if tab == "me" else Transfer.objects.filter(by=staff)


def rows_of(found: QuerySet[Transfer]) -> QuerySet[Transfer]:
    """With what a row of the list shows: coarse facts only."""
    return found.select_related("case__queue_item", "by", "to_staff", "to_team", "done_by")


@dataclass(frozen=True, slots=True)
class OpenTransfer:
    """An offer with its words opened, where this person may read them."""

    transfer: Transfer
    tone: str
    label: str
    is_live: bool
    is_receiver: bool
    may_take_back: bool
    sees_case: bool
    reason: str = ""
    answer: str = ""


def opened(transfer: Transfer, *, by: Staff) -> OpenTransfer:
    """For whoever offered it or was offered it. Receivers read why as long as it waits, then only if they see the case."""
    is_live = Transfer.objects.live().filter(pk=transfer.pk).exists()
    sees_case = Case.objects.visible_to(by).filter(pk=transfer.case_id).exists()
    receives = transfer.is_receiver(by)
    box = None
    if sees_case or transfer.by_id == by.pk or (receives and is_live):
        box = None if reading.is_erased(transfer.case) else transfer.case.box()
    status = Status(transfer.status)
    if status == Status.OFFERED and not is_live:
        status = Status.EXPIRED if transfer.expires_at <= timezone.now() else Status.VOID
    return OpenTransfer(
        transfer=transfer,
        tone=TONES[status],
        label=str(status.label),
        is_live=is_live,
        is_receiver=receives,
        may_take_back=transfer.status == Status.OFFERED
        and (transfer.by_id == by.pk or cases.belongs_to(transfer.case, by)),
        sees_case=sees_case,
        reason=box.open(transfer, "reason") if box else "",
        answer=box.open(transfer, "answer") if box else "",
    )


# --- the case page ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Reader:
    """A colleague who has seen a case, from the trail."""

    name: str
    first: datetime
    last: datetime
    times: int


@dataclass(frozen=True, slots=True)
class People:
    """Who has to do with a case, and what this person may do about it."""

    offer: dict[str, Any] | None
    shares: Sequence[dict[str, Any]]
    is_watched: bool
    is_theirs: bool
    may_take: bool
    may_assign: bool
    readers: Sequence[Reader] = field(default=())


def people_of(case: Case, *, by: Staff) -> People:
    """For the case page: two statements, however many they are."""
    offers = Transfer.objects.live().filter(case=OuterRef("pk"))
    to = Coalesce(_name_in("to_staff"), "to_team__name")
    shares = Share.objects.live().filter(case=OuterRef("pk")).order_by("until")
    told = (
        Case.objects.filter(pk=case.pk)
        .annotate(
            is_watched=Exists(Watch.objects.filter(case=OuterRef("pk"), staff=by)),
            offer=Subquery(offers.values(told=JSONObject(id="id", to=to, expires_at="expires_at"))),
            shared=ArraySubquery(
                shares.values(
                    told=JSONObject(id="id", name=_name_in("staff"), until="until", may_work="may_work")
                )
            ),
        )
        .values("is_watched", "offer", "shared")
        .get()
    )
    theirs = cases.belongs_to(case, by)
    return People(
        offer=_with_moment(told["offer"], "expires_at") if told["offer"] else None,
        shares=[_with_moment(one, "until") for one in told["shared"]],
        is_watched=told["is_watched"],
        is_theirs=theirs,
        may_take=theirs and cases.can_hold_cases(by) and case.assignee_id != by.pk,
        may_assign=by.can(Permission.CASES_ALL),
        readers=readers_of(case),
    )


def _name_in(colleague: str) -> Any:
    """What `str()` of a colleague says, by the database."""
    return Coalesce(NullIf(f"{colleague}__display_name", Value("")), f"{colleague}__username")


def _with_moment(told: dict[str, Any], name: str) -> dict[str, Any]:
    return told | {name: datetime.fromisoformat(told[name])}


def readers_of(case: Case) -> list[Reader]:
    """Who opened the case, the last one first: read from the trail by its index, never through it."""
    who = Staff.objects.filter(pk=Cast(Substr(OuterRef("actor"), len("staff:") + 1), BigIntegerField()))
    name = who.values(name=Coalesce(NullIf("display_name", Value("")), "username"))
    found = (
        AuditRow.objects.filter(object_type="case", object_id=str(case.pk), verb="case.read")
        .filter(actor__startswith="staff:")
        .values("actor")
        .annotate(first=Min("at"), last=Max("at"), times=Count("pk"), name=Subquery(name))
        .order_by("-last")
    )
    return [
        Reader(row["name"] or row["actor"], row["first"], row["last"], row["times"])
        for row in found[:READERS_SHOWN]
    ]


def watched_by(staff: Staff) -> QuerySet[Case]:
    """The cases this person keeps an eye on and still sees, each with when they last `looked`."""
    mine = Watch.objects.filter(case=OuterRef("pk"), staff=staff)
    last = AuditRow.objects.filter(
        object_type="case",
        object_id=Cast(OuterRef("pk"), AuditRow._meta.get_field("object_id")),
        verb="case.read",
        actor=f"staff:{staff.pk}",
    ).order_by("-id")
    found = Case.objects.visible_to(staff).filter(Exists(mine))
    return found.annotate(
        looked=Coalesce(Subquery(last.values("at")[:1]), Subquery(mine.values("since")[:1]))
    )


# --- who is here ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Colleague:
    """A line of the team page: what somebody has in hand, never how they do."""

    staff: Staff
    is_here: bool
    away: Away | None
    open_cases: int = 0
    waiting_cases: int = 0
    dangers: int = 0
    unread: int = 0
    offered: int = 0
    oldest: datetime | None = None

    @property
    def held(self) -> int:
        """Cases in hand."""
        return self.open_cases + self.waiting_cases


def team() -> list[Colleague]:
    """Everybody by name, closed accounts last, each with what they hold. The same number of statements for any team."""
    held = (
        Case.objects.exclude(status=CaseStatus.CLOSED)
        .exclude(assignee=None)
        .order_by()
        .values("assignee")
        .annotate(
            open_cases=Count("pk", filter=Q(status=CaseStatus.OPEN)),
            waiting_cases=Count("pk", filter=Q(status=CaseStatus.WAITING)),
            dangers=Count("pk", filter=Q(queue_item__danger=True)),
            unread=Count("pk", filter=Q(queue_item__unread=True)),
            oldest=Min("opened_at"),
        )
    )
    load: dict[int, dict[str, Any]] = {}
    for line in held:
        counted: dict[str, Any] = dict(line)
        load[counted.pop("assignee")] = counted
    offered = dict(
        Transfer.objects.live()
        .exclude(to_staff=None)
        .order_by()
        .values_list("to_staff")
        .annotate(Count("pk"))
    )
    here = set(Shift.objects.running().values_list("staff_id", flat=True))
    today = timezone.localdate()
    away: dict[int, Away] = {}
    for row in Away.objects.filter(last_day__gte=today).order_by("first_day"):
        away.setdefault(row.staff_id, row)
    memberships = Membership.objects.select_related("team").order_by("team__name")
    everybody = (
        Staff.objects.select_related("role")
        .prefetch_related(Prefetch("memberships", memberships))
        .order_by("-is_active", "display_name", "username")
    )
    return [
        Colleague(
            staff=one,
            is_here=one.pk in here,
            away=away.get(one.pk),
            offered=offered.get(one.pk, 0),
            **load.get(one.pk, {}),
        )
        for one in everybody
    ]


def unheld(staff: Staff) -> int:
    """Open cases that nobody has, of those this person sees."""
    return Case.objects.visible_to(staff).filter(assignee=None).exclude(status=CaseStatus.CLOSED).count()


def colleagues(*, but: Sequence[int | None] = ()) -> QuerySet[Staff]:
    """Who could take a case now: not away; those on their shift first, and of those who has least in hand."""
    today = timezone.localdate()
    held = (
        Case.objects.filter(assignee=OuterRef("pk"))
        .exclude(status=CaseStatus.CLOSED)
        .order_by()
        .values("assignee")
        .annotate(number=Count("pk"))
    )
    found = may_hold_cases().filter(~Exists(Away.objects.on(today).filter(staff=OuterRef("pk"))))
    return (
        found.exclude(pk__in=[pk for pk in but if pk is not None])
        .annotate(
            is_here=Exists(Shift.objects.running().filter(staff=OuterRef("pk"))),
            load=Coalesce(Subquery(held.values("number")), Value(0), output_field=IntegerField()),
        )
        .order_by("-is_here", "load", "display_name", "username")
    )


def described(staff: Any) -> str:
    """A colleague of `colleagues`, as a choice says it: "Nour · on shift · 4 in hand"."""
    parts = [str(staff)]
    if staff.is_here:
        parts.append(_("on shift"))
    return " · ".join(
        [*parts, ngettext("%(count)s in hand", "%(count)s in hand", staff.load) % {"count": staff.load}]
    )


# --- the end of a shift -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Line:
    """A case of a summary: coarse facts, and what it waits for."""

    case: Case
    next: Sequence[str | Promise]
    is_danger: bool
    is_soon: bool
    deadline: datetime | None
    unread: bool


@dataclass(frozen=True, slots=True)
class Summary:
    """What somebody has in hand at the end of a shift. Nothing of it is opened."""

    lines: Sequence[Line]
    is_whole: bool
    offers: int

    @property
    def dangers(self) -> int:
        """Cases where a life may be in danger."""
        return sum(one.is_danger for one in self.lines)

    @property
    def soon(self) -> int:
        """Deadlines of the next 24 hours, and those that passed."""
        return sum(one.is_soon for one in self.lines)

    @property
    def unread(self) -> int:
        """Cases with a message nobody has read."""
        return sum(one.unread for one in self.lines)


def summary(*, of: Staff, seen_by: Staff, now: datetime) -> Summary:
    """The open cases of `of` that `seen_by` sees, dangers and near deadlines first. Six statements."""
    found = Case.objects.visible_to(seen_by).filter(assignee=of).exclude(status=CaseStatus.CLOSED)
    held = list(found.select_related("queue_item", "report").order_by("opened_at", "pk")[: IN_A_SUMMARY + 1])
    shown = held[:IN_A_SUMMARY]
    keys = [case.pk for case in shown]
    needing = _count_by_case(takedowns.needing_a_person(seen_by), keys)
    due = _count_by_case(referrals.due(seen_by), keys)
    # By the name of the relation: the tasks are a room beside this one.
    open_tasks = Q(tasks__done_at=None, tasks__removed_at=None, tasks__due_at__lte=now + SOON)
    counted = Case.objects.filter(pk__in=keys).annotate(due_tasks=Count("tasks", filter=open_tasks))
    tasks = dict(counted.values_list("pk", "due_tasks"))
    offered = {
        row.case_id: row
        for row in Transfer.objects.live().filter(case__in=keys).select_related("to_staff", "to_team")
    }
    lines = [
        _line(
            case,
            needing.get(case.pk, 0),
            due.get(case.pk, 0),
            tasks=tasks.get(case.pk, 0),
            offer=offered.get(case.pk),
            now=now,
        )
        for case in shown
    ]
    lines.sort(key=lambda one: (not one.is_danger, not one.is_soon, not one.unread, one.case.opened_at))
    offers = Transfer.objects.live().filter(by=of).count()
    return Summary(lines, is_whole=len(held) <= IN_A_SUMMARY, offers=offers)


def _count_by_case(found: QuerySet[Any], keys: Sequence[int]) -> dict[int, int]:
    return dict(found.filter(case__in=keys).order_by().values_list("case").annotate(Count("pk")))


def _line(
    case: Case,
    takedowns_waiting: int,
    referrals_due: int,
    *,
    tasks: int,
    offer: Transfer | None,
    now: datetime,
) -> Line:
    item = getattr(case, "queue_item", None)
    deadline = item.deadline_at if item else None
    is_soon = deadline is not None and deadline <= now + SOON
    steps: list[str | Promise] = []
    if item is not None and item.danger:
        steps.append(_("A life may be at stake: make contact first."))
    if item is not None and item.unread:
        steps.append(_("Read what they wrote."))
    if tasks:
        said = ngettext("%(count)s task within a day.", "%(count)s tasks within a day.", tasks)
        steps.append(said % {"count": tasks})
    if takedowns_waiting:
        said = ngettext(
            "Decide about %(count)s takedown.", "Decide about %(count)s takedowns.", takedowns_waiting
        )
        steps.append(said % {"count": takedowns_waiting})
    if referrals_due:
        steps.append(_("Ask again about a referral."))
    if case.status == CaseStatus.WAITING:
        steps.append(_("Waiting for the young person."))
    if offer is not None:
        steps.append(_("Offered to %(name)s, who has not answered yet.") % {"name": offer.to_whom})
    return Line(
        case=case,
        next=steps,
        is_danger=bool(item and item.danger),
        is_soon=is_soon,
        deadline=deadline,
        unread=bool(item and item.unread),
    )


def handovers_for(staff: Staff) -> QuerySet[HandOver]:
    """What colleagues of this person's teams left, their own too, the newest first; supervisors see all. With `is_read`."""
    found = HandOver.objects.select_related("by").order_by("-at", "-id")
    if not staff.can(Permission.CASES_ALL):
        mine = Membership.objects.filter(staff=staff).values("team")
        same = Membership.objects.filter(staff=OuterRef("by"), team__in=mine)
        found = found.filter(Q(by=staff) | Exists(same))
    return found.annotate(is_read=Exists(HandOverRead.objects.filter(handover=OuterRef("pk"), staff=staff)))
