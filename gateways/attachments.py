"""Where attachments lie: one private container, names made by us, each blob written once."""

import hashlib
import os
from collections.abc import Iterable
from contextlib import suppress
from typing import Protocol

from azure.core.exceptions import ResourceExistsError
from azure.storage.blob import ContainerClient, ContentSettings

from approvals.attachments import StoredAttachment, Upload
from approvals.blobs import checked_blob_name
from approvals.record.documents import Attachment
from approvals.validation import Invalid
from gateways.containers import open_container
from gateways.images import Unreadable, clean


class Attachments(Protocol):
    """What the app needs of the store."""

    def store(self, upload: Upload) -> StoredAttachment:
        """Keep one attachment of a workflow; storing the same one again changes nothing.

        A picture is cleaned. One that cannot be read stays as it is: to find it is what the checks are for.
        """
        ...

    def keep(self, uploads: Iterable[Upload]) -> tuple[Attachment, ...]:
        """Keep files of a proposal, and return how its record knows them; the same ones again change nothing.

        Pictures are cleaned, so content and blob may not be those of the upload. Raises `Invalid`, having kept none,
        that names each picture that cannot be read to its end, or would fill the memory.
        """
        ...

    def read(self, attachment: StoredAttachment | Attachment) -> bytes:
        """Return an attachment's content."""
        ...


class BlobAttachments:
    """The store in Azure Blob Storage."""

    def __init__(self, container: ContainerClient) -> None:
        self._container = container

    def store(self, upload: Upload) -> StoredAttachment:
        """Clean what can be cleaned, then write the blob."""
        upload = _cleaned_if_readable(upload)
        self._write(upload)
        return upload.stored

    def keep(self, uploads: Iterable[Upload]) -> tuple[Attachment, ...]:
        """Clean all of them, then write the blobs."""
        ready = _all_cleaned(uploads)
        for upload in ready:
            self._write(upload)
        return tuple(_on_record(upload) for upload in ready)

    def read(self, attachment: StoredAttachment | Attachment) -> bytes:
        """Download the blob; raises azure.core's ResourceNotFoundError where it is gone."""
        content: bytes = self._container.download_blob(checked_blob_name(attachment.blob)).readall()
        return content

    def _write(self, upload: Upload) -> None:
        """Write the blob; its name holds a hash of the content, so one that exists already is this one."""
        settings = ContentSettings(content_type=upload.content_type, content_disposition="attachment")
        with suppress(ResourceExistsError):
            self._container.upload_blob(
                checked_blob_name(upload.blob), upload.content, overwrite=False, content_settings=settings
            )


def open_attachments() -> Attachments:
    """Return the store in the account that `ApprovalsStorage` names; `ATTACHMENTS_CONTAINER` is its container."""
    return BlobAttachments(open_container(os.environ.get("ATTACHMENTS_CONTAINER", "attachments")))


def stored_as(upload: Upload) -> StoredAttachment:
    """Return how `store` keeps an attachment, and keep nothing."""
    return _cleaned_if_readable(upload).stored


def _cleaned_if_readable(upload: Upload) -> Upload:
    with suppress(Unreadable):
        return _cleaned(upload)
    return upload


def _all_cleaned(uploads: Iterable[Upload]) -> tuple[Upload, ...]:
    ready, errors = list[Upload](), list[str]()
    for upload in uploads:
        try:
            ready.append(_cleaned(upload))
        except Unreadable as error:
            errors.append(f"attachment {upload.name[:60]!r}: {error}")
    if errors:
        raise Invalid("; ".join(errors)[:400], tuple(errors))
    return tuple(ready)


def _cleaned(upload: Upload) -> Upload:
    """Return the upload with its picture cleaned, under the name that its content has then."""
    if not upload.content_type.startswith("image/"):
        return upload
    return upload.holding(clean(upload.content, upload.content_type))


def _on_record(upload: Upload) -> Attachment:
    return Attachment(
        name=upload.name,
        blob=upload.blob,
        content_type=upload.content_type,
        size=len(upload.content),
        sha256=hashlib.sha256(upload.content).hexdigest(),
    )
