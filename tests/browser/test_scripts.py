"""What scripts improve on the pages: times, freshness, the preview while typing, and files. Each works without, too."""

import re
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
import requests
from playwright.sync_api import Page, Response, Route

from durable_devhost.testing.plugin import AppUnderTest
from tests.browser.conftest import Visit, get_proposal, hand_in, until

FOOTBRIDGE = Path(__file__).resolve().parents[2] / "examples" / "footbridge"
SHORTLY_MS = 31_000
"""A little longer than from one question whether a page is still true to the next."""


def proposal_page(visit: Visit, proposal: str, person: str = "Mara", **options: object) -> tuple[Page, list[Response]]:
    """Open a proposal with timers that the test moves; returns what is answered from then on."""
    page = visit(person, "/api/ui/act-as", **options)
    page.clock.install()
    page.goto(re.sub(r"/api/.*", f"/api/ui/proposals/{proposal}", page.url))
    page.wait_for_load_state("networkidle")
    seen = list[Response]()
    page.on("response", lambda each: seen.append(each))
    return page, seen


def wait_until(page: Page, holds: Callable[[], bool]) -> None:
    """Wait until something holds. Each question to the page lets Playwright pass on what it has received."""
    until(lambda: page.title() is not None and holds())


def comment(app: AppUnderTest, proposal: str, words: str = "Who clears the snow?") -> None:
    """Let the author say something."""
    body = {"by": "Ines", "comment": words}
    assert app.request("POST", f"/api/proposals/{proposal}/comments", body).status == 200


def drop(page: Page, files: Sequence[tuple[str, str]], on: str) -> None:
    """Drop files with these names and contents somewhere on a page."""
    page.evaluate(
        """([files, place]) => {
            const dataTransfer = new DataTransfer();
            for (const [name, text] of files) dataTransfer.items.add(new File([text], name));
            for (const type of ["dragover", "drop"]) {
                const event = new DragEvent(type, { dataTransfer, bubbles: true, cancelable: true });
                document.querySelector(place).dispatchEvent(event);
                if (!event.defaultPrevented) throw new Error(`${type} would open the file in place of the page`);
            }
        }""",
        [list(files), on],
    )


# Times


def test_times_are_in_the_zone_of_whoever_reads(app: AppUnderTest, visit: Visit) -> None:
    """In Tokyo it is nine hours later; the time that the server wrote is the tooltip."""
    proposal = hand_in(app, "tokyo")
    page = visit("Mara", f"/api/ui/proposals/{proposal}", timezone_id="Asia/Tokyo")
    plain = visit("Mara", f"/api/ui/proposals/{proposal}", timezone_id="Asia/Tokyo", java_script_enabled=False)
    times, originals = page.locator("time"), plain.locator("time").all_inner_texts()
    assert times.count() == len(originals) > 3
    assert [each.get_attribute("title") for each in times.all()] == originals
    assert all(each.endswith("GMT+9") for each in times.all_inner_texts())
    assert all(each.endswith("UTC") for each in originals)
    page.goto(f"{app.url}/api/ui/inbox?q=tokyo")
    assert "GMT+9" in page.inner_text(".until")


# Freshness


def test_a_page_says_that_it_has_changed_and_keeps_what_was_typed(app: AppUnderTest, visit: Visit) -> None:
    """It asks only while it is seen, is told 304 until something has changed, and then asks no more."""
    proposal = hand_in(app, "watched")
    page, seen = proposal_page(visit, proposal)
    answer = page.locator('form:has(input[name="decision"])')
    answer.locator("textarea").fill("As agreed.")
    answer.locator('input[value="approve"]').check()
    page.evaluate("Object.defineProperty(document, 'visibilityState', {value: 'hidden', configurable: true})")
    page.clock.run_for(10 * SHORTLY_MS)
    assert seen == []
    page.evaluate("Object.defineProperty(document, 'visibilityState', {value: 'visible', configurable: true})")
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    wait_until(page, lambda: [each.status for each in seen] == [304])
    page.clock.run_for(SHORTLY_MS)
    wait_until(page, lambda: [each.status for each in seen] == [304, 304])
    assert page.inner_text("#notice") == ""

    comment(app, proposal)
    page.clock.run_for(SHORTLY_MS)
    page.wait_for_selector("#notice button")
    assert [each.status for each in seen] == [304, 304, 200]
    assert "Who clears the snow?" not in page.inner_text("main")
    page.clock.run_for(10 * SHORTLY_MS)
    assert len(seen) == 3

    page.click("#notice button")
    page.wait_for_selector("text=Who clears the snow?")
    assert answer.locator("textarea").input_value() == "As agreed."
    assert answer.locator('input[value="approve"]').is_checked()
    assert page.locator("section[aria-labelledby=more] details[open]").count() == 0
    page.reload()
    assert answer.locator("textarea").input_value() == ""


def test_a_choice_that_was_made_for_another_document_is_not_kept(app: AppUnderTest, visit: Visit) -> None:
    """The words are; the decision has to be made again."""
    proposal = hand_in(app, "chosen")
    page, _ = proposal_page(visit, proposal)
    answer = page.locator('form:has(input[name="decision"])')
    answer.locator("textarea").fill("As agreed.")
    answer.locator('input[value="approve"]').check()
    path = f"/api/proposals/{proposal}/attachments/plan.md?by=Ines"
    assert requests.put(app.url + path, data=b"# Another plan", timeout=30).status_code == 201
    until(lambda: get_proposal(app, proposal)["status"] == "inReview")
    page.clock.run_for(SHORTLY_MS)
    page.click("#notice button")
    page.wait_for_selector("text=plan.md")
    assert answer.locator("textarea").input_value() == "As agreed."
    assert not answer.locator('input[value="approve"]').is_checked()


def test_ticks_in_the_inbox_are_kept_when_something_comes_in(app: AppUnderTest, visit: Visit) -> None:
    """And what was typed for all of them."""
    first = hand_in(app, "ticked-1")
    page = visit("Mara", "/api/ui/act-as")
    page.clock.install()
    page.goto(f"{app.url}/api/ui/inbox?q=ticked")
    page.check('input[name="pick"]')
    page.fill("#comment", "All good.")
    hand_in(app, "ticked-2")
    until(lambda: len(waiting_proposals(app, "ticked")) == 2)
    page.clock.run_for(SHORTLY_MS)
    page.click("#notice button")
    page.wait_for_selector('input[name="pick"] >> nth=1')
    assert page.input_value("#comment") == "All good."
    ticked = page.locator('input[name="pick"]:checked')
    assert [str(each.get_attribute("value")).split()[0] for each in ticked.all()] == [first]


def waiting_proposals(app: AppUnderTest, words: str) -> list[str]:
    """Return the proposals of the list whose title has these words and that wait for somebody."""
    rows = app.request("GET", "/api/proposals?top=100").body["proposals"]
    return [each["proposalId"] for each in rows if words in each["title"] and each["waitingFor"]]


def test_what_is_typed_into_another_form_is_kept_when_one_is_sent(app: AppUnderTest, visit: Visit) -> None:
    """A comment goes off, and the answer that was begun is still there."""
    proposal = hand_in(app, "two-forms")
    page = visit("Mara", f"/api/ui/proposals/{proposal}")
    page.fill("#decisions-comment", "Not yet decided.")
    page.click("summary:has-text('Comment')")
    page.fill("#comments-comment", "Who clears the snow?")
    page.click("text=Send the comment")
    page.wait_for_url("**done=comments")
    assert page.input_value("#decisions-comment") == "Not yet decided."
    assert page.locator("#comments-comment").input_value() == ""


# The preview


def test_who_will_have_to_approve_it_is_shown_while_typing(visit: Visit) -> None:
    """One question for a number that is typed at once, and what is wrong in place of a way."""
    page = visit("Ines", "/api/ui/submit")
    asked = list[Response]()
    page.on("response", lambda each: asked.append(each) if each.request.method == "POST" else None)
    page.select_option("#policy", "small-purchase")
    page.wait_for_selector("#preview-section >> text=Not known yet. Department: Is missing")
    page.fill("#department", "Works")
    page.locator("#cost").press_sequentially("148,500", delay=20)
    wait_until(page, lambda: len(asked) == 2)
    page.wait_for_selector("ol.way >> text=Viktor Lang")
    assert page.evaluate("document.activeElement.id") == "cost"
    page.fill("#cost", "many")
    page.wait_for_selector("#preview-section >> text=Not known yet. Cost: Give an amount")
    assert page.input_value("#title") == ""
    assert has_no_fault(page)


def test_a_late_preview_does_not_take_the_focus_from_the_one_that_was_asked_for(visit: Visit) -> None:
    """The preview while typing is given up when the button asks for it."""
    page = visit("Ines", "/api/ui/submit")
    held: list[Route] = []
    page.route(
        "**/api/ui/submit",
        lambda route: held.append(route) if route.request.resource_type == "fetch" else route.continue_(),
    )
    page.fill("#title", "A bench")
    with page.expect_request(lambda request: request.resource_type == "fetch"):
        page.fill("#cost", "900")
    with page.expect_event("requestfailed", lambda request: request.resource_type == "fetch"):
        page.click('button[value="preview"]')
    page.wait_for_selector("#preview:focus")
    assert len(held) == 1


def test_a_proposal_comes_again_with_the_preview_and_no_file_is_lost(app: AppUnderTest, visit: Visit) -> None:
    """What was asked for stays in view, and a fault keeps the file that was chosen."""
    dear = {"name": "board", "approvers": ["Helena"], "when": {"costAbove": 1000}}
    policy = {"stages": [{"name": "design", "approvers": ["Mara"]}, dear]}
    proposal = hand_in(app, "again", policy=policy)
    wish = {"approver": "Mara", "comment": "Use oak."}
    assert app.request("POST", f"/api/proposals/{proposal}/changes", wish).status == 200
    page = visit("Ines", f"/api/ui/proposals/{proposal}/resubmit")
    page.fill("#cost", "1,900")
    page.wait_for_selector("#preview-section >> text=Helena")
    page.fill("#currency", "XX")
    page.set_input_files("#files", [FOOTBRIDGE / "elevation.png"])
    page.click('button[value="submit"]')
    page.wait_for_selector("#currency-fault")
    assert "Use oak." in page.inner_text("main")
    page.fill("#currency", "EUR")
    page.click('button[value="submit"]')
    page.wait_for_url("**done=resubmitted")
    shown = get_proposal(app, proposal)
    assert (shown["cost"], [each["name"] for each in shown["attachments"]]) == (1900, ["elevation.png"])


def has_no_fault(page: Page) -> bool:
    """Say whether the form is as it was: no fault is marked in it."""
    return page.locator("form .field-alarm").count() == 0


# Files


def test_files_are_dropped_anywhere_and_can_be_left_out(visit: Visit) -> None:
    """They join those that were chosen; one of the same name takes its place."""
    page = visit("Ines", "/api/ui/submit")
    page.set_input_files("#files", [FOOTBRIDGE / "elevation.png"])
    drop(page, [("plan.md", "# A plan"), ("elevation.png", "smaller")], on="#title")
    assert page.locator(".chosen bdi").all_inner_texts() == ["plan.md", "elevation.png"]
    assert "7 bytes" in page.inner_text(".chosen")
    page.click("text=Leave it out >> nth=1")
    assert page.locator(".chosen bdi").all_inner_texts() == ["plan.md"]
    assert page.evaluate("[...document.getElementById('files').files].map((each) => each.name)") == ["plan.md"]
    assert page.evaluate("document.activeElement.id") == "files"


def test_an_upload_shows_how_far_it_is_and_can_be_stopped(visit: Visit) -> None:
    """Stopped, it leaves everything in the form."""
    page = visit("Ines", "/api/ui/submit")
    routes = list[Route]()
    page.route("**/api/ui/submit", lambda route: routes.append(route))
    page.fill("#title", "Weir")
    page.set_input_files("#files", [FOOTBRIDGE / "elevation.png"])
    page.click('button[value="submit"]')
    page.wait_for_selector(".sending progress")
    assert page.is_disabled('button[value="submit"]')
    page.click("text=Stop")
    page.wait_for_selector(".failure >> text=Stopped.")
    assert (page.input_value("#title"), page.locator(".chosen li").count()) == ("Weir", 1)
    assert page.is_enabled('button[value="submit"]')


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (None, "The connection failed. All is still in this form. Send it again."),
        (503, "Please try again in a moment. The storage does not respond."),
    ],
)
def test_nothing_is_lost_when_it_cannot_be_sent(visit: Visit, answer: int | None, said: str) -> None:
    """The form is as it was, with what happened above it; sent again it is taken, once."""
    page = visit("Ines", "/api/ui/submit")
    page_said = "<main id=main><h1>Please try again in a moment</h1><p>The storage does not respond.</p></main>"

    def fail(route: Route) -> None:
        if answer is None:
            route.abort()
        else:
            route.fulfill(status=answer, body=page_said, content_type="text/html")

    page.route("**/api/ui/submit", fail)
    page.fill("#title", "Sluice")
    page.set_input_files("#files", [FOOTBRIDGE / "elevation.png"])
    page.click('button[value="submit"]')
    page.wait_for_selector(".failure")
    assert page.inner_text(".failure") == said
    assert page.evaluate("document.activeElement.classList.contains('failure')")
    assert (page.input_value("#title"), page.locator(".chosen li").count()) == ("Sluice", 1)
    page.unroute("**/api/ui/submit")
    page.click('button[value="submit"]')
    page.wait_for_url("**/api/ui/proposals/**")
    assert "elevation.png" in page.inner_text("main")


def test_a_fault_is_shown_with_the_files_that_were_taken(visit: Visit) -> None:
    """The page is the one that is there without script, and what is typed next is sent."""
    page = visit("Ines", "/api/ui/submit")
    page.fill("#title", "Culvert")
    page.fill("#currency", "XX")
    drop(page, [("plan.md", "# A plan"), ("odd.exe", "MZ\0")], on="main")
    page.click('button[value="submit"]')
    page.wait_for_selector("#files-fault >> text=odd.exe")
    assert "Your files are kept" in page.inner_text("[role=alert]")
    assert page.evaluate("document.activeElement.getAttribute('role')") == "alert"
    assert page.title().startswith("Not sent yet")
    page.fill("#currency", "EUR")
    page.click('button[value="submit"]')
    page.wait_for_url("**/api/ui/proposals/**")
    assert "plan.md" in page.inner_text("main")


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "plain"])
def test_the_author_adds_a_file_to_an_open_proposal(app: AppUnderTest, visit: Visit, scripts: bool) -> None:
    """With and without script."""
    proposal = hand_in(app, f"adding-{scripts}")
    page = visit("Ines", f"/api/ui/proposals/{proposal}", java_script_enabled=scripts)
    page.click("summary:has-text('Add or replace files')")
    page.set_input_files("#files", [FOOTBRIDGE / "elevation.png"])
    page.click("text=Put them on record")
    page.wait_for_url("**done=attach")
    assert "The files are on record." in page.inner_text("main")
    assert [each["name"] for each in get_proposal(app, proposal)["attachments"]] == ["elevation.png"]


# What scripts may do


def test_no_script_but_the_apps_own_files_runs(app: AppUnderTest, visit: Visit) -> None:
    """Neither one that somebody brings into a page nor a file that was handed in; no page asks for more than it may."""
    proposal = hand_in(app, "strict", title="<img src=x onerror=\"document.body.id='owned'\">")
    path = f"/api/proposals/{proposal}/attachments/evil.md?by=Ines"
    assert requests.put(app.url + path, data=b"document.body.id = 'owned'", timeout=30).status_code == 201
    page = visit("Mara", "/api/ui/act-as")
    complaints = list[str]()
    page.on("console", lambda each: complaints.append(each.text) if "Content Security Policy" in each.text else None)
    for place in ("inbox", f"proposals/{proposal}", "submit", "reports", "operations"):
        page.goto(f"{app.url}/api/ui/{place}")
    assert complaints == []
    page.goto(f"{app.url}/api/ui/proposals/{proposal}")
    page.evaluate(
        """(source) => new Promise((done) => {
            const put = (script) => document.body.append(Object.assign(document.createElement("script"), script));
            put({ textContent: "document.body.id = 'owned'" });
            put({ src: source, onload: done, onerror: done });
        })""",
        f"/api/ui/proposals/{proposal}/files/evil.md?download=true",
    )
    assert page.evaluate("document.body.id") == ""
    assert complaints
