"""Points in time as durable functions pass them on: ISO 8601 text in UTC."""

from datetime import datetime, timedelta
from typing import Annotated

from pydantic import AfterValidator


def read_instant(text: str) -> datetime:
    """Read the output of `datetime.isoformat`, or a time of the hub; raises ValueError if it is not in UTC."""
    when = datetime.fromisoformat(text)
    if when.utcoffset() != timedelta(0):
        raise ValueError("must be a point in time in UTC, like 2026-03-02T09:00:00+00:00")
    return when


def minute(at: datetime) -> str:
    """Return a point in time in UTC as error texts show it: `2026-03-02 09:00 UTC`."""
    return f"{at:%Y-%m-%d %H:%M} UTC"


def _checked(text: str) -> str:
    read_instant(text)
    return text


Instant = Annotated[str, AfterValidator(_checked)]
"""A field of a boundary model that holds a point in time."""
