"""Acts of one person on one proposal, one after the other, as a form with several files asks for them."""

from collections.abc import Sequence
from typing import Any

import azure.durable_functions as df

from approvals.record.verdict import Tampered
from approvals.rules.acceptance import Actor
from approvals.rules.eligibility import ActionRefused
from approvals.rules.verbs import Verb
from clients.web.access import record_damaged
from services import desk
from services.review_changes import VerbRecorded


async def act_in_turn(
    client: df.DurableOrchestrationClient, proposal_id: str, verbs: Sequence[Verb], actor: Actor
) -> list[str]:
    """Do one after the other until one is refused; returns why it was, in an empty list if none was."""
    for verb in verbs:
        try:
            done: Any = await desk.act(client, proposal_id, verb, actor)
        except Tampered as error:
            record_damaged(proposal_id, error)
            return ["its record was changed by somebody else; an operator has to check it"]
        if isinstance(done, ActionRefused):
            return [done.reason]
        if not isinstance(done, VerbRecorded):
            return ["there is no such proposal any more"]
    return []
