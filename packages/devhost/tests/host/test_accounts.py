"""What a storage account refuses, or cannot write, is said in a sentence that a person can act upon."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from durable_devhost.azurite.folder import disk_fault
from durable_devhost.azurite.process import Azurite, data_folder, running_azurite
from durable_devhost.errors import SettingsError, StorageUnavailable
from durable_devhost.host.accounts import LocalTransport, refusals_named
from durable_devhost.storage.account import StorageAccount, StorageFailure
from durable_devhost.storage.queues import QueueService

APP = """
import azure.durable_functions as df

app = df.DFApp()


@app.orchestration_trigger(context_name="context")
def nothing(context):
    return 1
"""


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of eight megabytes, where the system lets us mount one."""
    mount, folder = shutil.which("mount"), tmp_path / "disk"
    folder.mkdir()
    made = mount and subprocess.run([mount, "-t", "tmpfs", "-o", "size=8m", "tmpfs", folder], capture_output=True)
    if not made or made.returncode:
        pytest.skip("this user cannot mount a small disk")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize(("connection", "setting"), [(None, "AzureWebJobsStorage"), ("HubStorage", "HubStorage")])
def test_a_refused_key_names_its_setting(connection: str | None, setting: str, status: int) -> None:
    """With the service's error code."""
    with (
        pytest.raises(SettingsError, match=rf"in {setting} shows as its key \(AuthorizationFailure\)"),
        refusals_named(connection),
    ):
        raise StorageFailure(status, "AuthorizationFailure", "no")


def test_any_other_refusal_ends_the_start_with_one_sentence() -> None:
    """A traceback would look like a bug in devhost."""
    with pytest.raises(StorageUnavailable, match="The storage refuses what a start needs: 400"), refusals_named(None):
        raise StorageFailure(400, "OutOfRangeInput", "no")


@pytest.mark.parametrize(
    "command", [["start", "--app", "APP", "--port", "0", "--no-azurite"], ["doctor", "APP", "--no-azurite"]]
)
def test_a_wrong_key_ends_the_start_with_one_sentence(tmp_path: Path, azurite: Azurite, command: list[str]) -> None:
    """Status 2, no traceback."""
    (tmp_path / "function_app.py").write_text(APP)
    wrong = azurite.connection_string.replace("AccountKey=E", "AccountKey=A")
    ended = subprocess.run(
        [sys.executable, "-m", "durable_devhost", *(str(tmp_path) if each == "APP" else each for each in command)],
        env=os.environ | {"AzureWebJobsStorage": wrong},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert ended.returncode == 2
    assert ended.stderr.startswith("devhost: The storage account refuses what the connection string in AzureWebJobs")
    assert len(ended.stderr.splitlines()) == 1


async def test_a_full_disk_is_reported_to_the_user(small_disk: Path, tmp_path: Path) -> None:
    """Azurite only answers 500; once there is space again everything goes on."""
    with ExitStack() as stack:
        data = stack.enter_context(data_folder(small_disk / "data"))
        azurite = stack.enter_context(running_azurite(data, tmp_path))
        async with LocalTransport(StorageAccount.parse(azurite.connection_string), data) as transport:
            queues = QueueService(transport)
            await queues.create("work")
            with (small_disk / "filler").open("wb", buffering=0) as filler:
                _fill(filler.fileno())
            with pytest.raises(StorageUnavailable, match=r"The disk that holds the data folder .* is full\. Free"):
                await queues.put("work", "x" * 10_000)
            (small_disk / "filler").unlink()
            assert disk_fault(data) is None
            await queues.put("work", "x" * 10_000)


async def test_unreachable_storage_has_its_own_message(tmp_path: Path, azurite: Azurite) -> None:
    """The disk has room, so the sentence is the usual one."""
    nowhere = azurite.connection_string.replace(f":{azurite.queue_port}/", ":1/")
    async with LocalTransport(StorageAccount.parse(nowhere), tmp_path) as transport:
        with pytest.raises(StorageUnavailable, match="Look whether Azurite runs"):
            await QueueService(transport).create("work")


def _fill(file: int) -> None:
    try:
        while True:
            os.write(file, bytes(4096))
    except OSError:
        return
