"""The real store on Azurite and the one in memory keep the same contract."""

import base64

import pytest

from durable_devhost.dispatch.store import AccountServices, StorageBindings
from durable_devhost.dispatch.tables import TableQuery
from durable_devhost.storage.account import Conflict, NotFound, StorageAccount
from durable_devhost.storage.blobs import BlobService
from durable_devhost.storage.queues import QueueService
from durable_devhost.storage.tables import Action, Operation, TableService
from durable_devhost.storage.transport import Transport


@pytest.fixture
async def services(azurite):
    """The services of the test account, found by any connection name."""
    async with Transport(StorageAccount.parse(azurite.connection_string)) as transport:
        yield AccountServices(
            blobs=BlobService(transport), queues=QueueService(transport), tables=TableService(transport)
        )


@pytest.fixture(params=["memory", "azurite"])
def store(request):
    """Both stores."""
    if request.param == "memory":
        return request.getfixturevalue("bindings")
    services = request.getfixturevalue("services")
    return StorageBindings(lambda _: services)


async def test_a_blob_is_none_until_written_and_its_container_is_created(store, name):
    """Neither container nor blob need exist."""
    assert await store.read_blob(None, name, "a/b ü.txt") is None
    await store.write_blob(None, name, "a/b ü.txt", b"one")
    await store.write_blob(None, name, "a/b ü.txt", b"two")
    assert await store.read_blob(None, name, "a/b ü.txt") == b"two"


async def test_the_first_message_creates_the_queue_and_texts_are_base64(services, name):
    """Base64 is the host's default encoding."""
    store = StorageBindings(lambda _: services)
    await store.enqueue(None, name, "é")
    await store.enqueue(None, name, b"\xff")
    texts = [item.text for item in await services.queues.peek(name)]
    assert [base64.b64decode(text) for text in texts] == ["é".encode(), b"\xff"]


async def test_without_encoding_texts_are_unchanged(services, name):
    """`messageEncoding: none`; bytes must then be text."""
    store = StorageBindings(lambda _: services, encoding="none")
    await store.enqueue(None, name, "<é>")
    await store.enqueue(None, name, "é".encode())
    assert [item.text for item in await services.queues.peek(name)] == ["<é>", "é"]
    with pytest.raises(UnicodeDecodeError):
        await store.enqueue(None, name, b"\xff")


async def test_the_connection_chooses_the_account(services, name):
    """The name is looked up in the settings."""
    asked: list[str | None] = []

    def find(connection: str | None) -> AccountServices:
        asked.append(connection)
        return services

    store = StorageBindings(find)
    await store.enqueue("Other", name, "x")
    await store.read_blob(None, name, "x")
    assert asked == ["Other", None]


async def test_a_listener_is_notified_of_a_stored_message(services, name):
    """After it is stored, not before."""
    store = StorageBindings(lambda _: services)
    heard = []
    store.on_message_sent = heard.append
    await store.enqueue(None, name, "one")
    assert heard == [name]


async def test_rows_are_written_to_a_new_table_and_read_with_a_query(services, name):
    """Several partitions, 64-bit integers; `take` limits the rows."""
    store = StorageBindings(lambda _: services)
    large = {"n": f"{1 << 40}", "n@odata.type": "Edm.Int64"}
    rows = [{"PartitionKey": f"p{n % 2}", "RowKey": f"{n:03}", **large} for n in range(230)]
    await store.write_rows(None, name, [Operation(action=Action.INSERT, row=row) for row in rows])
    found = await store.read_rows(None, TableQuery(table=name, filter="PartitionKey eq 'p1'", take=0))
    assert [(row["RowKey"], row["n"]) for row in found] == [(f"{n:03}", 1 << 40) for n in range(1, 230, 2)]
    some = await store.read_rows(None, TableQuery(table=name, filter="", take=3))
    assert [row["RowKey"] for row in some] == ["000", "002", "004"]


async def test_an_existing_row_is_a_conflict_and_a_missing_table_has_no_rows(services, name):
    """Both fail the invocation, as on the real host."""
    store = StorageBindings(lambda _: services)
    row = {"PartitionKey": "p", "RowKey": "r"}
    with pytest.raises(NotFound):
        await store.read_rows(None, TableQuery(table=name, filter="", take=0))
    await store.write_rows(None, name, [Operation(action=Action.INSERT, row=row)])
    with pytest.raises(Conflict):
        await store.write_rows(None, name, [Operation(action=Action.INSERT, row=row)])
    await store.write_rows(None, name, [Operation(action=Action.UPSERT_REPLACE, row={**row, "a": "b"})])


async def test_a_blob_listener_is_notified_of_each_written_blob(services, name):
    """With its container."""
    store, heard = StorageBindings(lambda _: services), []
    store.on_blob_written = heard.append
    await store.write_blob(None, name, "x", b"")
    assert heard == [name]
