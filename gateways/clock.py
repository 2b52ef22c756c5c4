"""The app's one "now"."""

import os
from datetime import UTC, datetime, timedelta


def now() -> datetime:
    """Return the time in UTC, moved by `CLOCK_OFFSET_SECONDS`, which a host with a virtual clock sets as it jumps."""
    offset = timedelta(seconds=float(os.environ.get("CLOCK_OFFSET_SECONDS") or 0))
    return datetime.now(UTC) + offset
