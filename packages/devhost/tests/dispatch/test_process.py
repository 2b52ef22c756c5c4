"""One worker process: how it is greeted, what it says when the app does not load, and that nothing of it stays."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from durable_devhost.dispatch import process
from durable_devhost.dispatch.connection import WorkerGone
from durable_devhost.dispatch.process import WorkerPlan, WorkerProcess
from durable_devhost.errors import AppError, AppImportError, DevhostError, SettingsError
from packages.devhost.tests.dispatch.machines import PATIENCE_S, Listener, is_alive, plan_of

HELLO = """
import json, socket, struct, sys, time
connection = socket.socket(fileno=int(sys.argv[-1]))
header = json.dumps({**HELLO, "kind": "hello", "parts": []}).encode()
connection.sendall(struct.pack("!II", len(header), 0) + header)
time.sleep(60)
"""
Launch = Callable[[WorkerPlan], Awaitable[WorkerProcess]]


@pytest.fixture
async def launch() -> AsyncIterator[Launch]:
    """A function that starts workers, which end with the test."""
    workers: list[WorkerProcess] = []

    async def start(plan: WorkerPlan) -> WorkerProcess:
        workers.append(await WorkerProcess.launch(plan, Listener().worker_message))
        return workers[-1]

    yield start
    for worker in workers:
        worker.kill()
        await worker.wait()


def _python(folder: Path, source: str) -> str:
    """Something that can be given as the app's Python and does this instead of starting a worker."""
    script = folder / "python"
    script.write_text(f"#!{sys.executable}\n{source}")
    script.chmod(0o755)
    return str(script)


async def test_a_worker_loads_the_app_and_reports_its_versions(launch: Launch, tmp_path: Path) -> None:
    """It reports the functions unchecked; a package that is not installed is left out."""
    plan = plan_of(tmp_path / "app")
    worker = await launch(plan)
    loaded = await worker.load(plan)
    assert "story" in [function["name"] for function in loaded.functions]
    assert (loaded.complaint, loaded.versions.executable) == (None, sys.executable)
    assert loaded.versions.python == ".".join(map(str, sys.version_info[:3]))
    assert "azure-functions" in loaded.versions.packages
    assert worker.exit_reason == "it is still running"


async def test_a_stop_ends_the_worker_in_good_order(launch: Launch, tmp_path: Path) -> None:
    """With status 0, and it counts as expected."""
    plan = plan_of(tmp_path / "app")
    worker = await launch(plan)
    await worker.load(plan)
    await worker.stop(PATIENCE_S)
    assert (worker.exit_reason, worker.is_leaving, is_alive(worker.pid)) == ("it exited with status 0", True, False)


async def test_a_worker_that_ignores_the_stop_is_killed(launch: Launch, tmp_path: Path) -> None:
    """The process is suspended."""
    plan = plan_of(tmp_path / "app")
    worker = await launch(plan)
    await worker.load(plan)
    os.kill(worker.pid, signal.SIGSTOP)
    await worker.stop(0.05)
    assert (worker.exit_reason, is_alive(worker.pid)) == ("it was ended by SIGKILL", False)
    with pytest.raises(WorkerGone):
        await worker.connection.call({"kind": "invoke"})


@pytest.mark.parametrize(
    ("source", "error", "said"),
    [
        (
            "import azure.functions as func\nraise ValueError('odd')\n",
            AppImportError,
            r"function_app\.py:2: ValueError",
        ),
        ("x = 1\n", AppError, r"function_app\.py defines no app"),
        (
            "import os\nos._exit(3)\n",
            AppError,
            r"ended while it loaded the app: it exited with status 3\. Run .* to see",
        ),
        ("import os\nos.kill(os.getpid(), 9)\n", AppError, "while it loaded the app: it was ended by SIGKILL"),
    ],
)
async def test_an_app_that_does_not_load_is_a_one_sentence_error(
    launch: Launch, tmp_path: Path, source: str, error: type[AppError], said: str
) -> None:
    """The worker gives the sentence; if it died, the sentence says how."""
    plan = plan_of(tmp_path / "app", source)
    worker = await launch(plan)
    with pytest.raises(error, match=said) as caught:
        await worker.load(plan)
    assert type(caught.value) is error
    assert not isinstance(caught.value, AppImportError) or "raise ValueError('odd')" in caught.value.details


async def test_a_python_that_cannot_be_started_is_an_error(launch: Launch, tmp_path: Path) -> None:
    """It names the option for another Python."""
    with pytest.raises(SettingsError, match=r"nowhere cannot be started \(No such file or directory\)\. .*--python"):
        await launch(plan_of(tmp_path / "app", python=str(tmp_path / "nowhere")))


async def test_a_worker_of_another_version_is_an_error(launch: Launch, tmp_path: Path) -> None:
    """Its files were replaced while the host ran."""
    hello = {"protocol": 99, "python": "3.11.0", "executable": "python", "packages": {}}
    plan = plan_of(tmp_path / "app", python=_python(tmp_path, HELLO.replace("HELLO", repr(hello))))
    worker = await launch(plan)
    with pytest.raises(DevhostError, match=r"speaks version 99 of the protocol.* start it again"):
        await worker.load(plan)


async def test_a_python_that_is_too_old_is_an_error(launch: Launch, tmp_path: Path) -> None:
    """The worker still greets, so that the sentence can name the version."""
    hello = {"protocol": 1, "python": "3.8.18", "executable": "/old/python", "packages": {}}
    worker = await launch(plan_of(tmp_path / "app", python=_python(tmp_path, HELLO.replace("HELLO", repr(hello)))))
    with pytest.raises(AppError, match=r"^/old/python is Python 3\.8\.18, and apps run on Python 3\.9 to 3\.14\."):
        await worker.load(plan_of(tmp_path / "app"))


async def test_a_python_that_never_greets_is_given_up(
    launch: Launch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wrapper that hangs must not block the host."""
    monkeypatch.setattr(process, "_GREETING_S", 0.1)
    plan = plan_of(tmp_path / "app", python=_python(tmp_path, "import time\ntime.sleep(60)\n"))
    worker = await launch(plan)
    async with asyncio.timeout(5):
        with pytest.raises(DevhostError):
            await worker.load(plan)


async def test_standard_error_is_passed_on_and_its_last_lines_are_kept(
    launch: Launch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Also half a line and bytes that are not UTF-8. Twenty lines are kept to explain a death."""
    lines = "".join(f"line {number}\n" for number in range(30))
    source = f"import os\nos.write(2, {lines.encode()!r} + b'\\xff and half a li')\nos._exit(1)\n"
    plan = plan_of(tmp_path / "app", source)
    worker = await launch(plan)
    with pytest.raises(AppError):
        await worker.load(plan)
    await worker.wait()
    assert capsys.readouterr().err == f"{lines}\ufffd and half a li"
    assert worker.last_words.splitlines()[0] == "line 11"
    assert worker.last_words.splitlines()[-2:] == ["line 29", "\ufffd and half a li"]


async def test_a_child_that_outlives_the_worker_does_not_delay_the_end(
    launch: Launch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It inherited standard error, so the pipe does not close."""
    monkeypatch.setattr(process, "_STOP_S", 0.1)
    source = """
        import os, subprocess, sys
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
        open("child", "w").write(str(child.pid))
        os._exit(1)
        """
    plan = plan_of(tmp_path / "app", source)
    worker = await launch(plan)
    async with asyncio.timeout(PATIENCE_S):
        with pytest.raises(AppError, match="it exited with status 1"):
            await worker.load(plan)
        await worker.wait()
    child = int((tmp_path / "app" / "child").read_text())
    assert is_alive(child)
    os.kill(child, signal.SIGKILL)
