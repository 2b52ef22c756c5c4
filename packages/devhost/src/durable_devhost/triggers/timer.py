"""Timer functions: sleeps until a function is due, runs it, and stores its status.

The rules are those of the timer extension's `TimerListener`: an occurrence that was missed while the host was off runs
once, at the start, as past due; invocations of one timer never overlap. Two things are devhost's own: on
the virtual clock a jump across any number of occurrences runs the function once, as past due; and there is no
singleton lock, because one folder has one host.
"""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

from durable_devhost.clock import Clock
from durable_devhost.dispatch.invoker import Invoker
from durable_devhost.inflight import InFlight
from durable_devhost.model.functions import Function
from durable_devhost.model.schedule import is_frequent, parse_schedule
from durable_devhost.storage.blobs import BlobService
from durable_devhost.triggers.timer_status import ScheduleMonitor, ScheduleStatus, resume

_PUNCTUAL = timedelta(seconds=1)


class TimerListener:
    """The listener of one timer function; `zone` is the time zone of its schedule (Azure's default is UTC).

    Raises AppError if the schedule is not valid. One task runs it, so there is no lock.
    """

    def __init__(
        self,
        *,
        function: Function,
        invoker: Invoker,
        blobs: BlobService,
        clock: Clock,
        in_flight: InFlight,
        host_id: str,
        zone: tzinfo = UTC,
    ) -> None:
        self._function = function
        self._invoker = invoker
        self._clock = clock
        self._in_flight = in_flight
        self._zone = zone
        self._schedule = parse_schedule(function.trigger.text("schedule") or "")
        self._monitor = ScheduleMonitor(blobs=blobs, host_id=host_id, function_name=function.name)
        self._waiting_for: datetime | None = None
        self._token: int | None = None
        self._open = asyncio.Event()
        self._is_stopping = False
        self._open.set()

    @property
    def next_run(self) -> datetime | None:
        """When the function runs next; None while it runs and before `run` has begun."""
        return self._waiting_for

    async def info(self) -> dict[str, Any]:
        """The TimerInfo of a manual run: the stored status, and never past due (`TimerTriggerBinding`)."""
        return self._info(await self._monitor.read() if self._is_monitored() else None, is_past_due=False)

    async def run(self) -> None:
        """Run the function whenever it is due, until cancelled."""
        monitor = self._monitor if self._is_monitored() else None
        with self._in_flight.work(f"start of timer {self._function.name}"):  # a jump must not come in between
            resumed = resume(await monitor.read() if monitor else None, self._schedule, self._now())
            status = resumed.status
            if monitor:
                await monitor.write(status)
            if resumed.is_new:
                status = replace(status, last_updated=None)
        if resumed.is_past_due or _is_set(self._function, "runOnStartup", default=False):
            status = await self._invoke(status, monitor, is_past_due=resumed.is_past_due)
        while not self._is_stopping:
            is_late = await self._until_due(status.next)
            status = await self._invoke(status, monitor, is_past_due=is_late)

    def stop(self, running: "asyncio.Task[None]") -> None:
        """End `running`, the task of `run`: at once while it waits, else after the current invocation."""
        self._is_stopping = True
        if self._waiting_for is not None:
            running.cancel()

    def hold(self) -> None:
        """Keep the function from starting, however often it comes due, until `release`: for a jump in several steps."""
        self._open.clear()

    def release(self) -> None:
        """End a hold. If the function has come due it counts as in progress from this moment on."""
        if self._waiting_for is not None and self._waiting_for <= self._clock.now() and self._token is None:
            self._token = self._enter()
        self._open.set()

    async def _until_due(self, due: datetime) -> bool:
        """Wait, and return whether the clock jumped past `due`; an occurrence during a long run is not late."""
        expected = max(due, self._clock.now())
        self._waiting_for = due
        await self._clock.sleep_until(due)
        await self._open.wait()
        self._waiting_for = None
        return self._clock.now() - expected > _PUNCTUAL

    async def _invoke(
        self, status: ScheduleStatus, monitor: ScheduleMonitor | None, *, is_past_due: bool
    ) -> ScheduleStatus:
        token, self._token = self._token or self._enter(), None
        try:
            now = self._now()
            value = self._info(status if monitor else None, is_past_due=is_past_due)
            await self._invoker.invoke(self._function, trigger_value=value)
            following = ScheduleStatus(last=now, next=self._schedule.next_after(now), last_updated=now)
            if monitor:
                await monitor.write(following)
            return following
        finally:
            self._in_flight.leave(token)

    def _info(self, status: ScheduleStatus | None, *, is_past_due: bool) -> dict[str, Any]:
        return {
            "Schedule": {"AdjustForDST": self._schedule.adjusts_for_dst},
            "ScheduleStatus": status.to_dict() if status else None,
            "IsPastDue": is_past_due,
        }

    def _enter(self) -> int:
        return self._in_flight.enter(f"timer {self._function.name}")

    def _now(self) -> datetime:
        return self._clock.now().astimezone(self._zone)

    def _is_monitored(self) -> bool:
        wanted = _is_set(self._function, "useMonitor", default=True)
        return wanted and not is_frequent(self._schedule, self._now())


def _is_set(function: Function, key: str, *, default: bool) -> bool:
    value: Any = function.trigger.properties.get(key)
    return default if value is None else str(value).lower() == "true"
