"""The live orchestrations of the worker: each keeps its generator until the host drops it."""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from durable_devhost.wire.frames import BrokenFrame
from durable_devhost.worker.functions import Function
from durable_devhost.worker.invocation import Invocation, as_current
from durable_devhost.worker.scripts import script
from durable_devhost.worker.threads import Threads
from durable_devhost.worker.watchdog import Watchdog

if TYPE_CHECKING:
    from durable_devhost.worker.executor import OrchestratorExecutor

Send = Callable[[Mapping[str, Any]], bool]
_THREADS = 8
_ORCHESTRATION = "orchestrationTrigger"


class Session:
    """One execution of an orchestrator; steps may come from any thread, one at a time."""

    def __init__(self, function: Function | None, begin: Mapping[str, Any]) -> None:
        self._function = function
        self._begin = begin
        self._lock = threading.Lock()
        self._executor: OrchestratorExecutor | None = None
        self._is_closed = False

    def _invocation(self, name: str) -> Invocation:
        return Invocation(id=self.instance_id, function_name=name, is_quiet=bool(self._begin.get("is_quiet")))

    @property
    def exit_code(self) -> int | None:
        """The code with which its function wants the process to end; a quiet session is only a rehearsal."""
        return self._executor.exit_code if self._executor is not None and not self._begin.get("is_quiet") else None

    @property
    def instance_id(self) -> str:
        """The instance that it belongs to."""
        return str(self._begin["instance_id"])

    def advance(self, events: Sequence[Mapping[str, Any]], name: str) -> dict[str, Any]:
        """Run one step of user code, which belongs to the instance in the log, and return its script."""
        if self._function is None:
            return script(done=True, error=f"the app has no orchestrator '{self._begin['function']}' that can run")
        from durable_devhost.worker.executor import OrchestratorExecutor  # an app need not have its SDK

        with self._lock, as_current(self._invocation(name)):
            if self._executor is None:
                self._executor = OrchestratorExecutor(self._function, self._begin)
            step = self._executor.advance(events)
            if self._is_closed:  # `close` was faster than this step
                self._executor.close()
            return step

    @property
    def is_over(self) -> bool:
        """Whether user code has ended by itself, so that nothing is left to close."""
        return self._executor is not None and self._executor.is_over

    def close(self) -> None:
        """End the generator, or that of a step which comes after all; never raises."""
        with self._lock:
            self._is_closed = True
            if self._executor is not None:
                name = self._function.name if self._function else ""
                with as_current(self._invocation(name)):
                    self._executor.close()


class Sessions:
    """Takes `advance` and `drop` from the thread that reads; user code runs in threads kept for episodes.

    So long activities never keep orchestrations from going on. `depart` ends the process with a code, and `initializer`
    is run in every new thread.
    """

    def __init__(
        self,
        functions: Mapping[str, Function],
        send: Send,
        depart: Callable[[int], None],
        *,
        initializer: Callable[[], None] | None = None,
    ) -> None:
        self._depart = depart
        self._functions = functions
        self._send = send
        self._pool = Threads(_THREADS, "episode", initializer)
        self._sessions: dict[str, Session] = {}
        self._watchdog = Watchdog(send)
        if initializer is None:  # a debugger may hold a step for as long as it likes
            self._watchdog.start()

    def advance(self, message: Mapping[str, Any]) -> None:
        """Start a step of the session that the message names or begins; `lost` is the answer where it is unknown."""
        name = message["session"]
        if message.get("begin") is not None:
            self.drop(name)
            self._sessions[name] = self._session(message["begin"])
        session = self._sessions.get(name)
        if session is None:
            self._send({"kind": "lost", "id": message["id"]})
        else:
            self._submit(self._step, session, message)

    def drop(self, name: str) -> None:
        """Forget a session, if there is one."""
        session = self._sessions.pop(name, None)
        if session is not None and not session.is_over:
            self._submit(session.close)

    def _session(self, begin: Mapping[str, Any]) -> Session:
        function = self._functions.get(begin["function"])
        is_orchestrator = function is not None and function.trigger.type == _ORCHESTRATION
        return Session(function if is_orchestrator else None, begin)

    def _submit(self, step: Callable[..., None], *arguments: Any) -> None:
        self._pool.start(contextvars.Context().run, step, *arguments)

    def _step(self, session: Session, message: Mapping[str, Any]) -> None:
        answer = {"kind": "script", "id": message["id"]}
        with self._watchdog.watching(message["name"], session.instance_id):
            step = session.advance(message["events"], message["name"])
        try:
            self._send({**step, **answer})
        except (TypeError, ValueError, BrokenFrame) as error:
            text = f"{type(error).__name__}: {error}"
            self._send({**step, **answer, "actions": [], "done": True, "output": None, "error": text})
        if session.exit_code is not None:
            self._depart(session.exit_code)
