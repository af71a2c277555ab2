"""Is this process alive, and can the whole do its work?"""

from collections.abc import Callable
from datetime import timedelta

import redis
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import Error as DatabaseError
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.utils.module_loading import import_string

from helpline.health.models import Heartbeat
from helpline.platforms.models import Platform

SILENT_AFTER = timedelta(seconds=90)
LATE_AFTER = timedelta(minutes=2)


def _database() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return ""


def _broker() -> str:
    client = redis.Redis.from_url(settings.CACHE_URL, socket_timeout=1, socket_connect_timeout=1)
    try:
        client.ping()
    finally:
        client.close()
    return ""


def _worker() -> str:
    beat = Heartbeat.objects.filter(name="worker").first()
    if beat is None:
        return "no worker has been seen yet"
    silent = timezone.now() - beat.beaten_at
    return f"no sign of life for {int(silent.total_seconds())} s" if silent > SILENT_AFTER else ""


def _oldest_due() -> str:
    oldest = import_string(settings.OLDEST_DUE)()
    late = timezone.now() - oldest if oldest else timedelta(0)
    return f"the oldest due row is {int(late.total_seconds())} s late" if late > LATE_AFTER else ""


def _mailbox() -> str:
    found: str = import_string(settings.MAILBOX_TROUBLE)()
    return found


CHECKS: dict[str, Callable[[], str]] = {
    "database": _database,
    "broker": _broker,
    "worker": _worker,
    "oldest_due": _oldest_due,
    "mailbox": _mailbox,
}
# Told, and no reason to turn anybody away: pages answer and requests leave while somebody else's server is down.
BESIDE = frozenset({"mailbox"})


def findings() -> dict[str, str]:
    """For each part, '' when it is well, or what is wrong in a few words. Never raises."""
    found: dict[str, str] = {}
    for name, check in CHECKS.items():
        try:
            found[name] = check()
        except (DatabaseError, redis.RedisError, OSError) as error:
            found[name] = type(error).__name__
    return found


@login_not_required
def healthz(request: HttpRequest) -> HttpResponse:
    """This process answers."""
    return HttpResponse("ok\n", content_type="text/plain")


@login_not_required
def readyz(request: HttpRequest) -> JsonResponse:
    """Database, broker, worker heartbeat, oldest due row: 200 when all are well, else 503 with what is wrong.

    The mailbox is told beside them, and so is what a person switched off: that is no trouble.
    """
    found = findings()
    ready = not any(text for name, text in found.items() if name not in BESIDE)
    body = {
        "ready": ready,
        "checks": {name: text or "ok" for name, text in found.items()},
        "switched_off": switched_off(),
    }
    return JsonResponse(body, status=200 if ready else 503)


def switched_off() -> list[str]:
    """What somebody left out on purpose, and since when. Names of platforms and no reasons: those are for the desk."""
    off = [] if settings.RECHECK_ENABLED else ["looking at links"]
    try:
        for platform in Platform.objects.switched_off().order_by("slug"):
            if platform.paused_at is not None:
                off.append(
                    f"sending to {platform.slug}, since {platform.paused_at.isoformat(timespec='minutes')}"
                )
            if not platform.recheck:
                off.append(f"looking at links of {platform.slug}")
    except DatabaseError:
        pass  # the check of the database says so
    return off
