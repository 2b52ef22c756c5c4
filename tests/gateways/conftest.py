"""The gateways' settings point at the Azurite of the test session."""

import pytest


@pytest.fixture(autouse=True)
def _storage(azurite, monkeypatch):
    """Use Azurite, and a container of these tests' own."""
    monkeypatch.setenv("ApprovalsStorage", azurite.connection_string)
    monkeypatch.setenv("ATTACHMENTS_CONTAINER", "gateway-tests")
