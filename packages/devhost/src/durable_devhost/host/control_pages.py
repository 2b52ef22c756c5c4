"""devhost's own pages below `/admin/devhost`: what runs here, the virtual clock, and triggers delivered by hand."""

import asyncio
from base64 import b64decode
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from aiohttp import web

from durable_devhost.clock import Clock
from durable_devhost.dispatch.outcome import Outcome, Raised
from durable_devhost.host.time_travel import StillBusy, TimeTravel
from durable_devhost.model.timestamps import format_time
from durable_devhost.triggers.guard import lacks_json

Letters = Callable[[], Sequence[Mapping[str, Any]]]
Deliver = Callable[[str, str | bytes, Mapping[str, Any]], Awaitable[Outcome | None]]
_TIMEOUT_S = 30.0
_LONGEST_S = 600.0


class ControlPages:
    """Answers below `/admin/devhost`; the caller has checked the key.

    `GET info`, `GET clock`, `POST clock` moves a virtual one, and `POST trigger` runs a function and waits for its end.
    `GET letters` gives those that the mail catcher has, the newest first; `letters` is None where there is none.
    `deliver` gets a function's name, the payload and the metadata; it gives None for a function that is not there.
    """

    def __init__(
        self,
        *,
        clock: Clock,
        travel: TimeTravel | None,
        facts: Callable[[], dict[str, Any]],
        deliver: Deliver,
        letters: Letters | None = None,
    ) -> None:
        self._clock = clock
        self._travel = travel
        self._facts = facts
        self._deliver = deliver
        self._letters = letters

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Answer one request."""
        if lacks_json(request):
            return _refusal(415, "The body must be sent with Content-Type: application/json.")
        match request.method, request.path.rstrip("/").rpartition("/")[2]:
            case "GET", "info":
                clock = {"kind": self._clock.kind, "now": format_time(self._clock.now())}
                return web.json_response({**self._facts(), "clock": clock})
            case "GET", "clock":
                return web.json_response({"kind": self._clock.kind, "now": format_time(self._clock.now())})
            case "GET", "letters":
                if self._letters is None:
                    return _refusal(409, "This host catches no letters. Start it with --mail.")
                return web.json_response(await asyncio.to_thread(self._letters))
            case "POST", "clock":
                return await self._move(request)
            case "POST", "trigger":
                return await self._trigger(request)
            case _:
                return web.Response(status=404)

    async def _move(self, request: web.Request) -> web.Response:
        if self._travel is None:
            return _refusal(409, "This host runs on the system clock. Start it with --clock virtual to move time.")
        try:
            asked = await request.json()
            by = timedelta(hours=float(asked["hours"]))
            timeout_s = float(asked.get("timeoutSeconds", _TIMEOUT_S))
            _ = self._clock.now() + by  # the calendar ends with the year 9999
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError):
            return _refusal(400, 'The body must be JSON like {"hours": 72}, with an optional "timeoutSeconds".')
        if by < timedelta() or not 0 < timeout_s <= _LONGEST_S:
            return _refusal(400, f"Time only goes forward, and timeoutSeconds is at most {_LONGEST_S:.0f}.")
        try:
            await self._travel.jump(by, timeout_s)
        except StillBusy as busy:
            return web.json_response(
                {
                    "error": f"Not everything that became due has ended after {timeout_s:g} s.",
                    "running": list(busy.names),
                    "now": format_time(self._clock.now()),
                },
                status=504,
            )
        return web.json_response({"now": format_time(self._clock.now())})

    async def _trigger(self, request: web.Request) -> web.Response:
        try:
            asked = await request.json()
            name, metadata = str(asked["name"]), dict(asked.get("metadata") or {})
            payload = b64decode(asked["base64"], validate=True) if "base64" in asked else str(asked.get("input", ""))
        except (ValueError, KeyError, TypeError, AttributeError):
            return _refusal(400, 'The body must be JSON like {"name": "on_event", "input": "text", "metadata": {}}.')
        match await self._deliver(name, payload, metadata):
            case None:
                return _refusal(404, f"The app has no function '{name}' that can be run by hand.")
            case Raised(message=message, stack=stack):
                return web.json_response({"error": message, "stack": stack}, status=500)
            case _:
                return web.json_response({"name": name})


def _refusal(status: int, text: str) -> web.Response:
    return web.json_response({"error": text}, status=status)
