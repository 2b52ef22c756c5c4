"""A pytest plugin: which tests run in one worker, since they share a host that takes long to start, in which order.

It takes effect with `-n N --dist loadfile --no-loadscope-reorder`.
"""

import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadFileScheduling

TESTS = Path(__file__).resolve().parent
SHARED = {"workflows": 3, "security": 1, "app": 1, "conformance": 1}
"""Folders whose modules share a host, and how many of them there may be: what shares one runs in one worker."""
OF_ITS_OWN = re.compile(r"^    return app_alone$|^def (app|town|fortress)\(", re.MULTILINE)
"""What a module has that starts a host for itself."""
LONGEST_FIRST = (
    "workflows",
    "security",
    "crash",
    "devhost/test_",
    "examples",
    "app",
    "tools",
    "greenlight",
    "conformance",
)
"""Beginnings of paths, so that at the end no worker waits long for another."""


class Sharing(LoadFileScheduling):  # type: ignore[misc]
    """xdist's distribution file by file, but the files that share a host stay together."""

    def _split_scope(self, nodeid: str) -> str:
        path = nodeid.partition("::")[0]
        folder = Path(path).parts[1]
        files = _sharing(folder)
        return f"{folder} {files.index(path) % SHARED[folder]}" if path in files else path


@pytest.hookimpl(tryfirst=True, optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Sharing | None:
    """Take the place of `--dist loadfile`."""
    return Sharing(config, log) if config.getoption("dist") == "loadfile" else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the tests in the order of `LONGEST_FIRST`."""

    def rank(item: pytest.Item) -> int:
        path = item.path.relative_to(TESTS).as_posix()
        return next((at for at, start in enumerate(LONGEST_FIRST) if path.startswith(start)), len(LONGEST_FIRST))

    items.sort(key=rank)


@cache
def _sharing(folder: str) -> list[str]:
    """The test files of a folder that share a host, in their order."""
    if folder not in SHARED:
        return []
    files = sorted((TESTS / folder).glob("test_*.py"))
    return [f"tests/{folder}/{file.name}" for file in files if not OF_ITS_OWN.search(file.read_text("utf-8"))]
