"""Which invocation the running code belongs to: the contextvar, the log filter and the `context` parameter."""

import logging
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any
from uuid import NAMESPACE_OID, uuid5

import azure.functions as func
from azure.functions import _abc as abstract

_THREAD = threading.local()


@dataclass(frozen=True, slots=True, kw_only=True)
class Invocation:
    """One call of a function; `id` is normally a dashed GUID, `instance_id` that of the instance it works for."""

    id: str
    function_name: str
    instance_id: str = ""


_CURRENT: ContextVar[Invocation | None] = ContextVar("devhost_invocation", default=None)


def current_invocation() -> Invocation | None:
    """The invocation of the calling task or pool thread, None outside user code."""
    return _CURRENT.get()


@contextmanager
def entered(invocation: Invocation) -> Iterator[None]:
    """Make the body, its tasks and what it sends to the pool belong to `invocation`."""
    token = _CURRENT.set(invocation)
    try:
        yield
    finally:
        _CURRENT.reset(token)


class InvocationFilter(logging.Filter):
    """Adds `invocation_id` and `function_name` to every record (empty outside invocations); drops none.

    Attach it to a handler. A thread of the user's own is known by the id that it copied to
    `context.thread_local_storage.invocation_id`, as the worker documents.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Mark the record."""
        invocation = _CURRENT.get()
        record.invocation_id = invocation.id if invocation else getattr(_THREAD, "invocation_id", "")
        record.function_name = invocation.function_name if invocation else ""
        return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """Which try of a function with a retry policy this is; the first has count 0 and no failure."""

    count: int = 0
    limit: int = 0
    message: str = ""
    stack: str = ""


class _Trace(abstract.TraceContext):
    def __init__(self, invocation_id: str) -> None:
        self._seed = uuid5(NAMESPACE_OID, invocation_id).hex

    @property
    def trace_parent(self) -> str:
        return f"00-{self._seed}-{self._seed[:16]}-00"

    @property
    def trace_state(self) -> str:
        return ""

    @property
    def attributes(self) -> dict[str, str]:
        return {}


class _Failure(abstract.RpcException):
    def __init__(self, attempt: Attempt) -> None:
        self._attempt = attempt

    @property
    def source(self) -> str:
        return ""

    @property
    def stack_trace(self) -> str:
        return self._attempt.stack

    @property
    def message(self) -> str:
        return self._attempt.message


class _Retry(abstract.RetryContext):
    def __init__(self, attempt: Attempt) -> None:
        self._attempt = attempt

    @property
    def retry_count(self) -> int:
        return self._attempt.count

    @property
    def max_retry_count(self) -> int:
        return self._attempt.limit

    @property
    def exception(self) -> abstract.RpcException:
        return _Failure(self._attempt)


class InvocationContext(func.Context):
    """The value of a parameter called `context`."""

    def __init__(self, invocation: Invocation, attempt: Attempt) -> None:
        self._invocation = invocation
        self._attempt = attempt

    @property
    def invocation_id(self) -> str:
        """The id that log records carry too."""
        return self._invocation.id

    @property
    def thread_local_storage(self) -> Any:
        """Set `.invocation_id` on it in a thread of your own to have its log records attributed."""
        return _THREAD

    @property
    def function_name(self) -> str:
        """The function's name."""
        return self._invocation.function_name

    @property
    def function_directory(self) -> str:
        """The app's folder, which is the working directory."""
        return os.getcwd()

    @property
    def trace_context(self) -> abstract.TraceContext:
        """A W3C trace context made from the invocation id."""
        return _Trace(self._invocation.id)

    @property
    def retry_context(self) -> abstract.RetryContext:
        """Which try this is."""
        return _Retry(self._attempt)
