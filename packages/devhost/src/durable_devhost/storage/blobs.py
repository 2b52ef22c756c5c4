"""Azure blobs and leases: whole blobs in one request, all that a task hub, bindings and blob triggers need."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import parsedate_to_datetime
from urllib.parse import quote
from xml.etree import ElementTree

from durable_devhost.storage.account import Conflict, NotFound
from durable_devhost.storage.connections import METADATA
from durable_devhost.storage.transport import Transport


@dataclass(frozen=True, slots=True, kw_only=True)
class BlobProperties:
    """What is known of a blob besides its content.

    `etag` has its quotes. `headers` is all that storage answered, with names in lower case.
    """

    length: int
    content_type: str
    etag: str
    last_modified: datetime
    metadata: Mapping[str, str]
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedBlob:
    """A blob as the listing of its container shows it; times are rounded to the second. `etag` has its quotes."""

    name: str
    etag: str
    last_modified: datetime
    blob_type: str = "BlockBlob"


class BlobService:
    """The containers and blobs of one account. Blob names are given as people read them, not percent-encoded."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    @property
    def account_name(self) -> str:
        """The name of the account."""
        return self._transport.account.name

    async def create_container(self, container: str) -> bool:
        """Create the container; False when it exists already."""
        try:
            await self._transport.request("blob", "PUT", f"/{container}", query={"restype": "container"})
        except Conflict as error:
            if error.code != "ContainerAlreadyExists":
                raise
            return False
        return True

    async def put(
        self,
        container: str,
        name: str,
        content: bytes,
        *,
        content_type: str = "application/octet-stream",
        only_if_new: bool = False,
        metadata: Mapping[str, str] | None = None,
    ) -> str:
        """Write a whole blob and return its etag; with `only_if_new` an existing one raises Conflict."""
        headers = {"x-ms-blob-type": "BlockBlob", "content-type": content_type, **_as_headers(metadata or {})}
        if only_if_new:
            headers["if-none-match"] = "*"
        answer = await self._transport.request("blob", "PUT", _path(container, name), headers=headers, body=content)
        with self._transport.reading_answer("blob"):
            return answer.headers["etag"]

    async def get(self, container: str, name: str) -> bytes | None:
        """The content of a blob, None when there is none."""
        try:
            answer = await self._transport.request("blob", "GET", _path(container, name))
        except NotFound:
            return None
        return answer.body

    async def properties(self, container: str, name: str) -> BlobProperties | None:
        """What is known of a blob, None when there is none."""
        try:
            answer = await self._transport.request("blob", "HEAD", _path(container, name))
        except NotFound:
            return None
        headers = answer.headers
        with self._transport.reading_answer("blob"):
            return BlobProperties(
                length=int(headers["content-length"]),
                content_type=headers.get("content-type", ""),
                etag=headers["etag"],
                last_modified=parsedate_to_datetime(headers["last-modified"]),
                metadata={key[len(METADATA) :]: value for key, value in headers.items() if key.startswith(METADATA)},
                headers=headers,
            )

    async def set_metadata(self, container: str, name: str, metadata: Mapping[str, str], *, lease_id: str) -> None:
        """Replace the metadata of a blob that is leased under this id; NotFound, Conflict or PreconditionFailed."""
        headers = {"x-ms-lease-id": lease_id, **_as_headers(metadata)}
        await self._transport.request(
            "blob", "PUT", _path(container, name), query={"comp": "metadata"}, headers=headers
        )

    def url(self, container: str, name: str) -> str:
        """Where a blob is, percent-encoded."""
        return self._transport.account.blob_endpoint + _path(container, name)

    async def exists(self, container: str, name: str) -> bool:
        """Whether there is such a blob."""
        return await self.properties(container, name) is not None

    async def delete(self, container: str, name: str) -> bool:
        """Delete a blob; False when there was none."""
        try:
            await self._transport.request("blob", "DELETE", _path(container, name))
        except NotFound:
            return False
        return True

    async def list_names(self, container: str, prefix: str = "") -> list[str]:
        """The names of all blobs that begin with `prefix`, in order; empty when there is no such container."""
        names: list[str] = []
        try:
            async for root in self._pages(container, prefix):
                names += [name.text or "" for name in root.iterfind("Blobs/Blob/Name")]
        except NotFound:
            return names
        return names

    async def pages(self, container: str) -> AsyncIterator[list[ListedBlob]]:
        """All blobs of a container, page by page, in the order of their names; raises NotFound without it."""
        async for root in self._pages(container, ""):
            with self._transport.reading_answer("blob"):
                blobs = [_read_listed_blob(blob) for blob in root.iterfind("Blobs/Blob")]
            yield blobs

    async def _pages(self, container: str, prefix: str) -> AsyncIterator[ElementTree.Element]:
        marker = ""
        while True:
            query = {"restype": "container", "comp": "list", "prefix": prefix, "marker": marker}
            answer = await self._transport.request(
                "blob", "GET", f"/{container}", query={key: value for key, value in query.items() if value}
            )
            with self._transport.reading_answer("blob"):
                root = ElementTree.fromstring(answer.body.removeprefix(b"\xef\xbb\xbf"))
            yield root
            marker = root.findtext("NextMarker") or ""
            if not marker:
                return

    async def acquire_lease(self, container: str, lease_id: str, duration_s: int, *, blob: str = "") -> None:
        """Lease a container, or a blob of it, under our own id for 15 to 60 s; the same id may acquire it again.

        Raises Conflict when it is leased under another id, NotFound where it is not there.
        """
        headers = {
            "x-ms-lease-action": "acquire",
            "x-ms-lease-duration": str(duration_s),
            "x-ms-proposed-lease-id": lease_id,
        }
        await self._lease(container, blob, headers)

    async def renew_lease(self, container: str, lease_id: str) -> None:
        """Renew a lease for its duration; raises Conflict when it was lost to another id."""
        await self._lease(container, "", {"x-ms-lease-action": "renew", "x-ms-lease-id": lease_id})

    async def release_lease(self, container: str, lease_id: str, *, blob: str = "") -> None:
        """Give a lease back at once; raises Conflict when it was lost to another id."""
        await self._lease(container, blob, {"x-ms-lease-action": "release", "x-ms-lease-id": lease_id})

    async def _lease(self, container: str, blob: str, headers: dict[str, str]) -> None:
        path = _path(container, blob) if blob else f"/{container}"
        query = {"comp": "lease"} if blob else {"comp": "lease", "restype": "container"}
        await self._transport.request("blob", "PUT", path, query=query, headers=headers)


def _as_headers(metadata: Mapping[str, str]) -> dict[str, str]:
    return {f"{METADATA}{name.lower()}": value for name, value in metadata.items()}


def _read_listed_blob(blob: ElementTree.Element) -> ListedBlob:
    etag = blob.findtext("Properties/Etag") or ""
    return ListedBlob(
        name=blob.findtext("Name") or "",
        etag=etag if etag.startswith('"') else f'"{etag}"',
        last_modified=parsedate_to_datetime(blob.findtext("Properties/Last-Modified") or ""),
        blob_type=blob.findtext("Properties/BlobType") or "BlockBlob",
    )


def _path(container: str, name: str) -> str:
    return f"/{container}/{quote(name, safe='/')}"
