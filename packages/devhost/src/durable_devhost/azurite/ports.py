"""The ports of Azurite's three services: the standard ones, which apps have in their settings, or any free ones."""

import socket
from contextlib import ExitStack

from durable_devhost.app_settings import DEVELOPMENT_PORTS

ADDRESS = "127.0.0.1"
Ports = tuple[int, int, int]
"""The ports of blobs, queues and tables, in this order."""
STANDARD_PORTS: Ports = (DEVELOPMENT_PORTS["blob"], DEVELOPMENT_PORTS["queue"], DEVELOPMENT_PORTS["table"])


def standard_or_free_ports() -> Ports:
    """The standard ports if all three are free, three others if one is taken.

    Nothing reserves them: another program may take one before Azurite does.
    """
    return STANDARD_PORTS if all(map(_is_free, STANDARD_PORTS)) else free_ports()


def free_ports() -> Ports:
    """Three different ports that are free now."""
    with ExitStack() as held:
        sockets = [held.enter_context(socket.create_server((ADDRESS, 0))) for _ in range(3)]
        first, second, third = (each.getsockname()[1] for each in sockets)
    return first, second, third


def _is_free(port: int) -> bool:
    """Whether nobody listens there; two checks, as macOS allows listening beside a server for all addresses."""
    with socket.socket() as caller:
        caller.settimeout(1.0)
        if caller.connect_ex((ADDRESS, port)) == 0:
            return False
    try:
        socket.create_server((ADDRESS, port)).close()
    except OSError:
        return False
    return True
