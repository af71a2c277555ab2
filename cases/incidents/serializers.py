"""What the incidents' calls take and answer."""

from typing import Any

from rest_framework import serializers

from cases.models import IncidentMember
from cases.states import IncidentStatus, MemberState

MOST_CASES = 100


class MemberSerializer(serializers.Serializer[Any]):
    """A case in an incident. `case` is null where it is not yours to see."""

    case = serializers.SerializerMethodField()
    state = serializers.ChoiceField(MemberState.choices)
    reasons = serializers.ListField(
        child=serializers.CharField(), help_text="code, url, account, fingerprint, near, school"
    )
    proposed_at = serializers.DateTimeField()
    decided_at = serializers.DateTimeField(allow_null=True)

    def get_case(self, member: IncidentMember) -> str | None:
        return member.case.ref if self.context["may_see"](member.case) else None


class IncidentSerializer(serializers.Serializer[Any]):
    """Cases with one cause."""

    ref = serializers.CharField()
    status = serializers.ChoiceField(IncidentStatus.choices)
    opened_at = serializers.DateTimeField()
    members = MemberSerializer(many=True)


class OpenIncidentSerializer(serializers.Serializer[Any]):
    """Cases that belong together, though nothing in them is equal."""

    cases = serializers.ListField(
        child=serializers.CharField(max_length=12), min_length=1, max_length=MOST_CASES
    )
    title = serializers.CharField(
        max_length=80,
        required=False,
        allow_blank=True,
        default="",
        help_text="Among colleagues; sealed, and not answered back. No names.",
    )


class CaseRefSerializer(serializers.Serializer[Any]):
    """A case, by its reference."""

    case = serializers.CharField(max_length=12)


class CaseRefsSerializer(serializers.Serializer[Any]):
    """Which of the proposed cases; all of yours when it is not said."""

    cases = serializers.ListField(
        child=serializers.CharField(max_length=12), required=False, allow_empty=False, max_length=MOST_CASES
    )
