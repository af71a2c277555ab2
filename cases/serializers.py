"""What the desk's API takes and gives."""

from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _
from rest_framework import serializers

from cases.models import Case, QueueItem
from cases.states import CaseStatus, Happening, Outcome, QueueState
from cases.triage import Reason
from helpline.accounts.models import Staff
from helpline.accounts.permissions import Permission
from reports.models import Report
from reports.serializers import MessageSerializer, Opened, PlaceSerializer
from reports.states import AgeRange, Channel, Circumstance, Kind, LinkStatus, Status, Who

# A line of the queue says where the report stands without reading the report.
STATUS_OF = {
    QueueState.WAITING.value: Status.SUBMITTED.value,
    QueueState.OPEN.value: Status.IN_CASE.value,
    QueueState.CLOSED.value: Status.CLOSED.value,
}


# --- giving -------------------------------------------------------------------------------------------


class PersonSerializer(serializers.Serializer[Any]):
    """A colleague."""

    username = serializers.CharField()
    display_name = serializers.CharField()


class ReasonSerializer(serializers.Serializer[Any]):
    """Why a report is higher in the list."""

    code = serializers.ChoiceField(Reason.choices)
    points = serializers.IntegerField()
    text = serializers.SerializerMethodField()

    def get_text(self, reason: dict[str, Any]) -> str:
        return str(Reason(reason["code"]).label)


class QueuedSerializer(serializers.Serializer[Any]):
    """A line of the queue: coarse facts only."""

    id = serializers.UUIDField(source="report_id")
    status = serializers.SerializerMethodField()
    submitted_at = serializers.DateTimeField()
    priority = serializers.IntegerField(source="score")
    danger = serializers.BooleanField(help_text="A life may be at stake.")
    reasons = ReasonSerializer(many=True)
    kind = serializers.ChoiceField(Kind.choices)
    age_range = serializers.ChoiceField(AgeRange.choices)
    language = serializers.CharField()
    deadline_at = serializers.DateTimeField(allow_null=True)
    links = serializers.IntegerField(source="link_count", help_text="How many.")
    unread = serializers.BooleanField(help_text="The young person wrote and nobody has read it.")
    case = serializers.SerializerMethodField(help_text="Its reference, where it is yours to see.")

    def get_status(self, item: QueueItem) -> str:
        return STATUS_OF[item.state]

    def get_case(self, item: QueueItem) -> str | None:
        may_see = self.context["may_see"]
        return item.case.ref if item.case is not None and may_see(item.case) else None


class FingerprintSerializer(serializers.Serializer[Any]):
    """A fingerprint, computed on the person's own device."""

    algorithm = serializers.CharField()
    value = Opened("value")
    quality = serializers.IntegerField(allow_null=True)


class SafeContactSerializer(serializers.Serializer[Any]):
    """How the young person may be reached: never otherwise."""

    via = serializers.CharField()
    address = serializers.CharField(required=False)
    hours = serializers.CharField(required=False)
    from_hour = serializers.IntegerField(required=False)
    to_hour = serializers.IntegerField(required=False)
    is_safe = serializers.BooleanField(required=False)


class ReportedSerializer(serializers.Serializer[Any]):
    """What was told."""

    id = serializers.UUIDField()
    status = serializers.ChoiceField(Status.choices)
    submitted_at = serializers.DateTimeField()
    last_contact_at = serializers.DateTimeField()
    channel = serializers.ChoiceField(Channel.choices)
    language = serializers.CharField()
    who = serializers.ChoiceField(Who.choices)
    age_range = serializers.ChoiceField(AgeRange.choices)
    kind = serializers.ChoiceField(Kind.choices)
    circumstances = serializers.ListField(child=serializers.ChoiceField(Circumstance.choices))
    deadline_at = serializers.DateTimeField(allow_null=True)
    story = Opened("story")
    school = Opened("school")
    answers = serializers.SerializerMethodField()
    safe_contact = serializers.SerializerMethodField()

    def get_answers(self, report: Report) -> dict[str, Any]:
        box = self.context["box"]
        answers: dict[str, Any] = box.open_json(report, "answers") if box else {}
        return answers

    def get_safe_contact(self, report: Report) -> SafeContactSerializer:
        box = self.context["box"]
        opened = box.open_json(report, "contact") if box else {}
        return SafeContactSerializer({"via": report.contact_via} | opened).data  # type: ignore[return-value]


class ReportSerializer(ReportedSerializer):
    """One report, opened."""

    priority = serializers.IntegerField(source="queue_item.score")
    danger = serializers.BooleanField(source="queue_item.danger")
    reasons = ReasonSerializer(many=True, source="queue_item.reasons")
    links = PlaceSerializer(many=True)
    fingerprints = FingerprintSerializer(many=True)
    case = serializers.SerializerMethodField(help_text="Its reference, once somebody took it in hand.")

    def get_case(self, report: Report) -> str | None:
        case: Case | None = self.context["case"]
        return case.ref if case else None


class CasePlaceSerializer(serializers.Serializer[Any]):
    """A link without what is sealed: for lists."""

    id = serializers.UUIDField()
    platform = serializers.SlugField(source="platform.slug")
    status = serializers.ChoiceField(LinkStatus.choices)


class CaseRowSerializer(serializers.Serializer[Any]):
    """A case in a list. Its words are opened one case at a time, because each opening is recorded."""

    ref = serializers.CharField()
    status = serializers.ChoiceField(CaseStatus.choices)
    outcome = serializers.ChoiceField(Outcome.choices, allow_blank=True)
    report = serializers.UUIDField(source="report_id")
    kind = serializers.ChoiceField(Kind.choices, source="report.kind")
    age_range = serializers.ChoiceField(AgeRange.choices, source="report.age_range")
    assignee = PersonSerializer(allow_null=True)
    team = serializers.CharField(source="team_id", allow_null=True)
    opened_at = serializers.DateTimeField()
    changed_at = serializers.DateTimeField()
    closed_at = serializers.DateTimeField(allow_null=True)
    links = CasePlaceSerializer(many=True, source="report.links")


class NoteSerializer(serializers.Serializer[Any]):
    """A counsellor's own words."""

    id = serializers.UUIDField()
    at = serializers.DateTimeField()
    by = PersonSerializer()
    text = Opened("body")


class LineSerializer(serializers.Serializer[Any]):
    """A line of the case's timeline."""

    at = serializers.DateTimeField()
    what = serializers.ChoiceField(Happening.choices)
    by = PersonSerializer(allow_null=True)
    data = serializers.DictField()  # type: ignore[assignment]


class CaseSerializer(CaseRowSerializer):
    """One case, opened."""

    handle = Opened("handle", help_text="How colleagues call it.")
    told = ReportedSerializer(source="report", help_text="What was reported.")
    links = PlaceSerializer(many=True, source="report.links")  # type: ignore[assignment]
    fingerprints = FingerprintSerializer(many=True, source="report.fingerprints")
    messages = MessageSerializer(many=True, source="report.messages")
    notes = NoteSerializer(many=True)
    timeline = LineSerializer(many=True, source="events")

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        fields = super().get_fields()
        fields["report"] = serializers.UUIDField(source="report_id")
        return fields


# --- taking -------------------------------------------------------------------------------------------


class OpenCaseSerializer(serializers.Serializer[Any]):
    """Which report to take in hand."""

    report = serializers.UUIDField()


class AssignSerializer(serializers.Serializer[Any]):
    """Who takes over."""

    to = serializers.CharField(max_length=60, help_text="User name of a colleague who works on cases.")

    def validate_to(self, username: str) -> Staff:
        staff = Staff.objects.select_related("role").filter(username=username, is_active=True).first()
        if staff is None or not (staff.can(Permission.CASES_OWN) or staff.can(Permission.CASES_ALL)):
            raise serializers.ValidationError(_("Nobody of this name works on cases."))
        return staff


class NoteInSerializer(serializers.Serializer[Any]):
    """A note."""

    text = serializers.CharField(max_length=settings.STORY_MAX_CHARS)


class CloseSerializer(serializers.Serializer[Any]):
    """How a case ended."""

    outcome = serializers.ChoiceField(Outcome.choices)

    def to_internal_value(self, data: Any) -> Any:
        return super().to_internal_value(hyphened(data, "outcome"))


def hyphened(data: Any, *names: str) -> Any:
    """The words under `names` as this API writes them: `not_removed` is `not-removed`."""
    if not isinstance(data, dict):
        return data
    return data | {name: data[name].replace("_", "-") for name in names if isinstance(data.get(name), str)}
