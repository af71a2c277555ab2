"""The API described (OpenAPI): what every call has in common, the document, and its page for staff."""

from functools import cache
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation
from django.views.decorators.http import require_safe
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.renderers import OpenApiJsonRenderer2
from drf_spectacular.utils import OpenApiParameter, extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from helpline.accounts.access import needs
from helpline.accounts.api import Open
from helpline.accounts.permissions import Permission
from helpline.web import keyset
from helpline.web.problems import MEDIA_TYPE

OPENAPI = "application/vnd.oai.openapi+json"
LIST_PARAMETERS = [
    OpenApiParameter(
        "limit", int, description=f"From 1 to {keyset.MAX_LIMIT}; {keyset.DEFAULT_LIMIT} if not said."
    ),
    OpenApiParameter("cursor", str, description="From `next` of the page before. Opaque."),
]


def paged(name: str, row: type[serializers.BaseSerializer[Any]]) -> serializers.Serializer[Any]:
    """The body of a list of `row`."""
    return inline_serializer(
        f"{name}Page",
        {
            "results": row(many=True),
            "next": serializers.URLField(
                allow_null=True, help_text="The address of the next page; null at the end."
            ),
        },
    )


class Bearer(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How `TokenAuthentication` is described."""

    target_class = "helpline.accounts.api.TokenAuthentication"
    name = "bearer"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, Any]:
        return {
            "type": "http",
            "scheme": "bearer",
            "description": "Shown once when it is made; stored hashed.",
        }


PROBLEM = {
    "type": "object",
    "description": "Programs read `status`, `code` and the names in `errors`; the rest is for people.",
    "required": ["type", "title", "status", "detail", "code"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string"},
        "errors": {"type": "object", "additionalProperties": {"type": "array", "items": {"type": "string"}}},
    },
}


def add_problems(result: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
    """Postprocessing hook: whatever a call does not list, it answers with a Problem."""
    result["components"].setdefault("schemas", {})["Problem"] = PROBLEM
    answer = {
        "description": "Anything else.",
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    for path in result["paths"].values():
        for operation in path.values():
            operation["responses"]["default"] = answer
    return result


@cache
def document() -> bytes:
    """The OpenAPI document, made once in each process: it depends on the code and the settings only."""
    with translation.override("en"):
        schema = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    body: bytes = OpenApiJsonRenderer2().render(schema, renderer_context={})
    return body


class _Ready(JSONRenderer):
    """Passes bytes on."""

    media_type = OPENAPI
    charset = None

    def render(
        self, data: Any, accepted_media_type: str | None = None, renderer_context: Any = None
    ) -> bytes:
        return (
            data if isinstance(data, bytes) else super().render(data, accepted_media_type, renderer_context)
        )


class _ReadyAsJson(_Ready):
    media_type = "application/json"


class Schema(APIView):
    """Open to anyone: it is the source code in another form."""

    authentication_classes = ()
    permission_classes = (Open,)
    renderer_classes = (
        _Ready,
        _ReadyAsJson,
    )

    @extend_schema(exclude=True)
    def get(self, request: Request) -> Response:
        """The OpenAPI document."""
        return Response(document())


@needs(*Permission)
@require_safe
def docs(request: HttpRequest) -> HttpResponse:
    """The calls, to read and to try with one's own token. Nothing on the page comes from elsewhere."""
    return render(request, "api/docs.html", {"title": settings.SPECTACULAR_SETTINGS["TITLE"]})
