"""An open task hub on the emulator, and the rows that the real host was seen to write."""

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from durable_devhost.clock import VirtualClock
from durable_devhost.storage.account import StorageAccount
from durable_devhost.storage.tables import TableService
from durable_devhost.storage.transport import Transport
from durable_devhost.taskhub.hub import TaskHub


@pytest.fixture(scope="session")
def recorded() -> dict[str, Any]:
    """Rows of every kind as extension 3.15 stored them, in the JSON of the table service."""
    found: dict[str, Any] = json.loads((Path(__file__).parent / "recorded.json").read_text(encoding="utf-8"))
    return found


@pytest.fixture
async def transport(azurite: Any) -> AsyncIterator[Transport]:
    """An open transport to the emulator."""
    async with Transport(StorageAccount.parse(azurite.connection_string)) as opened:
        yield opened


@pytest.fixture
async def tables(transport: Transport) -> TableService:
    """The emulator's tables, to look behind the hub's back."""
    return TableService(transport)


@pytest.fixture
def hub_name() -> str:
    """A hub that no other test uses."""
    return "Hub" + uuid4().hex[:20]


@pytest.fixture
async def hub(transport: Transport, hub_name: str) -> TaskHub:
    """An empty hub of four partitions."""
    return await TaskHub.open(transport, hub_name, partition_count=4, clock=VirtualClock(timedelta(hours=1)))
