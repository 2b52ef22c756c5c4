"""Runs the functions that the host asks for: sync ones in a pool of threads, async ones on the one event loop.

Nothing that user code does comes through: what it returns or raises is the answer. Only `sys.exit` ends the process, as
it ends the real worker; its call has failed.
"""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import Callable, Mapping
from functools import cached_property, partial
from typing import Any

from durable_devhost.wire.frames import BrokenFrame
from durable_devhost.worker.asgi import WebApplication
from durable_devhost.worker.context import InvocationContext
from durable_devhost.worker.functions import RETURN_NAME, Function
from durable_devhost.worker.inputs import input_argument, trigger_argument
from durable_devhost.worker.invocation import Attempt, Invocation, Trace, as_current
from durable_devhost.worker.leaving import exit_code, exit_text, flush, leave
from durable_devhost.worker.outputs import Output, results
from durable_devhost.worker.threads import Threads
from durable_devhost.worker.tracebacks import failure_text, user_stack
from durable_devhost.worker.transfers import FlowingTransfer, WholeTransfer

THREAD_NAMES = "ThreadPoolExecutor-0"
"""As they begin in the real worker, whose pool is the first of its process; log formats show them."""

_DEFAULT_THREADS = 1000
_FAREWELL_S = 0.5
Send = Callable[[Mapping[str, Any]], bool]


class Calls:
    """Takes `invoke` and `cancel` from the thread that reads and sends an answer for each call.

    `threads` is `PYTHON_THREADPOOL_THREAD_COUNT`; None leaves Python's default of min(32, CPUs + 4). `initializer` is
    run in every new thread.
    """

    def __init__(
        self,
        functions: Mapping[str, Function],
        send: Send,
        loop: asyncio.AbstractEventLoop,
        *,
        threads: int | None = None,
        initializer: Callable[[], None] | None = None,
        leave: Callable[[int], object] = leave,
    ) -> None:
        self._functions = functions
        self._send = send
        self._loop = loop
        self._leave = leave
        self._pool = Threads(threads or _DEFAULT_THREADS, THREAD_NAMES, initializer)
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._transfers: dict[int, WholeTransfer | FlowingTransfer] = {}
        self._cancelled: set[int] = set()
        self._running = 0
        self._quiet = threading.Condition()

    def invoke(self, message: Mapping[str, Any]) -> None:
        """Start a call; its answer follows from whichever thread it runs in."""
        function = self._functions.get(message["function"])
        if function is None:
            error = RuntimeError(f"the app has no function {message['function']!r} that can be called")
            self._answer(message, _raised(error))
            return
        with self._quiet:
            self._running += 1
        if function.is_async or function.is_web:
            self._loop.call_soon_threadsafe(self._begin, function, message)
        else:
            self._pool.start(contextvars.copy_context().run, self._run, function, message)

    @cached_property
    def _web(self) -> WebApplication:
        return WebApplication()

    def cancel(self, call_id: int) -> None:
        """Cancel an async function that still runs; a sync one cannot be stopped and goes on."""
        self._loop.call_soon_threadsafe(self._cancel, call_id)

    def pass_on(self, message: Mapping[str, Any]) -> None:
        """Give a message to the request that it belongs to; one that is over needs none."""
        self._loop.call_soon_threadsafe(self._pass_on, message)

    def _begin(self, function: Function, message: Mapping[str, Any]) -> None:
        run = self._run_web if function.is_web else self._run_async
        task = self._loop.create_task(run(function, message))
        self._tasks[message["id"]] = task
        task.add_done_callback(lambda _: self._forget(message["id"]))

    def _pass_on(self, message: Mapping[str, Any]) -> None:
        transfer = self._transfers.get(message["id"])
        if transfer is not None:
            transfer.take(message)

    def _cancel(self, call_id: int) -> None:
        task = self._tasks.get(call_id)
        if task is not None:
            self._cancelled.add(call_id)
            task.cancel()

    def _forget(self, call_id: int) -> None:
        self._tasks.pop(call_id, None)
        self._transfers.pop(call_id, None)
        self._cancelled.discard(call_id)

    def _run(self, function: Function, message: Mapping[str, Any]) -> None:
        with as_current(_invocation(message)):
            try:
                arguments, outputs = _arguments(function, message)
                answer = _returned(function, function.call(**arguments), outputs)
            except BaseException as error:  # noqa: BLE001 - the edge of user code: what it raises is its result
                answer = _raised(error)
            self._answer(message, answer)
        self._end(answer)

    async def _run_async(self, function: Function, message: Mapping[str, Any]) -> None:
        with as_current(_invocation(message)):
            try:
                arguments, outputs = _arguments(function, message)
                answer = _returned(function, await function.call(**arguments), outputs)
            except BaseException as error:  # noqa: BLE001 - the edge of user code: what it raises is its result
                answer = _raised(error)
            if message["id"] not in self._cancelled:
                self._answer(message, answer)
        self._end(answer)

    async def _run_web(self, function: Function, message: Mapping[str, Any]) -> None:
        transfer = self._transfers[message["id"]] = _transfer(message, self._send)
        with as_current(_invocation(message)):
            try:
                arguments, outputs = _arguments(function, message)
                call = partial(self._call_web, function, arguments)
                await self._web.answer(message["trigger"], transfer, call)
                answer = _returned(function, transfer.answer, outputs)
            except BaseException as error:  # noqa: BLE001 - the edge of user code: what it raises is its result
                answer = _raised(error)
            if message["id"] not in self._cancelled:
                self._answer(message, answer)
        self._end(answer)

    async def _call_web(self, function: Function, arguments: dict[str, Any], request: Any) -> Any:
        """Call the function with the extension's request; None is no response, as in the real worker."""
        call = partial(function.call, **{**arguments, function.trigger.name: request})
        if function.is_async:
            value = await call()
        else:
            value = await self._loop.run_in_executor(self._pool, contextvars.copy_context().run, call)
        if value is None:
            raise ValueError(f"the function {function.name!r} returned no response")
        return value

    def _answer(self, message: Mapping[str, Any], answer: Mapping[str, Any]) -> None:
        try:
            self._send({**answer, "id": message["id"]})
        except (TypeError, ValueError, BrokenFrame) as error:
            self._send({**_raised(error), "id": message["id"]})

    def _end(self, answer: Mapping[str, Any]) -> None:
        """A call is over; one of `sys.exit` ends the process when those beside it have ended, or soon."""
        with self._quiet:
            self._running -= 1
            self._quiet.notify_all()
        if answer["kind"] == "raised" and answer["exit_code"] is not None:
            threading.Thread(target=self.depart, args=(answer["exit_code"],), daemon=True).start()

    def depart(self, code: int) -> None:
        """End the process with this code when the calls that run have ended, or soon.

        On Azure, where steps take longer, whoever started the instance has an answer before its activity exits.
        """
        with self._quiet:
            self._quiet.wait_for(lambda: self._running == 0, _FAREWELL_S)
        flush()
        self._leave(code)


def _invocation(message: Mapping[str, Any]) -> Invocation:
    return Invocation(id=message["invocation"], function_name=message["function"])


def _arguments(function: Function, message: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Output]]:
    """Every argument of the call, and those among them that collect outputs."""
    given: Mapping[str, Any] = message.get("inputs") or {}
    arguments = {}
    if not function.is_web:
        trigger = trigger_argument(function, message["trigger"], message.get("metadata") or {})
        arguments[function.trigger.name] = trigger
    for binding in function.inputs:
        arguments[binding.name] = input_argument(
            binding, given.get(binding.name), function.parameter_types.get(binding.name)
        )
    outputs = {binding.name: Output() for binding in function.outputs if binding.name != RETURN_NAME}
    arguments.update(outputs)
    if function.wants_context:
        attempt, trace = Attempt.read(message.get("attempt")), Trace.read(message.get("trace"))
        arguments["context"] = InvocationContext(_invocation(message), attempt, trace)
    return arguments, outputs


def _transfer(message: Mapping[str, Any], send: Send) -> WholeTransfer | FlowingTransfer:
    if message.get("streams"):
        return FlowingTransfer(message["id"], send)
    return WholeTransfer(message["trigger"]["body"])


def _returned(function: Function, value: Any, outputs: Mapping[str, Output]) -> dict[str, Any]:
    return {"kind": "returned", **results(function, value, outputs)}


def _raised(error: BaseException) -> dict[str, Any]:
    """The failure in the form that the real worker reports, or the real host of a worker that has left."""
    name, text, code = type(error).__name__, failure_text(error), None
    if isinstance(error, SystemExit):
        code = exit_code(error)
        name, text = "WorkerProcessExitException", exit_text(code)
    return {"kind": "raised", "type_name": name, "message": text, "stack": user_stack(error), "exit_code": code}
