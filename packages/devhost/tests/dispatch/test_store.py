"""The real store on Azurite and the one in memory keep the same contract."""

import base64

import pytest

from durable_devhost.dispatch.store import AccountServices, StorageBindings
from durable_devhost.storage.account import StorageAccount
from durable_devhost.storage.blobs import BlobService
from durable_devhost.storage.queues import QueueService
from durable_devhost.storage.tables import TableService
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
