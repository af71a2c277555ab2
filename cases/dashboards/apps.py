"""The figures."""

from django.apps import AppConfig


class DashboardsConfig(AppConfig):
    name = "cases.dashboards"
    label = "dashboards"
