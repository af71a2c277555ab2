"""Tags that templates share: the unchanging frame, states by shape, times in words, form controls."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from django import template
from django.conf import settings
from django.core.signals import setting_changed
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.formats import date_format, time_format
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from helpline.web import controls
from helpline.web.context import helpline

register = template.Library()

# --- The unchanging frame -----------------------------------------------------------------------------

_rendered: dict[tuple[str, str, tuple[bool, ...]], SafeString] = {}


@register.simple_tag
def unchanging(template_name: str, **parts: Any) -> SafeString:
    """Render `template_name` once per language and keep it: for what depends on settings and language alone.

    It is given the names of helpline.web.context and nothing of the request, so nothing of a person can stay.
    `parts` say which of its parts are there, yes or no: it is kept for each case.
    """
    shown = {name: bool(value) for name, value in parts.items()}
    key = (template_name, translation.get_language() or "", tuple(shown.values()))
    kept = _rendered.get(key)
    if kept is None:
        kept = render_to_string(template_name, helpline(HttpRequest()) | shown)
        if not settings.DEBUG:
            _rendered[key] = kept
    return kept


@dataclass(frozen=True)
class RailPlace:
    """A line of the staff rail."""

    url: str
    icon: str
    label: str
    current: bool
    count: str = ""
    counted: str | Promise = ""


@register.simple_tag
def rail_place(item: Mapping[str, Any]) -> SafeString:
    """A place of the rail with its count. There are few of them, a page has most, and whose they are makes no difference."""
    shown = RailPlace(**item)
    return _rail_place_as_is(shown, "") if settings.DEBUG else _rail_place(shown, translation.get_language())


def _rail_place_as_is(place: RailPlace, language: str | None) -> SafeString:
    return render_to_string("components/rail_place.html", vars(place))


_rail_place = lru_cache(maxsize=4096)(_rail_place_as_is)


def _forget_rendered(**kwargs: Any) -> None:
    _rendered.clear()
    _rail_place.cache_clear()


setting_changed.connect(_forget_rendered, dispatch_uid="web.unchanging")

# --- States: a shape, a colour, a word ----------------------------------------------------------------

_SHAPES = {
    "quiet": '<circle cx="8" cy="8" r="5.5" fill="none" stroke="currentColor" stroke-width="2"/>',
    "go": '<circle cx="8" cy="8" r="5.5" fill="none" stroke="currentColor" stroke-width="2"/>'
    '<circle cx="8" cy="8" r="2.5" fill="currentColor"/>',
    "wait": '<circle cx="8" cy="8" r="5.5" fill="none" stroke="currentColor" stroke-width="2"/>'
    '<path d="M8 2.5a5.5 5.5 0 0 1 0 11z" fill="currentColor"/>',
    "good": '<path d="M2.5 8.6 6.3 12.4 13.5 4.4" fill="none" stroke="currentColor" stroke-width="2.4"/>',
    "danger": '<path d="M8 1.2 15.4 14.4H.6zM7.1 6v4.2h1.8V6zm0 5.2v1.7h1.8v-1.7z" fill="currentColor"'
    ' fill-rule="evenodd"/>',
    "stop": '<path d="m3.4 3.4 9.2 9.2m0-9.2-9.2 9.2" fill="none" stroke="currentColor" stroke-width="2.4"/>',
    "unknown": '<circle cx="8" cy="8" r="5.5" fill="none" stroke="currentColor" stroke-width="2"'
    ' stroke-dasharray="3.2 2.56"/><circle cx="8" cy="8" r="1.4" fill="currentColor"/>',
    "none": '<path d="M3 8h10" stroke="currentColor" stroke-width="2"/>',
}
_MARKS = {
    tone: f'<svg class="mark" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">{shape}</svg>'
    for tone, shape in _SHAPES.items()
}
TONES = frozenset(_SHAPES)


@register.simple_tag
def mark(tone: str) -> SafeString:
    """The shape of a tone: quiet, go, wait, good, danger, stop, unknown, none. Decorative: add a word."""
    return mark_safe(_MARKS[tone])  # noqa: S308  our own constant


@register.simple_tag
def pill(tone: str, label: str) -> SafeString:
    """A state: the shape and colour of `tone` and `label` in words."""
    return format_html('<span class="pill tone-{}">{}{}</span>', tone, mark_safe(_MARKS[tone]), label)  # noqa: S308


# --- Times and codes in plain words -------------------------------------------------------------------


def in_words(at: datetime, now: datetime) -> str:
    """When `at` is, seen from `now`: "today at 14:05", "tomorrow at 10:00", "12 March at 10:00"."""
    local = timezone.localtime(at)
    today = timezone.localtime(now).date()
    # Formats, not words: see "now" among the template tags of Django.
    hour = time_format(local, _("H:i") if local.minute else pgettext("on the hour", "H:i"))
    if local.date() == today:
        return _("today at %(hour)s") % {"hour": hour}
    if local.date() == today - timedelta(days=1):
        return _("yesterday at %(hour)s") % {"hour": hour}
    if local.date() == today + timedelta(days=1):
        return _("tomorrow at %(hour)s") % {"hour": hour}
    day = date_format(local, "j F" if local.year == today.year else "j F Y")
    return _("%(day)s at %(hour)s") % {"day": day, "hour": hour}


@register.simple_tag
def when(at: datetime | None) -> str:
    """A <time> in plain words, or nothing for None."""
    if at is None:
        return ""
    return format_html('<time datetime="{}">{}</time>', at.isoformat(), in_words(at, timezone.now()))


@register.filter
def in_fours(code: str) -> list[str]:
    """The letters and digits of `code` in groups of four, to be read aloud."""
    kept = "".join(char for char in str(code) if char.isalnum())
    return [kept[start : start + 4] for start in range(0, len(kept), 4)]


# --- Form controls ------------------------------------------------------------------------------------

register.simple_tag(controls.control)
register.filter(controls.focus_id)
