"""Blob functions against the emulator: what is new in a container runs them, once for each version of a blob."""

# ruff: noqa: ARG001 - user functions take the arguments that their bindings name

import asyncio
import base64
import json
import threading
from typing import Any

import azure.functions as func
import pytest

from durable_devhost.dispatch.store import AccountServices
from durable_devhost.storage.account import StorageAccount
from durable_devhost.storage.blobs import BlobService
from durable_devhost.storage.queues import QueueService
from durable_devhost.storage.tables import TableService
from durable_devhost.storage.transport import Transport
from durable_devhost.triggers.blobs.messages import POISON_QUEUE, BlobMessage, in_queue, queue_name
from durable_devhost.triggers.blobs.receipts import HOSTS
from packages.devhost.tests.lossy import losing
from packages.devhost.tests.triggers.blobs.conftest import Services, Watch
from packages.devhost.tests.triggers.listening import Faults


async def test_an_existing_blob_is_passed_with_all_its_properties(
    watch: Watch, blobs: BlobService, container: str
) -> None:
    """Its bytes unchanged; name, address, length, properties and metadata as the SDK shows them."""
    seen: list[Any] = []

    def work(blob: func.InputStream) -> None:
        seen.append((blob.name, blob.length, blob.read(), blob.metadata, len(blob.blob_properties or {})))
        seen.append(blob.uri)

    await blobs.put(container, "a/b ü.bin", b"\x00\xff", metadata={"who": "me"})
    async with watch(work) as watching:
        await watching.listener.drain()
    assert seen[0] == (f"{container}/a/b ü.bin", 2, b"\x00\xff", {"who": "me"}, 45)
    assert seen[1].endswith(f"/{container}/a/b%20%C3%BC.bin")


async def test_a_blob_is_handled_once_and_again_after_a_change(
    watch: Watch, blobs: BlobService, container: str
) -> None:
    """Also by the next host, which finds the receipts."""
    seen: list[bytes] = []

    def work(blob: func.InputStream) -> None:
        seen.append(blob.read())

    await blobs.put(container, "x", b"first")
    async with watch(work) as watching:
        await watching.listener.drain()
        await watching.listener.drain()
        assert seen == [b"first"]
    async with watch(work) as watching:
        await watching.listener.drain()
        assert seen == [b"first"]
        await blobs.put(container, "x", b"second")
        await watching.listener.drain()
    assert seen == [b"first", b"second"]


async def test_only_one_of_two_hosts_handles_a_blob(watch: Watch, blobs: BlobService, container: str) -> None:
    """The receipts prevent a second run."""
    seen: list[str] = []

    def work(blob: func.InputStream) -> None:
        seen.append(blob.name or "")

    for number in range(8):
        await blobs.put(container, f"{number}", b"x")
    async with watch(work) as one, watch(work) as other, asyncio.TaskGroup() as tasks:
        tasks.create_task(one.listener.drain())
        tasks.create_task(other.listener.drain())
    async with watch(work) as again:
        await again.listener.drain()
    assert sorted(seen) == [f"{container}/{number}" for number in range(8)]


async def test_only_blobs_that_match_the_path_run_the_function(
    watch: Watch, blobs: BlobService, container: str
) -> None:
    """The others get no receipt either."""
    seen: list[str] = []

    def work(blob: func.InputStream) -> None:
        seen.append(blob.name or "")

    await blobs.put(container, "a.md", b"x")
    await blobs.put(container, "noext", b"x")
    async with watch(work, path="{name}.{ext}") as watching:
        await watching.listener.drain()
    assert seen == [f"{container}/a.md"]
    receipts = await blobs.list_names(HOSTS, f"blobreceipts/{container}/")
    etag = (await blobs.properties(container, "a.md")).etag  # type: ignore[union-attr]
    assert receipts == [f"blobreceipts/{container}/Host.Functions.work/{etag}/{container}/a.md"]


async def test_blobs_of_another_account_have_their_receipts_there_and_their_messages_here(
    watch: Watch, blobs: BlobService, container: str, services: Services
) -> None:
    """The poison queue is in their account too; the host's account keeps how far a container was scanned."""
    asked: list[str | None] = []

    def work(blob: func.InputStream) -> None: ...

    def through(connection: str | None) -> AccountServices:
        asked.append(connection)
        return services(connection)

    await blobs.put(container, "x", b"")
    async with watch(work, through=through, connection="Other") as watching:
        asked_at_first = list(asked)
        asked.clear()
        await watching.listener.drain()
    assert set(asked_at_first) == {None, "Other"}
    assert set(asked) == {"Other"}  # the blob itself
    account = blobs.account_name
    assert await blobs.exists(HOSTS, f"blobscaninfo/{container}/{account}/{container}/scanInfo")


async def test_a_function_with_a_retry_policy_is_retried_within_one_delivery(
    watch: Watch, blobs: BlobService, container: str
) -> None:
    """In each delivery as often as the policy says."""
    tries: list[int] = []

    def work(blob: func.InputStream, context: func.Context) -> None:
        tries.append(context.retry_context.retry_count)
        raise ValueError("again")

    retry: Any = {"strategy": "fixed_delay", "max_retry_count": "1", "delay_interval": "00:00:00"}
    await blobs.put(container, "x", b"")
    async with watch(work, threshold=2, retry=retry) as watching:
        await watching.listener.drain()
    assert tries == [0, 1, 0, 1]


async def test_a_blob_that_fails_too_often_is_put_into_the_poison_queue(
    watch: Watch, blobs: BlobService, queues: QueueService, container: str
) -> None:
    """With the names that the extension gives it."""
    tries: list[int] = []

    def work(blob: func.InputStream) -> None:
        tries.append(1)
        raise ValueError("no good blob")

    await queues.create(POISON_QUEUE)
    etag = await blobs.put(container, "bad", b"x")
    async with watch(work, threshold=3) as watching:
        await watching.listener.drain()
    assert len(tries) == 3
    found = [json.loads(base64.b64decode(item.text)) for item in await queues.peek(POISON_QUEUE)]
    assert [each for each in found if each["ContainerName"] == container] == [
        {
            "Type": "BlobTrigger", "FunctionId": "Host.Functions.work", "BlobType": "BlockBlob",
            "ContainerName": container, "BlobName": "bad", "ETag": etag,
        }
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("change", "warns"),
    [({"etag": '"0x1"'}, False), ({"name": "gone"}, False), ({"function_id": "Host.Functions.other"}, True)],
)
async def test_a_message_that_is_out_of_date_is_deleted(
    watch: Watch, blobs: BlobService, queues: QueueService, container: str, change: dict[str, str], warns: bool,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    """The blob has changed or is gone, or the function does not exist."""
    seen: list[str] = []

    def work(blob: func.InputStream) -> None:
        seen.append(blob.name or "")

    async with watch(work) as watching:
        await watching.listener.drain()
        await blobs.put(container, "other", b"x")
        given = {"function_id": "Host.Functions.work", "container": container, "name": "other", "etag": '"0x1"'}
        await watching.queue.put(BlobMessage(**{**given, **change}))
        await watching.listener.drain()
    assert seen == [f"{container}/other"]  # the scan has found it
    assert await queues.length(queue_name(container)) == 0
    assert any("no blob function of this app" in record.getMessage() for record in caplog.records) is warns


async def test_a_message_that_names_no_blob_goes_to_the_poison_queue(
    watch: Watch, queues: QueueService, container: str
) -> None:
    """It is not dropped unread."""

    def work(blob: func.InputStream) -> None: ...

    strange = base64.b64encode(f'{{"of": "{container}"}}'.encode()).decode()
    await queues.create(queue_name(container))
    await queues.put(queue_name(container), strange)
    async with watch(work, threshold=1) as watching:
        await watching.listener.drain()
    assert strange in [item.text for item in await queues.peek(POISON_QUEUE)]


async def test_an_event_grid_blob_function_waits_for_a_message(
    watch: Watch, blobs: BlobService, container: str
) -> None:
    """Its container is not scanned, and the version does not matter; the short form of its id works too."""
    seen: list[bytes] = []

    def work(blob: func.InputStream) -> None:
        seen.append(blob.read())

    await blobs.put(container, "x", b"content")
    async with watch(work, source=func.BlobSource.EVENT_GRID) as watching:
        await watching.listener.drain()
        assert seen == []
        message = BlobMessage(function_id="Functions.work", container=container, name="x", etag='"0x1"')
        await watching.queue.put(message)
        await watching.listener.drain()
    assert seen == [b"content"]


async def test_a_crash_before_the_message_was_sent_loses_nothing(
    watch: Watch, blobs: BlobService, container: str
) -> None:
    """The receipt is incomplete, and the dead host's lease has run out."""
    seen: list[str] = []

    def work(blob: func.InputStream) -> None:
        seen.append(blob.name or "")

    etag = await blobs.put(container, "x", b"")
    receipt = f"blobreceipts/{container}/Host.Functions.work/{etag}/{container}/x"
    await blobs.create_container(HOSTS)
    await blobs.put(HOSTS, receipt, b"", metadata={"Incomplete": "Incomplete"})
    async with watch(work) as watching:
        await watching.listener.drain()
    assert seen == [f"{container}/x"]
    found = await blobs.properties(HOSTS, receipt)
    assert found is not None
    assert found.metadata == {}


async def test_a_blob_in_progress_on_another_host_is_retried(watch: Watch, blobs: BlobService, container: str) -> None:
    """It is deferred while its receipt is leased."""
    seen: list[str] = []

    def work(blob: func.InputStream) -> None:
        seen.append(blob.name or "")

    etag = await blobs.put(container, "x", b"")
    receipt = f"blobreceipts/{container}/Host.Functions.work/{etag}/{container}/x"
    await blobs.create_container(HOSTS)
    await blobs.put(HOSTS, receipt, b"", metadata={"Incomplete": "Incomplete"})
    theirs = "811c9dc5-0000-0000-0000-000000000001"
    await blobs.acquire_lease(HOSTS, theirs, 60, blob=receipt)
    async with watch(work) as watching:
        await watching.listener.drain()
        assert seen == []
        await blobs.release_lease(HOSTS, theirs, blob=receipt)
        await watching.listener.drain()
    assert seen == [f"{container}/x"]


async def test_a_missing_container_is_reported_once_and_waited_for(
    watch: Watch, blobs: BlobService, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The writer of the first blob creates it."""
    seen: list[str] = []

    def work(blob: func.InputStream) -> None:
        seen.append(blob.name or "")

    caplog.set_level("INFO")
    async with watch(work) as watching:
        await watching.listener.drain()
        await watching.listener.drain()
        await blobs.create_container(name)
        await blobs.put(name, "x", b"")
        await watching.listener.drain()
    assert seen == [f"{name}/x"]
    told = [record.getMessage() for record in caplog.records if f"'{name}'" in record.getMessage()]
    assert told == [
        f"The container '{name}' of work does not exist yet.", f"The container '{name}' can be scanned now.",
    ]  # fmt: skip


async def test_a_storage_failure_is_reported_once_and_retried(
    watch: Watch, blobs: BlobService, container: str, azurite: Any, faults: Faults, caplog: pytest.LogCaptureFixture
) -> None:
    """The blob is handled as soon as storage answers."""
    done, loop = asyncio.Event(), asyncio.get_running_loop()

    def work(blob: func.InputStream) -> None:
        loop.call_soon_threadsafe(done.set)

    await blobs.put(container, "x", b"")
    account = StorageAccount.parse(azurite.connection_string)
    async with (
        losing(account, azurite.connection_string, faults.loses, answers=faults.answers) as text,
        Transport(StorageAccount.parse(text), retry_delays=(0, 0)) as transport,
    ):
        through = AccountServices(
            blobs=BlobService(transport), queues=QueueService(transport), tables=TableService(transport)
        )
        faults.on("GET", f"/{container}", count=3, status=503)
        async with watch(work, through=lambda _: through) as watching, asyncio.timeout(10):
            await faults.struck.wait()
            while faults.count:  # noqa: ASYNC110 - the proxy counts down
                await asyncio.sleep(0.01)
            watching.listener.nudge(container)
            await done.wait()
            await watching.listener.drain()
    told = [record.getMessage() for record in caplog.records if f"'{container}'" in record.getMessage()]
    assert len([each for each in told if "cannot be scanned" in each]) == 1


async def test_a_stop_lets_a_function_finish(watch: Watch, blobs: BlobService, container: str) -> None:
    """Its work counts as in progress until then."""
    began, ends, loop = asyncio.Event(), threading.Event(), asyncio.get_running_loop()

    def work(blob: func.InputStream) -> None:
        loop.call_soon_threadsafe(began.set)
        ends.wait(10)

    await blobs.put(container, "x", b"")
    async with watch(work) as watching, asyncio.timeout(10):
        await began.wait()
        assert len(watching.in_flight.names()) == 1
        watching.listener.stop()
        ends.set()
        await watching.in_flight.quiet()
        assert watching.listener.begun_count == 1


def test_a_message_is_encoded_as_host_json_says() -> None:
    """In Base64 or as plain text; both can be read."""
    message = BlobMessage(function_id="Host.Functions.f", container="c", name="n", etag='"0x1"')
    assert in_queue(message, "none").startswith('{\n  "Type": "BlobTrigger",\n  "FunctionId": "Host.Functions.f",')
    for encoding in ("none", "base64"):
        assert BlobMessage.from_queue(in_queue(message, encoding)) == message  # type: ignore[arg-type]
    for text in ("", "{}", "not base64", "[]", '{"FunctionId": "f"}'):
        assert BlobMessage.from_queue(text) is None
