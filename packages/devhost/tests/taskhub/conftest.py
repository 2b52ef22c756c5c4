"""An open task hub on the emulator, and the rows that the real host was seen to write."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from durable_devhost.clock import VirtualClock
from durable_devhost.storage.transport import Transport
from durable_devhost.taskhub.hub import TaskHub


@pytest.fixture(scope="session")
def recorded_rows() -> dict[str, Any]:
    """Rows of every kind as extension 3.15 stored them, in the JSON of the table service."""
    found: dict[str, Any] = json.loads((Path(__file__).parent / "recorded.json").read_text(encoding="utf-8"))
    return found


@pytest.fixture
def hub_name() -> str:
    """A hub that no other test uses."""
    return "Hub" + uuid4().hex[:20]


@pytest.fixture
async def hub(transport: Transport, hub_name: str) -> TaskHub:
    """An empty hub of four partitions."""
    return await TaskHub.open(transport, hub_name, partition_count=4, clock=VirtualClock(timedelta(hours=1)))
