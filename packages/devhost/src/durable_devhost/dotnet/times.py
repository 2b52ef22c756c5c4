"""Dates in JSON as Newtonsoft reads them and .NET prints them, and spans of time as .NET prints those. Pure.

Newtonsoft takes every string that looks like an ISO 8601 date with a time for a date (`DateTimeParser.cs`). The host's
own zone is UTC, as on Azure, so a date with an offset becomes one in UTC.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

_ISO = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]{1,7}))?"
    r"(?:([Zz])|([+-])([0-9]{2})(?::?([0-9]{2}))?)?"
)
_SHORTEST, _LONGEST = 19, 40
_MICROSOFT = re.compile(r"/Date\((-?[0-9]{1,18})([+-][0-9]{4})?\)/")
_SPAN = re.compile(
    r"(?P<minus>-)?(?:(?P<d>[0-9]+)[.:])??(?P<h>[0-9]+):(?P<m>[0-9]{1,2})(?::(?P<s>[0-9]{1,2})(?:\.(?P<f>[0-9]{1,7}))?)?"
)
_FIRST, _LAST = datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
"""Where a date ends up that an offset leads beyond what .NET has."""

_LAST_HOUR = 24
_FRACTION_DIGITS = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class NetTime:
    """A date as .NET has it: `when` in whole seconds, `fraction` in units of 100 ns.

    `suffix` is what ISO text ends with: nothing, `Z`, or `+00:00` for one that was given with an offset.
    """

    when: datetime
    fraction: int
    suffix: str

    @property
    def iso(self) -> str:
        """As JSON has it: fractions without zeros at the end."""
        digits = f"{self.fraction:07d}".rstrip("0")
        return f"{self.when:%Y-%m-%dT%H:%M:%S}".rjust(19, "0") + (f".{digits}" if digits else "") + self.suffix

    def __str__(self) -> str:
        """As .NET prints it in no country's way: `01/02/2020 01:04:05`."""
        return f"{self.when:%m/%d}/{self.when.year:04d} {self.when:%H:%M:%S}"


def read_time(text: str) -> NetTime | None:
    """The date that a string holds, None where it is no date to Newtonsoft."""
    if text.startswith("/Date("):
        return _read_milliseconds(text)
    match = _ISO.fullmatch(text) if _SHORTEST <= len(text) <= _LONGEST else None
    if match is None:
        return None
    year, month, day, hour, minute, second = (int(match[group]) for group in range(1, 7))
    fraction = int((match[7] or "").ljust(_FRACTION_DIGITS, "0"))
    is_midnight = hour == _LAST_HOUR and not (minute or second or fraction)
    offset = timedelta(hours=int(match[10] or 0), minutes=int(match[11] or 0))
    try:
        when = datetime(year, month, day, 0 if is_midnight else hour, minute, second, tzinfo=UTC)
        when += timedelta(days=1) if is_midnight else timedelta(0)
    except (ValueError, OverflowError):
        return None
    try:
        when -= -offset if match[9] == "-" else offset
    except OverflowError:
        when, fraction = (_LAST, 9_999_999) if match[9] == "-" else (_FIRST, 0)
    return NetTime(when=when, fraction=fraction, suffix="Z" if match[8] else "+00:00" if match[9] else "")


def _read_milliseconds(text: str) -> NetTime | None:
    """The old form of Microsoft's: `/Date(1577934245000)/`."""
    match = _MICROSOFT.fullmatch(text)
    if match is None:
        return None
    seconds, milliseconds = divmod(int(match[1]), 1000)
    try:
        when = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    except OverflowError:
        return None
    return NetTime(when=when, fraction=milliseconds * 10_000, suffix="+00:00" if match[2] else "Z")


def time_span(span: timedelta) -> str:
    """A span of time as .NET prints it: `[-][d.]hh:mm:ss[.fffffff]`."""
    sign, size = ("-", -span) if span < timedelta() else ("", span)
    minutes, seconds = divmod(size.seconds, 60)
    days = f"{size.days}." if size.days else ""
    fraction = f".{size.microseconds * 10:07d}" if size.microseconds else ""
    return f"{sign}{days}{minutes // 60:02d}:{minutes % 60:02d}:{seconds:02d}{fraction}"


def read_time_span(text: str) -> timedelta:
    """Read a .NET TimeSpan: `[-][d.]hh:mm[:ss[.fffffff]]`, `d:hh:mm:ss` or a number of days; ValueError for all else.

    With 24 or more in front `24:00:00` means days:hours:minutes, a well-known trap: 24 days.
    """
    stripped = text.strip()
    if re.fullmatch(r"-?[0-9]+", stripped):
        return timedelta(days=int(stripped))
    parts = _SPAN.fullmatch(stripped)
    if parts is None:
        raise ValueError(f"no TimeSpan: {text!r}")
    days, hours, minutes, seconds = (int(parts[name] or 0) for name in ("d", "h", "m", "s"))
    if hours >= _LAST_HOUR and parts["s"] and not parts["d"] and not parts["f"]:
        days, hours, minutes, seconds = hours, minutes, seconds, 0
    if hours >= _LAST_HOUR or minutes > 59 or seconds > 59:
        raise ValueError(f"no TimeSpan: {text!r}")
    fraction = timedelta(microseconds=int((parts["f"] or "").ljust(_FRACTION_DIGITS, "0")) // 10)
    span = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds) + fraction
    return -span if parts["minus"] else span
