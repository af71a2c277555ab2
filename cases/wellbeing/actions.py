"""Writing down what was read, gentle caps, offers to talk, and forgetting.

Nothing here leaves a line in the trail: it is about colleagues, for themselves, and the trail never forgets. That a case was
read stands there already.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from uuid import UUID

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Aggregate, Count, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone

from cases.wellbeing import weights
from cases.wellbeing.models import Ease, Exposure, Talk
from cases.wellbeing.states import Answer, Load, Seen, Why
from helpline.accounts.models import Staff
from helpline.accounts.permissions import Permission
from reports.models import Report
from reports.states import AgeRange

WEEK = timedelta(days=7)
# So many heavy ones in a day, and somebody is asked whether they would like to talk.
STREAK = 5


@transaction.atomic
def note_reading(*, report: Report, by: Staff, seen: str, at: datetime, words: int = 0) -> None:
    """`by` read something of this report; what is light is not written down, and the same thing once a day."""
    kind = Seen(seen)
    facts = weights.Facts(kind, report.age_range, report.circumstances, words)
    weight = weights.weigh(facts)
    if not weight:
        return
    day = timezone.localdate(at)
    row = Exposure(staff=by, day=day, seen=kind, weight=weight, report_id=report.pk)
    Exposure.objects.bulk_create([row], ignore_conflicts=True)
    if weight >= weights.IS_VERY_HEAVY:
        _offer(by, day, Why.HEAVY)
    elif weight >= weights.IS_HEAVY and _heavy_today(by, day) >= STREAK:
        _offer(by, day, Why.STREAK)


def _heavy_today(staff: Staff, day: date) -> int:
    heavy = Exposure.objects.filter(staff=staff, day=day, weight__gte=weights.IS_HEAVY)
    return heavy.values("report_id").distinct().count()


def _offer(staff: Staff, day: date, why: Why) -> None:
    Talk.objects.bulk_create([Talk(staff=staff, day=day, why=why)], ignore_conflicts=True)


# --- how much is enough -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Standing:
    """How somebody stands today. `stories`: heavy ones read today."""

    stories: int
    today: int
    week: int
    eased_until: datetime | None
    offer: UUID | None  # of the Talk that waits for an answer

    @property
    def is_over(self) -> bool:
        """Above one of the gentle caps."""
        return bool(self.today > settings.WELLBEING_DAY_CAP or self.week > settings.WELLBEING_WEEK_CAP)


def standing(staff: Staff, *, at: datetime) -> Standing:
    """In one statement, whatever was read."""
    day = timezone.localdate(at)
    lately = Exposure.objects.filter(staff=OuterRef("pk"), day__gt=day - WEEK)
    heavy = Count("report_id", distinct=True, filter=Q(weight__gte=weights.IS_HEAVY))
    # An offer that nobody answered is not repeated for weeks.
    offers = Talk.objects.filter(staff=OuterRef("pk"), answer=Answer.NONE, day__gte=day - timedelta(days=1))
    found = Staff.objects.filter(pk=staff.pk).values(
        today=_of(lately.filter(day=day), Sum("weight")),
        week=_of(lately, Sum("weight")),
        stories=_of(lately.filter(day=day), heavy),
        eased_until=Subquery(Ease.objects.filter(staff=OuterRef("pk"), until__gt=at).values("until")),
        offer=Subquery(offers.order_by("-day").values("pk")[:1]),
    )
    return Standing(
        **(found.first() or {"stories": 0, "today": 0, "week": 0, "eased_until": None, "offer": None})
    )


def _of(rows: QuerySet[Exposure], what: Aggregate) -> Coalesce:
    """One figure over these rows, 0 for none."""
    return Coalesce(Subquery(rows.order_by().values("staff").annotate(figure=what).values("figure")), 0)


def prefers_lighter(staff: Staff, *, at: datetime) -> bool:
    """Is "next for me" to offer lighter ones first: above a cap, or wished so?"""
    here = standing(staff, at=at)
    return here.is_over or here.eased_until is not None


def passed_over(staff: Staff) -> Q | None:
    """Which lines of the queue are offered to this person only when no other waits; None: none.

    Never one that speaks of danger to a life: that comes before anybody's rest, and everybody sees it.
    """
    if not prefers_lighter(staff, at=timezone.now()):
        return None
    heavy = Q(age_range=AgeRange.UNDER_13)
    for circumstance, weight in weights.HEAVY.items():
        if weight >= weights.IS_HEAVY:
            heavy |= Q(reasons__contains=[{"code": str(circumstance)}])
    return heavy & Q(danger=False)


def ease(*, staff: Staff, at: datetime) -> datetime:
    """Lighter ones first for the rest of the day. Answers until when."""
    tomorrow = timezone.localdate(at) + timedelta(days=1)
    until = timezone.make_aware(datetime.combine(tomorrow, time.min))
    Ease.objects.update_or_create(staff=staff, defaults={"until": until})
    return until


def end_ease(*, staff: Staff) -> None:
    """As always again."""
    Ease.objects.filter(staff=staff).delete()


# --- talking ----------------------------------------------------------------------------------------------


def answer(*, talk_id: UUID, staff: Staff, wants: bool) -> bool:
    """Yes: the supervisors see a request. No, or no any more: they see nothing. False when they talked already, or it is not
    this person's.
    """
    mine = Talk.objects.filter(pk=talk_id, staff=staff, talked_on=None)
    return bool(mine.update(answer=Answer.YES if wants else Answer.NO))


def ask_to_talk(*, staff: Staff, at: datetime) -> bool:
    """Somebody wants to talk without having been offered it. False when they talked today already."""
    day = timezone.localdate(at)
    _offer(staff, day, Why.STREAK)
    return bool(Talk.objects.filter(staff=staff, day=day, talked_on=None).update(answer=Answer.YES))


def wanted() -> QuerySet[Talk]:
    """Who would like to talk and has not yet, the longest first."""
    return Talk.objects.filter(answer=Answer.YES, talked_on=None).order_by("day", "id")


def talked(*, talk_id: UUID, by: Staff, at: datetime) -> bool:
    """They talked; about what is nobody's business. False when a colleague said so before, or it was taken back.

    Raises PermissionDenied for whoever is no supervisor.
    """
    if not by.can(Permission.CASES_ALL):
        raise PermissionDenied
    rows = wanted().order_by().filter(pk=talk_id).exclude(staff=by)
    return bool(rows.update(talked_on=timezone.localdate(at), talked_with=by))


# --- for supervisors --------------------------------------------------------------------------------------


def readers() -> QuerySet[Staff]:
    """Colleagues at work who read reports."""
    permissions = [Permission.QUEUE_READ, Permission.CASES_OWN, Permission.CASES_ALL]
    return Staff.objects.filter(is_active=True, role__permissions__overlap=permissions)


def loads(people: Collection[Staff], *, at: datetime) -> dict[int, Load]:
    """How much each of them carried in the last seven days, in words, by their id; one statement."""
    since = timezone.localdate(at) - WEEK
    rows = Exposure.objects.filter(day__gt=since, staff__in=[one.pk for one in people])
    carried = dict(rows.values("staff").annotate(total=Sum("weight")).values_list("staff", "total"))
    cap = settings.WELLBEING_WEEK_CAP
    return {one.pk: weights.load(carried.get(one.pk, 0), cap=cap) for one in people}


# --- forgetting -------------------------------------------------------------------------------------------


def forget_mine(*, staff: Staff) -> None:
    """Everything that is kept about this person goes, now."""
    Exposure.objects.filter(staff=staff).delete()
    Talk.objects.filter(staff=staff).delete()
    Ease.objects.filter(staff=staff).delete()


def forget(*, at: datetime) -> int:
    """What is older than WELLBEING_DAYS goes, and reports' ids after two days. Returns how many rows went."""
    day = timezone.localdate(at)
    old = day - settings.WELLBEING_DAYS
    Exposure.objects.filter(day__lte=day - settings.WELLBEING_ID_DAYS).exclude(report_id=None).update(
        report_id=None
    )
    rows = Exposure.objects.filter(day__lte=old).delete()[0] + Talk.objects.filter(day__lte=old).delete()[0]
    return rows + Ease.objects.filter(until__lte=at).delete()[0]
