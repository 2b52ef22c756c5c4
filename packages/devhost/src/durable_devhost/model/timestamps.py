"""Points in time as the hub writes them: ISO 8601 in UTC with up to seven fraction digits (.NET ticks of 100 ns).

Python's datetime holds microseconds, which is enough for everything but the labels that order entity messages; those
are kept as integer ticks (see `durable_devhost.durable.entities.batch`).
"""

from datetime import UTC, datetime
from functools import lru_cache

_TO_MICROSECONDS = len("2026-01-01T00:00:00.000000")


def utc_text(when: datetime) -> str:
    """A point in time in UTC to the microsecond, without a zone behind it."""
    utc = when if when.tzinfo is UTC else when.astimezone(UTC)
    return utc.isoformat(timespec="microseconds")[:_TO_MICROSECONDS]


@lru_cache(maxsize=512)  # all events of an episode have the same
def format_time(when: datetime) -> str:
    """Write `when` as Newtonsoft does: a trailing `Z`, fraction digits only as far as they are not zero."""
    return utc_text(when).rstrip("0").rstrip(".") + "Z"


def parse_time(text: str) -> datetime:
    """Read any ISO 8601 text; without an offset it is UTC, digits beyond the microsecond are cut."""
    when = datetime.fromisoformat(text)
    return when.replace(tzinfo=UTC) if when.tzinfo is None else when.astimezone(UTC)
