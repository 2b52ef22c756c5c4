"""BookCost and VoidCost, on a real table: of the two the first counts."""

import uuid

import pytest

from activities.ledger import book_cost, void_cost


@pytest.fixture(autouse=True)
def _storage(azurite, monkeypatch):
    """Write to the Azurite of the test session."""
    monkeypatch.setenv("ApprovalsStorage", azurite.connection_string)


@pytest.fixture
def booking():
    """The cost of an instance of its own, more cents than 32 bits hold."""
    return {
        "instanceId": uuid.uuid4().hex,
        "round": "2026-03-02T09:00:00+00:00",
        "title": "Footbridge",
        "budget": "bridges",
        "cents": 10**14,
        "currency": "EUR",
    }


def call(activity, argument):
    """Call what the host would call."""
    return activity._function.get_user_function()(argument)


def test_a_cost_is_booked_once(booking, monkeypatch):
    """A second run returns the first booking and its date."""
    first = call(book_cost, booking)
    assert first == {**booking, "state": "booked", "recordedAt": first["recordedAt"]}
    monkeypatch.setenv("CLOCK_OFFSET_SECONDS", "999999")
    assert call(book_cost, {**booking, "round": "later", "cents": 5}) == first


def test_a_booked_cost_is_not_given_up(booking):
    """A booking whose answer was lost counts."""
    call(book_cost, booking)
    assert call(void_cost, booking)["state"] == "booked"


def test_a_cost_that_was_given_up_is_not_booked(booking):
    """A late call changes nothing."""
    assert call(void_cost, booking)["state"] == "void"
    assert call(book_cost, booking)["state"] == "void"
