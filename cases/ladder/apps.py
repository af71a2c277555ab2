"""When nobody answers, and when they say no: clocks, the steps above a platform, complaints against a refusal."""

from django.apps import AppConfig
from django.core import checks


class LadderConfig(AppConfig):
    name = "cases.ladder"
    label = "ladder"

    def ready(self) -> None:
        from cases.ladder.rungs import check_file

        checks.register(check_file)
