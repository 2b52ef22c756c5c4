"""The fixtures of the clients above: what services do, they do for those."""

from tests.clients.conftest import _settings, client

__all__ = ["_settings", "client"]
