"""Files that are added on the page of a proposal: by whom, what becomes of them, and what is said where it fails."""

from typing import Any

import pytest

from approvals.attachments import MOST_ATTACHMENTS
from approvals.record.verdict import Tampered
from approvals.rules.verbs import VERBS, Attach
from clients.ui.added_files import add_files
from clients.ui.proposal import show_proposal
from gateways.attachments import BlobAttachments
from pages.verb_forms import ATTACH, FORMS
from services import desk
from services.review_changes import Unknown
from tests.clients.front import FORM, Front
from tests.clients.ui.pages import Browser, Shown
from tests.clients.ui.test_proposal import PLAN, begun, kinds, look

NOTE = ("note.md", b"# A note\n")


@pytest.fixture(autouse=True)
def _development(monkeypatch):
    """Who somebody is they choose."""
    monkeypatch.setenv("AUTH_MODE", "development")


async def add(client, proposal: str, *files: tuple[str, bytes], user: str = "Ines", **headers: str) -> Shown:
    """Send the form."""
    path, route = f"/api/ui/proposals/{proposal}/files", {"proposalId": proposal}
    return await Browser(client, user, **headers).upload(add_files, path, {}, files, route)


async def names(client, proposal: str) -> list[str]:
    """Return the files that are on record."""
    return [each["name"] for each in (await Front(client).show(proposal)).body["attachments"]]


async def test_the_author_adds_files_and_is_led_back(client):
    """Each with an entry of its own, and the page says so."""
    proposal = await begun(client)
    sent = await add(client, proposal, NOTE, ("plan.txt", b"Of oak.\n"))
    assert (sent.status, sent.headers["Location"]) == (303, f"/api/ui/proposals/{proposal}?done=attach")
    assert await names(client, proposal) == ["note.md", "plan.txt"]
    assert (await kinds(client, proposal)).count("attached") == 2
    page = await look(proposal, "Ines", done=ATTACH)
    assert "The files are on record." in page.text


async def test_a_file_takes_the_place_of_the_one_of_its_name(client):
    """And the same once more changes nothing."""
    proposal = await begun(client)
    for content in (b"# One\n", b"# Two\n", b"# Two\n"):
        assert (await add(client, proposal, ("note.md", content))).status == 303
    assert await names(client, proposal) == ["note.md"]
    assert (await kinds(client, proposal)).count("attached") == 2


@pytest.mark.parametrize(("user", "status"), [("Mara", 403), ("Eve", 403)])
async def test_nobody_but_the_author_adds_a_file_and_nothing_is_stored(client, monkeypatch, user, status):
    """As with the API."""
    proposal = await begun(client)
    stored = list[Any]()
    monkeypatch.setattr(BlobAttachments, "keep", lambda _, uploads: stored.append(uploads))
    sent = await add(client, proposal, NOTE, user=user)
    assert (sent.status, stored, await names(client, proposal)) == (status, [], [])
    assert "/files" not in (await look(proposal, user)).html


async def test_to_a_proposal_that_has_ended_nothing_is_added(client):
    """The form is not there, and one that is still open elsewhere is told why."""
    proposal = await begun(client)
    assert (await Front(client).act(proposal, "withdraw", {"by": "Ines"})).status == 200
    assert "/files" not in (await look(proposal, "Ines")).html
    sent = await add(client, proposal, NOTE)
    assert (sent.status, "as long as the proposal is not decided" in sent.text) == (403, True)


async def test_a_file_that_is_not_accepted_is_told_and_the_others_are_taken(client):
    """Beside the field, which is open."""
    proposal = await begun(client)
    sent = await add(client, proposal, NOTE, ("odd.exe", b"MZ\x00\x01"))
    assert (sent.status, 'id="files-fault"' in sent.html, "odd.exe" in sent.text) == (400, True, True)
    assert "<details open> <summary>Add or replace files" in sent.text
    assert await names(client, proposal) == ["note.md"]


async def test_a_form_without_a_file_is_told(client):
    """A browser would not send it."""
    proposal = await begun(client)
    sent = await add(client, proposal)
    assert (sent.status, "Choose at least one file." in sent.text) == (400, True)


async def test_more_files_than_a_proposal_may_have_are_not_begun_with(client):
    """To replace one is always possible."""
    proposal = await begun(client)
    full = [(f"{number}.md", b"# A\n") for number in range(MOST_ATTACHMENTS)]
    assert (await add(client, proposal, *full)).status == 303
    sent = await add(client, proposal, NOTE)
    assert (sent.status, f"at most {MOST_ATTACHMENTS}" in sent.text) == (400, True)
    assert "/files" in (await look(proposal, "Ines")).html
    assert (await add(client, proposal, ("0.md", b"# Another\n"))).status == 303


async def test_a_full_proposal_takes_a_replacement_whose_name_is_composed_differently(client):
    """A Mac sends an e and an accent where others send one letter; on record they are the same name."""
    proposal = await begun(client)
    full = [("\u00e9.md", b"# A\n"), *((f"{number}.md", b"# A\n") for number in range(MOST_ATTACHMENTS - 1))]
    assert (await add(client, proposal, *full)).status == 303
    assert (await add(client, proposal, ("e\u0301.md", b"# Another\n"))).status == 303
    assert len(await names(client, proposal)) == MOST_ATTACHMENTS


@pytest.mark.parametrize(
    ("kept", "said"),
    [
        ([], "Answers that were given no longer count, and people are asked again."),
        (["addedFiles"], "Answers that were given stay valid if you only add files."),
    ],
)
async def test_the_form_says_what_becomes_of_answers(client, kept, said):
    """The policy says what may change while they stay valid."""
    proposal = await begun(client, policy={**PLAN, "keepAnswersOn": kept})
    assert said in (await look(proposal, "Ines")).text


async def test_while_the_author_changes_it_a_file_belongs_to_the_next_round(client):
    """Nobody is asked about it before it is handed in again."""
    proposal = await Front(client).begin(FORM)
    assert (await Front(client).act(proposal, "changes", {"approver": "Mara", "comment": "Oak."})).status == 200
    assert "They belong to what you hand in again." in (await look(proposal, "Ines")).text
    assert (await add(client, proposal, NOTE)).status == 303
    assert (await Front(client).show(proposal)).body["status"] == "changesRequested"


async def test_what_goes_wrong_meanwhile_is_told(client, monkeypatch):
    """The record was changed, or is not there any more."""
    proposal = await begun(client)

    async def changed(*_: object) -> None:
        raise Tampered(2, "it is not what was written")

    async def gone(*_: object) -> Unknown:
        return Unknown()

    for act, told in ((changed, "an operator has to check it"), (gone, "There is no such proposal any more")):
        with monkeypatch.context() as patch:
            patch.setattr(desk, "act", act)
            sent = await add(client, proposal, NOTE)
        assert (sent.status, told in sent.text) == (400, True)


async def test_a_page_of_another_site_adds_nothing(client):
    """As everywhere."""
    proposal = await begun(client)
    evil = {"origin": "https://evil.example", "sec-fetch-site": "cross-site"}
    assert (await add(client, proposal, NOTE, **evil)).status == 403
    assert await names(client, proposal) == []


async def test_every_verb_of_the_api_is_on_the_page_or_on_one_that_it_leads_to(client):
    """What the API takes, a person can do here: the changes that an approver wants are one of the answers."""
    elsewhere = {"changes": "decisions", "resubmit": "/resubmit"}
    on_the_page = {verb for verb in VERBS if elsewhere.get(verb, verb) in FORMS} | {"resubmit"}
    assert on_the_page == set(VERBS)
    assert Attach not in VERBS.values()
    proposal = await Front(client).begin(FORM)
    seen = (await look(proposal, "Mara")).html + (await look(proposal, "Ines")).html
    await Front(client).act(proposal, "delegate", {"from": "Mara", "to": "Dora"})
    seen += (await look(proposal, "Mara")).html
    assert 'name="decision" value="changes"' in seen
    document = (await Front(client).show(proposal)).body["document"]
    wish = {"approver": "Jonas", "comment": "Oak.", "document": document}
    assert (await Front(client).act(proposal, "changes", wish)).status == 200
    route = {"proposalId": proposal}
    seen += (await Browser(user="Ines").get(show_proposal, f"/api/ui/proposals/{proposal}", route)).html
    assert f"/api/ui/proposals/{proposal}/resubmit" in seen
    assert [verb for verb in FORMS if f'name="verb" value="{verb}"' not in seen] == []
    assert f"/api/ui/proposals/{proposal}/files" in seen
