"""The activities, called directly, on real tables; each may run twice."""

import ast
import uuid
from pathlib import Path

import pytest

import function_app
from activities.escalation import escalate
from activities.records import process_approval
from activities.requests import check_bare_answers, request_approval

ROOT = Path(function_app.__file__).parent


@pytest.fixture(autouse=True)
def _storage(azurite, monkeypatch):
    """Write to the Azurite of the test session."""
    monkeypatch.setenv("ApprovalsStorage", azurite.connection_string)


@pytest.fixture
def outcome():
    """How a proposal of its own ended."""
    return {
        "proposalId": uuid.uuid4().hex,
        "stage": "design-review",
        "openedAt": "2026-03-02T09:00:00+00:00",
        "outcome": "approved",
        "decidedBy": "Mara",
        "comment": "",
        "decidedAt": "2026-03-02T10:00:00+00:00",
    }


def call(activity, argument):
    """Call what the host would call."""
    return activity._function.get_user_function()(argument)


def test_a_decision_is_recorded_once(outcome):
    """A second run returns the first result, whatever it brings."""
    assert call(process_approval, outcome) == outcome
    assert call(process_approval, {**outcome, "outcome": "rejected", "decidedBy": "Jonas"}) == outcome


def test_an_escalation_is_recorded_once(outcome):
    """It does not overwrite a decision either."""
    assert call(escalate, {**outcome, "outcome": "escalated"})["outcome"] == "escalated"
    assert call(process_approval, outcome)["outcome"] == "escalated"


def test_a_request_is_opened_once(monkeypatch):
    """Its date is the app's time at the first run."""
    request = {
        "proposalId": uuid.uuid4().hex,
        "stage": "design-review",
        "openedAt": "2026-03-02T09:00:00+00:00",
        "approver": "Mara",
        "title": "Footbridge",
        "event": "ApprovalEvent",
        "deadline": None,
    }
    first = call(request_approval, request)
    monkeypatch.setenv("CLOCK_OFFSET_SECONDS", "999999")
    assert call(request_approval, request) == first
    assert first["approver"] == "Mara"


def test_every_activity_that_a_workflow_calls_is_registered():
    """The real host waits for ever for a missing one."""
    called = set()
    for path in (ROOT / "orchestrators").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("call", "call_once"):
                assert isinstance(node.args[1], ast.Constant), (
                    f"{path.name}:{node.lineno}: call activities by a literal"
                )
                called.add(node.args[1].value)
            if isinstance(node, ast.Attribute) and node.attr.startswith("call_activity"):
                assert path.name == "calls.py", f"{path.name}:{node.lineno}: use calls.call"
    registered = set()
    for path in (ROOT / "activities").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.keyword) and node.arg == "activity":
                registered.add(node.value.value)
    assert called
    assert called <= registered


@pytest.mark.parametrize(
    ("setting", "allowed"), [("1", True), ("0", False), ("true", False), ("", False), (None, False)]
)
def test_bare_answers_count_only_if_the_setting_is_1(monkeypatch, setting, allowed):
    """No other value allows them."""
    monkeypatch.delenv("APPROVALS_ALLOW_BARE", raising=False)
    if setting is not None:
        monkeypatch.setenv("APPROVALS_ALLOW_BARE", setting)
    assert call(check_bare_answers, {}) == {"allowed": allowed}
