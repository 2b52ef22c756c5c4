"""What people look at on a page of a proposal, in their direction, at their size, and with what they have at hand."""

import json
from pathlib import Path

import pytest
import requests
from playwright.sync_api import Page, Response

from durable_devhost.testing.plugin import AppUnderTest
from tests.browser.conftest import Visit, faults_of, get_proposal, hand_in, until

FOOTBRIDGE = Path(__file__).resolve().parents[2] / "examples" / "footbridge"
ARABIC = "جسر المشاة عند الطاحونة"
PDF = b"""%PDF-1.4
1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj
2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj
3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 100]>>endobj
xref
0 4
0000000000 65535 f\x20
0000000009 00000 n\x20
0000000056 00000 n\x20
0000000109 00000 n\x20
trailer<</Size 4/Root 1 0 R>>
startxref
173
%%EOF
"""


def put(app: AppUnderTest, proposal: str, name: str, content: bytes) -> None:
    """Let the author add or replace a file."""
    path = f"/api/proposals/{proposal}/attachments/{name}?by=Ines"
    assert requests.put(app.url + path, data=content, timeout=60).status_code in (200, 201)


def answer_by_keys(page: Page, times: int, key: str, wanted: str) -> None:
    """Press a key until what has the focus is what is wanted, as a CSS selector; fails if it never is."""
    for _ in range(times):
        page.keyboard.press(key)
        if page.evaluate("(wanted) => document.activeElement.matches(wanted)", wanted):
            return
    raise AssertionError(f"{wanted} is not reached by {key}")


def width_of(page: Page) -> int:
    """Return how wide the page is; wider than the window, and it would have to be moved sideways."""
    found: int = page.evaluate("document.documentElement.scrollWidth")
    return found


def test_every_version_of_a_round_is_there_with_what_changed(app: AppUnderTest, visit: Visit) -> None:
    """Line by line, and each file as it was."""
    proposal = hand_in(app, "versions")
    for content in (b"Of oak.\nBy May.\n", b"Of steel.\nBy May.\n", b"Of steel.\nBy June.\n"):
        put(app, proposal, "plan.md", content)
    until(lambda: get_proposal(app, proposal)["status"] == "inReview")
    page = visit("Mara", f"/api/ui/proposals/{proposal}")
    versions = page.locator("section[aria-labelledby=versions] > details")
    assert [each.split(",")[0] for each in versions.locator("summary").all_inner_texts()] == [
        "Version 4", "Version 3", "Version 2",
    ]  # fmt: skip
    latest = versions.first
    assert latest.locator("del").all_inner_texts() == ["- By May."]
    assert latest.locator("ins").all_inner_texts() == ["+ By June."]
    latest.locator("a:has-text('as it was')").click()
    assert "By May." in page.inner_text("main")
    assert "Version 3 of 4" in page.inner_text("main")
    page.go_back()
    versions.nth(1).locator("a:has-text('compared')").click()
    assert page.locator("del").all_inner_texts() == ["- Of oak."]
    assert page.locator("ins").all_inner_texts() == ["+ Of steel."]
    assert faults_of(page) == []


def test_whoever_has_a_part_is_mentioned_in_a_comment(app: AppUnderTest, visit: Visit) -> None:
    """It is typed on the page, and stands out where it is read."""
    proposal = hand_in(app, "mentions")
    page = visit("Mara", f"/api/ui/proposals/{proposal}")
    page.click("summary:has-text('Comment')")
    page.fill("#comments-comment", "@Jonas, who clears the snow? @Zoe does not.")
    page.click("text=Send the comment")
    page.wait_for_url("**done=comments")
    assert page.locator("b.mention").all_inner_texts() == ["@Jonas"]
    other = visit("Jonas", f"/api/ui/proposals/{proposal}")
    assert other.locator("b.mention").all_inner_texts() == ["@Jonas"]


def test_documents_are_looked_at_as_what_they_are(app: AppUnderTest, visit: Visit) -> None:
    """A drawing as a small copy, a PDF in the viewer, Markdown laid out; an Office file is saved."""
    proposal = hand_in(app, "documents")
    put(app, proposal, "site.png", (FOOTBRIDGE / "site-plan.png").read_bytes())
    put(app, proposal, "offer.pdf", PDF)
    put(app, proposal, "plan.md", b"# The plan\n\n* Oak\n* Steel\n")
    put(app, proposal, "cost.xlsx", b"PK\x03\x04 [Content_Types].xml xl/workbook.xml")
    page = visit("Mara", "/api/ui/act-as")
    complaints, kinds = list[str](), dict[str, str]()
    page.on("console", lambda each: complaints.append(each.text) if each.type == "error" else None)

    def note(answer: Response) -> None:
        # The viewer asks itself for the file once more, which has no headers.
        if kind := answer.headers.get("content-type"):
            kinds[answer.url.rpartition("/")[2]] = kind

    page.on("response", note)
    page.goto(f"{app.url}/api/ui/proposals/{proposal}")
    picture = page.locator(".thumbnail img")
    picture.scroll_into_view_if_needed()
    until(lambda: picture.evaluate("(image) => image.complete && image.naturalWidth"))
    assert 0 < picture.evaluate("(image) => Math.max(image.naturalWidth, image.naturalHeight)") <= 480
    assert page.inner_text("main h4:has-text('The plan')") == "The plan"
    assert page.locator(".text li").all_inner_texts() == ["Oak", "Steel"]
    page.click("summary:has-text('Show offer.pdf here')")
    # It is loaded when it comes into view, and what is above it may still grow.
    until(lambda: page.locator("iframe").scroll_into_view_if_needed() or kinds.get("offer.pdf"))
    assert kinds["offer.pdf"] == "application/pdf"
    sheet = page.locator("ul.documents > li:has-text('cost.xlsx')")
    assert [each.split() for each in sheet.locator("a").all_inner_texts()] == [["Save", "cost.xlsx"]]
    with page.expect_download() as download:
        sheet.locator("a").click()
    assert download.value.suggested_filename == "cost.xlsx"
    assert complaints == []


def test_what_is_written_from_right_to_left_is_shown_so(visit: Visit) -> None:
    """Typed on the form, read on the page, on a phone as well; the words around it stay as they are."""
    page = visit("ليلى حداد", "/api/ui/submit")
    page.fill("#title", ARABIC)
    page.fill("#summary", "جسر خشبي فوق الجدول.")
    assert page.locator("#title").evaluate("(field) => getComputedStyle(field).direction") == "rtl"
    page.click('button[value="submit"]')
    page.wait_for_url("**/api/ui/proposals/**")
    summary = page.locator("section[aria-labelledby=summary] p")
    assert summary.evaluate("(words) => getComputedStyle(words).direction") == "rtl"
    assert ARABIC in page.inner_text("h1")
    for width in (1100, 390):
        page.set_viewport_size({"width": width, "height": 800})
        assert width_of(page) <= width
    assert faults_of(page) == []


PLACES = ("inbox", "inbox?part=wrote", "proposals/{id}", "submit", "reports", "operations", "act-as")


@pytest.mark.parametrize(
    "how",
    [
        "document.documentElement.style.fontSize = '200%'",
        "document.documentElement.dir = 'rtl'",
    ],
    ids=["text of twice the size", "a page from right to left"],
)
def test_no_page_has_to_be_moved_sideways(app: AppUnderTest, visit: Visit, how: str, request) -> None:
    """Nothing is cut off or lies over something else."""
    proposal = hand_in(app, f"sized-{request.node.callspec.indices['how']}", title=f"{ARABIC} {'x' * 60}")
    page = visit("Mara", bypass_csp=True)
    for place in PLACES:
        page.goto(f"{app.url}/api/ui/{place.format(id=proposal)}")
        page.evaluate(how)
        assert width_of(page) <= 1100, place
        cut = page.evaluate(
            """() => [...document.querySelectorAll("button, input, select, textarea, h1, h2")]
                .filter((each) => each.checkVisibility() && !each.closest(".scroll, .skip"))
                .filter((each) => each.getBoundingClientRect().right > innerWidth + 1
                    || each.getBoundingClientRect().left < -1)
                .map((each) => each.outerHTML.slice(0, 80))"""
        )
        assert cut == [], place


def test_a_page_works_when_it_is_zoomed_to_twice_its_size(app: AppUnderTest, visit: Visit) -> None:
    """On a window of 1280 by 1024 there are then half as many pixels of CSS each way."""
    proposal = hand_in(app, "zoomed")
    page = visit("Mara", viewport={"width": 640, "height": 512}, device_scale_factor=2)
    for place in PLACES:
        page.goto(f"{app.url}/api/ui/{place.format(id=proposal)}")
        assert width_of(page) <= 640, place
        assert faults_of(page) == [], place
    page.goto(f"{app.url}/api/ui/proposals/{proposal}")
    page.locator('input[name="decision"][value="approve"]').check()
    page.click("text=Send my answer")
    page.wait_for_url("**done=decisions")


def test_a_decision_is_made_with_the_keyboard_alone(app: AppUnderTest, visit: Visit) -> None:
    """From the inbox: nothing is pressed but Tab, arrows, Space and Enter, and what has the focus can be seen."""
    proposal = hand_in(app, "tabs", title="Reached by keys")
    page = visit("Jonas", "/api/ui/inbox?q=Reached")
    answer_by_keys(page, 30, "Tab", f'a[href="/api/ui/proposals/{proposal}"]')
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/proposals/{proposal}")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent").startswith("Skip")
    page.keyboard.press("Enter")
    answer_by_keys(page, 40, "Tab", 'input[name="decision"]')
    page.keyboard.press("Space")
    outline = "getComputedStyle(document.activeElement.closest('label')).outlineStyle"
    assert page.evaluate(outline) != "none"
    answer_by_keys(page, 5, "ArrowDown", 'input[name="decision"][value="reject"]')
    answer_by_keys(page, 5, "Tab", 'textarea[name="comment"]')
    page.keyboard.type("Too dear.")
    answer_by_keys(page, 5, "Tab", 'button[type="submit"]')
    page.keyboard.press("Enter")
    page.wait_for_url("**done=decisions")
    assert get_proposal(app, proposal)["status"] == "rejected"


def test_a_proposal_is_handed_in_with_the_keyboard_alone(visit: Visit) -> None:
    """And the preview is asked for in the same way."""
    page = visit("Ines", "/api/ui/submit")
    answer_by_keys(page, 15, "Tab", "#title")
    page.keyboard.type("Handed in by keys")
    answer_by_keys(page, 5, "Tab", "#cost")
    page.keyboard.type("900")
    answer_by_keys(page, 10, "Tab", 'button[value="preview"]')
    page.keyboard.press("Enter")
    page.wait_for_selector("#preview:focus")
    answer_by_keys(page, 15, "Shift+Tab", 'button[value="submit"]')
    page.keyboard.press("Enter")
    page.wait_for_url("**/api/ui/proposals/**")
    assert "Handed in by keys" in page.inner_text("h1")


def test_without_script_a_person_hands_in_searches_and_follows(app: AppUnderTest, visit: Visit) -> None:
    """Faults, files that are kept, the preview, filters and pages are forms and links."""
    page = visit("Ines", "/api/ui/submit", java_script_enabled=False)
    page.fill("#title", "Without any script")
    page.fill("#currency", "XX")
    page.set_input_files("#files", [FOOTBRIDGE / "design-proposal.md"])
    page.click('button[value="submit"]')
    assert "Your files are kept" in page.inner_text("[role=alert]")
    page.fill("#currency", "EUR")
    page.click('button[value="preview"]')
    assert "Mara Lindqvist" in page.inner_text("ol.way")
    page.click('button[value="submit"]')
    assert "design-proposal.md" in page.inner_text("main")
    proposal = page.url.rpartition("/")[2].partition("?")[0]
    until(lambda: get_proposal(app, proposal)["waitingFor"])
    page.goto(f"{app.url}/api/ui/inbox?part=wrote")
    page.click("summary:has-text('Search and filter')")
    page.fill("#q", "without script")
    page.click("text=Search >> nth=-1")
    assert "q=without+script" in page.url
    page.click("text=Without any script")
    assert json.dumps(get_proposal(app, proposal)["title"]) == json.dumps(page.inner_text("h1"))
