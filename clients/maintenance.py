"""PurgeFinishedInstances: once a day, purges old finished instances, with one audit row of each, and old letters."""

import asyncio
import json
import logging
import os
from collections.abc import Mapping
from datetime import datetime
from urllib.parse import quote

import azure.durable_functions as df
import azure.functions as func

from approvals.retention import FINISHED, EndedInstance, Rule, instance_to_purge, read_rule
from approvals.validation import Invalid
from approvals.workflows import APPROVAL
from gateways import clock
from gateways.audit import open_audit
from gateways.instances import list_instances
from gateways.letters.mail import forget_old_letters
from gateways.operations import open_operations
from gateways.proposal_index import open_proposal_index
from gateways.put_aside import open_put_aside

bp = df.Blueprint()

LETTERS_EACH = 10
"""Letters that a run forgets for each instance that it may purge; a proposal has about five."""
log = logging.getLogger("greenlight.retention")


@bp.function_name(name="PurgeFinishedInstances")
@bp.timer_trigger(arg_name="timer", schedule="0 30 3 * * *", run_on_startup=False)
@bp.durable_client_input(client_name="client")
async def purge_finished_instances(timer: func.TimerRequest, client: df.DurableOrchestrationClient) -> None:  # noqa: ARG001
    """Purge instances that ended RETENTION_DAYS ago or earlier, at most RETENTION_LIMIT per run.

    The run may be interrupted at any time. It stores no position: the next run finds what was not purged.
    """
    try:
        rule = read_rule(os.environ)
    except Invalid as error:
        line: dict[str, object] = {"record": "retention", "error": f"{error}; nothing is purged"}
        log.error(json.dumps(line))
        await asyncio.to_thread(_keep, line)
        return
    if not rule.purges:
        return
    await asyncio.to_thread(_forget_messages, rule.cutoff(clock.now()))
    letters = await asyncio.to_thread(_forget_letters, rule)
    chosen, found = await _choose(client, rule)
    purged = sum([await _purge(client, ended) for ended in chosen])
    remaining = found - purged
    line = {
        "record": "retention",
        "purged": purged,
        "failed": len(chosen) - purged,
        "remaining": remaining,
        "days": rule.days,
        "letters": letters,
    }
    log.log(logging.WARNING if remaining else logging.INFO, json.dumps(line))
    await asyncio.to_thread(_keep, line)


def _forget_messages(before: datetime) -> None:
    """Delete the texts of messages that operators have finished; the next run continues an interrupted one. Blocks."""
    try:
        open_put_aside().forget(before=before)
    except Exception:
        log.exception("messages that were put aside could not be forgotten")


def _forget_letters(rule: Rule) -> int:
    """Forget the letters that ended proposals do not need any more, and return how many. Blocks.

    The list of ids is read first: a proposal that begins later is not in it.
    """
    try:
        index = open_proposal_index()
        ended = set(index.ids()) - {row.proposal_id for row in index.unfinished_rows()}
        before, most = rule.cutoff(clock.now()), rule.limit * LETTERS_EACH
        return forget_old_letters(finished=ended, before=before, most=most)
    except Exception:
        log.exception("old letters could not be forgotten")
        return 0


def _keep(line: Mapping[str, object]) -> None:
    """Store for operators how the run went; if that fails the log still has it. Blocks."""
    try:
        open_operations().keep_run("purge", line, now=clock.now())
    except Exception:
        log.exception("the run of the purge could not be written down")


async def _choose(client: df.DurableOrchestrationClient, rule: Rule) -> tuple[list[EndedInstance], int]:
    """Return the instances to purge now, and how many are due in all."""
    cutoff = rule.cutoff(clock.now())
    chosen, found = list[EndedInstance](), 0
    base_url = client._orchestration_bindings.rpc_base_url  # the SDK has no public name for it
    async for entry in list_instances(base_url, created_before=cutoff, statuses=FINISHED):
        ended = instance_to_purge(entry, cutoff)
        if ended is None:
            continue
        found += 1
        if len(chosen) == rule.limit:
            continue
        if await asyncio.to_thread(_is_needed, ended):
            found -= 1
            continue
        chosen.append(ended)
    return chosen, found


def _is_needed(ended: EndedInstance) -> bool:
    """Say whether the sweep still needs an instance to see that its review was completely processed.

    Without the instance the sweep would start the review again. The sweep reads it within a minute, so it is purged in
    the next night.
    """
    if ended.workflow.casefold() != APPROVAL.name.casefold():
        return False
    row = open_proposal_index().find(ended.instance_id)
    return row is not None and row.told < row.entries


async def _purge(client: df.DurableOrchestrationClient, ended: EndedInstance) -> bool:
    """Write the audit row, then purge; returns whether the instance is gone. A failure does not stop the others.

    The host refuses to purge an instance that was started again in between.
    """
    try:
        await asyncio.to_thread(lambda: open_audit().keep(ended, now=clock.now()))
        # The SDK puts the id into the URL unescaped: `a?b` would purge `a`.
        await client.purge_instance_history(quote(ended.instance_id, safe=""))
    except Exception:
        log.exception("instance %s could not be purged", ended.instance_id)
        return False
    return True
