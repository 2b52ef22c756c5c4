"""Notices of comments: to whom, in how many letters."""

from dataclasses import replace

from approvals.words.notices import notices_for
from tests.approvals.story import AUTHOR, Story
from tests.approvals.words.test_notices import ALL, told


def test_a_comment_notifies_the_author_and_the_asked_people():
    """Not its writer, nor people who have answered."""
    story = Story(ALL).check()
    seen = len(story.entries)
    story.does("comments", by="Ana", comment="Nice.")
    assert told(story, seen) == [("commented", AUTHOR, False), ("commented", "Ben", False)]
    story.decides("Ana")
    seen = len(story.entries)
    story.passes(1).does("comments", by=AUTHOR, comment="Thanks.")
    assert told(story, seen) == [("commented", "Ben", False)]


def test_a_discussion_is_one_letter_after_the_first():
    """To everybody except one who wrote all of it."""
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


def test_a_delayed_comment_reaches_the_author_with_the_end():
    """Somebody decided before its letter was due."""
    story = Story(ALL).check()
    for person in ("Ana", "Ben"):
        story.does("comments", by=person, comment=f"Says {person}.")
    seen = len(story.entries)
    story.decides("Ana", "reject")
    (notice, *_) = notices_for(story.entries, told=seen)
    assert (notice.kind, notice.person, [each.by for each in notice.comments]) == ("commented", AUTHOR, ["Ben"])


def test_a_comment_reaches_the_person_who_asked_for_changes():
    """They wait for the author."""
    story = Story(ALL).check()
    story.does("changes", approver="Ben", comment="Use oak.")
    seen = len(story.entries)
    story.does("comments", by=AUTHOR, comment="Which oak?")
    assert told(story, seen) == [("commented", "Ben", False)]


def test_a_note_after_the_end_notifies_nobody():
    """It is read with the record."""
    story = Story(ALL).check()
    story.does("withdraw", by=AUTHOR)
    seen = len(story.entries)
    story.does("comments", by="Ana", comment="Pity.")
    assert told(story, seen) == []


def test_a_comment_of_an_old_record_notifies_nobody():
    """It was read long ago."""
    story = Story(ALL).check()
    seen = len(story.entries)
    story.does("comments", by="Ana", comment="Nice.")
    story.entries = (*story.entries[:-1], replace(story.entries[-1], letter=None))
    assert told(story, seen) == []
