"""ApprovalQueueProcessor: delivers a decision from `approval-queue` to the review or workflow that waits for it.

A message that can never succeed is moved to the poison queue immediately, with a reason. For one that may succeed later
an exception is raised, so that the host delivers it again.
"""

import asyncio
import json
import logging

import azure.durable_functions as df
import azure.functions as func

from approvals.decision import NO_DOCUMENT, Rejected
from approvals.poison import PoisonMessage
from approvals.queue_message import (
    AnyReading,
    BareReading,
    Reading,
    ReviewReading,
    answer_in,
    approver_in,
    id_of,
    read_queue_message,
)
from approvals.record.entries import Via
from approvals.reserved_names import UNNAMED
from approvals.rules.acceptance import Actor
from approvals.rules.eligibility import ActionRefused
from approvals.single_stage.proposal import may_decide
from approvals.workflows import find_workflow
from gateways import clock
from gateways.bare_answers import are_allowed
from gateways.people import name_of
from gateways.single_stage_records import Answer, open_single_stage_records
from services import desk
from services.instances import Instance, find_instance, raise_event
from services.review_changes import Unknown

bp = df.Blueprint()
log = logging.getLogger("greenlight.decisions")

_UNNAMED = "the message does not say who decided; such messages count only if APPROVALS_ALLOW_BARE is 1"


@bp.function_name(name="ApprovalQueueProcessor")
@bp.queue_trigger(arg_name="message", queue_name="approval-queue", connection="ApprovalsStorage")
@bp.queue_output(arg_name="poison", queue_name="approval-queue-poison", connection="ApprovalsStorage")
@bp.durable_client_input(client_name="client")
async def approval_queue_processor(
    message: func.QueueMessage, poison: func.Out[str], client: df.DurableOrchestrationClient
) -> None:
    """Deliver one message, or move it to the poison queue."""
    body = message.get_body()
    refusal = await deliver(client, body, f"message {message.id}")
    if refusal:
        log.warning("message %s was moved to the poison queue: %s", message.id, refusal.reason)
        poison.set(PoisonMessage.of(body, refusal.reason).to_json())


async def deliver(client: df.DurableOrchestrationClient, body: bytes, message: str) -> Rejected | None:
    """Read the message, find the instance, record the answer and raise the event; returns why if that is impossible.

    `message` identifies it: the same message delivered again is recognised.
    """
    readings = read_queue_message(body)
    if isinstance(readings, Rejected):
        return readings
    for reading in readings:
        instance = None
        if not isinstance(reading, ReviewReading):
            instance = await find_instance(client, reading.instance_id, with_input=True)
            if instance and _is_plain(instance):
                return await _answer(client, instance, reading)
        decided = await _decide(client, reading, message)
        if not isinstance(decided, Unknown):
            return decided
        if instance and not isinstance(reading, ReviewReading):
            return await _answer(client, instance, reading)
    kind = "proposal" if isinstance(readings[0], ReviewReading) else "instance"
    return Rejected(reason=f"there is no {kind} {readings[0].instance_id}")


def _is_plain(instance: Instance) -> bool:
    """Say whether an instance is not a review, so that a record with its id would belong to something else."""
    return isinstance(instance.input, dict) and "review" not in instance.input


async def _decide(
    client: df.DurableOrchestrationClient, reading: AnyReading, message: str
) -> Rejected | Unknown | None:
    """Record an answer to a review at the desk; `Unknown` if there is no such review.

    The desk refuses an answer without a name, whatever the settings say.
    """
    person = approver_in(reading) or UNNAMED
    verb = answer_in(reading, person=person, decision_id=id_of(reading, message))
    done = await desk.act(client, reading.instance_id, verb, Actor(name=person, via=Via.QUEUE))
    match done:
        case Unknown():
            return done
        case ActionRefused(reason=reason):
            return Rejected(reason=reason)
        case _:
            return None


async def _answer(
    client: df.DurableOrchestrationClient, instance: Instance, reading: Reading | BareReading
) -> Rejected | None:
    decision = reading.decision
    decision = decision.model_copy(update={"approver": name_of(decision.approver)})
    workflow = find_workflow(instance.workflow)
    if workflow is None or workflow.event is None:
        return Rejected(reason=f"{instance.id} is a {instance.workflow}, which does not wait for a decision")
    if instance.finished:
        return Rejected(reason=f"{instance.id} has already finished: {instance.state}")
    if decision.names_document:
        return Rejected(reason=NO_DOCUMENT)
    if not decision.names_approver and not are_allowed():
        return Rejected(reason=_UNNAMED)
    if not may_decide(instance.input, decision.approver):
        return Rejected(reason=f"{decision.approver} submitted it and may not decide on it")

    # First record, then raise the event: after a crash in between the repeated message raises the recorded answer.
    answer = Answer(
        proposal_id=instance.id,
        workflow=workflow.name,
        round=instance.created.isoformat(),
        decision=decision,
        answered_at=clock.now(),
    )
    on_record = await asyncio.to_thread(lambda: open_single_stage_records().record_answer(answer))
    if on_record.approved != decision.approved:
        return Rejected(reason=f"{on_record.approver} has already answered: {on_record.verdict}")
    if not await raise_event(client, instance, workflow.event, on_record.to_dict()):
        return Rejected(reason=f"{instance.id} finished before the answer reached it")
    log.info(json.dumps({"record": "decision", "instanceId": instance.id, "approved": on_record.approved}))
    return None
