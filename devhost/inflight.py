"""What is being worked on right now, so that a jump of the virtual clock and a graceful stop can wait for quiet."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager


class InFlight:
    """Named pieces of work in progress; `quiet()` returns when there are none.

    Every unit of work enters before its predecessor leaves (a result is in a mailbox before the activity that
    produced it ends), so an empty set means that nothing is left to do without new time or new input.
    """

    def __init__(self) -> None:
        self._names: dict[int, str] = {}
        self._next = 0
        self._quiet = asyncio.Event()
        self._quiet.set()

    @contextmanager
    def work(self, name: str) -> Iterator[None]:
        """Count the body as work in progress under `name`, for example `activity ProcessApproval (4f…)`."""
        token = self.enter(name)
        try:
            yield
        finally:
            self.leave(token)

    def enter(self, name: str) -> int:
        """Begin a piece of work whose end is elsewhere; give the returned token to `leave`."""
        self._next += 1
        self._names[self._next] = name
        self._quiet.clear()
        return self._next

    def leave(self, token: int) -> None:
        """End the piece of work that `enter` began."""
        self._names.pop(token, None)
        if not self._names:
            self._quiet.set()

    def names(self) -> list[str]:
        """The work in progress, oldest first."""
        return list(self._names.values())

    async def quiet(self) -> None:
        """Return when nothing is in progress and nothing new began in the same turn of the loop."""
        while self._names:
            await self._quiet.wait()
            await asyncio.sleep(0)
