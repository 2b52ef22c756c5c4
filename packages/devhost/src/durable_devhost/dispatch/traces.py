"""The trace of a function, as the real host gives it: it depends on the trigger and on the telemetry.

Without telemetry there is none. HTTP functions continue their caller's trace with a span of their own, or
begin one; with OpenTelemetry they get ASP.NET Core's attributes of the request too (recorded; the names are those of
OpenTelemetry's HTTP conventions). Activities get the trace of their orchestration. Application Insights begins a
trace for every other function, OpenTelemetry does not (azure-functions-host, `OpenTelemetryConfigurationExtensions`).
"""

import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from durable_devhost.model.functions import Function, TriggerType
from durable_devhost.model.traces import UNSAMPLED, CallTrace, Trace
from durable_devhost.settings import Telemetry

_METHODS = frozenset({"CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"})
_QUERY_VALUE = re.compile("=[^&]*")


class Traces:
    """Makes the trace of each call."""

    def __init__(self, telemetry: Telemetry, new_guid: Callable[[], UUID]) -> None:
        self._telemetry = telemetry
        self._new_guid = new_guid

    def of(self, function: Function, trigger_value: Any, given: CallTrace | None) -> dict[str, Any] | None:
        """The trace in the worker's form; `given` is that of an orchestration for its activity."""
        if self._telemetry is Telemetry.OFF:
            return None
        if function.kind is TriggerType.HTTP:
            given = self._of_request(trigger_value)
        elif given is None and self._telemetry is Telemetry.APPLICATION_INSIGHTS:
            given = CallTrace(span=self._new())
        if given is None:
            return None
        return {"parent": given.span.parent, "state": given.span.state, "attributes": dict(given.attributes)}

    def _of_request(self, request: Mapping[str, Any]) -> CallTrace:
        headers = dict(request["headers"])
        caller = Trace.parse(headers.get("traceparent"), headers.get("tracestate"))
        span = self._new() if caller is None else caller.span(self._span_id())
        is_described = self._telemetry is Telemetry.OPEN_TELEMETRY and span.flags != UNSAMPLED
        return CallTrace(span=span, attributes=_attributes(request, headers) if is_described else {})

    def _new(self) -> Trace:
        return Trace(trace_id=self._new_guid().hex, span_id=self._span_id())

    def _span_id(self) -> str:
        return self._new_guid().hex[:16]


def _attributes(request: Mapping[str, Any], headers: Mapping[str, str]) -> dict[str, str]:
    url, method = urlsplit(request["url"]), request["method"].upper()
    found = {
        "server.address": url.hostname or "",
        "url.query": f"?{_QUERY_VALUE.sub('=Redacted', url.query)}" if url.query else "",
        "http.request.method": method if method in _METHODS else "_OTHER",
        "http.request.method_original": "" if method in _METHODS else request["method"],
        "url.scheme": url.scheme,
        "url.path": url.path or "/",
        "network.protocol.version": "1.1",
        "user_agent.original": headers.get("user-agent", ""),
    }
    return {name: value for name, value in found.items() if value}
