"""RequestQuote and KeepQuote run as functions, on Azurite and a supplier that really answers."""

import pytest

from activities.quotes import keep_quote, request_quote
from examples.neighbour import running_neighbour
from gateways.tables import open_table


@pytest.fixture(autouse=True)
def _storage(azurite, monkeypatch):
    """Use Azurite, and let this machine be called."""
    monkeypatch.setenv("ApprovalsStorage", azurite.connection_string)
    monkeypatch.setenv("ALLOWED_HOSTS", "127.0.0.1")


def run(activity, argument):
    """Call an activity as the host would, without the binding layer."""
    return activity._function.get_user_function()(argument)


def test_a_supplier_is_asked_for_a_price():
    """With the item and the quantity."""
    with running_neighbour() as neighbour:
        question = {"item": "railing", "quantity": 2, "supplierUrl": f"{neighbour.url}/quote"}
        answer = run(request_quote, question)
    assert answer == {"quote": {"price": 425.0, "currency": "EUR", "validUntil": "2030-12-31"}}
    assert neighbour.requests[0].body == {"item": "railing", "quantity": 2}


def test_the_first_stored_quote_stays():
    """A second one, after a crash or a restart, gets the stored one."""
    first = {"price": 425, "currency": "EUR", "validUntil": "2030-12-31"}
    kept = {"instanceId": "quote-1", "item": "railing", "quantity": 2, "quote": first}
    assert run(keep_quote, kept) == first
    assert run(keep_quote, {**kept, "quote": {**first, "price": 1.0}}) == first
    (row,) = open_table("Quotes").query_entities("InstanceId eq 'quote-1'")
    assert row["Price"] == 425
