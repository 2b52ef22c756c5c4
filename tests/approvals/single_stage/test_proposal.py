"""Forms and submissions: checked strictly, and turned into small plain data."""

import base64
import json
from datetime import timedelta

import pytest

from approvals.attachments import MOST_BYTES, InlineAttachment, check_attachments
from approvals.directory import read_directory
from approvals.names import digest
from approvals.single_stage.proposal import (
    BudgetRequest,
    LifecycleForm,
    LifecycleSubmission,
    ProposalForm,
    ProposalSubmission,
    may_decide,
)
from approvals.validation import Invalid, read_json
from approvals.workflows import APPROVAL, BUDGET, WORKFLOWS, find_workflow

FORM = {"title": "Footbridge", "submittedBy": "Ines"}
PNG = b"\x89PNG\r\n\x1a\n" + b"rest"


def attached(content: bytes = PNG, kind: str = "image/png", name: str = "plan.png") -> InlineAttachment:
    """Return an attachment as it is posted."""
    return InlineAttachment(name=name, content_type=kind, content=base64.b64encode(content).decode())


def test_a_form_becomes_a_submission_that_the_workflow_reads():
    """Defaults are filled in, contents are replaced by blob names."""
    form = ProposalForm.from_dict({**FORM, "attachments": [attached().to_dict()]})
    (upload,) = check_attachments("p-1", form.attachments)
    submission = ProposalSubmission.from_dict(form.submission((upload.reference,)))
    assert submission.window == timedelta(hours=72)
    assert submission.attachments == (upload.reference,)
    assert (upload.content, upload.reference.size) == (PNG, len(PNG))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"title": ""}, "title"),
        ({"title": "a\x07b"}, "control"),
        ({"submittedBy": None}, "submittedBy"),
        ({"submitted_by": "x"}, "submitted_by"),
        ({"windowHours": 0}, "windowHours"),
        ({"windowHours": 144.1}, "windowHours"),
        ({"estimatedCost": -1}, "estimatedCost"),
        ({"estimatedCost": True}, "estimatedCost"),
        ({"estimatedCost": float("inf")}, "estimatedCost"),
        ({"currency": "eur"}, "currency"),
        ({"currency": "EUR\n"}, "currency"),
        ({"currency": "ZZZ"}, "currency: is not a currency"),
        ({"currency": "JPY", "estimatedCost": 0.5}, "estimatedCost has too many decimals: JPY has none"),
        ({"attachments": "none"}, "attachments"),
        ({"attachments": [attached().to_dict()] * 11}, "attachments"),
        ({"approvers": []}, "approvers"),
    ],
)
def test_an_invalid_form_is_refused_with_the_field(change, told):
    """In one line, without the sent value."""
    with pytest.raises(Invalid, match=told) as refused:
        ProposalForm.from_dict({**FORM, **change})
    assert "\n" not in str(refused.value)
    assert "http" not in str(refused.value)


@pytest.mark.parametrize(
    ("attachment", "told"),
    [
        (attached(kind="text/html"), "contentType"),
        (attached(b""), "1 to"),
        (attached(PNG + b"x" * MOST_BYTES), "1 to"),
        (attached(b"GIF89a"), "not image/png"),
        (InlineAttachment(name="x", content_type="image/png", content="%%%"), "Base64"),
    ],
)
def test_the_content_of_an_attachment_must_have_its_declared_kind(attachment, told):
    """The error names the first wrong one."""
    with pytest.raises(Invalid, match=told):
        check_attachments("p-1", (attachment,))


def test_the_app_makes_blob_names():
    """The sender's file name has no influence, and equal content has equal names."""
    one, two = check_attachments("p-1", (attached(name="../../secret"), attached(name="b")))
    assert one.blob == two.blob
    assert one.blob.startswith("p-1/")
    assert "secret" not in one.blob


def test_a_budget_request_has_no_files():
    """Its form is its submission."""
    request = BudgetRequest.from_dict({"amount": 5, "title": "Steel"})
    assert request.files == ()
    assert BudgetRequest.from_dict(request.submission(())) == request


@pytest.mark.parametrize("workflow", WORKFLOWS.values(), ids=lambda workflow: workflow.name)
def test_every_workflow_describes_itself_with_a_valid_example(workflow):
    """The description has what HttpStart would do with it, and a schema of every field."""
    described = workflow.describe()
    form = workflow.form.from_dict(described["example"])
    uploads = check_attachments("p-1", form.files)
    assert form.submission(tuple(upload.reference for upload in uploads))
    assert set(described["example"]) <= set(described["input"]["properties"])
    assert described["input"]["additionalProperties"] is False
    assert described["does"].endswith(".")
    assert json.dumps(described)


def test_the_parts_of_a_lifecycle_get_only_the_proposal():
    """Other keys would be unknown to them."""
    form = LifecycleForm.from_dict(LifecycleForm.example)
    (upload,) = check_attachments("p-1", form.files)
    submission = LifecycleSubmission.from_dict(form.submission((upload.reference,)))
    proposal = ProposalSubmission.from_dict(submission.proposal())
    assert proposal.attachments == (upload.reference,)
    assert proposal.window == submission.window


def test_workflows_are_found_by_name_in_any_case():
    """Like durable names."""
    assert find_workflow("approvalworkflow") is APPROVAL
    assert find_workflow("BudgetApproval") is BUDGET
    assert find_workflow("nope") is None


@pytest.mark.parametrize("text", [b"", b"{", b'{"a": 1, "a": 2}', b"[Infinity]", b"\xff", b'"\\ud800"'])
def test_invalid_json_is_refused(text):
    """Also bytes that are not UTF-8 and half a surrogate pair."""
    with pytest.raises(Invalid):
        read_json(text)


def test_plain_json_is_read():
    """Nothing is changed."""
    assert read_json('{"a": [1, "ü"]}') == {"a": [1, "ü"]}


def test_the_window_of_a_budget_request_is_in_hours():
    """Like every other window."""
    assert BudgetRequest.from_dict({"windowHours": 1.5}).window == timedelta(hours=1.5)


NAMES = {"ines@example.org": "Ines", "mara@example.org": "Mara"}


def renamed(name: str) -> str:
    """Return what a small directory calls a person."""
    return NAMES.get(name, name)


def test_a_form_is_renamed_to_one_name_for_each_person():
    """Other fields do not change."""
    form = ProposalForm.from_dict({**FORM, "submittedBy": "ines@example.org", "approver": "mara@example.org"})
    met = form.renamed(renamed)
    assert (met.submitted_by, met.approver, met.escalate_to) == ("Ines", "Mara", "the head of design")
    budget = BudgetRequest.from_dict({"requestedBy": "ines@example.org", "amount": 5})
    assert budget.renamed(renamed).requested_by == "Ines"
    assert {flow.form.from_dict(dict(flow.form.example)).renamed(renamed).title for flow in (APPROVAL, BUDGET)}


@pytest.mark.parametrize("approver", ["Ines", "INES ", "ines@example.org"])
def test_a_form_whose_author_is_the_approver_is_refused(approver):
    """Under any name."""
    with pytest.raises(Invalid, match="approver: submitted the proposal"):
        ProposalForm.from_dict({**FORM, "approver": approver}).renamed(renamed)


@pytest.mark.parametrize(
    ("submission", "approver", "may"),
    [
        ({"submittedBy": "Ines"}, "ines", False),
        ({"requestedBy": "Ines"}, "\uff29nes", False),
        ({"submittedBy": "Ines"}, "Mara", True),
        ({"requestedBy": "unnamed"}, "unnamed", True),
        ({"submittedBy": 5}, "Ines", True),
        ({}, "Ines", True),
        (None, "Ines", True),
    ],
)
def test_nobody_may_decide_on_their_own_submission(submission, approver, may):
    """If it says whose it is."""
    assert may_decide(submission, approver) is may


@pytest.mark.parametrize("workflow", WORKFLOWS.values(), ids=lambda each: each.name)
def test_renaming_a_form_without_other_names_changes_nothing(workflow):
    """Also one that names nobody."""
    form = workflow.form.from_dict(dict(workflow.form.example))
    assert form.renamed(str) == form


def test_the_input_has_a_digest_of_each_other_name_of_the_author():
    """The workflow has no directory. Forms without a decision need none, nor do people with one name."""
    known = read_directory({"Ines": {"mail": "ines@example.org"}}).also_called
    also = {"alsoCalled": [digest("ines@example.org")]}
    proposal = ProposalForm.from_dict({"title": "Bench", "submittedBy": "Ines"})
    submission = {**proposal.submission(()), **proposal.identities(known)}
    assert proposal.identities(known) == BudgetRequest.from_dict({"requestedBy": "Ines"}).identities(known) == also
    assert ProposalSubmission.from_dict(submission).also_called == (digest("ines@example.org"),)
    assert ProposalForm.from_dict({"title": "Bench", "submittedBy": "Mara"}).identities(known) == {}
    bills = find_workflow("BillingIssuer").form
    assert bills.from_dict(dict(bills.example)).identities(known) == {}


def test_the_amount_of_a_budget_request_fits_its_currency():
    """There is no half yen."""
    with pytest.raises(Invalid, match="amount has too many decimals: JPY has none"):
        BudgetRequest.from_dict({"amount": 0.5, "currency": "JPY"})


def test_a_limit_applies_only_to_costs_in_its_currency():
    """99,999 dinars are more than 100,000 euros."""
    dinars = {**LifecycleForm.example, "currency": "KWD", "estimatedCost": 99_999}
    with pytest.raises(Invalid, match="budgetLimit is in EUR; give one in KWD"):
        LifecycleForm.from_dict(dinars)
    with pytest.raises(Invalid, match="budgetLimit has too many decimals: KWD has 3"):
        LifecycleForm.from_dict({**dinars, "budgetCurrency": "KWD", "budgetLimit": 0.0005})
    assert LifecycleForm.from_dict({**dinars, "budgetCurrency": "KWD", "budgetLimit": 30_000})
