"""The program's own settings, on one of the run's databases, and without the need for `collectstatic`."""

import os

from helpline.settings import *  # noqa: F403  this is those settings
from helpline.settings import DATABASES, STORAGES

DATABASES["default"]["NAME"] = os.environ["BENCH_DATABASE"]
STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"
