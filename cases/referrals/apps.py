"""Cases handed to others: to whom, on what ground, and what became of it."""

from django.apps import AppConfig
from django.core import checks


class ReferralsConfig(AppConfig):
    name = "cases.referrals"
    label = "referrals"

    def ready(self) -> None:
        from cases.referrals.recipients import check_file

        checks.register(check_file)
