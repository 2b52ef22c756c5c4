"""SweepReviews: what a crash left between two steps is found from the outside, and mended once."""

import json
import logging
import os
import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from azure.core.exceptions import ServiceRequestError

from approvals.policy.policy import Policy
from approvals.record.entries import Via
from approvals.rules.progress import begin, failed
from approvals.rules.replay import replay
from clients.sweep import LATE, SILENT, find_stragglers, sweep_reviews
from gateways.instances import ListFailed
from gateways.kept_heads import open_kept_heads
from gateways.proposal_index import IndexRow, open_proposal_index
from gateways.review_records import open_review_records
from gateways.tables import open_table
from services.review_changes import add
from tests import records

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


def found(rows, listed, sizes, now=NOW, *, alive=None):
    """The ids of the stragglers."""
    alive = frozenset(alive) if alive is not None else None
    return [each.proposal_id for each in find_stragglers(rows, frozenset(listed), sizes, now, alive=alive)]


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
    """Somebody has terminated or purged it; its deadline may be days away."""
    assert found(rows, ["p-1"], {"p-1": 100}, alive=alive) == stragglers


def test_one_that_may_not_have_been_carried_out_is_looked_at_last():
    """Its record is as long as somebody has seen it, who may have died; and the end of a review has no time to miss."""
    ended = row("p-1", status="withdrawn", entries=3, told=1, deadline=NOW)
    grown = row("p-2", size=50)
    sizes = {"p-1": 100, "p-2": 100}
    stragglers = find_stragglers([ended, grown], frozenset(sizes), sizes, NOW + 2 * LATE)
    assert [(each.proposal_id, each.overdue) for each in stragglers] == [("p-2", True), ("p-1", False)]


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

    async def instances(request):
        asked = request.query["runtimeStatus"].split(",")
        told = [each for each in client.instances.values() if each["runtimeStatus"] in asked]
        return web.json_response(told)

    async def sweep():
        caplog.clear()
        app = web.Application()
        app.router.add_get("/instances/", instances)
        async with TestServer(app) as server:
            client._orchestration_bindings = SimpleNamespace(rpc_base_url=str(server.make_url("/")))
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
    assert await sweep() == {"records": 1, "found": 1, "failed": 1}
    review = replay(open_review_records().read(name).entries)
    assert (review.status, review.reason) == ("failed", "its workflow was ended before it was decided")
    assert (started(client, name)["told"], started(client, name)["counted"]) == (1, {"submitted": 1})


@pytest.mark.parametrize("status", ["Terminated", "Failed"])
async def test_a_review_whose_workflow_was_terminated_fails_at_the_next_sweep(sweep, client, hand_in, status):
    """Its time is days away, and its record and row are as its workflow has left them."""
    name = hand_in(deadline=datetime.now(UTC) + timedelta(days=3), told=1)
    client.add(name, customStatus={"entries": 1})
    assert await sweep() == {"records": 1, "found": 0}
    client.add(name, status=status, customStatus={"entries": 1})
    assert await sweep() == {"records": 1, "found": 1, "failed": 1}
    assert replay(open_review_records().read(name).entries).status == "failed"


async def test_a_review_whose_workflow_was_purged_is_started_anew(sweep, client, hand_in):
    """At the next sweep, with what was done before."""
    name = hand_in(deadline=datetime.now(UTC) + timedelta(days=3), told=1)
    assert await sweep() == {"records": 1, "found": 1, "started": 1}
    assert (started(client, name)["told"], started(client, name)["counted"]) == (1, {"submitted": 1})
    assert await sweep() == {"records": 1, "found": 0}


async def test_a_workflow_that_was_started_behind_the_list_is_left_alone(sweep, client, hand_in, monkeypatch):
    """Or has gone on as a new execution: its own status says that it is at work."""
    name = hand_in(deadline=datetime.now(UTC) + timedelta(days=3), told=1)
    client.add(name, customStatus={"entries": 1})

    async def old(_):
        return frozenset()

    monkeypatch.setattr("clients.sweep.list_alive", old)
    assert await sweep() == {"records": 1, "found": 1, "left": 1}
    assert (client.events, replay(open_review_records().read(name).entries).status) == ([], "checking")


async def test_without_a_list_of_workflows_the_others_are_mended(sweep, client, hand_in, monkeypatch, caplog):
    """The host may fail to tell it."""
    name = hand_in(size=1)
    client.add(name)

    async def fails(_):
        raise ListFailed("the list of instances answered 500")

    monkeypatch.setattr("clients.sweep.list_alive", fails)
    assert await sweep() == {"records": 1, "found": 1, "woken": 1}
    assert "no lost workflow is noticed this time" in caplog.text


@pytest.fixture
def end():
    """Return a function that puts the end of a review on record, and its row, as a look of its workflow does."""

    def end(name, *, told=1, **changes):
        chain, review = add(name, lambda review: failed(review, "it rained", now=datetime.now(UTC)))
        known = IndexRow.of(review, head=chain.head, size=chain.size, told=told)
        open_proposal_index().write(replace(known, **changes))
        return review

    return end


async def test_a_look_that_its_workflow_never_heard_of_is_made_again(sweep, client, hand_in, end):
    """The host died behind it: record and list have the end, and the workflow waits for its deadline."""
    name = hand_in(deadline=datetime.now(UTC) + timedelta(hours=9), told=1)
    end(name)
    client.add(name, customStatus={"status": "inReview", "entries": 1})
    assert await sweep() == {"records": 1, "found": 1, "woken": 1}
    assert client.events == [(name, "Wake", {})]
    client.add(name, status="Completed", customStatus={"status": "failed", "entries": 2})
    assert await sweep() == {"records": 1, "found": 1, "left": 1}
    assert (await sweep(), client.events) == ({"records": 1, "found": 0}, [(name, "Wake", {})])


async def test_what_its_workflow_has_carried_out_is_not_looked_at_again(sweep, client, hand_in):
    """Once its status says so; until its letters are sent it is asked each time, and not hurried."""
    name = hand_in(deadline=datetime.now(UTC) + timedelta(hours=9))
    client.add(name, customStatus={"entries": 1, "untold": 2})
    assert [await sweep() for _ in range(2)] == [{"records": 1, "found": 1, "left": 1}] * 2
    client.add(name, customStatus={"entries": 1})
    assert [(await sweep())["found"] for _ in range(2)] == [1, 0]
    assert client.events == []


@pytest.mark.parametrize("status", ["Completed", "Failed"])
async def test_a_review_that_ended_behind_an_old_list_is_left_alone(sweep, client, hand_in, end, monkeypatch, status):
    """It was open when the list was read; nothing is added to its record, and nobody carries it out again."""
    name = hand_in(size=1, deadline=datetime.now(UTC) + timedelta(hours=9))
    old = open_proposal_index().find(name)
    review = end(name)
    client.add(name, status=status, customStatus={"status": "failed", "entries": review.number})
    monkeypatch.setattr("gateways.proposal_index.TableIndex.open_rows", lambda _: iter([old]))
    assert await sweep() == {"records": 1, "found": 1, "left": 1}
    assert replay(open_review_records().read(name).entries) == review
    assert "input" not in client.instances[name]
    assert open_proposal_index().find(name).told == review.number


async def test_an_end_that_nobody_was_told_is_told(sweep, client, hand_in, end):
    """The sweep had put it on record, and its host died; the workflow is started with what was done before."""
    name = hand_in(told=1)
    end(name)
    client.add(name, status="Terminated", customStatus={"entries": 1})
    assert await sweep() == {"records": 1, "found": 1, "failed": 1}
    assert (started(client, name)["told"], started(client, name)["counted"]) == (1, {"submitted": 1})
    assert replay(open_review_records().read(name).entries).number == 2


async def test_one_that_was_purged_is_not_started_again(sweep, client, hand_in, end, monkeypatch):
    """Its row says that all was done, and an old list something else."""
    name = hand_in(size=1)
    old = open_proposal_index().find(name)
    end(name, told=2)
    monkeypatch.setattr("gateways.proposal_index.TableIndex.open_rows", lambda _: iter([old]))
    assert await sweep() == {"records": 1, "found": 1, "left": 1}
    assert client.instances == {}


async def test_of_two_sweeps_one_starts_the_workflow(sweep, client, hand_in):
    """The other finds it running, at the last moment."""
    name = hand_in(size=0)
    start_new = client.start_new

    async def second(*arguments):
        await start_new(*arguments)
        return await start_new(*arguments)

    client.start_new = second
    assert await sweep() == {"records": 1, "found": 1, "left": 1}
    assert client.instances[name]["runtimeStatus"] == "Pending"


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


def tampered(caplog):
    """What the last sweep has told of records: proposal and state."""
    lines = [json.loads(each) for each in caplog.messages if each.startswith('{"record": "record-tampered"')]
    return [(line["proposalId"], line["state"]) for line in lines]


@pytest.fixture
def tamper(azurite):
    """Return a function that changes a record, or removes it, as only somebody with the account's key can."""

    def change(name, edit):
        container = os.environ["RECORDS_CONTAINER"]
        records.rewrite(azurite.connection_string, name, edit, container=container)

    return change


def shorter(content):
    """Take the last entry away."""
    return b"".join(content.splitlines(keepends=True)[:-1])


async def test_a_review_that_has_ended_is_looked_at_again(sweep, hand_in, end, tamper, caplog):
    """Its head was copied by an earlier sweep, so that it shows even where its row is gone too."""
    name = hand_in()
    end(name, told=2)
    await sweep()
    assert (tampered(caplog), open_kept_heads().find(name).entries) == ([], 2)
    tamper(name, shorter)
    await sweep()
    assert tampered(caplog) == [(name, "cut")]


async def test_a_record_that_was_deleted_is_told_each_time(sweep, hand_in, end, tamper, caplog):
    """By its row, and by its head where the row was deleted with it."""
    name = hand_in()
    end(name, told=2)
    await sweep()
    tamper(name, None)
    for _ in range(2):
        await sweep()
        assert tampered(caplog) == [(name, "missing")]
    table = open_table_of_these_tests()
    for entity in list(table.list_entities()):
        table.delete_entity(entity)
    await sweep()
    assert tampered(caplog) == [(name, "missing")]


async def test_nobody_goes_on_by_a_record_that_was_cut(sweep, client, hand_in, end, tamper, caplog):
    """With its row gone as well it looks like one that nobody has started."""
    name = hand_in()
    end(name, told=2)
    await sweep()
    client.add(name, status="Completed", customStatus={"status": "failed", "entries": 2})
    tamper(name, shorter)
    table = open_table_of_these_tests()
    for entity in list(table.list_entities()):
        table.delete_entity(entity)
    assert await sweep() == {"records": 1, "found": 1, "left": 1}
    assert set(tampered(caplog)) == {(name, "cut")}
    assert replay(open_review_records().read(name).entries).number == 1


async def test_what_its_workflow_knew_of_a_record_counts_too(sweep, client, hand_in, end, tamper, caplog):
    """It was cut before its head was ever kept, and its row was deleted; the workflow's status has the number."""
    name = hand_in()
    end(name, told=2)
    client.add(name, status="Terminated", customStatus={"entries": 2})
    tamper(name, shorter)
    table = open_table_of_these_tests()
    for entity in list(table.list_entities()):
        table.delete_entity(entity)
    assert await sweep() == {"records": 1, "found": 1, "left": 1}
    assert tampered(caplog) == [(name, "cut")]


async def test_where_records_cannot_be_looked_after_reviews_go_on(sweep, client, hand_in, monkeypatch, caplog):
    """The second place is away."""
    client.add(hand_in(size=1))

    def fails():
        raise ServiceRequestError("away")

    monkeypatch.setattr("services.record_watch.open_kept_heads", fails)
    assert await sweep() == {"records": 1, "found": 1, "woken": 1}
    assert "could not be looked after" in caplog.text


def open_table_of_these_tests():
    """The list, as the sweep sees it."""
    return open_proposal_index()._table
