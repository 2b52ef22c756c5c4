"""A decision, and how it is read from an event's payload. Everything else is rejected, never approved.

A payload reaches the workflow in two forms. The durable HTTP API delivers the JSON object itself. The Python client's
`raise_event` delivers its JSON *text* (a long-standing behaviour of the SDK). Both are read here. For the same reason a
bare `true` and an HTTP sender's string `"true"` cannot be told apart: they arrive as the same text. Neither names a
person, so they count only if the app's settings allow such answers.
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
"""The event that delivers a decision about a design."""

BUDGET_EVENT = "Approval"
"""The event that delivers a decision about money."""

NO_DOCUMENT = "a proposal without a policy has no document or round that an answer could name"
"""Why a single-stage approval refuses an answer that names a document or a round: it was meant for something else."""


class Decision(About):
    """One person's answer to one request. It can name a document only if the request is a review."""

    approved: bool
    approver: Name = UNNAMED
    comment: Prose = ""

    @model_serializer(mode="wrap")
    def _as_before(self, whole: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave out document and round if they are not given: events of older versions have no such keys."""
        return {name: value for name, value in whole(self).items() if value is not None}

    @property
    def verdict(self) -> Literal["approved", "rejected"]:
        """The answer as a word."""
        return "approved" if self.approved else "rejected"

    @property
    def names_approver(self) -> bool:
        """Whether the answer says who gave it."""
        return key(self.approver) != UNNAMED


class QueuedDecision(About):
    """A decision as other systems send it, together with the instance that it is for."""

    instance_id: InstanceId
    approved: bool
    approver: Name = UNNAMED
    comment: Prose = ""

    @property
    def decision(self) -> Decision:
        """The decision without the instance."""
        return Decision(**self.model_dump(exclude={"instance_id"}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """A payload that is not a decision. `reason` is one line for the sender, at most 400 characters."""

    reason: str


def read_event(payload: Any) -> Decision | Rejected:
    """Read the payload of an external event: an object, or the JSON text of one. Never raises."""
    try:
        value = _value(payload)
        if not isinstance(value, dict):
            return Rejected(reason=f'a decision is an object like {{"approved": true}}, not {_kind(value)}')
        return Decision.from_dict(value)
    except Invalid as error:
        return Rejected(reason=str(error))


def read_bare(payload: Any) -> Decision | None:
    """Return the decision of a bare `true` or `false`, as data or as text; None for everything else. Never raises."""
    try:
        value = _value(payload)
    except Invalid:
        return None
    return Decision(approved=value) if isinstance(value, bool) else None


def _value(payload: Any) -> Any:
    return read_json(payload) if isinstance(payload, str) else payload


def _kind(value: object) -> str:
    """Name the type of a JSON value for a person."""
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
