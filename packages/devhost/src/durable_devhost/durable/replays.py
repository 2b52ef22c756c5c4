"""Replays instances that have ended, while the host has nothing else to do; see `durable.orchestrations.replay`.

A replay costs as much as a fifth of a short instance, and is only a hint. So it waits until nothing is in flight, or
for a while where that does not come about. Of many that end in a rush the last ones are replayed.
"""

import asyncio
from collections import deque

from durable_devhost.clock import Clock
from durable_devhost.durable.orchestrations.session import OrchestrationSession
from durable_devhost.durable.ports import ExecutionLost, Observer
from durable_devhost.durable.troubles import describe
from durable_devhost.inflight import InFlight

MOST = 50
"""How many sessions are kept for a replay."""

PATIENCE_S = 2.0
"""How long a replay waits for a quiet moment; on a host that is never quiet there is one replay in this time."""


class Replays:
    """The ended sessions that are still to be replayed. `run` owns the replays."""

    def __init__(self, *, clock: Clock, in_flight: InFlight, observer: Observer) -> None:
        self._clock = clock
        self._in_flight = in_flight
        self._observer = observer
        self._ended: deque[OrchestrationSession] = deque(maxlen=MOST)
        self._some = asyncio.Event()

    def add(self, session: OrchestrationSession) -> None:
        """Have an instance replayed that has ended."""
        self._ended.append(session)
        self._some.set()

    async def run(self) -> None:
        """Replay one after the other, until cancelled."""
        while True:
            await self._some.wait()
            await self._wait_for_quiet()
            await self._replay(self._ended.popleft())
            if not self._ended:
                self._some.clear()

    async def _wait_for_quiet(self) -> None:
        try:
            async with asyncio.timeout(PATIENCE_S):
                await self._in_flight.quiet()
        except TimeoutError:
            return

    async def _replay(self, session: OrchestrationSession) -> None:
        name, instance_id = session.started.name, session.instance.instance_id
        try:
            found = await session.replay_difference(self._clock.now())
        except ExecutionLost:
            return  # the worker ended meanwhile: it was only a hint
        except Exception as error:  # noqa: BLE001 - the top of a task: a hint must not end the host
            self._observer.trouble(f"The instance could not be replayed: {describe(error)}", instance_id)
            return
        if found is not None:
            self._observer.trouble(
                f"Orchestrator '{name}' is not deterministic: {found}. On Azure this instance could have failed. "
                "Its code must not depend on time, chance, I/O or anything but its input and what it waits for.",
                instance_id,
            )
