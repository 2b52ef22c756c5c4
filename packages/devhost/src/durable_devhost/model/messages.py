"""Queue messages of a task hub: one event for one instance, in the JSON envelope of DurableTask.AzureStorage 2.x.

Newtonsoft reads `$type` only where it is the first property, so the order here is part of the format
(DurableTask.AzureStorage `MessageData.cs`; recorded from extension 3.15).
"""

import base64
import json
import os
from dataclasses import dataclass, field
from typing import Any

from durable_devhost.json_text import compact
from durable_devhost.model.history import ExecutionStarted, HistoryEvent, InstanceRef
from durable_devhost.model.wire import SPEC_OF, from_json, to_json

_TRACE_CONTEXT = "DurableTask.Core.Tracing.DistributedTraceContext"
_DICTIONARY = (
    "System.Collections.Generic.Dictionary`2[[System.String, System.Private.CoreLib],"
    "[System.String, System.Private.CoreLib]]"
)
CLIENT = InstanceRef(instance_id="", execution_id="")
"""The sender of messages that no orchestration sent."""


class CorruptMessage(ValueError):
    """A queue text that is no task-hub message; the text says what is wrong with it."""


def new_guid() -> str:
    """A random GUID in the dashed form; message ids need no determinism."""
    digits = os.urandom(16).hex()  # as `uuid4` does it, without the object
    variant = "89ab"[int(digits[16], 16) & 3]
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One event on its way to `target`.

    `from_decision` is true for activities and sub-orchestration starts, whose envelope carries an (empty) execution
    context. `episode` is the number of the sender's episode, None when a client sent the message.
    """

    event: HistoryEvent
    target: InstanceRef
    sender: InstanceRef = CLIENT
    episode: int | None = None
    from_decision: bool = False
    sequence_number: int = 0
    activity_id: str = field(default_factory=new_guid)

    @property
    def event_name(self) -> str:
        """The event's type as blob names have it, for example `TaskCompleted`."""
        return SPEC_OF[type(self.event)].name

    def is_for(self, execution_id: str) -> bool:
        """Whether it means this execution of its target: a client's message means whichever is there."""
        return self.target.execution_id in (None, "", execution_id)


def encode(message: Message) -> str:
    """The message as queue text: compact JSON, non-ASCII characters raw."""
    envelope: dict[str, Any] = {
        "$type": "DurableTask.AzureStorage.MessageData",
        "ActivityId": message.activity_id,
        "TaskMessage": {
            "$type": "DurableTask.Core.TaskMessage",
            "Event": _typed_event(message.event),
            "SequenceNumber": 0,
            "OrchestrationInstance": _typed_instance(message.target),
            "OrchestrationExecutionContext": _EXECUTION_CONTEXT if message.from_decision else None,
        },
        "CompressedBlobName": None,
        "SequenceNumber": message.sequence_number,
    }
    if message.episode is not None:
        envelope["Episode"] = message.episode
    envelope["Sender"] = message.sender.to_json()
    envelope["SerializableTraceContext"] = None
    text = compact(envelope)
    return text.replace("\ufffe", "\\ufffe").replace("\uffff", "\\uffff")  # XML, and so a queue, knows neither


def encode_reference(blob_name: str) -> str:
    """The envelope of a message whose JSON lies gzipped in the blob `blob_name`."""
    return compact(
        {
            "$type": "DurableTask.AzureStorage.MessageData",
            "ActivityId": "00000000-0000-0000-0000-000000000000",
            "TaskMessage": None,
            "CompressedBlobName": blob_name,
            "SequenceNumber": 0,
            "Sender": None,
            "SerializableTraceContext": None,
        }
    )


def decode(text: str) -> Message | str:
    """Read queue text, plain or Base64 as extension 2.x wrote it; a str is the name of the blob that holds the message.

    Raises CorruptMessage with what is wrong.
    """
    envelope = _parse(text)
    if envelope.get("CompressedBlobName"):
        return str(envelope["CompressedBlobName"])
    try:
        task = envelope["TaskMessage"]
        sender = envelope.get("Sender")
        return Message(
            event=from_json(task["Event"]),
            target=InstanceRef.from_json(task["OrchestrationInstance"]),
            sender=InstanceRef.from_json(sender) if sender else CLIENT,
            episode=envelope.get("Episode"),
            from_decision=task.get("OrchestrationExecutionContext") is not None,
            sequence_number=envelope.get("SequenceNumber", 0),
            activity_id=envelope["ActivityId"],
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise CorruptMessage(f"it is no task-hub message: {type(error).__name__} {error}") from error


_EXECUTION_CONTEXT = {
    "$type": "DurableTask.Core.OrchestrationExecutionContext",
    "OrchestrationTags": {"$type": _DICTIONARY},
}


def _parse(text: str) -> dict[str, Any]:
    try:
        if not text.lstrip("\ufeff \r\n").startswith("{"):
            text = base64.b64decode(text, validate=True).decode()
        value = json.loads(text.lstrip("\ufeff"))
    except ValueError as error:
        raise CorruptMessage(f"it is neither JSON nor Base64 of JSON: {error}") from error
    if not isinstance(value, dict):
        raise CorruptMessage("its JSON is no object")
    return value


def _typed_event(event: HistoryEvent) -> dict[str, Any]:
    plain = {"$type": SPEC_OF[type(event)].type_name, **to_json(event)}
    if isinstance(event, ExecutionStarted):
        plain["OrchestrationInstance"] = _typed_instance(event.instance)
        if event.parent is not None:
            parent = event.parent.to_json()
            parent["OrchestrationInstance"] = _typed_instance(event.parent.instance)
            plain["ParentInstance"] = {"$type": "DurableTask.Core.ParentInstance", **parent}
    if plain.get("ParentTraceContext") is not None:
        plain["ParentTraceContext"] = {"$type": _TRACE_CONTEXT, **plain["ParentTraceContext"]}
    if plain.get("Tags") is not None:
        plain["Tags"] = {"$type": _DICTIONARY, **plain["Tags"]}
    return plain


def _typed_instance(instance: InstanceRef) -> dict[str, Any]:
    return {"$type": "DurableTask.Core.OrchestrationInstance", **instance.to_json()}
