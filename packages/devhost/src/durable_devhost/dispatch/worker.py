"""Where user code runs: a pool of threads for sync functions, one event loop in a thread of its own for async ones.

The real worker is a process beside the host, so an async function that blocks, or that calls the host's own HTTP
endpoint without awaiting, must not stop the host. A loop of its own gives the app the same: one loop for all its async
functions, none of devhost's tasks on it. Orchestrator episodes have threads of their own, so that long activities
never keep orchestrations from going on.
"""

import asyncio
import contextvars
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager
from types import TracebackType
from typing import Self, TypeVar

from durable_devhost.dispatch.outcome import Outcome, Raised, Returned
from durable_devhost.indexing.tracebacks import user_stack

Result = TypeVar("Result")
_EPISODE_THREADS = 2


def raised(error: BaseException) -> Raised:
    """The failure in the form that the real worker reports."""
    name = type(error).__name__
    return Raised(type_name=name, message=f"{name}: {error}", stack=user_stack(error), exception=error)


class Worker(AbstractAsyncContextManager["Worker"]):
    """Runs calls and gives their outcome; the context copies contextvars, so log records know their invocation.

    Leaving it cancels the async functions that still run and waits for the sync ones.
    """

    def __init__(self, threads: int | None = None) -> None:
        self._threads = threads
        self._loop: asyncio.AbstractEventLoop | None = None

    async def __aenter__(self) -> Self:
        """Start the threads."""
        self._pool = ThreadPoolExecutor(self._threads, thread_name_prefix="function")
        self._episodes = ThreadPoolExecutor(_EPISODE_THREADS, thread_name_prefix="episode")
        ready = threading.Event()
        self._loop_thread = threading.Thread(target=self._serve, args=(ready,), name="async-functions", daemon=True)
        self._loop_thread.start()
        await asyncio.to_thread(ready.wait)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop the threads."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._stop.set)
        await asyncio.to_thread(self._shut_down)

    async def run_sync(self, step: Callable[[], object]) -> Outcome:
        """Run a sync function in the pool; whatever it raises becomes the outcome."""
        context = contextvars.copy_context()
        return await asyncio.get_running_loop().run_in_executor(self._pool, context.run, _attempted, step)

    async def run_async(self, step: Callable[[], Awaitable[object]]) -> Outcome:
        """Run an async function on the app's loop; cancelling this call cancels the function."""
        if self._loop is None:
            raise RuntimeError("the worker is used outside its context")
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(_awaited(step), self._loop))

    async def run_episode(self, step: Callable[[], Result]) -> Result:
        """Run one step of an orchestrator in a thread of its own pool; exceptions come through.

        StopIteration and exits cannot travel through a future or a task and come as RuntimeError.
        """
        context = contextvars.copy_context()
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._episodes, lambda: context.run(_episode, step))

    def _serve(self, ready: threading.Event) -> None:
        asyncio.run(self._until_stopped(ready))

    async def _until_stopped(self, ready: threading.Event) -> None:
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        ready.set()
        await self._stop.wait()

    def _shut_down(self) -> None:
        self._loop_thread.join()
        self._pool.shutdown(cancel_futures=True)
        self._episodes.shutdown(cancel_futures=True)


def _attempted(step: Callable[[], object]) -> Outcome:
    try:
        return Returned(value=step())
    except BaseException as error:  # noqa: BLE001 - the edge of user code: what it raises is its result
        return raised(error)


def _episode(step: Callable[[], Result]) -> Result:
    try:
        return step()
    except (StopIteration, SystemExit, KeyboardInterrupt) as error:
        raise RuntimeError(f"the orchestrator raised {type(error).__name__}: {error}") from error


async def _awaited(step: Callable[[], Awaitable[object]]) -> Outcome:
    try:
        return Returned(value=await step())
    except asyncio.CancelledError as error:
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise
        return raised(error)
    except (Exception, SystemExit, KeyboardInterrupt) as error:  # noqa: BLE001 - the edge of user code
        return raised(error)
