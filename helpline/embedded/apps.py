"""The embedded database and broker, and the supervisor that runs them."""

from django.apps import AppConfig


class EmbeddedConfig(AppConfig):
    name = "helpline.embedded"
    label = "embedded"
