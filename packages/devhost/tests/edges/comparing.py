"""Makes what a host answered comparable with what was recorded.

Frames of a stack, the order of headers and how a chunk is framed are the host's own; that an answer is chunked is not.
"""

import json
import re
from typing import Any

_CHUNK = re.compile(r"[0-9a-f]+\r\n([\s\S]*?)\r\n0\r\n\r\n")
_STACK = re.compile(r"\nStack:[\s\S]*")
_DETAILS = re.compile(r" \n \{\"\$type[\s\S]*")


def comparable(value: Any) -> Any:
    """The value without what is allowed to differ."""
    match value:
        case list():
            return [comparable(item) for item in value]
        case dict():
            return {name: _field(name, comparable(item)) for name, item in value.items()}
        case _:
            return value


def _field(name: str, value: Any) -> Any:
    match name, value:
        case "headers", list():
            return sorted(value)
        case "body", str():
            return _body(value)
        case "output", str():
            return _STACK.sub("", value)
        case "text", str():
            return _DETAILS.sub("", value)
        case _:
            return value


def _body(text: str) -> Any:
    content = found[1] if (found := _CHUNK.fullmatch(text)) else text
    if not content.startswith("{"):
        return content
    try:
        return json.loads(content)
    except ValueError:
        return content
