"""The data folder: for one devhost at a time, and each way in which it cannot be written has its sentence."""

import os
from pathlib import Path

import pytest

from durable_devhost.azurite.folder import data_folder, writable
from durable_devhost.errors import DevhostError


def test_a_second_devhost_over_the_folder_is_refused(tmp_path: Path) -> None:
    """With the pid of the first; afterwards the folder is free again."""
    with (
        data_folder(tmp_path),
        pytest.raises(DevhostError, match=rf"Another devhost \(pid {os.getpid()}\) .* --data"),
        data_folder(tmp_path),
    ):
        pass
    with data_folder(tmp_path):
        pass


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    """Here a file is in the way, which stops even root."""
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(DevhostError, match=r"data folder .*file/data cannot be written .*--data"),
        data_folder(tmp_path / "file" / "data"),
    ):
        pass


def test_a_full_disk_is_named() -> None:
    """The device that is always full stands for it."""
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("this system has no /dev/full")
    with pytest.raises(DevhostError, match=r"The disk that holds the data folder .* is full"), writable(full):
        full.write_text("x")
