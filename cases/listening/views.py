"""Calls: the ones not finished, the page that is written while listening, and the code to read aloud."""

import secrets
from collections.abc import Callable
from datetime import timedelta
from http import HTTPStatus
from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from cases import actions as casework
from cases.forms import AskForm
from cases.listening import actions
from cases.listening.actions import ChangedElsewhere, NotUrgent, Over, Sent, Writing
from cases.listening.forms import RepeatForm
from cases.listening.interview import ASKED, Sheet, differences
from cases.listening.models import CallDraft
from cases.listening.states import CHANNELS, Code
from cases.models import Case
from cases.reading import is_erased
from cases.views.answers import NOT_TAKEN, back_to, case_for, first_address, next_address, page_of
from helpline.accounts.access import StaffRequest, needs
from helpline.accounts.models import Staff
from helpline.accounts.permissions import Permission
from helpline.approvals import actions as approvals
from helpline.approvals.handlers import CannotBeDone
from helpline.crypto import cookies
from helpline.crypto.wrapping import WrongKey
from helpline.web.context import danger_numbers
from helpline.web.language import spoken
from reports import actions as reports
from reports import receipts
from reports.intake import keep as ways
from reports.intake.interview import Interview
from reports.states import Channel

COOKIE = "call"
PURPOSE = "call code"
CODE_LIFE = timedelta(hours=1)  # how long a code that was not read aloud yet waits in this browser
SENDS = frozenset({"send", "leave"})


def listens(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponseBase]:
    """For whoever reads the queue and works on cases: both, not one of them."""
    return needs(Permission.QUEUE_READ)(needs(Permission.CASES_OWN)(view))


def _call_for(staff: Staff, call_id: UUID) -> CallDraft:
    """One's own call. Raises Http404: somebody else's looks like none."""
    return get_object_or_404(CallDraft.objects.of(staff).select_related("report"), pk=call_id)


# --- the list -----------------------------------------------------------------------------------------


@listens
@require_safe
def list_page(request: StaffRequest) -> HttpResponse:
    mine = CallDraft.objects.of(request.user)
    page = page_of(request, mine.unfinished(), "-changed_at", "-id")
    over = mine.filter(Q(discarded_at__isnull=False, sent_at=None) | Q(code=Code.TO_SAY))
    rest = list(over.order_by("-changed_at", "-id")[:20])
    context = {
        "rows": page.rows,
        "discarded": [one for one in rest if one.sent_at is None],
        "to_say": [one for one in rest if one.sent_at is not None],
        "hours": settings.CALL_DRAFT_HOURS,
        "next_url": next_address(request, page.next),
        "first_url": first_address(request),
    }
    return render(request, "listening/list.html", context)


@listens
@require_POST
def discard(request: StaffRequest, call_id: UUID) -> HttpResponse:
    try:
        call = actions.discard(
            call_id=_call_for(request.user, call_id).pk, by=request.user, at=timezone.now()
        )
    except Over as over:
        return _over(request, over.call)
    said = _("The call is thrown away. Below you can put it back for an hour.")
    if call.report_id:
        said += " " + _("What you raised stays in the queue.")
    return back_to(request, reverse("listening:list"), said)


@listens
@require_POST
def restore(request: StaffRequest, call_id: UUID) -> HttpResponse:
    actions.restore(call_id=_call_for(request.user, call_id).pk, by=request.user, at=timezone.now())
    return back_to(request, reverse("listening:call", args=[call_id]), _("The call is back."))


# --- the page that is written while listening -----------------------------------------------------------


@listens
@require_safe
def new(request: StaffRequest) -> HttpResponse:
    """An empty page. Nothing is kept before the first word."""
    asked = request.GET.get("channel", "")
    channel = asked if asked in CHANNELS else Channel.PHONE.value
    sheet = Sheet(line={"channel": channel, "language": spoken()})
    sheet.forms[ASKED[0].name].fields[ASKED[0].name].widget.attrs["autofocus"] = True
    return _show(request, uuid4(), sheet, begins=True)


@listens
@require_http_methods(["GET", "HEAD", "POST"])
def call_page(request: StaffRequest, call_id: UUID) -> HttpResponse:
    """Go on with a call; save it, raise it, or send it."""
    if request.method == "POST":
        return _posted(request, call_id)
    call = _call_for(request.user, call_id)
    if not call.is_open:
        return _over(request, call)
    interview = actions.read_call(call=call, by=request.user, at=timezone.now())
    line = {"channel": call.channel, "language": call.language}
    return _show(request, call.pk, Sheet(before=interview, line=line), call=call)


def _posted(request: StaffRequest, call_id: UUID) -> HttpResponse:
    now, do = timezone.now(), request.POST.get("do", "save")
    sheet = Sheet(request.POST, before=_before(request, call_id))
    found = sheet.read(now, is_sent=do in SENDS)
    writing = _writing(request, sheet, found)
    act: dict[str, Any] = {"call_id": call_id, "writing": writing, "by": request.user, "at": now}
    try:
        if do in SENDS and sheet.check(found):
            return _sent(request, actions.send(**act, take=do == "send"))
        if do == "raise":
            actions.raise_now(**act)
            said = _("It stands before all others now, with your name beside it. Go on speaking with them.")
            return back_to(request, reverse("listening:call", args=[call_id]), said)
        call = actions.save(**act)
    except CallDraft.DoesNotExist as error:
        raise Http404 from error
    except Over as over:
        return _over(request, over.call)
    except ChangedElsewhere as other:
        return _both(request, sheet, found, other)
    except NotUrgent:
        actions.save(**act)
        said = _("Only danger is raised before the end. Tick what is true under “safe right now”.")
        return back_to(request, reverse("listening:call", args=[call_id]), said, level=messages.WARNING)
    except WrongKey:
        said = _("The report of this call was erased meanwhile. Nothing more of it can be sent.")
        return back_to(request, reverse("listening:list"), said, level=messages.WARNING)
    if do in SENDS:
        sheet.settle(found)
        return _show(request, call_id, sheet, found, call=call, status=NOT_TAKEN)
    return back_to(request, reverse("listening:call", args=[call_id]), _("The call is kept as it is now."))


def _before(request: StaffRequest, call_id: UUID) -> Interview:
    """What the draft says already; nothing where the first words are on their way. Raises Http404 for what is not theirs."""
    call = CallDraft.objects.of(request.user).filter(pk=call_id).first()
    if call is None and "begins" not in request.POST:
        raise Http404
    return actions.opened(call) if call is not None and call.key is not None else Interview()


def _writing(request: StaffRequest, sheet: Sheet, found: Interview) -> Writing:
    channel, language = sheet.line.facts
    return Writing(
        interview=found,
        channel=channel,
        language=language,
        page=request.POST.get("page", "")[:32],
        version=_number(request.POST.get("version")),
        serial=_number(request.POST.get("serial")),
        begins="begins" in request.POST,
    )


def _number(text: str | None) -> int:
    return int(text[:9]) if text and text.isascii() and text.isdigit() else 0


@listens
@require_POST
def keep(request: StaffRequest, call_id: UUID) -> HttpResponse:
    """What the script asks while one types: keep it, and say what belongs on the page by now."""
    now = timezone.now()
    sheet = Sheet(request.POST, before=_before(request, call_id))
    found = sheet.read(now)
    context: dict[str, Any] = {"parts": [part for column in sheet.parts(found) for part in column], "at": now}
    try:
        actions.save(call_id=call_id, writing=_writing(request, sheet, found), by=request.user, at=now)
    except CallDraft.DoesNotExist as error:
        raise Http404 from error
    except Over as over:
        context["over"] = over.call
    except ChangedElsewhere:
        context["elsewhere"] = True
    context |= sheet.places()
    if request.POST.get("voice") != sheet.voice:
        context |= {"voice": sheet.voice, "said": sheet.words()}
    return render(request, "listening/kept.html", context)


def _show(
    request: StaffRequest,
    call_id: UUID,
    sheet: Sheet,
    found: Interview | None = None,
    *,
    call: CallDraft | None = None,
    begins: bool = False,
    status: int = HTTPStatus.OK,
    **more: Any,
) -> HttpResponse:
    context = {
        "call_id": call_id,
        "call": call,
        "columns": sheet.parts(found),
        "line": sheet.line,
        "voice": sheet.voice,
        "errors": sheet.errors(),
        "numbers": danger_numbers(),
        "for_dark_thoughts": settings.DARK_THOUGHTS_NUMBER,
        "page": secrets.token_hex(8),
        "version": call.version if call else 0,
        "begins": begins,
        **sheet.places(),
        **more,
    }
    return render(request, "listening/call.html", context, status=status)


def _both(request: StaffRequest, sheet: Sheet, found: Interview, other: ChangedElsewhere) -> HttpResponse:
    """What stands here and what another page left, side by side; the form goes on with what stands here."""
    sheet.settle(found)
    return _show(
        request,
        other.call.pk,
        sheet,
        found,
        call=other.call,
        status=HTTPStatus.CONFLICT,
        differences=differences(found, other.there, voice=sheet.voice),
    )


def _over(request: StaffRequest, call: CallDraft) -> HttpResponse:
    if call.sent_at is not None:
        if call.code == Code.TO_SAY:
            return redirect("listening:code", call.pk)
        said = _("This call was sent already. Nothing was sent twice.")
        return back_to(request, _after(request, call), said, level=messages.INFO)
    said = _("This call was thrown away. Put it back to go on with it.")
    return back_to(request, reverse("listening:list"), said, level=messages.WARNING)


# --- the code -----------------------------------------------------------------------------------------


def _sent(request: StaffRequest, sent: Sent) -> HttpResponse:
    if sent.taken_by is not None:
        said = _("%(name)s took it in hand meanwhile. What you wrote is with them.") % {"name": sent.taken_by}
        messages.info(request, said)
    return _hold(request, sent.call, sent.code)


def _hold(request: StaffRequest, call: CallDraft, code: str) -> HttpResponse:
    """To the page with the code, which waits in this browser alone: it is in no table."""
    response = redirect("listening:code", call.pk)
    response.set_cookie(
        COOKIE,
        cookies.seal(PURPOSE, {"call": str(call.pk), "by": request.user.pk, "code": code}),
        path=reverse("listening:call", args=[call.pk]),
        secure=settings.SECURE,
        httponly=True,
        samesite="Strict",
    )
    return response


def _held(request: StaffRequest, call: CallDraft) -> str:
    """The code that this browser holds for this call; '' for none."""
    text = request.COOKIES.get(COOKIE)
    value = cookies.open_sealed(PURPOSE, text, max_age=CODE_LIFE) if text else None
    is_theirs = value and (value["call"], value["by"]) == (str(call.pk), request.user.pk)
    return str(value["code"]) if value and is_theirs else ""


@listens
@require_http_methods(["GET", "HEAD", "POST"])
def code_page(request: StaffRequest, call_id: UUID) -> HttpResponse:
    """The code, to be read aloud and repeated; then it is never shown again."""
    call = _call_for(request.user, call_id)
    if call.sent_at is None or call.code == Code.SAID:
        return redirect("listening:call", call.pk) if call.sent_at is None else _over(request, call)
    code, form = _held(request, call) if call.code == Code.TO_SAY else "", RepeatForm(auto_id="f-%s")
    if request.method == "POST":
        form = RepeatForm(request.POST, auto_id="f-%s")
        answer = _decide(request, call, code, form)
        if answer is not None:
            return answer
    wrong = _wrong_groups(form, code) if form.errors and code else []
    context = {
        "call": call,
        "form": form,
        "code": receipts.grouped(code) if code else "",
        "spelled": ways.spelled(code) if code else (),
        "wrong": wrong,
        "next_url": _after(request, call),
        "case": _case(request, call),
    }
    return render(request, "listening/code.html", context, status=NOT_TAKEN if form.errors else HTTPStatus.OK)


def _decide(request: StaffRequest, call: CallDraft, code: str, form: RepeatForm) -> HttpResponse | None:
    """What was pressed under the code; None when what was typed back is not the same."""
    do, now, here = request.POST.get("do", ""), timezone.now(), reverse("listening:code", args=[call.pk])
    try:
        if do == "another":
            return _hold(request, call, actions.say_another_code(call_id=call.pk, by=request.user, at=now))
        if do == "none":
            actions.no_code(call_id=call.pk, by=request.user, at=now)
            return _let_go(redirect(here), call)
        if not code:
            return redirect(here)
        if do != "unchecked" and not form.compare(code):
            return None
        checked = do != "unchecked"
        actions.code_is_said(call_id=call.pk, by=request.user, checked=checked, at=now)
        said = (
            _("The code is right. Nobody sees it any more; they change it when they first come with it.")
            if checked
            else _("The code is not shown any more. They change it when they first come with it.")
        )
    except Over as over:
        return _over(request, over.call)
    except reports.CodeTaken:
        actions.code_is_said(call_id=call.pk, by=request.user, checked=False, at=now)
        said = _("They came with the code already, and have one of their own now.")
    except WrongKey:
        said = _("This report was erased meanwhile.")
        return _let_go(back_to(request, reverse("listening:list"), said, level=messages.WARNING), call)
    return _let_go(back_to(request, _after(request, call), said), call)


@listens
@require_http_methods(["GET", "HEAD", "POST"])
def another_code(request: StaffRequest, ref: str) -> HttpResponse:
    """Their own code stopped working: ask a second person, then make another one and read it aloud."""
    case, now = case_for(request.user, ref), timezone.now()
    page = reverse("listening:another-code", args=[case.ref])
    form = AskForm(request.POST if request.method == "POST" and "give" not in request.POST else None)
    try:
        if "give" in request.POST:
            return _hold(request, *actions.give_another_code(case=case, by=request.user, at=now))
        if form.is_valid():
            reason = form.cleaned_data["text"]
            approvals.ask(what=actions.ANOTHER_CODE, obj=case, by=request.user, reason=reason, at=now)
            said = _("Asked. The code can be made once a second person says yes.")
            return back_to(request, page, said)
    except CannotBeDone as no:
        return back_to(request, page, str(no.sentence), level=messages.WARNING)
    except PermissionDenied:
        said = _("Nobody agreed to it, or the time is over. Ask again.")
        return back_to(request, page, said, level=messages.WARNING)
    except WrongKey:
        return back_to(request, page, _("This report was erased meanwhile."), level=messages.WARNING)
    asked = approvals.waiting_on(what=actions.ANOTHER_CODE, obj=case)
    granted = actions.granted(case, by=request.user, at=now)
    context = {
        "case": case,
        "form": form,
        "erased": is_erased(case),
        "asked": asked,
        "can_open_asked": asked is not None and approvals.seen_by(request.user).filter(pk=asked.pk).exists(),
        "granted": granted,
        "until": granted.done_at + actions.GIVE_FOR if granted and granted.done_at else None,
    }
    return render(request, "listening/another_code.html", context, status=NOT_TAKEN if form.is_bound else 200)


def _wrong_groups(form: RepeatForm, code: str) -> list[int]:
    """Which of the four groups, counted from 1, were repeated otherwise."""
    typed = "".join(one for one in form["code"].value() or "" if one.isalnum())
    if len(typed) != receipts.LENGTH:
        return []
    same = receipts.read(typed)
    return [1 + start // 4 for start in range(0, 16, 4) if same[start : start + 4] != code[start : start + 4]]


def _let_go(response: HttpResponse, call: CallDraft) -> HttpResponse:
    response.delete_cookie(COOKIE, path=reverse("listening:call", args=[call.pk]), samesite="Strict")
    return response


def _case(request: StaffRequest, call: CallDraft) -> Case | None:
    """The case that came of it, where this person works on it."""
    case = Case.objects.filter(report=call.report_id).first() if call.report_id else None
    return case if case is not None and casework.can_work_on(case, by=request.user) else None


def _after(request: StaffRequest, call: CallDraft) -> str:
    case = _case(request, call)
    return reverse("desk:case", args=[case.ref]) if case else reverse("desk:queue")
