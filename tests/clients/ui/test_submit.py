"""Handing in on a page: files are kept whatever else is wrong, and who will be asked can be seen beforehand."""

import io
import re
import uuid
from pathlib import Path

import pytest
from PIL import Image

from clients.ui.resubmit import resubmit_from_page, show_resubmit_page
from clients.ui.submit import read_cost, show_submit_page, submit_from_page
from tests.clients.front import FORM, Front
from tests.clients.ui.pages import Browser, Shown

PATH = "/api/ui/submit"
PLAN = ("plan.md", b"# A plan\n")
FOOTBRIDGE = Path(__file__).resolve().parents[3] / "examples" / "footbridge"


@pytest.fixture(autouse=True)
def _people(monkeypatch):
    """Who somebody is they choose, and the default policy has its people."""
    monkeypatch.setenv("AUTH_MODE", "development")
    monkeypatch.setenv("DESIGN_BOARD", "Mara; Jonas")
    monkeypatch.setenv("HEAD_OF_DESIGN", "Helena")


def form(**fields: str) -> dict[str, str]:
    """Return what somebody has typed."""
    return {"id": uuid.uuid4().hex, "title": "Footbridge", "currency": "EUR", "policy": "default", **fields}


async def send(client, fields, files=(), user="Ines") -> Shown:
    """Send the form."""
    return await Browser(client, user).upload(submit_from_page, PATH, fields, files)


def kept(page: Shown) -> list[tuple[str, str]]:
    """Return the hidden fields of the files that the page keeps."""
    return [("kept", value) for value in re.findall(r'name="kept" value="([^"]+)"', page.html)]


async def test_a_submission_is_recorded_with_its_files(client):
    """In the visitor's name."""
    fields = form(cost="148,500", department="works", summary="Over the stream.\r\nAnd back.")
    sent = await send(client, fields, [PLAN, ("elevation.png", (FOOTBRIDGE / "elevation.png").read_bytes())])
    assert (sent.status, sent.headers["Location"]) == (303, f"/api/ui/proposals/{fields['id']}?done=submitted")
    shown = (await Front(client).show(fields["id"])).body
    assert (shown["author"], shown["cost"], shown["summary"]) == ("Ines", 148500.0, "Over the stream.\nAnd back.")
    assert [each["name"] for each in shown["attachments"]] == ["plan.md", "elevation.png"]


async def test_a_form_sent_twice_is_one_proposal(client):
    """A double click, or a reloaded page."""
    fields = form()
    first, second = await send(client, fields, [PLAN]), await send(client, fields, [PLAN])
    assert first.headers["Location"] == second.headers["Location"]
    other = await send(client, {**fields, "title": "Another bridge"}, [PLAN])
    assert (other.status, "already submitted" in other.text) == (409, True)


async def test_a_fault_is_shown_at_its_field_and_no_file_is_lost(client):
    """The next form keeps the files."""
    fields = form(title="", cost="many", currency="XX")
    faulty = await send(client, fields, [PLAN, ("odd.exe", b"MZ\x00\x01")])
    assert faulty.status == 400
    for name in ("title", "cost", "currency", "files"):
        assert f'id="{name}-fault"' in faulty.html, name
    assert "Your files are kept" in faulty.text
    assert [value.partition(" ")[2] for _, value in kept(faulty)] == ["plan.md"]
    mended = [*form(id=fields["id"]).items(), *kept(faulty)]
    sent = await send(client, mended)
    assert sent.status == 303
    assert [each["name"] for each in (await Front(client).show(fields["id"])).body["attachments"]] == ["plan.md"]


async def test_a_kept_picture_is_the_submitted_one(client):
    """It is cleaned once; cleaning it again changes nothing."""
    stream = io.BytesIO()
    Image.effect_noise((40, 30), 60).save(stream, "JPEG", quality=80)
    fields = form(title="")
    faulty = await send(client, fields, [("photo.jpg", stream.getvalue())])
    sent = await send(client, [*form(id=fields["id"]).items(), *kept(faulty)])
    assert sent.status == 303
    (attachment,) = (await Front(client).show(fields["id"])).body["attachments"]
    assert (attachment["name"], attachment["contentType"]) == ("photo.jpg", "image/jpeg")


async def test_a_kept_file_can_be_removed_or_replaced(client):
    """What the page shows is submitted."""
    fields = form(action="preview")
    shown = await send(client, fields, [PLAN, ("note.txt", b"Old.")])
    note = next(value for _, value in kept(shown) if value.endswith("note.txt"))
    again = [*form(id=fields["id"]).items(), *kept(shown), ("drop", note)]
    sent = await send(client, again, [("plan.md", b"# A better plan\n")])
    assert sent.status == 303
    (attachment,) = (await Front(client).show(fields["id"])).body["attachments"]
    assert (attachment["name"], attachment["size"]) == ("plan.md", 16)


@pytest.mark.parametrize("blob", ["p-other/{hash}.md", "../{hash}.md", "{id}/../x.md", "{id}/{hash}.md"])
async def test_a_form_cannot_claim_files_that_it_did_not_store(client, blob):
    """Neither another proposal's nor an unknown one."""
    fields = form()
    name = blob.format(id=fields["id"], hash="a" * 32)
    sent = await send(client, [*fields.items(), ("kept", f"{name} plan.md")])
    assert (sent.status, "choose it again" in sent.text) == (400, True)


async def test_the_preview_shows_who_must_approve_and_submits_nothing(client):
    """Also of a proposal without a title."""
    fields = form(title="", action="preview")
    shown = await send(client, fields, [PLAN])
    assert shown.status == 200
    assert "Mara and Jonas" in shown.text
    assert kept(shown)
    assert (await Front(client).show(fields["id"])).status == 404


async def test_a_policy_for_others_is_refused_at_its_field(client):
    """The API has the same rules."""
    sent = await send(client, form(policy="emergency", cost="10", department="works"))
    assert (sent.status, 'id="policy-fault"' in sent.html) == (400, True)


async def test_too_many_files_are_reported(client):
    """None is lost: the author can remove some."""
    sent = await send(client, form(), [(f"{number}.md", b"# A") for number in range(11)])
    assert (sent.status, "at most 10" in sent.text, len(kept(sent))) == (400, True, 11)


async def test_the_empty_form_has_a_new_id_and_every_policy(client):
    """Two forms are two proposals."""
    pages = [await Browser(client, "Ines").get(show_submit_page, PATH) for _ in range(2)]
    ids = {re.findall(r'name="id" value="(\w+)"', page.html)[0] for page in pages}
    assert len(ids) == 2
    assert all(f'value="{name}"' in pages[0].html for name in ("default", "small-purchase", "two-person-rule"))


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("148500", 148500.0), ("148,500", 148500.0), ("1 234 567.50", 1234567.5), ("12.50", 12.5), ("0", 0.0),
        ("12,5", "12,5"), ("-1", "-1"), ("1e5", "1e5"), ("many", "many"), ("1.2.3", "1.2.3"), ("٣", 3.0),
    ],
)  # fmt: skip
def test_an_amount_is_read_as_people_type_it(typed, read):
    """And never guessed: a decimal comma is refused."""
    assert read_cost(typed) == read


# Handing in again


async def sent_back(client) -> str:
    """Return a proposal for which changes were asked."""
    front = Front(client)
    proposal = await front.begin({**FORM, "summary": "Of oak."})
    assert (await front.act(proposal, "changes", {"approver": "Mara", "comment": "Use larch."})).status == 200
    return proposal


def route(proposal: str) -> dict[str, str]:
    """Return what the host reads from the address."""
    return {"proposalId": proposal}


async def test_the_resubmission_form_shows_the_request_and_the_present_values(client):
    """So that the author need not remember them."""
    proposal = await sent_back(client)
    page = await Browser(client, "Ines").get(
        show_resubmit_page, f"/api/ui/proposals/{proposal}/resubmit", route(proposal)
    )
    assert page.status == 200
    for shown in ("Use larch.", "Mara", "Of oak.", 'value="Footbridge"'):
        assert shown in page.html


async def test_a_resubmission_has_new_words_and_files(client):
    """It starts another round."""
    proposal = await sent_back(client)
    path = f"/api/ui/proposals/{proposal}/resubmit"
    fields = {"title": "Footbridge", "summary": "Of larch.", "currency": "EUR", "comment": "Larch it is."}
    sent = await Browser(client, "Ines").upload(resubmit_from_page, path, fields, [PLAN], route(proposal))
    assert (sent.status, sent.headers["Location"]) == (303, f"/api/ui/proposals/{proposal}?done=resubmitted")
    shown = (await Front(client).show(proposal)).body
    assert (shown["round"], shown["summary"], len(shown["attachments"])) == (2, "Of larch.", 1)


async def test_a_fault_keeps_what_was_typed_and_the_files_that_were_chosen(client):
    """They come with the form when it is sent again, and nothing is put on record before that."""
    proposal = await sent_back(client)
    path = f"/api/ui/proposals/{proposal}/resubmit"
    fields = {"title": "Footbridge", "summary": "Of larch.", "currency": "EURO", "comment": ""}
    faulty = await Browser(client, "Ines").upload(resubmit_from_page, path, fields, [PLAN], route(proposal))
    assert (faulty.status, "Of larch." in faulty.html, 'id="currency-fault"' in faulty.html) == (400, True, True)
    shown = (await Front(client).show(proposal)).body
    assert (shown["status"], shown["attachments"]) == ("changesRequested", [])
    assert [value.partition(" ")[2] for _, value in kept(faulty)] == ["plan.md"]
    mended = [*{**fields, "currency": "EUR"}.items(), *kept(faulty)]
    sent = await Browser(client, "Ines").upload(resubmit_from_page, path, mended, (), route(proposal))
    assert sent.status == 303
    assert [each["name"] for each in (await Front(client).show(proposal)).body["attachments"]] == ["plan.md"]


async def test_who_will_have_to_approve_it_then_is_shown_before_it_comes_again(client):
    """By the policy that it was handed in with, for the cost that is typed; files stay, and nothing is on record."""
    dear = {"name": "board", "approvers": ["Helena"], "when": {"costAbove": 1000}}
    policy = {"stages": [{"name": "design", "approvers": ["Mara"]}, dear]}
    front = Front(client)
    proposal = await front.begin({**FORM, "cost": 100, "policy": policy})
    assert (await front.act(proposal, "changes", {"approver": "Mara", "comment": "Oak."})).status == 200
    path = f"/api/ui/proposals/{proposal}/resubmit"

    async def preview(cost: str) -> Shown:
        fields = {"title": "Footbridge", "cost": cost, "currency": "EUR", "action": "preview"}
        return await Browser(client, "Ines").upload(resubmit_from_page, path, fields, [PLAN], route(proposal))

    small, large, odd = await preview("900"), await preview("1,900"), await preview("many")
    assert (small.status, "Mara" in small.text, "Helena" in small.text) == (200, True, False)
    assert (large.status, "Helena" in large.text, len(kept(large))) == (200, True, 1)
    assert (odd.status, 'id="cost-fault"' in odd.html) == (400, True)
    shown = (await front.show(proposal)).body
    assert (shown["status"], shown["attachments"]) == ("changesRequested", [])


@pytest.mark.parametrize(("user", "status"), [("Jonas", 403), ("Stranger", 403)])
async def test_only_the_author_resubmits(client, user, status):
    """People with a part learn whose it is; others see nothing."""
    proposal = await sent_back(client)
    path = f"/api/ui/proposals/{proposal}/resubmit"
    assert (await Browser(client, user).get(show_resubmit_page, path, route(proposal))).status == status


async def test_without_a_request_for_changes_there_is_no_resubmission(client):
    """The page says so."""
    proposal = await Front(client).begin()
    path = f"/api/ui/proposals/{proposal}/resubmit"
    assert (await Browser(client, "Ines").get(show_resubmit_page, path, route(proposal))).status == 409
