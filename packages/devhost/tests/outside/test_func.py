"""The `func` that `durable-devhost shim` writes, called as editors and the test suites of others call it."""

from __future__ import annotations

import json
import os
import re
import signal
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import debugpy
import pytest

from durable_devhost.app_settings import DEVELOPMENT_KEY
from durable_devhost.testing.plugin import Storage
from packages.devhost.tests.outside.dap import Debugger
from packages.devhost.tests.outside.hosts import copy_of
from packages.devhost.tests.outside.processes import Program, all_gone, family, free_port, run, until

pytestmark = pytest.mark.timeout(120)

READY = re.compile(r"^.*Worker process started and initialized\.$", re.MULTILINE)
"""What VS Code waits for in the terminal before it attaches."""

AZURITE_WRITTEN_OUT = (
    f"DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;AccountKey={DEVELOPMENT_KEY};"
    "BlobEndpoint=http://127.0.0.1:10000/devstoreaccount1;QueueEndpoint=http://127.0.0.1:10001/devstoreaccount1;"
    "TableEndpoint=http://127.0.0.1:10002/devstoreaccount1;"
)
"""What VS Code puts in the place of UseDevelopmentStorage=true."""


@pytest.fixture(scope="module")
def shim(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The path of `func`."""
    folder = tmp_path_factory.mktemp("shim") / "bin"
    said = run(sys.executable, "-m", "durable_devhost", "shim", folder, cwd=folder.parent)
    assert said.startswith(f"Wrote {folder / 'func'}.")
    return folder / "func"


@pytest.fixture
def folder(tmp_path: Path, app_storage: Storage) -> Path:
    """An app in a folder of its own, whose host uses the Azurite of the session."""
    folder = copy_of("small", tmp_path)
    app_storage.give_to(folder / ".azurite")
    return folder


def test_the_version_is_accepted_by_tools(shim: Path) -> None:
    """VS Code needs 4.0.4742 or newer."""
    version = run(shim, "--version", cwd=shim.parent).strip()
    assert tuple(map(int, version.split("."))) >= (4, 0, 4742)


@pytest.mark.parametrize("command", ["new", "azure functionapp publish somewhere", "durable get-history"])
def test_an_unsupported_command_is_a_one_sentence_error(shim: Path, command: str) -> None:
    """It names the command and says what to do."""
    with Program(shim, *command.split(), cwd=shim.parent) as program:
        assert program.ends() == 2
        (said,) = program.output.splitlines()
        assert said.startswith(f"devhost: 'func {command.split()[0]}' is Azure Functions Core Tools' own")


@pytest.fixture
def in_the_editor(shim: Path, folder: Path) -> Iterator[tuple[Program, int, int]]:
    """`func start` as VS Code's task: the port of local.settings.json, a debugger from the editor's own folder."""
    port, debug_port = free_port(), free_port()
    settings = {"IsEncrypted": False, "Values": {}, "Host": {"LocalHttpPort": port, "CORS": "*"}}
    (folder / "local.settings.json").write_text(json.dumps(settings), "utf-8")
    environ = {
        "VIRTUAL_ENV": None,
        "AzureWebJobsStorage": AZURITE_WRITTEN_OUT,
        "languageWorkers__python__arguments": f"{Path(debugpy.__file__).parent} --listen 127.0.0.1:{debug_port}",
    }
    with Program(shim, "start", cwd=folder, environ=environ) as program:
        yield program, port, debug_port


def test_an_editor_can_start_the_shim_and_attach(in_the_editor: tuple[Program, int, int], folder: Path) -> None:
    """The shim prints the expected line once the debugger listens; the port is the one of the folder."""
    program, port, debug_port = in_the_editor
    until(lambda: READY.search(program.output), lambda: program.output)
    script = folder / "function_app.py"
    line = 1 + script.read_text("utf-8").splitlines().index('    """Greet."""')
    with Debugger(debug_port) as debugger, ThreadPoolExecutor(max_workers=1) as pool:
        debugger.attach({script: [line + 1]})
        answer = pool.submit(_get, f"http://localhost:{port}/api/hello")
        assert line + 1 == debugger.stopped_at()
        debugger.go_on()
        assert (200, b"hello you") == answer.result(timeout=30)
    assert _get(f"http://localhost:{port}/admin/host/status")[0] == 200
    os.kill(program.pid, signal.SIGTERM)  # to whoever listens on the port, as the editor does
    running = family(program.pid)
    assert program.ends() == 0
    all_gone(running)


def test_a_test_suite_can_start_and_use_the_shim(shim: Path, folder: Path) -> None:
    """As the tests of the extension bundles do: settings in the environment, a key on every request."""
    port = free_port()
    environ = {
        "VIRTUAL_ENV": None,
        "AzureWebJobsScriptRoot": str(folder),
        "host:logger:consoleLoggingMode": "always",
        "AZURE_FUNCTIONS_ENVIRONMENT": "development",
        "AzureWebJobsSecretStorageType": "files",
        "FUNCTIONS_WORKER_RUNTIME": "python",
        "AzureWebJobsStorage": "UseDevelopmentStorage=true",
    }
    with Program(shim, "host", "start", "--verbose", "--port", str(port), cwd=folder, environ=environ) as program:
        until(lambda: _get(f"http://127.0.0.1:{port}/")[0] == 200, lambda: program.output)
        assert (200, b"hello Ada") == _get(f"http://127.0.0.1:{port}/api/hello?name=Ada&code=testFunctionKey")
        assert json.loads(_get(f"http://127.0.0.1:{port}/admin/host/status")[1])["state"] == "Running"
        listed = json.loads(_get(f"http://0.0.0.0:{port}/admin/functions")[1])
        assert [("hello", f"http://0.0.0.0:{port}/api/hello")] == [
            (each["name"], each["invoke_url_template"]) for each in listed
        ]
        running = family(program.pid)
        os.killpg(program.pid, signal.SIGTERM)  # host and worker at once
        assert program.ends() == 0
        assert "has died" not in program.output
        all_gone(running)


def test_a_missing_app_is_a_one_sentence_error(shim: Path, tmp_path: Path) -> None:
    """As with every start."""
    with Program(shim, "start", cwd=tmp_path) as program:
        assert program.ends() == 2
        assert len(program.output.splitlines()) == 1


def _get(url: str) -> tuple[int, bytes]:
    """Status and body; 0 where nobody answers."""
    try:
        with urlopen(url, timeout=30) as response:
            return response.status, response.read()
    except HTTPError as error:
        with error:
            return error.code, error.read()
    except OSError:
        return 0, b""
