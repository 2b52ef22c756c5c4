"""devhost's own Azurite: one a folder, found again after a crash, stopped gently, on the standard ports if free.

Whether they are is not for these tests to decide, as other hosts may run beside them: what is asked for is the rule.
"""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from durable_devhost.azurite import process
from durable_devhost.azurite.ports import STANDARD_PORTS, free_ports
from durable_devhost.azurite.process import STATE_FILE, Azurite, data_folder, lend, running_azurite, stop_survivor
from durable_devhost.errors import StorageUnavailable
from durable_devhost.storage.account import StorageAccount
from durable_devhost.storage.blobs import BlobService
from durable_devhost.storage.transport import Transport

REPOSITORY = Path(__file__).resolve().parent.parent.parent
CRASH = """
import os, sys
from pathlib import Path
from durable_devhost.azurite.process import data_folder, running_azurite
with data_folder(Path(sys.argv[1])) as folder, running_azurite(folder, folder) as azurite:
    print(azurite.pid, *azurite.ports, flush=True)
    os.kill(os.getpid(), 9)
"""


def crash_over(folder: Path) -> Azurite:
    """Start Azurite in another process that is then killed with -9, and say which Azurite lives on."""
    ended = subprocess.run(
        [sys.executable, "-c", CRASH, str(folder)], cwd=REPOSITORY, capture_output=True, text=True, check=False
    )
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    pid, blob, queue, table = map(int, ended.stdout.split())
    return Azurite(pid=pid, blob_port=blob, queue_port=queue, table_port=table, location=str(folder.resolve()))


def is_gone(pid: int, seconds: float = 10) -> bool:
    """Whether the process ends in this time; one that nobody has reaped yet counts as ended."""
    give_up = time.monotonic() + seconds
    while time.monotonic() < give_up:
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
            os.kill(pid, 0)
        except (FileNotFoundError, ProcessLookupError):
            return True
        time.sleep(0.02)
    return False


async def test_azurite_keeps_its_data_across_a_restart(tmp_path: Path) -> None:
    """SIGTERM makes it write its files; the connection string reaches it."""
    data = tmp_path / "new folder" / "data"
    with data_folder(data) as folder:
        with running_azurite(folder, tmp_path) as azurite:
            async with Transport(StorageAccount.parse(azurite.connection_string)) as transport:
                await BlobService(transport).create_container("kept")
                await BlobService(transport).put("kept", "note", b"still here")
        assert is_gone(azurite.pid)
        assert not (folder / STATE_FILE).exists()
        with running_azurite(folder, tmp_path) as azurite:
            async with Transport(StorageAccount.parse(azurite.connection_string)) as transport:
                assert await BlobService(transport).get("kept", "note") == b"still here"


@pytest.mark.parametrize("accounts", [(), ("one",)])
def test_azurite_keeps_its_compiled_code_for_the_next_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, accounts: tuple[str, ...]
) -> None:
    """On disk and in memory; Node.js writes it at a gentle end, from version 22.1 on."""
    monkeypatch.delenv("NODE_COMPILE_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    kept = tmp_path / "cache" / "durable-devhost" / "node"
    data = tmp_path / "data"
    data.mkdir()
    with running_azurite(data, tmp_path, accounts) as azurite:
        given = Path(f"/proc/{azurite.pid}/environ").read_text().split("\0")
        assert f"NODE_COMPILE_CACHE={kept}" in given
    shown = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout
    major, minor, _ = shown.removeprefix("v").split(".")
    assert any(kept.rglob("*")) is ((int(major), int(minor)) >= (22, 1))


def test_an_azurite_that_outlived_its_devhost_is_reused(tmp_path: Path) -> None:
    """It is the same process on the same ports, and devhost stops it at the end."""
    left = crash_over(tmp_path)
    with data_folder(tmp_path) as folder, running_azurite(folder, tmp_path) as azurite:
        assert azurite == left
    assert is_gone(left.pid)


def test_a_left_over_azurite_can_be_stopped(tmp_path: Path) -> None:
    """Nothing is started for it; a second stop does nothing."""
    left = crash_over(tmp_path)
    stop_survivor(tmp_path)
    assert is_gone(left.pid)
    stop_survivor(tmp_path)


async def test_a_lent_account_holds_no_data_of_others(tmp_path: Path) -> None:
    """Its user finds it again after a crash and never stops the Azurite."""
    with running_azurite(tmp_path, tmp_path, ["one", "two"]) as azurite:
        for account in ("one", "two"):
            lend(azurite, account, tmp_path / account)
            for is_new in (True, False):
                with running_azurite(tmp_path / account, tmp_path) as lent:
                    assert (lent.pid, lent.account) == (azurite.pid, account)
                    async with Transport(StorageAccount.parse(lent.connection_string)) as transport:
                        assert await BlobService(transport).create_container("own") is is_new
            stop_survivor(tmp_path / account)
        assert not is_gone(azurite.pid, seconds=0.1)


def test_a_foreign_process_with_the_same_pid_is_left_alone(tmp_path: Path) -> None:
    """The system reuses pids; only an Azurite over this folder may be stopped."""
    where = {"location": str(tmp_path.resolve()), "account": "devstoreaccount1"}
    state = {"pid": os.getpid(), "blob_port": 1, "queue_port": 2, "table_port": 3, **where}
    (tmp_path / STATE_FILE).write_text(json.dumps(state))
    with running_azurite(tmp_path.resolve(), tmp_path) as azurite:
        assert azurite.pid != os.getpid()


@pytest.mark.parametrize("content", ["", "{", "[]", '{"pid": 1}', '{"port": 1}'])
def test_a_damaged_note_of_the_last_start_is_ignored(tmp_path: Path, content: str) -> None:
    """It counts as no note."""
    (tmp_path / STATE_FILE).write_text(content)
    stop_survivor(tmp_path)


def test_azurite_takes_the_standard_ports_and_reports_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three other ports stand for the standard ones."""
    standard = free_ports()
    monkeypatch.setattr(process, "STANDARD_PORTS", standard)
    monkeypatch.setattr(process, "standard_or_free_ports", lambda: standard)
    with running_azurite(tmp_path, tmp_path) as azurite:
        assert standard == azurite.ports
        assert azurite.has_standard_ports


def test_azurite_reports_that_it_uses_other_ports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The host tells the user."""
    monkeypatch.setattr(process, "standard_or_free_ports", free_ports)
    with running_azurite(tmp_path, tmp_path) as azurite:
        assert not azurite.has_standard_ports


def test_an_azurite_that_lends_accounts_avoids_the_standard_ports(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tests must never take them from a host that somebody runs."""
    monkeypatch.setattr(process, "standard_or_free_ports", lambda: pytest.fail("asked for the standard ports"))
    with running_azurite(tmp_path, tmp_path, ["one"]) as azurite:
        assert not set(azurite.ports) & set(STANDARD_PORTS)


@pytest.mark.parametrize("lost", [0, 1, 2])
def test_an_azurite_that_loses_a_port_takes_other_ports(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lost: int
) -> None:
    """Another Azurite got the port first and answers there; devhost must not take it for its own."""
    with running_azurite(tmp_path, tmp_path, ["one"]) as quicker:
        contested = (*free_ports()[:lost], *quicker.ports[lost:])
        monkeypatch.setattr(process, "standard_or_free_ports", lambda: contested)
        mine = tmp_path / "mine"
        mine.mkdir()
        with running_azurite(mine, tmp_path) as azurite:
            assert azurite.process is not None
            assert azurite.process.poll() is None
            assert not set(azurite.ports) & set(quicker.ports)


def test_an_azurite_with_unknown_log_texts_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Five seconds, less in this test; by then an Azurite that lost its port has ended."""
    monkeypatch.setattr(process, "_LISTENS", b"words of another version")
    monkeypatch.setattr(process, "_BIND_S", 0.1)
    with running_azurite(tmp_path, tmp_path, ["one"]) as azurite:
        assert azurite.process is not None


def test_a_failed_start_shows_the_output_of_azurite(tmp_path: Path) -> None:
    """The Azurite in the app's node_modules is broken."""
    command = tmp_path / "node_modules" / ".bin" / "azurite"
    command.parent.mkdir(parents=True)
    command.write_text("#!/bin/sh\necho my files are damaged\nexit 1\n")
    command.chmod(0o755)
    with (
        pytest.raises(StorageUnavailable, match=r"(?s)did not start over .*azurite\.log.*my files are damaged"),
        running_azurite(tmp_path, tmp_path),
    ):
        pass
