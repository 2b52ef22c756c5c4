"""What time does: reminders, the ladder of escalations, and what a silence comes to."""

from datetime import timedelta

import pytest

from approvals.record.entries import Kind
from approvals.rules.eligibility import ActionRefused
from approvals.rules.progress import checked, counts, end_as_failed, next_wake, settle
from tests.approvals.story import AUTHOR, BEGUN, Story, policy


def at(hours: float) -> object:
    """The point in time so many hours after the beginning."""
    return BEGUN + timedelta(hours=hours)


def test_the_ladder_is_climbed_rung_by_rung_and_then_expires() -> None:
    """Each rung has its own window."""
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


def test_a_person_on_a_rung_decides_for_all() -> None:
    """Also if all had to agree and some had."""
    stage = {"approvers": ["Mara", "Cem"], "rule": "all", "escalateTo": ["Jonas"]}
    story = Story(policy(stage)).check()
    story.decides("Cem")
    story.passes(72)
    assert story.waiting == ["Jonas"]
    late = story.decides("Mara")
    assert isinstance(late, ActionRefused)
    assert late.reason == "the deadline passed at 2026-03-05 09:00 UTC; now Jonas may decide"
    story.decides("Jonas")
    assert story.status == "approved"


def test_a_person_on_a_rung_may_reject() -> None:
    """That ends the proposal."""
    story = Story(policy({"approvers": ["Mara"], "escalateTo": ["Jonas"]})).check().passes(72)
    story.decides("Jonas", "reject")
    assert story.status == "rejected"


def test_an_answer_from_a_lower_rung_is_late() -> None:
    """From any rung below."""
    story = Story(policy({"approvers": ["Mara"], "escalateTo": ["Jonas", "Ana"]})).check().passes(72).passes(72)
    assert isinstance(story.decides("Jonas"), ActionRefused)
    assert story.waiting == ["Ana"]


def test_a_person_on_an_earlier_rung_learns_who_decided_the_stage() -> None:
    """Long after it."""
    stages = ({"approvers": ["Mara"], "escalateTo": ["Jonas", "Ana"]}, {"approvers": ["Cem"]})
    story = Story(policy(*stages)).check().passes(72).passes(72)
    story.decides("Ana")
    late = story.decides("Jonas")
    assert isinstance(late, ActionRefused)
    assert late.reason == "stage 'A' was approved by Ana at 2026-03-08 09:00 UTC"


def test_an_answer_after_the_deadline_is_late_even_if_nobody_has_looked() -> None:
    """Nothing is approved after the end of the ladder: time is processed before the answer."""
    story = Story(policy({"approvers": ["Mara"]})).check().waits(72)
    late = story.decides("Mara")
    assert isinstance(late, ActionRefused)
    assert late.code == "over"
    assert story.status == "inReview"
    story.passes(0)
    assert story.status == "expired"


def test_an_answer_after_the_deadline_records_the_escalation_first() -> None:
    """The person on the next rung may be the first to write, and the answer counts in the same step."""
    story = Story(policy({"approvers": ["Mara"], "escalateTo": ["Jonas"]})).check().waits(72)
    story.decides("Jonas")
    assert story.kinds(3) == ["escalated", "decided", "stageClosed", "ended"]


@pytest.mark.parametrize(("outcome", "status"), [("approve", "approved"), ("reject", "rejected")])
def test_a_timeout_has_the_outcome_of_the_policy(outcome: str, status: str) -> None:
    """At the end of the window."""
    story = Story(policy({"approvers": ["Mara"], "onTimeout": outcome})).check().passes(71.9)
    assert story.status == "inReview"
    story.passes(0.1)
    assert (story.status, story.review.end.by) == (status, "nobody")


def test_a_rung_on_which_nobody_may_answer_is_skipped() -> None:
    """Its person is the author, or decided before with four eyes."""
    second = {"approvers": ["Jonas"], "escalateTo": [AUTHOR, "Mara", "Ana"]}
    story = Story(policy({"approvers": ["Mara"]}, second, fourEyes=True)).check()
    story.decides("Mara")
    story.passes(72)
    assert story.waiting == ["Ana"]


def test_a_rung_of_a_person_who_answered_in_this_stage_is_skipped() -> None:
    """On somebody's behalf; one person has one answer."""
    stage = {"approvers": ["Mara", "Cem"], "rule": "all", "escalateTo": ["Jonas", "Ana"]}
    story = Story(policy(stage)).check()
    story.does("delegate", approver="Mara", to="Jonas")
    story.decides("Jonas")
    story.passes(72)
    assert (story.waiting, story.review.stage and story.review.stage.rung) == (["Ana"], 2)


def test_the_author_may_be_on_a_rung_if_the_policy_allows_it() -> None:
    """Four eyes do not apply either."""
    lenient = policy({"approvers": ["Jonas"], "escalateTo": [AUTHOR]}, allowSelfApproval=True)
    story = Story(lenient).check().passes(72)
    assert story.waiting == [AUTHOR]


def test_reminders_go_at_planned_times_to_people_without_an_answer() -> None:
    """The workflow wakes in time for them."""
    stage = {"approvers": ["Mara", "Jonas"], "rule": "all", "remindAfterHours": [24, 48]}
    story = Story(policy(stage)).check()
    assert next_wake(story.review) == at(24)
    story.passes(24)
    story.decides("Mara")
    assert next_wake(story.review) == at(48)
    story.passes(24)
    assert next_wake(story.review) == at(72)
    assert [entry.people for entry in story.of(Kind.REMINDED)] == [("Mara", "Jonas"), ("Jonas",)]


def test_one_reminder_after_an_outage_replaces_all_that_were_due() -> None:
    """Nobody wants three letters at once."""
    stage = {"approvers": ["Mara"], "remindAfterHours": [24, 36, 48]}
    story = Story(policy(stage)).check().passes(50)
    assert len(story.of(Kind.REMINDED)) == 1
    assert story.passes(1).kinds(4) == []


def test_people_asked_late_after_an_outage_have_the_whole_window() -> None:
    """It begins when they were asked."""
    story = Story(policy({"approvers": ["Mara"], "escalateTo": ["Jonas"]})).check().passes(500)
    assert (story.waiting, next_wake(story.review)) == (["Jonas"], at(572))


def test_settling_twice_changes_nothing() -> None:
    """Whoever looks."""
    story = Story(policy({"approvers": ["Mara"], "escalateTo": ["Jonas"]})).check().passes(72)
    assert settle(story.review, story.now) == ()


def test_checks_count_once_and_only_for_the_document_that_was_checked() -> None:
    """A second delivery, or one for an earlier document, does nothing."""
    story = Story(policy({"approvers": ["Mara"]}))
    old = story.review.document
    story.attaches("plan", "drawn")
    assert checked(story.review, (), document=old, now=story.now) == ()
    story.check()
    assert checked(story.review, (), document=story.review.document, now=story.now) == ()


def test_findings_choose_stages() -> None:
    """The plan depends on the checks."""
    extra = {"approvers": ["Safety"], "when": {"findings": ["objections"]}}
    plain = Story(policy({"approvers": ["Mara"]}, extra)).check("passed")
    found = Story(policy({"approvers": ["Mara"]}, extra)).check("objections")
    assert (1, 2) == (len(plain.review.stages), len(found.review.stages))


def test_a_workflow_that_cannot_go_on_ends_its_review_once() -> None:
    """With the reason; after an end there is no other."""
    story = Story(policy({"approvers": ["Mara"]}))
    story.entries += end_as_failed(story.review, "storage said no", now=story.now)
    assert (story.status, story.review.end.reason) == ("failed", "storage said no")
    assert end_as_failed(story.review, "again", now=story.now) == ()


def test_the_times_of_a_record_never_go_back() -> None:
    """The clocks of hosts differ; entries have increasing times."""
    story = Story(policy({"approvers": ["Mara"]})).check()
    story.waits(-5)
    story.decides("Mara")
    assert sorted(entry.at for entry in story.entries) == [entry.at for entry in story.entries]


def test_the_counters_get_the_shares_of_a_review() -> None:
    """The submission, each escalation, the end."""
    story = Story(policy({"approvers": ["Mara"], "escalateTo": ["Jonas"]})).check()
    assert counts(story.review) == {"submitted": 1}
    story.passes(72).decides("Jonas", "reject")
    assert counts(story.review) == {"submitted": 1, "escalated": 1, "rejected": 1}


def test_time_does_not_move_a_proposal_during_its_checks() -> None:
    """The workflow runs the checks next; no deadline applies."""
    assert next_wake(Story(policy({"approvers": ["Mara"]})).review) is None
    paused = Story(policy({"approvers": ["Mara"]})).check()
    paused.does("changes", approver="Mara", comment="shorter")
    assert next_wake(paused.review) == at(720)
