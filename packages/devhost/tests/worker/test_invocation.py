"""Log records and the `context` parameter know which invocation runs."""

import asyncio
import logging
import os
import threading

from durable_devhost.worker.context import InvocationContext
from durable_devhost.worker.invocation import (
    Attempt,
    Invocation,
    InvocationFilter,
    Trace,
    as_current,
    current_invocation,
)

ONE = Invocation(id="abc", function_name="one")


def _mark() -> tuple[str, str]:
    record = logging.makeLogRecord({})
    assert InvocationFilter().filter(record)
    return record.invocation_id, record.function_name


async def test_records_carry_the_invocation_of_the_task_that_writes_them():
    """Also from tasks and threads that the function starts with asyncio."""
    with as_current(ONE):
        assert (current_invocation(), _mark()) == (ONE, ("abc", "one"))
        assert await asyncio.gather(asyncio.to_thread(_mark)) == [("abc", "one")]
    assert (current_invocation(), _mark()) == (None, ("", ""))


def test_records_of_a_quiet_invocation_are_dropped():
    """A replay for comparison would log everything twice."""
    with as_current(Invocation(id="abc", function_name="one", is_quiet=True)):
        assert not InvocationFilter().filter(logging.makeLogRecord({}))


def test_a_thread_of_the_user_is_matched_by_the_thread_local_id():
    """As the real worker documents `context.thread_local_storage`."""
    context = InvocationContext(ONE, Attempt.read(None), Trace())
    marked = []

    def work() -> None:
        context.thread_local_storage.invocation_id = context.invocation_id
        marked.append(_mark())

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert marked == [("abc", "")]


def test_the_thread_local_id_is_set_only_during_the_invocation():
    """Code that reads it there finds it as in the real worker."""
    local = InvocationContext(ONE, Attempt.read(None), Trace()).thread_local_storage
    with as_current(ONE):
        assert local.invocation_id == "abc"
    assert local.invocation_id is None


def test_the_context_has_every_field_of_the_real_one():
    """Names, folder, trace and retry."""
    attempt = Attempt.read({"count": 1, "limit": 3, "message": "ValueError: x", "stack": "s"})
    given = {"parent": "00-1-2-01", "state": "a=b", "attributes": {"url.path": "/x"}}
    context = InvocationContext(ONE, attempt, Trace.read(given))
    assert (context.function_name, context.function_directory) == ("one", os.getcwd())
    trace = context.trace_context
    assert (trace.trace_parent, trace.trace_state) == (trace.Traceparent, trace.Tracestate) == ("00-1-2-01", "a=b")
    trace.attributes["tenant"] = "a"  # libraries for tracing leave things there
    assert context.trace_context.Attributes == {"url.path": "/x", "tenant": "a"}
    retry = context.retry_context
    assert (retry.retry_count, retry.max_retry_count) == (1, 3)
    failure = retry.rpc_exception
    assert (failure.stack_trace, failure.source) == ("s", "")
    assert failure.message == (
        "Microsoft.Azure.WebJobs.Host.FunctionInvocationException : Exception while executing function: Functions.one"
        " ---> Microsoft.Azure.WebJobs.Script.Workers.Rpc.RpcException : Result: Failure\n"
        "Exception: ValueError: x\nStack: s\n   End of inner exception"
    )
    assert repr(failure).startswith('stack_trace: "s"\nmessage: "Microsoft.')
    assert not hasattr(retry, "exception")
    first = InvocationContext(ONE, Attempt.read(None), Trace.read(None)).retry_context
    assert repr(first) == "RetryContext(retry_count=0, max_retry_count=0, rpc_exception=)"


def test_without_telemetry_a_context_has_an_empty_trace():
    """As on the real host."""
    trace = InvocationContext(ONE, Attempt.read(None), Trace.read(None)).trace_context
    assert (trace.trace_parent, trace.trace_state, trace.attributes) == ("", "", {})
