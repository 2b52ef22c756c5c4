"""Proposals without a policy: the forms that people send, and the submissions that the workflows get from them."""

from collections.abc import Callable
from datetime import timedelta
from typing import Annotated, Any, ClassVar, Self

from pydantic import Field, model_validator

from approvals.attachments import MOST_ATTACHMENTS, InlineAttachment, StoredAttachment
from approvals.forms import AsTuple, Currency, Form, Hours, Money
from approvals.money import Amount, check_decimals
from approvals.names import Name, key
from approvals.reserved_names import UNNAMED
from approvals.validation import Boundary, Invalid, Line, Prose

AlsoCalled = Annotated[
    tuple[Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")], ...],
    AsTuple,
    Field(max_length=100, description="digests of the requester's other names; they may not decide; set by the app"),
]
"""The requester's other names, by `names.digest`: a workflow has no directory, and names must not be in the hub."""


class _Proposal(Boundary):
    """The common fields of a form and its submission."""

    title: Line
    submitted_by: Name
    approver: Name = "the design board"
    escalate_to: Name = "the head of design"
    summary: Prose = ""
    estimated_cost: Amount = 0.0
    currency: Currency = "EUR"
    window_hours: Hours = 72.0


class ProposalSubmission(_Proposal):
    """The input of ApprovalWorkflow: plain, small data; the documents are in blobs."""

    attachments: Annotated[tuple[StoredAttachment, ...], AsTuple] = Field(default=(), max_length=MOST_ATTACHMENTS)
    also_called: AlsoCalled = ()

    @property
    def window(self) -> timedelta:
        """How long the workflow waits for the answer."""
        return timedelta(hours=self.window_hours)


class ProposalForm(_Proposal, Form):
    """A design proposal as it is posted; it may contain small attachments."""

    example: ClassVar = {
        "title": "Mill Stream footbridge",
        "submittedBy": "Ines Carvalho",
        "approver": "Mara Lindqvist",
        "escalateTo": "Jonas Weber",
        "estimatedCost": 148500,
        "attachments": [{"name": "note.md", "contentType": "text/markdown", "content": "IyBNaWxsIFN0cmVhbQo="}],
    }

    most_files: ClassVar = MOST_ATTACHMENTS

    attachments: Annotated[tuple[InlineAttachment, ...], AsTuple] = Field(default=(), max_length=MOST_ATTACHMENTS)

    @model_validator(mode="after")
    def _cost_fits(self) -> Self:
        check_decimals(self.currency, estimatedCost=self.estimated_cost)
        return self

    def renamed(self, name_of: Callable[[str], str]) -> Self:
        """Return the form with each person's name replaced; raises `Invalid` if the author is the approver."""
        names = {field: name_of(getattr(self, field)) for field in ("submitted_by", "approver", "escalate_to")}
        if key(names["submitted_by"]) == key(names["approver"]):
            raise Invalid("approver: submitted the proposal and may not decide on it; name another person")
        return self.model_copy(update=names)

    def identities(self, also_called: Callable[[str], tuple[str, ...]]) -> dict[str, Any]:
        """Return the author's other names."""
        return _identities(also_called, self.submitted_by)

    @property
    def files(self) -> tuple[InlineAttachment, ...]:
        """The attachments."""
        return self.attachments

    def submission(self, stored: tuple[StoredAttachment, ...]) -> dict[str, Any]:
        """Return the workflow's input, with references to the stored attachments."""
        fields = self.model_dump(by_alias=True, exclude={"attachments"})
        return {**fields, "attachments": [attachment.to_dict() for attachment in stored]}


class BudgetRequest(Form):
    """A request for money: the form and the input of BudgetApproval."""

    example: ClassVar = {"title": "Mill Stream footbridge", "requestedBy": "Ines Carvalho", "amount": 148500}

    title: Line = "Budget"
    requested_by: Name = UNNAMED
    amount: Amount = 0.0
    currency: Currency = "EUR"
    window_hours: Hours = 72.0
    also_called: AlsoCalled = ()

    @model_validator(mode="after")
    def _amount_fits(self) -> Self:
        check_decimals(self.currency, amount=self.amount)
        return self

    def renamed(self, name_of: Callable[[str], str]) -> Self:
        """Return the form with the requester's name replaced."""
        return self.model_copy(update={"requested_by": name_of(self.requested_by)})

    def identities(self, also_called: Callable[[str], tuple[str, ...]]) -> dict[str, Any]:
        """Return the requester's other names."""
        return _identities(also_called, self.requested_by)

    @property
    def window(self) -> timedelta:
        """How long the workflow waits for the answer."""
        return timedelta(hours=self.window_hours)


def _identities(also_called: Callable[[str], tuple[str, ...]], name: str) -> dict[str, Any]:
    called = also_called(name)
    return {"alsoCalled": list(called)} if called else {}


def may_decide(submission: object, approver: str) -> bool:
    """Say whether a person may decide on a workflow's submission: false for the person who submitted it."""
    fields = submission if isinstance(submission, dict) else {}
    asking = fields.get("submittedBy") or fields.get("requestedBy")
    return not isinstance(asking, str) or key(asking) == UNNAMED or key(asking) != key(approver)


class _Lifecycle(_Proposal):
    """What the whole lifecycle needs besides the proposal. Steps whose field is left out are skipped."""

    supplier_url: Annotated[Line | None, Field(description="the URL of a supplier that is asked for a quote")] = None
    budget_limit: Annotated[Money, Field(description="a higher cost needs the budget owner's approval too")] = 100_000.0
    budget_currency: Annotated[
        Currency, Field(description="the currency of budgetLimit; the cost must be in the same currency")
    ] = "EUR"
    budget: Annotated[Line | None, Field(description="the budget on which the cost is reserved and booked")] = None
    job_id: Annotated[Line | None, Field(description="the job that is monitored after the approval")] = None
    bill_to: Annotated[Line | None, Field(description="the account that is billed daily for ten days")] = None
    webhook_url: Annotated[Line | None, Field(description="the URL that gets the outcome")] = None


class LifecycleSubmission(_Lifecycle, ProposalSubmission):
    """The input of ProposalLifecycle."""

    def proposal(self) -> dict[str, Any]:
        """Return the input of the sub-orchestrations that take a proposal."""
        return self.model_dump(mode="json", by_alias=True, exclude=set(_Lifecycle.model_fields) - _PROPOSAL)


class LifecycleForm(_Lifecycle, ProposalForm):
    """A design proposal for the whole lifecycle."""

    example: ClassVar = {
        **ProposalForm.example,
        "supplierUrl": "http://localhost:7099/quote",
        "jobId": "footbridge-works",
        "billTo": "Town works",
    }

    @model_validator(mode="after")
    def _limit_compares(self) -> Self:
        if self.currency != self.budget_currency:
            raise ValueError(
                f"budgetLimit is in {self.budget_currency}; give one in {self.currency} and set budgetCurrency"
            )
        check_decimals(self.budget_currency, budgetLimit=self.budget_limit)
        return self


_PROPOSAL = set(_Proposal.model_fields)
