"""What is kept, for how long, and how it is forgotten."""

from django.apps import AppConfig


class RetentionConfig(AppConfig):
    name = "helpline.retention"
    label = "retention"
