"""Who works here: adding, changing and closing accounts, roles, teams, tokens. Secrets are shown once and kept nowhere."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django import forms
from django.contrib import messages
from django.db import transaction
from django.db.models import Count, Exists, OuterRef, Prefetch, Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from cases.accounts import approving
from cases.accounts.forms import (
    DetailsForm,
    EmailForm,
    NameForm,
    NewPersonForm,
    PermissionsForm,
    RoleForm,
    TokenForm,
    WhyForm,
)
from cases.views.answers import NOT_TAKEN, back_to, first_address, next_address, page_of, tabs_of
from helpline.accounts import actions, entrance
from helpline.accounts.access import StaffRequest, needs
from helpline.accounts.actions import AccountRefused, Details, Stale
from helpline.accounts.models import ApiToken, Membership, Role, Staff, Team
from helpline.accounts.permissions import Permission
from helpline.approvals import actions as approvals
from helpline.approvals.handlers import CannotBeDone
from helpline.approvals.models import Approval
from helpline.approvals.states import Status

TABS = {"open": gettext_lazy("At work"), "closed": gettext_lazy("Closed accounts")}


# --- who works here -----------------------------------------------------------------------------------------


@needs(Permission.ACCOUNTS)
@require_safe
def person_list(request: StaffRequest) -> HttpResponse:
    tab = "closed" if request.GET.get("tab") == "closed" else "open"
    live = ApiToken.objects.filter(staff=OuterRef("pk"), revoked_at=None)
    found = (
        Staff.objects.filter(is_active=tab == "open")
        .select_related("role")
        .annotate(has_token=Exists(live.filter(Q(expires_at=None) | Q(expires_at__gt=timezone.now()))))
        .prefetch_related(
            Prefetch("memberships", Membership.objects.select_related("team").order_by("team__name"))
        )
    )
    page = page_of(request, found, "display_name", "id")
    waiting = Approval.objects.filter(
        status=Status.WAITING,
        object_type="staff",
        object_id__in=[str(one.pk) for one in page.rows],
    )
    context = {
        **_places(request, "list"),
        "people": page.rows,
        "asked": {int(pk) for pk in waiting.values_list("object_id", flat=True)},
        "tab": tab,
        "chips": tabs_of(TABS, tab, request.path),
        "next_url": next_address(request, page.next),
        "first_url": first_address(request),
    }
    return render(request, "accounts/list.html", context)


@needs(Permission.ACCOUNTS)
@require_http_methods(["GET", "HEAD", "POST"])
def new_person(request: StaffRequest) -> HttpResponse:
    """The account is made closed; a second person opens it."""
    form = NewPersonForm(request.POST if request.method == "POST" else None)
    if not form.is_valid():
        context = {**_places(request, ""), "form": form}
        return render(request, "accounts/new.html", context, status=NOT_TAKEN if form.is_bound else 200)
    data, now = form.cleaned_data, timezone.now()
    with transaction.atomic():
        staff = actions.create_staff(
            username=data["username"],
            display_name=data["display_name"],
            email=data["email"],
            language=data["language"],
            role=data["role"],
            teams=data["teams"],
            password=None,
            is_active=False,
            by=request.user,
            at=now,
        )
        asked = approving.propose(
            what=approving.OPEN,
            obj=staff,
            proposal={"role": staff.role_id},
            reason=data["text"],
            by=request.user,
            at=now,
        )
    said = _("The account is made and closed. It opens once a second person says yes.")
    return back_to(request, _page(staff), said if asked else _("The account is open. Make the link now."))


@needs(Permission.ACCOUNTS)
@require_safe
def person_page(request: StaffRequest, staff_id: int) -> HttpResponse:
    return _show(request, _person(staff_id))


def _show(request: StaffRequest, staff: Staff, *, status: int = 200, **more: Any) -> HttpResponse:
    """The page of one person. `more` puts what was typed, with its errors, in the place of an empty form."""
    now = timezone.now()
    details = actions.details_of(staff)
    asked = list(
        Approval.objects.filter(status=Status.WAITING, object_type="staff", object_id=str(staff.pk))
        .select_related("asked_by")
        .order_by("asked_at")
    )
    shown: dict[str, forms.Form] = {
        "details": DetailsForm(initial=DetailsForm.standing(details)),
        "role": RoleForm(now=staff.role_id),
        "email": EmailForm(initial={"email": staff.email}),
        "why": WhyForm(),
        "token": TokenForm(allowed=actions.scopes_for(staff=staff, by=request.user)),
    }
    context = {
        **_places(request, ""),
        "person": staff,
        "is_me": staff.pk == request.user.pk,
        "alone": actions.is_alone(request.user),
        "asked": asked,
        "asked_kinds": {one.what for one in asked},
        "may_link": entrance.can_make(staff=staff, by=request.user, at=now),
        "needs_address": actions.needs_address(staff.role),
        "tokens": _tokens_of(staff),
        "now": now,
        "forms": shown | {name: form for name, form in more.items() if isinstance(form, forms.Form)},
        "stale": more.get("stale"),
    }
    return render(request, "accounts/person.html", context, status=status)


@needs(Permission.ACCOUNTS)
@require_POST
def change_details(request: StaffRequest, staff_id: int) -> HttpResponse:
    staff = _person(staff_id)
    form = DetailsForm(request.POST)
    if not form.is_valid():
        return _show(request, staff, status=NOT_TAKEN, details=form)
    to, seen, now = form.typed(), form.seen(), timezone.now()
    why, said = form.cleaned_data["text"], _("Kept.")
    try:
        with transaction.atomic():
            waits = actions.change_details(staff=staff, to=to, seen=seen, by=request.user, at=now)
            if waits and approvals.waiting_on(what=approving.TEAMS, obj=staff) is not None:
                said = _("Kept, but for the team: another one waits for its answer already.")
            elif waits and not why:
                transaction.set_rollback(True)
                form.add_error("text", _("Say why: a second person decides about a team that is added."))
            elif waits:
                asked = approving.propose(
                    what=approving.TEAMS,
                    obj=staff,
                    proposal={"teams": list(waits)},
                    reason=why,
                    by=request.user,
                    at=now,
                )
                said = _("Kept. The team is added once a second person says yes.") if asked else said
    except (CannotBeDone, AccountRefused) as no:
        return back_to(request, _page(staff), str(no.sentence), level=messages.WARNING)
    except Stale as stale:
        # What was typed stays; sent once more, it counts against what stands there now.
        data = request.POST.copy()
        for name, value in DetailsForm.was(stale.now).items():
            data[f"{DetailsForm.prefix}-{name}"] = value
        again = DetailsForm(data)
        return _show(request, staff, status=NOT_TAKEN, details=again, stale=_in_words(stale.now))
    if form.errors:
        return _show(request, staff, status=NOT_TAKEN, details=form)
    return back_to(request, _page(staff), said)


def _in_words(details: Details) -> Mapping[str, str]:
    names = Team.objects.filter(slug__in=details.teams).order_by("name").values_list("name", flat=True)
    return {
        "name": details.display_name,
        "language": approving.language_name(details.language),
        "teams": ", ".join(names) or "–",
    }


# --- what a second person decides ---------------------------------------------------------------------------


def _ask(
    request: StaffRequest,
    obj: Staff | Role,
    what: str,
    form: forms.Form,
    proposal: Callable[[Mapping[str, Any]], Mapping[str, Any]],
    again: Callable[[], HttpResponse],
    page: str,
) -> HttpResponse:
    """Check what was typed, ask, go back: what every form for the second person does."""
    if not form.is_valid():
        return again()
    if approvals.waiting_on(what=what, obj=obj) is not None:
        said = _("Something like it was asked already. Take that back first, or wait for the answer.")
        return back_to(request, page, said, level=messages.WARNING)
    data = form.cleaned_data
    try:
        asked = approving.propose(
            what=what,
            obj=obj,
            proposal=proposal(data),
            reason=data["text"],
            by=request.user,
            at=timezone.now(),
        )
    except (CannotBeDone, AccountRefused) as no:
        return back_to(request, page, str(no.sentence), level=messages.WARNING)
    said = _("Asked. It happens once a second person says yes.")
    return back_to(
        request, page, said if asked else _("Done at once: there is nobody else yet who could decide.")
    )


@needs(Permission.ACCOUNTS)
@require_POST
def change_role(request: StaffRequest, staff_id: int) -> HttpResponse:
    staff = _person(staff_id)
    form = RoleForm(request.POST, now=staff.role_id)

    def proposal(data: Mapping[str, Any]) -> Mapping[str, Any]:
        return {"before": staff.role_id, "role": data["role"].pk}

    return _ask_about(request, staff, approving.ROLE, "role", form, proposal)


@needs(Permission.ACCOUNTS)
@require_POST
def change_email(request: StaffRequest, staff_id: int) -> HttpResponse:
    staff = _person(staff_id)

    def proposal(data: Mapping[str, Any]) -> Mapping[str, Any]:
        return {"before": staff.email, "email": data["email"]}

    return _ask_about(request, staff, approving.EMAIL, "email", EmailForm(request.POST), proposal)


@needs(Permission.ACCOUNTS)
@require_POST
def open_again(request: StaffRequest, staff_id: int) -> HttpResponse:
    staff = _person(staff_id)
    proposal = {"role": staff.role_id}
    return _ask_about(request, staff, approving.OPEN, "why", WhyForm(request.POST), lambda _data: proposal)


@needs(Permission.ACCOUNTS)
@require_POST
def reset_access(request: StaffRequest, staff_id: int) -> HttpResponse:
    staff = _person(staff_id)
    return _ask_about(request, staff, approving.ACCESS, "why", WhyForm(request.POST), lambda _data: {})


def _ask_about(
    request: StaffRequest,
    staff: Staff,
    what: str,
    name: str,
    form: forms.Form,
    proposal: Callable[[Mapping[str, Any]], Mapping[str, Any]],
) -> HttpResponse:
    def again() -> HttpResponse:
        return _show(request, staff, status=NOT_TAKEN, **{name: form})

    return _ask(request, staff, what, form, proposal, again, _page(staff))


@needs(Permission.ACCOUNTS)
@require_POST
def disable(request: StaffRequest, staff_id: int) -> HttpResponse:
    staff = _person(staff_id)
    try:
        actions.disable(staff=staff, by=request.user, at=timezone.now())
    except AccountRefused as no:
        return back_to(request, _page(staff), no.sentence, level=messages.WARNING)
    said = _("The account is closed. Sessions and tokens ended. A second person can open it again.")
    return back_to(request, _page(staff), said)


@needs(Permission.ACCOUNTS)
@require_POST
def make_link(request: StaffRequest, staff_id: int) -> HttpResponse:
    """Sent, or without an e-mail address shown once: then it is in this answer and nowhere else."""
    staff, now = _person(staff_id), timezone.now()
    if not entrance.can_make(staff=staff, by=request.user, at=now):
        said = _("No link can be made now. Ask a second person for a new way in.")
        return back_to(request, _page(staff), said, level=messages.WARNING)
    try:
        secret = entrance.hand_over(staff=staff, by=request.user, at=now, absolute=request.build_absolute_uri)
    except entrance.NotSent:
        said = _("The mail could not be sent, and no link was made. Try again later.")
        return back_to(request, _page(staff), said, level=messages.WARNING)
    except AccountRefused as no:
        return back_to(request, _page(staff), no.sentence, level=messages.WARNING)
    if not secret:
        said = _("The link is on its way to %(email)s.") % {"email": staff.email}
        return back_to(request, _page(staff), said)
    context = {**_places(request, ""), "person": staff, "secret": secret, "days": entrance.days()}
    return render(request, "accounts/link.html", context)


# --- tokens ---------------------------------------------------------------------------------------------------


@require_safe
def mine(request: StaffRequest) -> HttpResponse:
    """One's own account: what it is, and the tokens of one's programs."""
    return _show_mine(request)


def _show_mine(request: StaffRequest, *, status: int = 200, **more: Any) -> HttpResponse:
    staff = request.user
    allowed = actions.scopes_for(staff=staff, by=staff)
    context = {
        "person": staff,
        "teams": Team.objects.filter(memberships__staff=staff).order_by("name"),
        "tokens": _tokens_of(staff),
        "now": timezone.now(),
        "may": [one.label for one in Permission if staff.can(one)],
        "forms": {"token": TokenForm(allowed=allowed)} | more,
    }
    return render(request, "accounts/mine.html", context, status=status)


@require_POST
def issue_token(request: StaffRequest, staff_id: int) -> HttpResponse:
    """For oneself, or as an administrator for somebody else. The token is in this answer and nowhere else."""
    is_me = staff_id == request.user.pk
    if not is_me:
        actions.check_can_manage(request.user)
    staff = _person(staff_id)
    allowed = actions.scopes_for(staff=staff, by=request.user)
    form = TokenForm(request.POST, allowed=allowed)

    def again() -> HttpResponse:
        return (
            _show_mine(request, status=NOT_TAKEN, token=form)
            if is_me
            else _show(request, staff, status=NOT_TAKEN, token=form)
        )

    if not form.is_valid():
        return again()
    data = form.cleaned_data
    try:
        token, text = actions.issue_token(
            staff=staff,
            name=data["name"],
            scopes=[Permission(one) for one in data["scopes"]],
            days=data["days"],
            by=request.user,
            at=timezone.now(),
        )
    except AccountRefused as no:
        form.add_error("scopes", no.sentence)
        return again()
    back = reverse("accounts:mine") if is_me else _page(staff)
    context = {**_places(request, ""), "person": staff, "token": token, "secret": text, "back": back}
    return render(request, "accounts/token.html", context)


@require_POST
def revoke_token(request: StaffRequest, token_id: int) -> HttpResponse:
    found = ApiToken.objects.select_related("staff")
    if not request.user.can(Permission.ACCOUNTS):
        found = found.filter(staff=request.user)  # another's looks like none
    token = get_object_or_404(found, pk=token_id)
    actions.revoke_token(token=token, by=request.user, at=timezone.now())
    is_me = token.staff_id == request.user.pk
    page = reverse("accounts:mine") if is_me else _page(token.staff)
    return back_to(request, page, _("The token opens nothing any more."))


def _tokens_of(staff: Staff) -> Sequence[ApiToken]:
    return list(staff.tokens.order_by("-created_at", "-id")[:50])


# --- roles and teams ------------------------------------------------------------------------------------------


@needs(Permission.ACCOUNTS)
@require_http_methods(["GET", "HEAD", "POST"])
def role_list(request: StaffRequest) -> HttpResponse:
    """What each role may do, as a table; and a new role, which may do nothing yet."""
    form = NameForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            role = actions.add_role(name=form.cleaned_data["text"], by=request.user, at=timezone.now())
        except AccountRefused as no:
            form.add_error("text", no.sentence)
        else:
            said = _("The role is made. It may do nothing yet.")
            return back_to(request, reverse("accounts:role", args=[role.pk]), said)
    active = Count("staff", filter=Q(staff__is_active=True))
    roles = list(Role.objects.annotate(people=active).order_by("name"))
    context = {
        **_places(request, "roles"),
        "roles": [(role, approving.role_name(role)) for role in roles],
        "lines": [(one, [one.value in role.permissions for role in roles]) for one in Permission],
        "form": form,
    }
    return render(request, "accounts/roles.html", context, status=NOT_TAKEN if form.is_bound else 200)


@needs(Permission.ACCOUNTS)
@require_http_methods(["GET", "HEAD", "POST"])
def role_page(request: StaffRequest, role_id: str) -> HttpResponse:
    """One role; a change waits for a second person."""
    role = get_object_or_404(Role, pk=role_id)
    standing = {"permissions": role.permissions, "was": " ".join(sorted(role.permissions))}
    form = PermissionsForm(request.POST) if request.method == "POST" else PermissionsForm(initial=standing)

    def again() -> HttpResponse:
        context = {
            **_places(request, ""),
            "role": role,
            "name": approving.role_name(role),
            "people": role.staff.filter(is_active=True).order_by("display_name", "id")[:50],
            "asked": approvals.waiting_on(what=approving.PERMISSIONS, obj=role),
            "form": form,
        }
        return render(request, "accounts/role.html", context, status=NOT_TAKEN if form.is_bound else 200)

    if request.method != "POST":
        return again()
    page = reverse("accounts:role", args=[role.pk])
    if form.is_valid():
        if form.cleaned_data["was"].split() != sorted(role.permissions):
            form.add_error(
                "permissions",
                _("Somebody changed this role since you opened it. It may now: %(may)s")
                % {"may": ", ".join(str(Permission(one).label) for one in role.permissions) or _("nothing")},
            )
            # What was ticked stays; sent once more, it counts against what stands there now.
            typed = request.POST.copy()
            typed["may-was"] = str(standing["was"])
            form.data = typed
        elif sorted(form.cleaned_data["permissions"]) == sorted(role.permissions):
            form.add_error("permissions", _("That is what the role may do already."))

    def proposal(data: Mapping[str, Any]) -> Mapping[str, Any]:
        return {"before": sorted(role.permissions), "permissions": sorted(data["permissions"])}

    return _ask(request, role, approving.PERMISSIONS, form, proposal, again, page)


@needs(Permission.ACCOUNTS)
@require_http_methods(["GET", "HEAD", "POST"])
def team_list(request: StaffRequest) -> HttpResponse:
    """Teams with their members, and a new one."""
    form = NameForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            actions.add_team(name=form.cleaned_data["text"], by=request.user, at=timezone.now())
        except AccountRefused as no:
            form.add_error("text", no.sentence)
        else:
            return back_to(
                request, request.path, _("The team is made. Members are chosen on their own pages.")
            )
    members = Membership.objects.filter(staff__is_active=True).select_related("staff")
    teams = Team.objects.prefetch_related(
        Prefetch("memberships", members.order_by("staff__display_name", "staff_id"))
    )
    context = {**_places(request, "teams"), "teams": teams.order_by("name", "slug"), "form": form}
    return render(request, "accounts/teams.html", context, status=NOT_TAKEN if form.is_bound else 200)


@needs(Permission.ACCOUNTS)
@require_POST
def rename_team(request: StaffRequest, team_id: str) -> HttpResponse:
    team = get_object_or_404(Team, pk=team_id)
    form = NameForm(request.POST)
    page = reverse("accounts:teams")
    if not form.is_valid():
        return back_to(request, page, _("A team needs a name. Nothing changed."), level=messages.WARNING)
    actions.rename_team(team=team, name=form.cleaned_data["text"], by=request.user, at=timezone.now())
    return back_to(request, page, _("Kept."))


# --- steps shared by the views ----------------------------------------------------------------------------------


def _person(staff_id: int) -> Staff:
    return get_object_or_404(Staff.objects.select_related("role"), pk=staff_id)


def _page(staff: Staff) -> str:
    return reverse("accounts:person", args=[staff.pk])


def _places(request: StaffRequest, current: str) -> dict[str, Any]:
    """The tabs above the pages of the accounts."""
    labels = {"list": _("People"), "roles": _("Roles"), "teams": _("Teams")}
    tabs = tabs_of(labels, current, lambda name: reverse(f"accounts:{name}"))
    return {"tabs": tabs if request.user.can(Permission.ACCOUNTS) else []}
