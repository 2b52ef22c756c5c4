"""The one clock: everything in devhost that asks for the time or waits for it gets a Clock passed in.

`SystemClock` is the machine's time. `VirtualClock` runs at an offset that can be moved forward, so that 72
hours pass in milliseconds on a durable store. Leases and queue visibility stay in real time: storage does not jump.
"""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Literal, Protocol


class Clock(Protocol):
    """What devhost needs of time."""

    @property
    def kind(self) -> Literal["system", "virtual"]:
        """Which of the two clocks this is."""
        ...

    def now(self) -> datetime:
        """The current time, aware, in UTC."""
        ...

    async def sleep_until(self, when: datetime) -> None:
        """Return as soon as `now() >= when`, also if a virtual clock is moved past it."""
        ...


def real_now() -> datetime:
    """The machine's time in UTC; the only place in devhost that reads it."""
    return datetime.now(UTC)


class SystemClock:
    """The machine's clock."""

    kind: Literal["system", "virtual"] = "system"

    def now(self) -> datetime:
        """The machine's time in UTC."""
        return real_now()

    async def sleep_until(self, when: datetime) -> None:
        """Sleep in one piece; after an early wake-up it sleeps on, so that nothing fires before its time."""
        while (left := (when - real_now()).total_seconds()) > 0:
            await asyncio.sleep(left)


class VirtualClock:
    """The machine's clock plus an offset that only grows.

    Time passes between jumps too, so short timers need no jump.
    """

    kind: Literal["system", "virtual"] = "virtual"

    def __init__(self, offset: timedelta = timedelta()) -> None:
        self._offset = offset
        self._moved = asyncio.Event()

    @property
    def offset(self) -> timedelta:
        """How far this clock is ahead of the machine's."""
        return self._offset

    def now(self) -> datetime:
        """The virtual time in UTC."""
        return real_now() + self._offset

    def move_to(self, when: datetime) -> None:
        """Jump to `when` and wake every sleeper; a past time changes nothing."""
        ahead = when - self.now()
        if ahead > timedelta():
            self._offset += ahead
            moved, self._moved = self._moved, asyncio.Event()
            moved.set()

    async def sleep_until(self, when: datetime) -> None:
        """Sleep until the virtual time is `when`; each jump wakes it to check again."""
        while (left := (when - self.now()).total_seconds()) > 0:
            try:
                await asyncio.wait_for(self._moved.wait(), left)
            except TimeoutError:
                continue
