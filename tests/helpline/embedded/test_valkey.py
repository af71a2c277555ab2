"""The embedded Valkey: on a socket, forgetting everything, refusing rather than forgetting on the way."""

from collections.abc import Callable
from pathlib import Path

import pytest
import redis
from kombu import Connection

from helpline.embedded import addresses, valkey
from helpline.embedded.processes import Child, Program
from tests.helpline.embedded.strays import eventually

pytestmark = pytest.mark.slow

Start = Callable[[Program], Child]


def client(var: Path) -> redis.Redis:
    return redis.Redis.from_url(addresses.cache_url(var))


def test_it_listens_on_one_closed_socket_and_writes_nothing_to_disk(var: Path, start: Start) -> None:
    start(valkey.program(var))

    with client(var) as broker:
        told = {
            name: broker.config_get(name)[name] for name in ("port", "save", "appendonly", "maxmemory-policy")
        }
        broker.set("a", 1)
    assert told == {"port": "0", "save": "", "appendonly": "no", "maxmemory-policy": "noeviction"}
    assert addresses.broker_socket(var).parent.stat().st_mode & 0o777 == 0o700
    assert addresses.broker_socket(var).stat().st_mode & 0o777 == 0o700
    assert list((var / "broker").iterdir()) == []


def test_celerys_library_can_use_it(var: Path, start: Start) -> None:
    start(valkey.program(var))
    with Connection(addresses.broker_url(var)) as broker, broker.SimpleQueue("bell") as queue:
        queue.put({"id": 1})
        message = queue.get(timeout=2)
        message.ack()
    assert message.payload == {"id": 1}


def test_numbers_keep_queues_and_caches_apart(var: Path, start: Start) -> None:
    start(valkey.program(var))
    with client(var) as mine, redis.Redis.from_url(addresses.cache_url(var, 31)) as other:
        mine.set("a", 1)
        assert other.get("a") is None


def test_it_comes_back_after_kill_9(var: Path, start: Start) -> None:
    broker = start(valkey.program(var))
    assert broker.process is not None
    broker.process.kill()
    assert eventually(lambda: not broker.running())
    assert addresses.broker_socket(var).exists()
    assert not valkey.answers(addresses.broker_socket(var))

    start(valkey.program(var))

    with client(var) as again:
        assert again.ping()


def test_in_a_deep_folder_it_is_reached_by_the_short_address(var: Path, start: Start) -> None:
    deep = var / ("deep" * 25)
    deep.mkdir()
    program = valkey.program(deep)
    try:
        start(program)
        assert addresses.socket_folder(deep).parent == Path("/tmp")
        with client(deep) as broker:
            assert broker.ping()
    finally:
        addresses.broker_socket(deep).unlink(missing_ok=True)
        addresses.broker_socket(deep).parent.rmdir()
        addresses.socket_folder(deep).rmdir()
