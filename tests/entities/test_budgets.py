"""Budget in the SDK's own entity executor."""

import json

import pytest

from entities.budgets import budget


def apply(*operations, state=None):
    """Run a batch as the host would and return (state, results)."""
    batch = [{"name": name, "input": json.dumps(json.dumps(value)), "isSignal": False} for name, value in operations]
    handle = budget._function.get_user_function()
    payload = {"self": {"name": "budget", "key": "bridges"}, "exists": state is not None, "state": state}
    answer = json.loads(handle(json.dumps({**payload, "batch": batch})))
    assert not any(result["isError"] for result in answer["results"])
    return answer["entityState"], [json.loads(result["result"]) for result in answer["results"]]


@pytest.fixture(autouse=True)
def _strict_typing(monkeypatch):
    """Decode as the app's settings ask."""
    monkeypatch.setenv("AZURE_FUNCTIONS_DURABLE_STRICT_TYPING", "1")


def test_each_operation_has_its_own_reply():
    """In one batch, an unset result would be that of the operation before."""
    _, replies = apply(
        ("open", {"limit": 100}),
        ("reserve", {"key": "a", "amount": 70}),
        ("reserve", {"key": "b", "amount": 70}),
        ("confirm", {"key": "a"}),
        ("release", {"key": "a"}),
        ("get", None),
    )
    assert [reply["granted"] for reply in replies] == [True, True, False, True, False, True]
    assert [reply["available"] for reply in replies] == [100, 30, 30, 30, 30, 30]
    assert replies[-1]["spent"] == 70


def test_a_batch_continues_from_the_stored_state():
    """One batch of many operations equals many batches of one."""
    state, _ = apply(("open", {"limit": 100}), ("reserve", {"key": "a", "amount": 70}))
    state, replies = apply(("reserve", {"key": "a", "amount": 70}), state=state)
    assert (replies[0]["granted"], replies[0]["available"]) == (True, 30)
    assert json.loads(state)["holds"] == {"a": 70}


@pytest.mark.parametrize("operation", [("explode", None), ("reserve", "x"), ("open", {"__class__": "Budget"})])
def test_an_invalid_operation_is_refused_and_changes_nothing(operation):
    """The refusal is a reply."""
    before, _ = apply(("open", {"limit": 100}))
    after, replies = apply(operation, state=before)
    assert (after, replies[0]["granted"]) == (before, False)
    assert replies[0]["reason"]


def test_get_does_not_open_a_budget():
    """A budget that nobody has opened has no limit."""
    state, replies = apply(("get", None))
    assert (replies[0]["limit"], replies[0]["available"]) == (None, 0)
    assert apply(("open", {"limit": 5}), state=state)[1][0]["limit"] == 5
