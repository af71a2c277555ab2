"""The rows of the queue as they stand on a page: fifty at a time, and again for everybody who looks for news.

A row's template is rendered once for each of its shapes – which of its parts are there – and each language, with holes
where rows of one shape differ. To write a row is to fill its holes: a small part of what rendering it would cost.
"""

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache, lru_cache
from typing import Any, NamedTuple
from uuid import UUID

from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, get_language_info

from cases import words
from cases.models import QueueItem
from cases.states import QueueState
from cases.templatetags.desk import deadline_tone, waiting_since, waiting_tone
from helpline.accounts.models import Staff

SHOWN_REASONS = 2
NOBODY = str(UUID(int=0))


class RowShape(NamedTuple):
    """Which parts a row of the table has."""

    tickable: bool
    ticked: bool
    danger: bool
    unread: bool
    reasons: int
    late: bool
    has_deadline: bool
    links: int
    is_case: bool
    alone: bool  # a case that is with nobody
    reader: str  # whoever reads it just now: "own", "other" or nobody


class NewsShape(NamedTuple):
    """Which parts the news of a row have."""

    unread: bool
    late: bool
    has_deadline: bool
    is_case: bool
    alone: bool
    reader: str


# The template of each shape, and the holes in it.
FORMS: Mapping[type, tuple[str, Sequence[str]]] = {
    RowShape: (
        "cases/queue_row.html",
        (
            *("id", "address", "open_at", "ref", "score", "kind", "age", "reason", "next_reason", "places"),
            *("language", "language_name", "person", "since", "waiting", "waiting_tone"),
            *("until", "left", "left_tone"),
        ),
    ),
    NewsShape: (
        "cases/queue_news_row.html",
        ("id", "score", "person", "since", "waiting", "waiting_tone", "until", "left", "left_tone"),
    ),
}


def table(
    items: Iterable[QueueItem], *, staff: Staff, tickable: bool = False, ticked: Collection[UUID] = ()
) -> SafeString:
    """The rows of these items, each `queue.with_reader` unless it has a case, as `staff` sees them."""
    now, language = timezone.now(), get_language()
    # Fifty rows, a few words, each translated once: `escape` leaves a lazy one lazy, and every row would ask anew.
    kinds = {code: escape(str(word)) for code, word in words.KINDS.items()}
    ages = {code: escape(str(word)) for code, word in words.AGES.items()}
    reason = cache(lambda code: escape(str(words.reason(code))))
    say = cache(lambda text: escape(text))
    names = {
        code: escape(str(get_language_info(code)["name_translated"])) for code, _name in settings.LANGUAGES
    }
    report_at, open_at = _address("desk:report", NOBODY), _address("desk:open-case", NOBODY)
    case_at = _address("desk:case", "REF")
    written = []
    for item in items:
        report, case = str(item.report_id), item.case
        reader = item.claimed_by_id if item.is_being_read else None
        times = _times(item.submitted_at, item.deadline_at, now=now)
        shape = RowShape(
            tickable=tickable,
            ticked=tickable and item.report_id in ticked,
            danger=item.danger,
            unread=item.unread,
            reasons=min(len(item.reasons), SHOWN_REASONS),
            late=times["waiting_tone"] == "very-old",
            has_deadline=item.deadline_at is not None,
            links=item.link_count,
            is_case=case is not None,
            alone=case is not None and item.holder_id is None,
            reader=_whose(reader, staff),
        )
        holes = {
            "id": report,
            "address": case_at(case.ref) if case else report_at(report),
            "open_at": open_at(report),
            "ref": case.ref if case else "",
            "score": item.score,
            "kind": kinds[item.kind],
            "age": ages[item.age_range],
            "reason": reason(item.reasons[0]["code"]) if item.reasons else "",
            "next_reason": reason(item.reasons[1]["code"]) if len(item.reasons) > 1 else "",
            "places": say(item.places),
            "language": say(item.language.upper()),
            "language_name": names.get(item.language, ""),
            "person": say(str(item.holder or "") if case else (reader and item.reader_name) or ""),
        }
        written.append(_form(shape, language) % (holes | times))
    return mark_safe("".join(written))  # noqa: S308  our templates, and what they hold is escaped


def strip(items: Iterable[QueueItem]) -> list[dict[str, Any]]:
    """What stands above everything: where each of these is read, why, and how long it waits."""
    report_at = _address("desk:report", NOBODY)
    return [
        {
            "address": report_at(str(item.report_id)),
            "reason": words.reason(item.reasons[0]["code"]) if item.reasons else "",
            "age": words.AGES[item.age_range],
            "waiting": waiting_since(item.submitted_at),
            "reader": item.reader_name if item.is_being_read else "",
        }
        for item in items
    ]


def news(rows: Iterable[Mapping[str, Any]], *, staff: Staff) -> SafeString:
    """What may have changed in these rows since the page was made."""
    now, language = timezone.now(), get_language()
    written = []
    for row in rows:
        times = _times(row["submitted_at"], row["deadline_at"], now=now)
        is_case = row["state"] != QueueState.WAITING
        shape = NewsShape(
            unread=row["unread"],
            late=times["waiting_tone"] == "very-old",
            has_deadline=row["deadline_at"] is not None,
            is_case=is_case,
            alone=is_case and not row["holder_name"],
            reader=_whose(row["claimed_by_id"] if row["is_read"] else None, staff),
        )
        person = escape(row["holder_name" if is_case else "reader_name"] or "")
        holes = {"id": row["report_id"], "score": row["score"], "person": person}
        written.append(_form(shape, language) % (holes | times))
    return mark_safe("".join(written))  # noqa: S308  our templates, and what they hold is escaped


def _times(submitted_at: datetime, deadline_at: datetime | None, *, now: datetime) -> dict[str, str]:
    """A wait and a deadline in words, and how they are marked."""
    span = now - submitted_at
    times = {
        "since": submitted_at.isoformat(),
        "waiting": escape(words.lasting(span)),
        "waiting_tone": waiting_tone(span),
    }
    if deadline_at is not None:
        left = deadline_at - now
        times |= {
            "until": deadline_at.isoformat(),
            "left": escape(words.left(left)),
            "left_tone": deadline_tone(left),
        }
    return times


def _whose(reader: int | None, staff: Staff) -> str:
    if reader is None:
        return ""
    return "own" if reader == staff.pk else "other"


def _form(shape: RowShape | NewsShape, language: str | None) -> str:
    """The row's template in this shape, `%(name)s` where its holes are."""
    return _rendered(shape, language) if settings.DEBUG else _kept(shape, language)


def _rendered(shape: RowShape | NewsShape, language: str | None) -> str:
    template, holes = FORMS[type(shape)]
    marks = {name: mark_safe(f"\0{name}\0") for name in holes}  # noqa: S308  names of ours
    text = render_to_string(template, {**shape._asdict(), **marks})
    return re.sub(r"\0(\w+)\0", r"%(\1)s", text.replace("%", "%%"))


_kept = lru_cache(maxsize=1024)(_rendered)


@cache  # for a handful of views, on every page the same
def _address(view: str, sample: str) -> Callable[[str], str]:
    """How an address of `view` is made of what it is about: looked up once, for `sample`."""
    before, _sample, after = reverse(view, args=[sample]).partition(sample)
    return lambda about: f"{before}{about}{after}"
