"""Quotes of suppliers: what is asked, and which answers are one."""

from datetime import timedelta
from typing import Annotated, ClassVar

from pydantic import Field

from approvals.destinations import Url
from approvals.forms import Currency, Form, Money
from approvals.validation import Boundary, Invalid, Line, read_json

GRACE_SECONDS = 5
"""How much longer than the window a supplier is listened to. An activity that lost its race keeps the instance running
until it returns, so it must return soon; what comes in these seconds is late and ignored."""


class QuoteForm(Form):
    """A question to a supplier."""

    example: ClassVar = {"item": "railing", "quantity": 37, "supplierUrl": "http://localhost:7099/quote"}

    item: Line
    quantity: Annotated[int, Field(ge=1, le=1_000_000)] = 1
    supplier_url: Url
    timeout_seconds: Annotated[float, Field(gt=0, le=600, description="how long the quote is waited for")] = 30.0

    @property
    def window(self) -> timedelta:
        """How long the quote is waited for."""
        return timedelta(seconds=self.timeout_seconds)


class Quote(Boundary):
    """A supplier's answer; what else it holds is left out."""

    price: Money
    currency: Currency
    valid_until: Line


class KeptQuote(Boundary):
    """A quote that came in time: the input of KeepQuote."""

    instance_id: str
    item: Line
    quantity: int
    quote: Quote


def read_quote(text: str) -> Quote:
    """Read a supplier's answer; raises `Invalid` with what is wrong with it."""
    answer = read_json(text)
    if not isinstance(answer, dict):
        raise Invalid("the supplier's answer is no JSON object")
    known = ("price", "currency", "validUntil")
    return Quote.from_dict({name: answer[name] for name in known if name in answer})
