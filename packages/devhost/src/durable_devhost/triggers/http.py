"""The HTTP server: finds the function that a request is for, checks the key, calls it, writes what it returned."""

import asyncio
import errno
import logging
import re
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus
from time import perf_counter
from typing import Protocol

from aiohttp import hdrs, web

from durable_devhost.dispatch.budget import ByteBudget
from durable_devhost.dispatch.invoker import Invoker
from durable_devhost.errors import SettingsError
from durable_devhost.http_settings import HttpSettings
from durable_devhost.inflight import InFlight
from durable_devhost.local_host import Cors
from durable_devhost.model.functions import Function, FunctionCatalog, TriggerType
from durable_devhost.triggers.added_headers import AddedHeaders
from durable_devhost.triggers.admin import AdminPages
from durable_devhost.triggers.cors import is_preflight
from durable_devhost.triggers.keys import KEY_HEADER, KEY_PARAMETER, AuthLevel, KeyRing
from durable_devhost.triggers.malformed import KestrelRunner
from durable_devhost.triggers.paths import decoded_path
from durable_devhost.triggers.query_strings import query_parameter
from durable_devhost.triggers.requests import described_request, is_chunked, read_request, refusal_of
from durable_devhost.triggers.responses import (
    ConnectionClosed,
    empty,
    frame,
    is_long,
    lost_cookies,
    write_outcome,
)
from durable_devhost.triggers.routes import Route, RouteTable
from durable_devhost.triggers.streams import stream
from durable_devhost.triggers.templates import parse_template
from durable_devhost.triggers.throttle import SCALE_OUT_HEADER, Throttle

_log = logging.getLogger(__name__)
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_ADDRESS = "127.0.0.1"
_MAX_BODY = 100 * 1024 * 1024
_MAX_LINE = 1024 * 1024
"""What aiohttp reads at most of a line; `requests.refusal_of` has Kestrel's limits, which are lower."""

_HELD_BODIES = 256 * 1024 * 1024
_SHUTDOWN_S = 0.5
_LONGEST_SHOWN = 64
_HIDDEN = "…"
_NO_LIMITS = Throttle(HttpSettings())
_SECRET = re.compile("token|key|code|secret|sig|password", re.IGNORECASE)
"""Names of route parameters whose values nobody should read in a log."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mount:
    """A part of the URL space that somebody else answers, for example `/runtime/webhooks/durabletask`.

    The handler gets every request to the prefix and below it, whatever the verb, once the caller may pass at `level`;
    for SYSTEM `key_name` is the extension's key (`durabletask_extension`).
    """

    prefix: str
    handler: Handler
    level: AuthLevel
    key_name: str = ""
    is_told: bool = True
    """Whether the console tells of its requests; not of those that the SDK makes, which nobody asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """The function that a request is for, with what its path says."""

    function: Function
    route_params: Mapping[str, str]


class RequestObserver(Protocol):
    """The console: hears of each request when it is answered."""

    def request_answered(self, method: str, path: str, status: int, seconds: float, function: str = "") -> None:
        """A request was answered; `function` is empty for a path that leads to none."""
        ...

    def advise(self, text: str) -> None:
        """Something works here as on Azure, and probably not as it is meant; the same sentence is said once."""
        ...


def reserve(port: int) -> socket.socket:
    """Take a port of the loopback address (0: a free one) without listening yet; SettingsError when it is taken."""
    door = socket.socket()
    if port:
        # Linux keeps a port for a minute after its connections. But with this option, and as long as nobody listens,
        # it gives the same free port to others as well.
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        door.bind((_ADDRESS, port))
    except OSError as error:
        door.close()
        if error.errno not in (errno.EADDRINUSE, errno.EACCES):
            raise
        why = "is in use" if error.errno == errno.EADDRINUSE else "needs more rights than this user has"
        raise SettingsError(f"Port {port} {why}. Choose another with --port, or stop what holds it.") from None
    return door


class HttpFront:
    """The front door. Bound to 127.0.0.1 only; the longest fitting mount comes first, then `/admin`, then functions.

    Bodies are read only as long as they fit into memory together; further callers wait.
    """

    def __init__(
        self,
        *,
        catalog: FunctionCatalog,
        invoker: Invoker,
        in_flight: InFlight,
        keys: KeyRing,
        admin: AdminPages,
        mounts: Sequence[Mount] = (),
        route_prefix: str = "api",
        homepage: bool = True,
        http: HttpSettings | None = None,
        cors: Cors | None = None,
        observer: RequestObserver | None = None,
    ) -> None:
        http = http or HttpSettings()
        self._invoker = invoker
        self._in_flight = in_flight
        self._keys = keys
        self._admin = admin
        self._mounts = sorted(mounts, key=lambda mount: len(mount.prefix), reverse=True)
        self._prefix = route_prefix
        self._homepage = homepage
        self._observer = observer
        self._cors = cors or Cors()
        self._headers = AddedHeaders(http, self._cors)
        self._throttle = Throttle(http)
        self._bodies = ByteBudget(_HELD_BODIES)
        self.replace(catalog)

    def replace(self, catalog: FunctionCatalog) -> None:
        """Answer for the functions of this catalog from now on."""
        self._routes = RouteTable(_route(function, self._prefix) for function in catalog.of(TriggerType.HTTP))

    @asynccontextmanager
    async def serve(self, door: socket.socket) -> AsyncIterator[web.BaseSite]:
        """Listen at `door` while the block runs; stopping the site, which it gives, takes no more callers in."""
        application = web.Application(client_max_size=_MAX_BODY)
        application.router.add_route("*", r"/{path:[\s\S]*}", self.answer)
        application.on_response_prepare.append(self._headers.finish)
        runner = KestrelRunner(
            application,
            access_log=None,
            shutdown_timeout=_SHUTDOWN_S,
            auto_decompress=False,
            max_line_size=_MAX_LINE,
            max_field_size=_MAX_LINE,
        )
        await runner.setup()
        try:
            site = web.SockSite(runner, door)
            await site.start()
            yield site
        finally:
            await runner.cleanup()

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Answer one request and tell the console of it, but not of those to the host itself that went well."""
        began, path = perf_counter(), decoded_path(request.rel_url.raw_path)
        refusal = 400 if path is None else refusal_of(request)
        if path is None or refusal is not None:
            refused = empty(refusal or 400)
            refused.force_close()
            self._tell(request, path or request.path, refused.status, perf_counter() - began)
            return refused
        if is_preflight(self._cors, request.method, request.headers):
            return empty(204)
        lower = path.lower()
        mount = next((mount for mount in self._mounts if _is_below(lower, mount.prefix.lower())), None)
        found = None if mount else self._find(request.method, path)
        try:
            response = await self._in_turn(request, path, mount, found)
        except web.HTTPException as error:
            self._headers.add(request, error)
            self._tell(request, path, error.status, perf_counter() - began, found)
            raise
        except Exception:  # noqa: BLE001 - the top of a request: a fault must not look like a page of aiohttp's
            _log.exception("%s %s could not be answered", request.method, _path_for_logs(path, {}))
            response = empty(500)
            self._headers.add(request, response)
        is_own = found is None and (
            response.status < HTTPStatus.BAD_REQUEST or (mount is not None and not mount.is_told)
        )
        if not is_own:
            self._tell(request, path, response.status, perf_counter() - began, found)
        return response

    def _tell(self, request: web.Request, path: str, status: int, seconds: float, found: _Found | None = None) -> None:
        if self._observer is not None:
            name = found.function.name if found else ""
            shown = _path_for_logs(path, found.route_params if found else {})
            self._observer.request_answered(request.method, shown, status, seconds, name)

    def _advise(self, text: str) -> None:
        if self._observer is not None:
            self._observer.advise(text)

    async def _in_turn(
        self, request: web.Request, path: str, mount: Mount | None, found: _Found | None
    ) -> web.StreamResponse:
        """Answer when it is the request's turn; the host's own pages, and the SDK, wait for nobody."""
        is_sdk = mount is not None and not mount.is_told
        is_home = found is None and path == "/"
        if is_sdk or is_home:  # the real host answers these before it comes to the headers of host.json
            return await self._pass_on(request, path, mount, found)
        throttle = _NO_LIMITS if _is_below(path.lower(), "/admin") else self._throttle
        async with throttle.place() as has_place:
            if has_place:
                response = await self._pass_on(request, path, mount, found)
                self._headers.add(request, response)
                return response
        self._advise(f"A request found no place and got 429: {throttle.why_full}")
        refused = empty(429)
        refused.headers[SCALE_OUT_HEADER] = "1"
        return refused

    async def _pass_on(
        self, request: web.Request, path: str, mount: Mount | None, found: _Found | None
    ) -> web.StreamResponse:
        if mount is None:
            return await self._answer(request, path, found)
        admitted = self._admits(request, mount.level, mount.key_name)
        return await mount.handler(request) if admitted else empty(401)

    async def _answer(self, request: web.Request, path: str, found: _Found | None) -> web.StreamResponse:
        if _is_below(path.lower(), "/admin"):
            return await self._admin.answer(request) if self._admits(request, AuthLevel.ADMIN) else empty(401)
        if found is None:
            is_home = path == "/" and request.method == hdrs.METH_GET
            return empty(404) if not is_home else self._admin.landing_page(request) if self._homepage else empty(204)
        function = found.function
        level = AuthLevel((function.trigger.text("authLevel") or AuthLevel.FUNCTION).lower())
        if not self._admits(request, level, function.name):
            return empty(401)
        with self._in_flight.work(f"http {function.name}"):
            if function.streams:
                return await self._stream(request, path, found)
            async with self._bodies.hold(request.content_length or 0):
                return await self._call(request, path, found)

    async def _call(self, request: web.Request, path: str, found: _Found) -> web.StreamResponse:
        name = found.function.name
        value = await read_request(request, path, found.route_params)
        if is_chunked(request) and value["body"]:
            self._advise(
                f"'{name}' got a body in chunks, which on Azure does not reach it: have the client send Content-Length."
            )
        outcome = await self._invoker.invoke(found.function, trigger_value=value)
        for cookie in lost_cookies(outcome):
            self._advise(
                f"The cookie '{cookie}' of '{name}' is not sent, here as on Azure, since the Python worker cannot read "
                "its value: encode it with urllib.parse.quote."
            )
        try:
            # A text of megabytes takes seconds to be printed anew: others are answered meanwhile.
            written = await asyncio.to_thread(write_outcome, outcome) if is_long(outcome) else write_outcome(outcome)
            return frame(written, request)
        except ConnectionClosed as closed:
            self._advise(f"'{name}' answers with {closed}: return one of 100 to 999.")
            if request.transport is not None:
                request.transport.close()
            return empty(500)

    async def _stream(self, request: web.Request, path: str, found: _Found) -> web.StreamResponse:
        value = described_request(request, path, found.route_params)
        return await stream(
            request, lambda exchange: self._invoker.invoke(found.function, trigger_value=value, exchange=exchange)
        )

    def _find(self, method: str, path: str) -> _Found | None:
        found = self._routes.find(method, path)
        return _Found(function=found[0], route_params=found[1]) if found else None

    def _admits(self, request: web.Request, level: AuthLevel, owner: str = "") -> bool:
        if not self._keys.is_on:
            return True
        presented = request.headers.get(KEY_HEADER) or query_parameter(request.rel_url.raw_query_string, KEY_PARAMETER)
        return self._keys.admits(level, presented, owner=owner)


def _route(function: Function, prefix: str) -> Route[Function]:
    methods = function.trigger.properties.get("methods")
    route = (function.trigger.text("route") or "").strip("/")
    return Route(
        template=parse_template("/".join(part for part in (prefix.strip("/"), route) if part)),
        methods=frozenset(str(method).upper() for method in methods) if methods else None,
        target=function,
    )


def _path_for_logs(path: str, route_params: Mapping[str, str]) -> str:
    """The path as the console shows it: without secrets, which a log is not the place for."""
    secrets = {value for name, value in route_params.items() if _SECRET.search(name)}
    return "/".join(_HIDDEN if part in secrets or len(part) > _LONGEST_SHOWN else part for part in path.split("/"))


def _is_below(path: str, prefix: str) -> bool:
    return path == prefix or path.startswith(prefix.rstrip("/") + "/")
