"""The queue listener when storage refuses, loses answers, or holds what it cannot show."""

# ruff: noqa: ARG001 - user functions take the arguments that their bindings name

import asyncio
import threading

import azure.functions as func
import pytest

from durable_devhost.storage.account import NotFound
from durable_devhost.storage.queues import QueueService
from durable_devhost.storage.transport import Transport
from packages.devhost.tests.triggers.listening import Faults, Listen, texts, until_empty


@pytest.mark.parametrize("makes_queue", [True, False])
async def test_a_missing_queue_is_reported_once_and_created_in_the_hosts_own_storage(
    listen: Listen, queues: QueueService, name: str, makes_queue: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """In other storage its owner creates it, and the function only waits."""

    def work(msg: func.QueueMessage) -> None: ...

    caplog.set_level("INFO")
    async with listen(work, makes_queue=makes_queue) as listening:
        for _ in range(2):
            await listening.listener.drain()
    (told,) = [record for record in caplog.records if name in record.getMessage()]
    said, level = ("did not exist; it was made.", "INFO") if makes_queue else ("does not exist. Make it.", "WARNING")
    assert (told.getMessage(), told.levelname) == (f"The queue '{name}' of work {said}", level)
    if makes_queue:
        assert await queues.length(name) == 0
    else:
        with pytest.raises(NotFound):
            await queues.length(name)


async def test_a_message_that_storage_cannot_show_does_not_stop_the_others(
    listen: Listen, queues: QueueService, transport: Transport, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The emulator hides the whole batch and answers 500; five run, one is named and stays."""
    seen: list[str] = []
    done, loop = asyncio.Event(), asyncio.get_running_loop()

    def work(msg: func.QueueMessage) -> None:
        seen.append(msg.get_body().decode())
        if len(seen) == 5:
            loop.call_soon_threadsafe(done.set)

    await queues.create(name)
    body = b"<QueueMessage><MessageText>bad\x0b</MessageText></QueueMessage>"
    await transport.request("queue", "POST", f"/{name}/messages", body=body)
    for number in range(5):
        await queues.put(name, str(number))
    async with listen(work) as listening, asyncio.timeout(12):
        await done.wait()
        await listening.listener.drain()
    assert (sorted(seen), await queues.length(name)) == (["0", "1", "2", "3", "4"], 1)
    (told,) = [record.getMessage() for record in caplog.records if name in record.getMessage()]
    assert told.startswith(f"A message in queue '{name}' cannot be read")


@pytest.mark.parametrize("status", [0, 403, 429, 500, 503])
async def test_a_storage_failure_is_reported_once_and_waited_for(
    listen: Listen,
    queues: QueueService,
    faulty: QueueService,
    faults: Faults,
    name: str,
    status: int,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Whatever the polls get; the message is handled once storage answers again."""
    counts: list[int | None] = []

    def work(msg: func.QueueMessage) -> None:
        counts.append(msg.dequeue_count)

    await queues.create(name)
    faults.on("GET", "/messages", count=4, status=status)
    async with listen(work, through=faulty) as listening:
        await faults.struck.wait()
        await queues.put(name, "x")
        await until_empty(queues, name)
        await listening.listener.drain()
    assert len(counts) == 1
    first, *others, last = [record.getMessage() for record in caplog.records if name in record.getMessage()]
    assert first.startswith(f"The queue '{name}' of work cannot be read: ")
    assert (others, last) == ([], f"The queue '{name}' of work can be read again.")


async def test_a_retry_after_of_the_service_is_obeyed(
    listen: Listen, queues: QueueService, faulty: QueueService, faults: Faults, name: str
) -> None:
    """The proxy says two seconds; the listener would poll again after a tenth of one."""
    arrived, loop = asyncio.Event(), asyncio.get_running_loop()

    def work(msg: func.QueueMessage) -> None:
        loop.call_soon_threadsafe(arrived.set)

    await queues.create(name)
    await queues.put(name, "x")
    faults.on("GET", "/messages", status=429)
    async with listen(work, through=faulty), asyncio.timeout(10):
        await faults.struck.wait()
        struck = loop.time()
        await arrived.wait()
        assert loop.time() - struck > 1.9


@pytest.mark.parametrize(("status", "count"), [(0, 3), (403, 1), (503, 3)])
async def test_a_message_whose_deletion_fails_is_deleted_later_and_not_run_again(
    listen: Listen, queues: QueueService, faulty: QueueService, faults: Faults, name: str, status: int, count: int
) -> None:
    """The function has succeeded; only the deletion is left."""
    counts: list[int | None] = []

    def work(msg: func.QueueMessage) -> None:
        counts.append(msg.dequeue_count)

    await queues.create(name)
    await queues.put(name, "x")
    faults.on("DELETE", f"/{name}/messages/", count=count, status=status)
    async with listen(work, through=faulty):
        await until_empty(queues, name)
    assert counts == [1]


async def test_a_lost_answer_to_a_renewal_does_not_run_the_message_twice(
    listen: Listen, queues: QueueService, faulty: QueueService, faults: Faults, name: str
) -> None:
    """The renewal voids our receipt: the message cannot be deleted, comes again, and is deleted then."""
    release, counts = threading.Event(), []

    def work(msg: func.QueueMessage) -> None:
        counts.append(msg.dequeue_count)
        release.wait(20)

    await queues.create(name)
    await queues.put(name, "x")
    faults.on("PUT", f"/{name}/messages/")
    async with listen(work, through=faulty):
        await faults.struck.wait()
        release.set()
        await until_empty(queues, name)
    assert counts == [1]


@pytest.mark.parametrize("status", [0, 403, 500, 503])
async def test_a_message_is_copied_to_the_poison_queue_once_whatever_storage_answers(
    listen: Listen, queues: QueueService, faulty: QueueService, faults: Faults, name: str, status: int
) -> None:
    """After a lost answer the copy is searched for first; two equal messages stay two."""

    def work(msg: func.QueueMessage) -> None:
        raise RuntimeError(msg.id)

    await queues.create(name)
    await queues.create(f"{name}-poison")
    for _ in range(2):
        await queues.put(name, "same")
    faults.on("POST", f"/{name}-poison/messages", status=status)
    async with listen(work, through=faulty, max_dequeue_count=1):
        await faults.struck.wait()
        await until_empty(queues, name)
    assert await texts(queues, f"{name}-poison") == ["same", "same"]


async def test_a_poison_message_whose_deletion_fails_is_not_copied_again(
    listen: Listen, queues: QueueService, faulty: QueueService, faults: Faults, name: str
) -> None:
    """The copy exists."""

    def work(msg: func.QueueMessage) -> None:
        raise RuntimeError(msg.id)

    await queues.create(name)
    await queues.put(name, "x")
    faults.on("DELETE", f"/{name}/messages/", status=403)
    async with listen(work, through=faulty, max_dequeue_count=1):
        await until_empty(queues, name)
    assert await texts(queues, f"{name}-poison") == ["x"]


@pytest.mark.parametrize("makes_queue", [True, False])
async def test_a_queue_deleted_while_the_host_runs_is_reported_or_created_again(
    listen: Listen, queues: QueueService, name: str, makes_queue: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """Each time; a message in the new queue is handled."""
    seen: list[str] = []

    def work(msg: func.QueueMessage) -> None:
        seen.append(msg.get_body().decode())

    caplog.set_level("INFO")
    await queues.create(name)
    async with listen(work, makes_queue=makes_queue) as listening:
        for number in range(2):
            await listening.listener.drain()
            await queues.drop(name)
            for _ in range(2):
                await listening.listener.drain()
            assert await queues.exists(name) is makes_queue
            await queues.create(name)
            await queues.put(name, str(number))
            await listening.listener.drain()
    assert seen == ["0", "1"]
    assert len([record for record in caplog.records if name in record.getMessage()]) == 2


async def test_a_queue_that_cannot_be_created_does_not_end_the_host(
    listen: Listen, queues: QueueService, faulty: QueueService, faults: Faults, name: str
) -> None:
    """For half a minute Azure refuses to create a queue that was just deleted."""
    arrived, loop = asyncio.Event(), asyncio.get_running_loop()

    def work(msg: func.QueueMessage) -> None:
        loop.call_soon_threadsafe(arrived.set)

    faults.on("PUT", f"/{name}", count=3, status=409)
    async with listen(work, through=faulty, makes_queue=True), asyncio.timeout(10):
        while not await queues.exists(name):  # noqa: ASYNC110 - only the service knows
            await asyncio.sleep(0.05)
        await queues.put(name, "x")
        await arrived.wait()
