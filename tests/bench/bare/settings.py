"""Django with nothing that a request does not need: no middleware, kept connections, cached templates."""

from tests.bench.product import *  # noqa: F403  the same database, the same models of staff and queue
from tests.bench.product import DATABASES, INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "tests.bench.bare"]
MIDDLEWARE: list[str] = []
ROOT_URLCONF = "tests.bench.bare.urls"
DATABASES["default"] |= {"CONN_MAX_AGE": None, "CONN_HEALTH_CHECKS": False}
FORM_RENDERER = "django.forms.renderers.DjangoTemplates"
LANGUAGE_CODE = "en"
USE_I18N = False
