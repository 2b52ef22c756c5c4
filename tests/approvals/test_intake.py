"""Intake: the rules, and what the steps hand to each other."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from approvals.attachments import StoredAttachment, check_attachments
from approvals.intake import (
    Intake,
    IntakeForm,
    NumberedEntry,
    StepRefused,
    SummarisedEntry,
    Undo,
    ValidEntry,
    page_name,
    summarise,
    validate,
)
from approvals.single_stage.proposal import ProposalSubmission


def stored(name="plan.md", kind="text/markdown"):
    """Return a reference to an attachment."""
    return {"blob": f"p/{name}", "name": name, "contentType": kind, "size": 3}


def intake(**change):
    """Return a proposal that is to be taken in."""
    proposal = ProposalSubmission.from_dict({"title": "A bench", "submittedBy": "Ines", **change})
    return Intake(proposal_id="p-1", opened_at="2026-03-02T09:00:00+00:00", proposal=proposal)


def numbered(**change):
    """Return an entry that is to be summarised."""
    return NumberedEntry(**validate(intake(**change)).model_dump(), number="P-2026-0001")


def test_a_form_becomes_the_input_of_the_workflow():
    """The unchanged example; its note is the source of the summary."""
    form = IntakeForm.from_dict(dict(IntakeForm.example))
    uploads = check_attachments("p-1", form.files)
    proposal = ProposalSubmission.from_dict(form.submission(tuple(upload.reference for upload in uploads)))
    entry = validate(Intake(proposal_id="p-1", opened_at="2026", proposal=proposal))
    assert isinstance(entry, ValidEntry)
    assert entry.document == uploads[0].reference
    numbered = NumberedEntry(**entry.model_dump(), number="P-2026-0001")
    assert summarise(numbered, uploads[0].content) == (
        "Reading corner in the town library: Six seats, two lamps and a shelf in the unused bay by the south window. "
        "The bay is dry and has light from two sides."
    )


@pytest.mark.parametrize(
    ("change", "passes"),
    [
        ({}, True),
        ({"estimatedCost": 0.01}, False),
        ({"estimatedCost": 1, "summary": " \n"}, False),
        ({"estimatedCost": 1, "summary": "x"}, True),
        ({"estimatedCost": 1, "attachments": [stored("a.png", "image/png")]}, True),
        ({"attachments": [stored("a.md"), stored("b.md")]}, True),
        ({"attachments": [stored("a.md"), stored("A.MD")]}, False),
    ],
)
def test_an_intake_with_a_cost_needs_a_description_and_unique_attachment_names(change, passes):
    """These are the rules."""
    assert isinstance(validate(intake(**change)), ValidEntry) == passes


def test_the_first_text_attachment_is_the_document():
    """Pictures are skipped."""
    files = [stored("a.png", "image/png"), stored("b.txt", "text/plain"), stored("c.md")]
    assert validate(intake(attachments=files)).document == StoredAttachment.from_dict(files[1])
    assert validate(intake(attachments=files[:1])).document is None


def test_values_read_back_equal_across_the_durable_boundary():
    """Each step reads what the one before it wrote."""
    summarised = SummarisedEntry(
        proposal_id="p", title="t", submitted_by="i", estimated_cost=1.0, currency="EUR", number="P", summary="s",
        kept_as="k",
    )  # fmt: skip
    for value in (intake(attachments=[stored()]), numbered(attachments=[stored()]), summarised, intake().undo):
        assert type(value).from_dict(value.to_dict()) == value
    assert intake().undo == Undo(proposal_id="p-1", title="A bench")


def test_a_document_must_be_text():
    """UTF-8, with or without a byte order mark."""
    entry = numbered(summary="", attachments=[stored("plan.md")])
    assert summarise(entry, b"\xef\xbb\xbfOak.") == "A bench: Oak."
    assert summarise(entry, b"caf\xe9") == StepRefused(refused="the document 'plan.md' is not UTF-8 text")


def test_without_a_document_the_summary_is_enough():
    """Without both there is the title."""
    assert summarise(numbered(summary="Oak."), b"") == "A bench: Oak."
    assert summarise(numbered(), b"") == "A bench"
    assert summarise(numbered(), b"\xff") == StepRefused(refused="the document '' is not UTF-8 text")


@pytest.mark.parametrize("same", ["A Bench", "  a \t bench ", "\uff21 bench"])
def test_titles_that_look_the_same_share_a_page(same):
    """So that a second proposal is noticed."""
    assert page_name(same) == page_name("A bench")
    assert page_name("A bench").startswith("a-bench-")


def test_titles_that_differ_only_in_signs_have_two_pages():
    """Their readable part is equal, their digest is not."""
    assert page_name("A bench?") != page_name("A bench!")
    assert page_name("東屋").startswith("proposal-")


@given(st.text(min_size=1, max_size=200))
def test_a_page_name_is_always_a_blob_name(title):
    """For any title, and the same each time."""
    assert re.fullmatch(r"[a-z0-9-]{1,60}-[0-9a-f]{12}\.json", page_name(title))
    assert page_name(title) == page_name(title)
