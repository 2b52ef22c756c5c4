"""Notices of comments: to whom, in how many letters."""

from dataclasses import replace

from approvals.words.notices import notices_for
from tests.approvals.story import AUTHOR, Story
from tests.approvals.words.test_notices import ALL, told


def test_a_comment_is_told_to_the_author_and_those_who_are_asked():
    """Not to who wrote it, nor to who has answered."""
    story = Story(ALL).check()
    seen = len(story.entries)
    story.does("comments", by="Ana", comment="Nice.")
    assert told(story, seen) == [("commented", AUTHOR, False), ("commented", "Ben", False)]
    story.decides("Ana")
    seen = len(story.entries)
    story.passes(1).does("comments", by=AUTHOR, comment="Thanks.")
    assert told(story, seen) == [("commented", "Ben", False)]


def test_a_discussion_is_one_letter_after_the_first():
    """To everybody who has not written all of it themselves."""
    story = Story(ALL).check()
    story.does("comments", by="Ana", comment="Nice.")
    seen = len(story.entries)
    for person in ("Ben", AUTHOR, "Ben"):
        story.does("comments", by=person, comment=f"Says {person} at {len(story.entries)}.")
    assert told(story, seen) == []
    story.passes(1)
    assert told(story, seen) == [("commented", AUTHOR, False), ("commented", "Ana", False), ("commented", "Ben", False)]
    (notice, *_) = notices_for(story.entries, told=seen)
    assert [each.by for each in notice.comments] == ["Ben", AUTHOR, "Ben"]


def test_one_that_was_held_back_is_told_to_the_author_with_the_end():
    """Somebody has decided before its letter was due."""
    story = Story(ALL).check()
    for person in ("Ana", "Ben"):
        story.does("comments", by=person, comment=f"Says {person}.")
    seen = len(story.entries)
    story.decides("Ana", "reject")
    (notice, *_) = notices_for(story.entries, told=seen)
    assert (notice.kind, notice.person, [each.by for each in notice.comments]) == ("commented", AUTHOR, ["Ben"])


def test_a_comment_is_told_to_who_waits_for_changes():
    """They have asked the author something."""
    story = Story(ALL).check()
    story.does("changes", approver="Ben", comment="Use oak.")
    seen = len(story.entries)
    story.does("comments", by=AUTHOR, comment="Which oak?")
    assert told(story, seen) == [("commented", "Ben", False)]


def test_a_note_after_the_end_is_told_to_nobody():
    """It is read with the record."""
    story = Story(ALL).check()
    story.does("withdraw", by=AUTHOR)
    seen = len(story.entries)
    story.does("comments", by="Ana", comment="Pity.")
    assert told(story, seen) == []


def test_a_comment_of_a_record_of_before_is_told_to_nobody():
    """It was read long ago."""
    story = Story(ALL).check()
    seen = len(story.entries)
    story.does("comments", by="Ana", comment="Nice.")
    story.entries = (*story.entries[:-1], replace(story.entries[-1], letter=None))
    assert told(story, seen) == []
