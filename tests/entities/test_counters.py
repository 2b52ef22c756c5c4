"""Counter in the SDK's own entity executor."""

import json

import pytest

from entities.counters import counter


def apply(*operations, state=None):
    """Run a batch as the host would and return (state, results)."""
    batch = [{"name": name, "input": json.dumps(json.dumps(value)), "isSignal": True} for name, value in operations]
    handle = counter._function.get_user_function()
    exists = state is not None
    payload = {"self": {"name": "counter", "key": "approved"}, "exists": exists, "state": state, "batch": batch}
    answer = json.loads(handle(json.dumps(payload)))
    return json.loads(answer["entityState"]), answer["results"]


@pytest.fixture(autouse=True)
def _strict_typing(monkeypatch):
    """Decode as the app's settings ask."""
    monkeypatch.setenv("AZURE_FUNCTIONS_DURABLE_STRICT_TYPING", "1")


def test_adds_resets_and_answers():
    """Each operation answers with the value after it."""
    state, results = apply(("add", 2), ("add", None), ("get", None), ("reset", None), ("add", 5))
    assert [json.loads(result["result"]) for result in results] == [2, 3, 3, 0, 5]
    assert state == 5


def test_goes_on_from_what_is_stored():
    """State is JSON text between batches."""
    assert apply(("add", 1), state="41")[0] == 42


@pytest.mark.parametrize("operation", [("add", "1"), ("add", True), ("add", 1.5), ("explode", None)])
def test_a_wrong_operation_is_an_error_and_changes_nothing(operation):
    """The others of the batch count."""
    state, results = apply(("add", 1), operation, ("add", 1))
    assert [result["isError"] for result in results] == [False, True, False]
    assert state == 2
