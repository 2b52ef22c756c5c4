"""PurgeFinishedInstances, with a hub of a few instances that refuses, fails and is cut as a real one would."""

import json
import logging
import uuid
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from urllib.parse import unquote

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from azure.core.exceptions import ServiceRequestError

from approvals.operations import MessageState
from approvals.poison import PoisonMessage
from approvals.words.notices import Letter
from clients.maintenance import purge_finished_instances
from gateways.letters.mail import open_outbox, open_post
from gateways.operations import open_operations
from gateways.proposal_index import open_proposal_index
from gateways.put_aside import open_put_aside
from gateways.tables import open_table
from tests.clients.sweeping import row

OLD = "2020-01-01T09:00:00Z"
LONG_AGO = datetime(2020, 1, 1, 9, tzinfo=UTC)


class Hub:
    """A hub that lists its instances two by two, and a client of it; `broken` ids cannot be purged."""

    def __init__(self, *names, broken=()):
        self.instances = {name: entry(name) for name in names}
        self.broken = set(broken)
        self.purged = []
        self.listed = 0
        self._orchestration_bindings = SimpleNamespace(rpc_base_url="")

    async def purge_instance_history(self, name):
        """Purge what the SDK would write into the URL."""
        name = unquote(name)
        if name in self.broken:
            raise Exception("The operation failed with an unexpected status code 412")
        self.purged.append(name)
        del self.instances[name]

    async def answer(self, request):
        """Answer with a page."""
        self.listed += 1
        start = int(request.headers.get("x-ms-continuation-token", "0"))
        every = list(self.instances.values())
        token = {"x-ms-continuation-token": str(start + 2)} if start + 2 < len(every) else {}
        return web.json_response(every[start : start + 2], headers=token)


def entry(name, **change):
    """Return what the list tells of an instance."""
    return {
        "instanceId": name, "name": "BudgetApproval", "runtimeStatus": "Completed", "createdTime": OLD,
        "lastUpdatedTime": OLD, "output": {"outcome": "approved"}, **change,
    }  # fmt: skip


@pytest.fixture
def run(call, monkeypatch, caplog):
    """Return a function that runs the timer function over a hub and returns what it told."""

    async def run(hub, **settings):
        monkeypatch.setenv("RETENTION_DAYS", "30")
        for name, value in settings.items():
            monkeypatch.setenv(name, value)
        caplog.clear()
        caplog.set_level(logging.INFO, "greenlight.retention")
        app = web.Application()
        app.router.add_get("/instances/", hub.answer)
        async with TestServer(app) as server:
            hub._orchestration_bindings.rpc_base_url = str(server.make_url("/"))
            await call(purge_finished_instances, timer=None, client=hub)
        return [json.loads(record.message) for record in caplog.records if record.message.startswith("{")]

    return run


def names(count):
    """Ids that no other test uses."""
    return [f"{number}-{uuid.uuid4().hex}" for number in range(count)]


def audited(*instances):
    """Those of the instances that have a row in the audit."""
    return [row["InstanceId"] for row in open_table("Audit").list_entities() if row["InstanceId"] in instances]


async def test_each_due_instance_is_recorded_and_purged(run):
    """Over all pages of the list."""
    hub = Hub(*(ids := names(5)))
    (told,) = await run(hub)
    assert told == {"record": "retention", "purged": 5, "failed": 0, "remaining": 0, "days": 30, "letters": 0}
    assert (hub.purged, sorted(audited(*ids))) == (ids, ids)


async def test_the_purge_run_is_stored_for_operators(run):
    """Also if nothing could be purged; old finished messages are deleted."""
    message = open_put_aside().keep(PoisonMessage(reason="r", body="b"), message_id=uuid.uuid4().hex, now=LONG_AGO)
    open_put_aside().claim(message, MessageState.DISCARDED, by="Mara", now=LONG_AGO)
    (told,) = await run(Hub(*names(1)))
    kept = {each.name: each.line for each in open_operations().runs()}
    assert kept["purge"] == told
    assert open_put_aside().find(message).body == ""
    (told,) = await run(Hub(), RETENTION_DAYS="thirty")
    assert {each.name: each.line for each in open_operations().runs()}["purge"] == told


@pytest.mark.usefixtures("own_storage")
async def test_letters_of_ended_proposals_are_forgotten(run, monkeypatch):
    """Thirty days after they went, if all were told; those of a proposal that is open, or not listed, stay."""
    monkeypatch.setenv("OUTBOX_CONTAINER", f"outbox-{uuid.uuid4().hex[:8]}")
    ended, untold, open_one, unlisted = names(4)
    for name, told in ((ended, 1), (untold, 0)):
        open_proposal_index().write(row(name, status="approved", waiting_for=(), entries=1, told=told))
    open_proposal_index().write(row(open_one, entries=1, told=1))
    for name in (ended, untold, open_one, unlisted):
        letter = Letter(to_name="Mara", to_address=None, subject="x", text="x", html="x", proposal_id=name)
        assert open_post().send(letter, key="1-asked-a")
    (line,) = await run(Hub())
    assert line["letters"] == 0
    later = datetime.now(UTC) + timedelta(days=31)
    monkeypatch.setattr("clients.maintenance.clock", SimpleNamespace(now=lambda: later))
    (line,) = await run(Hub())
    assert line["letters"] == 1
    left = {name.partition("/")[0] for name in open_outbox().list_blob_names()}
    assert left == {untold, open_one, unlisted}


async def test_where_letters_cannot_be_forgotten_instances_are_purged(run, monkeypatch, caplog):
    """Their storage is away; the next run goes on."""

    def fails(**_):
        raise ServiceRequestError("away")

    monkeypatch.setattr("clients.maintenance.forget_old_letters", fails)
    (told,) = await run(Hub(*names(1)))
    assert (told["purged"], told["letters"]) == (1, 0)
    assert "old letters could not be forgotten" in caplog.text


async def test_a_run_purges_a_limited_number(run, caplog):
    """The next runs continue; a remainder is a warning."""
    hub = Hub(*names(5))
    for purged, remaining in ((2, 3), (2, 1), (1, 0)):
        (told,) = await run(hub, RETENTION_LIMIT="2")
        assert (told["purged"], told["remaining"]) == (purged, remaining)
        assert caplog.records[-1].levelno == (logging.WARNING if remaining else logging.INFO)
    assert hub.instances == {}


async def test_an_instance_that_cannot_be_purged_does_not_stop_the_others(run):
    """The log names it and the count includes it; the next run tries again without a second audit line."""
    hub = Hub(*(ids := names(3)), broken=(broken := names(1)))
    hub.instances |= {name: entry(name) for name in broken}
    (told,) = await run(hub)
    assert (told["purged"], told["failed"], told["remaining"]) == (3, 1, 1)
    hub.broken.clear()
    (told,) = await run(hub)
    assert told["purged"] == 1
    assert sorted(audited(*ids, *broken)) == sorted([*ids, *broken])


async def test_nothing_is_purged_before_its_audit_line_is_stored(run):
    """The audit comes first."""
    hub = Hub(*names(2))
    (told,) = await run(hub, ApprovalsStorage="nonsense")
    assert (told["purged"], told["failed"], hub.purged) == (0, 2, [])


async def test_a_review_with_unprocessed_entries_is_not_purged(run):
    """The sweep would start it again without its workflow. It is purged once its row says that all is done."""
    told, untold, unlisted = ids = names(3)
    hub = Hub()
    hub.instances = {name: entry(name) | {"name": "ApprovalWorkflow"} for name in ids}
    for name, carried_out in ((told, 3), (untold, 2)):
        open_proposal_index().write(row(name, status="approved", entries=3, told=carried_out))
    (line,) = await run(hub)
    assert (line["purged"], line["failed"], line["remaining"]) == (2, 0, 0)
    assert hub.purged == [told, unlisted]
    open_proposal_index().write(row(untold, status="approved", entries=3, told=3))
    await run(hub)
    assert hub.purged == [told, unlisted, untold]


async def test_young_or_running_instances_and_entities_stay(run):
    """Whatever the list returns."""
    hub = Hub()
    for number, change in enumerate(
        (
            {"lastUpdatedTime": "2999-01-01T09:00:00Z"},
            {"runtimeStatus": "Running"},
            {"runtimeStatus": "Suspended"},
            {"runtimeStatus": "Pending"},
            {"instanceId": "@counter@approved"},
        )
    ):
        hub.instances[str(number)] = entry(str(number), **change)
    (told,) = await run(hub)
    assert (told["purged"], told["remaining"], len(hub.instances)) == (0, 0, 5)


async def test_an_unusual_id_purges_no_other_instance(run):
    """The SDK puts it into a URL, where `?` would end it."""
    hub = Hub(odd := f"a?{uuid.uuid4().hex}/%41 #")
    await run(hub)
    assert hub.purged == [odd]


@pytest.mark.parametrize("days", ["", "0"])
async def test_without_a_retention_time_nothing_is_purged(run, days):
    """Instances are not even listed."""
    hub = Hub(*names(1))
    assert await run(hub, RETENTION_DAYS=days) == []
    assert hub.listed == 0


async def test_a_setting_that_is_no_number_purges_nothing(run, caplog):
    """The log says what is wrong."""
    hub = Hub(*names(1))
    (told,) = await run(hub, RETENTION_DAYS="thirty")
    assert "RETENTION_DAYS must be a whole number" in told["error"]
    assert (caplog.records[-1].levelno, hub.listed) == (logging.ERROR, 0)
