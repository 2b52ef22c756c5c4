"""What a workflow reports: its custom status while it runs, and the outcome at the end."""

from typing import Any, Literal

import azure.durable_functions as df

from approvals.single_stage.lifecycle import State, Status
from approvals.single_stage.outcome import AnswerRequest, Outcome


def show(context: df.DurableOrchestrationContext, state: str, **details: Any) -> None:
    """Set the custom status: one word for the state, and the details that people need (a few hundred bytes of JSON)."""
    context.set_custom_status({"state": state, **details})


class StatusBoard:
    """The custom status of one run. Each change is shown immediately."""

    def __init__(self, context: df.DurableOrchestrationContext, status: Status) -> None:
        self._context = context
        self._status = status

    def move(self, state: State) -> None:
        """Show the next state."""
        self._show(self._status.moved_to(state))

    def show_rejection(self, reason: str) -> None:
        """Show that an answer was refused, and why."""
        self._show(self._status.with_rejection(reason))

    def _show(self, status: Status) -> None:
        self._status = status
        self._context.set_custom_status(status.to_dict())


def end_of(
    context: df.DurableOrchestrationContext,
    request: AnswerRequest,
    outcome: Literal["approved", "rejected", "escalated", "expired"],
    *,
    by: str,
    comment: str = "",
) -> Outcome:
    """Return the outcome of a request, with the current time."""
    return Outcome(
        proposal_id=request.proposal_id,
        stage=request.stage,
        opened_at=request.opened_at,
        outcome=outcome,
        decided_by=by,
        comment=comment,
        decided_at=context.current_utc_datetime.isoformat(),
    )
