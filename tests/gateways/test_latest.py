"""What is remembered: the latest state of each thing, of so many things."""

from gateways.latest import Latest


def test_the_latest_state_is_found_until_it_is_forgotten():
    """By its key."""
    latest = Latest[str](2)
    latest.keep("a", "one")
    latest.keep("a", "two")
    assert latest.find("a") == "two"
    latest.keep("a", None)
    assert latest.find("a") is None


def test_what_was_not_used_for_the_longest_time_goes_first():
    """So that a long life fills no memory."""
    latest = Latest[int](2)
    latest.keep("a", 1)
    latest.keep("b", 2)
    assert latest.find("a")
    latest.keep("c", 3)
    assert [bool(latest.find(key)) for key in "abc"] == [True, False, True]


def test_values_that_weigh_too_much_together_are_dropped():
    """The longest unused first, also to make room for one that is heavier than before; one beyond all goes itself."""
    latest = Latest[str](5, weigh=len)
    for key, value in (("a", "12"), ("b", "1"), ("c", "12"), ("b", "123")):
        latest.keep(key, value)
    assert [latest.find(key) for key in "abc"] == [None, "123", "12"]
    latest.keep("b", None)
    latest.keep("d", "123")
    assert [latest.find(key) for key in "cd"] == ["12", "123"]
    latest.keep("d", "123456")
    assert [latest.find(key) for key in "cd"] == [None, None]
