"""A review's clockwork: look at the record, tell people, wait for something to happen, and begin anew.

One execution waits once, so each event name is waited for once, and its history stays short. What it reads of the
world it reads from the record; an event says no more than "look again". Four facts decide how this is written:

* **Early events.** What comes before its name is waited for, the SDK keeps as *the* early event of that name and hands
  it to every later wait of the name (azure-functions-durable-python issue 507). With one wait an execution, that is
  one delivery. An early and a second early event of one name are one, though: the later one replaces the earlier. A
  `Wake` says nothing, so nothing is lost. Of several raw `ApprovalEvent`s that an operator raises while the workflow is
  not at its wait (a few hundred milliseconds a look) the last one counts. Who needs every answer taken down sends it
  through the API or the queue, which write into the record first.
* **Events around continue-as-new.** The host works its script off in order and takes a cancelled timer for ended from
  the start. So when the function has heard an event, cancelled the timer and asked to continue as new, the host has
  reached that request before it comes to the event, and carries the event over: the next execution hears it once more
  (azure-functions-durable-extension issue 2606 is the endless loop that this can become). Here it cannot: the first
  thing that an execution does is an activity, so that the second hearing lies before the next request. A `Wake` heard
  twice costs one more look. A decision that equals one of those that the execution began with is not taken down again
  (`Turn.holds`): a second yes of somebody who is asked twice would else count for the next stage. Nor is an event
  counted as refused that has the same fault as one of those (`Turn.rejected`).
* **What else comes in the same breath** is carried over too, behind it. What comes later finds the next execution.
* **Races.** The race lists its three events and its timer itself; none of it is older
  (orchestrators/single_stage/answers.py).
"""

from collections.abc import Generator
from typing import Any

import azure.durable_functions as df
from azure.durable_functions.models.Task import TaskBase

from approvals.decision import APPROVAL_EVENT, BUDGET_EVENT, Decision, read_event
from approvals.findings import CLEAN, Sum
from approvals.rules.clockwork import (
    MOST_TROUBLES,
    UNCHECKED,
    WAKE,
    EventDecision,
    ReviewInput,
    Step,
    Turn,
    findings_of,
    shown,
    until,
)
from approvals.rules.tally import Share
from approvals.validation import Invalid
from approvals.workflows import FAN_OUT
from orchestrators.attempts import Failed, attempt
from orchestrators.calls import call, read_input
from orchestrators.parts import part_id
from orchestrators.payloads import AnyPayload

MOST_CHECKS = 3
"""In one execution. An author who goes on changing the document meanwhile does not keep the workflow from its wait."""

Steps = Generator[TaskBase, Any, Any]


class ReviewFailed(Exception):
    """The review cannot be carried out; the text says why, and becomes the output of the failed instance."""


def is_review(context: df.DurableOrchestrationContext) -> bool:
    """Say whether the workflow was started for a proposal that has a record."""
    try:
        value = context.get_input()
    except (TypeError, ValueError):
        return False
    return isinstance(value, dict) and "review" in value


def carry_out_review(context: df.DurableOrchestrationContext) -> Generator[TaskBase, Any, dict[str, Any]]:
    """Carry out one turn of a review; its end is the workflow's output, everything else begins the next turn."""
    turn = read_input(context, ReviewInput).review
    if turn.proposal_id != context.instance_id:
        raise Invalid(f"a review's workflow has the id of its proposal, which is not {turn.proposal_id}")
    try:
        return (yield from _carry_out(context, turn))
    except Exception:
        yield from _fail(context, turn)
        raise


def _fail(context: df.DurableOrchestrationContext, turn: Turn) -> Steps:
    """Put on record that the review has failed, as far as that is possible still, and tell people."""
    failing = {"proposalId": turn.proposal_id, "told": turn.told, "reason": "the workflow could not go on"}
    found = yield from attempt(call(context, "FailReview", failing))
    if isinstance(found, Failed) or found["step"] is None:
        return  # the sweep does it, when storage is back (clients/sweep.py)
    step = Step.from_dict(found["step"])
    turn = yield from _tell(context, turn.informed(step), step)
    _show(context, _count(context, turn, step), step)


def _carry_out(context: df.DurableOrchestrationContext, turn: Turn) -> Steps:
    turn, left = yield from _take_down(context, turn)
    step = yield from _look(context, turn)
    if isinstance(step, Failed):
        turn = turn.after_look(failed=True)
        if turn.troubles >= MOST_TROUBLES:
            raise ReviewFailed(f"the record could not be read or written for a day: {step.reason}")
        return (yield from _wait(context, turn, None, left))
    turn = yield from _tell(context, turn.after_look(failed=bool(left)).informed(step), step)
    turn = _count(context, turn, step)
    _show(context, turn, step)
    if step.next == "ended" and not turn.untold:
        return {
            "proposalId": turn.proposal_id,
            "status": step.status,
            "entries": step.entries,
            "endedAt": step.ended_at,
        }
    return (yield from _wait(context, turn, step, left))


def _take_down(context: df.DurableOrchestrationContext, turn: Turn) -> Steps:
    """Take down the decisions that the last execution heard; return the turn, and those that storage did not take."""
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


def _look(context: df.DurableOrchestrationContext, turn: Turn) -> Steps:
    """Look at the record, and check the document where that is what comes next; return the `Step`, or `Failed`."""
    for _ in range(MOST_CHECKS):
        now = turn.time(context.current_utc_datetime).isoformat()
        look = {"proposalId": turn.proposal_id, "now": now, "told": turn.told}
        found = yield from attempt(call(context, "AdvanceReview", look))
        if isinstance(found, Failed):
            return found
        if found["step"] is None:
            raise ReviewFailed(
                f"there is no record of proposal {turn.proposal_id}; hand it in with POST /api/proposals"
            )
        step = Step.from_dict(found["step"])
        if step.next != "check":
            return step
        _show(context, turn, step)
        failed = yield from _check(context, turn, step)
        if failed:
            return failed
    return step


def _check(context: df.DurableOrchestrationContext, turn: Turn, step: Step) -> Steps:
    """Check the attachments in a workflow of their own, and put on record what that found; `Failed`, or None."""
    findings = CLEAN
    if step.attachments:
        work = {"attachments": [each.to_dict() for each in step.attachments]}
        checks = context.call_sub_orchestrator(FAN_OUT.name, work, part_id(context, "checks"))
        total = yield from attempt(checks)
        findings = UNCHECKED if isinstance(total, Failed) else findings_of(Sum.from_dict(total))
    found = {"proposalId": turn.proposal_id, "document": step.document, "findings": list(findings)}
    recorded = yield from attempt(call(context, "RecordChecks", found))
    return recorded if isinstance(recorded, Failed) else None


def _tell(context: df.DurableOrchestrationContext, turn: Turn, step: Step) -> Steps:
    """Tell people what is new; letters that cannot be sent do not stop the review, they are tried again later."""
    if turn.told >= step.entries:
        return turn.after_telling(turn.told, step.entries)
    telling = {"proposalId": turn.proposal_id, "told": turn.told}
    answer = yield from attempt(call(context, "TellPeople", telling))
    return turn.after_telling(0 if isinstance(answer, Failed) else answer["told"], step.entries)


def _count(context: df.DurableOrchestrationContext, turn: Turn, step: Step) -> Turn:
    """Tell the counters what they do not know yet: each how much of it is this review's, so that no repeat adds."""
    for counter in step.uncounted(turn.counted):
        share = Share(proposal_id=turn.proposal_id, known=turn.counted.get(counter, 0), total=step.counts[counter])
        context.signal_entity(df.EntityId("Counter", counter), "add", share.to_dict())
    return turn.model_copy(update={"counted": step.counts})


def _show(context: df.DurableOrchestrationContext, turn: Turn, step: Step) -> None:
    """Show where the review stands, and how far this workflow has carried it out; the sweep goes by that."""
    context.set_custom_status(shown(turn, step))


def _wait(context: df.DurableOrchestrationContext, turn: Turn, step: Step | None, left: list[EventDecision]) -> Steps:
    """Wait until somebody has done something or time has, and begin anew; `step` is None where the look failed."""
    time_up = until(context.current_utc_datetime, turn, step)
    wake, *decisions = (
        context.wait_for_external_event(name, expected_type=AnyPayload) for name in (WAKE, APPROVAL_EVENT, BUDGET_EVENT)
    )
    timer = context.create_timer(time_up)
    yield context.task_any([wake, *decisions, timer])
    reached = time_up.isoformat() if timer.is_completed else None
    if not timer.is_completed:
        timer.cancel()  # an open timer would keep the next execution from beginning
    # Not only the winner: what was early is there as well.
    turn = _hear(context, turn, left, [each.result for each in decisions if each.is_completed])
    context.continue_as_new(ReviewInput(review=turn.model_copy(update={"reached": reached})).to_dict())
    return {}


def _hear(context: df.DurableOrchestrationContext, turn: Turn, left: list[EventDecision], payloads: list[Any]) -> Turn:
    """Return the turn with the decisions that the next execution takes down."""
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
