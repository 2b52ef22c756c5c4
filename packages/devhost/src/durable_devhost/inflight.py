"""The work in progress, so that a jump of the virtual clock and a graceful stop can wait for its end."""

import asyncio
from collections.abc import Collection, Iterator
from contextlib import contextmanager


class InFlight:
    """Named pieces of work in progress; `quiet()` returns when there are none.

    Every unit of work enters before its predecessor leaves (a result is in a mailbox before the activity that
    produced it ends), so an empty set means that nothing is left to do without new time or new input.
    """

    def __init__(self) -> None:
        self._names: dict[int, str] = {}
        self._next = 0
        self._left = asyncio.Event()

    @contextmanager
    def work(self, name: str) -> Iterator[None]:
        """Count the body as work in progress under `name`, for example `activity ProcessApproval (4f…)`."""
        token = self.enter(name)
        try:
            yield
        finally:
            self.leave(token)

    def enter(self, name: str) -> int:
        """Begin a piece of work that ends elsewhere; pass the returned token to `leave`."""
        self._next += 1
        self._names[self._next] = name
        return self._next

    def leave(self, token: int) -> None:
        """End the piece of work that `enter` began."""
        self._names.pop(token, None)
        self._left.set()

    def names(self) -> list[str]:
        """The work in progress, oldest first."""
        return list(self._names.values())

    def tokens(self) -> frozenset[int]:
        """The tokens of the work in progress, to wait only for later work."""
        return frozenset(self._names)

    async def quiet(self, besides: Collection[int] = ()) -> None:
        """Return when nothing is in progress `besides` these tokens, and nothing new began in the same loop turn."""
        while not self._names.keys() <= set(besides):
            self._left.clear()
            await self._left.wait()
            await asyncio.sleep(0)
