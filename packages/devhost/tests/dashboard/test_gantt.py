"""The picture of a timeline."""

from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from durable_devhost.dashboard.gantt import MOST_BARS, duration, gantt
from durable_devhost.dashboard.timeline import Bar, Kind, State

NOON = datetime(2026, 11, 27, 12, tzinfo=UTC)


def bar(start: float, end: float | None, name: str = "A") -> Bar:
    """An activity between these seconds after noon."""
    ended = None if end is None else NOON + timedelta(seconds=end)
    state = State.OPEN if end is None else State.DONE
    return Bar(kind=Kind.ACTIVITY, name=name, start=NOON + timedelta(seconds=start), end=ended, state=state)


@given(
    st.lists(st.tuples(st.floats(0, 1e6), st.none() | st.floats(0, 1e6)), max_size=20),
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=60),
)
def test_every_bar_is_inside_the_picture(spans: list[tuple[float, float | None]], name: str) -> None:
    """For any duration and any name."""
    bars = [bar(start, None if more is None else start + more, name) for start, more in spans]
    drawn = ElementTree.fromstring(gantt(bars, NOON + timedelta(seconds=2e6)))
    rects = drawn.findall(".//rect")
    assert len(rects) == len(bars)
    assert all(300 <= float(each.get("x", 0)) and float(each.get("width", 0)) >= 4 for each in rects)
    assert all(float(each.get("x", 0)) + float(each.get("width", 0)) <= 991 for each in rects)


def test_a_later_start_is_further_right() -> None:
    """An open bar reaches to the present."""
    drawn = ElementTree.fromstring(gantt([bar(0, 10), bar(10, 20), bar(20, None)], NOON + timedelta(seconds=40)))
    spans = [(float(each.get("x", 0)), float(each.get("width", 0))) for each in drawn.findall(".//rect")]
    assert spans == sorted(spans)
    assert spans[2][0] + spans[2][1] == 990


def test_a_long_history_is_cut() -> None:
    """The table has all of it."""
    assert gantt([bar(n, n + 1) for n in range(MOST_BARS + 50)], NOON).count("<rect") == MOST_BARS


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 ms"), (0.34, "340 ms"), (1, "1 s"), (12.345, "12.35 s"), (60, "1 min"), (3725, "1 h 2 min"),
     (259200, "3 d"), (90061, "1 d 1 h")],
)  # fmt: skip
def test_durations_have_two_units_at_most(seconds: float, words: str) -> None:
    """More is hard to read."""
    assert duration(timedelta(seconds=seconds)) == words
