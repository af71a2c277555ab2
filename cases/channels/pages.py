"""A platform's own page, and what is done from there at once: pausing, a trial, leaving its links alone."""

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from cases.channels import approving, figures, trial
from cases.channels.figures import Health
from cases.channels.forms import LooksForm, MergeForm, PauseForm, PlatformPauseForm, WordsForm
from cases.takedowns.states import STATUS_OF
from cases.takedowns.truths import TONES
from cases.views.answers import NOT_TAKEN, back_to
from cases.words import lasting
from helpline.accounts.access import StaffRequest, needs
from helpline.accounts.permissions import Permission
from helpline.approvals import actions as approvals
from helpline.approvals.models import Approval
from helpline.approvals.states import Status
from helpline.platforms import actions
from helpline.platforms.actions import MergeRefused
from helpline.platforms.models import Channel, ChannelWarning, Platform


@dataclass(frozen=True, slots=True)
class Line:
    """A channel with what a person should know and may do."""

    channel: Channel
    health: Health
    warnings: list[ChannelWarning]
    paused: bool
    can_approve: bool
    waiting: str  # the approval in which a change of it waits
    pause: PauseForm  # of its own, so that no two share an id


@needs(Permission.PLATFORMS, Permission.TAKEDOWNS)
@require_safe
def platform_page(request: StaffRequest, slug: str) -> HttpResponse:
    return _show(request, _platform(slug))


def _platform(slug: str) -> Platform:
    return get_object_or_404(Platform.objects.select_related("merged_into", "paused_by"), slug=slug)


def _show(
    request: StaffRequest,
    platform: Platform,
    *,
    pause: PauseForm | None = None,
    on: int | None = None,
    **bound: PlatformPauseForm | LooksForm,
) -> HttpResponse:
    """`pause` is what was typed about the channel `on` and not taken; `bound` the same about the platform, by name."""
    now = timezone.now()
    channels = list(
        platform.channels.select_related("verified_by", "approved_by", "changed_by").order_by(
            "-enabled", "id"
        )
    )
    keys = [channel.pk for channel in channels]
    health = figures.healths(keys, now=now)
    asked = {
        (what, obj): str(pk)
        for what, obj, pk in Approval.objects.filter(
            what__in=[approving.CHANGE, approving.WORDS, approving.MERGE], status=Status.WAITING
        ).values_list("what", "object_id", "pk")
    }
    lines = [
        Line(
            channel=channel,
            health=health[channel.pk],
            warnings=channel.warnings(now),
            paused=channel.is_paused(now),
            can_approve=channel.approved_at is None and actions.can_approve(channel, request.user),
            waiting=asked.get((approving.CHANGE, str(channel.pk)), ""),
            pause=pause if pause is not None and channel.pk == on else _pause_form(channel),
        )
        for channel in channels
    ]
    lately = figures.figures(platform, keys, now=now)
    context = {
        "platform": platform,
        "lines": lines,
        "figures": lately,
        "median": lasting(lately.median) if lately.median is not None else "–",
        "p90": lasting(lately.p90) if lately.p90 is not None else "–",
        "answers": [
            {"label": said.label, "count": count, "tone": TONES[STATUS_OF[said]]}
            for said, count in lately.answers.items()
        ],
        "may_change": request.user.can(Permission.PLATFORMS),
        "merge_waiting": asked.get((approving.MERGE, str(platform.pk)), ""),
        "merged": platform.merged.order_by("name"),
        "words_waiting": asked.get((approving.WORDS, str(platform.pk)), ""),
        "looks_on": settings.RECHECK_ENABLED,
        "waiting": sum(line.health.waiting for line in lines),
        "sending": PlatformPauseForm(),
        "looks": LooksForm(),
    }
    status = NOT_TAKEN if pause is not None or bound else 200
    return render(request, "channels/platform.html", context | bound, status=status)


def _pause_form(channel: Channel, data: QueryDict | None = None) -> PauseForm:
    return PauseForm(data, auto_id=f"pause-{channel.pk}-%s")


def _channel(slug: str) -> Channel:
    return get_object_or_404(Channel.objects.select_related("platform"), slug=slug)


def _home(request: StaffRequest, platform: Platform, said: str, **more: Any) -> HttpResponse:
    return back_to(request, reverse("channels:platform", args=[platform.slug]), said, **more)


@needs(Permission.PLATFORMS)
@require_POST
def pause(request: StaffRequest, slug: str) -> HttpResponse:
    channel = _channel(slug)
    form = _pause_form(channel, request.POST)
    if not form.is_valid():
        return _show(request, channel.platform, pause=form, on=channel.pk)
    now = timezone.now()
    actions.pause_channel(
        channel=channel, until=now + form.span, at=now, by=request.user, reason=form.cleaned_data["reason"]
    )
    return _home(request, channel.platform, _("Paused. What is due waits, and leaves afterwards by itself."))


@needs(Permission.PLATFORMS)
@require_POST
def resume(request: StaffRequest, slug: str) -> HttpResponse:
    channel = _channel(slug)
    actions.resume_channel(channel=channel, at=timezone.now(), by=request.user)
    return _home(request, channel.platform, _("Notices leave this way again."))


@needs(Permission.PLATFORMS)
@require_POST
def sending(request: StaffRequest, slug: str) -> HttpResponse:
    """Send nothing to this platform, or send again. At once, for the same reason as `looks`; nothing is lost by it."""
    platform, form, now = _platform(slug), PlatformPauseForm(request.POST), timezone.now()
    if request.POST.get("enabled") == "yes":
        if actions.resume_platform(platform=platform, by=request.user, at=now):
            return _home(request, platform, _("We send to this platform again. What waited leaves now."))
        said = _("Nobody had paused it any more. Nothing changed.")
        return _home(request, platform, said, level=messages.WARNING)
    if not form.is_valid():
        return _show(request, platform, sending=form)
    reason = form.cleaned_data["reason"]
    if actions.pause_platform(platform=platform, reason=reason, by=request.user, at=now):
        return _home(request, platform, _("Nothing is sent to this platform. What is due waits."))
    said = _("It was paused before, and stays so. The reason that was given first stands.")
    return _home(request, platform, said, level=messages.WARNING)


@needs(Permission.PLATFORMS)
@require_POST
def looks(request: StaffRequest, slug: str) -> HttpResponse:
    """Look at this platform's links, or leave them alone. At once: whoever sees harm must not wait for a second person."""
    platform, form = _platform(slug), LooksForm(request.POST)
    enabled = request.POST.get("enabled") == "yes"
    if not enabled and not form.is_valid():
        return _show(request, platform, looks=form)
    actions.switch_recheck(
        platform=platform,
        enabled=enabled,
        reason="" if enabled else form.cleaned_data["reason"],
        by=request.user,
        at=timezone.now(),
    )
    said = (
        _("We look at the links of this platform again.")
        if enabled
        else _("We leave the links of this platform alone. Nobody is told that something is gone.")
    )
    return _home(request, platform, said)


@needs(Permission.PLATFORMS)
@require_http_methods(["GET", "HEAD", "POST"])
def words(request: StaffRequest, slug: str) -> HttpResponse:
    """Propose by which words a page says that nothing is there."""
    platform = get_object_or_404(Platform, slug=slug)
    form = WordsForm(
        request.POST if request.method == "POST" else None, initial={"words": "\n".join(platform.gone_words)}
    )
    asked = approvals.waiting_on(what=approving.WORDS, obj=platform)
    if request.method == "POST" and form.is_valid():
        if form.cleaned_data["words"] == list(platform.gone_words):
            form.add_error(None, _("That is how it is already. Nothing was proposed."))
        elif asked is not None:
            said = _("A change of these words waits already. Take that back first, or wait for the answer.")
            return _home(request, platform, said, level=messages.WARNING)
        else:
            approving.propose_words(
                platform=platform,
                words=form.cleaned_data["words"],
                reason=form.cleaned_data["text"],
                by=request.user,
                at=timezone.now(),
            )
            return _home(request, platform, _("Proposed. It is used once a second person says yes."))
    context = {"platform": platform, "form": form, "asked": asked}
    return render(request, "channels/words.html", context, status=NOT_TAKEN if form.is_bound else 200)


@needs(Permission.PLATFORMS)
@require_http_methods(["GET", "HEAD", "POST"])
def merge(request: StaffRequest, slug: str) -> HttpResponse:
    """Propose that this platform is part of another one: it was renamed, or swallowed."""
    platform = get_object_or_404(Platform, slug=slug, is_other=False)
    if platform.merged_into_id is not None:
        return _home(request, platform, str(MergeRefused("merged").sentence), level=messages.WARNING)
    form = MergeForm(request.POST if request.method == "POST" else None, platform=platform)
    asked = approvals.waiting_on(what=approving.MERGE, obj=platform)
    if request.method == "POST" and form.is_valid():
        if asked is not None:
            said = _("That waits for a second person already. Take it back first, or wait for the answer.")
            return _home(request, platform, said, level=messages.WARNING)
        approving.propose_merge(
            platform=platform,
            into=form.cleaned_data["into"],
            reason=form.cleaned_data["text"],
            by=request.user,
            at=timezone.now(),
        )
        return _home(request, platform, _("Proposed. It is so once a second person says yes."))
    context = {"platform": platform, "form": form, "asked": asked}
    return render(request, "channels/merge.html", context, status=NOT_TAKEN if form.is_bound else 200)


@needs(Permission.PLATFORMS)
@require_POST
def part(request: StaffRequest, slug: str) -> HttpResponse:
    """It stands for itself again, at once: that is how it was before."""
    platform = get_object_or_404(Platform, slug=slug)
    try:
        actions.part_platform(platform=platform, by=request.user, at=timezone.now())
    except MergeRefused as refused:
        return _home(request, platform, refused.sentence, level=messages.WARNING)
    return _home(
        request, platform, _("It stands for itself again. Links that were moved stay where they are.")
    )


@needs(Permission.PLATFORMS)
@require_http_methods(["GET", "HEAD", "POST"])
def trial_page(request: StaffRequest, slug: str) -> HttpResponse:
    """What would leave by this channel; in the demo it can be sent, to the simulator."""
    channel = _channel(slug)
    if not channel.address:
        return redirect("channels:change", channel.slug)
    now = timezone.now()
    sent, status = None, 200
    if request.method == "POST":
        try:
            sent = trial.send(channel=channel, by=request.user, at=now)
        except trial.NoTrial:
            status = NOT_TAKEN
    context = {
        "channel": channel,
        "platform": channel.platform,
        "shown": trial.shown(channel, trial.compose(channel), at=now),
        "can_send": trial.can_send(channel),
        "sent": sent,
        "not_sent": status == NOT_TAKEN,
        "mailed": "@" in channel.address and "://" not in channel.address,
    }
    return render(request, "channels/trial.html", context, status=status)
