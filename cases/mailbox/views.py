"""The list of mails, and one mail with what it seems to say and what a person makes of it."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import Prefetch
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from cases import actions as casework
from cases.actions import can_work_on
from cases.mailbox import actions, desk, filing, looking
from cases.mailbox.actions import LeadsToThePerson, NothingChosen
from cases.mailbox.forms import ConfirmForm, LeadForm, LetterForm, NotFiledForm
from cases.mailbox.models import Mail
from cases.mailbox.states import ForbiddenMove, Kind, State
from cases.queue import capped_counts
from cases.takedowns.desk import visible_to
from cases.takedowns.models import Notice, Takedown
from cases.views.answers import NOT_TAKEN, back_to, first_address, next_address, page_of, tab_of, tabs_of
from helpline.accounts.access import StaffRequest, needs
from helpline.accounts.permissions import Permission
from helpline.crypto.wrapping import WrongKey


@needs(Permission.TAKEDOWNS)
@require_safe
def list_page(request: StaffRequest) -> HttpResponse:
    names = desk.tabs_for(request.user)
    found = capped_counts(
        {name: desk.under_tab(request.user, name) for name in desk.COUNTED if name in names}
    )
    tab = tab_of(request, names, found, "decide")
    with_case = Prefetch("notice__takedowns", Takedown.objects.select_related("case"))
    rows = (
        desk.under_tab(request.user, tab)
        .select_related("notice__channel__platform")
        .prefetch_related(with_case)
    )
    # What waits: the oldest first. What is done: the newest.
    page = page_of(request, rows, *(("-received_at", "-id") if tab == "done" else ("received_at", "id")))
    context = {
        "lines": desk.lines(page.rows, by=request.user),
        "tab": tab,
        "tabs": tabs_of({name: desk.TABS[name][0] for name in names}, tab, request.path, found),
        "next_url": next_address(request, page.next),
        "first_url": first_address(request),
        "trouble": looking.trouble_now(),
    }
    return render(request, "mailbox/list.html", context)


def _mail_for(request: StaffRequest, mail_id: UUID) -> Mail:
    """Raises Http404 for one that is not there or not this person's."""
    found = Mail.objects.visible_to(request.user).select_related("notice__channel__platform", "decided_by")
    return get_object_or_404(found, pk=mail_id)


def _address(mail: Mail) -> str:
    return reverse("mailbox:detail", kwargs={"mail_id": mail.pk})


def _mine(request: StaffRequest, mail: Mail) -> list[Takedown]:
    """The takedowns of the notice that this person may work on."""
    if mail.notice is None:
        return []
    found = mail.notice.takedowns.select_related(
        "case__report", "case__assignee", "platform", "link"
    ).order_by("pk")
    return [row for row in found if can_work_on(row.case, by=request.user)]


@needs(Permission.TAKEDOWNS)
@require_safe
def detail(request: StaffRequest, mail_id: UUID) -> HttpResponse:
    return _show(request, _mail_for(request, mail_id))


def _show(request: StaffRequest, mail: Mail, *, status: int = 200, **bound: Any) -> HttpResponse:
    mine, now = _mine(request, mail), timezone.now()
    opened = desk.opened(mail, by=request.user)
    actions.record_read(mail=mail, by=request.user, at=now)
    for case in {row.case_id: row.case for row in mine}.values():
        casework.record_read(case=case, by=request.user, at=now)
    mine = actions.undecided(mail, mine)
    form = bound.pop("confirm", None) or ConfirmForm(mail=mail, takedowns=mine)
    notice = mail.notice
    context: dict[str, Any] = {
        "mail": mail,
        "line": desk.lines([mail], by=request.user)[0],
        "opened": opened,
        "verified": desk.is_verified(mail),
        "is_open": mail.state == State.OPEN,
        "rows": [(row, form.field_of(row), _url_of(row)) for row in mine],
        "came_back": mail.brings_back_notice,
        "others_wait": mail.state == State.OPEN and actions.others_wait(mail, by=request.user),
        "says_something": mail.kind in {Kind.ANSWER, Kind.AUTOMATIC},
        "confirm": form,
        "letters": desk.letters(notice) if notice is not None else [],
        "may_write": notice is not None and "@" in notice.channel.address and not opened.is_erased,
        "letter": LetterForm(),
        "lead": LeadForm(),
    }
    return render(request, "mailbox/detail.html", context | bound, status=status)


def _url_of(row: Takedown) -> str:
    try:
        box = row.case.box()
        return box.open(row.link, "url") or box.open(row.link, "account")
    except WrongKey:
        return ""


def _changed(request: StaffRequest, mail: Mail) -> HttpResponse:
    said = _("It was decided meanwhile. Nothing was recorded twice.")
    return back_to(request, _address(mail), said, level=messages.WARNING)


def _erased(request: StaffRequest, mail: Mail) -> HttpResponse:
    said = _("The young person erased this report. Nothing more can be written about it.")
    return back_to(request, _address(mail), said, level=messages.WARNING)


@needs(Permission.TAKEDOWNS)
@require_POST
def confirm(request: StaffRequest, mail_id: UUID) -> HttpResponse:
    mail = _mail_for(request, mail_id)
    form = ConfirmForm(request.POST, mail=mail, takedowns=_mine(request, mail))
    if not form.is_valid():
        return _show(request, mail, status=NOT_TAKEN, confirm=form)
    try:
        count = actions.confirm(
            mail=mail,
            outcomes=form.outcomes(),
            redress_until=form.cleaned_data["redress_until"],
            by=request.user,
            at=timezone.now(),
        )
    except (ForbiddenMove, NothingChosen):
        return _changed(request, mail)
    except WrongKey:
        return _erased(request, mail)
    said = ngettext("Recorded for %(count)s content.", "Recorded for %(count)s contents.", count)
    return back_to(request, reverse("mailbox:list"), said % {"count": count})


@needs(Permission.TAKEDOWNS)
@require_POST
def undelivered(request: StaffRequest, mail_id: UUID) -> HttpResponse:
    mail = _mail_for(request, mail_id)
    try:
        actions.confirm_undelivered(mail=mail, by=request.user, at=timezone.now())
    except ForbiddenMove:
        return _changed(request, mail)
    said = _("Noted: it did not arrive. It stands under “Not sent” on the takedown desk.")
    return back_to(request, reverse("mailbox:list"), said)


@needs(Permission.TAKEDOWNS)
@require_POST
def dismiss(request: StaffRequest, mail_id: UUID) -> HttpResponse:
    mail = _mail_for(request, mail_id)
    try:
        actions.dismiss(mail=mail, by=request.user, at=timezone.now())
    except actions.OthersWait:
        said = _("Colleagues have something on this mail to decide. A supervisor can put it aside.")
        return back_to(request, _address(mail), said, level=messages.WARNING)
    except ForbiddenMove:
        return _changed(request, mail)
    undo = reverse("mailbox:restore", kwargs={"mail_id": mail.pk})
    return back_to(request, reverse("mailbox:list"), _("Put aside. No takedown changed."), undo=undo)


@needs(Permission.TAKEDOWNS)
@require_POST
def restore(request: StaffRequest, mail_id: UUID) -> HttpResponse:
    mail = _mail_for(request, mail_id)
    try:
        actions.restore(mail=mail, by=request.user, at=timezone.now())
    except ForbiddenMove:
        return _changed(request, mail)
    return back_to(request, _address(mail), _("It waits for a decision again."))


@needs(Permission.CASES_ALL)
@require_POST
def lead(request: StaffRequest, mail_id: UUID) -> HttpResponse:
    mail, form = _mail_for(request, mail_id), LeadForm(request.POST)
    notice = Notice.objects.filter(pk=form.cleaned_data["notice"]).first() if form.is_valid() else None
    if form.is_valid() and notice is None:
        form.add_error("notice", _("There is no notice with this number."))
    if notice is None:
        return _show(request, mail, status=NOT_TAKEN, lead=form)
    try:
        actions.lead_to(mail=mail, notice=notice, by=request.user, at=timezone.now())
    except ForbiddenMove:
        return _changed(request, mail)
    except WrongKey:
        return _erased(request, mail)
    return back_to(request, _address(mail), _("It belongs to this notice now. Its sender stays unverified."))


@needs(Permission.TAKEDOWNS)
@require_POST
def write(request: StaffRequest, mail_id: UUID) -> HttpResponse:
    mail, form = _mail_for(request, mail_id), LetterForm(request.POST)
    if form.is_valid():
        data = form.cleaned_data
        try:
            actions.write_back(
                mail=mail, words=data["words"], key=data["key"], by=request.user, at=timezone.now()
            )
        except LeadsToThePerson as error:
            said = ", ".join(str(one.label) for one in error.findings)
            if said:
                form.add_error(
                    "words", _("This would lead to the young person: %(what)s. Take it out.") % {"what": said}
                )
            if error.is_elsewhere:
                form.add_error("words", _("It would lead to somebody this notice is about."))
        except ForbiddenMove:
            form.add_error(None, _("There is no mailbox to write to."))
        except WrongKey:
            return _erased(request, mail)
        else:
            return back_to(request, _address(mail), _("Your answer leaves now."))
    return _show(request, mail, status=NOT_TAKEN, letter=form)


@needs(Permission.TAKEDOWNS)
@require_POST
def not_filed(request: StaffRequest, takedown_id: UUID) -> HttpResponse:
    takedown = get_object_or_404(visible_to(request.user).select_related("case", "platform"), pk=takedown_id)
    here, form = reverse("takedowns:detail", kwargs={"takedown_id": takedown.pk}), NotFiledForm(request.POST)
    if not form.is_valid():
        return back_to(request, here, _("Say why it could not be filed."), level=messages.WARNING)
    try:
        filing.could_not_file(
            takedown=takedown, why=form.cleaned_data["why"], by=request.user, at=timezone.now()
        )
    except ForbiddenMove:
        said = _("It changed meanwhile: it is “%(status)s” now. Nothing was done twice.")
        takedown.refresh_from_db()
        return back_to(
            request, here, said % {"status": takedown.get_status_display()}, level=messages.WARNING
        )
    return back_to(request, here, _("Noted. It stands under “Not sent”, and you can ask another way."))
