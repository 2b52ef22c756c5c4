"""The workers of one host: they share the calls, keep their sessions, are started again when they die, and reloaded.

A worker that dies costs its open calls and its sessions, never data: callers get WorkerGone or SessionLost and decide
what that means. Ten deaths within a minute end the host, as an app that kills its process each time would go on for
ever.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import timedelta
from itertools import count
from time import monotonic
from typing import Any, Protocol, TypeVar

from durable_devhost.dispatch.connection import CallOverdue, Message, WorkerGone
from durable_devhost.dispatch.exchange import Exchange
from durable_devhost.dispatch.process import LoadedApp, WorkerPlan, WorkerProcess
from durable_devhost.errors import AppError, WorkerKeepsDying
from durable_devhost.inflight import InFlight

Result = TypeVar("Result")
MOST_DEATHS = 10
DEATHS_WITHIN_S = 60.0
_FAREWELL_S = 5.0
_GRACE_S = 10.0
"""How long the real host lets the other calls of a worker go on when one of them is over its limit."""

_FIRST_PAUSE_S = 0.05


class SessionLost(Exception):
    """The worker that held an orchestration's session is gone; it is built again from the stored history."""


class PoolObserver(Protocol):
    """Who wants to hear of workers: the console."""

    def worker_message(self, message: Message) -> None:
        """A log record of user code arrived."""
        ...

    def worker_died(self, pid: int, ending: str, last_words: str) -> None:
        """A worker ended by itself; another one is being started."""
        ...

    def worker_overdue(self, pid: int, name: str, limit: timedelta) -> None:
        """A call of a worker took longer than `limit`; the worker is ended, and another one is being started."""
        ...


class WorkerPool:
    """As many workers as `count` says. `start` loads the app in the first, `run` starts the others and supervises all.

    A call that takes longer than `limit` costs its worker: there is no other way to end what a thread does. What else
    runs there has some seconds to end, and the callers hear of it when the worker is gone, as on the real host
    (`WebScriptHostExceptionHandler`).

    All state is touched by one event loop only, so there is no lock.
    """

    def __init__(self, plan: WorkerPlan, *, count: int, observer: PoolObserver, limit: timedelta | None = None) -> None:
        self._plan = plan
        self._count = count
        self._observer = observer
        self._limit = limit
        self._environ = dict(plan.environ)
        self._workers: list[WorkerProcess] = []
        self._leaving: list[WorkerProcess] = []
        self._turn = 0
        self._sessions: dict[str, WorkerProcess] = {}
        self._session_numbers = _numbers()
        self._deaths = deque[float](maxlen=MOST_DEATHS)
        self._changed = asyncio.Event()
        self._tasks: asyncio.TaskGroup | None = None
        self.busy = InFlight()
        """The calls that user code works on right now, for a stop that lets it finish."""

    @property
    def pids(self) -> list[int]:
        """The process ids of the workers."""
        return [worker.pid for worker in self._workers]

    async def start(self) -> LoadedApp:
        """Start the first worker and give what it found; raises DevhostError for an app that does not load."""
        worker, loaded = await self._launched(first=True)
        self._workers.append(worker)
        return loaded

    async def run(self) -> None:
        """Start the other workers and keep all of them alive, until cancelled; raises WorkerKeepsDying."""
        try:
            async with asyncio.TaskGroup() as tasks:
                self._tasks = tasks
                for worker in self._workers:
                    tasks.create_task(self._watch(worker))
                for _ in range(self._count - len(self._workers)):
                    tasks.create_task(self._add())
                await asyncio.Event().wait()
        finally:
            self._tasks = None

    async def close(self) -> None:
        """End all workers."""
        await asyncio.gather(*(worker.stop() for worker in (*self._workers, *self._leaving)))
        self._workers.clear()

    def kill(self) -> None:
        """End all workers at once."""
        for worker in (*self._workers, *self._leaving):
            worker.kill()

    async def invoke(self, message: Mapping[str, Any], name: str, exchange: Exchange | None = None) -> Message:
        """Have the next worker run a function; raises WorkerGone where it dies meanwhile, and CallOverdue."""
        worker = await self._next()
        with self.busy.work(name):
            return await self._call(worker, message, name, exchange)

    def new_session(self) -> str:
        """A name for a session."""
        return next(self._session_numbers)

    async def advance(self, session: str, message: Mapping[str, Any], name: str, *, begins: bool) -> Message:
        """Feed a session; `begins` makes it, in the next worker, where it stays. Raises SessionLost."""
        if begins:
            self._sessions[session] = await self._next()
        worker = self._sessions.get(session)
        if worker is None or worker.is_leaving:
            self._sessions.pop(session, None)
            raise SessionLost
        try:
            with self.busy.work(name):
                answer = await self._call(worker, {**message, "session": session}, name)
        except (WorkerGone, CallOverdue):
            self._sessions.pop(session, None)
            raise SessionLost from None
        if answer["kind"] == "lost":
            raise SessionLost
        return answer

    def drop(self, session: str) -> None:
        """Let the worker forget a session."""
        worker = self._sessions.pop(session, None)
        if worker is not None:
            worker.connection.note({"kind": "drop", "session": session})

    def set_environ(self, name: str, value: str) -> None:
        """Set a variable in the environment of all workers, also of those to come."""
        self._environ[name] = value
        for worker in self._workers:
            worker.connection.note({"kind": "environ", "values": {name: value}})

    async def reload(self, accept: Callable[[LoadedApp], Awaitable[Result]]) -> Result:
        """Load the app anew: new workers take over, the old ones finish what they do.

        `accept` sees what was found before anything changes, and its result is given back. Where the app does not load,
        or `accept` refuses it with a DevhostError, everything stays as it was.
        """
        async with AsyncExitStack() as unless_taken:
            worker, loaded = await self._launched(first=True)
            unless_taken.push_async_callback(_discard, worker)
            fresh = [worker]
            accepted = await accept(loaded)
            for _ in range(self._count - 1):
                worker, _ = await self._launched(first=False)
                unless_taken.push_async_callback(_discard, worker)
                fresh.append(worker)
            unless_taken.pop_all()
        leaving, self._workers = self._workers, fresh
        self._changed.set()
        assert self._tasks is not None, "reload needs run to be under way"
        for worker in leaving:
            self._let_go(worker, self._tasks, _FAREWELL_S)
        for worker in fresh:
            self._tasks.create_task(self._watch(worker))
        return accepted

    async def _call(
        self, worker: WorkerProcess, message: Mapping[str, Any], name: str, exchange: Exchange | None = None
    ) -> Message:
        try:
            return await worker.connection.call(message, self._limit, exchange)
        except CallOverdue as overdue:
            if not worker.is_leaving:
                self._observer.worker_overdue(worker.pid, name, overdue.limit)
                self._replace(worker)
            await worker.process.wait()
            raise

    def _replace(self, worker: WorkerProcess) -> None:
        """Let a worker go and start another one; new calls go there."""
        if self._tasks is None:  # the host is about to end
            worker.kill()
            return
        self._workers.remove(worker)
        self._let_go(worker, self._tasks, _GRACE_S)
        self._tasks.create_task(self._add())

    def _let_go(self, worker: WorkerProcess, tasks: asyncio.TaskGroup, patience_s: float) -> None:
        worker.is_leaving = True
        self._leaving.append(worker)
        tasks.create_task(self._retire(worker, patience_s))

    async def _next(self) -> WorkerProcess:
        """The worker whose turn it is; waits for one where all have just died."""
        while not (alive := [worker for worker in self._workers if not worker.connection.closed.is_set()]):
            self._changed.clear()
            await self._changed.wait()
        self._turn += 1
        return alive[self._turn % len(alive)]

    async def _launched(self, *, first: bool) -> tuple[WorkerProcess, LoadedApp]:
        plan = replace(self._plan, environ=self._environ, debug=self._plan.debug if first else None)
        worker = await WorkerProcess.launch(plan, self._observer.worker_message)
        try:
            return worker, await worker.load(plan)
        except BaseException:
            await _discard(worker)
            raise

    async def _add(self) -> None:
        """Start one more worker, again and again while the app does not load; each failure counts as a death."""
        pause = _FIRST_PAUSE_S
        while True:
            try:
                worker, _ = await self._launched(first=not self._workers)
            except AppError as error:
                self._count_death(str(error))
                await asyncio.sleep(pause)
                pause *= 2
                continue
            self._workers.append(worker)
            self._changed.set()
            assert self._tasks is not None  # this runs in its group
            self._tasks.create_task(self._watch(worker))
            return

    async def _watch(self, worker: WorkerProcess) -> None:
        await worker.wait()
        if worker.is_leaving:
            return
        worker.is_leaving = True
        self._workers.remove(worker)
        self._observer.worker_died(worker.pid, worker.exit_reason, worker.last_words)
        self._count_death(worker.exit_reason)
        await self._add()

    def _count_death(self, ending: str) -> None:
        now = monotonic()
        self._deaths.append(now)
        if len(self._deaths) == MOST_DEATHS and now - self._deaths[0] < DEATHS_WITHIN_S:
            raise WorkerKeepsDying(
                f"The app's worker has died {MOST_DEATHS} times within a minute, the last time because {ending}. "
                "Nothing stored is lost. Look above for what it ran each time, fix it, and start again."
            )

    async def _retire(self, worker: WorkerProcess, patience_s: float) -> None:
        """Let a worker finish its calls, for a while. Those that it has not finished then are done again."""
        await worker.connection.wait_for_answers(patience_s)
        worker.connection.close()
        await worker.stop()
        self._leaving.remove(worker)


async def _discard(worker: WorkerProcess) -> None:
    """End a worker that was never used, and wait for its end: nobody else would."""
    worker.kill()
    await worker.wait()


def _numbers() -> Iterator[str]:
    return (f"s{number}" for number in count(1))
