"""Proposing a channel: for a site nobody knows yet, for a platform, or another shape for one that is there."""

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from cases.channels import approving
from cases.channels.forms import ChannelForm, NewSiteForm
from cases.views.answers import NOT_TAKEN, back_to
from helpline.accounts.access import StaffRequest, needs
from helpline.accounts.permissions import Permission
from helpline.approvals import actions as approvals
from helpline.platforms import actions
from helpline.platforms.models import Channel, Platform

PROPOSERS = (Permission.PLATFORMS, Permission.TAKEDOWNS)


@needs(*PROPOSERS)
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: StaffRequest) -> HttpResponse:
    """A site that the directory does not know; `host` of the address is filled in."""
    host = request.GET.get("host", "").strip().lower()[:253]
    initial = {"name": host.removeprefix("www."), "domains": host.removeprefix("www."), "max_items": 1}
    form = NewSiteForm(request.POST if request.method == "POST" else None, initial=initial, platform=None)
    if request.method != "POST" or not form.is_valid():
        return _show(request, form, title=_("A new site"))
    now = timezone.now()
    with transaction.atomic():
        platform = actions.add_platform(name=form.cleaned_data["name"], by=request.user, at=now)
        channel = actions.add_channel(
            platform=platform, kind=form.cleaned_data["kind"], by=request.user, at=now
        )
        return _propose(request, channel, form)


@needs(*PROPOSERS)
@require_http_methods(["GET", "HEAD", "POST"])
def add(request: StaffRequest, slug: str) -> HttpResponse:
    """Another way to reach a platform."""
    platform = get_object_or_404(Platform, slug=slug, is_other=False)
    initial = {"domains": "\n".join(platform.domains), "max_items": 1}
    form = ChannelForm(request.POST if request.method == "POST" else None, initial=initial, platform=platform)
    title = _("Another way to reach %(platform)s") % {"platform": platform}
    if request.method != "POST" or not form.is_valid():
        return _show(request, form, title=title, platform=platform)
    with transaction.atomic():
        channel = approving.new_channel(
            platform=platform, kind=form.cleaned_data["kind"], by=request.user, at=timezone.now()
        )
        return _propose(request, channel, form)


@needs(*PROPOSERS)
@require_http_methods(["GET", "HEAD", "POST"])
def change(request: StaffRequest, slug: str) -> HttpResponse:
    """Another shape for a channel that is there. It goes on as it is until the yes."""
    channel = get_object_or_404(Channel.objects.select_related("platform"), slug=slug)
    now = approving.standing(channel)
    initial = now | {"domains": "\n".join(now["domains"]), "languages": " ".join(now["languages"])}
    form = ChannelForm(
        request.POST if request.method == "POST" else None,
        initial=initial,
        platform=channel.platform,
        channel=channel,
    )
    title = _("Change how %(platform)s is reached") % {"platform": channel.platform}
    asked = approvals.waiting_on(what=approving.CHANGE, obj=channel)
    if request.method == "POST" and form.is_valid() and form.values() == now:
        form.add_error(None, _("That is how it is already. Nothing was proposed."))
    if request.method != "POST" or not form.is_valid():
        return _show(request, form, title=title, platform=channel.platform, channel=channel, asked=asked)
    return _propose(request, channel, form)


def _propose(request: StaffRequest, channel: Channel, form: ChannelForm) -> HttpResponse:
    page = reverse("channels:platform", args=[channel.platform.slug])
    if approvals.waiting_on(what=approving.CHANGE, obj=channel) is not None:
        said = _("A change of this channel waits already. Take that back first, or wait for the answer.")
        return back_to(request, page, said, level=messages.WARNING)
    approving.propose(
        channel=channel,
        values=form.values(),
        reason=form.cleaned_data["text"],
        by=request.user,
        at=timezone.now(),
    )
    return back_to(request, page, _("Proposed. It is used once a second person says yes."))


def _show(request: StaffRequest, form: ChannelForm, *, title: str, **more: Any) -> HttpResponse:
    context = {"form": form, "title": title, **more}
    return render(request, "channels/form.html", context, status=NOT_TAKEN if form.is_bound else 200)
