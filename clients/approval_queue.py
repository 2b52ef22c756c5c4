"""ApprovalQueueProcessor: bring a decision from `approval-queue` to the review or the workflow that waits for it.

What can never succeed is put aside on the poison queue with a reason, at once. What may succeed later raises, so that
the host shows the message again.
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
    id_of,
    named_in,
    read_queue_message,
)
from approvals.record.entries import Via
from approvals.reserved_names import UNNAMED
from approvals.rules.acceptance import Actor
from approvals.rules.eligibility import Refused
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

_UNNAMED = "the message does not say who decided, and APPROVALS_ALLOW_BARE is not 1"


@bp.function_name(name="ApprovalQueueProcessor")
@bp.queue_trigger(arg_name="message", queue_name="approval-queue", connection="ApprovalsStorage")
@bp.queue_output(arg_name="poison", queue_name="approval-queue-poison", connection="ApprovalsStorage")
@bp.durable_client_input(client_name="client")
async def approval_queue_processor(
    message: func.QueueMessage, poison: func.Out[str], client: df.DurableOrchestrationClient
) -> None:
    """Deliver one message, or put it aside."""
    body = message.get_body()
    refusal = await deliver(client, body, f"message {message.id}")
    if refusal:
        log.warning("message %s put aside: %s", message.id, refusal.reason)
        poison.set(PoisonMessage.of(body, refusal.reason).to_json())


async def deliver(client: df.DurableOrchestrationClient, body: bytes, message: str) -> Rejected | None:
    """Understand the message, find whom it is for, write the answer down, raise the event; or say why not.

    `message` names it: the same sent again under the same name is known again.
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
    """Say whether an instance carries out no review, so that a record of its id, where there is one, is another's."""
    return isinstance(instance.input, dict) and "review" not in instance.input


async def _decide(
    client: df.DurableOrchestrationClient, reading: AnyReading, message: str
) -> Rejected | Unknown | None:
    """Take an answer to a review down, at the desk to which all answers go; `Unknown` where it is no review.

    One that names nobody is refused there: which person it is, no setting can say.
    """
    person = named_in(reading) or UNNAMED
    verb = answer_in(reading, person=person, decision_id=id_of(reading, message))
    done = await desk.act(client, reading.instance_id, verb, Actor(name=person, via=Via.QUEUE))
    match done:
        case Unknown():
            return done
        case Refused(reason=reason):
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
        return Rejected(reason=f"{instance.id} is a {instance.workflow}, which waits for no decision")
    if instance.finished:
        return Rejected(reason=f"{instance.id} has finished already: {instance.state}")
    if decision.names_document:
        return Rejected(reason=NO_DOCUMENT)
    if not decision.named and not are_allowed():
        return Rejected(reason=_UNNAMED)
    if not may_decide(instance.input, decision.approver):
        return Rejected(reason=f"{decision.approver} has handed it in and may not decide it")

    # First the fact, then the event: after a crash in between the message comes again and raises what is on record.
    answer = Answer(
        proposal_id=instance.id,
        workflow=workflow.name,
        round=instance.created.isoformat(),
        decision=decision,
        answered_at=clock.now(),
    )
    on_record = await asyncio.to_thread(lambda: open_single_stage_records().record_answer(answer))
    if on_record.approved != decision.approved:
        return Rejected(reason=f"{on_record.approver} has answered already: {on_record.verdict}")
    if not await raise_event(client, instance, workflow.event, on_record.to_dict()):
        return Rejected(reason=f"{instance.id} finished before the answer reached it")
    log.info(json.dumps({"record": "decision", "instanceId": instance.id, "approved": on_record.approved}))
    return None
