"""Who gets which external event."""

from durable_devhost.durable.orchestrations.waits import EventWaits


def test_an_early_event_ends_only_the_next_wait_for_it() -> None:
    """Names ignore case; that the case differed is remembered."""
    waits = EventWaits()
    waits.arrive("Go")
    assert waits.are_spelled_alike
    assert [waits.wait("GO").done, waits.wait("Go").done] == [True, False]
    assert not waits.are_spelled_alike


def test_the_most_recent_wait_gets_the_event() -> None:
    """A stack, as in the extension."""
    waits = EventWaits()
    first, second = waits.wait("Go"), waits.wait("Go")
    waits.arrive("Go")
    assert (first.done, second.done) == (False, True)


def test_a_renamed_wait_gets_the_event_of_its_new_name() -> None:
    """Like the reply to an entity call whose recorded id wins."""
    waits = EventWaits()
    waiter = waits.wait("derived")
    waits.rename("derived", "recorded")
    waits.arrive("recorded")
    assert waiter.done
