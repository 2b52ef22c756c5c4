"""Replay an execution that has ended, and say whether its function did the same again.

A live generator hides what the real host would trip over: an orchestrator whose code depends on time, chance or I/O
runs fine as long as it is never replayed. So every instance is replayed once, at its end, and a difference is told.
"""

from collections.abc import Sequence
from datetime import datetime

from durable_devhost.durable.decisions import Completed
from durable_devhost.durable.orchestrations.decider import OrchestrationDecider
from durable_devhost.durable.orchestrations.pending import Scheduler
from durable_devhost.durable.ports import Execution
from durable_devhost.model.history import ExecutionCompleted, ExecutionStarted, HistoryEvent, RuntimeStatus

MAX_EVENTS = 2_000
"""Longer histories are not replayed: it would take longer than anybody wants to wait for a hint."""


async def difference(
    execution: Execution,
    started: ExecutionStarted,
    history: Sequence[HistoryEvent],
    scheduler: Scheduler,
    now: datetime,
) -> str | None:
    """What a replay of `history` does differently, as a sentence; None when it ends in the same way.

    `execution` is a new one of the same function; it is advanced over the whole history.
    """
    ended = next((event for event in reversed(history) if isinstance(event, ExecutionCompleted)), None)
    if ended is None or ended.status is RuntimeStatus.TERMINATED or len(history) > MAX_EVENTS:
        return None
    script = await execution.advance(history)
    if script.error is not None and not script.actions and (ended.result or "").endswith(f" failed: {script.error}"):
        return None  # a failure outside the generator tells nothing of what it asked for before
    decider = OrchestrationDecider(started, scheduler)
    decider.extend(script)
    for event in history:
        decider.apply(event)
    decisions = decider.decide(now, lambda: "")
    match decisions.end:
        case Completed(status=status, result=result) if (status, result) == (ended.status, ended.result):
            return None
        case Completed(status=RuntimeStatus.FAILED, result=result):
            return f"its replay failed: {result}"
        case Completed():
            return "its replay ended with another result"
        case _:
            return "its replay did not come to an end"
