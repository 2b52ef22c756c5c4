"""Moves the virtual clock: from one due timer to the next, waiting each time until all due work is done.

The clock's lead over real time is stored in the data folder, so that virtual time survives a restart. A hub whose time
was moved holds rows from the future; a start with the system clock over the same folder is refused unless requested.
"""

import asyncio
import json
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

from durable_devhost.azurite.folder import writable
from durable_devhost.clock import Clock, SystemClock, VirtualClock
from durable_devhost.durable.timers import TimerHeap
from durable_devhost.errors import SettingsError
from durable_devhost.inflight import InFlight
from durable_devhost.options import StartOptions
from durable_devhost.triggers.timer import TimerListener

OFFSET_SETTING = "CLOCK_OFFSET_SECONDS"
"""The variable that tells the app how far its own "now" should be ahead, if it follows the virtual clock."""

_FILE = "clock.json"

_LITTLE_S = 0.25
_LITTLE = timedelta(seconds=1)


def open_clock(options: StartOptions, data: Path) -> Clock:
    """The clock that the command line names; raises SettingsError if the data folder does not allow it."""
    path = data / _FILE
    if options.clock == "system":
        if path.exists():
            _leave_virtual_time(path, is_asked_for=options.forget_virtual_time)
        return SystemClock()
    if options.forget_virtual_time:
        raise SettingsError("--forget-virtual-time is for --clock system. Leave one of the two out.")
    if not options.start_azurite:
        raise SettingsError("--clock virtual needs devhost's own Azurite. Leave --no-azurite out.")
    clock = VirtualClock(stored_offset(data))
    with writable(data):
        _save(path, clock)
    return clock


def stored_offset(data: Path) -> timedelta:
    """How far virtual time is ahead in this data folder; zero if it never was virtual."""
    path = data / _FILE
    try:
        return timedelta(seconds=float(json.loads(path.read_text())["offset_seconds"]) if path.exists() else 0.0)
    except (ValueError, KeyError, TypeError, OverflowError):
        raise SettingsError(
            f"{path} is damaged. Delete it to go on without a lead over real time, or choose another --data folder."
        ) from None


def _leave_virtual_time(path: Path, *, is_asked_for: bool) -> None:
    """Go back to the system clock: always possible if virtual time never moved, because nothing lies in the future."""
    ahead = timedelta() if is_asked_for else stored_offset(path.parent)
    if ahead > _LITTLE:
        lead = timedelta(seconds=round(ahead.total_seconds()))
        raise SettingsError(
            f"The data in {path.parent} has lived in virtual time, which is ahead by {lead} (h:mm:ss). "
            "Start with --clock virtual to go on there. Or start once with --forget-virtual-time: nothing is lost, but "
            "timers of workflows from then fire when real time gets there. Or choose another --data folder."
        )
    with writable(path.parent):
        path.unlink()


class FetchingListener(Protocol):
    """A listener that fetches its work from storage."""

    @property
    def begun_count(self) -> int:
        """How many pieces of work it has begun."""
        ...

    async def drain(self) -> None:
        """Fetch at once, and return when all of it is done."""
        ...


class Listeners(Protocol):
    """The listeners that a jump waits for and holds; a reload of the app changes them."""

    @property
    def timers(self) -> Sequence[TimerListener]:
        """Those of timer functions."""
        ...

    @property
    def fetching_listeners(self) -> Sequence[FetchingListener]:
        """Those of queue and blob functions."""
        ...


class StillBusy(Exception):
    """The clock was moved, but some of the due work did not end in time; `names` has what still runs."""

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__("Still running: " + ", ".join(names))
        self.names = tuple(names)


class TimeTravel:
    """Jumps of one host's virtual clock, one at a time: a second one waits for the first.

    `tell` gets the clock's lead in seconds after each move, so that the app can follow.
    """

    def __init__(
        self,
        clock: VirtualClock,
        *,
        data: Path,
        heap: TimerHeap,
        in_flight: InFlight,
        listeners: Listeners,
        tell: Callable[[float], None],
    ) -> None:
        self._clock = clock
        self._path = data / _FILE
        self._heap = heap
        self._in_flight = in_flight
        self._listeners = listeners
        self._tell = tell
        self._one_at_a_time = asyncio.Lock()

    async def jump(self, by: timedelta, timeout_s: float) -> None:
        """Move the clock by `by`: durable timers fire one after the other, each timer function at most once.

        Before each step it waits until all work is done, for `timeout_s` seconds of real time in total. Work that is
        not done by then, such as an activity that waits for another system, is left behind: time moves on past it, as
        in production. Raises StillBusy at the end if some of it still runs.
        """
        async with self._one_at_a_time:
            target = self._clock.now() + by
            patience = _Patience(self._in_flight, timeout_s)
            for timer in self._listeners.timers:
                timer.hold()
            try:
                await patience.work_off(self._listeners.fetching_listeners)
                while (due := self._heap.next_due()) is not None and due <= target:
                    self._move_to(due)
                    self._heap.fire_due()
                    await patience.quiet()
                self._move_to(target)
                self._release()
                await patience.work_off(self._listeners.fetching_listeners)
            finally:
                self._release()
            if patience.is_over and (names := self._in_flight.names()):
                raise StillBusy(names)

    def _move_to(self, when: datetime) -> None:
        self._clock.move_to(when)
        _save(self._path, self._clock)
        self._tell(self._clock.offset.total_seconds())

    def _release(self) -> None:
        for timer in self._listeners.timers:
            timer.release()


class _Patience:
    """How long one jump waits for work, and which work it has stopped waiting for."""

    def __init__(self, in_flight: InFlight, timeout_s: float) -> None:
        self._in_flight = in_flight
        self._give_up = asyncio.get_running_loop().time() + timeout_s
        self._left_behind: frozenset[int] = frozenset()
        self.is_over = False

    async def quiet(self) -> None:
        """Wait until all work is done except the work left behind."""
        try:
            async with self._limit():
                await self._in_flight.quiet(self._left_behind)
        except TimeoutError:
            self._give_up_waiting()

    async def work_off(self, listeners: Sequence[FetchingListener]) -> None:
        """Wait until all work is done and nothing is left to fetch, including the work that it caused."""
        while True:
            taken = sum(listener.begun_count for listener in listeners)
            await self.quiet()
            for listener in listeners:
                try:
                    async with self._limit():
                        await listener.drain()
                except TimeoutError:
                    self._give_up_waiting()
            await self.quiet()
            if self.is_over or taken == sum(listener.begun_count for listener in listeners):
                return

    def _limit(self) -> asyncio.Timeout:
        """The rest of the time; a little in any case, for work that became due after it had run out."""
        return asyncio.timeout_at(max(self._give_up, asyncio.get_running_loop().time() + _LITTLE_S))

    def _give_up_waiting(self) -> None:
        self.is_over = True
        self._left_behind = self._in_flight.tokens()


def _save(path: Path, clock: VirtualClock) -> None:
    seconds = clock.offset.total_seconds()
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps({"offset_seconds": seconds}))
    partial.replace(path)
