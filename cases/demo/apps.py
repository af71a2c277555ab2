"""A cast and a story."""

from django.apps import AppConfig


class DemoConfig(AppConfig):
    name = "cases.demo"
    label = "demo"
