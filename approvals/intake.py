"""Intake: the data that each step of it passes to the next, and the rules that refuse a proposal."""

import hashlib
import re
import unicodedata
from typing import Annotated, ClassVar

from pydantic import Field

from approvals.attachments import StoredAttachment
from approvals.extracts import LONGEST_EXTRACT, extract
from approvals.forms import Currency, Money
from approvals.single_stage.proposal import ProposalForm, ProposalSubmission
from approvals.validation import Boundary, Line, Prose

TEXTS = frozenset({"text/markdown", "text/plain"})
"""Content types that a summary can be made from."""


class IntakeForm(ProposalForm):
    """A design proposal to number, summarise and publish. Its approvers play no part in this."""

    example: ClassVar = {
        "title": "Reading corner in the town library",
        "submittedBy": "Tomasz Zielinski",
        "summary": "Six seats, two lamps and a shelf in the unused bay by the south window.",
        "estimatedCost": 4200,
        "attachments": [
            {
                "name": "note.md",
                "contentType": "text/markdown",
                "content": "IyBSZWFkaW5nIGNvcm5lcgoKVGhlIGJheSBpcyBkcnkgYW5kIGhhcyBsaWdodCBmcm9tIHR3byBzaWRlcy4K",
            }
        ],
    }


class Intake(Boundary):
    """The input of ValidateProposal: the proposal with its id."""

    proposal_id: str
    opened_at: str
    """When this run started, ISO 8601 in UTC. Distinguishes two runs under one id (a restarted instance)."""
    proposal: ProposalSubmission

    @property
    def undo(self) -> "Undo":
        """The input of every compensation."""
        return Undo(proposal_id=self.proposal_id, title=self.proposal.title)


class Undo(Boundary):
    """The input of a compensation. Everything else is on record under the id or the title."""

    proposal_id: str
    title: Line


class StepRefused(Boundary):
    """The refusal of a step, instead of its result. Trying again would not help."""

    refused: str


class ValidEntry(Boundary):
    """A proposal that passed validation and may get a number."""

    proposal_id: str
    opened_at: str
    title: Line
    submitted_by: Line
    estimated_cost: Money
    currency: Currency
    summary: Prose
    document: StoredAttachment | None
    """The first attachment that is a text. It is used for the summary."""


class NumberedEntry(ValidEntry):
    """A proposal that has its number in the register."""

    number: str


class SummarisedEntry(Boundary):
    """A proposal whose summary is made and stored."""

    proposal_id: str
    title: Line
    submitted_by: Line
    estimated_cost: Money
    currency: Currency
    number: str
    summary: Annotated[str, Field(max_length=LONGEST_EXTRACT)]
    kept_as: str
    """Table and keys of the summary's row."""


def validate(intake: Intake) -> ValidEntry | StepRefused:
    """Apply the rules that depend only on the proposal itself."""
    proposal = intake.proposal
    if proposal.estimated_cost > 0 and not proposal.summary.strip() and not proposal.attachments:
        return StepRefused(refused="a proposal with a cost needs a summary or a document that explains the cost")
    names = [attachment.name.casefold() for attachment in proposal.attachments]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice:
        return StepRefused(refused=f"two attachments are called {twice[:60]!r}; give each its own name")
    return ValidEntry(
        proposal_id=intake.proposal_id,
        opened_at=intake.opened_at,
        title=proposal.title,
        submitted_by=proposal.submitted_by,
        estimated_cost=proposal.estimated_cost,
        currency=proposal.currency,
        summary=proposal.summary,
        document=next((each for each in proposal.attachments if each.content_type in TEXTS), None),
    )


def summarise(entry: NumberedEntry, content: bytes) -> str | StepRefused:
    """Make the summary from the title, the proposal's summary and the document's content (may be empty)."""
    try:
        document = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        named = entry.document.name[:60] if entry.document else ""
        return StepRefused(refused=f"the document {named!r} is not UTF-8 text")
    return extract(entry.title, entry.summary, document)


def page_name(title: str) -> str:
    """Return the name of a proposal's page in the register: the same for titles that look the same to a reader.

    Case, spacing and the form of composed letters do not count. The first part is for people; the hash makes the name
    unique.
    """
    same = " ".join(unicodedata.normalize("NFKC", title).casefold().split())
    readable = re.sub(r"[^a-z0-9]+", "-", same)[:60].strip("-") or "proposal"
    return f"{readable}-{hashlib.sha256(same.encode()).hexdigest()[:12]}.json"
