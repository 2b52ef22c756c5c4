"""What time does: reminders, the ladder of escalations, and what a silence comes to."""

from datetime import timedelta

import pytest

from approvals.record.entries import Kind
from approvals.rules.eligibility import Refused
from approvals.rules.progress import checked, counts, failed, next_wake, settle
from tests.approvals.story import AUTHOR, BEGUN, Story, policy


def at(hours: float) -> object:
    """The point in time so many hours after the beginning."""
    return BEGUN + timedelta(hours=hours)


def test_the_ladder_is_climbed_rung_by_rung_and_ends_in_nothing() -> None:
    """Each rung has a window of its own."""
    ladder = ["Jonas", {"to": ["Ana", "Cem"], "windowHours": 24}]
    story = Story(policy({"approvers": ["Mara"], "escalateTo": ladder})).check()
    assert (story.waiting, next_wake(story.review)) == (["Mara"], at(72))
    story.passes(72)
    assert (story.waiting, next_wake(story.review)) == (["Jonas"], at(144))
    story.passes(72)
    assert (story.waiting, next_wake(story.review)) == (["Ana", "Cem"], at(168))
    story.passes(24)
    assert (story.status, next_wake(story.review)) == ("expired", None)
    assert story.review.end.reason == "stage 'A': nobody answered, not even after the last escalation"
    assert [entry.missing for entry in story.of(Kind.ESCALATED)] == [("Mara",), ("Jonas",)]


def test_who_it_was_escalated_to_decides_in_the_place_of_all() -> None:
    """Also where all had to agree, and some had."""
    stage = {"approvers": ["Mara", "Cem"], "rule": "all", "escalateTo": ["Jonas"]}
    story = Story(policy(stage)).check()
    story.decides("Cem")
    story.passes(72)
    assert story.waiting == ["Jonas"]
    late = story.decides("Mara")
    assert isinstance(late, Refused)
    assert late.reason == "the deadline passed at 2026-03-05 09:00 UTC; now Jonas may decide"
    story.decides("Jonas")
    assert story.status == "approved"


def test_who_it_was_escalated_to_can_say_no() -> None:
    """And that is the end."""
    story = Story(policy({"approvers": ["Mara"], "escalateTo": ["Jonas"]})).check().passes(72)
    story.decides("Jonas", "reject")
    assert story.status == "rejected"


def test_who_missed_a_lower_rung_is_late_too() -> None:
    """Everybody below is."""
    story = Story(policy({"approvers": ["Mara"], "escalateTo": ["Jonas", "Ana"]})).check().passes(72).passes(72)
    assert isinstance(story.decides("Jonas"), Refused)
    assert story.waiting == ["Ana"]


def test_who_was_asked_on_a_rung_is_told_who_decided_the_stage() -> None:
    """Long after."""
    stages = ({"approvers": ["Mara"], "escalateTo": ["Jonas", "Ana"]}, {"approvers": ["Cem"]})
    story = Story(policy(*stages)).check().passes(72).passes(72)
    story.decides("Ana")
    late = story.decides("Jonas")
    assert isinstance(late, Refused)
    assert late.reason == "stage 'A' was approved by Ana at 2026-03-08 09:00 UTC"


def test_an_answer_after_the_deadline_comes_too_late_even_when_nobody_has_looked() -> None:
    """Never approved after the end of the ladder: time is settled before the answer is judged."""
    story = Story(policy({"approvers": ["Mara"]})).check().waits(72)
    late = story.decides("Mara")
    assert isinstance(late, Refused)
    assert late.code == "over"
    assert story.status == "inReview"
    story.passes(0)
    assert story.status == "expired"


def test_an_answer_after_the_deadline_leaves_the_escalation_in_the_record() -> None:
    """Whoever it was escalated to may be the first to write it down, in one step with the answer."""
    story = Story(policy({"approvers": ["Mara"], "escalateTo": ["Jonas"]})).check().waits(72)
    story.decides("Jonas")
    assert story.kinds(3) == ["escalated", "decided", "stageClosed", "ended"]


@pytest.mark.parametrize(("outcome", "status"), [("approve", "approved"), ("reject", "rejected")])
def test_a_silence_comes_to_what_the_policy_says(outcome: str, status: str) -> None:
    """At the end of the window."""
    story = Story(policy({"approvers": ["Mara"], "onTimeout": outcome})).check().passes(71.9)
    assert story.status == "inReview"
    story.passes(0.1)
    assert (story.status, story.review.end.by) == (status, "nobody")


def test_a_rung_on_which_nobody_may_answer_is_passed_over() -> None:
    """The author, and with four eyes who decided before."""
    second = {"approvers": ["Jonas"], "escalateTo": [AUTHOR, "Mara", "Ana"]}
    story = Story(policy({"approvers": ["Mara"]}, second, fourEyes=True)).check()
    story.decides("Mara")
    story.passes(72)
    assert story.waiting == ["Ana"]


def test_a_rung_of_one_who_has_answered_in_this_stage_is_passed_over() -> None:
    """In somebody's stead; one person has one answer."""
    stage = {"approvers": ["Mara", "Cem"], "rule": "all", "escalateTo": ["Jonas", "Ana"]}
    story = Story(policy(stage)).check()
    story.does("delegate", approver="Mara", to="Jonas")
    story.decides("Jonas")
    story.passes(72)
    assert (story.waiting, story.review.stage and story.review.stage.rung) == (["Ana"], 2)


def test_the_author_is_on_a_rung_where_the_policy_allows_it() -> None:
    """Four eyes are not asked either."""
    lenient = policy({"approvers": ["Jonas"], "escalateTo": [AUTHOR]}, allowSelfApproval=True)
    story = Story(lenient).check().passes(72)
    assert story.waiting == [AUTHOR]


def test_reminders_come_when_planned_to_those_who_have_not_answered() -> None:
    """And wake the workflow in time."""
    stage = {"approvers": ["Mara", "Jonas"], "rule": "all", "remindAfterHours": [24, 48]}
    story = Story(policy(stage)).check()
    assert next_wake(story.review) == at(24)
    story.passes(24)
    story.decides("Mara")
    assert next_wake(story.review) == at(48)
    story.passes(24)
    assert next_wake(story.review) == at(72)
    assert [entry.people for entry in story.of(Kind.REMINDED)] == [("Mara", "Jonas"), ("Jonas",)]


def test_after_an_outage_one_reminder_stands_for_all_that_were_due() -> None:
    """Nobody wants three letters at once."""
    stage = {"approvers": ["Mara"], "remindAfterHours": [24, 36, 48]}
    story = Story(policy(stage)).check().passes(50)
    assert len(story.of(Kind.REMINDED)) == 1
    assert story.passes(1).kinds(4) == []


def test_after_an_outage_who_is_asked_late_has_the_whole_window() -> None:
    """It runs from when they were asked."""
    story = Story(policy({"approvers": ["Mara"], "escalateTo": ["Jonas"]})).check().passes(500)
    assert (story.waiting, next_wake(story.review)) == (["Jonas"], at(572))


def test_settling_twice_changes_nothing() -> None:
    """Whoever looks."""
    story = Story(policy({"approvers": ["Mara"], "escalateTo": ["Jonas"]})).check().passes(72)
    assert settle(story.review, story.now) == ()


def test_the_checks_count_once_and_for_the_document_that_was_checked() -> None:
    """Delivered again, or for a document that has changed meanwhile, they do nothing."""
    story = Story(policy({"approvers": ["Mara"]}))
    old = story.review.document
    story.attaches("plan", "drawn")
    assert checked(story.review, (), document=old, now=story.now) == ()
    story.check()
    assert checked(story.review, (), document=story.review.document, now=story.now) == ()


def test_findings_choose_stages() -> None:
    """What the checks found is part of the plan."""
    extra = {"approvers": ["Safety"], "when": {"findings": ["objections"]}}
    plain = Story(policy({"approvers": ["Mara"]}, extra)).check("passed")
    found = Story(policy({"approvers": ["Mara"]}, extra)).check("objections")
    assert (1, 2) == (len(plain.review.stages), len(found.review.stages))


def test_a_workflow_that_cannot_go_on_ends_its_review_once() -> None:
    """With the reason; after an end there is no other."""
    story = Story(policy({"approvers": ["Mara"]}))
    story.entries += failed(story.review, "storage said no", now=story.now)
    assert (story.status, story.review.end.reason) == ("failed", "storage said no")
    assert failed(story.review, "again", now=story.now) == ()


def test_the_clock_of_a_record_never_goes_back() -> None:
    """Hosts disagree about the time; entries do not."""
    story = Story(policy({"approvers": ["Mara"]})).check()
    story.waits(-5)
    story.decides("Mara")
    assert sorted(entry.at for entry in story.entries) == [entry.at for entry in story.entries]


def test_the_counters_are_told_what_a_review_adds_to_them() -> None:
    """Itself, each escalation, its end."""
    story = Story(policy({"approvers": ["Mara"], "escalateTo": ["Jonas"]})).check()
    assert counts(story.review) == {"submitted": 1}
    story.passes(72).decides("Jonas", "reject")
    assert counts(story.review) == {"submitted": 1, "escalated": 1, "rejected": 1}


def test_nothing_but_people_moves_a_proposal_that_is_checked() -> None:
    """The checks are the workflow's next step, not time's."""
    assert next_wake(Story(policy({"approvers": ["Mara"]})).review) is None
    paused = Story(policy({"approvers": ["Mara"]})).check()
    paused.does("changes", approver="Mara", comment="shorter")
    assert next_wake(paused.review) == at(720)
