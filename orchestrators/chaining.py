"""Chaining: the intake of a proposal step by step. If a step fails, the steps before it are undone."""

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any

import azure.durable_functions as df
from azure.durable_functions.models.Task import TaskBase

from approvals.intake import Intake
from approvals.single_stage.proposal import ProposalSubmission
from approvals.workflows import CHAINING
from orchestrators.attempts import Failed, attempt
from orchestrators.calls import call, read_input
from orchestrators.reporting import show

bp = df.Blueprint()

Call = Callable[[df.DurableOrchestrationContext, dict[str, Any]], TaskBase]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of the chain, and its compensation."""

    name: str
    shown_as: str
    do: Call
    undo: Call | None = None


STEPS = (
    Step(
        name="ValidateProposal",
        shown_as="validating",
        do=lambda context, intake: call(context, "ValidateProposal", intake),
    ),
    Step(
        name="NumberProposal",
        shown_as="numbering",
        do=lambda context, entry: call(context, "NumberProposal", entry),
        undo=lambda context, undo: call(context, "ReleaseNumber", undo),
    ),
    Step(
        name="SummariseProposal",
        shown_as="summarising",
        do=lambda context, entry: call(context, "SummariseProposal", entry),
        undo=lambda context, undo: call(context, "DiscardSummary", undo),
    ),
    Step(
        name="PublishProposal",
        shown_as="publishing",
        do=lambda context, entry: call(context, "PublishProposal", entry),
        undo=lambda context, undo: call(context, "WithdrawPublication", undo),
    ),
)
"""Each step's result is the next step's input, so the order cannot be changed."""


@bp.orchestration_trigger(context_name="context", orchestration=CHAINING.name)
def chaining(context: df.DurableOrchestrationContext) -> Generator[Any, Any, dict]:
    """Take a proposal through all steps. If one fails, undo the successful ones, the last one first."""
    proposal = read_input(context, ProposalSubmission)
    intake = Intake(
        proposal_id=context.instance_id, opened_at=context.current_utc_datetime.isoformat(), proposal=proposal
    )
    value = intake.to_dict()
    for index, step in enumerate(STEPS):
        show(context, step.shown_as, step=index + 1, of=len(STEPS), title=proposal.title)
        result = yield from attempt(step.do(context, value))
        if isinstance(result, Failed):
            return (yield from _undo_steps(context, intake, index, result.reason, in_doubt=True))
        if "refused" in result:
            return (yield from _undo_steps(context, intake, index, result["refused"], in_doubt=False))
        value = result
    show(context, "published", number=value["number"])
    return {"outcome": "published", **value}


def _undo_steps(
    context: df.DurableOrchestrationContext, intake: Intake, failed: int, reason: str, *, in_doubt: bool
) -> Generator[TaskBase, Any, dict[str, Any]]:
    """Undo the steps before step `failed`; with `in_doubt` also that step, which may have done its work all the same.

    A compensation that fails does not stop the others.
    """
    undone, not_undone = list[str](), list[str]()
    for step in reversed(STEPS[: failed + 1] if in_doubt else STEPS[:failed]):
        if step.undo is None:
            continue
        show(context, "undoing", failedStep=STEPS[failed].name, reason=reason, undoing=step.name, undone=list(undone))
        result = yield from attempt(step.undo(context, intake.undo.to_dict()))
        if isinstance(result, Failed):
            not_undone.append(step.name)
        elif result["undone"] or step is not STEPS[failed]:
            undone.append(step.name)
    show(context, "undone", failedStep=STEPS[failed].name, reason=reason, notUndone=not_undone)
    return {
        "outcome": "undone",
        "failedStep": STEPS[failed].name,
        "reason": reason,
        "undone": undone,
        "notUndone": not_undone,
    }
