"""What a function is told of its trace: by its trigger and the telemetry that is on."""

from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from durable_devhost.dispatch.traces import Traces
from durable_devhost.model.functions import Binding, Function
from durable_devhost.model.traces import CallTrace, Trace
from durable_devhost.settings import Telemetry
from durable_devhost.triggers.requests import made_request

CALLER = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
ONE = UUID(int=1 << 64)


def _function(kind: str) -> Function:
    return Function(name="f", trigger=Binding(name="x", type=kind, direction="in"), script_file=Path("f.py"))


def _request(url: str = "http://localhost:7071/api/go", method: str = "GET", **headers: str) -> dict[str, Any]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return made_request(method=method, url=url, body=b"", headers=named)


def _told(telemetry: Telemetry, kind: str, value: Any, given: CallTrace | None = None) -> dict[str, Any] | None:
    return Traces(telemetry, lambda: ONE).of(_function(kind), value, given)


def test_an_http_function_gets_the_trace_of_its_caller_and_its_own_span() -> None:
    """Recorded, with the attributes of ASP.NET Core."""
    request = _request(traceparent=CALLER, tracestate="a=b", user_agent="python-requests/2.34.2")
    assert _told(Telemetry.OPEN_TELEMETRY, "httpTrigger", request) == {
        "parent": f"00-0af7651916cd43dd8448eb211c80319c-{ONE.hex[:16]}-01",
        "state": "a=b",
        "attributes": {
            "user_agent.original": "python-requests/2.34.2", "url.scheme": "http", "url.path": "/api/go",
            "network.protocol.version": "1.1", "http.request.method": "GET", "server.address": "localhost",
        },
    }  # fmt: skip


@pytest.mark.parametrize("header", [{}, {"traceparent": "nonsense", "tracestate": "a=b"}])
def test_without_a_caller_an_http_function_gets_a_new_trace(header: dict[str, str]) -> None:
    """Also if the caller sends an invalid trace."""
    told = _told(Telemetry.APPLICATION_INSIGHTS, "httpTrigger", _request(**header))
    assert told == {"parent": f"00-{ONE.hex}-{ONE.hex[:16]}-01", "state": "", "attributes": {}}


def test_query_values_and_unknown_methods_are_not_shown() -> None:
    """As OpenTelemetry's conventions for HTTP spans say."""
    told = _told(Telemetry.OPEN_TELEMETRY, "httpTrigger", _request("http://h/?code=secret&x", method="BREW"))
    assert told is not None
    assert told["attributes"]["url.query"] == "?code=Redacted&x"
    assert told["attributes"]["http.request.method"] == "_OTHER"
    assert told["attributes"]["http.request.method_original"] == "BREW"


def test_a_request_that_is_not_sampled_has_no_attributes() -> None:
    """Nobody would see them."""
    told = _told(Telemetry.OPEN_TELEMETRY, "httpTrigger", _request(traceparent=CALLER[:-1] + "0"))
    assert told is not None
    assert (told["parent"][-2:], told["attributes"]) == ("00", {})


@pytest.mark.parametrize("telemetry", [Telemetry.OPEN_TELEMETRY, Telemetry.APPLICATION_INSIGHTS])
def test_an_activity_gets_the_trace_of_its_orchestration(telemetry: Telemetry) -> None:
    """With every kind of telemetry."""
    given = CallTrace(span=Trace(trace_id="1" * 32, span_id="2" * 16, flags="00"), attributes={"a": "b"})
    told = _told(telemetry, "activityTrigger", "1", given)
    assert told == {"parent": f"00-{'1' * 32}-{'2' * 16}-00", "state": "", "attributes": {"a": "b"}}


def test_other_functions_get_a_new_trace_only_with_application_insights() -> None:
    """With OpenTelemetry the host traces requests only."""
    assert _told(Telemetry.OPEN_TELEMETRY, "queueTrigger", b"") is None
    told = _told(Telemetry.APPLICATION_INSIGHTS, "queueTrigger", b"")
    assert told == {"parent": f"00-{ONE.hex}-{ONE.hex[:16]}-01", "state": "", "attributes": {}}


def test_without_telemetry_no_function_gets_a_trace() -> None:
    """Recorded, also with a caller's trace."""
    assert _told(Telemetry.OFF, "httpTrigger", _request(traceparent=CALLER)) is None
