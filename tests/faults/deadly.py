"""`celery -A tests.faults.deadly`: the helpline's workers, with a connector that dies of what names FAULT_POISON."""

import os
from pathlib import Path
from typing import Any

from celery.signals import worker_process_init

from helpline.celery import app

__all__ = ["app"]


@worker_process_init.connect
def poison(**kwargs: Any) -> None:
    """In each process of the worker."""
    from cases.takedowns.connectors.http_api.connector import HttpApiConnector

    compose = HttpApiConnector.compose
    word = os.environ["FAULT_POISON"]

    def deadly(self: HttpApiConnector, content: Any, *args: Any, **more: Any) -> bytes:
        if any(word in item.url for item in content.items):
            with Path(os.environ["FAULT_DIED"]).open("a") as book:
                book.write(f"{content.notice_id}\n")
            os._exit(1)
        return compose(self, content, *args, **more)

    HttpApiConnector.compose = deadly  # type: ignore[method-assign]
