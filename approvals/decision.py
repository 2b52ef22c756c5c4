"""What a decision is, and how one is read from an event payload: anything else is rejected, never approved.

A payload reaches the workflow in two forms. The durable HTTP API hands over the JSON object itself; the Python client's
`raise_event` hands over its JSON *text* (a long-standing trait of the SDK). Both are read here. For the same
reason a bare `true` and an HTTP sender's string `"true"` are one: they arrive as the same text. Neither names anybody,
so they count only where the app's settings allow such answers.
"""

from dataclasses import dataclass
from typing import Any, Literal

from pydantic import SerializerFunctionWrapHandler, model_serializer

from approvals.about import About
from approvals.identifiers import InstanceId
from approvals.names import Name, key
from approvals.reserved_names import UNNAMED
from approvals.validation import Invalid, Prose, read_json

APPROVAL_EVENT = "ApprovalEvent"
"""The event that carries a design decision."""

BUDGET_EVENT = "Approval"
"""The event that carries a decision about money."""

NO_DOCUMENT = "without a policy a proposal has no document or round that an answer could name"
"""Why an answer to an approval of a single stage is not taken where it names one: it is meant for something else."""


class Decision(About):
    """One person's answer to one request; only reviews have documents that it can name."""

    approved: bool
    approver: Name = UNNAMED
    comment: Prose = ""

    @model_serializer(mode="wrap")
    def _as_before(self, whole: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave out what it is about where it does not say so: events of before had no such keys."""
        return {name: value for name, value in whole(self).items() if value is not None}

    @property
    def verdict(self) -> Literal["approved", "rejected"]:
        """The answer as a word."""
        return "approved" if self.approved else "rejected"

    @property
    def named(self) -> bool:
        """Whether the answer says who gave it."""
        return key(self.approver) != UNNAMED


class QueuedDecision(About):
    """A decision as other systems send it: with the instance that it is for."""

    instance_id: InstanceId
    approved: bool
    approver: Name = UNNAMED
    comment: Prose = ""

    @property
    def decision(self) -> Decision:
        """The decision without its address."""
        return Decision(**self.model_dump(exclude={"instance_id"}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """Something that is no decision; `reason` is one line for the sender, at most 400 characters."""

    reason: str


def read_event(payload: Any) -> Decision | Rejected:
    """Read what an external event carried: an object, or the JSON text of one. Never raises."""
    try:
        value = _value(payload)
        if not isinstance(value, dict):
            return Rejected(reason=f'a decision is an object like {{"approved": true}}, not {_kind(value)}')
        return Decision.from_dict(value)
    except Invalid as error:
        return Rejected(reason=str(error))


def read_bare(payload: Any) -> Decision | None:
    """Return what a bare `true` or `false` says, as data or as text; None for everything else. Never raises."""
    try:
        value = _value(payload)
    except Invalid:
        return None
    return Decision(approved=value) if isinstance(value, bool) else None


def _value(payload: Any) -> Any:
    return read_json(payload) if isinstance(payload, str) else payload


def _kind(value: object) -> str:
    """Name a JSON value's kind in a person's words."""
    match value:
        case None:
            return "null"
        case bool():
            return "a bare true or false"
        case int() | float():
            return "a number"
        case str():
            return "a text"
        case list():
            return "a list"
        case _:
            return "something else"
