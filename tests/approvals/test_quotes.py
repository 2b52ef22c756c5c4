"""Which answers of a supplier are a quote."""

from datetime import timedelta

import pytest

from approvals.quotes import QuoteForm, read_quote
from approvals.validation import Invalid

ANSWER = '{"item": "railing", "price": 12.5, "currency": "EUR", "validUntil": "2030-12-31"}'


def test_a_quote_has_a_price_and_a_date():
    """Other fields of the supplier are left out."""
    assert read_quote(ANSWER).to_dict() == {"price": 12.5, "currency": "EUR", "validUntil": "2030-12-31"}


@pytest.mark.parametrize(
    "text",
    ["", "[]", "null", "{}", '{"price": -1}', ANSWER.replace("12.5", '"12"'), ANSWER.replace("EUR", "euro")],
)
def test_an_invalid_quote_is_refused(text):
    """With the reason."""
    with pytest.raises(Invalid):
        read_quote(text)


def test_the_window_is_thirty_seconds_by_default():
    """At most ten minutes."""
    form = {"item": "railing", "supplierUrl": "https://api.example.com/"}
    assert QuoteForm.from_dict(form).window == timedelta(seconds=30)
    with pytest.raises(Invalid):
        QuoteForm.from_dict({**form, "timeoutSeconds": 601})
