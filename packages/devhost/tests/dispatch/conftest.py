"""Functions without files, and a binding store in memory that keeps the contract of the real one."""

from collections.abc import Callable
from pathlib import Path

import azure.functions as func
import pytest

from durable_devhost.indexing.catalog import build_catalog
from durable_devhost.model.functions import Function

Build = Callable[[func.FunctionApp], Function]


class MemoryBindings:
    """Blobs and queues in dictionaries, by connection."""

    def __init__(self) -> None:
        self.blobs: dict[tuple[str | None, str, str], bytes] = {}
        self.queues: dict[tuple[str | None, str], list[str | bytes]] = {}

    async def read_blob(self, connection: str | None, container: str, name: str) -> bytes | None:
        """The bytes or None."""
        return self.blobs.get((connection, container, name))

    async def write_blob(self, connection: str | None, container: str, name: str, content: bytes) -> None:
        """Keep the bytes."""
        self.blobs[connection, container, name] = content

    async def enqueue(self, connection: str | None, queue: str, message: str | bytes) -> None:
        """Append the message."""
        self.queues.setdefault((connection, queue), []).append(message)


@pytest.fixture
def build() -> Build:
    """Index an app made in the test and give its only function."""

    def only(app: func.FunctionApp) -> Function:
        (function,) = build_catalog(app, Path(__file__).parent, {}).functions
        return function

    return only


@pytest.fixture
def bindings() -> MemoryBindings:
    """An empty store."""
    return MemoryBindings()
