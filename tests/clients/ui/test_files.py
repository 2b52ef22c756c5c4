"""Files of a proposal to look at: who gets them, as what, and which version."""

from io import BytesIO

import azure.functions as func
import pytest
from azure.core.exceptions import ResourceNotFoundError
from PIL import Image

from clients.ui.files import THUMBNAIL, show_file
from clients.ui.proposal import show_proposal
from gateways.attachments import BlobAttachments
from gateways.images import Unreadable
from pages.document import LARGEST_SHOWN
from tests.clients.front import FORM, Front
from tests.clients.ui.pages import HOST, Browser, Shown
from tests.clients.ui.test_submit import FOOTBRIDGE

PDF = b"%PDF-1.4\n%%EOF\n"
"""Nothing that the pages look into."""


@pytest.fixture(autouse=True)
def _development(monkeypatch):
    """Who somebody is they choose."""
    monkeypatch.setenv("AUTH_MODE", "development")


@pytest.fixture
async def proposal(client):
    """A proposal with a file of each kind; one text was replaced."""
    found = await Front(client).begin(FORM)
    front = Front(client, "Ines")
    await front.put_file(found, "offer.txt", b"price 100\nfor a year\n")
    await front.put_file(found, "note.md", b"# Note\n<script>alert(1)</script>\n")
    await front.put_file(found, "plan.pdf", PDF)
    await front.put_file(found, "site.png", (FOOTBRIDGE / "site-plan.png").read_bytes())
    await front.put_file(found, "offer.txt", b"price 90\nfor a year\n")
    return found


async def get(proposal: str, name: str, user: str | None = "Mara", **params: str):
    """Return what is answered, as it came."""
    target = show_file._function.get_user_function()
    browser = Browser(user=user)
    route = {"proposalId": proposal, "name": name}
    return await target(
        req=func.HttpRequest("GET", HOST, headers=browser._headers, params=params, route_params=route, body=b"")
    )


async def page(proposal: str, name: str, **params: str) -> Shown:
    """Return a file's page."""
    return await Browser(user="Mara").get(show_file, "/", {"proposalId": proposal, "name": name}, **params)


async def test_a_markdown_file_has_a_page_without_active_content(proposal):
    """Formatted, with a way back and a download."""
    shown = await page(proposal, "note.md")
    assert shown.status == 200
    assert "<h2>Note</h2>" in shown.html
    assert "<script>" not in shown.html
    assert "alert(1)" in shown.text
    assert f'href="/api/ui/proposals/{proposal}"' in shown.html
    assert "download=true" in shown.html


async def test_a_text_has_a_page_for_each_version(proposal):
    """By its number, or by its round."""
    assert "price 90" in (await page(proposal, "offer.txt")).html
    assert "price 100" in (await page(proposal, "offer.txt", version="2")).html
    assert "Version 2 of 6" in (await page(proposal, "offer.txt", version="2")).text
    assert "price 90" in (await page(proposal, "offer.txt", round="9")).html
    assert "price 90" in (await page(proposal, "offer.txt", version="x")).html


async def test_two_versions_of_a_text_are_compared(proposal):
    """Line by line; a version without the file cannot be compared."""
    shown = await page(proposal, "offer.txt", since="2")
    assert "<del>- price 100</del><ins>+ price 90</ins>" in shown.html
    assert "Nothing changed" in (await page(proposal, "offer.txt", since="6")).text
    assert "<del>" not in (await page(proposal, "offer.txt", since="1")).html


async def test_a_picture_is_shown_in_a_sandbox(proposal):
    """On its own or in the page."""
    answer = await get(proposal, "site.png")
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "image/png")
    assert answer.headers["Content-Disposition"].startswith("inline")
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]


async def test_a_page_shows_a_small_copy_of_a_picture(proposal, monkeypatch):
    """Ten drawings would load slowly; a picture that cannot be scaled is shown unchanged."""
    whole, small = await get(proposal, "site.png"), await get(proposal, "site.png", small="true")
    with Image.open(BytesIO(small.get_body())) as picture:
        assert max(picture.size) == THUMBNAIL
    assert small.headers["Content-Security-Policy"] == whole.headers["Content-Security-Policy"]

    def unreadable(*_: object, **__: object) -> None:
        raise Unreadable("it is damaged")

    monkeypatch.setattr("clients.ui.files.scale", unreadable)
    assert (await get(proposal, "site.png", small="true")).get_body() == whole.get_body()
    assert "price 90" in (await page(proposal, "offer.txt", small="true")).html


async def test_a_pdf_may_be_framed_by_the_apps_own_pages(proposal):
    """For the browser's viewer; nothing in it loads or sends anything."""
    answer = await get(proposal, "plan.pdf")
    assert (answer.get_body(), answer.headers["Content-Type"]) == (PDF, "application/pdf")
    assert answer.headers["X-Frame-Options"] == "SAMEORIGIN"
    policy = answer.headers["Content-Security-Policy"]
    assert policy.split("; ") == ["default-src 'none'", "frame-ancestors 'self'", "base-uri 'none'"]


@pytest.mark.parametrize("name", ["site.png", "plan.pdf", "note.md"])
async def test_every_file_can_be_downloaded(proposal, name):
    """Unchanged."""
    answer = await get(proposal, name, download="true")
    assert answer.headers["Content-Disposition"] == f"attachment; filename*=UTF-8''{name}"
    assert "sandbox" in answer.headers["Content-Security-Policy"]


async def test_a_text_that_is_too_long_for_a_page_is_a_download(client, proposal):
    """A browser would be slow with it."""
    await Front(client, "Ines").put_file(proposal, "long.txt", b"x" * (LARGEST_SHOWN + 1))
    assert (await get(proposal, "long.txt")).headers["Content-Disposition"].startswith("attachment")


async def test_long_markdown_is_shown_unformatted(client, proposal):
    """Formatting could take long."""
    await Front(client, "Ines").put_file(proposal, "long.md", b"**a** " * 8_000)
    assert "**a** **a**" in (await page(proposal, "long.md")).html


@pytest.mark.parametrize(
    ("name", "params", "status"),
    [("other.md", {}, 404), ("note.md", {"version": "2"}, 404), ("note.md", {"version": "99"}, 404)],
)
async def test_an_unknown_file_or_version_is_404(proposal, name, params, status):
    """Also a file before it was added."""
    assert (await get(proposal, name, **params)).status_code == status


async def test_only_people_with_a_part_get_a_file(proposal):
    """As with the proposal itself."""
    assert (await get(proposal, "note.md", "Eve")).status_code == 403
    assert (await get(proposal, "note.md", None)).status_code == 303
    assert (await get("there-is-none", "note.md")).status_code == 404


async def test_a_missing_or_changed_file_is_not_shown(proposal, monkeypatch):
    """Somebody could decide by it."""
    monkeypatch.setattr(BlobAttachments, "read", lambda *_: b"something else")
    assert (await get(proposal, "note.md")).status_code == 500

    def gone(*_: object) -> bytes:
        raise ResourceNotFoundError

    monkeypatch.setattr(BlobAttachments, "read", gone)
    assert (await get(proposal, "note.md")).status_code == 410


@pytest.mark.parametrize(("readers", "is_shown"), [("*", True), ("", False)])
async def test_pages_around_files_and_proposals_leave_out_tabs_that_are_closed_to_a_person(
    proposal, monkeypatch, readers, is_shown
):
    """Like every other page."""
    monkeypatch.setenv("REPORT_READERS", readers)
    around_the_file = await page(proposal, "note.md")
    around_the_proposal = await Browser(user="Mara").get(show_proposal, "/", {"proposalId": proposal})
    assert [">Reports<" in each.html for each in (around_the_file, around_the_proposal)] == [is_shown, is_shown]
