"""The program's own settings, without the need for `collectstatic`."""

from helpline.settings import *  # noqa: F403  this is those settings
from helpline.settings import STORAGES

STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"
