"""The data folder: for one devhost at a time, and each way in which it cannot be written has its sentence."""

import os
from pathlib import Path

import pytest

from durable_devhost.azurite.folder import data_folder, writable
from durable_devhost.errors import DevhostError


def test_a_second_devhost_over_the_folder_is_refused(tmp_path: Path) -> None:
    """The error names the pid of the first devhost. The folder is free again after that one ends."""
    with (
        data_folder(tmp_path),
        pytest.raises(DevhostError, match=rf"Another devhost \(pid {os.getpid()}\) .* --data"),
        data_folder(tmp_path),
    ):
        pass
    with data_folder(tmp_path):
        pass


def test_the_error_names_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    """A file is in the way, which stops even root."""
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(DevhostError, match=r"data folder .*file/data cannot be written .*--data"),
        data_folder(tmp_path / "file" / "data"),
    ):
        pass


def test_the_error_says_that_the_disk_is_full() -> None:
    """The test writes to the device that is always full."""
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("this system has no /dev/full")
    with pytest.raises(DevhostError, match=r"The disk that holds the data folder .* is full"), writable(full):
        full.write_text("x")
