"""The stations of a proposal, as a table, and what its custom status shows at each."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Any


class State(StrEnum):
    """Where a proposal stands."""

    SUBMITTED = "submitted"
    WAITING = "waiting"
    PROCESSING = "processing"
    ESCALATING = "escalating"
    APPROVED = "approved"
    REJECTED = "rejected"
    ESCALATED = "escalated"
    NOTIFYING = "notifying"
    EXPIRED = "expired"


TRANSITIONS: Mapping[State, frozenset[State]] = MappingProxyType(
    {
        State.SUBMITTED: frozenset({State.WAITING}),
        State.WAITING: frozenset({State.WAITING, State.PROCESSING, State.ESCALATING, State.NOTIFYING}),
        State.PROCESSING: frozenset({State.APPROVED, State.REJECTED}),
        State.ESCALATING: frozenset({State.ESCALATED}),
        State.APPROVED: frozenset(),
        State.REJECTED: frozenset(),
        State.ESCALATED: frozenset(),
        State.NOTIFYING: frozenset({State.REJECTED, State.EXPIRED}),
        State.EXPIRED: frozenset(),
    }
)
"""Nothing becomes approved but what was processed, and nothing is processed but what was waited for."""


class IllegalTransition(Exception):
    """The workflow tried a step that the table does not have: a defect of ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """What the custom status of an approval tells: where it stands, until when, and what was not accepted."""

    stage: str
    approver: str
    deadline: str | None
    """ISO 8601 in UTC; None where the answer may take as long as it likes."""
    state: State = State.SUBMITTED
    rejected_answers: int = 0
    last_rejection: str | None = None

    def moved_to(self, state: State) -> "Status":
        """Return the status one step on; raises `IllegalTransition` for a step that the table does not have."""
        if state not in TRANSITIONS[self.state]:
            raise IllegalTransition(f"no step leads from {self.state} to {state}")
        return replace(self, state=state)

    def with_rejection(self, reason: str) -> "Status":
        """Return the status after an answer that does not count: still where it was, the reason on show."""
        return replace(self, rejected_answers=self.rejected_answers + 1, last_rejection=reason)

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON data; what there is nothing to say about is left out."""
        shown: dict[str, Any] = {"state": self.state.value, "stage": self.stage, "approver": self.approver}
        if self.deadline is not None:
            shown["deadline"] = self.deadline
        if self.last_rejection is not None:
            shown["rejectedAnswers"] = self.rejected_answers
            shown["lastRejection"] = self.last_rejection
        return shown
