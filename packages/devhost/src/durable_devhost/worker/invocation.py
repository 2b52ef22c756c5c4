"""The invocation of the running code: the contextvar, the log filter and the `context` parameter."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

_THREAD = threading.local()


@dataclass(frozen=True)
class Invocation:
    """One call of a function, or one episode of an orchestrator, which has the id of its instance."""

    id: str
    function_name: str
    is_quiet: bool = False
    """Whether its log records are dropped: those of a replay for comparison."""


_CURRENT: ContextVar[Invocation | None] = ContextVar("devhost_invocation", default=None)


def current_invocation() -> Invocation | None:
    """The invocation of the calling task or pool thread, None outside user code."""
    return _CURRENT.get()


@contextmanager
def as_current(invocation: Invocation) -> Iterator[None]:
    """Make the body, its tasks and other threads with its context belong to `invocation`."""
    token = _CURRENT.set(invocation)
    _THREAD.invocation_id = invocation.id  # the real worker leaves it there too, for code that reads it from there
    try:
        yield
    finally:
        _THREAD.invocation_id = None
        _CURRENT.reset(token)


class InvocationFilter(logging.Filter):
    """Adds `invocation_id` and `function_name` to every record (empty outside invocations); drops those of quiet ones.

    Attach it to a handler. A thread of the user is matched by the id that it copied to
    `context.thread_local_storage.invocation_id`, as the real worker documents.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Mark the record, and return whether it counts."""
        invocation = _CURRENT.get()
        record.invocation_id = invocation.id if invocation else getattr(_THREAD, "invocation_id", None) or ""
        record.function_name = invocation.function_name if invocation else ""
        return invocation is None or not invocation.is_quiet


@dataclass(frozen=True)
class Attempt:
    """Which try of a function with a retry policy this is; the first has count 0 and no failure."""

    count: int = 0
    limit: int = 0
    message: str = ""
    stack: str = ""

    @classmethod
    def read(cls, given: Mapping[str, Any] | None) -> Attempt:
        """The attempt in a message; the first one if it has none."""
        return cls(**given) if given else cls()


@dataclass(frozen=True)
class Trace:
    """The span of a call in a distributed trace, from the host; empty without telemetry."""

    parent: str = ""
    state: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, given: Mapping[str, Any] | None) -> Trace:
        """The trace in a message; an empty one if it has none."""
        return cls(**given) if given else cls()


def thread_local_storage() -> Any:
    """Where a thread of the user stores the id of the invocation that it works for."""
    return _THREAD


def app_folder() -> str:
    """The app's folder, which is the working directory."""
    return os.getcwd()
