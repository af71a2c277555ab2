"""The counsellors' side: the queue, cases, notes, the timeline, incidents."""

import secrets
import uuid
from typing import Any, ClassVar, Self

from django.conf import settings
from django.contrib.postgres.expressions import ArraySubquery
from django.db import models
from django.db.models import F, Func, Q
from django.db.models.functions import Now
from django.utils import timezone

from cases import states
from cases.states import (
    CaseStatus,
    ForbiddenMove,
    Happening,
    IncidentStatus,
    MemberState,
    Outcome,
    QueueState,
)
from helpline.accounts.models import Staff, Team
from helpline.accounts.permissions import Permission
from helpline.crypto import wrapping
from helpline.crypto.box import Box
from helpline.crypto.fields import SealedField
from reports.models import Report
from reports.receipts import ALPHABET
from reports.states import AgeRange, Kind


class CaseQuerySet(models.QuerySet["Case"]):
    """Who may see which case, and who may work on it."""

    def visible_to(self, staff: Staff) -> Self:
        """Own and team cases, those a colleague shared, if only to be read, or all of them, as the role says."""
        return self._of(staff, Share.objects.live())

    def workable_by(self, staff: Staff) -> Self:
        """The same without those that are shared to be read only: what `cases.actions.can_work_on` says of one."""
        return self._of(staff, Share.objects.live().filter(may_work=True))

    def _of(self, staff: Staff, shares: "ShareQuerySet") -> Self:
        if staff.can(Permission.CASES_ALL):
            return self
        if staff.can(Permission.CASES_OWN):
            shared = is_one_of("pk", shares.filter(staff=staff).values("case"))
            return self.filter(Q(assignee=staff) | Q(team__in=staff.team_slugs()) | Q(shared))
        return self.none()


def is_one_of(key: str, found: "models.QuerySet[Any, Any]") -> Func:
    """Is `key` among `found`, asked once and not of every row: the database goes by the key's index, inside an OR, too."""
    return Func(
        F(key),
        ArraySubquery(found),
        template="%(expressions)s)",
        arg_joiner=" = ANY (",
        output_field=models.BooleanField(),
    )


def new_ref() -> str:
    """A case reference: random, so that it counts nothing and tells nothing. Eight characters of Crockford's alphabet."""
    return "".join(secrets.choice(ALPHABET) for _ in range(8))


class Case(models.Model):
    """One report in the hands of the helpline."""

    id = models.BigAutoField(primary_key=True)
    ref = models.CharField(max_length=8, unique=True, default=new_ref, editable=False)
    report = models.OneToOneField(Report, on_delete=models.PROTECT, related_name="case")
    status = models.CharField(max_length=10, choices=CaseStatus.choices, default=CaseStatus.OPEN)
    team = models.ForeignKey(Team, on_delete=models.PROTECT, null=True, blank=True, related_name="cases")
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="cases",
        db_index=False,
    )
    opened_at = models.DateTimeField()
    opened_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    changed_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(max_length=12, choices=Outcome.choices, blank=True)
    # The report's data key, wrapped again under the desk key: what a worker opens without the intake's private key.
    key = models.BinaryField(null=True)
    # How colleagues call this case aloud: initials or a handle the counsellor chose.
    handle = SealedField()

    objects = CaseQuerySet.as_manager()

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.CheckConstraint(
                name="case_closed_says_when_and_how",
                condition=Q(status=CaseStatus.CLOSED, closed_at__isnull=False) & ~Q(outcome="")
                | ~Q(status=CaseStatus.CLOSED) & Q(closed_at=None, outcome=""),
            ),
        ]
        indexes: ClassVar[list[Any]] = [
            models.Index(fields=["-changed_at", "-id"], name="case_changed"),
            models.Index(fields=["assignee", "-changed_at", "-id"], name="case_assignee_changed"),
            # What is in hand stays few, however many cases were closed: the desk's counts read only these.
            models.Index(fields=["team"], name="case_open_team", condition=~Q(status=CaseStatus.CLOSED)),
            models.Index(
                fields=["assignee"], name="case_open_assignee", condition=~Q(status=CaseStatus.CLOSED)
            ),
        ]

    class Privacy:
        keep = (
            "id",
            "ref",
            "report",
            "status",
            "team",
            "assignee",
            "opened_at",
            "opened_by",
            "changed_at",
            "closed_at",
            "outcome",
        )
        blank = ("key",)
        sealed = ("handle",)

    def __str__(self) -> str:
        return self.ref

    @property
    def about(self) -> str:
        """What its key is bound to."""
        return f"case:{self.report_id}"

    def box(self) -> Box:
        """Opens the report's and the case's sealed columns. Raises WrongKey once erased, KeyUnavailable without keys."""
        if self.key is None:
            raise wrapping.WrongKey("This case was erased.")
        return Box(wrapping.unwrap_for_desk(self.key, about=self.about))

    def move(self, status: CaseStatus) -> None:
        """Along an arrow of CASE_TRANSITIONS, in memory. Raises ForbiddenMove."""
        if status not in states.CASE_TRANSITIONS[CaseStatus(self.status)]:
            raise ForbiddenMove(f"A case that is {self.status} can't become {status}.")
        self.status = status


class ShareQuerySet(models.QuerySet["Share"]):
    """Shares that hold at this moment, by the database's clock."""

    def live(self) -> Self:
        """Neither ended nor run out."""
        return self.filter(ended_at=None, until__gt=Now())


class Share(models.Model):
    """A colleague reads somebody else's case, or works on it, until a moment. Nobody sweeps: it ends by itself."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="shares")
    staff = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    may_work = models.BooleanField()  # False: to be read, and nothing else
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    at = models.DateTimeField()
    until = models.DateTimeField()
    reason = SealedField()  # with the case's key
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
    )

    objects = ShareQuerySet.as_manager()

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=["case", "staff"], name="share_once", condition=Q(ended_at=None)),
        ]
        indexes: ClassVar[list[Any]] = [
            # What a person may see is asked on every page: few rows, and answered by the index alone.
            models.Index(
                fields=["staff", "until"],
                name="share_live",
                condition=Q(ended_at=None),
                include=["case", "may_work"],
            ),
        ]

    class Privacy:
        keep = ("id", "case", "staff", "may_work", "by", "at", "until", "ended_at", "ended_by")
        sealed = ("reason",)

    def __str__(self) -> str:
        return f"share {self.pk}"


class QueueItem(models.Model):
    """One line of the queue: what the triage found in a report, with what the list shows and sorts by.

    `rank_at` folds urgency and waiting into one moment – the time of the report, moved back by minutes for each point –
    so that every waiting minute counts, nobody starves, and the order needs no recomputing.
    """

    report = models.OneToOneField(
        Report, on_delete=models.CASCADE, primary_key=True, related_name="queue_item"
    )
    case = models.OneToOneField(
        Case, on_delete=models.CASCADE, null=True, blank=True, related_name="queue_item"
    )
    state = models.CharField(max_length=10, choices=QueueState.choices, default=QueueState.WAITING)
    danger = models.BooleanField(default=False)
    score = models.SmallIntegerField()
    reasons = models.JSONField(default=list)  # [{"code", "points"}], the heaviest first
    rank_at = models.DateTimeField()
    scored_at = models.DateTimeField()
    submitted_at = models.DateTimeField()
    deadline_at = models.DateTimeField(null=True, blank=True)
    kind = models.CharField(max_length=12, choices=Kind.choices)
    age_range = models.CharField(max_length=10, choices=AgeRange.choices)
    language = models.CharField(max_length=8)
    places = models.CharField(max_length=120, blank=True)  # platform names, for the eye
    link_count = models.PositiveSmallIntegerField(default=0)
    holder = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    unread = models.BooleanField(default=False)  # the young person wrote and nobody has read it
    unread_since = models.DateTimeField(null=True, blank=True)  # says something only while it is unread
    # Danger was told at this moment, and nobody has looked at the case yet unless `danger_seen_at` says so.
    danger_since = models.DateTimeField(null=True, blank=True)
    danger_seen_at = models.DateTimeField(null=True, blank=True)
    danger_seen_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
    )
    # Who reads the report at this moment. A lease: it ends by itself, by the database's clock.
    claimed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,  # nobody asks for it
    )
    claimed_until = models.DateTimeField(null=True, blank=True)
    reader_name: str | None  # what `queue.with_reader` brings along

    class Meta:
        indexes: ClassVar[list[Any]] = [
            # The newest first, for who asks for a day.
            models.Index(fields=["-submitted_at", "report"], name="queue_submitted"),
            models.Index(
                fields=["-danger", "rank_at", "report"],
                name="queue_waiting",
                condition=Q(state=QueueState.WAITING),
            ),
            models.Index(
                fields=["-danger", "rank_at", "report"], name="queue_open", condition=Q(state=QueueState.OPEN)
            ),
            models.Index(
                fields=["holder", "-danger", "rank_at", "report"],
                name="queue_mine",
                condition=Q(state=QueueState.OPEN),
            ),
            # Few, and asked for by every page of the desk.
            models.Index(
                fields=["danger_since"],
                name="queue_calling",
                condition=Q(state=QueueState.OPEN, danger=True, danger_seen_at=None),
            ),
            models.Index(
                fields=["unread_since"],
                name="queue_unread",
                condition=Q(state=QueueState.OPEN, unread=True),
            ),
        ]

    class Privacy:
        keep = (
            "report",
            "case",
            "state",
            "danger",
            "score",
            "reasons",
            "rank_at",
            "scored_at",
            "submitted_at",
            "kind",
            "age_range",
            "language",
            "places",
            "link_count",
            "holder",
            "unread",
            "unread_since",
            "danger_seen_at",
            "danger_seen_by",
            "claimed_by",
            "claimed_until",
        )
        blank = ("deadline_at", "danger_since")

    def __str__(self) -> str:
        return f"queue item {self.report_id}"

    @property
    def reader(self) -> Staff | None:
        """Who reads it just now, for the eye; what decides is `cases.claims.FREE`."""
        return self.claimed_by if self.is_being_read else None

    @property
    def is_being_read(self) -> bool:
        """Whether there is such a reader, without looking who it is."""
        if self.claimed_until is None or self.state != QueueState.WAITING:
            return False
        return self.claimed_until > timezone.now()


class SavedView(models.Model):
    """A tab of the queue that one colleague made: a name, and the filters as they stand in the address."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    staff = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="saved_views")
    name = models.CharField(max_length=40)
    query = models.CharField(max_length=300)
    # Gone from the tabs, and kept a while for whoever wants it back.
    removed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(
                fields=["staff", "name"], name="saved_view_name_once", condition=Q(removed_at=None)
            ),
        ]

    class Privacy:
        keep = ("id", "staff", "name", "query", "removed_at")

    def __str__(self) -> str:
        return self.name


class Note(models.Model):
    """A counsellor's own words about a case. The young person never sees them."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="notes")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    body = SealedField()

    class Privacy:
        keep = ("id", "case", "by", "at")
        sealed = ("body",)

    def __str__(self) -> str:
        return f"note {self.pk}"


class CaseEvent(models.Model):
    """A dated line of the case's timeline. Coarse: words and names of people stay in sealed columns."""

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="events", db_index=False)
    at = models.DateTimeField()
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    what = models.CharField(max_length=12, choices=Happening.choices)
    data = models.JSONField(default=dict)

    class Meta:
        indexes: ClassVar[list[Any]] = [models.Index(fields=["case", "at", "id"], name="case_event_order")]

    class Privacy:
        keep = ("id", "case", "at", "by", "what", "data")

    def __str__(self) -> str:
        return f"{self.what} {self.at:%Y-%m-%d %H:%M}"


class Incident(models.Model):
    """Several cases with one cause: the same link, account, fingerprint or school. Each case stays sealed to its own."""

    id = models.BigAutoField(primary_key=True)
    ref = models.CharField(max_length=8, unique=True, default=new_ref, editable=False)
    status = models.CharField(max_length=10, choices=IncidentStatus.choices, default=IncidentStatus.OPEN)
    opened_at = models.DateTimeField()
    key = models.BinaryField(null=True)
    title = SealedField()
    cases = models.ManyToManyField(Case, through="IncidentMember", related_name="incidents")

    class Privacy:
        keep = ("id", "ref", "status", "opened_at")
        blank = ("key",)
        sealed = ("title",)

    def __str__(self) -> str:
        return self.ref

    @property
    def about(self) -> str:
        """What its key is bound to."""
        return f"incident:{self.ref}"

    def box(self) -> Box:
        """Opens the incident's own sealed columns."""
        if self.key is None:
            raise wrapping.WrongKey("This incident was erased.")
        return Box(wrapping.unwrap_for_desk(self.key, about=self.about))


class IncidentMember(models.Model):
    """This case belongs to this incident, or was proposed for it, or was found not to."""

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="members")
    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="memberships")
    state = models.CharField(max_length=10, choices=MemberState.choices, default=MemberState.PROPOSED)
    reasons = models.JSONField(default=list)  # ["url", "account", "fingerprint", "school"]
    proposed_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )

    class Meta:
        indexes: ClassVar[list[Any]] = [
            # What the rail counts. Proposals that nobody decided stay with cases long closed.
            models.Index(fields=["case"], name="member_proposed", condition=Q(state=MemberState.PROPOSED)),
        ]
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=["incident", "case"], name="incident_member_once"),
            models.CheckConstraint(
                name="incident_member_decided_when",
                condition=Q(state=MemberState.PROPOSED, decided_at=None)
                | ~Q(state=MemberState.PROPOSED) & Q(decided_at__isnull=False),
            ),
        ]

    class Privacy:
        keep = ("id", "incident", "case", "state", "reasons", "proposed_at", "decided_at", "decided_by")

    def __str__(self) -> str:
        return f"{self.case_id} in {self.incident_id}: {self.state}"
