"""The directory of platforms: which channels there are, and who vouches for them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from cases.views.answers import back_to
from helpline.accounts.access import StaffRequest, needs
from helpline.accounts.permissions import Permission
from helpline.approvals.models import Approval
from helpline.approvals.states import Status
from helpline.platforms import actions
from helpline.platforms.actions import ChannelRefused
from helpline.platforms.models import Channel, ChannelWarning, Platform


@dataclass(frozen=True, slots=True)
class Line:
    """A channel with what a person should know."""

    channel: Channel
    warnings: list[ChannelWarning]
    paused: bool
    waiting: str = ""  # the approval in which a change of it waits


@needs(Permission.PLATFORMS, Permission.TAKEDOWNS)
@require_safe
def platform_list(request: StaffRequest) -> HttpResponse:
    now = timezone.now()
    channels = Channel.objects.order_by("platform_id", "id")
    waiting = {
        channel: str(approval)
        for channel, approval in Approval.objects.filter(
            what="change-channel", status=Status.WAITING
        ).values_list("object_id", "pk")
    }
    lines: dict[int, list[Line]] = {}
    for channel in channels:
        asked = waiting.get(str(channel.pk), "")
        line = Line(channel, channel.warnings(now), channel.is_paused(now), asked)
        lines.setdefault(channel.platform_id, []).append(line)
    platforms = Platform.objects.select_related("merged_into").order_by("is_other", "name")
    shown = [(platform, lines.get(platform.pk, [])) for platform in platforms]
    context = {
        "platforms": [
            (
                platform,
                ways,
                platform.paused_at is not None
                or not platform.recheck
                or any(one.warnings or one.waiting for one in ways),
            )
            for platform, ways in shown
        ]
    }
    return render(request, "cases/platform_list.html", context)


def _on_channel(
    request: StaffRequest, slug: str, act: Callable[..., None], said: str | Promise, **extra: Any
) -> HttpResponse:
    channel = get_object_or_404(Channel.objects.select_related("platform"), slug=slug)
    page = reverse("channels:platform", args=[channel.platform.slug])
    try:
        act(channel=channel, by=request.user, at=timezone.now(), **extra)
    except ChannelRefused as refused:
        return back_to(request, page, refused.sentence, level=messages.WARNING)
    return back_to(request, page, str(said))


@needs(Permission.PLATFORMS)
@require_POST
def verify(request: StaffRequest, slug: str) -> HttpResponse:
    return _on_channel(
        request, slug, actions.verify_channel, _("Noted: you checked that this contact works.")
    )


@needs(Permission.PLATFORMS)
@require_POST
def approve(request: StaffRequest, slug: str) -> HttpResponse:
    return _on_channel(request, slug, actions.approve_channel, _("Approved. Notices can go this way now."))


@needs(Permission.PLATFORMS)
@require_POST
def switch(request: StaffRequest, slug: str) -> HttpResponse:
    enabled = request.POST.get("enabled") == "yes"
    said = (
        _("The channel is in use again.")
        if enabled
        else _("The channel is out of use. Nothing is sent this way.")
    )
    return _on_channel(request, slug, actions.switch_channel, said, enabled=enabled)
