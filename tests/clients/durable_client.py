"""A small durable client in memory: instances that can be started, asked about and sent events."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import azure.functions as func
from azure.durable_functions.models.DurableOrchestrationClient import DurableOrchestrationClient
from azure.durable_functions.models.DurableOrchestrationStatus import DurableOrchestrationStatus
from azure.durable_functions.models.EntityStateResponse import EntityStateResponse


@dataclass
class MemoryClient:
    """What the SDK's client does, against a dict; `broken` makes the next calls of that name fail."""

    instances: dict[str, dict[str, Any]] = field(default_factory=dict)
    events: list[tuple[str, str, Any]] = field(default_factory=list)
    signals: list[tuple[str, str, Any]] = field(default_factory=list)
    entities: dict[str, Any] = field(default_factory=dict)
    broken: dict[str, str] = field(default_factory=dict)

    def add(self, instance_id: str, workflow: str = "ApprovalWorkflow", status: str = "Running", **more: Any) -> None:
        """Let an instance exist."""
        created = datetime(2026, 3, 2, 9, 0, tzinfo=UTC).isoformat()
        self.instances[instance_id] = {
            "name": workflow, "instanceId": instance_id, "runtimeStatus": status, "createdTime": created,
            "lastUpdatedTime": created, **more,
        }  # fmt: skip

    async def get_status(self, instance_id, show_history=False, **_):
        """Return the status; an unknown instance is a falsy one, as in the SDK."""
        self._break("get_status")
        found = dict(self.instances.get(instance_id, {}))
        if not show_history:
            found.pop("historyEvents", None)
        return DurableOrchestrationStatus.from_json(found or "")

    async def start_new(self, name, instance_id=None, client_input=None):
        """Start, also over one that has finished, or raise the bare exception that the SDK raises."""
        self._break("start_new")
        if self.instances.get(instance_id, {}).get("runtimeStatus") in ("Pending", "Running"):
            raise Exception({"Message": "An Orchestration instance with the status Running already exists."})
        self.add(instance_id, name, "Pending", input=json.dumps(client_input))
        return instance_id

    async def raise_event(self, instance_id, event_name, event_data=None):
        """Keep the event, or raise the bare exception that the SDK raises."""
        self._break("raise_event")
        if instance_id not in self.instances:
            raise Exception(f"No instance with ID {instance_id} found.")
        self.events.append((instance_id, event_name, event_data))

    async def signal_entity(self, entity_id, operation_name, operation_input=None):
        """Keep what a counter is told."""
        self._break("signal_entity")
        self.signals.append((entity_id.key, operation_name, operation_input))

    async def read_entity_state(self, entity_id):
        """Return a counter's state."""
        known = entity_id.key in self.entities
        return EntityStateResponse(known, self.entities.get(entity_id.key))

    def create_check_status_response(self, _, instance_id):
        """Answer 202."""
        return func.HttpResponse(json.dumps({"id": instance_id}), status_code=202, headers={"Location": "/status"})

    async def wait_for_completion_or_create_check_status_response(self, *arguments):
        """Do what the SDK's client does, with this one's instances."""
        return await DurableOrchestrationClient.wait_for_completion_or_create_check_status_response(self, *arguments)

    @staticmethod
    def _create_http_response(status, body):
        return func.HttpResponse(json.dumps(body), status_code=status)

    def _break(self, call: str) -> None:
        if call in self.broken:
            raise Exception(self.broken[call])
