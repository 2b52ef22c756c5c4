"""What is handed in: the forms that people send, and the submissions that the workflows get in their stead."""

from datetime import timedelta
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from approvals.attachments import MOST_ATTACHMENTS, InlineAttachment, StoredAttachment
from approvals.validation import Boundary, Line, Prose

Money = Annotated[float, Field(ge=0, le=1e12)]
Hours = Annotated[float, Field(gt=0, le=144)]
"""At most six days: above that the SDK splits a timer into slices, which it cannot cancel."""

_Tuple = BeforeValidator(lambda value: tuple(value) if isinstance(value, list) else value)
"""JSON has lists; frozen data has tuples."""


class _Proposal(Boundary):
    """The fields that a form and its submission have in common."""

    title: Line
    submitted_by: Line
    approver: Line = "the design board"
    escalate_to: Line = "the head of design"
    summary: Prose = ""
    estimated_cost: Money = 0.0
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] = "EUR"
    window_hours: Hours = 72.0


class ProposalSubmission(_Proposal):
    """The input of ApprovalWorkflow: plain, small data; the documents lie in blobs."""

    attachments: Annotated[tuple[StoredAttachment, ...], _Tuple] = Field(default=(), max_length=MOST_ATTACHMENTS)

    @property
    def window(self) -> timedelta:
        """How long an answer is waited for."""
        return timedelta(hours=self.window_hours)


class ProposalForm(_Proposal):
    """A design proposal as it is posted; small attachments may be inside."""

    attachments: Annotated[tuple[InlineAttachment, ...], _Tuple] = Field(default=(), max_length=MOST_ATTACHMENTS)

    def submission(self, stored: tuple[StoredAttachment, ...]) -> dict[str, Any]:
        """Return the workflow's input, the attachments replaced by where they lie now."""
        fields = self.model_dump(by_alias=True, exclude={"attachments"})
        return {**fields, "attachments": [attachment.to_dict() for attachment in stored]}


class BudgetRequest(Boundary):
    """What BudgetApproval is asked; form and input in one, as it has no attachments."""

    title: Line = "Budget"
    requested_by: Line = "unnamed"
    amount: Money = 0.0
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] = "EUR"

    @property
    def attachments(self) -> tuple[InlineAttachment, ...]:
        """None: a budget is asked for with a figure alone."""
        return ()

    def submission(self, stored: tuple[StoredAttachment, ...]) -> dict[str, Any]:  # noqa: ARG002  the Form protocol's
        """Return the workflow's input."""
        return self.to_dict()
