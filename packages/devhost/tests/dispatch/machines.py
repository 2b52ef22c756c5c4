"""Small apps for real worker processes, and what is asked of those."""

import asyncio
import os
import sys
import textwrap
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from durable_devhost.dispatch.connection import Message
from durable_devhost.dispatch.pool import WorkerPool
from durable_devhost.dispatch.process import WorkerPlan

PATIENCE_S = 15.0
APP = """
import asyncio
import logging
import os
import signal

import azure.durable_functions as df
import azure.functions as func

app = df.DFApp()
VERSION = 1


@app.activity_trigger(input_name="x")
def pid(x):
    return os.getpid()


@app.activity_trigger(input_name="x")
def version(x):
    return VERSION


@app.activity_trigger(input_name="x")
def setting(x):
    return os.environ.get(x)


@app.activity_trigger(input_name="x")
def leave(x):
    logging.error("about to leave")
    os.write(2, b"last words\\n")
    os._exit(x)


@app.activity_trigger(input_name="x")
def shoot(x):
    os.kill(os.getpid(), signal.SIGKILL)


@app.activity_trigger(input_name="x")
async def endless(x):
    logging.warning("endless runs")
    await asyncio.Event().wait()


@app.activity_trigger(input_name="x")
async def until(x):
    logging.warning("until runs")
    while not os.path.exists(x):
        await asyncio.sleep(0.01)
    return VERSION


@app.orchestration_trigger(context_name="context")
def story(context):
    first = yield context.call_activity("pid", 1)
    return [first, os.getpid()]
"""
_TIME = "2026-01-05T08:00:{:02d}Z"


def plan_of(folder: Path, source: str = APP, **changes: Any) -> WorkerPlan:
    """Write an app and say how its workers are started."""
    folder.mkdir(exist_ok=True)
    (folder / "function_app.py").write_text(textwrap.dedent(source))
    given = {"python": sys.executable, "app_dir": folder, "script": "function_app.py", "environ": dict(os.environ)}
    return WorkerPlan(**{**given, **changes})


class Listener:
    """Keeps what workers say; `heard_text` waits for a log record."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.deaths: list[tuple[int, str, str]] = []
        self.overdue: list[tuple[int, str, timedelta]] = []
        self._changed = asyncio.Condition()
        self._tasks: set[asyncio.Task[None]] = set()

    def worker_message(self, message: Message) -> None:
        """A log record arrived."""
        self.texts.append(message["text"])
        self._tell()

    def worker_died(self, pid: int, ending: str, last_words: str) -> None:
        """A worker ended by itself."""
        self.deaths.append((pid, ending, last_words))
        self._tell()

    def worker_overdue(self, pid: int, name: str, limit: timedelta) -> None:
        """A call took too long."""
        self.overdue.append((pid, name, limit))
        self._tell()

    async def until(self, condition: Callable[[], Any]) -> None:
        """Wait for something that this listener hears of."""
        async with asyncio.timeout(PATIENCE_S), self._changed:
            await self._changed.wait_for(condition)

    def _tell(self) -> None:
        task = asyncio.ensure_future(self._notify())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _notify(self) -> None:
        async with self._changed:
            self._changed.notify_all()


class Machine:
    """A running pool and who listens to it."""

    def __init__(self, pool: WorkerPool, listener: Listener, running: "asyncio.Task[None]") -> None:
        self.pool = pool
        self.listener = listener
        self.running = running

    async def call(self, function: str, value: str = "0") -> Any:
        """The JSON text that an activity returns; raises WorkerGone, and AssertionError for what user code raises."""
        message = {
            "kind": "invoke", "invocation": "inv", "function": function, "instance": "",
            "trigger": {"type": "json", "value": value}, "inputs": {}, "metadata": {}, "attempt": None,
        }  # fmt: skip
        answer = await self.pool.invoke(message, function)
        assert answer["kind"] == "returned", answer
        return answer["result"]["value"] if answer["result"] else None

    async def begin(self, session: str) -> Message:
        """The first step of the orchestrator `story`."""
        beginning = {"function": "story", "instance_id": session, "parent_instance_id": None, "input": None}
        events = [_event(12, 0), _event(0, 0, Name="story", Version=None, Input=None)]
        message = {"kind": "advance", "name": "story", "begin": beginning, "events": events}
        return await self.pool.advance(session, message, "orchestrator story", begins=True)

    async def go_on(self, session: str) -> Message:
        """Its second and last step."""
        events = [_event(12, 1), _event(5, 1, TaskScheduledId=0, Result="1")]
        message = {"kind": "advance", "name": "story", "begin": None, "events": events}
        return await self.pool.advance(session, message, "orchestrator story", begins=False)


@asynccontextmanager
async def machine(plan: WorkerPlan, workers: int = 1, limit: timedelta | None = None) -> AsyncIterator[Machine]:
    """A pool that runs while the block does."""
    listener = Listener()
    pool = WorkerPool(plan, count=workers, observer=listener, limit=limit)
    running = None
    try:
        await pool.start()
        running = asyncio.create_task(pool.run())
        yield Machine(pool, listener, running)
    finally:
        if running is not None:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
        await pool.close()


def is_alive(pid: int) -> bool:
    """Whether there is a process of that id."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _event(kind: int, second: int, **fields: Any) -> dict[str, Any]:
    return {"EventType": kind, **fields, "EventId": -1, "IsPlayed": False, "Timestamp": _TIME.format(second)}
