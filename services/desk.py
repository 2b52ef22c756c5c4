"""The desk: everything that people do to a proposal comes here, from a route, a link or the queue, and is judged once.

What is accepted is in the record before anybody hears of it; only then the workflow is woken. Where this process dies
in between, the sweep wakes it (clients/sweep.py), and so does whoever sends the same again.
"""

import asyncio
import json
import logging

import azure.durable_functions as df

from approvals.rules.acceptance import Actor
from approvals.rules.clockwork import WAKE
from approvals.rules.eligibility import Refused
from approvals.rules.verbs import Verb
from services.instances import find_instance
from services.review_changes import Done, Unknown, take_down

log = logging.getLogger("greenlight.desk")


async def act(
    client: df.DurableOrchestrationClient, proposal_id: str, verb: Verb, actor: Actor
) -> Done | Refused | Unknown:
    """Judge a verb and take it down. Raises `Contention`, and azure.core's errors where storage does not answer."""
    answer = await asyncio.to_thread(take_down, proposal_id, verb, actor)
    if isinstance(answer, Done):
        if not answer.repeated:
            line = {"record": "verb", "proposalId": proposal_id, "verb": type(verb).__name__, "entry": answer.number}
            log.info(json.dumps({**line, "via": actor.via.value}))
        await wake(client, proposal_id)
    return answer


async def wake(client: df.DurableOrchestrationClient, proposal_id: str) -> None:
    """Make the workflow look at the record, unless it has finished.

    Where that fails the sweep does it; what was accepted stays accepted.
    """
    try:
        await client.raise_event(proposal_id, WAKE, {})
    except Exception:  # noqa: BLE001  the SDK raises nothing else
        if not await _has_finished(client, proposal_id):
            log.warning("proposal %s could not be woken; the sweep will do it", proposal_id)


async def _has_finished(client: df.DurableOrchestrationClient, proposal_id: str) -> bool:
    """Say whether the workflow has nothing left to look at, as far as the hub answers."""
    try:
        instance = await find_instance(client, proposal_id)
    except Exception:  # noqa: BLE001  as above
        return False
    return instance is not None and instance.finished
