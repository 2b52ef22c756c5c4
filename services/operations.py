"""What operators see first: stuck and failed workflows, messages put aside, unsent letters, the last runs of timers.

A few rows of two tables and one page of the hub's list: the sweep has compared lists and records already, at most a
minute ago, and stored its findings.
"""

import asyncio
from collections.abc import Iterable, Sequence

import azure.durable_functions as df

from approvals.operations import ActRecord, Overview, PutAsideMessage, Run, StuckReason, StuckReview, UnsentLetter
from gateways import clock
from gateways.operations import open_operations
from gateways.put_aside import open_put_aside
from services.instances import list_troubled

MOST_FAILED = 50
"""Instances that are shown."""


async def overview(client: df.DurableOrchestrationClient) -> Overview:
    """Read everything; raises `ListFailed` and azure.core's errors if hub or storage fail."""
    runs, letters, acts, messages = await asyncio.to_thread(_rows)
    failed, more = await list_troubled(client, MOST_FAILED)
    stuck, count = _stuck(runs)
    return Overview(
        now=clock.now(),
        stuck=stuck,
        stuck_count=count,
        failed=failed,
        more_failed=more,
        messages=messages,
        letters=letters,
        runs=tuple(Run(name=each.name, at=each.at, line=_plain(each)) for each in runs),
        acts=acts,
    )


def _rows() -> tuple[tuple[Run, ...], tuple[UnsentLetter, ...], tuple[ActRecord, ...], tuple[PutAsideMessage, ...]]:
    """Four queries; blocks."""
    operations = open_operations()
    messages = sorted(open_put_aside().list_waiting(), key=lambda each: each.at, reverse=True)
    letters = sorted(operations.letters(), key=lambda each: each.at, reverse=True)
    return tuple(operations.runs()), tuple(letters), tuple(operations.acts()), tuple(messages)


def _stuck(runs: Sequence[Run]) -> tuple[tuple[StuckReview, ...], int]:
    """Return the last sweep's findings that it could not call in order."""
    line = next((each.line for each in runs if each.name == "sweep"), {})
    found: Iterable[dict[str, str]] = line.get("stuck", ())
    stuck = tuple(
        StuckReview(proposal_id=each["proposalId"], lag=lag, reason=lag.words, done=each["done"])
        for each in found
        for lag in (StuckReason(each["lag"]),)
    )
    return stuck, int(line.get("stuckCount", len(stuck)))


def _plain(run: Run) -> dict[str, object]:
    """Return a timer's log line without the list that is shown separately."""
    return {name: value for name, value in run.line.items() if name not in ("stuck", "stuckCount", "record")}
