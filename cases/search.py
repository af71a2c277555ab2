"""Finds reports and cases by what is written on them: a reference, a link, an account, a day. Never by words of a story."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.db.models import Q, QuerySet

from cases.models import Case, QueueItem
from cases.queue import PAGE, day_in, midnight, with_reader
from cases.states import QueueState
from helpline.accounts.models import Staff
from helpline.accounts.permissions import Permission
from helpline.crypto import blind
from helpline.platforms import directory, links
from reports.models import Link


def find(*, staff: Staff, text: str, limit: int = PAGE) -> Sequence[QueueItem]:
    """Reports and cases this person may see that carry `text` as reference, link, account or day.

    Compared are blind indexes. Each way of finding is asked by itself, so that each has its index; who may see what is
    asked of the few that were found.
    """
    text = text.replace("\0", "").strip()
    ways: list[QuerySet[Any, Any]] = [QueueItem.objects.filter(case__ref=text.upper()).values("report_id")]
    urls = [
        blind.index("url", links.blind_key(written.url))
        for written in links.find_links(text, skip_malformed=True)
    ]
    if urls:
        ways.append(Link.objects.filter(url_index__in=urls).values("report_id"))
    if accounts := _account_indexes(text):
        ways.append(Link.objects.filter(account_index__in=accounts).values("report_id"))
    if day := day_in(text):
        then = QueueItem.objects.filter(
            submitted_at__gte=midnight(day), submitted_at__lt=midnight(day + timedelta(days=1))
        )
        ways.append(
            _visible_to(staff, then).order_by("-submitted_at", "report_id").values("report_id")[:limit]
        )
    found = [one["report_id"] for one in ways[0].union(*ways[1:])]
    rows = _visible_to(staff, QueueItem.objects.filter(pk__in=found))
    rows = with_reader(rows.select_related("holder", "case"))
    return list(rows.order_by("-submitted_at", "report_id")[:limit])


def _visible_to(staff: Staff, found: QuerySet[QueueItem]) -> QuerySet[QueueItem]:
    """What of `found` waits, or is a case this person may see. Only the cases among `found` are looked at."""
    cases = Case.objects.visible_to(staff).filter(report__in=found.order_by().values("report_id"))
    seen = Q(case__in=cases)
    if staff.can(Permission.QUEUE_READ):
        seen |= Q(state=QueueState.WAITING)
    return found.filter(seen)


def _account_indexes(name: str) -> list[bytes | None]:
    """The blind indexes `name` would have as an account of each platform: nobody says which one they mean."""
    try:
        keys = [links.account_key(slug, name) for slug in directory.current().by_slug]
    except links.MalformedLink:
        return []
    return [blind.index("account", key) for key in keys]
