"""One early answer counts once: what SDK 1.7 does to a loop that waits for one event name, and not to a review."""

import json

import azure.durable_functions as df
import pytest

from orchestrators.approval import approval_workflow

MARA = {"approved": True, "approver": "Mara", "comment": ""}
WAITING = {
    "next": "wait", "status": "inReview", "stage": "board", "deadline": None, "wakeAt": None, "endedAt": None,
    "entries": 3, "round": 1, "document": "ab", "counts": {"submitted": 1}, "attachments": [],
}  # fmt: skip
TWO_NEEDED = 2

pytestmark = pytest.mark.filterwarnings("ignore:Potential duplicate Task completion")
naive = df.Blueprint()


@naive.orchestration_trigger(context_name="context", orchestration="NaiveQuorum")
def naive_quorum(context):
    """Ask, then count answers until two people have agreed: as one would write it."""
    yield context.call_activity("RequestApproval", {})
    agreed = []
    while len(agreed) < TWO_NEEDED:
        answer = yield context.wait_for_external_event("ApprovalEvent")
        agreed.append(answer["approver"])
    return agreed


def test_a_naive_loop_counts_one_person_twice(drive):
    """The SDK gives an early event to every later wait of its name (azure-functions-durable-python issue 507).

    If this test fails, the SDK is fixed, and reviews could wait in a loop too.
    """
    run = drive(naive_quorum, None)
    run.begin()
    run.event(MARA)
    run.complete("RequestApproval", {})
    assert (run.done, run.output) == (True, ["Mara", "Mara"])


def test_a_review_counts_one_person_once(drive):
    """The early answer is recorded once, in as many turns as follow.

    The record would also recognise it: it accepts one answer for each person and stage.
    """
    taken, early, fields = [], [("ApprovalEvent", MARA)], {"proposalId": "proposal-1", "told": 3}
    for _ in range(5):
        run = drive(approval_workflow, {"review": fields})
        run.begin()
        for event, payload in early:
            run.event(payload, event)
        if "DecideByEvent" in run.called:
            taken.append(run.asked("DecideByEvent")["heard"]["decision"])
            run.complete("DecideByEvent", {"refused": None})
        run.complete("AdvanceReview", {"step": WAITING})
        if not run.done:
            break
        # What the host carries over, at its worst: the event that was heard, once more.
        early, fields = early if not taken else [], json.loads(run.tasks[-1].action["input"])["review"]
    assert (taken, run.done) == ([MARA], False)
