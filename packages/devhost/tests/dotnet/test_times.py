"""Tests of dates in JSON."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from durable_devhost.dotnet.times import read_time, read_time_span, time_span

offsets = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
moments = st.datetimes(min_value=datetime(2, 1, 1), max_value=datetime(9998, 1, 1), timezones=offsets)  # noqa: DTZ001


@given(when=moments)
def test_a_date_with_an_offset_is_converted_to_utc(when: datetime) -> None:
    """The host's time zone is UTC."""
    found = read_time(when.isoformat())
    assert found is not None
    assert found.when + timedelta(microseconds=found.fraction // 10) == when
    assert found.suffix == "+00:00"
    again = read_time(found.iso)
    assert again == found


@pytest.mark.parametrize(
    ("text", "iso", "shown"),
    [
        ("2020-01-02T03:04:05", "2020-01-02T03:04:05", "01/02/2020 03:04:05"),
        ("2020-01-02T03:04:05Z", "2020-01-02T03:04:05Z", "01/02/2020 03:04:05"),
        ("2020-01-02T03:04:05.1234567+02", "2020-01-02T01:04:05.1234567+00:00", "01/02/2020 01:04:05"),
        ("2020-01-02T03:04:05-0130", "2020-01-02T04:34:05+00:00", "01/02/2020 04:34:05"),
        ("2020-12-31T24:00:00Z", "2021-01-01T00:00:00Z", "01/01/2021 00:00:00"),
        ("0987-01-02T03:04:05Z", "0987-01-02T03:04:05Z", "01/02/0987 03:04:05"),
        ("0001-01-01T00:00:00+01:00", "0001-01-01T00:00:00+00:00", "01/01/0001 00:00:00"),
        ("9999-12-31T23:59:59.5-01:00", "9999-12-31T23:59:59.9999999+00:00", "12/31/9999 23:59:59"),
        ("/Date(0)/", "1970-01-01T00:00:00Z", "01/01/1970 00:00:00"),
        ("/Date(1577934245123)/", "2020-01-02T03:04:05.123Z", "01/02/2020 03:04:05"),
        ("/Date(1577934245000+0200)/", "2020-01-02T03:04:05+00:00", "01/02/2020 03:04:05"),
    ],
)
def test_a_date_is_printed_in_two_ways(text: str, iso: str, shown: str) -> None:
    """In JSON, and by .NET's `ToString`."""
    found = read_time(text)
    assert found is not None
    assert (found.iso, str(found)) == (iso, shown)


@pytest.mark.parametrize(
    "text",
    [
        "2020-01-02", "2020-01-02 03:04:05", "2020-13-02T03:04:05", "2020-01-02T24:00:01", "2020-01-02T03:04:05.",
        "2020-01-02T03:04:05.12345678", "2020-01-02T03:04:05+2", "2020-01-02T03:04:05ZZ", "x2020-01-02T03:04:05",
        "0000-01-02T03:04:05", "/Date(x)/", "/Date(999999999999999999)/", "",
    ],
)  # fmt: skip
def test_any_other_form_of_date_is_text(text: str) -> None:
    """Newtonsoft accepts one form only; a day without a time is none."""
    assert read_time(text) is None


def test_the_seventh_digit_of_a_fraction_is_kept() -> None:
    """Python's datetime cannot hold it."""
    found = read_time("2020-01-02T03:04:05.0000001Z")
    assert found is not None
    assert (found.when, found.fraction) == (datetime(2020, 1, 2, 3, 4, 5, tzinfo=UTC), 1)


@pytest.mark.parametrize(
    ("span", "shown"),
    [
        (timedelta(seconds=5), "00:00:05"),
        (timedelta(days=1, hours=2, minutes=3), "1.02:03:00"),
        (timedelta(milliseconds=1500), "00:00:01.5000000"),
        (timedelta(minutes=-30), "-00:30:00"),
        (timedelta(), "00:00:00"),
    ],
)
def test_a_time_span_is_printed_as_dotnet_prints_it(span: timedelta, shown: str) -> None:
    """Days before a dot, fractions with seven digits."""
    assert time_span(span) == shown


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("00:00:30", timedelta(seconds=30)),
        ("1:2", timedelta(hours=1, minutes=2)),
        ("3.00:00:00", timedelta(days=3)),
        ("6", timedelta(days=6)),
        ("00:00:00.25", timedelta(milliseconds=250)),
        ("-00:01:00", timedelta(minutes=-1)),
        (" 00:00:01 ", timedelta(seconds=1)),
        ("-2", timedelta(days=-2)),
        ("6:12:14:45", timedelta(days=6, hours=12, minutes=14, seconds=45)),
        ("24:00:00", timedelta(days=24)),
        ("25:10:30", timedelta(days=25, hours=10, minutes=30)),
    ],
)
def test_a_time_span_is_read_as_dotnet_reads_it(text: str, span: timedelta) -> None:
    """Days before a dot, fractions after one, a bare number is days."""
    assert read_time_span(text) == span


@pytest.mark.parametrize("text", ["", "x", "24:00", "24:00:00.5", "00:60", "00:00:60", "6:34:14:45", "0:0:0.12345678"])
def test_an_invalid_time_span_is_refused(text: str) -> None:
    """A value out of range is an error, not a carry."""
    with pytest.raises(ValueError, match="no TimeSpan"):
        read_time_span(text)


@given(st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=999)))
def test_every_time_span_reads_back_from_its_text(span: timedelta) -> None:
    """To the microsecond."""
    seconds = span.seconds
    text = f"{span.days}.{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}.{span.microseconds:06}"
    assert read_time_span(text) == span == read_time_span(time_span(span))
