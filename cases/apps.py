"""The staff zone."""

from django.apps import AppConfig


class CasesConfig(AppConfig):
    name = "cases"
    label = "cases"
