"""`manage.py up`: the whole helpline on one machine, one process to start and to stop."""

import argparse
import contextlib
import os
from pathlib import Path
from typing import Any

import environ
from django.core.management.base import BaseCommand, CommandError, CommandParser

from helpline.embedded import plan
from helpline.embedded.processes import ROOT, CannotStart
from helpline.embedded.supervisor import Stopped, Supervisor, say, sole_user

EPILOG = """
Starts, in this order: PostgreSQL and Valkey (unless DATABASE_URL and REDIS_URL name others),
bootstrap, migrate, with --demo the platform simulator and the demo story, then web, worker and
beat. What dies is started again. Ctrl-C or SIGTERM stops everything. Process numbers are in
VAR/run, logs in VAR/log.
"""


class Command(BaseCommand):
    """Runs before settings are loaded (see manage.py): its options decide what the settings will be."""

    help = "Start the whole helpline on this machine and keep it running."
    requires_system_checks = ()

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        return super().create_parser(
            prog_name,
            subcommand,
            epilog=EPILOG,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            **kwargs,
        )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--demo", action="store_true", help="invented platforms, people and a story to look at"
        )
        parser.add_argument(
            "--port", type=int, default=8000, help="where the web listens on 127.0.0.1 (8000)"
        )
        parser.add_argument(
            "--var", type=Path, help="the data folder (HELPLINE_VAR, else var beside manage.py)"
        )
        parser.add_argument("--no-worker", action="store_true", help="without the Celery worker")
        parser.add_argument("--no-beat", action="store_true", help="without the Celery beat")
        parser.add_argument(
            "--servers-only", action="store_true", help="only PostgreSQL and Valkey, for development"
        )

    def handle(self, *args: Any, **given: Any) -> None:
        environ.Env.read_env(ROOT / ".env")
        options = plan.Options(
            var=(given["var"] or Path(os.environ.get("HELPLINE_VAR") or ROOT / "var")).resolve(),
            port=given["port"],
            demo=given["demo"] or environ.Env().bool("HELPLINE_DEMO", default=False),
            worker=not given["no_worker"],
            beat=not given["no_beat"],
            servers_only=given["servers_only"],
        )
        try:
            with sole_user(options.var) as lock, Supervisor(options.var, lock) as supervisor:
                with contextlib.suppress(Stopped):
                    plan.bring_up(supervisor, options)
                    supervisor.watch()
                say("\nStopping ...")
        except CannotStart as error:
            raise CommandError(str(error)) from error
        say("Everything has stopped.")
