"""Messages between host and worker as frames: lengths, a JSON header, and raw bytes behind it.

A frame is two lengths, the header (a JSON object) and the body. Bytes anywhere in a message travel in the body, and
`{"$part": n}` stands for them in the header, so that a request or a blob of many megabytes is never escaped.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from typing import Any

from durable_devhost.json_text import compact_ascii

PROTOCOL = 1
"""The version of the messages; the worker names it in its `hello`."""

MAX_HEADER = 1 << 28
"""A header beyond this is a mistake: only histories are long, and the longest that runs is far shorter."""

MAX_BODY = 1 << 30
"""A body beyond this does not fit into the memory that a local host should take."""

_PREFIX = struct.Struct("!II")
PREFIX_SIZE = _PREFIX.size
"""How many bytes `read_prefix` wants."""

_PART = "$part"
_PART_TEXT = b'"$part"'


class BrokenFrame(Exception):
    """What arrived is no frame, or what should go out does not fit into one."""


def encode(message: Mapping[str, Any]) -> list[bytes]:
    """The frame of a message as pieces to be written one after the other; big parts are not copied.

    Raises TypeError for values that JSON does not have, and BrokenFrame for a message that is too big.
    """
    try:
        header = compact_ascii({**message, "parts": ()}).encode()
    except TypeError:
        return _encode_with_parts(message)
    _check(len(header), 0)
    return [_PREFIX.pack(len(header), 0) + header]


def _encode_with_parts(message: Mapping[str, Any]) -> list[bytes]:
    parts: list[bytes] = []
    lengths: list[int] = []

    def take_out(value: object) -> dict[str, int]:
        if not isinstance(value, (bytes, bytearray, memoryview)):
            raise TypeError(f"a message cannot hold a value of type {type(value).__name__}")
        part = bytes(value)
        parts.append(part)
        lengths.append(len(part))
        return {_PART: len(parts) - 1}

    # The encoder reaches "parts" last, when the list is complete.
    header = json.dumps({**message, "parts": lengths}, default=take_out, separators=(",", ":")).encode()
    size = sum(lengths)
    _check(len(header), size)
    return [_PREFIX.pack(len(header), size) + header, *parts]


def read_prefix(prefix: bytes) -> tuple[int, int]:
    """The lengths of header and body; raises BrokenFrame where they cannot be meant."""
    try:
        header, body = _PREFIX.unpack(prefix)
    except struct.error as error:
        raise BrokenFrame(f"a frame begins with {PREFIX_SIZE} bytes, not with {len(prefix)}") from error
    _check(header, body)
    return header, body


def decode(header: bytes, body: bytes) -> dict[str, Any]:
    """The message of a frame; raises BrokenFrame where header and body do not fit together."""
    try:
        message = json.loads(header.decode())
        lengths = message.pop("parts")
        parts = _cut(body, lengths) if lengths or body else []
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise BrokenFrame(f"the header of a frame cannot be read: {error}") from error
    if not isinstance(message, dict):
        raise BrokenFrame("the header of a frame is no JSON object")
    return _filled(message, parts) if parts and _PART_TEXT in header else message


def _cut(body: bytes, lengths: list[int]) -> list[bytes]:
    if sum(lengths) != len(body) or any(length < 0 for length in lengths):
        raise ValueError(f"its parts are {lengths} bytes long, but its body {len(body)}")
    parts: list[bytes] = []
    start = 0
    for length in lengths:
        parts.append(body[start : start + length])
        start += length
    return parts


def _filled(value: Any, parts: list[bytes]) -> Any:
    if isinstance(value, dict):
        number = value.get(_PART)
        if len(value) == 1 and isinstance(number, int):
            if not 0 <= number < len(parts):
                raise BrokenFrame(f"a frame has no part {number}")
            return parts[number]
        return {key: _filled(item, parts) for key, item in value.items()}
    if isinstance(value, list):
        return [_filled(item, parts) for item in value]
    return value


def _check(header: int, body: int) -> None:
    if header > MAX_HEADER:
        raise BrokenFrame(f"a header of {header} bytes is longer than {MAX_HEADER}")
    if body > MAX_BODY:
        raise BrokenFrame(f"a body of {body} bytes is longer than {MAX_BODY}")
