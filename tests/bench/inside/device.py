"""The program's own settings, serving the one page with the box that makes fingerprints."""

from tests.bench.product import *  # noqa: F403  this is those settings

ROOT_URLCONF = "tests.browser.fingerprint_page"
WHITENOISE_USE_FINDERS = True
