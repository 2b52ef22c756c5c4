"""Whether answers count that do not say who gave them."""

import pytest

from gateways.bare_answers import are_allowed


@pytest.mark.parametrize(
    ("setting", "allowed"), [("1", True), ("0", False), ("true", False), ("", False), (None, False)]
)
def test_they_count_where_the_setting_is_one(monkeypatch, setting, allowed):
    """Nothing else allows them."""
    monkeypatch.delenv("APPROVALS_ALLOW_BARE", raising=False)
    if setting is not None:
        monkeypatch.setenv("APPROVALS_ALLOW_BARE", setting)
    assert are_allowed() is allowed
