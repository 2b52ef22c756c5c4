"""What the entries of a record tell in a terminal."""

import pytest

from approvals.record.entries import Kind
from greenlight.story import tell
from tests.greenlight.eventful import eventful as play


@pytest.fixture(scope="module")
def eventful():
    """Four proposals in which everything happens that can happen."""
    return play()


def told(played, kind, number=0):
    """What the n-th entry of a kind tells."""
    found = [event for raw, event in zip(played.raw, tell(played.raw), strict=True) if raw["kind"] == kind]
    return found[number]


def test_everything_that_can_happen_is_told(eventful):
    """A kind of entry that nobody has words for would be told by its name."""
    happened = {entry["kind"] for played in eventful.values() for entry in played.raw}
    assert happened == set(Kind)
    for played in eventful.values():
        assert [event.what for event in tell(played.raw) if event.what in set(Kind)] == []


def test_who_did_it_and_how_we_know_stands_beside_it(eventful):
    """Time and the workflow are nobody."""
    events = {event.number: event for event in tell(eventful["bridge"].raw)}
    assert [event.way for event in events.values() if event.who == "Amara Okafor"] == ["by link"]
    assert told(eventful["bridge"], "decided", 1).details == ("before being asked", "“Ready.”")
    assert told(eventful["bridge"], "decided", 2).details == ("for Mara Lindqvist",)
    assert told(eventful["bridge"], "reminded").who == ""


def test_a_kind_from_a_newer_app_is_told_by_its_name(eventful):
    """The app may be newer than the command line; also an entry without what was expected of it."""
    entry = eventful["bridge"].raw[0]
    odd = [{**entry, "kind": "audited"}, {**entry, "kind": "commented", "data": {}}]
    assert [event.what for event in tell(odd)] == ["audited", "commented"]


def test_what_a_newer_app_says_beside_it_is_passed_over(eventful):
    """What is known is told all the same."""
    entry = eventful["bridge"].raw[0]
    odd = {**entry, "kind": "commented", "via": "telephone", "data": {"comment": "Well.", "loudly": True}}
    (event,) = tell([odd])
    assert (event.what, event.details, event.way) == ("comments", ("“Well.”",), "")


def test_words_that_a_terminal_would_act_on_are_shown_instead(eventful):
    """A comment is somebody else's."""
    entry = eventful["bridge"].raw[0]
    (event,) = tell([{**entry, "kind": "commented", "by": "M\x1b[8m", "data": {"comment": "a\x1b[2Jb"}}])
    assert event.details == ("“a\\u001b[2Jb”",)
    assert event.who == "M\\u001b[8m"


def test_a_long_comment_is_cut(eventful):
    """The whole of it is in the record."""
    entry = eventful["bridge"].raw[0]
    (event,) = tell([{**entry, "kind": "commented", "data": {"comment": "word " * 200}}])
    assert len(event.details[0]) < 310
    assert event.details[0].endswith(" …")
