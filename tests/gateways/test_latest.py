"""What is remembered: the latest state of each thing, of so many things."""

from gateways.latest import Latest, Seen


def test_the_latest_state_is_found_until_it_is_forgotten():
    """By its key."""
    latest = Latest[str](2)
    latest.keep("a", Seen(value="one", etag="1"))
    latest.keep("a", Seen(value="two", etag="2"))
    assert latest.find("a") == Seen(value="two", etag="2")
    latest.keep("a", None)
    assert latest.find("a") is None


def test_what_was_not_used_for_the_longest_time_goes_first():
    """So that a long life fills no memory."""
    latest = Latest[int](2)
    latest.keep("a", Seen(value=1, etag="1"))
    latest.keep("b", Seen(value=2, etag="1"))
    assert latest.find("a")
    latest.keep("c", Seen(value=3, etag="1"))
    assert [bool(latest.find(key)) for key in "abc"] == [True, False, True]
