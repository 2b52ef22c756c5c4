"""The checks of files within a look: the same findings as the workflow's, or none where that has to do it."""

import uuid
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from azure.core.exceptions import ServiceRequestError

from approvals.attachments import upload_of
from approvals.checks import VIRUS_TEST
from approvals.policy.policy import Policy
from approvals.record.entries import Via
from approvals.rules.progress import begin
from approvals.rules.replay import replay
from gateways.attachments import BlobAttachments, open_attachments
from gateways.tables import open_table
from services.document_checks import check_files

WORDS = {"title": "Footbridge", "summary": "", "cost": 100.0, "currency": "EUR", "department": None}
POLICY = Policy.from_dict({"stages": [{"name": "board", "approvers": ["Mara"]}]})


def review(*files):
    """A review that checks files of these names and contents, which are stored."""
    name = uuid.uuid4().hex
    kept = open_attachments().keep(upload_of(name, *file) for file in files)
    now = datetime.now(UTC)
    return replay(
        begin(name, WORDS, author="Ines", via=Via.SYSTEM, policy=POLICY, policy_name="own", attachments=kept, now=now)
    )


def rows(proposal):
    """What the table of findings has of a proposal."""
    return list(open_table("Findings").query_entities(f"PartitionKey eq '{proposal}'"))


def test_files_that_are_in_order_leave_no_findings():
    """In the table either."""
    checking = review(("a.md", b"# A"), ("b.txt", b"B"))
    assert (check_files(checking), rows(checking.proposal_id)) == (("passed",), [])


def test_what_is_found_is_kept_once():
    """In detail, also if the look is repeated."""
    checking = review(("a.md", b"# A"), ("b.txt", VIRUS_TEST))
    assert [check_files(checking) for _ in range(2)] == [("objections", "virus")] * 2
    kept = rows(checking.proposal_id)
    assert [row["Outcome"] for row in kept if row["Kind"] == "sum"] == ["objections"]
    assert len({row["Check"] + row["Attachment"] for row in kept if row["Kind"] == "finding"}) == len(kept) - 1


def test_a_file_that_cannot_be_read_is_left_to_the_workflow(monkeypatch):
    """Which tries again; one that is not there as well."""
    checking = review(("a.md", b"# A"))
    (file,) = checking.attachments
    assert check_files(replace(checking, attachments=(file.model_copy(update={"blob": "p/gone.md"}),))) is None

    def broken(*_):
        raise ServiceRequestError("storage does not answer")

    monkeypatch.setattr(BlobAttachments, "read", broken)
    assert check_files(checking) is None


def test_findings_that_cannot_be_kept_are_left_to_the_workflow(monkeypatch):
    """So that none is lost."""
    checking = review(("b.txt", VIRUS_TEST))

    def broken():
        raise ServiceRequestError("storage does not answer")

    monkeypatch.setattr("services.document_checks.open_findings", broken)
    assert check_files(checking) is None


@pytest.mark.parametrize("also", [(), (("a.md", b"# A"),)])
def test_pictures_are_left_to_the_workflow(also):
    """They have to be decoded."""
    checking = review(("b.md", b"# B"), *also)
    first, *others = checking.attachments
    picture = first.model_copy(update={"content_type": "image/png"})
    assert check_files(replace(checking, attachments=(*others, picture))) is None
