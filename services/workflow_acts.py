"""What operators do to workflows: terminate, rewind, resume, wake and purge them, if state and proposal allow it."""

import asyncio
from urllib.parse import quote

import azure.durable_functions as df

from approvals.identifiers import is_instance_id
from approvals.operations import Act, ActDone, OperatorRequest
from approvals.record.verdict import Tampered
from approvals.retention import EndedInstance, outcome_of
from approvals.rules.state import FINAL
from approvals.rules.turns import WAKE
from gateways import clock
from gateways.audit import open_audit
from gateways.proposal_index import open_proposal_index
from gateways.review_records import open_review_records
from services.full_looks import open_looks
from services.instances import Instance, find_instance
from services.operator_acts import Declined, carry_out_on_record
from services.replays import review_of

_DONE = {
    Act.TERMINATE: "is being terminated",
    Act.REWIND: "is being rewound: what failed runs again",
    Act.RESUME: "goes on",
    Act.WAKE: "looks at its record again",
    Act.PURGE: "was purged; one line of it stays",
}


async def act_on_instance(
    client: df.DurableOrchestrationClient, act: Act, instance_id: str, request: OperatorRequest
) -> ActDone | Declined:
    """Terminate, rewind, resume, wake or purge an instance, if its state and its proposal allow it.

    Raises what the durable API raises, after the act is on record as failed.
    """
    instance = await find_instance(client, instance_id) if is_instance_id(instance_id) else None
    if instance is None:
        return Declined(
            code="unknown",
            detail=f"There is no workflow {instance_id[:100]!r}.",
            what_to_do="Check the id; what was purged is in the table Audit, and a proposal in its record.",
        )
    refused = _untimely(act, instance) or await asyncio.to_thread(_guarded, act, instance, request)
    if refused:
        return refused
    await carry_out_on_record(
        act.value, instance_id, request.by, lambda: _carry_out(client, act, instance, request.reason)
    )
    return ActDone(target=instance_id, sentence=f"The workflow {instance_id} {_DONE[act]}.")


def _untimely(act: Act, instance: Instance) -> Declined | None:
    """Return why the state of an instance does not allow an act; None where it does."""
    fits = {
        Act.TERMINATE: not instance.finished,
        Act.REWIND: instance.state == "Failed",
        Act.RESUME: instance.state == "Suspended",
        Act.WAKE: not instance.finished,
        Act.PURGE: instance.finished,
    }[act]
    if fits:
        return None
    needs = {
        Act.TERMINATE: "Only a workflow that has not ended can be terminated.",
        Act.REWIND: "Only a failed workflow can be rewound.",
        Act.RESUME: "Only a suspended workflow can be resumed.",
        Act.WAKE: "Only a workflow that has not ended can be woken.",
        Act.PURGE: "Only a workflow that has ended can be purged. Terminate it first.",
    }[act]
    return Declined(code="notNow", detail=f"The workflow {instance.id} is {instance.state}.", what_to_do=needs)


def _guarded(act: Act, instance: Instance, request: OperatorRequest) -> Declined | None:
    """Return why the proposal of an instance does not allow an act; None where it has none, or allows it. Blocks."""
    try:
        chain = open_review_records().read(instance.id)
    except Tampered:
        chain, status = None, "of a damaged record"
    else:
        if chain is None:
            return None
        status = review_of(chain).status.value
    if act is Act.REWIND:
        return Declined(
            code="notNow",
            detail=f"{instance.id} carries out the review of a proposal, which is {status}.",
            what_to_do="A review is not rewound: let its author hand the proposal in again.",
        )
    if act in (Act.RESUME, Act.WAKE) or request.even_if_open:
        return None
    then = {
        Act.TERMINATE: "the sweep records the proposal as failed, and its people get a letter",
        Act.PURGE: "the sweep starts it again",
    }[act]
    row = open_proposal_index().find(instance.id)
    carried_out = row is not None and row.told >= row.entries
    if status in FINAL and (act is Act.TERMINATE or carried_out):
        return None
    still = "still open" if status not in FINAL else "ended, but not all of its letters are known to have gone"
    return Declined(
        code="openProposal",
        detail=f"The proposal {instance.id} is {still} ({status}). If its workflow is gone, {then}.",
        what_to_do="Its author can withdraw it. To do it all the same, send evenIfOpen: true.",
    )


async def _carry_out(client: df.DurableOrchestrationClient, act: Act, instance: Instance, reason: str) -> str:
    """Ask the durable API, and return the outcome; the SDK puts an id, and a rewind's reason, into the URL as it is."""
    open_looks().ask()  # so that the next sweep sees what became of the proposal
    name, why = quote(instance.id, safe=""), reason or "an operator asked for it"
    match act:
        case Act.TERMINATE:
            await client.terminate(name, why)
        case Act.REWIND:
            await client.rewind(name, quote(why, safe=""))
        case Act.RESUME:
            await client.resume(name, why)
        case Act.WAKE:
            await client.raise_event(instance.id, WAKE, {})
        case Act.PURGE:
            ended = EndedInstance(
                instance_id=instance.id,
                workflow=instance.workflow,
                status=instance.state,
                created=instance.created,
                last_updated=instance.updated,
                outcome=outcome_of(instance.output),
            )
            await asyncio.to_thread(lambda: open_audit().keep(ended, now=clock.now()))
            await client.purge_instance_history(name)
    return f"done: {reason}" if reason else "done"
