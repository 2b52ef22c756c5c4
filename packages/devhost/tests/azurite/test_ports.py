"""The ports of Azurite: the three standard ones or three others, never a mixture."""

import socket

import pytest

from durable_devhost.azurite import ports
from durable_devhost.azurite.ports import free_ports, standard_or_free_ports


@pytest.fixture
def standard(monkeypatch: pytest.MonkeyPatch) -> ports.Ports:
    """Three ports that are free stand for the standard ones, which another host may have."""
    chosen = free_ports()
    monkeypatch.setattr(ports, "STANDARD_PORTS", chosen)
    return chosen


def test_the_standard_ports_are_azurites_defaults() -> None:
    """Apps have these numbers in their settings."""
    assert ports.STANDARD_PORTS == (10000, 10001, 10002)


def test_the_standard_ports_are_used_if_all_three_are_free(standard: ports.Ports) -> None:
    """In their order."""
    assert standard == standard_or_free_ports()


@pytest.mark.parametrize("taken", [0, 1, 2])
@pytest.mark.parametrize("address", ["127.0.0.1", "0.0.0.0"])
def test_one_taken_port_moves_all_three(standard: ports.Ports, taken: int, address: str) -> None:
    """Also where the other program listens on all addresses, as a container does."""
    with socket.create_server((address, standard[taken])):
        assert not set(standard) & set(standard_or_free_ports())


def test_a_port_is_free_again_once_its_server_has_ended(standard: ports.Ports) -> None:
    """Closed connections linger for a minute and must not count."""
    with socket.create_server(("127.0.0.1", standard[0])) as server:
        caller = socket.create_connection(server.getsockname())
        answered, _ = server.accept()
        answered.close()
        caller.close()
    assert standard == standard_or_free_ports()
