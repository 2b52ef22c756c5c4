"""What lies hidden on the queues of an Azurite that has stopped is found in its files."""

from datetime import UTC, datetime, timedelta

from azure.storage.queue import QueueServiceClient

from durable_devhost.azurite.process import running_azurite
from durable_devhost.model.history import EventRaised, InstanceRef, TimerFired
from durable_devhost.model.messages import Message, encode
from tests.soak.leftovers import DUE, LATER, left_on_queues
from tests.workflows.conftest import ROOT

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


def message(event):
    """Return a hub's message as the queue has it."""
    return encode(Message(event=event, target=InstanceRef(instance_id="i", execution_id="e")))


def timer(hours):
    """Return the message of a timer that is due then."""
    return message(TimerFired(timestamp=NOW, timer_id=1, fire_at=NOW + timedelta(hours=hours)))


def test_timers_are_counted_separately_from_other_messages(tmp_path):
    """All are hidden, one was deleted, and one is no message of a hub."""
    event = message(EventRaised(timestamp=NOW, name="Wake", input='"ü"'))
    with (
        running_azurite(tmp_path, ROOT) as azurite,
        QueueServiceClient.from_connection_string(azurite.connection_string) as service,
    ):
        queue = service.create_queue("hub-control-00")
        for text in (timer(1), timer(2), timer(-1), event, "something else"):
            queue.send_message(text, visibility_timeout=1000)
        queue.delete_message(queue.send_message(event, visibility_timeout=1000))
    left = left_on_queues(tmp_path, NOW)
    assert left == {LATER: 2, DUE: 1, "hub-control-00 EventRaised": 1, "hub-control-00 something else": 1}
