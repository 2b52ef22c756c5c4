"""What the durable client needs from a task hub; `durable_devhost.taskhub.hub.TaskHub` provides it."""

from collections.abc import AsyncIterator, Mapping
from typing import Protocol

from durable_devhost.model.instances import InstanceFilter, InstancePage, InstanceRecord
from durable_devhost.taskhub.history import StoredHistory


class Histories(Protocol):
    """The History table."""

    async def read(self, instance_id: str, execution_id: str | None = None) -> StoredHistory:
        """The events of the instance's current execution."""
        ...

    async def mark_rewound(self, instance_id: str, *, cleared: Mapping[int, str], noted: Mapping[int, str]) -> None:
        """Take rows out of the replay, in place; both arguments map a row's index to the name of its event type.

        `cleared` rows become GenericEvents, `noted` ones keep their type; both get a Reason that begins `Rewound: `.
        """
        ...


class Instances(Protocol):
    """The Instances table."""

    async def merge(self, record: InstanceRecord, urls: Mapping[str, str] | None = None) -> str:
        """Change the columns that `record` holds."""
        ...

    async def query(
        self, wanted: InstanceFilter, *, page_size: int | None = None, continuation: str | None = None
    ) -> InstancePage:
        """One page, ordered by id; an empty page may still have a continuation."""
        ...

    def every(self, wanted: InstanceFilter) -> AsyncIterator[InstanceRecord]:
        """All of them, page by page."""
        ...


class Hub(Protocol):
    """The stored side of all instances."""

    @property
    def history(self) -> Histories:
        """The histories."""
        ...

    @property
    def instances(self) -> Instances:
        """The instance rows."""
        ...

    async def purge(self, instance_id: str) -> int:
        """Delete everything stored of an instance and return the number of its history rows."""
        ...
