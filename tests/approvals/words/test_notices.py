"""Notices: who is told what, once, and nobody anything that does not hold any more."""

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from approvals.record.entries import Via
from approvals.rules.progress import end_as_failed
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


def test_an_empty_record_has_no_notices():
    """There is nobody to notify."""
    assert notices_for((), told=0) == ()


def test_nobody_is_notified_before_the_checks_have_ended():
    """The author knows what they submitted."""
    assert told(Story(ALL)) == []


def test_approvers_are_asked_in_order_of_the_policy():
    """Each gets one letter."""
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


def test_an_entry_is_not_told_twice():
    """The workflow stores the number of the last entry that it sent letters for."""
    story = Story(ALL).check()
    assert told(story, after=len(story.entries)) == []


def test_a_person_with_an_early_answer_is_not_asked():
    """The answer counts."""
    story = Story(ALL)
    story.decides("Ana")
    assert told(story.check()) == [("asked", "Ben", True)]


def test_a_person_who_has_answered_meanwhile_is_not_asked():
    """A late letter would only confuse."""
    story = Story(ALL).check()
    story.decides("Ana")
    assert told(story) == [("asked", "Ben", True)]


def test_a_closed_stage_asks_nobody():
    """Neither an earlier stage, nor any after the end."""
    story = Story(policy({"approvers": ["Ana"]}, {"approvers": ["Ben"]})).check()
    story.decides("Ana")
    assert told(story) == [("asked", "Ben", True)]
    story.decides("Ben")
    assert told(story) == [("ended", AUTHOR, False), ("ended", "Ana", False), ("ended", "Ben", False)]


def test_only_people_without_an_answer_are_reminded():
    """By the plan and by a person."""
    story = Story(LADDER).check()
    story.decides("Ana")
    seen = len(story.entries)
    story.passes(4)
    assert told(story, seen) == [("reminded", "Ben", True)]
    seen = len(story.entries)
    story.waits(2)
    story.does("remind", by=AUTHOR)
    assert told(story, seen) == [("reminded", "Ben", True)]


def test_a_reminder_after_the_answer_is_left_out():
    """Letters follow the present state of the record."""
    story = Story(LADDER).check().passes(4)
    story.decides("Ana")
    assert ("reminded", "Ana", True) not in told(story)


def test_an_escalation_asks_the_new_people_and_notifies_the_late_ones():
    """People who answered get no letter."""
    story = Story(LADDER).check()
    story.decides("Ana")
    seen = len(story.entries)
    story.passes(10)
    assert told(story, seen) == [("escalated", "Eva", True), ("escalated", "Ben", False)]
    seen = len(story.entries)
    story.passes(10)
    assert told(story, seen) == [("escalated", "Fay", True), ("escalated", "Eva", False)]


def test_a_skipped_rung_asks_nobody():
    """Of two escalations at once only the last one asks; the others learn that their time is over."""
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


def test_an_escalation_asks_people_again_who_are_still_needed():
    """One person on the rung cannot replace two; the letter has the new link."""
    story = Story(LADDER).check()
    seen = len(story.entries)
    story.passes(10)
    assert told(story, seen) == [("escalated", "Eva", True), ("escalated", "Ana", True), ("escalated", "Ben", True)]


def test_a_late_person_on_the_next_rung_is_asked_once():
    """They need the new link, and can see that they were late."""
    story = Story(policy({"approvers": ["Ana", "Ben"], "windowHours": 10, "escalateTo": ["ANA"]})).check()
    seen = len(story.entries)
    story.passes(10)
    assert told(story, seen) == told(story) == [("escalated", "ANA", True), ("escalated", "Ben", False)]


def test_taking_back_gives_the_owner_a_link_and_notifies_the_delegate():
    """The earlier link is void."""
    story = Story(ALL).check()
    story.does("delegate", **{"from": "Ana", "to": "Cem"})
    seen = len(story.entries)
    story.does("takeBack", by="Ana")
    assert told(story, seen) == [("delegated", "Ana", True), ("delegated", "Cem", False)]


def test_a_person_who_delegates_gets_no_letter():
    """The delegate is asked, and learns for whom."""
    story = Story(ALL).check()
    seen = len(story.entries)
    story.does("delegate", **{"from": "Ana", "to": "Cem"})
    (notice,) = notices_for(story.entries, told=seen)
    assert (NoticeKind.DELEGATED, "Cem", True, "Ana") == (
        notice.kind, notice.person, notice.to_answer, notice.on_behalf_of,
    )  # fmt: skip


def test_a_person_whose_task_an_operator_reassigned_is_notified():
    """They may be about to answer."""
    story = Story(ALL).check()
    seen = len(story.entries)
    story.does("reassign", **{"from": "Ana", "to": "Cem", "by": "Olga"})
    assert told(story, seen) == [("reassigned", "Cem", True), ("reassigned", "Ana", False)]


def test_only_the_author_is_notified_of_requested_changes():
    """The others have nothing to do."""
    story = Story(ALL).check()
    seen = len(story.entries)
    story.does("changes", approver="Ana", comment="Use oak.")
    (notice,) = notices_for(story.entries, told=seen)
    assert (NoticeKind.CHANGES_REQUESTED, AUTHOR) == (notice.kind, notice.person)
    assert notice.quoted_entry is notice.entry


def test_people_asked_before_are_notified_of_a_revision():
    """Their answers are void; the needed people are asked after the checks."""
    story = Story(ALL).check()
    story.decides("Ana")
    story.does("changes", approver="Ben", comment="Use oak.")
    seen = len(story.entries)
    story.does("resubmit", by=AUTHOR, title="Oak bench", comment="Oak it is.")
    assert told(story, seen) == [("resubmitted", "Ana", False), ("resubmitted", "Ben", False)]
    seen = len(story.entries)
    story.check()
    assert told(story, seen) == [("asked", "Ana", True), ("asked", "Ben", True)]


def test_a_person_asked_about_a_revision_gets_one_letter():
    """It says that the proposal was revised, and quotes the author."""
    story = Story(ALL).check()
    story.decides("Ana")
    story.does("changes", approver="Ben", comment="Use oak.")
    seen = len(story.entries)
    story.does("resubmit", by=AUTHOR, comment="It is oak already.")
    ana, ben = notices_for(story.entries, told=seen)
    assert (NoticeKind.RESUBMITTED, "Ana", False) == (ana.kind, ana.person, ana.to_answer)
    assert (NoticeKind.ASKED, "Ben", True, True) == (ben.kind, ben.person, ben.to_answer, ben.is_asked_again)
    assert ben.quoted_entry is not None
    assert ben.quoted_entry.comment == "It is oak already."


def test_a_newly_asked_person_is_not_asked_again():
    """They have not seen the earlier document."""
    story = Story(policy({"approvers": ["Ana"]}, {"approvers": ["Ben"]})).check()
    story.does("changes", approver="Ana", comment="Use oak.")
    story.does("resubmit", by=AUTHOR, title="Oak bench")
    story.check()
    story.decides("Ana", round=2)
    assert [False] == [each.is_asked_again for each in notices_for(story.entries, told=0) if each.person == "Ben"]


def test_people_asked_before_are_asked_about_a_changed_file():
    """What they have opened is no longer what they decide on."""
    story = Story(ALL).check()
    seen = len(story.entries)
    story.attaches("plan.txt", "a plan")
    story.attaches("elevation.txt", "north")
    assert told(story, seen) == []
    story.check()
    assert told(story, seen) == [("asked", "Ana", True), ("asked", "Ben", True)]


def test_people_not_asked_now_are_notified_once_of_a_changed_file():
    """In later stages; when the author has finished, and not with each stage that opens."""
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


def test_a_changed_file_of_an_old_record_is_told_at_once():
    """Before its checks have ended, as it was then, so that its letters are not sent again."""
    story = Story(ALL).check()
    seen = len(story.entries)
    story.attaches("plan.txt", "a plan")
    story.entries = (*story.entries[:-1], replace(story.entries[-1], round=None))
    assert told(story, seen) == [("documentChanged", "Ana", False), ("documentChanged", "Ben", False)]


def test_a_file_added_before_the_checks_have_ended_notifies_nobody():
    """Nobody was asked yet, and nobody is asked while changes are awaited."""
    story = Story(ALL)
    story.attaches("plan.txt", "a plan")
    assert told(story) == []
    story.check()
    story.does("changes", approver="Ana", comment="Use oak.")
    seen = len(story.entries)
    story.attaches("plan.txt", "another plan")
    assert told(story, seen) == []


def test_a_withdrawal_notifies_the_asked_people_and_its_end_the_author():
    """One letter each."""
    story = Story(ALL).check()
    seen = len(story.entries)
    story.does("withdraw", by=AUTHOR, reason="No money.")
    story.passes(0)
    assert told(story, seen) == [("withdrawn", "Ana", False), ("withdrawn", "Ben", False), ("ended", AUTHOR, False)]


def test_an_end_quotes_the_person_who_decided():
    """The author wants to know why."""
    story = Story(ALL).check()
    story.decides("Ana", "reject", comment="Too dear.")
    notices = [each for each in notices_for(story.entries, told=0) if each.kind is NoticeKind.ENDED]
    assert [AUTHOR, "Ana", "Ben"] == [each.person for each in notices]
    assert {"Too dear."} == {each.quoted_entry.comment for each in notices if each.quoted_entry}


def test_an_end_by_timeout_quotes_nobody():
    """Not even an answer of an earlier stage."""
    story = Story(policy({"approvers": ["Ana"]}, {"approvers": ["Ben"], "windowHours": 1})).check()
    story.decides("Ana", comment="Fine.")
    story.passes(1)
    assert {None} == {each.quoted_entry for each in notices_for(story.entries, told=0)}


def test_a_failure_notifies_the_author_and_the_asked_people():
    """Nobody waits in vain."""
    story = Story(ALL).check()
    seen = len(story.entries)
    story.entries += end_as_failed(story.review, "storage is full", now=story.now)
    assert told(story, seen) == [("ended", AUTHOR, False), ("ended", "Ana", False), ("ended", "Ben", False)]


def test_an_author_who_was_asked_is_notified_of_the_end_once():
    """The policy allows self-approval."""
    story = Story(policy({"approvers": [AUTHOR, "Ana"]}, allowSelfApproval=True)).check()
    story.decides("Ana")
    assert told(story) == [("ended", AUTHOR, False), ("ended", "Ana", False)]


def test_the_key_of_a_notice_has_entry_kind_and_digest_but_no_name():
    """It becomes a blob name, which more people can list than may know who decides."""
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
def test_nobody_is_notified_twice_of_the_same_entry(steps: list[str]):
    """At once or entry by entry: the same keys, and each at most once."""
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
def test_each_kind_of_notice_is_valid_in_a_blob_name(tells: NoticeKind):
    """Letters only."""
    assert re.fullmatch("[a-zA-Z]+", tells.value)
