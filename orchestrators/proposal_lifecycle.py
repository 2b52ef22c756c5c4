"""ProposalLifecycle: a design proposal from intake to bills. Each part is a workflow that can also run alone."""

from collections.abc import Generator
from typing import Any

import azure.durable_functions as df
from azure.durable_functions.models.Task import TaskBase

from approvals.single_stage.proposal import LifecycleSubmission
from approvals.workflows import (
    APPROVAL,
    BILLING,
    BUDGET,
    CHAINING,
    FAN_OUT,
    IMAGES,
    LIFECYCLE,
    MONITOR,
    QUOTE,
    RESERVATION,
    WEBHOOK,
    Workflow,
)
from orchestrators.calls import call, read_input
from orchestrators.parts import part_id
from orchestrators.reporting import show

bp = df.Blueprint()

Steps = Generator[TaskBase, Any, dict[str, Any]]


@bp.orchestration_trigger(context_name="context", orchestration=LIFECYCLE.name)
def proposal_lifecycle(context: df.DurableOrchestrationContext) -> Generator[Any, Any, dict]:
    """Take one proposal from intake to its bills. Steps whose field is left out in the form are skipped."""
    proposal = read_input(context, LifecycleSubmission)

    intake = part_id(context, "intake")
    prepared = yield from _prepare(context, proposal, intake)
    ended = prepared if "outcome" in prepared else (yield from _decide(context, proposal))
    if ended["outcome"] != "approved" and "number" in prepared:
        # So that the title is free when the proposal is submitted again.
        entry = {"proposalId": intake, "title": proposal.title}
        yield call(context, "WithdrawPublication", entry)
    carried_out = (yield from _carry_out(context, proposal)) if ended["outcome"] == "approved" else {}
    notified = yield from _notify(context, proposal, ended["outcome"])

    show(context, ended["outcome"], **({"number": prepared["number"]} if "number" in prepared else {}))
    return {**prepared, **ended, **carried_out, **notified}


def _prepare(context: df.DurableOrchestrationContext, proposal: LifecycleSubmission, intake_id: str) -> Steps:
    """Run intake, checks, scaled pictures and a quote; the result has an `outcome` if the proposal ends here."""
    show(context, "intake")
    intake = yield context.call_sub_orchestrator(CHAINING.name, proposal.proposal(), intake_id)
    if intake["outcome"] != "published":
        return {"outcome": "refused", "reason": intake["reason"]}

    show(context, "checking", number=intake["number"])
    attachments = [attachment.to_dict() for attachment in proposal.attachments]
    findings = yield _part(context, FAN_OUT, "checks", {"attachments": attachments})
    prepared = {"number": intake["number"], "checks": findings["outcome"]}
    if findings["outcome"] in ("objections", "incomplete"):
        return {**prepared, "outcome": "refused", "reason": f"the checks of the attachments: {findings['outcome']}"}

    pictures = [each.blob for each in proposal.attachments if each.content_type.startswith("image/")]
    if pictures:
        yield context.task_all(
            [_part(context, IMAGES, f"picture{index}", {"blob": blob}) for index, blob in enumerate(pictures)]
        )

    if proposal.supplier_url:
        show(context, "asking for a quote", number=intake["number"])
        question = {"item": proposal.title, "quantity": 1, "supplierUrl": proposal.supplier_url}
        prepared["quoted"] = yield _part(context, QUOTE, "quote", question)
    return prepared


def _decide(context: df.DurableOrchestrationContext, proposal: LifecycleSubmission) -> Steps:
    """Ask the approver, above the limit also the budget owner, and reserve the money."""
    asked = part_id(context, "approval")
    show(context, "in approval", instance=asked)
    approval = yield context.call_sub_orchestrator(APPROVAL.name, proposal.proposal(), asked)
    ended = {"outcome": approval["outcome"], "decidedBy": approval["decidedBy"]}

    if ended["outcome"] == "approved" and proposal.estimated_cost > proposal.budget_limit:
        asked = part_id(context, "budget")
        show(context, "in budget approval", instance=asked)
        question = {
            "title": proposal.title,
            "requestedBy": proposal.submitted_by,
            "amount": proposal.estimated_cost,
            "currency": proposal.currency,
            "alsoCalled": list(proposal.also_called),
        }
        budget = yield context.call_sub_orchestrator(BUDGET.name, question, asked)
        if budget["outcome"] != "approved":
            return {**ended, "outcome": "refused", "reason": f"the budget was {budget['outcome']}"}

    if ended["outcome"] == "approved" and proposal.budget:
        show(context, "reserving", budget=proposal.budget)
        money = {"budget": proposal.budget, "amount": proposal.estimated_cost, "currency": proposal.currency}
        booked = yield _part(context, RESERVATION, "money", money)
        if booked["outcome"] != "booked":
            return {**ended, "outcome": "refused", "reason": booked["reason"]}
    return ended


def _carry_out(context: df.DurableOrchestrationContext, proposal: LifecycleSubmission) -> Steps:
    """Monitor the job and send the bills in parallel."""
    parts = {}
    if proposal.job_id:
        parts["job"] = _part(context, MONITOR, "job", {"jobId": proposal.job_id})
    if proposal.bill_to:
        bills = {"account": proposal.bill_to, "amount": proposal.estimated_cost, "currency": proposal.currency}
        parts["billing"] = _part(context, BILLING, "bills", bills)
    if not parts:
        return {}
    show(context, "carrying out", parts=list(parts))
    ended = yield context.task_all(list(parts.values()))
    return {name: each["outcome"] for name, each in zip(parts, ended, strict=True)}


def _notify(context: df.DurableOrchestrationContext, proposal: LifecycleSubmission, outcome: str) -> Steps:
    """Send the outcome to another system if the form names one."""
    if not proposal.webhook_url:
        return {}
    show(context, "telling", url=proposal.webhook_url)
    body = {"proposal": context.instance_id, "outcome": outcome}
    called = yield _part(context, WEBHOOK, "told", {"url": proposal.webhook_url, "body": body})
    return {"webhook": called["outcome"]}


def _part(context: df.DurableOrchestrationContext, workflow: Workflow, word: str, argument: dict[str, Any]) -> TaskBase:
    """Run a workflow as a sub-orchestration of this one."""
    return context.call_sub_orchestrator(workflow.name, argument, part_id(context, word))
