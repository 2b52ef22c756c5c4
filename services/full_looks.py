"""When a sweep looks at all records, and when only at the proposals that are open.

What is open is listed with one call. The lengths of all records take more calls the more proposals there ever were. So
they are listed every ten minutes, and sooner where something may have been left undone: by the process before this one,
which may have crashed, or by a request that failed in this one.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import cache

EVERY = timedelta(minutes=10)
"""How long a record that nobody carries on may stay unnoticed if another process crashed and this one did not."""


class Looks:
    """What this process knows of its last look at all records. Threads may share it."""

    def __init__(self) -> None:
        self._last: int | None = None

    def is_due(self, now: datetime) -> bool:
        """Say whether a sweep has to look at all records."""
        return period(now) != self._last

    def note_sweep(self, now: datetime) -> None:
        """Say that a sweep that began then has looked at all records."""
        self._last = period(now)

    def ask(self) -> None:
        """Make the next sweep look at all records."""
        self._last = None

    @contextmanager
    def ask_after_failure(self) -> Iterator[None]:
        """Make the next sweep look at all records if what is done within fails, or is cancelled."""
        try:
            yield
        except BaseException:
            self.ask()
            raise


@cache
def open_looks() -> Looks:
    """Return the looks of this process."""
    return Looks()


def period(now: datetime) -> int:
    """Return the number of the time between two looks: one more every ten minutes, the same in each process."""
    return int(now.timestamp() // EVERY.total_seconds())
