"""The app's only clock."""

import os
from datetime import UTC, datetime, timedelta


def now() -> datetime:
    """Return the time in UTC plus `CLOCK_OFFSET_SECONDS`, which a host with a virtual clock sets."""
    offset = timedelta(seconds=float(os.environ.get("CLOCK_OFFSET_SECONDS") or 0))
    return datetime.now(UTC) + offset
