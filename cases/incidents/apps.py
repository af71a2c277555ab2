"""Incidents: cases with one cause, found by the machine and joined by people."""

from django.apps import AppConfig


class IncidentsConfig(AppConfig):
    name = "cases.incidents"
    label = "incidents"
