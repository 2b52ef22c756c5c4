"""How many requests may be under way: `maxOutstandingRequests` and `maxConcurrentRequests` of host.json.

Facts: azure-functions-host 4.1037, `HttpRequestQueue` and `HttpThrottleMiddleware`: those that run count among the
outstanding ones, and who finds no place is told 429 at once.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from durable_devhost.http_settings import UNLIMITED

SCALE_OUT_HEADER = "X-FUNCTION-SCALEOUT"
"""What a 429 carries, with the value 1."""


class Throttle:
    """The places. One event loop touches it, so the count needs no lock."""

    def __init__(self, *, outstanding: int = UNLIMITED, concurrent: int = UNLIMITED) -> None:
        self._most = outstanding
        self._turns = asyncio.Semaphore(concurrent) if concurrent != UNLIMITED else None
        self._count = 0

    @asynccontextmanager
    async def place(self) -> AsyncIterator[bool]:
        """Run the block when it is the request's turn; gives False at once where there is no place left."""
        if self._most != UNLIMITED and self._count >= self._most:
            yield False
            return
        self._count += 1
        try:
            async with AsyncExitStack() as stack:
                if self._turns is not None:
                    await stack.enter_async_context(self._turns)
                yield True
        finally:
            self._count -= 1
