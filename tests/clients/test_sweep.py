"""SweepReviews: what a crash left between two steps is found from the outside, and mended once."""

import json
import logging
import re
from datetime import UTC, datetime, timedelta

import pytest
from azure.core.exceptions import ServiceRequestError

from approvals.rules.replay import replay
from clients.sweep import LATE, SILENT, find_stragglers
from gateways.instances import ListFailed
from gateways.proposal_index import open_proposal_index
from gateways.review_records import open_review_records
from tests.clients.sweeping import NOW, row

pytestmark = pytest.mark.usefixtures("own_storage")


def found(rows, listed, sizes, now=NOW, *, alive=None):
    """The ids of the stragglers."""
    alive = frozenset(alive) if alive is not None else None
    return [each.proposal_id for each in find_stragglers(rows, frozenset(listed), sizes, now, alive=alive)]


def test_a_review_in_order_is_left_alone():
    """Its workflow has seen all of its record, and its deadline is open."""
    assert found([row()], ["p-1"], {"p-1": 100}) == []


def test_ended_reviews_are_not_read():
    """Their rows are not among the open ones."""
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
def test_a_record_longer_than_its_workflow_knows_is_found(rows, listed, sizes):
    """Its length alone shows it."""
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
def test_a_workflow_that_missed_its_deadline_is_found(deadline, after, stragglers):
    """It was terminated, or lost; its record does not show that."""
    assert found([row(deadline=deadline)], ["p-1"], {"p-1": 100}, NOW + after) == stragglers


@pytest.mark.parametrize(
    ("rows", "alive", "stragglers"),
    [
        ([row()], [], ["p-1"]),
        ([row()], ["p-1", "p-2"], []),
        ([row()], None, []),
        ([row(status="rejected")], [], []),
    ],
    ids=["lost", "at work", "nobody knows", "ended"],
)
def test_an_open_review_without_a_workflow_is_found_at_once(rows, alive, stragglers):
    """Somebody terminated or purged it; its deadline may be days away."""
    assert found(rows, ["p-1"], {"p-1": 100}, alive=alive) == stragglers


def test_a_review_with_unprocessed_entries_is_looked_at_last():
    """Its record has no new entries, and an ended review has no deadline."""
    ended = row("p-1", status="withdrawn", entries=3, told=1, deadline=NOW)
    grown = row("p-2", size=50)
    sizes = {"p-1": 100, "p-2": 100}
    stragglers = find_stragglers([ended, grown], frozenset(sizes), sizes, NOW + 2 * LATE)
    assert [(each.proposal_id, each.overdue) for each in stragglers] == [("p-2", True), ("p-1", False)]


def test_a_shortened_record_is_not_a_workflows_problem():
    """The audit reports it."""
    assert found([row()], ["p-1"], {"p-1": 50}) == []


def started(client, name):
    """With what the workflow of a proposal was started."""
    return json.loads(client.instances[name]["input"])["review"]


async def test_a_sweep_without_work_logs_one_line(sweep, client):
    """And makes no call of the hub."""
    client.broken = {"get_status": "not asked", "start_new": "not asked", "raise_event": "not asked"}
    assert await sweep() == {"records": 0, "found": 0}


@pytest.mark.parametrize("entered", [True, False], ids=["in the list", "not in the list"])
async def test_a_review_that_was_never_started_is_started_once(sweep, client, hand_in, entered):
    """The process died after the record or after the row. The second sweep finds it running."""
    name = hand_in(entered=entered, size=0)
    assert await sweep() == {"records": 1, "found": 1, "started": 1}
    assert (client.instances[name]["name"], started(client, name)["proposalId"]) == ("ApprovalWorkflow", name)
    assert (started(client, name)["told"], started(client, name)["counted"]) == (0, {})
    assert await sweep() == {"records": 1, "found": 1, "woken": 1}


async def test_a_submission_in_progress_is_left_alone(sweep, client, hand_in):
    """Its row may be written at this moment."""
    hand_in(entered=False, ago=timedelta(seconds=5))
    assert await sweep() == {"records": 1, "found": 1, "left": 1}
    assert client.instances == {}


async def test_a_workflow_that_was_not_woken_is_woken(sweep, client, hand_in):
    """The process died after it had recorded an answer."""
    name = hand_in(size=1)
    client.add(name)
    assert await sweep() == {"records": 1, "found": 1, "woken": 1}
    assert client.events == [(name, "Wake", {})]


async def test_a_review_whose_workflow_ended_has_failed(sweep, client, hand_in):
    """That is recorded; a workflow that sends letters and counts it is started from where the last one was."""
    name = hand_in(deadline=datetime.now(UTC) - timedelta(hours=1), told=1)
    client.add(name, status="Terminated")
    assert await sweep() == {"records": 1, "found": 1, "failed": 1}
    review = replay(open_review_records().read(name).entries)
    assert (review.status, review.end.reason) == ("failed", "its workflow ended before the proposal was decided")
    assert (started(client, name)["told"], started(client, name)["counted"]) == (1, {"submitted": 1})


@pytest.mark.parametrize("status", ["Terminated", "Failed"])
async def test_a_review_whose_workflow_was_terminated_fails_at_the_next_sweep(sweep, client, hand_in, status):
    """Its deadline is days away, and record and row are unchanged."""
    name = hand_in(deadline=datetime.now(UTC) + timedelta(days=3), told=1)
    client.add(name, customStatus={"entries": 1})
    assert await sweep() == {"records": 1, "found": 0}
    client.add(name, status=status, customStatus={"entries": 1})
    assert await sweep() == {"records": 1, "found": 1, "failed": 1}
    assert replay(open_review_records().read(name).entries).status == "failed"


async def test_a_review_whose_workflow_was_purged_is_restarted(sweep, client, hand_in):
    """At the next sweep, from where it was."""
    name = hand_in(deadline=datetime.now(UTC) + timedelta(days=3), told=1)
    assert await sweep() == {"records": 1, "found": 1, "started": 1}
    assert (started(client, name)["told"], started(client, name)["counted"]) == (1, {"submitted": 1})
    assert await sweep() == {"records": 1, "found": 0}


async def test_a_workflow_started_after_the_list_was_read_is_left_alone(sweep, client, hand_in, monkeypatch):
    """Or one that continued as new: its own status shows that it works."""
    name = hand_in(deadline=datetime.now(UTC) + timedelta(days=3), told=1)
    client.add(name, customStatus={"entries": 1})

    async def old(_):
        return frozenset()

    monkeypatch.setattr("clients.sweep.list_alive", old)
    assert await sweep() == {"records": 1, "found": 1, "left": 1}
    assert (client.events, replay(open_review_records().read(name).entries).status) == ([], "checking")


async def test_without_a_list_of_workflows_the_other_reviews_are_fixed(sweep, client, hand_in, monkeypatch, caplog):
    """The host may fail to return it."""
    name = hand_in(size=1)
    client.add(name)

    async def fails(_):
        raise ListFailed("the list of instances answered 500")

    monkeypatch.setattr("clients.sweep.list_alive", fails)
    assert await sweep() == {"records": 1, "found": 1, "woken": 1}
    assert "this sweep cannot find lost workflows" in caplog.text


async def test_a_look_that_its_workflow_did_not_store_is_repeated(sweep, client, hand_in, end):
    """The host died after it: record and list have the end, and the workflow waits for its deadline."""
    name = hand_in(deadline=datetime.now(UTC) + timedelta(hours=9), told=1)
    end(name)
    client.add(name, customStatus={"status": "inReview", "entries": 1})
    assert await sweep() == {"records": 1, "found": 1, "woken": 1}
    assert client.events == [(name, "Wake", {})]
    client.add(name, status="Completed", customStatus={"status": "failed", "entries": 2})
    assert await sweep() == {"records": 1, "found": 1, "left": 1}
    assert (await sweep(), client.events) == ({"records": 1, "found": 0}, [(name, "Wake", {})])


async def test_processed_entries_are_not_looked_at_again(sweep, client, hand_in):
    """Once the status says so; until all letters are sent the sweep asks each time, and wakes nobody."""
    name = hand_in(deadline=datetime.now(UTC) + timedelta(hours=9))
    client.add(name, customStatus={"entries": 1, "untold": 2})
    assert [await sweep() for _ in range(2)] == [{"records": 1, "found": 1, "left": 1}] * 2
    client.add(name, customStatus={"entries": 1})
    assert [(await sweep())["found"] for _ in range(2)] == [1, 0]
    assert client.events == []


@pytest.mark.parametrize("status", ["Completed", "Failed"])
async def test_a_review_that_ended_after_the_list_was_read_is_left_alone(
    sweep, client, hand_in, end, monkeypatch, status
):
    """Nothing is added to its record, and it is not processed again."""
    name = hand_in(size=1, deadline=datetime.now(UTC) + timedelta(hours=9))
    old = open_proposal_index().find(name)
    review = end(name)
    client.add(name, status=status, customStatus={"status": "failed", "entries": review.number})
    monkeypatch.setattr("gateways.proposal_index.TableIndex.scan", lambda _: iter([old]))
    assert await sweep() == {"records": 1, "found": 1, "left": 1}
    assert replay(open_review_records().read(name).entries) == review
    assert "input" not in client.instances[name]
    assert open_proposal_index().find(name).told == review.number


async def test_an_end_without_letters_is_told(sweep, client, hand_in, end):
    """The sweep had recorded it, and its host died; the workflow is restarted from where it was."""
    name = hand_in(told=1)
    end(name)
    client.add(name, status="Terminated", customStatus={"entries": 1})
    assert await sweep() == {"records": 1, "found": 1, "failed": 1}
    assert (started(client, name)["told"], started(client, name)["counted"]) == (1, {"submitted": 1})
    assert replay(open_review_records().read(name).entries).number == 2


async def test_a_purged_review_is_not_started_again(sweep, client, hand_in, end, monkeypatch):
    """Its row says that all is done, although an old list does not."""
    name = hand_in(size=1)
    old = open_proposal_index().find(name)
    end(name, told=2)
    monkeypatch.setattr("gateways.proposal_index.TableIndex.scan", lambda _: iter([old]))
    assert await sweep() == {"records": 1, "found": 1, "left": 1}
    assert client.instances == {}


async def test_only_one_of_two_sweeps_starts_the_workflow(sweep, client, hand_in):
    """The other finds it running."""
    name = hand_in(size=0)
    start_new = client.start_new

    async def second(*arguments):
        await start_new(*arguments)
        return await start_new(*arguments)

    client.start_new = second
    assert await sweep() == {"records": 1, "found": 1, "left": 1}
    assert client.instances[name]["runtimeStatus"] == "Pending"


async def test_a_review_with_the_id_of_another_workflow_is_left_alone(sweep, client, hand_in, caplog):
    """That is somebody's mistake, and is logged."""
    name = hand_in(size=0)
    client.add(name, "Chaining")
    assert await sweep() == {"records": 1, "found": 1, "left": 1}
    assert "its id belongs to a Chaining" in caplog.text


async def test_a_cut_record_is_reported(sweep, hand_in, caplog):
    """As an error, each time, with only its id."""
    name = hand_in(size=10**6, deadline=datetime.now(UTC) + timedelta(hours=1))
    assert await sweep() == {"records": 1, "found": 0}
    assert f"proposal {name}: its record is shorter than it was" in caplog.text


async def test_a_review_that_cannot_be_fixed_does_not_delay_the_others(sweep, client, hand_in):
    """The hub answers only for one of the two."""
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


async def test_a_review_that_ends_at_this_moment_needs_nothing(sweep, client, hand_in):
    """It was running when it was looked up."""
    name = hand_in(size=1)
    client.add(name)

    async def too_late(instance_id, *_):
        client.add(instance_id, status="Completed")
        raise Exception("gone")

    client.raise_event = too_late
    assert await sweep() == {"records": 1, "found": 1, "left": 1}


def calls(caplog):
    """What the last sweep asked storage for: the method of each call, and the table or container."""
    requests = [each.getMessage() for each in caplog.records if each.getMessage().startswith("Request URL")]
    return [re.sub(r"(?s).*http://[^/]+/[^/]+/(\w+).*Request method: '(\w+)'.*", r"\2 \1", each) for each in requests]


async def test_a_usual_sweep_asks_for_what_is_open_and_writes_down_its_run(sweep, client, hand_in, end, caplog):
    """Two calls in all, one of them for the open proposals, however many have ended; none of the hub."""
    for _ in range(3):
        client.add(hand_in(deadline=datetime.now(UTC) + timedelta(days=3), told=1), customStatus={"entries": 1})
    for _ in range(4):
        end(hand_in(), told=2)
    await sweep()
    client.broken = {"get_status": "not asked", "start_new": "not asked", "raise_event": "not asked"}
    with caplog.at_level(logging.INFO, "azure.core.pipeline.policies.http_logging_policy"):
        assert await sweep(whole=False) == {"open": 3, "found": 0}
        assert [re.sub("Sweep.*", "list", each) for each in calls(caplog)] == ["GET list", "PUT Operations"]


async def test_a_usual_sweep_starts_what_was_not_started(sweep, client, hand_in):
    """The process died behind the row."""
    name = hand_in(size=0)
    assert await sweep(whole=False) == {"open": 1, "found": 1, "started": 1}
    assert client.instances[name]["name"] == "ApprovalWorkflow"


async def test_a_usual_sweep_wakes_what_misses_its_time(sweep, client, hand_in):
    """Its workflow did not get its timer."""
    name = hand_in(deadline=datetime.now(UTC) - timedelta(hours=1), told=1)
    client.add(name, customStatus={"entries": 1})
    assert await sweep(whole=False) == {"open": 1, "found": 1, "woken": 1}
    assert client.events == [(name, "Wake", {})]


async def test_a_usual_sweep_writes_down_that_all_were_told(sweep, client, hand_in, end):
    """An ended review is looked at until then, and no longer."""
    name = hand_in(told=1)
    end(name)
    client.add(name, status="Completed", customStatus={"status": "failed", "entries": 2})
    assert [await sweep(whole=False) for _ in range(2)] == [
        {"open": 1, "found": 1, "left": 1}, {"open": 0, "found": 0},
    ]  # fmt: skip


async def test_a_lost_wake_is_found_by_a_look_at_all_records(sweep, client, hand_in):
    """The lengths of records are not asked for each minute."""
    name = hand_in(size=1, told=1, deadline=datetime.now(UTC) + timedelta(days=3))
    client.add(name, customStatus={"entries": 1})
    assert await sweep(whole=False) == {"open": 1, "found": 0}
    assert await sweep() == {"records": 1, "found": 1, "woken": 1}


async def test_what_is_left_undone_is_looked_for_again_at_once(sweep, client, hand_in, looks):
    """What could not be fixed, and what was being handed in."""
    hand_in(entered=False, ago=timedelta(seconds=5))
    await sweep()
    assert looks.asked
    looks.asked = False
    client.add(hand_in(size=1))
    client.broken = {"get_status": "unexpected status code 503"}
    await sweep()
    assert looks.asked


async def test_a_look_that_failed_is_repeated(sweep, looks, monkeypatch):
    """By the next sweep."""

    def fails(_):
        raise ServiceRequestError("away")

    monkeypatch.setattr("gateways.proposal_index.TableIndex.scan", fails)
    with pytest.raises(ServiceRequestError):
        await sweep()
    assert looks.asked


async def test_more_than_one_run_handles_are_looked_for_again(sweep, client, hand_in, looks, monkeypatch):
    """By the next run."""
    monkeypatch.setattr("clients.sweep.MOST_A_RUN", 1)
    for _ in range(2):
        client.add(hand_in(size=1))
    assert (await sweep())["woken"] == 1
    assert looks.asked
