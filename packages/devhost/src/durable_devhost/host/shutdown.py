"""How the host is told to stop: the first Ctrl-C, SIGTERM or SIGHUP asks it to finish, the second ends it at once."""

import asyncio
import os
import signal
from collections.abc import Callable
from contextlib import suppress
from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
EXIT_INTERRUPTED = 130


class Shutdown:
    """The request to stop. The first signal sets `requested`; before `is_ready` it cancels the start instead."""

    def __init__(self) -> None:
        self.requested = asyncio.Event()
        self.is_ready = False
        self._last_acts: list[Callable[[], None]] = []
        self._starting: asyncio.Task[None] | None = None

    def watch(self, starting: "asyncio.Task[None]") -> None:
        """Listen to the signals from now on; `starting` is the task that a signal cancels while the host starts."""
        self._starting = starting
        loop = asyncio.get_running_loop()
        for sign in _SIGNALS:
            loop.add_signal_handler(sign, self._first)

    def at_once(self, act: Callable[[], None]) -> None:
        """Also do this when a second signal cuts the stop short; it must not wait for anything."""
        self._last_acts.append(act)

    def _first(self) -> None:
        loop = asyncio.get_running_loop()
        for sign in _SIGNALS:
            loop.remove_signal_handler(sign)
            # Not through the loop, which may be blocked by a wait for a process.
            signal.signal(sign, self._second)
        self.requested.set()
        if not self.is_ready and self._starting is not None:
            self._starting.cancel()

    def _second(self, _number: int, _frame: FrameType | None) -> None:
        for act in reversed(self._last_acts):
            with suppress(OSError):
                act()
        os._exit(EXIT_INTERRUPTED)
