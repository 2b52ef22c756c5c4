"""A debugger can attach where debugpy is found, in the app's environment or beside devhost."""

import os
import sys

import pytest

from durable_devhost.worker.debugger import listen
from durable_devhost.worker.loader import AppCannotRun

FAKE = """
import os, sys
seen = []
def listen(address):
    seen.append((address, os.path.dirname(__file__) in sys.path, os.environ.get("PYDEVD_DISABLE_FILE_VALIDATION")))
    if address[1] == 1:
        raise RuntimeError("Address already in use")
def configure(python):
    seen.append(python)
def debug_this_thread():
    seen.append("attached")
"""


@pytest.fixture
def fallback(tmp_path, monkeypatch) -> str:
    """A folder with a debugpy that only notes what it is told."""
    monkeypatch.delitem(sys.modules, "debugpy", raising=False)
    monkeypatch.setattr(sys, "path", [entry for entry in sys.path if "site-packages" not in entry])
    (tmp_path / "debugpy.py").write_text(FAKE)
    yield str(tmp_path)
    sys.modules.pop("debugpy", None)


def test_debugpy_of_devhost_is_used_and_its_folder_is_not_left_on_the_path(fallback):
    """The app must not import anything from devhost's environment."""
    before = (list(sys.path), os.environ.get("PYDEVD_DISABLE_FILE_VALIDATION"))
    attach = listen({"port": 5678, "path": fallback, "python": "/host/python"})
    attach()
    assert sys.modules["debugpy"].seen == ["/host/python", (("127.0.0.1", 5678), True, "1"), "attached"]
    assert (list(sys.path), os.environ.get("PYDEVD_DISABLE_FILE_VALIDATION")) == before


def test_a_debug_port_in_use_is_an_error(fallback):
    """Another host has it, or the debugger of the last run."""
    with pytest.raises(AppCannotRun, match=r"cannot listen at 127\.0\.0\.1:1: Address already in use"):
        listen({"port": 1, "path": fallback})


def test_a_missing_debugpy_error_gives_both_ways_to_install_it(monkeypatch):
    """For the app or for devhost."""
    monkeypatch.setitem(sys.modules, "debugpy", None)
    with pytest.raises(AppCannotRun, match=r"-m pip install debugpy\) or .*durable-devhost\[debug\]"):
        listen({"port": 5678, "path": ""})
