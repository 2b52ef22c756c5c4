"""A blob as its trigger passes it on: the bytes, its properties, and the values of the path's braces."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from durable_devhost.dispatch.store import AccountServices
from durable_devhost.model.blob_paths import BlobPattern
from durable_devhost.model.functions import Function
from durable_devhost.storage.blobs import BlobProperties
from durable_devhost.triggers.blobs.properties import net_properties

_CONTAINER = re.compile(r"[a-z0-9](?:-?[a-z0-9]){2,62}|\$root|\$web")


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundBlob:
    """A blob that a function is about to get.

    `metadata` has the names of `BlobTriggerBinding.cs` (BlobTrigger, Uri, Properties, Metadata) and those of the path,
    which win.
    """

    content: bytes
    metadata: dict[str, Any]
    etag: str


class TriggerBlobs:
    """Reads the blobs of blob functions; `services` finds the account of a connection's name."""

    def __init__(self, services: Callable[[str | None], AccountServices]) -> None:
        self._services = services

    async def properties(self, function: Function, container: str, name: str) -> BlobProperties | None:
        """The properties of a blob in the function's account; None if it does not exist."""
        return await self._services(function.trigger.text("connection")).blobs.properties(container, name)

    async def read(self, function: Function, container: str, name: str) -> FoundBlob | None:
        """The blob for the function; None if it does not exist. Its bytes may be newer than its properties."""
        blobs = self._services(function.trigger.text("connection")).blobs
        properties = await blobs.properties(container, name)
        content = None if properties is None else await blobs.get(container, name)
        if properties is None or content is None:
            return None
        metadata = {
            "BlobTrigger": f"{container}/{name}",
            "Uri": blobs.url(container, name),
            "Properties": net_properties(properties),
            "Metadata": dict(properties.metadata),
            **(_pattern(function).data(container, name) or {}),
        }
        return FoundBlob(content=content, metadata=metadata, etag=properties.etag)

    async def at(self, function: Function, path: str) -> FoundBlob | None:
        """The blob at a path (`container/name`), whether it matches the trigger or not, as on the real host.

        None for an invalid path.
        """
        container, _, name = path.partition("/")
        return await self.read(function, container, name) if name and _CONTAINER.fullmatch(container) else None


def _pattern(function: Function) -> BlobPattern:
    return BlobPattern.parse(function.trigger.text("path") or "")
