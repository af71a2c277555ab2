"""Ports: taken ones are named, with the way to choose another."""

import socket
from collections.abc import Iterator

import pytest

from helpline.embedded import ports
from helpline.embedded.processes import CannotStart


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def test_a_taken_port_is_named_with_the_way_out(taken: int) -> None:
    with pytest.raises(CannotStart, match=rf"Port {taken} cannot be used: Address already in use.*PORT="):
        ports.check_free(taken)


def test_a_free_port_is_fine(taken: int) -> None:
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        free = trial.getsockname()[1]
    ports.check_free(free)


def test_what_is_no_port_is_refused_too() -> None:
    with pytest.raises(CannotStart, match="up to 65535"):
        ports.check_free(70_000)


def test_the_demo_passes_over_taken_ports_and_chooses_alike_every_time(taken: int) -> None:
    chosen = ports.choose_ports(taken - 1)

    assert taken not in (chosen.simulator, chosen.mail)
    assert chosen.simulator != chosen.mail
    assert chosen == ports.choose_ports(taken - 1)


def test_silence_is_not_health(taken: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "PATIENCE", 0.2)
    assert not ports.healthy(taken)
