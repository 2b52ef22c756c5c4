"""The queues of a hub are read to the last message, and nothing is taken away."""

from datetime import timedelta

from durable_devhost.doctor.mail import Mail, read_mail
from durable_devhost.model.history import EventRaised, SubOrchestrationFailed, TaskCompleted, TaskFailed, TaskScheduled
from durable_devhost.model.messages import Message
from durable_devhost.storage.queues import QueueService
from packages.devhost.tests.hub_seeder import NOW, HubSeeder


async def test_messages_are_sorted_by_purpose(seeder: HubSeeder) -> None:
    """Work items, starts and answers; an event answers nobody."""
    await seeder.hub.queues.send_work_item(
        Message(event=TaskScheduled(timestamp=NOW, event_id=4, name="a"), target=seeder.ref("i"))
    )
    await seeder.send("kid", [seeder.start_event("kid"), EventRaised(timestamp=NOW, name="go", input="1")])
    answers = [
        TaskCompleted(timestamp=NOW, task_id=1),
        TaskFailed(timestamp=NOW, task_id=2),
        SubOrchestrationFailed(timestamp=NOW, task_id=3),
    ]
    await seeder.send("i", answers)
    expected = Mail(
        work_items=frozenset({("i", 4)}),
        starts=frozenset({"kid"}),
        answers=frozenset({("i", 1), ("i", 2), ("i", 3)}),
    )
    assert expected == await read_mail(seeder.hub)


async def test_a_message_in_a_blob_is_read_too(seeder: HubSeeder) -> None:
    """Its input is too large for a queue message."""
    item = TaskScheduled(timestamp=NOW, event_id=0, name="a", input="x" * 100_000)
    await seeder.hub.queues.send_work_item(Message(event=item, target=seeder.ref("i")))
    assert frozenset({("i", 0)}) == (await read_mail(seeder.hub)).work_items


async def test_more_messages_than_one_batch_are_read_and_left_in_place(seeder: HubSeeder) -> None:
    """Peeking shows only 32; the others are taken and given back."""
    await seeder.send("i", [TaskCompleted(timestamp=NOW, task_id=n) for n in range(70)])
    for _ in range(2):
        assert len((await read_mail(seeder.hub)).answers) == 70


async def test_messages_hidden_by_a_dead_host_are_waited_for(seeder: HubSeeder) -> None:
    """The host hid them for four seconds, two in this test."""
    await seeder.send("kid", [seeder.start_event("kid")], hidden_s=2)
    assert Mail(starts=frozenset({"kid"})) == await read_mail(seeder.hub)


async def test_messages_that_cannot_be_seen_or_read_are_counted(seeder: HubSeeder, queues: QueueService) -> None:
    """A timer due tomorrow, and a text that is no message."""
    await seeder.send("i", [seeder.start_event("i")], hidden_s=int(timedelta(days=1).total_seconds()))
    await queues.put(seeder.hub.names.work_items, "no message")
    assert Mail(hidden=1, unreadable=1) == await read_mail(seeder.hub)
