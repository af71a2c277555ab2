"""A colleague's own tabs of the queue: keep the filters that are on, take a tab away, put it back."""

from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from cases import saved_views
from cases.models import SavedView
from cases.views import filtering
from cases.views.answers import back_to
from helpline.accounts.access import StaffRequest, needs
from helpline.accounts.permissions import Permission


@needs(Permission.QUEUE_READ)
@require_POST
def save_view(request: StaffRequest) -> HttpResponse:
    """The filters that are on, as a tab."""
    query = filtering.written(filtering.read(QueryDict(request.POST.get("query", ""))))
    name = " ".join(request.POST.get("name", "").split())[:40]
    address = filtering.address(query)
    if not query or not name.isprintable() or not name:
        said = _("Give the tab a name.") if query else _("Choose filters first. They are what a tab keeps.")
        return back_to(request, address, said, level=messages.WARNING)
    try:
        saved_views.save(name=name, query=query, by=request.user, at=timezone.now())
    except saved_views.TooMany:
        return back_to(request, address, _too_many(), level=messages.WARNING)
    return redirect(address)


@needs(Permission.QUEUE_READ)
@require_POST
def remove_view(request: StaffRequest, view_id: UUID) -> HttpResponse:
    """Take a tab away; the queue offers it back."""
    view = get_object_or_404(SavedView, pk=view_id, staff=request.user)
    saved_views.remove(view=view, by=request.user, at=timezone.now())
    return redirect(filtering.address(urlencode({"removed": view.pk})))


@needs(Permission.QUEUE_READ)
@require_POST
def restore_view(request: StaffRequest, view_id: UUID) -> HttpResponse:
    """Undo it."""
    view = get_object_or_404(SavedView, pk=view_id, staff=request.user)
    try:
        saved_views.put_back(view=view, by=request.user, at=timezone.now())
    except saved_views.TooMany:
        return back_to(request, reverse("desk:queue"), _too_many(), level=messages.WARNING)
    return redirect(filtering.address(view.query))


def _too_many() -> str:
    return _("You have %(most)s tabs already. Take one away first.") % {"most": saved_views.MOST}
