"""`--debug` and `breakpoint()`: whoever stops the app to look at it is not taken for one that has died."""

from __future__ import annotations

import os
import pty
import signal
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from durable_devhost.testing.plugin import AppUnderTest, Storage
from packages.devhost.tests.outside.dap import Debugger
from packages.devhost.tests.outside.hosts import APPS, Make, console_records, workers
from packages.devhost.tests.outside.processes import Program, all_gone, family, free_port, is_listening, until

pytestmark = pytest.mark.timeout(120)

SCRIPT = APPS / "paused" / "function_app.py"
LINES = {
    line.rpartition("# line: ")[2]: number
    for number, line in enumerate(SCRIPT.read_text("utf-8").splitlines(), 1)
    if "# line: " in line
}
LONGER_THAN_A_STEP_S = 2.0
"""The watchdog of orchestrators looks twice a second and gives a step one second."""


@pytest.fixture(scope="module")
def port() -> int:
    """Where the debugger listens."""
    return free_port()


@pytest.fixture(scope="module")
def app(make: Make, port: int) -> Iterator[AppUnderTest]:
    """The app, ready to be debugged."""
    with make("paused", ["--debug", str(port)]) as running:
        yield running


@pytest.fixture
def asked() -> Iterator[ThreadPoolExecutor]:
    """A thread for a request that is answered later."""
    with ThreadPoolExecutor(max_workers=1) as pool:
        yield pool


def test_the_start_prints_the_address_of_the_debugger(app: AppUnderTest, port: int) -> None:
    """As soon as it listens; the host does not wait for a client."""
    (ready,) = (record for record in app.records if record["event"] == "ready")
    assert ready["debugger"] == f"127.0.0.1:{port}"


def test_the_debugger_stops_in_each_kind_of_function(app: AppUnderTest, port: int, asked: ThreadPoolExecutor) -> None:
    """For any time: nobody takes the worker for dead, and the call succeeds."""
    (before,) = workers(app)
    with Debugger(port) as debugger:
        debugger.attach({SCRIPT: sorted(LINES.values())})
        answer = asked.submit(app.request, "GET", "/api/sum?a=2&b=3")
        assert (LINES["http"], "5") == (debugger.stopped_at(), debugger.value("result"))
        debugger.go_on()
        assert (200, 5) == _answered(answer)
        instance = app.start("story")
        assert (LINES["activity"], "1") == (debugger.stopped_at(), debugger.value("x"))
        debugger.go_on()
        assert (LINES["orchestrator"], "2") == (debugger.stopped_at(), debugger.value("first"))
        time.sleep(LONGER_THAN_A_STEP_S)  # a person who thinks
        debugger.go_on()
        assert LINES["activity"] == debugger.stopped_at()
        debugger.go_on()
        assert app.wait(instance)["output"] == 3
    with Debugger(port) as again:
        again.attach({SCRIPT: []})
    assert (200, 9) == _answered(asked.submit(app.request, "GET", "/api/sum?a=4&b=5"))
    assert [before] == workers(app)
    assert console_records(app, "failure") + console_records(app, "warning") == []


def test_a_suspended_worker_does_not_count_as_dead(app: AppUnderTest, asked: ThreadPoolExecutor) -> None:
    """Some debuggers stop the whole process; the host goes on answering."""
    (worker,) = workers(app)
    os.kill(worker, signal.SIGSTOP)
    try:
        answer = asked.submit(app.request, "GET", "/api/sum?a=20&b=22")
        time.sleep(LONGER_THAN_A_STEP_S)  # that long it stands still
        assert ([worker], answer.done()) == (workers(app), False)
    finally:
        os.kill(worker, signal.SIGCONT)
    assert (200, 42) == _answered(answer)


def test_a_debug_port_in_use_is_a_one_sentence_error(app: AppUnderTest, make: Make, port: int) -> None:
    """It names the port and says what to do."""
    assert app.exit_status is None
    second = make("paused", ["--debug", str(port)])
    with pytest.raises(AssertionError, match=rf"devhost: The debugger cannot listen at 127\.0\.0\.1:{port}"):
        second.launch()
    assert second.exit_status == 2
    assert "Traceback" not in second.output


def test_a_stop_ends_an_app_at_a_breakpoint(make: Make) -> None:
    """With the debugger attached; no process stays, not even debugpy's own."""
    port = free_port()
    with make("paused", ["--debug", str(port)]) as app, Debugger(port) as debugger:
        debugger.attach({SCRIPT: [LINES["http"]]})
        threading.Thread(target=_ask, args=(app, "/api/sum?a=1&b=1"), daemon=True).start()
        assert debugger.stopped_at() == LINES["http"]
        running = family(app.pid)
        os.killpg(app.pid, signal.SIGINT)
        app.until(lambda: "Ctrl-C ends it at once" in app.output)
        os.killpg(app.pid, signal.SIGINT)
        until(lambda: app.exit_status is not None, "it still runs", 9.0)
        all_gone(running, 5.0)
    until(lambda: not is_listening(port), "the debugger still listens", 5.0)


def test_breakpoint_works_in_a_terminal(app_storage: Storage, tmp_path: Path) -> None:
    """The worker shares the host's terminal."""
    app_storage.give_to(tmp_path)
    with _terminal() as (ours, theirs), ThreadPoolExecutor(max_workers=1) as pool:
        command = ("-m", "durable_devhost", "start", "--app", SCRIPT.parent, "--data", tmp_path, "--port", "0")
        with Program(sys.executable, *command, cwd=tmp_path, environ={"VIRTUAL_ENV": None}, stdin=theirs) as host:
            host.says("Ready on ")
            url = host.output.partition("Ready on ")[2].split()[0]
            app = AppUnderTest(SCRIPT.parent, tmp_path, (), {})
            answer = pool.submit(app.request, "GET", f"{url}/api/halt")
            host.says("(Pdb) ")
            os.write(ours, b"answer += 1\ncontinue\n")
            assert (200, 42) == _answered(answer)


def _answered(answer: Future[Any]) -> tuple[int, Any]:
    response = answer.result(timeout=30)
    return response.status, response.body


def _ask(app: AppUnderTest, path: str) -> None:
    try:
        app.request("GET", path)
    except OSError:
        return  # the host ended first


@contextmanager
def _terminal() -> Iterator[tuple[int, int]]:
    """A terminal: the end where a person types, and the one that a program reads."""
    ours, theirs = pty.openpty()
    try:
        yield ours, theirs
    finally:
        os.close(ours)
        os.close(theirs)
