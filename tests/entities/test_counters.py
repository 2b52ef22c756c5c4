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


def test_a_counter_adds_resets_and_replies():
    """Each operation returns the value after it."""
    state, results = apply(("add", 2), ("add", None), ("get", None), ("reset", None), ("add", 5))
    assert [json.loads(result["result"]) for result in results] == [2, 3, 3, 0, 5]
    assert state == 5


def test_a_batch_continues_from_the_stored_state():
    """State is JSON text between batches."""
    assert apply(("add", 1), state="41")[0] == 42


@pytest.mark.parametrize(
    "operation", [("add", "1"), ("add", True), ("add", 1.5), ("add", {"total": 1}), ("explode", None)]
)
def test_an_invalid_operation_is_an_error_and_changes_nothing(operation):
    """The others of the batch count."""
    state, results = apply(("add", 1), operation, ("add", 1))
    assert [result["isError"] for result in results] == [False, True, False]
    assert state == 2


def test_the_share_of_a_review_is_counted_once_however_often_it_is_sent():
    """Its workflow sends its total, and how much of that it knows to be counted."""
    share = {"proposalId": "p-1", "known": 0, "total": 1}
    state, results = apply(("add", share), ("add", share), ("add", 1), state="41")
    assert [json.loads(result["result"]) for result in results] == [42, 42, 43]
    again, _ = apply(("add", share), ("add", {**share, "total": 3}), state=json.dumps(state))
    assert again["value"] == 45


def test_a_reset_does_not_count_old_shares_again():
    """Only the number becomes zero."""
    share = {"proposalId": "p-1", "known": 0, "total": 1}
    _, results = apply(("add", share), ("reset", None), ("add", share), ("get", None))
    assert [json.loads(result["result"]) for result in results] == [1, 0, 0, 0]
