"""From what a function returned and set to the values of a `returned` message, with the SDK's own converters."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import azure.functions as func

from durable_devhost.worker.asgi import Collected
from durable_devhost.worker.converters import converter
from durable_devhost.worker.cookies import taken_apart
from durable_devhost.worker.functions import RETURN_NAME, Binding, Function

_WIRE_TYPES = (bytes, int, float)


class Output(func.Out[Any]):
    """What an output parameter gets: holds the last value set."""

    def __init__(self) -> None:
        self._value: Any = None

    def set(self, val: Any) -> None:
        """Keep the value; it is stored after the function has returned."""
        self._value = val

    def get(self) -> Any:
        """The value set last, None before."""
        return self._value


def results(function: Function, value: Any, outputs: Mapping[str, Output]) -> dict[str, Any]:
    """The fields `result` and `outputs` of the answer; raises where a value does not fit its binding."""
    if value is not None and not function.has_return:
        raise RuntimeError(f"function {function.name!r} without a $return binding returned a non-None value")
    result = _durable_result(function, value) if function.is_durable else None
    encoded: dict[str, Any] = {}
    for binding in function.outputs:
        returned = binding.name == RETURN_NAME
        item = value if returned else outputs[binding.name].get()
        if item is None and not returned:
            continue
        if binding.type == "http":
            result = http_result(item)
            continue
        content = _encoded(binding, item, function.parameter_types.get(binding.name))
        if content is not None:
            encoded[binding.name] = content
    return {"result": result, "outputs": encoded}


def http_result(value: Any) -> dict[str, Any]:
    """What an HTTP output accepts: a response or text; TypeError for anything else, as the real worker has it."""
    if isinstance(value, str):
        return {"type": "string", "value": _sendable(value)}
    if isinstance(value, Collected):
        return value
    if not isinstance(value, func.HttpResponse):
        raise TypeError(f"the http output takes an azure.functions.HttpResponse or a str, not {type(value).__name__}")
    cookies, lost = taken_apart(value.headers.get_all("Set-Cookie"))
    return {
        "type": "http",
        "status": value.status_code,
        "headers": [[str(name), str(item)] for name, item in value.headers.items() if name.lower() != "set-cookie"],
        "cookies": cookies,
        "lost_cookies": lost,
        "mimetype": value.mimetype,
        "charset": value.charset,
        "body": value.get_body(),
    }


def _sendable(text: str) -> str:
    """The text, where it can be sent: the real worker cannot put half of a surrogate pair into a protobuf message."""
    text.encode()
    return text


def _durable_result(function: Function, value: Any) -> dict[str, Any] | None:
    if value is None:
        return None
    return {"type": "json", "value": converter(function.trigger.type).encode(value, expected_type=None).value}


def _encoded(binding: Binding, value: Any, wanted: Any) -> dict[str, Any] | None:
    encode = getattr(converter(binding.type), "encode", None)
    if encode is None or (wanted in (str, bytes) and isinstance(value, (str, bytes))):
        return _generic(value)
    try:
        datum = encode(value, expected_type=None)
    except NotImplementedError:
        raise TypeError(
            f"the {binding.type} output '{binding.name}' cannot take a value of type {type(value).__name__}"
        ) from None
    if datum is None or datum.type is None:
        return None
    if isinstance(datum.value, str):
        return {"type": datum.type, "value": _sendable(datum.value)}
    if isinstance(datum.value, _WIRE_TYPES):
        return {"type": datum.type, "value": datum.value}
    return _generic(datum.value)


def _generic(value: Any) -> dict[str, Any]:
    """For types of which the library knows nothing: text and bytes as they are, everything else as JSON."""
    if isinstance(value, str):
        return {"type": "string", "value": _sendable(value)}
    if isinstance(value, (bytes, bytearray)):
        return {"type": "bytes", "value": bytes(value)}
    return {"type": "json", "value": json.dumps(value)}
