"""Instances rows: written after each commit, and again later if storage refuses, so that no query is wrong for long.

The row is a copy for queries; the history is the source of truth. So an instance goes on while its row is due.
"""

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from durable_devhost.durable.episode import Episode
from durable_devhost.durable.patience import Patience
from durable_devhost.durable.ports import Observer
from durable_devhost.errors import StorageUnavailable
from durable_devhost.model.instances import InstanceRecord
from durable_devhost.storage.account import StorageFailure
from durable_devhost.taskhub.history import Appended
from durable_devhost.taskhub.hub import TaskHub


@dataclass(frozen=True, slots=True, kw_only=True)
class _Due:
    record: InstanceRecord
    urls: Mapping[str, str]
    replaces: bool


class DueRows:
    """Writes the rows, and keeps those that are still to be written. `run` owns the second attempts."""

    def __init__(self, hub: TaskHub, observer: Observer) -> None:
        self._hub = hub
        self._due: dict[str, _Due] = {}
        self._some = asyncio.Event()
        self._patience = Patience(observer, "The Instances table")

    async def write(self, episode: Episode, appended: Appended) -> None:
        """Write the row of a committed episode, now or, if storage refuses, later."""
        if episode.record is None:
            return
        before = self._due.get(episode.instance_id)
        replaces = (episode.is_new_record and episode.etag is not None) or (before is not None and before.replaces)
        await self._write_or_note(_Due(record=episode.record, urls=appended.urls, replaces=replaces))

    async def correct(self, record: InstanceRecord) -> None:
        """Write a row from its history, after a crash came between the two."""
        await self._write_or_note(_Due(record=record, urls={}, replaces=False))

    def forget(self, instance_id: str) -> None:
        """An instance was purged or changed by others: its row must not be written any more."""
        self._due.pop(instance_id, None)

    def __iter__(self) -> Iterator[str]:
        return iter(self._due)

    async def _write_or_note(self, due: _Due) -> None:
        instance_id = due.record.instance_id
        if instance_id in self._due:
            self._due[instance_id] = due  # `run` is writing it; two writers could end in the wrong order
            return
        try:
            await self._write(due)
        except (StorageFailure, StorageUnavailable):
            self._due[instance_id] = due
            self._some.set()

    async def run(self) -> None:
        """Write what is due until cancelled."""
        while True:
            await self._some.wait()
            async with self._patience.attempt():
                await self._write_all()
            if not self._due:
                self._some.clear()

    async def _write_all(self) -> None:
        for instance_id, due in list(self._due.items()):
            if self._due.get(instance_id) is not due:
                continue  # a later episode has written it, or it was purged
            await self._write(due)
            if self._due.get(instance_id) is due:
                del self._due[instance_id]

    async def _write(self, due: _Due) -> None:
        write = self._hub.instances.put if due.replaces else self._hub.instances.merge
        await write(due.record, due.urls)
