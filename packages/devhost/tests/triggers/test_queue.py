"""Tests of the queue listener against the emulator."""

# ruff: noqa: ARG001 - user functions take the arguments that their bindings name

import asyncio
import base64
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import azure.functions as func
import pytest
from aiohttp import web

from durable_devhost.dispatch.invoker import Invoker
from durable_devhost.inflight import InFlight
from durable_devhost.settings import QueueSettings
from durable_devhost.storage.account import NotFound, StorageAccount
from durable_devhost.storage.queues import QueueService, Receipt
from durable_devhost.storage.transport import Transport
from durable_devhost.triggers.queue import QueueListener
from packages.devhost.tests.lossy import losing
from packages.devhost.tests.triggers.conftest import Index

DEFAULTS = QueueSettings(
    batch_size=16,
    new_batch_threshold=8,
    max_polling_interval=timedelta(minutes=1),
    max_dequeue_count=5,
    visibility_timeout=timedelta(),
    message_encoding="none",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listening:
    listener: QueueListener
    in_flight: InFlight


Listen = Callable[..., AbstractAsyncContextManager[Listening]]


@pytest.fixture
def listen(index: Index, invoker: Invoker, queues: QueueService, name: str) -> Listen:
    """Listen to the test's own queue with a function while the block runs."""

    @asynccontextmanager
    async def started(
        function: Callable[..., Any],
        *,
        queue: str = name,
        makes_queue: bool = False,
        through: QueueService = queues,
        **options: Any,
    ) -> AsyncIterator[Listening]:
        app, in_flight = func.FunctionApp(), InFlight()
        app.queue_trigger(arg_name="msg", queue_name=queue, connection="")(function)
        (found,) = index(app).functions
        listener = QueueListener(
            function=found, queues=through, invoker=invoker, in_flight=in_flight, settings=replace(DEFAULTS, **options),
            makes_queue=makes_queue,
        )  # fmt: skip
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(listener.run())
            yield Listening(listener=listener, in_flight=in_flight)
            running.cancel()

    return started


class Faults:
    """What the proxy does to the next requests that fit: `count` of them are not answered, or with `status` instead."""

    def __init__(self) -> None:
        self.verb, self.place, self.count, self.status = "", "", 0, 0
        self.struck = asyncio.Event()

    def on(self, verb: str, place: str, *, count: int = 1, status: int = 0) -> None:
        """Strike requests of this verb with this in their path; 0 as the status loses the answer after the effect."""
        self.verb, self.place, self.count, self.status = verb, place, count, status

    def loses(self, verb: str, path: str) -> bool:
        """Whether this answer is lost."""
        return self.status == 0 and self._strikes(verb, path)

    def answers(self, request: web.Request) -> web.Response | None:
        """What is answered without Azurite."""
        if self.status and self._strikes(request.method, request.path):
            return web.Response(status=self.status, headers={"x-ms-error-code": "ByTest", "Retry-After": "2"})
        return None

    def _strikes(self, verb: str, path: str) -> bool:
        if self.count == 0 or verb != self.verb or self.place not in path:
            return False
        self.count -= 1
        self.struck.set()
        return True


@pytest.fixture
def faults() -> Faults:
    """The faults of the test; none at first."""
    return Faults()


@pytest.fixture
async def faulty(azurite: Any, faults: Faults) -> AsyncIterator[QueueService]:
    """The emulator's queues as they are with these faults."""
    account = StorageAccount.parse(azurite.connection_string)
    async with (
        losing(account, azurite.connection_string, faults.loses, answers=faults.answers) as text,
        Transport(StorageAccount.parse(text), retry_delays=(0, 0)) as transport,
    ):
        yield QueueService(transport)


async def until_empty(queues: QueueService, queue: str) -> None:
    """Return when the queue holds nothing, hidden messages included."""
    async with asyncio.timeout(15):
        while await queues.length(queue):  # noqa: ASYNC110 - only the service knows
            await asyncio.sleep(0.05)


async def texts(queues: QueueService, queue: str) -> list[str]:
    """What a queue shows."""
    return [item.text for item in await queues.peek(queue)]


async def test_a_drain_handles_all_that_is_in_the_queue(listen: Listen, queues: QueueService, name: str) -> None:
    """More messages than one batch; each is deleted once it is done."""
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
    """Id, times and the dequeue count are storage's own."""
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
        (base64.b64encode(b"\xff\x00").decode(), b"\xff\x00"),
        (" Y\nQ==", b"a"),
    ],
)
async def test_base64_is_undone_before_the_function_sees_it(
    listen: Listen, queues: QueueService, name: str, text: str, body: bytes
) -> None:
    """The default of host.json; also nothing at all and bytes that are no text."""
    seen: list[bytes] = []

    def work(msg: func.QueueMessage) -> None:
        seen.append(msg.get_body() if isinstance(msg.get_body(), bytes) else msg.get_body().encode())

    await queues.create(name)
    await queues.put(name, text)
    async with listen(work, message_encoding="base64") as listening:
        await listening.listener.drain()
    assert seen == [body]


async def test_a_message_that_is_no_base64_goes_to_the_poison_queue_unchanged(
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


async def test_a_message_that_fails_is_tried_again_and_then_poisoned(
    listen: Listen, queues: QueueService, name: str
) -> None:
    """As often as max_dequeue_count says; the poison copy keeps the text as it was on the queue."""
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


async def test_a_message_that_came_too_often_is_poisoned_unseen(
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


async def test_a_failed_message_of_a_poison_queue_rests(listen: Listen, queues: QueueService, name: str) -> None:
    """There is no poison queue of a poison queue: the message stays, hidden for ten minutes."""
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


async def test_a_queue_that_does_not_exist_is_waited_for_and_not_made(
    listen: Listen, queues: QueueService, name: str
) -> None:
    """The listener starts before the first sender."""
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
    """Longer than the hold of four seconds, and counted as work in progress all the time."""
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


async def test_a_message_comes_back_soon_after_the_host_is_gone(
    listen: Listen, queues: QueueService, name: str
) -> None:
    """Seconds, not ten minutes: a second listener has it with the next dequeue count."""
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
    """A new batch is taken when the threshold is reached, not before."""
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


async def test_an_idle_listener_asks_seldom(listen: Listen, queues: QueueService, name: str, transport: Any) -> None:
    """The pause doubles from a tenth of a second: at most six looks in three seconds."""

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
    """A renewal that came too late; the listener goes on with the new receipt and deletes the message with it."""
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


@pytest.mark.parametrize("makes_queue", [True, False])
async def test_a_queue_that_is_not_there_is_told_once_and_made_where_storage_is_the_hosts_own(
    listen: Listen, queues: QueueService, name: str, makes_queue: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """Elsewhere it is somebody else's to make, and the function only waits."""

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
async def test_storage_that_fails_for_a_while_is_told_once_and_waited_for(
    listen: Listen,
    queues: QueueService,
    faulty: QueueService,
    faults: Faults,
    name: str,
    status: int,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Whatever it answers to the polls, if anything; the message is handled when it answers again."""
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


async def test_a_service_that_asks_for_time_gets_it(
    listen: Listen, queues: QueueService, faulty: QueueService, faults: Faults, name: str
) -> None:
    """The proxy says two seconds, a listener would look again after a tenth of one."""
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
    """The function has succeeded; what is left is storage's business."""
    counts: list[int | None] = []

    def work(msg: func.QueueMessage) -> None:
        counts.append(msg.dequeue_count)

    await queues.create(name)
    await queues.put(name, "x")
    faults.on("DELETE", f"/{name}/messages/", count=count, status=status)
    async with listen(work, through=faulty):
        await until_empty(queues, name)
    assert counts == [1]


async def test_a_renewal_whose_answer_is_lost_does_not_run_the_message_twice(
    listen: Listen, queues: QueueService, faulty: QueueService, faults: Faults, name: str
) -> None:
    """It voids the receipt that we have: the message cannot be deleted, comes again, and is deleted then."""
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
async def test_a_message_is_poisoned_once_whatever_storage_answers(
    listen: Listen, queues: QueueService, faulty: QueueService, faults: Faults, name: str, status: int
) -> None:
    """A copy whose answer was lost is looked for before another one is made; two equal messages stay two."""

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


async def test_a_poisoned_message_whose_deletion_fails_is_not_poisoned_again(
    listen: Listen, queues: QueueService, faulty: QueueService, faults: Faults, name: str
) -> None:
    """The copy is there."""

    def work(msg: func.QueueMessage) -> None:
        raise RuntimeError(msg.id)

    await queues.create(name)
    await queues.put(name, "x")
    faults.on("DELETE", f"/{name}/messages/", status=403)
    async with listen(work, through=faulty, max_dequeue_count=1):
        await until_empty(queues, name)
    assert await texts(queues, f"{name}-poison") == ["x"]


@pytest.mark.parametrize("makes_queue", [True, False])
async def test_a_queue_that_is_deleted_while_the_host_runs_is_told_or_made_again(
    listen: Listen, queues: QueueService, name: str, makes_queue: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """Each time, and a message in the new one is handled."""
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


async def test_a_queue_that_cannot_be_made_does_not_end_the_host(
    listen: Listen, queues: QueueService, faulty: QueueService, faults: Faults, name: str
) -> None:
    """Azure refuses for half a minute to make a queue again that was just deleted."""
    arrived, loop = asyncio.Event(), asyncio.get_running_loop()

    def work(msg: func.QueueMessage) -> None:
        loop.call_soon_threadsafe(arrived.set)

    faults.on("PUT", f"/{name}", count=3, status=409)
    async with listen(work, through=faulty, makes_queue=True), asyncio.timeout(10):
        while not await queues.exists(name):  # noqa: ASYNC110 - only the service knows
            await asyncio.sleep(0.05)
        await queues.put(name, "x")
        await arrived.wait()
