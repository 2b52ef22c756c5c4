"""The worker's code in this process, for tests of the host: apps made in a test, run without a worker process.

Every message goes through the frames of the wire all the same, so that nothing passes here that could not pass there.
"""

import asyncio
import threading
from collections.abc import Callable, Coroutine, Mapping, Sequence
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from durable_devhost.dispatch.connection import Message
from durable_devhost.durable.script import Script, read_script
from durable_devhost.indexing.catalog import build_catalog
from durable_devhost.model.functions import FunctionCatalog
from durable_devhost.model.history import ExecutionStarted, HistoryEvent
from durable_devhost.model.wire import to_json
from durable_devhost.retry_policy import RetryPolicy
from durable_devhost.wire.frames import PREFIX_SIZE, decode, encode, read_prefix
from durable_devhost.worker.calls import Calls
from durable_devhost.worker.executor import OrchestratorExecutor
from durable_devhost.worker.functions import Binding, Function
from durable_devhost.worker.index import Index, index_app

T = TypeVar("T")
_HERE = Path(__file__).parent
_NOTHING: Mapping[str, str] = {}


def catalog_of(
    app: Any, folder: Path = _HERE, settings: Mapping[str, str] = _NOTHING, retry: RetryPolicy | None = None
) -> FunctionCatalog:
    """The host's catalog of an app object; raises AppError as a start does."""
    return _catalog(index_app(app, folder), folder, settings, retry)


def run_now(coroutine: Coroutine[Any, Any, T]) -> T:
    """The result of a coroutine that never waits for anything."""
    try:
        coroutine.send(None)
    except StopIteration as end:
        result: T = end.value
        return result
    coroutine.close()
    raise AssertionError("it waits for something")


def over_the_wire(message: Mapping[str, Any]) -> Message:
    """The message as the other side gets it."""
    stream = b"".join(encode(message))
    header, _ = read_prefix(stream[:PREFIX_SIZE])
    return decode(stream[PREFIX_SIZE : PREFIX_SIZE + header], stream[PREFIX_SIZE + header :])


def orchestrator_function(function: Callable[..., Any], name: str = "play") -> Function:
    """A bare generator function as the worker has an orchestrator."""
    return Function(name=name, call=function, trigger=Binding(type="orchestrationTrigger", name="context"))


class LocalExecution:
    """The SDK's executor as the engine sees it. Fits `durable.ports.Execution`; `advance` never waits."""

    def __init__(self, function: Callable[..., Any], started: ExecutionStarted) -> None:
        parent = started.parent
        begin = {
            "instance_id": started.instance.instance_id,
            "parent_instance_id": parent.instance.instance_id if parent else None,
            "input": started.input,
        }
        self._executor = OrchestratorExecutor(orchestrator_function(function, started.name), begin)
        self._ordinals = count()
        self.is_closed = False

    async def advance(self, events: Sequence[HistoryEvent]) -> Script:
        """Feed the next events."""
        given = over_the_wire({"events": [to_json(event) for event in events]})
        answer = over_the_wire(self._executor.advance(given["events"]))
        return read_script(answer, lambda: next(self._ordinals))

    def close(self) -> None:
        """End the generator."""
        self.is_closed = True
        self._executor.close()


class LocalWorkers:
    """The worker's own calls, with their threads and a loop in a thread. Fits `dispatch.invoker.Workers`.

    `take` adds the functions of an app. Leaving the block cancels async functions that still run.
    """

    def __init__(self, threads: int | None = None) -> None:
        self._threads = threads
        self._functions: dict[str, Function] = {}
        self._numbers = count(1)
        self._waiting: dict[int, asyncio.Future[Message]] = {}

    async def __aenter__(self) -> Self:
        self._host = asyncio.get_running_loop()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="worker", daemon=True)
        self._thread.start()
        self._calls = Calls(self._functions, self._send, self._loop, threads=self._threads, leave=lambda _code: None)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(_cancel_the_others(), self._loop))
        self._loop.call_soon_threadsafe(self._loop.stop)
        await asyncio.to_thread(self._thread.join)
        self._loop.close()

    def take(self, app: Any, folder: Path = _HERE, settings: Mapping[str, str] = _NOTHING) -> FunctionCatalog:
        """Have the functions of an app object callable, and give its catalog."""
        index = index_app(app, folder)
        self._functions.update(index.functions)
        return _catalog(index, folder, settings)

    async def invoke(self, message: Mapping[str, Any], name: str, _exchange: object = None) -> Message:
        """Run a function; `name` is for the list of work in progress, which is not kept here."""
        number = next(self._numbers)
        answer = self._waiting[number] = self._host.create_future()
        self._calls.invoke(over_the_wire({**message, "id": number}))
        try:
            received: Message = await answer
            return received
        except asyncio.CancelledError:
            self._calls.cancel(number)
            raise
        finally:
            del self._waiting[number]

    def _send(self, message: Mapping[str, Any]) -> bool:
        answer = over_the_wire(message)  # in the thread that answers, as what cannot be sent is its failure
        self._host.call_soon_threadsafe(self._answer, answer)
        return True

    def _answer(self, message: Message) -> None:
        waiting = self._waiting.get(message["id"])
        if waiting is not None and not waiting.done():
            waiting.set_result(message)


def _catalog(
    index: Index, folder: Path, settings: Mapping[str, str], retry: RetryPolicy | None = None
) -> FunctionCatalog:
    entries = over_the_wire({"functions": index.entries})["functions"]
    return build_catalog(entries, index.complaint, folder, settings, retry=retry)


async def _cancel_the_others() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
