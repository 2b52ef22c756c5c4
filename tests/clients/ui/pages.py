"""The pages as tests of their routes call them: a browser in development, who has chosen somebody to be."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import azure.functions as func
import requests

from clients.web.visitors import remember
from tests.clients.front import HOST


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A page, taken apart."""

    status: int
    html: str
    headers: dict[str, str]

    @property
    def text(self) -> str:
        """The page with each run of blanks as one."""
        return " ".join(self.html.split())


class Browser:
    """Somebody before the pages; `user` None has not said yet who they are."""

    def __init__(self, client: Any = None, user: str | None = None, **headers: str) -> None:
        self.client = client
        self._headers = {**({} if user is None else {"cookie": remember(user).partition(";")[0]}), **headers}

    async def get(self, function: Any, path: str, route: dict[str, str] | None = None, **params: str) -> Shown:
        """Ask for a page."""
        return await self._send(function, "GET", path, b"", route or {}, params)

    async def post(self, function: Any, path: str, fields: Any, route: dict[str, str] | None = None) -> Shown:
        """Send a form: pairs, as a field may come several times."""
        return await self._send(function, "POST", path, urlencode(fields).encode(), route or {}, {})

    async def upload(
        self,
        function: Any,
        path: str,
        fields: Any,
        files: Sequence[tuple[str, bytes]] = (),
        route: dict[str, str] | None = None,
    ) -> Shown:
        """Send a form with files, under the name that the pages give them."""
        pairs = [*fields.items()] if isinstance(fields, dict) else list(fields)
        parts: Any = [(name, (None, value)) for name, value in pairs] + [("files", file) for file in files]
        sent = requests.Request("POST", HOST, files=parts or [("none", (None, ""))]).prepare()
        assert isinstance(sent.body, bytes)
        return await self._send(function, "POST", path, sent.body, route or {}, {}, sent.headers["Content-Type"])

    async def _send(
        self,
        function: Any,
        method: str,
        path: str,
        body: bytes,
        route: dict[str, str],
        params: dict[str, str],
        kind: str = "application/x-www-form-urlencoded",
    ) -> Shown:
        headers = {**self._headers, "content-type": kind}
        req = func.HttpRequest(method, HOST + path, headers=headers, params=params, route_params=route, body=body)
        target = function._function.get_user_function()
        inner = getattr(target, "client_function", None)
        answer = inner(req=req, client=self.client) if inner else target(req=req)
        response = await answer if hasattr(answer, "__await__") else answer
        return Shown(
            status=response.status_code, html=response.get_body().decode(), headers=dict(response.headers.items())
        )
