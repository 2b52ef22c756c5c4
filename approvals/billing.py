"""Bills: a number of equal bills, one per interval, the first one immediately. Amounts are whole cents inside.

Each bill is due at a multiple of the interval after the start, however late the one before was issued. Ten bills
with an interval of one day therefore span nine days.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Annotated, ClassVar, Self

from pydantic import Field, model_validator

from approvals.forms import Currency, Form, Hours
from approvals.instants import Instant, read_instant
from approvals.money import Amount, check_decimals, to_cents, to_money
from approvals.validation import Boundary, Invalid, Line

MOST_BILLS = 100
_MOST_MONEY = 1e13
"""Up to this sum a double, the number type of JSON, represents every cent exactly."""


class BillingForm(Form):
    """The account to bill, the amount of each bill, and how many bills at which interval."""

    example: ClassVar = {"account": "Town works", "amount": 1485.5, "currency": "EUR"}

    account: Annotated[Line, Field(description="who is billed")]
    amount: Annotated[Amount, Field(description="amount of each bill, with at most two decimals")]
    currency: Currency = "EUR"
    days: Annotated[int, Field(ge=1, le=MOST_BILLS, description="number of bills; one per interval")] = 10
    interval_hours: Annotated[
        Hours, Field(description="hours from one bill to the next; the first is issued immediately")
    ] = 24.0

    @model_validator(mode="after")
    def _sum_is_exact(self) -> Self:
        check_decimals(self.currency, amount=self.amount)
        if self.amount * self.days > _MOST_MONEY:
            raise ValueError("amount times days must be at most 10,000,000,000,000")
        return self


class CarriedBills(Boundary):
    """What one run of the workflow passes to the next (continue-as-new)."""

    issued: Annotated[int, Field(ge=1, le=MOST_BILLS)]
    cents: Annotated[int, Field(ge=0)]
    """The sum of the bills so far."""
    started_at: Instant


class Bill(Boundary):
    """One bill: the input of IssueBill."""

    instance_id: str
    number: int
    """From 1."""
    account: Line
    cents: int
    currency: Currency
    due: Instant
    """The date of the bill."""


class IssuedBill(Bill):
    """A row of the table `Bills`."""

    issued_at: str


class BillingState(BillingForm):
    """The input of BillingIssuer: the posted form, and what an earlier run (before continue-as-new) passed on."""

    carried: CarriedBills | None = None

    def run(self, now: datetime) -> "BillingRun":
        """Start, or continue an earlier run; raises `Invalid` if no earlier run can have passed this on."""
        if self.carried is None:
            return BillingRun(form=self, started=now, issued=0, cents=0)
        started = read_instant(self.carried.started_at)
        if started > now or self.carried.issued > self.days:
            raise Invalid("carried: no earlier run of this workflow can have passed this on")
        return BillingRun(form=self, started=started, issued=self.carried.issued, cents=self.carried.cents)


@dataclass(frozen=True, slots=True, kw_only=True)
class BillingRun:
    """The progress of a series of bills: when it started, how many are issued, and their sum."""

    form: BillingForm
    started: datetime
    issued: int
    cents: int

    @property
    def is_complete(self) -> bool:
        """Whether all bills are issued."""
        return self.issued >= self.form.days

    @property
    def total(self) -> float:
        """The sum of the bills so far."""
        return to_money(self.cents)

    @property
    def next_due_at(self) -> datetime:
        """When the next bill is due. Counted from the start, so that delays do not add up."""
        return self.started + self.issued * timedelta(hours=self.form.interval_hours)

    def next_bill(self, instance_id: str) -> Bill:
        """Return the next bill."""
        return Bill(
            instance_id=instance_id,
            number=self.issued + 1,
            account=self.form.account,
            cents=to_cents(self.form.amount),
            currency=self.form.currency,
            due=self.next_due_at.isoformat(),
        )

    def with_bill(self, bill: Bill) -> "BillingRun":
        """Return the progress after this bill, as it is on record."""
        return replace(self, issued=self.issued + 1, cents=self.cents + bill.cents)

    def carry_over(self) -> BillingState:
        """Return the input of the next run (continue-as-new)."""
        fields = self.form.model_dump(exclude={"carried"})
        carried = CarriedBills(issued=self.issued, cents=self.cents, started_at=self.started.isoformat())
        return BillingState(**fields, carried=carried)
