"""Waiting for a person: the first answer that counts, or none before the deadline.

Two facts decide how this is written, one of SDK 1.7 and one of the extension:

* An event that comes before its name is waited for is kept as *the* early event of that name: a second one replaces
  it, and every later wait gets it again (azure-functions-durable-python issue 507). So the wait is opened with the very
  first step of the workflow and, when an answer is rejected, opened anew in the same breath: no event is ever early.
* The host works through the workflow's actions in order and goes on from a `task_any` only when it sees one of the
  actions *listed in it* end. Tasks that were scheduled before are not listed again. So each new wait brings a new timer
  with it; a race of nothing but old tasks lists nothing, which is harmless.
"""

from collections.abc import Callable, Generator
from datetime import datetime
from typing import Any

import azure.durable_functions as df
from azure.durable_functions.models.Task import TaskBase

from approvals.decision import Decision, read_event
from approvals.review.people import same
from orchestrators.payloads import AnyPayload


def first_answer(
    context: df.DurableOrchestrationContext,
    event: str,
    *,
    on_rejection: Callable[[str], None],
    asked_by: str | None = None,
    deadline: datetime | None = None,
    asking: TaskBase | None = None,
) -> Generator[TaskBase, Any, Decision | None]:
    """Wait for the first acceptable answer; None when the deadline passes without one.

    `asking` is the activity that asks for the answer, from `call_once` and not yielded before; it runs while the wait
    is open already, and its failure ends the wait. `asked_by` handed in what is asked about, and does not decide on it.
    `on_rejection` gets the reason of each answer that does not count.
    The timer is cancelled on every way out but its own, so that it does not keep the instance from ending.
    """
    while True:
        answer = context.wait_for_external_event(event, expected_type=AnyPayload)
        timer = context.create_timer(deadline) if deadline else None
        winner = yield from _race(context, answer, timer, asking)
        if winner is timer:
            return None
        if timer:
            timer.cancel()
        if winner is asking:
            yield asking  # has failed: raises here
        match read_event(answer.result):
            case Decision() as decision if decision.named and asked_by and same(decision.approver, asked_by):
                on_rejection(f"{asked_by} has handed it in and may not decide it")
            case Decision() as decision:
                return decision
            case rejected:
                on_rejection(rejected.reason)


def _race(
    context: df.DurableOrchestrationContext, answer: TaskBase, timer: TaskBase | None, asking: TaskBase | None
) -> Generator[TaskBase, Any, TaskBase]:
    """Return which ends first: the answer, the timer, or `asking` where it fails."""
    waiting = [answer, timer] if timer else [answer]
    if asking and not asking.is_completed:
        winner: TaskBase = yield context.task_any([*waiting, asking])
        if winner is not asking or isinstance(asking.result, Exception):
            return winner
    first: TaskBase = yield context.task_any(waiting)
    return first
