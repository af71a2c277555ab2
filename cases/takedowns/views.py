"""The takedown desk, one takedown, and asking for removals from the case page."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.db.models import Prefetch
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from cases import actions as casework
from cases import reading
from cases.letters import actions as letters
from cases.letters.content import FACTS_MAX, one_line
from cases.letters.forms import MandateForm, facts_of
from cases.letters.states import GivenBy, GivenHow
from cases.models import Case
from cases.queue import capped_counts
from cases.takedowns import actions, asking, bulk, desk, mending
from cases.takedowns.actions import AlreadyRequested, NoChannel, WeakNotice
from cases.takedowns.asking import Draft
from cases.takedowns.forms import FiledForm, OutcomeForm
from cases.takedowns.models import Event, Takedown
from cases.takedowns.states import MAY_ASK_AGAIN, ForbiddenMove, Outcome, Source, Status
from cases.takedowns.unknowns import POLICIES
from cases.views.answers import (
    NOT_TAKEN,
    back_to,
    case_for,
    first_address,
    next_address,
    page_of,
    tab_of,
    tabs_of,
)
from helpline.accounts.access import StaffRequest, needs
from helpline.accounts.permissions import Permission
from helpline.crypto.wrapping import WrongKey
from reports.models import Link
from reports.states import LinkStatus


@needs(Permission.TAKEDOWNS)
@require_safe
def desk_page(request: StaffRequest) -> HttpResponse:
    found = capped_counts({name: desk.under_tab(request.user, name) for name in desk.NEEDS_A_PERSON})
    tab = tab_of(request, desk.TABS, found, "progress")
    rows = desk.under_tab(request.user, tab)
    channel, why = request.GET.get("channel", ""), request.GET.get("why", "")
    many = bulk.groups(rows) if tab == "failed" else []
    if tab == "failed" and channel and why:
        rows = bulk.of_reason(rows, channel=channel, why=why)
    rows = rows.select_related(*desk.SHOWN, "link", "case__assignee")
    if tab == "draft":
        rows = rows.prefetch_related(Prefetch("events", Event.objects.filter(what=Status.DRAFT), "looks_at"))
    # What waits for a decision: the oldest first. The rest: the newest.
    order = ("status_at", "id") if tab in desk.NEEDS_A_PERSON else ("-requested_at", "-id")
    page = page_of(request, rows, *order)
    context = {
        "rows": [desk.view_of(takedown, events=getattr(takedown, "looks_at", ())) for takedown in page.rows],
        "many": many,
        "only": next((one for one in many if (one.channel.slug, one.reason.why) == (channel, why)), None),
        "policies": POLICIES.values() if tab == "unknown" else (),
        "switched_off": desk.switched_off(),
        "looks_on": settings.RECHECK_ENABLED,
        "tab": tab,
        "tabs": tabs_of(
            {name: label for name, (label, _statuses) in desk.TABS.items()}, tab, request.path, found
        ),
        "next_url": next_address(request, page.next),
        "first_url": first_address(request),
        "now": timezone.now(),
    }
    return render(request, "takedowns/desk.html", context)


def _takedown_for(request: StaffRequest, takedown_id: UUID) -> Takedown:
    """Raises Http404 for one that is not there or not this person's."""
    found = desk.visible_to(request.user).select_related(
        *desk.SHOWN,
        "notice__requested_by",
        "link__platform",
        "case__report",
        "case__assignee",
    )
    return get_object_or_404(found, pk=takedown_id)


@needs(Permission.TAKEDOWNS)
@require_safe
def detail(request: StaffRequest, takedown_id: UUID) -> HttpResponse:
    return _show(request, _takedown_for(request, takedown_id))


def _show(request: StaffRequest, takedown: Takedown, *, status: int = 200, **bound: Any) -> HttpResponse:
    case = takedown.case
    box = None if reading.is_erased(case) else case.box()
    view = desk.view_of(takedown, events=takedown.events.select_related("by"), box=box)
    casework.record_read(case=case, by=request.user, at=timezone.now())
    context: dict[str, Any] = {
        "view": view,
        "takedown": takedown,
        "case": case,
        "now": timezone.now(),
        "url": box.open(takedown.link, "url") if box else "",
        "account": box.open(takedown.link, "account") if box else "",
        "attempts": takedown.notice.attempts.order_by("-number"),
        "erased": box is None,
        "filed": FiledForm(),
        "outcome": OutcomeForm(),
    }
    return render(request, "takedowns/detail.html", context | bound, status=status)


Act = Callable[[Takedown], str]


def _decide(request: StaffRequest, takedown: Takedown, act: Act, *, undo: str = "") -> HttpResponse:
    """Act, and go back to where the decision was taken: the case, the desk or the takedown's own page.

    `undo`: where it can be taken back.
    """
    tab = request.POST.get("tab", "")
    here = {
        "case": f"{reverse('desk:case', kwargs={'ref': takedown.case.ref})}#takedown-{takedown.pk}",
        "desk": reverse("takedowns:desk") + (f"?tab={tab}" if tab in desk.TABS else ""),
    }.get(request.POST.get("from", ""), reverse("takedowns:detail", kwargs={"takedown_id": takedown.pk}))
    try:
        said = act(takedown)
    except AlreadyRequested:
        said = _("This link is being asked for another way already. Nothing was sent twice.")
        return back_to(request, here, said, level=messages.WARNING)
    except WeakNotice:
        said = _(
            "They took back that we may sign, so it can’t go out as it is. Cancel it, and ask another way."
        )
        return back_to(request, here, said, level=messages.WARNING)
    except NoChannel:
        said = _("The channel is not in use now. Send it another way, or have the channel switched on.")
        return back_to(request, here, said, level=messages.WARNING)
    except WrongKey:
        said = _("The young person erased this report. Nothing can be asked for any more.")
        return back_to(request, here, said, level=messages.WARNING)
    except ForbiddenMove:
        takedown.refresh_from_db()
        said = _("It changed meanwhile: it is “%(status)s” now. Nothing was done twice.")
        return back_to(
            request, here, said % {"status": takedown.get_status_display()}, level=messages.WARNING
        )
    return back_to(request, here, said, undo=undo)


@needs(Permission.TAKEDOWNS)
@require_POST
def filed(request: StaffRequest, takedown_id: UUID) -> HttpResponse:
    takedown, form = _takedown_for(request, takedown_id), FiledForm(request.POST)
    if not form.is_valid():
        return _show(request, takedown, status=NOT_TAKEN, filed=form)

    def act(takedown: Takedown) -> str:
        reference = form.cleaned_data["reference"]
        actions.mark_filed(takedown=takedown, reference=reference, by=request.user, at=timezone.now())
        return _("Noted as sent. We look at the link from now on.")

    return _decide(request, takedown, act)


@needs(Permission.TAKEDOWNS)
@require_POST
def outcome(request: StaffRequest, takedown_id: UUID) -> HttpResponse:
    takedown, form = _takedown_for(request, takedown_id), OutcomeForm(request.POST)
    if form.is_valid() and not desk.view_of(takedown).may_record:
        form.add_error("outcome", _("It has not left yet, so there is no answer to record."))
    if not form.is_valid():
        return _show(request, takedown, status=NOT_TAKEN, outcome=form)

    def act(takedown: Takedown) -> str:
        data = form.cleaned_data
        actions.record_outcome(
            takedown=takedown,
            outcome=Outcome(data["outcome"]),
            source=Source.PERSON,
            at=data["at"],
            recorded_at=timezone.now(),
            by=request.user,
            words=data["words"],
            redress_until=data["redress_until"],
        )
        return _("Recorded. The young person reads it when they come back.")

    return _decide(request, takedown, act)


@needs(Permission.TAKEDOWNS)
@require_POST
def settle(request: StaffRequest, takedown_id: UUID) -> HttpResponse:
    was_sent = request.POST.get("was_sent") == "yes"

    def act(takedown: Takedown) -> str:
        actions.resolve_unknown(
            takedown=takedown,
            was_sent=was_sent,
            by=request.user,
            at=timezone.now(),
            waits=actions.SECOND_THOUGHTS,
        )
        if was_sent:
            return _("Noted as sent.")
        if takedown.status != Status.QUEUED:
            return _("Noted. It does not go out again: the page says why.")
        return _("It goes out again in a minute, with the same number.")

    back = "" if was_sent else reverse("takedowns:unsettle", args=[takedown_id])
    return _decide(request, _takedown_for(request, takedown_id), act, undo=back)


@needs(Permission.TAKEDOWNS)
@require_POST
def unsettle(request: StaffRequest, takedown_id: UUID) -> HttpResponse:
    """It did not arrive, somebody said by a slip."""

    def act(takedown: Takedown) -> str:
        actions.undo_resend(takedown=takedown, by=request.user, at=timezone.now())
        return _("Taken back. It does not go out, and nobody knows whether it arrived.")

    return _decide(request, _takedown_for(request, takedown_id), act)


@needs(Permission.TAKEDOWNS)
@require_POST
def answered(request: StaffRequest, takedown_id: UUID) -> HttpResponse:
    def act(takedown: Takedown) -> str:
        actions.note_answered(takedown=takedown, by=request.user, at=timezone.now())
        return _("Noted. Their word is awaited again.")

    return _decide(request, _takedown_for(request, takedown_id), act)


@needs(Permission.TAKEDOWNS)
@require_POST
def cancel(request: StaffRequest, takedown_id: UUID) -> HttpResponse:
    def act(takedown: Takedown) -> str:
        actions.cancel(takedown=takedown, by=request.user, at=timezone.now())
        return _("Cancelled. Nothing leaves.")

    return _decide(request, _takedown_for(request, takedown_id), act)


@needs(Permission.TAKEDOWNS)
@require_POST
def retry(request: StaffRequest, takedown_id: UUID) -> HttpResponse:
    def act(takedown: Takedown) -> str:
        actions.retry(takedown=takedown, by=request.user, at=timezone.now())
        if takedown.notice.channel.platform.halted is not None:
            return _("It waits until sending is on again.")
        return _("It goes out again now.")

    return _decide(request, _takedown_for(request, takedown_id), act)


@needs(Permission.TAKEDOWNS)
@require_POST
def check_again(request: StaffRequest, takedown_id: UUID) -> HttpResponse:
    typed = request.POST.get(f"facts-{takedown_id.hex}")
    facts = None if typed is None else one_line(typed)[: FACTS_MAX * 2]

    def act(takedown: Takedown) -> str:
        checked = mending.check_again(takedown=takedown, by=request.user, at=timezone.now(), facts=facts)
        if checked.left:
            return _("It holds now. The request is on its way.")
        return _("It would still not hold. What is to be mended stands with it.")

    return _decide(request, _takedown_for(request, takedown_id), act)


@needs(Permission.TAKEDOWNS)
@require_POST
def bulk_page(request: StaffRequest) -> HttpResponse:
    """Many that did not leave for one reason on one channel: tried again, or, once that was said to be meant, cancelled."""
    channel, why = request.POST.get("channel", ""), request.POST.get("why", "")
    back = f"{reverse('takedowns:desk')}?tab=failed"
    rows = bulk.of_reason(desk.under_tab(request.user, "failed"), channel=channel, why=why)
    group = next(
        (one for one in bulk.groups(rows) if (one.channel.slug, one.reason.why) == (channel, why)), None
    )
    if group is None:
        return back_to(
            request, back, _("Nothing is left of this. Somebody was quicker."), level=messages.WARNING
        )
    found = list(
        rows.select_related("case", "link", "notice", "platform").order_by("status_at", "pk")[: bulk.AT_ONCE]
    )
    now = timezone.now()
    if request.POST.get("what") == "retry" and group.may_retry:
        said = _what_was_done(bulk.retry_all(found, by=request.user, at=now), retried=True)
        return back_to(request, back, said)
    if request.POST.get("what") == "cancel" and "sure" in request.POST:
        said = _what_was_done(bulk.cancel_all(found, by=request.user, at=now), retried=False)
        return back_to(request, back, said)
    return render(request, "takedowns/bulk.html", {"group": group, "rows": found, "back": back})


def _what_was_done(done: bulk.Done, *, retried: bool) -> str:
    text = (
        ngettext("%(count)s goes out again now.", "%(count)s go out again now.", done.done)
        if retried
        else ngettext("%(count)s is cancelled.", "%(count)s are cancelled.", done.done)
    )
    parts = [text % {"count": done.done}]
    if done.left:
        left = ngettext("%(count)s stays as it is.", "%(count)s stay as they are.", done.left)
        parts.append(left % {"count": done.left})
    return " ".join(parts)


# --- asking, from the case --------------------------------------------------------------------------------


@needs(Permission.TAKEDOWNS)
@require_http_methods(["GET", "HEAD", "POST"])
def request_page(request: StaffRequest, ref: str) -> HttpResponse:
    """What would leave for the chosen links (all that can be asked for, when none is named); sent on POST."""
    case = case_for(request.user, ref)
    given = request.POST if request.method == "POST" else request.GET
    # Shown as staying behind: never sent without having been shown as leaving.
    staying = frozenset(given.getlist("staying"))
    links = _askable(case, [*given.getlist("link"), *staying])
    mandate = MandateForm(
        request.POST if request.POST.get("look") == "mandate" else None,
        initial={"given_on": timezone.localdate()},
        use_required_attribute=False,  # it stands inside the form that sends
    )
    try:
        if mandate.is_bound and mandate.is_valid():
            _record_mandate(request, case, mandate)
        drafted = asking.drafts(
            case=case,
            links=links,
            channels=_chosen(given, "channel-"),
            facts=facts_of(given),
            laws=_chosen(given, "law-"),
            at=timezone.now(),
        )
    except WrongKey:
        said = _("The young person erased this report. Nothing can be asked for any more.")
        return back_to(request, reverse("desk:case", kwargs={"ref": case.ref}), said, level=messages.WARNING)
    if request.method == "POST" and drafted and "look" not in request.POST:
        if keep := request.POST.get("keep"):
            return _keep(request, case, [one for one in drafted if one.platform.slug == keep])
        return _send(request, case, drafted, staying=staying)
    return _show_drafts(request, case, drafted, status=NOT_TAKEN if mandate.errors else 200, mandate=mandate)


def _chosen(given: Mapping[str, Any], prefix: str) -> dict[str, str]:
    """What was chosen for each platform, by its slug."""
    return {name.removeprefix(prefix): str(given[name]) for name in given if name.startswith(prefix)}


def _record_mandate(request: StaffRequest, case: Case, form: MandateForm) -> None:
    try:
        letters.record_mandate(
            case=case,
            given_by=GivenBy(form.cleaned_data["given_by"]),
            given_how=GivenHow(form.cleaned_data["given_how"]),
            given_on=form.cleaned_data["given_on"],
            words=form.cleaned_data["words"],
            by=request.user,
            at=timezone.now(),
        )
    except letters.MandateStands:
        return  # a colleague was quicker, or the page was sent twice: it stands, and that is what counts
    messages.success(request, _("Recorded. The helpline may sign in this case."))


def _show_drafts(
    request: StaffRequest,
    case: Case,
    drafted: Sequence[Draft],
    *,
    status: int = 200,
    mandate: MandateForm | None = None,
) -> HttpResponse:
    unsigned = next((draft for draft in drafted if draft.needs_mandate), None)
    context = {
        "mandate": (mandate or MandateForm(initial={"given_on": timezone.localdate()})) if unsigned else None,
        "unsigned": unsigned,
        "case": case,
        "drafts": drafted,
        "leaving": _links_in(draft for draft in drafted if draft.may_leave),
        "blocked": [draft for draft in drafted if not draft.may_leave],
        "staying": _links_in(draft for draft in drafted if not draft.may_leave),
    }
    return render(request, "takedowns/request.html", context, status=status)


def _links_in(drafted: Iterable[Draft]) -> int:
    return sum(len(draft.links) for draft in drafted)


def _askable(case: Case, chosen: Sequence[str]) -> list[Link]:
    found = (
        case.report.links.select_related("platform").exclude(status=LinkStatus.WITHDRAWN).order_by("position")
    )
    live = case.takedowns.exclude(status__in=MAY_ASK_AGAIN).values_list("link_id", flat=True)
    links = [link for link in found.exclude(pk__in=live) if not chosen or str(link.pk) in chosen]
    if chosen:
        return links
    # "All" means what nobody has asked for yet; asking again is chosen link by link.
    asked = set(case.takedowns.values_list("link_id", flat=True))
    return [link for link in links if link.pk not in asked]


def _send(
    request: StaffRequest, case: Case, drafted: Sequence[Draft], *, staying: frozenset[str]
) -> HttpResponse:
    """Ask for what may leave; the rest stays as it is, and the answer says so."""
    leaving = [
        draft
        for draft in drafted
        if draft.may_leave and staying.isdisjoint(str(link.pk) for link in draft.links)
    ]
    if not leaving:
        return _show_drafts(request, case, drafted, status=NOT_TAKEN)
    page = f"{reverse('desk:case', kwargs={'ref': case.ref})}#links"
    try:
        made = asking.ask(case=case, drafted=leaving, by=request.user, at=timezone.now())
    except AlreadyRequested:
        said = _(
            "One of these links was asked for a moment ago. Nothing was sent twice; look at what is under way."
        )
        return back_to(request, page, said, level=messages.WARNING)
    except (NoChannel, WeakNotice):
        return _show_drafts(request, case, drafted, status=NOT_TAKEN)
    left_over = _links_in(drafted) - _links_in(leaving)
    return back_to(request, page, _what_was_asked(made, left_over=left_over))


def _keep(request: StaffRequest, case: Case, drafted: Sequence[Draft]) -> HttpResponse:
    """Keep what would not hold yet as a draft, for whoever mends it."""
    page = f"{reverse('desk:case', kwargs={'ref': case.ref})}#links"
    try:
        made = asking.ask(case=case, drafted=drafted, by=request.user, at=timezone.now(), keep_draft=True)
    except AlreadyRequested:
        said = _(
            "One of these links was asked for a moment ago. Nothing was sent twice; look at what is under way."
        )
        return back_to(request, page, said, level=messages.WARNING)
    except NoChannel:
        return _show_drafts(request, case, drafted, status=NOT_TAKEN)
    if not all(one.status == Status.DRAFT for one in made):
        return back_to(request, page, _what_was_asked(made, left_over=0))
    said = ngettext(
        "Kept as a draft. It waits on the desk, under “To mend”.",
        "%(count)s requests are kept as drafts. They wait on the desk, under “To mend”.",
        len(made),
    )
    return back_to(request, page, said % {"count": len(made)})


def _what_was_asked(made: Sequence[Takedown], *, left_over: int) -> str:
    shared = sum(one.asked_by is None for one in made)
    by_hand = sum(one.status == Status.TO_FILE and one.asked_by is not None for one in made)
    own = [one for one in made if one.status == Status.QUEUED and one.asked_by is not None]
    waiting = sum(one.notice.channel.platform.halted is not None for one in own)
    leaving = len(made) - by_hand - shared - waiting
    parts = []
    if leaving:
        text = ngettext("%(count)s request leaves now.", "%(count)s requests leave now.", leaving)
        parts.append(text % {"count": leaving})
    if waiting:
        text = ngettext(
            "%(count)s request waits until sending is on again.",
            "%(count)s requests wait until sending is on again.",
            waiting,
        )
        parts.append(text % {"count": waiting})
    if by_hand:
        text = ngettext("%(count)s is to be filed by hand.", "%(count)s are to be filed by hand.", by_hand)
        parts.append(text % {"count": by_hand})
    if shared:
        text = ngettext(
            "%(count)s is being asked for already: its answer counts here, too.",
            "%(count)s are being asked for already: their answers count here, too.",
            shared,
        )
        parts.append(text % {"count": shared})
    if left_over:
        text = ngettext("%(count)s link stays behind.", "%(count)s links stay behind.", left_over)
        parts.append(text % {"count": left_over})
    return " ".join(parts)
