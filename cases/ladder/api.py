"""The ladder's call: taking a request further."""

from typing import Any
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from cases.api import staff_of
from cases.ladder import actions
from cases.ladder.actions import NoRung
from cases.ladder.states import Rung
from cases.takedowns.api import CanAsk, shown, takedown_of
from cases.takedowns.serializers import TakedownSerializer
from helpline.web import problems
from helpline.web.idempotency import idempotent
from helpline.web.problems import Problem
from reports.api import KEY_HEADER


@problems.meaning_of(NoRung)
def no_rung(error: NoRung) -> Problem:
    """It is not there for this request, or was climbed."""
    return Problem(409, "no_rung", _("This step is not there for this request, or was taken already."))


class EscalateSerializer(serializers.Serializer[Any]):
    """Which step; the next one when it is not said."""

    rung = serializers.ChoiceField(
        [one for one in Rung.choices if one[0] != Rung.DECIDE], required=False, allow_null=True, default=None
    )


class TakedownEscalate(APIView):
    """Further than the platform."""

    permission_classes = (CanAsk,)

    @extend_schema(
        operation_id="takedowns_escalate",
        summary="Take the next step of the ladder, or the one that is named",
        tags=["takedowns"],
        parameters=[KEY_HEADER],
        request=EscalateSerializer,
        responses=TakedownSerializer,
    )
    @idempotent
    def post(self, request: Request, pk: UUID) -> Response:
        """A reminder, another channel or the host is asked by a further takedown; what needs a person is theirs to file.

        409 `forbidden_move` before it left or once it is over, `no_rung`, `already_requested` or `no_channel`.
        """
        takedown = takedown_of(request, pk)
        said = EscalateSerializer(data=request.data)
        said.is_valid(raise_exception=True)
        actions.escalate(
            takedown=takedown, rung=said.validated_data["rung"], by=staff_of(request), at=timezone.now()
        )
        return Response(shown(request, pk))
