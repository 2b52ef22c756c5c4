"""The files of a proposal for reading: a stored file must equal the recorded one."""

import hashlib

from azure.core.exceptions import ResourceNotFoundError

from approvals.record.documents import Attachment
from gateways.attachments import open_attachments


class FileMissing(Exception):
    """The recorded file is missing in the store."""


class FileAltered(Exception):
    """The stored file is not the recorded one."""


def read_document(attachment: Attachment) -> bytes:
    """Return a file's content. Blocks; raises `FileMissing` or `FileAltered`, and what azure.core raises."""
    try:
        content = open_attachments().read(attachment)
    except (ResourceNotFoundError, ValueError):
        raise FileMissing from None
    if hashlib.sha256(content).hexdigest() != attachment.sha256:
        raise FileAltered
    return content
