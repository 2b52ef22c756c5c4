"""Blobs of large texts: which texts are large, and which blobs a purge takes."""

import gzip

import pytest

from durable_devhost.storage.blobs import BlobService
from durable_devhost.storage.transport import Transport
from durable_devhost.taskhub.hub import TaskHub
from durable_devhost.taskhub.large_messages import is_large


@pytest.mark.parametrize(
    ("text", "large"),
    [
        ("x" * 30_720, False),
        ("x" * 30_721, True),
        ("é" * 30_720, False),
        ("\U0001f600" * 15_360, False),
        ("\U0001f600" * 15_361, True),
        ("", False),
        ("\ud800" * 30_720, False),
    ],
)
def test_a_text_is_large_above_60_kib_of_utf_16(text: str, large: bool) -> None:
    """As .NET counts it."""
    assert is_large(text) is large


async def test_a_blob_is_gzipped_without_a_content_encoding(hub: TaskHub, transport: Transport) -> None:
    """As recorded: plain octets, and no metadata."""
    name = await hub.large_messages.put_column("a/b", "0" * 16, "TaskCompleted", "Result", "é")

    blobs = BlobService(transport)
    content = await blobs.get(hub.names.large_messages, name)
    properties = await blobs.properties(hub.names.large_messages, name)

    assert name.startswith("a^0b/history-0000000000000000-TaskCompleted-")
    assert content is not None
    assert gzip.decompress(content).decode() == "é"
    assert properties is not None
    assert (properties.content_type, dict(properties.metadata)) == ("application/octet-stream", {})


async def test_a_blob_that_is_missing_or_not_gzip_is_none(hub: TaskHub, transport: Transport) -> None:
    """The caller that needs the text reports it."""
    await hub.large_messages.put_column("i", "0", "X", "Y", "text")
    await BlobService(transport).put(hub.names.large_messages, "i/plain", b"text")

    assert await hub.large_messages.read("i/nothing") is None
    assert await hub.large_messages.read("i/plain") is None


async def test_a_purge_keeps_ids_that_begin_in_the_same_way(hub: TaskHub, transport: Transport) -> None:
    """`abc` is neither `abcd` nor `abc/d`."""
    blobs = BlobService(transport)
    await blobs.create_container(hub.names.large_messages)
    for name in ("abc/history-1", "abc/message-1", "abcd/history-1", "abc/d/message-1", "abc^0d/history-1"):
        await blobs.put(hub.names.large_messages, name, b"")

    assert await hub.large_messages.purge("abc") == 2
    assert await blobs.list_names(hub.names.large_messages) == ["abc/d/message-1", "abc^0d/history-1", "abcd/history-1"]

    assert await hub.large_messages.purge("abc/d") == 2
    assert await blobs.list_names(hub.names.large_messages) == ["abcd/history-1"]


async def test_a_purge_without_any_blob_is_no_error(hub: TaskHub) -> None:
    """Not even the container exists."""
    assert await hub.large_messages.purge("i") == 0
