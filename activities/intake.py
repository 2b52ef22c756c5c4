"""The steps of a proposal's intake and their compensations: number, summary, page in the register."""

import azure.durable_functions as df

from approvals.intake import Intake, NumberedEntry, StepRefused, SummarisedEntry, Undo, ValidEntry, summarise, validate
from gateways import clock
from gateways.attachments import open_attachments
from gateways.register import open_register

bp = df.Blueprint()


@bp.activity_trigger(input_name="intake", activity="ValidateProposal")
def validate_proposal(intake: dict) -> dict:
    """Apply the rules of intake; returns an entry, or why the proposal is refused."""
    return validate(Intake.from_dict(intake)).to_dict()


@bp.activity_trigger(input_name="entry", activity="NumberProposal")
def number_proposal(entry: dict) -> dict:
    """Give the proposal its number. Every run returns the same number."""
    number = open_register().issue_number(ValidEntry.from_dict(entry))
    return {**entry, "number": number}


@bp.activity_trigger(input_name="undo", activity="ReleaseNumber")
def release_number(undo: dict) -> dict:
    """Mark the number void; it is never issued again."""
    return {"undone": open_register().void_number(Undo.from_dict(undo))}


@bp.activity_trigger(input_name="entry", activity="SummariseProposal")
def summarise_proposal(entry: dict) -> dict:
    """Make the summary and store it; refuses a document that cannot be read as text."""
    numbered = NumberedEntry.from_dict(entry)
    content = open_attachments().read(numbered.document) if numbered.document else b""
    summary = summarise(numbered, content)
    if isinstance(summary, StepRefused):
        return summary.to_dict()
    return SummarisedEntry(
        proposal_id=numbered.proposal_id,
        title=numbered.title,
        submitted_by=numbered.submitted_by,
        estimated_cost=numbered.estimated_cost,
        currency=numbered.currency,
        number=numbered.number,
        summary=summary,
        kept_as=open_register().keep_summary(numbered, summary),
    ).to_dict()


@bp.activity_trigger(input_name="undo", activity="DiscardSummary")
def discard_summary(undo: dict) -> dict:
    """Delete the summary."""
    return {"undone": open_register().discard_summary(Undo.from_dict(undo))}


@bp.activity_trigger(input_name="entry", activity="PublishProposal")
def publish_proposal(entry: dict) -> dict:
    """Write the proposal's page to the register; refuses if another proposal has that title."""
    summarised = SummarisedEntry.from_dict(entry)
    page = open_register().publish(summarised, now=clock.now())
    if isinstance(page, StepRefused):
        return page.to_dict()
    return {
        "number": summarised.number,
        "summary": summarised.summary,
        "summaryKeptAs": summarised.kept_as,
        "publication": page,
    }


@bp.activity_trigger(input_name="undo", activity="WithdrawPublication")
def withdraw_publication(undo: dict) -> dict:
    """Remove the page from the register if it belongs to this proposal."""
    return {"undone": open_register().withdraw(Undo.from_dict(undo))}
