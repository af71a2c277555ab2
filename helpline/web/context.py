"""What every template may name. Costly things are callables, called only by the template that uses them."""

from collections.abc import Callable, Iterable, Mapping
from functools import cache, partial
from typing import Any, NamedTuple

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _

from helpline.web.language import spoken
from helpline.web.middleware import has_large_type

RailItem = Mapping[str, Any]


class DangerNumber(NamedTuple):
    """A number to call or write to, shown before anything else."""

    number: str
    purpose: str | Promise
    href: str


# What each well-known number is for, in two or three words; the operator's settings may say their own.
PURPOSES: dict[str, str | Promise] = {
    "112": _("Emergency"),
    "114": _("By text"),
    "119": _("Child in danger"),
    "3018": _("Trouble online"),
    "3114": _("Dark thoughts"),
}


def danger_numbers(*, first: str = "") -> list[DangerNumber]:
    """The operator's danger numbers with what each is for; the one that is `first` before the others.

    Settings hold (number, link), or (number, purpose, link) where the operator has words of their own.
    """
    rows = []
    for number, *rest in settings.DANGER_NUMBERS:
        purpose = rest[0] if len(rest) > 1 else PURPOSES.get(number, "")
        rows.append(DangerNumber(number, purpose, rest[-1]))
    return sorted(rows, key=lambda row: row.number != first)


@cache
def _rail_builder(path: str) -> Callable[[HttpRequest], Iterable[RailItem]]:
    return import_string(path)  # type: ignore[no-any-return]


def rail(request: HttpRequest) -> list[RailItem]:
    """The staff rail for this person: {label, url, icon, count, current} each; empty when not logged in.

    `HELPLINE_STAFF_RAIL` names the function that builds it: the floor may not import what stands on it.
    """
    path = getattr(settings, "HELPLINE_STAFF_RAIL", "")
    user = getattr(request, "user", None)
    if not path or user is None or not user.is_authenticated:
        return []
    return list(_rail_builder(path)(request))


def helpline(request: HttpRequest) -> dict[str, Any]:
    """Context processor: who the helpline is, where the exit leads, the languages, the staff rail."""
    return {
        "helpline_name": settings.HELPLINE_NAME,
        "neutral_name": settings.NEUTRAL_NAME,
        "opening_hours": settings.OPENING_HOURS,
        "answer_hours": settings.ANSWER_HOURS,
        "threat_hours": settings.ANSWER_HOURS_THREAT,
        "exit_url": settings.EXIT_URL,
        "demo": settings.DEMO,
        "public_statistics": settings.PUBLIC_STATISTICS,
        "languages": settings.LANGUAGES,
        "language": spoken,
        "large_type": partial(has_large_type, request),
        "danger_numbers": danger_numbers,
        "rail": partial(rail, request),
    }
