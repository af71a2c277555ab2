"""What a platform counts, beside what we count."""

from django.apps import AppConfig


class ReconciliationConfig(AppConfig):
    name = "cases.reconciliation"
    label = "reconciliation"
