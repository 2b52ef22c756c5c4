"""Waiting for a person: the first valid answer, or none before the deadline.

Two facts explain the code, one about SDK 1.7 and one about the extension:

* The SDK keeps an event that comes before the workflow waits for its name as *the* early event of that name: a second
  one replaces it, and every later wait gets it again (azure-functions-durable-python issue 507). So the wait starts
  with the first step of the workflow, and after a refused answer the next wait starts immediately: no event is ever
  early.
* The host processes the workflow's actions in order and continues after a `task_any` only when one of the actions
  *listed in it* ends. Tasks that were scheduled before are not listed again. So each new wait has a new timer; a race
  of only old tasks lists nothing, which is harmless.
"""

from collections.abc import Callable, Generator
from datetime import datetime
from typing import Any

import azure.durable_functions as df
from azure.durable_functions.models.Task import TaskBase

from approvals.decision import NO_DOCUMENT, Decision, read_bare, read_event
from approvals.names import digest, same
from orchestrators.calls import call_once
from orchestrators.payloads import AnyPayload

BARE_REFUSED = "a bare true or false does not say who decided; it counts only if APPROVALS_ALLOW_BARE is 1"


def first_answer(
    context: df.DurableOrchestrationContext,
    event: str,
    *,
    on_rejection: Callable[[str], None],
    asked_by: str | None = None,
    also_called: tuple[str, ...] = (),
    deadline: datetime | None = None,
    asking: TaskBase | None = None,
) -> Generator[TaskBase, Any, Decision | None]:
    """Wait for the first valid answer; None if the deadline passes without one.

    `asking` is the activity that asks for the answer, from `call_once` and not yielded before; it runs while the wait
    is already open, and its failure ends the wait. `asked_by` submitted the request and may not decide on it, also not
    under a name whose digest is in `also_called`.
    `on_rejection` gets the reason for each refused answer. An activity says whether a bare true or false counts: an
    orchestrator must not read settings. Meanwhile the next wait is open. The timer is cancelled unless it ended the
    wait, so that it does not keep the instance from ending.
    """
    bare: Decision | None = None
    while True:
        answer = context.wait_for_external_event(event, expected_type=AnyPayload)
        timer = context.create_timer(deadline) if deadline else None
        waiting = [answer, timer] if timer else [answer]
        if bare:
            # Asked again with each wait, because a race does not continue by older tasks.
            allowed = yield from _is_allowed(context, waiting)
            if allowed:
                if timer:
                    timer.cancel()
                return bare
            if allowed is False:
                on_rejection(BARE_REFUSED)
                bare = None
        winner = yield from _race(context, waiting, asking)
        if winner is timer:
            return None
        if timer:
            timer.cancel()
        if winner is asking:
            yield asking  # it has failed: raises here
        match read_event(answer.result):
            case Decision(names_approver=True, approver=name) if asked_by and _is(name, asked_by, also_called):
                on_rejection(f"{asked_by} submitted it and may not decide on it")
            case Decision(names_document=True):
                on_rejection(NO_DOCUMENT)
            case Decision() as decision:
                return decision
            case rejected:
                bare = bare or read_bare(answer.result)
                if read_bare(answer.result) is None:
                    on_rejection(rejected.reason)


def _is(name: str, person: str, also_called: tuple[str, ...]) -> bool:
    return same(name, person) or digest(name) in also_called


def _is_allowed(
    context: df.DurableOrchestrationContext, waiting: list[TaskBase]
) -> Generator[TaskBase, Any, bool | None]:
    """Ask whether bare answers count; None if an event or the timer came first. A failure means no."""
    asked = call_once(context, "CheckBareAnswers", {})
    winner = yield context.task_any([*waiting, asked])
    if winner is not asked:
        return None
    return isinstance(asked.result, dict) and asked.result["allowed"] is True


def _race(
    context: df.DurableOrchestrationContext, waiting: list[TaskBase], asking: TaskBase | None
) -> Generator[TaskBase, Any, TaskBase]:
    """Return the task that ends first: one of `waiting`, or `asking` if it fails."""
    if asking and not asking.is_completed:
        winner: TaskBase = yield context.task_any([*waiting, asking])
        if winner is not asking or isinstance(asking.result, Exception):
            return winner
    first: TaskBase = yield context.task_any(waiting)
    return first
