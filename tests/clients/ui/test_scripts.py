"""The script files: what there is, what is not, and that a page names the one that there is."""

import re

import pytest

from clients.ui.scripts import get_script
from clients.ui.submit import show_submit_page
from gateways import rates
from pages.scripts import NAMES, script_address
from tests.clients.ui.pages import Browser, Shown
from tests.security.test_s13_headers_and_markup import faults


@pytest.fixture(autouse=True)
def _development(monkeypatch):
    """Who somebody is they choose."""
    monkeypatch.setenv("AUTH_MODE", "development")


async def get(name: str) -> Shown:
    """Ask for a file, as nobody in particular."""
    return await Browser().get(get_script, f"/api/ui/static/{name}", {"name": name})


@pytest.mark.parametrize("name", NAMES)
async def test_a_file_is_sent_to_everybody_once(name):
    """Browsers run it only under its own type."""
    shown = await get(name)
    assert (shown.status, shown.html.startswith('"use strict";')) == (200, True)
    assert shown.headers["Cache-Control"].endswith("immutable")
    assert faults({**shown.headers, "Cache-Control": "no-store"}) == []


@pytest.mark.parametrize("name", ["none.js", "../scripts.py", "", "times.js/../fresh.js"])
async def test_nothing_else_is_a_file(name):
    """Whatever is asked for."""
    assert (await get(name)).status == 404


async def test_a_page_names_files_that_there_are_by_their_content(client):
    """So a browser that has kept an earlier one asks for the new one."""
    page = await Browser(client, "Ines").get(show_submit_page, "/api/ui/submit")
    sources = re.findall(r'<script src="([^"]+)" defer></script>', page.html)
    assert sources == [script_address(name) for name in ("times.js", "uploads.js", "preview.js")]
    assert len({source.partition("?v=")[2] for source in sources}) == 3
    assert page.html.count("<script") == 3


async def test_too_many_questions_are_told_so(monkeypatch):
    """As on every route that is open to everybody."""
    monkeypatch.setenv("REQUESTS_PER_MINUTE", "1")
    rates.open_buckets.cache_clear()
    assert [(await get("times.js")).status for _ in range(2)] == [200, 429]
    rates.open_buckets.cache_clear()
