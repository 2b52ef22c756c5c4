"""`durable-devhost doctor` as a person runs it: over the data of a host that was stopped, or on other storage."""

import asyncio
import fcntl
import os
import pty
import subprocess
import sys
import termios
from collections.abc import Awaitable, Callable
from pathlib import Path
from textwrap import dedent
from uuid import uuid4

import pytest

from durable_devhost.azurite.process import Azurite
from durable_devhost.clock import SystemClock, real_now
from durable_devhost.doctor.table import Printer
from durable_devhost.doctor.visit import visit
from durable_devhost.errors import DevhostError, SettingsError
from durable_devhost.options import DoctorOptions
from durable_devhost.storage.account import StorageAccount
from durable_devhost.storage.queues import QueueService
from durable_devhost.storage.tables import TableService
from durable_devhost.storage.transport import Transport
from durable_devhost.taskhub.hub import TaskHub
from durable_devhost.testing.plugin import AppUnderTest, StartApp

pytestmark = pytest.mark.timeout(120)

APP = """
    import azure.durable_functions as df

    app = df.DFApp()


    @app.orchestration_trigger(context_name="context")
    def parent(context: df.DurableOrchestrationContext):
        return (yield context.call_sub_orchestrator("child", {"order": 7}, "kid"))


    @app.orchestration_trigger(context_name="context")
    def child(context: df.DurableOrchestrationContext):
        yield context.wait_for_external_event("go")
        return (yield context.call_activity("charge", context.get_input()))


    @app.activity_trigger(input_name="order")
    def charge(order: dict) -> int:
        return order["order"]
"""
HISTORY, INSTANCES = "TestHubNameHistory", "TestHubNameInstances"
QUEUES = ["testhubname-workitems", *(f"testhubname-control-{partition:02d}" for partition in range(4))]


@pytest.fixture
def app(start_app: StartApp, tmp_path: Path) -> AppUnderTest:
    """A host with a parent that waits for its child, which waits for an event; and a child of its own."""
    (tmp_path / "function_app.py").write_text(dedent(APP))
    (tmp_path / "host.json").write_text('{"version": "2.0"}')
    app = start_app(tmp_path, storage_mode="standard")
    for name, instance_id in (("parent", "family"), ("child", "odd")):
        app.start(name, {"order": 7}, instance_id)
    for instance_id in ("family", "odd", "kid"):
        app.wait(instance_id, until=lambda status: status["runtimeStatus"] == "Running")
    assert app.connection_string  # asked for while it runs
    return app


def change_storage(app: AppUnderTest, act: Callable[[TableService, QueueService], Awaitable[None]]) -> None:
    """Do something to the storage of an app."""

    async def run() -> None:
        async with Transport(StorageAccount.parse(app.connection_string)) as transport:
            await act(TableService(transport), QueueService(transport))

    asyncio.run(run())


async def damage_hub(tables: TableService, queues: QueueService) -> None:
    """A row that cannot be read, a child without a trace, and empty queues."""
    await tables.merge(HISTORY, {"PartitionKey": "odd", "RowKey": f"{1:016X}", "EventType": "Nonsense"})
    async for page in tables.query(HISTORY, filter="PartitionKey eq 'kid'"):
        for row in page.rows:
            await tables.delete(HISTORY, "kid", str(row["RowKey"]))
    await tables.delete(INSTANCES, "kid", "")
    for queue in QUEUES:
        await queues.drop(queue)


def doctor_command(app: AppUnderTest, *options: str) -> list[str]:
    """The command line over an app's data."""
    doctor = [sys.executable, "-m", "durable_devhost", "doctor", str(app.app_dir), "--data", str(app.data_dir)]
    return [*doctor, "--python", sys.executable, *options]


def run_doctor(app: AppUnderTest, *options: str) -> tuple[int, str]:
    """Run it without a terminal: its exit status and all that it printed."""
    ended = subprocess.run(
        doctor_command(app, *options), capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL, timeout=60
    )
    return ended.returncode, ended.stdout + ended.stderr


def test_damaged_instances_are_listed_and_then_go_on(app: AppUnderTest) -> None:
    """Without flags nothing changes; afterwards the child exists, with an input that no row had."""
    app.kill()
    change_storage(app, damage_hub)
    for _ in range(2):
        status, output = run_doctor(app)
        assert status == 1
        assert "EventType 'Nonsense' is unknown" in output
        assert "the start message of child 'kid' lies on no queue" in output
    status, output = run_doctor(app, "--requeue", "family", "--purge", "odd")
    assert status == 0, output
    assert run_doctor(app) == (0, report_of_sound_hub(app))
    app.restart()
    app.wait("kid", until=lambda status: status["runtimeStatus"] == "Running")
    app.raise_event("kid", "go")
    assert app.wait("family")["output"] == 7
    assert app.status("odd") is None


def report_of_sound_hub(app: AppUnderTest) -> str:
    """One instance is left, until the child starts."""
    account = StorageAccount.parse(app.connection_string)
    where = f"The task hub TestHubName at {account.table_endpoint}"
    return f"{where}: 1 instance, 1 alive.\nEvery one that is alive can go on.\n"


def test_yes_takes_the_safest_remedy_of_each_finding(app: AppUnderTest) -> None:
    """A lost message is sent again; an unreadable history is left alone."""
    app.kill()
    change_storage(app, damage_hub)
    status, output = run_doctor(app, "--yes")
    assert status == 0
    assert "family: 1 message is sent again" in output
    assert "odd: terminated" in output


def test_a_wrong_instance_or_remedy_is_refused_before_any_change(app: AppUnderTest) -> None:
    """A healthy instance, and an unknown remedy."""
    app.kill()
    change_storage(app, damage_hub)
    for options, text in (
        (["--purge", "odd", "--purge", "other"], "Nothing is wrong with an instance 'other'"),
        (["--purge", "family", "--requeue", "odd"], "For 'odd' give one of --terminate or --purge."),
    ):
        status, output = run_doctor(app, *options)
        assert (status, text in output) == (2, True)
    assert "family" in run_doctor(app)[1]


def test_a_hub_in_use_by_a_host_is_not_touched(app: AppUnderTest) -> None:
    """The error names the host."""
    status, output = run_doctor(app)
    assert status == 2
    assert f"Another devhost (pid {app.pid}) is using the data folder" in output


def test_on_a_terminal_each_finding_is_asked_about(app: AppUnderTest) -> None:
    """Enter skips it."""
    app.kill()
    change_storage(app, damage_hub)
    status, output = run_in_terminal(app, b"\n", b"purge\n")
    assert status == 1
    assert "family: [r]equeue, [t]erminate, [p]urge, or Enter to leave it:" in output
    assert "odd: purged" in output
    status, output = run_doctor(app)
    assert (status, "family" in output, "odd" in output) == (1, True, False)


def test_ctrl_c_ends_the_questions(app: AppUnderTest) -> None:
    """At once, without a traceback; unanswered findings are left alone."""
    app.kill()
    change_storage(app, damage_hub)
    status, output = run_in_terminal(app, b"\x03")
    assert (status, "Traceback" in output, "odd:" in output) == (130, False, False)


def run_in_terminal(app: AppUnderTest, *answers: bytes) -> tuple[int, str]:
    """Run it on a terminal and answer its questions as they come."""
    ours, theirs = pty.openpty()
    with os.fdopen(ours, "r+b", buffering=0) as screen:
        process = subprocess.Popen(
            doctor_command(app),
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
            preexec_fn=_take_terminal,
        )
        os.close(theirs)
        shown, left = b"", list(answers)
        while chunk := _read(screen.fileno()):
            shown += chunk
            if left and shown.count(b"leave it: ") > len(answers) - len(left):
                screen.write(left.pop(0))
        return process.wait(60), shown.decode()


def _take_terminal() -> None:
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def _read(screen: int) -> bytes:
    try:
        return os.read(screen, 4096)
    except OSError:
        return b""  # the other end is closed


def test_a_folder_without_data_is_no_hub(tmp_path: Path) -> None:
    """The doctor must not create one."""
    options = DoctorOptions(app_dir=tmp_path, data_dir=tmp_path / "data")
    with pytest.raises(SettingsError, match="nothing was ever started over it"):
        asyncio.run(visit(options, Printer()))
    assert not options.data_dir.exists()


class AppOnOtherStorage:
    """An app whose settings name the storage, as with `--no-azurite`."""

    def __init__(self, folder: Path, connection_string: str) -> None:
        self.hub = "Hub" + uuid4().hex[:20]
        self.options = DoctorOptions(app_dir=folder, data_dir=folder / "data", start_azurite=False)
        (folder / "host.json").write_text(
            f'{{"version": "2.0", "extensions": {{"durableTask": {{"hubName": "{self.hub}"}}}}}}'
        )
        (folder / "local.settings.json").write_text(f'{{"Values": {{"AzureWebJobsStorage": "{connection_string}"}}}}')


async def test_a_hub_that_does_not_exist_is_not_created(
    tmp_path: Path, azurite: Azurite, tables: TableService, capsys: pytest.CaptureFixture[str]
) -> None:
    """The doctor says that there is none."""
    app = AppOnOtherStorage(tmp_path, azurite.connection_string)
    assert await visit(app.options, Printer()) == 0
    assert capsys.readouterr().out.startswith(f"There is no task hub {app.hub} at ")
    assert await tables.create_table(f"{app.hub}Instances")


async def test_on_other_storage_a_lease_shows_a_running_host(
    tmp_path: Path, azurite: Azurite, transport: Transport
) -> None:
    """The messages that this host holds would look lost."""
    app = AppOnOtherStorage(tmp_path, azurite.connection_string)
    hub = await TaskHub.open(transport, app.hub, partition_count=4, clock=SystemClock())
    assert await visit(app.options, Printer()) == 0
    lease = await hub.partitions.claim((await hub.partitions.read())[0], "vm", real_now())
    with pytest.raises(DevhostError, match=r"A host \(vm\) works on the hub"):
        await visit(app.options, Printer())
    await hub.partitions.release(lease)
    assert await visit(app.options, Printer()) == 0
