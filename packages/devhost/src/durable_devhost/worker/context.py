"""The value of a function's parameter called `context`."""

from __future__ import annotations

from typing import Any

import azure.functions as func
from azure.functions import _abc as abstract

from durable_devhost.worker.invocation import Attempt, Invocation, Trace, app_folder, thread_local_storage


class _Trace(abstract.TraceContext):
    """Has both spellings that the real worker's has; what user code writes into the attributes stays there."""

    def __init__(self, trace: Trace) -> None:
        self._trace = trace
        self._attributes = dict(trace.attributes)

    @property
    def trace_parent(self) -> str:
        return self._trace.parent

    @property
    def trace_state(self) -> str:
        return self._trace.state

    @property
    def attributes(self) -> dict[str, str]:
        return self._attributes

    @property
    def Traceparent(self) -> str:
        return self.trace_parent

    @property
    def Tracestate(self) -> str:
        return self.trace_state

    @property
    def Attributes(self) -> dict[str, str]:
        return self._attributes


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
    """What the real worker calls `Context`, with every property that it has there."""

    def __init__(self, invocation: Invocation, attempt: Attempt, trace: Trace) -> None:
        self._invocation = invocation
        self._attempt = attempt
        self._trace = _Trace(trace)

    @property
    def invocation_id(self) -> str:
        """The id that log records carry too."""
        return self._invocation.id

    @property
    def thread_local_storage(self) -> Any:
        """Set `.invocation_id` on it in a thread of your own to have its log records attributed."""
        return thread_local_storage()

    @property
    def function_name(self) -> str:
        """The function's name."""
        return self._invocation.function_name

    @property
    def function_directory(self) -> str:
        """The app's folder."""
        return app_folder()

    @property
    def trace_context(self) -> abstract.TraceContext:
        """The W3C trace context of the call; its fields are empty without telemetry."""
        return self._trace

    @property
    def retry_context(self) -> abstract.RetryContext:
        """Which try this is."""
        return _Retry(self._attempt)
