"""Access to durable instances for client functions. Expected failures become return values.

The SDK raises plain `Exception` for everything, and passes on the exceptions of its HTTP client. So after a failed call
the instance is read again. If that explains the failure, it becomes a return value. If not, the exception is raised
again: the host then delivers a queue message again, or the caller gets a 503 (clients/web/outages.py).
"""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import azure.durable_functions as df
from azure.durable_functions import OrchestrationRuntimeStatus as RuntimeStatus
from azure.durable_functions.models.DurableOrchestrationStatus import DurableOrchestrationStatus

from approvals.instants import read_instant
from approvals.operations import FailedInstance
from approvals.words.histories import reason_of
from gateways.instances import list_instances

_TROUBLED = ("Failed", "Terminated", "Suspended")
_MOST_TROUBLED = 250
"""Looked at for one list: what comes with one answer of the hub."""

_ALIVE = ("Pending", "Running", "ContinuedAsNew", "Suspended")
_FINISHED = frozenset({RuntimeStatus.Completed, RuntimeStatus.Failed, RuntimeStatus.Canceled, RuntimeStatus.Terminated})


class HubFailed(Exception):
    """The host's durable API failed, and the SDK did not notice it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance:
    """The parts of a durable instance that client functions use."""

    id: str
    workflow: str
    state: str
    finished: bool
    created: datetime
    custom_status: Any = None
    input: Any = None
    """The input of its latest run (start or continue-as-new); only if it was requested."""
    updated: datetime
    output: Any = None

    @property
    def has_completed(self) -> bool:
        """Whether it has completed successfully."""
        return self.state == RuntimeStatus.Completed.value


async def find_status(
    client: df.DurableOrchestrationClient, instance_id: str, **shown: bool
) -> DurableOrchestrationStatus | None:
    """Return the SDK's status of an instance, None if there is no such instance; `shown` are the SDK's options.

    Raises `HubFailed` if the SDK mistakes an error response of the host for a missing instance. The response about a
    missing instance has no body.
    """
    status = await client.get_status(instance_id, **shown)
    if status:
        return status
    message = getattr(status, "message", None)
    if message != "":
        raise HubFailed(f"the host answered {message!r}"[:400])
    return None


async def find_instance(
    client: df.DurableOrchestrationClient, instance_id: str, *, with_input: bool = False
) -> Instance | None:
    """Return the instance with that id, or None."""
    status = await find_status(client, instance_id, show_input=with_input)
    if status is None:
        return None
    return Instance(
        id=instance_id,
        workflow=status.name,
        state=status.runtime_status.value,
        finished=status.runtime_status in _FINISHED,
        created=status.created_time,
        updated=status.last_updated_time,
        output=status.output,
        custom_status=status.custom_status,
        input=_parsed(status.input_),
    )


async def list_alive(client: df.DurableOrchestrationClient) -> frozenset[str]:
    """Return the ids of all instances that have not finished.

    This is one call of the local endpoint for each 250 instances. The host reads its whole table of instances: one
    transaction for each 1,000 rows, including ended instances that are not purged yet.
    """
    base_url = client._orchestration_bindings.rpc_base_url  # the SDK has no public name for it
    return frozenset([str(entry["instanceId"]) async for entry in list_instances(base_url, statuses=_ALIVE)])


async def list_troubled(client: df.DurableOrchestrationClient, most: int) -> tuple[tuple[FailedInstance, ...], bool]:
    """Return the instances that failed, were terminated or are suspended, the latest first, and whether there are more.

    Entities are instances too, whose ids begin with `@`; they do not fail. Raises `ListFailed`.
    """
    base_url, found = client._orchestration_bindings.rpc_base_url, list[FailedInstance]()
    async for entry in list_instances(base_url, statuses=_TROUBLED):
        if not str(entry["instanceId"]).startswith("@"):
            found.append(_troubled(entry))
        if len(found) > _MOST_TROUBLED:
            break
    found.sort(key=lambda each: each.updated_at, reverse=True)
    return tuple(found[:most]), len(found) > most


def _troubled(entry: Any) -> FailedInstance:
    return FailedInstance(
        instance_id=str(entry["instanceId"]),
        workflow=str(entry.get("name") or ""),
        status=str(entry["runtimeStatus"]),
        reason=reason_of(entry.get("output")),
        updated_at=read_instant(entry["lastUpdatedTime"]),
    )


async def start(
    client: df.DurableOrchestrationClient,
    workflow: str,
    instance_id: str,
    argument: dict[str, Any],
    *,
    again: bool = False,
    unused: bool = False,
) -> bool:
    """Start a workflow; False if the id is in use, also if another caller was slightly faster.

    With `again` it replaces a finished instance. With `unused` the caller knows that there is no instance with that id.
    """
    if not unused and await _is_in_use(client, instance_id, again):
        return False
    try:
        await client.start_new(workflow, instance_id, argument)
    except Exception:
        if await _is_in_use(client, instance_id, again):
            return False
        raise
    return True


async def _is_in_use(client: df.DurableOrchestrationClient, instance_id: str, again: bool) -> bool:
    """Say whether an instance with this id prevents a new one."""
    instance = await find_instance(client, instance_id)
    return instance is not None and not (again and instance.finished)


async def raise_event(client: df.DurableOrchestrationClient, instance: Instance, event: str, data: Any) -> bool:
    """Raise an event to an instance; False if the instance is gone or has finished in the meantime."""
    try:
        await client.raise_event(instance.id, event, data)
    except Exception:
        now = await find_instance(client, instance.id)
        if now is None or now.finished:
            return False
        raise
    return True


def _parsed(value: Any) -> Any:
    """Return an input as data, also from a host that delivers it as JSON text."""
    try:
        return json.loads(value) if isinstance(value, str) else value
    except ValueError:
        return value
