"""A blob trigger run by hand with the path of a blob, as the real host takes it: the blob is read, its path is data.

Pure, but for the one call that reads.
"""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from durable_devhost.model.functions import Function

ReadBlob = Callable[[str | None, str, str], Awaitable[bytes | None]]
"""Connection's name, container and blob name to the content, None where there is none."""

_PART = re.compile(r"\\{(\w+)\\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundBlob:
    """A blob as its trigger hands it over: content, metadata, and what the `{name}`s of the path stand for."""

    content: bytes
    metadata: dict[str, Any]
    data: dict[str, str]


async def find_blob(function: Function, path: str, read: ReadBlob) -> FoundBlob | None:
    """The blob at `path` (`container/name`); None where the trigger does not mean it, or where there is none."""
    data = path_data(function.trigger.text("path") or "", path)
    container, _, name = path.partition("/")
    if data is None or not name:
        return None
    content = await read(function.trigger.text("connection"), container, name)
    if content is None:
        return None
    metadata = {"BlobTrigger": path, "Uri": path, "Properties": {"Length": len(content)}, "Metadata": {}}
    return FoundBlob(content=content, metadata=metadata, data=data)


def path_data(pattern: str, path: str) -> dict[str, str] | None:
    """What the `{name}`s in a trigger's path stand for, slashes included; None where the path does not fit."""
    expression = _PART.sub(lambda part: f"(?P<{part[1]}>.+?)", re.escape(pattern))
    found = re.fullmatch(expression, path)
    return found.groupdict() if found else None
