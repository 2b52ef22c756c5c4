"""Tests of the headers that the host adds to an answer."""

# ruff: noqa: ARG001 - user functions take the arguments that their bindings name

import azure.functions as func
import pytest

from durable_devhost.http_settings import Hsts, HttpSettings
from durable_devhost.triggers.keys import Keys
from packages.devhost.tests.triggers.conftest import Serve

CUSTOM = HttpSettings(custom_headers=(("X-Frame-Options", "DENY"), ("X-Mine", "host")))
HSTS = HttpSettings(hsts=Hsts(value="max-age=5", excluded=frozenset({"127.0.0.1"})))
BY_HTTPS = {"X-Forwarded-Proto": "https"}


def make_app() -> func.FunctionApp:
    """Functions that answer, and that fail."""
    app = func.FunctionApp(http_auth_level=func.AuthLevel.FUNCTION)

    @app.route(route="hello")
    def hello(req: func.HttpRequest) -> func.HttpResponse:
        return func.HttpResponse("hi", headers={"x-mine": "function"})

    @app.route(route="fail")
    def fail(req: func.HttpRequest) -> func.HttpResponse:
        raise ValueError("boom")

    return app


@pytest.mark.parametrize(
    ("path", "status", "mine"),
    [
        ("/api/hello?code=h", 200, "function"),
        ("/api/hello", 401, "host"),
        ("/api/fail?code=h", 500, "host"),
        ("/api/nothing", 404, "host"),
        ("/admin/host/status?code=m", 200, "host"),
    ],
)
async def test_every_answer_has_the_custom_headers(serve_app: Serve, path: str, status: int, mine: str) -> None:
    """A header that the function sets is unchanged."""
    async with serve_app(make_app(), Keys(master="m", host="h"), http=CUSTOM) as client, client.get(path) as answer:
        assert answer.status == status
        assert answer.headers["X-Frame-Options"] == "DENY"
        assert answer.headers.getall("X-Mine") == [mine]


async def test_the_landing_page_has_no_custom_headers(serve_app: Serve) -> None:
    """It is answered before the part of the host that adds them."""
    async with serve_app(make_app(), http=CUSTOM) as client, client.get("/") as answer:
        assert (answer.status, answer.headers.get("X-Frame-Options")) == (200, None)


async def test_custom_headers_may_replace_the_server_header(serve_app: Serve) -> None:
    """Otherwise it names the host."""
    http = HttpSettings(custom_headers=(("Server", "none"),))
    async with serve_app(make_app(), http=http) as client, client.get("/api/nothing") as answer:
        assert answer.headers.getall("Server") == ["none"]


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({**BY_HTTPS, "Host": "shop.example"}, "max-age=5"),
        ({**BY_HTTPS, "Host": "shop.example:443"}, "max-age=5"),
        ({"Host": "shop.example"}, None),
        (BY_HTTPS, None),
        ({**BY_HTTPS, "Host": "[::2]:80"}, "max-age=5"),
    ],
)
async def test_strict_transport_security_is_sent_only_over_https(
    serve_app: Serve, headers: dict[str, str], expected: str | None
) -> None:
    """A proxy in front reports the scheme; this machine's own names are excluded."""
    async with serve_app(make_app(), http=HSTS) as client, client.get("/api/nothing", headers=headers) as answer:
        assert answer.headers.get("Strict-Transport-Security") == expected
