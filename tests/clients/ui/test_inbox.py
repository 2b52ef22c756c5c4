"""The inbox: what is mine, most urgent first, and one answer to many proposals with a result for each."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from clients.ui.act_as import choose_who
from clients.ui.inbox import MOST_AT_ONCE, ON_A_PAGE, decide_from_inbox, show_inbox, show_start_page
from gateways import clock
from tests.clients.front import FORM, Front
from tests.clients.ui.pages import Browser, Shown
from tests.clients.ui.test_proposal import counted

PATH = "/api/ui/inbox"
PLAN = {
    "stages": [
        {"name": "design", "approvers": ["Mara", "Jonas"], "rule": "all"},
        {"name": "works", "approvers": ["Cem"]},
    ]
}


@pytest.fixture(autouse=True)
def _development(monkeypatch):
    """Who somebody is they choose."""
    monkeypatch.setenv("AUTH_MODE", "development")


async def handed_in(client, title="Footbridge", **more) -> str:
    """Return a proposal whose first stage is open, and that the list knows."""
    front = Front(client)
    proposal = await front.begin({**FORM, "policy": PLAN, "title": title, **more})
    await front.check(proposal)
    return proposal


async def inbox(user: str, **params: str) -> Shown:
    """Return a page of somebody's inbox."""
    return await Browser(user=user).get(show_inbox, PATH, **params)


def picks(page: Shown) -> list[str]:
    """Return the values of the boxes to tick."""
    return re.findall(r'name="pick" value="([^"]+)"', page.html)


def chosen(page: Shown, proposal: str) -> str:
    """Return the value of one proposal's box."""
    return next(each for each in picks(page) if each.startswith(f"{proposal} "))


async def test_the_inbox_shows_my_tasks_with_all_details(client):
    """Author, cost, stage of how many, for whom it waits and until when."""
    me = "Mara"
    proposal = await handed_in(client, "Weir", cost=1200, department="works")
    page = await inbox(me, q="Weir")
    assert page.status == 200
    assert f"/api/ui/proposals/{proposal}" in page.html
    for shown in ("Ines", "works", "1,200 EUR", "design, 1 of 2", "Mara and Jonas", "until ", "left"):
        assert shown in page.text, shown


async def test_a_page_costs_few_calls_and_few_bytes(client, monkeypatch):
    """With as many proposals as a page has, each with much to say; and one more to ask for in vain."""
    title = "Footbridge over the mill stream with a ramp on each side and handrails of oak "
    for number in range(ON_A_PAGE + 1):
        await handed_in(client, f"{title}{number}", cost=148_500, department="Parks and waterways")
    with counted(monkeypatch) as calls:
        page = await inbox("Mara", q="handrails")
    assert f"{ON_A_PAGE + 1} proposals, page 1 of 2" in page.text
    assert len(picks(page)) == ON_A_PAGE
    assert len(calls) <= 6, calls
    assert len(page.html.encode()) <= 60 * 1024


async def test_of_very_many_proposals_the_most_urgent_are_searched(client, monkeypatch):
    """So that a page never reads more than a few thousand rows; it says so."""
    for number in range(4):
        await handed_in(client, f"Plenty {number}")
    monkeypatch.setattr("clients.ui.inbox.MOST_LOOKED_AT", 3)
    assert "of the most urgent 3" in (await inbox("Mara", q="plenty")).text
    assert "of the newest 3" in (await inbox("Ines", part="wrote")).text
    monkeypatch.setattr("clients.ui.inbox.MOST_LOOKED_AT", 5_000)
    assert "of the most urgent" not in (await inbox("Mara", q="plenty")).text


async def test_a_decision_moves_a_proposal_from_waiting_to_decided(client):
    """Only in this person's inbox."""
    proposal = await handed_in(client, "Towpath")
    page = await inbox("Mara", q="Towpath")
    sent = await Browser(client, "Mara").post(
        decide_from_inbox, PATH, [("pick", chosen(page, proposal)), ("decision", "approve"), ("comment", "Good.")]
    )
    assert "1 of 1 answers recorded" in sent.text
    assert "waits for Jonas" in sent.text
    await Front.check(proposal)
    assert picks(await inbox("Mara", q="Towpath")) == []
    assert proposal in (await inbox("Mara", part="decided", q="Towpath")).html
    assert chosen(await inbox("Jonas", q="Towpath"), proposal)


async def test_fifty_answers_include_three_about_a_changed_document(client):
    """Forty-seven are recorded; each of the others shows what changed, and by whom."""
    proposals = [await handed_in(client, f"Trestle {number}") for number in range(50)]
    shown = [pick for page in ("1", "2", "3") for pick in picks(await inbox("Mara", q="Trestle", page=page))]
    assert {pick.split()[0] for pick in shown} == set(proposals)
    author = Front(client, "Ines")
    for proposal in proposals[:3]:
        assert (await author.put_file(proposal, "plan.md", b"# Another plan")).status == 201
    sent = await Browser(client, "Mara").post(
        decide_from_inbox, PATH, [*(("pick", pick) for pick in shown), ("decision", "approve")]
    )
    assert "47 of 50 answers recorded" in sent.text
    assert sent.html.count('class="refused"') == 3
    assert sent.text.count("plan.md") >= 3


async def test_asking_for_changes_needs_a_comment(client):
    """The author has to know what to change."""
    proposal = await handed_in(client, "Ford")
    pick = chosen(await inbox("Mara", q="Ford"), proposal)
    browser = Browser(client, "Mara")
    bare = await browser.post(decide_from_inbox, PATH, [("pick", pick), ("decision", "changes")])
    assert (bare.status, "what to change" in bare.text) == (400, True)
    sent = await browser.post(decide_from_inbox, PATH, [("pick", pick), ("decision", "changes"), ("comment", "Wider.")])
    assert "Changes asked for" in sent.text


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ([("decision", "approve")], "Choose at least one proposal"),
        ([("pick", f"p-1 {'a' * 64}")], "Choose an answer"),
        ([("pick", "../x y"), ("decision", "approve")], "Choose at least one proposal"),
        ([("pick", f"p-1 {'a' * 64}"), ("decision", "approve"), ("comment", "x" * 8001)], "too long"),
    ],
)
async def test_an_incomplete_form_comes_back_with_the_missing_fields(client, fields, told):
    """Nothing is decided."""
    sent = await Browser(client, "Mara").post(decide_from_inbox, PATH, fields)
    assert (sent.status, told in sent.text) == (400, True)


async def test_too_many_answers_in_one_form_are_all_refused(client):
    """The page has twenty; a hundred are the limit."""
    fields = [("pick", f"p-{number} {'a' * 64}") for number in range(MOST_AT_ONCE + 10)]
    assert (
        await Browser(client, "Mara").post(decide_from_inbox, PATH, [*fields, ("decision", "approve")])
    ).status == 413


async def test_a_proposal_of_others_cannot_be_decided_from_the_inbox(client):
    """The same rules apply as everywhere."""
    proposal = await handed_in(client, "Sluice")
    pick = chosen(await inbox("Mara", q="Sluice"), proposal)
    sent = await Browser(client, "Ines").post(decide_from_inbox, PATH, [("pick", pick), ("decision", "approve")])
    assert "0 of 1 answers recorded" in sent.text


async def test_filters_are_part_of_the_address_and_invalid_ones_are_ignored(client):
    """Status, department, author, words and overdue."""
    await handed_in(client, "Culvert north", department="works")
    await handed_in(client, "Culvert south", department="parks")
    assert "1 proposal<" in (await inbox("Mara", q="culvert", department="WORKS")).text
    assert "2 proposals" in (await inbox("Mara", q="culvert", author="ines", status="inReview")).text
    assert "0 proposals" in (await inbox("Mara", q="culvert", overdue="true")).text
    assert "0 proposals" in (await inbox("Mara", q="culvert", status="approved")).text
    assert (await inbox("Mara", q="culvert", status="odd", page="-1", part="odd")).status == 200


async def test_an_overdue_proposal_is_marked(client, monkeypatch):
    """Its deadline has passed, and nothing has processed that yet."""
    proposal = await handed_in(client, "Lock gate")
    later = datetime.now(UTC) + timedelta(days=6)
    monkeypatch.setattr(clock, "now", lambda: later)
    page = await inbox("Mara", q="lock", overdue="true")
    assert proposal in page.html
    assert "no time left" in page.text


async def test_in_development_a_visitor_chooses_their_name():
    """A cookie keeps it, with any characters."""
    nobody = Browser()
    asked = await nobody.get(show_inbox, PATH)
    assert (asked.status, asked.headers["Location"]) == (303, "/api/ui/act-as")
    page = await nobody.get(choose_who, "/api/ui/act-as")
    assert (page.status, "Mara Lindqvist" in page.html) == (200, True)
    taken = await nobody.post(choose_who, "/api/ui/act-as", {"name": "Žofie 橋"})
    assert taken.status == 303
    cookie = taken.headers["Set-Cookie"].partition(";")[0]
    assert "Žofie 橋" in (await Browser(cookie=cookie).get(show_inbox, PATH)).html
    assert (await nobody.post(choose_who, "/api/ui/act-as", {"name": "a\nb"})).status == 400


async def test_with_keys_alone_no_page_has_a_visitor(monkeypatch):
    """A key names nobody, and the cookie of development is ignored."""
    monkeypatch.setenv("AUTH_MODE", "keys")
    assert (await inbox("Mara")).status == 403
    assert (await Browser(user="Mara").get(choose_who, "/api/ui/act-as")).status == 404


async def test_a_page_of_another_site_decides_nothing(client):
    """As everywhere: browsers report the form's origin."""
    proposal = await handed_in(client, "Quay")
    pick = chosen(await inbox("Mara", q="Quay"), proposal)
    elsewhere = Browser(client, "Mara", origin="https://evil.example", **{"sec-fetch-site": "cross-site"})
    sent = await elsewhere.post(decide_from_inbox, PATH, [("pick", pick), ("decision", "approve")])
    assert sent.status == 403
    assert chosen(await inbox("Mara", q="Quay"), proposal) == pick


async def test_the_root_of_the_pages_leads_to_the_inbox():
    """One address to remember."""
    led = await Browser(user="Mara").get(show_start_page, "/api/ui")
    assert (led.status, led.headers["Location"]) == (303, PATH)
