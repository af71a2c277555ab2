"""The wellbeing of those who read."""

from django.apps import AppConfig


class WellbeingConfig(AppConfig):
    name = "cases.wellbeing"
    label = "wellbeing"
