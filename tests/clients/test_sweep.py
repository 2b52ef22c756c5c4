"""SweepReviews: what a crash left between two steps is found from the outside, and mended once."""

import json
import logging
import uuid
from datetime import UTC, datetime, timedelta

import pytest

from approvals.review.entries import Via
from approvals.review.policy import Policy
from approvals.review.progress import begin
from approvals.review.replay import replay
from clients.sweep import LATE, SILENT, find_stragglers, sweep_reviews
from gateways.proposal_index import IndexRow, open_proposal_index
from gateways.review_records import open_review_records
from gateways.tables import open_table

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
WORDS = {"title": "Footbridge", "summary": "", "cost": 100.0, "currency": "EUR", "department": None}
POLICY = Policy.from_dict({"stages": [{"name": "board", "approvers": ["Mara"]}]})


def row(name="p-1", **changes):
    """A row of an open review whose workflow has seen 100 bytes."""
    fields = {
        "proposal_id": name, "title": "Footbridge", "author": "Ines", "department": None, "cost": 100.0,
        "currency": "EUR", "status": "inReview", "stage": "board", "waiting_for": ("Mara",), "submitted_at": NOW,
        "deadline": NOW + timedelta(hours=72), "entries": 1, "head": "ab", "size": 100, "told": 1, **changes,
    }  # fmt: skip
    return IndexRow(**fields)


def found(rows, listed, sizes, now=NOW):
    """The ids of the stragglers."""
    return [each.proposal_id for each in find_stragglers(rows, frozenset(listed), sizes, now)]


def test_a_review_in_order_is_left_alone():
    """Its record is as long as its workflow has seen it, and its time is not up."""
    assert found([row()], ["p-1"], {"p-1": 100}) == []


def test_reviews_that_ended_are_never_opened():
    """They have a row, which is not among the open ones."""
    assert found([], ["p-1"], {"p-1": 900}) == []


@pytest.mark.parametrize(
    ("rows", "listed", "sizes"),
    [
        ([], [], {"p-1": 100}),
        ([row(size=0)], ["p-1"], {"p-1": 100}),
        ([row()], ["p-1"], {"p-1": 101}),
    ],
    ids=["not in the list", "never looked at", "grown since"],
)
def test_a_record_that_its_workflow_does_not_know_is_found(rows, listed, sizes):
    """By its length alone."""
    assert found(rows, listed, sizes) == ["p-1"]


@pytest.mark.parametrize(
    ("deadline", "after", "stragglers"),
    [
        (NOW, LATE, []),
        (NOW, LATE + timedelta(seconds=1), ["p-1"]),
        (None, SILENT, []),
        (None, SILENT + timedelta(seconds=1), ["p-1"]),
    ],
)
def test_a_workflow_that_misses_its_time_is_found(deadline, after, stragglers):
    """It was terminated, or lost; its record tells nothing of that."""
    assert found([row(deadline=deadline)], ["p-1"], {"p-1": 100}, NOW + after) == stragglers


def test_a_record_that_has_become_shorter_is_not_a_workflows_matter():
    """It is for the audit."""
    assert found([row()], ["p-1"], {"p-1": 50}) == []


@pytest.fixture(autouse=True)
def _storage(monkeypatch):
    """Records and a list of this test's own, as the sweep looks at all there are."""
    table = f"Sweep{uuid.uuid4().hex[:12]}"
    monkeypatch.setenv("RECORDS_CONTAINER", table.lower())
    monkeypatch.setattr("gateways.proposal_index.open_table", lambda _: open_table(table))


@pytest.fixture
def hand_in():
    """Return a function that puts a proposal on record, an hour ago, and its row where one is wanted."""

    def hand_in(*, entered=True, ago=timedelta(hours=1), **changes):
        name = f"p-{uuid.uuid4().hex}"
        at = datetime.now(UTC) - ago
        entries = begin(
            name, WORDS, author="Ines", via=Via.SYSTEM, policy=POLICY, policy_name="own", attachments=(), now=at
        )
        chain = open_review_records().create(name, entries)
        if entered:
            known = {"submitted_at": at, "deadline": None, "size": chain.size, "head": chain.head, "told": 0}
            open_proposal_index().write(row(name, **known | changes))
        return name

    return hand_in


@pytest.fixture
def sweep(call, client, caplog):
    """Return a function that runs the sweep and returns the one line that it logs."""

    async def sweep():
        caplog.clear()
        with caplog.at_level(logging.INFO, "greenlight.sweep"):
            await call(sweep_reviews, timer=None, client=client)
        (line,) = [json.loads(each) for each in caplog.messages if each.startswith('{"record": "sweep"')]
        return {name: value for name, value in line.items() if name != "record"}

    return sweep


def started(client, name):
    """With what the workflow of a proposal was started."""
    return json.loads(client.instances[name]["input"])["review"]


async def test_nothing_to_mend_is_one_line(sweep, client):
    """And no call of the hub."""
    client.broken = {"get_status": "not asked", "start_new": "not asked", "raise_event": "not asked"}
    assert await sweep() == {"records": 0, "found": 0}


@pytest.mark.parametrize("entered", [True, False], ids=["in the list", "not in the list"])
async def test_a_review_that_was_never_started_is_started_once(sweep, client, hand_in, entered):
    """The process died behind the record, or behind the row. The second sweep finds it running."""
    name = hand_in(entered=entered, size=0)
    assert await sweep() == {"records": 1, "found": 1, "started": 1}
    assert (client.instances[name]["name"], started(client, name)["proposalId"]) == ("ApprovalWorkflow", name)
    assert (started(client, name)["told"], started(client, name)["counted"]) == (0, {})
    assert await sweep() == {"records": 1, "found": 1, "woken": 1}


async def test_one_that_is_being_handed_in_is_left_to_whoever_does(sweep, client, hand_in):
    """Its row may be written in this very moment."""
    hand_in(entered=False, ago=timedelta(seconds=5))
    assert await sweep() == {"records": 1, "found": 1, "left": 1}
    assert client.instances == {}


async def test_a_workflow_that_was_not_woken_is_woken(sweep, client, hand_in):
    """The process died behind an answer that it had taken down."""
    name = hand_in(size=1)
    client.add(name)
    assert await sweep() == {"records": 1, "found": 1, "woken": 1}
    assert client.events == [(name, "Wake", {})]


async def test_a_review_whose_workflow_was_ended_has_failed(sweep, client, hand_in):
    """It is put on record; a workflow that tells people and counts it is started, with what was done before."""
    name = hand_in(deadline=datetime.now(UTC) - timedelta(hours=1), told=1)
    client.add(name, status="Terminated")
    start = client.start_new

    async def over_a_finished_one(workflow, instance_id, argument):
        del client.instances[instance_id]
        return await start(workflow, instance_id, argument)

    client.start_new = over_a_finished_one
    assert await sweep() == {"records": 1, "found": 1, "failed": 1}
    review = replay(open_review_records().read(name).entries)
    assert (review.status, review.reason) == ("failed", "its workflow was ended before it was decided")
    assert (started(client, name)["told"], started(client, name)["counted"]) == (1, {"submitted": 1})


async def test_an_id_that_is_another_workflows_is_left_alone(sweep, client, hand_in, caplog):
    """That would be a mistake of somebody's, and is told."""
    name = hand_in(size=0)
    client.add(name, "Chaining")
    assert await sweep() == {"records": 1, "found": 1, "left": 1}
    assert "its id is that of a Chaining" in caplog.text


async def test_a_record_that_was_cut_is_told(sweep, hand_in, caplog):
    """As an error, each time, by the id alone."""
    name = hand_in(size=10**6, deadline=datetime.now(UTC) + timedelta(hours=1))
    assert await sweep() == {"records": 1, "found": 0}
    assert f"proposal {name}: its record is shorter than it was" in caplog.text


async def test_one_that_cannot_be_mended_does_not_keep_the_others_waiting(sweep, client, hand_in):
    """The hub answers for one of the two."""
    names = [hand_in(size=1) for _ in range(2)]
    for name in names:
        client.add(name)
    raise_event = client.raise_event

    async def for_one(instance_id, *event):
        if instance_id == names[0]:
            raise Exception("unexpected status code 503")
        await raise_event(instance_id, *event)

    client.raise_event = for_one
    assert await sweep() == {"records": 2, "found": 2, "woken": 1, "notMended": 1}
    assert [name for name, *_ in client.events] == [names[1]]


async def test_one_that_ends_in_this_moment_needs_nothing(sweep, client, hand_in):
    """It was running when it was looked at."""
    name = hand_in(size=1)
    client.add(name)

    async def too_late(instance_id, *_):
        client.add(instance_id, status="Completed")
        raise Exception("gone")

    client.raise_event = too_late
    assert await sweep() == {"records": 1, "found": 1, "left": 1}
