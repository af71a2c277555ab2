"""The floor: the project package and what every part stands on. It knows nothing of reports or cases."""

from helpline.celery import app as celery_app

__all__ = ["celery_app"]
