"""Erase reports kept long enough and delete drafts nobody came back to. A worker does this every hour by itself."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from reports import actions
from reports.models import Draft, Report
from reports.states import Status


class Command(BaseCommand):
    """`--dry-run` counts and changes nothing."""

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="say what would go, and leave it")

    def handle(self, *args: Any, dry_run: bool, **options: Any) -> None:
        now = timezone.now()
        over = Report.objects.filter(last_contact_at__lte=now - settings.RETENTION).exclude(
            status=Status.ERASED
        )
        total, drafts = over.count(), Draft.objects.filter(expires_at__lte=now).count()
        if dry_run:
            self.stdout.write(f"{total} reports would be erased and {drafts} drafts deleted.")
            return
        done = 0
        while erased := actions.erase_expired(now=now):
            done += erased
            self.stdout.write(f"\r{done} of {total} reports erased", ending="")
        self.stdout.write(f"\r{done} reports erased, {actions.purge_expired_drafts(now=now)} drafts deleted.")
