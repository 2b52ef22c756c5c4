"""A review's turns, in the SDK's own executor: what one looks at, waits for, and hands to the next."""

import json
import re
from datetime import timedelta

import pytest

from approvals.rules.turns import MOST_TROUBLES
from orchestrators.approval import approval_workflow
from tests.orchestrators.reviewing import FILE, SUM, ended, looked, next_turn, step

YES = {"approved": True, "approver": "Mara", "comment": "go ahead"}
NO = {"approved": False, "approver": "Jonas", "comment": ""}
ENVELOPE = {"__class__": "Decision", "__module__": "approvals.decision", "__data__": {"approved": True}}
CLASSIC = {"title": "Footbridge", "submittedBy": "Ines", "approver": "Mara"}

pytestmark = pytest.mark.filterwarnings("ignore:Potential duplicate Task completion")


@pytest.fixture
def waiting(turn):
    """A turn that has looked and told people, and waits."""
    run = turn()
    run.complete("AdvanceReview", step())
    run.complete("TellPeople", {"told": 3, "failed": 0})
    return run


def next_decisions(run):
    """Return the decisions that the next execution takes down."""
    return [each["decision"] for each in next_turn(run)["heard"]]


def test_a_turn_looks_shows_and_waits(turn):
    """People and counters are told by the look; what the turn shows holds no name and nothing that anybody wrote."""
    run = turn()
    assert run.asked("AdvanceReview") == {
        "proposalId": "proposal-1", "now": run.now.isoformat(), "told": 0, "counted": {}, "wokenBy": 0, "tell": True,
    }  # fmt: skip
    run.complete("AdvanceReview", looked())
    assert (run.called, run.counted) == (["AdvanceReview"], [])
    assert run.status == {
        "status": "inReview", "stage": "design-review", "deadline": "2026-03-05T09:00:00+00:00", "entries": 3,
    }  # fmt: skip
    assert [each.isoformat() for each in run.open_timers] == ["2026-03-05T09:00:00+00:00"]
    assert not run.done


def test_the_first_turn_needs_only_the_id(waiting):
    """The next turn gets every field."""
    waiting.event({}, "Wake")
    assert next_turn(waiting) == {
        "proposalId": "proposal-1", "told": 3, "counted": {"submitted": 1}, "heard": [], "rejected": [],
        "wokenBy": 0, "reached": None, "refused": 0, "lastRefusal": None, "troubles": 0, "untold": 0,
    }  # fmt: skip


@pytest.mark.parametrize("by_client", [False, True])
@pytest.mark.parametrize("payload", [{}, None, ENVELOPE, "anything", [1]], ids=repr)
def test_a_wake_event_starts_the_next_turn_whatever_it_carries(waiting, payload, by_client):
    """And leaves no timer that would delay it."""
    waiting.event(payload, "Wake", by_client=by_client)
    assert (next_turn(waiting)["heard"], next_turn(waiting)["refused"]) == ([], 0)
    assert waiting.open_timers == []


def test_a_wake_event_during_the_look_is_not_lost(turn):
    """The look may have missed its cause, so the wait ends at once."""
    run = turn(("Wake", {}))
    run.complete("AdvanceReview", step())
    assert not run.done
    run.complete("TellPeople", {"told": 3, "failed": 0})
    assert next_turn(run)["told"] == 3


def test_told_and_counted_entries_are_not_repeated(turn):
    """A second turn over the same record only waits."""
    run = turn(told=3, counted={"submitted": 1})
    run.complete("AdvanceReview", step())
    assert (run.called, run.counted) == (["AdvanceReview"], [])
    assert len(run.open_timers) == 1


def test_counters_get_the_total_share_of_the_review(turn):
    """And what was counted before, also if a turn sees several escalations at once."""
    run = turn(told=9, counted={"submitted": 1, "escalated": 1})
    run.complete("AdvanceReview", step(entries=9, counts={"submitted": 1, "escalated": 3, "expired": 1}))
    signals = [(task.action["instanceId"], json.loads(task.action["input"])) for task in run.tasks[1:3]]
    shares = {"@counter@escalated": {"known": 1, "total": 3}, "@counter@expired": {"known": 0, "total": 1}}
    assert signals == [(counter, {"proposalId": "proposal-1", **share}) for counter, share in shares.items()]


def test_a_restart_of_a_processed_ended_review_does_nothing(turn):
    """The list says that all is done: no letter and no count is repeated."""
    run = turn()
    run.complete("AdvanceReview", ended(told=5, counted={"submitted": 1, "approved": 1}))
    assert (run.called, run.counted, run.output["status"]) == (["AdvanceReview"], [], "approved")


def test_the_end_of_the_review_ends_the_workflow(turn):
    """After the last letters and counts; the output is small."""
    run = turn(told=3, counted={"submitted": 1})
    run.complete("AdvanceReview", ended())
    run.complete("TellPeople", {"told": 5, "failed": 0})
    assert run.output == {
        "proposalId": "proposal-1", "status": "approved", "entries": 5, "endedAt": "2026-03-03T09:00:00+00:00",
    }  # fmt: skip
    assert (run.counted, run.status["status"]) == (["approved"], "approved")


@pytest.mark.parametrize("event", ["ApprovalEvent", "Approval"])
@pytest.mark.parametrize("by_client", [False, True])
def test_a_decision_event_is_recorded_by_the_next_turn(waiting, turn, event, by_client):
    """Before it looks at the record; both event names count, in the forms of the HTTP API and of the Python client."""
    waiting.event(YES, event, by_client=by_client)
    (kept,) = next_turn(waiting)["heard"]
    assert (kept["decision"], kept["id"].startswith("event ")) == (YES, True)
    run = turn(**next_turn(waiting) | {"proposalId": "proposal-1"})
    assert (run.called, run.asked("DecideByEvent")["heard"]) == (["DecideByEvent"], kept)
    run.complete("DecideByEvent", {"refused": None})
    assert run.called == ["DecideByEvent", "AdvanceReview"]


def test_decisions_under_both_event_names_in_one_turn_are_both_kept(turn):
    """They were early, so the wait ends with one of them while the other is there too."""
    run = turn(("Approval", NO), ("Wake", {}), ("ApprovalEvent", YES), told=3)
    run.complete("AdvanceReview", step())
    assert next_decisions(run) == [YES, NO]


def test_a_decision_that_the_host_delivers_again_counts_once(waiting, turn):
    """The host carries over the event that ended the wait: the next turn already has it."""
    waiting.event(YES)
    run = turn(("ApprovalEvent", YES), **next_turn(waiting))
    run.complete("DecideByEvent", {"refused": None})
    run.complete("AdvanceReview", step())
    assert next_decisions(run) == []


def test_a_following_decision_of_another_person_counts(waiting, turn):
    """It came at the same time, and was carried over too."""
    waiting.event(YES)
    run = turn(("ApprovalEvent", NO), **next_turn(waiting))
    run.complete("DecideByEvent", {"refused": None})
    run.complete("AdvanceReview", step())
    assert next_decisions(run) == [NO]


def test_an_invalid_event_that_the_host_delivers_again_is_refused_once(waiting, turn):
    """The turn that gets it again forgets it, so that the next one of that kind counts."""
    waiting.event({"nonsense": 1})
    again = turn(("ApprovalEvent", {"nonsense": 1}), **next_turn(waiting))
    again.complete("AdvanceReview", step())
    assert next_turn(again)["refused"] == 1
    third = turn(("ApprovalEvent", {"nonsense": 1}), **next_turn(again))
    third.complete("AdvanceReview", step())
    assert next_turn(third)["refused"] == 2


def test_a_refused_decision_is_shown_only_by_its_code(turn):
    """The reason in words names people; the status must not."""
    run = turn(told=3, heard=[{"id": "event 1", "decision": YES}])
    run.complete("DecideByEvent", {"refused": "notAsked"})
    run.complete("AdvanceReview", step())
    assert (run.status["refusedEvents"], run.status["lastRefusal"]) == (1, "notAsked")
    run.event({}, "Wake")
    assert (next_turn(run)["refused"], next_turn(run)["lastRefusal"]) == (1, "notAsked")


def test_a_decision_that_storage_refuses_is_kept_for_the_next_turn(turn):
    """A minute later it is recorded under the same id."""
    kept = {"id": "event 1", "decision": YES}
    run = turn(told=3, heard=[kept])
    run.fail_for_good("DecideByEvent")
    run.complete("AdvanceReview", step())
    assert run.open_timers == [run.now + timedelta(minutes=1)]
    run.pass_time(minutes=1)
    assert (next_turn(run)["heard"], next_turn(run)["troubles"]) == ([kept], 1)


def test_a_decision_that_can_never_be_recorded_is_given_up(turn):
    """After a day, so that it does not end the review."""
    run = turn(told=3, heard=[{"id": "event 1", "decision": YES}], troubles=MOST_TROUBLES - 1)
    run.fail_for_good("DecideByEvent")
    run.complete("AdvanceReview", step())
    assert run.status["lastRefusal"] == "failed"
    run.event({}, "Wake")
    assert (next_turn(run)["heard"], next_turn(run)["troubles"]) == ([], 0)


def test_a_timer_that_has_fired_counts_as_on_time(waiting, turn):
    """The host may fire it a second early; the look then uses its due time."""
    waiting.pass_time(days=3)
    assert next_turn(waiting)["reached"] == "2026-03-05T09:00:00+00:00"
    run = turn(reached="2026-03-02T09:00:01+00:00")
    assert run.asked("AdvanceReview")["now"] == "2026-03-02T09:00:01+00:00"


def test_a_start_with_a_future_time_does_not_hurry_a_review(turn):
    """A timer is at most two seconds early."""
    run = turn(reached="2027-01-01T00:00:00+00:00")
    assert run.asked("AdvanceReview")["now"] == (run.now + timedelta(seconds=2)).isoformat()


def test_no_timer_is_longer_than_six_days(turn):
    """The SDK could not cancel it; a review may last a year."""
    run = turn(told=3)
    run.complete("AdvanceReview", step(wakeAt="2027-03-05T09:00:00+00:00"))
    assert run.open_timers == [run.now + timedelta(days=6)]
    run.pass_time(days=6)
    assert next_turn(run)["told"] == 3


def test_a_document_without_files_passes_the_checks_at_once(turn):
    """The record is looked at again in the same turn."""
    run = turn()
    run.complete("AdvanceReview", step(next="check", status="checking", wakeAt=None))
    assert run.status["status"] == "checking"
    asked = run.asked("RecordChecks")
    assert asked.pop("look")["proposalId"] == "proposal-1"
    assert asked == {"proposalId": "proposal-1", "document": "ab", "findings": ["passed"]}
    run.complete("RecordChecks", {"recorded": True})
    assert run.called == ["AdvanceReview", "RecordChecks", "AdvanceReview"]


def test_files_are_checked_by_a_separate_workflow(turn):
    """Under an id that nobody can guess; its findings become the words that policies use."""
    run = turn()
    run.complete("AdvanceReview", step(next="check", status="checking", round=2, attachments=[FILE]))
    part = run.tasks[-1].action
    assert part["functionName"] == "FanOutFanIn"
    assert re.fullmatch(r"proposal-1:checks-[0-9a-f]{10}", part["instanceId"])
    assert run.asked("FanOutFanIn") == {"attachments": [FILE]}
    run.complete("FanOutFanIn", SUM)
    assert run.asked("RecordChecks")["findings"] == ["warnings", "text"]


def test_failed_checks_have_the_finding_incomplete(turn):
    """Policies treat it as the worst; the review goes on."""
    run = turn()
    run.complete("AdvanceReview", step(next="check", status="checking", attachments=[FILE]))
    run.fail("FanOutFanIn")
    assert run.asked("RecordChecks")["findings"] == ["incomplete"]


def test_a_document_that_changes_constantly_does_not_keep_the_turn_from_waiting(turn):
    """After three checks the turn continues as new, so that events are read."""
    run = turn(told=3)
    for _ in range(3):
        run.complete("AdvanceReview", step(next="check", status="checking"))
        run.complete("RecordChecks", {"recorded": True})
    assert run.open_timers[0] <= run.now
    run.pass_time(seconds=1)
    assert next_turn(run)["told"] == 3


def test_letters_that_cannot_be_sent_do_not_stop_the_review(turn):
    """It waits for the approvers, and retries after a minute, from the first entry without letters."""
    run = turn(told=1)
    run.complete("AdvanceReview", step())
    run.complete("TellPeople", {"told": 2, "failed": 1})
    assert run.open_timers == [run.now + timedelta(minutes=1)]
    run.pass_time(minutes=1)
    assert (next_turn(run)["told"], next_turn(run)["untold"]) == (2, 1)


def test_a_failed_letter_activity_does_not_stop_the_review(turn):
    """After all retries the turn goes on to count and to wait."""
    run = turn(told=1, untold=3)
    run.complete("AdvanceReview", step())
    run.fail_for_good("TellPeople")
    assert run.counted == ["submitted"]
    assert run.open_timers == [run.now + timedelta(minutes=8)]
    run.event(YES)
    assert (next_decisions(run), next_turn(run)["untold"]) == ([YES], 4)


def test_an_ended_review_waits_for_its_letters(turn):
    """The author needs them; after a day of retries it ends without them."""
    run = turn(told=3)
    run.complete("AdvanceReview", ended())
    run.complete("TellPeople", {"told": 4, "failed": 1})
    assert not run.done
    run.pass_time(minutes=1)
    last = turn(**next_turn(run) | {"untold": MOST_TROUBLES - 1})
    last.complete("AdvanceReview", ended())
    last.complete("TellPeople", {"told": 4, "failed": 1})
    assert last.output["status"] == "approved"


def test_a_failed_look_is_retried_with_growing_pauses(turn):
    """Events are read meanwhile."""
    run = turn(troubles=2)
    run.fail_for_good("AdvanceReview")
    assert run.open_timers == [run.now + timedelta(minutes=4)]
    run.event(YES)
    assert (next_decisions(run), next_turn(run)["troubles"]) == ([YES], 3)


def test_a_plan_that_cannot_be_recorded_is_retried_too(turn):
    """It is the same storage."""
    run = turn()
    run.complete("AdvanceReview", step(next="check", status="checking"))
    run.fail_for_good("RecordChecks")
    run.pass_time(minutes=1)
    assert next_turn(run)["troubles"] == 1


def test_a_review_that_cannot_go_on_is_recorded_as_failed(turn):
    """After a day; people are notified, it is counted, and the instance fails with the reason."""
    run = turn(troubles=MOST_TROUBLES - 1, told=3, counted={"submitted": 1})
    run.fail_for_good("AdvanceReview")
    failing = {"proposalId": "proposal-1", "told": 3, "reason": "the workflow could not continue"}
    assert run.asked("FailReview") == {**failing, "look": run.asked("AdvanceReview") | {"now": run.now.isoformat()}}
    run.complete("FailReview", ended(status="failed", counts={"submitted": 1, "failed": 1}))
    run.complete("TellPeople", {"told": 5, "failed": 0})
    assert (run.counted, run.status["status"]) == (["failed"], "failed")
    assert "for a day" in run.error


def test_a_failure_that_cannot_be_recorded_is_left_to_the_sweep(turn):
    """The reason is that of the first failure."""
    run = turn(troubles=MOST_TROUBLES - 1)
    run.fail_for_good("AdvanceReview")
    run.fail_for_good("FailReview")
    assert (run.counted, "for a day" in run.error) == ([], True)


def test_a_workflow_without_a_record_fails_at_once(turn):
    """Nothing can be decided; FailReview finds no record either, which does not hide the reason."""
    run = turn()
    run.complete("AdvanceReview", {"step": None})
    run.complete("FailReview", {"step": None})
    assert "no record of proposal proposal-1" in run.error


@pytest.mark.parametrize(
    "fields",
    [{"proposalId": "another"}, {"told": -1}, {"told": "3"}, {"surprise": 1}, {"heard": [YES]}, {"reached": "soon"}],
    ids=repr,
)
def test_an_invalid_turn_fails_the_instance(turn, fields):
    """Only the app starts reviews, and always with valid input."""
    run = turn(**fields)
    assert run.error
    assert run.called == []


@pytest.mark.parametrize("argument", [CLASSIC, {}, None, ENVELOPE, [1], "text"], ids=repr)
def test_every_other_input_runs_the_classic_workflow(drive, argument):
    """Valid or not, it is no review."""
    run = drive(approval_workflow, argument)
    run.begin()
    assert "AdvanceReview" not in run.called
    assert run.called == (["RequestApproval"] if argument == CLASSIC else [])
