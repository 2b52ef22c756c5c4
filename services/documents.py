"""The files of a proposal as they are given out: what is in the store is held against what is on record."""

import hashlib

from azure.core.exceptions import ResourceNotFoundError

from approvals.record.documents import Attachment
from gateways.attachments import open_attachments


class Gone(Exception):
    """The file is on record and not in the store."""


class Altered(Exception):
    """The file in the store is not the one that is on record."""


def read_document(attachment: Attachment) -> bytes:
    """Return a file's content. Blocks; raises `Gone` or `Altered`, and azure.core's errors where storage is out."""
    try:
        content = open_attachments().read(attachment)
    except (ResourceNotFoundError, ValueError):
        raise Gone from None
    if hashlib.sha256(content).hexdigest() != attachment.sha256:
        raise Altered
    return content
