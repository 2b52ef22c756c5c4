"""A request that is no HTTP is refused as Kestrel refuses it: 400, no body, and the connection is closed."""

from email.utils import formatdate
from http import HTTPStatus

from aiohttp import web
from aiohttp.abc import AbstractStreamWriter


class _Refusal(web.Response):
    """Goes past aiohttp, which takes a request that it cannot read for one of HTTP/1.0."""

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        if request.transport is not None:
            date = f"Date: {formatdate(usegmt=True)}"
            head = ("HTTP/1.1 400 Bad Request", "Content-Length: 0", "Connection: close", date, "Server: devhost")
            request.transport.write("".join(f"{line}\r\n" for line in (*head, "")).encode())
        return None

    async def write_eof(self, data: bytes = b"") -> None:
        """There is no body."""


class _Handler(web.RequestHandler):
    __slots__ = ()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        if status != HTTPStatus.BAD_REQUEST:
            return super().handle_error(request, status, exc, message)
        refusal = _Refusal(status=status)
        refusal.force_close()
        return refusal


class _Server(web.Server):
    def __call__(self) -> web.RequestHandler:
        handler = super().__call__()
        handler.__class__ = _Handler
        return handler


class KestrelRunner(web.AppRunner):
    """Runs an application; what it cannot read is refused without aiohttp's explanations."""

    async def _make_server(self) -> web.Server:
        server = await super()._make_server()
        server.__class__ = _Server
        return server
