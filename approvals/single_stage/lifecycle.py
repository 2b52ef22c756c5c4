"""The states of a proposal without a policy, as a table, and the custom status in each state."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Any


class State(StrEnum):
    """The state of a proposal."""

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
"""Only a processed proposal becomes approved, and only one that was waited for is processed."""


class IllegalTransition(Exception):
    """The workflow tried a transition that the table does not have, which is a defect of the app."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """The custom status of an approval: its state, its deadline, and answers that were not accepted."""

    stage: str
    approver: str
    deadline: str | None
    """ISO 8601 in UTC; None if there is no deadline."""
    state: State = State.SUBMITTED
    rejected_answers: int = 0
    last_rejection: str | None = None

    def moved_to(self, state: State) -> "Status":
        """Return the status in the next state; raises `IllegalTransition` if the table does not have the transition."""
        if state not in TRANSITIONS[self.state]:
            raise IllegalTransition(f"there is no transition from {self.state} to {state}")
        return replace(self, state=state)

    def with_rejection(self, reason: str) -> "Status":
        """Return the status after a refused answer: the same state, with the reason."""
        return replace(self, rejected_answers=self.rejected_answers + 1, last_rejection=reason)

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON data without empty fields."""
        shown: dict[str, Any] = {"state": self.state.value, "stage": self.stage, "approver": self.approver}
        if self.deadline is not None:
            shown["deadline"] = self.deadline
        if self.last_rejection is not None:
            shown["rejectedAnswers"] = self.rejected_answers
            shown["lastRejection"] = self.last_rejection
        return shown
