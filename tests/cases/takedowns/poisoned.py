"""`poisoned WORD ROUNDS`: workers, one after the other, each of which dies by kill -9 when it composes what names WORD.

Answers how each of them ended: 0, or 9 for the killed ones.
"""

import json
import os
import signal
import sys
from datetime import timedelta
from typing import Any

import django

django.setup()

from django.utils import timezone  # noqa: E402  # settings come first

from cases.takedowns import dispatch  # noqa: E402
from cases.takedowns.connectors.http_api.connector import HttpApiConnector  # noqa: E402
from cases.takedowns.models import Notice  # noqa: E402


def work(word: str) -> None:
    """One worker's life: what its forerunner left has run out by now."""
    compose = HttpApiConnector.compose

    def deadly(self: HttpApiConnector, content: Any, *args: Any, **kwargs: Any) -> bytes:
        if any(word in item.url for item in content.items):
            os.kill(os.getpid(), signal.SIGKILL)
        return compose(self, content, *args, **kwargs)

    HttpApiConnector.compose = deadly  # type: ignore[method-assign]
    long_ago = timezone.now() - timedelta(hours=1)
    Notice.objects.exclude(lease_until=None).update(lease_until=long_ago)
    dispatch.reap(now=timezone.now())
    Notice.objects.exclude(due_at=None).update(due_at=long_ago)
    dispatch.run(max_seconds=10)


def main(word: str, rounds: int) -> None:
    ends = []
    for _ in range(rounds):
        child = os.fork()
        if child == 0:
            work(word)
            os._exit(0)
        _pid, status = os.waitpid(child, 0)
        ends.append(os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status))
    print(json.dumps(ends))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
