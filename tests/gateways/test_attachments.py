"""Attachments in real blobs."""

import base64
import uuid

import pytest
from azure.core.exceptions import ResourceNotFoundError
from azure.storage.blob import BlobClient

from approvals.attachments import InlineAttachment, StoredAttachment, check_attachments
from gateways.attachments import open_attachments


@pytest.fixture
def upload():
    """A small file of a proposal of its own."""
    content = base64.b64encode(b"# A bench\n").decode()
    inline = InlineAttachment(name="note.md", content_type="text/markdown", content=content)
    return check_attachments(uuid.uuid4().hex, (inline,))[0]


def test_what_is_stored_is_read_back(upload):
    """Through the reference that the workflow carries."""
    stored = open_attachments().store(upload)
    assert open_attachments().read(stored) == b"# A bench\n"


def test_storing_twice_is_storing_once(upload):
    """An upload that is repeated after a crash changes nothing."""
    assert open_attachments().store(upload) == open_attachments().store(upload)


def test_blobs_are_served_as_files(upload, azurite):
    """Never shown by a browser as a page of ours."""
    open_attachments().store(upload)
    with BlobClient.from_connection_string(azurite.connection_string, "gateway-tests", upload.blob) as blob:
        settings = blob.get_blob_properties().content_settings
    assert (settings.content_type, settings.content_disposition) == ("text/markdown", "attachment")


def test_a_blob_that_is_gone_says_so():
    """The SDK's own error tells it."""
    gone = StoredAttachment(blob="p/none.md", name="x", content_type="text/markdown", size=1)
    with pytest.raises(ResourceNotFoundError):
        open_attachments().read(gone)


def test_the_store_is_opened_once():
    """One client for all invocations of a process."""
    assert open_attachments() is open_attachments()
