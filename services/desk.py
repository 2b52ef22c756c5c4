"""The desk: every action on a proposal, from a route, a link or the queue, is judged here once.

An accepted action is written to the record before anybody is notified; then the workflow is woken. If this process
stops in between, the sweep wakes the workflow (clients/sweep.py), and so does a repeated request.
"""

import asyncio
import json
import logging

import azure.durable_functions as df

from approvals.rules.acceptance import Actor
from approvals.rules.eligibility import ActionRefused
from approvals.rules.turns import wake_for
from approvals.rules.verbs import Verb
from services.full_looks import open_looks
from services.instances import find_instance
from services.review_changes import Unknown, VerbRecorded, record_verb

log = logging.getLogger("greenlight.desk")


async def act(
    client: df.DurableOrchestrationClient, proposal_id: str, verb: Verb, actor: Actor
) -> VerbRecorded | ActionRefused | Unknown:
    """Judge a verb and record it. Raises `Contention`, and azure.core's errors if storage does not respond."""
    with open_looks().ask_after_failure():  # it may be on record all the same
        answer = await asyncio.to_thread(record_verb, proposal_id, verb, actor)
    if isinstance(answer, VerbRecorded):
        if not answer.repeated:
            line = {"record": "verb", "proposalId": proposal_id, "verb": type(verb).__name__, "entry": answer.number}
            log.info(json.dumps({**line, "via": actor.via.value}))
        await wake(client, proposal_id, answer.number)
    return answer


async def wake(client: df.DurableOrchestrationClient, proposal_id: str, entry: int) -> None:
    """Make the workflow read the record, unless it has seen the entry or has finished.

    If that fails, the sweep does it later. The accepted action stays in the record.
    """
    try:
        await client.raise_event(proposal_id, wake_for(entry), {})
    except Exception:  # noqa: BLE001  the SDK raises nothing else
        open_looks().ask()  # also where it has finished: its review may still be open
        if not await _has_finished(client, proposal_id):
            log.warning("proposal %s could not be woken; the sweep will wake it", proposal_id)


async def _has_finished(client: df.DurableOrchestrationClient, proposal_id: str) -> bool:
    """Say whether the workflow has finished; false if the hub does not answer."""
    try:
        instance = await find_instance(client, proposal_id)
    except Exception:  # noqa: BLE001  as above
        return False
    return instance is not None and instance.finished
