"""Azure block blobs and container leases: whole blobs in one request, all that a task hub and bindings need."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from urllib.parse import quote
from xml.etree import ElementTree

from durable_devhost.storage.account import Conflict, NotFound
from durable_devhost.storage.transport import Transport


@dataclass(frozen=True, slots=True, kw_only=True)
class BlobProperties:
    """What is known of a blob besides its content."""

    length: int
    content_type: str
    etag: str
    last_modified: datetime
    metadata: Mapping[str, str]


class BlobService:
    """The containers and blobs of one account. Blob names are given as people read them, not percent-encoded."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

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
    ) -> str:
        """Write a whole blob and return its etag; with `only_if_new` an existing one raises Conflict."""
        headers = {"x-ms-blob-type": "BlockBlob", "content-type": content_type}
        if only_if_new:
            headers["if-none-match"] = "*"
        answer = await self._transport.request("blob", "PUT", _path(container, name), headers=headers, body=content)
        with self._transport.understanding("blob"):
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
        prefix = "x-ms-meta-"
        return BlobProperties(
            length=int(headers["content-length"]),
            content_type=headers.get("content-type", ""),
            etag=headers["etag"],
            last_modified=parsedate_to_datetime(headers["last-modified"]),
            metadata={key[len(prefix) :]: value for key, value in headers.items() if key.lower().startswith(prefix)},
        )

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
        marker = ""
        while True:
            query = {"restype": "container", "comp": "list", "prefix": prefix, "marker": marker}
            try:
                answer = await self._transport.request(
                    "blob", "GET", f"/{container}", query={key: value for key, value in query.items() if value}
                )
            except NotFound:
                return names
            root = ElementTree.fromstring(answer.body.removeprefix(b"\xef\xbb\xbf"))
            names += [name.text or "" for name in root.iterfind("Blobs/Blob/Name")]
            marker = root.findtext("NextMarker") or ""
            if not marker:
                return names

    async def acquire_lease(self, container: str, lease_id: str, duration_s: int) -> None:
        """Lease a container under our own id for 15 to 60 s; whoever uses the same id may acquire it again.

        Raises Conflict when it is leased under another id.
        """
        headers = {
            "x-ms-lease-action": "acquire",
            "x-ms-lease-duration": str(duration_s),
            "x-ms-proposed-lease-id": lease_id,
        }
        await self._lease(container, headers)

    async def renew_lease(self, container: str, lease_id: str) -> None:
        """Renew a lease for its duration; raises Conflict when it was lost to another id."""
        await self._lease(container, {"x-ms-lease-action": "renew", "x-ms-lease-id": lease_id})

    async def release_lease(self, container: str, lease_id: str) -> None:
        """Give a lease back at once; raises Conflict when it was lost to another id."""
        await self._lease(container, {"x-ms-lease-action": "release", "x-ms-lease-id": lease_id})

    async def _lease(self, container: str, headers: dict[str, str]) -> None:
        query = {"comp": "lease", "restype": "container"}
        await self._transport.request("blob", "PUT", f"/{container}", query=query, headers=headers)


def _path(container: str, name: str) -> str:
    return f"/{container}/{quote(name, safe='/')}"
