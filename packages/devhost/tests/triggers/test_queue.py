"""Tests of the queue listener against the emulator."""

# ruff: noqa: ARG001 - user functions take the arguments that their bindings name

import asyncio
import base64
import threading
from datetime import timedelta
from typing import Any

import azure.functions as func
import pytest

from durable_devhost.storage.queues import QueueService, Receipt
from packages.devhost.tests.triggers.listening import Listen, texts


async def test_a_drain_handles_every_message_in_the_queue(listen: Listen, queues: QueueService, name: str) -> None:
    """More than one batch; each message is deleted once it is done."""
    seen: list[str] = []

    def work(msg: func.QueueMessage) -> None:
        seen.append(msg.get_body().decode())

    await queues.create(name)
    for number in range(40):
        await queues.put(name, f"message {number}")
    async with listen(work, batch_size=8, new_batch_threshold=2) as listening:
        await listening.listener.drain()
        assert listening.in_flight.names() == []
    assert sorted(seen) == sorted(f"message {number}" for number in range(40))
    assert await queues.length(name) == 0


async def test_the_function_gets_the_message_with_its_metadata(listen: Listen, queues: QueueService, name: str) -> None:
    """Id, times and dequeue count come from storage."""
    seen: list[func.QueueMessage] = []

    def work(msg: func.QueueMessage) -> None:
        seen.append(msg)

    await queues.create(name)
    receipt = await queues.put(name, "hällo")
    async with listen(work) as listening:
        await listening.listener.drain()
    (message,) = seen
    assert (message.id, message.get_body().decode(), message.dequeue_count) == (receipt.message_id, "hällo", 1)
    assert message.insertion_time is not None
    assert message.pop_receipt


@pytest.mark.parametrize(
    ("text", "body"),
    [
        (base64.b64encode("coded ü".encode()).decode(), "coded ü".encode()),
        ("", b""),
        (" Y\nQ==", b"a"),
    ],
)
async def test_base64_is_decoded_before_the_function_runs(
    listen: Listen, queues: QueueService, name: str, text: str, body: bytes
) -> None:
    """The default of host.json; an empty text too."""
    seen: list[bytes] = []

    def work(msg: func.QueueMessage) -> None:
        seen.append(msg.get_body() if isinstance(msg.get_body(), bytes) else msg.get_body().encode())

    await queues.create(name)
    await queues.put(name, text)
    async with listen(work, message_encoding="base64") as listening:
        await listening.listener.drain()
    assert seen == [body]


async def test_a_message_that_is_not_base64_moves_unchanged_to_the_poison_queue(
    listen: Listen, queues: QueueService, name: str
) -> None:
    """Recorded; the function is not called."""
    seen: list[object] = []

    def work(msg: func.QueueMessage) -> None:
        seen.append(msg)

    await queues.create(name)
    await queues.put(name, "plain not base64!")
    async with listen(work, message_encoding="base64") as listening:
        await listening.listener.drain()
    assert (seen, await texts(queues, f"{name}-poison"), await queues.length(name)) == ([], ["plain not base64!"], 0)


async def test_a_failing_message_is_retried_and_then_moved_to_the_poison_queue(
    listen: Listen, queues: QueueService, name: str
) -> None:
    """As often as max_dequeue_count says; the text is unchanged."""
    counts: list[int | None] = []

    def work(msg: func.QueueMessage) -> None:
        counts.append(msg.dequeue_count)
        raise RuntimeError("poison message")

    await queues.create(name)
    text = base64.b64encode(b"bad").decode()
    await queues.put(name, text)
    async with listen(work, message_encoding="base64", max_dequeue_count=3) as listening:
        await listening.listener.drain()
    assert counts == [1, 2, 3]
    assert await texts(queues, f"{name}-poison") == [text]
    assert await queues.length(name) == 0


async def test_a_message_delivered_too_often_moves_to_the_poison_queue_unread(
    listen: Listen, queues: QueueService, name: str
) -> None:
    """After crashes the count can be above the limit without a failure."""
    seen: list[object] = []

    def work(msg: func.QueueMessage) -> None:
        seen.append(msg)

    await queues.create(name)
    await queues.put(name, "x")
    for _ in range(2):
        (item,) = await queues.get(name, 1, hidden_for_s=1)
        await queues.update(item.receipt, visible_after_s=0)
    async with listen(work, max_dequeue_count=2) as listening:
        await listening.listener.drain()
    assert (seen, await texts(queues, f"{name}-poison")) == ([], ["x"])


async def test_a_failed_message_of_a_poison_queue_stays_hidden(listen: Listen, queues: QueueService, name: str) -> None:
    """A poison queue has no poison queue: the message stays, hidden for ten minutes."""
    queue = f"{name}-poison"

    def work(msg: func.QueueMessage) -> None:
        raise RuntimeError(msg.id)

    await queues.create(queue)
    await queues.put(queue, "x")
    async with listen(work, queue=queue, max_dequeue_count=1) as listening:
        await listening.listener.drain()
    assert (await texts(queues, queue), await queues.length(queue)) == ([], 1)


async def test_a_failed_message_is_hidden_for_the_visibility_timeout(
    listen: Listen, queues: QueueService, name: str
) -> None:
    """A drain does not wait for it."""
    counts: list[int | None] = []

    def work(msg: func.QueueMessage) -> None:
        counts.append(msg.dequeue_count)
        raise RuntimeError("later")

    await queues.create(name)
    await queues.put(name, "x")
    async with listen(work, visibility_timeout=timedelta(seconds=60)) as listening:
        await listening.listener.drain()
    assert (counts, await texts(queues, name), await queues.length(name)) == ([1], [], 1)


async def test_a_missing_queue_is_waited_for_and_not_created(listen: Listen, queues: QueueService, name: str) -> None:
    """The listener may start before the first sender."""
    arrived = asyncio.Event()

    async def work(msg: func.QueueMessage) -> None:
        loop.call_soon_threadsafe(arrived.set)

    loop = asyncio.get_running_loop()
    async with listen(work) as listening:
        await listening.listener.drain()
        assert not await queues.exists(name)
        await queues.create(name)
        await queues.put(name, "x")
        listening.listener.nudge()
        async with asyncio.timeout(1):
            await arrived.wait()


async def test_a_long_function_keeps_its_message_and_runs_once(listen: Listen, queues: QueueService, name: str) -> None:
    """Longer than the hold of four seconds; it counts as work in progress all the time."""
    started, release, counts = asyncio.Event(), threading.Event(), []
    loop = asyncio.get_running_loop()

    def work(msg: func.QueueMessage) -> None:
        counts.append(msg.dequeue_count)
        loop.call_soon_threadsafe(started.set)
        release.wait(20)

    await queues.create(name)
    await queues.put(name, "x")
    async with listen(work) as listening:
        listening.listener.nudge()
        await started.wait()
        for _ in range(60):
            await asyncio.sleep(0.1)
            assert await texts(queues, name) == []
        assert len(listening.in_flight.names()) == 1
        release.set()
        await listening.listener.drain()
    assert (counts, await queues.length(name)) == ([1], 0)


async def test_a_message_comes_back_soon_after_its_host_is_gone(
    listen: Listen, queues: QueueService, name: str
) -> None:
    """Seconds, not ten minutes: a second listener gets it with the next dequeue count."""
    started, counts, done = asyncio.Event(), [], asyncio.Event()
    loop = asyncio.get_running_loop()

    async def stuck(msg: func.QueueMessage) -> None:
        loop.call_soon_threadsafe(started.set)
        await asyncio.sleep(60)

    def work(msg: func.QueueMessage) -> None:
        counts.append(msg.dequeue_count)
        loop.call_soon_threadsafe(done.set)

    await queues.create(name)
    await queues.put(name, "x")
    async with listen(stuck):
        await started.wait()
    async with listen(work) as listening, asyncio.timeout(6):
        await done.wait()
        await listening.listener.drain()
    assert (counts, await queues.length(name)) == ([2], 0)


async def test_no_more_messages_are_held_than_batch_and_threshold_allow(
    listen: Listen, queues: QueueService, name: str
) -> None:
    """A new batch is fetched at the threshold, not before."""
    started, full, release, loop = [], asyncio.Event(), asyncio.Event(), asyncio.get_running_loop()

    def begin(number: bytes) -> None:
        started.append(number)
        if len(started) == 4:
            full.set()

    async def work(msg: func.QueueMessage) -> None:
        loop.call_soon_threadsafe(begin, msg.get_body())
        await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(release.wait(), loop))

    await queues.create(name)
    for number in range(12):
        await queues.put(name, str(number))
    async with listen(work, batch_size=4, new_batch_threshold=1) as listening:
        await full.wait()
        assert len(listening.in_flight.names()) == 4
        assert len(await texts(queues, name)) == 8
        release.set()
        await listening.listener.drain()
    assert await queues.length(name) == 0


async def test_an_idle_listener_polls_less_often(
    listen: Listen, queues: QueueService, name: str, transport: Any
) -> None:
    """The pause doubles from a tenth of a second: at most six polls in three seconds."""

    def work(msg: func.QueueMessage) -> None:
        raise AssertionError(msg.id)

    await queues.create(name)
    async with listen(work):
        before = transport.calls.total
        await asyncio.sleep(3)
        assert transport.calls.total - before <= 6


async def test_a_drain_ends_with_its_listener(listen: Listen, queues: QueueService, name: str) -> None:
    """Nobody waits for a host that stops."""
    started = asyncio.Event()
    loop = asyncio.get_running_loop()

    async def work(msg: func.QueueMessage) -> None:
        loop.call_soon_threadsafe(started.set)
        await asyncio.sleep(60)

    await queues.create(name)
    await queues.put(name, "x")
    async with asyncio.TaskGroup() as tasks, listen(work) as listening:
        await started.wait()
        draining = tasks.create_task(listening.listener.drain())
        await asyncio.sleep(0)
    assert draining.cancelled()


async def test_a_message_that_reappears_while_its_function_runs_is_not_run_again(
    listen: Listen, queues: QueueService, name: str
) -> None:
    """A renewal came too late; the listener takes the new receipt and deletes the message with it."""
    started: asyncio.Queue[func.QueueMessage] = asyncio.Queue()
    release, loop = asyncio.Event(), asyncio.get_running_loop()

    async def work(msg: func.QueueMessage) -> None:
        loop.call_soon_threadsafe(started.put_nowait, msg)
        await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(release.wait(), loop))

    await queues.create(name)
    await queues.put(name, "x")
    async with listen(work) as listening:
        message = await started.get()
        receipt = Receipt(queue=name, message_id=message.id, pop_receipt=message.pop_receipt)
        await queues.update(receipt, visible_after_s=0)
        listening.listener.nudge()
        async with asyncio.timeout(3):
            # Hidden again is not enough: the answer that holds the new receipt may still be on its way.
            while listening.listener.receipt_of(message.id) in (None, message.pop_receipt):  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        release.set()
        await listening.listener.drain()
        assert started.empty()
    assert await queues.length(name) == 0


@pytest.mark.parametrize("data_type", [None, "binary"])
async def test_bytes_that_are_no_text_move_to_the_poison_queue_unless_the_trigger_is_binary(
    listen: Listen, queues: QueueService, name: str, data_type: str | None
) -> None:
    """Recorded; a binary trigger gets bytes of every message."""
    seen: list[object] = []

    def work(msg: func.QueueMessage) -> None:
        seen.append(msg.get_body())

    await queues.create(name)
    for content in (b"\xff\x00", b"a"):
        await queues.put(name, base64.b64encode(content).decode())
    async with listen(work, message_encoding="base64", data_type=data_type, max_dequeue_count=1) as listening:
        await listening.listener.drain()
    assert sorted(map(bytes, seen)) == ([b"a", b"\xff\x00"] if data_type else [b"a"])
    if data_type is None:
        assert [item.text for item in await queues.peek(f"{name}-poison")] == ["/wA="]
