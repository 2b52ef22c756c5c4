"""The pages that `make screenshots` pictures: where they are, who looks at them, and what they do there first."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import requests
from playwright.sync_api import Page

READER = "Amara Okafor"
AUTHOR = "Ines Carvalho"
PROPOSAL = "bridge-1"
CHANGED, WISHED, STOPPED = "library-roof", "cycle-lane", "bench-1"
"""A proposal with a file that was replaced, one for which changes were asked, and a workflow that was terminated."""

FOOTBRIDGE = Path(__file__).resolve().parent.parent / "examples" / "footbridge"
_PLAN = b"# The roof\n\nSlate, as it was.\n\n* Insulation: 16 cm\n* Done by October\n"
_OTHER_PLAN = _PLAN.replace(b"16 cm", b"20 cm").replace(b"October", b"November")


class PictureFailed(Exception):
    """Why the pictures cannot be made, as a sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PicturedPage:
    """A page that has a picture."""

    path: str
    """The last part of its address."""
    person: str = READER
    first: Callable[[Page], None] = lambda _: None
    """What the person does before the picture is taken."""


def _fill_in(page: Page) -> None:
    page.fill("#title", "Weir by the mill")
    page.fill("#cost", "48,500")
    page.select_option("#policy", "footbridge-works")
    page.set_input_files("#files", [FOOTBRIDGE / "elevation.png", FOOTBRIDGE / "design-proposal.md"])
    page.wait_for_selector("#preview-section")


def _fill_in_badly(page: Page) -> None:
    _fill_in(page)
    page.fill("#currency", "Euro")
    page.fill("#title", " ")
    page.evaluate("document.querySelectorAll('[required], [maxlength]').forEach((each) => (each.required = false))")
    page.click('button[value="submit"]')
    page.wait_for_selector(".field-alarm")


def _add_files(page: Page) -> None:
    page.click("summary:has-text('Add or replace files')")
    page.set_input_files("#files", [FOOTBRIDGE / "elevation.png"])


def _hear_news(page: Page) -> None:
    comment = {"by": AUTHOR, "comment": f"@{READER}, the drawings are the ones of Monday."}
    post(page.url.replace("/ui/", "/") + "/comments", comment)
    page.locator("textarea").first.fill("The ramp on the north side")
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    page.wait_for_selector("#notice button")


def _answer_many(page: Page) -> None:
    for box in page.locator('input[name="pick"]').all():
        box.check()
    page.check('input[name="decision"][value="approve"]')
    page.click("text=Send my answers")


PAGES = {
    "inbox": PicturedPage(path="/api/ui/inbox"),
    "inbox-filters": PicturedPage(path="/api/ui/inbox?part=wrote&overdue=true", person=AUTHOR),
    "proposal": PicturedPage(path=f"/api/ui/proposals/{PROPOSAL}"),
    "proposal-of-its-author": PicturedPage(path=f"/api/ui/proposals/{PROPOSAL}", person=AUTHOR, first=_add_files),
    "proposal-versions": PicturedPage(path=f"/api/ui/proposals/{CHANGED}"),
    "proposal-news": PicturedPage(path=f"/api/ui/proposals/{PROPOSAL}", first=_hear_news),
    "file": PicturedPage(path=f"/api/ui/proposals/{CHANGED}/files/plan.md"),
    "file-compared": PicturedPage(path=f"/api/ui/proposals/{CHANGED}/files/plan.md?since=2"),
    "resubmit": PicturedPage(path=f"/api/ui/proposals/{WISHED}/resubmit", person=AUTHOR),
    "submit": PicturedPage(path="/api/ui/submit"),
    "submit-preview": PicturedPage(path="/api/ui/submit", first=_fill_in),
    "submit-faults": PicturedPage(path="/api/ui/submit", first=_fill_in_badly),
    "reports": PicturedPage(path="/api/ui/reports"),
    "operations": PicturedPage(path="/api/ui/operations"),
    "workflow": PicturedPage(path=f"/api/ui/operations/workflow?id={STOPPED}"),
    "act-as": PicturedPage(path="/api/ui/act-as"),
    "refusal": PicturedPage(path=f"/api/ui/proposals/{PROPOSAL}", person="Somebody Else"),
    "decision": PicturedPage(path=""),
    "dashboard-instances": PicturedPage(path="/devhost/instances"),
    "dashboard-mail": PicturedPage(path="/devhost/mail"),
    "dashboard-letter": PicturedPage(path="/devhost/letter?id=1"),
    "dashboard-instance": PicturedPage(path=f"/devhost/instance?id={PROPOSAL}"),
    # It decides what others only show, so it comes last.
    "inbox-results": PicturedPage(path="/api/ui/inbox", first=_answer_many),
}
"""By the names of the pictures; the address of the decision page is in a letter."""


def seed_more(url: str) -> None:
    """Let happen what the pages need that no picture of the documents shows."""
    for content in (_PLAN, _OTHER_PLAN):
        path = f"{url}/api/proposals/{CHANGED}/attachments/plan.md"
        requests.put(path, data=content, timeout=60).raise_for_status()
    wish = {"approver": READER, "comment": "Please move the lane to the north side."}
    post(f"{url}/api/proposals/{WISHED}/changes", wish)
    post(f"{url}/api/orchestrators/ApprovalWorkflow?id={STOPPED}", {"title": "Bench", "submittedBy": AUTHOR})
    post(f"{url}/api/ops/instances/{STOPPED}/terminate", {"by": READER, "reason": "Handed in twice."})
    post(f"{url}/admin/devhost/clock", {"hours": 1})


def post(url: str, body: Mapping[str, object]) -> None:
    """Send JSON to the host; raises PictureFailed if it is not taken."""
    answer = requests.post(url, json=body, timeout=600)
    if not answer.ok:
        raise PictureFailed(f"POST {url} answered {answer.status_code}: {answer.text}")
