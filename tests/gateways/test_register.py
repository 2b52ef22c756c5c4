"""The register in real tables and blobs: numbers are unique, pages are somebody's."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from approvals.intake import StepRefused, SummarisedEntry, Undo, ValidEntry
from gateways.register import open_register
from gateways.tables import open_table

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _container(monkeypatch):
    """Use a container of these tests' own."""
    monkeypatch.setenv("REGISTER_CONTAINER", "register-tests")


@pytest.fixture
def register():
    """The register of the settings."""
    return open_register()


def entry(proposal_id=None, opened_at="2026-03-02T09:00:00+00:00"):
    """Return an entry of a proposal of its own."""
    return ValidEntry(
        proposal_id=proposal_id or uuid.uuid4().hex, opened_at=opened_at, title="A bench", submitted_by="Ines",
        estimated_cost=0.0, currency="EUR", summary="", document=None,
    )  # fmt: skip


def page(title, proposal_id="p-1", number="P-2026-0001"):
    """Return an entry that is to be published."""
    return SummarisedEntry(
        proposal_id=proposal_id, title=title, submitted_by="Ines", estimated_cost=0.0, currency="EUR", number=number,
        summary="A bench", kept_as="Summaries/p/s",
    )  # fmt: skip


def undo(of):
    """Return what the compensations of a proposal get."""
    return Undo(proposal_id=of.proposal_id, title=of.title)


def test_a_proposal_has_one_number(register):
    """However often and late it asks, and in any year."""
    first = entry(opened_at="2031-12-31T23:59:59+00:00")
    number = register.issue_number(first)
    assert number == "P-2031-0001"
    assert register.issue_number(first) == number
    assert register.issue_number(entry(first.proposal_id, "2032-01-01T00:00:00+00:00")) == number


def test_numbers_requested_at_once_differ_and_leave_no_gap(register):
    """Each is requested twice, because activities may run twice."""
    entries = [entry(opened_at="2033-01-01T00:00:00+00:00") for _ in range(8)] * 2
    with ThreadPoolExecutor(8) as pool:
        numbers = list(pool.map(register.issue_number, entries))
    assert numbers[:8] == numbers[8:]
    assert sorted(numbers[:8]) == [f"P-2033-{index:04d}" for index in range(1, 9)]


def test_a_void_number_is_not_used_again(register):
    """The run that gave it back still gets it; another run of the proposal gets a new one."""
    first = entry(opened_at="2034-01-01T00:00:00+00:00")
    number = register.issue_number(first)
    assert register.void_number(undo(first))
    assert register.void_number(undo(first))
    assert open_table("Register").get_entity("proposals", number)["Void"] is True
    assert register.issue_number(first) == number
    assert register.issue_number(entry(opened_at=first.opened_at)) == "P-2034-0002"
    assert register.issue_number(entry(first.proposal_id, "2034-01-02T00:00:00+00:00")) == "P-2034-0003"
    assert open_table("Register").get_entity("proposals", number)["Void"] is True


def test_a_proposal_without_a_number_has_none_to_void(register):
    """The compensation says so."""
    assert register.void_number(undo(entry())) is False


def test_a_summary_is_stored_once_and_discarded_once(register):
    """The second time there is nothing to discard."""
    kept = entry()
    assert register.keep_summary(kept, "One.") == register.keep_summary(kept, "One.")
    table, partition, key = register.keep_summary(kept, "One.").split("/")
    assert open_table(table).get_entity(partition, key)["Summary"] == "One."
    assert register.discard_summary(undo(kept))
    assert register.discard_summary(undo(kept)) is False


def test_a_title_is_published_once(register):
    """Its owner may repeat it; somebody else may not, until it is withdrawn."""
    title = f"Bench {uuid.uuid4().hex}"
    name = register.publish(page(title), now=NOW)
    assert name.startswith("register-tests/bench-")
    assert register.publish(page(title), now=NOW) == name
    other = page(title, "p-2", "P-2026-0002")
    refused = StepRefused(refused="a proposal with this title is already published, as P-2026-0001")
    assert register.publish(other, now=NOW) == refused
    assert register.withdraw(undo(other)) is False
    assert register.withdraw(undo(page(title)))
    assert register.withdraw(undo(page(title))) is False
    assert register.publish(other, now=NOW) == name
