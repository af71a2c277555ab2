"""Django with nothing that a request does not need: no middleware, kept connections, cached templates."""

from tests.bench.product import *  # noqa: F403  the same database
from tests.bench.product import DATABASES, INSTALLED_APPS

# allauth insists on a middleware of its own.
INSTALLED_APPS = [*(app for app in INSTALLED_APPS if not app.startswith("allauth")), "tests.bench.bare"]
MIDDLEWARE = []
ROOT_URLCONF = "tests.bench.bare.urls"
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates"}]
DATABASES["default"] |= {"CONN_MAX_AGE": None, "CONN_HEALTH_CHECKS": False}
FORM_RENDERER = "django.forms.renderers.DjangoTemplates"
LANGUAGE_CODE = "en"
USE_I18N = False
