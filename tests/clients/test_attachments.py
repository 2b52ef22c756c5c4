"""PutAttachment, GetAttachment: who may, what is taken, and how it is handed out again."""

import hashlib
import json
from io import BytesIO
from urllib.parse import quote

import azure.functions as func
import pytest
from azure.storage.blob import BlobServiceClient
from PIL import Image, PngImagePlugin

from approvals.attachments import LARGEST_UPLOAD, MOST_ATTACHMENTS
from approvals.record.entries import Kind
from clients.attachments import AttachmentReply, put_attachment
from gateways.review_records import open_review_records
from tests.clients.front import Front

TEXT = b"# Mill Stream\n\nA bridge of timber.\n"
WITH_A_FILE = {
    "title": "Footbridge",
    "author": "Ines",
    "policy": {"stages": [{"name": "design", "approvers": ["Mara"]}]},
    "attachments": [{"name": "note.md", "contentType": "text/markdown", "content": "IyBNaWxsIFN0cmVhbQo="}],
}


@pytest.fixture(autouse=True)
def _development(monkeypatch):
    """A header names the person, none makes a system."""
    monkeypatch.setenv("AUTH_MODE", "development")


@pytest.fixture
def ines(client):
    """The API, called by the author."""
    return Front(client, "Ines")


@pytest.fixture
def stored(azurite):
    """Return a function that lists the blobs of a proposal."""

    def stored(proposal_id):
        with BlobServiceClient.from_connection_string(azurite.connection_string) as service:
            blobs = service.get_container_client("client-tests").list_blobs(name_starts_with=f"{proposal_id}/")
            return [blob.name for blob in blobs]

    return stored


def entries_of(proposal_id, kind=Kind.ATTACHED):
    """The entries of a kind in a record."""
    return [entry for entry in open_review_records().read(proposal_id).entries if entry.kind is kind]


def picture(size=(64, 48), **about):
    """Return a PNG that may tell something."""
    told = PngImagePlugin.PngInfo()
    for key, value in about.items():
        told.add_text(key, value)
    file = BytesIO()
    Image.linear_gradient("L").resize(size).save(file, "PNG", pnginfo=told)
    return file.getvalue()


# Putting


async def test_a_file_of_the_author_is_recorded(ines):
    """201, with its URL; the entry holds its hash."""
    proposal_id = await ines.begin()
    told = await ines.put_file(proposal_id, "Übersicht 1.md", TEXT)
    reply = AttachmentReply.model_validate_json(json.dumps(told.body))
    assert (told.status, reply.repeated, reply.attachment.name) == (201, False, "Übersicht 1.md")
    assert told.headers["Location"] == f"/api/proposals/{proposal_id}/attachments/{quote('Übersicht 1.md')}"
    (entry,) = entries_of(proposal_id)
    assert (entry.number, entry.by, entry.via) == (reply.entry, "Ines", "person")
    assert entry.attachment.sha256 == hashlib.sha256(TEXT).hexdigest() == reply.attachment.sha256
    assert (reply.attachment.content_type, reply.attachment.size) == ("text/markdown", len(TEXT))


async def test_the_same_file_again_changes_nothing(ines, stored):
    """200: it was already recorded."""
    proposal_id = await ines.begin()
    first = await ines.put_file(proposal_id, "a.md", TEXT)
    again = await ines.put_file(proposal_id, "a.md", TEXT)
    assert (first.status, again.status, again.body["repeated"]) == (201, 200, True)
    assert (len(entries_of(proposal_id)), len(stored(proposal_id))) == (1, 1)


async def test_a_file_of_the_same_name_replaces_the_first(ines):
    """The record keeps both hashes, and readers get the new one."""
    proposal_id = await ines.begin(WITH_A_FILE)
    assert (await ines.put_file(proposal_id, "note.md", TEXT)).status == 201
    assert (await ines.get_file(proposal_id, "note.md")).body == TEXT
    assert [entry.replaced for entry in entries_of(proposal_id)] == [True]


@pytest.mark.parametrize("params", [{"by": "ines"}, {}])
async def test_a_system_adds_a_file_for_the_author(ines, params):
    """The query string names the author, because the body is the file; nobody else can be meant."""
    proposal_id = await ines.begin()
    told = await ines.by(None).put_file(proposal_id, "a.md", TEXT, **params)
    assert told.status == 201
    (entry,) = entries_of(proposal_id)
    assert (entry.by, entry.via) == ("Ines", "system")


@pytest.mark.parametrize(
    ("user", "params", "code"),
    [
        ("Mara", {}, "notAuthor"),
        ("Somebody", {}, "notAsked"),
        ("Mara", {"by": "Ines"}, "notYou"),
        (None, {"by": "Mara"}, "notAuthor"),
    ],
)
async def test_nobody_else_adds_a_file(ines, stored, user, params, code):
    """403, and nothing is stored."""
    proposal_id = await ines.begin()
    told = await ines.by(user).put_file(proposal_id, "a.md", TEXT, **params)
    assert (told.status, told.body["code"]) == (403, code)
    assert (entries_of(proposal_id), stored(proposal_id)) == ([], [])


async def test_an_ended_proposal_accepts_no_file(ines, stored):
    """409: the document that was decided on must not change."""
    proposal_id = await ines.begin()
    await ines.act(proposal_id, "withdraw", {"by": "Ines"})
    told = await ines.put_file(proposal_id, "a.md", TEXT)
    assert (told.status, told.body["code"]) == (409, "over")
    assert stored(proposal_id) == []


@pytest.mark.parametrize("proposal_id", ["none", "../x", "a%2fb", ""])
async def test_an_unknown_proposal_is_404(ines, proposal_id):
    """So is an invalid id."""
    assert (await ines.put_file(proposal_id, "a.md", TEXT)).status == 404
    assert (await ines.get_file(proposal_id, "a.md")).status == 404


@pytest.mark.parametrize(
    "name",
    [
        "..", "../secret", "..\\secret", "a/b", "a\\b", "%2e%2e", "%2e%2e%2fsecret", "%252e%252e%252fsecret", "a\0b",
        "a\nb", "a\x7f", "", " ", "x" * 151, ".htaccess", "gnp.exe\u202egnp.",
    ],
)  # fmt: skip
async def test_a_file_name_like_a_path_is_refused(ines, stored, name):
    """With a sentence, and nothing is stored."""
    proposal_id = await ines.begun_once({**WITH_A_FILE, "title": "Names", "attachments": []})
    told = await ines.put_file(proposal_id, name, TEXT)
    assert (told.status, told.body["code"]) == (400, "invalid")
    assert told.body["detail"].startswith("name: a file's name")
    assert stored(proposal_id) == []


@pytest.mark.parametrize("name", ["salary.txt", "note.md.exe", "a b+c&d=e.md", "橋.txt"])
async def test_the_file_name_is_no_part_of_the_blob_name(ines, stored, name):
    """That is made of the proposal's id and the content."""
    proposal_id = await ines.begin()
    told = await ines.put_file(proposal_id, name, TEXT)
    suffix = ".md" if name.endswith(".md") else ".txt"
    assert stored(proposal_id) == [f"{proposal_id}/{hashlib.sha256(TEXT).hexdigest()[:32]}{suffix}"]
    assert (await ines.get_file(proposal_id, name)).body == TEXT
    assert "blob" not in str(told.body)


@pytest.mark.parametrize(
    ("content", "status", "told"),
    [
        (b"", 400, "1 to"),
        (b"PK\x03\x04\x14\0\xff", 415, "of this type are not accepted"),
        (b"MZ\x90\0", 415, "of this type are not accepted"),
        (b"a\0b", 415, "of this type are not accepted"),
        (b"x" * (LARGEST_UPLOAD + 1), 413, "20,971,521 bytes"),
        (picture()[:-30], 400, "readable PNG picture"),
        (b"\xff\xd8\xffGIF89a", 400, "readable JPEG picture"),
    ],
)
async def test_an_unsupported_content_is_refused(ines, stored, content, status, told):
    """Whatever its name, and nothing is stored."""
    proposal_id = await ines.begun_once({**WITH_A_FILE, "title": "Contents", "attachments": []})
    answer = await ines.put_file(proposal_id, "plan.png", content)
    assert (answer.status, answer.type) == (status, "application/problem+json")
    assert told in answer.body["detail"]
    assert answer.body["whatToDo"]
    assert stored(proposal_id) == []


async def test_a_picture_bomb_is_refused(ines, stored):
    """A small file whose picture would fill the memory."""
    proposal_id = await ines.begin()
    file = BytesIO()
    Image.new("1", (9_000, 9_000)).save(file, "PNG")
    told = await ines.put_file(proposal_id, "plan.png", file.getvalue())
    assert len(file.getvalue()) < 100_000
    assert (told.status, stored(proposal_id)) == (400, [])
    assert "more than 40,000,000 pixels" in told.body["detail"]


async def test_a_picture_is_stored_without_metadata(ines, stored):
    """The reply has the recorded hash; the same picture again is recognised."""
    proposal_id = await ines.begin()
    sent = picture(Author="Ines, at home")
    told = await ines.put_file(proposal_id, "plan.png", sent)
    kept = (await ines.get_file(proposal_id, "plan.png")).body
    assert b"at home" in sent
    assert b"at home" not in kept
    assert told.body["attachment"]["sha256"] == hashlib.sha256(kept).hexdigest()
    assert (await ines.put_file(proposal_id, "plan.png", sent)).body["repeated"]
    assert len(stored(proposal_id)) == 1


async def test_the_content_type_follows_the_content(ines):
    """A page with a picture's name is text, and a picture with a text's name is a picture."""
    proposal_id = await ines.begin()
    page = await ines.put_file(proposal_id, "page.png", b"<html><script>alert(1)</script>")
    drawing = await ines.put_file(proposal_id, "drawing.txt", picture())
    kinds = [told.body["attachment"]["contentType"] for told in (page, drawing)]
    assert kinds == ["text/plain", "image/png"]


class Unread(func.HttpRequest):
    """A request whose body must not be touched."""

    def get_body(self):
        raise AssertionError("the body was read")


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"content-length": str(LARGEST_UPLOAD + 1)}, 413),
        ({"content-length": "9" * 400}, 413),
        ({"content-encoding": "gzip"}, 415),
        ({"transfer-encoding": "gzip, Chunked"}, 411),
    ],
)
async def test_a_file_that_is_too_large_is_refused_by_its_header(call, client, headers, status):
    """Before the body is read: compressed bodies may have any size, and a chunked one does not reach the function."""
    request = Unread(
        "PUT", "http://localhost:7071/api/proposals/p/attachments/a.md", body=b"",
        headers={"x-greenlight-user": "Ines", **headers}, route_params={"proposalId": "p", "name": "a.md"},
    )  # fmt: skip
    assert (await call(put_attachment, req=request, client=client)).status_code == status


async def test_a_proposal_accepts_a_limited_number_of_files(ines, stored):
    """An existing one may still be replaced."""
    proposal_id = await ines.begin()
    for number in range(MOST_ATTACHMENTS):
        assert (await ines.put_file(proposal_id, f"{number}.md", b"%d" % number)).status == 201
    told = await ines.put_file(proposal_id, "more.md", TEXT)
    assert (told.status, told.body["code"]) == (409, "conflict")
    assert len(stored(proposal_id)) == MOST_ATTACHMENTS
    assert (await ines.put_file(proposal_id, "0.md", TEXT)).status == 201


async def test_a_new_file_voids_earlier_approvals(ines):
    """An approval is for the document that was seen."""
    two = {**WITH_A_FILE, "policy": {"stages": [{"name": "design", "rule": "all", "approvers": ["Mara", "Jonas"]}]}}
    proposal_id = await ines.begin(two)
    await ines.by("Mara").act(proposal_id, "decisions", {"decision": "approve"})
    told = await ines.put_file(proposal_id, "a.md", TEXT)
    assert (told.body["status"], told.body["round"]) == ("checking", 2)


# Getting


@pytest.mark.parametrize("user", ["Ines", "Mara", None])
async def test_people_with_a_part_read_a_file(ines, user):
    """As a download: nothing in it runs."""
    proposal_id = await ines.begun_once(WITH_A_FILE)
    told = await ines.by(user).get_file(proposal_id, "note.md")
    assert (told.status, told.body) == (200, b"# Mill Stream\n")
    assert told.headers["Content-Type"] == "text/markdown; charset=utf-8"
    assert told.headers["Content-Disposition"] == "attachment; filename*=UTF-8''note.md"
    assert told.headers["X-Content-Type-Options"] == "nosniff"
    assert told.headers["Cache-Control"] == "no-store"
    assert told.headers["Content-Security-Policy"].endswith("sandbox")


async def test_others_do_not_read_a_file(ines):
    """403, whether the file exists or not."""
    proposal_id = await ines.begun_once(WITH_A_FILE)
    for name in ("note.md", "none.md"):
        assert (await ines.by("Somebody").get_file(proposal_id, name)).status == 403


@pytest.mark.parametrize("name", ["none.md", "NOTE.MD", "../note.md", "..", "%2e%2e", "", "\0", "\ud800"])
async def test_a_file_that_the_record_does_not_name_is_404(ines, name):
    """Even if the container holds it."""
    proposal_id = await ines.begun_once(WITH_A_FILE)
    assert (await ines.get_file(proposal_id, name)).status == 404


async def test_the_blob_of_another_proposal_is_not_served(ines, stored):
    """Neither by its name nor by its path."""
    theirs = await ines.begin(WITH_A_FILE)
    mine = await ines.begun_once({**WITH_A_FILE, "title": "Mine", "attachments": []})
    (blob,) = stored(theirs)
    for name in (blob, f"../{blob}", blob.rpartition("/")[2], "note.md"):
        assert (await ines.get_file(mine, name)).status == 404


async def test_a_file_name_is_found_in_either_unicode_form(ines):
    """Some systems write a letter and its accent separately."""
    proposal_id = await ines.begin()
    await ines.put_file(proposal_id, "U\u0308ber.md", TEXT)
    for name in ("Über.md", "U\u0308ber.md"):
        assert (await ines.get_file(proposal_id, name)).body == TEXT


async def test_a_changed_or_missing_blob_is_reported(ines, stored, azurite):
    """Nobody may decide by another document than the recorded one."""
    proposal_id = await ines.begin(WITH_A_FILE)
    (blob,) = stored(proposal_id)
    with BlobServiceClient.from_connection_string(azurite.connection_string) as service:
        container = service.get_container_client("client-tests")
        container.upload_blob(blob, b"# Mall Stream\n", overwrite=True)
        changed = await ines.get_file(proposal_id, "note.md")
        container.delete_blob(blob)
        gone = await ines.get_file(proposal_id, "note.md")
    assert (changed.status, changed.body["code"], gone.status) == (500, "tampered", 410)
    assert gone.body["whatToDo"]
