"""The operators' actions, each recorded before it is done: who, what, when, and then the result.

No action of operators decides a proposal or changes a record.
"""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass

from gateways import clock
from gateways.operations import open_operations
from gateways.people import name_of

log = logging.getLogger("greenlight.operations")


@dataclass(frozen=True, slots=True, kw_only=True)
class Declined:
    """The requested action was not done, and nothing has changed."""

    code: str
    """`unknown`, `openProposal`, `notNow`, `taken` (somebody did it before) or `notSent`."""
    detail: str
    what_to_do: str


async def carry_out_on_record(act: str, target: str, by: str, do: Callable[[], Awaitable[str]]) -> None:
    """Record an action, do it, and record the result; an action that cannot be recorded is not done.

    The log has action and target, the table has the name as well: names are in no log.
    """
    operations = open_operations()
    key = await asyncio.to_thread(lambda: operations.begin(act, target, by=name_of(by), now=clock.now()))
    log.info(json.dumps({"record": "operation", "act": act, "target": target}))
    try:
        outcome = await do()
    except Exception as error:
        with suppress(Exception):
            await asyncio.to_thread(operations.end, key, f"failed: {type(error).__name__}")
        raise
    await asyncio.to_thread(operations.end, key, outcome)
