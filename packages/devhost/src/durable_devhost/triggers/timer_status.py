"""The status of a timer between two runs of the host: when it ran last and when it should run next.

Kept as a blob in the container `azure-webjobs-hosts`, at the place and in the JSON of the timer extension
(`StorageScheduleMonitor` and `ScheduleMonitor.CheckPastDueAsync`), so that either host continues from the other's.
"""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, TypeVar

from durable_devhost.errors import StorageUnavailable
from durable_devhost.model.schedule import Schedule
from durable_devhost.model.timestamps import parse_time
from durable_devhost.storage.account import NotFound, StorageFailure
from durable_devhost.storage.blobs import BlobService

_log = logging.getLogger(__name__)

T = TypeVar("T")

CONTAINER = "azure-webjobs-hosts"
_NEVER = "0001-01-01T00:00:00+00:00"
_RETRY_DELAYS = (0.5, 1.0, 2.0, 4.0)
_CLOCKS_DIFFER = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleStatus:
    """Aware times; `last` is None before the first invocation."""

    last: datetime | None = None
    next: datetime
    last_updated: datetime | None = None

    def to_dict(self) -> dict[str, str]:
        """The JSON of the extension, which a function also gets as `schedule_status`."""
        return {
            "Last": self.last.isoformat() if self.last else _NEVER,
            "Next": self.next.isoformat(),
            "LastUpdated": self.last_updated.isoformat() if self.last_updated else _NEVER,
        }

    @classmethod
    def from_dict(cls, content: dict[str, Any]) -> "ScheduleStatus":
        """Read the output of `to_dict` or of the extension; ValueError, KeyError or TypeError for anything else."""
        return cls(
            last=_time(content["Last"]),
            next=parse_time(content["Next"]),
            last_updated=_time(content.get("LastUpdated", _NEVER)),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Resumption:
    """How a timer continues at a start: the status that is valid now, and whether an occurrence was missed."""

    status: ScheduleStatus
    is_past_due: bool
    is_new: bool = False
    """Whether there was no status before: the first run then gets none, although one is stored."""


def resume(stored: ScheduleStatus | None, schedule: Schedule, now: datetime) -> Resumption:
    """Decide from the stored status how to continue. Pure.

    A schedule that was changed since (the stored next time is not its own) is never past due. A status from the
    future, from an abandoned virtual clock, is ignored: the timer would rest until then. `now` is in
    the time zone of the schedule.
    """
    if stored is None or (stored.last_updated is not None and stored.last_updated - now > _CLOCKS_DIFFER):
        fresh = ScheduleStatus(next=schedule.next_after(now), last_updated=now)
        return Resumption(status=fresh, is_past_due=False, is_new=True)
    since = stored.last or stored.last_updated
    expected = schedule.next_after(since.astimezone(now.tzinfo)) if since else stored.next
    if expected == stored.next:
        return Resumption(status=stored, is_past_due=now > stored.next)
    if now > expected:
        changed = ScheduleStatus(next=schedule.next_after(now), last_updated=now)
    else:
        changed = replace(stored, next=expected)
    return Resumption(status=changed, is_past_due=False)


class ScheduleMonitor:
    """The status blob of one timer. Best effort, as in the extension: a lasting failure is logged, the timer goes on.

    A failing call is repeated after each of `retry_delays` (seconds), because without its status a
    timer does not catch up on a missed occurrence, or runs one twice.
    """

    def __init__(
        self, *, blobs: BlobService, host_id: str, function_name: str, retry_delays: Sequence[float] = _RETRY_DELAYS
    ) -> None:
        self.blob_name = f"timers/{host_id}/Host.Functions.{function_name}/status"
        self._blobs = blobs
        self._retry_delays = retry_delays

    async def read(self) -> ScheduleStatus | None:
        """Return the stored status; None if there is none or it cannot be read."""
        try:
            content = await self._insisting(lambda: self._blobs.get(CONTAINER, self.blob_name))
            return ScheduleStatus.from_dict(json.loads(content)) if content is not None else None
        except (StorageFailure, StorageUnavailable, ValueError, KeyError, TypeError) as error:
            _log.warning("The timer status %s cannot be read, the schedule starts anew: %s", self.blob_name, error)
            return None

    async def write(self, status: ScheduleStatus) -> None:
        """Store the status; a missing container is created."""
        content = json.dumps(status.to_dict(), separators=(",", ":")).encode()
        try:
            await self._insisting(lambda: self._put(content))
        except (StorageFailure, StorageUnavailable) as error:
            _log.warning("The timer status %s cannot be written: %s", self.blob_name, error)

    async def _put(self, content: bytes) -> None:
        try:
            await self._blobs.put(CONTAINER, self.blob_name, content, content_type="text/plain; charset=utf-8")
        except NotFound:
            await self._blobs.create_container(CONTAINER)
            await self._blobs.put(CONTAINER, self.blob_name, content, content_type="text/plain; charset=utf-8")

    async def _insisting(self, call: Callable[[], Awaitable[T]]) -> T:
        for delay in self._retry_delays:
            try:
                return await call()
            except (StorageFailure, StorageUnavailable):
                await asyncio.sleep(delay)
        return await call()


def _time(text: str) -> datetime | None:
    when = parse_time(text)
    return None if when.year == 1 else when
