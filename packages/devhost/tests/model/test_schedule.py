"""Tests of timer schedules."""

import re
from collections.abc import Iterator, Set
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from durable_devhost.errors import AppError
from durable_devhost.model.schedule import Cron, FixedInterval, is_frequent, parse_schedule

MONDAY = datetime(2024, 1, 1, 12, 0, 0, tzinfo=UTC)
NEW_YORK = ZoneInfo("America/New_York")

moments = st.tuples(st.floats(9.5e8, 2.8e9), st.sampled_from([UTC, NEW_YORK])).map(
    lambda x: datetime.fromtimestamp(x[0], tz=x[1])
)


def column(low: int, high: int) -> st.SearchStrategy[str]:
    """Texts of one field: a star, a step, a number, a range or a list of them."""
    number = st.integers(low, high)
    item = st.one_of(
        st.just("*"),
        st.integers(1, 20).map(lambda step: f"*/{step}"),
        number.map(str),
        st.tuples(number, number).map(lambda pair: f"{pair[0]}-{pair[1]}"),
        st.tuples(number, st.integers(1, 9)).map(lambda pair: f"{pair[0]}/{pair[1]}"),
    )
    return st.lists(item, min_size=1, max_size=3).map(",".join)


expressions = st.tuples(
    column(0, 59), column(0, 59), column(0, 23), column(1, 28), column(1, 12), column(0, 6)
).map(" ".join)  # fmt: skip


def after(text: str, when: datetime, count: int = 1) -> datetime:
    """The `count`-th occurrence after `when`."""
    for _ in range(count):
        when = parse_schedule(text).next_after(when)
    return when


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("*/5 * * * * *", MONDAY + timedelta(seconds=5)),
        ("0 */5 * * * *", MONDAY + timedelta(minutes=5)),
        ("*/5 * * * *", MONDAY + timedelta(minutes=5)),
        ("0 30 9 * * 1-5", datetime(2024, 1, 2, 9, 30, tzinfo=UTC)),
        ("0 30 9 * * Mon-Fri", datetime(2024, 1, 2, 9, 30, tzinfo=UTC)),
        ("0 30 9 * * Fri-Mon", datetime(2024, 1, 2, 9, 30, tzinfo=UTC)),
        ("0 0 0 * * 0", datetime(2024, 1, 7, tzinfo=UTC)),
        ("0 0 0 * * 1/2", datetime(2024, 1, 3, tzinfo=UTC)),
        ("0 55-50/0 * * * *", MONDAY + timedelta(minutes=50)),
        ("0 0 0 * * Sunday", datetime(2024, 1, 7, tzinfo=UTC)),
        ("0 0 0 29 Feb Mon", datetime(2044, 2, 29, tzinfo=UTC)),
        ("0 0 0 31 * *", datetime(2024, 1, 31, tzinfo=UTC)),
        ("0 0 0 13 * Fri", datetime(2024, 9, 13, tzinfo=UTC)),
        ("0 5/20 * * * *", MONDAY + timedelta(minutes=5)),
        ("15,45 0 12 1 january *", MONDAY + timedelta(seconds=15)),
        ("0 0 12 1 1 *", datetime(2025, 1, 1, 12, tzinfo=UTC)),
        ("00:05:00", MONDAY + timedelta(minutes=5)),
        ("1.00:00:00", MONDAY + timedelta(days=1)),
        ("24:00:00", MONDAY + timedelta(days=24)),
        ("1:00:00:00", MONDAY + timedelta(days=1)),
        ("00:00:00.5", MONDAY + timedelta(milliseconds=500)),
        ("2", MONDAY + timedelta(days=2)),
    ],
)
def test_the_next_occurrence_is_the_one_that_the_text_describes(text: str, expected: datetime) -> None:
    """Examples of every kind of field, from midday on Monday 1 January 2024."""
    assert after(text, MONDAY) == expected


@pytest.mark.parametrize(
    "text",
    ["", "* * * *", "* * * * * * *", "60 * * * * *", "* * * 0 * *", "* * * 32 * *", "* * * * 13 *", "* * * * * 8",
     "a * * * * *", "1,,2 * * * * *", "*/x * * * * *", "00:61:00", "00:00:00", "1.25:00:00", "-5 * * * * *", "soon",
     "0 0 0 * * 7", "0 0 0 * * 5-7", "0 0 0 * * SUN#1", "0 0 0 L * *", "0 0 0 15W * *", "0 0 0 ? * *",
     "0 0 12 * * * 2026", "0 5/ * * * *", "0 /5 * * * *", "0 5/5/5 * * * *", "0 1- * * * *", "0 1-2-3 * * * *",
     "0 *-5 * * * *", "0 70/5 * * * *", "0 0/5 0/5 0/5 * *", "0 99999999999 * * * *", "0\t0\t3 * * *",
     "0 0 3 * * *\n", "@daily", ", * * * * *"],
)  # fmt: skip
def test_an_invalid_schedule_is_refused_with_a_sentence_that_quotes_it(text: str) -> None:
    """The sentence also says that the function would never run."""
    with pytest.raises(AppError, match="The schedule '") as refused:
        parse_schedule(text)
    assert "On Azure the function would not be indexed, and never run." in str(refused.value)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("0 0 0 * * 7", "7 is no day of week, which goes from 0 to 6; write 0 for Sunday"),
        ("0 0 0 * * SUN#1", "L, W, # and ? are Quartz's"),
        ("0 0 12 * * * 2026", "has seven fields; NCRONTAB has six, and no year"),
    ],
)
def test_syntax_of_other_crons_is_named_with_its_replacement(text: str, hint: str) -> None:
    """NCrontab lacks it."""
    with pytest.raises(AppError, match=re.escape(hint)):
        parse_schedule(text)


@pytest.mark.parametrize("text", ["0 0 0 30 2 *", "0 0 0 31 4,6,9,11 *"])
def test_a_day_that_no_month_has_never_comes(text: str) -> None:
    """NCrontab accepts such an expression, and the function never runs."""
    assert after(text, MONDAY).year == 9999


@given(text=expressions, when=moments)
def test_an_occurrence_is_later_and_matches_every_field(text: str, when: datetime) -> None:
    """Except where daylight saving skips an hour."""
    schedule = parse_schedule(text)
    assert isinstance(schedule, Cron)
    found = schedule.next_after(when)
    assert found.astimezone(UTC) > when.astimezone(UTC)
    if when.tzinfo is UTC:
        assert found.second in schedule.seconds
        assert found.minute in schedule.minutes
        assert found.hour in schedule.hours
        assert found.day in schedule.days
        assert found.month in schedule.months
        assert found.isoweekday() % 7 in schedule.weekdays


@given(text=expressions, when=moments, later=st.integers(0, 10**6))
def test_no_occurrence_is_skipped(text: str, when: datetime, later: int) -> None:
    """From any moment before the next occurrence the answer is the same. In UTC."""
    schedule, when = parse_schedule(text), when.astimezone(UTC)
    found = schedule.next_after(when)
    between = when + timedelta(seconds=later)
    if between < found:
        assert schedule.next_after(between) == found


def scanned(minutes: Set[int], hours: Set[int], start: datetime, *, repeats: bool) -> Iterator[datetime]:
    """The slow way: look at the wall clock in each minute, and at the times that it skips, of two days.

    Of the hour that is skipped the first time comes, an hour later: then the wall clock is past all of them. `repeats`
    lets a time come again in the hour that comes twice.
    """
    zone = start.tzinfo
    for minute in range(1, 2 * 24 * 60):
        moment = start.astimezone(UTC) + timedelta(minutes=minute)
        wall = moment.astimezone(zone)
        hour_ago = (moment - timedelta(hours=1)).astimezone(zone)
        is_meant = wall.minute in minutes and wall.hour in hours and (repeats or wall.fold == 0)
        skipped = wall.hour == hour_ago.hour + 2
        if is_meant or (skipped and wall.minute == min(minutes) and wall.hour - 1 in hours):
            yield moment


def occurrences(text: str, start: datetime) -> Iterator[datetime]:
    """What the schedule gives for the two days from `start`."""
    moment = start
    while (moment := parse_schedule(text).next_after(moment)) < start.astimezone(UTC) + timedelta(days=2):
        yield moment.astimezone(UTC)


def listed(values: Set[int]) -> str:
    """Values as one field."""
    return ",".join(str(value) for value in sorted(values))


changes = st.sampled_from(
    [
        datetime(2024, 3, 9, 12, tzinfo=NEW_YORK),
        datetime(2024, 11, 2, 12, tzinfo=NEW_YORK),
        datetime(2026, 3, 28, 12, tzinfo=ZoneInfo("Europe/Berlin")),
        datetime(2026, 10, 24, 12, tzinfo=ZoneInfo("Europe/Berlin")),
        datetime(2026, 4, 4, 12, tzinfo=ZoneInfo("Australia/Sydney")),
        datetime(2026, 6, 1, 12, tzinfo=UTC),
    ]
)
apart = st.sets(st.integers(0, 11), min_size=1, max_size=4)
"""Numbers that become values which never follow each other: `1,3` is two times of a day, `1,2` an interval."""


@given(minutes=apart, hours=apart, start=changes)
def test_a_time_of_day_comes_once_a_day_across_clock_changes(
    minutes: Set[int], hours: Set[int], start: datetime
) -> None:
    """If the wall clock skips it, it comes an hour later; if it shows it twice, once."""
    minutes, hours = {5 * minute for minute in minutes}, {2 * hour for hour in hours}
    found = list(occurrences(f"0 {listed(minutes)} {listed(hours)} * * *", start))
    assert found == list(scanned(minutes, hours, start, repeats=False))


@given(minutes=apart, start=changes)
def test_an_interval_runs_in_both_of_two_equal_hours(minutes: Set[int], start: datetime) -> None:
    """Every hour has its occurrences, once each."""
    minutes = {5 * minute for minute in minutes}
    found = list(occurrences(f"{listed(minutes)} * * * *", start))
    assert found == list(scanned(minutes, set(range(24)), start, repeats=True))


def test_a_repeated_time_of_day_counts_as_past_after_the_clocks_go_back() -> None:
    """At 01:10 standard time, 01:30 has passed in summer time, so the next one is tomorrow's."""
    found = after("0 30 1 * * *", datetime(2024, 11, 3, 1, 10, fold=1, tzinfo=NEW_YORK))
    assert found.isoformat() == "2024-11-04T01:30:00-05:00"


@given(seconds=st.integers(1, 10**6), when=moments)
def test_a_time_span_is_elapsed_time(seconds: int, when: datetime) -> None:
    """Clock changes do not matter."""
    every = FixedInterval(text="", interval=timedelta(seconds=seconds))
    assert (every.next_after(when).astimezone(UTC) - when.astimezone(UTC)) == timedelta(seconds=seconds)


def test_a_time_skipped_in_spring_comes_after_the_change() -> None:
    """02:30 does not exist on 10 March 2024 in New York; the timer runs at 03:30 daylight time."""
    found = after("0 30 2 * * *", datetime(2024, 3, 9, 12, tzinfo=NEW_YORK))
    assert found.isoformat() == "2024-03-10T03:30:00-04:00"


def test_a_time_repeated_in_autumn_comes_once() -> None:
    """01:30 comes twice on 3 November 2024 in New York."""
    first = after("0 30 1 * * *", datetime(2024, 11, 2, 12, tzinfo=NEW_YORK))
    assert first.isoformat() == "2024-11-03T01:30:00-04:00"
    assert after("0 30 1 * * *", first).isoformat() == "2024-11-04T01:30:00-05:00"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("*/5 * * * * *", True),
        ("0,30 * * * * *", True),
        ("* * * * *", False),
        ("*/5 * 3 * * *", False),
        ("0 * * * * *", False),
        ("00:00:59", True),
        ("00:01:00", False),
    ],
)
def test_a_schedule_is_frequent_if_it_recurs_within_a_minute(text: str, expected: bool) -> None:
    """A frequent timer keeps no status blob."""
    assert is_frequent(parse_schedule(text), MONDAY + timedelta(milliseconds=500)) is expected
