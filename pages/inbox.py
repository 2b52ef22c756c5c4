"""The inbox: what waits for a person, what they delegated, decided and wrote; and what became of decisions in bulk."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from approvals.visible import one_line
from approvals.words.wording import money, people, time_left
from gateways.personal_rows import Part
from gateways.proposal_rows import IndexRow
from pages.rendering import Page
from pages.shell import Shell, render_in_shell, state_of

TITLES = {
    Part.WAITING: "Waiting for you",
    Part.DELEGATED: "You delegated",
    Part.DECIDED: "You decided",
    Part.WROTE: "You handed in",
}
STATUSES = {
    "checking": "Being checked",
    "inReview": "In review",
    "changesRequested": "Changes asked for",
    "awaitingBudget": "Waits for the budget",
    "approved": "Approved",
    "rejected": "Rejected",
    "withdrawn": "Withdrawn",
    "expired": "Expired",
    "failed": "Failed",
}
ADDRESS = "/api/ui/inbox"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What somebody looks for; all of it is in the page's address."""

    part: Part = Part.WAITING
    text: str = ""
    """Words of the title."""
    status: str = ""
    department: str = ""
    author: str = ""
    overdue: bool = False
    page: int = 1

    def address(self, **change: Any) -> str:
        """Return the address of this question with something changed."""
        asked = {
            "part": self.part.value,
            "q": self.text,
            "status": self.status,
            "department": self.department,
            "author": self.author,
            "overdue": "true" if self.overdue else "",
            "page": self.page if self.page > 1 else "",
            **change,
        }
        return f"{ADDRESS}?{urlencode({name: value for name, value in asked.items() if value})}"


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundPage:
    """A page of what was found."""

    rows: Sequence[IndexRow]
    total: int
    """On all pages."""
    pages: int
    looked_at: int | None = None
    """How many were searched, where there may be more; None where it was all of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What became of one decision among several."""

    proposal_id: str
    title: str
    is_recorded: bool
    sentence: str
    """Where the proposal stands now, or why the decision was not taken."""


def inbox_page(shell: Shell, question: Question, found: FoundPage, *, now: datetime, fault: str = "") -> Page:
    """Return a page of the inbox; `fault` says what was wrong with a bulk decision that was sent from it."""
    return render_in_shell(
        "inbox.html",
        shell,
        state=state_of(question, found),
        question=question,
        parts=[(part, TITLES[part], question.address(part=part.value, page="")) for part in Part],
        statuses=STATUSES,
        lines=[_line(row, now) for row in found.rows],
        found=found,
        before=question.address(page=question.page - 1) if question.page > 1 else None,
        after=question.address(page=question.page + 1) if question.page < found.pages else None,
        bulk=question.part is Part.WAITING and bool(found.rows),
        fault=fault,
    )


def results_page(shell: Shell, results: Sequence[Result]) -> Page:
    """Return what became of decisions in bulk: those that were not taken first, each with the reason."""
    taken = sum(each.is_recorded for each in results)
    return render_in_shell(
        "results.html", shell, results=sorted(results, key=lambda each: each.is_recorded), taken=taken, back=ADDRESS
    )


def _line(row: IndexRow, now: datetime) -> dict[str, Any]:
    return {
        "id": row.proposal_id,
        "title": one_line(row.title),
        "address": f"/api/ui/proposals/{row.proposal_id}",
        "author": one_line(row.author),
        "department": one_line(row.department or ""),
        "cost": money(row.cost, row.currency) if row.cost else "",
        "status": STATUSES[row.status],
        "state": row.status,
        "stage": f"{one_line(row.stage)}, {row.stage_number} of {row.stage_count}" if row.stage_number else "",
        "waiting_for": people(tuple(one_line(each) for each in row.waiting_for)),
        "asked_at": row.asked_at,
        "submitted_at": row.submitted_at,
        "deadline": row.deadline,
        "left": time_left(row.deadline, now) if row.deadline else "",
        "overdue": bool(row.deadline and row.deadline <= now),
        "document": row.document,
    }
