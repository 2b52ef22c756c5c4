"""Intake: what is taken in, what each step of it hands to the next, and the rules by which a proposal is refused."""

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
"""Kinds of attachments that a summary can be made from."""


class IntakeForm(ProposalForm):
    """A design proposal that is to be numbered, summarised and published; who decides plays no part in that."""

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
    """What ValidateProposal gets: the proposal, and whose it is."""

    proposal_id: str
    opened_at: str
    """When this run began, ISO 8601 in UTC; tells apart two runs under one id (a restarted instance)."""
    proposal: ProposalSubmission

    @property
    def undo(self) -> "Undo":
        """What every compensation gets."""
        return Undo(proposal_id=self.proposal_id, title=self.proposal.title)


class Undo(Boundary):
    """What a compensation needs, whatever it is to undo: everything else is on record under the id or the title."""

    proposal_id: str
    title: Line


class Refused(Boundary):
    """A rule says no: a step's answer in place of its result. Trying again would not help."""

    refused: str


class ValidEntry(Boundary):
    """A proposal that may get a number."""

    proposal_id: str
    opened_at: str
    title: Line
    submitted_by: Line
    estimated_cost: Money
    currency: Currency
    summary: Prose
    document: StoredAttachment | None
    """The first attachment that is a text; the summary is made from it too."""


class NumberedEntry(ValidEntry):
    """One that has its number in the register."""

    number: str


class SummarisedEntry(Boundary):
    """One whose summary is made and kept."""

    proposal_id: str
    title: Line
    submitted_by: Line
    estimated_cost: Money
    currency: Currency
    number: str
    summary: Annotated[str, Field(max_length=LONGEST_EXTRACT)]
    kept_as: str
    """Table and keys of the row that holds the summary."""


def validate(intake: Intake) -> ValidEntry | Refused:
    """Apply the rules that need nothing but the proposal itself."""
    proposal = intake.proposal
    if proposal.estimated_cost > 0 and not proposal.summary.strip() and not proposal.attachments:
        return Refused(refused="a proposal that costs something needs a summary or a document that says what for")
    names = [attachment.name.casefold() for attachment in proposal.attachments]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice:
        return Refused(refused=f"two attachments are called {twice[:60]!r}; readers could not tell them apart")
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


def summarise(entry: NumberedEntry, content: bytes) -> str | Refused:
    """Make the summary from title, summary and the content of the document (nothing where there is none)."""
    try:
        document = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        named = entry.document.name[:60] if entry.document else ""
        return Refused(refused=f"the document {named!r} is not UTF-8 text")
    return extract(entry.title, entry.summary, document)


def page_name(title: str) -> str:
    """Return the name of a proposal's page in the register: the same for titles that a reader takes for the same.

    Case, spacing and the form of composed letters do not count. People read the first part, the hash tells apart.
    """
    same = " ".join(unicodedata.normalize("NFKC", title).casefold().split())
    readable = re.sub(r"[^a-z0-9]+", "-", same)[:60].strip("-") or "proposal"
    return f"{readable}-{hashlib.sha256(same.encode()).hexdigest()[:12]}.json"
