"""How many requests may be under way: `maxOutstandingRequests`, `maxConcurrentRequests` and the counters of a sandbox.

Facts: azure-functions-host 4.1037, `HttpRequestQueue` and `HttpThrottleMiddleware`: those that run count among the
outstanding ones, and who finds no place is told 429 at once. While a counter is exceeded nobody finds one.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from durable_devhost.app_counters import COUNTERS
from durable_devhost.http_settings import UNLIMITED, HttpSettings

SCALE_OUT_HEADER = "X-FUNCTION-SCALEOUT"
"""What a 429 carries, with the value 1."""


class Throttle:
    """The places. One event loop touches it, so the count needs no lock."""

    def __init__(self, http: HttpSettings) -> None:
        self._exceeded = http.exceeded_counters
        self._most = http.max_outstanding_requests
        concurrent = http.max_concurrent_requests
        self._turns = asyncio.Semaphore(concurrent) if concurrent != UNLIMITED else None
        self._count = 0

    @property
    def why_full(self) -> str:
        """Why there is no place, for the person at the console."""
        if self._exceeded:
            names = ", ".join(self._exceeded)
            return f"dynamicThrottlesEnabled in host.json lets none in while {COUNTERS} has {names} near the limit."
        return "maxOutstandingRequests in host.json lets no more wait or run."

    @asynccontextmanager
    async def place(self) -> AsyncIterator[bool]:
        """Run the block when it is the request's turn; gives False at once where there is no place left."""
        if self._exceeded or (self._most != UNLIMITED and self._count >= self._most):
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
