"""What is said of an entity whose function does not run: it is disabled, or has left the app."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from durable_devhost.azurite.process import Azurite
from durable_devhost.clock import SystemClock
from durable_devhost.durable.entities.messages import REQUEST_EVENT, RequestMessage
from durable_devhost.model.history import EventRaised, InstanceRef
from durable_devhost.model.messages import Message
from packages.devhost.tests.durable import hosts
from packages.devhost.tests.durable.hosts import Host, Hub


@pytest.fixture
async def host(azurite: Azurite) -> AsyncIterator[Host]:
    """A host with the entity `counter`."""
    async with AsyncExitStack() as stack:
        yield await Hub(azurite.connection_string, stack).host()


async def _add(host: Host, entity: str) -> None:
    request = RequestMessage.from_client(op="add", input='"1"', id="r")
    event = EventRaised(timestamp=SystemClock().now(), name=REQUEST_EVENT, input=request.to_json_text())
    await host.engine.post(Message(event=event, target=InstanceRef(instance_id=entity, execution_id=None)))


async def test_an_entity_that_has_left_the_app_is_named(host: Host) -> None:
    """Its operations fail, as on the real host, and are not kept."""
    await _add(host, "@gone@k")
    assert host.observer.troubles == ["The app has no entity 'gone' any more, so each of its operations fails."]


async def test_a_disabled_entity_is_named_with_the_reason(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the app's own words."""
    monkeypatch.setattr(hosts.App, "explain", lambda _, kind, name: f"The {kind} {name} is off.")
    await _add(host, "@counter@k")
    assert host.observer.troubles == ["The entity counter is off."]


async def test_nothing_is_said_of_an_entity_that_runs(host: Host) -> None:
    """It does what it is told."""
    await _add(host, "@counter@k")
    record = await host.engine.record("@counter@k")
    assert record is not None
    assert '"state":"1"' in (record.input or "")
    assert host.observer.troubles == []
