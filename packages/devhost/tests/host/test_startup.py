"""What a start needs before there is a host, and that the host itself never imports the SDK."""

import asyncio
import io
import json
import subprocess
import sys
from pathlib import Path

import pytest

from durable_devhost.clock import SystemClock
from durable_devhost.dispatch.interpreter import Interpreter
from durable_devhost.errors import AppError
from durable_devhost.host import startup
from durable_devhost.host.console import Console
from durable_devhost.host.shutdown import Shutdown
from durable_devhost.options import StartOptions

IMPORT = """
import sys
import durable_devhost.cli
import durable_devhost.host.startup
print(sorted(name for name in sys.modules if name.split(".")[0] == "azure"))
"""


def test_the_host_imports_no_azure_package() -> None:
    """The SDK and its version belong to the app and its worker."""
    ended = subprocess.run([sys.executable, "-c", IMPORT], capture_output=True, text=True, check=False)
    assert (ended.stdout, ended.stderr, ended.returncode) == ("[]\n", "", 0)


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({}, r"There is no function_app\.py in .* --app"),
        ({"Old/function.json": "{}"}, "v1 model"),
        ({"local.settings.json": '{"Values": {"PYTHON_SCRIPT_FILE_NAME": "app-main.txt"}}'}, "is no Python module"),
        ({"local.settings.json": '{"Values": {"PYTHON_SCRIPT_FILE_NAME": "main.py"}}'}, r"There is no main\.py"),
    ],
)
async def test_a_folder_without_an_app_is_refused_before_anything_starts(
    tmp_path: Path, files: dict[str, str], said: str
) -> None:
    """With what to do; no data folder is created."""
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    options = StartOptions(app_dir=tmp_path, data_dir=tmp_path / "data", port=0)
    with pytest.raises(AppError, match=said):
        await startup.run(options, Shutdown())
    assert not (tmp_path / "data").exists()


async def test_a_slow_import_of_the_app_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every ten seconds, with the Python that runs it, until the app is loaded."""
    monkeypatch.setattr(startup, "LOADING_NOTICE_S", 0.01)
    stream = io.StringIO()
    console = Console.create(SystemClock(), json_logs=True, stream=stream)
    async with startup._saying_that_it_loads(console, Interpreter(path="/app/python", reason="PATH")):
        while stream.getvalue().count("\n") < 2:  # noqa: ASYNC110 - the stream tells nobody
            await asyncio.sleep(0.01)
    first, second, *_ = (json.loads(line)["text"] for line in stream.getvalue().splitlines())
    assert first == "The app is still being imported after 0.01 s, by /app/python."
    assert second.startswith("The app is still being imported after 0.02 s")
