"""The value of a function's parameter called `context`."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import azure.functions as func
from azure.functions import _abc as abstract

from durable_devhost.worker.invocation import Attempt, Invocation, Trace, app_folder, thread_local_storage


class _Trace(abstract.TraceContext):
    """Has both spellings of the real worker's; user code may write attributes, which stay there."""

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


@dataclass(frozen=True)
class RpcException:
    """The failure before a retry, with the fields and the printed form of the real worker's protobuf message."""

    source: str = ""
    stack_trace: str = ""
    message: str = ""

    def __repr__(self) -> str:
        """Only fields that are set, so a first try prints nothing."""
        values = vars(self).items()
        return "".join(f"{name}: {json.dumps(value)}\n" for name, value in values if value)


@dataclass(frozen=True)
class RetryContext:
    """Which try this is. Like the real one it has no `exception`, although the SDK's class of that name has."""

    retry_count: int
    max_retry_count: int
    rpc_exception: RpcException


class InvocationContext(func.Context):
    """The real worker's `Context`, with every property that it has there."""

    def __init__(self, invocation: Invocation, attempt: Attempt, trace: Trace) -> None:
        self._invocation = invocation
        self._attempt = attempt
        self._trace = _Trace(trace)

    @property
    def invocation_id(self) -> str:
        """The id that log records have too."""
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
    def retry_context(self) -> Any:
        """Which try this is, as a RetryContext; all zero if the function has no retry policy."""
        attempt = self._attempt
        message = _dotnet_message(self._invocation.function_name, attempt) if attempt.message else ""
        failure = RpcException(stack_trace=attempt.stack, message=message)
        return RetryContext(attempt.count, attempt.limit, failure)


def _dotnet_message(function_name: str, attempt: Attempt) -> str:
    """A failure in the host's words for a retry, without .NET frames (WebJobs SDK, `ExceptionFormatter`)."""
    return (
        f"Microsoft.Azure.WebJobs.Host.FunctionInvocationException : Exception while executing function: "
        f"Functions.{function_name} ---> Microsoft.Azure.WebJobs.Script.Workers.Rpc.RpcException : Result: Failure\n"
        f"Exception: {attempt.message}\nStack: {attempt.stack}\n   End of inner exception"
    )
