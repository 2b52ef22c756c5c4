"""What letters say: each kind in one sentence that names who, what and until when."""

from dataclasses import replace
from typing import Any

import pytest

from approvals.rules.progress import end_as_failed
from approvals.words.letter_texts import Words, cost, words_for
from approvals.words.notices import notices_for
from tests.approvals.story import AUTHOR, Story, policy

TWO = policy({"name": "design", "approvers": ["Ana", "Ben"], "rule": "all", "windowHours": 10, "escalateTo": ["Eva"]})


def told(story: Story, person: str, after: int = 0) -> Words:
    """Return what the latest letter to a person says."""
    return words_for([each for each in notices_for(story.entries, told=after) if each.person == person][-1])


def after_changes(**resubmitted: Any) -> Story:
    """Ana has agreed, Ben wanted changes, and the author has handed it in again."""
    story = Story(TWO).check()
    story.decides("Ana")
    story.does("changes", approver="Ben", comment="Use oak.")
    story.does("resubmit", by=AUTHOR, comment="Look now.", **resubmitted)
    return story


def test_an_asked_person_learns_by_whom_and_for_what():
    """The subject says what to do."""
    words = told(Story(TWO).check(), "Ana")
    assert words == Words(
        subject="Please decide: Bench",
        lead="Ines has submitted this proposal. Your answer is needed in stage “design”.",
    )


def test_the_budget_stage_has_its_standard_name():
    """Its owner has not seen the policy."""
    story = Story(policy({"approvers": ["Ana"]}, budgetLimit=50, budgetOwners=["Bea"])).check()
    story.decides("Ana")
    assert told(story, "Bea").lead.endswith("Your answer is needed in the budget stage.")


def test_a_person_asked_again_gets_the_authors_comment():
    """In the author's words."""
    words = told(after_changes(), "Ben")
    assert words.subject == "Please decide again: Bench"
    assert words.lead == "Ines has revised this proposal. Please read it again and answer in stage “design”."
    assert (words.quoted, words.quoted_from) == ("Look now.", "Ines")


def test_a_person_asked_for_the_first_time_hears_of_no_revision():
    """They have not seen the earlier document."""
    story = Story(policy({"approvers": ["Ana"]}, {"approvers": ["Ben"]})).check()
    story.does("changes", approver="Ana", comment="Use oak.")
    story.does("resubmit", by=AUTHOR, comment="Look now.")
    story.decides("Ana")
    words = told(story, "Ben")
    assert words.subject == "Please decide: Bench"
    assert words.quoted is None


def test_a_revision_letter_says_whether_earlier_answers_count():
    """They do if the document is the same."""
    assert told(after_changes(), "Ana").lead == (
        "Ines has submitted this proposal again. The document is the same, so earlier answers still count."
    )
    words = told(after_changes(title="Oak bench"), "Ana")
    assert words.subject == "Revised: Oak bench"
    assert "earlier answers do not count any more" in words.lead


def test_a_letter_about_a_file_names_it():
    """And says whether it replaced one; people who are not asked now get one letter."""
    story = Story(policy({"approvers": ["Ana"]}, {"approvers": ["Ben"]})).check()
    story.decides("Ana")
    story.attaches("plan.txt", "a plan")
    story.attaches("plan.txt", "another plan")
    story.check()
    words = told(story, "Ben")
    assert words.subject == "Document changed: Bench"
    assert words.lead.startswith("Ines has added plan.txt and replaced plan.txt. The document has changed")


def test_an_old_records_letter_about_a_file_names_it():
    """With the text of that time."""
    story = Story(TWO).check()
    story.attaches("plan.txt", "a plan")
    story.entries = (*story.entries[:-1], replace(story.entries[-1], round=None))
    assert told(story, "Ana").lead.startswith("Ines has added plan.txt. The document has changed")


def test_a_letter_about_a_file_says_if_answers_are_kept():
    """The policy decides."""
    kept = policy({"approvers": ["Ana", "Cem"], "rule": "all"}, {"approvers": ["Ben"]}, keepAnswersOn=["addedFiles"])
    story = Story(kept).check()
    story.decides("Ana")
    story.attaches("plan.txt", "a plan")
    story.check()
    assert told(story, "Ana").lead == (
        "Ines has added plan.txt. Answers that the policy keeps still count. "
        "You will be asked again if your answer is needed."
    )


def test_a_person_who_approved_before_the_findings_gets_them():
    """Otherwise the second question would be surprising."""
    story = Story(TWO)
    story.decides("Ana")
    words = told(story.check("objections", "virus"), "Ana")
    assert words.subject == "Please decide again: Bench"
    assert words.lead == (
        "You agreed before the automatic checks had ended. Their result: objections, virus. "
        "Please read it again and answer in stage “design”."
    )
    assert told(story, "Ben").subject == "Please decide: Bench"


def test_a_letter_about_comments_quotes_them():
    """Each with its author if there are several."""
    story = Story(TWO).check()
    story.does("comments", by="Ana", comment="Why steel?")
    assert told(story, AUTHOR) == Words(
        subject="Comment: Bench",
        lead="Ana has commented on this proposal.",
        quoted="Why steel?",
        quoted_from="Ana",
    )
    story.does("comments", by="Ben", comment="It lasts.")
    story.does("comments", by="Ana", comment="I see.")
    assert told(story.passes(1), AUTHOR) == Words(
        subject="Comment: Bench",
        lead="Ben and Ana have commented on this proposal.",
        quoted="Ben: It lasts.\n\nAna: I see.",
        quoted_from="Ben and Ana",
    )


def test_a_letter_about_taking_back_goes_to_both_people():
    """The delegate learns that nothing is left to do."""
    story = Story(TWO).check()
    story.does("delegate", **{"from": "Ana", "to": "Cem"})
    story.does("takeBack", by="Ana", comment="Back earlier.")
    assert told(story, "Ana").lead == "You have taken back your task in stage “design”. Your answer is needed."
    assert told(story, "Cem") == Words(
        subject="Taken back: Bench",
        lead="Ana has taken back the task in stage “design”. You do not need to do anything.",
        quoted="Back earlier.",
        quoted_from="Ana",
    )


def test_a_letter_about_a_systems_reassignment_says_so():
    """The system named nobody."""
    story = Story(TWO).check()
    story.does("reassign", **{"from": "Ana", "to": "Cem"})
    assert told(story, "Ana").lead.startswith("A system has given your task in stage “design” to Cem.")


def test_an_end_letter_says_where_a_timeout_counted_as_approval():
    """Nobody must believe that a person approved."""
    silent = {"approvers": ["Ana"], "onTimeout": "approve"}
    story = Story(policy(silent, {"approvers": ["Ben"]})).check().passes(72)
    story.decides("Ben")
    assert told(story, AUTHOR).lead == (
        "Your proposal was approved by Ben. Nobody answered in stage “A” in time, which the policy counts as a yes."
    )
    both = Story(policy(silent, silent)).check().passes(72).passes(72)
    assert "Nobody answered in stages “A” and “B” in time" in told(both, AUTHOR).lead


def test_a_reminder_names_the_person_who_sent_it():
    """And nobody if it was planned."""
    story = Story(policy({"approvers": ["Ana"], "remindAfterHours": [1]})).check().passes(1)
    assert told(story, "Ana") == Words(subject="Reminder: Bench", lead="Your answer in stage “A” is still needed.")
    story.waits(2)
    story.does("remind", by=AUTHOR)
    assert told(story, "Ana").lead == "Ines reminds you: your answer in stage “A” is still needed."


def test_an_escalation_letter_names_the_late_and_the_new_people():
    """Each side learns of the other."""
    story = Story(TWO).check()
    story.decides("Ben")
    story.passes(10)
    assert told(story, "Eva") == Words(
        subject="Escalated to you: Bench",
        lead="Ana did not answer in time, so you are asked to decide in stage “design”.",
    )
    assert told(story, "Ana") == Words(
        subject="Escalated: Bench",
        lead="The deadline for your answer in stage “design” has passed. Now Eva may decide.",
    )


def test_an_escalation_letter_says_how_many_must_agree_and_who_is_still_needed():
    """One person on the rung cannot replace two."""
    story = Story(TWO).check().passes(10)
    assert told(story, "Eva").lead == (
        "Ana and Ben did not answer in time, so you are asked to decide in stage “design”. "
        "2 of the people asked must agree."
    )
    assert told(story, "Ana") == Words(
        subject="Still needed: Bench",
        lead="The deadline of stage “design” has passed. Your answer is still needed. Now Eva may answer too. "
        "2 of the people asked must agree.",
    )


def test_a_delegate_learns_for_whom_they_answer():
    """With the owner's comment."""
    story = Story(TWO).check()
    story.does("delegate", **{"from": "Ana", "to": "Cem", "comment": "I am away."})
    assert told(story, "Cem") == Words(
        subject="Delegated to you: Bench",
        lead="Ana has delegated a task in stage “design” to you. Your answer is needed. You answer on behalf of Ana.",
        quoted="I am away.",
        quoted_from="Ana",
    )


def test_a_person_who_loses_a_task_learns_to_whom():
    """An operator reassigned it."""
    story = Story(TWO).check()
    story.does("reassign", **{"from": "Ana", "to": "Cem", "by": "Olga"})
    assert told(story, "Cem").subject == "Reassigned to you: Bench"
    assert told(story, "Cem").lead == "Olga has reassigned a task in stage “design” to you. Your answer is needed."
    assert told(story, "Ana").lead == (
        "Olga has given your task in stage “design” to Cem. You do not need to do anything."
    )


def test_the_author_learns_what_to_change_and_until_when():
    """With the day."""
    story = Story(TWO).check()
    story.does("changes", approver="Ana", comment="Use oak.")
    assert told(story, AUTHOR) == Words(
        subject="Changes requested: Bench",
        lead="Ana asks you to change this proposal. The deadline is paused. Please submit it again by "
        "Wednesday 1 April 2026, 09:00 UTC.",
        quoted="Use oak.",
        quoted_from="Ana",
    )


def test_a_withdrawal_letter_gives_the_reason():
    """The people who were asked need not read further."""
    story = Story(TWO).check()
    story.does("withdraw", by=AUTHOR, reason="No money.")
    assert told(story, "Ana") == Words(
        subject="Withdrawn: Bench",
        lead="Ines has withdrawn this proposal. You do not need to do anything.",
        quoted="No money.",
        quoted_from="Ines",
    )


def test_an_end_letter_names_who_decided_and_why():
    """To the author it says "your proposal"."""
    story = Story(policy({"approvers": ["Ana"]})).check()
    story.decides("Ana", "reject", comment="Too dear.")
    assert told(story, AUTHOR) == Words(
        subject="Rejected: Bench", lead="Your proposal was rejected by Ana.", quoted="Too dear.", quoted_from="Ana"
    )
    assert told(story, "Ana").lead == "The proposal that you were asked about was rejected by Ana."


def test_an_end_letter_has_the_policys_word():
    """Approved with conditions differs from approved."""
    story = Story(policy({"approvers": ["Ana"]}, outcomes={"approve with conditions": "approve"})).check()
    story.decides("Ana", "approve with conditions")
    assert told(story, AUTHOR).lead == "Your proposal was approved by Ana. The decision: approve with conditions."


def test_an_expiry_letter_says_what_can_be_done():
    """Nobody decided it."""
    story = Story(policy({"approvers": ["Ana"], "windowHours": 1})).check().passes(1)
    words = told(story, AUTHOR)
    assert words.subject == "Expired: Bench"
    assert words.lead.startswith("Your proposal has expired. The reason: ")
    assert words.lead.endswith("It can be submitted again as a new proposal.")


def test_a_failure_letter_says_that_nothing_was_approved():
    """And whom to ask."""
    story = Story(TWO).check()
    story.entries += end_as_failed(story.review, "storage is full", now=story.now)
    assert told(story, AUTHOR).lead == (
        "Your proposal has failed. The reason: storage is full. "
        "Nothing was approved. Please submit it again, or ask the people who run Greenlight."
    )


def test_the_author_gets_a_receipt_for_a_withdrawal():
    """Without the comment that they have just written."""
    story = Story(TWO).check()
    story.does("withdraw", by=AUTHOR, reason="No money.")
    story.passes(0)
    assert told(story, AUTHOR) == Words(subject="Withdrawn: Bench", lead="Your proposal was withdrawn.")


@pytest.mark.parametrize(
    ("currency", "rates", "told"),
    [
        ("KWD", {"KWD": 3.02}, "99,999 KWD, which is 301,996.98 EUR at the rates of 2026-03-02"),
        ("KWD", {"USD": 0.9}, "99,999 KWD"),
        ("EUR", {"EUR": 2.0}, "99,999 EUR"),
        ("KWD", None, "99,999 KWD"),
    ],
)
def test_a_cost_shows_how_the_policy_converts_it(currency, rates, told):
    """Deciders see the compared amount and the date of the rates."""
    rule = policy({"approvers": ["Ana"]}, budgetLimit=100_000)
    if rates:
        rule["rates"] = {"date": "2026-03-02", "worth": rates}
    assert cost(Story(rule, cost=99_999.0, currency=currency).review) == told


def test_an_entry_without_letters_has_no_letter_text():
    """A notice of such an entry would be a bug."""
    story = Story(TWO).check()
    notice = notices_for(story.entries, told=0)[0]
    with pytest.raises(ValueError, match="there is no letter about an entry of the kind checked"):
        words_for(replace(notice, entry=story.entries[1]))
