"""The public calls: a report comes in, and its code opens what became of it. No account, no token."""

from collections import defaultdict
from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime
from typing import Any, cast

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework.exceptions import APIException, NotAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from helpline.accounts.api import Open, needs
from helpline.accounts.models import Staff
from helpline.accounts.permissions import Permission
from helpline.audit import actions as audit
from helpline.crypto.box import Box
from helpline.crypto.wrapping import WrongKey
from helpline.web import problems
from helpline.web.bodies import load
from helpline.web.flood import Gate
from helpline.web.idempotency import idempotent
from helpline.web.problems import Problem
from reports import actions, crowd, receipts
from reports.bodies import EXAMPLE, LINKS_SCHEMA, SUBMISSION_SCHEMA, read_links, read_submission
from reports.bounds import WRITING
from reports.followup import news
from reports.followup.page import named_in_a_sentence
from reports.models import Message, Report, Update
from reports.serializers import (
    FollowSerializer,
    MessageSerializer,
    ReceiptSerializer,
    TextSerializer,
    WithdrawSerializer,
)
from reports.states import Channel, ForbiddenMove, News
from reports.voice import register_for, voice_of

INTAKE_GATE = Gate(settings.INTAKE_PER_MINUTE)
WRONG_CODE_GATE = Gate(settings.INTAKE_PER_MINUTE)
Partner = needs(Permission.SUBMIT)
JSON = "application/json"
# Headers that ask for more than the short way through the intake gives.
UNUSUAL = frozenset({"HTTP_AUTHORIZATION", "HTTP_IDEMPOTENCY_KEY"})

CODE_HEADER = OpenApiParameter(
    "Receipt-Code", str, OpenApiParameter.HEADER, required=True, description="The code of the report."
)
KEY_HEADER = OpenApiParameter(
    "Idempotency-Key", str, OpenApiParameter.HEADER, description="The same key answers the same request once."
)
WORK_HEADER = OpenApiParameter(
    crowd.WORK_HEADER,
    str,
    OpenApiParameter.HEADER,
    description=(
        "Only after a 429, whose `proof_of_work` holds a `challenge` and `bits`: `<challenge>:<nonce>`, with a decimal "
        "nonce such that the SHA-256 of exactly this text begins with that many zero bits. It counts once, for "
        "`seconds` seconds, and lets one call through at once."
    ),
)


@problems.meaning_of(ForbiddenMove)
def forbidden_move(error: ForbiddenMove) -> Problem:
    """The thing is in a state from which this does not follow."""
    return Problem(409, "forbidden_move", str(error))


@problems.meaning_of(actions.TooManyLinks)
def too_many_links(error: actions.TooManyLinks) -> Problem:
    """The report is full."""
    return problems.invalid({"links": [str(error.sentence)]})


def unknown_code() -> Problem:
    """The one answer to every code that opens nothing: mistyped, erased, or never given."""
    return Problem(
        404, "unknown_code", _("This code opens nothing. Check each group of four, and try again.")
    )


def code_said_aloud() -> Problem:
    """Whoever heard the code comes no further: only a page changes it, where the new one is shown to a person."""
    return Problem(
        409,
        "code_said_aloud",
        _(
            "Somebody said this code aloud. Open /follow/ on this site with it and take a code that only you know."
        ),
    )


class SubmitReport(APIView):
    """The intake."""

    permission_classes = (Open,)

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """What nearly everyone sends – a report, without token or key – takes a shorter way to the same end.

        When it can't be taken, the usual way says why.
        """
        if request.method == "POST" and request.content_type == JSON and UNUSUAL.isdisjoint(request.META):
            with suppress(APIException, RequestDataTooBig):
                code = _submit(request, load(request.body), by=None, is_partner=False)
                return HttpResponse(f'{{"receipt_code":"{code}"}}', JSON, 201)
        return super().dispatch(request, *args, **kwargs)

    @extend_schema(
        operation_id="reports_submit",
        summary="Submit a report",
        tags=["reports"],
        parameters=[KEY_HEADER, WORK_HEADER],
        request={"application/json": SUBMISSION_SCHEMA},
        responses={201: ReceiptSerializer},
        examples=[OpenApiExample("A report", value=EXAMPLE, request_only=True)],
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Open to anyone. The receipt code in the answer is shown this once and stored nowhere."""
        code = _submit(
            request._request,
            request.data,
            by=cast("Staff | None", request.user),
            is_partner=Partner().has_permission(request, self),
        )
        return Response({"receipt_code": code}, status=201)


def _submit(request: HttpRequest, body: Any, *, by: Staff | None, is_partner: bool) -> str:
    """Store the report and answer its code, in groups. Raises Problem."""
    crowd.check_call(request, INTAKE_GATE)
    submission = read_submission(body)
    if submission.channel == Channel.PARTNER and not is_partner:
        raise NotAuthenticated if by is None else Problem(403, "permission_denied", _("Partners only."))
    code = receipts.new_code()
    actions.submit_report(submission=submission, code=code, at=timezone.now(), by=by or audit.YOUNG_PERSON)
    return receipts.grouped(code)


class ByCode(APIView):
    """Opened by `Receipt-Code:`, unless that was said aloud: such a code is changed on the page, and opens nothing here."""

    authentication_classes = ()
    permission_classes = (Open,)

    def handle_exception(self, exc: Exception) -> Response:
        """Erased while the call was on its way: its code opens nothing any more."""
        return super().handle_exception(unknown_code() if isinstance(exc, WrongKey) else exc)

    def opened(self, request: Request) -> tuple[Report, Box]:
        """The report and its box. Raises the one Problem for every code that opens nothing, and code_said_aloud."""
        code = receipts.read(request.headers.get("Receipt-Code", ""))
        found = actions.open_by_code(code)
        if not isinstance(found, Report):
            WRONG_CODE_GATE.check(request._request)
            raise unknown_code()
        try:
            box = found.box_for_code(code)
        except WrongKey as error:
            raise unknown_code() from error
        if found.code_said_aloud:
            raise code_said_aloud()
        return found, box


def _told(updates: Iterable[Update], *, received_at: datetime, **words: Any) -> list[dict[str, Any]]:
    """A history, oldest first, each line as a code and in words.

    That we have it is told even when no update says so.
    """
    told = [
        {"at": one.at, "what": one.what, "text": news.line(one.what, one.data, at=one.at, **words).text}
        for one in updates
        if one.what in news.TELLINGS
    ]
    if not any(one["what"] == News.RECEIVED for one in told):
        text = news.line(News.RECEIVED, {}, at=received_at, **words).text
        told.insert(0, {"at": received_at, "what": News.RECEIVED.value, "text": text})
    return told


def followed(report: Report, box: Box, *, now: datetime) -> Any:
    """Everything they see of their report, in the language they reported in and as they are spoken to."""
    updates: dict[Any, list[Update]] = defaultdict(list)
    for update in report.updates.order_by("at", "id"):
        updates[update.link_id].append(update)
    links = list(report.links.select_related("platform").order_by("position"))
    with translation.override(report.language), translation.override(register_for(voice_of(report.who))):
        for link in links:
            link.history = _told(  # type: ignore[attr-defined]
                updates[link.pk],
                received_at=link.added_at,
                now=now,
                platform=named_in_a_sentence(link, box),
                can_look=settings.RECHECK_ENABLED and link.platform.recheck and bool(link.url),
            )
        history = _told(updates[None], received_at=report.submitted_at, now=now)
    seen = {
        "status": report.status,
        "submitted_at": report.submitted_at,
        "links": links,
        "history": history,
        "messages": list(report.messages.order_by("at", "id")),
    }
    return FollowSerializer(seen, context={"box": box}).data


class Follow(ByCode):
    """The report behind a code."""

    @extend_schema(
        operation_id="follow",
        summary="See what became of a report",
        tags=["follow"],
        parameters=[CODE_HEADER],
        responses=FollowSerializer,
    )
    def get(self, request: Request) -> Response:
        """Its links, what happened to each, and the conversation, which counts as read."""
        report, box = self.opened(request)
        now = timezone.now()
        body = followed(report, box, now=now)
        if any(not one["read"] and one["from"] == Message.Author.HELPLINE for one in body["messages"]):
            actions.mark_read(report=report, author=Message.Author.HELPLINE, at=now)
        return Response(body)

    @extend_schema(
        operation_id="follow_erase",
        summary="Erase a report",
        tags=["follow"],
        parameters=[CODE_HEADER, KEY_HEADER],
        responses={204: None},
    )
    @idempotent
    def delete(self, request: Request) -> Response:
        """At once and for good: its keys are destroyed. The code opens nothing afterwards."""
        report, _box = self.opened(request)
        actions.erase_report(report=report, by=audit.YOUNG_PERSON, at=timezone.now())
        return Response(status=204)


class FollowMessages(ByCode):
    """The young person's side of the conversation."""

    @extend_schema(
        operation_id="follow_write",
        summary="Write to the helpline",
        tags=["follow"],
        parameters=[CODE_HEADER, KEY_HEADER, WORK_HEADER],
        request=TextSerializer,
        responses={201: MessageSerializer},
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """A message; the answer comes on the follow page."""
        report, box = self.opened(request)
        crowd.check_call(request._request, WRITING)
        said = TextSerializer(data=request.data)
        said.is_valid(raise_exception=True)
        message = actions.send_message(
            report=report, box=box, text=said.validated_data["text"], by=None, at=timezone.now()
        )
        return Response(MessageSerializer(message, context={"box": box}).data, status=201)


class FollowWithdraw(ByCode):
    """The young person changes their mind about links."""

    @extend_schema(
        operation_id="follow_withdraw",
        summary="Stop asking for links",
        tags=["follow"],
        parameters=[CODE_HEADER, KEY_HEADER],
        request=WithdrawSerializer,
        responses=FollowSerializer,
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Nothing more is sent for these links. What left already can't be called back."""
        report, box = self.opened(request)
        said = WithdrawSerializer(data=request.data)
        said.is_valid(raise_exception=True)
        links = list(report.links.all())
        if not said.validated_data["all"]:
            wanted = set(said.validated_data["links"])
            if not wanted <= {link.pk for link in links}:
                raise problems.invalid({"links": [_("Some of these links are not part of this report.")]})
            links = [link for link in links if link.pk in wanted]
        now = timezone.now()
        actions.withdraw(report=report, links=links, at=now)
        return Response(followed(report, box, now=now))


class FollowLinks(ByCode):
    """More places."""

    @extend_schema(
        operation_id="follow_add_links",
        summary="Add links",
        tags=["follow"],
        parameters=[CODE_HEADER, KEY_HEADER, WORK_HEADER],
        request={
            "application/json": {
                "type": "object",
                "required": ["links"],
                "properties": {"links": LINKS_SCHEMA},
            }
        },
        responses={201: FollowSerializer},
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """An address that is there already is not added again."""
        report, box = self.opened(request)
        crowd.check_call(request._request, WRITING)
        now = timezone.now()
        actions.add_links(
            report=report,
            box=box,
            facts=read_links(request.data),
            by=audit.YOUNG_PERSON,
            at=now,
            most=actions.MOST_LINKS,
        )
        return Response(followed(report, box, now=now), status=201)
