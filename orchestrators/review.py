"""The workflow of a review: read the record, send letters, wait for an event or a timer, and continue as new.

One execution waits once, so each event name is waited for once, and the history stays short. The workflow reads the
state from the record; an event only says "read it again". Five facts explain the code:

* **Early events.** The SDK keeps an event that comes before the workflow waits for its name as *the* early event of
  that name, and delivers it to every later wait (azure-functions-durable-python issue 507). With one wait per execution
  this is one delivery. But a second early event of the same name replaces the first. A `Wake` has no content, so
  nothing is lost. If an operator raises several raw `ApprovalEvent`s while the workflow is not waiting (a few hundred
  milliseconds per read), only the last one counts. Answers through the API or the queue are written to the record
  first, so all of them count.
* **Events around continue-as-new.** The host processes the actions in order and treats a cancelled timer as ended from
  the start. So after the function has received an event, cancelled the timer and continued as new, the host reaches the
  continue-as-new before the event and carries the event over: the next execution receives it once more. This can become
  an endless loop (azure-functions-durable-extension issue 2606), but not here: an execution starts with an activity, so
  the second delivery comes before the next continue-as-new. A repeated `Wake` causes one more read. The app's own
  events avoid that: each has the number of an entry in its name, and the next execution, which has seen that entry,
  waits for later ones (`approvals.rules.turns.wake_for`). A decision that equals one that the execution started with is
  not recorded again (`Turn.holds`); otherwise a second yes of a person who is asked twice would count for the next
  stage. An event with the same error as one of those is not counted as refused again (`Turn.rejected`).
* **Other events at the same time** are carried over too, after it. Later events reach the next execution.
* **Races.** The race lists its events and its timer itself; none of these tasks is older than the race
  (orchestrators/single_stage/answers.py).
* **Executions that earlier versions have begun** replay here, up to six days later. They called `TellPeople` after
  `AdvanceReview`, which then said nothing of letters (`Looked.told`), looked again after `RecordChecks`, and told the
  counters themselves. So what comes next is read from the results in the history, never from the code's version.
"""

from collections.abc import Generator
from typing import Any

import azure.durable_functions as df
from azure.durable_functions.models.Task import TaskBase

from approvals.decision import APPROVAL_EVENT, BUDGET_EVENT, Decision, read_event
from approvals.findings import CLEAN, ChecksSummary
from approvals.rules.counter_state import Contribution
from approvals.rules.turns import (
    MOST_TROUBLES,
    UNCHECKED,
    EventDecision,
    LookResult,
    ReviewInput,
    Step,
    Turn,
    findings_of,
    to_custom_status,
    until,
    wakes_after,
    woken_by,
)
from approvals.validation import Invalid
from approvals.workflows import FAN_OUT
from orchestrators.attempts import Failed, attempt
from orchestrators.calls import call, read_input
from orchestrators.parts import part_id
from orchestrators.payloads import AnyPayload

MOST_CHECKS = 3
"""Checks in one execution, so that an author who keeps changing the document cannot keep the workflow from waiting."""

Steps = Generator[TaskBase, Any, Any]


class ReviewFailed(Exception):
    """The review cannot be carried out. The text says why and becomes the output of the failed instance."""


def is_review(context: df.DurableOrchestrationContext) -> bool:
    """Say whether the workflow was started for a proposal that has a record."""
    try:
        value = context.get_input()
    except (TypeError, ValueError):
        return False
    return isinstance(value, dict) and "review" in value


def carry_out_review(context: df.DurableOrchestrationContext) -> Generator[TaskBase, Any, dict[str, Any]]:
    """Run one turn of a review. Returns the workflow's output at the end of the review, else continues as new."""
    turn = read_input(context, ReviewInput).review
    if turn.proposal_id != context.instance_id:
        raise Invalid(f"the workflow of a review must have the id of its proposal, {turn.proposal_id}")
    try:
        return (yield from _carry_out(context, turn))
    except Exception:
        yield from _fail(context, turn)
        raise


def _fail(context: df.DurableOrchestrationContext, turn: Turn) -> Steps:
    """Record that the review has failed, if that is still possible, and send letters about it."""
    reason = "the workflow could not continue"
    failing = {"proposalId": turn.proposal_id, "told": turn.told, "reason": reason, "look": _look(context, turn)}
    found = yield from attempt(call(context, "FailReview", failing))
    looked = None if isinstance(found, Failed) else LookResult.from_dict(found)
    if looked is None or looked.step is None:
        return  # the sweep does it when storage is available again (clients/sweep.py)
    turn = yield from _carry_on(context, turn, looked, looked.step)
    _show(context, turn, looked.step)


def _carry_out(context: df.DurableOrchestrationContext, turn: Turn) -> Steps:
    turn, left = yield from _record_events(context, turn)
    looked = yield from _advance(context, turn)
    if isinstance(looked, Failed):
        turn = turn.after_look(failed=True)
        if turn.troubles >= MOST_TROUBLES:
            raise ReviewFailed(f"the record could not be read or written for a day: {looked.reason}")
        return (yield from _wait(context, turn, None, left))
    step: Step = looked.step
    turn = yield from _carry_on(context, turn.after_look(failed=bool(left)), looked, step)
    _show(context, turn, step)
    if step.next == "ended" and not turn.untold:
        return {
            "proposalId": turn.proposal_id,
            "status": step.status,
            "entries": step.entries,
            "endedAt": step.ended_at,
        }
    return (yield from _wait(context, turn, step, left))


def _carry_on(context: df.DurableOrchestrationContext, turn: Turn, looked: LookResult, step: Step) -> Steps:
    """Return the turn after letters and counters, which the look has seen to, except while files are checked."""
    if looked.told is not None:
        return turn.after_carrying_out(looked.told, looked.counted, step.entries)
    turn = yield from _tell(context, turn.with_listed_values(step), step)
    return _count(context, turn, step)


def _record_events(context: df.DurableOrchestrationContext, turn: Turn) -> Steps:
    """Record the decisions that the last execution received; return the turn, and those that could not be stored."""
    left = list[EventDecision]()
    for heard in turn.heard:
        taking = {"proposalId": turn.proposal_id, "heard": heard.to_dict()}
        answer = yield from attempt(call(context, "DecideByEvent", taking))
        if isinstance(answer, Failed) and turn.troubles + 1 < MOST_TROUBLES:
            left.append(heard)
        elif isinstance(answer, Failed):
            turn = turn.with_refusal("failed")
        elif answer["refused"]:
            turn = turn.with_refusal(answer["refused"])
    return turn, left


def _look(context: df.DurableOrchestrationContext, turn: Turn) -> dict[str, Any]:
    """Return what a look is asked for."""
    now = turn.time(context.current_utc_datetime).isoformat()
    return {
        "proposalId": turn.proposal_id,
        "now": now,
        "told": turn.told,
        "counted": dict(turn.counted),
        "wokenBy": turn.woken_by,
        "tell": True,
    }


def _advance(context: df.DurableOrchestrationContext, turn: Turn) -> Steps:
    """Read the record, and check the document if that is the next step; return what was found, or `Failed`."""
    looked: LookResult | None = None
    for _ in range(MOST_CHECKS):
        if looked is None:
            found = yield from attempt(call(context, "AdvanceReview", _look(context, turn)))
            if isinstance(found, Failed):
                return found
            looked = LookResult.from_dict(found)
        if looked.step is None:
            raise ReviewFailed(f"there is no record of proposal {turn.proposal_id}; submit it with POST /api/proposals")
        if looked.step.next != "check":
            return looked
        last = looked
        _show(context, turn, looked.step)
        found = yield from _check(context, turn, looked.step)
        if isinstance(found, Failed):
            return found
        looked = LookResult.from_dict(found) if "step" in found else None
    return looked or last


def _check(context: df.DurableOrchestrationContext, turn: Turn, step: Step) -> Steps:
    """Check the attachments in a sub-orchestration, and record the findings; returns that result, or `Failed`."""
    findings = CLEAN
    if step.attachments:
        work = {"attachments": [each.to_dict() for each in step.attachments]}
        checks = context.call_sub_orchestrator(FAN_OUT.name, work, part_id(context, "checks"))
        total = yield from attempt(checks)
        findings = UNCHECKED if isinstance(total, Failed) else findings_of(ChecksSummary.from_dict(total))
    found = {
        "proposalId": turn.proposal_id,
        "document": step.document,
        "findings": list(findings),
        "look": _look(context, turn),
    }
    return (yield from attempt(call(context, "RecordChecks", found)))


def _tell(context: df.DurableOrchestrationContext, turn: Turn, step: Step) -> Steps:
    """Send the letters about new entries. Letters that cannot be sent are tried again later; the review continues."""
    if turn.told >= step.entries:
        return turn.after_telling(turn.told, step.entries)
    telling = {"proposalId": turn.proposal_id, "told": turn.told}
    answer = yield from attempt(call(context, "TellPeople", telling))
    return turn.after_telling(0 if isinstance(answer, Failed) else answer["told"], step.entries)


def _count(context: df.DurableOrchestrationContext, turn: Turn, step: Step) -> Turn:
    """Report this review's total contribution to each counter that lacks it; a repeated report adds nothing."""
    for counter in step.missing_counts(turn.counted):
        contribution = Contribution(
            proposal_id=turn.proposal_id, known=turn.counted.get(counter, 0), total=step.counts[counter]
        )
        context.signal_entity(df.EntityId("Counter", counter), "add", contribution.to_dict())
    return turn.model_copy(update={"counted": step.counts})


def _show(context: df.DurableOrchestrationContext, turn: Turn, step: Step) -> None:
    """Show the state of the review, and how far this workflow has processed it, which the sweep uses."""
    context.set_custom_status(to_custom_status(turn, step))


def _wait(context: df.DurableOrchestrationContext, turn: Turn, step: Step | None, left: list[EventDecision]) -> Steps:
    """Wait for an event or a timer, and continue as new; `step` is None if the record could not be read."""
    time_up = until(context.current_utc_datetime, turn, step)
    seen = step.entries if step else turn.told

    def wait(*names: str) -> list[TaskBase]:
        return [context.wait_for_external_event(name, expected_type=AnyPayload) for name in names]

    wakes, decisions = wait(*wakes_after(seen)), wait(APPROVAL_EVENT, BUDGET_EVENT)
    timer = context.create_timer(time_up)
    yield context.task_any([*wakes, *decisions, timer])
    reached = time_up.isoformat() if timer.is_completed else None
    if not timer.is_completed:
        timer.cancel()  # an open timer would keep the next execution from starting
    # Not only the winner: early events have arrived as well.
    turn = _collect_events(context, turn, left, [each.result for each in decisions if each.is_completed])
    # Without an event come: what a failed look has not seen, what has become due, a decision that is recorded first.
    is_sure = step is not None and not timer.is_completed and not turn.heard
    by = woken_by(seen, [each.is_completed for each in wakes]) if is_sure else 0
    following = turn.model_copy(update={"reached": reached, "woken_by": by})
    context.continue_as_new(ReviewInput(review=following).to_dict())
    return {}


def _collect_events(
    context: df.DurableOrchestrationContext, turn: Turn, left: list[EventDecision], payloads: list[Any]
) -> Turn:
    """Return the turn with the decisions that the next execution has to record."""
    heard, rejected = list(left), list[str]()
    for payload in payloads:
        match read_event(payload):
            case Decision() as decision if turn.holds(decision):
                pass  # delivered once more, see above
            case Decision() as decision:
                heard.append(EventDecision(id=f"event {context.new_uuid()}", decision=decision))
            case unusable if unusable.reason in turn.rejected:
                pass  # as above
            case unusable:
                turn = turn.with_refusal(unusable.reason)
                rejected.append(unusable.reason)
    return turn.model_copy(update={"heard": tuple(heard), "rejected": tuple(rejected)})
