"""What is due above the platforms, a step and a complaint with what can be done, and a takedown's clock."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from cases import actions as casework
from cases import reading
from cases.ladder import actions, clock, desk, redress, states
from cases.ladder.actions import NoRung
from cases.ladder.clock import NoReason, TooLate
from cases.ladder.forms import DecisionForm, DoneForm, FileForm, OutcomeForm, PauseForm, SkipForm
from cases.ladder.models import Redress, Step
from cases.ladder.states import ForbiddenMove, Kind, RedressState, Rung, StepOutcome, StepState
from cases.models import Case
from cases.queue import capped_counts
from cases.takedowns.actions import AlreadyRequested, NoChannel, WeakNotice
from cases.takedowns.models import Takedown
from cases.views.answers import NOT_TAKEN, back_to, first_address, next_address, page_of, tab_of, tabs_of
from helpline.accounts.access import StaffRequest, needs
from helpline.accounts.permissions import Permission
from helpline.crypto.wrapping import WrongKey
from helpline.web.files import neutral_file

OF_A_TAKEDOWN = (
    "takedown__case__report",
    "takedown__platform",
    "takedown__notice__channel__platform__merged_into",
    "takedown__notice__channel__platform__paused_by",
    "takedown__link",
)


@needs(Permission.TAKEDOWNS)
@require_safe
def list_page(request: StaffRequest) -> HttpResponse:
    now = timezone.now()
    found = capped_counts(desk.counts(request.user, at=now))
    tab = tab_of(request, desk.TABS, found, "steps")
    rows = desk.with_what_is_shown(tab, desk.under_tab(request.user, tab, at=now))
    page = page_of(request, rows, *desk.order_of(tab))
    context = {
        "rows": [desk.row_of(one) for one in page.rows],
        "tab": tab,
        "tabs": tabs_of(desk.TABS, tab, request.path, found),
        "when_label": desk.when_label(tab),
        "decided": desk.decided_in_a_year(at=now) if tab == "redress" else None,
        "next_url": next_address(request, page.next),
        "first_url": first_address(request),
    }
    return render(request, "ladder/list.html", context)


# --- loading, acting, going back ------------------------------------------------------------------------


def _takedown_for(request: StaffRequest, takedown_id: UUID) -> Takedown:
    found = Takedown.objects.filter(case__in=Case.objects.workable_by(request.user))
    return get_object_or_404(
        found.select_related("case__report", "platform", "notice__channel", "link"), pk=takedown_id
    )


def _step_for(request: StaffRequest, step_id: UUID) -> Step:
    found = Step.objects.visible_to(request.user).select_related("by", "made", *OF_A_TAKEDOWN)
    step: Step = get_object_or_404(found, pk=step_id)
    return step


def _redress_for(request: StaffRequest, redress_id: UUID) -> Redress:
    found = Redress.objects.visible_to(request.user).select_related("filed_by", *OF_A_TAKEDOWN)
    one: Redress = get_object_or_404(found, pk=redress_id)
    return one


def _at(takedown: Takedown) -> str:
    return reverse("takedowns:detail", args=[takedown.pk]) + "#ladder"


def _decide(request: StaffRequest, here: str, act: Callable[[], str], *, undo: str = "") -> HttpResponse:
    """Act, and say on the page `here` what happened, or why nothing did. `undo`: where it can be taken back."""
    try:
        said = act()
    except AlreadyRequested:
        said = _("This link is leaving another way just now. Nothing was sent twice.")
    except NoChannel:
        said = _("No channel in use leads there any more. Leave this step out, or write by hand.")
    except WeakNotice as error:
        said = " ".join(f"{one.message} {one.mend}" for one in error.findings)
    except NoRung:
        said = _("This step is not there any more.")
    except TooLate:
        said = _("The minutes to take it back are over, so it stays.")
    except NoReason:
        said = _("Say why. Without a reason the clock runs on.")
    except ForbiddenMove:
        said = _("It changed meanwhile. Nothing was done.")
    except WrongKey:
        said = _("The young person erased this report. Nothing more can be written about it.")
    else:
        return back_to(request, here, said, undo=undo)
    return back_to(request, here, said, level=messages.WARNING)


# --- a step ---------------------------------------------------------------------------------------------


@needs(Permission.TAKEDOWNS)
@require_safe
def step_page(request: StaffRequest, step_id: UUID) -> HttpResponse:
    return _show_step(request, _step_for(request, step_id))


def _show_step(request: StaffRequest, step: Step, *, status: int = 200, **bound: Any) -> HttpResponse:
    now, case = timezone.now(), step.takedown.case
    erased = reading.is_erased(case)
    casework.record_read(case=case, by=request.user, at=now)
    forms: dict[str, Any] = {"done": DoneForm(), "skip": SkipForm(), "outcome": OutcomeForm()}
    context = {
        "view": desk.view_of(step, at=now, case=case.pk, box=None if erased else case.box()),
        "step": step,
        "takedown": step.takedown,
        "case": case,
        "erased": erased,
        "wanted": clock.is_wanted(step.takedown),
        "is_live": step.state in states.LIVE,
        "is_to_file": not step.by_machine and step.rung != Rung.DECIDE,
        "is_filed": step.state == StepState.DONE and not step.by_machine and step.rung != Rung.DECIDE,
        "forms": forms | bound,
    }
    return render(request, "ladder/step.html", context, status=status)


def _here(step: Step) -> str:
    return _at(step.takedown) if step.by_machine else reverse("ladder:step", args=[step.pk])


@needs(Permission.TAKEDOWNS)
@require_POST
def take(request: StaffRequest, step_id: UUID) -> HttpResponse:
    step = _step_for(request, step_id)

    def act() -> str:
        actions.take(step=step, by=request.user, at=timezone.now())
        return _taken(step)

    return _decide(request, _here(step), act, undo=reverse("ladder:undo", args=[step.pk]))


def _taken(step: Step) -> str:
    if not step.by_machine:
        return _("It is yours.")
    if step.made is not None and step.made.status == "to_file":
        return _("It is ready, to be filed by hand.")
    if step.made is not None and step.made.notice.channel.platform.halted is not None:
        return _("It waits until sending is on again.")
    return _("It leaves now.")


@needs(Permission.TAKEDOWNS)
@require_POST
def escalate(request: StaffRequest, takedown_id: UUID) -> HttpResponse:
    takedown = _takedown_for(request, takedown_id)
    rung = request.POST.get("rung", "")
    made: list[Step] = []

    def act() -> str:
        if rung and rung not in Rung.values:
            raise NoRung(rung)
        made.append(
            actions.escalate(takedown=takedown, rung=rung or None, by=request.user, at=timezone.now())
        )
        return _taken(made[0])

    answer = _decide(request, _at(takedown), act)
    if made and not made[0].by_machine:
        answer["Location"] = reverse("ladder:step", args=[made[0].pk])
    return answer


@needs(Permission.TAKEDOWNS)
@require_POST
def done(request: StaffRequest, step_id: UUID) -> HttpResponse:
    step, form = _step_for(request, step_id), DoneForm(request.POST)
    if not form.is_valid():
        return _show_step(request, step, status=NOT_TAKEN, done=form)

    def act() -> str:
        actions.mark_done(step=step, by=request.user, at=timezone.now(), **form.cleaned_data)
        return _("Noted as done. The young person is told.")

    return _decide(request, _here(step), act, undo=reverse("ladder:undo", args=[step.pk]))


@needs(Permission.TAKEDOWNS)
@require_POST
def skip(request: StaffRequest, step_id: UUID) -> HttpResponse:
    step, form = _step_for(request, step_id), SkipForm(request.POST)
    if not form.is_valid():
        return _show_step(request, step, status=NOT_TAKEN, skip=form)

    def act() -> str:
        actions.skip(step=step, by=request.user, at=timezone.now(), **form.cleaned_data)
        return _("Left out. The next step comes in a moment.")

    return _decide(request, _at(step.takedown), act, undo=reverse("ladder:undo", args=[step.pk]))


@needs(Permission.TAKEDOWNS)
@require_POST
def outcome(request: StaffRequest, step_id: UUID) -> HttpResponse:
    step, form = _step_for(request, step_id), OutcomeForm(request.POST)
    if not form.is_valid():
        return _show_step(request, step, status=NOT_TAKEN, outcome=form)

    def act() -> str:
        data = form.cleaned_data
        actions.record_outcome(
            step=step,
            outcome=StepOutcome(data["outcome"]),
            words=data["words"],
            follow_up_on=data["follow_up_on"],
            by=request.user,
            at=timezone.now(),
        )
        return _("Recorded.")

    return _decide(request, _here(step), act)


@needs(Permission.TAKEDOWNS)
@require_POST
def undo(request: StaffRequest, step_id: UUID) -> HttpResponse:
    step = _step_for(request, step_id)

    def act() -> str:
        actions.undo(step=step, by=request.user, at=timezone.now())
        return _("Taken back.")

    return _decide(request, _here(step), act)


@needs(Permission.TAKEDOWNS)
@require_POST
def pack(request: StaffRequest, step_id: UUID) -> HttpResponse:
    step = _step_for(request, step_id)
    return _paper(
        request, _here(step), lambda: actions.make_pack(step=step, by=request.user, at=timezone.now())
    )


def _paper(request: StaffRequest, here: str, make: Callable[[], bytes]) -> HttpResponse:
    """A file to save; where there is none to make, the page says why."""
    try:
        body = make()
    except ForbiddenMove:
        said = _("It changed meanwhile. Nothing was done.")
    except WrongKey:
        said = _("The young person erased this report. Nothing more can be written about it.")
    else:
        return neutral_file(body, kind="pdf", content_type="application/pdf")
    return back_to(request, here, said, level=messages.WARNING)


# --- a complaint ----------------------------------------------------------------------------------------


@needs(Permission.TAKEDOWNS)
@require_safe
def redress_page(request: StaffRequest, redress_id: UUID) -> HttpResponse:
    return _show_redress(request, _redress_for(request, redress_id))


def _show_redress(request: StaffRequest, one: Redress, *, status: int = 200, **bound: Any) -> HttpResponse:
    now, case = timezone.now(), one.takedown.case
    erased = reading.is_erased(case)
    casework.record_read(case=case, by=request.user, at=now)
    out_of_court, wanted = one.kind == Kind.OUT_OF_COURT, clock.is_wanted(one.takedown)
    forms: dict[str, Any] = {"file": FileForm(out_of_court=out_of_court), "decision": DecisionForm()}
    context = {
        "view": desk.redress_view(one, at=now, box=None if erased else case.box()),
        "redress": one,
        "takedown": one.takedown,
        "case": case,
        "erased": erased,
        "wanted": wanted,
        "out_of_court": out_of_court,
        "authority": desk.body() if out_of_court else None,
        "text": redress.complaint(one) if wanted and not out_of_court else "",
        "forms": forms | bound,
    }
    return render(request, "ladder/redress.html", context, status=status)


def _there(one: Redress) -> str:
    return reverse("ladder:redress", args=[one.pk])


@needs(Permission.TAKEDOWNS)
@require_POST
def dispute(request: StaffRequest, takedown_id: UUID) -> HttpResponse:
    takedown = _takedown_for(request, takedown_id)
    made: list[Redress] = []

    def act() -> str:
        made.append(redress.open_out_of_court(takedown=takedown, by=request.user, at=timezone.now()))
        return _("The way is open.")

    answer = _decide(request, _at(takedown), act)
    if made:
        answer["Location"] = _there(made[0])
    return answer


@needs(Permission.TAKEDOWNS)
@require_POST
def file(request: StaffRequest, redress_id: UUID) -> HttpResponse:
    one = _redress_for(request, redress_id)
    form = FileForm(request.POST, out_of_court=one.kind == Kind.OUT_OF_COURT)
    if not form.is_valid():
        return _show_redress(request, one, status=NOT_TAKEN, file=form)

    def act() -> str:
        redress.file(redress=one, by=request.user, at=timezone.now(), **form.cleaned_data)
        return _("Noted as filed. The young person is told.")

    return _decide(request, _there(one), act, undo=reverse("ladder:undo-redress", args=[one.pk]))


@needs(Permission.TAKEDOWNS)
@require_POST
def decide(request: StaffRequest, redress_id: UUID) -> HttpResponse:
    one, form = _redress_for(request, redress_id), DecisionForm(request.POST)
    if not form.is_valid():
        return _show_redress(request, one, status=NOT_TAKEN, decision=form)
    state = RedressState(form.cleaned_data["state"])

    def act() -> str:
        redress.decide(
            redress=one, state=state, words=form.cleaned_data["words"], by=request.user, at=timezone.now()
        )
        return _("Their decision is kept.")

    told = one.kind == Kind.INTERNAL and state != RedressState.UPHELD
    back = "" if told else reverse("ladder:undo-redress", args=[one.pk])
    return _decide(request, _there(one), act, undo=back)


@needs(Permission.TAKEDOWNS)
@require_POST
def drop(request: StaffRequest, redress_id: UUID) -> HttpResponse:
    one = _redress_for(request, redress_id)

    def act() -> str:
        redress.drop(redress=one, by=request.user, at=timezone.now())
        return _("No complaint is made.")

    return _decide(request, _there(one), act, undo=reverse("ladder:undo-redress", args=[one.pk]))


@needs(Permission.TAKEDOWNS)
@require_POST
def undo_redress(request: StaffRequest, redress_id: UUID) -> HttpResponse:
    one = _redress_for(request, redress_id)

    def act() -> str:
        redress.undo(redress=one, by=request.user, at=timezone.now())
        return _("Taken back.")

    return _decide(request, _there(one), act)


@needs(Permission.TAKEDOWNS)
@require_POST
def redress_pack(request: StaffRequest, redress_id: UUID) -> HttpResponse:
    one = _redress_for(request, redress_id)
    return _paper(
        request, _there(one), lambda: redress.make_pack(redress=one, by=request.user, at=timezone.now())
    )


# --- the clock ------------------------------------------------------------------------------------------


@needs(Permission.TAKEDOWNS)
@require_POST
def pause(request: StaffRequest, takedown_id: UUID) -> HttpResponse:
    takedown, form = _takedown_for(request, takedown_id), PauseForm(request.POST)
    form.is_valid()
    reason = form.cleaned_data.get("reason", "")

    def act() -> str:
        count = clock.pause(takedown=takedown, reason=reason, by=request.user, at=timezone.now())
        return _for_all(_("The clock stands still."), count)

    back = reverse("ladder:undo-clock", args=[takedown.pk])
    return _decide(request, _at(takedown), act, undo=back)


def _for_all(said: str, count: int) -> str:
    """Say where it held for other cases of this person, too."""
    if count == 1:
        return said
    shared = ngettext(
        "So it does for %(count)d other case of yours in this request.",
        "So it does for %(count)d other cases of yours in this request.",
        count - 1,
    )
    return f"{said} {shared % {'count': count - 1}}"


@needs(Permission.TAKEDOWNS)
@require_POST
def resume(request: StaffRequest, takedown_id: UUID) -> HttpResponse:
    takedown = _takedown_for(request, takedown_id)

    def act() -> str:
        count = clock.resume(takedown=takedown, by=request.user, at=timezone.now())
        return _for_all(_("The clock runs on. What was due moved by the length of the pause."), count)

    back = reverse("ladder:undo-clock", args=[takedown.pk])
    return _decide(request, _at(takedown), act, undo=back)


@needs(Permission.TAKEDOWNS)
@require_POST
def undo_clock(request: StaffRequest, takedown_id: UUID) -> HttpResponse:
    """One step back: the pause, or the running on."""
    takedown = _takedown_for(request, takedown_id)

    def act() -> str:
        back = clock.undo_pause if takedown.clock_paused_at is not None else clock.undo_resume
        back(takedown=takedown, by=request.user, at=timezone.now())
        return _("Taken back.")

    return _decide(request, _at(takedown), act)
