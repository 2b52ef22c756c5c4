"""Labels are compared as ticks and keep the text form in which they were written."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from durable_devhost.durable.entities.labels import UNSET, label_of, moved_back, next_label, ticks_in, ticks_of

TICKS = st.integers(0, 3_155_378_975_999_999_999)


@given(TICKS, st.booleans())
def test_a_label_reads_back_as_its_ticks(ticks: int, is_utc: bool) -> None:
    """Over the whole range of .NET's DateTime."""
    assert ticks_of(label_of(ticks, is_utc=is_utc)) == ticks


def test_an_unset_label_has_no_ticks() -> None:
    """The start of the calendar is zero."""
    assert ticks_of(UNSET) == 0
    assert label_of(0, is_utc=False) == UNSET


def test_labels_compare_by_time_and_not_by_text() -> None:
    """With `Z`, without, or with an offset."""
    assert (
        ticks_of("2026-11-21T04:36:01.494Z")
        == ticks_of("2026-11-21T04:36:01.4940000")
        == ticks_of("2026-11-21T05:36:01.494+01:00")
    )


def test_a_label_one_tick_later_has_no_z() -> None:
    """The recorded pair `…01.494Z` and `…01.4940001`."""
    assert next_label("2026-11-21T04:36:01.494Z") == "2026-11-21T04:36:01.4940001"


def test_a_whole_second_is_written_without_a_fraction() -> None:
    """As Newtonsoft does."""
    assert next_label("2026-11-21T04:36:01.9999999") == "2026-11-21T04:36:02"


def test_subtracting_from_a_label_keeps_its_form() -> None:
    """The recorded horizon is half an hour before a recorded label."""
    window = timedelta(minutes=30)
    assert moved_back("2026-11-21T04:30:19.1503316Z", window) == "2026-11-21T04:00:19.1503316Z"
    assert moved_back("2026-11-21T04:30:19.1503317", window) == "2026-11-21T04:00:19.1503317"


def test_a_time_span_is_counted_in_ticks() -> None:
    """A microsecond has ten."""
    assert ticks_in(timedelta(seconds=1, microseconds=1)) == 10_000_010


@pytest.mark.parametrize("text", ["", "today", "2026-11-21", "2026-11-21T04:36:01.12345678Z", "2026-13-21T04:36:01Z"])
def test_other_texts_are_no_labels(text: str) -> None:
    """They raise ValueError."""
    with pytest.raises(ValueError, match=r"is no time|month"):
        ticks_of(text)
