"""The workflows that can be started from outside: the one place that lists them."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Protocol, Self

from approvals.attachments import InlineAttachment, StoredAttachment
from approvals.proposal import BudgetRequest, ProposalForm


class Form(Protocol):
    """What is posted to start a workflow."""

    @classmethod
    def from_dict(cls, value: object) -> Self:
        """Check plain JSON data; raises `Invalid`."""
        ...

    @property
    def attachments(self) -> tuple[InlineAttachment, ...]:
        """The files inside the form."""
        ...

    def submission(self, stored: tuple[StoredAttachment, ...]) -> dict[str, Any]:
        """Return the workflow's input, small and plain."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Workflow:
    """One workflow: its durable name, the event that decides it, and the form that starts it."""

    name: str
    event: str
    form: type[Form]


APPROVAL = Workflow(name="ApprovalWorkflow", event="ApprovalEvent", form=ProposalForm)
BUDGET = Workflow(name="BudgetApproval", event="Approval", form=BudgetRequest)

WORKFLOWS: Mapping[str, Workflow] = MappingProxyType({flow.name.casefold(): flow for flow in (APPROVAL, BUDGET)})
"""By name in lower case, as durable names match without case."""


def find_workflow(name: str) -> Workflow | None:
    """Return the workflow of that durable name, in any case, or None."""
    return WORKFLOWS.get(name.casefold())
