"""`manage.py second_person USERNAME`: let somebody in who can be the second person, where nobody is left to agree."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.utils import timezone

from helpline.accounts import actions, entrance
from helpline.accounts.models import Role, Staff
from helpline.accounts.permissions import Permission


class Command(BaseCommand):
    help = (
        "Open the account USERNAME, or make it, for somebody who can be the second person. For a house where everybody "
        "who could agree has left: it asks nobody, and the trail says that it was done here."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username", metavar="USERNAME")
        parser.add_argument("--role", default="supervisor", help="of an account that is made; supervisor")

    @transaction.atomic
    def handle(self, *args: Any, username: str, role: str, **options: Any) -> None:
        now = timezone.now()
        staff = Staff.objects.filter(username=username).select_related("role").first()
        if staff is None:
            found = Role.objects.filter(slug=role).first()
            if found is None:
                raise CommandError(f"There is no role {role!r}.")
            staff = actions.create_staff(
                username=username,
                display_name=username,
                role=found,
                password=None,
                is_active=False,
                by=None,
                at=now,
            )
        if Permission.APPROVE not in staff.role.permissions:
            raise CommandError(f"The role {staff.role} can't be the second person. Nothing changed.")
        if staff.is_active:
            raise CommandError(f"The account of {username} is open already. Nothing changed.")
        actions.open_account(staff=staff, by=None, at=now)
        self.stdout.write(f"The account of {username} is open.")
        if not staff.has_usable_password():
            self.stdout.write(
                f"They choose a password at this path of the desk, once, within {entrance.days()} days:\n"
                f"{entrance.path_of(staff)}"
            )
