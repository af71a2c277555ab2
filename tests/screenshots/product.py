"""The program's own settings, on one of the run's databases, with style sheets straight from `static/`."""

from tests.bench.product import *  # noqa: F403  this is those settings

WHITENOISE_USE_FINDERS = True
