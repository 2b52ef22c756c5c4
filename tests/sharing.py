"""A pytest plugin: which tests run in one worker, since they share a host that takes long to start, in which order.

It takes effect with `-n N --dist loadfile --no-loadscope-reorder`.
"""

import gc
import re
from collections.abc import Generator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadFileScheduling

REPOSITORY = Path(__file__).resolve().parent.parent
TESTS = (REPOSITORY / "tests", REPOSITORY / "packages" / "devhost" / "tests")
SHARED = {"workflows": 3, "security": 1, "app": 1, "conformance": 1}
"""Folders whose modules share a host, and how many of them there may be: what shares one runs in one worker."""
OF_ITS_OWN = re.compile(r"^    return app_alone$|^def (app|town|fortress)\(", re.MULTILINE)
"""What a module has that starts a host for itself."""
OF_ONE_MODE = re.compile(r"\[(?:.*-)?(standard|journal)(?:-.*)?\]$")
"""The storage mode among a test's parameters."""
LONGEST_FIRST = (
    "browser/",
    "chaos/test_sweep",
    "security/",
    "soak/test_soak",
    "workflows/",
    "crash/",
    "triggers/test_queue_in_trouble",
    "dispatch/test_pool",
    "outside/",
    "app/",
    "azurite/",
    "storage_calls/",
    "infra/",
    "clients/test_verbs",
    "testing/",
    "doctor/",
    "durable/test_faults",
    "durable/test_two_hosts",
    "examples/",
    "dashboard/test_browser",
    "conformance/",
    "surroundings/",
    "host/",
    "tools/",
    "greenlight/",
    "bench/",
)
"""Beginnings of paths, by how long a part of it takes, so that at the end no worker waits long for another."""


class Sharing(LoadFileScheduling):  # type: ignore[misc]
    """xdist's distribution file by file, but by the parts of `part_of`."""

    def _split_scope(self, nodeid: str) -> str:
        return part_of(nodeid)


def part_of(nodeid: str) -> str:
    """Return the name of the part that a test belongs to, which runs in one worker: its file, as a rule.

    Files that share a host are one part. A host runs in one storage mode, so what is tried in both modes is two.
    """
    path = nodeid.partition("::")[0]
    folder = Path(path).parent.name
    files, mode = _sharing(folder), OF_ONE_MODE.search(nodeid)
    part = f"{folder} {files.index(path) % SHARED[folder]}" if path in files else path
    return f"{part} {mode[1]}" if mode else part


@pytest.hookimpl(tryfirst=True, optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Sharing | None:
    """Take the place of `--dist loadfile`."""
    return Sharing(config, log) if config.getoption("dist") == "loadfile" else None


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Collect without the garbage collector, and leave the thousands of tests out of what it looks at later."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the tests in the order of `LONGEST_FIRST`."""
    items.sort(key=lambda item: _rank(item.path))


@cache
def _rank(file: Path) -> int:
    """The place of a test file in `LONGEST_FIRST`; behind all where it is not in it."""
    path = next(file.relative_to(top).as_posix() for top in TESTS if file.is_relative_to(top))
    return next((at for at, start in enumerate(LONGEST_FIRST) if path.startswith(start)), len(LONGEST_FIRST))


@cache
def _sharing(folder: str) -> list[str]:
    """The test files of a folder that share a host, in their order."""
    if folder not in SHARED:
        return []
    files = sorted(file for top in TESTS for file in (top / folder).glob("test_*.py"))
    return [file.relative_to(REPOSITORY).as_posix() for file in files if not OF_ITS_OWN.search(file.read_text("utf-8"))]
