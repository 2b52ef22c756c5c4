"""Entities as clients see them: read from their instance rows, one by one or as a list. Pure.

An entity is an instance whose id is `@name@key` and whose input is its scheduler's state (`SchedulerState.cs`).
"""

from typing import Any

from durable_devhost.durable.client.errors import BadArgument
from durable_devhost.durable.client.status import json_or_text
from durable_devhost.durable.entities.messages import EntityId
from durable_devhost.model.instances import InstanceRecord
from durable_devhost.model.timestamps import format_time


def entity_of(name: str, key: str) -> EntityId:
    """The entity that a client names; raises BadArgument for a forbidden name or key."""
    try:
        entity = EntityId(name=name, key=key)
    except ValueError as error:
        raise BadArgument(str(error)) from error
    if not entity.is_key_valid:
        raise BadArgument(f"{key!r} cannot be an entity's key: it must not hold any of / \\ # ? or control characters.")
    return entity


def state_of(record: InstanceRecord) -> str | None:
    """The entity's state as JSON text, `null` for a deleted one, None if it never existed."""
    scheduler = json_or_text(record.input)
    state = scheduler.get("state") if isinstance(scheduler, dict) else None
    return state if isinstance(state, str) else None


def entity_body(record: InstanceRecord, *, with_state: bool) -> dict[str, Any] | None:
    """One entry of the list of entities, None for an instance that does not belong there.

    Recorded: with states, an entity exists when it has one, if only `null`; without, when its custom status says so.
    """
    try:
        entity = EntityId.parse(record.instance_id)
    except ValueError:
        return None
    state = state_of(record) if with_state else None
    exists = state is not None if with_state else _says_it_exists(record)
    if not exists:
        return None
    created = record.created_time
    return {
        "entityId": entity.to_json(),
        "lastOperationTime": format_time(created) if created is not None else None,
        "state": json_or_text(state),
    }


def _says_it_exists(record: InstanceRecord) -> bool:
    status = json_or_text(record.custom_status)
    return isinstance(status, dict) and status.get("entityExists") is True
