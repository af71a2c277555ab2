"""The figures that everybody can read."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from reports.statistics import actions
from reports.statistics.words import NUMBERS


@dataclass(frozen=True, slots=True)
class Number:
    """One figure with what it means. `share` is None where it was left out, or is a share of nothing."""

    title: str
    says: str
    count: int | None
    of: int | None
    share: int | None


def numbers(facts: Mapping[str, Any]) -> list[Number]:
    """The four numbers of a year, in the words of the page."""
    found: Mapping[str, Mapping[str, int]] = facts["numbers"]
    return [
        Number(
            title=str(words.title),
            says=str(words.says),
            count=one["count"] if (one := found.get(name)) else None,
            of=one["of"] if one else None,
            share=one["count"] * 100 // one["of"] if one and one["of"] else None,
        )
        for name, words in NUMBERS.items()
    ]


@login_not_required
@require_safe
def statistics(request: HttpRequest) -> HttpResponse:
    """The newest year that was published, or the one that is asked for."""
    if not settings.PUBLIC_STATISTICS:
        raise Http404
    years = actions.shown()
    asked = request.GET.get("year")
    if asked is not None:
        chosen = next((one for one in years if str(one.year) == asked), None)
        if chosen is None:
            raise Http404
    else:
        chosen = years[0] if years else None
    facts = chosen.facts if chosen else {}
    context = {
        "chosen": chosen,
        "years": [one.year for one in years],
        "sent": facts.get("sent"),
        "as_of": date.fromisoformat(facts["as_of"]) if facts else None,
        "numbers": numbers(facts) if facts else [],
    }
    return render(request, "public/statistics.html", context)
