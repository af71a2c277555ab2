"""`manage.py bootstrap`: the first run. What is there already is left as it is."""

import getpass
import json
import os
import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone
from django.utils.module_loading import import_string

import helpline.platforms
from helpline.accounts import actions as accounts
from helpline.accounts.models import Role, Staff
from helpline.accounts.permissions import STARTING_ROLES, Permission
from helpline.audit.models import AuditRow
from helpline.crypto import keyring
from helpline.crypto.keyring import KeyUnavailable
from helpline.platforms import actions as platforms
from helpline.platforms.models import Platform

SEED = Path(helpline.platforms.__path__[0]) / "data" / "platforms.json"
AGAIN = "Run bootstrap again after migrate."


class Command(BaseCommand):
    help = (
        "Make what a new helpline needs and does not have yet: keys, the starting roles, the directory of "
        "platforms, the checklists and texts to begin with, the first administrator. It can be run at any "
        "time; what is there already is left as it is, and what can't be made yet is named. The first "
        "administrator is asked for, or comes from HELPLINE_ADMIN_USERNAME and HELPLINE_ADMIN_PASSWORD."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--noinput", action="store_true", help="ask nothing")
        parser.add_argument(
            "--keys-only",
            action="store_true",
            help="make the keys of a new helpline and nothing else, before there is a database",
        )

    def handle(self, *args: Any, noinput: bool, keys_only: bool, **options: Any) -> None:
        reason = why_not_migrated()
        self._say("keys", keys(unseen=reason == NO_ANSWER and not keys_only))
        if keys_only:
            return
        if reason:
            self._say("roles, platforms, first administrator", f"skipped: {reason} {AGAIN}")
            return
        accounts.ensure_starting_roles()
        self._say("roles", f"{', '.join(STARTING_ROLES)} are there")
        self._say("platforms", directory())
        for part, make_missing in settings.STARTING_SETS.items():
            self._say(part, import_string(make_missing)())
        self._say("first administrator", administrator(ask=not noinput and sys.stdin.isatty()))

    def _say(self, part: str, what: str) -> None:
        self.stdout.write(f"{part}: {what}")


# --- Is the database ready? ---------------------------------------------------------------------------

NO_ANSWER = "the database does not answer."


def why_not_migrated() -> str:
    """What keeps rows from being written, in a sentence; '' when nothing does."""
    try:
        executor = MigrationExecutor(connection)
        plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError:
        return NO_ANSWER
    return f"the database lacks {len(plan)} migrations." if plan else ""


# --- Keys ---------------------------------------------------------------------------------------------


def keys(*, unseen: bool) -> str:
    """Make the keys that are missing, and say what was done.

    Never beside a database in use: its reports belong to keys that are elsewhere, and new ones would hide it.
    `unseen`: there is a database, but it does not answer, so nothing is known of it. Raises CommandError.
    """
    names = keyring.EVERY_FACE if settings.FACE == "public" else keyring.NAMES
    missing = [name for name in names if not is_there(name)]
    if not missing:
        return "all in place"
    wanted = f"missing: {', '.join(missing)}"
    if settings.FACE == "public":
        return f"{wanted}. The public face makes none: copy them from where the staff face has its own."
    if unseen:
        return f"{wanted}. Skipped: {NO_ANSWER} If there is none yet, add --keys-only."
    if is_in_use():
        raise CommandError(
            f"{wanted.capitalize()}, but the database is in use. Restore the keys from your backup into "
            f"{settings.KEYS_DIR}, or start with an empty database: new keys would not open what is stored."
        )
    if from_environment := [name for name in names if os.environ.get(keyring.variable(name))]:
        variables = ", ".join(keyring.variable(name) for name in missing)
        raise CommandError(
            f"{', '.join(from_environment)} come from the environment; set {variables} there too."
        )
    try:
        made = keyring.make_missing(settings.KEYS_DIR)
        for name in names:
            keyring.load(name)
    except (KeyUnavailable, OSError) as error:
        raise CommandError(f"Keys could not be made in {settings.KEYS_DIR}: {error}") from error
    return f"made {', '.join(made)} in {settings.KEYS_DIR}. Keep a copy apart from the database's backups."


def is_there(name: str) -> bool:
    """Whether this process can read the key `name`."""
    try:
        keyring.load(name)
    except KeyUnavailable:
        return False
    return True


def is_in_use() -> bool:
    """Whether anything was ever done with this database."""
    try:
        return AuditRow._meta.db_table in connection.introspection.table_names() and AuditRow.objects.exists()
    except DatabaseError:
        return False


# --- Directory and accounts ---------------------------------------------------------------------------


def directory() -> str:
    """Import the platforms the program comes with, once."""
    if Platform.objects.filter(is_other=False).exists():
        return "the directory has entries already"
    done = platforms.import_platforms(data=json.loads(SEED.read_text()), approved_by=None, at=timezone.now())
    return f"{len(done.created)} entries made. None is used before somebody has checked and approved it."


def administrator(*, ask: bool) -> str:
    """Make the first account. Raises CommandError when the password is too weak or the name is taken."""
    if Staff.objects.filter(is_active=True, role__permissions__contains=[Permission.ACCOUNTS]).exists():
        return "there is one already"
    username = os.environ.get("HELPLINE_ADMIN_USERNAME", "")
    password = os.environ.get("HELPLINE_ADMIN_PASSWORD", "")
    if not (username and password):
        if not ask:
            return (
                "skipped. Run it in a terminal, or set HELPLINE_ADMIN_USERNAME and HELPLINE_ADMIN_PASSWORD."
            )
        username = input("User name of the first administrator: ").strip()
        password = getpass.getpass("Password: ")
        if getpass.getpass("Password, once more: ") != password:
            raise CommandError("The two passwords differ. Nobody was made.")
    if not username or Staff.objects.filter(username=username).exists():
        raise CommandError(f"The user name {username!r} is empty or taken.")
    try:
        validate_password(password, Staff(username=username))
    except ValidationError as error:
        raise CommandError(" ".join(error.messages)) from error
    accounts.create_staff(
        username=username,
        display_name=username,
        role=Role.objects.get(slug="administrator"),
        password=password,
        by=None,
        at=timezone.now(),
    )
    return f"{username} can log in at /staff/login/"
