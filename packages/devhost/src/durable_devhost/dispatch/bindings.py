"""Payloads to what user code sees and back, with the SDK's own converters; what the host adds to them is here too."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import azure.functions as func
from azure.functions.meta import Datum

from durable_devhost.indexing.converters import converter
from durable_devhost.model.functions import Binding, Function, TriggerType


def trigger_argument(function: Function, value: Any, metadata: Mapping[str, Any]) -> Any:
    """What the trigger's parameter gets; raises ValueError or TypeError where the value does not fit."""
    trigger = function.trigger
    match function.kind:
        case TriggerType.HTTP:
            return value
        case TriggerType.QUEUE:
            return _queue_argument(function, value, metadata)
        case TriggerType.TIMER:
            datum = Datum(json.dumps(value), "json")
        case TriggerType.ORCHESTRATION | TriggerType.ACTIVITY | TriggerType.ENTITY:
            datum = Datum(value, "json")
    return converter(trigger.type).decode(datum, trigger_metadata={})


def _queue_argument(function: Function, value: str | bytes, metadata: Mapping[str, Any]) -> Any:
    wanted = function.parameter_types.get(function.trigger.name)
    if wanted is str:
        return value if isinstance(value, str) else value.decode()
    if wanted is bytes:
        return value.encode() if isinstance(value, str) else value
    datum = Datum(value, "string" if isinstance(value, str) else "bytes")
    data = {key: _metadata_datum(item) for key, item in metadata.items() if item is not None}
    return converter(function.trigger.type).decode(datum, trigger_metadata=data)


def _metadata_datum(value: Any) -> Datum:
    if isinstance(value, datetime):
        return Datum(value.isoformat(), "string")
    if isinstance(value, int):
        return Datum(value, "int")
    return Datum(value, "string") if isinstance(value, str) else Datum(json.dumps(value), "json")


def blob_argument(content: bytes | None, wanted: Any) -> Any:
    """A blob input: None where there is no blob, text or bytes for such an annotation, else an InputStream.

    The stream has neither name nor length (recorded).
    """
    if content is None:
        return None
    if wanted is bytes:
        return content
    if wanted is str:
        return content.decode()
    return converter("blob").decode(Datum(content, "bytes"), trigger_metadata=None)


def trigger_data(function: Function, value: Any, metadata: Mapping[str, Any]) -> dict[str, Any]:
    """What `{name}` expressions of the other bindings may refer to."""
    match function.kind:
        case TriggerType.HTTP:
            return _http_data(value)
        case TriggerType.QUEUE:
            text = value if isinstance(value, str) else value.decode(errors="replace")
            return {**_json_object(text), **metadata, "queueTrigger": text}
        case _:
            return {}


def _http_data(request: func.HttpRequest) -> dict[str, Any]:
    query = dict(request.params)
    return {
        **_json_object(request.get_body().decode(errors="replace")),
        **query,
        **request.route_params,
        "query": query,
        "headers": dict(request.headers),
    }


def _json_object(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def encode_return(function: Function, value: Any) -> str | None:
    """The result of an activity or entity as JSON text; None where it returned nothing."""
    if value is None:
        return None
    text: str = converter(function.trigger.type).encode(value, expected_type=None).value
    return text


def http_result(value: Any) -> Any:
    """What an HTTP output accepts: a response or text; TypeError for anything else, as the worker has it."""
    if not isinstance(value, func.HttpResponse | str):
        raise TypeError(f"the http output takes an azure.functions.HttpResponse or a str, not {type(value).__name__}")
    return value


def blob_content(binding: Binding, value: Any) -> bytes:
    """The bytes of a blob output given as text, bytes or a file-like object."""
    content = _encoded(binding, value).value
    return content.encode() if isinstance(content, str) else bytes(content)


def queue_messages(binding: Binding, value: Any) -> list[str | bytes]:
    """The messages of a queue output, one for each element of a list.

    The host parses text that looks like JSON: an object is enqueued indented, with other characters than ASCII as they
    are (recorded), an array as one message an element (`FunctionBinding.ReadAsEnumerable` of azure-functions-host).
    """
    datum = _encoded(binding, value)
    if datum.type == "bytes":
        return [datum.value]
    text: str = datum.value
    if text.strip()[:1] not in ("{", "["):
        return [text]
    try:
        parsed = json.loads(text)
    except ValueError:
        return [text]
    return [_message_text(item) for item in parsed] if isinstance(parsed, list) else [_message_text(parsed)]


def _message_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False)


def _encoded(binding: Binding, value: Any) -> Datum:
    try:
        datum: Datum = converter(binding.type).encode(value, expected_type=None)
    except NotImplementedError:
        raise TypeError(
            f"the {binding.type} output '{binding.name}' cannot take a value of type {type(value).__name__}"
        ) from None
    return datum
