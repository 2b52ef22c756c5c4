"""The desk: what it may have left undone is looked for by the next sweep."""

from datetime import UTC, datetime

import pytest
from azure.core.exceptions import ServiceRequestError

from approvals.record.entries import Via
from approvals.rules.acceptance import Actor
from approvals.rules.verbs import Comment
from services import desk
from services.full_looks import open_looks

NOW = datetime.now(UTC)
COMMENT = Comment.from_dict({"by": "Ines", "comment": "A ramp?"})


@pytest.fixture
def looks():
    """The looks of this process, after one at everything in this period."""
    looks = open_looks()
    looks.note_sweep(NOW)
    yield looks
    looks.ask()


async def test_a_workflow_that_cannot_be_woken_is_looked_for(client, looks):
    """By the next sweep, which compares all records."""
    client.add("p-1")
    await desk.wake(client, "p-1", 3)
    assert not looks.is_due(NOW)
    client.broken = {"raise_event": "connection lost"}
    await desk.wake(client, "p-1", 3)
    assert looks.is_due(NOW)


async def test_one_that_has_finished_is_looked_for_too(client, looks, caplog):
    """An operator may have ended the workflow of a review that is open; nobody is warned of others."""
    client.add("p-1", status="Terminated")
    client.broken = {"raise_event": "gone"}
    await desk.wake(client, "p-1", 3)
    assert looks.is_due(NOW)
    assert "could not be woken" not in caplog.text


async def test_an_action_that_may_be_on_record_all_the_same_is_looked_for(client, looks, monkeypatch):
    """Storage did not answer, and nobody was woken."""

    def away(*_):
        raise ServiceRequestError("away")

    monkeypatch.setattr("services.desk.record_verb", away)
    with pytest.raises(ServiceRequestError):
        await desk.act(client, "p-1", COMMENT, Actor(name="Ines", via=Via.SYSTEM))
    assert looks.is_due(NOW)
