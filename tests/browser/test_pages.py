"""People use the pages in a browser: they hand in, follow, decide and report, on any screen and without a mouse."""

import email
import email.policy
import re
from pathlib import Path

import pytest
import requests
from azure.core.exceptions import ResourceNotFoundError
from azure.storage.blob import ContainerClient
from playwright.sync_api import Page

from durable_devhost.testing.plugin import AppUnderTest
from tests.browser.conftest import Visit, faults_of, get_proposal, hand_in, until

FOOTBRIDGE = Path(__file__).resolve().parents[2] / "examples" / "footbridge"
PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}


def link_of(app: AppUnderTest, proposal: str, person: str) -> str:
    """Wait for the newest letter to somebody about a proposal, and return the link in it."""

    def found() -> str | None:
        try:
            with ContainerClient.from_connection_string(app.connection_string, "outbox") as outbox:
                blobs = sorted(outbox.list_blobs(name_starts_with=f"{proposal}/"), key=lambda blob: blob.last_modified)
                for blob in reversed(blobs):
                    raw = outbox.download_blob(blob.name).readall()
                    letter = email.message_from_bytes(raw, policy=email.policy.default)
                    text = letter.get_body(("plain",))
                    link = re.search(r"http\S+/api/decide\?token=\S+", text.get_content()) if text else None
                    if link and person in str(letter["To"]):
                        return link.group()
        except ResourceNotFoundError:
            pass
        return None

    return str(until(found))


def tick(page: Page, proposal: str) -> None:
    """Tick a proposal of the inbox."""
    page.check(f'input[name="pick"][value^="{proposal} "]')


def test_a_visitor_says_who_to_act_as(visit: Visit) -> None:
    """In development: the name is typed, and stands on each page from then on."""
    page = visit("Ines", "/api/ui/act-as")
    page.fill("#name", "Jonas")
    page.click("button")
    page.wait_for_url("**/api/ui/inbox")
    assert page.inner_text(".who").startswith("Jonas")


def test_a_proposal_is_submitted_with_two_files_and_decided_by_link_on_a_phone(app: AppUnderTest, visit: Visit) -> None:
    """From the form over the preview and the letter to the outcome."""
    page = visit("Ines", "/api/ui/submit")
    page.fill("#title", "Weir by the mill")
    page.fill("#cost", "900")
    page.fill("#department", "works")
    page.select_option("#policy", "default")
    page.set_input_files("#files", [FOOTBRIDGE / "elevation.png", FOOTBRIDGE / "design-proposal.md"])
    page.click("text=Who will have to approve it?")
    page.wait_for_selector('input[name="kept"]', state="attached")
    assert "Mara Lindqvist" in page.inner_text("ol.way")
    page.click('button[value="submit"]')
    page.wait_for_url("**/api/ui/proposals/**")
    proposal = re.search(r"/proposals/(\w+)", page.url)
    assert proposal
    until(lambda: get_proposal(app, proposal[1])["waitingFor"])
    assert len(get_proposal(app, proposal[1])["attachments"]) == 2

    phone = visit("nobody", "/api/ui/act-as", **PHONE)
    phone.goto(link_of(app, proposal[1], "Mara Lindqvist"))
    assert phone.evaluate("document.documentElement.scrollWidth") <= 390
    phone.check("text=Approve")
    phone.click("text=Send my answer")
    assert "Your answer: Approve" in phone.inner_text("h1")
    until(lambda: get_proposal(app, proposal[1])["status"] == "approved")
    page.reload()
    assert "approved" in page.inner_text("main").lower()


def test_answers_of_two_people_at_once_both_count(app: AppUnderTest, visit: Visit) -> None:
    """Each has the page open before either answers."""
    proposal = hand_in(app, "both")
    pages = [visit(person, "/api/ui/inbox") for person in ("Mara", "Jonas")]
    for page in pages:
        tick(page, proposal)
        page.check('input[value="approve"]')
    for page in pages:
        page.click("text=Send my answers")
        assert "1 of 1 answers recorded" in page.inner_text("h1")
    until(lambda: get_proposal(app, proposal)["status"] == "approved")


def test_an_open_page_does_not_approve_a_changed_document(app: AppUnderTest, visit: Visit) -> None:
    """The page shows the changes, and keeps the typed text."""
    proposal = hand_in(app, "changed")
    page = visit("Mara", f"/api/ui/proposals/{proposal}")
    path = f"/api/proposals/{proposal}/attachments/plan.md?by=Ines"
    assert requests.put(app.url + path, data=b"# Another plan", timeout=30).status_code == 201
    until(lambda: get_proposal(app, proposal)["round"] == 2 or get_proposal(app, proposal)["attachments"])
    page.locator('input[name="decision"][value="approve"]').first.check()
    page.locator('textarea[name="comment"]').first.fill("As I saw it.")
    page.locator('form:has(input[name="decision"]) button[type="submit"]').first.click()
    assert "plan.md" in page.inner_text("[role=alert]")
    assert "As I saw it." in page.locator('textarea[name="comment"]').first.input_value()
    assert not [answer for stage in get_proposal(app, proposal)["stages"] for answer in stage["answers"]]


def test_many_proposals_are_answered_at_once(app: AppUnderTest, visit: Visit) -> None:
    """Each has its own result."""
    proposals = [hand_in(app, f"many-{number}") for number in range(3)]
    page = visit("Jonas", "/api/ui/inbox?q=many")
    for proposal in proposals:
        tick(page, proposal)
    page.check('input[value="reject"]')
    page.fill("#comment", "Not this year.")
    page.click("text=Send my answers")
    assert "3 of 3 answers recorded" in page.inner_text("h1")
    assert all(get_proposal(app, proposal)["status"] == "rejected" for proposal in proposals)


def test_an_expired_link_says_so(app: AppUnderTest, visit: Visit) -> None:
    """And that there may be a newer letter."""
    proposal = hand_in(app, "late")
    link = link_of(app, proposal, "Mara")
    app.advance(hours=80)
    page = visit("nobody", "/api/ui/act-as")
    page.goto(link)
    assert page.locator("form").count() == 0
    assert "expired" in page.inner_text("main").lower() or "closed" in page.inner_text("main").lower()


def test_every_page_works_without_script(app: AppUnderTest, visit: Visit) -> None:
    """No page has any."""
    proposal = hand_in(app, "plain")
    page = visit("Mara", f"/api/ui/proposals/{proposal}", java_script_enabled=False)
    page.locator('input[name="decision"][value="approve"]').first.check()
    page.locator('form:has(input[name="decision"]) button[type="submit"]').first.click()
    assert [each["person"] for stage in get_proposal(app, proposal)["stages"] for each in stage["answers"]] == ["Mara"]


def test_every_page_works_with_the_keyboard_alone(app: AppUnderTest, visit: Visit) -> None:
    """From the skip link to the answer."""
    proposal = hand_in(app, "keys")
    page = visit("Jonas", "/api/ui/inbox?q=keys")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent").startswith("Skip")
    page.locator('input[name="pick"]').first.focus()
    page.keyboard.press("Space")
    page.locator('input[name="decision"]').first.focus()
    page.keyboard.press("Space")
    page.locator("text=Send my answers").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/api/ui/inbox")
    assert [each["person"] for stage in get_proposal(app, proposal)["stages"] for each in stage["answers"]] == ["Jonas"]


@pytest.mark.parametrize("options", [{}, PHONE], ids=["desktop", "phone"])
def test_axe_finds_no_fault_on_any_page(app: AppUnderTest, visit: Visit, options: dict[str, object], request) -> None:
    """In both colour schemes, also with names in right-to-left script, and nothing is wider than the screen."""
    name = f"axe-{request.node.callspec.id}"
    title, arabic = "جسر المشاة عند الطاحونة", "ليلى حداد"
    policy = {"stages": [{"name": "design", "approvers": ["Mara", arabic], "rule": "all"}]}
    proposal = hand_in(app, name, title=title, policy=policy)
    page = visit("Mara", "/api/ui/inbox", **options)
    width = page.viewport_size["width"] if page.viewport_size else 0
    app.start("ApprovalWorkflow", {"title": "Bench", "submittedBy": "Ines"}, f"{name}-ended")
    ended = requests.post(f"{app.url}/api/ops/instances/{name}-ended/terminate", json={"by": "Mara"}, timeout=60)
    assert ended.status_code == 200, ended.text
    operations = ("operations", f"operations/workflow?id={proposal}", f"operations/workflow?id={name}-ended")
    for path in ("inbox", "inbox?part=wrote", f"proposals/{proposal}", "submit", "reports", "act-as", *operations):
        page.goto(f"{app.url}/api/ui/{path}")
        assert faults_of(page) == [], path
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
    page.goto(link_of(app, proposal, "Mara"))
    assert faults_of(page) == []
    page.goto(f"{app.url}/api/ui/inbox?q={title}")
    page.click("text=Send my answers")
    assert (page.locator("[role=alert]").count(), faults_of(page)) == (1, []), "a bulk answer that says too little"
    page.goto(f"{app.url}/api/ui/inbox?q={title}")
    tick(page, proposal)
    page.check('input[value="approve"]')
    page.click("text=Send my answers")
    assert ("1 of 1" in page.inner_text("h1"), faults_of(page)) == (True, []), "the results of a bulk answer"


@pytest.mark.parametrize("options", [{}, PHONE], ids=["desktop", "phone"])
def test_axe_finds_nothing_on_pages_with_files_faults_and_news(
    app: AppUnderTest, visit: Visit, options: dict[str, object], request
) -> None:
    """What an author sees: files, versions, what was asked for, what is wrong, and that something has changed."""
    proposal = hand_in(app, f"axe-files-{request.node.callspec.id}")
    path = f"{app.url}/api/proposals/{proposal}/attachments/plan.md?by=Ines"
    for content in (b"# A plan\n", b"# Another plan\n"):
        assert requests.put(path, data=content, timeout=30).status_code == 201
    until(lambda: get_proposal(app, proposal)["status"] == "inReview")
    page = visit("Ines", "/api/ui/act-as", **options)
    width = page.viewport_size["width"] if page.viewport_size else 0
    page.clock.install()

    def assert_accessible(what: str) -> None:
        assert faults_of(page) == [], what
        assert page.evaluate("document.documentElement.scrollWidth") <= width, what

    for place in ("", "/files/plan.md", "/files/plan.md?since=2"):
        page.goto(f"{app.url}/api/ui/proposals/{proposal}{place}")
        assert_accessible(place)
    page.goto(f"{app.url}/api/ui/proposals/{proposal}")
    page.click("summary:has-text('Add or replace files')")
    odd = {"name": "odd.exe", "mimeType": "application/octet-stream", "buffer": b"MZ\0"}
    page.set_input_files("#files", [odd])
    assert_accessible("a file that is chosen")
    page.click("text=Put them on record")
    page.wait_for_selector("#files-fault")
    assert_accessible("a file that is not accepted")
    shown = get_proposal(app, proposal)
    wish = {"approver": "Mara", "comment": "Use oak.", "document": shown["document"]}
    assert app.request("POST", f"/api/proposals/{proposal}/changes", wish).status == 200
    page.clock.run_for(31_000)
    page.wait_for_selector("#notice button")
    assert_accessible("a page that has changed")
    page.goto(f"{app.url}/api/ui/proposals/{proposal}/resubmit")
    assert "Use oak." in page.inner_text("main")
    assert_accessible("what an approver asked for")
    page.goto(f"{app.url}/api/ui/proposals/none")
    assert_accessible("a page that there is not")
    page.goto(f"{app.url}/api/ui/submit")
    page.fill("#cost", "900")
    page.clock.run_for(1_000)
    page.wait_for_selector("#preview-section")
    assert_accessible("the preview while typing")
    page.fill("#currency", "XX")
    page.click('button[value="submit"]')
    assert_accessible("a form that is not filled in")
