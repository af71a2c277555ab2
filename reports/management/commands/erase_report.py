"""Erase one report at once, as its own code would: for a request that came by phone or letter."""

from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from helpline.audit.actions import SYSTEM
from reports import actions
from reports.models import Report


class Command(BaseCommand):
    """`--dry-run` says what would go and changes nothing."""

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("report", help="the report's id, as the desk shows it")
        parser.add_argument("--dry-run", action="store_true", help="say what would go, and leave it")

    def handle(self, *args: Any, report: str, dry_run: bool, **options: Any) -> None:
        try:
            found = Report.objects.get(pk=report)
        except (Report.DoesNotExist, ValidationError) as error:
            raise CommandError("There is no report with this id.") from error
        what = f"{found.links.count()} links, {found.messages.count()} messages"
        if dry_run:
            self.stdout.write(f"The report with its {what} would be erased for good.")
            return
        actions.erase_report(report=found, by=SYSTEM, at=timezone.now())
        self.stdout.write(f"The report with its {what} is erased.")
