"""Handing over: a case to a colleague, a desk to the next shift."""

from django.apps import AppConfig


class HandoverConfig(AppConfig):
    name = "cases.handover"
    label = "handover"
