"""Blobs of the app's own containers: their properties, their content up to a limit, and creation once."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceNotFoundError
from azure.storage.blob import ContainerClient, ContentSettings

from approvals.blobs import checked_blob_name
from gateways.connections import open_blob_service

_NO_SUCH_NAME = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class BlobFacts:
    """The properties of a blob."""

    size: int
    content_type: str | None
    content_encoding: str | None
    metadata: Mapping[str, str]


class Blobs(Protocol):
    """One container."""

    def find(self, name: str) -> BlobFacts | None:
        """Return a blob's properties; None if the blob or its container does not exist."""
        ...

    def read(self, name: str) -> bytes | None:
        """Return a blob's content as it is stored; None if there is no such blob."""
        ...

    def create(self, name: str, content: bytes, *, content_type: str, metadata: Mapping[str, str]) -> bool:
        """Write a blob; False, without a change, if there is a blob with that name."""
        ...


class AzureBlobs:
    """A container in Azure Blob Storage.

    A name with segments like `..` always raises ValueError here: the SDK would make a path of it that leads out of the
    container, and only a request that is signed with the account's key would fail.
    """

    def __init__(self, container: ContainerClient) -> None:
        self._container = container

    def find(self, name: str) -> BlobFacts | None:
        """Get the properties. No blob has a name that the service refuses."""
        try:
            found = self._container.get_blob_client(checked_blob_name(name)).get_blob_properties()
        except ResourceNotFoundError:
            return None
        except HttpResponseError as error:
            if error.status_code != _NO_SUCH_NAME:
                raise
            return None
        return BlobFacts(
            size=found.size,
            content_type=found.content_settings.content_type,
            content_encoding=found.content_settings.content_encoding,
            metadata={key.lower(): value for key, value in (found.metadata or {}).items()},
        )

    def read(self, name: str) -> bytes | None:
        """Download without decompressing: a small compressed blob may be large when decompressed."""
        try:
            content: bytes = self._container.download_blob(checked_blob_name(name), decompress=False).readall()
        except ResourceNotFoundError:
            return None
        return content

    def create(self, name: str, content: bytes, *, content_type: str, metadata: Mapping[str, str]) -> bool:
        """Upload with If-None-Match: of two writers the service accepts one."""
        settings = ContentSettings(content_type=content_type, content_disposition="attachment")
        try:
            self._container.upload_blob(
                checked_blob_name(name), content, overwrite=False, content_settings=settings, metadata=dict(metadata)
            )
        except ResourceExistsError:
            return False
        return True


def open_blobs(container: str) -> Blobs:
    """Return a container of the account that `ApprovalsStorage` names; it is not created."""
    return AzureBlobs(open_blob_service().get_container_client(container))


def open_pictures() -> Blobs:
    """Return the container of the attachments and their scaled copies."""
    return open_blobs(os.environ.get("ATTACHMENTS_CONTAINER", "attachments"))
