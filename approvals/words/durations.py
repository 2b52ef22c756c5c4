"""Lengths of time in words."""

from datetime import timedelta

_UNITS = ((timedelta(days=1), "day"), (timedelta(hours=1), "hour"), (timedelta(minutes=1), "minute"))


def span(length: timedelta) -> str:
    """Return a length of time in its two largest units, rounded down: `2 days 3 hours`."""
    parts: list[tuple[int, str]] = []
    rest = abs(length)
    for unit, name in _UNITS:
        count, rest = divmod(rest, unit)
        if count or parts:
            parts.append((count, name))
    told = [f"{count} {name}{'' if count == 1 else 's'}" for count, name in parts[:2] if count]
    return " ".join(told) or "less than a minute"


def hours(number: float) -> str:
    """Return a policy's hours as people say them: `3 days`, `36 hours`, `30 minutes`."""
    length = timedelta(hours=number)
    if length >= timedelta(days=2) and length % timedelta(days=1) == timedelta():
        return f"{length.days} days"
    if length % timedelta(hours=1) == timedelta():
        return f"{number:.0f} hour{'' if number == 1 else 's'}"
    return span(length)
