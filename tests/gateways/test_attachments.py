"""Attachments in real blobs; with a shared access signature, as only that shows whether a name leads out."""

import base64
import hashlib
import uuid
from datetime import UTC, datetime, timedelta
from io import BytesIO

import pytest
from azure.core.exceptions import ResourceNotFoundError
from azure.storage.blob import (
    AccountSasPermissions,
    BlobClient,
    BlobServiceClient,
    ResourceTypes,
    generate_account_sas,
)
from PIL import Image, PngImagePlugin

from approvals.attachments import InlineAttachment, StoredAttachment, Upload, check_attachments, upload_of
from approvals.validation import Invalid
from gateways.attachments import BlobAttachments, open_attachments
from gateways.blobs import AzureBlobs


@pytest.fixture
def upload():
    """A small file of a proposal of its own."""
    content = base64.b64encode(b"# A bench\n").decode()
    inline = InlineAttachment(name="note.md", content_type="text/markdown", content=content)
    return check_attachments(uuid.uuid4().hex, (inline,))[0]


def png_with_author():
    """Return a PNG that tells who drew it."""
    about = PngImagePlugin.PngInfo()
    about.add_text("Author", "Ines Carvalho, at home")
    file = BytesIO()
    Image.linear_gradient("L").resize((64, 48)).save(file, "PNG", pnginfo=about)
    return file.getvalue()


def test_a_stored_file_reads_back_equal(upload):
    """Through the reference in the workflow's input."""
    stored = open_attachments().store(upload)
    assert open_attachments().read(stored) == b"# A bench\n"


def test_storing_twice_changes_nothing(upload):
    """An upload may be repeated after a crash."""
    assert open_attachments().store(upload) == open_attachments().store(upload)


def test_blobs_are_served_as_downloads(upload, azurite):
    """A browser never shows one as a page of the app."""
    open_attachments().store(upload)
    with BlobClient.from_connection_string(azurite.connection_string, "gateway-tests", upload.blob) as blob:
        settings = blob.get_blob_properties().content_settings
    assert (settings.content_type, settings.content_disposition) == ("text/markdown", "attachment")


def test_a_missing_blob_is_an_error():
    """The SDK's own error says so."""
    gone = StoredAttachment(blob="p/none.md", name="x", content_type="text/markdown", size=1)
    with pytest.raises(ResourceNotFoundError):
        open_attachments().read(gone)


def test_the_record_describes_the_stored_picture():
    """Hash, size and blob name are those of the cleaned picture, not of the uploaded one."""
    sent = upload_of(uuid.uuid4().hex, "plan.png", png_with_author())
    note = upload_of("p-1", "note.md", b"# A bench\n")
    kept, text = open_attachments().keep((sent, note))
    content = open_attachments().read(kept)
    assert b"Ines" in sent.content
    assert b"Ines" not in content
    assert (kept.sha256, kept.size) == (hashlib.sha256(content).hexdigest(), len(content))
    assert kept.sha256[:32] in kept.blob
    assert (text.name, text.content_type, text.size) == ("note.md", "text/markdown", 10)


def test_keeping_twice_changes_nothing():
    """Cleaning gives the same result each time."""
    sent = upload_of(uuid.uuid4().hex, "plan.png", png_with_author())
    assert open_attachments().keep((sent,)) == open_attachments().keep((sent,))


def test_an_unreadable_picture_is_refused_by_name_and_nothing_is_stored(upload):
    """All of them are listed."""
    bad = [upload_of("p-1", name, png_with_author()[:-30]) for name in ("cut.png", "half.png")]
    with pytest.raises(Invalid) as refused:
        open_attachments().keep((upload, *bad))
    assert [error.split(":")[0] for error in refused.value.errors] == [
        "attachment 'cut.png'", "attachment 'half.png'",
    ]  # fmt: skip
    with pytest.raises(ResourceNotFoundError):
        open_attachments().read(upload.reference)


def test_a_picture_of_a_workflow_is_cleaned_if_possible():
    """An unreadable one is left for the checks to find."""
    proposal = uuid.uuid4().hex
    stored = open_attachments().store(upload_of(proposal, "plan.png", png_with_author()))
    assert b"Ines" not in open_attachments().read(stored)
    damaged = png_with_author()[:-30]
    assert open_attachments().read(open_attachments().store(upload_of(proposal, "cut.png", damaged))) == damaged


@pytest.fixture
def two_containers(azurite):
    """Two containers and a client with an account SAS, which signs no names: as an identity's token does not."""
    tag = uuid.uuid4().hex[:8]
    expiry = datetime.now(UTC) + timedelta(hours=1)
    with BlobServiceClient.from_connection_string(azurite.connection_string) as keyed:
        secret, mine = keyed.create_container(f"secret-{tag}"), keyed.create_container(f"mine-{tag}")
        secret.upload_blob("salary.txt", b"a lot")
        sas = generate_account_sas(
            keyed.account_name,
            keyed.credential.account_key,
            ResourceTypes(service=True, container=True, object=True),
            AccountSasPermissions(read=True, write=True, create=True, list=True),
            expiry,
        )
        with BlobServiceClient(keyed.url, credential=sas) as service:
            yield secret, service.get_container_client(mine.container_name)


ROUTES_OUT = [
    "../{}/salary.txt",
    "x/../../{}/salary.txt",
    "..\\{}\\salary.txt",
    "%2e%2e/{}/salary.txt",
    "/../{}/salary.txt",
]


def test_the_sdk_itself_allows_names_that_leave_the_container(two_containers):
    """Without this the tests below would prove nothing."""
    secret, mine = two_containers
    assert mine.download_blob(f"../{secret.container_name}/salary.txt").readall() == b"a lot"
    mine.upload_blob(f"../{secret.container_name}/planted.txt", b"mine")
    assert secret.download_blob("planted.txt").readall() == b"mine"


@pytest.mark.parametrize("route", ROUTES_OUT)
def test_no_name_leads_out_of_the_container(two_containers, route):
    """Neither for reading nor for writing, in both gateways."""
    secret, mine = two_containers
    name = route.format(secret.container_name)
    attachments, blobs = BlobAttachments(mine), AzureBlobs(mine)
    upload = Upload(blob=name.replace("salary", "planted"), name="x", content_type="text/plain", content=b"mine")
    for attempt in (
        lambda: attachments.read(StoredAttachment(blob=name, name="x", content_type="text/plain", size=1)),
        lambda: attachments.store(upload),
        lambda: attachments.keep((upload,)),
        lambda: blobs.find(name),
        lambda: blobs.read(name),
        lambda: blobs.create(upload.blob, b"mine", content_type="text/plain", metadata={}),
    ):
        with pytest.raises(ValueError, match="a blob's name must not contain"):
            attempt()
    assert [blob.name for blob in secret.list_blobs()] == ["salary.txt"]


@pytest.mark.parametrize("name", ["../x.md", "..\\x.md", "a/b.md", "%2e%2e", "salary.txt"])
def test_the_file_name_is_no_part_of_the_blob_name(two_containers, name):
    """That is made of the proposal's id and the content."""
    _, mine = two_containers
    content = base64.b64encode(b"# A bench\n").decode()
    inline = InlineAttachment(name=name, content_type="text/markdown", content=content)
    (upload,) = check_attachments("p-1", (inline,))
    assert BlobAttachments(mine).store(upload).name == name
    digest = hashlib.sha256(upload.content).hexdigest()
    assert [blob.name for blob in mine.list_blobs()] == [f"p-1/{digest[:32]}.md"]
