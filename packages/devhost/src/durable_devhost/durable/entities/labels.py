"""The labels that order entity messages: points in time counted in .NET ticks (100 ns since 0001-01-01).

A label is sent as ISO 8601 text. One taken from a clock ends in `Z`, one made by adding a tick does not, and both forms
are kept, because they are copied into the entity's stored state (recorded from extension 3.15). Labels are
compared as ticks, because Python's datetime cannot hold 100 ns.
"""

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache

UNSET = "0001-01-01T00:00:00"
"""The label of a message without an order; zero ticks."""

_SECOND = 10_000_000
_DAY = 86_400 * _SECOND
_MICROSECOND = timedelta(microseconds=1)
_EPOCH = datetime(1, 1, 1, tzinfo=UTC)
_LABEL = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,7}))?(Z|[+-]\d\d:\d\d)?")


# A batch compares each of its labels a dozen times.
@lru_cache(maxsize=1024)
def ticks_of(label: str) -> int:
    """The label as ticks; raises ValueError if the text is no time of at most seven fraction digits."""
    parts = _LABEL.fullmatch(label)
    if parts is None:
        raise ValueError(f"{label!r} is no time")
    whole, fraction, zone = parts.groups()
    offset = "+00:00" if zone in (None, "Z") else zone
    since = datetime.fromisoformat(whole + offset) - _EPOCH
    return since.days * _DAY + since.seconds * _SECOND + int((fraction or "").ljust(7, "0"))


def ticks_in(span: timedelta) -> int:
    """How many ticks `span` lasts."""
    return span // _MICROSECOND * 10


def label_of(ticks: int, *, is_utc: bool) -> str:
    """The text of a label: fraction digits without trailing zeros, and a `Z` if `is_utc`."""
    seconds, fraction = divmod(ticks, _SECOND)
    text = (_EPOCH + timedelta(seconds=seconds)).replace(tzinfo=None).isoformat(timespec="seconds")
    digits = f".{fraction:07}".rstrip("0") if fraction else ""
    return f"{text}{digits}{'Z' if is_utc else ''}"


def next_label(label: str) -> str:
    """The label one tick later, which has no `Z`."""
    return label_of(ticks_of(label) + 1, is_utc=False)


def moved_back(label: str, span: timedelta) -> str:
    """The label `span` earlier, with or without `Z` as before."""
    return label_of(ticks_of(label) - ticks_in(span), is_utc=label.endswith("Z"))
