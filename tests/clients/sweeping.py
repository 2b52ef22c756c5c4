"""What tests of the sweep have in common: proposals on record, their ends, and a sweep over a client in memory."""

import json
import logging
import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from approvals.policy.policy import Policy
from approvals.record.entries import Via
from approvals.rules.progress import begin, end_as_failed
from clients.sweep import sweep_reviews
from gateways.proposal_index import open_proposal_index
from gateways.proposal_rows import IndexRow
from gateways.review_records import open_review_records
from gateways.tables import open_table
from services.full_looks import Looks
from services.record_watch import RecordWatch
from services.review_changes import add

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


@pytest.fixture
def own_storage(monkeypatch):
    """Records and a list of a test's own, as the sweep looks at all there are."""
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


class ChosenLook(Looks):
    """Looks of which a test chooses each, whatever the time is."""

    def __init__(self):
        super().__init__()
        self.whole, self.asked = True, False

    def is_due(self, now):
        """Say what was chosen."""
        return self.whole

    def ask(self):
        """Note that somebody wants a look at everything."""
        self.asked = True


@pytest.fixture
def looks(monkeypatch):
    """What decides whether a sweep looks at everything: a test may choose."""
    looks = ChosenLook()
    monkeypatch.setattr("clients.sweep.open_looks", lambda: looks)
    return looks


@pytest.fixture
def sweep(call, client, caplog, looks, monkeypatch):
    """Return a function that runs the sweep, by default over all records, and returns the one line that it logs."""
    watch = RecordWatch()
    monkeypatch.setattr("clients.sweep.open_record_watch", lambda: watch)

    async def instances(request):
        asked = request.query["runtimeStatus"].split(",")
        told = [each for each in client.instances.values() if each["runtimeStatus"] in asked]
        return web.json_response(told)

    async def sweep(*, whole=True):
        looks.whole = whole
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


@pytest.fixture
def end():
    """Return a function that puts the end of a review on record, and its row, as a look of its workflow does."""

    def end(name, *, told=1, **changes):
        chain, review = add(name, lambda review: end_as_failed(review, "it rained", now=datetime.now(UTC)))
        known = IndexRow.of(review, head=chain.head, size=chain.size, told=told)
        open_proposal_index().write(replace(known, **changes))
        return review

    return end
