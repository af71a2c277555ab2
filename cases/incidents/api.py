"""The incidents' calls. A case or an incident that is not yours answers as one that is not there."""

from collections.abc import Sequence
from typing import Any

from django.db.models import Prefetch
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from cases.actions import worked_on
from cases.api import CanWork, erased, staff_of
from cases.incidents import access, actions
from cases.incidents.serializers import (
    CaseRefSerializer,
    CaseRefsSerializer,
    IncidentSerializer,
    OpenIncidentSerializer,
)
from cases.models import Case, Incident, IncidentMember
from cases.reading import is_erased
from cases.states import MemberState
from helpline.web import keyset, problems
from helpline.web.idempotency import idempotent
from helpline.web.schema import LIST_PARAMETERS, paged
from reports.api import KEY_HEADER

PROPOSED = OpenApiParameter(
    "proposed", bool, description="Only those in which a case of yours waits for a decision."
)


def with_members(found: Any) -> Any:
    """Loaded as the answers show them."""
    members = IncidentMember.objects.select_related("case").order_by("proposed_at", "id")
    return found.prefetch_related(Prefetch("members", members))


def incident_of(request: Request, ref: str) -> Incident:
    """Raises the same Problem for a foreign reference as for an invented one."""
    found = with_members(access.visible_to(staff_of(request)))
    incident: Incident | None = found.filter(ref=ref.upper()).first()
    if incident is None:
        raise problems.not_found()
    return incident


def cases_of(request: Request, refs: Sequence[str]) -> list[Case]:
    """These cases, all of them. Raises Problem."""
    wanted = {ref.upper() for ref in refs}
    found = list(Case.objects.workable_by(staff_of(request)).select_related("report").filter(ref__in=wanted))
    if len(found) != len(wanted):
        raise problems.not_found()
    if any(is_erased(case) for case in found):
        raise erased()
    return found


def shown(request: Request, incidents: Any, *, many: bool = False) -> Any:
    """Incidents as this person may see them."""
    context = {"may_see": worked_on(by=staff_of(request))}
    return IncidentSerializer(incidents, many=many, context=context).data


def after(request: Request, incident: Incident) -> Response:
    """How it stands now; of one that is not this person's to see any more, only their own cases."""
    staff = staff_of(request)
    current: Incident = with_members(Incident.objects.filter(pk=incident.pk)).get()
    answer = shown(request, current)
    if not access.visible_to(staff).filter(pk=current.pk).exists():
        answer = answer | {"members": [one for one in answer["members"] if one["case"] is not None]}
    return Response(answer)


class Incidents(APIView):
    """Incidents."""

    permission_classes = (CanWork,)

    @extend_schema(
        operation_id="incidents_list",
        summary="Incidents your cases belong to, or may",
        tags=["incidents"],
        parameters=[*LIST_PARAMETERS, PROPOSED],
        responses=paged("Incidents", IncidentSerializer),
    )
    def get(self, request: Request) -> Response:
        """The newest first. Cases that are not yours to see count, without their reference."""
        proposed = request.query_params.get("proposed") in {"true", "1"}
        page = keyset.page(
            with_members(access.visible_to(staff_of(request), proposed=proposed)),
            by=("-opened_at", "-id"),
            cursor=keyset.cursor_of(request),
            limit=keyset.limit_of(request),
        )
        return Response(keyset.answer(request, shown(request, page.rows, many=True), page.next))

    @extend_schema(
        operation_id="incidents_open",
        summary="Group cases",
        tags=["incidents"],
        parameters=[KEY_HEADER],
        request=OpenIncidentSerializer,
        responses={201: IncidentSerializer},
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """All of them are joined. 404 when one of them is not yours to work on."""
        said = OpenIncidentSerializer(data=request.data)
        said.is_valid(raise_exception=True)
        made = actions.open_incident(
            cases=cases_of(request, said.validated_data["cases"]),
            title=said.validated_data["title"],
            by=staff_of(request),
            at=timezone.now(),
        )
        return Response(shown(request, incident_of(request, made.ref)), status=201)


class OneIncident(APIView):
    """An incident."""

    permission_classes = (CanWork,)

    @extend_schema(
        operation_id="incidents_read",
        summary="One incident",
        tags=["incidents"],
        responses=IncidentSerializer,
    )
    def get(self, request: Request, ref: str) -> Response:
        """With the cases in it, and those proposed. Reading it is recorded."""
        incident = incident_of(request, ref)
        actions.record_read(incident=incident, by=staff_of(request), at=timezone.now())
        return Response(shown(request, incident))


class AddToIncident(APIView):
    """A case belongs to it."""

    permission_classes = (CanWork,)

    @extend_schema(
        operation_id="incidents_add",
        summary="A case belongs to it, proposed or not",
        tags=["incidents"],
        parameters=[KEY_HEADER],
        request=CaseRefSerializer,
        responses=IncidentSerializer,
    )
    @idempotent
    def post(self, request: Request, ref: str) -> Response:
        """Can be changed back with detach. A case that was taken out is added again in this way."""
        incident, case = _both(request, ref)
        actions.add_case(incident=incident, case=case, by=staff_of(request), at=timezone.now())
        return after(request, incident)


class JoinIncident(APIView):
    """What is proposed is the same matter."""

    permission_classes = (CanWork,)

    @extend_schema(
        operation_id="incidents_join",
        summary="Join what is proposed",
        tags=["incidents"],
        parameters=[KEY_HEADER],
        request=CaseRefsSerializer,
        responses=IncidentSerializer,
    )
    @idempotent
    def post(self, request: Request, ref: str) -> Response:
        """Those named, or all proposed cases that are yours; in one step."""
        incident, staff = incident_of(request, ref), staff_of(request)
        said = CaseRefsSerializer(data=request.data)
        said.is_valid(raise_exception=True)
        if "cases" in said.validated_data:
            cases = cases_of(request, said.validated_data["cases"])
        else:
            proposed = incident.members.filter(state=MemberState.PROPOSED).values("case")
            cases = list(Case.objects.workable_by(staff).filter(pk__in=proposed))
        actions.join_proposed(incident=incident, cases=cases, by=staff, at=timezone.now())
        return after(request, incident)


class DetachFromIncident(APIView):
    """Not the same cause."""

    permission_classes = (CanWork,)

    @extend_schema(
        operation_id="incidents_detach",
        summary="A case does not belong to it",
        tags=["incidents"],
        parameters=[KEY_HEADER],
        request=CaseRefSerializer,
        responses=IncidentSerializer,
    )
    @idempotent
    def post(self, request: Request, ref: str) -> Response:
        """It is not proposed for this incident again. After your last case, the incident is not yours to see any more."""
        incident, case = _both(request, ref)
        member = incident.members.select_related("case", "incident").filter(case=case).first()
        if member is None:
            raise problems.not_found()
        actions.decide_membership(member=member, joined=False, by=staff_of(request), at=timezone.now())
        return after(request, incident)


def _both(request: Request, ref: str) -> tuple[Incident, Case]:
    """The incident and the case that is named. It is theirs to see, or that case was in it before. Raises Problem."""
    staff, said = staff_of(request), CaseRefSerializer(data=request.data)
    incident: Incident | None = access.visible_to(staff).filter(ref=ref.upper()).first()
    if incident is None and not said.is_valid():
        raise problems.not_found()
    said.is_valid(raise_exception=True)
    named = said.validated_data["case"].upper()
    if incident is None:
        mine = IncidentMember.objects.filter(case__in=Case.objects.workable_by(staff), case__ref=named)
        incident = Incident.objects.filter(ref=ref.upper(), pk__in=mine.values("incident")).first()
    if incident is None:
        raise problems.not_found()
    [case] = cases_of(request, [named])
    return incident, case
