"""When a timer function is due: NCRONTAB expressions and .NET TimeSpans, as pure arithmetic on a given time.

The rules are those of the NCrontab library that the Functions host uses (github.com/atifaziz/NCrontab,
`CrontabFieldImpl` and `CrontabSchedule`) and differ from Unix cron: day of month AND day of week must both match,
a range written backwards is turned round (`Fri-Mon` is Monday to Friday), `5/15` runs from 5 to the end of the field.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta

from durable_devhost.errors import AppError

_MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
           "December")  # fmt: skip
_WEEKDAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
_LONGEST_MONTH = {2: 29, 4: 30, 6: 30, 9: 30, 11: 30}
_TIME_SPAN = re.compile(r"(?:(?P<d>\d+)\.)?(?P<h>\d+):(?P<m>\d{1,2})(?::(?P<s>\d{1,2})(?:\.(?P<f>\d{1,7}))?)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Field:
    """One column of an expression: its name, its range and, for months and weekdays, the words it knows."""

    name: str
    low: int
    high: int
    words: Sequence[str] = ()


_FIELDS = (
    _Field(name="second", low=0, high=59),
    _Field(name="minute", low=0, high=59),
    _Field(name="hour", low=0, high=23),
    _Field(name="day of month", low=1, high=31),
    _Field(name="month", low=1, high=12, words=_MONTHS),
    _Field(name="day of week", low=0, high=7, words=_WEEKDAYS),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cron:
    """An NCRONTAB expression; each field holds its permitted values in rising order, weekdays with Sunday as 0."""

    text: str
    seconds: tuple[int, ...]
    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    adjusts_for_dst: bool = field(default=True, init=False)

    def next_after(self, t: datetime) -> datetime:
        """Return the first occurrence later than the aware time `t`, reckoned on the wall clock of `t`'s own zone.

        An occurrence inside the hour that daylight saving skips happens when the clocks have gone forward; one inside
        the hour that comes twice happens the first time only.
        """
        wall = t.replace(tzinfo=None, fold=0)
        while True:
            wall = self._next_wall(wall)
            occurrence = wall.replace(tzinfo=t.tzinfo)
            if occurrence.astimezone(UTC) > t.astimezone(UTC):
                return occurrence.astimezone(UTC).astimezone(t.tzinfo)

    def _next_wall(self, wall: datetime) -> datetime:
        start = wall.replace(microsecond=0) + timedelta(seconds=1)
        if self._day_matches(start.date()) and (at := self._time_from(start.time())):
            return datetime.combine(start, at)
        day = start.date() + timedelta(days=1)
        while not self._day_matches(day):
            # A month that does not count is left in one step, so that "29 February, a Monday" stays cheap.
            day = day + timedelta(days=1) if day.month in self.months else _first_of_next_month(day)
        return datetime.combine(day, time(self.hours[0], self.minutes[0], self.seconds[0]))

    def _day_matches(self, day: date) -> bool:
        return day.month in self.months and day.day in self.days and day.isoweekday() % 7 in self.weekdays

    def _time_from(self, at: time) -> time | None:
        """Return the first permitted time of day that is not before `at`, or None when the day has none left."""
        for hour in (h for h in self.hours if h >= at.hour):
            if hour > at.hour:
                return time(hour, self.minutes[0], self.seconds[0])
            for minute in (m for m in self.minutes if m >= at.minute):
                if minute > at.minute:
                    return time(hour, minute, self.seconds[0])
                for second in (s for s in self.seconds if s >= at.second):
                    return time(hour, minute, second)
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Every:
    """A constant interval, counted from the last invocation."""

    text: str
    interval: timedelta
    adjusts_for_dst: bool = field(default=False, init=False)

    def next_after(self, t: datetime) -> datetime:
        """Return `t` plus the interval; elapsed time, so daylight saving does not matter."""
        return (t.astimezone(UTC) + self.interval).astimezone(t.tzinfo)


Schedule = Cron | Every


def parse_schedule(text: str) -> Schedule:
    """Read a timer's schedule: six fields (seconds first), five fields (second 0), or a TimeSpan.

    Sunday may be 0 or 7 (the real host takes only 0). Raises AppError with what is wrong for anything else, also for
    an expression that can never come true, such as 30 February.
    """
    parts = text.split()
    if len(parts) in (5, 6):
        return _cron(text, parts if len(parts) == 6 else ["0", *parts])
    if len(parts) == 1 and (interval := _time_span(parts[0])):
        return Every(text=text, interval=interval)
    raise AppError(
        f"The schedule '{text}' is neither an NCRONTAB expression of five or six fields nor a time span like 00:05:00."
    )


def is_frequent(schedule: Schedule, now: datetime) -> bool:
    """Whether the schedule comes round more than once a minute; such timers keep no status blob.

    For an expression the coming minute is looked at, as in the extension (`TimerSchedule.Create`).
    """
    match schedule:
        case Every():
            return schedule.interval < timedelta(minutes=1)
        case Cron():
            return schedule.next_after(schedule.next_after(now)) <= now + timedelta(minutes=1)


def _cron(text: str, parts: Sequence[str]) -> Cron:
    try:
        values = [_values(part, column) for part, column in zip(parts, _FIELDS, strict=True)]
    except ValueError as problem:
        raise AppError(f"The schedule '{text}' is not valid: {problem}.") from None
    seconds, minutes, hours, days, months, weekdays = values
    if min(days) > max(_LONGEST_MONTH.get(month, 31) for month in months):
        raise AppError(f"The schedule '{text}' never occurs: none of its months has a day {min(days)}.")
    return Cron(
        text=text,
        seconds=tuple(sorted(seconds)),
        minutes=tuple(sorted(minutes)),
        hours=tuple(sorted(hours)),
        days=frozenset(days),
        months=frozenset(months),
        weekdays=frozenset(day % 7 for day in weekdays),
    )


def _values(text: str, column: _Field) -> set[int]:
    """Return the values that one field permits; ValueError says what is wrong with it."""
    return {value for item in text.split(",") for value in _item(item, column)}


def _item(text: str, column: _Field) -> range:
    body, slash, step_text = text.partition("/")
    if slash and not (step_text.isascii() and step_text.isdigit()):
        raise ValueError(f"'{step_text}' is no step for the {column.name}")
    step = max(int(step_text), 1) if slash else 1
    # Sunday as 7 is only a spelling of 0: a field without an end stops at Saturday.
    last_value = 6 if column.words is _WEEKDAYS else column.high
    if body == "*":
        return range(column.low, last_value + 1, step)
    low_text, dash, high_text = body.partition("-")
    low = _value(low_text, column)
    high = _value(high_text, column) if dash else (max(low, last_value) if slash else low)
    low, high = min(low, high), max(low, high)
    return range(low, high + 1, step)


def _value(text: str, column: _Field) -> int:
    if text.isascii() and text.isdigit():
        if column.low <= int(text) <= column.high:
            return int(text)
        raise ValueError(f"{text} is no {column.name}, which goes from {column.low} to {column.high}")
    for index, word in enumerate(column.words):
        if text and word.lower().startswith(text.lower()):
            return index + column.low
    raise ValueError(f"'{text}' is no {column.name}")


def _time_span(text: str) -> timedelta | None:
    """Read `hh:mm`, `hh:mm:ss[.f]`, `d.hh:mm:ss[.f]` or a number of days; None for anything else and for zero.

    With 24 or more in front `24:00:00` means days:hours:minutes, .NET's rule and a well-known trap: 24 days.
    """
    if text.isascii() and text.isdigit():
        return timedelta(days=int(text)) or None
    parts = _TIME_SPAN.fullmatch(text)
    if not parts or not text.isascii():
        return None
    days, hours, minutes, seconds = (int(parts[name] or 0) for name in ("d", "h", "m", "s"))
    fraction = timedelta(microseconds=int((parts["f"] or "").ljust(7, "0")) // 10)
    if hours > 23 and parts["s"] and not parts["d"] and not parts["f"]:
        days, hours, minutes, seconds = hours, minutes, seconds, 0
    if hours > 23 or minutes > 59 or seconds > 59:
        return None
    return timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds) + fraction or None


def _first_of_next_month(day: date) -> date:
    return date(day.year + day.month // 12, day.month % 12 + 1, 1)
