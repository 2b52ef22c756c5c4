"""devhost's own pages below `/admin/devhost`: what runs here, and the virtual clock."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from aiohttp import web

from durable_devhost.clock import Clock
from durable_devhost.host.time_travel import StillBusy, TimeTravel
from durable_devhost.model.timestamps import format_time

_TIMEOUT_S = 30.0
_LONGEST_S = 600.0


class ControlPages:
    """Answers `GET /admin/devhost/info` and `POST /admin/devhost/clock`; the caller has checked the key."""

    def __init__(self, *, clock: Clock, travel: TimeTravel | None, facts: Callable[[], dict[str, Any]]) -> None:
        self._clock = clock
        self._travel = travel
        self._facts = facts

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Answer one request."""
        match request.method, request.path.rstrip("/").rpartition("/")[2]:
            case "GET", "info":
                clock = {"kind": self._clock.kind, "now": format_time(self._clock.now())}
                return web.json_response({**self._facts(), "clock": clock})
            case "GET", "clock":
                return web.json_response({"kind": self._clock.kind, "now": format_time(self._clock.now())})
            case "POST", "clock":
                return await self._move(request)
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


def _refusal(status: int, text: str) -> web.Response:
    return web.json_response({"error": text}, status=status)
