"""What the follow-up API gives, and the small bodies it takes. The report itself is read in `bodies`."""

from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from helpline.crypto.box import Box
from reports.evidence.text import without_pictures
from reports.models import Message
from reports.states import LinkStatus, News, Status


@extend_schema_field(OpenApiTypes.STR)
class Opened(serializers.Field[Any, Any, str, Any]):
    """The text of a sealed column, opened with the `box` in the context; '' where there is none any more."""

    def __init__(self, column: str, **kwargs: Any) -> None:
        self.column = column
        super().__init__(read_only=True, source="*", **kwargs)

    def to_representation(self, value: Any) -> str:
        box: Box | None = self.context.get("box")
        return box.open(value, self.column) if box is not None else ""


class ReceiptSerializer(serializers.Serializer[Any]):
    """The code, shown this once. It is the only way back in."""

    receipt_code = serializers.CharField(help_text="Four groups of four: XXXX-XXXX-XXXX-XXXX")


class PlaceSerializer(serializers.Serializer[Any]):
    """A link of a report."""

    id = serializers.UUIDField()
    url = Opened("url")
    account = Opened("account")
    platform = serializers.SlugField(source="platform.slug")
    platform_name = serializers.CharField(source="platform.name")
    kind = serializers.CharField()
    status = serializers.ChoiceField(LinkStatus.choices)
    status_at = serializers.DateTimeField()


class HappenedSerializer(serializers.Serializer[Any]):
    """One piece of news, as a code and in words."""

    at = serializers.DateTimeField()
    what = serializers.ChoiceField([(news.value, news.value) for news in News])
    text = serializers.CharField(help_text="In the language of the request.")


class FollowedPlaceSerializer(PlaceSerializer):
    """A link and what happened to it."""

    history = HappenedSerializer(many=True)


class MessageSerializer(serializers.Serializer[Any]):
    """A line of the conversation."""

    at = serializers.DateTimeField()
    text = Opened("body")
    read = serializers.SerializerMethodField()

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        fields = super().get_fields()
        # `from` is a word of the language; as a field it can only be named here.
        return {"from": serializers.ChoiceField(Message.Author.choices, source="author")} | fields

    def get_read(self, message: Message) -> bool:
        return message.read_at is not None


class FollowSerializer(serializers.Serializer[Any]):
    """What the young person sees."""

    status = serializers.ChoiceField(Status.choices)
    submitted_at = serializers.DateTimeField()
    links = FollowedPlaceSerializer(many=True)
    history = HappenedSerializer(many=True, help_text="News about the report as a whole.")
    messages = MessageSerializer(many=True)


class TextSerializer(serializers.Serializer[Any]):
    """Words."""

    text = serializers.CharField(max_length=settings.STORY_MAX_CHARS)

    def validate_text(self, text: str) -> str:
        """Words only."""
        return without_pictures(text)


class WithdrawSerializer(serializers.Serializer[Any]):
    """Which links to stop asking for: some, or all."""

    links = serializers.ListField(child=serializers.UUIDField(), required=False, max_length=500)
    all = serializers.BooleanField(required=False, default=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if not attrs["all"] and not attrs.get("links"):
            raise serializers.ValidationError({"links": [_("Name at least one link, or set “all” to true.")]})
        return attrs
