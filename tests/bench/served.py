"""The bench's settings, with style sheets and scripts as they are served in production."""

from tests.bench.product import *  # noqa: F403  the same database
from tests.bench.product import STORAGES, VAR

STATIC_ROOT = VAR / "static"
STORAGES["staticfiles"]["BACKEND"] = "whitenoise.storage.CompressedManifestStaticFilesStorage"
