"""What tests of client functions get: a durable client in memory, settings that point at Azurite, and a call."""

import pytest

from tests.clients.durable_client import MemoryClient
from tests.clients.sweeping import end, hand_in, looks, own_storage, sweep  # noqa: F401  they are fixtures


@pytest.fixture
def client():
    """A client without instances."""
    return MemoryClient()


@pytest.fixture(autouse=True)
def _settings(azurite, monkeypatch):
    """Point the gateways at the Azurite of the test session."""
    monkeypatch.setenv("ApprovalsStorage", azurite.connection_string)
    monkeypatch.setenv("ATTACHMENTS_CONTAINER", "client-tests")
    monkeypatch.setenv("APPROVALS_ALLOW_BARE", "1")


@pytest.fixture
def call():
    """Return a function that calls a client function as the host would, without the binding layer."""

    async def call(function, **arguments):
        user_function = function._function.get_user_function()
        return await user_function.client_function(**arguments)

    return call
