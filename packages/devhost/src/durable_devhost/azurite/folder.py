"""The data folder: one devhost at a time may use it, and errors say why it cannot be written."""

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import TextIO

from durable_devhost.errors import DevhostError

LOCK_FILE = "devhost.lock"
FULL_DISK = (errno.ENOSPC, errno.EDQUOT)
_PROBE_BYTES = 1 << 18


@contextmanager
def data_folder(folder: Path) -> Iterator[Path]:
    """Lock the data folder for one devhost while the block runs; create it if it is missing.

    Raises DevhostError when another devhost holds it, naming its pid, or when it cannot be written.
    """
    folder = folder.resolve()
    with writable(folder):
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / LOCK_FILE).open("a+", encoding="ascii")
    with lock:
        _lock(lock, folder)
        with writable(folder):
            lock.truncate(0)
            lock.write(f"{os.getpid()}\n")
            lock.flush()
        yield folder


def disk_fault(folder: Path) -> str | None:
    """A sentence if the disk of the data folder is full, found by writing to it; else None.

    Azurite only answers 500 on a full disk. Its tables are in memory and are written every few seconds.
    """
    try:
        with NamedTemporaryFile(dir=folder) as probe:
            probe.write(bytes(_PROBE_BYTES))
            probe.flush()
    except OSError as error:
        return _full(folder) if error.errno in FULL_DISK else None
    return None


@contextmanager
def writable(folder: Path) -> Iterator[None]:
    """Turn file system errors inside the block into a DevhostError that names the data folder."""
    try:
        yield
    except OSError as error:
        if error.errno in FULL_DISK:
            raise DevhostError(_full(folder)) from None
        raise DevhostError(
            f"The data folder {folder} cannot be written ({error.strerror}). "
            "Choose one that you may write to with --data."
        ) from None


def _full(folder: Path) -> str:
    return f"The disk that holds the data folder {folder} is full. Free some space, or choose another with --data."


def _lock(lock: TextIO, folder: Path) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.seek(0)
        holder = lock.read().strip() or "unknown"
        raise DevhostError(
            f"Another devhost (pid {holder}) is using the data folder {folder}. "
            f"Stop it with `kill {holder}`, or give this one a folder of its own with --data."
        ) from None
