"""One row of the Instances table: what a status query shows of an instance."""

from dataclasses import dataclass
from datetime import datetime

from durable_devhost.model.history import RuntimeStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceRecord:
    """Columns of one instance; None means that the column is absent, or in a merge: unchanged.

    `input`, `output` and `custom_status` are the stored texts, normally JSON; the real provider writes the text `null`
    for a custom status that was never set. `etag` is only set on records that were read.
    """

    instance_id: str
    execution_id: str | None = None
    name: str | None = None
    version: str | None = None
    status: RuntimeStatus | None = None
    input: str | None = None
    output: str | None = None
    custom_status: str | None = None
    created_time: datetime | None = None
    last_updated_time: datetime | None = None
    completed_time: datetime | None = None
    scheduled_start_time: datetime | None = None
    task_hub_name: str | None = None
    generation: int | None = None
    tags: str | None = None
    etag: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceFilter:
    """The filter of a query of instances; None means any.

    What is not wanted of `with_input` and `with_output` is not read, not from blobs either.
    """

    created_from: datetime | None = None
    created_to: datetime | None = None
    updated_from: datetime | None = None
    statuses: frozenset[RuntimeStatus] = frozenset()
    id_prefix: str | None = None
    with_input: bool = True
    with_output: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class InstancePage:
    """One page of a query, ordered by instance id; `continuation` is opaque, None on the last page."""

    records: tuple[InstanceRecord, ...]
    continuation: str | None = None
