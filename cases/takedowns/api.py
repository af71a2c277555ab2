"""The takedowns' calls, and the door for platforms that call back."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from cases.actions import record_read
from cases.api import living_case_of, staff_of
from cases.models import Case
from cases.reading import is_erased
from cases.takedowns import actions, desk, mending
from cases.takedowns.actions import AlreadyRequested, NoChannel, WeakNotice
from cases.takedowns.inbound import webhook
from cases.takedowns.inbound.webhook import BadSignature, ForeignItem, NotTheSchema, UnknownNotice
from cases.takedowns.models import Attempt, Event, Takedown
from cases.takedowns.serializers import (
    CheckedSerializer,
    FiledSerializer,
    FindingSerializer,
    OutcomeSerializer,
    RequestSerializer,
    ResolveSerializer,
    TakedownRowSerializer,
    TakedownSerializer,
    TakedownsMadeSerializer,
)
from cases.takedowns.states import WATCHED, Outcome, Source, Status
from helpline.accounts.api import Open, needs
from helpline.accounts.permissions import Permission
from helpline.web import keyset, problems
from helpline.web.flood import Gate
from helpline.web.idempotency import idempotent
from helpline.web.problems import Problem
from helpline.web.schema import LIST_PARAMETERS, paged
from reports.api import KEY_HEADER
from reports.models import Link
from reports.states import LinkStatus

CanAsk = needs(Permission.TAKEDOWNS)
# Counts only what was refused: a platform with much to tell is never slowed down.
REFUSED_GATE = Gate(settings.INTAKE_PER_MINUTE)


# --- what the actions' refusals mean ------------------------------------------------------------------


@problems.meaning_of(AlreadyRequested)
def already_requested(error: AlreadyRequested) -> Problem:
    """The link is being asked for already."""
    return Problem(
        409, "already_requested", _("This link is being asked for already."), takedown=str(error.takedown.pk)
    )


@problems.meaning_of(NoChannel)
def no_channel(error: NoChannel) -> Problem:
    """Nothing reaches the platform."""
    return Problem(
        409,
        "no_channel",
        _("This platform has no channel in use that takes this."),
        platform=error.platform.slug,
    )


@problems.meaning_of(WeakNotice)
def weak_notice(error: WeakNotice) -> Problem:
    """It would not hold, so it does not leave."""
    findings = FindingSerializer(error.findings, many=True).data
    return Problem(422, "weak_notice", _("This notice would not hold."), findings=findings)


# --- asking and reading -------------------------------------------------------------------------------


def visible(request: Request) -> QuerySet[Takedown]:
    """The takedowns of the cases this person may work on."""
    cases = Case.objects.workable_by(staff_of(request)).values("pk")
    return Takedown.objects.filter(case__in=cases).select_related(
        "case__report", "platform", "link", "notice__channel", "notice__requested_by"
    )


def takedown_of(request: Request, pk: UUID) -> Takedown:
    """One of them. Raises the same Problem for a foreign one as for an invented one."""
    found = visible(request).filter(pk=pk).first()
    if found is None:
        raise problems.not_found()
    return found


def shown(request: Request, pk: UUID) -> Any:
    """A takedown with its words."""
    takedown = (
        visible(request)
        .prefetch_related(
            Prefetch("events", Event.objects.select_related("by").order_by("at", "recorded_at")),
            Prefetch("notice__attempts", Attempt.objects.order_by("number")),
        )
        .get(pk=pk)
    )
    box = None if is_erased(takedown.case) else takedown.case.box()
    return TakedownSerializer(takedown, context={"box": box}).data


class CaseTakedowns(APIView):
    """Takedowns of a case."""

    permission_classes = (CanAsk,)

    @extend_schema(
        operation_id="takedowns_request",
        summary="Ask for the removal of links",
        tags=["takedowns"],
        parameters=[KEY_HEADER],
        request=RequestSerializer,
        responses={201: TakedownsMadeSerializer},
    )
    @idempotent
    def post(self, request: Request, ref: str) -> Response:
        """All of them or none. 409 `already_requested` or `no_channel`, 422 `weak_notice` unless a draft may be kept.

        What is being asked for in another case's name already is not asked twice: the answer to that counts here, too.
        """
        case = living_case_of(request, ref)
        said = RequestSerializer(data=request.data)
        said.is_valid(raise_exception=True)
        channel = said.validated_data.get("channel")
        links = list(Link.objects.filter(report=case.report_id, pk__in=said.validated_data["wanted"]))
        if len(links) != len(said.validated_data["wanted"]):
            raise problems.invalid({"links": [_("These are not all links of this case.")]})
        if any(link.status == LinkStatus.WITHDRAWN for link in links):
            raise Problem(409, "withdrawn", _("The young person withdrew one of these links."))
        if channel is not None and any(link.platform_id != channel.platform_id for link in links):
            raise problems.invalid({"channel": [_("This channel leads to another platform.")]})
        made = actions.request_takedown(
            case=case,
            links=links,
            by=staff_of(request),
            at=timezone.now(),
            channel=channel,
            regimes=said.validated_data.get("regimes", ()),
            keep_draft=said.validated_data["draft"],
        )
        rows = visible(request).filter(pk__in=[one.pk for one in made]).order_by("link__position")
        return Response({"takedowns": TakedownRowSerializer(rows, many=True).data}, status=201)


class Takedowns(APIView):
    """Takedowns."""

    permission_classes = (CanAsk,)

    @extend_schema(
        operation_id="takedowns_list",
        summary="Takedowns of the cases you may see, the last requested first",
        tags=["takedowns"],
        parameters=[
            *LIST_PARAMETERS,
            OpenApiParameter("status", str, enum=Status.values),
            OpenApiParameter("case", str, description="Only those of this case."),
            OpenApiParameter("platform", str, description="Only those of this platform, by its slug."),
            OpenApiParameter(
                "needs",
                str,
                enum=["person", *desk.NEEDS_A_PERSON],
                description="Only what waits for somebody's decision, or for one kind of it.",
            ),
        ],
        responses=paged("Takedowns", TakedownRowSerializer),
    )
    def get(self, request: Request) -> Response:
        """The four truths of each, without addresses."""
        rows = visible(request)
        if status := request.query_params.get("status"):
            if status not in Status.values:
                raise problems.invalid({"status": [_("This is no status of a takedown.")]})
            rows = rows.filter(status=status)
        if ref := request.query_params.get("case"):
            rows = rows.filter(case__ref=_word(ref, "case").upper())
        if slug := request.query_params.get("platform"):
            rows = rows.filter(platform__slug=_word(slug, "platform"))
        if wants := request.query_params.get("needs"):
            rows = rows.filter(pk__in=self._waiting(request, wants).values("pk"))
        page = keyset.page(
            rows,
            by=("-requested_at", "-id"),
            cursor=keyset.cursor_of(request),
            limit=keyset.limit_of(request),
        )
        return Response(keyset.answer(request, TakedownRowSerializer(page.rows, many=True).data, page.next))

    def _waiting(self, request: Request, wants: str) -> QuerySet[Takedown]:
        if wants == "person":
            return desk.needing_a_person(staff_of(request))
        if wants not in desk.NEEDS_A_PERSON:
            raise problems.invalid({"needs": [_("Nothing waits under this name.")]})
        return desk.under_tab(staff_of(request), wants)


def _word(text: str, name: str) -> str:
    if "\0" in text:
        raise problems.invalid({name: [_("This holds a character that no name has.")]})
    return text


class OneTakedown(APIView):
    """A takedown."""

    permission_classes = (CanAsk,)

    @extend_schema(
        operation_id="takedowns_read",
        summary="One takedown, opened",
        tags=["takedowns"],
        responses=TakedownSerializer,
    )
    def get(self, request: Request, pk: UUID) -> Response:
        """With its timeline. Reading it is recorded."""
        takedown = takedown_of(request, pk)
        record_read(case=takedown.case, by=staff_of(request), at=timezone.now())
        return Response(shown(request, pk))


# --- what a person decides ----------------------------------------------------------------------------


class TakedownOutcome(APIView):
    """An outcome, by hand."""

    permission_classes = (CanAsk,)

    @extend_schema(
        operation_id="takedowns_outcome",
        summary="Record what was learned",
        tags=["takedowns"],
        parameters=[KEY_HEADER],
        request=OutcomeSerializer,
        responses=TakedownSerializer,
    )
    @idempotent
    def post(self, request: Request, pk: UUID) -> Response:
        """The platform's newest word wins; an older one only joins the timeline. 409 before anything left."""
        takedown = takedown_of(request, pk)
        said = OutcomeSerializer(data=request.data)
        said.is_valid(raise_exception=True)
        if takedown.status not in WATCHED | {Status.UNKNOWN}:
            raise Problem(409, "forbidden_move", _("It has not left yet, so there is no answer to record."))
        now = timezone.now()
        actions.record_outcome(
            takedown=takedown,
            outcome=Outcome(said.validated_data["outcome"]),
            source=Source.PERSON,
            at=said.validated_data.get("at", now),
            recorded_at=now,
            by=staff_of(request),
            words=said.validated_data["reason"],
            redress_until=said.validated_data["redress_until"],
        )
        return Response(shown(request, pk))


class TakedownFiled(APIView):
    """A form was filled in by hand."""

    permission_classes = (CanAsk,)

    @extend_schema(
        operation_id="takedowns_filed",
        summary="Say that the platform's form was filed",
        tags=["takedowns"],
        parameters=[KEY_HEADER],
        request=FiledSerializer,
        responses=TakedownSerializer,
    )
    @idempotent
    def post(self, request: Request, pk: UUID) -> Response:
        """409 `forbidden_move` unless it was waiting for that."""
        takedown = takedown_of(request, pk)
        said = FiledSerializer(data=request.data)
        said.is_valid(raise_exception=True)
        actions.mark_filed(
            takedown=takedown,
            reference=said.validated_data["reference"],
            by=staff_of(request),
            at=timezone.now(),
        )
        return Response(shown(request, pk))


class TakedownCancel(APIView):
    """Not to be sent."""

    permission_classes = (CanAsk,)

    @extend_schema(
        operation_id="takedowns_cancel",
        summary="Cancel before it leaves",
        tags=["takedowns"],
        parameters=[KEY_HEADER],
        request=None,
        responses=TakedownSerializer,
    )
    @idempotent
    def post(self, request: Request, pk: UUID) -> Response:
        """409 `forbidden_move` once it left, or is leaving."""
        actions.cancel(takedown=takedown_of(request, pk), by=staff_of(request), at=timezone.now())
        return Response(shown(request, pk))


class TakedownRetry(APIView):
    """Once more."""

    permission_classes = (CanAsk,)

    @extend_schema(
        operation_id="takedowns_retry",
        summary="Send again what failed",
        tags=["takedowns"],
        parameters=[KEY_HEADER],
        request=None,
        responses=TakedownSerializer,
    )
    @idempotent
    def post(self, request: Request, pk: UUID) -> Response:
        """The same notice with the same key, so that a platform that has it knows. 409 unless it failed."""
        actions.retry(takedown=takedown_of(request, pk), by=staff_of(request), at=timezone.now())
        return Response(shown(request, pk))


class TakedownResolve(APIView):
    """Nobody knew whether it arrived; now somebody does."""

    permission_classes = (CanAsk,)

    @extend_schema(
        operation_id="takedowns_resolve_unknown",
        summary="Settle a send whose outcome is unknown",
        tags=["takedowns"],
        parameters=[KEY_HEADER],
        request=ResolveSerializer,
        responses=TakedownSerializer,
    )
    @idempotent
    def post(self, request: Request, pk: UUID) -> Response:
        """It was sent, or it goes out again with the same key. 409 `forbidden_move` unless it is unknown."""
        takedown = takedown_of(request, pk)
        said = ResolveSerializer(data=request.data)
        said.is_valid(raise_exception=True)
        actions.resolve_unknown(
            takedown=takedown,
            was_sent=said.validated_data["was_sent"],
            by=staff_of(request),
            at=timezone.now(),
        )
        return Response(shown(request, pk))


class TakedownCheck(APIView):
    """A draft, once more."""

    permission_classes = (CanAsk,)

    @extend_schema(
        operation_id="takedowns_check",
        summary="Check a draft again, and send it if it holds",
        tags=["takedowns"],
        parameters=[KEY_HEADER],
        request=None,
        responses=CheckedSerializer,
    )
    @idempotent
    def post(self, request: Request, pk: UUID) -> Response:
        """Written anew from what is known today. 409 `forbidden_move` unless it is a draft, `no_channel`."""
        checked = mending.check_again(
            takedown=takedown_of(request, pk), by=staff_of(request), at=timezone.now()
        )
        return Response(CheckedSerializer(checked).data)


# --- platforms call back ------------------------------------------------------------------------------

_REFUSALS: dict[type[Exception], tuple[int, str]] = {
    BadSignature: (401, "bad_signature"),
    UnknownNotice: (404, "unknown_notice"),
    ForeignItem: (409, "foreign_item"),
    NotTheSchema: (422, "not_the_schema"),
}


class Inbound(APIView):
    """A platform's callback (docs/notice-api.md)."""

    authentication_classes = ()
    permission_classes = (Open,)
    refused: Exception  # why it was not taken

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Nobody logs in and nothing is rendered: the signature decides, and the answer is empty."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """What is taken is answered here, since there is nothing to say; what is not goes the way of every call."""
        if request.method == "POST":
            try:
                webhook.receive(
                    channel_slug=kwargs["channel"],
                    body=request.body,
                    signature=request.META.get("HTTP_HELPLINE_SIGNATURE", ""),
                    now=timezone.now(),
                )
            except Exception as error:
                self.refused = error
            else:
                return HttpResponse(status=204)
        return super().dispatch(request, *args, **kwargs)

    @extend_schema(
        operation_id="inbound",
        summary="A platform tells what became of a notice",
        tags=["inbound"],
        parameters=[
            OpenApiParameter(
                "Helpline-Signature",
                str,
                OpenApiParameter.HEADER,
                required=True,
                description="`t=<unix seconds>,v1=<hex HMAC-SHA256 of '<t>.' and the body>`",
            )
        ],
        request={"application/json": OpenApiTypes.OBJECT},
        responses={204: OpenApiResponse(description="Taken. A replayed event has no effect.")},
    )
    def post(self, request: Request, channel: str) -> HttpResponse:
        """Signed with the channel's secret; nothing in it is believed before the signature is."""
        if type(self.refused) not in _REFUSALS:
            raise self.refused
        REFUSED_GATE.check(request._request)
        status, code = _REFUSALS[type(self.refused)]
        raise Problem(status, code, _("This callback can't be taken.")) from self.refused
