"""What letters say: each kind in one sentence that names who, what and until when."""

from dataclasses import replace
from typing import Any

import pytest

from approvals.rules.progress import failed
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


def test_who_is_asked_is_told_by_whom_and_for_what():
    """And the subject says what is wanted."""
    words = told(Story(TWO).check(), "Ana")
    assert words == Words(
        subject="Please decide: Bench",
        lead="Ines has handed in this proposal. Your answer is needed in stage “design”.",
    )


def test_the_budget_stage_is_called_that():
    """Its owner has not seen the policy."""
    story = Story(policy({"approvers": ["Ana"]}, budgetLimit=50, budgetOwners=["Bea"])).check()
    story.decides("Ana")
    assert told(story, "Bea").lead.endswith("Your answer is needed in the budget stage.")


def test_who_is_asked_again_is_told_what_the_author_says():
    """In the author's own words."""
    words = told(after_changes(), "Ben")
    assert words.subject == "Please decide again: Bench"
    assert words.lead == "Ines has revised this proposal. Please look at it again and answer in stage “design”."
    assert (words.quoted, words.quoted_from) == ("Look now.", "Ines")


def test_who_is_asked_for_the_first_time_is_not_told_of_a_revision():
    """It would be about something that they have not seen."""
    story = Story(policy({"approvers": ["Ana"]}, {"approvers": ["Ben"]})).check()
    story.does("changes", approver="Ana", comment="Use oak.")
    story.does("resubmit", by=AUTHOR, comment="Look now.")
    story.decides("Ana")
    words = told(story, "Ben")
    assert words.subject == "Please decide: Bench"
    assert words.quoted is None


def test_a_revision_says_whether_earlier_answers_count():
    """They do where the document is the same."""
    assert told(after_changes(), "Ana").lead == (
        "Ines has handed this proposal in again. The document is the same, so earlier answers still count."
    )
    words = told(after_changes(title="Oak bench"), "Ana")
    assert words.subject == "Revised: Oak bench"
    assert "earlier answers do not count any more" in words.lead


def test_another_file_is_named():
    """And whether one of that name was there; those who are not asked now are told in one letter."""
    story = Story(policy({"approvers": ["Ana"]}, {"approvers": ["Ben"]})).check()
    story.decides("Ana")
    story.attaches("plan.txt", "a plan")
    story.attaches("plan.txt", "another plan")
    story.check()
    words = told(story, "Ben")
    assert words.subject == "Document changed: Bench"
    assert words.lead.startswith("Ines has added plan.txt and replaced plan.txt. The document is another one now")


def test_another_file_of_a_record_of_before_is_named():
    """As its letter was then."""
    story = Story(TWO).check()
    story.attaches("plan.txt", "a plan")
    story.entries = (*story.entries[:-1], replace(story.entries[-1], round=None))
    assert told(story, "Ana").lead.startswith("Ines has added plan.txt. The document is another one now")


def test_another_file_says_where_answers_are_kept():
    """As the policy has it."""
    kept = policy({"approvers": ["Ana", "Cem"], "rule": "all"}, {"approvers": ["Ben"]}, keepAnswersOn=["addedFiles"])
    story = Story(kept).check()
    story.decides("Ana")
    story.attaches("plan.txt", "a plan")
    story.check()
    assert told(story, "Ana").lead == (
        "Ines has added plan.txt. Answers that the policy keeps still count; who else is needed is asked again."
    )


def test_who_agreed_before_the_checks_found_something_is_told_what():
    """They would wonder why they are asked at all."""
    story = Story(TWO)
    story.decides("Ana")
    words = told(story.check("objections", "virus"), "Ana")
    assert words.subject == "Please decide again: Bench"
    assert words.lead == (
        "You agreed before the checks were through, and they came to: objections, virus. "
        "Please look again and answer in stage “design”."
    )
    assert told(story, "Ben").subject == "Please decide: Bench"


def test_a_comment_has_its_words():
    """Of several people each with their name."""
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


def test_who_takes_a_task_back_is_told_that_it_is_theirs():
    """And who had it, that it is not."""
    story = Story(TWO).check()
    story.does("delegate", **{"from": "Ana", "to": "Cem"})
    story.does("takeBack", by="Ana", comment="Back earlier.")
    assert told(story, "Ana").lead == "You have the task in stage “design” back. Your answer is needed."
    assert told(story, "Cem") == Words(
        subject="Taken back: Bench",
        lead="Ana has taken the task in stage “design” back. There is nothing left for you to do.",
        quoted="Back earlier.",
        quoted_from="Ana",
    )


def test_a_system_that_gave_a_task_away_is_called_one():
    """It named nobody."""
    story = Story(TWO).check()
    story.does("reassign", **{"from": "Ana", "to": "Cem"})
    assert told(story, "Ana").lead.startswith("A system has given your task in stage “design” to Cem.")


def test_an_end_says_where_a_silence_counted_as_a_yes():
    """Nobody is to think that somebody agreed."""
    silent = {"approvers": ["Ana"], "onTimeout": "approve"}
    story = Story(policy(silent, {"approvers": ["Ben"]})).check().passes(72)
    story.decides("Ben")
    assert told(story, AUTHOR).lead == (
        "Your proposal was approved by Ben. Nobody answered stage “A” in time, which the policy takes for a yes."
    )
    both = Story(policy(silent, silent)).check().passes(72).passes(72)
    assert "Nobody answered stages “A” and “B” in time" in told(both, AUTHOR).lead


def test_a_reminder_names_the_person_who_wants_it():
    """And nobody where it was planned."""
    story = Story(policy({"approvers": ["Ana"], "remindAfterHours": [1]})).check().passes(1)
    assert told(story, "Ana") == Words(subject="Reminder: Bench", lead="Your answer in stage “A” is still waited for.")
    story.waits(2)
    story.does("remind", by=AUTHOR)
    assert told(story, "Ana").lead == "Ines reminds you: your answer in stage “A” is still waited for."


def test_an_escalation_names_who_was_late_and_who_is_asked_instead():
    """Both sides know of each other."""
    story = Story(TWO).check()
    story.decides("Ben")
    story.passes(10)
    assert told(story, "Eva") == Words(
        subject="Escalated to you: Bench",
        lead="Ana did not answer in time, so stage “design” is yours to decide.",
    )
    assert told(story, "Ana") == Words(
        subject="Escalated: Bench",
        lead="The time for your answer in stage “design” is over. It is up to Eva now.",
    )


def test_an_escalation_says_how_many_must_agree_and_who_is_still_needed():
    """One on the rung cannot make up for two."""
    story = Story(TWO).check().passes(10)
    assert told(story, "Eva").lead == (
        "Ana and Ben did not answer in time, so stage “design” is yours to decide. 2 of those who are asked must agree."
    )
    assert told(story, "Ana") == Words(
        subject="Still needed: Bench",
        lead="Time was up in stage “design”, and your answer is still needed. Eva can answer as well now. "
        "2 of those who are asked must agree.",
    )


def test_who_is_handed_a_task_is_told_for_whom():
    """A delegate answers for somebody, with that one's words on what it is about."""
    story = Story(TWO).check()
    story.does("delegate", **{"from": "Ana", "to": "Cem", "comment": "I am away."})
    assert told(story, "Cem") == Words(
        subject="Delegated to you: Bench",
        lead="Ana hands you the answer in stage “design”. You answer on behalf of Ana.",
        quoted="I am away.",
        quoted_from="Ana",
    )


def test_who_loses_a_task_is_told_to_whom():
    """By an operator, for good."""
    story = Story(TWO).check()
    story.does("reassign", **{"from": "Ana", "to": "Cem", "by": "Olga"})
    assert told(story, "Cem").subject == "Handed to you: Bench"
    assert told(story, "Cem").lead == "Olga hands you the answer in stage “design”."
    assert told(story, "Ana").lead == (
        "Olga has given your task in stage “design” to Cem. There is nothing left for you to do."
    )


def test_the_author_is_told_what_to_change_and_until_when():
    """With the day."""
    story = Story(TWO).check()
    story.does("changes", approver="Ana", comment="Use oak.")
    assert told(story, AUTHOR) == Words(
        subject="Changes asked for: Bench",
        lead="Ana asks you to change this proposal. The clock stands still; hand it in again by "
        "Wednesday 1 April 2026, 09:00 UTC.",
        quoted="Use oak.",
        quoted_from="Ana",
    )


def test_a_withdrawal_gives_the_reason():
    """Those who were asked can stop reading."""
    story = Story(TWO).check()
    story.does("withdraw", by=AUTHOR, reason="No money.")
    assert told(story, "Ana") == Words(
        subject="Withdrawn: Bench",
        lead="Ines has withdrawn this proposal. There is nothing left for you to do.",
        quoted="No money.",
        quoted_from="Ines",
    )


def test_the_end_names_who_decided_and_why():
    """To the author it is theirs."""
    story = Story(policy({"approvers": ["Ana"]})).check()
    story.decides("Ana", "reject", comment="Too dear.")
    assert told(story, AUTHOR) == Words(
        subject="Rejected: Bench", lead="Your proposal was rejected by Ana.", quoted="Too dear.", quoted_from="Ana"
    )
    assert told(story, "Ana").lead == "The proposal on which you were asked was rejected by Ana."


def test_the_end_has_the_policys_own_word():
    """Approved on a condition is not the same as approved."""
    story = Story(policy({"approvers": ["Ana"]}, outcomes={"approve with conditions": "approve"})).check()
    story.decides("Ana", "approve with conditions")
    assert told(story, AUTHOR).lead == "Your proposal was approved by Ana. The decision: approve with conditions."


def test_an_end_by_time_says_what_can_be_done():
    """Nobody decided it."""
    story = Story(policy({"approvers": ["Ana"], "windowHours": 1})).check().passes(1)
    words = told(story, AUTHOR)
    assert words.subject == "Expired: Bench"
    assert words.lead.startswith("Your proposal has expired. The reason: ")
    assert words.lead.endswith("It can be handed in anew.")


def test_a_failure_says_that_nothing_was_approved():
    """And whom to ask."""
    story = Story(TWO).check()
    story.entries += failed(story.review, "storage is full", now=story.now)
    assert told(story, AUTHOR).lead == (
        "Your proposal has failed. The reason: storage is full. "
        "Nothing was approved; hand it in anew, or ask those who run Greenlight."
    )


def test_the_author_gets_a_receipt_for_a_withdrawal():
    """Without the words that they have just written."""
    story = Story(TWO).check()
    story.does("withdraw", by=AUTHOR, reason="No money.")
    story.passes(0)
    assert told(story, AUTHOR) == Words(subject="Withdrawn: Bench", lead="Your proposal was withdrawn.")


@pytest.mark.parametrize(
    ("currency", "rates", "told"),
    [
        ("KWD", {"KWD": 3.02}, "99,999 KWD, compared as 301,996.98 EUR by the rates of 2026-03-02"),
        ("KWD", {"USD": 0.9}, "99,999 KWD"),
        ("EUR", {"EUR": 2.0}, "99,999 EUR"),
        ("KWD", None, "99,999 KWD"),
    ],
)
def test_a_cost_says_what_the_policy_takes_it_for(currency, rates, told):
    """Whoever decides sees how it was compared, and how old the rates were."""
    rule = policy({"approvers": ["Ana"]}, budgetLimit=100_000)
    if rates:
        rule["rates"] = {"date": "2026-03-02", "worth": rates}
    assert cost(Story(rule, cost=99_999.0, currency=currency).review) == told


def test_nobody_has_words_for_what_nobody_is_told():
    """A notice of such an entry would be a defect."""
    story = Story(TWO).check()
    notice = notices_for(story.entries, told=0)[0]
    with pytest.raises(ValueError, match="nobody is told of an entry that is checked"):
        words_for(replace(notice, entry=story.entries[1]))
