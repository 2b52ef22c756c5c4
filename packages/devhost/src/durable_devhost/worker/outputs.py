"""Turns results and outputs of a function into the values of a `returned` message, with the SDK's own converters."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import azure.functions as func

from durable_devhost.worker.converters import converted_as, converter
from durable_devhost.worker.cookies import parse_cookies
from durable_devhost.worker.functions import RETURN_NAME, Binding, Function
from durable_devhost.worker.transfers import Collected

_JSON_TYPES = ("dict", "list")
_WIRE_TYPES = ("string", "json", "bytes", "int", "double")
_LARGEST = 2**63


class Output(func.Out[Any]):
    """What an output parameter gets: holds the last value set."""

    def __init__(self) -> None:
        self._value: Any = None

    def set(self, val: Any) -> None:
        """Keep the value; it is stored after the function has returned."""
        self._value = val

    def get(self) -> Any:
        """The last value, None before the first."""
        return self._value


def results(function: Function, value: Any, outputs: Mapping[str, Output]) -> dict[str, Any]:
    """The fields `result` and `outputs` of the answer; raises if a value does not fit its binding."""
    if value is not None and not function.has_return:
        # The real worker's text lacks a blank in the same place.
        raise RuntimeError(f"function {function.name!r} without a $return bindingreturned a non-None value")
    encoded: dict[str, Any] = {}
    result = None
    for binding in function.outputs:
        item = value if binding.name == RETURN_NAME else outputs[binding.name].get()
        if item is None and binding.name != RETURN_NAME:
            continue
        if binding.type == "http":
            result = http_result(item)
            continue
        content = _encoded(binding, item, function.parameter_types.get(binding.name))
        if content is not None:
            encoded[binding.name] = content
    if function.is_durable:
        result = _durable_result(function, value)
    elif function.implicit_return is not None:
        _encoded(function.implicit_return, value, None)  # fails as on Azure, and would be stored nowhere there either
    return {"result": result, "outputs": encoded}


def http_result(value: Any) -> dict[str, Any]:
    """The value of an HTTP output: a response or text; TypeError for anything else, as in the real worker."""
    if isinstance(value, str):
        return {"type": "string", "value": _sendable(value)}
    if isinstance(value, Collected):
        return value
    if not isinstance(value, func.HttpResponse):
        raise _unfit("http", value)
    cookies, lost = parse_cookies(value.headers.get_all("Set-Cookie"))
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


def _unfit(binding_type: str, value: Any) -> TypeError:
    return TypeError(
        f'unable to encode outgoing TypedData: unsupported type "{binding_type}" '
        f'for Python type "{type(value).__name__}"'
    )


def _sendable(text: str) -> str:
    """The text, if it can be sent: the real worker cannot put half a surrogate pair into a protobuf message."""
    text.encode()
    return text


def _durable_result(function: Function, value: Any) -> dict[str, Any] | None:
    if value is None:
        return None
    return {"type": "json", "value": converter(function.trigger.type).encode(value, expected_type=None).value}


def _encoded(binding: Binding, value: Any, wanted: Any) -> dict[str, Any] | None:
    kind = converted_as(binding.type, wanted)
    try:
        datum = converter(kind).encode(value, expected_type=wanted)
    except NotImplementedError:
        raise _unfit(kind, value) from None
    return None if datum is None or datum.type is None else _typed(datum)


def _typed(datum: Any) -> dict[str, Any]:
    """The value in the protocol's form; NotImplementedError, ValueError and UnicodeEncodeError if there is none."""
    kind, value = datum.type, datum.value
    if kind in _JSON_TYPES:
        kind, value = "json", json.dumps(value)
    elif kind == "bool":
        kind, value = "int", int(value)
    if kind not in _WIRE_TYPES:
        raise NotImplementedError(f"unexpected Datum type: {kind}")
    if kind == "int" and not -_LARGEST <= value < _LARGEST:
        raise ValueError(f"Value out of range: {value}")
    return {"type": kind, "value": _sendable(value) if isinstance(value, str) else value}
