"""Moves the virtual clock: from one due timer to the next, waiting each time until all that became due is worked off.

The clock's lead over real time is kept in the data folder, so that virtual time survives a restart. A hub that has
lived in virtual time holds rows from the future; a start with the system clock over the same folder is refused.
"""

import asyncio
import json
import os
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from devhost.clock import Clock, SystemClock, VirtualClock
from devhost.durable.timers import TimerHeap
from devhost.errors import SettingsError
from devhost.inflight import InFlight
from devhost.settings import StartOptions
from devhost.triggers.queue import QueueListener
from devhost.triggers.timer import TimerListener

OFFSET_SETTING = "CLOCK_OFFSET_SECONDS"
"""Where the app finds how far its own "now" should be ahead, if it wants to follow the virtual clock."""

_FILE = "clock.json"


def open_clock(options: StartOptions, data: Path) -> Clock:
    """The clock that the command line asks for; raises SettingsError where the data folder forbids it."""
    path = data / _FILE
    if options.clock == "system":
        if path.exists():
            raise SettingsError(
                f"The data in {data} has lived in virtual time and holds points in time that are still to come. "
                "Start with --clock virtual, or with another --data folder."
            )
        return SystemClock()
    if not options.start_azurite:
        raise SettingsError("--clock virtual needs devhost's own Azurite. Leave --no-azurite out.")
    try:
        seconds = float(json.loads(path.read_text())["offset_seconds"]) if path.exists() else 0.0
    except (ValueError, KeyError, TypeError):
        raise SettingsError(f"{path} is damaged. Delete it, or choose another --data folder.") from None
    clock = VirtualClock(timedelta(seconds=seconds))
    _save(path, clock)
    return clock


class StillBusy(Exception):
    """The clock was moved, but not everything that became due ended in time; `names` says what still runs."""

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__("Still running: " + ", ".join(names))
        self.names = tuple(names)


class TimeTravel:
    """Jumps of one host's virtual clock; one at a time, a second one waits for the first."""

    def __init__(
        self,
        clock: VirtualClock,
        *,
        data: Path,
        heap: TimerHeap,
        in_flight: InFlight,
        timers: Sequence[TimerListener],
        queues: Sequence[QueueListener],
    ) -> None:
        self._clock = clock
        self._path = data / _FILE
        self._heap = heap
        self._in_flight = in_flight
        self._timers = timers
        self._queues = queues
        self._one_at_a_time = asyncio.Lock()

    async def jump(self, by: timedelta, timeout_s: float) -> None:
        """Move the clock by `by`: durable timers fire one after the other, each timer function at most once.

        Raises StillBusy when what became due is not worked off after `timeout_s` seconds of real time.
        """
        async with self._one_at_a_time:
            target = self._clock.now() + by
            for timer in self._timers:
                timer.hold()
            try:
                async with asyncio.timeout(timeout_s):
                    await self._work_off()
                    while (due := self._heap.next_due()) is not None and due <= target:
                        self._move_to(due)
                        self._heap.fire_due()
                        await self._in_flight.quiet()
                    self._move_to(target)
                    self._release()
                    await self._work_off()
            except TimeoutError:
                raise StillBusy(self._in_flight.names()) from None
            finally:
                self._release()

    def _move_to(self, when: datetime) -> None:
        self._clock.move_to(when)
        _save(self._path, self._clock)

    def _release(self) -> None:
        for timer in self._timers:
            timer.release()

    async def _work_off(self) -> None:
        await self._in_flight.quiet()
        for queue in self._queues:
            await queue.drain()
        await self._in_flight.quiet()


def _save(path: Path, clock: VirtualClock) -> None:
    seconds = clock.offset.total_seconds()
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps({"offset_seconds": seconds}))
    partial.replace(path)
    os.environ[OFFSET_SETTING] = str(seconds)
