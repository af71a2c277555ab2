"""The second person."""

from django.apps import AppConfig


class ApprovalsConfig(AppConfig):
    name = "helpline.approvals"
    label = "approvals"
