"""Limits the bytes of requests that the host holds at once, so that a slow worker cannot fill the memory."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress


class ByteBudget:
    """Admits work while its bytes fit; other work waits for its turn, first come first served.

    Work larger than the whole budget is admitted alone.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._taken = 0
        self._queue: deque[tuple[int, asyncio.Future[None]]] = deque()

    @property
    def used_bytes(self) -> int:
        """How many bytes are in use."""
        return self._taken

    @asynccontextmanager
    async def hold(self, size: int) -> AsyncIterator[None]:
        """Hold `size` bytes while the block runs, waiting for room before it begins."""
        if self._queue or not self._fits(size):
            turn = asyncio.get_running_loop().create_future()
            self._queue.append((size, turn))
            await self._wait(size, turn)
        else:
            self._taken += size
        try:
            yield
        finally:
            self._taken -= size
            self._let_in()

    async def _wait(self, size: int, turn: "asyncio.Future[None]") -> None:
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._taken -= size
            else:
                with suppress(ValueError):  # a cancelled turn may already have been given to the next one
                    self._queue.remove((size, turn))
            self._let_in()
            raise

    def _fits(self, size: int) -> bool:
        return self._taken == 0 or self._taken + size <= self._limit

    def _let_in(self) -> None:
        while self._queue and self._fits(self._queue[0][0]):
            size, turn = self._queue.popleft()
            if not turn.done():
                self._taken += size
                turn.set_result(None)
