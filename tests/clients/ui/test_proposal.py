"""The page of a proposal: who sees it, what they can do there, and what happens where it is not taken."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from azure.core.pipeline.transport import RequestsTransport

from clients.ui.proposal import act_from_proposal, show_proposal
from gateways.attachments import BlobAttachments
from gateways.review_records import BlobRecords
from services import desk
from services.review_changes import Contention, Unknown
from tests.clients.front import FORM, Front
from tests.clients.ui.pages import Browser, Shown
from tests.clients.ui.test_submit import FOOTBRIDGE
from tests.records import rewrite

PLAN = {
    "stages": [
        {"name": "design", "approvers": ["Mara", "Jonas"], "rule": "all"},
        {"name": "works", "approvers": ["Cem"]},
    ],
    "outcomes": {"with conditions": "approve"},
}


@pytest.fixture(autouse=True)
def _development(monkeypatch):
    """Who somebody is they choose."""
    monkeypatch.setenv("AUTH_MODE", "development")


async def begun(client, **more: Any) -> str:
    """Return a proposal whose first stage is open."""
    return await Front(client).begin({**FORM, "policy": PLAN, **more})


async def look(proposal: str, user: str | None = "Mara", **params: str) -> Shown:
    """Return its page as somebody sees it."""
    route = {"proposalId": proposal}
    return await Browser(user=user).get(show_proposal, f"/api/ui/proposals/{proposal}", route, **params)


async def send(client, proposal: str, user: str, verb: str, page: Shown | None = None, **fields: str) -> Shown:
    """Send a form of the page, which is looked at now where no earlier one is given."""
    page = page or await look(proposal, user)
    document = re.search(r'name="document" value="(\w+)"', page.html)
    sent = {"verb": verb, "document": document[1] if document else "0" * 64, **fields}
    path, route = f"/api/ui/proposals/{proposal}", {"proposalId": proposal}
    return await Browser(client, user).post(act_from_proposal, path, sent, route)


async def kinds(client, proposal: str) -> list[str]:
    """Return what is in the record."""
    return [entry["kind"] for entry in (await Front(client).audit(proposal)).body["entries"]]


@contextmanager
def counted(monkeypatch) -> Iterator[list[str]]:
    """Collect the calls to storage."""
    calls, real = list[str](), RequestsTransport.send

    def counting(self: RequestsTransport, request: Any, **options: Any) -> Any:
        calls.append(f"{request.method} {request.url}")
        return real(self, request, **options)

    with monkeypatch.context() as patch:
        patch.setattr(RequestsTransport, "send", counting)
        yield calls


@pytest.mark.parametrize("user", ["Ines", "Mara", "Jonas", "Cem"])
async def test_everybody_with_a_part_sees_the_proposal(client, user):
    """Its author, people asked now, and people asked later."""
    page = await look(await begun(client), user)
    assert page.status == 200
    assert "Footbridge" in page.html
    assert "frame-src 'self'" in page.headers["Content-Security-Policy"]


async def test_a_person_who_has_decided_still_sees_it(client):
    """Also after its end."""
    proposal = await begun(client)
    assert (await send(client, proposal, "Mara", "decisions", decision="approve")).status == 303
    assert (await look(proposal)).status == 200
    assert (await send(client, proposal, "Ines", "withdraw")).status == 303
    page = await look(proposal)
    assert (page.status, "Withdrawn" in page.html) == (200, True)


async def test_nobody_else_sees_it(client):
    """The answer is the same as for an unknown proposal."""
    proposal = await begun(client)
    refused = await look(proposal, "Eve")
    assert (refused.status, "You have no part in this proposal" in refused.html) == (403, True)
    assert "Footbridge" not in refused.html
    gone = await look("there-is-none")
    assert (gone.status, "There is no such proposal" in gone.html) == (404, True)
    assert (await look(proposal, None)).headers["Location"] == "/api/ui/act-as"
    assert (await send(client, proposal, "Eve", "comments", comment="Hello.")).status == 403


async def test_a_damaged_record_is_not_shown(client, azurite):
    """Nothing may be decided by it."""
    proposal = await begun(client)
    page = await look(proposal)
    rewrite(azurite.connection_string, proposal, lambda content: content.replace(b"Mara", b"Evil"))
    for shown in (await look(proposal), await send(client, proposal, "Mara", "comments", page, comment="Hm.")):
        assert (shown.status, "cannot be shown" in shown.html) == (500, True)


async def test_a_record_damaged_after_the_page_was_loaded_is_reported(client, azurite, monkeypatch):
    """The action finds the damage."""
    proposal = await begun(client)
    page = await look(proposal)
    real = BlobRecords.append

    def too_late(*given: Any, **after: Any) -> Any:
        rewrite(azurite.connection_string, proposal, lambda content: content.replace(b"Mara", b"Evil"))
        return real(*given, **after)

    monkeypatch.setattr(BlobRecords, "append", too_late)
    shown = await send(client, proposal, "Mara", "comments", page, comment="Hm.")
    assert (shown.status, "cannot be shown" in shown.html) == (500, True)


@pytest.mark.parametrize(
    ("user", "verb", "fields", "kind"),
    [
        ("Mara", "decisions", {"decision": "with conditions", "comment": "A ramp."}, "decided"),
        ("Mara", "decisions", {"decision": "changes", "comment": "Use oak."}, "changesRequested"),
        ("Cem", "decisions", {"decision": "approve"}, "decided"),
        ("Mara", "comments", {"comment": "Who pays?\r\nWe do."}, "commented"),
        ("Mara", "delegate", {"to": "Dora", "comment": "On leave."}, "delegated"),
        ("Mara", "reassign", {"to": "Dora"}, "reassigned"),
        ("Ines", "remind", {}, "reminded"),
        ("Ines", "withdraw", {"comment": "No money."}, "ended"),
    ],
)
async def test_each_form_is_recorded_and_leads_back_to_the_page(client, user, verb, fields, kind):
    """Which shows the result."""
    proposal = await begun(client)
    sent = await send(client, proposal, user, verb, **fields)
    assert (sent.status, sent.headers["Location"]) == (303, f"/api/ui/proposals/{proposal}?done={verb}")
    assert kind in await kinds(client, proposal)
    page = await look(proposal, user, done=verb)
    assert 'role="status"' in page.html
    for words in fields.values():
        assert words in ("approve", "changes") or words.split("\r\n")[0] in page.html


async def test_a_task_is_taken_back(client):
    """By the person who delegated it."""
    proposal = await begun(client)
    await send(client, proposal, "Mara", "delegate", to="Dora")
    assert (await send(client, proposal, "Mara", "takeBack")).status == 303
    assert "Your answer is asked for" in (await look(proposal)).text


async def test_a_form_about_a_changed_document_is_refused_with_the_changes(client):
    """The typed text is kept, and the answer can be given for the new document."""
    proposal = await begun(client)
    page = await look(proposal)
    await Front(client, "Ines").put_file(proposal, "plan.md", b"# A plan\n")
    await Front.check(proposal)
    refused = await send(client, proposal, "Mara", "decisions", page, decision="approve", comment="As agreed.")
    assert refused.status == 409
    assert "the document has changed since the page was shown" in refused.html
    assert "Ines added plan.md" in refused.text
    assert "\nAs agreed.</textarea>" in refused.html
    assert "decided" not in await kinds(client, proposal)
    again = await send(client, proposal, "Mara", "decisions", refused, decision="approve", comment="As agreed.")
    assert again.status == 303


async def test_every_kind_of_form_about_a_changed_document_is_refused(client):
    """A delegation too."""
    proposal = await begun(client)
    page = await look(proposal)
    await Front(client, "Ines").put_file(proposal, "plan.md", b"# A plan\n")
    refused = await send(client, proposal, "Mara", "delegate", page, to="Dora", comment="Yours.")
    assert (refused.status, "Yours." in refused.html) == (409, True)


async def test_a_late_form_says_who_was_faster_and_keeps_the_text(client):
    """Although the page has no form for it any more."""
    proposal = await begun(client)
    page = await look(proposal)
    await send(client, proposal, "Ines", "withdraw")
    refused = await send(client, proposal, "Mara", "decisions", page, decision="reject", comment="Too dear.")
    assert refused.status == 409
    assert "The proposal was withdrawn by Ines" in refused.text
    assert 'What you wrote:</p> <p class="words" dir="auto">Too dear.</p>' in refused.text


@pytest.mark.parametrize(
    ("verb", "fields", "told"),
    [
        ("decisions", {"comment": "Hm."}, "Choose one of these answers."),
        ("decisions", {"decision": "perhaps"}, "Choose one of these answers."),
        ("decisions", {"decision": "changes"}, "Say what to change; the author reads it."),
        ("comments", {"comment": "  "}, "aria-invalid"),
        ("comments", {"comment": "x" * 8_001}, "aria-invalid"),
        ("delegate", {"to": ""}, "Give the name of one person, in one line."),
        ("reassign", {"to": "a\u202eb"}, "Give the name of one person, in one line."),
        ("resubmit", {}, "The form is not one of this page"),
        ("", {}, "The form is not one of this page"),
        ("comments", {"comment": "Hm.", "document": "x"}, "The form is not one of this page"),
    ],
)
async def test_a_form_with_a_fault_comes_back_with_it(client, verb, fields, told):
    """Beside its field, and nothing is recorded."""
    proposal = await begun(client)
    sent = await send(client, proposal, "Mara", verb, **fields)
    assert sent.status == 400
    assert 'role="alert"' in sent.html
    assert told in sent.html
    assert len(await kinds(client, proposal)) == 3


@pytest.mark.parametrize(
    ("user", "verb", "fields", "status", "told"),
    [
        ("Mara", "withdraw", {}, 403, "Only the author Ines may withdraw the proposal."),
        ("Ines", "decisions", {"decision": "approve"}, 403, "Ines wrote the proposal and may not decide on it."),
        ("Mara", "delegate", {"to": "Jonas"}, 409, "Jonas is already asked in this stage and can answer only once."),
        ("Mara", "delegate", {"to": "eve@evil.example"}, 403, "an address outside of the directory"),
        ("Mara", "takeBack", {}, 403, "Mara has delegated no task"),
    ],
)
async def test_a_refusal_of_the_rules_is_shown_with_the_reason(client, user, verb, fields, status, told):
    """In the rules' words."""
    proposal = await begun(client)
    refused = await send(client, proposal, user, verb, **fields)
    assert (refused.status, told in refused.text) == (status, True)


async def test_a_second_reminder_within_an_hour_is_refused(client):
    """It would be a burden."""
    proposal = await begun(client)
    page = await look(proposal, "Ines")
    await send(client, proposal, "Ines", "remind")
    assert (await send(client, proposal, "Ines", "remind", page)).status == 429


async def test_a_body_that_is_no_form_is_not_read(client):
    """Broken JSON, another type, or too much."""
    proposal = await begun(client)
    path, route = f"/api/ui/proposals/{proposal}", {"proposalId": proposal}
    odd = Browser(client, "Mara")
    assert (await odd.upload(act_from_proposal, path, {"verb": "comments"}, route=route)).status == 415
    assert (await odd.post(act_from_proposal, path, {"comment": "x" * 200_000}, route)).status == 413
    assert (await odd.post(act_from_proposal, path, [("verb", "a"), ("verb", "b")], route)).status == 400


async def test_a_proposal_removed_after_the_page_was_loaded_is_404(client, monkeypatch):
    """Only an operator can remove a record."""
    proposal = await begun(client)

    async def gone(*_: object) -> Unknown:
        return Unknown()

    monkeypatch.setattr(desk, "act", gone)
    assert (await send(client, proposal, "Mara", "comments", comment="Hm.")).status == 303


async def test_a_form_that_lost_every_race_may_be_sent_again(client, monkeypatch):
    """Nothing was recorded."""
    proposal = await begun(client)

    async def crowded(*_: object) -> None:
        raise Contention("others were faster")

    monkeypatch.setattr(desk, "act", crowded)
    sent = await send(client, proposal, "Mara", "comments", comment="Hm.")
    assert (sent.status, sent.headers["Retry-After"]) == (503, "1")


async def test_a_page_of_another_site_can_do_nothing(client):
    """Its form would use the visitor's session."""
    proposal = await begun(client)
    path, route = f"/api/ui/proposals/{proposal}", {"proposalId": proposal}
    evil = Browser(client, "Mara", **{"origin": "https://evil.example", "sec-fetch-site": "cross-site"})
    assert (await evil.post(act_from_proposal, path, {"verb": "remind"}, route)).status == 403


async def test_the_page_costs_few_calls_and_few_bytes(client, monkeypatch):
    """However many files the proposal has."""
    proposal = await begun(client, summary="A bridge. " * 100)
    front = Front(client, "Ines")
    for number in range(6):
        await front.put_file(proposal, f"note {number}.md", f"# Note {number}\n".encode() + b"Of oak. " * 600)
    await front.put_file(proposal, "elevation.png", (FOOTBRIDGE / "elevation.png").read_bytes())
    await front.put_file(proposal, "note 0.md", b"# Note 0\nOf steel.\n")
    await Front.check(proposal)
    for number in range(5):
        await Front(client, "Mara").act(proposal, "comments", {"comment": f"Remark {number}. " * 10})
    with counted(monkeypatch) as calls:
        page = await look(proposal)
    assert page.status == 200
    assert len(calls) <= 6, calls
    assert len(page.html.encode()) <= 60 * 1024


async def test_a_missing_text_file_does_not_break_the_page(client, monkeypatch):
    """The file's own page says what is wrong."""
    proposal = await begun(client)
    await Front(client, "Ines").put_file(proposal, "plan.md", b"# A plan\n")
    monkeypatch.setattr(BlobAttachments, "read", lambda *_: b"something else")
    page = await look(proposal)
    assert (page.status, "plan.md" in page.html, "something else" in page.html) == (200, True, False)
