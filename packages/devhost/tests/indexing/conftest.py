"""An app from source text, indexed by the worker's code in this process."""

import textwrap
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from durable_devhost.model.functions import FunctionCatalog
from packages.devhost.tests.local import catalog_of

IMPORTS = "import azure.functions as func\nimport azure.durable_functions as df\n"
LoadApp = Callable[..., FunctionCatalog]


@pytest.fixture
def load(tmp_path: Path) -> LoadApp:
    """A function that makes the catalog of an app's source, which begins with the two imports and defines `app`."""

    def load_source(source: str, settings: Mapping[str, str] | None = None) -> FunctionCatalog:
        code = compile(IMPORTS + textwrap.dedent(source), tmp_path / "function_app.py", "exec")
        module: dict[str, Any] = {"__name__": "function_app"}
        exec(code, module)  # not imported: two tests may not share a module, and imports are the worker's business
        return catalog_of(module["app"], tmp_path, settings or {})

    return load_source
