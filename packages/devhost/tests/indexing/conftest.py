"""An app in a folder of its own, loaded in this process and taken out of it again."""

import os
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from durable_devhost.indexing.loader import load_app
from durable_devhost.model.functions import FunctionCatalog

IMPORTS = "import azure.functions as func\nimport azure.durable_functions as df\n"
LoadApp = Callable[..., FunctionCatalog]


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LoadApp]:
    """A function that writes the given files and loads them; function_app.py begins with the two imports."""
    monkeypatch.delitem(sys.modules, "function_app", raising=False)  # another test's app, in the same process
    folder, path, modules = Path.cwd(), list(sys.path), set(sys.modules)

    def write_and_load(source: str, environ: dict[str, str] | None = None, **files: str) -> FunctionCatalog:
        (tmp_path / "function_app.py").write_text(IMPORTS + textwrap.dedent(source))
        for stem, text in files.items():
            (tmp_path / f"{stem}.py").write_text(textwrap.dedent(text))
        return load_app(tmp_path, environ or {})

    yield write_and_load
    os.chdir(folder)
    sys.path[:] = path
    for name in set(sys.modules) - modules:
        if str(getattr(sys.modules[name], "__file__", "")).startswith(str(tmp_path.resolve())):
            del sys.modules[name]
