"""What the takedowns' API takes and gives."""

from datetime import timedelta
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework import serializers

from cases.serializers import PersonSerializer
from cases.takedowns.states import Outcome, Result, Source, Status
from helpline.platforms.models import Channel, ChannelKind, Regime
from reports.serializers import Opened

MAX_LINKS = 100
CLOCKS_DIFFER = timedelta(minutes=5)


# --- giving -------------------------------------------------------------------------------------------


class ChannelSerializer(serializers.Serializer[Any]):
    """Which way it went."""

    slug = serializers.SlugField()
    kind = serializers.ChoiceField(ChannelKind.choices)


class AttemptSerializer(serializers.Serializer[Any]):
    """One try to send. A result that is empty is not known yet."""

    number = serializers.IntegerField()
    started_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)
    result = serializers.ChoiceField(Result.choices, allow_blank=True)
    http_status = serializers.IntegerField(allow_null=True)
    detail = serializers.CharField(allow_blank=True)


class SentSerializer(serializers.Serializer[Any]):
    """1. What we sent: null until it left for certain."""

    at = serializers.DateTimeField(source="sent_at", allow_null=True)


class TransportSerializer(serializers.Serializer[Any]):
    """2. What the transport did."""

    result = serializers.ChoiceField(Result.choices, source="transport", allow_blank=True)
    at = serializers.DateTimeField(source="transport_at", allow_null=True)
    tries = serializers.IntegerField(source="notice.tries")
    failure = serializers.CharField(source="notice.failure", allow_blank=True)


class PlatformWordSerializer(serializers.Serializer[Any]):
    """3. What the platform answered."""

    slug = serializers.SlugField(source="platform.slug")
    name = serializers.CharField(source="platform.name")
    says = serializers.ChoiceField(Outcome.choices, source="platform_says", allow_blank=True)
    at = serializers.DateTimeField(source="platform_at", allow_null=True)
    reference = serializers.CharField(
        source="notice.reference", allow_blank=True, help_text="The platform's own."
    )
    redress_until = serializers.DateField(allow_null=True)


class ObservedSerializer(serializers.Serializer[Any]):
    """4. What a look at the link saw."""

    seen = serializers.ChoiceField(
        [(one.value, one.label) for one in (Outcome.SEEN_THERE, Outcome.SEEN_GONE)],
        source="observed",
        allow_blank=True,
    )
    at = serializers.DateTimeField(source="observed_at", allow_null=True)
    gone_since = serializers.DateTimeField(source="gone_at", allow_null=True)
    reappeared_at = serializers.DateTimeField(allow_null=True)
    next_look_at = serializers.DateTimeField(allow_null=True)


class TakedownRowSerializer(serializers.Serializer[Any]):
    """One link asked of one channel. Four truths, side by side: none of them stands for another."""

    id = serializers.UUIDField()
    status = serializers.ChoiceField(Status.choices)
    status_at = serializers.DateTimeField()
    case = serializers.CharField(source="case.ref")
    link = serializers.UUIDField(source="link_id")
    channel = ChannelSerializer(source="notice.channel")
    regimes = serializers.ListField(child=serializers.ChoiceField(Regime.choices), source="notice.regimes")
    requested_at = serializers.DateTimeField()
    requested_by = PersonSerializer(
        source="asked_by",
        allow_null=True,
        help_text="Null where this case shares a request that was under way.",
    )
    sent = SentSerializer(source="*")
    transport = TransportSerializer(source="*")
    platform = PlatformWordSerializer(source="*")
    observed = ObservedSerializer(source="*")


class EventSerializer(serializers.Serializer[Any]):
    """A line of the timeline."""

    at = serializers.DateTimeField(help_text="When it happened, by the source's word.")
    recorded_at = serializers.DateTimeField()
    source = serializers.ChoiceField(Source.choices)  # type: ignore[assignment]
    what = serializers.CharField()
    by = PersonSerializer(allow_null=True)
    detail = serializers.DictField()
    words = Opened("words", help_text="What the platform or a colleague wrote.")


class OpenedLinkSerializer(serializers.Serializer[Any]):
    """Where it is."""

    url = Opened("url")
    account = Opened("account")


class TakedownSerializer(TakedownRowSerializer):
    """One takedown, opened."""

    location = OpenedLinkSerializer(source="link")
    attempts = AttemptSerializer(many=True, source="notice.attempts")
    timeline = EventSerializer(many=True, source="events")


class TakedownsMadeSerializer(serializers.Serializer[Any]):
    """What was requested, one for each link."""

    takedowns = TakedownRowSerializer(many=True)


class FindingSerializer(serializers.Serializer[Any]):
    """Why a notice would not hold, and how to mend it."""

    code = serializers.CharField()
    message = serializers.CharField()
    mend = serializers.CharField()


class CheckedSerializer(serializers.Serializer[Any]):
    """What a check of a draft found; nothing means that it is on its way."""

    left = serializers.BooleanField()
    findings = FindingSerializer(many=True)


# --- taking -------------------------------------------------------------------------------------------


class RequestSerializer(serializers.Serializer[Any]):
    """Which links to ask for. Without a channel, each platform's best one."""

    link = serializers.UUIDField(required=False)
    links = serializers.ListField(child=serializers.UUIDField(), required=False, max_length=MAX_LINKS)
    channel = serializers.SlugRelatedField(
        slug_field="slug", queryset=Channel.objects.in_use(), required=False
    )
    regimes = serializers.ListField(
        child=serializers.ChoiceField(Regime.choices), required=False, max_length=10
    )
    draft = serializers.BooleanField(
        required=False,
        default=False,
        help_text="Keep a notice that would not hold as a draft, to be mended, instead of a refusal.",
    )

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, dict) and isinstance(data.get("regimes"), list):
            named = [one.replace("_", "-") if isinstance(one, str) else one for one in data["regimes"]]
            data = data | {"regimes": named}
        return super().to_internal_value(data)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        wanted = [*attrs.get("links", []), *([attrs["link"]] if "link" in attrs else [])]
        if not wanted:
            raise serializers.ValidationError({"links": [_("Name at least one link.")]})
        return attrs | {"wanted": set(wanted)}


class OutcomeSerializer(serializers.Serializer[Any]):
    """What a colleague learned: on the phone, by mail, by looking."""

    outcome = serializers.ChoiceField(Outcome.choices)
    reason = serializers.CharField(required=False, allow_blank=True, default="", max_length=4000)
    at = serializers.DateTimeField(required=False, help_text="When it happened; now when it is not said.")
    redress_until = serializers.DateField(required=False, allow_null=True, default=None)

    def validate_at(self, at: Any) -> Any:
        now = timezone.now()
        if at > now + CLOCKS_DIFFER or at.year < 2000:
            raise serializers.ValidationError(_("This must be a moment that has been."))
        return min(at, now)


class FiledSerializer(serializers.Serializer[Any]):
    """The platform's own reference, as its form showed it."""

    reference = serializers.CharField(max_length=200, allow_blank=True, required=False, default="")


class ResolveSerializer(serializers.Serializer[Any]):
    """Whether the notice arrived after all."""

    was_sent = serializers.BooleanField()
