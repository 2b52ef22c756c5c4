"""The list of all workflows that can be started from outside."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from approvals.billing import BillingForm
from approvals.budgets import ReservationForm
from approvals.checks import ChecksForm
from approvals.decision import APPROVAL_EVENT, BUDGET_EVENT
from approvals.forms import Form
from approvals.images import ScaleForm
from approvals.intake import IntakeForm
from approvals.jobs import MonitorForm
from approvals.quotes import QuoteForm
from approvals.single_stage.proposal import BudgetRequest, LifecycleForm, ProposalForm
from approvals.webhooks import WebhookForm


@dataclass(frozen=True, slots=True, kw_only=True)
class Workflow:
    """One workflow: its durable name, what it does in one sentence, and the form that starts it."""

    name: str
    does: str
    form: type[Form]
    event: str | None = None
    """The event with the decision; None if the workflow asks nobody."""

    def describe(self) -> dict[str, Any]:
        """Return a description for callers as plain JSON: name, sentence, JSON schema of the input, an example."""
        return {
            "name": self.name,
            "does": self.does,
            "event": self.event,
            "input": self.form.model_json_schema(by_alias=True),
            "example": dict(self.form.example),
        }


LIFECYCLE = Workflow(
    name="ProposalLifecycle",
    does="Takes a design proposal from intake through checks, quote, approval and budget to its job and its bills.",
    form=LifecycleForm,
)
APPROVAL = Workflow(
    name="ApprovalWorkflow",
    does="Asks an approver, waits up to 72 hours, then processes the decision or escalates.",
    form=ProposalForm,
    event=APPROVAL_EVENT,
)
BUDGET = Workflow(
    name="BudgetApproval",
    does="Asks the budget owner: carries out a yes, and notifies the requester of a no or of no answer.",
    form=BudgetRequest,
    event=BUDGET_EVENT,
)
CHAINING = Workflow(
    name="Chaining",
    does="Validates, numbers, summarises and publishes a proposal; a failure undoes what was done, in reverse order.",
    form=IntakeForm,
)
FAN_OUT = Workflow(
    name="FanOutFanIn",
    does="Checks all attachments in parallel and summarises the findings; one failed check does not affect the others.",
    form=ChecksForm,
)
MONITOR = Workflow(
    name="MonitorJobStatus",
    does="Polls a job until it ends or the time limit is reached, then sends an alert.",
    form=MonitorForm,
)
BILLING = Workflow(
    name="BillingIssuer",
    does="Issues one bill a day for ten days, each exactly once.",
    form=BillingForm,
)
QUOTE = Workflow(
    name="TryGetQuote",
    does="Asks a supplier for a quote: true when it comes within 30 seconds, false when it does not.",
    form=QuoteForm,
)
IMAGES = Workflow(
    name="ScaleImages",
    does="Stores scaled copies of an image beside it, each once.",
    form=ScaleForm,
)
RESERVATION = Workflow(
    name="ReserveBudget",
    does="Reserves money on a budget, which never goes below zero, then books or releases it.",
    form=ReservationForm,
    event=BUDGET_EVENT,
)
WEBHOOK = Workflow(
    name="CallWebhook",
    does="Calls an HTTP endpoint of an allowed host, with retries and 202 polling.",
    form=WebhookForm,
)

WORKFLOWS: Mapping[str, Workflow] = MappingProxyType(
    {
        flow.name.casefold(): flow
        for flow in (
            LIFECYCLE, APPROVAL, BUDGET, CHAINING, FAN_OUT, MONITOR, BILLING, QUOTE, IMAGES, RESERVATION, WEBHOOK,
        )
    }
)  # fmt: skip
"""By name in lower case, because durable names are not case-sensitive."""


def find_workflow(name: str) -> Workflow | None:
    """Return the workflow of that durable name, in any case, or None."""
    return WORKFLOWS.get(name.casefold())
