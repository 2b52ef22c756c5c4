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


def test_an_http_function_gets_its_callers_trace_and_a_span_of_its_own() -> None:
    """Recorded, with the attributes that ASP.NET Core has for the request."""
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
def test_without_a_caller_it_gets_a_new_trace(header: dict[str, str]) -> None:
    """Also where the caller says what is no trace."""
    told = _told(Telemetry.APPLICATION_INSIGHTS, "httpTrigger", _request(**header))
    assert told == {"parent": f"00-{ONE.hex}-{ONE.hex[:16]}-01", "state": "", "attributes": {}}


def test_the_values_of_a_query_and_an_unknown_method_are_not_shown_as_they_are() -> None:
    """OpenTelemetry's conventions for HTTP spans."""
    told = _told(Telemetry.OPEN_TELEMETRY, "httpTrigger", _request("http://h/?code=secret&x", method="BREW"))
    assert told is not None
    assert told["attributes"]["url.query"] == "?code=Redacted&x"
    assert told["attributes"]["http.request.method"] == "_OTHER"
    assert told["attributes"]["http.request.method_original"] == "BREW"


def test_a_request_that_is_not_sampled_has_no_attributes() -> None:
    """Nobody will see them."""
    told = _told(Telemetry.OPEN_TELEMETRY, "httpTrigger", _request(traceparent=CALLER[:-1] + "0"))
    assert told is not None
    assert (told["parent"][-2:], told["attributes"]) == ("00", {})


@pytest.mark.parametrize("telemetry", [Telemetry.OPEN_TELEMETRY, Telemetry.APPLICATION_INSIGHTS])
def test_an_activity_gets_what_its_orchestration_has_for_it(telemetry: Telemetry) -> None:
    """Whoever else is told."""
    given = CallTrace(span=Trace(trace_id="1" * 32, span_id="2" * 16, flags="00"), attributes={"a": "b"})
    told = _told(telemetry, "activityTrigger", "1", given)
    assert told == {"parent": f"00-{'1' * 32}-{'2' * 16}-00", "state": "", "attributes": {"a": "b"}}


def test_other_functions_get_a_new_trace_of_application_insights_alone() -> None:
    """OpenTelemetry's host listens to requests and not to other triggers."""
    assert _told(Telemetry.OPEN_TELEMETRY, "queueTrigger", b"") is None
    told = _told(Telemetry.APPLICATION_INSIGHTS, "queueTrigger", b"")
    assert told == {"parent": f"00-{ONE.hex}-{ONE.hex[:16]}-01", "state": "", "attributes": {}}


def test_without_telemetry_nobody_is_told_anything() -> None:
    """Recorded, with a caller's trace."""
    assert _told(Telemetry.OFF, "httpTrigger", _request(traceparent=CALLER)) is None
