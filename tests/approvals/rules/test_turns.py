"""What a review's workflow is given, finds and hands on."""

from datetime import UTC, datetime, timedelta

import pytest

from approvals.decision import Decision
from approvals.findings import ChecksSummary, Counts, Finding
from approvals.rules.turns import (
    LONGEST_WAIT,
    MOST_TROUBLES,
    EventDecision,
    Progress,
    ReviewInput,
    Step,
    Turn,
    findings_of,
    step_of,
    to_custom_status,
    until,
    wake_for,
    wakes_after,
    woken_by,
)
from approvals.validation import Invalid
from tests.approvals.story import BEGUN, Story

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
YES = Decision(approved=True, approver="Mara", comment="go")
BOARD = {"stages": [{"name": "board", "approvers": ["Mara"], "windowHours": 10, "remindAfterHours": [4]}]}


def turn(**fields):
    """A turn of one proposal."""
    return Turn(proposal_id="p1", **fields)


def test_a_turn_reads_back_from_plain_json():
    """With all that it can hold."""
    full = turn(
        told=3,
        woken_by=4,
        counted={"submitted": 1},
        heard=(EventDecision(id="event 1", decision=YES),),
        reached="2026-03-02T09:00:00+00:00",
        refused=1,
        last_refusal="notAsked",
        troubles=2,
        untold=3,
    )
    sent = ReviewInput(review=full)
    assert sent == ReviewInput.from_dict(sent.to_dict())


def test_the_first_turn_gets_only_the_id():
    """As the submission and the sweep start it."""
    assert ReviewInput.from_dict({"review": {"proposalId": "p1"}}).review == turn()
    with pytest.raises(Invalid, match="proposalId"):
        ReviewInput.from_dict({"review": {}})


@pytest.mark.parametrize(
    ("reached", "time"),
    [
        (None, timedelta()),
        (timedelta(seconds=-5), timedelta()),
        (timedelta(seconds=1), timedelta(seconds=1)),
        (timedelta(days=9), timedelta(seconds=2)),
    ],
)
def test_a_timer_may_fire_two_seconds_early(reached, time):
    """The turn uses the planned time, and never gets further into the future."""
    given = turn(reached=(NOW + reached).isoformat() if reached is not None else None)
    assert given.time(NOW) == NOW + time


def test_pauses_grow_from_a_minute_to_an_hour():
    """A minute does not matter in an outage, but a thousand attempts would."""
    minutes = [turn(troubles=times).pause.total_seconds() / 60 for times in (1, 2, 3, 6, 7, 29)]
    assert minutes == [1, 2, 4, 32, 60, 60]
    assert turn().pause is None
    assert turn(untold=2).pause == timedelta(minutes=2)


def test_failed_looks_add_up_and_a_success_resets_them():
    """The number of failures in a row counts."""
    assert turn(troubles=2).after_look(failed=True).troubles == 3
    assert turn(troubles=2).after_look(failed=False).troubles == 0


@pytest.mark.parametrize(
    ("untold", "reached", "told"),
    [(4, 7, (7, 0)), (4, 5, (5, 5)), (4, 0, (3, 5)), (MOST_TROUBLES - 1, 5, (7, 0))],
    ids=["all sent", "one missing", "none sent", "given up"],
)
def test_missing_letters_are_retried_for_a_day(untold, reached, told):
    """From the first missing one; sent letters stay sent."""
    after = turn(told=3, untold=untold).after_telling(reached, 7)
    assert (after.told, after.untold) == told


def test_refused_events_add_up():
    """The last reason is shown."""
    refused = turn().with_refusal("notAsked").with_refusal("over")
    assert (refused.refused, refused.last_refusal) == (2, "over")


def test_a_turn_recognises_the_decision_that_it_began_with():
    """A decision that differs in any field is another one."""
    began = turn(heard=(EventDecision(id="event 1", decision=YES),))
    assert began.holds(Decision(approved=True, approver="Mara", comment="go"))
    assert not began.holds(Decision(approved=True, approver="Mara"))


def test_a_document_is_checked_first():
    """The workflow waits for nothing; the step has what to check, and no names."""
    step = step_of(Story(BOARD).review)
    assert (step.next, step.status, step.stage, step.deadline, step.wake_at) == ("check", "checking", None, None, None)
    assert (step.entries, step.round, step.counts) == (1, 1, {"submitted": 1})
    assert until(NOW, turn(), step) == NOW


def test_the_workflow_of_an_open_stage_waits_for_the_next_reminder():
    """The status shows the deadline, which is another time."""
    step = step_of(Story(BOARD).check("passed").review)
    assert (step.next, step.stage) == ("wait", "board")
    assert step.deadline == (BEGUN + timedelta(hours=10)).isoformat()
    assert until(BEGUN, turn(), step) == BEGUN + timedelta(hours=4)
    assert until(BEGUN, turn(untold=1), step) == BEGUN + timedelta(minutes=1)


def test_the_workflow_waits_for_changes_until_they_are_overdue():
    """At most six days at a time."""
    story = Story(BOARD).check("passed")
    story.does("changes", approver="Mara", comment="a ramp")
    step = step_of(story.review)
    assert (step.next, step.stage, step.status) == ("wait", None, "changesRequested")
    assert step.deadline == step.wake_at == (BEGUN + timedelta(hours=720)).isoformat()
    assert until(BEGUN, turn(), step) == BEGUN + LONGEST_WAIT


def test_the_workflow_of_an_ended_review_waits_for_nothing():
    """The counters get the outcome."""
    story = Story(BOARD).check("passed")
    story.does("decisions", approver="Mara", decision="approve")
    step = step_of(story.review)
    assert (step.next, step.status, step.deadline, step.wake_at) == ("ended", "approved", None, None)
    assert step.ended_at == BEGUN.isoformat()
    assert step.missing_counts({"submitted": 1}) == {"approved": 1}
    assert step.missing_counts(step.counts) == {}


def test_a_withdrawal_leaves_no_deadline():
    """Although the review remembers until when changes were wanted."""
    story = Story(BOARD).check("passed")
    story.does("changes", approver="Mara", comment="a ramp")
    story.does("withdraw", by="Ines")
    step = step_of(story.review)
    assert (step.status, step.deadline) == ("withdrawn", None)


def test_a_failed_look_is_repeated_after_the_pause():
    """Without a step no other time is known."""
    assert until(NOW, turn(troubles=1), None) == NOW + timedelta(minutes=1)


def test_a_step_reads_back_from_plain_json():
    """With all that it can hold."""
    step = step_of(Story(BOARD).check("passed").review)
    assert Step.from_dict(step.to_dict()) == step


def test_findings_are_the_worst_one_and_each_check_with_a_finding():
    """In one order, each once."""
    said = [("text", "warning"), ("type", "ok"), ("size", "error"), ("size", "error")]
    findings = tuple(
        Finding(attachment="note.md", check=check, severity=severity, message="m") for check, severity in said
    )
    counts = Counts(ok=1, warning=1, error=2)
    total = ChecksSummary(outcome="objections", attachments=1, bytes=1, counts=counts, findings=findings, failed=())
    assert findings_of(total) == ("objections", "size", "text")


def test_a_restarted_workflow_learns_from_the_list_what_was_told_and_counted():
    """The list may also know less than the workflow."""
    step = step_of(Story(BOARD).review, told=3, counted={"submitted": 1, "escalated": 1})
    assert step == Step.from_dict(step.to_dict())
    informed = turn(told=1, counted={"escalated": 2}).with_listed_values(step)
    assert (informed.told, informed.counted) == (3, {"submitted": 1, "escalated": 2})
    assert turn(told=9).with_listed_values(step).told == 9


def test_a_custom_status_shows_how_far_a_workflow_is():
    """It reads back equal."""
    step = step_of(Story(BOARD).check("passed").review)
    status = to_custom_status(turn(told=3), step)
    assert (Progress.read(status).entries, Progress.read(status).holds(3), Progress.read(status).holds(4)) == (
        step.entries, True, False,
    )  # fmt: skip
    assert not Progress.read(to_custom_status(turn(told=2, untold=1), step)).holds(3)


@pytest.mark.parametrize("status", [None, "waiting", [3], {}, {"entries": "3"}], ids=repr)
def test_a_custom_status_of_another_form_is_ignored(status):
    """It was never set, or belongs to another workflow."""
    assert Progress.read(status) == Progress(entries=0, untold=False)


def test_an_entry_that_nobody_was_told_of_is_not_shown_as_told():
    """The submission is on record, but no letter was sent for it."""
    step = step_of(Story(BOARD).review)
    assert (step.entries, to_custom_status(turn(), step)["entries"]) == (1, 0)
    assert "lastRefusal" not in to_custom_status(turn(), step)
    assert to_custom_status(turn().with_refusal("over"), step)["lastRefusal"] == "over"


def test_a_workflow_waits_for_the_next_entries_and_for_a_plain_wake():
    """So it hears of the one after a lost event too, and never of those that it has seen."""
    assert wakes_after(7) == ("Wake", *map(wake_for, (8, 9, 10, 11)))
    assert wake_for(8) == "Wake-8"


@pytest.mark.parametrize(("told", "untold"), [(5, 0), (4, 3), (0, 3)])
def test_what_a_look_has_carried_out_is_known_to_the_turn(told, untold):
    """Letters that did not go are tried again, from there."""
    before = turn(told=3, counted={"submitted": 1}, untold=2)
    after = before.after_carrying_out(told, {"submitted": 1, "escalated": 1}, 5)
    assert (after.told, after.untold) == (max(3, told), untold)
    assert after.counted == {"submitted": 1, "escalated": 1}


@pytest.mark.parametrize(
    ("heard", "entry"),
    [((), 0), ((4,), 4), ((6,), 6), ((4, 5), 5), ((4, 7), 7)],
    ids=str,
)
def test_a_workflow_is_woken_by_the_last_entry_that_it_hears_of(heard, entry):
    """Entries 1 to 3 were seen."""
    waited_for = wakes_after(3)
    assert woken_by(3, [any(name == wake_for(each) for each in heard) for name in waited_for]) == entry


def test_after_the_plain_event_it_is_no_entry():
    """Whoever raises it thinks that an event was lost."""
    assert woken_by(3, [True, True, False, False, False]) == 0
