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

from approvals.decision import NO_DOCUMENT, Decision, read_bare, read_event
from approvals.names import digest, same
from orchestrators.calls import call_once
from orchestrators.payloads import AnyPayload

BARE_REFUSED = "a bare true or false does not say who decided, and APPROVALS_ALLOW_BARE is not 1"


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
    """Wait for the first acceptable answer; None when the deadline passes without one.

    `asking` is the activity that asks for the answer, from `call_once` and not yielded before; it runs while the wait
    is open already, and its failure ends the wait. `asked_by` handed in what is asked about, and does not decide on it,
    nor under a name of which `also_called` has the digest.
    `on_rejection` gets the reason of each answer that does not count. Of a bare true or false an activity says whether
    it counts, as settings cannot be read here; meanwhile the next wait is open. The timer is cancelled on every way out
    but its own, so that it does not keep the instance from ending.
    """
    bare: Decision | None = None
    while True:
        answer = context.wait_for_external_event(event, expected_type=AnyPayload)
        timer = context.create_timer(deadline) if deadline else None
        waiting = [answer, timer] if timer else [answer]
        if bare:
            # Asked anew with each wait, as a race does not go on by what is older.
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
            yield asking  # has failed: raises here
        match read_event(answer.result):
            case Decision(named=True, approver=name) if asked_by and _is(name, asked_by, also_called):
                on_rejection(f"{asked_by} has handed it in and may not decide it")
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
    """Ask whether bare answers count; None where something that is waited for came first. A failure is a no."""
    asked = call_once(context, "CheckBareAnswers", {})
    winner = yield context.task_any([*waiting, asked])
    if winner is not asked:
        return None
    return isinstance(asked.result, dict) and asked.result["allowed"] is True


def _race(
    context: df.DurableOrchestrationContext, waiting: list[TaskBase], asking: TaskBase | None
) -> Generator[TaskBase, Any, TaskBase]:
    """Return which ends first: one that is waited for, or `asking` where it fails."""
    if asking and not asking.is_completed:
        winner: TaskBase = yield context.task_any([*waiting, asking])
        if winner is not asking or isinstance(asking.result, Exception):
            return winner
    first: TaskBase = yield context.task_any(waiting)
    return first
