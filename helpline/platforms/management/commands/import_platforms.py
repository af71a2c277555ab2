"""`manage.py import_platforms FILE`: bring the directory of platforms up to a file."""

import argparse
import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.utils import timezone

from helpline.accounts.models import Staff
from helpline.accounts.permissions import Permission
from helpline.platforms import actions, directory, layout

SEED = Path(__file__).resolve().parents[2] / "data" / "platforms.json"


class Command(BaseCommand):
    help = (
        "Bring the directory of platforms and channels up to FILE. Entries are found by their slug; what\n"
        "an operator changed since the last import stays, unless the file changed it too. A new or changed\n"
        "contact is out of use until a second person approves it. Nothing is written when anything in the\n"
        "file is wrong.\n\n"
        f"The file the program comes with: {SEED.name}, in helpline/platforms/data/.\n\n"
        + (layout.__doc__ or "")
    )

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        return super().create_parser(
            prog_name, subcommand, formatter_class=argparse.RawDescriptionHelpFormatter, **kwargs
        )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", metavar="FILE", type=Path, help="a JSON file in the layout below")
        parser.add_argument("--approved-by", metavar="USER", help="who approves the contacts in it; recorded")
        parser.add_argument(
            "--dry-run", action="store_true", help="say what would change, and change nothing"
        )

    def handle(self, *args: Any, file: Path, approved_by: str | None, dry_run: bool, **options: Any) -> None:
        approver = self._approver(approved_by) if approved_by else None
        try:
            data = json.loads(file.read_text(encoding="utf-8"))
        except OSError as error:
            raise CommandError(f"{file} can't be read: {error.strerror}.") from None
        except UnicodeDecodeError:
            raise CommandError(f"{file} is not text in UTF-8.") from None
        except json.JSONDecodeError as error:
            raise CommandError(
                f"{file} is not JSON: {error.msg} in line {error.lineno}, column {error.colno}."
            ) from None
        try:
            with transaction.atomic():
                done = actions.import_platforms(data=data, approved_by=approver, at=timezone.now())
                if dry_run:
                    transaction.set_rollback(True)
        except layout.BadLayout as error:
            lines = "\n".join(f"  {problem}" for problem in error.problems)
            raise CommandError(f"Nothing was imported. To correct in {file}:\n{lines}") from None
        finally:
            directory.forget()
        self._tell(done, dry_run=dry_run)

    def _approver(self, username: str) -> Staff:
        person = Staff.objects.filter(username=username, is_active=True).select_related("role").first()
        if person is None:
            raise CommandError(f"Nobody with an active account is called {username!r}.")
        if not person.can(Permission.APPROVE):
            raise CommandError(
                f"{username} may not approve contacts: the role {person.role} does not allow it."
            )
        return person

    def _tell(self, done: actions.Imported, *, dry_run: bool) -> None:
        self.stdout.write(
            f"{'Would be ' if dry_run else ''}new: {len(done.created)}, changed: {len(done.changed)}, "
            f"as before: {len(done.unchanged)}, approved: {len(done.approved)}."
        )
        for word, slugs in (("new", done.created), ("changed", done.changed), ("approved", done.approved)):
            if slugs:
                self.stdout.write(f"  {word}: {', '.join(slugs)}")
        if done.waiting:
            self.stdout.write(
                f"Out of use until a second person approves (--approved-by USER): {', '.join(done.waiting)}"
            )
        if dry_run:
            self.stdout.write("Nothing was written.")
