"""Budgets: the available, reserved and spent amounts, and the states of a reservation. Whole cents inside.

    unknown ──reserve──► reserved ──confirm──► spent
                             └─────release──► released

Each step names its reservation by a key. A repeated step changes nothing. For this a budget remembers its ended
reservations. Its state must not grow without limit, so it forgets the oldest of them, see `MOST_ENDED`.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from approvals.forms import Currency, Form, Hours
from approvals.identifiers import InstanceId
from approvals.money import Amount, Cents, check_decimals
from approvals.validation import Boundary, Invalid, Line

MOST_OPEN = 150
"""Reservations that may be open at the same time; a further one is refused. The state has their whole keys, so that a
person can see who holds the money: up to 125 characters each, 19,000 in all."""

MOST_ENDED = 250
"""How many of the latest ended reservations are remembered: up to 41 characters each, 10,000 in all. Together with the
open ones this is less than the 30,000 characters that the hub keeps in a table cell.

A late step for a forgotten key cannot spend money: `confirm` and `release` find nothing. Only a workflow that is
started again under its old id reserves again. It then finds its row in the ledger, which forgets nothing, and releases
the money."""


class ReservationState(StrEnum):
    """The state of a reservation."""

    UNKNOWN = "unknown"
    RESERVED = "reserved"
    SPENT = "spent"
    RELEASED = "released"


class Step(StrEnum):
    """An operation on a reservation."""

    RESERVE = "reserve"
    CONFIRM = "confirm"
    RELEASE = "release"


TRANSITIONS: Mapping[tuple[ReservationState, Step], ReservationState] = MappingProxyType(
    {
        (ReservationState.UNKNOWN, Step.RESERVE): ReservationState.RESERVED,
        (ReservationState.UNKNOWN, Step.RELEASE): ReservationState.UNKNOWN,
        (ReservationState.RESERVED, Step.RESERVE): ReservationState.RESERVED,
        (ReservationState.RESERVED, Step.CONFIRM): ReservationState.SPENT,
        (ReservationState.RESERVED, Step.RELEASE): ReservationState.RELEASED,
        (ReservationState.SPENT, Step.RESERVE): ReservationState.SPENT,
        (ReservationState.SPENT, Step.CONFIRM): ReservationState.SPENT,
        (ReservationState.RELEASED, Step.RELEASE): ReservationState.RELEASED,
    }
)
"""A step whose target is the current state is a repeated one."""

REFUSALS: Mapping[tuple[ReservationState, Step], str] = MappingProxyType(
    {
        (ReservationState.UNKNOWN, Step.CONFIRM): "nothing is reserved under this key",
        (
            ReservationState.SPENT,
            Step.RELEASE,
        ): "this reservation has been confirmed; spent money cannot be released",
        (ReservationState.RELEASED, Step.RESERVE): "this reservation has been released; reserve under another key",
        (ReservationState.RELEASED, Step.CONFIRM): "this reservation has been released",
    }
)
"""Released is final: a late step must not hold or spend money for a requester that has given up."""


class OpenRequest(Boundary):
    """The input of `open`."""

    limit: Cents
    currency: Currency = "EUR"


class ReserveRequest(Boundary):
    """The input of `reserve`."""

    key: InstanceId
    amount: Annotated[Cents, Field(gt=0)]
    currency: Currency = "EUR"


class SettleRequest(Boundary):
    """The input of `confirm` and `release`."""

    key: InstanceId


class Reply(Boundary):
    """The answer to every operation; a refusal is an answer too."""

    granted: bool
    available: int
    reason: str = ""
    standing: str = ReservationState.UNKNOWN.value
    new: bool = False
    """Whether this call made the reservation."""
    limit: int | None = None
    """The limit in force; None if the budget has not been opened."""
    currency: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """One budget. `available` + `reserved` + `spent` equals the limit, and none of them is ever below zero."""

    limit: int | None = None
    currency: str = ""
    spent: int = 0
    holds: Mapping[str, int] = field(default_factory=dict)
    """The open reservations, oldest first."""
    ended: Mapping[str, int] = field(default_factory=dict)
    """The ended reservations by a digest of their key, oldest first; 0 for a released one."""

    @property
    def reserved(self) -> int:
        """The sum of the open reservations."""
        return sum(self.holds.values())

    @property
    def available(self) -> int:
        """The amount that can still be reserved."""
        return (self.limit or 0) - self.reserved - self.spent

    def state_of(self, key: str) -> ReservationState:
        """Return the state of the reservation with that key."""
        if key in self.holds:
            return ReservationState.RESERVED
        match self.ended.get(_digest(key)):
            case None:
                return ReservationState.UNKNOWN
            case 0:
                return ReservationState.RELEASED
            case _:
                return ReservationState.SPENT

    def amount(self, key: str) -> int:
        """Return the amount that is or was reserved under that key, 0 if the key is not known."""
        return self.holds.get(key) or self.ended.get(_digest(key), 0)

    @classmethod
    def from_dict(cls, value: Mapping[str, Any] | None) -> "Budget":
        """Read the data that `to_dict` wrote; None is a budget that nobody has opened."""
        return cls(**value) if value else cls()

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON data, at most 30,000 characters as JSON inside JSON."""
        return {
            "limit": self.limit,
            "currency": self.currency,
            "spent": self.spent,
            "holds": dict(self.holds),
            "ended": dict(self.ended),
        }


def serve(budget: Budget, operation: str, argument: object) -> tuple[Budget, dict[str, Any]]:
    """Carry out `open`, `reserve`, `confirm`, `release` or `get`; returns the new budget and a `Reply`.

    Never raises: after an error a caller would not know whether it holds money. `get` adds the reserved and the spent
    sum to the reply, and each open reservation.
    """
    try:
        match operation:
            case "open":
                return _open(budget, OpenRequest.from_dict(argument))
            case Step.RESERVE:
                return _reserve(budget, ReserveRequest.from_dict(argument))
            case Step.CONFIRM | Step.RELEASE as step:
                return _settle(budget, Step(step), SettleRequest.from_dict(argument).key)
            case "get":
                sums = {"reserved": budget.reserved, "spent": budget.spent, "holds": dict(budget.holds)}
                return budget, _reply(budget) | sums
            case unknown:
                return budget, _reply(budget, reason=f"a Budget has no operation {unknown[:40]!r}")
    except Invalid as error:
        return budget, _reply(budget, reason=str(error))


def _open(budget: Budget, opening: OpenRequest) -> tuple[Budget, dict[str, Any]]:
    if budget.limit is None:
        opened = replace(budget, limit=opening.limit, currency=opening.currency)
        return opened, _reply(opened)
    if (budget.limit, budget.currency) != (opening.limit, opening.currency):
        return budget, _reply(
            budget, reason="the budget is already open with another limit or currency, which stays in force"
        )
    return budget, _reply(budget)


def _reserve(budget: Budget, wanted: ReserveRequest) -> tuple[Budget, dict[str, Any]]:
    state = budget.state_of(wanted.key)
    reason = REFUSALS.get((state, Step.RESERVE)) or _why_not(budget, wanted, state)
    if reason:
        return budget, _reply(budget, wanted.key, reason=reason)
    if TRANSITIONS[state, Step.RESERVE] is state:
        return budget, _reply(budget, wanted.key)
    after = replace(budget, holds={**budget.holds, wanted.key: wanted.amount})
    return after, _reply(after, wanted.key, new=True)


def _why_not(budget: Budget, wanted: ReserveRequest, state: ReservationState) -> str | None:
    """Return why an amount cannot be reserved although the table of transitions allows the step."""
    if budget.limit is None:
        return "the budget is not open"
    if wanted.currency != budget.currency:
        return f"the budget is in {budget.currency}"
    if state is not ReservationState.UNKNOWN:
        return None if wanted.amount == budget.amount(wanted.key) else "another amount is reserved under this key"
    if wanted.amount > budget.available:
        return "not enough is left"
    if len(budget.holds) >= MOST_OPEN:
        return f"{MOST_OPEN} reservations are open; confirm or release some first"
    return None


def _settle(budget: Budget, step: Step, key: str) -> tuple[Budget, dict[str, Any]]:
    state = budget.state_of(key)
    reason = REFUSALS.get((state, step))
    if reason:
        return budget, _reply(budget, key, reason=reason)
    target = TRANSITIONS[state, step]
    after = budget if target is state else _end(budget, key, spent=target is ReservationState.SPENT)
    return after, _reply(after, key)


def _end(budget: Budget, key: str, *, spent: bool) -> Budget:
    """End an open reservation, and forget the oldest ended one if there are too many."""
    cents = budget.holds[key] if spent else 0
    ended = list({**budget.ended, _digest(key): cents}.items())[-MOST_ENDED:]
    holds = {each: held for each, held in budget.holds.items() if each != key}
    return replace(budget, spent=budget.spent + cents, holds=holds, ended=dict(ended))


def _reply(budget: Budget, key: str | None = None, *, reason: str = "", new: bool = False) -> dict[str, Any]:
    reply = Reply(
        granted=not reason,
        available=budget.available,
        reason=reason,
        standing=(budget.state_of(key) if key else ReservationState.UNKNOWN).value,
        new=new,
        limit=budget.limit,
        currency=budget.currency,
    )
    return reply.to_dict()


def _digest(key: str) -> str:
    """64 bits: among some hundred keys two collide once in 10^14 budgets."""
    return hashlib.sha256(key.encode()).hexdigest()[:16]


class ReservationForm(Form):
    """An amount to reserve from a budget."""

    example: ClassVar = {
        "title": "Mill Stream footbridge",
        "budget": "bridges-2026",
        "amount": 148500,
        "currency": "EUR",
        "limit": 2000000,
    }

    title: Line = "Reservation"
    budget: Annotated[
        str,
        Field(
            pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,59}$", description="The budget's name; upper and lower case differ"
        ),
    ]
    amount: Annotated[Amount, Field(gt=0, description="With at most two decimals, like all amounts")]
    currency: Currency = "EUR"
    limit: Annotated[
        Amount | None,
        Field(description="Opens the budget if it is not open yet; an open budget keeps its limit"),
    ] = None
    ask_first: Annotated[bool, Field(description="Whether the budget owner must agree, by the event Approval")] = False
    window_hours: Annotated[Hours, Field(description="How long the workflow waits for the answer")] = 72.0

    @model_validator(mode="after")
    def _amounts_fit(self) -> Self:
        check_decimals(self.currency, amount=self.amount, limit=self.limit)
        return self


class Booking(Boundary):
    """The input of BookCost and VoidCost: what a reservation pays for."""

    instance_id: str
    round: str
    """When the workflow started, ISO 8601 in UTC. Distinguishes two runs under one id."""
    title: Line
    budget: str
    cents: int
    currency: str


class Entry(Booking):
    """A row of the table `Ledger`: the final state of one instance's reservation."""

    state: Literal["booked", "void"]
    recorded_at: str

    @property
    def is_booked(self) -> bool:
        """Whether the money is spent."""
        return self.state == "booked"
