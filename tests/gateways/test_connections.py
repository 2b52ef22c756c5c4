"""Where storage is comes from the settings."""

import pytest

from gateways.connections import ConnectionMissing, connection_string


def test_the_setting_of_the_name_comes_first(monkeypatch):
    """Then the one with the host's prefix, as for triggers."""
    monkeypatch.setenv("AzureWebJobsPapers", "second")
    assert connection_string("Papers") == "second"
    monkeypatch.setenv("Papers", "first")
    assert connection_string("Papers") == "first"


def test_a_missing_setting_is_named():
    """With what to write into it."""
    with pytest.raises(ConnectionMissing, match="set NoSuchPapers"):
        connection_string("NoSuchPapers")
