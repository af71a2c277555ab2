"""What every test stands on: keys of its own, the cast, and a database whose trail may be emptied between tests."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pgtrigger.core
import pytest
from django.conf import settings
from django.core.cache import cache
from django.utils import translation

from cases.letters import wording
from helpline import wake
from helpline.crypto import keyring
from helpline.platforms import directory

pytest_plugins = ["tests.cast"]

# These bring their own servers, need none, or ask the same of each: run again beside other servers they show nothing new.
OWN_SERVERS = (
    "tests/test_access_matrix.py",
    "tests/faults/test_short.py",
    "tests/faults/",
    "tests/flows/test_demo.py",
    "tests/helpline/embedded/",
    "tests/js/",
    "tests/platforms_simulator/",
    "tests/reports/evidence/test_hostile.py",
    "tests/reports/evidence/test_sanitise.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.nodeid.startswith(OWN_SERVERS):
            item.add_marker(pytest.mark.own_servers)


@pytest.fixture(scope="session", autouse=True)
def _keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("keys")
    settings.KEYS_DIR = folder
    # A password of the cast guards nothing; the real hasher is slow on purpose.
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    os.environ["HELPLINE_KEYS_DIR"] = str(folder)  # for processes that a test starts
    keyring.make_missing(folder)
    return folder


@pytest.fixture(scope="session", autouse=True)
def _static_files() -> None:
    """Style sheets straight from their folder: no test needs `collectstatic` first."""
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }
    settings.WHITENOISE_USE_FINDERS = True
    settings.WHITENOISE_AUTOREFRESH = True


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """Tests that commit empty every table afterwards; the trail refuses that, so here, and only here, it is told not to.

    At the end, the connections that killed processes and ended threads left behind are closed, or the database could not
    be dropped.
    """
    from django.db import connection

    from helpline.audit.models import AuditRow

    with django_db_blocker.unblock(), connection.cursor() as cursor:
        for trigger in AuditRow._meta.triggers:  # type: ignore[attr-defined]
            if trigger.operation is pgtrigger.core.Truncate:
                cursor.execute(
                    f'ALTER TABLE "{AuditRow._meta.db_table}" DISABLE TRIGGER {trigger.get_pgid(AuditRow)}'
                )
    yield
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        # After a browser test this may be another connection than the one that drops the database.
        connection.close()


@pytest.fixture(autouse=True)
def _fresh_start() -> Iterator[None]:
    """No test sees another's rate limits, platforms or language, or rings a doorbell too soon after another's.

    Outside a request English is spoken; a page speaks French, unless the browser asks otherwise.
    """
    cache.clear()
    wake._rung.clear()
    directory.forget()
    wording.forget()
    with translation.override("en"):
        yield
