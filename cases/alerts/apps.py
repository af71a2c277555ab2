"""What a supervisor must know without looking for it."""

from django.apps import AppConfig


class AlertsConfig(AppConfig):
    name = "cases.alerts"
    label = "alerts"
