"""Pages and the JSON of the same that are asked for again: 304 where nothing has changed, at few calls to storage."""

import re
from base64 import b64encode
from datetime import timedelta
from typing import Any

import pytest

from clients.operations import list_operations
from clients.proposals import get_proposal, list_proposals
from clients.ui.added_files import add_files
from clients.ui.files import show_file
from clients.ui.inbox import show_inbox
from clients.ui.operations import show_operations, show_workflow
from clients.ui.proposal import show_proposal
from clients.ui.reports import get_report, show_reports
from clients.ui.resubmit import show_resubmit_page
from clients.ui.submit import show_submit_page
from gateways import clock, report_rows
from gateways.attachments import BlobAttachments
from tests.clients.front import FORM, Front, request
from tests.clients.ui.pages import Browser, Shown
from tests.clients.ui.test_proposal import counted, send
from tests.clients.ui.test_submit import FOOTBRIDGE


@pytest.fixture(autouse=True)
def _everybody(monkeypatch):
    """Who somebody is they choose, everybody may see everything, and time stands still."""
    monkeypatch.setenv("AUTH_MODE", "development")
    monkeypatch.setenv("REPORT_READERS", "*")
    monkeypatch.setenv("OPERATORS", "*")
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now)
    report_rows._report_rows_of.cache_clear()


@pytest.fixture
async def proposal(hub):
    """A proposal with two texts and a picture, which the list knows."""
    files = {"plan.md": b"# Plan\n", "note.md": b"# Note\n", "site.png": (FOOTBRIDGE / "site-plan.png").read_bytes()}
    kinds = {"md": "text/markdown", "png": "image/png"}
    inline = [
        {"name": name, "contentType": kinds[name.rpartition(".")[2]], "content": b64encode(content).decode()}
        for name, content in files.items()
    ]
    found = await Front(hub).begin({**FORM, "attachments": inline})
    await Front.check(found)
    return found


PAGES = {
    "inbox": (show_inbox, "/api/ui/inbox"),
    "proposal": (show_proposal, "/api/ui/proposals/{id}"),
    "reports": (show_reports, "/api/ui/reports"),
    "operations": (show_operations, "/api/ui/operations"),
    "workflow": (show_workflow, "/api/ui/operations/workflow"),
    "file": (show_file, "/api/ui/proposals/{id}/files/plan.md"),
    "chart": (get_report, "/api/ui/reports/outcomes.svg"),
    "csv": (get_report, "/api/ui/reports/outcomes.csv"),
}


async def get(hub: Any, name: str, proposal: str, user: str = "Mara", known: str = "") -> Shown:
    """Ask for a page, perhaps with the tag of the one that its reader has."""
    function, path = PAGES[name]
    named = {"file": "plan.md", "chart": "outcomes.svg", "csv": "outcomes.csv"}.get(name, "")
    browser = Browser(hub, user, **({"if-none-match": known} if known else {}))
    params = {"id": proposal} if name == "workflow" else {}
    return await browser.get(function, path.format(id=proposal), {"proposalId": proposal, "name": named}, **params)


async def act(hub, proposal: str, verb: str, **fields: str) -> None:
    """Let somebody do something, and let the list know it."""
    document = (await Front(hub).show(proposal)).body["document"]
    done = await Front(hub).act(proposal, verb, {"document": document, **fields})
    assert done.status == 200, done
    await Front.check(proposal)


def state(page: Shown) -> str:
    """Return the state that a page names when it asks whether it is still true."""
    found = re.search(r'<main id="main" data-state="(\w+)"', page.html)
    assert found
    return f'"{found[1]}"'


@pytest.mark.parametrize("name", PAGES)
async def test_a_page_that_has_not_changed_is_not_sent_again(hub, proposal, name):
    """To whoever has it; to somebody else it is another page."""
    first = await get(hub, name, proposal)
    assert (first.status, first.headers["Cache-Control"]) == (200, "private, no-cache")
    again = await get(hub, name, proposal, known=first.headers["ETag"])
    assert (again.status, again.html) == (304, "")
    assert again.headers["Content-Security-Policy"] == first.headers["Content-Security-Policy"]
    if name not in ("chart", "csv"):
        other = await get(hub, name, proposal, user="Jonas", known=first.headers["ETag"])
        assert (other.status, other.headers["ETag"] != first.headers["ETag"]) == (200, True)


@pytest.mark.parametrize("name", ["inbox", "proposal", "reports", "operations"])
async def test_time_that_passes_makes_another_page_and_not_another_state(hub, proposal, name, monkeypatch):
    """Less time is left; but nobody has to be told that something has changed."""
    # Proposals of other tests are in the reports, so these are asked for when all of them are overdue.
    now = clock.now() + timedelta(days=1000 if name == "reports" else 0)
    monkeypatch.setattr(clock, "now", lambda: now)
    first = await get(hub, name, proposal)
    later = now + timedelta(hours=2)
    monkeypatch.setattr(clock, "now", lambda: later)
    asked = await get(hub, name, proposal, known=state(first))
    assert asked.status == 304
    if name in ("inbox", "proposal"):
        assert (await get(hub, name, proposal, known=first.headers["ETag"])).status == 200


@pytest.mark.parametrize("name", ["inbox", "proposal", "reports"])
async def test_what_happens_makes_another_state(hub, proposal, name):
    """An answer of somebody, here."""
    first = await get(hub, name, proposal)
    await act(hub, proposal, "decisions", approver="Jonas", decision="approve")
    for known in (state(first), first.headers["ETag"]):
        again = await get(hub, name, proposal, known=known)
        assert (again.status, state(again) != state(first)) == (200, True)


async def test_to_ask_whether_a_proposal_has_changed_costs_one_call(hub, proposal, monkeypatch):
    """Its texts are on record with their hashes, so they need not be read."""
    first = await get(hub, "proposal", proposal)
    for known in (first.headers["ETag"], state(first)):
        with counted(monkeypatch) as calls:
            assert (await get(hub, "proposal", proposal, known=known)).status == 304
        assert len(calls) == 1, calls


async def test_who_may_see_it_no_longer_is_told_so_and_not_that_it_is_as_it_was(hub, proposal, monkeypatch):
    """Rights are looked at before tags."""
    for name, setting in (("reports", "REPORT_READERS"), ("operations", "OPERATORS")):
        first = await get(hub, name, proposal)
        with monkeypatch.context() as patch:
            patch.setenv(setting, "Jonas")
            assert (await get(hub, name, proposal, known=first.headers["ETag"])).status == 403
    first = await get(hub, "proposal", proposal)
    refused = await get(hub, "proposal", proposal, user="Eve", known=first.headers["ETag"])
    assert (refused.status, refused.headers["Cache-Control"]) == (403, "no-store")


async def test_a_tab_that_is_closed_to_somebody_makes_another_page(hub, proposal, monkeypatch):
    """What they may see is a part of every page."""
    first = await get(hub, "inbox", proposal)
    monkeypatch.setenv("REPORT_READERS", "Jonas")
    assert (await get(hub, "inbox", proposal, known=first.headers["ETag"])).status == 200


async def test_forms_with_an_id_of_their_own_and_pages_with_faults_are_never_kept(hub, proposal):
    """Sent twice, such a form would be taken for what was handed in before."""
    await act(hub, proposal, "changes", approver="Mara", comment="Oak.")
    route = {"proposalId": proposal}
    author = Browser(hub, "Ines", **{"if-none-match": "*"})
    pages = [
        await author.get(show_submit_page, "/api/ui/submit"),
        await author.get(show_resubmit_page, f"/api/ui/proposals/{proposal}/resubmit", route),
        await author.upload(add_files, f"/api/ui/proposals/{proposal}/files", {}, route=route),
        await send(hub, proposal, "Ines", "comments", comment=""),
    ]
    assert [each.status for each in pages] == [200, 200, 400, 400]
    assert {each.headers["Cache-Control"] for each in pages} == {"no-store"}
    assert not any("ETag" in each.headers for each in pages)


async def test_a_page_without_a_text_that_is_gone_is_not_kept(hub, proposal, monkeypatch):
    """The text may be back the next time."""
    with monkeypatch.context() as patch:
        patch.setattr(BlobAttachments, "read", lambda *_: b"something else")
        page = await get(hub, "proposal", proposal)
    assert (page.status, page.headers["Cache-Control"]) == (200, "no-store")


@pytest.mark.parametrize("how", [{}, {"small": "true"}, {"download": "true"}])
async def test_a_picture_that_the_browser_has_is_not_read_again(proposal, monkeypatch, how):
    """Only the record is, which says who may see it."""
    target = show_file._function.get_user_function()
    query = "&".join(f"{name}={value}" for name, value in how.items())

    async def ask(known: str = ""):
        path = f"/api/ui/proposals/{proposal}/files/site.png?{query}"
        headers = {**Browser(user="Mara")._headers, "if-none-match": known}
        route = {"proposalId": proposal, "name": "site.png"}
        return await target(req=request("GET", path, headers=headers, params=how, route=route))

    first = await ask()
    assert first.status_code == 200
    with counted(monkeypatch) as calls:
        again = await ask(first.headers["ETag"])
    assert (again.status_code, len(calls)) == (304, 1)
    for header in ("Content-Type", "Content-Disposition", "Content-Security-Policy"):
        assert again.headers[header] == first.headers[header]


async def test_the_json_of_the_same_has_tags_too(hub, proposal):
    """The list, a proposal, and what needs somebody."""
    asked = {
        "list": lambda known: Front._call(list_proposals, request("GET", "/api/proposals", headers=known)),
        "proposal": lambda known: Front._call(
            get_proposal,
            request("GET", f"/api/proposals/{proposal}", headers=known, route={"proposalId": proposal}),
        ),
        "operations": lambda known: Front._call(list_operations, request("GET", "/api/ops", headers=known), client=hub),
    }
    for name, ask in asked.items():
        first = await ask({})
        assert (first.status, first.headers["Cache-Control"]) == (200, "private, no-cache"), name
        assert (await ask({"If-None-Match": first.headers["ETag"]})).status == 304, name
    known = {name: (await ask({})).headers["ETag"] for name, ask in asked.items() if name != "operations"}
    await act(hub, proposal, "decisions", approver="Mara", decision="reject")
    for name, tag in known.items():
        assert (await asked[name]({"If-None-Match": tag})).status == 200, name
