"""What a background task does when storage fails: report it once, wait, try again, report when it works.

Real storage fails daily (timeouts, 429, 503), and an emulator does when it is restarted. None of it ends a host:
what is stored is still there when storage answers again.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from durable_devhost.durable.ports import Observer
from durable_devhost.errors import StorageUnavailable
from durable_devhost.storage.account import StorageFailure
from durable_devhost.taskhub.failures import LostRace

_FIRST_S = 0.5
_LONGEST_S = 15.0


class Patience:
    """The retries of one background task. `what` is the subject of its sentences."""

    def __init__(self, observer: Observer, what: str, *, longest_s: float = _LONGEST_S) -> None:
        self._observer = observer
        self._what = what
        self._longest_s = longest_s
        self._failures = 0

    @asynccontextmanager
    async def attempt(self) -> AsyncIterator[None]:
        """Around one attempt: a storage failure ends the block, after a pause that grows from attempt to attempt."""
        try:
            yield
        except LostRace:
            return  # our data are out of date; the next attempt reads them again
        except (StorageFailure, StorageUnavailable) as error:
            self._failures += 1
            pause = min(_FIRST_S * 2 ** (self._failures - 1), self._longest_s)
            if isinstance(error, StorageFailure) and error.retry_after_s:
                pause = max(pause, min(error.retry_after_s, self._longest_s))
            if self._failures == 1:
                self._observer.trouble(f"{self._what} cannot be reached: {error} devhost goes on trying.")
            await asyncio.sleep(pause)
            return
        if self._failures:
            self._observer.trouble(f"{self._what} can be reached again.")
            self._failures = 0
