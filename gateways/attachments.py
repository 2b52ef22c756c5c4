"""The store of attachments: one private container; the app makes the blob names; each blob is written once."""

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
    """What the app needs from the store."""

    def store(self, upload: Upload) -> StoredAttachment:
        """Store one attachment of a workflow; storing the same one again changes nothing.

        A picture is cleaned. A picture that cannot be read is stored unchanged, because the checks report it.
        """
        ...

    def keep(self, uploads: Iterable[Upload]) -> tuple[Attachment, ...]:
        """Store files of a proposal, and return them for its record; storing the same ones again changes nothing.

        Pictures are cleaned, so content and blob may differ from the upload. If a picture cannot be read or would fill
        the memory, nothing is stored and `Invalid` is raised, which names each such picture.
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
        """Clean a readable picture, then write the blob."""
        upload = _cleaned_if_readable(upload)
        self._write(upload)
        return upload.reference

    def keep(self, uploads: Iterable[Upload]) -> tuple[Attachment, ...]:
        """Clean all pictures, then write the blobs."""
        ready = _all_cleaned(uploads)
        for upload in ready:
            self._write(upload)
        return tuple(_on_record(upload) for upload in ready)

    def read(self, attachment: StoredAttachment | Attachment) -> bytes:
        """Download the blob; raises azure.core's ResourceNotFoundError if it is gone."""
        content: bytes = self._container.download_blob(checked_blob_name(attachment.blob)).readall()
        return content

    def _write(self, upload: Upload) -> None:
        """Write the blob. Its name has a hash of the content, so an existing blob is the same one."""
        settings = ContentSettings(content_type=upload.content_type, content_disposition="attachment")
        with suppress(ResourceExistsError):
            self._container.upload_blob(
                checked_blob_name(upload.blob), upload.content, overwrite=False, content_settings=settings
            )


def open_attachments() -> Attachments:
    """Return the store in the account that `ApprovalsStorage` names; `ATTACHMENTS_CONTAINER` is its container."""
    return BlobAttachments(open_container(os.environ.get("ATTACHMENTS_CONTAINER", "attachments")))


def stored_as(upload: Upload) -> StoredAttachment:
    """Return what `store` would return for an attachment, without storing it."""
    return _cleaned_if_readable(upload).reference


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
    """Return the upload with its picture cleaned and with the blob name of the new content."""
    if not upload.content_type.startswith("image/"):
        return upload
    return upload.with_content(clean(upload.content, upload.content_type))


def _on_record(upload: Upload) -> Attachment:
    return Attachment(
        name=upload.name,
        blob=upload.blob,
        content_type=upload.content_type,
        size=len(upload.content),
        sha256=hashlib.sha256(upload.content).hexdigest(),
    )
