"""What `context.trace_context` holds in a request, in activities and in those of children, as the real host has it.

Recorded on the Functions host 4.1037 with telemetryMode OpenTelemetry and the durable extension's tracing V2.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from durable_devhost.testing.app import AppUnderTest

CALLER = {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "tracestate": "a=b"}
_PARENT = re.compile("00-([0-9a-f]{32})-([0-9a-f]{16})-(0[01])")


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AppUnderTest]:
    """One host for all."""
    folder = Path(__file__).parent / "app"
    with AppUnderTest(folder, tmp_path_factory.mktemp("traces"), ("--clock", "system"), {}) as running:
        yield running


def _go(app: AppUnderTest, headers: dict[str, str]) -> tuple[dict[str, Any], list[dict[str, Any]], dict[str, Any]]:
    """What the HTTP function is told, what the three activities are, and what the history keeps of the start."""
    answer = requests.get(f"{app.url}/api/go", headers=headers, timeout=30).json()
    activities = app.wait(answer["id"])["output"]
    status = app.status(answer["id"], history=True) or {}
    return answer["http"], activities, status["historyEvents"][0]["ParentTraceContext"]


def _parts(parent: str) -> tuple[str, str, str]:
    found = _PARENT.fullmatch(parent)
    assert found, parent
    return found[1], found[2], found[3]


@pytest.mark.parametrize("headers", [CALLER, {}], ids=["a caller", "no caller"])
def test_a_request_joins_its_callers_trace_and_an_instance_has_its_own(
    app: AppUnderTest, headers: dict[str, str]
) -> None:
    """Each activity, also of a child, has its own span in the instance's trace; the history keeps two spans."""
    http, activities, context = _go(app, headers)
    trace, span, flags = _parts(http["parent"])
    assert (flags, http["state"]) == ("01", headers.get("tracestate", ""))
    assert (trace in CALLER["traceparent"], span in CALLER["traceparent"]) == (bool(headers), False)
    assert {**http["attributes"], "user_agent.original": ""} == {
        "user_agent.original": "", "url.scheme": "http", "url.path": "/api/go", "network.protocol.version": "1.1",
        "http.request.method": "GET", "server.address": "localhost",
    }  # fmt: skip
    instance, first_span, first_flags = _parts(context["TraceParent"])
    assert (first_flags, context["TraceState"]) == ("01", None)
    assert _parts(context["Id"]) == (instance, context["SpanId"], "00")
    of_activities = [_parts(each["parent"]) for each in activities]
    assert instance != trace
    assert {(each[0], each[2]) for each in of_activities} == {(instance, "00")}
    assert len({first_span, context["SpanId"], *(each[1] for each in of_activities)}) == 5
    for each in activities:
        named = {"durabletask.type": "activity", "durabletask.task.name": "act"}
        assert each["attributes"] == {**named, "durabletask.task.instance_id": each["attributes"][_INSTANCE]}
        assert each["state"] == ""
    ids = [each["attributes"][_INSTANCE] for each in activities]
    assert ids[0] == ids[1] != ids[2]


def test_a_start_by_the_http_api_joins_its_callers_trace(app: AppUnderTest) -> None:
    """The SDK does not send the caller's headers; the HTTP API gets them."""
    url = f"{app.url}/runtime/webhooks/durabletask/orchestrators/child"
    instance = requests.post(url, headers=CALLER, timeout=30).json()["id"]
    told = app.wait(instance)["output"]
    assert (_parts(told["parent"])[0] in CALLER["traceparent"], told["state"]) == (True, "a=b")


_INSTANCE = "durabletask.task.instance_id"
