"""The documents behind a decision link: its holder reads those of the proposal, and no others."""

import io
import uuid
from datetime import UTC, datetime

import pytest
from PIL import Image

from approvals.attachments import upload_of
from approvals.rules.verbs import Attach
from gateways.attachments import open_attachments
from tests.approvals.story import AUTHOR, BEGUN, Story, policy
from tests.clients.link_desk import KEYS, PUBLIC, Desk, text_of
from tests.gateways.hostile import Reader

ONE = policy({"name": "design", "approvers": ["Ana"], "windowHours": 10})


@pytest.fixture(autouse=True)
def _links(monkeypatch):
    """Give each test records of its own, keys, and the time at which its story begins."""
    monkeypatch.setenv("RECORDS_CONTAINER", f"records-{uuid.uuid4().hex}")
    monkeypatch.setenv("LINK_KEYS", ",".join(KEYS))
    monkeypatch.setenv("PUBLIC_URL", PUBLIC)
    monkeypatch.setenv("CLOCK_OFFSET_SECONDS", str((BEGUN - datetime.now(UTC)).total_seconds()))


def picture():
    """Return a small PNG."""
    held = io.BytesIO()
    Image.new("RGB", (4, 3), "white").save(held, "PNG")
    return held.getvalue()


@pytest.fixture
def documents(call, client, monkeypatch):
    """A proposal with a note and a picture, in storage."""
    monkeypatch.setenv("ATTACHMENTS_CONTAINER", f"files-{uuid.uuid4().hex}")
    story, kept = Story(ONE), {}
    for name, content in (("note ä.md", b"# Bench"), ("plan.png", picture())):
        upload = upload_of("p1", name, content)
        (kept[name],) = open_attachments().keep((upload,))
        story.judge(Attach(by=AUTHOR, **kept[name].model_dump()))
    return Desk(call, client, story.check())


async def test_the_holder_of_a_link_reads_the_documents(documents):
    """The page links each of them and shows pictures; a browser runs nothing in them."""
    page = Reader(text_of(await documents.get()))
    addresses = [attributes["href"] for tag, attributes in page.elements if tag == "a"]
    assert addresses == [
        f"decide/attachments/{name}?token={documents.token}" for name in ("note%20%C3%A4.md", "plan.png")
    ]
    assert [attributes["src"] for tag, attributes in page.elements if tag == "img"] == addresses[1:]
    assert "img-src 'self'; " in (await documents.get()).headers["Content-Security-Policy"]
    note = await documents.file("note ä.md")
    assert (note.status_code, note.get_body()) == (200, b"# Bench")
    assert note.headers["Content-Disposition"].startswith("attachment; ")
    assert note.headers["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'; sandbox"
    assert (note.headers["X-Content-Type-Options"], note.headers["Cache-Control"]) == ("nosniff", "no-store")
    assert (await documents.file("plan.png")).headers["Content-Type"] == "image/png"


async def test_a_link_opens_no_other_file_and_none_after_it_has_expired(documents):
    """Nor does a forged one."""
    assert (await documents.file("other.md")).status_code == 404
    assert (await documents.file("plan.png", "forged")).status_code == 403
    assert (await documents.file("plan.png", documents.token_of(proposal="gone"))).status_code == 404
    assert (await documents.post(decision="approve")).status_code == 200
    assert (await documents.file("plan.png")).status_code == 409
