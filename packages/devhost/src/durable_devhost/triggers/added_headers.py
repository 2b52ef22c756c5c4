"""The headers that the host adds to an answer: its own, those of host.json, and what CORS allows."""

from aiohttp import hdrs, web
from aiohttp.http import SERVER_SOFTWARE

from durable_devhost.http_settings import HttpSettings
from durable_devhost.local_host import Cors
from durable_devhost.triggers.cors import answer_headers, is_preflight, preflight_headers
from durable_devhost.triggers.responses import finish_framing

_OWN_SERVER = "devhost"
_NO_TYPE = "application/octet-stream"


class AddedHeaders:
    """Finishes each answer before it is sent."""

    def __init__(self, http: HttpSettings, cors: Cors) -> None:
        self._http = http
        self._cors = cors

    def add(self, request: web.Request, response: web.StreamResponse) -> None:
        """Add the headers of host.json (`CustomHttpHeadersMiddleware`, `HstsMiddleware`).

        A header that the function set is unchanged. A proxy in front reports HTTPS by `X-Forwarded-Proto`.
        """
        for name, value in self._http.custom_headers:
            response.headers.setdefault(name, value)
        hsts = self._http.hsts
        is_https = request.headers.get("X-Forwarded-Proto", "").lower() == "https"
        if hsts is not None and is_https and _host_name(request.host) not in hsts.excluded:
            response.headers[hdrs.STRICT_TRANSPORT_SECURITY] = hsts.value

    async def finish(self, request: web.Request, response: web.StreamResponse) -> None:
        """Add the headers of every answer, and remove aiohttp's own content type and length if we have none."""
        if response.headers.get(hdrs.SERVER) == SERVER_SOFTWARE:
            response.headers[hdrs.SERVER] = _OWN_SERVER
        finish_framing(response)
        if isinstance(response, web.Response) and not response.body and response.content_type == _NO_TYPE:
            response.headers.popall(hdrs.CONTENT_TYPE, None)
        if self._cors.origins:
            self._add_cors(request, response)

    def _add_cors(self, request: web.Request, response: web.StreamResponse) -> None:
        asks = is_preflight(self._cors, request.method, request.headers)
        headers = (preflight_headers if asks else answer_headers)(self._cors, request.headers)
        if vary := headers.pop("Vary", ""):
            response.headers.add("Vary", vary)
        response.headers.update(headers)


def _host_name(host: str) -> str:
    """The host without its port."""
    end = host.rfind("]") + 1
    return host[: host.find(":", end)].lower() if ":" in host[end:] else host.lower()
