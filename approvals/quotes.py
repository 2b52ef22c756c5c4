"""Quotes of suppliers: the request, and which answers are valid."""

from datetime import timedelta
from typing import Annotated, ClassVar

from pydantic import Field

from approvals.destinations import Url
from approvals.forms import Currency, Form, Money
from approvals.validation import Boundary, Invalid, Line, read_json

GRACE_SECONDS = 5
"""How many seconds after the time limit the call to the supplier still waits. An activity that lost the race against
the timer keeps the instance running until it returns, so it must return soon. A quote in these seconds is ignored."""


class QuoteForm(Form):
    """A request for a quote to a supplier."""

    example: ClassVar = {"item": "railing", "quantity": 37, "supplierUrl": "http://localhost:7099/quote"}

    item: Line
    quantity: Annotated[int, Field(ge=1, le=1_000_000)] = 1
    supplier_url: Url
    timeout_seconds: Annotated[float, Field(gt=0, le=600, description="how long to wait for the quote")] = 30.0

    @property
    def window(self) -> timedelta:
        """How long to wait for the quote."""
        return timedelta(seconds=self.timeout_seconds)


class Quote(Boundary):
    """A supplier's answer; other fields are ignored."""

    price: Money
    currency: Currency
    valid_until: Line


class KeptQuote(Boundary):
    """A quote that arrived in time: the input of KeepQuote."""

    instance_id: str
    item: Line
    quantity: int
    quote: Quote


def read_quote(text: str) -> Quote:
    """Read a supplier's answer; raises `Invalid` with the error."""
    answer = read_json(text)
    if not isinstance(answer, dict):
        raise Invalid("the supplier's answer is not a JSON object")
    known = ("price", "currency", "validUntil")
    return Quote.from_dict({name: answer[name] for name in known if name in answer})
