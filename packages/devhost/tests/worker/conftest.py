"""An app in a folder of its own: loaded in this process and taken out of it again, or in a worker."""

from __future__ import annotations

import os
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import azure.functions as func
import pytest

from durable_devhost.worker.functions import Function
from durable_devhost.worker.index import Index, index_app
from durable_devhost.worker.loader import enter, load_app
from packages.devhost.tests.worker.driver import Driver

IMPORTS = "import azure.functions as func\nimport azure.durable_functions as df\n"
Load = Callable[..., Index]
Build = Callable[[func.FunctionApp], Function]
Work = Callable[..., Driver]


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Load]:
    """A function that writes the given files and indexes them; function_app.py begins with the two imports."""
    monkeypatch.delitem(sys.modules, "function_app", raising=False)  # another test's app, in the same process
    folder, path, modules = Path.cwd(), list(sys.path), set(sys.modules)
    app_folder = tmp_path.resolve()

    def write_and_load(source: str, script: str = "function_app.py", **files: str) -> Index:
        _write(app_folder, source, files)
        enter(app_folder)
        return index_app(load_app(app_folder, script), app_folder)

    yield write_and_load
    os.chdir(folder)
    sys.path[:] = path
    for name in set(sys.modules) - modules:
        if str(getattr(sys.modules[name], "__file__", "")).startswith(str(app_folder)):
            del sys.modules[name]


@pytest.fixture
def build() -> Build:
    """Index an app made in the test and give its only function."""

    def only(app: func.FunctionApp) -> Function:
        index = index_app(app, Path(__file__).parent)
        assert [entry["problems"] for entry in index.entries] == [[]]
        (function,) = index.functions.values()
        return function

    return only


@pytest.fixture
def work(tmp_path: Path) -> Iterator[Work]:
    """A function that writes the given files and starts a worker over them; the worker ends with the test."""
    drivers: list[Driver] = []

    def start(source: str, files: dict[str, str] | None = None, *, imports: str = IMPORTS, **options: Any) -> Driver:
        _write(tmp_path, source, files or {}, imports)
        driver = Driver(tmp_path, **options).__enter__()
        drivers.append(driver)
        return driver

    yield start
    for driver in drivers:
        driver.__exit__(None, None, None)


def _write(folder: Path, source: str, files: dict[str, str], imports: str = IMPORTS) -> None:
    (folder / "function_app.py").write_text(imports + textwrap.dedent(source))
    for name, text in files.items():
        path = folder / (name if "." in name else f"{name}.py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text))
