"""The watch: beat and every worker look at the whole, and tell whoever operates it once when something has stopped.

Beat sees that the worker died, a worker that beat did; when both are gone only `/readyz` can tell, and whoever asks it. Each
trouble is told when two looks in a row agree, once over all watchers, whatever else stands; and when all is well again, that
is. No alarm holds more than the names of parts and how late they are.
"""

import logging
import smtplib
import threading
from datetime import datetime

from celery.signals import beat_init, worker_ready
from django.conf import settings
from django.db import Error as DatabaseError
from django.db import connection, connections
from django.utils import timezone

from helpline import hook, mail
from helpline.health.models import Heartbeat
from helpline.health.views import findings

log = logging.getLogger(__name__)

LOOK_EVERY = 10.0  # seconds; two looks and the 90 s of a silent worker are less than two minutes
AGREED = 2
STANDS = "stopped:"  # with a part's name: the row since when watchers agree, told or not
TOLD = "alarm:"  # with a part's name: the heartbeat row that stands while its trouble is told and not over
WATCHING = 0x5741544348  # advisory lock: one watcher tells at a time

Troubles = dict[str, str]


class Watch:
    """One watcher: what it saw last, and what it told when no database could remember that for it."""

    def __init__(self) -> None:
        self._seen: dict[str, int] = {}  # how many looks in a row each trouble was there
        self._told_alone: set[str] = set()

    def look(self, *, now: datetime) -> bool:
        """Look once, and tell what is to be told. Answers whether all is well. Raises for nothing a network can do."""
        troubles = {name: text for name, text in findings().items() if text}
        self._seen = {name: self._seen.get(name, 0) + 1 for name in troubles}
        agreed = {name: text for name, text in troubles.items() if self._seen[name] >= AGREED}
        if troubles and not agreed:
            return False
        try:
            self._settle(agreed, now=now)
        except DatabaseError:
            # Nobody can remember whether it was told: each watcher tells it once.
            if not set(agreed) <= self._told_alone and tell(agreed, now=now):
                self._told_alone |= set(agreed)
        return not troubles

    def _settle(self, troubles: Troubles, *, now: datetime) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_lock(%s)", [WATCHING])
            if not cursor.fetchone()[0]:
                return
            try:
                _note(troubles, now=now)
                self._tell_what_is_new(troubles, now=now)
            finally:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [WATCHING])

    def _tell_what_is_new(self, troubles: Troubles, *, now: datetime) -> None:
        rows = Heartbeat.objects.filter(name__startswith=TOLD)
        told = {name.removeprefix(TOLD) for name in rows.values_list("name", flat=True)} | self._told_alone
        if not troubles:
            if told and tell({}, now=now):
                rows.delete()
                self._told_alone.clear()
            return
        # Told before it is noted: twice is better than never.
        if set(troubles) <= told or tell(troubles, now=now):
            Heartbeat.objects.bulk_create(
                (Heartbeat(name=TOLD + name, beaten_at=now) for name in troubles), ignore_conflicts=True
            )
            # What works again is told once more, should it stop a second time.
            rows.exclude(name__in=[TOLD + name for name in troubles]).delete()
            self._told_alone.clear()


def _note(troubles: Troubles, *, now: datetime) -> None:
    """Whether or not anybody can be told: what has stopped, for who reads `standing`."""
    names = [STANDS + name for name in troubles]
    Heartbeat.objects.filter(name__startswith=STANDS).exclude(name__in=names).delete()
    Heartbeat.objects.bulk_create(
        (Heartbeat(name=name, beaten_at=now) for name in names), ignore_conflicts=True
    )


def standing() -> dict[str, datetime]:
    """What has stopped as the watchers saw it last, and since when they agree; one statement.

    It is as it was once they are gone themselves.
    """
    rows = Heartbeat.objects.filter(name__startswith=STANDS).order_by("name")
    return {row.name.removeprefix(STANDS): row.beaten_at for row in rows}


def tell(troubles: Troubles, *, now: datetime) -> bool:
    """Say what has stopped, or that all is well again, by every way the operator named. True when one of them took it.

    Where none is named the log is told.
    """
    if not settings.ALARM_EMAIL and not settings.ALARM_WEBHOOK:
        log.error("Something has stopped: %s." if troubles else "All is well again.", *_names(troubles))
        return True
    taken = False
    for ways, carry in ((settings.ALARM_EMAIL, _mail), (settings.ALARM_WEBHOOK, _post)):
        if ways:
            try:
                carry(troubles, now)
                taken = True
            except (smtplib.SMTPException, *hook.NOT_TAKEN) as error:
                log.error("The alarm could not be sent (%s).", type(error).__name__)
    return taken


def _names(troubles: Troubles) -> list[str]:
    return [", ".join(troubles)] if troubles else []


def _mail(troubles: Troubles, now: datetime) -> None:
    said = "something has stopped" if troubles else "all is well again"
    lines = [f"{name}: {text}" for name, text in troubles.items()] or ["Every part answers."]
    mail.send(
        to=settings.ALARM_EMAIL,
        subject=f"{settings.HELPLINE_NAME}: {said}",
        lines=[*lines, "", "`manage.py doctor` says how to mend it.", ""],
        at=now,
    )


def _post(troubles: Troubles, now: datetime) -> None:
    hook.post(
        settings.ALARM_WEBHOOK,
        {"state": "failing" if troubles else "well", "checks": troubles, "at": now.isoformat()},
    )


# --- in beat and in each worker ---------------------------------------------------------------------------


def keep_watch(**kwargs: object) -> None:
    """Watch from a thread of this process for as long as it lives."""
    threading.Thread(target=_watch, name="watch", daemon=True).start()


def _watch() -> None:
    watch, pause = Watch(), threading.Event()
    while not pause.wait(LOOK_EVERY):
        try:
            watch.look(now=timezone.now())
        except Exception:
            # Whatever it was, the next look may see more; a watch that ended would be missed by nobody.
            log.exception("A look failed.")
        finally:
            connections.close_all()


def begin() -> None:
    """Have beat and workers watch."""
    for signal in (beat_init, worker_ready):
        signal.connect(keep_watch, dispatch_uid="helpline.health.watch", weak=False)
