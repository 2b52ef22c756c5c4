"""The host's own pages: the landing page, `/admin/host/*` and `/admin/functions*` (`HOST/WebJobs.Script.WebHost`)."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from html import escape
from time import monotonic
from typing import Any

from aiohttp import web

from durable_devhost.dispatch.outcome import Raised
from durable_devhost.model.functions import Binding, Function, FunctionCatalog, TriggerType
from durable_devhost.triggers.guard import Exposure, guard_handler, lacks_json
from durable_devhost.triggers.manual import ManualRuns
from durable_devhost.triggers.responses import as_json, empty

_EVENTS = frozenset({TriggerType.OTHER, TriggerType.EVENT_GRID})


@dataclass(frozen=True, slots=True, kw_only=True)
class HostInfo:
    """The facts of `/admin/host/status` about the host."""

    host_id: str
    instance_id: str
    version: str
    computer_name: str


class AdminPages:
    """Answers the admin paths; the caller has checked the key. `catalog` changes with a reload."""

    def __init__(self, *, catalog: FunctionCatalog, manual: ManualRuns, info: HostInfo, route_prefix: str) -> None:
        self.catalog = catalog
        self._manual = manual
        self._info = info
        self._prefix = route_prefix.strip("/")
        self._started = monotonic()

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Answer one request below `/admin/`; 404 for an unknown page, 403 for pages of other sites."""
        return await guard_handler(self._answer, Exposure.CONTROL)(request)

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        parts = [part.lower() for part in request.path.strip("/").split("/")[1:]]
        match request.method, parts:
            case "GET", ["host", "status"]:
                return as_json(200, self._status())
            case "GET" | "POST", ["host", "ping"]:
                return empty(200)
            case "GET", ["functions"]:
                every = (*self.catalog.functions, *self.catalog.idle)
                return as_json(200, [self._metadata(request, each) for each in every])
            case _, ["warmup"]:
                return await self._warm_up()
            case method, ["functions", name, *rest]:
                function = self.catalog.get(name)
                return empty(404) if function is None else await self._function(request, method, function, rest)
            case _:
                return empty(404)

    def landing_page(self, request: web.Request) -> web.Response:
        """Answer `GET /` with a page that lists the functions."""
        rows = "".join(f"<li>{escape(line)}</li>" for line in self._lines(f"{request.scheme}://{request.host}"))
        page = (
            "<!DOCTYPE html><html lang='en'><head><meta charset='utf-8'><title>devhost</title></head>"
            f"<body><h1>Your function app is up and running</h1><ul>{rows}</ul></body></html>"
        )
        return web.Response(text=page, content_type="text/html")

    async def _warm_up(self) -> web.Response:
        """Run the warm-up function if there is one, as the route `admin/warmup` of the real host does."""
        for function in self.catalog.functions:
            if function.trigger.type == "warmupTrigger":
                outcome = await self._manual.deliver(function, "{}", {})
                return empty(500 if isinstance(outcome, Raised) else 200)
        return empty(200)

    async def _function(
        self, request: web.Request, method: str, function: Function, rest: list[str]
    ) -> web.StreamResponse:
        match method, rest:
            case "GET", []:
                return as_json(200, self._metadata(request, function))
            case "GET", ["status"]:
                return as_json(200, {"isDisabled": function in self.catalog.idle, "errors": None})
            case "POST", []:
                return await self._start(request, function)
            case _:
                return empty(404)

    async def _start(self, request: web.Request, function: Function) -> web.Response:
        if lacks_json(request):
            return as_json(415, {"Message": "The body must be sent with Content-Type: application/json."})
        try:
            body = await request.json()
        except ValueError:
            body = None
        given = body.get("input", "") if isinstance(body, dict) else None
        if function.kind in _EVENTS and not isinstance(given, str | None):
            given = json.dumps(given, ensure_ascii=False)  # an event is an object, which is awkward to quote
        if not isinstance(given, str | None) or not isinstance(body, dict):
            return as_json(400, {"Message": 'The body must be JSON of the form {"input": "text"}.'})
        if refusal := self._manual.refusal(function):
            return as_json(400, {"Message": refusal})
        metadata = body.get("metadata")
        self._manual.start(function, given or "", metadata if isinstance(metadata, dict) else None)
        return empty(202)

    def _status(self) -> dict[str, Any]:
        return {
            "id": self._info.host_id,
            "state": "Running",
            "version": self._info.version,
            "versionDetails": f"devhost {self._info.version}",
            "platformVersion": "",
            "instanceId": self._info.instance_id,
            "computerName": self._info.computer_name,
            "processUptime": int((monotonic() - self._started) * 1000),
            "functionAppContentEditingState": "NotAllowed",
        }

    def _metadata(self, request: web.Request, function: Function) -> dict[str, Any]:
        base = f"{request.scheme}://{request.host}"
        return {
            "name": function.name,
            "script_href": None,
            "config_href": None,
            "href": f"{base}/admin/functions/{function.name}",
            "invoke_url_template": _url(base, self._prefix, function),
            "language": "python",
            "config": {"bindings": [_binding(each) for each in _bindings(function)], "name": function.name},
            "isDisabled": function in self.catalog.idle,
            "isDirect": True,
            "isProxy": False,
        }

    def _lines(self, base: str) -> Iterable[str]:
        for function in self.catalog.functions:
            url = _url(base, self._prefix, function)
            yield f"{function.name}: {url or function.trigger.type}"


def _url(base: str, prefix: str, function: Function) -> str | None:
    if function.kind is not TriggerType.HTTP:
        return None
    return "/".join(part for part in (base, prefix, function.trigger.text("route") or "") if part)


def _bindings(function: Function) -> Iterable[Binding]:
    return (function.trigger, *function.inputs, *function.outputs)


def _binding(binding: Binding) -> dict[str, Any]:
    return {"type": binding.type, "name": binding.name, "direction": binding.direction, **binding.properties}
