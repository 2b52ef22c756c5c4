"""Event Grid functions: their webhook runs a function for each event and answers when all have ended.

The rules are those of `EventGridExtensionConfigProvider.cs`: 202 if every event was handled, 500 with the failure's
text if one was not, so that Event Grid sends them all again.
"""

import asyncio
from typing import Any

from aiohttp import web

from durable_devhost.dispatch.invoker import Invoker
from durable_devhost.dispatch.outcome import Outcome, Raised
from durable_devhost.dotnet.json_writer import compact
from durable_devhost.inflight import InFlight
from durable_devhost.model.functions import Function, FunctionCatalog, TriggerType
from durable_devhost.triggers.responses import empty
from durable_devhost.triggers.webhooks import answer, function_asked, text_response

PATH = "/runtime/webhooks/eventgrid"
KEY_NAME = "eventgrid_extension"


class EventGridWebhook:
    """Answers the webhook of Event Grid functions. `catalog` changes with a reload."""

    def __init__(self, catalog: FunctionCatalog, invoker: Invoker, in_flight: InFlight) -> None:
        self.catalog = catalog
        self._invoker = invoker
        self._in_flight = in_flight

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one request; 404 if no Event Grid function has exactly the name in `functionName`."""
        name = function_asked(request)
        if self._function(name) is None:
            return text_response(404, f"cannot find function: '{name}'")
        return await answer(request, self._run)

    def _function(self, name: str) -> Function | None:
        found = self.catalog.get(name)
        return found if found and found.name == name and found.kind is TriggerType.EVENT_GRID else None

    async def _run(self, name: str, events: list[Any]) -> web.Response:
        function = self._function(name)
        assert function is not None, "handle has looked"
        outcomes = await asyncio.gather(*(self._invoke(function, event) for event in events))
        if any(isinstance(outcome, Raised) for outcome in outcomes):
            return text_response(500, f"Exception while executing function: Functions.{name}")
        return empty(202)

    async def _invoke(self, function: Function, event: Any) -> Outcome:
        if not isinstance(event, dict):
            return Raised(type_name="InvalidOperationException", message="an event must be a JSON object")
        with self._in_flight.work(f"eventGrid {function.name}"):
            return await self._invoker.invoke(function, trigger_value=compact(event))
