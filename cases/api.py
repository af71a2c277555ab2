"""The desk's calls: the queue, reports, cases. What is not yours answers as what is not there."""

from typing import Any, cast

from django.conf import settings
from django.db.models import Prefetch
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from cases import actions, claims, queue
from cases.actions import AlreadyOpen, NotAllGone, can_work_on, worked_on
from cases.models import Case, CaseEvent, Note
from cases.reading import is_erased
from cases.serializers import (
    AssignSerializer,
    CaseRowSerializer,
    CaseSerializer,
    CloseSerializer,
    NoteInSerializer,
    NoteSerializer,
    OpenCaseSerializer,
    QueuedSerializer,
    ReportSerializer,
)
from cases.states import CaseStatus, Outcome
from helpline.accounts.api import needs
from helpline.accounts.models import Staff
from helpline.accounts.permissions import Permission
from helpline.audit import actions as audit
from helpline.web import keyset, problems
from helpline.web.idempotency import idempotent
from helpline.web.problems import Problem
from helpline.web.schema import LIST_PARAMETERS, paged
from reports.api import KEY_HEADER, SubmitReport
from reports.models import Link, Message, Report
from reports.serializers import MessageSerializer, TextSerializer
from reports.states import AgeRange, Kind, Status

CanReadQueue = needs(Permission.QUEUE_READ)
CanWork = needs(Permission.CASES_OWN, Permission.CASES_ALL)


@problems.meaning_of(AlreadyOpen)
def already_open(error: AlreadyOpen) -> Problem:
    """Somebody took this report in hand before."""
    return Problem(409, "already_open", _("This report is a case already."), case=error.case.ref)


@problems.meaning_of(claims.Claimed)
def claimed(error: claims.Claimed) -> Problem:
    """A colleague reads this report at this moment. It comes back by itself."""
    return Problem(409, "claimed", _("%(name)s reads this report at this moment.") % {"name": error.by})


@problems.meaning_of(NotAllGone)
def not_all_gone(error: NotAllGone) -> Problem:
    """The outcome says more than what was seen."""
    return Problem(
        409, "not_all_gone", _("Not every link has been seen gone. Choose what is true of all of them.")
    )


problems.meaning_of(queue.BadCursor)(lambda error: keyset.bad_cursor())


def staff_of(request: Request) -> Staff:
    """Who asks. The view's permission has made sure that somebody does."""
    return cast("Staff", request.user)


def erased() -> Problem:
    """The young person had it erased: nothing more can be done with it."""
    return Problem(409, "erased", _("The young person had this report erased."))


# --- reports ------------------------------------------------------------------------------------------


class ReportQueue(APIView):
    """The queue."""

    permission_classes = (CanReadQueue,)

    @extend_schema(
        operation_id="reports_list",
        summary="Submitted reports, the most urgent first",
        tags=["reports"],
        parameters=[
            *LIST_PARAMETERS,
            OpenApiParameter(
                "view", str, enum=list(queue.VIEWS), description="`waiting` when it is not said."
            ),
            OpenApiParameter("kind", str, enum=Kind.values),
            OpenApiParameter("age_range", str, enum=AgeRange.values),
            OpenApiParameter("language", str, enum=[code for code, _name in settings.LANGUAGES]),
            OpenApiParameter("danger", bool, description="Only those where a life may be at stake."),
        ],
        responses=paged("Queue", QueuedSerializer),
    )
    def get(self, request: Request) -> Response:
        """Coarse facts only; nothing is opened by looking at the list."""
        staff = staff_of(request)
        rows, cursor = queue.page(
            staff=staff,
            filters=filters_of(request),
            after=keyset.cursor_of(request),
            limit=keyset.limit_of(request),
        )
        context = {"may_see": worked_on(by=staff)}
        return Response(
            keyset.answer(request, QueuedSerializer(rows, many=True, context=context).data, cursor)
        )


def filters_of(request: Request) -> queue.Filters:
    """The filters in the address. Raises Problem for a word that is none of theirs."""
    known = {
        "view": list(queue.VIEWS),
        "kind": Kind.values,
        "age_range": AgeRange.values,
        "language": [code for code, _name in settings.LANGUAGES],
        "danger": ["true", "false", "1", "0"],
    }
    said = {name: word for name in known if (word := request.query_params.get(name))}
    wrong = {
        name: [_("This must be one of: %(words)s.") % {"words": ", ".join(known[name])}]
        for name, word in said.items()
        if word not in known[name]
    }
    if wrong:
        raise problems.invalid(wrong)
    return queue.Filters(
        view=said.get("view", "waiting"),
        kind=said.get("kind", ""),
        age_range=said.get("age_range", ""),
        language=said.get("language", ""),
        danger=said.get("danger") in {"true", "1"},
    )


class Reports(SubmitReport, ReportQueue):  # type: ignore[misc]
    """Where one process serves both faces: anyone submits, the staff reads."""

    def get_permissions(self) -> list[Any]:
        classes = (
            SubmitReport.permission_classes
            if self.request.method == "POST"
            else ReportQueue.permission_classes
        )
        return [one() for one in classes]


def report_of(request: Request, pk: Any) -> Report:
    """A report that is nobody's case yet, or the case of whoever asks. Raises the same Problem for all others."""
    report = Report.objects.select_related("case", "queue_item").filter(pk=pk).first()
    case: Case | None = getattr(report, "case", None)
    if report is None or (case is not None and not can_work_on(case, by=staff_of(request))):
        raise problems.not_found()
    return report


class OneReport(APIView):
    """A report."""

    permission_classes = (CanReadQueue,)

    @extend_schema(
        operation_id="reports_read",
        summary="One report, opened",
        tags=["reports"],
        responses=ReportSerializer,
    )
    def get(self, request: Request, pk: Any) -> Response:
        """Opening it is recorded. Once it is a case, only those who work on the case may."""
        staff, now = staff_of(request), timezone.now()
        report = report_of(request, pk)
        case: Case | None = getattr(report, "case", None)
        if not hasattr(report, "queue_item"):
            queue.add_report(report=report, at=now)
            report.refresh_from_db(fields=["queue_item"])
        box = None if report.status == Status.ERASED else report.box_for_staff()
        audit.record(by=staff, verb="report.read", obj=report, at=now)
        return Response(ReportSerializer(report, context={"box": box, "case": case}).data)


# --- cases --------------------------------------------------------------------------------------------

_PLACES = Prefetch("report__links", Link.objects.select_related("platform").order_by("position"))


def visible_cases(request: Request) -> Any:
    """The cases this person may see, with what a list shows."""
    return Case.objects.visible_to(staff_of(request)).select_related("report", "assignee")


def case_of(request: Request, ref: str) -> Case:
    """One of them. Raises the same Problem for a foreign reference as for an invented one."""
    case: Case | None = visible_cases(request).filter(ref=ref.upper()).first()
    if case is None:
        raise problems.not_found()
    return case


def living_case_of(request: Request, ref: str) -> Case:
    """The same, for what writes: an erased one can't be worked on."""
    case = case_of(request, ref)
    if is_erased(case):
        raise erased()
    return case


def opened(case: Case) -> Any:
    """A case with all its words."""
    whole = Case.objects.select_related("report", "assignee").prefetch_related(
        _PLACES,
        "report__fingerprints",
        Prefetch("report__messages", Message.objects.order_by("at", "id")),
        Prefetch("notes", Note.objects.select_related("by").order_by("at", "id")),
        Prefetch("events", CaseEvent.objects.select_related("by").order_by("at", "id")),
    )
    case = whole.get(pk=case.pk)
    box = None if is_erased(case) else case.box()
    return CaseSerializer(case, context={"box": box}).data


def shown(request: Request, case: Case, *, status: int = 200) -> Response:
    """The answer that is a case with all its words: whatever was called to get it, that is a reading."""
    actions.record_read(case=case, by=staff_of(request), at=timezone.now())
    return Response(opened(case), status=status)


class Cases(APIView):
    """Cases."""

    permission_classes = (CanWork,)

    @extend_schema(
        operation_id="cases_list",
        summary="Your cases and your teams', the last changed first",
        tags=["cases"],
        parameters=[
            *LIST_PARAMETERS,
            OpenApiParameter("status", str, enum=CaseStatus.values),
            OpenApiParameter("mine", bool, description="Only those assigned to you."),
        ],
        responses=paged("Cases", CaseRowSerializer),
    )
    def get(self, request: Request) -> Response:
        """Supervisors see every case."""
        rows = visible_cases(request).prefetch_related(_PLACES)
        if status := request.query_params.get("status"):
            if status not in CaseStatus.values:
                raise problems.invalid({"status": [_("This is no status of a case.")]})
            rows = rows.filter(status=status)
        if request.query_params.get("mine") in {"true", "1"}:
            rows = rows.filter(assignee=staff_of(request))
        page = keyset.page(
            rows, by=("-changed_at", "-id"), cursor=keyset.cursor_of(request), limit=keyset.limit_of(request)
        )
        return Response(keyset.answer(request, CaseRowSerializer(page.rows, many=True).data, page.next))

    @extend_schema(
        operation_id="cases_open",
        summary="Take a report in hand",
        tags=["cases"],
        parameters=[KEY_HEADER],
        request=OpenCaseSerializer,
        responses={201: CaseSerializer},
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """The case is yours. 409 `already_open` with `case` when somebody was faster, `claimed` while somebody reads it."""
        said = OpenCaseSerializer(data=request.data)
        said.is_valid(raise_exception=True)
        report, staff = report_of(request, said.validated_data["report"]), staff_of(request)
        if report.status == Status.ERASED:
            raise erased()
        try:
            case = actions.open_case(report=report, by=staff, at=timezone.now())
        except AlreadyOpen as already:
            if can_work_on(already.case, by=staff):
                raise
            raise problems.not_found() from already  # taken in this very moment, by somebody of another team
        return shown(request, case, status=201)


class OneCase(APIView):
    """A case."""

    permission_classes = (CanWork,)

    @extend_schema(
        operation_id="cases_read", summary="One case, opened", tags=["cases"], responses=CaseSerializer
    )
    def get(self, request: Request, ref: str) -> Response:
        """Reading it is recorded."""
        return shown(request, case_of(request, ref))


class AssignCase(APIView):
    """Whose case it is."""

    permission_classes = (CanWork,)

    @extend_schema(
        operation_id="cases_assign",
        summary="Give a case to a colleague",
        tags=["cases"],
        parameters=[KEY_HEADER],
        request=AssignSerializer,
        responses=CaseSerializer,
    )
    @idempotent
    def post(self, request: Request, ref: str) -> Response:
        """Their team comes along."""
        case = living_case_of(request, ref)
        said = AssignSerializer(data=request.data)
        said.is_valid(raise_exception=True)
        actions.assign(case=case, to=said.validated_data["to"], by=staff_of(request), at=timezone.now())
        return shown(request, case)


class CaseNotes(APIView):
    """Notes on a case."""

    permission_classes = (CanWork,)

    @extend_schema(
        operation_id="cases_note",
        summary="Add a note",
        tags=["cases"],
        parameters=[KEY_HEADER],
        request=NoteInSerializer,
        responses={201: NoteSerializer},
    )
    @idempotent
    def post(self, request: Request, ref: str) -> Response:
        """For colleagues; the young person never sees it."""
        case = living_case_of(request, ref)
        said = NoteInSerializer(data=request.data)
        said.is_valid(raise_exception=True)
        note = actions.add_note(
            case=case, text=said.validated_data["text"], by=staff_of(request), at=timezone.now()
        )
        return Response(NoteSerializer(note, context={"box": case.box()}).data, status=201)


class CaseMessages(APIView):
    """The conversation with the young person."""

    permission_classes = (CanWork,)

    @extend_schema(
        operation_id="cases_write",
        summary="Write to the young person",
        tags=["cases"],
        parameters=[KEY_HEADER],
        request=TextSerializer,
        responses={201: MessageSerializer},
    )
    @idempotent
    def post(self, request: Request, ref: str) -> Response:
        """They read it when they come back with their code."""
        case = living_case_of(request, ref)
        said = TextSerializer(data=request.data)
        said.is_valid(raise_exception=True)
        message = actions.write_to_young_person(
            case=case, text=said.validated_data["text"], by=staff_of(request), at=timezone.now()
        )
        return Response(MessageSerializer(message, context={"box": case.box()}).data, status=201)


class CloseCase(APIView):
    """The end of a case."""

    permission_classes = (CanWork,)

    @extend_schema(
        operation_id="cases_close",
        summary="Close a case",
        tags=["cases"],
        parameters=[KEY_HEADER],
        request=CloseSerializer,
        responses=CaseSerializer,
    )
    @idempotent
    def post(self, request: Request, ref: str) -> Response:
        """409 `forbidden_move` when it is closed already."""
        case = living_case_of(request, ref)
        said = CloseSerializer(data=request.data)
        said.is_valid(raise_exception=True)
        actions.close_case(
            case=case,
            outcome=Outcome(said.validated_data["outcome"]),
            by=staff_of(request),
            at=timezone.now(),
        )
        return shown(request, case)


class ReopenCase(APIView):
    """A case comes back."""

    permission_classes = (CanWork,)

    @extend_schema(
        operation_id="cases_reopen",
        summary="Reopen a case",
        tags=["cases"],
        parameters=[KEY_HEADER],
        request=None,
        responses=CaseSerializer,
    )
    @idempotent
    def post(self, request: Request, ref: str) -> Response:
        """409 `forbidden_move` when it is not closed."""
        case = living_case_of(request, ref)
        actions.reopen_case(case=case, by=staff_of(request), at=timezone.now())
        return shown(request, case)
