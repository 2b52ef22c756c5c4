"""Threads that stay, for steps that are many and short: handing one over costs one wake-up and no future."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor, Future
from queue import SimpleQueue
from typing import Any

Step = tuple[Callable[..., Any], tuple[Any, ...]]


class Threads(Executor):
    """Up to `most` threads, begun when they are needed and called `name` and a number.

    The thread that was busy last gets the next step. `initializer` is run in every new thread. What `start` is given
    must not raise.
    """

    def __init__(self, most: int, name: str, initializer: Callable[[], None] | None = None) -> None:
        self._most = most
        self._name = name
        self._initializer = initializer
        self._count = 0
        self._idle: list[SimpleQueue[Step]] = []
        self._waiting: deque[Step] = deque()
        self._lock = threading.Lock()

    def start(self, call: Callable[..., Any], *arguments: Any) -> None:
        """Have `call` run by one of the threads as soon as one is free."""
        step = (call, arguments)
        with self._lock:
            if self._idle:
                self._idle.pop().put(step)
                return
            if self._count == self._most:
                self._waiting.append(step)
                return
            number = self._count
            self._count += 1
        threading.Thread(target=self._run, args=(step,), name=f"{self._name}_{number}", daemon=True).start()

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """As `start`, with a future for the result, as the event loop's `run_in_executor` wants it."""
        future: Future[Any] = Future()

        def step() -> None:
            if not future.set_running_or_notify_cancel():
                return
            try:
                result = fn(*args, **kwargs)
            except BaseException as error:  # noqa: BLE001 - whoever has the future gets it
                future.set_exception(error)
            else:
                future.set_result(result)

        self.start(step)
        return future

    def _run(self, step: Step) -> None:
        if self._initializer is not None:
            self._initializer()
        mine: SimpleQueue[Step] = SimpleQueue()
        while True:
            call, arguments = step
            call(*arguments)
            del call, arguments, step  # a waiting thread holds nothing of what it has done
            with self._lock:
                if self._waiting:
                    step = self._waiting.popleft()
                    continue
                self._idle.append(mine)
            step = mine.get()
