"""A worker that dies costs what it was doing, and nothing else; one that dies all the time ends the host."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from durable_devhost.testing.plugin import AppUnderTest
from packages.devhost.tests.outside.hosts import Make, console_records, workers
from packages.devhost.tests.outside.processes import all_gone, until
from tests.long import long

pytestmark = pytest.mark.timeout(120)

ENDINGS = {
    "exit": "it exited with status 3",
    "segfault": "it was ended by SIGSEGV",
    "kill": "it was ended by SIGKILL",
}
LAST_WORDS = {"segfault": 'apps/mortal/function_app.py", line'}
"""What must be among the last lines besides what the app wrote itself: where it was when the fault came."""

MOST_DEATHS = 10


@pytest.fixture(scope="module")
def app(make: Make, tmp_path_factory: pytest.TempPathFactory) -> Iterator[AppUnderTest]:
    """The app, with a folder to remember its deaths in; nine of them, as ten would end the host."""
    with make("mortal", environ={"GRAVES": str(tmp_path_factory.mktemp("graves"))}) as running:
        yield running


def ways(*always: str) -> pytest.MarkDecorator:
    """These ways to die in each run, and the others in the long form."""
    return pytest.mark.parametrize("how", [pytest.param(way, marks=() if way in always else long) for way in ENDINGS])


@ways("exit", "kill")
def test_a_caller_gets_500_if_the_worker_dies(app: AppUnderTest, how: str) -> None:
    """A new process answers the next one."""
    before = app.request("GET", "/api/alive").body
    with one_death(app, how, "http"):
        assert app.request("GET", f"/api/die/{how}").status == 500
    after = app.request("GET", "/api/alive")
    assert (after.status, after.body != before) == (200, True)
    assert [after.body] == workers(app)


@ways("segfault", "kill")
def test_an_activity_whose_worker_dies_runs_again(app: AppUnderTest, how: str) -> None:
    """Its orchestrator notices nothing, nor does one that waits meanwhile."""
    waiting = app.start("bystander")
    with one_death(app, how, "activity"):
        assert [1, f"survived {how}", 2] == app.wait(app.start("employer", {"how": how}))["output"]
    app.raise_event(waiting, "Go", "on")
    assert [1, "on"] == app.wait(waiting)["output"]


@ways("exit", "segfault")
def test_an_orchestrator_whose_worker_dies_is_replayed(app: AppUnderTest, how: str) -> None:
    """From the stored history; no activity runs twice."""
    with one_death(app, how, "orchestrator"):
        instance = app.start("daring", {"how": how})
        assert [1, 2] == app.wait(instance)["output"]
    status = app.status(instance, history=True)
    assert status
    assert 2 == sum(event["EventType"] == "TaskCompleted" for event in status["historyEvents"])


def test_ten_deaths_in_a_minute_end_the_host_with_one_sentence(make: Make, tmp_path: Path) -> None:
    """And status 2, because such an app would restart for ever."""
    with make("mortal", environ={"GRAVES": str(tmp_path)}) as app:
        for _ in range(MOST_DEATHS):
            with suppress(OSError):  # the host may end before it has answered the last one
                app.request("GET", "/api/die/exit")
        until(lambda: app.exit_status is not None, "the host goes on")
        running = workers_seen(app)
        app.stop()  # reads what is still in the pipe
        assert app.exit_status == 2
        assert app.output.splitlines()[-1] == (
            "devhost: The app's worker has died 10 times within a minute, the last time because it exited with "
            "status 3. Nothing stored is lost. Look above for what it ran each time, fix it, and start again."
        )
        assert "Traceback" not in app.output
        all_gone(running)


def test_a_killed_host_leaves_no_worker(make: Make, tmp_path: Path) -> None:
    """Not even one in an endless loop; the next start goes on from there."""
    with make("mortal", environ={"GRAVES": str(tmp_path)}, own_azurite=True) as app:
        waiting = app.start("bystander")
        app.wait(waiting, until=lambda status: status["runtimeStatus"] == "Running")
        threading.Thread(target=_ask, args=(app, "busy"), daemon=True).start()
        app.until(lambda: "http busy" in app.info()["inFlight"])
        running = [app.pid, *workers(app)]
        app.kill()
        all_gone(running)
        app.restart()
        app.raise_event(waiting, "Go", "on")
        assert [1, "on"] == app.wait(waiting)["output"]


def test_a_killed_worker_is_restarted(make: Make, tmp_path: Path) -> None:
    """Also an idle one: the host notices by itself, and a waiting orchestrator goes on."""
    with make("mortal", environ={"GRAVES": str(tmp_path)}) as app:
        waiting = app.start("bystander")
        app.wait(waiting, until=lambda status: status["runtimeStatus"] == "Running")
        (before,) = workers(app)
        os.kill(before, signal.SIGKILL)
        app.until(lambda: workers(app) not in ([], [before]))
        app.raise_event(waiting, "Go", "on")
        assert [1, "on"] == app.wait(waiting)["output"]


def workers_seen(app: AppUnderTest) -> list[int]:
    """The workers that the console has told of."""
    words = (failure["text"].partition("(pid ")[2].partition(")")[0] for failure in console_records(app, "failure"))
    return [int(word) for word in words if word]


@contextmanager
def one_death(app: AppUnderTest, how: str, where: str) -> Iterator[None]:
    """The console tells of one death while the block runs: process, ending and the last lines on standard error."""
    (pid,) = workers(app)
    before = len(console_records(app, "failure"))
    yield
    app.until(lambda: len(console_records(app, "failure")) > before)
    (death,) = console_records(app, "failure")[before:]
    assert f"worker (pid {pid}) has died: {ENDINGS[how]}." in death["text"]
    assert LAST_WORDS.get(how, f"{where} is about to {how}") in death["details"]


def _ask(app: AppUnderTest, name: str) -> None:
    with suppress(Exception):  # the host is killed before it answers
        app.request("GET", f"/api/{name}")
