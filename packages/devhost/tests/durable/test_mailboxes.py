"""The mailboxes: what makes a batch, in which order batches are worked on, and when a failed one is tried again."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from durable_devhost.durable.delivery import Delivery
from durable_devhost.durable.mailboxes import Batch, Mailboxes
from durable_devhost.model.history import EventRaised, InstanceRef
from durable_devhost.model.messages import Message

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def _delivery(name: str, instance_id: str = "i") -> Delivery:
    target = InstanceRef(instance_id=instance_id, execution_id=None)
    return Delivery(message=Message(event=EventRaised(timestamp=NOW, name=name), target=target), token=0)


def _names(batch: Batch) -> list[str]:
    return [each.message.event.name for each in batch.deliveries if isinstance(each.message.event, EventRaised)]


class RecordingWorker:
    """Works on batches by noting them; `says` tells what each attempt returns."""

    def __init__(self, says: Callable[[Batch], float | None] = lambda _: None, slots: int = 2) -> None:
        self.attempts: list[list[str]] = []
        self.at_once = 0
        self.most = 0
        self.mailboxes = Mailboxes(self._work, slots=slots)
        self._says = says

    async def _work(self, instance_id: str, batch: Batch) -> float | None:
        assert {each.message.target.instance_id for each in batch.deliveries} == {instance_id}
        self.attempts.append(_names(batch))
        self.at_once += 1
        self.most = max(self.most, self.at_once)
        await asyncio.sleep(0.01)
        self.at_once -= 1
        return self._says(batch)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Mailboxes]:
        """Run the mailboxes; at the end of the block all of them are emptied."""
        running = asyncio.create_task(self.mailboxes.run())
        yield self.mailboxes
        while list(self.mailboxes):  # noqa: ASYNC110 - a mailbox that is empty goes away and tells nobody
            await asyncio.sleep(0.005)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_messages_for_a_busy_instance_form_its_next_batch() -> None:
    """In the order in which they came."""
    worker = RecordingWorker()
    async with worker.running() as mailboxes:
        mailboxes.put(_delivery("1"))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        mailboxes.put(_delivery("2"))
        mailboxes.put(_delivery("3"))
    assert worker.attempts == [["1"], ["2", "3"]]


async def test_a_caller_can_see_whether_others_wait_for_a_busy_instance() -> None:
    """For the batch in progress or the next one; an idle instance has nobody waiting."""
    worker = RecordingWorker()
    async with worker.running() as mailboxes:
        assert not mailboxes.works_unwatched("i")
        mailboxes.put(_delivery("1"))
        assert mailboxes.works_unwatched("i")
        awaited = _delivery("2")
        awaited.stored = asyncio.get_running_loop().create_future()
        mailboxes.put(awaited)
        assert not mailboxes.works_unwatched("i")
        while worker.attempts != [["1", "2"]]:  # noqa: ASYNC110 - the batch is in hand then
            await asyncio.sleep(0)
        assert not mailboxes.works_unwatched("i")
        awaited.succeed()
        assert mailboxes.works_unwatched("i")


async def test_a_failed_batch_is_retried_before_later_messages() -> None:
    """Unchanged, and as often as it takes."""
    worker = RecordingWorker(lambda batch: 0.01 if batch.attempts < 3 else None)
    async with worker.running() as mailboxes:
        mailboxes.put(_delivery("1"))
        mailboxes.put(_delivery("2"))
        await asyncio.sleep(0.005)
        mailboxes.put(_delivery("3"))
    assert worker.attempts == [["1", "2"]] * 3 + [["3"]] * 3


async def test_instances_run_side_by_side_up_to_the_number_of_slots() -> None:
    """One that pauses holds no slot."""
    worker = RecordingWorker(lambda batch: 0.01 if batch.attempts == 1 else None, slots=2)
    async with worker.running() as mailboxes:
        for number in range(6):
            mailboxes.put(_delivery("1", f"i{number}"))
    assert worker.most == 2
    assert len(worker.attempts) == 12


async def test_messages_before_the_start_are_processed_after_it() -> None:
    """A message may arrive while the host is being assembled."""
    worker = RecordingWorker()
    worker.mailboxes.put(_delivery("early"))
    async with worker.running():
        assert "i" in worker.mailboxes
    assert worker.attempts == [["early"]]
