"""Whether answers count that do not say who gave them."""

import pytest

from gateways.bare_answers import are_allowed


@pytest.mark.parametrize(
    ("setting", "allowed"), [("1", True), ("0", False), ("true", False), ("", False), (None, False)]
)
def test_bare_answers_count_only_if_the_setting_is_1(monkeypatch, setting, allowed):
    """No other value allows them."""
    monkeypatch.delenv("APPROVALS_ALLOW_BARE", raising=False)
    if setting is not None:
        monkeypatch.setenv("APPROVALS_ALLOW_BARE", setting)
    assert are_allowed() is allowed
