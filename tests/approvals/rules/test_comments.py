"""Comments: who is told of them, in how many letters, and what is still possible after the end."""

from dataclasses import replace

import pytest

from approvals.record.chain import GENESIS, read_chain, seal, verify
from approvals.record.entries import Kind, Via
from approvals.rules.acceptance import Accepted
from approvals.rules.eligibility import ActionRefused, AlreadyRecorded
from approvals.rules.progress import COMMENT_PAUSE, next_wake
from tests.approvals.story import AUTHOR, Story, policy

ALL = {"approvers": ["Mara", "Jonas"], "rule": "all"}
PAUSE_H = COMMENT_PAUSE.total_seconds() / 3600


def test_the_first_comment_is_sent_at_once_and_later_ones_together() -> None:
    """After a pause, so that a discussion is two letters and not twenty."""
    story = Story(policy(ALL)).check()
    for number in range(5):
        story.does("comments", by="Mara", comment=f"question {number}")
    assert [entry.letter for entry in story.of(Kind.COMMENTED)] == [True, False, False, False, False]
    assert next_wake(story.review) == story.now + COMMENT_PAUSE
    story.passes(PAUSE_H)
    [sent] = story.of(Kind.COMMENTS_SENT)
    assert [story.entries[number - 1].comment for number in sent.comments] == [f"question {n}" for n in range(1, 5)]
    assert next_wake(story.review) == story.review.stage.deadline
    story.does("comments", by="Mara", comment="one more")
    assert story.of(Kind.COMMENTED)[-1].letter is False
    story.passes(PAUSE_H)
    story.passes(PAUSE_H)
    story.does("comments", by="Mara", comment="later")
    assert story.of(Kind.COMMENTED)[-1].letter is True


def test_comments_are_sent_while_changes_are_awaited_or_checks_run() -> None:
    """The pause goes on in every state."""
    story = Story(policy(ALL))
    for each in ("one", "two"):
        story.does("comments", by="Mara", comment=each)
    assert next_wake(story.review) == story.now + COMMENT_PAUSE
    assert len(story.passes(PAUSE_H).of(Kind.COMMENTS_SENT)) == 1
    story.check().does("changes", approver="Mara", comment="shorter")
    story.does("comments", by="Jonas", comment="three")
    assert next_wake(story.review) == story.now + COMMENT_PAUSE
    assert len(story.passes(PAUSE_H).of(Kind.COMMENTS_SENT)) == 2


@pytest.mark.parametrize("answer", ["approve", "reject"])
def test_delayed_comments_are_sent_before_the_end(answer: str) -> None:
    """A quick decision must not lose anybody's words; an author who withdraws gets no more."""
    story, withdrawn = Story(policy({"approvers": ["Mara", "Jonas"]})).check(), Story(policy(ALL)).check()
    for each in (story, withdrawn):
        each.does("comments", by="Mara", comment="one")
        each.does("comments", by="Jonas", comment="two")
    story.decides("Mara", answer)
    assert story.kinds()[-3:] == ["stageClosed", "commentsSent", "ended"]
    assert story.of(Kind.COMMENTS_SENT)[0].comments == (5,)
    withdrawn.does("withdraw", by=AUTHOR)
    assert withdrawn.of(Kind.COMMENTS_SENT) == []


def test_a_note_is_possible_after_the_end_and_marked() -> None:
    """It does not change the outcome, and the record with it is valid."""
    story = Story(policy(ALL)).check()
    story.does("withdraw", by=AUTHOR)
    ended = story.review.end
    story.waits(24)
    assert isinstance(story.does("comments", Via.PERSON, by="Jonas", comment="pity"), Accepted)
    assert isinstance(story.does("comments", Via.PERSON, by="Jonas", comment="pity"), AlreadyRecorded)
    assert isinstance(story.does("comments", Via.PERSON, by="Eve", comment="hello"), ActionRefused)
    note = story.entries[-1]
    assert (note.kind, note.after_end, note.letter) == (Kind.COMMENTED, True, None)
    assert (story.status, story.review.end, story.review.comments) == ("withdrawn", ended, 1)
    assert story.passes(1).entries[-1] == note
    content = seal(story.entries, head=GENESIS)
    assert verify(content).sound
    assert read_chain(content).entries == story.entries


def test_only_a_note_may_follow_the_end() -> None:
    """Any other entry means that the record was tampered with."""
    story = Story(policy(ALL)).check()
    story.does("comments", by="Mara", comment="why?")
    comment = story.of(Kind.COMMENTED)[0]
    story.does("withdraw", by=AUTHOR)
    late = replace(comment, number=len(story.entries) + 1, at=story.now)
    assert not verify(seal((*story.entries, late), head=GENESIS)).sound
