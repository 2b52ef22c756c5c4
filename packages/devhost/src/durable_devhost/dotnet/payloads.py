"""What becomes of a value on its way through the durable extension, which reads and prints JSON with Newtonsoft. Pure.

Values that Python wrote are read with Python's own parser, which is fast, and Newtonsoft's rules are kept beside it:
numbers that JSON does not have become strings, half of a surrogate pair becomes U+FFFD, and 64 levels are the most.
"""

import json
import re
from typing import Any

from durable_devhost.dotnet.json_quick import is_too_deep
from durable_devhost.dotnet.json_reader import parse, without_metadata
from durable_devhost.dotnet.texts import whole_characters
from durable_devhost.json_text import compact

_ODD = re.compile("NaN|Infinity|\\\\u[dD][89a-fA-F]|[\ud800-\udfff]")


def load(text: str) -> Any:
    """The value of a JSON text of Python's, as the extension has it; raises ValueError, for depth JsonReaderError."""
    check_depth(text)
    return without_halves(json.loads(text, parse_constant=str))


def check_depth(text: str) -> None:
    """Raise JsonReaderError, which says where, for a text of more than 64 levels."""
    if is_too_deep(text):
        parse(text)


def as_newtonsoft(text: str) -> str:
    """A JSON text as it is, or written anew where it holds what Newtonsoft changes; no JSON is left alone."""
    if _ODD.search(text) is None:
        return text
    try:
        return compact(load(text))
    except ValueError:
        return whole_characters(text)


def result(text: str) -> str | None:
    """What an activity returned, as it is stored: None for null, without `$type` in front; raises JsonReaderError."""
    value = without_metadata(load(text))
    return None if value is None else compact(value)


def without_halves(value: Any) -> Any:
    """The value with U+FFFD for each half of a surrogate pair, in keys too."""
    match value:
        case str():
            return whole_characters(value)
        case list():
            return [without_halves(item) for item in value]
        case dict():
            return {whole_characters(name): without_halves(item) for name, item in value.items()}
        case _:
            return value
