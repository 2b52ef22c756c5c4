"""The emulator's services, and names that no other test uses."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest

from durable_devhost.clock import SystemClock
from durable_devhost.storage.account import StorageAccount
from durable_devhost.storage.blobs import BlobService
from durable_devhost.storage.queues import QueueService
from durable_devhost.storage.tables import TableService
from durable_devhost.storage.transport import Transport
from durable_devhost.taskhub.hub import TaskHub
from packages.devhost.tests.hub_seeder import HubSeeder


@pytest.fixture
async def transport(azurite: Any) -> AsyncIterator[Transport]:
    """An open transport to the emulator."""
    async with Transport(StorageAccount.parse(azurite.connection_string)) as opened:
        yield opened


@pytest.fixture
async def tables(transport: Transport) -> TableService:
    """The emulator's tables."""
    return TableService(transport)


@pytest.fixture
async def queues(transport: Transport) -> QueueService:
    """The emulator's queues."""
    return QueueService(transport)


@pytest.fixture
async def blobs(transport: Transport) -> BlobService:
    """The emulator's blobs."""
    return BlobService(transport)


@pytest.fixture
def name() -> str:
    """A name that is right for a table, a queue and a container."""
    return "t" + uuid4().hex[:20]


@pytest.fixture
async def seeder(transport: Transport) -> HubSeeder:
    """An empty hub of two partitions, to be filled with instances in every state."""
    return HubSeeder(await TaskHub.open(transport, "Hub" + uuid4().hex[:20], partition_count=2, clock=SystemClock()))
