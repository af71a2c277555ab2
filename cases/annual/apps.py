"""The yearly report."""

from django.apps import AppConfig


class AnnualConfig(AppConfig):
    name = "cases.annual"
    label = "annual"
