"""What operators see of the app's own work and of theirs: the last runs, their acts, letters that have not gone."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest

from approvals.operations import LetterState, UnsentLetter
from gateways.operations import open_operations
from gateways.tables import open_table

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@pytest.fixture
def operations(monkeypatch):
    """A table of its own."""
    name = f"Operations{uuid.uuid4().hex[:8]}"
    monkeypatch.setattr("gateways.operations.open_table", lambda _: open_table(name))
    return open_operations()


def test_the_last_run_of_each_timer_is_kept(operations):
    """Earlier ones are replaced."""
    operations.keep_run("sweep", {"found": 1}, now=NOW)
    operations.keep_run("purge", {"purged": 5}, now=NOW)
    operations.keep_run("sweep", {"found": 2}, now=NOW + timedelta(minutes=1))
    runs = {each.name: (each.line, each.at) for each in operations.runs()}
    assert runs == {"sweep": ({"found": 2}, NOW + timedelta(minutes=1)), "purge": ({"purged": 5}, NOW)}


def test_a_run_that_does_not_fit_into_a_cell_keeps_its_numbers(operations):
    """A run always has a row."""
    operations.keep_run("sweep", {"found": 9, "stuck": [{"proposalId": "x" * 100}] * 400}, now=NOW)
    assert [each.line for each in operations.runs()] == [{"found": 9}]


def test_actions_are_listed_newest_first_with_their_outcomes(operations):
    """One that was interrupted stays begun."""
    first = operations.begin("terminate", "p-1", by="Mara", now=NOW)
    operations.begin("purge", "p-2", by="Ines", now=NOW + timedelta(seconds=1))
    operations.end(first, "done")
    acts = [(each.by, each.act, each.target, each.outcome) for each in operations.acts()]
    assert acts == [("Ines", "purge", "p-2", "begun"), ("Mara", "terminate", "p-1", "done")]
    assert len(list(operations.acts(most=1))) == 1


def test_a_letter_is_listed_until_it_is_sent(operations):
    """With the reason of the last attempt; removing an unlisted one is no error."""
    for reason in ("busy", "no mailbox"):
        letter = UnsentLetter(proposal_id="p-1", key="3-asked-a", state=LetterState.REFUSED, reason=reason, at=NOW)
        operations.note_letter(letter)
    assert list(operations.letters()) == [letter]
    for _ in range(2):
        operations.forget_letter("p-1", "3-asked-a")
    assert list(operations.letters()) == []
