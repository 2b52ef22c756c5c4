"""Where attachments lie: one private container, names made by us, each blob written once."""

import os
from contextlib import suppress
from functools import cache
from typing import Protocol

from azure.core.exceptions import ResourceExistsError
from azure.storage.blob import BlobServiceClient, ContainerClient, ContentSettings

from approvals.attachments import StoredAttachment, Upload
from gateways.connections import connection_string


class Attachments(Protocol):
    """What the app needs of the store."""

    def store(self, upload: Upload) -> StoredAttachment:
        """Keep one attachment; storing the same one again changes nothing."""
        ...

    def read(self, attachment: StoredAttachment) -> bytes:
        """Return an attachment's content."""
        ...


class BlobAttachments:
    """The store in Azure Blob Storage."""

    def __init__(self, container: ContainerClient) -> None:
        self._container = container

    def store(self, upload: Upload) -> StoredAttachment:
        """Write the blob; the name holds a hash of the content, so one that exists already is this one."""
        settings = ContentSettings(content_type=upload.content_type, content_disposition="attachment")
        with suppress(ResourceExistsError):
            self._container.upload_blob(upload.blob, upload.content, overwrite=False, content_settings=settings)
        return upload.stored

    def read(self, attachment: StoredAttachment) -> bytes:
        """Download the blob; raises azure.core's ResourceNotFoundError where it is gone."""
        content: bytes = self._container.download_blob(attachment.blob).readall()
        return content


def open_attachments() -> Attachments:
    """Return the store that the settings name, opened once a process."""
    return _opened(connection_string("ApprovalsStorage"), os.environ.get("ATTACHMENTS_CONTAINER", "attachments"))


@cache
def _opened(connection: str, container: str) -> Attachments:
    client = BlobServiceClient.from_connection_string(connection).get_container_client(container)
    with suppress(ResourceExistsError):
        client.create_container()
    return BlobAttachments(client)
