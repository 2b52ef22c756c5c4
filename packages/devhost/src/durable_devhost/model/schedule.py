"""When a timer function is due: NCRONTAB expressions and .NET TimeSpans, as pure arithmetic on a given time.

The rules are those of the timer extension (azure-webjobs-sdk-extensions 5.x, `CronSchedule` and `ConstantSchedule`) on
NCrontab 3.3: day of month AND day of week must both match.
"""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta

from durable_devhost.dotnet.times import read_time_span
from durable_devhost.errors import AppError
from durable_devhost.model.cron import COLUMNS, is_interval, parse_fields, split_fields

_LONGEST_MONTH = {2: 29, 4: 30, 6: 30, 9: 30, 11: 30}
_WITHOUT_SECONDS, _WITH_SECONDS = 5, 6
_NEVER = datetime(9999, 12, 31, tzinfo=UTC)
_ON_AZURE = "On Azure the function would not be indexed, and never run."


@dataclass(frozen=True, slots=True, kw_only=True)
class Cron:
    """An NCRONTAB expression; each field holds its permitted values in rising order.

    `is_interval` says that the schedule repeats within a day, as far as the extension can tell: one of seconds, minutes
    and hours covers its whole range or holds two consecutive values. The seconds do not count if the
    expression has five fields.
    """

    text: str
    seconds: tuple[int, ...]
    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    has_seconds: bool = True
    is_interval: bool = False
    adjusts_for_dst: bool = field(default=True, init=False)

    @property
    def ever_occurs(self) -> bool:
        """Whether one of the months has one of the days: 30 February never comes."""
        return min(self.days) <= max(_LONGEST_MONTH.get(month, 31) for month in self.months)

    def next_after(self, t: datetime) -> datetime:
        """Return the first occurrence after the aware time `t`, computed on the wall clock of `t`'s own zone.

        The first of the occurrences inside the hour that daylight saving skips comes an hour later. In the hour that
        comes twice an interval runs in both, and a time of day only the first time
        (`TryAdjustAmbiguousTime`). A time that never comes is the end of the year 9999, as with NCrontab.
        """
        if not self.ever_occurs:
            return _NEVER
        now = _localized(t)
        wall = self.next_wall(now.replace(tzinfo=None, fold=0))
        following = _at(wall, now)
        moved = _offset(following) - _offset(now)
        if self.is_interval:
            return _shifted(following, moved) if moved and (_is_doubled(now) or _is_doubled(following)) else following
        if not _is_doubled(following):
            return following
        if moved:
            return _shifted(following, moved)
        while _is_doubled(following):
            wall = self.next_wall(wall)
            following = _at(wall, now)
        return following

    def next_wall(self, wall: datetime) -> datetime:
        """The first permitted time after `wall` on a clock without changes."""
        start = wall.replace(microsecond=0) + timedelta(seconds=1)
        if self._day_matches(start.date()) and (at := self._time_from(start.time())):
            return datetime.combine(start, at)
        day = start.date() + timedelta(days=1)
        while not self._day_matches(day):
            # A month without a match is skipped in one step, so that "29 February, a Monday" stays cheap.
            day = day + timedelta(days=1) if day.month in self.months else _first_of_next_month(day)
        return datetime.combine(day, time(self.hours[0], self.minutes[0], self.seconds[0]))

    def _day_matches(self, day: date) -> bool:
        return day.month in self.months and day.day in self.days and day.isoweekday() % 7 in self.weekdays

    def _time_from(self, at: time) -> time | None:
        """Return the first permitted time of day at or after `at`, or None if the day has none left."""
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
class FixedInterval:
    """A constant interval, counted from the last invocation."""

    text: str
    interval: timedelta
    adjusts_for_dst: bool = field(default=False, init=False)

    def next_after(self, t: datetime) -> datetime:
        """Return `t` plus the interval; elapsed time, so daylight saving does not matter."""
        return (t.astimezone(UTC) + self.interval).astimezone(t.tzinfo)


Schedule = Cron | FixedInterval


def parse_schedule(text: str) -> Schedule:
    """Read a timer's schedule: six fields (seconds first), five fields (second 0), or a TimeSpan.

    Raises AppError with what is wrong, and with what happens on Azure, for a text that NCrontab refuses.
    """
    parts = split_fields(text)
    if len(parts) in (_WITHOUT_SECONDS, _WITH_SECONDS):
        return _cron(text, parts)
    if interval := _time_span(text):
        return FixedInterval(text=text, interval=interval)
    if len(parts) == _WITH_SECONDS + 1:
        raise AppError(f"The schedule '{text}' has seven fields; NCRONTAB has six, and no year. {_ON_AZURE}")
    raise AppError(
        f"The schedule '{text}' is neither an NCRONTAB expression of five or six fields nor a time span like 00:05:00. "
        f"{_ON_AZURE}"
    )


def is_frequent(schedule: Schedule, now: datetime) -> bool:
    """Whether the schedule recurs more than once a minute; such timers keep no status blob.

    For an expression that restricts only the seconds, the coming minute decides (`TimerSchedule.Create`).
    """
    match schedule:
        case FixedInterval():
            return schedule.interval < timedelta(minutes=1)
        case Cron(has_seconds=False):
            return False
        case Cron():
            values = (schedule.minutes, schedule.hours, schedule.days, schedule.months, schedule.weekdays)
            if any(len(some) <= column.high - column.low for some, column in zip(values, COLUMNS[1:], strict=True)):
                return False
            wall = now.replace(tzinfo=None)
            return schedule.next_wall(schedule.next_wall(wall)) < wall + timedelta(minutes=1)


def _cron(text: str, parts: list[str]) -> Cron:
    has_seconds = len(parts) == _WITH_SECONDS
    try:
        values = parse_fields(parts if has_seconds else ["0", *parts])
    except ValueError as problem:
        raise AppError(f"The schedule '{text}' is not valid: {problem}. {_ON_AZURE}") from None
    seconds, minutes, hours, days, months, weekdays = values
    counted = range(0 if has_seconds else 1, 3)
    return Cron(
        text=text,
        seconds=tuple(sorted(seconds)),
        minutes=tuple(sorted(minutes)),
        hours=tuple(sorted(hours)),
        days=days,
        months=months,
        weekdays=weekdays,
        has_seconds=has_seconds,
        is_interval=any(is_interval(values[index], COLUMNS[index]) for index in counted),
    )


def _time_span(text: str) -> timedelta | None:
    """The interval of a TimeSpan; None for any other text, for zero, and for a negative one."""
    try:
        span = read_time_span(text)
    except (ValueError, OverflowError):
        return None
    return span if span > timedelta() else None


def _at(wall: datetime, now: datetime) -> datetime:
    """A wall clock time in the zone of `now`; .NET uses standard time for one that comes twice or never."""
    first, second = (wall.replace(tzinfo=now.tzinfo, fold=fold) for fold in (0, 1))
    return _localized(second if _offset(first) > _offset(second) else first)


def _is_doubled(t: datetime) -> bool:
    """Whether the wall clock shows this time twice."""
    return _offset(t.replace(fold=0)) > _offset(t.replace(fold=1))


def _shifted(t: datetime, by: timedelta) -> datetime:
    return (t.astimezone(UTC) + by).astimezone(t.tzinfo)


def _localized(t: datetime) -> datetime:
    """The same moment with the right `fold`, and outside of the skipped hour."""
    return t.astimezone(UTC).astimezone(t.tzinfo)


def _offset(t: datetime) -> timedelta:
    return t.utcoffset() or timedelta()


def _first_of_next_month(day: date) -> date:
    return date(day.year + day.month // 12, day.month % 12 + 1, 1)
