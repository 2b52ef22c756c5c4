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


async def test_a_blob_is_none_until_written_and_its_container_is_made(store, name):
    """Neither container nor blob need exist."""
    assert await store.read_blob(None, name, "a/b ü.txt") is None
    await store.write_blob(None, name, "a/b ü.txt", b"one")
    await store.write_blob(None, name, "a/b ü.txt", b"two")
    assert await store.read_blob(None, name, "a/b ü.txt") == b"two"


async def test_a_queue_is_made_by_the_first_message_and_texts_are_base64(services, name):
    """The host's default encoding."""
    store = StorageBindings(lambda _: services)
    await store.enqueue(None, name, "é")
    await store.enqueue(None, name, b"\xff")
    texts = [item.text for item in await services.queues.peek(name)]
    assert [base64.b64decode(text) for text in texts] == ["é".encode(), b"\xff"]


async def test_without_encoding_texts_stay_as_they_are(services, name):
    """`messageEncoding: none`; bytes must then be text."""
    store = StorageBindings(lambda _: services, encoding="none")
    await store.enqueue(None, name, "<é>")
    await store.enqueue(None, name, "é".encode())
    assert [item.text for item in await services.queues.peek(name)] == ["<é>", "é"]
    with pytest.raises(UnicodeDecodeError):
        await store.enqueue(None, name, b"\xff")


async def test_the_account_is_the_one_of_the_connection(services, name):
    """The name goes to whoever knows the settings."""
    asked: list[str | None] = []

    def find(connection: str | None) -> AccountServices:
        asked.append(connection)
        return services

    store = StorageBindings(find)
    await store.enqueue("Other", name, "x")
    await store.read_blob(None, name, "x")
    assert asked == ["Other", None]


async def test_whoever_listens_hears_of_a_message(services, name):
    """When it is stored, not before."""
    store = StorageBindings(lambda _: services)
    heard = []
    store.sent = heard.append
    await store.enqueue(None, name, "one")
    assert heard == [name]


async def test_rows_are_written_in_a_table_that_is_made_and_read_with_a_query(services, name):
    """Several partitions, whole numbers of 64 bits; `take` is the most that come."""
    store = StorageBindings(lambda _: services)
    large = {"n": f"{1 << 40}", "n@odata.type": "Edm.Int64"}
    rows = [{"PartitionKey": f"p{n % 2}", "RowKey": f"{n:03}", **large} for n in range(230)]
    await store.write_rows(None, name, [Operation(action=Action.INSERT, row=row) for row in rows])
    found = await store.read_rows(None, TableQuery(table=name, filter="PartitionKey eq 'p1'", take=0))
    assert [(row["RowKey"], row["n"]) for row in found] == [(f"{n:03}", 1 << 40) for n in range(1, 230, 2)]
    some = await store.read_rows(None, TableQuery(table=name, filter="", take=3))
    assert [row["RowKey"] for row in some] == ["000", "002", "004"]


async def test_a_row_that_is_there_already_is_a_conflict_and_a_table_that_is_not_has_no_rows(services, name):
    """Both fail the invocation, as on the real host."""
    store = StorageBindings(lambda _: services)
    row = {"PartitionKey": "p", "RowKey": "r"}
    with pytest.raises(NotFound):
        await store.read_rows(None, TableQuery(table=name, filter="", take=0))
    await store.write_rows(None, name, [Operation(action=Action.INSERT, row=row)])
    with pytest.raises(Conflict):
        await store.write_rows(None, name, [Operation(action=Action.INSERT, row=row)])
    await store.write_rows(None, name, [Operation(action=Action.UPSERT_REPLACE, row={**row, "a": "b"})])


async def test_who_waits_for_blobs_hears_of_each_that_is_written(services, name):
    """By its container."""
    store, heard = StorageBindings(lambda _: services), []
    store.written = heard.append
    await store.write_blob(None, name, "x", b"")
    assert heard == [name]
