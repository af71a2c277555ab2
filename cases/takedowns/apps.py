"""Requests to platforms, and what became of them."""

from django.apps import AppConfig


class TakedownsConfig(AppConfig):
    name = "cases.takedowns"
    label = "takedowns"
