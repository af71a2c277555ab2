"""Make the demo: staff, simulated platforms, a story, and `$VAR/demo.json` with the ways in. Safe to run again."""

import json
import random
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.utils import timezone
from django.utils.module_loading import import_string

from cases.demo import desk, mails, people
from cases.demo.directory import build_directory, follow_simulator
from cases.demo.story import Teller, show_as_removed
from helpline.accounts import actions as accounts
from helpline.accounts.models import Role, Staff, Team
from helpline.accounts.permissions import Permission
from helpline.audit.actions import chain_new_rows
from helpline.platforms import directory
from helpline.web.language import in_house
from reports.receipts import grouped


class Command(BaseCommand):
    """Only in the demo: it makes accounts with known passwords and leads every channel to the simulator."""

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--seed", type=int, default=3018, help="the same seed tells the same story (default: 3018)"
        )

    def handle(self, *args: Any, seed: int, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError(
                "seed_demo is for the demo only: set HELPLINE_DEMO=1 on a database of its own."
            )
        path = settings.VAR / "demo.json"
        if Staff.objects.filter(username=people.STAFF[0].username).exists():
            self._refresh(path)
            return
        try:
            show_as_removed([])  # before anything is told: is it there?
            with transaction.atomic():
                ways_in = self._seed(timezone.now(), random.Random(seed))
        except RuntimeError as error:
            raise CommandError(str(error)) from error
        _write(path, ways_in)
        while chain_new_rows():
            pass
        self.stdout.write("The demo is seeded.")

    def _seed(self, now: datetime, source: random.Random) -> dict[str, Any]:
        staff = _make_staff(now)
        build_directory(by=staff["anouk"], at=now)
        directory.forget()
        teller = Teller(now=now, staff=staff, random_source=source)
        for line in teller.past_weeks():
            self._progress(line)
        for line in teller.school_incident():
            self._progress(line)
        teller.stubborn_refusal()
        teller.came_back()
        teller.nobody_knows()
        teller.adult()
        teller.waiting()
        code = teller.followed()
        desk.leave(
            followed=teller.cases[people.FOLLOWED],
            waited_for=teller.cases[people.REFUSED],
            day_team=teller.cases[people.ADULT],
            nour=staff["nour"],
            sacha=staff["sacha"],
        )
        mails.leave(now=now)
        self._progress("showing removed pages")
        show_as_removed(teller.gone)
        return _ways_in(staff, now) | {"receipt_code": grouped(code)}

    def _refresh(self, path: Path) -> None:
        """A later start: the same data, perhaps at another address."""
        if not path.exists():
            raise CommandError(
                f"The demo's database is there but {path} is not: remove {settings.VAR} to begin anew."
            )
        kept = json.loads(path.read_text())
        follow_simulator(before=kept["simulator_url"], now=_addresses()["simulator_url"])
        _write(path, kept | _addresses())
        self.stdout.write("The demo was seeded before; its data is kept.")

    def _progress(self, line: str) -> None:
        if sys.stdout.isatty():
            self.stdout.write(f"\r{line:<40}", ending="")


def _make_staff(now: datetime) -> dict[str, Staff]:
    accounts.ensure_starting_roles()
    for make_missing in settings.STARTING_SETS.values():
        import_string(make_missing)()
    teams = {slug: Team.objects.create(slug=slug, name=in_house(name)) for slug, name in people.TEAMS.items()}
    roles = {role.slug: role for role in Role.objects.all()}
    return {
        one.username: accounts.create_staff(
            username=one.username,
            display_name=one.name,
            role=roles[one.role],
            password=one.password,
            by=None,
            at=now,
            teams=[teams[one.team]] if one.team else [],
        )
        for one in people.STAFF
    }


def _addresses() -> dict[str, Any]:
    return {"url": settings.PUBLIC_URL, "simulator_url": f"http://{settings.SIMULATOR}"}


def _ways_in(staff: dict[str, Staff], now: datetime) -> dict[str, Any]:
    logins = []
    for one in people.STAFF:
        person = staff[one.username]
        scopes = [Permission(name) for name in person.role.permissions]
        _token, text = accounts.create_token(staff=person, name="demo", scopes=scopes, by=person, at=now)
        logins.append(
            {
                "role": one.role,
                "username": one.username,
                "password": one.password,
                "api_token": text,
            }
        )
    places = [
        {"slug": place.slug, "channel": place.kind.value, "content_url": place.content_url}
        for place in people.PLACES
    ]
    return _addresses() | {"staff": logins, "platforms": places}


def _write(path: Path, ways_in: dict[str, Any]) -> None:
    path.touch(mode=0o600)
    path.write_text(json.dumps(ways_in, indent=2, ensure_ascii=False) + "\n")
