"""Blobs and container leases against the emulator."""

import pytest

from durable_devhost.storage.account import Conflict, NotFound, PreconditionFailed
from durable_devhost.storage.blobs import BlobService, ListedBlob
from durable_devhost.storage.transport import Transport

OURS = "811c9dc5-0000-0000-0000-000000000000"
THEIRS = "811c9dc5-0000-0000-0000-000000000001"


@pytest.fixture
async def container(blobs: BlobService, name: str) -> str:
    """An empty container."""
    await blobs.create_container(name)
    return name


async def test_a_container_is_created_once(blobs: BlobService, name: str) -> None:
    """The second time it exists."""
    assert await blobs.create_container(name) is True
    assert await blobs.create_container(name) is False


@pytest.mark.parametrize("blob", ["plain", "a/b#c?d^f 東/message-1.json.gz", "100%25", "a+b&c=d", "it's (1)"])
async def test_a_blob_is_found_under_its_name(blobs: BlobService, container: str, blob: str) -> None:
    """Names are given unencoded."""
    await blobs.put(container, blob, b"\x00content")

    assert await blobs.get(container, blob) == b"\x00content"
    assert await blobs.exists(container, blob) is True
    assert await blobs.list_names(container, blob[:2]) == [blob]


async def test_a_missing_blob_is_none(blobs: BlobService, container: str) -> None:
    """No exception for the usual case; a write without a container raises one."""
    assert await blobs.get(container, "x") is None
    assert await blobs.properties(container, "x") is None
    assert await blobs.delete(container, "x") is False
    assert await blobs.list_names(container + "x") == []
    with pytest.raises(NotFound):
        await blobs.put(container + "x", "x", b"")


async def test_a_blob_has_its_length_and_type(blobs: BlobService, container: str) -> None:
    """An empty blob too."""
    etag = await blobs.put(container, "x", b"", content_type="text/plain")

    found = await blobs.properties(container, "x")

    assert found is not None
    assert (found.length, found.content_type, found.etag, dict(found.metadata)) == (0, "text/plain", etag, {})


async def test_a_blob_is_overwritten_unless_it_must_be_new(blobs: BlobService, container: str) -> None:
    """409 for the second."""
    await blobs.put(container, "x", b"1", only_if_new=True)
    with pytest.raises(Conflict):
        await blobs.put(container, "x", b"2", only_if_new=True)

    await blobs.put(container, "x", b"3")

    assert await blobs.get(container, "x") == b"3"


async def test_a_deleted_blob_is_gone(blobs: BlobService, container: str) -> None:
    """The first deletion returns True."""
    await blobs.put(container, "x", b"1")

    assert await blobs.delete(container, "x") is True
    assert await blobs.exists(container, "x") is False


async def test_a_lease_excludes_only_other_ids(blobs: BlobService, container: str) -> None:
    """The same id may acquire it again; after a release any may."""
    await blobs.acquire_lease(container, OURS, 60)
    await blobs.acquire_lease(container, OURS, 60)
    await blobs.renew_lease(container, OURS)
    with pytest.raises(Conflict):
        await blobs.acquire_lease(container, THEIRS, 60)
    with pytest.raises(Conflict):
        await blobs.release_lease(container, THEIRS)

    await blobs.release_lease(container, OURS)

    await blobs.acquire_lease(container, THEIRS, 60)


async def test_metadata_names_keep_their_case(blobs: BlobService, container: str, transport: Transport) -> None:
    """Users choose them."""
    headers = {"x-ms-blob-type": "BlockBlob", "x-ms-meta-who": "me"}
    await transport.request("blob", "PUT", f"/{container}/x", headers=headers)
    found = await blobs.properties(container, "x")
    assert found is not None
    assert found.metadata == {"who": "me"}
    assert found.headers["x-ms-blob-type"] == "BlockBlob"


async def test_a_leased_blob_accepts_metadata_only_with_its_lease(blobs: BlobService, container: str) -> None:
    """It is a lease of a blob, not of its container."""
    await blobs.put(container, "x", b"", metadata={"a": "1"})
    await blobs.acquire_lease(container, OURS, 60, blob="x")
    with pytest.raises(Conflict):
        await blobs.acquire_lease(container, THEIRS, 60, blob="x")
    with pytest.raises(PreconditionFailed):
        await blobs.set_metadata(container, "x", {}, lease_id=THEIRS)
    await blobs.set_metadata(container, "x", {"b": "2"}, lease_id=OURS)
    await blobs.release_lease(container, OURS, blob="x")
    await blobs.acquire_lease(container, THEIRS, 60, blob="x")
    found = await blobs.properties(container, "x")
    assert found is not None
    assert found.metadata == {"b": "2"}
    with pytest.raises(NotFound):
        await blobs.acquire_lease(container, OURS, 60, blob="none")


async def test_the_blobs_of_a_container_are_listed_with_their_etags(blobs: BlobService, container: str) -> None:
    """The etag equals that of the blob's headers."""
    etags = {name: await blobs.put(container, name, b"x") for name in ("a/b", "ü")}
    found: list[ListedBlob] = [blob async for page in blobs.pages(container) for blob in page]
    assert {blob.name: blob.etag for blob in found} == etags
    assert {blob.blob_type for blob in found} == {"BlockBlob"}
    with pytest.raises(NotFound):
        _ = [page async for page in blobs.pages(container + "x")]


def test_the_url_of_a_blob_is_encoded(blobs: BlobService) -> None:
    """Slashes stay."""
    assert blobs.url("in", "a/b ü").endswith("/devstoreaccount1/in/a/b%20%C3%BC")
