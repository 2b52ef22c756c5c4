"""Real worker processes that die, are replaced, reloaded, and share the work."""

import asyncio
import gc
import json
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from durable_devhost.dispatch import pool as pools
from durable_devhost.dispatch.connection import CallOverdue, WorkerGone
from durable_devhost.dispatch.pool import SessionLost, WorkerPool
from durable_devhost.dispatch.process import LoadedApp, WorkerProcess
from durable_devhost.errors import AppError, AppImportError, WorkerKeepsDying
from packages.devhost.tests.dispatch.machines import (
    APP,
    PATIENCE_S,
    Listener,
    Machine,
    is_alive,
    machine,
    plan_of,
)

pytestmark = pytest.mark.timeout(60)
Children = Callable[[], list[int]]


@pytest.fixture
def most_deaths(monkeypatch: pytest.MonkeyPatch) -> int:
    """Fewer than the ten after which a host ends; `outside/test_deaths.py` lets a worker die as often as that."""
    monkeypatch.setattr(pools, "MOST_DEATHS", 3)
    return pools.MOST_DEATHS


@pytest.fixture
def children() -> Children:
    """A function that lists the workers which the test has started and which still run."""
    before = set(_workers())
    return lambda: [pid for pid in _workers() if pid not in before]


def _workers() -> list[int]:
    """The processes that this one has started and that still run a worker."""
    listed = subprocess.run(
        ["ps", "-ww", "-o", "pid=", "-o", "args=", "--ppid", str(os.getpid())],
        capture_output=True,
        text=True,
        check=True,
    )
    lines: list[Any] = [line.split(maxsplit=1) for line in listed.stdout.splitlines()]
    return sorted(int(pid) for pid, arguments in lines if arguments.startswith(sys.executable) and "--fd" in arguments)


async def _accepted(loaded: LoadedApp) -> list[str]:
    return sorted(function["name"] for function in loaded.functions)


async def _replaced(running: Machine, deaths: int = 1) -> None:
    """Wait until that many workers have died and their successors work."""
    await running.listener.until(lambda: len(running.listener.deaths) >= deaths)
    await running.call("pid")


@pytest.mark.parametrize(
    ("function", "ending"), [("leave", "it exited with status 3"), ("shoot", "it was ended by SIGKILL")]
)
async def test_a_dead_worker_is_replaced_and_its_open_calls_fail(tmp_path: Path, function: str, ending: str) -> None:
    """The call that killed it and the ones beside it; the console says how it ended."""
    async with machine(plan_of(tmp_path / "app")) as running:
        first = int(await running.call("pid"))
        endless = asyncio.create_task(running.call("endless"))
        await running.listener.until(lambda: "endless runs" in running.listener.texts)
        with pytest.raises(WorkerGone):
            await running.call(function, "3")
        with pytest.raises(WorkerGone):
            await endless
        await _replaced(running)
        second = int(await running.call("pid"))
        assert running.pool.pids == [second]
        assert (second != first, is_alive(first)) == (True, False)
        ((pid, said, last_words),) = running.listener.deaths
        assert (pid, said) == (first, ending)
        assert last_words == ("last words" if function == "leave" else "")
        assert running.pool.busy.names() == []


async def test_a_call_waits_for_the_next_worker_instead_of_failing_on_the_dead_one(tmp_path: Path) -> None:
    """A caller that tries again must not spin until the process is cleaned up."""
    async with machine(plan_of(tmp_path / "app")) as running:
        for number in range(3):
            with pytest.raises(WorkerGone):
                await running.call("shoot")
            await running.call("pid")
            assert len(running.listener.deaths) == number + 1


async def test_a_worker_whose_child_lives_on_is_replaced(tmp_path: Path) -> None:
    """The child inherited standard error, so the pipe does not close."""
    source = APP + (
        "\n\n@app.activity_trigger(input_name='x')\ndef orphan(x):\n    import subprocess, sys\n"
        "    child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        "    open('child', 'w').write(str(child.pid))\n    os._exit(1)\n"
    )
    async with machine(plan_of(tmp_path / "app", source)) as running:
        with pytest.raises(WorkerGone):
            await running.call("orphan")
        try:
            await _replaced(running)
        finally:
            os.kill(int((tmp_path / "app" / "child").read_text()), 9)


async def test_log_records_of_a_dead_worker_arrive(tmp_path: Path) -> None:
    """They explain why it died."""
    source = APP.replace('logging.error("about to leave")', "for n in range(500): logging.error('line %s', n)")
    async with machine(plan_of(tmp_path / "app", source)) as running:
        with pytest.raises(WorkerGone):
            await running.call("leave", "1")
        await _replaced(running)
        assert [text for text in running.listener.texts if text.startswith("line")][-1:] == ["line 499"]


async def test_too_many_deaths_within_a_minute_end_the_host_with_an_error(tmp_path: Path, most_deaths: int) -> None:
    """An app that always kills its process would otherwise restart for ever."""
    async with machine(plan_of(tmp_path / "app")) as running:
        async with asyncio.timeout(most_deaths * PATIENCE_S):  # each death is followed by a start
            while not running.running.done():
                call = asyncio.create_task(running.call("leave", "7"))
                await asyncio.wait((call, running.running), return_when=asyncio.FIRST_COMPLETED)
                call.cancel()
                await asyncio.gather(call, return_exceptions=True)
        error: BaseException | None = running.running.exception()
        while isinstance(error, BaseExceptionGroup):
            (error,) = error.exceptions
        assert isinstance(error, WorkerKeepsDying)
        assert str(error).startswith(
            "The app's worker has died 3 times within a minute, the last time because it exited with status 7."
        )
        assert len(running.listener.deaths) == most_deaths


async def test_deaths_that_are_far_apart_do_not_end_the_host(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, most_deaths: int
) -> None:
    """Only those within a minute count; the test sets that to zero."""
    monkeypatch.setattr(pools, "DEATHS_WITHIN_S", 0.0)
    async with machine(plan_of(tmp_path / "app")) as running:
        for number in range(most_deaths + 1):
            with pytest.raises(WorkerGone):
                await running.call("shoot")
            await _replaced(running, number + 1)


async def test_a_session_is_lost_with_its_worker(tmp_path: Path) -> None:
    """During a step and between two steps; another session can begin."""
    async with machine(plan_of(tmp_path / "app")) as running:
        session = running.pool.new_session()
        assert (await running.begin(session))["actions"][0]["functionName"] == "pid"
        with pytest.raises(WorkerGone):
            await running.call("shoot")
        with pytest.raises(SessionLost):
            await running.go_on(session)
        await _replaced(running)
        with pytest.raises(SessionLost):
            await running.go_on(session)
        other = running.pool.new_session()
        await running.begin(other)
        assert json.loads((await running.go_on(other))["output"])[0] == 1


async def test_a_dropped_session_is_lost(tmp_path: Path) -> None:
    """For the host and for the worker."""
    async with machine(plan_of(tmp_path / "app")) as running:
        session = running.pool.new_session()
        await running.begin(session)
        running.pool.drop(session)
        running.pool.drop(session)
        with pytest.raises(SessionLost):
            await running.go_on(session)


async def test_workers_share_calls_and_a_session_stays_on_its_worker(tmp_path: Path) -> None:
    """If one dies, only its own calls and sessions are lost."""
    async with machine(plan_of(tmp_path / "app"), workers=3) as running:
        async with asyncio.timeout(PATIENCE_S):
            while len(running.pool.pids) < 3:
                await running.call("pid")
        seen = {int(await running.call("pid")) for _ in range(6)}
        assert seen == set(running.pool.pids)

        sessions = [running.pool.new_session() for _ in range(3)]
        for session in sessions:
            await running.begin(session)
        ended = [json.loads((await running.go_on(session))["output"])[1] for session in sessions]
        assert set(ended) == seen

        with pytest.raises(WorkerGone):
            await running.call("shoot")
        await running.listener.until(lambda: running.listener.deaths)
        (dead, _, _) = running.listener.deaths[0]
        assert set(running.pool.pids) >= seen - {dead}
        async with asyncio.timeout(PATIENCE_S):
            while len(running.pool.pids) < 3:
                await running.call("pid")


async def test_a_reload_takes_new_calls_and_the_old_worker_finishes_its_own(tmp_path: Path) -> None:
    """Sessions begin anew; the old worker ends when it is done."""
    plan = plan_of(tmp_path / "app")
    gate = tmp_path / "gate"
    async with machine(plan) as running:
        session, old = running.pool.new_session(), running.pool.pids[0]
        await running.begin(session)
        under_way = asyncio.create_task(running.call("until", json.dumps(str(gate))))
        await running.listener.until(lambda: "until runs" in running.listener.texts)

        plan_of(tmp_path / "app", APP.replace("VERSION = 1", "VERSION = 22"))
        assert "story" in await running.pool.reload(_accepted)
        assert await running.call("version") == "22"
        with pytest.raises(SessionLost):
            await running.go_on(session)
        assert is_alive(old)
        gate.touch()
        assert await under_way == "1"
        async with asyncio.timeout(PATIENCE_S):
            while is_alive(old):
                await running.call("pid")
        assert running.listener.deaths == []


@pytest.mark.parametrize("workers", [1, 2])
async def test_a_reload_of_a_broken_app_keeps_the_old_worker(tmp_path: Path, workers: int, children: Children) -> None:
    """Also of one that the host refuses. Sessions go on, and no process is left over."""
    plan = plan_of(tmp_path / "app")

    async def refuse(_: LoadedApp) -> None:
        raise AppError("The host does not take it.")

    async with machine(plan, workers) as running:
        async with asyncio.timeout(PATIENCE_S):
            while len(running.pool.pids) < workers:
                await running.call("pid")
        session, before = running.pool.new_session(), running.pool.pids
        await running.begin(session)
        plan_of(tmp_path / "app", "def broken(:\n")
        with pytest.raises(AppImportError, match=r"function_app\.py:1: SyntaxError"):
            await running.pool.reload(_accepted)
        plan_of(tmp_path / "app", APP.replace("VERSION = 1", "VERSION = 22"))
        with pytest.raises(AppError, match="does not take it"):
            await running.pool.reload(refuse)
        assert running.pool.pids == before
        assert await running.call("version") == "1"
        assert (await running.go_on(session))["done"]
        assert children() == sorted(before)


async def test_a_worker_that_is_not_taken_has_ended_when_the_reload_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was waited for: a process that nobody waits for is blamed on whatever runs when it is collected."""
    launched: list[WorkerProcess] = []
    launch = WorkerProcess.launch

    async def noted(*given: Any) -> WorkerProcess:
        launched.append(await launch(*given))
        return launched[-1]

    async def refuse(_: LoadedApp) -> None:
        raise AppError("The host does not take it.")

    monkeypatch.setattr(WorkerProcess, "launch", noted)
    async with machine(plan_of(tmp_path / "app")) as running:
        with pytest.raises(AppError, match="does not take it"):
            await running.pool.reload(refuse)
        first, refused = launched
        assert (first.process.returncode, refused.process.returncode) == (None, -9)


async def test_a_reload_ends_an_old_worker_that_never_finishes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its caller gets the same error as after a death; the console stays quiet."""
    monkeypatch.setattr(pools, "_FAREWELL_S", 0.05)
    async with machine(plan_of(tmp_path / "app")) as running:
        endless = asyncio.create_task(running.call("endless"))
        await running.listener.until(lambda: "endless runs" in running.listener.texts)
        await running.pool.reload(_accepted)
        with pytest.raises(WorkerGone):
            await endless
        assert running.listener.deaths == []


async def test_the_end_of_the_pool_ends_workers_that_a_reload_replaced(tmp_path: Path, children: Children) -> None:
    """Even a busy one."""
    async with machine(plan_of(tmp_path / "app")) as running:
        endless = asyncio.create_task(running.call("endless"))
        await running.listener.until(lambda: "endless runs" in running.listener.texts)
        await running.pool.reload(_accepted)
        endless.cancel()
    assert children() == []


async def test_a_setting_reaches_all_current_and_later_workers(tmp_path: Path) -> None:
    """In order with the calls: every later call sees it."""
    async with machine(plan_of(tmp_path / "app")) as running:
        assert await running.call("setting", '"CLOCK"') is None
        running.pool.set_environ("CLOCK", "72")
        assert await running.call("setting", '"CLOCK"') == '"72"'
        with pytest.raises(WorkerGone):
            await running.call("shoot")
        await _replaced(running)
        assert await running.call("setting", '"CLOCK"') == '"72"'


async def test_a_broken_app_is_tried_again_while_its_worker_is_dead(tmp_path: Path) -> None:
    """The user is editing it. Each failure counts as a death, and the pauses grow."""
    plan = plan_of(tmp_path / "app")
    async with machine(plan) as running:
        plan_of(tmp_path / "app", "def broken(:\n")
        with pytest.raises(WorkerGone):
            await running.call("shoot")
        await running.listener.until(lambda: running.listener.deaths)
        call = asyncio.create_task(running.call("version"))
        plan_of(tmp_path / "app", APP.replace("VERSION = 1", "VERSION = 22"))
        assert await call == "22"


async def test_an_app_that_does_not_load_ends_the_start(tmp_path: Path, children: Children) -> None:
    """No process stays."""
    pool = WorkerPool(plan_of(tmp_path / "app", "x = 1\n"), count=1, observer=Listener())
    with pytest.raises(AppError, match="defines no app"):
        await pool.start()
    assert (pool.pids, children()) == ([], [])


@pytest.mark.parametrize("turns", [1, 2, 4, 8, 16, 32])
async def test_a_cancelled_start_leaves_nothing(tmp_path: Path, turns: int, children: Children) -> None:
    """At any moment: no process and no open socket, which pytest would report."""
    pool = WorkerPool(plan_of(tmp_path / "app"), count=1, observer=Listener())
    starting = asyncio.create_task(pool.start())
    for _ in range(turns):
        await asyncio.sleep(0)
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    assert (pool.pids, children()) == ([], [])
    gc.collect()


@pytest.mark.parametrize("how", ["close", "kill"])
async def test_a_closed_pool_leaves_nothing(tmp_path: Path, how: str, children: Children) -> None:
    """Whether it ends in good order or at once."""
    pool = WorkerPool(plan_of(tmp_path / "app"), count=1, observer=Listener())
    await pool.start()
    assert children() == pool.pids
    if how == "kill":
        pool.kill()
    await pool.close()
    assert children() == []


async def test_a_call_over_its_limit_replaces_its_worker(tmp_path: Path) -> None:
    """The other calls of that worker finish first, new ones go to its successor, and it does not count as a death."""
    limit, go_on = timedelta(seconds=2), tmp_path / "go on"
    async with machine(plan_of(tmp_path / "app"), limit=limit) as running:
        first = int(await running.call("pid"))
        overdue = asyncio.create_task(running.call("endless"))
        await running.listener.until(lambda: "endless runs" in running.listener.texts)
        await asyncio.wait((overdue,), timeout=limit.total_seconds() / 2)  # so that the other's time is up later
        within = asyncio.create_task(running.call("until", json.dumps(str(go_on))))
        await running.listener.until(lambda: running.listener.overdue)
        assert running.listener.overdue == [(first, "endless", limit)]
        assert is_alive(first)
        go_on.touch()
        assert await within == "1"
        with pytest.raises(CallOverdue):
            await overdue
        assert not is_alive(first)
        assert int(await running.call("pid")) != first
        assert running.listener.deaths == []


async def test_a_session_over_its_limit_is_lost(tmp_path: Path) -> None:
    """Another worker builds it again."""
    source = APP.replace("    first = yield", "    import time; time.sleep(60)\n    first = yield")
    async with machine(plan_of(tmp_path / "app", source), limit=timedelta(milliseconds=200)) as running:
        (first,) = running.pool.pids
        with pytest.raises(SessionLost):
            await running.begin("s")
        assert running.listener.overdue == [(first, "orchestrator story", timedelta(milliseconds=200))]
        await running.call("pid")
