"""devhost's own Azurite: one for each data folder, found again after a crash, stopped gently.

It takes the standard ports if they are free, because apps have them in their settings, and else three others.
Azurite runs in its own session, so that Ctrl-C and a `kill -9` of devhost do not touch it and no committed write
is lost. `azurite.json` in the folder says where it is. Only the holder of the folder's lock reads or writes that file.

Where many hosts run one after the other, as in tests, `lend` gives each an account of one Azurite: it takes a second to
start, and accounts see nothing of each other. That one keeps everything in memory, which costs a fifth less.
"""

import http.client
import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from durable_devhost.app_settings import DEVELOPMENT_ACCOUNT, DEVELOPMENT_KEY
from durable_devhost.azurite.command import find_command, node_environment
from durable_devhost.azurite.folder import data_folder, disk_fault, writable
from durable_devhost.azurite.ports import ADDRESS, STANDARD_PORTS, Ports, free_ports, standard_or_free_ports
from durable_devhost.errors import StorageUnavailable

__all__ = [
    "STATE_FILE",
    "Azurite",
    "data_folder",
    "is_running",
    "lend",
    "running_azurite",
    "start_again",
    "stop",
    "stop_survivor",
]

STATE_FILE = "azurite.json"
LOG_FILE = "azurite.log"
_OPTIONS = ("--silent", "--skipApiVersionCheck", "--disableTelemetry")
_STATE = ("pid", "blob_port", "queue_port", "table_port", "location", "account")
_START_S = 40.0
_STOP_S = 20.0
_BIND_S = 5.0
_TRIES = 3
_PAUSE_S = 0.03
_LISTENS = b"successfully listen"


@dataclass(frozen=True, slots=True, kw_only=True)
class Azurite:
    """A running Azurite and one of its accounts; `process` is set if this devhost started it."""

    pid: int
    blob_port: int
    queue_port: int
    table_port: int
    location: str
    """The folder of its files; empty if it keeps everything in memory."""
    account: str = DEVELOPMENT_ACCOUNT
    process: "subprocess.Popen[bytes] | None" = field(default=None, repr=False, compare=False)

    @property
    def ports(self) -> Ports:
        """The ports of blobs, queues and tables."""
        return self.blob_port, self.queue_port, self.table_port

    @property
    def has_standard_ports(self) -> bool:
        """Whether connection strings with the ports 10000 to 10002 reach it unchanged."""
        return self.ports == STANDARD_PORTS

    @property
    def connection_string(self) -> str:
        """What any Azure SDK needs to reach all three services. The key is Azurite's published one, no secret."""
        endpoints = "".join(
            f"{name}Endpoint=http://{ADDRESS}:{port}/{self.account};"
            for name, port in zip(("Blob", "Queue", "Table"), self.ports, strict=True)
        )
        return f"DefaultEndpointsProtocol=http;AccountName={self.account};AccountKey={DEVELOPMENT_KEY};{endpoints}"


@contextmanager
def running_azurite(folder: Path, app_dir: Path, accounts: Sequence[str] = ()) -> Iterator[Azurite]:
    """Run an Azurite over `folder`, which `data_folder` locks; one that outlived a crashed devhost is reused.

    With `accounts`, which it lends besides the usual one, it keeps everything in memory and leaves the
    standard ports to others. Stops it when the block ends, except one that was lent to this folder. Raises
    DevhostError if Azurite or Node is missing, and StorageUnavailable if it does not start.
    """
    azurite = _survivor(folder) or _start(folder, find_command(app_dir), accounts)
    try:
        yield azurite
    finally:
        last = _read_state(folder)
        stop(azurite if last is None or last.pid == azurite.pid else last, folder)


def start_again(azurite: Azurite, folder: Path, app_dir: Path) -> Azurite:
    """Restart an Azurite that has ended, on the same ports; raises StorageUnavailable."""
    again = _spawn(folder, find_command(app_dir), (), azurite.ports)
    with writable(folder):
        _write_state(folder, again)
    if _answers(again) and _has_its_ports(again, folder):
        return again
    stop(again, folder)
    raise _does_not_start(folder, find_command(app_dir))


def lend(azurite: Azurite, account: str, folder: Path) -> None:
    """Give the devhost over `folder` its own account of a running Azurite: it starts none and stops none."""
    folder = folder.resolve()
    with writable(folder):
        folder.mkdir(parents=True, exist_ok=True)
        _write_state(folder, replace(azurite, account=account))


def stop_survivor(folder: Path) -> None:
    """Stop the Azurite that a killed devhost left behind over `folder`; does nothing if there is none."""
    azurite = _survivor(folder.resolve())
    if azurite:
        stop(azurite, folder.resolve())


def stop(azurite: Azurite, folder: Path) -> None:
    """Ask Azurite to write its files and end, and wait until it has; after 20 seconds it is killed.

    One that was lent to the folder is left alone.
    """
    if azurite.process is None and azurite.location != str(folder):
        return
    for sign in (signal.SIGTERM, signal.SIGKILL):
        if is_running(azurite):
            os.kill(azurite.pid, sign)
            _wait_for_end(azurite)
    (folder / STATE_FILE).unlink(missing_ok=True)


def _read_state(folder: Path) -> Azurite | None:
    try:
        return Azurite(**json.loads((folder / STATE_FILE).read_text("utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def _survivor(folder: Path) -> Azurite | None:
    azurite = _read_state(folder)
    if azurite is None:
        return None
    if not is_running(azurite):
        return None
    if not _answers(azurite):
        stop(azurite, folder)
        return None
    return azurite


def _start(folder: Path, command: Path, accounts: Sequence[str]) -> Azurite:
    """Start Azurite; another program may take a port before Azurite does, so this is tried with several sets."""
    for attempt in range(_TRIES):
        ports = standard_or_free_ports() if attempt == 0 and not accounts else free_ports()
        azurite = _spawn(folder, command, accounts, ports)
        with writable(folder):
            _write_state(folder, azurite)  # before it answers: a crash now must not leave two Azurites over one folder
        if _answers(azurite) and _has_its_ports(azurite, folder):
            return azurite
        stop(azurite, folder)
    raise _does_not_start(folder, command)


def _does_not_start(folder: Path, command: Path) -> StorageUnavailable:
    if fault := disk_fault(folder):
        return StorageUnavailable(fault)
    said = (folder / LOG_FILE).read_text("utf-8", errors="replace").strip()[-1500:]
    return StorageUnavailable(
        f"Azurite ({command}) did not start over {folder}. "
        f"See {folder / LOG_FILE}; if its files there are damaged, choose another folder with --data.\n{said}".rstrip()
    )


def _spawn(folder: Path, command: Path, accounts: Sequence[str], ports: Ports) -> Azurite:
    blob, queue, table = ports
    where = ["--blobPort", str(blob), "--queuePort", str(queue), "--tablePort", str(table)]
    place = ["--inMemoryPersistence"] if accounts else ["--location", str(folder)]
    known = ";".join(f"{account}:{DEVELOPMENT_KEY}" for account in (DEVELOPMENT_ACCOUNT, *accounts))
    with writable(folder), (folder / LOG_FILE).open("wb") as log:
        # Its output goes to a file: a pipe would break when devhost is killed.
        process = subprocess.Popen(
            [command, *place, *where, *_OPTIONS],
            cwd=folder,
            env=node_environment() | {"AZURITE_ACCOUNTS": known},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    return Azurite(
        pid=process.pid,
        blob_port=blob,
        queue_port=queue,
        table_port=table,
        location="" if accounts else str(folder),
        process=process,
    )


def _write_state(folder: Path, azurite: Azurite) -> None:
    draft = folder / f"{STATE_FILE}.new"
    draft.write_text(json.dumps({name: getattr(azurite, name) for name in _STATE}), "utf-8")
    draft.replace(folder / STATE_FILE)


def _answers(azurite: Azurite) -> bool:
    """Wait until all three services answer; False if the process ends or the time is up."""
    give_up = time.monotonic() + _START_S
    waiting = list(azurite.ports)
    while waiting:
        if _is_azurite(waiting[0]):
            waiting.pop(0)
        elif time.monotonic() > give_up or not is_running(azurite):
            return False
        else:
            time.sleep(_PAUSE_S)
    return True


def _has_its_ports(azurite: Azurite, folder: Path) -> bool:
    """Whether this Azurite answers, and not another one that took a port first.

    Its log says that each service listens, and it ends if one cannot. In a version with other log texts,
    one that still runs five seconds after its first line has its ports; a busy machine may be slow with that line.
    """
    give_up = time.monotonic() + _START_S
    is_silent = True
    while is_running(azurite):
        said = (folder / LOG_FILE).read_bytes()
        if is_silent and said:
            is_silent, give_up = False, time.monotonic() + _BIND_S
        if said.count(_LISTENS) >= len(azurite.ports) or time.monotonic() > give_up:
            return True
        time.sleep(_PAUSE_S)
    return False


def _is_azurite(port: int) -> bool:
    connection = http.client.HTTPConnection(ADDRESS, port, timeout=5)
    try:
        connection.request("GET", f"/{DEVELOPMENT_ACCOUNT}?comp=list")
        return (connection.getresponse().getheader("Server") or "").startswith("Azurite")
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _wait_for_end(azurite: Azurite) -> None:
    give_up = time.monotonic() + _STOP_S
    while is_running(azurite) and time.monotonic() < give_up:
        time.sleep(_PAUSE_S)


def is_running(azurite: Azurite) -> bool:
    """Whether the process is still that Azurite, and not another program with a reused pid."""
    if azurite.process is not None:
        return azurite.process.poll() is None
    where = f" --location {azurite.location} " if azurite.location else f" --blobPort {azurite.blob_port} "
    return where in _command_line(azurite.pid)


def _command_line(pid: int) -> str:
    """The command line of a process; empty if it has ended. Linux has a file for it, other systems `ps`."""
    if Path("/proc/self/cmdline").exists():
        try:
            return Path(f"/proc/{pid}/cmdline").read_text("utf-8", errors="replace").replace("\0", " ")
        except OSError:
            return ""
    shown = subprocess.run(["ps", "-ww", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return shown.stdout
