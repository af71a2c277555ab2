"""Addresses: the same for everybody who asks, short enough for a socket, and readable by the libraries."""

import os
from pathlib import Path

import pytest
import redis
from kombu import Connection
from kombu.transport.redis import Channel

from helpline.embedded import addresses

SHORT = Path("/srv/helpline/var")
DEEP = Path("/srv") / ("deep" * 25) / "var"
ODD = Path("/srv/é & co/100%/#1?/var")


def test_a_short_data_folder_holds_its_own_sockets() -> None:
    assert addresses.broker_socket(SHORT) == SHORT / "run/sockets/broker/valkey.sock"
    assert addresses.database(SHORT)["HOST"] == "/srv/helpline/var/run/sockets/postgres"


@pytest.mark.parametrize("var", [SHORT, DEEP, ODD, Path("/" + "x" * 60), Path("/" + "é" * 60)])
def test_every_socket_fits(var: Path) -> None:
    for path in (addresses.broker_socket(var), addresses.database_folder(var) / ".s.PGSQL.5432"):
        assert len(os.fsencode(path)) <= 103


def test_a_deep_data_folder_gets_a_short_stable_place_of_its_own() -> None:
    there = addresses.socket_folder(DEEP)

    assert there == addresses.socket_folder(Path(str(DEEP)))
    assert there.parent == Path("/tmp")
    assert there != addresses.socket_folder(DEEP / "other")


def test_the_temporary_folder_of_a_shell_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    before = addresses.socket_folder(DEEP)
    monkeypatch.setenv("TMPDIR", "/elsewhere")
    assert addresses.socket_folder(DEEP) == before


def test_the_database_entry_reaches_no_network() -> None:
    entry = addresses.database(SHORT)

    assert entry["ENGINE"] == "django.db.backends.postgresql"
    assert (entry["NAME"], entry["USER"], entry["PORT"]) == ("helpline", "helpline", "5432")
    assert entry["HOST"].startswith("/")
    assert "PASSWORD" not in entry


@pytest.mark.parametrize("var", [SHORT, DEEP, ODD])
def test_redis_py_reads_the_cache_address(var: Path) -> None:
    read = redis.ConnectionPool.from_url(addresses.cache_url(var)).connection_kwargs

    assert read["path"] == str(addresses.broker_socket(var))
    assert read["db"] == 1


@pytest.mark.parametrize("var", [SHORT, DEEP, ODD])
def test_kombu_reads_the_broker_address(var: Path) -> None:
    # Given a channel that is never opened
    channel = Channel.__new__(Channel)
    channel.connection = type("Transport", (), {"client": Connection(addresses.broker_url(var, 2))})()
    channel.connection.default_port = 6379

    # When it works out where to connect
    read = channel._connparams()

    # Then it is our socket, and the queue of that number
    assert read["path"] == str(addresses.broker_socket(var))
    assert read["db"] == 4


def test_numbers_never_share_a_queue_or_a_cache() -> None:
    all_of_them = [
        url(SHORT, number) for number in range(5) for url in (addresses.broker_url, addresses.cache_url)
    ]
    databases = [address.rpartition("=")[2] for address in all_of_them]

    assert len(set(databases)) == len(databases)
