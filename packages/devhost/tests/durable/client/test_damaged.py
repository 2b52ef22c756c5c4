"""Over the HTTP API an instance whose history is damaged can be ended and purged, while the host runs."""

import asyncio
from pathlib import Path
from textwrap import dedent

import pytest

from durable_devhost.storage.account import StorageAccount
from durable_devhost.storage.tables import TableService
from durable_devhost.storage.transport import Transport
from durable_devhost.taskhub.packed import packed_in
from durable_devhost.taskhub.rows import SENTINEL
from durable_devhost.testing.plugin import AppUnderTest, StartApp

APP = """
    import azure.durable_functions as df

    app = df.DFApp()


    @app.orchestration_trigger(context_name="context")
    def waiter(context: df.DurableOrchestrationContext):
        return (yield context.wait_for_external_event("go"))
"""
INSTANCES = "/runtime/webhooks/durabletask/instances"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The app."""
    folder = tmp_path_factory.mktemp("app")
    (folder / "function_app.py").write_text(dedent(APP))
    return folder


@pytest.fixture
def app(start_app: StartApp, folder: Path) -> AppUnderTest:
    """A host that has come up over three damaged instances and one that is sound."""
    app = start_app(folder)
    for instance_id in ("unreadable", "empty", "sound"):
        app.wait(app.start("waiter", {}, instance_id), until=lambda status: status["runtimeStatus"] == "Running")
    account = StorageAccount.parse(app.connection_string)
    app.kill()
    asyncio.run(_damage(account))
    return app.restart()


async def _damage(account: StorageAccount) -> None:
    async with Transport(account) as transport:
        tables = TableService(transport)
        sentinel = await tables.get("TestHubNameHistory", "unreadable", SENTINEL)
        damaged = {name: text.replace("ExecutionStarted", "Nonsense") for name, text in packed_in(sentinel).items()}
        await tables.merge("TestHubNameHistory", {"PartitionKey": "unreadable", "RowKey": SENTINEL, **damaged})
        async for page in tables.query("TestHubNameHistory", filter="PartitionKey eq 'empty'"):
            for each in page.rows:
                await tables.delete("TestHubNameHistory", "empty", str(each["RowKey"]))
        old = {"PartitionKey": "lonely", "RowKey": "", "RuntimeStatus": "Pending", "Name": "waiter"}
        await tables.insert("TestHubNameInstances", old)


def test_each_damaged_instance_can_be_terminated_and_purged(app: AppUnderTest) -> None:
    """With 202 and 200. It has the reason, and afterwards its id is free."""
    for instance_id in ("unreadable", "empty", "lonely"):
        assert app.request("POST", f"{INSTANCES}/{instance_id}/terminate?reason=enough").status == 202
        status = app.status(instance_id)
        assert status is not None
        assert (status["runtimeStatus"], status["output"]) == ("Terminated", "enough")
        assert app.request("POST", f"{INSTANCES}/{instance_id}/terminate").status == 410
        assert app.request("DELETE", f"{INSTANCES}/{instance_id}").body == {"instancesDeleted": 1}
        assert app.status(instance_id) is None
        app.start("waiter", {}, instance_id)
        app.raise_event(instance_id, "go", 1)
        assert app.wait(instance_id)["runtimeStatus"] == "Completed"


def test_each_damaged_instance_can_be_purged_without_a_termination(app: AppUnderTest) -> None:
    """A healthy running one cannot."""
    for instance_id in ("unreadable", "empty", "lonely"):
        assert app.request("DELETE", f"{INSTANCES}/{instance_id}").body == {"instancesDeleted": 1}
        assert app.status(instance_id) is None
    assert app.request("DELETE", f"{INSTANCES}/sound").status == 412
    app.raise_event("sound", "go", 1)
    assert app.wait("sound")["output"] == 1
