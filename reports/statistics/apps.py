"""The public page of figures."""

from django.apps import AppConfig


class StatisticsConfig(AppConfig):
    name = "reports.statistics"
    label = "statistics"
