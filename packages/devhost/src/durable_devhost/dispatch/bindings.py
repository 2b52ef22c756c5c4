"""The typed values that go to the worker and come back, and what the host adds to them. Pure.

A typed value is the SDK's `Datum` as JSON: `{"type": "string" | "bytes" | "json" | "int", "value": ...}`.
"""

import json
import struct
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from durable_devhost.dotnet.json_reader import JsonReaderError, deserialize, parse
from durable_devhost.dotnet.json_writer import as_text, compact
from durable_devhost.dotnet.texts import REPLACEMENT, read_text
from durable_devhost.model.functions import Binding, Function, TriggerType

Value = dict[str, Any]

_INPUTS = frozenset({"blob", "durableClient", "table"})
_OUTPUTS = frozenset({"blob", "http", "queue", "table"})


def trigger_argument(function: Function, value: Any) -> Value:
    """The trigger's value in the form that the worker takes; an HTTP request already has it."""
    match function.kind:
        case TriggerType.HTTP:
            request: Value = value
            return request
        case TriggerType.QUEUE:
            return {"type": "string" if isinstance(value, str) else "bytes", "value": value}
        case TriggerType.TIMER:
            return {"type": "json", "value": json.dumps(value)}
        case TriggerType.ORCHESTRATION | TriggerType.ACTIVITY | TriggerType.ENTITY:
            return {"type": "json", "value": value}
        case TriggerType.BLOB:
            return {"type": "bytes", "value": value.encode() if isinstance(value, str) else value}
        case TriggerType.EVENT_GRID | TriggerType.OTHER:
            return _payload(value)


def _payload(value: str | bytes) -> Value:
    """An event, or a payload for a trigger without a listener: in the kind that the SDK's converter expects."""
    if isinstance(value, bytes):
        return {"type": "bytes", "value": value}
    return {"type": "json" if _is_json(value) else "string", "value": value}


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def metadata_values(metadata: Mapping[str, Any]) -> dict[str, Value]:
    """The trigger's metadata: texts, numbers, and JSON for the rest."""
    return {key: _metadata_value(value) for key, value in metadata.items() if value is not None}


def _metadata_value(value: Any) -> Value:
    if isinstance(value, datetime):
        return {"type": "string", "value": value.isoformat()}
    if isinstance(value, int):
        return {"type": "int", "value": value}
    return (
        {"type": "string", "value": value} if isinstance(value, str) else {"type": "json", "value": json.dumps(value)}
    )


def trigger_data(function: Function, value: Any, metadata: Mapping[str, Any]) -> dict[str, Any]:
    """The data that `{name}` expressions of the other bindings may use."""
    match function.kind:
        case TriggerType.HTTP:
            return _http_data(value)
        case TriggerType.QUEUE:
            text = value if isinstance(value, str) else value.decode(errors="replace")
            return _joined(_printable(metadata), {"queueTrigger": text}, _json_fields(text))
        case TriggerType.BLOB:
            return dict(metadata)
        case TriggerType.EVENT_GRID:
            event = _json_fields(value) if isinstance(value, str) else {}
            return {**metadata, "data": event.get("data")}
        case TriggerType.OTHER:
            return _joined(metadata, _json_fields(value) if isinstance(value, str) else {})
        case _:
            return {}


def _printable(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """The metadata of a message without its times, which the SDK cannot print."""
    return {name: "" if isinstance(value, datetime) else value for name, value in metadata.items()}


def _http_data(request: Value) -> dict[str, Any]:
    """A route parameter wins over the query, which wins over the body (`HttpTriggerAttributeBindingProvider`)."""
    query = dict(request["params"])
    named = {name: value for name, value in query.items() if name.lower() != "code"}
    data = _joined(_json_fields(request["body"].decode(errors="replace")), named, request["route_params"])
    whole = {"query": query, "headers": dict(request["headers"])}
    return _joined(whole, data)


def _json_fields(text: str) -> dict[str, Any]:
    """The fields of a text that is a JSON object: objects unchanged, other values as .NET prints them.

    Lists and null are left out (`Utility.ApplyBindingData` of azure-functions-host).
    """
    if not looks_like_json(text):
        return {}
    try:
        value = parse(text, dates=True)
    except JsonReaderError:
        return {}
    fields = value.items() if isinstance(value, dict) else ()
    return {
        name: item if isinstance(item, dict) else as_text(item)
        for name, item in fields
        if item is not None and not isinstance(item, list)
    }


def _joined(*sources: Mapping[str, Any]) -> dict[str, Any]:
    """All mappings merged; of names that differ only in case the last one counts."""
    joined: dict[str, tuple[str, Any]] = {}
    for source in sources:
        joined.update({name.lower(): (name, value) for name, value in source.items()})
    return dict(joined.values())


def blob_content(value: Value) -> bytes:
    """The bytes of a blob output: JSON is formatted again, a number is its .NET bytes, the last four for an integer.

    As `FunctionBinding.ConvertValueToStream` of azure-functions-host writes it.
    """
    kind, content = value["type"], value["value"]
    if kind == "bytes":
        return bytes(content)
    if kind == "json":
        return compact(deserialize(content, dates=False)).encode()
    if kind == "int":
        return struct.pack("<I", content & 0xFFFFFFFF)
    return struct.pack("<d", content) if kind == "double" else content.encode()


def blob_input(binding: Binding, content: bytes) -> Value:
    """A blob for the worker: text unless the binding says `data_type="binary"`, whatever the annotation is."""
    if is_binary(binding):
        return {"type": "bytes", "value": content}
    return {"type": "string", "value": read_text(content)}


def breaks(content: bytes, value: Value) -> bool:
    """Whether a blob read as text has lost bytes; a byte order mark and UTF-16 lose nothing."""
    return value["type"] == "string" and REPLACEMENT in value["value"] and value["value"].encode() != content


def is_binary(binding: Binding) -> bool:
    """Whether the binding asks for bytes."""
    return (binding.text("dataType") or "").lower() == "binary"


def queue_messages(value: Value) -> list[str | bytes]:
    """The messages of a queue output, one for each element of a list; raises ValueError for values that Azure refuses.

    The host parses a text that begins and ends like JSON, and prints it again as .NET does (recorded;
    `FunctionBinding.ReadAsEnumerable` of azure-functions-host).
    """
    if value["type"] == "bytes":
        return [value["value"]]
    if value["type"] in ("int", "double"):
        return [as_text(value["value"])]
    text: str = value["value"]
    if value["type"] != "json" and not looks_like_json(text):
        return [text]
    try:
        parsed = deserialize(text, dates=False) if value["type"] == "json" else parse(text, dates=True)
    except JsonReaderError as error:
        raise ValueError(
            f"a text for a queue that begins and ends like JSON must be JSON, here as on Azure: {error}"
        ) from None
    items = parsed if isinstance(parsed, list) else [parsed]
    return [as_text(item) for item in items]


def looks_like_json(text: str) -> bool:
    """Whether the host takes the text of an output for JSON (`Utility.IsJson` of azure-functions-host)."""
    trimmed = text.strip()
    return (trimmed[:1], trimmed[-1:]) in (("{", "}"), ("[", "]"))


def left_out(function: Function) -> Iterator[str]:
    """The bindings of a function that devhost does not support, one sentence each: calls that use them fail."""
    for binding in function.inputs:
        if binding.type not in _INPUTS:
            yield str(unsupported_binding(binding, "input"))
    for binding in function.outputs:
        if binding.type not in _OUTPUTS:
            yield str(unsupported_binding(binding, "output"))


def unsupported_binding(binding: Binding, direction: str) -> NotImplementedError:
    """Why an invocation fails that uses an unsupported binding."""
    return NotImplementedError(
        f"devhost has no {direction} binding of type {binding.type}, which '{binding.name}' is. "
        f"It works on Azure; here, leave it out or replace it for local runs."
    )
