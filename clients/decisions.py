"""ApprovalQueueProcessor: bring a decision from `approval-queue` to the workflow that waits for it.

What can never succeed is put aside on the poison queue with a reason, at once. What may succeed later raises, so that
the host shows the message again.
"""

import asyncio
import json
import logging
import os

import azure.durable_functions as df
import azure.functions as func

from approvals.decision import Rejected
from approvals.poison import PoisonMessage
from approvals.queue_message import BareReading, Reading, read_queue_message
from approvals.workflows import find_workflow
from clients.instances import Instance, find_instance, raise_event
from gateways import clock
from gateways.records import Answer, open_records

bp = df.Blueprint()
log = logging.getLogger("greenlight.decisions")


@bp.function_name(name="ApprovalQueueProcessor")
@bp.queue_trigger(arg_name="message", queue_name="approval-queue", connection="ApprovalsStorage")
@bp.queue_output(arg_name="poison", queue_name="approval-queue-poison", connection="ApprovalsStorage")
@bp.durable_client_input(client_name="client")
async def approval_queue_processor(
    message: func.QueueMessage, poison: func.Out[str], client: df.DurableOrchestrationClient
) -> None:
    """Deliver one message, or put it aside."""
    body = message.get_body()
    refusal = await _deliver(client, body)
    if refusal:
        log.warning("message %s put aside: %s", message.id, refusal.reason)
        poison.set(PoisonMessage.of(body, refusal.reason).to_json())


async def _deliver(client: df.DurableOrchestrationClient, body: bytes) -> Rejected | None:
    """Understand the message, find whom it is for, write the answer down, raise the event; or say why not."""
    readings = read_queue_message(body)
    if isinstance(readings, Rejected):
        return readings
    for reading in readings:
        instance = await find_instance(client, reading.instance_id)
        if instance:
            return await _answer(client, instance, reading)
    return Rejected(reason=f"there is no instance {readings[0].instance_id}")


async def _answer(
    client: df.DurableOrchestrationClient, instance: Instance, reading: Reading | BareReading
) -> Rejected | None:
    decision = reading.decision
    workflow = find_workflow(instance.workflow)
    if workflow is None or workflow.event is None:
        return Rejected(reason=f"{instance.id} is a {instance.workflow}, which waits for no decision")
    if instance.finished:
        return Rejected(reason=f"{instance.id} has finished already: {instance.state}")
    if not decision.named and os.environ.get("APPROVALS_ALLOW_BARE") != "1":
        return Rejected(reason="the message does not say who decided, and APPROVALS_ALLOW_BARE is not 1")

    # First the fact, then the event: after a crash in between the message comes again and raises what is on record.
    answer = Answer(
        proposal_id=instance.id,
        workflow=workflow.name,
        round=instance.created.isoformat(),
        decision=decision,
        answered_at=clock.now(),
    )
    on_record = await asyncio.to_thread(lambda: open_records().record_answer(answer))
    if on_record.approved != decision.approved:
        return Rejected(reason=f"{on_record.approver} has answered already: {on_record.verdict}")
    if not await raise_event(client, instance, workflow.event, on_record.to_dict()):
        return Rejected(reason=f"{instance.id} finished before the answer reached it")
    log.info(json.dumps({"record": "decision", "instanceId": instance.id, "approved": on_record.approved}))
    return None
