"""What the entries of a record tell in a terminal."""

import pytest

from approvals.record.entries import Kind
from greenlight.story import tell
from tests.greenlight.eventful import eventful as play


@pytest.fixture(scope="module")
def eventful():
    """Four proposals in which everything happens that can happen."""
    return play()


def event_of(played, kind, number=0):
    """What the n-th entry of a kind tells."""
    found = [event for raw, event in zip(played.raw, tell(played.raw), strict=True) if raw["kind"] == kind]
    return found[number]


def test_every_kind_of_entry_has_words(eventful):
    """Otherwise it would be shown by its name."""
    happened = {entry["kind"] for played in eventful.values() for entry in played.raw}
    assert happened == set(Kind)
    for played in eventful.values():
        assert [event.what for event in tell(played.raw) if event.what in set(Kind)] == []


def test_an_event_shows_who_acted_and_through_which_way(eventful):
    """Timeouts and the workflow are nobody."""
    events = {event.number: event for event in tell(eventful["bridge"].raw)}
    assert [event.way for event in events.values() if event.who == "Amara Okafor"] == ["by link"]
    assert event_of(eventful["bridge"], "decided", 1).details == ("before being asked", "“Ready.”")
    assert event_of(eventful["bridge"], "decided", 2).details == ("for Mara Lindqvist",)
    assert event_of(eventful["bridge"], "reminded").who == ""


def test_a_kind_of_a_newer_app_is_shown_by_its_name(eventful):
    """The app may be newer than the command line; so is an entry with missing fields."""
    entry = eventful["bridge"].raw[0]
    odd = [{**entry, "kind": "audited"}, {**entry, "kind": "commented", "data": {}}]
    assert [event.what for event in tell(odd)] == ["audited", "commented"]


def test_unknown_fields_of_a_newer_app_are_ignored(eventful):
    """The known ones are shown."""
    entry = eventful["bridge"].raw[0]
    odd = {**entry, "kind": "commented", "via": "telephone", "data": {"comment": "Well.", "loudly": True}}
    (event,) = tell([odd])
    assert (event.what, event.details, event.way) == ("comments", ("“Well.”",), "")


def test_control_characters_in_comments_are_shown_escaped(eventful):
    """Somebody else wrote the comment."""
    entry = eventful["bridge"].raw[0]
    (event,) = tell([{**entry, "kind": "commented", "by": "M\x1b[8m", "data": {"comment": "a\x1b[2Jb"}}])
    assert event.details == ("“a\\u001b[2Jb”",)
    assert event.who == "M\\u001b[8m"


def test_a_long_comment_is_cut(eventful):
    """The record has all of it."""
    entry = eventful["bridge"].raw[0]
    (event,) = tell([{**entry, "kind": "commented", "data": {"comment": "word " * 200}}])
    assert len(event.details[0]) < 310
    assert event.details[0].endswith(" …")
