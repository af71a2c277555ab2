"""The directory of platforms and the channels by which they are reached."""

from django.apps import AppConfig


class PlatformsConfig(AppConfig):
    name = "helpline.platforms"
    label = "platforms"
