"""What a turn makes of a look that has carried everything out, and which entries wake it."""

from datetime import timedelta

import pytest

from tests.orchestrators.reviewing import FILE, SUM, ended, looked, next_turn, step

YES = {"approved": True, "approver": "Mara", "comment": "go ahead"}

pytestmark = pytest.mark.filterwarnings("ignore:Potential duplicate Task completion")


@pytest.fixture
def hearing(turn):
    """A turn that waits, with everything up to entry 3 seen, told and counted by its look."""
    run = turn()
    run.complete("AdvanceReview", looked())
    return run


def test_what_the_look_has_told_is_handed_on(hearing):
    """So the next turn tells nobody again."""
    hearing.event({}, "Wake")
    assert (next_turn(hearing)["told"], next_turn(hearing)["counted"]) == (3, {"submitted": 1})


@pytest.mark.parametrize("entry", [4, 5, 7])
def test_an_entry_that_was_not_seen_yet_wakes_the_workflow(hearing, entry):
    """Also if the event of the one before it was lost."""
    hearing.event({}, f"Wake-{entry}")
    assert next_turn(hearing)["told"] == 3


def test_the_next_look_is_told_which_entry_it_is_for(hearing, turn):
    """A process that knows this entry need not ask storage."""
    hearing.event({}, "Wake-5")
    assert turn(**next_turn(hearing)).asked("AdvanceReview")["wokenBy"] == 5


def test_a_look_because_time_has_passed_asks_storage(hearing):
    """An action may have written down what was due."""
    hearing.pass_time(days=5)
    assert next_turn(hearing)["wokenBy"] == 0


def test_after_the_plain_event_the_next_look_asks_storage(hearing):
    """A plain event comes where one of an entry may be missing."""
    hearing.event({}, "Wake")
    assert next_turn(hearing)["wokenBy"] == 0


def test_a_decision_makes_the_next_look_ask_storage(turn):
    """It becomes an entry of its own before that look."""
    run = turn(("ApprovalEvent", YES), ("Wake-4", {}))
    run.complete("AdvanceReview", looked())
    assert (len(next_turn(run)["heard"]), next_turn(run)["wokenBy"]) == (1, 0)


def test_after_a_look_that_failed_the_next_one_asks_storage(turn):
    """Events of entries that it should have seen have come and gone."""
    run = turn(told=3)
    run.fail_for_good("AdvanceReview")
    run.event({}, "Wake-4")
    assert (next_turn(run)["troubles"], next_turn(run)["wokenBy"]) == (1, 0)


@pytest.mark.parametrize("early", [False, True])
@pytest.mark.parametrize("entry", [1, 3])
def test_an_entry_that_was_seen_wakes_nobody(turn, entry, early):
    """Its event came while the look read it, or is delivered once more by the host."""
    event = (f"Wake-{entry}", {})
    run = turn(*([event] if early else []))
    run.complete("AdvanceReview", looked())
    if not early:
        run.event({}, f"Wake-{entry}")
    assert not run.done
    run.event({}, "Wake-4")
    assert run.done


def test_an_event_that_came_while_the_look_missed_its_entry_is_heard(turn):
    """The look may have read the record before that."""
    run = turn(("Wake-4", {}))
    run.complete("AdvanceReview", looked())
    assert next_turn(run)["told"] == 3


def test_letters_that_the_look_could_not_send_are_tried_again(turn):
    """After a minute, from the entry that nobody was told of."""
    run = turn(told=1)
    run.complete("AdvanceReview", looked(told=2))
    assert (run.called, run.open_timers) == (["AdvanceReview"], [run.now + timedelta(minutes=1)])
    run.pass_time(minutes=1)
    assert (next_turn(run)["told"], next_turn(run)["untold"]) == (2, 1)


def test_a_review_that_the_look_has_carried_out_to_its_end_is_over(turn):
    """Nothing is left to do."""
    run = turn(told=3, counted={"submitted": 1})
    run.complete("AdvanceReview", {**ended(), "told": 5, "counted": {"submitted": 1, "approved": 1}})
    assert (run.called, run.counted, run.output["status"]) == (["AdvanceReview"], [], "approved")


def test_findings_that_are_on_record_are_carried_out_at_once(turn):
    """No second look is needed."""
    run = turn()
    run.complete("AdvanceReview", step(next="check", status="checking", attachments=[FILE]))
    run.complete("FanOutFanIn", SUM)
    run.complete("RecordChecks", looked())
    assert (run.called, run.status["entries"]) == (["AdvanceReview", "FanOutFanIn", "RecordChecks"], 3)


def test_a_document_that_changes_while_it_is_checked_is_checked_again(turn):
    """Three times, and then the turn waits for events."""
    run = turn(told=1)
    run.complete("AdvanceReview", step(next="check", status="checking", attachments=[FILE]))
    for _ in range(2):
        run.complete("FanOutFanIn", SUM)
        run.complete("RecordChecks", step(next="check", status="checking", attachments=[FILE]))
    run.complete("FanOutFanIn", SUM)
    run.complete("RecordChecks", step(next="check", status="checking", entries=1, attachments=[FILE]))
    assert run.open_timers[0] <= run.now
