"""Notices: who is told what, once, and nobody anything that does not hold any more."""

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from approvals.record.entries import Via
from approvals.rules.progress import failed
from approvals.rules.replay import replay
from approvals.words.notices import Notice, NoticeKind, notices_for
from tests.approvals.story import AUTHOR, Story, policy

ALL = policy({"approvers": ["Ana", "Ben"], "rule": "all", "windowHours": 10})
LADDER = policy({
    "approvers": ["Ana", "Ben"],
    "rule": "all",
    "windowHours": 10,
    "remindAfterHours": [4],
    "escalateTo": ["Eva", {"to": ["Fay"], "windowHours": 5}],
})  # fmt: skip


def told(story: Story, after: int = 0) -> list[tuple[str, str, bool]]:
    """Return what is told, to whom, and whether they are to answer; the same from whatever was added up before."""
    notices = notices_for(story.entries, told=after)
    if after:
        assert notices_for(story.entries, told=after, before=replay(story.entries[:after])) == notices
    return [(each.kind.value, each.person, each.to_answer) for each in notices]


def test_nothing_is_told_of_no_entries():
    """A record that is still empty has nobody to tell."""
    assert notices_for((), told=0) == ()


def test_nobody_is_told_before_the_checks_are_through():
    """The author knows what they handed in."""
    assert told(Story(ALL)) == []


def test_those_who_are_asked_are_told_so():
    """In the order of the policy."""
    assert told(Story(ALL).check()) == [("asked", "Ana", True), ("asked", "Ben", True)]


def test_what_is_added_up_already_changes_no_letter():
    """At any place of a record in which much has happened; a letter still quotes what was said before it."""
    story = Story(LADDER).check()
    story.does("comments", by="Ana", comment="A ramp?")
    for hours in (5, 6, 4):
        story.passes(hours)
    story.decides("Fay", "reject")
    for after in range(1, len(story.entries)):
        told(story, after=after)


def test_what_was_told_is_not_told_again():
    """The workflow keeps the number of the last entry that it has told about."""
    story = Story(ALL).check()
    assert told(story, after=len(story.entries)) == []


def test_somebody_who_has_answered_early_is_not_asked():
    """Their answer counts as it is."""
    story = Story(ALL)
    story.decides("Ana")
    assert told(story.check()) == [("asked", "Ben", True)]


def test_somebody_who_has_answered_meanwhile_is_not_asked():
    """A letter that is written late would only confuse."""
    story = Story(ALL).check()
    story.decides("Ana")
    assert told(story) == [("asked", "Ben", True)]


def test_a_stage_that_is_over_asks_nobody_any_more():
    """Neither those of the stage before, nor anybody when all is over."""
    story = Story(policy({"approvers": ["Ana"]}, {"approvers": ["Ben"]})).check()
    story.decides("Ana")
    assert told(story) == [("asked", "Ben", True)]
    story.decides("Ben")
    assert told(story) == [("ended", AUTHOR, False), ("ended", "Ana", False), ("ended", "Ben", False)]


def test_only_those_who_have_not_answered_are_reminded():
    """Both by the plan and by a person."""
    story = Story(LADDER).check()
    story.decides("Ana")
    seen = len(story.entries)
    story.passes(4)
    assert told(story, seen) == [("reminded", "Ben", True)]
    seen = len(story.entries)
    story.waits(2)
    story.does("remind", by=AUTHOR)
    assert told(story, seen) == [("reminded", "Ben", True)]


def test_a_reminder_that_comes_after_the_answer_is_left_out():
    """It is told of as the record stands now."""
    story = Story(LADDER).check().passes(4)
    story.decides("Ana")
    assert ("reminded", "Ana", True) not in told(story)


def test_an_escalation_asks_the_new_ones_and_tells_those_who_were_late():
    """Who has answered needs neither."""
    story = Story(LADDER).check()
    story.decides("Ana")
    seen = len(story.entries)
    story.passes(10)
    assert told(story, seen) == [("escalated", "Eva", True), ("escalated", "Ben", False)]
    seen = len(story.entries)
    story.passes(10)
    assert told(story, seen) == [("escalated", "Fay", True), ("escalated", "Eva", False)]


def test_a_rung_that_was_passed_asks_nobody_any_more():
    """Of two escalations at once only the last one asks; the others are told that their time is over."""
    story = Story(LADDER).check()
    story.decides("Ana")
    seen = len(story.entries)
    story.passes(10)
    story.passes(10)
    assert told(story, seen) == [
        ("escalated", "Ben", False),
        ("escalated", "Fay", True),
        ("escalated", "Eva", False),
    ]


def test_an_escalation_asks_those_again_who_are_still_needed():
    """One person on the rung cannot make up for two; the letter has the new link."""
    story = Story(LADDER).check()
    seen = len(story.entries)
    story.passes(10)
    assert told(story, seen) == [("escalated", "Eva", True), ("escalated", "Ana", True), ("escalated", "Ben", True)]


def test_somebody_who_was_late_and_is_on_the_next_rung_is_asked_once():
    """They need the new link; that they were late they can see."""
    story = Story(policy({"approvers": ["Ana", "Ben"], "windowHours": 10, "escalateTo": ["ANA"]})).check()
    seen = len(story.entries)
    story.passes(10)
    assert told(story, seen) == told(story) == [("escalated", "ANA", True), ("escalated", "Ben", False)]


def test_who_takes_a_task_back_gets_a_link_and_who_had_it_is_told():
    """The link of before is for nobody any more."""
    story = Story(ALL).check()
    story.does("delegate", **{"from": "Ana", "to": "Cem"})
    seen = len(story.entries)
    story.does("takeBack", by="Ana")
    assert told(story, seen) == [("delegated", "Ana", True), ("delegated", "Cem", False)]


def test_who_delegates_needs_no_letter_about_it():
    """The one who has the task now is asked, and knows for whom."""
    story = Story(ALL).check()
    seen = len(story.entries)
    story.does("delegate", **{"from": "Ana", "to": "Cem"})
    (notice,) = notices_for(story.entries, told=seen)
    assert (NoticeKind.DELEGATED, "Cem", True, "Ana") == (
        notice.kind, notice.person, notice.to_answer, notice.on_behalf_of,
    )  # fmt: skip


def test_somebody_whose_task_an_operator_gave_away_is_told():
    """They may be about to answer."""
    story = Story(ALL).check()
    seen = len(story.entries)
    story.does("reassign", **{"from": "Ana", "to": "Cem", "by": "Olga"})
    assert told(story, seen) == [("reassigned", "Cem", True), ("reassigned", "Ana", False)]


def test_only_the_author_is_told_that_changes_are_wanted():
    """For the others nothing is to be done."""
    story = Story(ALL).check()
    seen = len(story.entries)
    story.does("changes", approver="Ana", comment="Use oak.")
    (notice,) = notices_for(story.entries, told=seen)
    assert (NoticeKind.CHANGES_REQUESTED, AUTHOR) == (notice.kind, notice.person)
    assert notice.said is notice.entry


def test_a_revision_is_told_to_those_who_were_asked():
    """Their answers do not count any more; who is needed is asked when the checks are through."""
    story = Story(ALL).check()
    story.decides("Ana")
    story.does("changes", approver="Ben", comment="Use oak.")
    seen = len(story.entries)
    story.does("resubmit", by=AUTHOR, title="Oak bench", comment="Oak it is.")
    assert told(story, seen) == [("resubmitted", "Ana", False), ("resubmitted", "Ben", False)]
    seen = len(story.entries)
    story.check()
    assert told(story, seen) == [("asked", "Ana", True), ("asked", "Ben", True)]


def test_who_is_asked_about_a_revision_in_the_same_go_gets_one_letter():
    """It says that it was revised, and has the author's words."""
    story = Story(ALL).check()
    story.decides("Ana")
    story.does("changes", approver="Ben", comment="Use oak.")
    seen = len(story.entries)
    story.does("resubmit", by=AUTHOR, comment="It is oak already.")
    ana, ben = notices_for(story.entries, told=seen)
    assert (NoticeKind.RESUBMITTED, "Ana", False) == (ana.kind, ana.person, ana.to_answer)
    assert (NoticeKind.ASKED, "Ben", True, True) == (ben.kind, ben.person, ben.to_answer, ben.again)
    assert ben.said is not None
    assert ben.said.comment == "It is oak already."


def test_somebody_new_is_not_asked_again():
    """They have not seen what was before."""
    story = Story(policy({"approvers": ["Ana"]}, {"approvers": ["Ben"]})).check()
    story.does("changes", approver="Ana", comment="Use oak.")
    story.does("resubmit", by=AUTHOR, title="Oak bench")
    story.check()
    story.decides("Ana", round=2)
    assert [False] == [each.again for each in notices_for(story.entries, told=0) if each.person == "Ben"]


def test_another_file_in_the_middle_is_told_to_those_who_were_asked():
    """What they have opened is not what is decided on any more."""
    story = Story(ALL).check()
    seen = len(story.entries)
    story.attaches("plan.txt", "a plan")
    story.attaches("elevation.txt", "north")
    assert told(story, seen) == []
    story.check()
    assert told(story, seen) == [("asked", "Ana", True), ("asked", "Ben", True)]


def test_another_file_is_told_once_to_those_who_are_not_asked_about_it_now():
    """Of the second stage; when the author is through, and not with each stage that opens."""
    story = Story(policy({"approvers": ["Ana"]}, {"approvers": ["Ben"]}, {"approvers": ["Cem"]})).check()
    story.decides("Ana")
    seen = len(story.entries)
    story.attaches("plan.txt", "a plan")
    story.attaches("plan.txt", "another plan")
    story.check()
    assert told(story, seen) == [("asked", "Ana", True), ("documentChanged", "Ben", False)]
    seen = len(story.entries)
    story.decides("Ana", document=story.review.document)
    assert told(story, seen) == [("asked", "Ben", True)]


def test_another_file_of_a_record_of_before_is_told_when_it_was_put():
    """So that what was told of it is not told anew."""
    story = Story(ALL).check()
    seen = len(story.entries)
    story.attaches("plan.txt", "a plan")
    story.entries = (*story.entries[:-1], replace(story.entries[-1], round=None))
    assert told(story, seen) == [("documentChanged", "Ana", False), ("documentChanged", "Ben", False)]


def test_a_file_that_comes_before_the_checks_are_through_is_no_news():
    """Nobody was asked yet, and nobody is while changes are wanted."""
    story = Story(ALL)
    story.attaches("plan.txt", "a plan")
    assert told(story) == []
    story.check()
    story.does("changes", approver="Ana", comment="Use oak.")
    seen = len(story.entries)
    story.attaches("plan.txt", "another plan")
    assert told(story, seen) == []


def test_a_withdrawal_is_told_to_those_who_were_asked_and_its_end_to_the_author():
    """One letter each."""
    story = Story(ALL).check()
    seen = len(story.entries)
    story.does("withdraw", by=AUTHOR, reason="No money.")
    story.passes(0)
    assert told(story, seen) == [("withdrawn", "Ana", False), ("withdrawn", "Ben", False), ("ended", AUTHOR, False)]


def test_an_end_has_the_words_of_who_decided():
    """The author wants to know why."""
    story = Story(ALL).check()
    story.decides("Ana", "reject", comment="Too dear.")
    notices = [each for each in notices_for(story.entries, told=0) if each.kind is NoticeKind.ENDED]
    assert [AUTHOR, "Ana", "Ben"] == [each.person for each in notices]
    assert {"Too dear."} == {each.said.comment for each in notices if each.said}


def test_an_end_that_nobody_decided_has_nobodys_words():
    """Not those of an earlier stage either."""
    story = Story(policy({"approvers": ["Ana"]}, {"approvers": ["Ben"], "windowHours": 1})).check()
    story.decides("Ana", comment="Fine.")
    story.passes(1)
    assert {None} == {each.said for each in notices_for(story.entries, told=0)}


def test_a_failure_is_told_to_the_author_and_those_who_were_asked():
    """Nobody waits in vain."""
    story = Story(ALL).check()
    seen = len(story.entries)
    story.entries += failed(story.review, "storage is full", now=story.now)
    assert told(story, seen) == [("ended", AUTHOR, False), ("ended", "Ana", False), ("ended", "Ben", False)]


def test_the_author_is_told_once_of_an_end_also_where_they_were_asked():
    """Where self-approval is allowed."""
    story = Story(policy({"approvers": [AUTHOR, "Ana"]}, allowSelfApproval=True)).check()
    story.decides("Ana")
    assert told(story) == [("ended", AUTHOR, False), ("ended", "Ana", False)]


def test_the_key_names_entry_kind_and_person_and_no_name():
    """It becomes the name of a blob, which more people can list than may know who decides."""
    notice, other = notices_for(Story(ALL).check().entries, told=0)
    assert re.fullmatch(r"3-asked-[0-9a-f]{16}", notice.key)
    assert notice.key != other.key
    (same,) = notices_for(Story(policy({"approvers": ["  ANA "]})).check().entries, told=0)
    assert same.key == notice.key


@given(
    st.lists(
        st.sampled_from(
            ["Ana", "Ben", "Eva", "reject", "changes", "resubmit", "delegate", "remind", "time", "withdraw"]
        ),
        max_size=12,
    )
)
def test_whatever_happens_nobody_is_told_the_same_twice(steps: list[str]):
    """Told at once or entry by entry: the same keys, and each at most once."""
    story = Story(LADDER).check()
    for step in steps:
        _take(story, step)
    at_once = keys(notices_for(story.entries, told=0))
    assert len(at_once) == len(set(at_once))
    bit_by_bit: list[str] = []
    for number in range(1, len(story.entries) + 1):
        bit_by_bit += keys(notices_for(story.entries[:number], told=number - 1))
    assert len(bit_by_bit) == len(set(bit_by_bit))
    assert set(at_once) <= set(bit_by_bit)


def keys(notices: tuple[Notice, ...]) -> list[str]:
    """Return the keys."""
    return [each.key for each in notices]


def _take(story: Story, step: str) -> None:
    match step:
        case "reject":
            story.decides("Ben", "reject")
        case "changes":
            story.does("changes", approver="Ana", comment="Use oak.")
        case "resubmit":
            story.does("resubmit", by=AUTHOR, cost=float(len(story.entries)))
            story.check()
        case "delegate":
            story.does("delegate", Via.PERSON, **{"from": "Ana", "to": "Cem"})
        case "remind":
            story.does("remind", by=AUTHOR)
        case "time":
            story.passes(5)
        case "withdraw":
            story.does("withdraw", by=AUTHOR)
        case person:
            story.decides(person)


@pytest.mark.parametrize("tells", NoticeKind)
def test_each_kind_is_fit_for_a_blobs_name(tells: NoticeKind):
    """Letters only."""
    assert re.fullmatch("[a-zA-Z]+", tells.value)
