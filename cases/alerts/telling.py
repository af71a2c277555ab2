"""Alerts leave by mail and by POST, each once.

Told before it is noted, like `helpline.health.watch`: whoever dies between the two tells it again, and nothing is lost.
What could not be told stays untold, and the next sweep tries again. Nothing is sent inside a transaction. Neither way
names a case or anybody: rules, platforms, numbers.
"""

import logging
import smtplib
from collections.abc import Sequence
from datetime import datetime, time
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models import Q
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cases.alerts import words
from cases.alerts.models import Alert, Reader
from cases.alerts.states import TOLD_BY_THE_WATCH, State
from helpline import hook, mail
from helpline.accounts.permissions import Permission

log = logging.getLogger(__name__)

TELLING = 0x414C54454C4C  # advisory lock: one teller at a time
MOST = 100  # lines of one mail or POST; the rest comes with the next


def tell(*, at: datetime) -> int:
    """Tell what is new and what is over, by every way there is. Returns how many lines left. Raises for nothing a network
    can do."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [TELLING])
        if not cursor.fetchone()[0]:
            return 0
        try:
            return _post(at) + _mail(at)
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [TELLING])


def _untold(new: str, over: str, **only: Any) -> tuple[list[Alert], list[Alert]]:
    """What stands and was not told (`only` such rows of it), and what was told and is over since."""
    rows = Alert.objects.select_related("platform").filter(
        Q(state=State.STANDING, **{new: None}, **only)
        | Q(state=State.OVER, **{f"{new}__isnull": False, over: None})
    )
    rows = rows.exclude(rule__in=sorted(TOLD_BY_THE_WATCH))
    found = list(rows.order_by("raised_at", "id")[:MOST])
    return [row for row in found if row.state == State.STANDING], [
        row for row in found if row.state == State.OVER
    ]


def _note(rows: Sequence[Alert], column: str, at: datetime) -> None:
    Alert.objects.filter(pk__in=[row.pk for row in rows]).update(**{column: at})


def _post(at: datetime) -> int:
    if not settings.ALERTS_WEBHOOK:
        return 0
    new, over = _untold("posted_at", "over_posted_at")
    if not new and not over:
        return 0
    body = {
        "at": at.isoformat(),
        "new": [_as_dict(row) for row in new],
        "over": [_as_dict(row) for row in over],
    }
    try:
        hook.post(settings.ALERTS_WEBHOOK, body)
    except hook.NOT_TAKEN as error:
        log.error("Alerts could not be posted (%s).", type(error).__name__)
        return 0
    _note(new, "posted_at", at)
    _note(over, "over_posted_at", at)
    return len(new) + len(over)


def _as_dict(row: Alert) -> dict[str, str | int | None]:
    return {
        "id": str(row.pk),
        "rule": row.rule,
        "platform": row.platform.slug if row.platform else None,
        "count": row.facts.get("count"),
        "raised_at": row.raised_at.isoformat() if row.raised_at else None,
        "over_at": row.over_at.isoformat() if row.over_at else None,
    }


def is_hour(at: datetime, hours: Sequence[int]) -> bool:
    """May a mail be sent at `at`? From the first of `hours` up to the second, over midnight too; equal: day and night."""
    first, last = hours
    hour = timezone.localtime(at).time()
    start, end = time(first % 24), time(last % 24)
    if start == end:
        return True
    return start <= hour < end if start < end else hour >= start or hour < end


def readers() -> list[str]:
    """The addresses that new alerts are mailed to."""
    wanted = Reader.objects.filter(
        staff__is_active=True, staff__role__permissions__contains=[Permission.FIGURES, Permission.CASES_ALL]
    )
    own = wanted.exclude(staff__email="").order_by("pk").values_list("staff__email", flat=True)
    return list(dict.fromkeys([*settings.ALERTS_EMAIL, *own]))


def _mail(at: datetime) -> int:
    if not is_hour(at, settings.ALERTS_HOURS):
        return 0
    # So soon after the last, the next waits: one mail for all that is new.
    if Alert.objects.filter(
        Q(mailed_at__gt=at - settings.ALERTS_MAIL_EVERY)
        | Q(over_mailed_at__gt=at - settings.ALERTS_MAIL_EVERY)
    ).exists():
        return 0
    # Whoever acknowledged it on the page need not be told by mail.
    new, over = _untold("mailed_at", "over_mailed_at", acknowledged_at=None)
    if not new and not over:
        return 0
    to = readers()
    if not to:
        return 0
    with translation.override(settings.LANGUAGE_CODE):
        subject, lines = _written(new, over)
    try:
        mail.send(to=to, subject=subject, lines=lines, at=at)
    except (OSError, smtplib.SMTPException, ValueError) as error:
        log.error("Alerts could not be mailed (%s).", type(error).__name__)
        return 0
    _note(new, "mailed_at", at)
    _note(over, "over_mailed_at", at)
    return len(new) + len(over)


def _written(new: Sequence[Alert], over: Sequence[Alert]) -> tuple[str, list[str]]:
    count = len(new)
    what = (
        ngettext("%(count)s new alert", "%(count)s new alerts", count) % {"count": count}
        if count
        else _("what stood is over")
    )
    lines: list[str] = []
    if new:
        lines += [_("New:"), *(f"- {words.for_mail(row)}" for row in new), ""]
    if over:
        lines += [_("Over:"), *(f"- {words.for_mail(row)}" for row in over), ""]
    lines += [_("Look, and say who takes care of it, under Figures, Alerts."), ""]
    return f"{settings.HELPLINE_NAME}: {what}", lines
