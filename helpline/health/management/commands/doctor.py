"""`manage.py doctor`: look at every part, say what is wrong and how to mend it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import redis
from django.conf import settings
from django.core.mail import get_connection
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError, connection
from django.utils import timezone

from helpline.accounts.models import Staff
from helpline.accounts.permissions import Permission
from helpline.audit.actions import first_broken
from helpline.audit.models import AuditRow
from helpline.checks import keys_match
from helpline.crypto import keyring
from helpline.crypto.keyring import KeyUnavailable
from helpline.health.management.commands.bootstrap import why_not_migrated
from helpline.health.views import findings

SKEW = timedelta(seconds=5)
UNCHAINED_AFTER = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Look:
    """One part, how it is examined ('' when well), and what to do when it is not."""

    part: str
    examine: Callable[[], str]
    mend: str
    needs_database: bool = True


class Command(BaseCommand):
    help = (
        "Examine database, migrations, clock, broker, keys, worker, waiting work, mailbox, trail, accounts and mail. "
        "One line each: ok, or what is wrong and how to mend it. Exits with 1 when anything is wrong. "
        "Changes nothing."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--skip",
            action="append",
            default=[],
            choices=[look.part for look in LOOKS],
            help="leave a part out, e.g. the trail when it is long; may be repeated",
        )

    def handle(self, *args: Any, skip: list[str], **options: Any) -> None:
        database_is_well = True
        wrong = 0
        for look in LOOKS:
            if look.part in skip:
                self.stdout.write(f"skipped  {look.part}")
                continue
            if look.needs_database and not database_is_well:
                self.stdout.write(f"unknown  {look.part}: needs the database")
                continue
            trouble = look_at(look)
            if not trouble:
                self.stdout.write(self.style.SUCCESS("ok       ") + look.part)
                continue
            wrong += 1
            database_is_well = database_is_well and look.part != "database"
            self.stdout.write(self.style.ERROR("failed   ") + f"{look.part}: {trouble}")
            self.stdout.write(f"         {look.mend}")
        if wrong:
            raise CommandError(f"{wrong} of {len(LOOKS)} parts need mending.")


def look_at(look: Look) -> str:
    """What is wrong with one part, '' when nothing is. Never raises."""
    try:
        return look.examine()
    except (DatabaseError, redis.RedisError, KeyUnavailable, OSError) as error:
        return " ".join(f"{type(error).__name__}: {error}".split())


def seen_by_readyz(part: str) -> Callable[[], str]:
    """What /readyz says of the same part."""
    return lambda: findings()[part]


def clock() -> str:
    """Leases and due times are compared between machines."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        apart = abs(timezone.now() - cursor.fetchone()[0])
    return f"{apart.total_seconds():.0f} s apart from the database's" if apart > SKEW else ""


def eviction() -> str:
    """A broker that throws messages away when it is full delays work until the sweep, silently."""
    client = redis.Redis.from_url(settings.CACHE_URL, socket_timeout=2, socket_connect_timeout=2)
    try:
        policy = client.config_get("maxmemory-policy").get("maxmemory-policy", "")
    except redis.ResponseError:
        return ""  # a hosted broker may keep its settings to itself
    finally:
        client.close()
    return "" if policy in {"", "noeviction"} else f"when it is full it forgets messages ({policy})"


def keys() -> str:
    """Those of this face, and that the two halves of the intake key belong together."""
    is_public = settings.FACE == "public"
    for name in keyring.EVERY_FACE if is_public else keyring.NAMES:
        keyring.load(name)
    return "" if is_public or keys_match() else "intake.pub does not belong to intake.key"


def trail() -> str:
    """Every line follows from the one before it, and new ones are being chained."""
    if (number := first_broken()) is not None:
        return f"line {number} does not follow from the one before it"
    oldest = AuditRow.objects.filter(number=None).order_by("id").first()
    late = oldest is not None and timezone.now() - oldest.at > UNCHAINED_AFTER
    return (
        f"line {oldest.pk} has waited since {oldest.at:%Y-%m-%d %H:%M} to be chained"
        if oldest and late
        else ""
    )


def accounts() -> str:
    """Somebody must be able to make accounts."""
    able = Staff.objects.filter(is_active=True, role__permissions__contains=[Permission.ACCOUNTS])
    return "" if able.exists() else "nobody can make accounts"


def mail() -> str:
    """The mail server takes a connection, and our name and password if we have them. Nothing is sent."""
    line = get_connection()
    line.open()
    line.close()
    return ""


LOOKS = (
    Look(
        "database",
        seen_by_readyz("database"),
        "Start PostgreSQL, or correct DATABASE_URL.",
        needs_database=False,
    ),
    Look("migrations", why_not_migrated, "Run `manage.py migrate`."),
    Look("clock", clock, "Let this machine and the database's keep time with NTP."),
    Look(
        "broker",
        seen_by_readyz("broker"),
        "Start Redis or Valkey, or correct REDIS_URL.",
        needs_database=False,
    ),
    Look("eviction", eviction, "Set `maxmemory-policy noeviction` in the broker.", needs_database=False),
    Look(
        "keys",
        keys,
        "On the first run: `manage.py bootstrap`. Later: restore them from your backup, never make new ones.",
        needs_database=False,
    ),
    Look("worker", seen_by_readyz("worker"), "Start worker and beat, and read their logs."),
    Look("oldest_due", seen_by_readyz("oldest_due"), "Start more workers; see docs/scaling.md."),
    Look("mailbox", seen_by_readyz("mailbox"), "Correct HELPLINE_IMAP_URL; see docs/mail.md."),
    Look(
        "trail",
        trail,
        "A broken line was changed behind our back: compare with a backup. An unchained one: start beat.",
    ),
    Look("accounts", accounts, "Run `manage.py bootstrap` in a terminal."),
    Look(
        "mail",
        mail,
        "Correct EMAIL_HOST, EMAIL_PORT, EMAIL_HOST_USER, EMAIL_HOST_PASSWORD.",
        needs_database=False,
    ),
)
