"""Reports that a counsellor writes down while somebody tells them, on the phone or in a chat."""

from django.apps import AppConfig


class ListeningConfig(AppConfig):
    name = "cases.listening"
    label = "listening"
