"""The pages of operations as HTML: one heading, numbers on top, and no text that does anything."""

from datetime import UTC, datetime, timedelta

import pytest

from approvals.operations import (
    ActRecord,
    FailedInstance,
    LetterState,
    MessageState,
    Overview,
    PutAsideMessage,
    Run,
    StuckReason,
    StuckReview,
    UnsentLetter,
)
from approvals.record.verdict import State, Verdict
from approvals.visible import one_line
from approvals.words.histories import HistoryLine
from pages.operations import ActResult, Workflow, operations_page, workflow_page
from pages.shell import Shell
from tests.gateways.hostile import CORPUS, Reader

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
SHELL = Shell(person="Mara", may_change=False, here="operations")
AGO = NOW - timedelta(hours=3)


def overview(text: str) -> Overview:
    """One of each, with this text wherever somebody else chose it."""
    message = PutAsideMessage(
        id="a1", message_id="m", reason=text, body=text, whole=True, at=AGO, state=MessageState.WAITING, by=text,
        result=text,
    )  # fmt: skip
    return Overview(
        now=NOW,
        stuck=(StuckReview(proposal_id=text, lag=StuckReason.LOST, reason=StuckReason.LOST.words, done="woken"),),
        stuck_count=1,
        failed=(FailedInstance(instance_id=text, workflow=text, status="Failed", reason=text, updated_at=AGO),),
        more_failed=False,
        messages=(message,),
        letters=(UnsentLetter(proposal_id=text, key=text, state=LetterState.REFUSED, reason=text, at=AGO),),
        runs=(Run(name="purge", at=AGO, line={"error": text}),),
        acts=(ActRecord(at=AGO, by=text, act="purge", target=text, outcome=text),),
    )


def pages(text: str) -> list[Reader]:
    """Both pages with this text in each place."""
    line = HistoryLine(at=AGO, sentence=one_line(text), bad=True)
    flow = Workflow(
        id=text, name=text, status="Failed", created=AGO, updated=AGO, reason=one_line(text), history=(line,)
    )
    verdict = Verdict(state=State.DAMAGED, entries=1, authenticated=1, head="ab", finding=text, line=2)
    told = ActResult(good=False, sentence=text)
    made = (operations_page(SHELL, overview(text), told), workflow_page(SHELL, text, flow, verdict, told))
    return [Reader(page.html) for page in made]


@pytest.mark.parametrize("text", CORPUS)
def test_texts_of_others_stay_text(text: str) -> None:
    """Each page has the same elements as with plain words."""
    for hostile, plain in zip(pages(text), pages("plain"), strict=True):
        assert hostile.shape == plain.shape
        assert one_line(text) in " ".join(hostile.text.split()) or one_line(text) in hostile.text


def test_each_page_has_one_heading_and_unique_ids() -> None:
    """For people who hear it; and no script but the files that improve it."""
    for page in pages("plain"):
        tags = [tag for tag, _ in page.elements]
        assert (tags.count("h1"), tags.count("main")) == (1, 1)
        sources = [attributes["src"] for tag, attributes in page.elements if tag == "script"]
        assert sources
        assert all(each.startswith("/api/ui/static/") for each in sources)
        ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
        assert len(ids) == len(set(ids))
        used = {
            attributes[name]
            for _, attributes in page.elements
            for name in ("aria-labelledby", "for")
            if name in attributes
        }
        assert used <= set(ids)


def test_numbers_and_times_are_shown() -> None:
    """One of each, three hours ago."""
    text = " ".join(pages("plain")[0].text.split())
    for said in ("1 Stuck", "1 Failed", "1 Put aside", "1 Letters not sent", "3 hours ago", "It has no workflow.",
                 "The sweep woke it.", "Has not run yet.", "Error: plain"):  # fmt: skip
        assert said in text, said


@pytest.mark.parametrize(
    ("status", "acts"),
    [
        ("Pending", ["Terminate"]),
        ("Running", ["Wake", "Terminate"]),
        ("Suspended", ["Resume", "Terminate"]),
        ("Failed", ["Rewind", "Purge"]),
        ("Completed", ["Purge"]),
    ],
)
def test_a_workflow_has_the_buttons_that_its_status_allows(status: str, acts: list[str]) -> None:
    """And no others."""
    flow = Workflow(id="a", name="b", status=status, created=AGO, updated=AGO, reason="", history=())
    html = workflow_page(SHELL, "a", flow, None).html
    for label in ("Wake", "Resume", "Rewind", "Terminate", "Purge"):
        assert (f">{label}</button>" in html) == (label in acts)
    assert "even_if_open" not in html


def test_a_record_that_could_not_be_checked_completely_says_so() -> None:
    """It is not called damaged."""
    verdict = Verdict(state=State.NOT_ANCHORED, entries=3, authenticated=3, head="ab", finding="no list knows it")
    html = " ".join(workflow_page(SHELL, "a", None, verdict).html.split())
    assert "Nothing wrong was found, but not everything could be checked: not anchored, 3 entries." in html
    assert "No list knows it" in html
    assert "There is none: it was never started, or it was purged." in html
